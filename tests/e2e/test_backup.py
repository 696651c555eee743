"""A backup from the running daemon, and what a start on one does."""
import os
import sqlite3
import stat
import subprocess
import threading

import pytest

from conftest import CODEGENCTL, wait_for
from hub_place import HANDLE, PROJECT, make_place  # noqa: F401 (a fixture)


def look(path, sql):
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def fill(daemon):
    """Some megabytes, so that a backup takes a while."""
    connection = daemon.connect()
    for number in range(40):
        assert "error" not in connection.call("Submit", key=f"fill-{number}", project="other/fill", job="ci", step="s",
                                              branch=f"b{number}", log=f"{number} of many lines\n" * 10_000)
    connection.close()


def restore(daemon, file):
    """As codegend(8), BACKUP AND RESTORE, says."""
    old = daemon.directory / "old"
    old.mkdir()
    for path in daemon.state.glob("codegend.db*"):
        path.rename(old / path.name)
    file.rename(daemon.state / "codegend.db")


def test_it_is_a_database_of_its_own(daemon):
    tickets = [daemon.submit(branch=f"b{number}") for number in range(5)]
    file = daemon.directory / "backup.db"
    told = daemon.ctl("backup", file)
    assert told == {"file": str(file), "bytes": file.stat().st_size}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert look(file, "PRAGMA integrity_check") == [("ok",)]
    assert look(file, "SELECT count(*) FROM reports") == [(len(tickets),)]
    left = {path.name for path in daemon.state.iterdir() if path.name.startswith("codegend.db")}
    assert left <= {"codegend.db", "codegend.db-wal"}, "the daemon keeps no copy"
    assert "A backup of" in daemon.log()


def test_a_file_is_replaced_only_when_that_is_said(daemon):
    file = daemon.directory / "backup.db"
    file.write_text("mine")
    refused = daemon.run_ctl("backup", file)
    assert refused.returncode == 1 and "--force" in refused.stderr and file.read_text() == "mine"
    assert daemon.run_ctl("backup", "--force", file).returncode == 0
    assert look(file, "PRAGMA integrity_check") == [("ok",)]
    for wrong in (daemon.directory, daemon.directory / "nowhere" / "backup.db"):
        ended = daemon.run_ctl("backup", "--force", wrong)
        assert ended.returncode == 1 and str(wrong) in ended.stderr
    assert not list(daemon.directory.glob("backup.db.*")), "no half file is left"


def test_only_a_file_is_replaced(daemon):
    link, pipe = daemon.directory / "link.db", daemon.directory / "pipe.db"
    (daemon.directory / "target").write_text("mine")
    link.symlink_to("target")
    os.mkfifo(pipe)
    for wrong in (link, pipe):
        refused = daemon.run_ctl("backup", "--force", wrong)
        assert refused.returncode == 1 and f'"{wrong}" is there and is no regular file' in refused.stderr
    assert link.is_symlink() and link.read_text() == "mine" and pipe.is_fifo()
    assert daemon.run_ctl("backup", "-").returncode == 2 and not (daemon.directory / "-").exists()
    assert daemon.run_ctl("backup", daemon.directory / "-").returncode == 0


def test_submissions_go_on_meanwhile(daemon):
    """What was acknowledged before it began is in it, each report whole."""
    log = "one of many lines\n" * 1_000
    acknowledged, stop = [], threading.Event()

    def submit(worker):
        connection = daemon.connect()
        number = 0
        while not stop.is_set():
            number += 1
            answer = connection.call("Submit", key=f"{worker}-{number}", project="acme/web", branch=f"w{worker}",
                                     job="ci", step="s", errorType="test_failure", log=log)
            acknowledged.append(answer["parameters"]["ticket"]["reportId"])
        connection.close()

    workers = [threading.Thread(target=submit, args=(worker,)) for worker in range(3)]
    for worker in workers:
        worker.start()
    try:
        wait_for(lambda: len(acknowledged) > 300, "some reports")
        for number in range(2):
            before = set(acknowledged)
            file = daemon.directory / f"{number}.db"
            daemon.ctl("backup", file)
            assert look(file, "PRAGMA integrity_check") == [("ok",)]
            ids = {f"error-{at >> 16}" + (f"-{(at & 0xffff) + 1}" if at & 0xffff else "")
                   for at, in look(file, "SELECT id FROM reports")}
            assert before <= ids
            [(reports,)] = look(file, "SELECT count(*) FROM reports WHERE log IS NOT NULL OR scan IS NOT NULL")
            assert look(file, "SELECT n FROM counters WHERE kind = 'reports'") == [(reports,)]
    finally:
        stop.set()
        for worker in workers:
            worker.join()


def test_one_that_goes_away_leaves_nothing(daemon):
    fill(daemon)
    for _ in range(5):
        connection = daemon.connect()
        connection.send("io.codegend.Backup", more=True)
        assert connection.receive()["continues"]
        connection.close()
        wait_for(lambda: not list(daemon.state.glob("*-backup*")), "the copy being removed")
    # The next one is not kept waiting by those.
    wait_for(lambda: daemon.run_ctl("backup", daemon.directory / "last.db").returncode == 0, "a backup")


def test_one_at_a_time(daemon):
    fill(daemon)
    first, second = daemon.connect(), daemon.connect()
    first.send("io.codegend.Backup", more=True)
    assert first.receive()["continues"]
    second.send("io.codegend.Backup", more=True)
    assert second.receive()["error"] == "io.codegend.Busy"
    assert daemon.connect().call("Backup")["error"] == "org.varlink.service.ExpectedMore"
    while first.receive().get("continues"):
        pass
    first.close()
    second.close()


def test_a_stop_ends_it(daemon):
    fill(daemon)
    connection = daemon.connect()
    connection.send("io.codegend.Backup", more=True)
    assert connection.receive()["continues"]
    daemon.stop()
    assert not list(daemon.state.glob("*-backup*"))
    connection.close()


def test_a_signal_leaves_no_half_file(daemon):
    fill(daemon)
    file = daemon.directory / "backup.db"
    client = subprocess.Popen([CODEGENCTL, "--socket", daemon.control, "backup", file], cwd=daemon.directory,
                              env=daemon.environment, stdout=subprocess.DEVNULL)
    wait_for(lambda: list(daemon.directory.glob("backup.db*")), "the file being written")
    client.terminate()
    client.wait()
    left = list(daemon.directory.glob("backup.db*"))
    assert left in ([], [file]), left


def test_a_restored_daemon_goes_on(daemon):
    first = daemon.submit(branch="one")
    daemon.wait_state(first["incidentId"], "waiting")
    file = daemon.directory / "backup.db"
    daemon.ctl("backup", file)
    second = daemon.submit(branch="two")
    daemon.kill()
    restore(daemon, file)
    daemon.start()
    assert "restored backup" in daemon.log()
    assert [incident["id"] for incident in daemon.incidents()] == [first["incidentId"]]
    assert daemon.run_ctl("incident", "show", second["incidentId"]).returncode == 4, "newer than the backup"
    assert daemon.submit(branch="three")["incidentId"] not in (first["incidentId"], second["incidentId"])
    daemon.restart()
    assert daemon.log().count("restored backup") == 1, "said once"


def test_the_log_of_the_old_database_is_refused(daemon):
    daemon.submit()
    file = daemon.directory / "backup.db"
    daemon.ctl("backup", file)
    daemon.submit(branch="more")
    daemon.kill()
    log = daemon.state / "codegend.db-wal"
    assert log.exists()
    file.rename(daemon.state / "codegend.db")
    code, said = daemon.run_to_end()
    assert code == 9 and str(log) in said and "move" in said
    log.unlink()
    daemon.start()


@pytest.mark.parametrize("moment", ["before the publish", "while it waits"])
def test_a_restore_posts_nothing_twice(make_place, moment):  # noqa: F811
    """Between the backup and its restore everything was posted, or a further cycle was."""
    place = make_place(agents=["asked"])
    daemon, file = place.daemon, place.directory / "backup.db"
    number = place.pull("fix")
    place.check("fix", "test", "failure", age_s=0)
    if moment == "before the publish":
        daemon.ctl("pause")
    ticket = place.report("fix")
    if moment == "while it waits":
        place.wait_state(ticket, "waiting")
        place.wait_quiet()
    daemon.ctl("backup", file)
    daemon.run_ctl("resume")
    if moment == "while it waits":  # the next cycle asks again
        place.advance(60)
        place.push("fix", by=HANDLE, message="does not help")
        place.check("fix", "test", "failure")
        place.look()
        wait_for(lambda: len(place.posts(number, "mention")) == 2, "the second cycle's mention")
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    mentions = place.posts(number, "mention")
    assert len(place.posts(number, "status")) == 1 and len(mentions) == (1 if moment == "before the publish" else 2)

    place.advance(60)
    daemon.kill()
    restore(daemon, file)
    place.start()
    assert place.incident(ticket)["cycle"] == 1
    if moment == "before the publish":
        daemon.ctl("resume")
    else:
        place.look()
        wait_for(lambda: place.incident(ticket)["cycle"] == 2, "the next cycle")
    place.wait_state(ticket, "waiting")
    place.wait_quiet()
    assert len(place.posts(number, "status")) == 1
    assert place.posts(number, "mention") == mentions, "the agent is not asked once more"
    assert not place.issues() and len(place.hub.labels(PROJECT, number)) == 1

    # And then on as ever.
    place.advance(60)
    place.repair("fix")
    daemon.submit_passed(branch="fix", commit=place.head(), job="test")
    place.look()
    place.wait_state(ticket, "resolved")
    place.wait_quiet()
    assert len(place.posts(number, "status")) == 1 and place.posts(number, "mention") == mentions
