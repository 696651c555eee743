"""However the daemon ends, whoever submits meanwhile is answered, and what was answered is there afterwards."""
import contextlib
import json
import pathlib
import threading
import time

import pytest

from freeze import frozen, threads_of
from machine import wait_for

CLIENTS = 10
RESTARTS = 15
WATCHDOG = "[Service]\nWatchdogSec=4s\n"


# What a client says of a socket that nobody listens at, and of one that is gone.
REFUSALS = ("no daemon listens there", "there is no such socket")
# How many reports have to come in before and after what happens to the daemon.
LOAD = 30


def kept(machine, tickets):
    """Every ticket that a client holds is the one that the daemon has under its key."""
    for key, ticket in tickets.items():
        again = machine.call("GetTicket", key=key)
        assert again.get("ticket", {}).get("reportId") == ticket["reportId"], (key, again)


@pytest.fixture
def tickets(running):
    return {f"kept-{number}": running.submit(f"kept-{number}") for number in range(5)}


def test_killed(running, tickets):
    pid = running.main_pid()
    running.do("sh", "-c", f"kill -KILL {pid}")
    ended = running.run(*running.submission("after-kill"), user="ci")
    assert ended.returncode in (0, 75), ended  # 75: the next start took longer than the client waits, so it is spooled
    running.wait_new_pid(pid)
    kept(running, tickets)
    wait_for(lambda: "ticket" in running.call("GetTicket", key="after-kill"), "the submission being taken")


# The watchdog: whoever does not answer it is ended and started anew. It waits here for less time than usual.


def test_the_watchdog_leaves_a_daemon_alone_that_answers(running):
    with running.drop_in(WATCHDOG):
        pid = running.main_pid()
        time.sleep(9)  # longer than twice its time
        assert running.main_pid() == pid and running.show("codegend.service", "NRestarts") == "0"


def test_a_hung_store(running, tickets):
    """Its loop still answers, and nothing can be kept: the watchdog asks the store as well."""
    with running.drop_in(WATCHDOG):
        pid = running.main_pid()
        since = running.do("date", "+%H:%M:%S").strip()
        with frozen(threads_of(running.daemon_on_host())):
            assert "version" in running.call("Ping")
            wait_for(lambda: "Watchdog timeout" in running.log(f"--since={since}"), "the watchdog")
        running.wait_new_pid(pid)
        kept(running, tickets)


class LittleMemory:
    """Takes memory away from the daemon: through systemd where the machine may use the unified hierarchy, else through
    the host's own. The process that is started after `finish` has all of it again."""

    HOST = pathlib.Path("/sys/fs/cgroup/memory")

    def __init__(self, machine):
        self.machine = machine
        self.unified = machine.do("stat", "--file-system", "--format=%T", "/sys/fs/cgroup").strip() == "cgroup2fs"
        self.group = self.HOST / "codegend-test"
        if self.unified:
            has_memory = "memory" in machine.do("cat", "/sys/fs/cgroup/cgroup.controllers").split()
        else:
            has_memory = self.HOST.is_dir()
        if not has_memory:
            pytest.skip("it takes the memory controller: in the machine's unified hierarchy, or in the host's own")

    def apply(self):
        if self.unified:
            self.machine.systemctl("set-property", "--runtime", "codegend.service", "MemoryMax=1M", "MemorySwapMax=0")
            return
        self.group.mkdir(exist_ok=True)
        (self.group / "memory.limit_in_bytes").write_text("131072")
        (self.group / "cgroup.procs").write_text(str(self.machine.daemon_on_host()))

    def has_killed(self):
        if self.unified:
            return "killed by the OOM killer" in self.machine.log()
        return "oom_kill 1" in (self.group / "memory.oom_control").read_text()

    def finish(self):
        if self.unified:
            self.machine.systemctl("set-property", "--runtime", "codegend.service", "MemoryMax=infinity",
                                   "MemorySwapMax=infinity")
        elif self.group.is_dir():
            wait_for(lambda: not (self.group / "cgroup.procs").read_text(), "the process being gone")
            self.group.rmdir()


@pytest.fixture
def little_memory(running):
    made = LittleMemory(running)
    yield made
    made.finish()


# Under load

# Submits until /run/stop appears: a line each with exit code, key and, in one piece, what was answered.
SUBMITTER = """
number=0
while [ ! -e /run/stop ]; do
    answer=$("$@" --key "$0-$number") && code=0 || code=$?
    echo "$code $0-$number $(echo "$answer" | tr -d '\\n')"
    number=$((number + 1))
done
"""


class Crowd:
    """Clients that submit without pause."""

    def __init__(self, machine, name="crowd"):
        self.machine = machine
        self.results = []
        self.threads = [threading.Thread(target=self.submit, args=(f"{name}-{number}",)) for number in range(CLIENTS)]
        machine.do("rm", "-f", "/run/stop")
        for thread in self.threads:
            thread.start()

    def submit(self, name):
        command = self.machine.submission("", branch=name)
        at = command.index("--key")
        del command[at:at + 2]
        self.results.append(self.machine.run("sh", "-c", SUBMITTER, name, *command, user="ci"))

    def wait_busy(self):
        """The daemon takes what they say."""
        before = self.machine.ctl("status")["reports"]
        wait_for(lambda: self.machine.ctl("status")["reports"] > before + LOAD, "some load")

    def finish(self):
        """Exit code and answer by key, and all that was said on standard error."""
        self.machine.do("touch", "/run/stop")
        for thread in self.threads:
            thread.join()
        self.machine.do("rm", "/run/stop")
        lines = [line.split(" ", 2) for ended in self.results for line in ended.stdout.splitlines()]
        return ({key: (int(code), answer) for code, key, answer in lines},
                "".join(ended.stderr for ended in self.results))


def is_kept(machine, answers, said, others=()):
    """Nobody was refused; each report that was acknowledged, or spooled, is there. `others`: exit codes that may be."""
    assert len({key.rpartition("-")[0] for key in answers}) == CLIENTS
    assert {code for code, _ in answers.values()} <= {0, 75, *others}, said[-2000:]
    assert not any(words in said for words in REFUSALS), said[-2000:]
    kept(machine, {key: json.loads(answer) for key, (code, answer) in answers.items() if code == 0})
    for key in (key for key, (code, _) in answers.items() if code == 75):
        wait_for(lambda: "ticket" in machine.call("GetTicket", key=key), f"submission {key} being there")


def kill(machine, pid):
    machine.do("sh", "-c", f"kill -KILL {pid}")


def hang(machine, pid):
    """The watchdog fires."""
    machine.do("sh", "-c", f"kill -STOP {pid}")


@pytest.fixture
def run_out_of_memory(little_memory, figure):
    def happen(_, __):
        figure("memory is taken away through", "MemoryMax= of the unit" if little_memory.unified
               else "the host's cgroup v1: the kernel kills, systemd sees a signal")
        little_memory.apply()
        wait_for(little_memory.has_killed, "the kernel's kill")
        little_memory.finish()
    return happen


def restart(machine, _):
    for _ in range(RESTARTS):
        machine.systemctl("restart", "codegend.service")


@pytest.mark.parametrize("name", ["kill", "hang", "run_out_of_memory", "restart"])
def test_under_load(running, figure, request, name):
    happen = {"kill": kill, "hang": hang, "restart": restart}.get(name) or request.getfixturevalue(name)
    with running.drop_in(WATCHDOG) if name == "hang" else contextlib.nullcontext():
        crowd = Crowd(running, name)
        try:
            crowd.wait_busy()
            pid = running.main_pid()
            happen(running, pid)
            running.wait_new_pid(pid)
            crowd.wait_busy()
        finally:
            answers, said = crowd.finish()
        is_kept(running, answers, said)
    waited = sum(code == 75 for code, _ in answers.values())
    figure(f"{name}: submissions of {CLIENTS} clients", f"{len(answers)}, of which {waited} waited in the spool")
