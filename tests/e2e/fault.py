"""What a test does to a daemon that runs (tests/fault): sets its clock, lets it sleep, kills it at a chosen call."""
import mmap
import os
import struct

from conftest import BUILD

LIBRARY = BUILD / "tests" / "fault" / "libfault.so"
FILE_BYTES = 4096
SET_BY, CALL, AFTER, N, SEEN, STOPS, KEEPS_NO_LOG, SLEPT = 0, 8, 12, 16, 20, 40, 44, 48  # struct fault_control
CALLS = {"none": 0, "write": 1, "sync": 2, "send": 3, "recv": 4}


class Fault:
    """One for each daemon. `environment` is for its start; what is set here stays over restarts."""

    def __init__(self, directory):
        self.path = directory / "fault"
        self.path.write_bytes(b"\0" * FILE_BYTES)
        with self.path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), FILE_BYTES)
        self.set_by_s = self.slept_s = 0.0

    @property
    def environment(self):
        # The library only calls the kernel: it may well come before the sanitizer.
        options = [os.environ.get("ASAN_OPTIONS", ""), "verify_asan_link_order=0"]
        return {"LD_PRELOAD": str(LIBRARY), "CODEGEND_FAULT": str(self.path),
                "ASAN_OPTIONS": ":".join(filter(None, options))}

    def set_clock(self, seconds):
        """Somebody sets the wall clock by so much, for the next start as well."""
        self.set_by_s += seconds
        self.put("q", SET_BY, int(self.set_by_s * 1e9))

    def sleep(self, seconds):
        """So much time passes for the daemon, as over a suspend: nothing but the monotonic clock misses it."""
        self.slept_s += seconds
        self.put("q", SLEPT, int(self.slept_s * 1e9))

    def arm(self, call, n, after=False):
        """Counting starts anew, and the n-th call of this kind (write, sync: of the database's log; send, recv: of TCP)
        is the daemon's last: not made any more, or, with `after`, the last thing that it does."""
        self.disarm()
        for kind in CALLS.values():
            self.put("I", SEEN + 4 * kind, 0)
        self.put("I", N, n)
        self.put("I", AFTER, int(after))
        self.put("I", CALL, CALLS[call])

    def stop_instead(self):
        """At the call that arm() names it stops, in the middle of what it does, instead of dying."""
        self.put("I", STOPS, 1)

    def keep_no_log(self):
        """A commit does not sync the database's log; it is synced when PRAGMA synchronous = NORMAL would."""
        self.put("I", KEEPS_NO_LOG, 1)

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
