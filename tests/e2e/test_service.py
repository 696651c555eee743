"""As a service: sockets handed over, readiness, signals, user sessions."""
import os
import pathlib
import resource
import shutil
import signal
import socket
import stat
import subprocess

import pytest

from conftest import CODEGEND, CODEGENCTL, PATIENCE_S, Varlink, wait_for


def test_sockets_have_their_modes(daemon):
    assert stat.S_IMODE(daemon.control.stat().st_mode) & 0o007 == 0
    assert [path.name for path in daemon.submit_socket.parent.iterdir()] == ["submit.sock"], "alone, to be mounted"


def test_sigterm_drains(daemon):
    daemon.agent.hold()
    ticket = daemon.submit()
    wait_for(lambda: daemon.agent.runs(), "the agent's start")
    daemon.stop()
    assert not daemon.control.exists() and not daemon.submit_socket.exists()
    assert not daemon.agent.is_running(), "the agent is stopped with it"
    daemon.agent.release()
    daemon.start()
    daemon.wait_state(ticket["incidentId"], "waiting")
    assert len(daemon.agent.runs()) == 1
    trigger = daemon.tasks("trigger_agent")[0]
    assert trigger["status"] == "completed", trigger


def test_sigint_ends_it_cleanly(idle):
    idle.start()
    idle.process.send_signal(signal.SIGINT)
    assert idle.process.wait(PATIENCE_S) == 0
    idle.process = None


@pytest.fixture
def with_cores():
    """A place where whoever aborts leaves a core."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    if before[1] == 0 and os.geteuid() != 0:
        pytest.skip("needs a hard limit that allows cores")
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
                       if os.geteuid() == 0 else (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def test_no_core_is_dumped(idle, with_cores):
    """It would hold credentials. The same limits do give other programs one."""
    control = subprocess.Popen(["/bin/sh", "-c", "kill -ABRT $$"], cwd=idle.directory)
    _, status = os.waitpid(control.pid, 0)
    control.returncode = -signal.SIGABRT
    if not os.WCOREDUMP(status):
        pytest.skip("needs a kernel that dumps cores")
    daemon = idle.start()
    pid, daemon.process = daemon.process.pid, None
    os.kill(pid, signal.SIGABRT)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGABRT and not os.WCOREDUMP(status)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_its_user_cannot_look_into_it(idle):
    """Whatever runs as the same user, such as the program of an agent beside a daemon of a user."""
    peer = ["setpriv", "--reuid=65001", "--regid=65001", "--clear-groups", "--bounding-set=-all"]
    os.chmod(idle.directory, 0o755)
    os.chown(idle.directory, 65001, 65001)
    arguments = idle.arguments
    idle.arguments = lambda *more: [*peer, *arguments(*more)]
    idle.environment["ITS_TOKEN"] = "hidden"
    idle.start()
    place = pathlib.Path(f"/proc/{idle.process.pid}/environ")
    assert b"hidden" in place.read_bytes()
    ended = subprocess.run([*peer, "cat", place], capture_output=True)
    assert ended.returncode != 0 and b"hidden" not in ended.stdout


def test_a_stale_socket_is_replaced_a_live_one_is_not(make_daemon):
    first, second = make_daemon(), make_daemon()
    first.start()
    first.kill()
    assert first.control.exists()
    first.start()
    second.runtime = first.runtime
    code, said = second.run_to_end()
    assert code != 0 and said.strip()
    assert first.answers()


@pytest.fixture
def notify(idle):
    """Where systemd would listen. A socket, with `environment` for the daemon's start."""
    path = idle.directory / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(path))
        notify.settimeout(PATIENCE_S)
        idle.environment["NOTIFY_SOCKET"] = str(path)
        yield notify


def test_readiness_is_told(idle, notify):
    idle.start()
    assert b"READY=1" in notify.recv(4096)
    idle.process.send_signal(signal.SIGHUP)
    told = notify.recv(4096)
    while b"RELOADING=1" not in told:
        told = notify.recv(4096)
    while b"READY=1" not in told:
        told = notify.recv(4096)
    idle.stop()
    while b"STOPPING=1" not in told:
        told = notify.recv(4096)


def test_the_state_is_told_in_sentences(idle, notify):
    """What `systemctl status` shows: how much there is to do, and what is not as usual."""
    def wait_told(*words):
        def is_told():
            line = notify.recv(4096).decode()
            return all(word in line for word in words)
        wait_for(is_told, words)

    idle.configure(follow_up_delay="1h")
    idle.environment["WATCHDOG_USEC"] = "200000"
    idle.start()
    wait_told("READY=1", "STATUS=Ready.")
    wait_told("STATUS=Ready. Incidents: 0 under repair, 0 escalated. Tasks: 0 at work, 0 scheduled, 0 overdue.")
    wait_told("WATCHDOG=1")
    idle.submit()
    wait_told("Incidents: 1 under repair", "1 scheduled")
    idle.ctl("pause", "acme/web")
    wait_told("Some projects are paused.")
    idle.ctl("pause")
    wait_told("Everything is paused.")
    good = idle.config.read_text()
    idle.config.write_text("no-such-key = 1\n")
    idle.process.send_signal(signal.SIGHUP)
    wait_told("READY=1", "The last reload failed: the old settings are in force.")
    wait_told("Incidents: 1 under repair", "The last reload failed")
    idle.config.write_text(good)
    idle.process.send_signal(signal.SIGHUP)
    wait_told("READY=1", "Everything is paused.")


@pytest.mark.parametrize("spoil, words", [
    (lambda daemon: daemon.config.write_text("no-such-key = 1\n"), "no-such-key"),
    (lambda daemon: (daemon.state.mkdir(parents=True), (daemon.state / "codegend.db").write_text("x" * 4096)),
     "is not a database of codegend"),
])
def test_why_it_does_not_start_is_told(idle, notify, spoil, words):
    spoil(idle)
    code, _ = idle.run_to_end()
    assert code != 0
    told = notify.recv(4096).decode()
    assert told.startswith("STATUS=") and words in told


def test_socket_activation(idle):
    program = shutil.which("systemd-socket-activate", path="/usr/bin:/bin")
    if program is None:
        pytest.skip("needs systemd-socket-activate (Debian package systemd)")
    idle.submit_socket.parent.mkdir(parents=True)
    command = [program, "-l", idle.control, "-l", idle.submit_socket, "--fdname=control:submit"]
    # It hands on only a few variables of ours.
    command += [f"--setenv={name}={value}" for name, value in idle.environment.items()]
    with idle.log_file.open("ab") as log:
        idle.process = subprocess.Popen([*map(str, command), *map(str, idle.arguments())], stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log, env=idle.environment)
    wait_for(lambda: idle.control.exists() and idle.submit_socket.exists(), "the sockets")
    ticket = idle.submit()
    assert idle.incident(ticket["incidentId"])["reports"] == 1
    idle.stop()
    assert idle.control.exists() and idle.submit_socket.exists(), "what was handed over is not removed"


@pytest.mark.parametrize("name", ["submit", "control"])
def test_what_is_handed_over_has_to_be_a_socket_that_listens(idle, name):
    """Bound beside what systemd holds, nobody would find the daemon."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(idle.directory / "other"))
        script = f'export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name}; exec "$@" 3<&0 </dev/null'
        ended = subprocess.run(["/bin/sh", "-c", script, "sh", *idle.arguments()], stdin=other, capture_output=True,
                               text=True, env=idle.environment, cwd=idle.directory, timeout=PATIENCE_S)
    assert ended.returncode == 1 and f'socket "{name}" is no Unix stream socket' in ended.stderr, ended.stderr


def test_user_session(make_daemon):
    """`--user` uses the XDG directories, of both programs, and needs no configuration."""
    one = make_daemon()
    home = one.directory
    environment = {**one.environment, "XDG_RUNTIME_DIR": str(home / "xr"), "XDG_STATE_HOME": str(home / "xs"),
                   "XDG_CONFIG_HOME": str(home / "xc")}
    (home / "xr").mkdir(mode=0o700)
    one.runtime = home / "xr" / "codegend"
    with one.log_file.open("ab") as log:
        one.process = subprocess.Popen([CODEGEND, "--user"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       env=environment, cwd=home)
    wait_for(one.answers, "the daemon's first answer")
    ended = subprocess.run([CODEGENCTL, "--user", "submit", "--strict", "--project", "me/x", "--branch", "b",
                            "--commit", "aaaaaaa1", "test_failure", "x"], env=environment, capture_output=True,
                           text=True)
    assert ended.returncode == 0, ended.stderr
    assert (home / "xs" / "codegend").is_dir()
    ended = subprocess.run([CODEGENCTL, "--user", "--json", "status"], env=environment, capture_output=True, text=True)
    assert ended.returncode == 0 and str(home / "xs" / "codegend") in ended.stdout


def test_version_and_help_need_nothing(idle):
    for program in (CODEGEND, CODEGENCTL):
        for option in ("--version", "--help"):
            ended = subprocess.run([program, option], capture_output=True, text=True, env=idle.environment)
            assert ended.returncode == 0 and "codegen" in ended.stdout, (program, option)
    assert subprocess.run([CODEGEND, "--bogus"], capture_output=True).returncode == 2


def test_submissions_are_taken_while_others_wait(daemon):
    """A connection that says nothing holds nobody up."""
    silent = Varlink(daemon.control)
    half = daemon.connect()
    half.send_raw(b'{"method":"io.codegend.')
    assert daemon.submit()["reportId"]
    silent.close()
    half.close()
