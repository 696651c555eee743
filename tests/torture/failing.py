"""Every failing call: the n-th allocation, SQLite step or system call of a scenario fails, for every n.

A first run counts the calls, and the ways to them. Every n fails once; of the daemon's allocations the first of each
way: another n of the same way finds the same code. Of what is more than a row may take, the seed chooses. Allocations
and steps fail in the sanitized programs as well, which tell of leaks and of what is read beyond its end."""
import collections
import concurrent.futures
import dataclasses
import multiprocessing
import pathlib
import random
import subprocess

import conftest
import frail
import nth_client
import nth_daemon
import report
from nth import PLACES_MAX

WORKERS = 2
QUICK, FULL = 6, 400  # of each row; chosen by the seed where there are more
CHUNK = 40
SHOWN = 6

# (program and what it does meanwhile, how a run is made, what it runs in)
SCENES = {
    "start": (nth_daemon.start, nth_daemon.subjects),
    "serve": (nth_daemon.serve, nth_daemon.subjects),
    "submit": (nth_client.send, nth_client.clients),
    "spool": (nth_client.keep, nth_client.clients),
}
# What is told together: {what: [(kind of call, outcomes)]}
GROUPS = {
    "allocations": [("memory", ("ENOMEM",))],
    "SQLite steps": [("step", ("ENOMEM", "EIO", "ENOSPC"))],
    "syncs": [("sync", ("EIO", "ENOSPC"))],
    "files": [("write", ("ENOSPC", "EIO", "EINTR", "short")), ("read", ("EIO", "EINTR", "short")),
              ("open", ("EMFILE", "EACCES", "EINTR")), ("name", ("EIO", "ENOSPC"))],
    "sockets": [("send", ("EPIPE", "EINTR", "short")), ("recv", ("ECONNRESET", "EINTR", "short")),
                ("accept", ("EMFILE", "ECONNABORTED", "EINTR")), ("connect", ("ENOMEM", "ECONNREFUSED"))],
    "descriptors, threads, processes": [("create", ("EMFILE",)), ("start", ("EAGAIN",))],
}
SANITIZED = {"allocations", "SQLite steps"}  # these run with sanitizers too
# What a scene does not do. A kind of call that is not here has to be seen, else the instrument does not work.
SILENT = {"serve": {"connect"}, "submit": {"step", "sync", "write", "accept", "start"},
          "spool": {"step", "send", "recv", "accept", "start"}}
FAULTS_PART = 10  # of so many cases at least one has to fail a call; a step may have nothing to ask the system for


@dataclasses.dataclass
class Row:
    """A scene, what fails in it, and how."""
    scene: str
    kind: str
    outcome: str
    sanitized: str = ""  # the build directory

    def __str__(self):
        return f"{self.scene}: {self.kind} {self.outcome}" + (" (sanitized)" if self.sanitized else "")


@dataclasses.dataclass
class Outcome:
    row: Row
    cases: int = 0
    faults: int = 0
    ends: int = 0
    frail: int = 0  # findings that are a library's
    lost: list = dataclasses.field(default_factory=list)
    doubled: list = dataclasses.field(default_factory=list)
    wrong: list = dataclasses.field(default_factory=list)
    crashes: list = dataclasses.field(default_factory=list)


def use(build):
    conftest.CODEGEND = pathlib.Path(build) / "daemon" / "codegend"
    conftest.CODEGENCTL = pathlib.Path(build) / "client" / "codegenctl"


def count(row):
    """The ways of one run without a fault, by number of the call."""
    run, place = SCENES[row.scene]
    use(row.sanitized or conftest.BUILD)
    with place() as subject:
        if row.scene == "serve":
            run(subject, lambda nth: None)  # what only the first one does is no part of it
        run(subject, lambda nth: nth.count(row.kind))
        assert not subject.crashes and not subject.ends, (subject.crashes, subject.ends)
        seen = subject.nth.seen
        assert seen or row.kind in SILENT.get(row.scene, ()), f"{row}: no call was seen, so none would fail"
        assert seen <= PLACES_MAX, f"{row}: {seen} calls, and only {PLACES_MAX} are told apart"
        return subject.nth.places


def choose(places, chance, most, all_of_them):
    """Numbers of calls."""
    first = {}
    for number, place in enumerate(places, 1):
        first.setdefault(place, number)
    numbers = list(range(1, len(places) + 1)) if all_of_them else sorted(first.values())
    return sorted(chance.sample(numbers, min(most, len(numbers))))


def run_chunk(row, numbers):
    run, place = SCENES[row.scene]
    use(row.sanitized or conftest.BUILD)
    outcome = Outcome(row, cases=len(numbers))
    with place() as subject:
        for number in numbers:
            known = known_of(subject)
            run(subject, lambda nth, n=number: nth.arm(row.kind, row.outcome, n))
            outcome.faults += subject.nth.hits > 0
            note(outcome, subject, number, known)
        known = known_of(subject)
        if row.scene == "serve":
            nth_daemon.finish_serve(subject)
        note(outcome, subject, f"{numbers[0]}-{numbers[-1]}", known)
        outcome.ends = subject.ends
        outcome.lost, outcome.doubled = list(map(str, subject.found.lost)), list(map(str, subject.found.doubled))
    return outcome


def known_of(subject):
    return len(subject.crashes), len(subject.found.wrong)


def note(outcome, subject, number, known):
    """What is new since `known`, with the way to the call that failed."""
    n_crashes, n_wrong = known
    crashes = subject.crashes[n_crashes:]
    ours = [crash for crash in crashes if not frail.is_frail(crash, subject.nth.where)]
    subject.crashes[n_crashes:] = ours
    outcome.frail += len(crashes) - len(ours)
    for finding in ours + subject.found.wrong[n_wrong:]:
        where = symbols(subject.nth.where)
        outcome.wrong.append(f"{outcome.row}, number {number}: {finding}\n" + "\n".join(where))
    outcome.crashes = list(subject.crashes)


def symbols(where):
    """Lines for people of FILE+0xOFFSET, where it is one of our programs."""
    lines = []
    for item in where:
        name, _, offset = item.rpartition("+")
        path = {"codegend": conftest.CODEGEND, "codegenctl": conftest.CODEGENCTL}.get(name)
        told = path and subprocess.run(["addr2line", "-sfpe", path, hex(int(offset, 16) - 1)], capture_output=True,
                                       text=True).stdout.strip()
        lines.append(f"        {told or item}")
    return lines


def rows_of(group, sanitized):
    for scene in SCENES:
        for kind, outcomes in GROUPS[group]:
            for outcome in outcomes:
                yield Row(scene, kind, outcome)
                if sanitized and group in SANITIZED and outcome == outcomes[0]:
                    yield Row(scene, kind, outcome, sanitized)


def plan(torture, group):
    """[(row, numbers)], and facts about it."""
    chance = random.Random(f"{torture.seed}-{group}")
    chunks, facts, counted = [], collections.Counter(), {}
    for row in rows_of(group, torture.sanitized):
        if torture.row and torture.row not in str(row):
            continue
        known = (row.scene, row.kind, row.sanitized)
        if known not in counted:
            counted[known] = count(row)
            facts[f"calls of {row.scene}"] += len(counted[known])
            facts[f"ways to them of {row.scene}"] += len(set(counted[known]))
        most = torture.per_row or (QUICK if torture.quick else FULL)
        numbers = choose(counted[known], chance, most, group != "allocations" or row.scene in ("submit", "spool"))
        chunks += [(row, numbers[at:at + CHUNK]) for at in range(0, len(numbers), CHUNK)]
    return chunks, dict(facts)


def failing(torture):
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        for group in GROUPS:
            chunks, facts = plan(torture, group)
            yield judged(group, [pool.submit(run_chunk, row, numbers) for row, numbers in chunks], facts)


def judged(group, futures, facts):
    verdict = report.Verdict(
        f"failing {group}", f"one of the {group} of codegend or codegenctl fails, at a start and its end, in service, "
        "and of a submission", "in service or ended with a sentence, nothing acknowledged is lost or twice, nothing is "
        "acknowledged after a failed sync, a start follows; the client says what is true", cases=0)
    outcomes = [future.result() for future in futures]
    for name in ("cases", "faults"):
        setattr(verdict, name, sum(getattr(outcome, name) for outcome in outcomes))
    verdict.losses = sum(len(outcome.lost) for outcome in outcomes)
    verdict.doubles = sum(len(outcome.doubled) for outcome in outcomes)
    verdict.crashes = sum(len(outcome.crashes) for outcome in outcomes)
    verdict.leaks = sum("LeakSanitizer" in line for outcome in outcomes for line in outcome.crashes)
    wrong = [line for outcome in outcomes for line in outcome.wrong]
    verdict.wrong = wrong[:SHOWN] + [f"and {len(wrong) - SHOWN} more"] * (len(wrong) > SHOWN)
    if outcomes and verdict.faults * FAULTS_PART < verdict.cases:
        verdict.wrong.append("hardly a call failed, so this harness would not notice what follows: it is broken")
    verdict.facts = {**facts, "ended for it": sum(outcome.ends for outcome in outcomes),
                     "of libconfuse and libcrypto, not counted": sum(outcome.frail for outcome in outcomes)}
    return verdict
