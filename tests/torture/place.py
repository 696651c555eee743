"""A daemon for one case of hostility: its own directories, a ledger, and the end that every case has to reach."""
import contextlib
import os
import pathlib
import resource
import shutil
import tempfile
import time

import ledger
import oracle
import report
from conftest import BROKEN, Daemon, Varlink, wait_for
from fault import Fault

OBSERVE = {"mode": "observe", "follow_up_delay": "300d"}
CASES = []  # (function, name, broken, holds, in a quick run)


def case(name, broken, holds, quick=True):
    """Registers function(place, torture), which returns facts for people; what is wrong it raises, or adds to
    place.found."""
    def register(function):
        CASES.append((function, name, broken, holds, quick))
        return function
    return register


class Place:
    def __init__(self, directory, **policy):
        self.daemon = Daemon(directory)
        self.daemon.configure(**{**OBSERVE, **policy})
        self.fault = Fault(directory)
        self.ledger = ledger.Ledger(directory / "ledger")
        self.found = oracle.Findings()
        self.oracle = oracle.Oracle(self.ledger, directory / "copy")
        self.crashes = []
        self.clients = []
        self.faults = 1

    def start(self):
        self.daemon.start(environment=self.fault.environment)
        return self

    def load(self, n=4, **more):
        self.clients += ledger.start_clients(self.ledger, self.daemon, n, prefix=f"l{len(self.clients)}-", **more)
        self.wait_acks(1)

    def wait_acks(self, n):
        """So many more."""
        wanted = len(self.ledger.acks) + n
        wait_for(lambda: len(self.ledger.acks) >= wanted, f"{n} more acknowledgements")

    def end_load(self):
        ledger.end_clients(self.clients)

    def refusals(self):
        return {error for client in self.clients for error in client.refusals}

    @property
    def pid(self):
        return self.daemon.process.pid

    @property
    def database(self):
        [path] = self.daemon.state.glob("*.db")
        return path

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def memory_mib(self):
        pages = int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2 ** 20

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def limit(self, what, soft):
        """Of the daemon that runs; the hard limit stays."""
        resource.prlimit(self.pid, what, (soft, resource.prlimit(self.pid, what)[1]))

    def answers(self):
        with contextlib.suppress(OSError):
            peer = Varlink(self.daemon.submit_socket)
            answer = peer.call("Ping")
            peer.close()
            return answer is not None
        return False

    def wait_end(self):
        """Whether it ends by itself, which it may; then cleanly."""
        code = self.daemon.process.wait(60)
        if code not in (0, 1):
            self.crashes.append(f"it ended with {code}: {self.daemon.log()[-800:]}")
        self.daemon.process = None

    def stop_and_look(self):
        """The oracle's last word: the load has ended, the daemon stops cleanly, all that was acknowledged is there."""
        self.end_load()
        if self.daemon.process is not None:
            self.daemon.stop()
        self.oracle.look(self.database, self.found)

    def finish(self):
        self.end_load()
        if self.daemon.process is not None:
            code = self.daemon.process.poll()
            if code is None:
                self.daemon.kill()
            else:
                self.crashes.append(f"it ended with {code}: {self.daemon.log()[-800:]}")
        self.crashes += [line for line in self.daemon.log().splitlines() if any(word in line for word in BROKEN)]


def run_case(torture, function, name, broken, holds):
    verdict = report.Verdict(name, broken, holds)
    began = time.monotonic()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="cg-", dir="/tmp"))
    place = Place(directory)
    try:
        verdict.facts = function(place, torture) or {}
    except report.Skip as error:
        verdict.outcome, verdict.reason = report.SKIPPED, str(error)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # pytest's failures are none of Exception
        verdict.wrong.append(f"{type(error).__name__}: {error}"[:2000])
    finally:
        place.finish()
        shutil.rmtree(directory, ignore_errors=True)
    verdict.wrong += place.found.wrong + place.crashes
    verdict.losses, verdict.doubles = len(place.found.lost), len(place.found.doubled)
    verdict.faults, verdict.crashes = place.faults, len(place.crashes)
    verdict.leaks += verdict.facts.pop("leaks", 0)
    verdict.facts["took"] = f"{time.monotonic() - began:.0f} s"
    return verdict


def hostile(torture):
    for function, name, broken, holds, quick in CASES:
        if torture.case in (None, name) and (quick or not torture.quick):
            yield run_case(torture, function, name, broken, holds)
