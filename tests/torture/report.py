"""The verdicts of tools/torture: a table for people, JSON, and JUnit for tools/sum-results."""
import dataclasses
import json
import xml.etree.ElementTree as ElementTree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
COUNTS = ("cases", "faults", "losses", "doubles", "crashes", "leaks")


class Skip(Exception):
    """It cannot be run here; the text says why."""


@dataclasses.dataclass
class Verdict:
    """One line. `broken`: what was done on purpose; `holds`: what had to hold. A positive control has to lose: its
    losses are of the broken thing that it looks at, and not of codegend."""

    name: str
    broken: str
    holds: str
    outcome: str = PASSED
    cases: int = 1
    faults: int = 0
    losses: int = 0
    doubles: int = 0
    crashes: int = 0
    leaks: int = 0
    is_control: bool = False
    wrong: list = dataclasses.field(default_factory=list)
    facts: dict = dataclasses.field(default_factory=dict)
    reason: str = ""  # of a skip
    seconds: float = 0.0

    def settle(self):
        """The outcome that follows from what was found."""
        if self.outcome == SKIPPED:
            return self
        if self.is_control and not self.losses:
            self.wrong.append("nothing was lost, so this harness would not notice a loss: it is broken")
        if self.wrong or not self.is_control and any(getattr(self, n) for n in COUNTS[2:]):
            self.outcome = FAILED
        return self


def print_table(verdicts):
    width = max(len(verdict.name) for verdict in verdicts)
    print(f"\n{'':{width}}  " + " ".join(f"{name:>8}" for name in COUNTS) + "  verdict")
    for verdict in verdicts:
        counts = " ".join(f"{getattr(verdict, name):>8}" if verdict.outcome != SKIPPED else f"{'-':>8}"
                          for name in COUNTS)
        control = " (a control: it must lose)" if verdict.is_control else ""
        print(f"{verdict.name:{width}}  {counts}  {verdict.outcome}{control}")
    ours = [verdict for verdict in verdicts if verdict.outcome != SKIPPED and not verdict.is_control]
    print(f"{'all but the controls':{width}}  " +
          " ".join(f"{sum(getattr(verdict, name) for verdict in ours):>8}" for name in COUNTS) + "\n")
    for verdict in verdicts:
        print_details(verdict)


def print_details(verdict):
    print(f"{verdict.name}: {verdict.broken}. Must hold: {verdict.holds}.")
    if verdict.facts:
        print("    " + ", ".join(f"{name} {value}" for name, value in verdict.facts.items()))
    if verdict.reason:
        print(f"    skipped: {verdict.reason}")
    for line in verdict.wrong:
        print(f"    wrong: {line}")


def print_sum(verdicts):
    n = {outcome: sum(verdict.outcome == outcome for verdict in verdicts) for outcome in (PASSED, FAILED, SKIPPED)}
    if n[SKIPPED]:
        print(f"{n[SKIPPED]} skipped")
    print(f"{n[PASSED]} passed, {n[FAILED]} failed")


def print_json(verdicts, seed):
    print(json.dumps({"seed": seed, "verdicts": [dataclasses.asdict(verdict) for verdict in verdicts]}, indent=2))


def write_junit(verdicts, path):
    suite = ElementTree.Element("testsuite", name="torture")
    for verdict in verdicts:
        case = ElementTree.SubElement(suite, "testcase", classname="torture", name=verdict.name,
                                      time=f"{verdict.seconds:.1f}")
        if verdict.outcome == FAILED:
            ElementTree.SubElement(case, "failure", message="; ".join(verdict.wrong)[:2000])
        elif verdict.outcome == SKIPPED:
            ElementTree.SubElement(case, "skipped", message=verdict.reason)
    ElementTree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
