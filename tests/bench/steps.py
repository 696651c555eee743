"""What a CI step pays to have something done later."""
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess

import fixture
import harness
from harness import CODEGENCTL, program

OBSERVE = "mode = observe\n"
TASK_SCRIPT = pathlib.Path(__file__).parent / "task.js"
AT_QUEUE = "z"
OURS = "codegenctl submit, start to exit, everything given"
IN_CHECKOUT = "codegenctl submit in a checkout, whose history it gathers"
GOALS = {"node, which writes a JSON file": 10, "at now + 1 hour": 1}  # times our time


def step(bench):
    with bench.daemon(OBSERVE) as daemon:
        with commands(bench, daemon) as all_commands:
            beside(bench, all_commands)
        around(bench, daemon)
        large_log(bench, daemon)


def submit_command(daemon):
    return [CODEGENCTL, "--socket", daemon.submit, "submit", "--strict", "--project", "acme/web", "--branch", "fix/@",
            "--commit", "eff9f61", "--job", "test", "--step", "unit", "--command", "npm test", "--exit-code", "1",
            "--build-number", "@", "test_failure", "3 tests failed"]


def make_checkout(bench):
    """What a CI system checks out, with a history to gather."""
    checkout = bench.new_directory("checkout")
    history = b"".join(b"commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\ndata 13\nsum: carries\n\n"
                       b"M 100644 inline n\ndata <<END\n%d\nEND\n\n" % (1700000000 + n, n) for n in range(200))
    for command, data in ((["init", "-q", "-b", "main"], None), (["fast-import", "--quiet"], history),
                          (["reset", "-q", "--hard"], None)):
        subprocess.run(["git", *command], cwd=checkout, input=data, check=True, env=harness.environment())
    return checkout


def at_jobs():
    done = subprocess.run(["atq", "-q", AT_QUEUE], capture_output=True, text=True, env=harness.environment())
    return {line.split()[0] for line in done.stdout.splitlines()}


@contextlib.contextmanager
def commands(bench, daemon):
    """The words and the directory, by name. What they leave with at and tsp is taken away again."""
    script = bench.directory / "step.sh"
    script.write_text("true\n")
    jobs = at_jobs() if shutil.which("at") else set()
    os.environ["TS_SOCKET"] = str(bench.directory / "tsp")  # a server of its own
    found = {OURS: (submit_command(daemon), bench.directory),
             IN_CHECKOUT: (submit_command(daemon), make_checkout(bench))}
    for name, command in (("at now + 1 hour", ["at", "-q", AT_QUEUE, "-f", script, "now", "+", "1", "hour"]),
                          ("tsp", ["tsp", "-n", "true"]),
                          ("node, which writes a JSON file",
                           ["node", TASK_SCRIPT, bench.directory / "tasks", "fix/@"])):
        if shutil.which(command[0]):
            found[name] = command, bench.directory
        else:
            bench.table.error(f"{command[0]} is not installed")
    try:
        if "tsp" in found:
            subprocess.run(["tsp", "-n", "sleep", "1000"], check=True, stdout=subprocess.DEVNULL)  # what follows waits
        yield found
    finally:
        if "tsp" in found:
            subprocess.run(["tsp", "-k"], stdout=subprocess.DEVNULL)
            subprocess.run(["tsp", "-K"], stdout=subprocess.DEVNULL)
        if new := at_jobs() - jobs if "at now + 1 hour" in found else set():
            subprocess.run(["atrm", *new])


def beside(bench, all_commands):
    rounds, n = (3, 10) if bench.quick else (10, 20)
    took = {name: [] for name in all_commands}
    for turn in range(rounds):
        for name, (command, directory) in all_commands.items():
            arguments = [str(part).replace("@", f"{turn}-@") for part in command]
            took[name].append(program("spawn", n, *arguments, cwd=directory)["p50_us"] / 1000)
    ours = took.pop(OURS)
    bench.table.add(OURS, ours, "ms", 10)
    for name, theirs in took.items():
        ratio = statistics.median(other / our for our, other in zip(ours, theirs))
        bench.table.add(f"  {name}; the ratio is its time to ours", theirs, "ms", ratio=ratio,
                        ratio_target=GOALS.get(name))


def around(bench, daemon):
    """A step that passes, or that only asks."""
    n = 30 if bench.quick else 100
    common = ["--socket", daemon.submit, "--project", "acme/web", "--branch", "fix/step", "--commit", "eff9f61"]
    bare = program("spawn", n, "true")["p50_us"] / 1000
    bench.table.add("true alone", bare, "ms")
    bench.table.add("codegenctl run -- true, beyond that",
                    program("spawn", n, CODEGENCTL, "run", *common, "--", "true")["p50_us"] / 1000 - bare, "ms", 15)
    bench.table.add("codegenctl status",
                    program("spawn", n, CODEGENCTL, "--socket", daemon.control, "status")["p50_us"] / 1000, "ms", 20)


def large_log(bench, daemon):
    log = bench.directory / "step.log"
    fixture.write_log(log, 100_000_000)
    command = [CODEGENCTL, "submit", "--socket", daemon.submit, "--project", "acme/web", "--branch", "fix/log",
               "--commit", "eff9f61", "--strict", "--log", log]
    took = [program("spawn", 1, *command)["p50_us"] / 1e6 for _ in range(3 if bench.quick else 5)]
    bench.table.add("codegenctl submit --log, 100 MB, scanned and redacted", took, "s", 1)
    log.unlink()
