"""As a service: sockets handed over, readiness, signals, user sessions."""
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


def test_readiness_is_told(idle):
    path = idle.directory / "notify"
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(path))
    notify.settimeout(PATIENCE_S)
    idle.start(environment={"NOTIFY_SOCKET": str(path)})
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
    notify.close()


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
