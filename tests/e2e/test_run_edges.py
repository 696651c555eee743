"""`codegenctl run --` where something is against it: an old kernel, a stuck reader, a full disk, old files."""
import ctypes
import errno
import os
import signal
import struct
import subprocess

import pytest

from conftest import PATIENCE_S, wait_for
from test_run import PYTHON, Step, WARNING, finish

SYS_CLOSE_RANGE = 436  # on every architecture


@pytest.fixture
def step(tmp_path):
    return Step(tmp_path)


def without_close_range():
    """As on a kernel before 5.9, or in a container whose seccomp profile does not know the call."""
    load, is_equal, answer = 0x20, 0x15, 0x06
    lines = [(load, 0, 0, 0), (is_equal, 0, 1, SYS_CLOSE_RANGE), (answer, 0, 0, 0x00050000 | errno.ENOSYS),
             (answer, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, program, 0, 0) == 0


def test_an_old_kernel_is_good_enough(step):
    process = step.run("echo out; echo err >&2; exit 3", preexec_fn=without_close_range)
    code, out, err = finish(process)
    assert (code, out, WARNING.sub(b"", err)) == (3, b"out\n", b"err\n")
    # Nor does anybody of us keep what the caller waits for the end of.
    reading, writing = os.pipe()
    process = step.run(["bash", "-c", f"exec {writing}>&-; read line"], stdin=subprocess.PIPE, pass_fds=[writing],
                       preexec_fn=without_close_range)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        assert file.read() == b""
    assert process.poll() is None
    assert finish(process, b"\n")[0] == 0
