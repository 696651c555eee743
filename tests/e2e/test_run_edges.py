"""`codegenctl run --` where something is against it: an old kernel, a stuck reader, a full disk, old files."""
import ctypes
import errno
import fcntl
import json
import os
import resource
import signal
import struct
import subprocess
import termios

import pytest

from conftest import PATIENCE_S, SANITIZED, wait_for
from test_run import PYTHON, Step, WARNING, finish
from test_run_terminal import Terminal

SYS_PIDFD_OPEN, SYS_CLOSE_RANGE = 434, 436  # on every architecture


@pytest.fixture
def step(tmp_path):
    return Step(tmp_path)


def without(call):
    """As on an older kernel, or in a container whose seccomp profile does not know the call."""
    def refuse():
        load, is_equal, answer = 0x20, 0x15, 0x06
        lines = [(load, 0, 0, 0), (is_equal, 0, 1, call), (answer, 0, 0, 0x00050000 | errno.ENOSYS),
                 (answer, 0, 0, 0x7fff0000)]
        code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
        program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, program, 0, 0) == 0
    return refuse


def test_an_old_kernel_is_good_enough(step):
    process = step.run("echo out; echo err >&2; exit 3", preexec_fn=without(SYS_CLOSE_RANGE))
    code, out, err = finish(process)
    assert (code, out, WARNING.sub(b"", err)) == (3, b"out\n", b"err\n")
    # Nor does anybody of us keep what the caller waits for the end of.
    reading, writing = os.pipe()
    process = step.run(["bash", "-c", f"exec {writing}>&-; read line"], stdin=subprocess.PIPE, pass_fds=[writing],
                       preexec_fn=without(SYS_CLOSE_RANGE))
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        assert file.read() == b""
    assert process.poll() is None
    assert finish(process, b"\n")[0] == 0


def test_a_git_that_hangs_is_ended_without_pidfd(step):
    (step.directory / ".git").mkdir()
    git = step.directory / "bin" / "git"
    git.parent.mkdir()
    git.write_text("#!/bin/sh\nexec >&-\nexec sleep 1000\n")
    git.chmod(0o755)
    step.environment["PATH"] = f"{git.parent}:{step.environment['PATH']}"
    assert finish(step.run("exit 3", preexec_fn=without(SYS_PIDFD_OPEN)))[0] == 3
    assert len(step.spooled()) == 1


def fill_pipe(step, script):
    """A step that has filled the pipe to a reader that does not read."""
    reading, writing = os.pipe()
    room = fcntl.fcntl(writing, fcntl.F_GETPIPE_SZ)
    process = step.run(f"echo $$ >pid; {script}", stdout=writing)
    os.close(writing)
    waiting = lambda: struct.unpack("i", fcntl.ioctl(reading, termios.FIONREAD, bytes(4)))[0]
    wait_for(lambda: waiting() == room, "the full pipe")
    return process, reading, int((step.directory / "pid").read_text())


def test_a_stuck_reader_does_not_keep_a_cancelled_job(step):
    process, reading, _ = fill_pipe(step, "exec yes")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM
    with os.fdopen(reading, "rb") as file:
        assert file.read(1000) == b"y\n" * 500


def test_a_signal_after_the_step_is_for_codegenctl(step):
    process, reading, pid = fill_pipe(step, "(yes; echo end >&2) & trap 'exit 4' TERM; wait")
    process.send_signal(signal.SIGTERM)
    wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the end of the step")
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 4
    # What is left behind ends with its reader.
    os.close(reading)
    assert process.stderr.read().endswith(b"end\n")


@pytest.mark.parametrize("script, code", [("exit 1", 1), ("exit 0", 125), ("kill -TERM $$", 143)])
def test_a_full_disk_does_not_change_how_the_step_ends(step, script, code):
    with open("/dev/full", "wb") as full:
        script = f"for i in $(seq 20000); do echo 'a line of a log that is long enough'; done 2>/dev/null; {script}"
        ended, _, err = finish(step.run(script, stdout=full))
    assert ended == code and b"No space left" in err
    report, = step.spooled()
    assert report["parameters"]["exitCode"] == code and "No space left" in report["parameters"]["log"]


def test_a_terminal_that_is_held_does_not_keep_a_cancelled_job(step):
    terminal = Terminal(step, step.words([PYTHON, "-c", """
import time, tty
input()
tty.setcbreak(1)
print("set", flush=True)
open("done", "w")
time.sleep(100)
"""]), stderr=subprocess.DEVNULL)
    termios.tcflow(terminal.slave, termios.TCOOFF)  # as Ctrl-S does
    terminal.type(b"\n")
    wait_for(lambda: (step.directory / "done").exists(), "the step's change of the terminal")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.process.wait(PATIENCE_S) == 128 + signal.SIGTERM
    termios.tcflow(terminal.slave, termios.TCOON)
    terminal.finish()


# What is reported

def reported(step):
    report, = step.spooled()
    return report["parameters"]


def test_a_secret_that_others_write_between_stays_secret(step):
    step.environment.update(DEPLOY_PASSWORD="Zx81kQpW77vbNmL0aa", HEAD="Zx81kQpW77", TAIL="vbNmL0aa")
    script = 'printf "using $HEAD"; sleep 0.1; echo "a warning" >&2; sleep 0.1; echo "$TAIL"; exit 1'
    code, out, err = finish(step.run(script))
    assert (code, out) == (1, b"using Zx81kQpW77vbNmL0aa\n") and err.startswith(b"a warning\n")
    report = reported(step)
    assert report["log"].startswith("a warning\nusing [REDACTED") and report["log"].count("\n") == 2
    assert "Zx81kQpW77" not in json.dumps(report) and "vbNmL0aa" not in json.dumps(report)


def test_lines_without_an_end_are_in_the_log(step):
    finish(step.run("printf out; printf err >&2; exit 1"))
    assert reported(step)["log"] == "err\nout"
    finish(step.run("head -c 600000 /dev/zero | tr '\\0' 'x'; printf ' last'; exit 1"))
    log = step.spooled()[-1]["parameters"]["log"]
    assert log.endswith("xxx last") and len(log) > 200_000


def test_a_file_of_another_run_is_not_believed(step):
    old = step.directory / "old.xml"
    failing = '<testsuite tests="1" failures="1"><testcase name="a"><failure message="x"/></testcase></testsuite>'
    old.write_text(failing)
    code, _, err = finish(step.run("exit 0", "--tests", "old.xml"))
    assert code == 0 and b'"old.xml": it was there before the command' in err
    assert "tests" not in step.spooled()[0]["parameters"]
    # Written again, even with the same bytes, it is this run's.
    for script in ("cat old.xml >new; cat new >old.xml", "cp -p old.xml new; mv new old.xml", "touch old.xml"):
        assert finish(step.run(f"{script}; exit 3", "--tests", "old.xml"))[0] == 3
        assert step.spooled()[-1]["parameters"]["tests"]["failed"] == 1


def test_a_scanner_that_was_not_there_found_nothing_out(step):
    finish(step.run("nosuchscanner >t.json", "--security", "t.json"))
    security = reported(step)["security"]
    assert security["completed"] is False and "empty" in security["problem"]
    # Beside a pass nothing is what a scanner writes that found nothing.
    finish(step.run(": >t.json", "--security", "t.json"))
    assert step.spooled()[-1]["parameters"]["security"]["completed"] is True


@pytest.mark.skipif(SANITIZED, reason="needs a build without sanitizers: they take terabytes of addresses")
def test_without_memory_for_a_report_the_step_ends_as_it_did(step):
    """jansson does not survive that by itself."""
    (step.directory / "big.json").write_text(json.dumps({"findings": ["x" * 1000, "y" * (8 << 20)] * 2}))
    for mib in range(8, 72, 4):
        def limit(size=mib << 20):
            resource.setrlimit(resource.RLIMIT_AS, (size, size))
        code, _, err = finish(step.run("touch big.json; exit 3", "--security", "big.json", preexec_fn=limit))
        assert code == 3 or b"shared object" in err, f"{mib} MiB: {code}, {err}"
