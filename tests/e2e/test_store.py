"""A store that cannot be used: exit code 9, one sentence, the file untouched. A full disk: refused, then taken."""
import os
import shutil
import sqlite3
import subprocess

import pytest

from conftest import wait_for
from test_service import notify  # noqa: F401 (a fixture)


def database(daemon):
    found = [path for path in daemon.state.iterdir() if path.suffix in (".db", ".sqlite")]
    assert len(found) == 1, found
    return found[0]


def made(daemon):
    """The database of a daemon that ran and stopped."""
    daemon.start()
    daemon.submit()
    daemon.stop()
    return database(daemon)


def test_a_second_daemon_on_the_same_state(make_daemon):
    first, second = make_daemon(), make_daemon()
    first.start()
    second.state = first.state
    code, said = second.run_to_end()
    assert code == 9 and "another" in said.lower(), said
    first.submit()


def test_corrupt(idle):
    path = made(idle)
    damaged = b"this is no database, but it is somebody's file\n" * 200
    path.write_bytes(damaged)
    code, said = idle.run_to_end()
    assert code == 9 and str(path) in said, said
    assert path.read_bytes() == damaged


def test_damaged_inside(idle):
    path = made(idle)
    content = bytearray(path.read_bytes())
    content[100:4096] = os.urandom(3996)
    path.write_bytes(content)
    code, said = idle.run_to_end()
    assert code == 9 and str(path) in said, said
    assert path.read_bytes() == bytes(content)


def test_emptied_under_the_daemon(idle):
    """What it was cannot be told any more, but that it was something can: its log is still there."""
    idle.start()
    idle.submit()
    path = database(idle)
    os.truncate(path, 0)
    idle.kill()
    code, said = idle.run_to_end()
    assert code == 9 and str(path) in said and "corrupt" in said, said
    assert path.stat().st_size == 0


def test_emptied_while_nothing_runs(idle):
    """Not even a log is left to tell. That it was is not passed over: it could look as if nothing had ever failed."""
    path = made(idle)
    os.truncate(path, 0)
    code, said = idle.run_to_end()
    assert code == 9 and f'"{path}" is empty' in said and "Restore a backup" in said, said
    assert path.stat().st_size == 0
    path.unlink()
    idle.start()
    idle.submit()


def test_newer(idle):
    path = made(idle)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    before = path.read_bytes()
    code, said = idle.run_to_end()
    assert code == 9 and "newer" in said.lower(), said
    assert path.read_bytes() == before


def test_somebody_elses_database(idle):
    path = made(idle)
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = path.read_bytes()
    code, said = idle.run_to_end()
    assert code == 9 and str(path) in said, said
    assert path.read_bytes() == before


@pytest.fixture
def mount(idle):
    """mount(options): a small file system of its own at the state directory."""
    idle.state.mkdir(parents=True)

    def mount_with(options, what="mount"):
        ended = subprocess.run(["mount", *options, str(idle.state)], capture_output=True, text=True)
        if ended.returncode != 0:
            pytest.skip(f"needs to mount a file system: {ended.stderr.strip() or 'not allowed'}")

    yield mount_with
    if idle.process is not None:
        idle.stop()
    subprocess.run(["umount", str(idle.state)], capture_output=True)


def test_read_only(idle, mount):
    mount(["-t", "tmpfs", "-o", "size=16m", "tmpfs"])
    path = made(idle)
    before = path.read_bytes()
    mount(["-o", "remount,ro"])
    code, said = idle.run_to_end()
    assert code == 9 and "read-only" in said.lower(), said
    assert path.read_bytes() == before


def fill(idle):
    """Leaves no byte free at the state directory."""
    filler = idle.state / "filler"
    with pytest.raises(OSError):
        with filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
    return filler


def test_a_start_on_a_full_disk(idle, notify, mount):  # noqa: F811
    """It answers, says what is wrong, and takes up what was under way when there is space."""
    mount(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
    idle.configure(follow_up_delay="1h")
    idle.start()
    idle.agent.hold()
    ticket = idle.submit()
    wait_for(idle.agent.runs, "a run")
    idle.kill()
    filler = fill(idle)
    idle.environment["WATCHDOG_USEC"] = "1000000"
    idle.start()
    wait_for(lambda: b"The disk is full" in notify.recv(4096), "what systemctl status shows")
    notify.close()
    idle.agent.release()
    status = idle.ctl("status")
    assert "disk is full" in status["store"]["problem"] and str(idle.state) in status["store"]["problem"]
    assert "disk is full" in idle.run_ctl("status").stdout
    assert "disk is full" in idle.ctl("explain", ticket["incidentId"])["text"]
    connection = idle.connect()
    refused = connection.call("Submit", key="full", project="acme/web", branch="b", errorType="test_failure",
                              log="x" * 60000)
    connection.close()
    assert refused["error"] == "io.codegend.StoreFull"
    assert [task["status"] for task in idle.tasks("trigger_agent")] == ["executing"]
    filler.unlink()
    idle.wait_state(ticket["incidentId"], "waiting")
    assert idle.log().count("goes on when there is space") == 1
    assert [task["status"] for task in idle.tasks("trigger_agent")] == ["completed"]
    assert len(idle.agent.runs()) == 1
    assert "problem" not in idle.ctl("status")["store"]


def test_full_disk_refuses_and_recovers(idle, mount):
    mount(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
    idle.configure(mode="observe", follow_up_delay="1h")
    idle.start()
    first = idle.submit()
    filler = fill(idle)
    connection = idle.connect()

    def submit(number):
        return connection.call("Submit", key=f"full-{number}", project="acme/web", branch=f"b{number}",
                               commit="aaaaaaa1", job="ci", step="test", errorType="test_failure", log="x" * 60000)

    answers = [submit(number) for number in range(40)]
    refused = [answer for answer in answers if "error" in answer]
    assert refused and {answer["error"] for answer in refused} == {"io.codegend.StoreFull"}
    assert idle.incident(first["incidentId"])["reports"] == 1, "reads go on"
    taken = len(answers) - len(refused)
    assert idle.ctl("status")["reports"] == taken + 1
    filler.unlink()
    assert "parameters" in wait_for(lambda: (lambda answer: answer if "error" not in answer else None)(submit(99)),
                                    "the first submission after space returned")
    connection.close()
    idle.restart()
    assert idle.ctl("status")["reports"] == taken + 2


def test_the_state_is_private(daemon):
    daemon.submit()
    for path in [daemon.state, *daemon.state.rglob("*")]:
        assert path.stat().st_mode & 0o007 == 0, path


def test_the_store_is_sound_afterwards(idle):
    path = made(idle)
    copy = idle.directory / "copy.db"
    shutil.copy(path, copy)
    connection = sqlite3.connect(copy)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def is_removed(directory):
    """Removes it; while the daemon still adds files, what is empty one moment is not the next."""
    shutil.rmtree(directory, ignore_errors=True)
    return not directory.exists()


def test_a_removed_state_directory_is_not_written_to(idle):
    """Nothing is acknowledged that nobody will ever see again."""
    idle.start()
    idle.submit()
    wait_for(lambda: is_removed(idle.state), "the removal of the state directory")
    with pytest.raises(Exception):
        idle.submit()
    assert idle.process.wait(40) == 1
    assert "removed or replaced" in idle.log()
    idle.process = None


def test_a_key_stands_for_one_thing(daemon):
    first = daemon.submit(key="k1", branch="one")
    again = daemon.submit(key="k1", branch="one")
    assert again["duplicate"] and again["reportId"] == first["reportId"]
    answer = daemon.connect().call("Submit", key="k1", project="acme/web", branch="two")
    assert answer["error"] == "io.codegend.Refused" and "k1" in answer["parameters"]["message"]
    answer = daemon.connect().call("Submit", key="k1", project="acme/web", branch="one", passed=True)
    assert answer["error"] == "io.codegend.Refused"
