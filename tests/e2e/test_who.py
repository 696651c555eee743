"""Who may submit what: the rule of a project against who is at the other end of the socket, or owns a spooled file; and
each user's share of what is under repair."""
import json
import os
import subprocess

import pytest

from conftest import PATIENCE_S, wait_for
from spool_place import document, needs_root, open_to_others, place, reports, start, wait_empty, waiting

WEB, API, STRANGER = 61011, 61012, 61013  # uids nobody has
TEAM = 61020                              # a gid nobody has
DAEMON = 1                                # user and group of that number and name are on every system

pytestmark = needs_root


@pytest.fixture
def shared(place):
    """A daemon whose submit socket and spool are open to every user of the system."""
    open_to_others(place)
    place.spool.chmod(0o1733)
    return place


def configure(place, text, **keys):
    lines = ["follow-up-delay = 1h", "wait-recheck = 1h", *(f"{key} = {value}" for key, value in keys.items())]
    place.config.write_text("\n".join(lines) + "\n" + text)


def begin(place):
    start(place)
    for path, mode in [(place.runtime, 0o711), (place.runtime / "submit", 0o711), (place.submit_socket, 0o666)]:
        path.chmod(mode)
    return place


def submit_as(place, uid, *arguments, groups=(), project="acme/web", branch="fix", kind="test_failure", socket=None):
    """The real client, as that user in these groups."""
    given = f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups"
    command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", given, place.client, "--socket",
               socket or place.submit_socket, *[word for word in arguments if word == "--json"], "submit", "--project",
               project, "--branch", branch, "--commit", "aaaaaaa1", "--job", "ci", "--step", "make test",
               *[word for word in arguments if word != "--json"], *([kind] if kind else ["--passed"])]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=PATIENCE_S, env=place.environment, cwd="/")


def takes(ended):
    """Whether a submission with --strict was taken; it is either that or refused for good."""
    assert ended.returncode in (0, 1), ended.stderr
    return ended.returncode == 0


def test_a_refusal_names_the_rule(shared):
    configure(shared, f'project "acme/web" {{\n    submitters = {{ {WEB}, "@{TEAM}" }}\n}}\n')
    begin(shared)
    assert takes(submit_as(shared, WEB, "--strict"))

    refused = submit_as(shared, STRANGER, "--strict")
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1 and not refused.stdout
    rule = f'submitters = {{ "{WEB}", "@{TEAM}" }} in {shared.config}:4'
    assert f'User {STRANGER} may not report for project "acme/web": {rule}' in refused.stderr
    gentle = submit_as(shared, STRANGER)  # a step of CI goes on
    assert gentle.returncode == 0 and rule in gentle.stderr
    error = json.loads(submit_as(shared, STRANGER, "--json").stderr)["error"]
    assert error["code"] == "refused" and rule in error["message"] and "codegend.conf(5)" in error["hint"]
    # A pass would end somebody else's incident.
    assert not takes(submit_as(shared, STRANGER, "--strict", kind=None))
    assert not waiting(shared) and len(reports(shared)) == 1
    # The operator reads of it, with the project; not of each.
    assert f"A submission was refused. User {STRANGER} may not" in shared.log()
    for _ in range(20):
        submit_as(shared, STRANGER)
    assert shared.log().count("A submission was refused") < 20


def test_groups_are_the_connections(shared):
    configure(shared, f'project "acme/web" {{ submitters = {{ "@{TEAM}" }} }}\n')
    begin(shared)
    assert not takes(submit_as(shared, WEB, "--strict"))
    assert takes(submit_as(shared, WEB, "--strict", groups=[100, TEAM]))
    assert takes(submit_as(shared, TEAM, "--strict"))  # its own group
    assert not takes(submit_as(shared, WEB, "--strict", groups=[WEB, TEAM + 1]))


def test_one_team_does_not_report_for_another(shared):
    configure(shared, f'project "acme/web" {{ submitters = {WEB} }}\nproject "acme/api" {{ submitters = {API} }}\n'
                      'project "acme/open" { submitters = "*" }\nproject "acme/*" { mode = act }\n',
              submitters=f"{{ {API} }}")
    begin(shared)
    may = {("acme/web", WEB), ("acme/api", API), ("acme/open", WEB), ("acme/open", API), ("acme/open", STRANGER),
           ("acme/other", API), ("mill/other", API)}  # the last two by the default
    for project in ("acme/web", "acme/api", "acme/open", "acme/other", "mill/other"):
        for uid in (WEB, API, STRANGER):
            assert takes(submit_as(shared, uid, "--strict", project=project)) == ((project, uid) in may), (project, uid)
    shown = shared.ctl("config")
    assert shown["submitters"] == [str(API)]
    assert {project["pattern"]: project["submitters"] for project in shown["projects"]} == {
        "acme/web": [str(WEB)], "acme/api": [str(API)], "acme/open": [], "acme/*": [str(API)]}


def test_root_is_a_user_and_an_administrator_is_none(shared):
    """A step in a container often is root, and an agent may run as the daemon's user: both are held to the rule."""
    configure(shared, "", submitters=f"{{ {WEB} }}")
    begin(shared)
    assert not takes(submit_as(shared, os.geteuid(), "--strict"))
    assert takes(submit_as(shared, os.geteuid(), "--strict", socket=shared.control))
    configure(shared, "", submitters=f"{{ {WEB}, root }}")
    shared.ctl("reload")
    assert takes(submit_as(shared, os.geteuid(), "--strict"))


def test_a_name_that_nobody_has(shared):
    """A user who was deleted takes nobody else's reports along, and lets nobody in."""
    configure(shared, 'project "acme/web" {\n    submitters = { no-such-user }\n}\n')
    warning = f'{shared.config}:4: key "submitters": "no-such-user" is no user of this system, so it stands for nobody'
    code, said = shared.run_to_end("--check-config")
    assert code == 0 and warning in said
    begin(shared)
    assert not takes(submit_as(shared, STRANGER, "--strict"))
    assert takes(submit_as(shared, STRANGER, "--strict", project="acme/api"))
    checks = json.loads(shared.run_ctl("--json", "doctor").stdout)["checks"]
    assert [check["message"] for check in checks if check["name"] == "configuration"] == [warning + "."]
    configure(shared, "", submitters=f"{{ {WEB}, no-such-user }}")
    shared.ctl("reload")
    assert takes(submit_as(shared, WEB, "--strict")) and not takes(submit_as(shared, STRANGER, "--strict"))


# Files


def drop_as(place, uid, name, **more):
    """As drop(), by that user."""
    temporary = place.spool / f".{name}"
    temporary.write_text(json.dumps(document(**more)))
    os.chown(temporary, uid, uid)
    temporary.rename(place.spool / f"{name}.json")


def test_the_owner_of_a_file_is_who_submits(shared):
    configure(shared, f'project "acme/web" {{ submitters = {{ {WEB}, "@daemon" }} }}\n')
    drop_as(shared, WEB, "a-listed", key="listed", project="acme/web")
    drop_as(shared, DAEMON, "b-member", key="member", project="acme/web")
    drop_as(shared, STRANGER, "c-stranger", key="stranger", project="acme/web")
    drop_as(shared, 0, "d-root", key="root", project="acme/web")
    drop_as(shared, STRANGER, "e-elsewhere", key="elsewhere", project="acme/api")
    begin(shared)
    wait_empty(shared)
    assert len(reports(shared)) == 3
    assert sorted(path.name for path in shared.spool.glob("*.rejected")) == [
        "c-stranger.json.rejected", "d-root.json.rejected"]
    for name, uid in (("c-stranger", STRANGER), ("d-root", 0)):
        assert (f'The spooled submission "{name}.json" was set aside: User {uid} may not report for project '
                f'"acme/web": submitters = {{ "{WEB}", "@daemon" }} in {shared.config}:3') in shared.log()
    assert shared.ctl("status")["spool"]["rejected"] == 2


# Shares


def test_a_user_has_a_share(shared):
    configure(shared, "", **{"max-pending-per-user": 2})
    begin(shared)
    first = json.loads(submit_as(shared, WEB, "--strict", "--json", branch="one").stdout)
    assert takes(submit_as(shared, WEB, "--strict", branch="two"))
    over = submit_as(shared, WEB, "--strict", branch="three")
    assert over.returncode == 75 and len(waiting(shared)) == 1
    assert f"What user {WEB} reported has 2 incidents under repair already" in over.stderr
    assert "max-pending-per-user" in over.stderr
    # What is no new work, what passed, what others report, and what an administrator reports.
    assert takes(submit_as(shared, WEB, "--strict", branch="one"))
    assert takes(submit_as(shared, WEB, "--strict", branch="three", kind=None))
    assert takes(submit_as(shared, API, "--strict", branch="six"))
    assert takes(submit_as(shared, os.geteuid(), "--strict", branch="four", socket=shared.control))

    # Files of others do not wait behind it, whatever their names.
    drop_as(shared, API, "zzz", key="of-another", project="acme/web", branch="other")
    wait_for(lambda: len(waiting(shared)) == 1, "the other user's file being taken")
    assert shared.ctl("status")["spool"]["waiting"] == 1
    assert shared.log().count("stay in the spool") == 1

    shared.ctl("incident", "close", first["incidentId"])
    shared.ctl("reload")  # or a minute
    wait_empty(shared)
    assert submit_as(shared, WEB, "--strict", branch="five").returncode == 75


def test_a_larger_share_after_a_restart(shared):
    configure(shared, "", **{"max-pending-per-user": 1})
    begin(shared)
    assert takes(submit_as(shared, WEB, "--strict", branch="one"))
    shared.kill()
    begin(shared)
    assert submit_as(shared, WEB, "--strict", branch="two").returncode == 75
    wait_for(lambda: "max-pending-per-user" in shared.run_ctl("doctor").stdout, "what doctor says of the spool")
    configure(shared, "", **{"max-pending-per-user": 2})
    shared.ctl("reload")
    wait_empty(shared)
    assert len(shared.incidents()) == 2
    assert submit_as(shared, WEB, "--strict", branch="three").returncode == 75
