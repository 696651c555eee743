"""What a test does to a daemon that runs (tests/fault): moves its wall clock, kills it at a chosen call."""
import mmap
import os
import struct

from conftest import BUILD

LIBRARY = BUILD / "tests" / "fault" / "libfault.so"
FILE_BYTES = 4096
OFFSET, CALL, AFTER, N, SEEN = 0, 8, 12, 16, 20  # struct fault_control
CALLS = {"none": 0, "write": 1, "sync": 2, "send": 3, "recv": 4}


class Fault:
    """One for each daemon. `environment` is for its start; what is set here stays over restarts."""

    def __init__(self, directory):
        self.path = directory / "fault"
        self.path.write_bytes(b"\0" * FILE_BYTES)
        with self.path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), FILE_BYTES)
        self.offset_s = 0.0

    @property
    def environment(self):
        # The library only calls the kernel: it may well come before the sanitizer.
        options = [os.environ.get("ASAN_OPTIONS", ""), "verify_asan_link_order=0"]
        return {"LD_PRELOAD": str(LIBRARY), "CODEGEND_FAULT": str(self.path),
                "ASAN_OPTIONS": ":".join(filter(None, options))}

    def advance(self, seconds):
        """Moves the clock, of the next start as well."""
        self.offset_s += seconds
        self.put("q", OFFSET, int(self.offset_s * 1e9))

    def arm(self, call, n, after=False):
        """Counting starts anew, and the n-th call of this kind (write, sync: of the database's log; send, recv: of TCP)
        is the daemon's last: not made any more, or, with `after`, the last thing that it does."""
        self.disarm()
        for kind in CALLS.values():
            self.put("I", SEEN + 4 * kind, 0)
        self.put("I", N, n)
        self.put("I", AFTER, int(after))
        self.put("I", CALL, CALLS[call])

    def disarm(self):
        self.put("I", CALL, CALLS["none"])

    def count(self):
        """Starts counting anew, and kills nobody."""
        self.arm("none", 0)

    def seen(self, call):
        """How many there were since then."""
        return struct.unpack_from("I", self.memory, SEEN + 4 * CALLS[call])[0]

    def put(self, kind, at, value):
        struct.pack_into(kind, self.memory, at, value)
