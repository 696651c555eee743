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
    ended = subprocess.run([client, "--socket", daemon.control, "doctor"], capture_output=True, text=True,
                           env={**daemon.environment, "HOME": "/"}, user=nobody, group=65534, extra_groups=[])
    assert ended.returncode == 1
    assert f'the group "{group.gr_name}" may' in ended.stdout and f"usermod -aG {group.gr_name}" in ended.stdout
    daemon.control.chmod(0o600)
    ended = subprocess.run([client, "--socket", daemon.control, "doctor"], capture_output=True, text=True,
                           env={**daemon.environment, "HOME": "/"}, user=nobody, group=65534, extra_groups=[])
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
""")
    idle.start(environment={"FORGE_TOKEN": "top-secret-token"})
    found = examine(idle, code=1)
    assert "within 10 s" in found["forge", "silent"]["message"]
    assert found["forge", "gone"]["state"] == "problem"
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
