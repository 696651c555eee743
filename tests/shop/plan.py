"""What happens in the shop, decided beforehand by a seed alone: (seconds from its first midnight, method, parameters).

Projects have a branch `main` that is built all day, and a branch for each thing that breaks. What an agent makes of it
depends on its skill: it is right, or wrong, or too late. The rest is what real shops send: reruns, duplicates, late
builds, coverage that is none, names in every script.
"""
import dataclasses
import random

MINUTE, HOUR, DAY = 60, 3600, 86400

# name: how often it is right, and the minutes it takes on the average
AGENTS = {"careful": (0.85, 30), "quick": (0.6, 8), "average": (0.45, 20), "novice": (0.2, 25)}

TYPES = {  # error type: job, cause, weight
    "lint_failure": ("lint", "lint", 8),
    "type_check_failure": ("types", "type", 10),
    "build_failure": ("build", "compile", 12),
    "test_failure": ("test", "test", 40),
    "security_scan_failure": ("audit", "vulnerability", 5),
    "deploy_failure": ("deploy", "config", 5),
    "infra_failure": ("build", "network", 12),
    "unknown_failure": ("misc", None, 8),
}

NAMES = ["fix/größe", "исправление", "修正/构建", "إصلاح", "fix/\U0001f41b", "तय", "a\"b\\c", "x'; DROP TABLE builds; --",
         "<script>alert(1)</script>", "fix/e\u0301"]
STRANGE_COVERAGE = [{"lines": {"covered": 130, "total": 100}}, {"lines": {"covered": "Unknown", "total": "Unknown"}},
                    {"lines": {"covered": 0, "total": 0}}, {"lines": {"covered": -3, "total": 10}}, {"tool": "none"},
                    {"completed": False, "problem": "it crashed"}]


@dataclasses.dataclass
class Size:
    projects: int
    days: int
    builds: int
    incidents: int


SMALL = Size(projects=20, days=5, builds=1500, incidents=220)
QUARTER = Size(projects=20, days=90, builds=40_000, incidents=6_000)


class Plan:
    def __init__(self, seed, size):
        self.random = random.Random(seed)
        self.size = size
        self.steps = []
        self.n_builds = 0
        self.n_commits = 0
        self.projects = [f"shop/service-{i:02}" for i in range(size.projects)]
        for n in range(size.incidents):
            self.incident(n)
        while self.n_builds < size.builds:
            self.green(self.random.choice(self.projects), self.working_time())
        self.steps.sort(key=lambda step: (step[0], step[3]))
        self.number_builds()

    def agent_of(self, project):
        return list(AGENTS)[self.projects.index(project) % len(AGENTS)]

    def working_time(self):
        """More by day than by night."""
        hour = min(23.99, max(0.0, self.random.gauss(13, 4)))
        return self.random.randrange(self.size.days) * DAY + hour * HOUR

    def add(self, at, method, **parameters):
        if at < self.size.days * DAY:
            self.steps.append((at, method, parameters, len(self.steps)))

    def commit(self):
        self.n_commits += 1
        return f"{self.n_commits * 2654435761 % 2**160:040x}"

    def submit(self, at, project, branch, job, commit, passed, number=None, **more):
        """`number`: (the commit of an earlier build of that branch, so many builds before it); else the next one."""
        self.n_builds += at < self.size.days * DAY
        self.add(at, "Submit", key=f"shop-{len(self.steps)}", project=project, branch=branch, job=job,
                 step=f"make {job}", commit=commit, passed=passed, buildNumber=number, **more)

    def number_builds(self):
        """As a CI system does it: in the order in which they began."""
        last, of_commit = {}, {}
        for _, method, parameters, _ in self.steps:
            if method != "Submit":
                continue
            place = parameters["project"], parameters["branch"]
            if parameters["buildNumber"] is None:
                last[place] = number = last.get(place, 0) + 1
                of_commit[place, parameters["commit"]] = number
            else:
                commit, before = parameters["buildNumber"]
                number = max(1, of_commit[place, commit] - before)
            parameters["buildNumber"] = str(number)

    # Quality

    def quality(self, project, at):
        """Better every day, with noise; sometimes what no one can use."""
        grown = at / DAY / self.size.days
        total = 4000 + self.projects.index(project) * 100
        covered = int(total * (0.6 + 0.2 * grown + self.random.uniform(0, 0.05)))
        parts = {"coverage": {"lines": {"covered": covered, "total": total}},
                 "lint": {"errors": 0, "warnings": int(80 * (1.1 - grown)) + self.random.randrange(9)},
                 "tests": {"total": 500 + int(200 * grown), "passed": 495, "failed": 0, "skipped": 5,
                           "durationMs": self.random.randrange(20_000, 90_000)},
                 "security": {"critical": 0, "high": int(self.random.random() < 0.1),
                              "moderate": self.random.randrange(3)}}
        if self.random.random() < 0.03:
            parts["coverage"] = self.random.choice(STRANGE_COVERAGE)
        if self.random.random() < 0.01:
            parts["lint"] = {"errors": "many", "warnings": 1}
        if self.random.random() < 0.01:
            parts["tests"]["durationMs"] = 10**17
        if self.random.random() < 0.01:
            parts["tests"]["passed"] = parts["tests"]["total"] + 1
        return {name: self.partial(part) for name, part in parts.items() if self.random.random() < 0.8}

    def partial(self, part):
        """Not every tool tells every number."""
        if self.random.random() < 0.8:
            return part
        return {name: value for name, value in part.items() if self.random.random() < 0.5}

    def green(self, project, at):
        branch = "main" if self.random.random() < 0.7 else f"feature/{self.random.randrange(6)}"
        commit = self.commit()
        if self.random.random() < 0.05:  # a streak ends, and somebody repairs it at once
            job, more = self.failure(project, "test_failure", commit)
            self.submit(at - 10 * MINUTE, project, branch, job, commit, False, **more)
            more, commit = {"ancestors": [commit]}, self.commit()
            self.submit(at - 5 * MINUTE, project, branch, job, commit, True, **more)
            commit = self.commit()
        self.submit(at, project, branch, "test", commit, True, **self.quality(project, at))
        chance = self.random.random()
        if chance < 0.02:  # the same once more, by a client that made a new key
            self.submit(at + 30, project, branch, "test", commit, True, number=(commit, 0))
        elif chance < 0.04:  # an older one arrives late
            self.submit(at + 60, project, branch, "test", self.commit(), True, number=(commit, 3))
        elif chance < 0.06:  # another job's number is lower, as of a CI system that counts jobs
            self.submit(at + 60, project, branch, "docs", commit, chance < 0.05, number=(commit, 2),
                        **({} if chance < 0.05 else self.failure(project, "lint_failure", commit)[1]))

    # What breaks

    def failure(self, project, error_type, n):
        job, cause, _ = TYPES[error_type]
        kind = self.random.randrange(12)
        scan = {"errorType": error_type, "fingerprint": f"{project[-2:]}-{error_type}-{kind}"}
        if kind == 3:  # a log that says nothing
            del scan["fingerprint"]
        if cause is not None:
            scan["cause"] = {0: cause.upper(), 1: f"{cause}-of-its-own", 2: "None"}.get(kind, cause)
        more = {"errorType": error_type, "errorDetails": f"case {n}", "exitCode": 1, "scan": scan}
        if error_type == "test_failure":
            names = [f"suite {kind} test {i}" for i in range(1 + kind % 3)]
            more["tests"] = {"total": 500, "passed": 500 - len(names), "failed": len(names), "skipped": 0,
                             "durationMs": 30_000, "failures": [{"test": name, "message": "no"} for name in names]}
        return job, more

    def incident(self, n):
        project = self.random.choice(self.projects)
        weights = [weight for _, _, weight in TYPES.values()]
        error_type = self.random.choices(list(TYPES), weights)[0]
        branch = f"{self.random.choice(NAMES)}-{n}" if self.random.random() < 0.1 else f"fix/{n}"
        at = self.working_time()
        job, more = self.failure(project, error_type, n)
        commits = [self.commit()]
        self.submit(at, project, branch, job, commits[0], False, **more)
        chance = self.random.random()
        if chance < 0.04:
            self.add(at + 20 * MINUTE, "CloseIncident", of=(project, branch))
        elif chance < 0.10:  # it was none: the rerun of the same commit passes
            self.submit(at + 10 * MINUTE, project, branch, job, commits[0], True)
        else:
            self.repair(at, project, branch, job, commits, more)

    def repair(self, at, project, branch, job, commits, more):
        skill, minutes = AGENTS[self.agent_of(project)]
        for _ in range(3):
            took = min(self.random.expovariate(1 / minutes), 50) * MINUTE + MINUTE
            right = self.random.random() < skill
            commits.insert(0, self.commit())
            self.submit(at + took, project, branch, job, commits[0], right, ancestors=commits[1:],
                        **({} if right else more))
            if right:
                self.regress(at + took, project, branch, job, commits, more["errorType"])
                return
            at += HOUR + 20 * MINUTE  # the follow-up finds it, and the next cycle begins
        if self.random.random() < 0.6:  # a person does it
            commits.insert(0, self.commit())
            self.submit(at + 5 * HOUR, project, branch, job, commits[0], True, ancestors=commits[1:])

    def regress(self, at, project, branch, job, commits, error_type):
        """It comes back within the day, as something else of its type."""
        if self.random.random() < 0.05:
            _, more = self.failure(project, error_type, "again")
            commits.insert(0, self.commit())
            self.submit(at + 2 * HOUR, project, branch, job, commits[0], False, ancestors=commits[1:], **more)
            commits.insert(0, self.commit())
            self.submit(at + 2 * HOUR + 30 * MINUTE, project, branch, job, commits[0], True, ancestors=commits[1:])
