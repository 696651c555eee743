"""No daemon, or none that can: the submission waits on disk, and is taken once, whatever lies beside it."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import BUILD, CODEGENCTL, PATIENCE_S, ROOT, wait_for

PLACE = ["--project", "acme/web", "--branch", "fix", "--commit", "aaaaaaa1", "--job", "ci", "--step", "make test"]
SUBMITTER, STRANGER, SERVICE = 61001, 61002, 61003  # uids and gids nobody has
PLENTY_S = 4  # two seconds are promised; sanitizers and a busy machine take their part

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes several users")


@pytest.fixture
def place(idle):
    """A daemon that is not running, and a spool directory as a single user has it."""
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    idle.spool = idle.directory / "spool"
    idle.spool.mkdir()
    return idle


def start(place, *more):
    return place.start("--spool-directory", place.spool, *more)


def submit(place, *arguments, text=None):
    began = time.monotonic()
    ended = place.run_ctl("submit", *PLACE, *arguments, submit=True, text=text)
    assert time.monotonic() - began < PLENTY_S
    assert ended.stderr.count("\n") <= 1, ended.stderr
    return ended


def waiting(place):
    return sorted(path.name for path in place.spool.glob("[!.]*.json"))


def reports(place):
    return place.ctl("reports", "--limit", 0)["reports"]


def wait_empty(place):
    wait_for(lambda: not waiting(place), "the spool becoming empty")


def document(number=0, **more):
    parameters = {"key": f"key-{number}", "project": "acme/web", "branch": "fix", "errorType": "test_failure",
                  "job": f"job {number}", "step": "make test", "errorDetails": f"failure {number}"}
    return {"version": 1, "method": "io.codegend.Submit", "parameters": {**parameters, **more},
            "spooledAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def drop(place, name, content):
    """A file as clients make it: it appears whole."""
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    temporary = place.spool / f".{name}"
    temporary.write_bytes(content)
    temporary.rename(place.spool / name)


# The client


@pytest.mark.parametrize("what", [["test_failure", "it broke"], ["--passed"]])
def test_without_a_daemon_it_waits_on_disk(place, what):
    strict = submit(place, "--strict", *what)
    assert strict.returncode == 75 and not strict.stdout
    name, = waiting(place)
    assert f"spool/{name}" in strict.stderr and "spooled" in strict.stderr
    path = place.spool / name
    assert path.stat().st_mode & 0o777 == 0o600  # nobody but its owner, as the directory has no group for it
    content = json.loads(path.read_text())
    assert (content["version"], content["method"]) == (1, "io.codegend.Submit")
    assert name.startswith(content["parameters"]["key"] + ".")

    quiet = submit(place, *what)
    assert quiet.returncode == 0 and len(waiting(place)) == 2
    in_json = submit(place, "--json", *what)
    assert json.loads(in_json.stdout) == {**dict.fromkeys(
        ["reportId", "incidentId", "taskId", "scheduledFor", "errorType", "duplicate", "joined"]), "spooled": True}


def test_where_it_waits(place):
    other, home = place.directory / "other", place.directory / "home"
    other.mkdir()
    submit(place, "--spool-directory", other, "test_failure")
    assert not waiting(place) and len(list(other.iterdir())) == 1
    # Of this user's own daemon: made when it is missing.
    del place.environment["CODEGEN_SPOOL"]
    place.environment["XDG_STATE_HOME"] = str(home)
    submit(place, "--user", "test_failure")
    assert len(list((home / "codegend" / "spool").iterdir())) == 1
    assert (home / "codegend" / "spool").stat().st_mode & 0o777 == 0o700


def spoil_missing(place):
    place.spool.rmdir()


def spoil_file(place):
    place.spool.rmdir()
    place.spool.touch()


def spoil_full(place):
    for number in range(10000):
        (place.spool / f"{number}.json").touch()


@pytest.mark.parametrize("spoil, words", [
    (spoil_missing, "does not exist"), (spoil_file, "is no directory"), (spoil_full, "is full")])
def test_a_spool_that_cannot_be_used(place, spoil, words):
    spoil(place)
    for strict in (False, True):
        ended = submit(place, "test_failure", *["--strict"] * strict)
        assert ended.returncode == (3 if strict else 0)  # as if there were no spool
        assert words in ended.stderr and "no such socket" in ended.stderr and ended.stderr.count("\n") == 1
        assert not ended.stdout


def refuse(name, **parameters):
    return json.dumps({"error": name, "parameters": parameters}).encode() + b"\0"


ANSWERS = {
    "busy": (refuse("io.codegend.Busy", message="too much", retryAfterMs=60000), 75),
    "store full": (refuse("io.codegend.StoreFull", message="the disk is full"), 75),
    "store failed": (refuse("io.codegend.StoreFailed", message="the store failed"), 75),
    "going down": (refuse("io.codegend.ShuttingDown", message="going down"), 75),
    "no answer": (b"", 75),
    "half an answer": (b'{"parameters":', 75),
    "another protocol": (b"HTTP/1.1 400 Bad Request\r\n\r\n", 75),
    "no ticket": (b'{"parameters":{}}\0', 75),
    "bad argument": (refuse("io.codegend.InvalidArgument", message="no", parameter="branch"), 1),
    "refused": (refuse("io.codegend.Refused", message="not this project"), 1),
    "no permission": (refuse("org.varlink.service.PermissionDenied"), 1),
    "no such method": (refuse("org.varlink.service.MethodNotFound", method="Submit"), 1),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_the_daemon_says(place, answer):
    """For a passing reason it waits on disk; refused for good it does not."""
    said, code = ANSWERS[answer]
    place.submit_socket.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place.submit_socket))
        listener.listen()

        def serve():
            for _ in range(2):
                connection = listener.accept()[0]
                while not connection.recv(65536).endswith(b"\0"):
                    pass
                connection.sendall(said)
                connection.close()

        server = threading.Thread(target=serve, daemon=True)
        server.start()
        strict, forgiving = submit(place, "--strict", "test_failure"), submit(place, "test_failure")
        server.join(PATIENCE_S)
    assert (strict.returncode, forgiving.returncode) == (code, 0)
    assert strict.stderr.count("\n") == forgiving.stderr.count("\n") == 1
    assert len(waiting(place)) == (2 if code == 75 else 0)
    assert ("spooled" if code == 75 else "nothing was reported") in strict.stderr


def run_as(uid, command, **options):
    return subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *map(str, command)],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE_S, **options)


def open_to_others(place):
    """The programs where every user reaches them."""
    place.directory.chmod(0o711)
    place.client = place.directory / "codegenctl"
    shutil.copy(CODEGENCTL, place.client)


def submit_as(place, uid, *arguments):
    return run_as(uid, [place.client, "--socket", place.submit_socket, "submit", *PLACE, *arguments],
                  env=place.environment, cwd="/")


@needs_root
def test_a_spool_one_may_not_write_to(place):
    open_to_others(place)
    ended = submit_as(place, SUBMITTER, "--strict", "test_failure")
    assert ended.returncode == 3 and "may not be written to" in ended.stderr and ended.stderr.count("\n") == 1


@needs_root
def test_a_socket_one_may_not_use(place):
    open_to_others(place)
    start(place)
    place.runtime.chmod(0o700)
    place.spool.chmod(0o777)
    assert submit_as(place, SUBMITTER, "--strict", "test_failure").returncode == 75
    wait_empty(place)
    report, = reports(place)
    assert place.ctl("report", "show", report["id"])["submitterUid"] == SUBMITTER


@pytest.fixture
def small_disk(place):
    ended = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place.spool], capture_output=True)
    if ended.returncode != 0:
        pytest.skip("no file systems can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place.spool], check=True)


def test_a_full_disk(small_disk):
    with pytest.raises(OSError), (small_disk.spool / "fill").open("wb", buffering=0) as fill:
        while True:
            fill.write(b"x" * 4096)
    for strict in (False, True):
        ended = submit(small_disk, "test_failure", *["--strict"] * strict)
        assert ended.returncode == (3 if strict else 0)
        assert "its disk is full" in ended.stderr and ended.stderr.count("\n") == 1
    assert sorted(os.listdir(small_disk.spool)) == ["fill"]  # no part of a file either


@needs_root
def test_a_system_that_names_no_open_files(place):
    """Without /proc a file cannot be given its name when it is whole: then it is renamed."""
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh", CODEGENCTL, "--socket",
         place.submit_socket, "submit", *PLACE, "--strict", "test_failure"],
        capture_output=True, text=True, env=place.environment, cwd=place.directory, timeout=PATIENCE_S)
    if "mount" in ended.stderr or "unshare" in ended.stderr:
        pytest.skip("no file systems can be mounted here")
    assert ended.returncode == 75, ended.stderr
    assert os.listdir(place.spool) == waiting(place) and len(waiting(place)) == 1
    start(place)
    wait_empty(place)
    assert len(reports(place)) == 1


# From disk to the daemon


def test_the_start_takes_what_waits(place):
    for number in range(3):
        submit(place, f"--key=k{number}", "--exit-code=2", "test_failure", f"failure {number}", "--log=-",
               text=f"line {number}\n")
    submit(place, "--passed", "--key=green")
    spooled = {name.partition(".")[0]: json.loads((place.spool / name).read_text())["spooledAt"]
               for name in waiting(place)}
    start(place)
    wait_empty(place)
    found = {report["errorDetails"]: report for report in reports(place)}
    assert set(found) == {f"failure {number}" for number in range(3)}
    for number in range(3):
        report = place.ctl("report", "show", found[f"failure {number}"]["id"])
        assert (report["exitCode"], report["log"]) == (2, f"line {number}\n")
        assert report["timestamp"] == spooled[f"k{number}"] and report["submitterUid"] == os.getuid()
    status = place.ctl("status")
    assert status["builds"] == 4
    assert status["spool"] == {"directory": str(place.spool), "taken": 4, "rejected": 0, "waiting": 0}
    # The same key again: the first answer.
    assert submit(place, "--key=k1", "test_failure", "failure 1").stdout.startswith("Seen before")


def test_what_appears_is_taken(place):
    start(place)
    for number in range(3):
        drop(place, f"a{number}.json", document(number))
        wait_empty(place)
        assert len(reports(place)) == number + 1


def test_the_same_key_twice_is_one_report(place):
    for name in ("a.json", "b.json"):
        drop(place, name, document())
    start(place)
    wait_empty(place)
    assert len(reports(place)) == 1


def test_a_daemon_that_hangs(place):
    start(place)
    place.process.send_signal(signal.SIGSTOP)
    try:
        assert submit(place, "--strict", "test_failure").returncode == 75
        assert submit(place, "test_failure").returncode == 0
    finally:
        place.process.send_signal(signal.SIGCONT)
    # It may have got them by its socket as well.
    wait_empty(place)
    assert len(reports(place)) == 2


def test_many_at_once_and_killed_again_and_again(place):
    for number in range(200):
        drop(place, f"{number:03}.json", document(number))
    n_left = 200
    for _ in range(3):
        start(place)
        wait_for(lambda: len(waiting(place)) < n_left, "a file being taken")
        place.kill()
        n_left = len(waiting(place))
        if n_left == 0:
            break
    start(place)
    wait_empty(place)
    details = sorted(report["errorDetails"] for report in reports(place))
    assert details == sorted(f"failure {number}" for number in range(200))


def test_a_commit_whose_file_was_not_removed(place):
    """As after a crash right between the two."""
    start(place)
    drop(place, "a.json", document())
    wait_empty(place)
    place.stop()
    drop(place, "a.json", document())
    start(place)
    wait_empty(place)
    assert len(reports(place)) == 1


def test_a_store_that_is_full(place):
    place.state.mkdir(mode=0o700)
    ended = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place.state], capture_output=True)
    if ended.returncode != 0:
        pytest.skip("no file systems can be mounted here")
    try:
        start(place)
        fill = place.state / "fill"
        with pytest.raises(OSError), fill.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 1024)
        drop(place, "a.json", document(log="x" * 200000))
        wait_for(lambda: "has to wait" in place.log(), "the daemon saying that the file has to wait")
        assert waiting(place) == ["a.json"] and place.ctl("status")["spool"]["waiting"] == 1
        fill.unlink()
        wait_empty(place)
        assert len(reports(place)) == 1
        place.stop()
    finally:
        subprocess.run(["umount", "-l", place.state], check=True)


def test_a_directory_that_is_not_there(place):
    place.spool.rmdir()
    start(place)
    assert place.log().count(f'from the spool "{place.spool}"') == 1
    place.spool.mkdir()
    drop(place, "a.json", document())
    place.ctl("reload")
    wait_empty(place)
    assert len(reports(place)) == 1


def test_a_directory_that_is_replaced(place):
    start(place)
    place.spool.rename(place.directory / "gone")
    place.spool.mkdir()
    place.ctl("reload")
    drop(place, "a.json", document())
    wait_empty(place)
    assert len(reports(place)) == 1


def test_a_quiet_spool_wakes_nobody(place):
    drop(place, "a.json", document())
    start(place)
    wait_empty(place)

    def wakings():
        return [(task / "status").read_text().split("voluntary_ctxt_switches:")[1].split()[0]
                for task in pathlib.Path(f"/proc/{place.process.pid}/task").iterdir()]

    def is_still():
        before = wakings()
        time.sleep(1)
        return wakings() == before

    wait_for(is_still, "a second without any waking")


def test_a_pass_that_comes_late_is_no_proof(place):
    """It ran before the failure that the daemon heard of first."""
    place.spool.rename(place.directory / "later")
    submit(place, "--spool-directory", place.directory / "later", "--passed")
    start(place)
    assert submit(place, "--strict", "test_failure").returncode == 0
    (place.directory / "later").rename(place.spool)
    place.ctl("reload")
    wait_empty(place)
    assert place.run_ctl("ready", "--project", "acme/web", "--branch", "fix").returncode == 1
    assert submit(place, "--strict", "--passed").returncode == 0
    assert place.run_ctl("ready", "--project", "acme/web", "--branch", "fix").returncode == 0


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
    outer.mkdir(mode=0o711)
    outer.chmod(0o711)
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
    (root / "etc" / "passwd").write_text(f"root:x:0:0::/:/bin/sh\ncodegend:x:{SERVICE}:{SERVICE}::/:/bin/sh\n")
    (root / "etc" / "group").write_text(f"root:x:0:\ncodegend:x:{SERVICE}:\n")
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
