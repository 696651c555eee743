"""What a person at a terminal sees of an operation that takes long: how far it is, on a line that goes when it ends."""
import contextlib
import json
import os
import pty
import socket
import subprocess

import pytest

from conftest import CODEGENCTL, PATIENCE_S, clean_environment

GONE = "\r\x1b[K"


class Slow:
    """Takes the place of a daemon that goes on only when it is told to."""

    def __init__(self, directory):
        self.path = directory / "slow.sock"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.listener.settimeout(PATIENCE_S)
        self.link = None

    def take(self):
        """The next request."""
        self.link, _ = self.listener.accept()
        self.link.settimeout(PATIENCE_S)
        text = b""
        while not text.endswith(b"\0"):
            text += self.link.recv(65536)
        return json.loads(text[:-1])

    def answer(self, continues=False, **parameters):
        message = {"parameters": parameters, **({"continues": True} if continues else {})}
        self.link.sendall(json.dumps(message).encode() + b"\0")


class Terminal:
    """One command on a terminal, its output apart."""

    def __init__(self, directory, slow, *words):
        self.parent, child = pty.openpty()
        self.process = subprocess.Popen([CODEGENCTL, "--socket", slow.path, *map(str, words)], stdout=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, stderr=child, env=clean_environment(directory))
        os.close(child)
        self.seen = ""

    def wait_for(self, words):
        while words not in self.seen:
            self.seen += os.read(self.parent, 4096).decode()  # EIO: it ended without them

    def end(self):
        """All that its terminal and its output got, and the exit code."""
        output = self.process.communicate(timeout=PATIENCE_S)[0].decode()
        with contextlib.suppress(OSError):
            while data := os.read(self.parent, 4096):
                self.seen += data.decode()
        os.close(self.parent)
        return self.seen, output, self.process.returncode


@pytest.fixture
def slow(tmp_path):
    return Slow(tmp_path)


def test_any_command_that_waits(slow, tmp_path):
    terminal = Terminal(tmp_path, slow, "stats")
    slow.take()
    terminal.wait_for("The daemon is at work: ")
    slow.answer(stats={})
    seen, output, code = terminal.end()
    assert code == 0 and seen.endswith(GONE) and "Builds:" in output


def test_a_recomputation(slow, tmp_path):
    terminal = Terminal(tmp_path, slow, "stats", "--recompute")
    assert slow.take()["more"]
    slow.answer(continues=True, taken=5, total=10)
    terminal.wait_for("Counting events: 5 of 10")
    slow.answer(stats={})
    seen, output, code = terminal.end()
    assert code == 0 and seen.endswith(GONE) and "Builds:" in output


def test_a_backup(slow, tmp_path):
    terminal = Terminal(tmp_path, slow, "backup", tmp_path / "copy.db")
    slow.take()
    slow.answer(continues=True, copied=3 << 20, total=8 << 20)
    terminal.wait_for("Copied: 3 of 8 MiB")
    slow.link.close()
    seen, _, code = terminal.end()
    assert code != 0 and seen.rindex(GONE) > seen.rindex("Copied")
    assert "codegenctl: " in seen[seen.rindex(GONE):]


@pytest.mark.parametrize("words", [("--json",), ("--quiet",)])
def test_nothing_for_programs(slow, tmp_path, words):
    terminal = Terminal(tmp_path, slow, *words, "stats", "--recompute")
    slow.take()
    slow.answer(continues=True, taken=5, total=10)
    slow.answer(stats={})
    seen, _, code = terminal.end()
    assert (code, seen) == (0, "")


def test_nothing_in_a_file(slow, tmp_path):
    with subprocess.Popen([CODEGENCTL, "--socket", slow.path, "stats", "--recompute"], stdout=subprocess.DEVNULL,
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=clean_environment(tmp_path)) as ctl:
        slow.take()
        slow.answer(continues=True, taken=5, total=10)
        slow.answer(stats={})
        assert ctl.stderr.read() == b""
