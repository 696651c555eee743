#!/usr/bin/python3
"""What tools/torture runs, when it has built the programs: each part yields verdicts."""
import argparse
import contextlib
import os
import pathlib
import random
import signal
import sys
import time
import traceback

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / name) for name in ("e2e", "bench")]

import exhaustion  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
import times  # noqa: E402
from crash import crash  # noqa: E402
from failing import failing  # noqa: E402
from place import hostile  # noqa: E402
from power import power  # noqa: E402

PARTS = {"crash": crash, "power": power, "nth": failing, "hostile": hostile}
assert exhaustion and peers and times, "their cases are in the table of place.py"


class Torture:
    def __init__(self, options):
        self.quick = options.quick
        self.seed = options.seed
        self.case = options.case
        self.row, self.per_row = options.row, options.per_row
        self.sanitized = os.environ.get("CODEGEND_SANITIZED_BUILD")


def run_part(name, torture):
    """A part that breaks is a failure, and not the end of the others."""
    began = time.monotonic()
    try:
        for verdict in PARTS[name](torture):
            verdict.seconds = time.monotonic() - began
            began = time.monotonic()
            verdict.settle()
            print(f"{verdict.outcome}: {verdict.name} ({verdict.seconds:.0f} s)", file=sys.stderr, flush=True)
            yield verdict
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # pytest's failures are none of Exception
        yield report.Verdict(f"the rest of {name}", "the harness itself failed", "it runs to its end",
                             report.FAILED, wrong=[traceback.format_exc()])


def main():
    parser = argparse.ArgumentParser(prog="tools/torture", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--junit")
    parser.add_argument("--case", help="of hostile, only this one")
    parser.add_argument("--row", help="of nth, only those with this in their name")
    parser.add_argument("--per-row", type=int, help="of nth, so many cases of each row")
    parser.add_argument("names", nargs="*", choices=[[], *PARTS])
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.randrange(2 ** 31)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Control-C: nothing stays behind
    torture = Torture(options)
    replay = " ".join(["tools/torture", *["--quick"] * torture.quick, "--seed", str(torture.seed), *options.names])
    print(f"Seed {torture.seed}: the same choices again with {replay}", file=sys.stderr)
    verdicts = [verdict for name in options.names or PARTS for verdict in run_part(name, torture)]
    with contextlib.redirect_stdout(sys.stderr if options.json else sys.stdout):
        report.print_table(verdicts)
    if options.json:
        report.print_json(verdicts, torture.seed)
    if options.junit:
        report.write_junit(verdicts, options.junit)
    else:
        with contextlib.redirect_stdout(sys.stderr if options.json else sys.stdout):
            report.print_sum(verdicts)
    return 1 if any(verdict.outcome == report.FAILED for verdict in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
