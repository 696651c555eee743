"""The client that goes anywhere: in a root directory that holds nothing but itself."""
import json
import os
import pathlib
import pty
import shutil
import stat
import subprocess

import pytest

import conftest

STATIC = pathlib.Path(os.environ.get("CODEGEND_STATIC", conftest.ROOT / "build-static")) / "client" / "codegenctl"
SIZE_MAX_BYTES = 4 * 1024 * 1024
WHERE = ("--project", "acme/web", "--branch", "fix", "--commit", "a" * 40, "--job", "ci", "--step", "container")

pytestmark = pytest.mark.skipif(not STATIC.exists(), reason="tools/test builds it in build-static")


class Container:
    """A directory with the client in it, run as its root directory: no /proc, no /dev, no /etc, no git, no shell."""

    def __init__(self, directory):
        self.root = directory / "container"
        self.root.mkdir()
        shutil.copy(STATIC, self.root / "codegenctl")
        map_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        self.enter = ["unshare", *map_root, f"--root={self.root}", "--wd=/", "/codegenctl"]

    def run(self, *arguments, text=None, environment=None):
        given = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
        return subprocess.run([*self.enter, *map(str, arguments)], capture_output=True, env=environment or {},
                              timeout=conftest.PATIENCE_S, **given)


@pytest.fixture
def container(idle):
    return Container(idle.directory)


@pytest.fixture
def reachable(container, idle):
    """Its daemon, with the submission socket mounted as it were: /run/codegend/submit in the container."""
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    idle.runtime = container.root / "run" / "codegend"
    idle.runtime.parent.mkdir()
    return idle.start()


def test_is_one_file_of_bearable_size(container):
    headers = subprocess.run(["readelf", "--program-headers", "--dynamic", STATIC], capture_output=True, text=True,
                             check=True).stdout
    assert "INTERP" not in headers and "NEEDED" not in headers
    subprocess.run(["strip", container.root / "codegenctl"], check=True)
    assert (container.root / "codegenctl").stat().st_size < SIZE_MAX_BYTES
    assert container.run("version").stdout.startswith(b"codegenctl ")


def test_scan_and_redact_need_nothing(container):
    shutil.copy(conftest.ROOT / "tests" / "data" / "recordings" / "jest.log", container.root)
    result = json.loads(container.run("scan", "--json", "/jest.log").stdout)
    assert result["errorType"] == "test_failure"
    secret = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"
    redacted = container.run("redact", text=f"token {secret}\n".encode())
    assert redacted.returncode == 0 and redacted.stdout.startswith(b"token [REDACTED:"), redacted
    assert sorted(path.name for path in container.root.iterdir()) == ["codegenctl", "jest.log"]


def test_submit_reaches_the_mounted_socket(container, reachable):
    ended = container.run("submit", "--strict", *WHERE, "build_failure", "it broke", "--log", "-",
                          text=b"main.c:3:1: error: expected ';'\n")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert [incident["errorType"] for incident in reachable.incidents()] == ["build_failure"]


def test_run_reports_and_returns_what_the_command_does(container, reachable):
    passed = container.run("run", *WHERE, "--", "/codegenctl", "redact", text=b"hello\n")
    assert (passed.returncode, passed.stdout, passed.stderr) == (0, b"hello\n", b"")
    assert reachable.incidents() == []
    failed = container.run("run", *WHERE, "--", "/codegenctl", "no-such-command")
    direct = container.run("no-such-command")
    assert direct.returncode != 0
    assert (failed.returncode, failed.stdout, failed.stderr) == (direct.returncode, direct.stdout, direct.stderr)
    assert len(reachable.incidents()) == 1


def test_run_does_without_a_terminal_of_its_own(container, reachable):
    ours, theirs = pty.openpty()
    ended = subprocess.run([*container.enter, "run", *WHERE, "--", "/codegenctl", "version"], stdin=theirs,
                           stdout=theirs, stderr=theirs, env={}, timeout=conftest.PATIENCE_S)
    os.close(theirs)
    with open(ours, "rb", buffering=0) as terminal:
        printed = terminal.read(65536)
    assert ended.returncode == 0
    assert printed.startswith(b"codegenctl "), printed


def test_a_command_that_is_not_there_is_127(container, reachable):
    ended = container.run("run", *WHERE, "--", "npm", "test")
    assert ended.returncode == 127, ended


def test_without_a_daemon_the_spool_that_is_mounted_takes_it(container):
    spool = container.root / "var" / "spool" / "codegend"
    (spool / "in").mkdir(parents=True)
    (spool / "in").chmod(stat.S_IRWXU | stat.S_IRWXG | stat.S_ISGID | stat.S_ISVTX)
    ended = container.run("submit", *WHERE, "build_failure", "it broke")
    assert ended.returncode == 0
    assert [path.suffix for path in (spool / "in").iterdir()] == [".json"], ended.stderr
    assert ended.stderr.count(b"\n") == 1, ended.stderr
