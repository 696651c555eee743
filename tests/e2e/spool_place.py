"""What the tests of the spool share: a place with a daemon that does not run yet, files as clients make them, users."""
import json
import os
import shutil
import subprocess
import time

import pytest

from conftest import CODEGENCTL, PATIENCE_S, wait_for

# A project that has no agent: one that is being started when its daemon is killed holds the sockets for a moment.
PLACE = ["--project", "mill/web", "--branch", "fix", "--commit", "aaaaaaa1", "--job", "ci", "--step", "make test"]
SUBMITTER, STRANGER, SERVICE = 61001, 61002, 61003  # uids and gids nobody has
SUBMITTERS = 61004  # the group that may use the spool
PLENTY_S = 4  # two seconds are promised; sanitizers and a busy machine take their part

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes several users")


@pytest.fixture
def place(idle):
    """A daemon that is not running, and a spool directory as a single user has it."""
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    idle.spool = idle.directory / "spool"
    idle.spool.mkdir()
    return idle


def start(place, *more):
    return place.start("--spool-directory", place.spool, *more)


def submit(place, *arguments, text=None):
    began = time.monotonic()
    ended = place.run_ctl("submit", *PLACE, *arguments, submit=True, text=text)
    assert time.monotonic() - began < PLENTY_S
    assert ended.stderr.count("\n") <= 1, ended.stderr
    return ended


def waiting(place):
    return sorted(path.name for path in place.spool.glob("[!.]*.json"))


def reports(place):
    return place.ctl("reports", "--limit", 0)["reports"]


def wait_empty(place):
    wait_for(lambda: not waiting(place), "the spool becoming empty")


def document(number=0, **more):
    parameters = {"key": f"key-{number}", "project": "mill/web", "branch": "fix", "errorType": "test_failure",
                  "job": f"job {number}", "step": "make test", "errorDetails": f"failure {number}"}
    return {"version": 1, "method": "io.codegend.Submit", "parameters": {**parameters, **more},
            "spooledAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def drop(place, name, content):
    """A file as clients make it: it appears whole."""
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    temporary = place.spool / f".{name}"
    temporary.write_bytes(content)
    temporary.rename(place.spool / name)


def run_as(uid, command, **options):
    return subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", f"--groups={SUBMITTERS}", *map(str, command)],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE_S, **options)


def open_to_others(place):
    """The programs where every user reaches them."""
    place.directory.chmod(0o711)
    place.client = place.directory / "codegenctl"
    shutil.copy(CODEGENCTL, place.client)


def submit_as(place, uid, *arguments):
    return run_as(uid, [place.client, "--socket", place.submit_socket, "submit", *PLACE, *arguments],
                  env=place.environment, cwd="/")
