"""A call of the system fails at a chosen moment (tests/fault/nth.h); tools/torture nth does so with every one."""
import subprocess

import pytest

from conftest import PATIENCE_S, Varlink, wait_for
from nth import Nth

# What libuv makes for itself comes first, and it aborts without: descriptors of the loop, threads of its pool.
CELLS = [(*what, number) for what in (("create", "EMFILE"), ("start", "EAGAIN")) for number in range(1, 6)]


@pytest.mark.parametrize("kind,outcome,number", CELLS)
def test_a_start_that_lacks_something_says_so(idle, kind, outcome, number):
    nth = Nth(idle.directory)
    nth.arm(kind, outcome, number, rest=True)
    ended = subprocess.run(idle.arguments(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           env={**idle.environment, **nth.environment}, cwd=idle.directory, timeout=PATIENCE_S)
    assert nth.hits
    assert ended.returncode in (1, 9) and "error: " in ended.stderr, f"{ended.returncode}: {ended.stderr}"
    idle.start()


def test_a_publication_needs_no_new_thread(daemon):
    """It would be made when it is first needed, and libuv aborts without."""
    nth = Nth(daemon.directory)
    daemon.stop()
    daemon.start(environment=nth.environment)
    nth.arm("start", "EAGAIN", 1, rest=True)
    daemon.submit()
    wait_for(lambda: daemon.tasks("publish_report", "completed"), "the publication")


@pytest.mark.parametrize("submit", [False, True])
def test_a_connection_without_memory_is_served_later(daemon, submit):
    """libuv takes no other one from the kernel before it is accepted."""
    nth = Nth(daemon.directory)
    daemon.stop()
    daemon.start(environment=nth.environment)
    path = daemon.submit_socket if submit else daemon.control
    Varlink(path).close()
    nth.arm("memory", "ENOMEM", 1)
    connection = Varlink(path)
    assert connection.call("Ping")["parameters"]["version"]
    connection.close()
    assert nth.hits and "memory is too short for a new connection" in daemon.log()
