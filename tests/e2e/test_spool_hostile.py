"""The spool against everybody who may write to it."""
import json
import os
import shutil
import socket
import subprocess
import time

import pytest

from conftest import BUILD, PATIENCE_S, ROOT
from spool_place import (SERVICE, STRANGER, SUBMITTER, SUBMITTERS, document, drop, needs_root, open_to_others, place,
                         reports, run_as, start, submit_as, wait_empty, waiting)


# What others put there


def make_link(path, place):
    (place.directory / "secret").write_text(json.dumps(document()))
    path.symlink_to(place.directory / "secret")


def make_hard_link(path, place):
    (place.directory / "secret").write_text(json.dumps(document()))
    os.link(place.directory / "secret", path)


def make_socket(path, _):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def make_huge(path, _):
    with path.open("wb") as file:
        file.truncate(10 ** 12)


def content(value):
    return lambda path, _: path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())


HOSTILE = {
    "link": (make_link, "is no regular file"),
    "hard link": (make_hard_link, "second name"),
    "fifo": (lambda path, _: os.mkfifo(path), "is no regular file"),
    "socket": (make_socket, "is no regular file"),
    "directory": (lambda path, _: path.mkdir(), "is no regular file"),
    "huge": (make_huge, "is too long"),
    "empty": (content(b""), "no JSON object"),
    "half": (content(json.dumps(document()).encode()[:-5]), "no JSON object"),
    "array": (content([]), "no JSON object"),
    "deep": (content(b'{"version":1,"x":' + b"[" * 1000 + b"]" * 1000 + b"}"), "nested too deep"),
    "bytes": (content(b'{"version":1,"x":"\xff"}'), "no JSON object"),
    "nul": (content(json.dumps(document()).encode() + b"\0{}"), "no JSON object"),
    "twice": (content(b'{"version":1,"version":1}'), "no JSON object"),
    "version": (content({**document(), "version": 2}), "version"),
    "method": (content({**document(), "method": "io.codegend.Reload"}), "another method"),
    "parameters": (content({**document(), "parameters": 7}), "no parameters"),
    "type": (content(document(branch=7)), '"branch"'),
    "missing": (content(document(project=None)), '"project"'),
    "url": (content(document(project="https://u:p@h/o/r")), "no repository's name"),
    "error type": (content(document(errorType="made_up")), "is no error type"),
    "old": (content({**document(), "spooledAt": "2020-01-01T00:00:00Z"}), "more than 7 days"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_are_set_aside(place, kind):
    make, words = HOSTILE[kind]
    (place.spool / "sub").mkdir()
    path = place.spool / "sub" / "bad.json"
    make(path, place)
    start(place)
    path.rename(place.spool / "bad.json")
    if kind == "hard link":
        assert (place.spool / "bad.json").stat().st_nlink == 2
    wait_empty(place)
    assert words in place.log() and place.log().count("was set aside") == 1, place.log()
    assert os.path.lexists(place.spool / "bad.json.rejected")  # nothing is thrown away
    drop(place, "good.json", document(1))
    wait_empty(place)
    report, = reports(place)
    assert report["errorDetails"] == "failure 1"
    place.stop()
    start(place)
    drop(place, "later.json", document(2))
    wait_empty(place)
    assert place.log().count("was set aside") == 1  # once
    assert place.ctl("status")["spool"]["rejected"] == 0


def test_rejected_files_have_a_directory(place):
    (place.directory / "rejected").mkdir(mode=0o700)
    for _ in range(2):  # the second one has the first one's name
        drop(place, "bad.json", b"{")
        start(place)
        wait_empty(place)
        place.stop()
    assert len(list((place.directory / "rejected").iterdir())) == 2
    assert not list(place.spool.iterdir())


def test_other_names_are_left_alone(place):
    others = [".new.json", "README", "a.json.tmp", "a.json~"]
    for name in others:
        (place.spool / name).write_text("{")
    start(place)
    drop(place, "a.json", document())
    wait_empty(place)
    assert sorted(os.listdir(place.spool)) == sorted(others)
    assert "set aside" not in place.log()


def test_odd_names(place):
    for number, name in enumerate(["a\nb.json", "\x1b[31m.json", "-rf.json", "x" * 240 + ".json", "ä.json"]):
        drop(place, name, document(number) if number % 2 == 0 else b"{")
    (place.spool / os.fsdecode(b"\xff\xfe.json")).write_text(json.dumps(document(9)))
    start(place)
    wait_empty(place)
    assert len(reports(place)) == 4 and "\x1b" not in place.log()
    assert place.ctl("status")["spool"]["rejected"] == 2


def test_a_time_to_come_is_now(place):
    drop(place, "a.json", {**document(), "spooledAt": "2999-01-01T00:00:00Z"})
    drop(place, "b.json", {**document(1), "spooledAt": "soon"})
    start(place)
    wait_empty(place)
    now = time.strftime("%Y-%m-%dT%H", time.gmtime(time.time() - 60))
    assert all(report["timestamp"][:13] >= now and report["timestamp"][0] == "2" and
               report["timestamp"] < "2900" for report in reports(place))


def test_a_project_that_is_not_allowed(place):
    place.configure("unknown-projects = deny\n")
    drop(place, "a.json", document())
    start(place)
    wait_empty(place)
    assert "unknown-projects" in place.log() and not reports(place)


# Several users


@pytest.fixture
def installed(place):
    """As codegend.tmpfiles makes it, and a daemon that is a user of its own."""
    open_to_others(place)
    for name in ("codegend", "codegenctl"):
        shutil.copy(BUILD / ("daemon" if name == "codegend" else "client") / name, place.directory / name)
    outer = place.directory / "outer"
    outer.mkdir(mode=0o710)
    os.chown(outer, SERVICE, SUBMITTERS)
    place.spool = outer / "in"
    place.spool.mkdir()
    rejected = outer / "rejected"
    rejected.mkdir()
    for path, mode in ((place.spool, 0o3733), (rejected, 0o700)):
        os.chown(path, SERVICE, SERVICE)
        path.chmod(mode)
    for path in (place.state, place.runtime):
        path.mkdir()
        os.chown(path, SERVICE, SERVICE)
    place.runtime.chmod(0o755)
    place.config.chmod(0o644)
    place.environment["CODEGEN_SPOOL"] = str(place.spool)
    arguments = place.arguments
    place.arguments = lambda *more: ["setpriv", f"--reuid={SERVICE}", f"--regid={SERVICE}", "--clear-groups",
                                     place.directory / "codegend", *arguments(*more)[1:]]
    return place


@pytest.mark.skipif(shutil.which("systemd-tmpfiles") is None or os.geteuid() != 0, reason="takes systemd and root")
def test_the_place_on_a_system(installed):
    root = installed.directory / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "passwd").write_text(f"root:x:0:0::/:/bin/sh\ncodegend:x:{SERVICE}:{SERVICE}::/:/bin/sh\n"
                                         f"codegend-agent:x:{STRANGER}:{STRANGER}::/:/bin/sh\n")
    (root / "etc" / "group").write_text(f"root:x:0:\ncodegend:x:{SERVICE}:\n"
                                         f"codegen-submit:x:{SUBMITTERS}:\ncodegend-agent:x:{STRANGER}:\n")
    subprocess.run(["systemd-tmpfiles", "--create", f"--root={root}", ROOT / "systemd" / "codegend.tmpfiles"],
                   check=True, timeout=PATIENCE_S)

    def rights(directory):
        stats = [(directory / name).stat() for name in ("", "in", "rejected")]
        return [(oct(each.st_mode), each.st_uid, each.st_gid) for each in stats]

    assert rights(root / "var" / "spool" / "codegend") == rights(installed.spool.parent)


@needs_root
def test_submitters_see_nothing_of_each_other(installed):
    for uid in (SUBMITTER, STRANGER):
        assert submit_as(installed, uid, "--strict", "--key", f"k{uid}", "test_failure").returncode == 75
    names = {(installed.spool / name).stat().st_uid: installed.spool / name for name in waiting(installed)}
    assert set(names) == {SUBMITTER, STRANGER}
    for path in names.values():
        assert path.stat().st_mode & 0o777 == 0o640 and path.stat().st_gid == SERVICE
    for command in (["ls", installed.spool], ["cat", names[STRANGER]], ["rm", "-f", names[STRANGER]],
                    ["mv", names[STRANGER], installed.spool / "x"], ["tee", "-a", names[STRANGER]],
                    ["ls", installed.spool.parent / "rejected"]):
        assert run_as(SUBMITTER, command).returncode != 0, command
    start(installed)
    wait_empty(installed)
    found = reports(installed)
    assert {installed.ctl("report", "show", report["id"])["submitterUid"] for report in found} == \
        {SUBMITTER, STRANGER}


@needs_root
def test_files_of_others_that_cannot_be_read(installed):
    """The daemon is no superuser: what it may not read it sets aside, of any kind and of anybody."""
    start(installed)
    script = f"""cd {installed.spool}; umask 077
echo '{{' >private.json; mkdir directory.json; touch directory.json/x; mkfifo fifo.json; ln -s /etc/shadow link.json
"""
    assert run_as(SUBMITTER, ["sh", "-c", script]).returncode == 0
    wait_empty(installed)
    assert installed.ctl("status")["spool"]["rejected"] == 4
    assert "may not be read by this daemon" in installed.log()
    assert submit_as(installed, SUBMITTER, "--strict", "test_failure").returncode == 75
    wait_empty(installed)
    assert len(reports(installed)) == 1
