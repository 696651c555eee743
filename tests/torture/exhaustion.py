"""Cases: what the daemon needs is used up, or taken away from under it."""
import json
import os
import pathlib
import resource
import shutil
import sqlite3
import subprocess
import time

import fixture
import ledger
import report
from conftest import Varlink, wait_for
from place import case

CLIENTS_MORE = 64
DAY_MS = 24 * 3600 * 1000


@case("disk full during load", "the last byte of the store's file system is used while clients submit, then freed",
      "refused as StoreFull meanwhile, reads go on, taken again without a restart, nothing acknowledged is lost")
def disk_full(place, _):
    place.daemon.state.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", place.daemon.state],
                             capture_output=True, text=True)
    if mounted.returncode != 0:
        raise report.Skip(f"needs to mount a file system: {mounted.stderr.strip()}")
    try:
        place.start()
        place.load(parameters={"log": "line\n" * 4000})
        place.faults = 3
        for _ in range(place.faults):
            fill_until_refused(place)
        place.stop_and_look()
        return {"acknowledged": len(place.ledger.acks)}
    finally:
        place.end_load()
        if place.daemon.process is not None:
            place.daemon.kill()
        subprocess.run(["umount", place.daemon.state], check=True)


def fill_until_refused(place):
    filler = place.daemon.state / "filler"
    for client in place.clients:
        client.refusals.clear()

    def fill():
        try:
            with filler.open("ab", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
        except OSError:
            return "io.codegend.StoreFull" in place.refusals()
    wait_for(fill, "a refusal because of the full disk")
    assert "disk is full" in place.daemon.ctl("status")["store"]["problem"]
    assert place.refusals() == {"io.codegend.StoreFull"}, place.refusals()
    filler.unlink()
    place.wait_acks(4)


@case("no descriptors left", "the limit of descriptors is what it holds; 64 more clients connect, then it is raised",
      "clients that are connected are served, it does not spin, newcomers are served once there are descriptors")
def no_descriptors(place, _):
    place.start()
    place.load(2)
    before = place.descriptors()
    place.limit(resource.RLIMIT_NOFILE, before)
    more = []
    for _ in range(CLIENTS_MORE):
        peer = Varlink(place.daemon.submit_socket)
        more.append(peer)
    place.faults = CLIENTS_MORE
    place.wait_acks(20)
    for client in place.clients:
        client.pause_s = 0.2
    spent, began = place.cpu_s(), time.monotonic()
    time.sleep(3)
    share = (place.cpu_s() - spent) / (time.monotonic() - began)
    assert share < 0.5, f"it used {share:.0%} of a processor with next to nothing to do"
    for peer in more:
        peer.close()
    place.limit(resource.RLIMIT_NOFILE, 1024)
    wait_for(place.answers, "an answer to a new client")
    place.wait_acks(4)
    place.end_load()
    wait_for(lambda: place.descriptors() <= before, "the end of all connections")
    place.stop_and_look()
    return {"processor meanwhile": f"{share:.0%}"}


@case("no memory left", "the address space may not grow by more than a little, while clients send long logs",
      "it serves, or ends and says why; a start finds all that was acknowledged")
def no_memory(place, torture):
    rounds = 3 if torture.quick else 12
    place.faults = rounds
    n_ends = 0
    for number in range(rounds):
        place.start()
        status = pathlib.Path(f"/proc/{place.pid}/status").read_text().splitlines()
        vm_kib = next(int(line.split()[1]) for line in status if line.startswith("VmSize"))
        place.limit(resource.RLIMIT_AS, (vm_kib << 10) + (number * 6 // rounds << 20))
        place.clients += clients_with_long_logs(place, number)
        time.sleep(1.5)
        n_ends += place.daemon.process.poll() is not None
        place.end_load()
        end(place)
        place.oracle.look(place.database, place.found)
    return {"ended by itself": n_ends, "acknowledged": len(place.ledger.acks)}


def clients_with_long_logs(place, number):
    return ledger.start_clients(place.ledger, place.daemon, 8, prefix=f"m{number}-",
                                parameters={"log": "line of a log\n" * 15000})


def end(place):
    """It may have ended by itself, and a stop may fail; but nothing crashes."""
    if place.daemon.process.poll() is None:
        place.daemon.process.terminate()
    place.wait_end()


@case("the database is replaced", "another file is renamed to the name of the database while clients submit",
      "it ends instead of acknowledging into a file without a name")
def replaced(place, _):
    place.start()
    place.load()
    place.wait_acks(20)
    kept = place.daemon.directory / "kept.db"
    os.link(place.database, kept)  # so that the file that is replaced can be looked at
    os.link(str(place.database) + "-wal", str(kept) + "-wal")
    other = place.daemon.state / "other"
    shutil.copy(place.database, other)
    os.replace(other, place.database)
    place.wait_end()
    place.end_load()
    assert "removed or replaced" in place.daemon.log(), place.daemon.log()
    place.oracle.look(kept, place.found)
    return {"acknowledged": len(place.ledger.acks)}


@case("the database is truncated", "the database, then its log, is cut to half, or to nothing, under a running daemon",
      "no crash, and never an empty store in its place: refused, with a sentence that names the file, or still whole")
def truncated(place, _):
    place.faults = 4
    refused = 0
    for suffix, part in (("", 0.5), ("", 0.0), ("-wal", 0.5), ("-wal", 0.0)):
        shutil.rmtree(place.daemon.state, ignore_errors=True)
        place.ledger.acks.clear()
        place.start()
        place.load()
        place.wait_acks(20)
        place.end_load()
        if suffix == "":
            place.daemon.restart()  # its log is moved into the database
        path = str(place.database) + suffix
        if os.path.exists(path):
            os.truncate(path, int(os.path.getsize(path) * part))
        refused += after_truncation(place, suffix)
    return {"refused": refused, "whole": place.faults - refused}


def after_truncation(place, suffix):
    """Whether it refuses. A log that is cut by hand is as one that was never written: that much cannot be told."""
    place.clients += ledger.start_clients(place.ledger, place.daemon, 2, prefix=f"t{len(place.clients)}-")
    time.sleep(0.5)
    place.end_load()
    end(place)
    process = subprocess.Popen(place.daemon.arguments(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=place.daemon.environment, text=True)
    place.daemon.process = process
    try:
        code = process.wait(3)
    except subprocess.TimeoutExpired:
        return refuses_when_asked(place, suffix)
    place.daemon.process = None
    said = process.stdout.read()
    assert code == 9 and "codegend.db" in said, f"{code}: {said}"
    return True


def refuses_when_asked(place, suffix):
    """A start reads a part of the database only: of a log that was cut, what is damaged may be in the rest."""
    asked = place.daemon.run_ctl("--json", "status")
    process, place.daemon.process = place.daemon.process, None
    if asked.returncode == 0:  # else it ends by itself
        process.terminate()
    said = process.communicate(timeout=60)[0]
    if asked.returncode != 0 and suffix == "-wal":
        assert "store_failed" in asked.stderr and "codegend.db" in said, f"{asked.stderr}\n{said}"
        assert process.returncode in (0, 1), f"it ended with {process.returncode}: {said}"
        return True
    assert (asked.returncode, process.returncode) == (0, 0), f"{asked.stderr}\n{said}"
    found = json.loads(asked.stdout)["reports"]
    if suffix == "":
        assert found >= len(place.ledger.acks), f"it serves {found} reports of {len(place.ledger.acks)}"
    return False


@case("overdue tasks at the start", "many tasks came due while the daemon was down",
      "submissions are answered meanwhile, each task is executed once")
def overdue(place, torture):
    n = 5_000 if torture.quick else 100_000
    place.daemon.configure(follow_up_delay="300d", wait_recheck="300d")
    place.daemon.start()
    place.daemon.stop()
    fixture.fill(place.database, 400, n)
    connection = sqlite3.connect(place.database)
    connection.execute("UPDATE tasks SET due_ms = ? WHERE status = 'scheduled'", (int(time.time() * 1000) - DAY_MS,))
    connection.commit()
    connection.close()
    place.faults = n
    place.start()
    place.load(2, pause_s=0.05)
    place.wait_acks(20)
    end = time.monotonic() + 900
    while (tasks := place.daemon.ctl("status")["tasks"])["overdue"] or tasks["executing"]:
        assert time.monotonic() < end, f"still to do: {tasks}"
        time.sleep(0.5)
    place.end_load()
    place.daemon.stop()
    connection = sqlite3.connect(place.database)
    sql = "SELECT task_id, count(*) FROM events WHERE kind = 'verdict' GROUP BY task_id"
    verdicts = connection.execute(sql).fetchall()
    connection.close()
    place.found.double({task for task, times in verdicts if times > 1}, "tasks executed more than once")
    assert len(verdicts) >= n, f"{len(verdicts)} of {n} tasks have a verdict"
    return {"tasks": n}
