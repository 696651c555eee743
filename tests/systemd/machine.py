"""A Debian that runs: a tree booted by systemd-nspawn, with a network of its own and nobody else's manager."""
import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time

# How long anything may take before it counts as "never".
PATIENCE_S = 60
CLIENT = "/usr/bin/codegenctl"
STATIC_CLIENT = "/usr/lib/codegenctl-static/codegenctl"
SUBMIT_DIR = "/run/codegend/submit"
SUBMIT_SOCKET = f"{SUBMIT_DIR}/submit.sock"
CONTROL_SOCKET = "/run/codegend/control.sock"
AGENT_SOCKET = "/run/codegend/agent/agent.sock"
SPOOL = "/var/spool/codegend/in"


def wait_for(condition, what, seconds=PATIENCE_S):
    """What `condition` returns once it is true."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)


def as_user(user, arguments):
    if user is None:
        return arguments
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", *arguments]


class Machine:
    def __init__(self, tree):
        self.tree = pathlib.Path(tree)
        self.console = self.tree.with_suffix(".log")
        self.process = None
        self.leader = None
        self.console.write_text("")

    # Power

    def boot(self):
        with self.console.open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig=TERM", "systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
                 "--private-network", "--console=pipe", f"--directory={self.tree}",
                 f"--machine=codegend-test-{os.getpid()}", "--boot"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.leader = wait_for(self.find_leader, "the container's start")
        wait_for(lambda: self.run("systemctl", "is-system-running", "--wait").stdout.strip()
                 in ("running", "degraded"), "the boot")

    def find_leader(self):
        assert self.process.poll() is None, self.console.read_text(errors="replace")
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        # The first program in the new tree; before that, nspawn's own child is on its way there.
        for pid in children:
            if os.path.basename(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]) == b"systemd":
                return int(pid)
        return None

    def power_off(self):
        self.run("systemctl", "poweroff")
        self.process.wait(PATIENCE_S)
        self.process = None

    def finish(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()  # nspawn passes it on as an orderly shutdown
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()

    # Commands in it

    def command(self, *arguments, user=None):
        return ["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
                "--root", "--wdns=/", "--", "env", "-i", "PATH=/usr/bin:/usr/sbin:/bin:/sbin", "LC_ALL=C.UTF-8",
                "HOME=/", *as_user(user, [str(argument) for argument in arguments])]

    def run(self, *arguments, user=None, text=None):
        """As root, or as this user with its groups: a CompletedProcess."""
        return subprocess.run(self.command(*arguments, user=user), input=text, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL if text is None else None, timeout=4 * PATIENCE_S)

    def do(self, *arguments, **more):
        """What it printed; it must succeed."""
        ended = self.run(*arguments, **more)
        assert ended.returncode == 0, f"{arguments}: {ended.returncode}: {ended.stdout}{ended.stderr}\n{self.log()}"
        return ended.stdout

    def write(self, path, text, mode=0o644):
        inside = self.tree / path.lstrip("/")
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_text(text)
        inside.chmod(mode)

    def look_at(self, path):
        """Mode, owner and group."""
        return self.do("stat", "--format=%a %U:%G", path).strip()

    def exists(self, path):
        return self.run("test", "-e", path).returncode == 0

    # systemd

    def systemctl(self, *arguments):
        return self.do("systemctl", *arguments)

    def show(self, unit, name):
        return self.systemctl("show", "--value", f"--property={name}", unit).strip()

    def main_pid(self):
        """Of the daemon; 0 when it does not run."""
        return int(self.show("codegend.service", "MainPID"))

    def is_active(self, unit="codegend.service"):
        return self.run("systemctl", "is-active", unit).stdout.strip() == "active"

    def wait_active(self):
        wait_for(self.is_active, "the daemon being ready")

    def wait_new_pid(self, old):
        """Another daemon than `old` is ready."""
        wait_for(lambda: self.main_pid() not in (0, old), "the next start")
        self.wait_active()

    def start_ms(self, unit):
        """From the start of its process to READY."""
        started, ready = (int(self.show(unit, f"{name}TimestampMonotonic"))
                          for name in ("ExecMainStart", "ActiveEnter"))
        return (ready - started) / 1000

    def log(self, *arguments):
        ended = self.run("journalctl", "--no-pager", "--output=short-precise", "--unit=codegend.service", *arguments)
        return "\n".join(ended.stdout.splitlines()[-60:])

    @contextlib.contextmanager
    def drop_in(self, text):
        """Settings of the service that are gone afterwards; the daemon is restarted into them and out of them."""
        path = "/run/systemd/system/codegend.service.d/test.conf"
        self.do("mkdir", "--parents", os.path.dirname(path))
        self.do("tee", path, text=text)
        self.restart_changed()
        try:
            yield
        finally:
            self.do("rm", path)
            self.restart_changed()

    def restart_changed(self):
        self.systemctl("daemon-reload")
        self.systemctl("restart", "codegend.service")

    # codegend

    @contextlib.contextmanager
    def unanswering(self):
        """The daemon runs, and only root may ask it."""
        self.do("chmod", "600", CONTROL_SOCKET)
        try:
            yield
        finally:
            self.do("chmod", "660", CONTROL_SOCKET)

    def ctl(self, *arguments, user="admin"):
        """An operator's question: the JSON answer."""
        return json.loads(self.do(CLIENT, "--json", *arguments, user=user))

    def submission(self, key, branch="fix", client=CLIENT, details="it broke", more=()):
        return [client, "--json", "submit", "--strict", "--key", key, "--project", "acme/web", "--branch", branch,
                "--commit", "aaaaaaa1", "--job", "ci", "--step", "make test", *more, "test_failure", details]

    def submit(self, key, user="ci", text=None, **more):
        """By a CI step: its ticket."""
        return json.loads(self.do(*self.submission(key, **more), user=user, text=text))

    def call(self, method, **parameters):
        """What the control socket answers, asked by the root of the host; without a client of ours in between."""
        message = json.dumps({"method": f"io.codegend.{method}", "parameters": parameters}).encode() + b"\0"
        answer = b""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(f"/proc/{self.leader}/root{CONTROL_SOCKET}")
            connection.sendall(message)
            while not answer.endswith(b"\0"):
                data = connection.recv(65536)
                assert data, f"{method}: the connection was closed"
                answer += data
        return json.loads(answer[:-1])["parameters"]

    def daemon_on_host(self):
        """The daemon's pid outside of the machine."""
        inside = str(self.main_pid())
        for path in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                fields = dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
                pids = fields["NSpid"].split()
                if fields["Name"] == "codegend" and len(pids) > 1 and pids[-1] == inside:
                    return int(path.parent.name)
        raise AssertionError("the daemon is not seen from here")
