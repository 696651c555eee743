"""Lets a daemon live through a plan: its real protocol, its real agents, and a clock that is moved (tests/fault)."""
import datetime
import time

STEP_S = 15 * 60  # what happens within it is told at once
AGENT = """
agent {name} {{
    type = command
    command = {{ "/bin/true" }}
    concurrency = 4
}}
"""


def configuration(plan, agents):
    text = "follow-up-delay = 1h\nwait-recheck = 1h\nmax-cycles = 3\nmax-pending-per-user = 1000000\n"
    text += "max-triggers-per-hour = 1000\nretention = 3y\nreport-retention = 3y\nhistory-retention = 3y\n"
    text += "".join(AGENT.format(name=name) for name in agents)
    return text + "".join(f'project "{project}" {{ agents = {{ {plan.agent_of(project)} }} }}\n'
                          for project in plan.projects)


class Driver:
    def __init__(self, daemon, fault):
        self.daemon = daemon
        self.fault = fault
        self.started = time.time()
        self.incidents = {}
        now = datetime.datetime.now(datetime.timezone.utc)
        self.midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=1)
        self.first_s = self.midnight.timestamp()

    def move_to(self, seconds):
        """The daemon's clock: that long after the shop's first midnight. Never back."""
        self.fault.sleep(max(0.0, self.first_s + seconds - time.time() - self.fault.slept_s))

    def run(self, plan):
        link = self.daemon.connect()
        i = 0
        for at in range(0, plan.size.days * 86400, STEP_S):
            self.move_to(at)
            begin = i
            while i < len(plan.steps) and plan.steps[i][0] < at + STEP_S:
                i += 1
            self.tell(link, plan.steps[begin:i])
            link.call("Check")
        link.close()

    def tell(self, link, steps):
        for batch in range(0, len(steps), 8):
            for _, method, parameters, _ in steps[batch:batch + 8]:
                if method == "CloseIncident":
                    parameters = {"id": self.incidents.get(parameters["of"], "inc-0")}
                link.send(f"io.codegend.{method}", parameters)
            for _, method, parameters, _ in steps[batch:batch + 8]:
                answer = link.receive()
                if method == "Submit":
                    assert "error" not in answer, (parameters, answer)
                    ticket = answer["parameters"]["ticket"]
                    if ticket.get("incidentId"):
                        self.incidents[parameters["project"], parameters["branch"]] = ticket["incidentId"]
