"""What a CI system tells, by the protocol, so that each member is there or not."""


class Told:
    def __init__(self, daemon):
        self.daemon = daemon
        self.n = 0

    def build(self, project="acme/web", branch="main", passed=True, number=None, job="ci", step="make", **more):
        self.n += 1
        link = self.daemon.connect()
        if not passed:
            more = {"errorType": "test_failure", "errorDetails": "it broke", **more}
        answer = link.call("Submit", key=f"told-{self.n}", project=project, branch=branch, job=job, step=step,
                           passed=passed, buildNumber=str(number or self.n), **{"commit": f"{self.n:040x}", **more})
        link.close()
        assert "error" not in answer, answer
