"""codegenctl submit, whose n-th call fails: its exit code is one of its own, and what it says is true."""
import contextlib
import json
import pathlib
import subprocess

import conftest
from conftest import BROKEN
from nth import Nth
from nth_daemon import PATIENCE_S, subjects

EXITS = {0, 1, 2, 3, 5, 75}  # codegenctl(1); 2 of a file it cannot read
LOG = "error: it broke\n" * 500
JUNIT = ('<testsuite tests="2"><testcase name="a" classname="c"/><testcase name="b" classname="c">'
         '<failure message="no">it broke</failure></testcase></testsuite>')


class Client:
    """codegenctl beside a daemon that is left alone."""

    def __init__(self, subject):
        self.subject, self.daemon = subject, subject.daemon
        self.directory = self.daemon.directory / "client"
        self.directory.mkdir()
        self.nth = Nth(self.directory)
        (self.directory / "log").write_text(LOG)
        (self.directory / "junit.xml").write_text(JUNIT)
        self.crashes, self.ends, self.n_runs = [], 0, 0
        self.spool = self.directory / "spool"
        self.spool.mkdir()

    @property
    def found(self):
        return self.subject.found

    def run(self, is_reachable):
        self.n_runs += 1
        socket = self.daemon.submit_socket if is_reachable else self.directory / "nobody.sock"
        return subprocess.run(
            [conftest.CODEGENCTL, "--socket", socket, "--json", "submit", "--strict", "--project", "load/client",
             "--branch", f"b{self.n_runs}", "--commit", "aaaaaaa1", "--job", "ci", "--step", "make test", "--log",
             self.directory / "log", "--tests", self.directory / "junit.xml", "test_failure", f"n{self.n_runs}"],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE_S, cwd=self.directory,
            env={**self.daemon.environment, **self.nth.environment, "CODEGEN_SPOOL": str(self.spool)})


def submit(client, arm, is_reachable):
    arm(client.nth)
    try:
        ended = client.run(is_reachable)
    except subprocess.TimeoutExpired:
        client.crashes.append("codegenctl does not end")
        return
    client.nth.disarm()
    said = f"{ended.returncode}: {ended.stdout[-300:]} {ended.stderr[-3000:]}"
    files = [path for path in client.spool.glob("*") if not path.name.startswith(".")]
    client.ends += ended.returncode not in (0, 75)
    if ended.returncode not in EXITS or any(word in ended.stderr for word in BROKEN):
        client.crashes.append(f"codegenctl ended with {said}")
    elif ended.returncode == 0:
        check_recorded(client, ended.stdout, said)
    elif ended.returncode == 75:
        check_spooled(client, files, said)
    elif not ended.stderr.strip():
        client.crashes.append(f"codegenctl says nothing of its failure: {said}")
    for path in client.spool.iterdir():
        path.unlink()


def check_recorded(client, output, said):
    """What the program prints as recorded is."""
    try:
        report = json.loads(output)["reportId"]
    except (ValueError, KeyError, TypeError):
        client.crashes.append(f"codegenctl succeeds and does not say with what: {said}")
        return
    answer = client.subject.call("GetReport", id=report) or {}
    if answer.get("parameters", {}).get("report", {}).get("id") != report:
        client.found.lose({report}, "said to be recorded, and the daemon does not know it")


def check_spooled(client, files, said):
    if len(files) != 1:
        client.found.lose({f"n{client.n_runs}"}, "said to be kept, and there is no file")
        return
    try:
        kept = json.loads(pathlib.Path(files[0]).read_text())
    except ValueError as error:
        kept = {}
        client.crashes.append(f"a file that cannot be read ({error}): {said}")
    if f"n{client.n_runs}" not in json.dumps(kept):
        client.found.lose({f"n{client.n_runs}"}, "said to be kept, and the file lacks it")


def send(client, arm):
    submit(client, arm, True)


def keep(client, arm):
    submit(client, arm, False)


@contextlib.contextmanager
def clients():
    """A client, with a daemon in service for it."""
    with subjects() as subject:
        subject.launch()
        assert subject.wait_answer(), subject.log()
        yield Client(subject)
