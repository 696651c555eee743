"""Runs the targets of tests/fuzz, each for its share of the time, keeps what breaks one, and prints a table. tools/fuzz
builds them, and calls this."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# A longer input shows nothing more. The slowest ones take some milliseconds; one that takes seconds is a finding.
OPTIONS = ["-max_len=16384", "-timeout=10", "-rss_limit_mb=2048", "-report_slow_units=600",
           "-use_value_profile=1", "-print_final_stats=1"]
ENVIRONMENT = {"ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
               "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
COVERED = re.compile(r"cov: (\d+) ft: (\d+)")
MESSAGE = re.compile(r"does not hold: .*|ERROR: .*|runtime error: .*|(?<=Base64: ).*")
EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
SHOWN_LINES = 40


def targets_of(build):
    """(name, program, folders of seeds) of each, from the tests that meson knows."""
    told = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True)
    for test in json.loads(told.stdout):
        if any(suite.endswith("fuzz") for suite in test["suite"]):
            program, *arguments = test["cmd"]
            seeds = [argument for argument in arguments if not argument.startswith("-")]
            yield test["name"].removeprefix("fuzz-"), program, seeds


def run(build, target, seconds):
    """Returns a row of the table, and what the target said if it broke."""
    name, program, seeds = target
    corpus, cases = build / "corpus" / name, HERE / "cases" / name
    for folder in (corpus, cases):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(cases.iterdir())
    ended = subprocess.run(
        [program, f"-max_total_time={seconds}", f"-artifact_prefix={cases}/", *OPTIONS, corpus,
         *filter(os.path.exists, seeds)],
        env=os.environ | ENVIRONMENT, capture_output=True, text=True, errors="replace")
    found = set(cases.iterdir()) - before
    if not any(cases.iterdir()):
        cases.rmdir()
    executed, covered = EXECUTED.findall(ended.stderr), COVERED.findall(ended.stderr)
    row = (name, executed[-1] if executed else "?", *(covered[-1] if covered else "??"),
           str(max(len(found), ended.returncode != 0)))
    return row, ended.stderr if ended.returncode != 0 else ""


def show(rows):
    rows = [("target", "executions", "edges", "features", "crashes"), *rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for name, *figures in rows:
        print("  ".join([name.ljust(widths[0]), *(text.rjust(width) for text, width in zip(figures, widths[1:]))]))


def note(path, results):
    """A line of tools/sum-results for each target: what a failure said, and its input."""
    with open(path, "a", encoding="utf-8") as checks:
        for (name, *_), said in results:
            reason = " | ".join(MESSAGE.findall(said)) or said[-200:].replace("\n", " ")
            checks.write(f"FAIL fuzz {name}: {reason}\n" if said else f"PASS fuzz {name}\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--checks", type=pathlib.Path)
    parser.add_argument("targets", nargs="*")
    arguments = parser.parse_intermixed_args()
    known = {target[0]: target for target in targets_of(arguments.build)}
    unknown = set(arguments.targets) - set(known)
    if unknown or arguments.seconds < 1 or arguments.jobs < 1:
        sys.exit("fuzz: seconds and jobs are numbers from 1 on" if not unknown else
                 f"fuzz: there is no target {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    chosen = [known[name] for name in arguments.targets or sorted(known)]
    seconds = max(1, arguments.seconds // len(chosen))
    print(f"{len(chosen)} targets, {seconds} s each, {arguments.jobs} at once", flush=True)
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(lambda target: run(arguments.build, target, seconds), chosen))
    for (name, *_), said in results:
        if said:
            print(f"== {name}", *said.splitlines()[-SHOWN_LINES:], sep="\n")
    show([row for row, _ in results])
    if arguments.checks:
        note(arguments.checks, results)
    return 1 if any(said for _, said in results) else 0


sys.exit(main())
