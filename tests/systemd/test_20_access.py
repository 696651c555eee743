"""Who may open what. A CI step that is root in its container is still no administrator."""
import pytest

from machine import CLIENT, CONTROL_SOCKET, SPOOL, STATIC_CLIENT, SUBMIT_DIR, SUBMIT_SOCKET, wait_for

# Root in a user namespace of the user's own, with nothing in its tree but the client and the directory of the socket.
CONTAINER = f"""
set -e
root=$(mktemp --directory)
mount -t tmpfs none "$root"
mkdir -p "$root{SUBMIT_DIR}" "$root/bin" "$root/tmp"
cp {STATIC_CLIENT} "$root/bin/codegenctl"
mount --bind {SUBMIT_DIR} "$root{SUBMIT_DIR}"
exec chroot "$root" "$@"
"""


def in_container(machine, *arguments, user="ci"):
    return machine.run("unshare", "--user", "--map-root-user", "--mount", "--pid", "--ipc", "--net", "--fork",
                       "sh", "-c", CONTAINER, "container", *arguments, user=user)


@pytest.mark.parametrize("user, path, may", [
    ("ci", SUBMIT_SOCKET, True),
    ("ci", CONTROL_SOCKET, False),
    ("admin", SUBMIT_SOCKET, False),
    ("admin", CONTROL_SOCKET, True),
    ("stranger", SUBMIT_SOCKET, False),
    ("stranger", CONTROL_SOCKET, False),
    ("stranger", SPOOL, False),
    ("ci", SPOOL, True),
    ("ci", "/var/spool/codegend/rejected", False),
])
def test_who_may_write_to(running, user, path, may):
    assert (running.run("test", "-w", path, user=user).returncode == 0) == may


def test_a_submitter_submits_and_nothing_else(running):
    assert running.submit("by-ci")["reportId"]
    refused = running.run(CLIENT, "status", user="ci")
    assert refused.returncode == 5 and not refused.stdout, refused
    assert CONTROL_SOCKET in refused.stderr and "usermod -aG codegen-admin" in refused.stderr


def test_an_operator_operates(running):
    assert running.ctl("status")["pid"] == running.main_pid()


@pytest.mark.parametrize("command", [["status"], ["pause"]])
def test_a_stranger_can_do_nothing(running, command):
    refused = running.run(CLIENT, *command, user="stranger")
    assert refused.returncode == 5 and not refused.stdout, refused
    submitted = running.run(*running.submission("by-stranger"), user="stranger")
    assert submitted.returncode != 0 and not submitted.stdout
    assert "usermod -aG codegen-submit" in submitted.stderr
    assert not running.ctl("status")["paused"]


def test_nobody_lists_the_spool_or_touches_what_others_left(running):
    running.systemctl("stop", "codegend-submit.socket", "codegend-control.socket")
    assert running.run(*running.submission("spooled"), user="ci").returncode == 75
    path = f"{SPOOL}/{running.do('ls', SPOOL).strip()}"
    assert running.look_at(path) == "640 ci:codegend"
    assert running.run("ls", SPOOL, user="ci").returncode != 0
    running.do("usermod", "--append", "--groups", "codegen-submit", "stranger")
    try:
        for command in (["rm", "-f"], ["mv", "-t", "/tmp"], ["cat"]):
            assert running.run(*command, path, user="stranger").returncode != 0, command
    finally:
        running.do("gpasswd", "--delete", "stranger", "codegen-submit")
    # What waited is taken by the next start.
    running.systemctl("start", "codegend.service")
    wait_for(lambda: not running.exists(path), "the file being taken")
    assert "ticket" in running.call("GetTicket", key="spooled")


def test_state_and_secrets_are_the_daemons(running):
    for path in ("/var/lib/codegend", "/var/lib/codegend/codegend.db", "/run/credentials/codegend.service"):
        for user in ("ci", "admin", "stranger"):
            assert running.run("ls", path, user=user).returncode != 0, (user, path)


# A container


def test_root_in_a_container_submits(running):
    ended = in_container(running, "/bin/codegenctl", *running.submission("by-container")[1:])
    assert ended.returncode == 0 and "reportId" in ended.stdout, ended


def test_a_container_without_the_group_is_told(running):
    """Its user namespace knows neither the name of the group nor its number."""
    ended = in_container(running, "/bin/codegenctl", *running.submission("by-outsider")[1:], user="stranger")
    assert ended.returncode == 75 and '"reportId": null' in ended.stdout, ended  # it lies in the container's own spool
    assert "has to join its group, on the host" in ended.stderr, ended


@pytest.mark.parametrize("arguments", [
    ["status"], ["tasks"], ["incidents"], ["reports"], ["config"], ["pause"], ["reload"], ["cleanup", "--force"],
    ["schedule", "--project", "acme/web", "--branch", "fix"], ["watch"], ["export", "/tmp"],
])
@pytest.mark.parametrize("socket", [None, SUBMIT_SOCKET, f"{SUBMIT_DIR}/../control.sock"])
def test_root_in_a_container_does_nothing_else(running, socket, arguments):
    before = running.ctl("status")
    where = ["--socket", socket] if socket else []
    ended = in_container(running, "/bin/codegenctl", *where, *arguments)
    assert ended.returncode in (1, 3, 4, 5) and not ended.stdout, ended
    after = running.ctl("status")
    assert not after["paused"] and after["tasks"] == before["tasks"]
