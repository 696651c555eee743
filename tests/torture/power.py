"""The power is cut while clients submit: at random moments, inside commits, after idleness. The same with a log that is
not synced, and with beanstalkd as it comes: these two have to lose, or this harness could not see a loss."""
import contextlib
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import conftest
import ledger
import oracle
import report
from conftest import Daemon, wait_for
from disk import Disk, is_stopped
from fault import Fault

CLIENTS = 4
IDLE_S = 2.0  # longer than the daemon takes to have nothing to do
AFTERMATH_S = 1.0  # in which it may still acknowledge, which would be a lie
STARTS, START_S = 3, 20  # of the other queue: tries, and how long each may take
KINDS = ("random", "before a sync", "after a sync", "random", "before a write", "idle")
POINTS = {"before a sync": ("sync", False), "after a sync": ("sync", True), "before a write": ("write", False)}
SETTINGS = {"follow_up_delay": "300d", "mode": "observe"}  # else the end of a cycle may set another due time


class Rig:
    """A daemon whose state is on a disk that loses power; ledger, sockets and log are elsewhere."""

    def __init__(self, directory, disk, chance):
        self.disk, self.chance = disk, chance
        self.daemon = Daemon(directory)
        self.daemon.configure(**SETTINGS)
        self.daemon.state = disk.path / "state"
        self.fault = Fault(directory)
        self.fault.stop_instead()
        self.ledger = ledger.Ledger(directory / "ledger")
        self.oracle = oracle.Oracle(self.ledger, directory / "copy")
        self.found = oracle.Findings()
        self.kinds = dict.fromkeys(KINDS, 0)
        self.crashes = []

    def cut_once(self, number, kind):
        daemon, fault = self.daemon, self.fault
        daemon.start(environment=fault.environment)
        clients = ledger.start_clients(self.ledger, daemon, CLIENTS, prefix=f"n{number}-")
        n_before = len(self.ledger.acks)
        wait_for(lambda: len(self.ledger.acks) > n_before, "the first acknowledgement")
        if kind in POINTS:
            call, after = POINTS[kind]
            fault.arm(call, self.chance.randint(1, 60), after)
            wait_for(lambda: is_stopped(daemon.process.pid), f"the stop {kind}")
        else:
            time.sleep(self.chance.uniform(0.02, 0.6))
        if kind == "idle":
            ledger.end_clients(clients)
            time.sleep(IDLE_S)
        self.disk.cut(daemon.process.pid)
        self.kinds[kind] += 1
        self.end(clients, kind)
        self.disk.restore_power()
        [path] = daemon.state.glob("*.db")
        self.oracle.look(path, self.found)

    def end(self, clients, kind):
        """Without its disk it has to end by itself, cleanly, as soon as it notices; meanwhile clients go on."""
        process = self.daemon.process
        with contextlib.suppress(subprocess.TimeoutExpired):
            if kind not in POINTS:
                process.send_signal(signal.SIGCONT)
                process.wait(AFTERMATH_S)
        if process.poll() is None:
            process.kill()
        code = process.wait()
        if code not in (1, -signal.SIGKILL):
            self.crashes.append(f"it ended with {code} when its disk was gone: {self.daemon.log()[-500:]}")
        self.daemon.process = None
        self.fault.disarm()
        ledger.end_clients(clients)

    def last_start(self):
        """The daemon itself says so too."""
        self.daemon.start()
        connection = self.daemon.connect()
        for key, ack in self.ledger.acks.items():
            ticket = connection.call("GetTicket", key=key).get("parameters", {}).get("ticket", {})
            if ticket.get("reportId") != ack.report:
                self.found.lose({key}, "acknowledged, and the daemon does not know the ticket")
        connection.close()
        self.daemon.stop()


def cuts(torture, n_cuts, loses_log):
    chance = random.Random(f"{torture.seed}-power-{loses_log}")
    with scratch() as directory, Disk(directory) as disk:
        rig = Rig(directory, disk, chance)
        try:
            if loses_log:
                # The start is synced, as with any setting; what is committed later is not.
                rig.daemon.start()
                rig.daemon.stop()
                rig.fault.keep_no_log()
            for number in range(n_cuts):
                rig.cut_once(number, "random" if loses_log else KINDS[number % len(KINDS)])
            if not loses_log:
                rig.last_start()
        finally:
            if rig.daemon.process is not None:
                rig.daemon.kill()
        return rig


@contextlib.contextmanager
def scratch():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cg-", dir="/tmp"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


# beanstalkd

class Beanstalk:
    """One connection; a job is what its client wrote down."""

    def __init__(self, port):
        self.file = socket.create_connection(("127.0.0.1", port), conftest.PATIENCE_S).makefile("rwb")

    def ask(self, text):
        self.file.write(text.encode())
        self.file.flush()
        return self.file.readline().decode().split()

    def put(self, body):
        word, number = self.ask(f"put 0 0 60 {len(body)}\r\n{body}\r\n")
        assert word == "INSERTED", word
        return number

    def holds(self, number):
        """Not when it dies of what it has."""
        with contextlib.suppress(OSError, IndexError):
            return self.finds(number)
        return False

    def finds(self, number):
        found = self.ask(f"peek {number}\r\n")
        if found[0] == "FOUND":
            self.file.read(int(found[2]) + 2)
        return found[0] == "FOUND"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def beanstalkd(binlog):
    """The process, and a connection; None: it does not start from what is there."""
    for _ in range(STARTS):  # somebody else may have taken the port
        port = free_port()
        process = subprocess.Popen(["beanstalkd", "-l", "127.0.0.1", "-p", str(port), "-b", str(binlog)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        connection = first_answer(process, port)
        if connection is not None:
            break
        process.kill()
        process.wait()
    try:
        yield process, connection
    finally:
        process.kill()
        process.wait()


def first_answer(process, port):
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            return Beanstalk(port)
        time.sleep(0.02)
    return None


def put_jobs(connection, jobs, is_over):
    with contextlib.suppress(OSError, ValueError, AssertionError, IndexError):
        while not is_over.is_set():
            jobs.append(connection.put(f"job {len(jobs)}"))


def beanstalkd_once(disk, chance):
    """(acknowledged, lost) of one cut; all of them when it does not start any more."""
    binlog, jobs, is_over = disk.path / f"binlog-{chance.randrange(10 ** 9)}", [], threading.Event()
    binlog.mkdir()
    subprocess.run(["sync", "-f", str(binlog)], check=True)
    with beanstalkd(binlog) as (process, connection):
        assert connection is not None, "beanstalkd does not start with an empty directory"
        client = threading.Thread(target=put_jobs, args=(connection, jobs, is_over), daemon=True)
        client.start()
        wait_for(lambda: jobs, "the first job")
        time.sleep(chance.uniform(0.1, 0.6))
        disk.cut(process.pid)
        is_over.set()
        process.kill()
        client.join()
    acked = list(jobs)
    disk.restore_power()
    with beanstalkd(binlog) as (_, connection):
        lost = sum(connection is None or not connection.holds(number) for number in acked)
    shutil.rmtree(binlog)  # it is as large as it may become from the start, and the disk is small
    return len(acked), lost


# The verdicts

def ours(torture):
    verdict = report.Verdict("power cut", "the store's ext4 loses all that is not synced, at random moments, before "
                             "and after syncs, inside commits and after idleness", "as for the crash loop, and nothing "
                             "is acknowledged once the disk is gone")
    rig = cuts(torture, 12 if torture.quick else 120, False)
    verdict.faults = sum(rig.kinds.values())
    verdict.losses, verdict.doubles = len(rig.found.lost), len(rig.found.doubled)
    verdict.wrong, verdict.crashes = rig.found.wrong + rig.crashes, len(rig.crashes)
    verdict.facts = {"acknowledged": len(rig.ledger.acks), **rig.kinds}
    return verdict


def without_sync(torture):
    verdict = report.Verdict("control: synchronous = NORMAL", "the same, and a preloaded library leaves out the sync "
                             "of the database's log at commits, just as PRAGMA synchronous = NORMAL does",
                             "acknowledged reports are lost", is_control=True)
    rig = cuts(torture, 4 if torture.quick else 20, True)
    verdict.faults, verdict.losses = sum(rig.kinds.values()), len(rig.found.lost)
    verdict.facts = {"acknowledged": len(rig.ledger.acks)}
    return verdict


def other_queue(torture):
    verdict = report.Verdict("control: beanstalkd -b", "the same cuts under beanstalkd with its default persistence",
                             "acknowledged jobs are lost", is_control=True)
    if shutil.which("beanstalkd") is None:
        raise report.Skip("there is no beanstalkd")
    chance = random.Random(f"{torture.seed}-beanstalkd")
    verdict.faults = 4 if torture.quick else 20
    n_acked = 0
    with scratch() as directory, Disk(directory) as disk:
        for _ in range(verdict.faults):
            acked, lost = beanstalkd_once(disk, chance)
            n_acked += acked
            verdict.losses += lost
    verdict.facts = {"acknowledged": n_acked}
    return verdict


def power(torture):
    for name, part in (("power cut", ours), ("control: synchronous = NORMAL", without_sync),
                       ("control: beanstalkd -b", other_queue)):
        try:
            yield part(torture)
        except report.Skip as error:
            yield report.Verdict(name, "not run", "not known", report.SKIPPED, reason=str(error))
