"""The real programs, each test with a private codegend: its own directories, its own agent, nothing shared."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

# What a background job or nohup(1) ignores, its children would ignore as well; here they are to be ended by it.
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CODEGEND_BUILD", ROOT / "build")).resolve()
CODEGEND = BUILD / "daemon" / "codegend"
CODEGENCTL = BUILD / "client" / "codegenctl"

# The sanitizers read their options, and look for leaks, in /proc; and they use memory of their own.
SANITIZED = b"__asan_init" in CODEGENCTL.read_bytes() if CODEGENCTL.exists() else False

# How long anything may take before it counts as "never": sanitizers on a busy machine are slow.
PATIENCE_S = 40
# The same of what has a million rows to go through: nothing meets it but what hangs.
HANG_S = 3600
BROKEN = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:", "Assertion", "assertion")


def clean_environment(home):
    """Without anything a CI system, a desktop or systemd may have put into ours."""
    kept = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return {**kept, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(home), "LC_ALL": "C.UTF-8",
            "CODEGEN_SPOOL": str(home / "spool")}


def wait_for(condition, what, seconds=PATIENCE_S):
    """What `condition` returns once it is true."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            pytest.fail(f"{what} did not happen within {seconds} s")
        time.sleep(0.03)


class Varlink:
    """One connection, spoken directly."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(path))
        self.buffer = b""

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, method, parameters=None, **flags):
        self.send_raw(json.dumps({"method": method, "parameters": parameters or {}, **flags}).encode() + b"\0")

    def receive(self):
        """The next message, None at the end of the stream."""
        while b"\0" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, **parameters):
        self.send(f"io.codegend.{method}", parameters)
        return self.receive()

    def close(self):
        self.socket.close()


class Agent:
    """A command agent that writes a line a run. It can be told to do more, by a shell fragment in the file `script`,
    and to stay until it is released or killed."""

    def __init__(self, directory):
        self.directory = directory
        self.runs_file = directory / "runs"
        self.hold_file = directory / "hold"
        self.path = directory / "agent"
        self.path.write_text(f"""#!/bin/sh
echo "$$" >>'{self.runs_file}'
cat >'{directory}/prompt'
env >'{directory}/environment'
while [ -e '{self.hold_file}' ]; do sleep 0.05; done
[ ! -e '{directory}/script' ] || . '{directory}/script'
echo end >>'{directory}/ends'
""")
        self.path.chmod(0o755)

    def runs(self):
        return self.runs_file.read_text().splitlines() if self.runs_file.exists() else []

    def ends(self):
        ends = self.directory / "ends"
        return len(ends.read_text().splitlines()) if ends.exists() else 0

    def hold(self):
        self.hold_file.touch()

    def release(self):
        self.hold_file.unlink(missing_ok=True)

    def is_running(self):
        return any(pathlib.Path(f"/proc/{pid}").exists() for pid in self.runs())


class Daemon:
    def __init__(self, directory):
        self.directory = directory
        self.state = directory / "state"
        self.runtime = directory / "run"
        self.config = directory / "codegend.conf"
        self.log_file = directory / "log"
        self.environment = clean_environment(directory)
        self.agent = Agent(directory)
        self.process = None
        self.log_file.touch()
        self.configure()

    # Configuration

    def configure(self, text=None, **policy):
        """Writes a configuration: `text` as it is, or one with quick delays, the agent for acme/*, and `policy`."""
        keys = {"follow-up-delay": "1s", "wait-recheck": "1s",
                **{name.replace("_", "-"): value for name, value in policy.items()}}
        lines = [f"{name} = {value}" for name, value in keys.items()]
        lines.append(f"""agent fixer {{
    type = command
    command = {{ "{self.agent.path}" }}
    timeout = 1m
    concurrency = 4
}}
project "acme/*" {{
    agents = {{ fixer }}
}}""")
        self.config.write_text(text if text is not None else "\n".join(lines) + "\n")

    # The process

    def arguments(self, *more):
        return [CODEGEND, "--config", self.config, "--state-directory", self.state, "--runtime-directory",
                self.runtime, *more]

    def start(self, *more, environment=None):
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(self.arguments(*more), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**self.environment, **(environment or {})}, cwd=self.directory)
        wait_for(self.answers, "the daemon's first answer")
        return self

    def run_to_end(self, *more):
        """A start that is expected to fail: exit code and what it said."""
        ended = subprocess.run(self.arguments(*more), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               env=self.environment, cwd=self.directory, timeout=PATIENCE_S)
        return ended.returncode, ended.stdout + ended.stderr

    def answers(self):
        if self.process is not None and self.process.poll() is not None:
            pytest.fail(f"the daemon ended with {self.process.returncode}: {self.log()}")
        try:
            connection = Varlink(self.control)
        except OSError:
            return False
        try:
            return "parameters" in (connection.call("Ping") or {})
        except ConnectionError:  # the socket of the one that was just killed
            return False
        finally:
            connection.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == 0, self.log()
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def log(self):
        return self.log_file.read_text(errors="replace")

    # Talking to it

    @property
    def control(self):
        return self.runtime / "control.sock"

    @property
    def submit_socket(self):
        return self.runtime / "submit" / "submit.sock"

    def connect(self):
        return Varlink(self.control)

    def run_ctl(self, *arguments, text=None, submit=False, patience_s=PATIENCE_S * 2):
        """The real client, as it is: a CompletedProcess."""
        path = self.submit_socket if submit else self.control
        return subprocess.run([CODEGENCTL, "--socket", path, *map(str, arguments)], input=text, text=True,
                              stdin=None if text is not None else subprocess.DEVNULL, capture_output=True,
                              env=self.environment, cwd=self.directory, timeout=patience_s)

    def ctl(self, *arguments, **more):
        """Its JSON answer; it must succeed. `more` as for run_ctl()."""
        ended = self.run_ctl("--json", *arguments, **more)
        assert ended.returncode == 0, f"{arguments}: {ended.returncode}: {ended.stderr}\n{self.log()}"
        return json.loads(ended.stdout)

    def submit(self, *arguments, kind="test_failure", project="acme/web", branch="fix", commit="aaaaaaa1", job="ci",
               step="make test", text_of_log=None, **more):
        where = ["--project", project, "--branch", branch, "--commit", commit, "--job", job, "--step", step]
        where += [word for name, value in more.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        what = [kind, "it broke"] if kind else ["--passed"]
        return self.ctl("submit", "--strict", *where, *arguments, *what, submit=True, text=text_of_log)

    def submit_passed(self, **more):
        return self.submit(kind=None, **more)

    def incident(self, incident_id):
        return self.ctl("incident", "show", incident_id)

    def incidents(self, *arguments):
        return self.ctl("incidents", *arguments)["incidents"]

    def tasks(self, kind=None, status=None, incident=None):
        found = self.ctl("tasks", "--limit", 1000)["tasks"]
        return [task for task in found if (kind is None or task["type"] == kind)
                and (status is None or task["status"] == status)
                and (incident is None or task.get("incidentId") == incident)]

    def wait_state(self, incident_id, state):
        return wait_for(lambda: (lambda found: found if found["state"] == state else None)(self.incident(incident_id)),
                        f"incident {incident_id} becoming {state}")

    def events(self, incident_id):
        return self.ctl("explain", incident_id)["events"]

    # The end of a test

    def finish(self):
        self.agent.release()
        if self.process is not None:
            self.stop()
        found = [line for line in self.log().splitlines() if any(word in line for word in BROKEN)]
        assert not found, "\n".join(found)


@pytest.fixture
def make_daemon():
    """Makes daemons that are not started yet; each has a short directory (socket paths end at 107 bytes)."""
    made = []

    def make():
        made.append(Daemon(pathlib.Path(tempfile.mkdtemp(prefix="cg-", dir="/tmp"))))
        return made[-1]

    yield make
    try:
        for daemon in made:
            daemon.finish()
    finally:
        for daemon in made:
            if daemon.process is not None and daemon.process.poll() is None:
                daemon.kill()
            shutil.rmtree(daemon.directory, ignore_errors=True)


@pytest.fixture
def idle(make_daemon):
    """One that is not started."""
    return make_daemon()


@pytest.fixture
def daemon(idle):
    """One that runs, with a follow-up delay of an hour: nothing is checked before a test asks for it."""
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    return idle.start()
