"""Checks of pull requests, and the work on logs: scan and redact beside grep."""
import json
import os
import select
import statistics
import subprocess
import time

import fixture
import github
import harness
from harness import CODEGENCTL, Failed


def checks(bench):
    github.github(bench)
    logs(bench)


def timed(*command, stdin=subprocess.DEVNULL, **more):
    """Seconds and the most memory in MiB of one run. Its output goes through a pipe: grep stops early at /dev/null."""
    started = time.perf_counter()
    resident = 0
    with subprocess.Popen([*map(str, command)], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=harness.environment(**more)) as child:
        os.set_blocking(child.stdout.fileno(), False)
        while (data := child.stdout.read(1 << 20)) != b"":
            resident = max(resident, harness.peak_mib(child.pid))
            if data is None:
                select.select([child.stdout], [], [], 0.05)
    took = time.perf_counter() - started
    if child.returncode not in (0, 1):
        raise Failed(f"{command[0]} ended with {child.returncode}")
    return took, resident


def write_words(bench):
    words = bench.directory / "words"
    words.write_bytes(subprocess.run([harness.BUILD / "tests" / "bench" / "bench-keywords"], check=True,
                                     capture_output=True).stdout)
    return words


def logs(bench):
    n_bytes = (16 if bench.quick else 512) << 20
    log = bench.directory / "long.log"
    fixture.write_log(log, n_bytes)
    grep = ("grep", "-cEf", write_words(bench), log)
    speeds, memory = {"grep": [], "scan": [], "redact": []}, {}
    for _ in range(2 if bench.quick else 3):
        for name, run in (("grep", lambda: timed(*grep, LC_ALL="C")),
                          ("scan", lambda: timed(CODEGENCTL, "scan", "--json", log)),
                          ("redact", lambda: redact(log))):
            took, resident = run()
            speeds[name].append(n_bytes / 1e6 / took)
            memory[name] = max(memory.get(name, 0), resident)
    bench.table.add(f"a log of {n_bytes >> 20:,} MiB: LC_ALL=C grep -cE with the keywords of scan and redact",
                    speeds["grep"], "MB/s")
    for name, target in (("scan", 0.5), ("redact", None)):
        ratio = statistics.median(ours / grep for ours, grep in zip(speeds[name], speeds["grep"]))
        bench.table.add(f"  codegenctl {name}; the ratio is its speed to grep's", speeds[name], "MB/s", ratio=ratio,
                        ratio_target=target)
        bench.table.add("    most memory", memory[name], "MiB", 32)
    check_found(log)
    log.unlink()


def redact(log):
    with log.open("rb") as file:
        return timed(CODEGENCTL, "redact", stdin=file)


def check_found(log):
    found = subprocess.run([CODEGENCTL, "scan", "--json", log], capture_output=True, text=True,
                           env=harness.environment())
    files = {finding["file"] for finding in json.loads(found.stdout)["findings"]}
    if not {"src/first.ts", "src/last.ts"} <= files:
        raise Failed(f"the first and the last finding were not found: {sorted(files)}")
