"""What `doctor` says, of a daemon that is well and of what can be wrong."""
import grp
import json
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess

import pytest

from conftest import CODEGENCTL, wait_for
from hub_place import make_place  # noqa: F401 (a fixture)


def examine(daemon, *arguments, code=None):
    """{(check, subject): finding}; with `code`, what it has to return."""
    ended = daemon.run_ctl("--json", "doctor", *arguments)
    told = json.loads(ended.stdout)
    states = {check["state"] for check in told["checks"]}
    assert ended.returncode == (1 if "problem" in states else 0), ended.stderr
    assert told["state"] == next((state for state in ("problem", "warning", "ok") if state in states))
    assert code is None or ended.returncode == code, told
    for check in told["checks"]:
        assert check["message"].endswith(".") and set(check) <= {"name", "subject", "state", "message", "remedy"}
        assert check["state"] == "ok" or check.get("remedy"), check
    return {(check["name"], check.get("subject")): check for check in told["checks"]}


def test_a_daemon_that_is_well(daemon):
    (daemon.directory / "spool").mkdir()
    found = examine(daemon)
    well = {("control socket", None), ("version", None), ("store", None), ("disk", None), ("pause", None),
            ("forge", "local"), ("agent", "fixer"), ("client spool", None)}
    assert {name for name in well if found[name]["state"] != "ok"} == set()
    assert found["service", None]["state"] == "warning", "nobody starts it again here"
    assert "problem" not in {check["state"] for name, check in found.items() if name != ("clock", None)}
    lines = daemon.run_ctl("doctor").stdout.splitlines()
    assert len(lines) == len(found), "a line a check"
    assert all(line.split()[0] in ("ok", "warning", "problem") for line in lines)


def test_nobody_is_there(idle):
    ended = idle.run_ctl("doctor")
    assert ended.returncode == 1 and "There is no socket" in ended.stdout and "systemctl" in ended.stdout
    listener = socket.socket(socket.AF_UNIX)
    idle.runtime.mkdir()
    listener.bind(str(idle.control))
    ended = idle.run_ctl("doctor")
    assert ended.returncode == 1 and "Nobody listens" in ended.stdout
    listener.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_who_may_not_use_the_socket_is_told_who_may(daemon):
    for path in (daemon.directory, daemon.runtime):
        path.chmod(0o755)
    client = daemon.directory / "codegenctl"
    shutil.copy(CODEGENCTL, client)
    group = grp.getgrgid(pwd.getpwnam("daemon").pw_gid)
    os.chown(daemon.control, 0, group.gr_gid)
    nobody = pwd.getpwnam("nobody").pw_uid

    def run(*arguments):
        return subprocess.run([client, "--socket", daemon.control, *arguments], capture_output=True, text=True,
                              env={**daemon.environment, "HOME": "/"}, user=nobody, group=65534, extra_groups=[])

    ended = run("doctor")
    assert ended.returncode == 1
    assert "its group may" in ended.stdout and f"usermod -aG {group.gr_name}" in ended.stdout
    ended = run("status")
    assert ended.returncode == 5 and f"usermod -aG {group.gr_name}" in ended.stderr
    ended = run("submit", "--strict", "--project", "acme/web", "--branch", "fix", "test_failure", "it broke")
    assert ended.returncode != 0 and f"usermod -aG {group.gr_name}" in ended.stderr
    os.chown(daemon.control, 0, 61234)  # of a group that has no name here, as in a container
    ended = run("status")
    assert ended.returncode == 5 and "--group-add 61234" in ended.stderr
    os.chown(daemon.control, 0, 65534)  # as in a user namespace that does not know the group
    ended = subprocess.run(["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", client, "--socket",
                            daemon.control, "status"], capture_output=True, text=True, env=daemon.environment)
    assert ended.returncode == 5 and "join its group, on the host" in ended.stderr
    daemon.control.chmod(0o600)
    ended = run("doctor")
    assert ended.returncode == 1 and "no group would let you" in ended.stdout


def test_files_and_programs(idle):
    idle.configure(f"""
agent fixer {{ command = {{ "{idle.agent.path}" }} }}
agent gone {{ command = {{ "/nonexistent/fix" }} }}
agent folder {{ command = {{ "/tmp" }} }}
agent nowhere {{
    command = {{ "{idle.agent.path}" }}
    workdir = "/nonexistent"
}}
""")
    idle.start()
    idle.submit()
    (idle.state / "codegend.db").chmod(0o644)
    idle.ctl("pause")
    found = examine(idle, code=1)
    assert found["agent", "fixer"]["state"] == "ok"
    assert "cannot be executed" in found["agent", "gone"]["message"]
    assert "it is no file" in found["agent", "folder"]["message"]
    assert "cannot be entered" in found["agent", "nowhere"]["message"]
    assert found["store", None]["state"] == "problem" and "chmod 600" in found["store", None]["remedy"]
    assert found["pause", None]["state"] == "warning" and found["pause", None]["remedy"] == "codegenctl resume"


def test_the_spool(idle):
    spool = idle.directory / "spool"
    idle.configure(follow_up_delay="1h")
    idle.start("--spool-directory", spool)
    found = examine(idle)
    assert found["spool", None]["state"] == "warning" and str(spool) in found["spool", None]["message"]
    assert "codegenctl reload" in found["spool", None]["remedy"], "this one runs in no unit"
    spool.mkdir()
    (spool / "key.0000000000000001.json").write_text("{}")
    idle.ctl("reload")
    wait_for(lambda: examine(idle)["spool", None]["message"].startswith("1 submissions"), "one that is set aside")
    assert "journalctl" in examine(idle)["spool", None]["remedy"]
    for path in spool.iterdir():
        path.unlink()
    # Of another daemon, which is not there: what the client left waits.
    old = spool / "key.0000000000000002.json"
    idle.stop()
    old.write_text("{}")
    os.utime(old, (1_600_000_000, 1_600_000_000))
    ended = idle.run_ctl("doctor")
    assert "1 submissions wait" in ended.stdout and "2020-09-13" in ended.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
@pytest.mark.parametrize("mode, owner, is_service, words", [
    (0o3733, 0, True, None), (0o2770, 0, True, None), (0o700, 0, False, None), (0o755, 0, False, None),
    (0o777, 0, True, "without the sticky bit"), (0o2733, 0, False, "without the sticky bit"),
    (0o700, 0, True, "No other user may leave"), (0o755, 0, True, "No other user may leave"),
    (0o3733, 65001, True, "the user with the id 65001"), (0o700, 65001, False, "the user with the id 65001")])
def test_who_may_use_the_spool(idle, mode, owner, is_service, words):
    spool = idle.directory / "spool"
    spool.mkdir()
    spool.chmod(mode)
    os.chown(spool, owner, -1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(idle.directory / "notify"))
        notify.settimeout(0)
        if is_service:
            idle.environment["NOTIFY_SOCKET"] = str(idle.directory / "notify")
        idle.start("--spool-directory", spool)
        found = examine(idle)["spool", None]
        idle.stop()
    assert found["state"] == ("warning" if words else "ok"), found
    assert words is None or words in found["message"], found
    assert words is None or ("systemd-tmpfiles" if is_service else "chmod 3733") in found["remedy"]


def test_github(make_place):  # noqa: F811
    place = make_place(agents=["asked"], more='project "acme/web" {\n    forge = github\n    agents = { asked }\n}\n')
    found = examine(place.daemon)
    assert found["credential of forge", "github"]["state"] == "ok"
    assert f"file:{place.token_file}" in found["credential of forge", "github"]["message"]
    assert found["forge", "github"]["state"] == "ok", found["forge", "github"]
    assert "codegend-bot" in found["forge", "github"]["message"] and "acme/web" in found["forge", "github"]["message"]
    assert "codegen-sh" in found["agent", "asked"]["message"]
    assert place.token not in str(found)

    # Not one request changed anything.
    assert not place.hub.write_times()

    place.token_file.chmod(stat.S_IRUSR | stat.S_IRGRP)
    found = examine(place.daemon, code=1)
    assert "chmod 600" in found["credential of forge", "github"]["message"]
    place.token_file.unlink()
    found = examine(place.daemon, code=1)
    assert "there is no such file" in found["credential of forge", "github"]["message"]


def test_a_role_and_a_token_that_do_not_reach(make_place):  # noqa: F811
    more = 'project "acme/web" {\n    forge = github\n}\n'
    place = make_place(more=more, roles={"codegend-bot": "read"})
    found = examine(place.daemon)
    assert found["forge", "github"]["state"] == "warning" and "may only read" in found["forge", "github"]["message"]
    fine = {"issues": "write", "pull_requests": "write", "statuses": "write", "contents": "read", "metadata": "read"}
    place = make_place(more=more, token={"kind": "fine-grained", "permissions": fine})
    found = examine(place.daemon)
    assert found["forge", "github"]["state"] == "warning" and "checks" in found["forge", "github"]["message"]
    place = make_place(more=more, token={"kind": "fine-grained", "permissions": {**fine, "pull_requests": None}})
    found = examine(place.daemon, code=1)
    assert "pull requests" in found["forge", "github"]["message"], found["forge", "github"]


def test_a_forge_that_is_not_there(idle):
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    idle.configure(f"""
forge silent {{
    type = github
    api-url = "http://127.0.0.1:{server.getsockname()[1]}"
    token = "env:FORGE_TOKEN"
}}
forge gone {{
    type = github
    api-url = "http://127.0.0.1:1"
    token = "env:FORGE_TOKEN"
}}
forge unpaid {{
    type = github
    api-url = "http://127.0.0.1:1"
    token = "env:NO_TOKEN"
}}
""")
    idle.start(environment={"FORGE_TOKEN": "top-secret-token"})
    found = examine(idle, code=1)
    assert "within 10 s" in found["forge", "silent"]["message"]
    assert found["forge", "gone"]["state"] == "problem" and "network" in found["forge", "gone"]["remedy"]
    assert "its credential" in found["forge", "unpaid"]["remedy"], found["forge", "unpaid"]
    # Variables can be seen by others.
    credential = found["credential of forge", "silent"]
    assert credential["state"] == "warning" and "env:FORGE_TOKEN" in credential["message"]
    assert "top-secret" not in str(found)
    server.close()


def test_a_daemon_that_hangs_is_told(daemon):
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        ended = daemon.run_ctl("--timeout", 1, "doctor")
        assert ended.returncode == 1 and "does not answer" in ended.stdout
        ended = daemon.run_ctl("--timeout", 1, "status")
        assert "did not answer in time" in ended.stderr and '"codegenctl doctor"' in ended.stderr
    finally:
        daemon.process.send_signal(signal.SIGCONT)


def test_a_stop_while_it_waits(idle):
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    idle.configure(f"""
forge silent {{
    type = github
    api-url = "http://127.0.0.1:{server.getsockname()[1]}"
    token = "env:FORGE_TOKEN"
}}
""")
    idle.start(environment={"FORGE_TOKEN": "x"})
    connection = idle.connect()
    connection.send("io.codegend.Doctor")
    server.accept()
    idle.stop()
    connection.close()
    server.close()


def in_a_system_of_its_own(daemon, run):
    """Starts go on with the directory `run` in the place of /run."""
    arguments = daemon.arguments
    script = f'mount --bind "{run}" /run && exec "$@"'
    daemon.arguments = lambda *more: ["unshare", "--mount", "sh", "-c", script, "sh", *arguments(*more)]
    if subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", "true"], capture_output=True).returncode != 0:
        pytest.skip("needs a mount namespace")


def test_a_credential_that_was_copied_from_an_open_file(idle):
    run, given = idle.directory / "system-run", idle.directory / "given"
    store = run / "credstore"
    for directory in (run, given, store):
        directory.mkdir()
        directory.chmod(0o755)
    in_a_system_of_its_own(idle, run)
    for path in (given / "doctor-token", store / "doctor-token"):
        path.write_text("top-secret-token")
        path.chmod(0o400)
    idle.configure("""
forge hub {
    type = github
    api-url = "http://127.0.0.1:1"
    token = "credential:doctor-token"
}
""")
    idle.start(environment={"CREDENTIALS_DIRECTORY": str(given)})

    def look():
        return examine(idle)["credential of forge", "hub"]

    assert look()["state"] == "ok" and "closed to others" in look()["message"]
    (store / "doctor-token").chmod(0o644)
    assert look()["state"] == "problem" and '"/run/credstore/doctor-token"' in look()["message"]
    assert look()["remedy"].startswith('chmod 0600 "/run/credstore/doctor-token"')
    store.chmod(0o700)
    assert look()["state"] == "ok", "nobody gets there"
    if os.geteuid() == 0:
        store.chmod(0o755)
        (store / "doctor-token").chmod(0o600)
        os.chown(store / "doctor-token", 12345, 0)
        assert look()["state"] == "problem" and "the id 12345" in look()["message"]


def test_a_credential_of_a_drop_in(idle):
    """Of a file anywhere, which the unit names."""
    run, given, elsewhere = (idle.directory / name for name in ("system-run", "given", "elsewhere"))
    drop_ins = run / "systemd/system/codegend.service.d"
    for directory in (given, drop_ins, elsewhere):
        directory.mkdir(parents=True)
    idle.directory.chmod(0o755)
    in_a_system_of_its_own(idle, run)
    token = elsewhere / "token"
    for path in (given / "doctor-token", token):
        path.write_text("top-secret-token")
        path.chmod(0o400)
    (drop_ins / "token.conf").write_text(f"[Service]\n LoadCredential = doctor-token:{token}\n")
    idle.configure("""
forge hub {
    type = github
    api-url = "http://127.0.0.1:1"
    token = "credential:doctor-token"
}
""")
    idle.start(environment={"CREDENTIALS_DIRECTORY": str(given)})

    def look():
        return examine(idle)["credential of forge", "hub"]

    assert look()["state"] == "ok"
    token.chmod(0o644)
    assert look()["state"] == "problem" and f'"{token}"' in look()["message"]
    later = drop_ins / "zzz.conf"
    later.write_text("[Service]\nLoadCredential=\n")
    assert look()["state"] == "ok", "it is not named any more"
    later.write_text("[Service]\nLoadCredential=doctor-token:%d/token\n")
    assert look()["state"] == "warning" and '"%d/token" cannot be seen' in look()["message"]
    later.write_text("[Service]\nLoadCredential=doctor-token\nSetCredential=doctor-token:top-secret-token\n")
    assert look()["state"] == "warning" and "zzz.conf" in look()["message"] and "SetCredential=" in look()["remedy"]
    later.unlink()
    elsewhere.chmod(0o700)
    assert look()["state"] == "ok", "nobody gets there"
    if os.geteuid() == 0:
        os.chown(elsewhere, 12345, 0)
        assert look()["state"] == "problem" and "the id 12345" in look()["message"]


class System:
    """The client of a user's own daemon, whose sockets the test plays: no --socket is given."""

    def __init__(self, daemon):
        self.directory = daemon.directory
        self.runtime = daemon.directory / "codegend"
        self.programs = daemon.directory / "programs"
        self.environment = {**daemon.environment, "XDG_RUNTIME_DIR": str(daemon.directory),
                            "PATH": f'{self.programs}:{daemon.environment["PATH"]}'}
        self.programs.mkdir()
        (self.directory / "spool").mkdir(exist_ok=True)

    def systemctl(self, script):
        path = self.programs / "systemctl"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def units(self, *states):
        """What it says of codegend.service and its two sockets: "LOAD ACTIVE" each."""
        said = "\n".join("LoadState={}\nActiveState={}\n".format(*state.split()) for state in states)
        self.systemctl(f"cat <<'END'\n{said}END")

    def unit(self, state, status, text, load="loaded", code=1):
        """What it says of codegend.service. `code`: how the last process ended, as si_code has it."""
        (self.directory / "said").write_text(f"LoadState={load}\nActiveState={state}\nExecMainCode={code}\n"
                                             f"ExecMainStatus={status}\nStatusText={text}\n")
        self.systemctl(f'echo "$*" >"{self.directory}/asked"; cat "{self.directory}/said"')

    def run_ctl(self, *arguments):
        return subprocess.run([CODEGENCTL, "--user", *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, env=self.environment, cwd=self.directory)


@pytest.fixture
def system(idle):
    return System(idle)


def listen(path):
    """As systemd does while the daemon does not start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def test_a_daemon_that_does_not_start_says_why(system):
    sockets = [listen(system.runtime / "control.sock"), listen(system.runtime / "submit" / "submit.sock")]
    system.unit("activating", 7, 'codegend.conf:3: "x" is no mode')
    found = examine(system, code=1)
    assert "did not answer in time" in found["control socket", None]["message"]
    assert ("submit socket", None) not in found, "behind both is one daemon"
    assert found["service", None]["message"].endswith('codegend.conf:3: "x" is no mode.')
    assert found["service", None]["remedy"].startswith("codegend --check-config")
    assert "--user show" in (system.directory / "asked").read_text()
    system.unit("activating", 7, "")  # between two tries systemd has forgotten it
    assert "configuration is wrong" in examine(system, "--timeout", "1", code=1)["service", None]["message"]
    system.unit("activating", 9, "")
    assert "store" in examine(system, "--timeout", "1", code=1)["service", None]["message"]
    system.unit("activating", 9, "", code=2)  # by signal 9, which is no exit status
    assert "was killed" in examine(system, "--timeout", "1", code=1)["service", None]["message"]
    system.unit("activating", 243, "")
    found = examine(system, "--timeout", "1", code=1)
    assert "LoadCredential=" in found["service", None]["message"]
    assert "systemctl cat codegend" in found["control socket", None]["remedy"]
    # While the next one starts nothing is known.
    system.unit("activating", 0, "", code=0)
    known = (system.directory / "said").read_text().replace("Code=0", "Code=1").replace("Status=0", "Status=7")
    (system.directory / "later").write_text(known)
    system.systemctl('cd "$(dirname "$0")/.."; cat said; cp later said')
    assert "configuration is wrong" in examine(system, "--timeout", "1", code=1)["service", None]["message"]
    for ended in ("exit 1", "exec sleep 1000"):
        system.systemctl(ended)
        found = examine(system, "--timeout", "1", code=1)
        assert ("service", None) not in found and "--check-config" in found["control socket", None]["remedy"]
    for listener in sockets:
        listener.close()


@pytest.mark.parametrize("state, load, expected", [
    ("active", "loaded", ("ok", "runs")),
    ("inactive", "loaded", ("warning", "is stopped")),
    ("inactive", "not-found", None),
])
def test_a_service_that_runs_or_was_stopped_is_no_problem(system, state, load, expected):
    system.unit(state, 0, "Stopping: what is under way is finished or recorded first.", load)
    found = examine(system).get(("service", None))
    assert (found and found["state"]) == (expected and expected[0]), found
    assert expected is None or expected[1] in found["message"]


SOCKETS = "codegend-control.socket codegend-submit.socket"


@pytest.mark.parametrize("states, message, remedy", [
    (["masked inactive", "loaded inactive", "loaded inactive"], "codegend.service is masked", "systemctl unmask"),
    (["loaded inactive", "loaded failed", "masked inactive"], "codegend-submit.socket is masked", "systemctl unmask"),
    (["loaded inactive", "loaded active", "loaded failed"], "codegend-submit.socket has failed",
     "systemctl reset-failed"),
    (["loaded active", "loaded active", "loaded active"], "codegend.service runs", f"systemctl restart {SOCKETS}"),
    (["loaded inactive", "loaded inactive", "loaded inactive"], "is stopped", f"systemctl enable --now {SOCKETS}"),
    (["not-found inactive"] * 3, None, "codegend --user"),
])
def test_what_stands_in_the_way_of_a_start(system, states, message, remedy):
    """The socket's remedy is one that works."""
    system.units(*states)
    found = examine(system, code=1)
    assert remedy in found["control socket", None]["remedy"] and remedy in found["submit socket", None]["remedy"]
    assert message is None or message in found["service", None]["message"]
    assert message is not None or ("service", None) not in found


def test_a_socket_that_is_started_once_more(system):
    """Whoever asks the other socket has systemd try it again: what comes of that decides."""
    for name, state in (("said", "activating"), ("later", "failed")):
        system.units("loaded inactive", "loaded active", f"loaded {state}")
        (system.programs / "systemctl").rename(system.directory / name)
    system.systemctl('cd "$(dirname "$0")/.."; sh said; cp later said')
    assert "codegend-submit.socket has failed" in examine(system, code=1)["service", None]["message"]


def test_a_socket_that_was_removed(system, daemon):
    """Of a unit that is active: to enable it does nothing."""
    system.runtime.mkdir()
    (system.runtime / "control.sock").symlink_to(daemon.control)
    system.units(*["loaded active"] * 3)
    found = examine(system, code=1)
    assert found["control socket", None]["state"] == "ok"
    assert found["submit socket", None]["remedy"] == f"systemctl restart {SOCKETS}"


def test_who_only_submits_has_no_problem(system, daemon):
    (system.runtime / "submit").mkdir(parents=True)
    (system.runtime / "submit" / "submit.sock").symlink_to(daemon.submit_socket)
    found = examine(system, code=0)
    assert found["submit socket", None]["state"] == "ok"
    assert found["control socket", None]["state"] == "warning", "as in a container"
    assert "the daemon itself was not examined" in found["control socket", None]["message"]
    assert ("store", None) not in found and ("service", None) not in found
    assert found["version", None]["state"] == "ok"


def test_sockets_that_let_everybody_in(system, daemon):
    system.runtime.symlink_to(daemon.runtime)
    sockets = {"control socket": (daemon.control, "problem"), "submit socket": (daemon.submit_socket, "warning")}

    def look():
        found = examine(system)
        return {name: found[name, None]["state"] for name in sockets}

    for path, _ in sockets.values():
        path.chmod(0o666)
    assert set(look().values()) == {"ok"}, "the directory is closed"
    for path in (daemon.directory, daemon.runtime, daemon.runtime / "submit"):
        path.chmod(0o755)
    assert look() == {name: state for name, (_, state) in sockets.items()}
    found = examine(system, code=1)["control socket", None]
    assert "everybody" in found["message"] and "SocketMode" in found["remedy"]
    for path, _ in sockets.values():
        path.chmod(0o660)
    assert set(look().values()) == {"ok"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_administration_is_not_offered_to_who_only_submits(system, daemon):
    for path in (daemon.directory, daemon.runtime, daemon.runtime / "submit"):
        path.chmod(0o755)
    system.runtime.symlink_to(daemon.runtime)
    daemon.submit_socket.chmod(0o666)
    daemon.control.chmod(0o660)
    client = daemon.directory / "codegenctl"
    shutil.copy(CODEGENCTL, client)
    ended = subprocess.run([client, "--user", "doctor"], capture_output=True, text=True, env=system.environment,
                           user=pwd.getpwnam("nobody").pw_uid, group=65534, extra_groups=[])
    assert ended.returncode == 0, ended.stdout
    assert "which is all that CI needs" in ended.stdout and "usermod" not in ended.stdout
    assert f'"{system.runtime}/submit/submit.sock" answers' in ended.stdout
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        ended = subprocess.run([client, "--user", "--timeout", "1", "doctor"], capture_output=True, text=True,
                               env=system.environment, user=pwd.getpwnam("nobody").pw_uid, group=65534, extra_groups=[])
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    assert ended.returncode == 1 and "usermod" not in ended.stdout, ended.stdout


def test_the_submit_socket_by_name(daemon):
    (daemon.directory / "spool").mkdir()
    ended = daemon.run_ctl("--json", "doctor", submit=True)
    told = {check["name"]: check for check in json.loads(ended.stdout)["checks"]}
    assert ended.returncode == 0, ended.stdout
    assert told["daemon"]["state"] == "ok", told
    assert "takes submissions, which is all that CI needs" in told["daemon"]["message"]


def test_a_forge_that_stands_still_is_not_well(make_place):
    """One 401, and GitHub is well again: nothing is sent, as `status` says, before a reload; a rate limit passes."""
    place = make_place(agents=["asked"])
    place.pull("fix")
    ticket = place.report("fix")
    place.wait_state(ticket, "waiting")
    assert examine(place.daemon)["forge", "github"]["state"] == "ok"
    place.hub.fail("*", "unauthorized", 1, effect="none")
    place.look()
    reason = wait_for(lambda: place.forge().get("reason"), "the refusal")
    forge = examine(place.daemon, code=1)["forge", "github"]
    assert forge["state"] == "problem" and forge["message"] == reason and "codegenctl reload" in forge["remedy"]
    place.daemon.ctl("reload")
    assert examine(place.daemon)["forge", "github"]["state"] == "ok"
    place.hub.fail("*", "status", 1, status=429, headers={"Retry-After": "300"}, body={"message": "rate limit"})
    place.look()
    wait_for(lambda: place.forge().get("reason"), "the limit")
    forge = examine(place.daemon)["forge", "github"]
    assert forge["state"] == "warning" and "Asks again at" in forge["message"]


def test_a_forge_that_was_not_asked_did_not_answer_late(make_place):
    """A limit that is over soon is waited for, for longer than doctor waits."""
    place = make_place(agents=[])
    place.pull("fix")
    place.wait_state(place.report("fix"), "waiting")
    place.hub.fail("*", "status", 1, status=429, headers={"Retry-After": "60"}, body={"message": "rate limit"})
    place.look()
    reason = wait_for(lambda: place.forge().get("reason"), "the limit")
    forge = examine(place.daemon)["forge", "github"]
    assert forge["state"] == "warning" and forge["message"] == reason, forge


def test_a_project_that_only_a_glob_names(make_place):
    """What is under repair there tells which: a token that may not see it, and a role that may only read."""
    place = make_place(agents=[], roles={"codegend-bot": "read"})
    assert examine(place.daemon)["forge", "github"]["state"] == "ok"
    place.pull("fix")
    place.wait_state(place.report("fix"), "waiting")
    forge = examine(place.daemon)["forge", "github"]
    assert forge["state"] == "warning" and "may only read acme/web" in forge["message"]
    del place.hub.find("acme/web").roles["codegend-bot"]
    forge = examine(place.daemon, code=1)["forge", "github"]
    assert forge["state"] == "problem" and "does not find the repository of acme/web" in forge["message"]
