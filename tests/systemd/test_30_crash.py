"""However the daemon ends, whoever submits meanwhile is answered, and what was answered is there afterwards."""
import pathlib
import threading

import pytest

from machine import wait_for

CLIENTS = 10
RESTARTS = 15


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


def test_hung(running, tickets):
    """Whoever does not answer the watchdog is ended and started anew. It waits here for less time than usual."""
    with running.drop_in("[Service]\nWatchdogSec=2s\n"):
        pid = running.main_pid()
        running.do("sh", "-c", f"kill -STOP {pid}")
        running.wait_new_pid(pid)
        assert "Watchdog timeout" in running.log()
        kept(running, tickets)


def test_out_of_memory(running, tickets, little_memory):
    pid = running.main_pid()
    little_memory.apply()
    running.run(*running.submission("much"), "--log", "-", user="ci", text="a word more\n" * 20000)
    wait_for(little_memory.has_killed, "the kernel's kill")
    running.wait_new_pid(pid)
    kept(running, tickets)


class LittleMemory:
    """Takes memory away from the daemon: through systemd where the machine may use the unified hierarchy, else through
    the host's own. The process that is started next has all of it again."""

    HOST = pathlib.Path("/sys/fs/cgroup/memory")

    def __init__(self, machine):
        self.machine = machine
        self.unified = machine.do("stat", "--file-system", "--format=%T", "/sys/fs/cgroup").strip() == "cgroup2fs"
        self.group = self.HOST / "codegend-test"
        if not self.unified and not self.HOST.is_dir():
            pytest.skip("it takes a memory controller")

    def apply(self):
        if self.unified:
            self.machine.systemctl("set-property", "--runtime", "codegend.service", "MemoryMax=1M", "MemorySwapMax=0")
            return
        self.group.mkdir(exist_ok=True)
        (self.group / "memory.limit_in_bytes").write_text("131072")
        (self.group / "cgroup.procs").write_text(str(self.machine.daemon_on_host()))

    def has_killed(self):
        if self.unified:
            return self.machine.show("codegend.service", "NRestarts") != "0"
        return "oom_kill 1" in (self.group / "memory.oom_control").read_text()

    def finish(self):
        if self.unified:
            self.machine.systemctl("set-property", "--runtime", "codegend.service", "MemoryMax=infinity")
        elif self.group.is_dir():
            wait_for(lambda: not (self.group / "cgroup.procs").read_text(), "the process being gone")
            self.group.rmdir()


@pytest.fixture
def little_memory(running):
    made = LittleMemory(running)
    yield made
    made.finish()


# Restarts under load

# Submits until the file of its name in /run/stop appears: a line "exit code, key" each, and what was said.
SUBMITTER = """
number=0
while [ ! -e /run/stop ]; do
    "$@" --key "$0-$number" >/dev/null && code=0 || code=$?
    echo "$code $0-$number"
    number=$((number + 1))
done
"""


class Crowd:
    """Clients that submit without pause."""

    def __init__(self, machine):
        self.machine = machine
        self.results = []
        self.threads = [threading.Thread(target=self.submit, args=(f"crowd-{number}",)) for number in range(CLIENTS)]
        machine.do("rm", "-f", "/run/stop")
        for thread in self.threads:
            thread.start()

    def submit(self, name):
        command = [word for word in self.machine.submission("", branch=name)]
        at = command.index("--key")
        del command[at:at + 2]
        self.results.append(self.machine.run("sh", "-c", SUBMITTER, name, *command, user="ci"))

    def finish(self):
        """Code by key, and all that was said on standard error."""
        self.machine.do("touch", "/run/stop")
        for thread in self.threads:
            thread.join()
        self.machine.do("rm", "/run/stop")
        codes = {key: int(code) for ended in self.results
                 for code, key in (line.split() for line in ended.stdout.splitlines())}
        return codes, "".join(ended.stderr for ended in self.results)


def test_restarted_under_load(running, figure):
    crowd = Crowd(running)
    try:
        for _ in range(RESTARTS):
            running.systemctl("restart", "codegend.service")
    finally:
        codes, said = crowd.finish()
    assert len({key.rpartition("-")[0] for key in codes}) == CLIENTS
    assert set(codes.values()) <= {0, 75}, said[-2000:]
    assert "refused" not in said.lower(), said[-2000:]
    running.wait_active()
    for key in codes:
        wait_for(lambda: "ticket" in running.call("GetTicket", key=key), f"submission {key} being there")
    figure(f"submissions of {CLIENTS} clients during {RESTARTS} restarts",
           f"{len(codes)}, of which {sum(code == 75 for code in codes.values())} waited in the spool")
