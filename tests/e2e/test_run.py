"""`codegenctl run --` in front of a command is invisible: each test compares with the bare command."""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from conftest import CODEGENCTL, PATIENCE_S, SANITIZED, clean_environment, wait_for

PLACE = ["--project", "acme/web", "--branch", "fix", "--commit", "aaaaaaa1", "--job", "ci"]
# Nobody is there: one line says so, at the very end, and nothing else is different.
WARNING = re.compile(rb"codegenctl: [^\n]*\n\Z")
PYTHON = sys.executable


class Step:
    """Commands, bare and behind codegenctl, in a directory of their own."""

    def __init__(self, directory):
        self.directory = directory
        self.environment = clean_environment(directory)
        (directory / "spool").mkdir()

    def words(self, command, *options):
        command = ["sh", "-c", command] if isinstance(command, str) else command
        return [CODEGENCTL, "--socket", self.directory / "nobody", "run", *PLACE, *options, "--", *command]

    def bare(self, command, **more):
        command = ["sh", "-c", command] if isinstance(command, str) else command
        return self.start(command, **more)

    def run(self, command, *options, **more):
        return self.start(self.words(command, *options), **more)

    def start(self, words, **more):
        more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        return subprocess.Popen(words, env=self.environment, cwd=self.directory, **more)

    def spooled(self):
        """What was reported, in the order of time."""
        files = sorted((self.directory / "spool").glob("*.json"))
        return [json.loads(file.read_text()) for file in files]


@pytest.fixture
def step(tmp_path):
    return Step(tmp_path)


def finish(process, data=None):
    out, err = process.communicate(data, timeout=PATIENCE_S)
    code = process.returncode
    return (128 - code if code < 0 else code), out, err


def assert_same(step, command, data=None, **more):
    """Exit code as a shell sees it, and every byte."""
    if data is not None:
        more["stdin"] = subprocess.PIPE
    code, out, err = finish(step.bare(command, **more), data)
    run_code, run_out, run_err = finish(step.run(command, **more), data)
    assert (run_code, run_out) == (code, out)
    if err is not None:
        assert WARNING.sub(b"", run_err) == err
        assert len(run_err) > len(err), "a report that was not taken is told"
    return code, out


COMMANDS = [
    "true", "false", "exit 7", "exit 255", "echo hello", "printf 'no newline'", "printf 'a\\0b\\377\\r\\n\\033[31mred'",
    "echo out; echo err >&2; exit 3", "head -c 3000000 /dev/urandom > r; cat r; cat r >&2", "cat", "cat; exit 4",
    "kill -TERM $$", "kill -KILL $$", "kill -SEGV $$", "kill -PIPE $$", "kill -INT $$", "exec 1>&-; echo lost >&2",
    "ulimit -c 0; kill -ABRT $$", "sleep 0.2 & echo $?; wait", ["printf", "%s|", "--", "-x", "", "a b", "*"],
    ["env", "--", "echo", "--json"], ["sh", "-c", "echo $0 $#", "--help", "--quiet"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
def test_bytes_and_codes_are_the_same(step, command):
    if isinstance(command, str) and "urandom" in command:
        (step.directory / "r").write_bytes(os.urandom(3_000_000))
        command = "cat r; cat r >&2"
    assert_same(step, command)


def test_input_is_read_to_its_end(step):
    data = os.urandom(1_000_000)
    assert assert_same(step, "cat", data) == (0, data)
    # What the step leaves of it is for who comes next.
    for words in (["head", "-n1"], [str(word) for word in step.words(["head", "-n1"])]):
        (step.directory / "in").write_text("one\ntwo\n")
        with (step.directory / "in").open() as file:
            ended = subprocess.run(["sh", "-c", '"$@" >/dev/null; cat', "sh", *words], stdin=file, env=step.environment,
                                   stdout=subprocess.PIPE, cwd=step.directory, timeout=PATIENCE_S, check=True)
        assert ended.stdout == b"two\n"


MIXED = [PYTHON, "-c", """
import os
for i in range(20000):
    os.write(1 + i % 2, b"%d\\n" % i)
"""]


def test_one_file_for_both_keeps_their_order(step):
    expected = b"".join(b"%d\n" % i for i in range(20000))
    _, out, _ = finish(step.run(MIXED, stderr=subprocess.STDOUT))
    assert WARNING.sub(b"", out) == expected
    for redirection in (">o 2>&1", ">>o 2>>o", "2>o 1>&2"):
        (step.directory / "o").unlink(missing_ok=True)
        line = f'"$@" {redirection}'
        code, _, _ = finish(step.start(["sh", "-c", line, "sh", *step.words(MIXED)]))
        assert code == 0 and WARNING.sub(b"", (step.directory / "o").read_bytes()) == expected


def test_files_that_are_two_stay_two(step):
    script = "echo long output; sleep 0.1; echo err >&2"
    for redirection in (">o 2>e", ">o", "2>e"):
        results = []
        for words in (["sh", "-c", script], step.words(script)):
            for name in "oe":
                (step.directory / name).write_bytes(b"")
            finish(step.start(["sh", "-c", f'"$@" {redirection}', "sh", *words]))
            results.append([(step.directory / name).read_bytes() for name in "oe"])
        bare, run = ([WARNING.sub(b"", text) for text in result] for result in results)
        assert bare == run
    # Two openings of one file write over each other, each from its beginning; and the warning does so too.
    finish(step.start(["sh", "-c", '"$@" >o 2>o', "sh", *step.words("printf %09999d; sleep 0.1; echo err >&2")]))
    both = (step.directory / "o").read_bytes()
    assert re.fullmatch(rb"err\ncodegenctl: [^\n]*\n0+", both) and len(both) == 9999


PROBE = [PYTHON, "-c", """
import json, os, resource, signal, sys
status = open("/proc/self/status").read().splitlines()
names = ("SigBlk", "SigIgn", "SigCgt", "Umask:")
facts = {line.split(":")[0]: line.split()[1] for line in status if line[:6] in names}
facts["fds"] = sorted(fd for fd in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + fd))
facts["limits"] = {n: resource.getrlimit(getattr(resource, n)) for n in dir(resource) if n.startswith("RLIMIT_")}
facts["nice"] = os.nice(0)
facts["environment"] = dict(os.environ)
facts["directory"] = os.getcwd()
facts["group"] = os.getpgrp() == os.getpgid(os.getppid())
facts["session"] = os.getsid(0)
facts["stdin"] = os.fstat(0).st_ino if sys.stdin else None
print(json.dumps(facts), file=open("facts", "w"))
"""]


def unusual():
    os.umask(0o027)
    os.nice(3)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])


@pytest.mark.parametrize("closed", ["", "0<&-", "1>&-", "2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-", "1</dev/null",
                                  "7<facts"])
def test_the_step_finds_what_it_would_have_found(step, closed):
    facts = []
    (step.directory / "facts").touch()
    for words in (PROBE, step.words(PROBE)):
        step.start(["sh", "-c", f'"$@" {closed}; :', "sh", *words], preexec_fn=unusual, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL).wait(PATIENCE_S)
        facts.append(json.loads((step.directory / "facts").read_text()))
    assert facts[0] == facts[1]


# What has no lost moment: a signal in front of a read() would leave it waiting, and Python's handler too.
TRAPS = [PYTHON, "-u", "-c", """
import os, select, signal
for number in NUMBERS:
    signal.signal(number, lambda n, frame: os.write(1, b"caught %d\\n" % n))
woken, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
print("ready")
while True:
    readable = select.select([0, woken], [], [])[0]
    if woken in readable:
        os.read(woken, 100)
    elif not os.read(0, 1):
        break
"""]
SIGNALS = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
           signal.SIGRTMIN + 2]


@pytest.mark.parametrize("number", SIGNALS, ids=str)
@pytest.mark.parametrize("to_group", [False, True], ids=["process", "group"])
def test_a_signal_comes_once(step, number, to_group):
    words = [*TRAPS[:-1], TRAPS[-1].replace("NUMBERS", repr([int(n) for n in SIGNALS]))]
    process = step.run(words, stdin=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == b"ready\n"
    for _ in range(2):
        (os.killpg if to_group else os.kill)(process.pid, number)
        assert process.stdout.readline() == b"caught %d\n" % number
    code, out, _ = finish(process, b"")
    assert (code, out) == (0, b"")


@pytest.mark.parametrize("number", SIGNALS, ids=str)
def test_a_signal_ends_the_step(step, number):
    process = step.run("echo ready; exec sleep 100")
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    process.wait(PATIENCE_S)
    assert process.returncode == 128 + number
    report, = step.spooled()
    assert str(128 + number) in json.dumps(report)


def test_killed_by_force_it_takes_the_step_along(step):
    process = step.run("echo $$; exec sleep 100")
    pid = int(process.stdout.readline())
    process.kill()
    process.wait()
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the end of the step")


def test_a_reader_that_goes_away_ends_the_step(step):
    line = '{ "$@"; echo $? >code; } | head -n2'
    for words in (["yes"], step.words(["yes"])):
        assert finish(step.start(["bash", "-c", line, "bash", *words]))[1] == b"y\ny\n"
        assert (step.directory / "code").read_text() == "141\n"
    # Also one that only looks whether there still is one.
    waits = [PYTHON, "-c", "import select; p = select.poll(); p.register(1, 0); print(p.poll(30000), flush=True)"]
    assert finish(step.start(["bash", "-c", '{ "$@"; echo $? >code; } | true', "bash", *step.words(waits)]))[0] == 0
    assert (step.directory / "code").read_text() != "0\n"


def test_a_slow_reader_of_one_does_not_hold_up_the_other(step):
    process = step.run("head -c 1000000 /dev/zero & echo here >&2; wait; echo end >&2")
    assert process.stderr.readline() == b"here\n"
    assert len(process.stdout.read(1000000)) == 1000000
    assert finish(process)[0] == 0


def test_an_output_without_waiting_is_waited_for(step):
    reading, writing = os.pipe2(os.O_NONBLOCK)
    process = step.run("head -c 300000 /dev/zero", stdout=writing)
    os.close(writing)
    time.sleep(0.1)
    os.set_blocking(reading, True)
    with os.fdopen(reading, "rb") as file:
        assert len(file.read()) == 300000
    assert finish(process)[0] == 0


def test_the_end_of_output_is_told_when_it_comes(step):
    process = step.run("echo a; exec >&-; read line", stdin=subprocess.PIPE)
    assert process.stdout.read() == b"a\n"  # while the step still runs
    assert process.poll() is None
    assert finish(process, b"\n")[0] == 0


def test_what_is_inherited_is_let_go_of(step):
    reading, writing = os.pipe()
    process = step.run(["bash", "-c", f"exec {writing}>&-; read line"], stdin=subprocess.PIPE, pass_fds=[writing])
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        assert file.read() == b""  # while the step still runs
    assert process.poll() is None
    assert finish(process, b"\n")[0] == 0


def test_a_daemon_left_behind_is_not_waited_for(step):
    reading, writing = os.pipe()
    os.set_blocking(writing, True)
    script = f"(read line <&{reading}; echo late; echo later >&2) & echo now"
    process = step.run(["bash", "-c", script], pass_fds=[reading])
    assert process.stdout.readline() == b"now\n"
    assert process.wait(PATIENCE_S) == 0
    os.write(writing, b"\n")
    # And what it writes afterwards is not lost, as without us.
    assert process.stdout.read() == b"late\n"
    assert process.stderr.read().endswith(b"later\n")


def test_without_descriptors_the_step_runs_all_the_same(step):
    words = step.words("echo hi; exit 5")
    code, out, err = finish(step.start(["sh", "-c", 'ulimit -n 4; exec "$@"', "sh", *words]))
    assert (code, out) == (5, b"hi\n")
    assert err.startswith(b"codegenctl: ") and err.count(b"\n") == 1 and not step.spooled()


def test_a_full_disk_is_not_success(step):
    with open("/dev/full", "wb") as full:
        process = step.run("echo lost", stdout=full)
        code, _, err = finish(process)
    assert code == 125 and b"No space left" in err


@pytest.mark.parametrize("words, code", [
    (["/nonexistent"], 127), (["no-such-command-here"], 127), (["/etc/passwd"], 126), (["/"], 126)])
def test_what_cannot_be_run(step, words, code):
    ended, out, err = finish(step.run(words))
    assert (ended, out) == (code, b"")
    assert words[0].encode() in err.splitlines()[0] and len(err.splitlines()) == 2
    report, = step.spooled()
    assert words[0] in json.dumps(report)


@pytest.mark.parametrize("options, code", [
    (["--frobnicate"], 5), (["--frobnicate", "value"], 5), (["--exit-code", "3"], 5), (["--passed"], 5),
    (["--pull-request", "x"], 5), (["--log", "x", "--job", "y"], 5), (["-x"], 5)])
def test_a_mistake_does_not_cost_the_step(step, options, code):
    ended, out, err = finish(step.run("echo ran; exit 5", *options))
    assert (ended, out) == (code, b"ran\n")
    assert b"running the command without it" in err.splitlines()[0]
    assert len(step.spooled()) == 1
    # A pass of who knows what is not reported.
    assert finish(step.run("true", *options))[0] == 0
    assert len(step.spooled()) == 1


def test_without_a_command(step):
    for words in (["run"], ["run", "--"], ["run", "--strict"], ["run", "--frob"]):
        ended = subprocess.run([CODEGENCTL, *words], env=step.environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 125 and ended.stderr.count("\n") == 1 and not ended.stdout
    ended = subprocess.run([CODEGENCTL, "run", "--help"], env=step.environment, stdout=subprocess.PIPE, text=True,
                           check=True)
    assert "--tests FILE" in ended.stdout


def test_the_first_word_begins_the_command(step):
    words = [CODEGENCTL, "--socket", step.directory / "nobody", "run", *PLACE, "echo", "--json", "--", "a"]
    assert finish(step.start(words))[:2] == (0, b"--json -- a\n")


def test_strict_tells_of_a_pass_that_was_not_taken(step):
    assert finish(step.run("true", "--strict"))[0] == 75
    assert finish(step.run("exit 3", "--strict"))[0] == 3


# 1 GB

MANY = [PYTHON, "-c", """
import sys
line = b"2024-05-01T10:00:00.123Z compiling src/widget_%d.ts (%d ms)\\n"
block = b"".join(line % (i, i * 7 % 913) for i in range(9000))
left = 1 << 30
while left > 0:
    left -= sys.stdout.buffer.write(block[:left])
"""]


def peak_kib(pid):
    """Of this program alone: what wait4() tells begins with the memory of the process that started it."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def test_a_gigabyte_in_little_memory(step):
    process = step.run(MANY)
    total = peak = 0
    while data := process.stdout.read(1 << 20):
        total += len(data)
        peak = max(peak, peak_kib(process.pid))
    assert (process.wait(PATIENCE_S), total) == (0, 1 << 30)
    if not SANITIZED:
        assert 0 < peak < 32 * 1024


# What is reported

def run_with(daemon, command, *options, **more):
    return subprocess.run([CODEGENCTL, "--socket", daemon.submit_socket, "run", *PLACE, *options, "--", *command],
                          env=daemon.environment, cwd=daemon.directory, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=PATIENCE_S, check=False, **more)


def test_failures_and_passes_are_reported(daemon):
    ended = run_with(daemon, ["sh", "-c", "echo one; echo 'src/a.c:1:2: error: bad' >&2; exit 9"])
    assert (ended.returncode, ended.stdout, ended.stderr) == (9, b"one\n", b"src/a.c:1:2: error: bad\n")
    report, = daemon.ctl("reports")["reports"]
    report = daemon.ctl("report", "show", report["id"])
    assert report["exitCode"] == 9 and "error: bad" in json.dumps(report)
    assert report["command"].startswith("sh -c 'echo one")
    ended = run_with(daemon, ["true"])
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert daemon.ctl("status")["builds"] == 2 and len(daemon.ctl("reports")["reports"]) == 1


def test_a_daemon_that_hangs_costs_two_seconds(step):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(step.directory / "nobody"))
        listening.listen()
        took = []
        for start in (step.bare, step.run):
            began = time.monotonic()
            code, out, err = finish(start("echo a; exit 6"))
            took.append(time.monotonic() - began)
            assert (code, out) == (6, b"a\n")
        assert err.count(b"\n") == 1
        assert took[1] - took[0] < 4  # two, and what a busy machine adds
    assert len(step.spooled()) == 1
