"""Without memory it serves, or ends with a sentence; it does not crash."""
import resource
import threading

import pytest

from conftest import SANITIZED, Varlink

MIB = 1 << 20
CLIENTS = 8
LOG = "line of a log\n" * 15_000


def submit(daemon, key):
    try:
        Varlink(daemon.submit_socket).call("Submit", key=key, project="acme/web", branch=key, commit="aaaaaaa1",
                                           job="ci", step="test", errorType="test_failure", log=LOG)
    except (OSError, ValueError):
        pass  # hung up, which may be


def address_space(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmSize"))


@pytest.mark.skipif(SANITIZED, reason="needs a build without sanitizers: they take terabytes of addresses")
@pytest.mark.parametrize("more_mib", range(5))
def test_long_messages_in_little_memory(idle, more_mib):
    idle.configure(mode="observe", follow_up_delay="1h")
    idle.start()
    limit = address_space(idle) + more_mib * MIB
    resource.prlimit(idle.process.pid, resource.RLIMIT_AS, (limit, limit))
    threads = [threading.Thread(target=submit, args=(idle, f"k{number}")) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    idle.process.terminate()
    code = idle.process.wait(40)
    idle.process = None
    assert code == 0 or (code == 1 and "memory" in idle.log()), f"{code}: {idle.log()}"
    assert "too long" not in idle.log()  # which none of them was
