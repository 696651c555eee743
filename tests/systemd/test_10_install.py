"""What an installation leaves: sockets that wait, and a daemon that starts with the first submission."""
import json
import shutil
import subprocess

import pytest

from machine import AGENT_SOCKET, CLIENT, CONTROL_SOCKET, SPOOL, SUBMIT_DIR, SUBMIT_SOCKET, wait_for

UNITS = ["codegend.service", "codegend-submit.socket", "codegend-control.socket", "codegend-agent.socket"]
SOCKETS = UNITS[1:]


def test_an_installation_opens_the_sockets_and_starts_nothing(installed):
    for unit in UNITS:
        assert installed.run("systemctl", "is-enabled", unit).stdout.strip() == "enabled", unit
    assert all(installed.is_active(unit) for unit in SOCKETS)
    assert not installed.is_active() and not installed.exists("/var/lib/codegend/codegend.db")


@pytest.mark.parametrize("path, look", [
    (SUBMIT_SOCKET, "660 root:codegen-submit"),
    (CONTROL_SOCKET, "660 root:codegen-admin"),
    (AGENT_SOCKET, "600 codegend:codegend"),
    (SUBMIT_DIR, "755 root:root"),
    ("/var/spool/codegend", "710 codegend:codegen-submit"),
    (SPOOL, "3733 codegend:codegend"),
    ("/var/spool/codegend/rejected", "700 codegend:codegend"),
])
def test_who_owns_what(installed, path, look):
    assert installed.look_at(path) == look


def test_it_is_small(installed):
    sizes = installed.do("dpkg-query", "--show", "--showformat=${Installed-Size}\\n", "codegend", "codegenctl").split()
    assert sum(map(int, sizes)) <= 2048, "KiB"


def test_verify_is_silent(installed):
    ended = installed.run("systemd-analyze", "verify", "--man=no", *UNITS)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_the_completions_of_zsh_lie_where_it_looks(installed):
    """Debian's zsh, which is not in the machine: the one of the host knows."""
    looks = subprocess.run(["zsh", "-f", "-c", "print -l $fpath"], capture_output=True, text=True, check=True)
    assert [path for path in looks.stdout.split() if installed.exists(f"{path}/_codegenctl")]


def test_the_first_submission_starts_the_daemon(installed):
    assert not installed.is_active()
    ticket = installed.submit("first")
    installed.wait_active()
    assert installed.ctl("report", "show", ticket["reportId"])["project"] == "acme/web"
    assert installed.look_at("/var/lib/codegend") == "700 codegend:codegend"


def test_it_says_how_it_is(running):
    """In sentences, for who types `systemctl status`."""
    def status():
        return running.show("codegend.service", "StatusText")

    wait_for(lambda: "Incidents: 1 under repair" in status(), "the number of incidents")
    running.do(CLIENT, "pause", user="admin")
    running.systemctl("reload", "codegend.service")
    wait_for(lambda: status().endswith("Everything is paused."), "the pause")
    running.do(CLIENT, "resume", user="admin")
    assert running.show("codegend.service", "Type") == "notify"
    assert int(running.show("codegend.service", "WatchdogUSec").rstrip("s")) > 0


def test_reload_keeps_the_process(running):
    pid = running.main_pid()
    running.write("/etc/codegend/codegend.conf", "follow-up-delay = 2h\n")
    try:
        running.systemctl("reload", "codegend.service")
        wait_for(lambda: "read again and is in force" in running.log(), "the reload")
        assert running.main_pid() == pid
    finally:
        running.do("rm", "/etc/codegend/codegend.conf")
        running.systemctl("reload", "codegend.service")


def test_it_may_write_to_its_own_places_alone(running):
    """What the unit takes away, tried from inside of it, as an agent of type command would."""
    user, group = (running.do("id", option, "codegend").strip() for option in ("-u", "-g"))
    inside = ["nsenter", f"--target={running.main_pid()}", "--mount", "--setuid", user, "--setgid", group, "touch"]
    for path, may in (("/var/lib/codegend/x", True), (f"{SPOOL}/.x", True), ("/tmp/x", True), ("/etc/x", False),
                      ("/home/x", False), ("/run/x", False), ("/var/lib/x", False), ("/srv/x", False)):
        assert (running.run(*inside, path).returncode == 0) == may, path
    running.do("rm", "/var/lib/codegend/x", f"{SPOOL}/.x")
    assert running.run(*inside[:-1], "busctl", "list").returncode != 0


def test_a_mistake_in_the_configuration_is_waited_for(running):
    """It is mended under a daemon that cannot start, and then that one starts by itself; the sockets stay."""
    running.write("/etc/codegend/codegend.conf", "no-such-key = 1\n")
    assert running.run("systemctl", "restart", "codegend.service").returncode != 0
    for _ in range(3):
        running.run(*running.submission("while-broken"), user="ci")
    assert all(running.is_active(unit) for unit in SOCKETS)
    wait_for(lambda: "no-such-key" in running.show("codegend.service", "StatusText"), "the reason")
    assert "no-such-key" in running.log()

    def shown():
        return running.run("systemctl", "status", "--no-pager", "codegend.service").stdout

    def is_told():
        said = shown()
        return "auto-restart" in said and "status=7" in said and "no-such-key" in said

    wait_for(is_told, "the reason between two tries")
    running.do("rm", "/etc/codegend/codegend.conf")
    running.wait_active()
    wait_for(lambda: running.run(*running.submission("while-broken"), user="ci").returncode == 0, "an answer")


def test_a_full_disk_is_waited_for(running):
    """No start on it, and the reason is said; once there is space it goes on by itself with what was submitted."""
    running.systemctl("stop", "codegend.service")
    running.do("mount", "--types", "tmpfs", "--options", "size=32k,mode=0700,uid=codegend,gid=codegend", "none",
               "/var/lib/codegend")
    try:
        running.run("dd", "if=/dev/zero", "of=/var/lib/codegend/much", "bs=4k")
        assert running.run(*running.submission("while-full"), user="ci").returncode == 75
        wait_for(lambda: "full" in running.show("codegend.service", "StatusText"), "the reason")
        assert all(running.is_active(unit) for unit in SOCKETS) and not running.is_active()
    finally:
        running.do("umount", "--lazy", "/var/lib/codegend")
    running.wait_active()
    wait_for(lambda: "ticket" in running.call("GetTicket", key="while-full"), "the submission being taken")


def finding(machine, name):
    """What doctor says of it."""
    told = json.loads(machine.run(CLIENT, "--json", "doctor", user="admin").stdout)
    return next(check for check in told["checks"] if check["name"] == name)


def why(machine, name="service"):
    """What doctor says of a daemon that does not answer; it does not wait for long."""
    told = json.loads(machine.run(CLIENT, "--json", "--timeout", "1", "doctor", user="admin").stdout)
    return next(check for check in told["checks"] if check["name"] == name)


def obey(machine, remedy):
    """Runs what a remedy says is to be done."""
    machine.do("sh", "-c", remedy[remedy.index("systemctl"):].replace(", then ", " && ").replace(" and ", " && "))
    machine.submit("after-a-remedy")
    assert machine.is_active()


@pytest.mark.parametrize("unit, stopped", [
    ("codegend.service", ["codegend.service", *SOCKETS]),
    ("codegend-submit.socket", ["codegend-submit.socket"]),
])
def test_a_masked_unit_is_unmasked_as_doctor_says(running, unit, stopped):
    running.systemctl("mask", unit)
    try:
        running.systemctl("stop", *stopped)
        for _ in range(2):
            found = why(running)
            assert f"{unit} is masked" in found["message"] and found["state"] == "problem", found
            assert why(running, "control socket")["remedy"] == found["remedy"]
        obey(running, found["remedy"])
    finally:
        running.systemctl("unmask", unit)


def test_a_socket_that_failed_is_started_as_doctor_says(running):
    running.systemctl("stop", "codegend.service", *SOCKETS)
    running.do("groupmod", "--new-name", "renamed", "codegen-submit")
    try:
        for _ in range(6):  # more often than systemd tries it
            assert running.run("systemctl", "start", "codegend-submit.socket").returncode != 0
        running.systemctl("start", "codegend-control.socket")
        found = why(running)
        assert "codegend-submit.socket has failed" in found["message"], found
    finally:
        running.do("groupmod", "--new-name", "codegen-submit", "renamed")
    obey(running, found["remedy"][found["remedy"].index("then "):])


def test_a_socket_that_was_removed_is_back_as_doctor_says(running):
    running.do("rm", SUBMIT_SOCKET)
    obey(running, why(running, "submit socket")["remedy"])


@pytest.mark.parametrize("setting", ["LoadCredential=x:/nonexistent", "LoadCredentialEncrypted=x:/etc/hostname"])
def test_a_credential_that_stops_the_service_is_named(running, setting):
    place = "/etc/systemd/system/codegend.service.d/test.conf"
    running.write(place, f"[Service]\n{setting}\n")
    running.systemctl("daemon-reload")
    running.run("systemctl", "restart", "codegend.service")
    try:
        found = why(running)
        assert setting.split("=")[0] in found["message"] and "systemctl cat" in found["remedy"], found
    finally:
        running.do("rm", place)
        running.systemctl("daemon-reload")
    running.wait_active()


def test_why_it_does_not_start_is_said_at_any_time(running):
    """Also while it tries once more."""
    running.write("/etc/codegend/codegend.conf", "mode = nonsense\n")
    running.run("systemctl", "restart", "codegend.service")
    try:
        for _ in range(10):
            assert '"nonsense" is not known' in why(running)["message"]
    finally:
        running.do("rm", "/etc/codegend/codegend.conf")
    running.wait_active()


def test_a_spool_that_is_gone_comes_back_as_doctor_says(running):
    running.do("rm", "--recursive", "/var/spool/codegend")
    for _ in range(2):
        gone = finding(running, "spool")
        assert gone["state"] == "warning" and "systemctl restart codegend" in gone["remedy"], gone
        running.run("systemd-tmpfiles", "--create")
    running.systemctl("restart", "codegend.service")
    assert finding(running, "spool")["state"] == "ok"


def test_the_sockets_directory_outlives_daemon_and_socket_unit(running):
    inode = running.do("stat", "--format=%i", SUBMIT_DIR)
    socket = running.do("stat", "--format=%i", SUBMIT_SOCKET)
    running.systemctl("restart", "codegend.service")
    running.systemctl("stop", "codegend.service")
    assert running.do("stat", "--format=%i", SUBMIT_DIR, ) == inode
    assert running.do("stat", "--format=%i", SUBMIT_SOCKET) == socket
    running.systemctl("restart", "codegend-submit.socket")
    assert running.do("stat", "--format=%i", SUBMIT_DIR) == inode
    assert running.do("ls", SUBMIT_DIR).split() == ["submit.sock"]
    running.submit("after-restart-of-socket")


@pytest.mark.parametrize("unit", SOCKETS)
def test_a_socket_may_be_restarted_without_end(running, unit):
    for _ in range(10):
        running.systemctl("restart", unit)
    assert running.submit(f"after-restarts-of-{unit}")["reportId"]


def test_a_stop_is_clean(running):
    running.systemctl("stop", "codegend.service")
    assert running.show("codegend.service", "Result") == "success"
    assert running.show("codegend.service", "ExecMainStatus") == "0"


# Credentials

CREDENTIALS = "/run/credentials/codegend.service"
SECRET = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"


def test_credentials_may_be_missing(running):
    assert not running.exists(f"{CREDENTIALS}/github-token")
    assert running.is_active()


def test_a_credential_of_the_store_reaches_the_daemon_alone(running):
    running.write("/etc/credstore/github-token", SECRET + "\n", mode=0o600)
    running.systemctl("restart", "codegend.service")
    assert running.do("cat", f"{CREDENTIALS}/github-token", user="codegend").strip() == SECRET
    for user in ("ci", "admin", "stranger"):
        assert running.run("cat", f"{CREDENTIALS}/github-token", user=user).returncode != 0, user
    assert SECRET not in running.log() and SECRET not in running.do("codegenctl", "config", user="admin")
    running.do("rm", "/etc/credstore/github-token")


def test_a_credential_may_be_encrypted(running):
    place = "/etc/credstore.encrypted/github-token"
    running.do("mkdir", "--parents", "/etc/credstore.encrypted")
    running.do("systemd-creds", "encrypt", "-", place, text=SECRET)
    with running.drop_in("[Service]\nLoadCredentialEncrypted=github-token\n"):
        assert running.do("cat", f"{CREDENTIALS}/github-token", user="codegend").strip() == SECRET
        running.do("rm", place)
    assert running.is_active()


def test_doctor_looks_at_what_a_drop_in_names(running):
    running.write("/etc/codegend/codegend.conf", "forge github { type = github }\n")
    running.write("/srv/token", SECRET, mode=0o644)
    try:
        with running.drop_in("[Service]\nLoadCredential=github-token:/srv/token\n"):
            found = finding(running, "credential of forge")
            assert found["state"] == "problem" and '"/srv/token"' in found["message"], found
            running.do("chmod", "600", "/srv/token")
            assert finding(running, "credential of forge")["state"] == "ok"
            running.do("chown", "ci", "/srv/token")
            assert finding(running, "credential of forge")["state"] == "problem"
    finally:
        running.do("rm", "/etc/codegend/codegend.conf", "/srv/token")
        running.systemctl("restart", "codegend.service")


def test_doctor_looks_at_a_directory_of_credentials(running):
    forge = 'forge github {\n    type = github\n    token = "credential:gh_tok"\n}\n'
    running.write("/etc/codegend/codegend.conf", forge)
    running.write("/srv/agent/tok", SECRET, mode=0o644)
    try:
        with running.drop_in("[Service]\n# more \\\nLoadCredential=gh:/srv/agent/\n"):
            found = finding(running, "credential of forge")
            assert found["state"] == "problem" and '"/srv/agent/tok"' in found["message"], found
            running.do("chmod", "600", "/srv/agent/tok")
            assert finding(running, "credential of forge")["state"] == "ok"
    finally:
        running.do("rm", "-r", "/etc/codegend/codegend.conf", "/srv/agent")
        running.systemctl("restart", "codegend.service")


def test_no_core_is_dumped(running):
    """Nor where a drop-in would allow one."""
    with running.drop_in("[Service]\nLimitCORE=infinity\nWorkingDirectory=/var/lib/codegend\n"):
        pid = running.main_pid()
        running.do("sh", "-c", f"kill -ABRT {pid}")
        running.wait_new_pid(pid)
        line = [line for line in running.log().splitlines() if "status=6/ABRT" in line and "Main process" in line][-1]
        assert "code=killed" in line, line
