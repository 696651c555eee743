"""`codegenctl run --` on a terminal: what is seen there, keys and jobs are as without it."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest

from conftest import PATIENCE_S
from test_run import PYTHON, Step

WARNING = re.compile(rb"codegenctl: [^\n]*\n")


class Terminal:
    """A terminal of its own for a command, and what is seen there."""

    def __init__(self, step, words, rows=40, columns=100, **more):
        self.master, self.slave = pty.openpty()
        self.resize(rows, columns)
        self.seen = b""
        streams = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, **more}
        environment = {**step.environment, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(words, env=environment, cwd=step.directory, start_new_session=True,
                                        preexec_fn=self.take, **streams)

    def take(self):
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys)

    def read(self, seconds=0.1):
        while select.select([self.master], [], [], seconds)[0]:
            self.seen += os.read(self.master, 65536)

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            self.read()
        return self

    def finish(self):
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < end, self.seen
            self.read()
        self.read()
        self.modes = termios.tcgetattr(self.slave)
        os.close(self.master)
        os.close(self.slave)
        code = self.process.returncode
        return (128 - code if code < 0 else code), WARNING.sub(b"", self.seen)


@pytest.fixture
def step(tmp_path):
    return Step(tmp_path)


def shell(command):
    return ["sh", "-c", command]


COMMANDS = [
    "echo hello; echo err >&2", "printf 'no newline'",
    "printf 'a\\r\\nb\\033[31mred\\t.\\n'", "exit 9", "kill -TERM $$",
    "test -t 0 && test -t 1 && test -t 2 && echo all", "stty size", "tput cols; tput lines", "echo $TERM",
    "stty -a", "echo direct >/dev/tty", "head -c 300000 /dev/zero | tr '\\0' x", "seq 5000",
    "stty -opost; echo raw", "ls --color=auto / >&2", "sleep 0.1 & echo late",
    f"{PYTHON} -c 'import os; print(os.get_terminal_size(1), os.get_terminal_size(2))'",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_shows_the_same(step, command):
    bare, run = Terminal(step, shell(command)), Terminal(step, step.words(command))
    before = termios.tcgetattr(run.slave)
    assert run.finish() == bare.finish()
    assert run.modes == bare.modes and (run.modes == before or "opost" in command)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_only_what_is_a_terminal_is_one(step, stream):
    seen = []
    for words in (shell("test -t 1; echo $?; test -t 2; echo $? >&2"),
                  step.words("test -t 1; echo $?; test -t 2; echo $? >&2")):
        with (step.directory / "out").open("wb") as file:
            terminal = Terminal(step, words, **{stream: file})
            seen.append((terminal.finish(), WARNING.sub(b"", (step.directory / "out").read_bytes())))
    assert seen[0] == seen[1]


def test_what_is_typed_is_read(step):
    results = []
    for words in (shell("cat; echo end"), step.words("cat; echo end")):
        terminal = Terminal(step, words)
        terminal.type(b"hello\n")
        terminal.wait_for(b"hello\r\nhello\r\n").type(b"\x04")
        results.append(terminal.finish())
    assert results[0] == results[1]


def test_a_password_is_not_shown(step):
    words = [PYTHON, "-c", "import getpass; print(len(getpass.getpass('Password: ')))"]
    terminal = Terminal(step, step.words(words))
    terminal.wait_for(b"Password: ").type(b"hidden\n")
    assert terminal.finish() == (0, b"Password: \r\n6\r\n")


def test_ctrl_c_comes_once(step):
    script = "import signal, time\nsignal.signal(2, lambda *_: print('caught', flush=True))\n" \
             "print('ready', flush=True)\nsignal.pause(); time.sleep(0.3); print('end')"
    for words in ([PYTHON, "-c", script], step.words([PYTHON, "-c", script])):
        terminal = Terminal(step, words)
        terminal.wait_for(b"ready").type(b"\x03")
        assert terminal.finish() == (0, b"ready\r\n^Ccaught\r\nend\r\n")
    terminal = Terminal(step, step.words("echo ready; sleep 100"))
    terminal.wait_for(b"ready").type(b"\x03")
    assert terminal.finish()[0] == 130


def test_the_terminals_size_is_passed_on(step):
    script = "import os, signal\n" \
             "signal.signal(signal.SIGWINCH, lambda *_: os.write(1, b'%d\\n' % os.get_terminal_size(1).columns))\n" \
             "print('ready', flush=True)\nwhile True: signal.pause()"
    terminal = Terminal(step, step.words([PYTHON, "-c", script]))
    terminal.wait_for(b"ready").resize(30, 77)
    terminal.wait_for(b"77\r\n").resize(30, 55)
    terminal.wait_for(b"55\r\n").process.terminate()
    assert terminal.finish()[0] == 143


def job_shell(step):
    terminal = Terminal(step, ["bash", "--norc", "--noprofile", "--noediting", "-i"])
    terminal.type(b"echo pro''mpt\n")
    return terminal.wait_for(b"prompt\r\n")


@pytest.mark.parametrize("command", ["echo started; sleep 1; echo done",  # stopped by the terminal
                                     "echo started; kill -TSTP $$; echo done"])  # stops itself
def test_ctrl_z_and_back(step, command):
    terminal = job_shell(step)
    terminal.type(" ".join(map(str, step.words("X")[:-3])).encode() + b" sh -c '" + command.encode() + b"'\n")
    terminal.wait_for(b"\nstarted")
    if "sleep" in command:
        terminal.type(b"\x1a")
    terminal.wait_for(b"Stopped")
    terminal.type(b"fg\n")
    terminal.wait_for(b"\ndone").type(b"exit 0\n")
    terminal.finish()


def test_in_the_background(step):
    terminal = job_shell(step)
    terminal.type(" ".join(map(str, step.words("X")[:-3])).encode() + b" sh -c 'echo \"b\"egin; sleep 0.3; exit 3' &\n")
    terminal.wait_for(b"begin\r\n").type(b"wait %1; echo code $?\n")
    terminal.wait_for(b"code 3").type(b"exit 0\n")
    terminal.finish()


def test_curses_reach_the_terminal(step):
    script = "import sys, termios, tty\ntty.setcbreak(1)\nprint('set', flush=True)\n" \
             "print(repr(sys.stdin.read(1)), flush=True)"
    terminal = Terminal(step, step.words([PYTHON, "-c", script]))
    terminal.wait_for(b"set").read(0.3)
    terminal.type(b"k")  # without a line's end, and unseen
    assert terminal.finish() == (0, b"set\r\n'k'\r\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_terminal_is_left_as_it_was(step, number):
    terminal = Terminal(step, step.words("echo ready; sleep 100"))
    before = termios.tcgetattr(terminal.slave)
    terminal.wait_for(b"ready").process.send_signal(number)
    assert terminal.finish()[0] == 128 + number
    assert terminal.modes == before
