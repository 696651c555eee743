"""No daemon, or none that can: the submission waits on disk, and is taken once."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import CODEGENCTL, PATIENCE_S, SANITIZED, wait_for
from spool_place import (PLACE, SUBMITTER, document, drop, needs_root, open_to_others, place, reports, start,
                         submit, submit_as, wait_empty, waiting)


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
    # In microseconds it is a small number again, and as an int one that means "for ever".
    "busy for ever": (refuse("io.codegend.Busy", message="too much", retryAfterMs=36893488147419104), 75),
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
@pytest.mark.skipif(SANITIZED, reason="the sanitizers need /proc")
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
        for name in ("b.json", "c.json"):
            drop(place, name, document(key=name))
        assert place.ctl("status")["spool"]["waiting"] == 3, "those that came since are counted"
        fill.unlink()
        wait_empty(place)
        assert len(reports(place)) == 3
        place.stop()
    finally:
        subprocess.run(["umount", "-l", place.state], check=True)


def test_a_directory_that_is_not_there(place):
    place.spool.rmdir()
    start(place)
    assert place.log().count(f'from the spool "{place.spool}"') == 1
    # The place that is looked at without being asked to is no news.
    before = len(place.log())
    place.stop()
    place.start(environment={"CODEGEN_SPOOL": str(place.spool)})
    assert "spool" not in place.log()[before:]
    place.stop()
    start(place)
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
    assert place.run_ctl("ready", "--project", "mill/web", "--branch", "fix").returncode == 1
    assert submit(place, "--strict", "--passed").returncode == 0
    assert place.run_ctl("ready", "--project", "mill/web", "--branch", "fix").returncode == 0
