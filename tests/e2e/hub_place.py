"""A codegend whose forge is a scripted GitHub (tests/github): both private, with one repository, acme/web.

    def test_it(make_place):
        place = make_place(agents=["asked"])
        number = place.pull("fix")
        ticket = place.report("fix")
        place.wait_state(ticket, "waiting")
        assert place.posts(number, "status")

Agents by name: "asked" is mentioned (@codegen-sh), "fixer" is the command of conftest.Agent, "remote" is a run of the
scripted Codegen API. What the daemon did wrong at GitHub fails the test at its end."""
import concurrent.futures
import contextlib
import pathlib
import re
import shutil
import tempfile
import time

import pytest

from conftest import SANITIZED, Daemon, wait_for
from fault import Fault
from github_client import CodegenApi, GitHub

PROJECT = "acme/web"
BOT = "codegend-bot"
HANDLE = "codegen-sh"
CHECK = "pr_readiness_check"
# GitHub tells whole seconds, and what ended in the second of a report seems to be older: this is not.
AFTER_REPORT = {"age_s": -2}
SPACING_S = 1.0
# Where many programs share the processor, a server sees what was sent a second apart earlier or later than that. The
# other tests look at the pace.
CROWDED = {"spacing_s": 0.5}
PARALLEL = 16 if SANITIZED else 24
FAILURE_CHARS = 600  # of one cell: there may be many


def rendered(value):
    if isinstance(value, (list, tuple)):
        return "{ " + ", ".join(map(rendered, value)) + " }"
    return str(value) if isinstance(value, (int, float)) else f'"{value}"'


def section(head, keys):
    lines = [f"    {name.replace('_', '-')} = {rendered(value)}" for name, value in keys.items() if value is not None]
    return "\n".join([head + " {", *lines, "}"])


class Place:
    def __init__(self, directory, hub, codegen, daemon, token, settings):
        self.directory, self.hub, self.codegen, self.daemon, self.token = directory, hub, codegen, daemon, token
        self.fault = Fault(directory)
        self.settings = settings
        self.token_file = directory / "token"
        self.write_secret(self.token_file, token)
        self.configure()

    @staticmethod
    def write_secret(path, value):
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(value + "\n")

    # Configuration

    def configure(self, **changes):
        """Sections are merged: configure(forge={"head_status": "on"}, agents=["fixer"], follow_up_delay="1h")."""
        settings = self.settings
        for name, value in changes.items():
            if name in ("forge", "project", "asked", "fixer", "remote"):
                settings[name] = {**settings[name], **value}
            elif name in ("agents", "more"):
                settings[name] = value
            else:
                settings["policy"] = {**settings["policy"], name: value}
        lines = [f"{name.replace('_', '-')} = {rendered(value)}" for name, value in settings["policy"].items()]
        sections = [section("forge github", {**self.forge_keys(), **settings["forge"]})]
        sections += [section(f"agent {name}", self.agent_keys(name)) for name in settings["agents"]]
        sections.append(section('project "acme/*"', {"forge": "github", "agents": settings["agents"] or None,
                                                     **settings["project"]}))
        self.daemon.configure("\n".join(lines + sections + [settings["more"]]) + "\n")

    def forge_keys(self):
        return {"type": "github", "api_url": self.hub.api_url, "graphql_url": self.hub.graphql_url,
                "token": None if "app_id" in self.settings["forge"] else f"file:{self.token_file}", "settle": "1s"}

    def agent_keys(self, name):
        if name == "fixer":
            keys = {"type": "command", "command": [self.daemon.agent.path], "timeout": "1m", "concurrency": 4}
        elif name == "remote":
            self.write_secret(self.directory / "codegen-token", self.codegen.token)
            keys = {"type": "codegen", "organization": self.codegen.org, "api_url": self.codegen.url, "poll": "1s",
                    "settle": "6s", "token": f"file:{self.directory / 'codegen-token'}", "concurrency": 4}
        else:
            keys = {"type": "mention", "handle": HANDLE, "deadline": "1h"}
        return {**keys, **self.settings[name]}

    # The daemon

    def start(self):
        self.daemon.start(environment=self.fault.environment)
        return self

    def restart(self):
        self.daemon.stop()
        return self.start()

    def revive(self):
        """After the fault killed it."""
        self.daemon.process.wait()
        self.daemon.process = None
        self.fault.disarm()
        return self.start()

    def is_dead(self):
        return self.daemon.process.poll() is not None

    def advance(self, seconds):
        """Moves both clocks. The daemon's spacing of writes is by the clock, the hub's look at it is not."""
        times = self.hub.write_times()
        if times:
            time.sleep(max(0.0, times[-1] + SPACING_S - time.monotonic()))
        self.hub.advance(seconds)
        self.fault.sleep(seconds)

    def push(self, branch="fix", **more):
        return self.hub.push(PROJECT, branch, **more)

    def pull(self, branch="fix", by="mona", **more):
        """A branch with a commit, and its pull request's number."""
        self.push(branch, by=by)
        return self.hub.open_pull(PROJECT, branch, by=by, **more)

    def head(self, branch="fix"):
        return self.hub.find(PROJECT).branches[branch]

    def report(self, branch="fix", **more):
        """CI says that `make test` of job test failed on the branch's head. The ticket."""
        more["commit"] = more.get("commit") or self.head(branch)
        return self.daemon.submit(branch=branch, **{"job": "test", **more})

    def check(self, branch="fix", name="test", state="success", **more):
        return self.hub.check(PROJECT, self.head(branch), name, state, **{**AFTER_REPORT, **more})

    def repair(self, branch="fix", by="mona"):
        """An agent's commit, and CI's green on it."""
        sha = self.push(branch, by=by, message="repair")
        self.check(branch)
        return sha

    def look(self):
        """Every follow-up check comes due now, and was executed."""
        return self.daemon.ctl("check", "--all")

    # What is there

    def wait_state(self, ticket, state):
        return self.daemon.wait_state(ticket["incidentId"], state)

    def incident(self, ticket):
        return self.daemon.incident(ticket["incidentId"])

    def codes(self, ticket):
        return sorted(reason["code"] for reason in self.incident(ticket)["lastVerdict"]["reasons"])

    def comments(self, number, author=BOT):
        return [body for by, body in self.hub.comments(PROJECT, number) if by == author]

    def posts(self, number, kind=None, author=BOT):
        """Our comments on an issue or pull request, of one kind of marker; its body counts as one when it is ours."""
        issue = self.hub.find(PROJECT).issues[number]
        bodies = [issue.body] if issue.author.login == author else []
        found = [(kind_of(body), body) for body in bodies + self.comments(number, author)]
        return [body for is_kind, body in found if kind in (None, is_kind)]

    def issues(self, state=None, author=BOT):
        return [issue for issue in self.hub.issues(PROJECT) if issue.author.login == author
                and state in (None, issue.state)]

    def status(self, number):
        """The one living comment."""
        [body] = self.posts(number, "status")
        return body

    def set_off(self, author=BOT):
        """What our posts would set off at GitHub (effects.py), links to threads of ours aside."""
        ours = {str(number) for number in self.hub.find(PROJECT).issues}
        return [(kind, what) for kind, what in self.hub.set_off(author) if kind != "reference" or what not in ours]

    def mentioned(self):
        return [what for kind, what in self.set_off() if kind == "mention"]

    def wait_post(self, number, kind, text=""):
        """The first post of that kind that holds `text`."""
        return wait_for(lambda: next((body for body in self.posts(number, kind) if text in body), None),
                        f"a post of kind {kind} with {text!r} on #{number}")

    def forge(self):
        [found] = [forge for forge in self.daemon.ctl("status")["forges"] if forge["name"] == "github"]
        return found

    def ask(self, method, **parameters):
        """Without a process for each question: for what is asked again and again."""
        connection = self.daemon.connect()
        try:
            return connection.call(method, **parameters)["parameters"]
        finally:
            connection.close()

    def incidents(self):
        return self.ask("ListIncidents")["incidents"]

    def tasks(self, kind=None):
        return [task for task in self.ask("ListTasks", limit=1000)["tasks"] if kind in (None, task["type"])]

    def is_quiet(self):
        """Nothing is to be done but checks."""
        return not [task for task in self.tasks() if task["type"] != CHECK
                    and task["status"] in ("scheduled", "executing")]

    def wait_quiet(self):
        wait_for(self.is_quiet, "all but the checks being done")

    def finish(self):
        self.daemon.finish()


def kind_of(body):
    match = re.match(r"<!-- codegend:v1 kind=([a-z]+) ", body or "")
    return match and match.group(1)


@contextlib.contextmanager
def open_place(agents=(), hub=None, codegen=None, roles=None, token=None, start=True, forge=None, project=None,
               asked=None, fixer=None, remote=None, more="", **policy):
    """`hub`, `codegen`: arguments of theirs; `token`: of hub.token(), a dict; the rest as Place.configure()."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cg-", dir="/tmp"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        github = stack.enter_context(GitHub(**(hub or {})))
        api = stack.enter_context(CodegenApi(**(codegen or {}))) if "remote" in agents else None
        github.repo(PROJECT, roles={"mona": "write", BOT: "write", HANDLE: "write", **(roles or {})})
        daemon = Daemon(directory)
        stack.callback(lambda: daemon.process is None or daemon.process.poll() is not None or daemon.kill())
        policy = {"follow_up_delay": "1h", "wait_recheck": "1h", **policy}
        place = Place(directory, github, api, daemon, github.token(**(token or {})), {
            "policy": policy, "agents": list(agents), "forge": forge or {}, "project": project or {},
            "asked": asked or {}, "fixer": fixer or {}, "remote": remote or {}, "more": more})
        if start:
            place.start()
        yield place
        place.finish()


@pytest.fixture
def make_place():
    """Opens places; what was done wrong in them is told at the end of the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(open_place(**options))


def in_parallel(cells, run, workers=PARALLEL):
    """Runs run(*cell) for {name: cell}, many at once since most of their time is waiting. All that failed is told; what
    they returned, by name."""
    failures = []
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(run, *cell): name for name, cell in cells.items()}
        for future in concurrent.futures.as_completed(futures):
            error = future.exception()
            if error is not None:
                failures.append(f"{futures[future]}: {type(error).__name__}: {str(error)[:FAILURE_CHARS]}")
    assert not failures, f"{len(failures)} of {len(cells)}:\n" + "\n".join(sorted(failures))
    return {futures[future]: future.result() for future in futures}
