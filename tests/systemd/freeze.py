"""Single threads of a process are stopped, as a disk that does not answer stops them; the others go on."""
import contextlib
import ctypes
import os
import pathlib

ATTACH, DETACH = 16, 17  # ptrace(2)
WALL = 0x40000000        # waitpid(2), __WALL: of threads as well

libc = ctypes.CDLL(None, use_errno=True)


def ptrace(request, thread):
    return libc.ptrace(request, ctypes.c_long(thread), None, None)


def threads_of(process):
    """All but the one that runs the loop."""
    return [int(path.name) for path in pathlib.Path(f"/proc/{process}/task").iterdir() if int(path.name) != process]


@contextlib.contextmanager
def frozen(threads):
    """They may have ended with their process when they are let go."""
    assert threads
    for thread in threads:
        assert ptrace(ATTACH, thread) == 0, os.strerror(ctypes.get_errno())
        os.waitpid(thread, WALL)
    try:
        yield
    finally:
        for thread in threads:
            if ptrace(DETACH, thread) < 0:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(thread, WALL)
