"""What an installation leaves: sockets that wait, and a daemon that starts with the first submission."""
import pathlib
import time

import pytest

from machine import CONTROL_SOCKET, SPOOL, SUBMIT_DIR, SUBMIT_SOCKET, wait_for

UNITS = ["codegend.service", "codegend-submit.socket", "codegend-control.socket"]
SOCKETS = UNITS[1:]


def test_an_installation_opens_the_sockets_and_starts_nothing(installed):
    for unit in UNITS:
        assert installed.run("systemctl", "is-enabled", unit).stdout.strip() == "enabled", unit
    installed.systemctl("enable", "--now", *SOCKETS)
    assert all(installed.is_active(unit) for unit in SOCKETS)
    assert not installed.is_active() and not installed.exists("/var/lib/codegend/codegend.db")


@pytest.mark.parametrize("path, look", [
    (SUBMIT_SOCKET, "660 root:codegen-submit"),
    (CONTROL_SOCKET, "660 root:codegen-admin"),
    (SUBMIT_DIR, "755 root:root"),
    ("/var/spool/codegend", "710 codegend:codegen-submit"),
    (SPOOL, "3733 codegend:codegend"),
    ("/var/spool/codegend/rejected", "700 codegend:codegend"),
])
def test_who_owns_what(installed, path, look):
    assert installed.look_at(path) == look


def test_verify_is_silent(installed):
    ended = installed.run("systemd-analyze", "verify", "--man=no", *UNITS)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_the_first_submission_starts_the_daemon(installed, figure):
    assert not installed.is_active()
    begin = time.monotonic()
    ticket = installed.submit("first")
    figure("first submission through activation, client and nsenter included",
           f"{(time.monotonic() - begin) * 1000:.0f} ms")
    installed.wait_active()
    assert installed.ctl("report", "show", ticket["reportId"])["project"] == "acme/web"
    assert installed.look_at("/var/lib/codegend") == "700 codegend:codegend"
    figure("start of the process to READY, empty store", f"{installed.start_ms('codegend.service'):.0f} ms")
    installed.do("systemd-run", "--quiet", "--unit=bare", "--service-type=notify", "codegend", "--state-directory",
                 "/tmp/bare", "--runtime-directory", "/tmp/bare", "--spool-directory", "/tmp/bare/spool")
    figure("and without the confinement that systemd builds first", f"{installed.start_ms('bare.service'):.0f} ms")
    installed.systemctl("stop", "bare.service")


def test_it_says_how_it_is(running):
    assert running.show("codegend.service", "StatusText") != ""
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


def test_a_mistake_in_the_configuration_is_waited_for(running):
    """It is mended under a daemon that cannot start, and then that one starts by itself; the sockets stay."""
    running.write("/etc/codegend/codegend.conf", "no-such-key = 1\n")
    assert running.run("systemctl", "restart", "codegend.service").returncode != 0
    for _ in range(3):
        running.run(*running.submission("while-broken"), user="ci")
    assert all(running.is_active(unit) for unit in SOCKETS)
    running.do("rm", "/etc/codegend/codegend.conf")
    running.wait_active()
    wait_for(lambda: running.run(*running.submission("while-broken"), user="ci").returncode == 0, "an answer")


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
    # Its environment, and what it says.
    environment = pathlib.Path(f"/proc/{running.daemon_on_host()}/environ").read_bytes()
    assert SECRET.encode() not in environment
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


def test_no_core_is_dumped(running):
    limits = running.do("cat", f"/proc/{running.main_pid()}/limits")
    line, = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]
