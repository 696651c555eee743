"""What a test does to a program that runs (tests/fault/nth.h): its n-th allocation, step or system call fails."""
import errno
import mmap
import os
import struct

from conftest import BUILD

LIBRARY = BUILD / "tests" / "fault" / "libnth.so"
FILE_BYTES = 512 << 10
PLACES_MAX, WHERE_BYTES = 65536, 1024
KIND, OUTCOME, N, REST, SEEN, HITS, LOST, MAPS, PLACES = 0, 4, 8, 12, 16, 20, 24, 40, 44  # struct nth_control
WHERE = PLACES + 4 * PLACES_MAX
KINDS = ("none", "memory", "step", "sync", "write", "read", "send", "recv", "open", "accept", "connect", "create",
         "name", "start")
SHORT = -1


class Nth:
    """One for each program. `environment` is for its start."""

    def __init__(self, directory):
        self.path = directory / "nth"
        self.path.write_bytes(b"\0" * FILE_BYTES)
        with self.path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), FILE_BYTES)

    @property
    def environment(self):
        # Each allocation goes to whoever is next, so it may come before the sanitizer.
        options = [os.environ.get("ASAN_OPTIONS", ""), "verify_asan_link_order=0", "allocator_may_return_null=1"]
        return {"LD_PRELOAD": str(LIBRARY), "CODEGEND_NTH": str(self.path),
                "ASAN_OPTIONS": ":".join(filter(None, options))}

    def arm(self, kind, outcome, n, rest=False):
        """The n-th call from now on fails: `outcome` is the name of an errno, or "short". `rest`: and all that
        follow it."""
        self.set(kind, SHORT if outcome == "short" else getattr(errno, outcome), n, rest)

    def count(self, kind):
        """Nothing fails; `places` tells what was called."""
        struct.pack_into("I", self.memory, MAPS, 1)
        self.set(kind, 0, 0, False)

    def set(self, kind, code, n, rest):
        self.disarm()
        struct.pack_into("iIIII", self.memory, OUTCOME, code, n, int(rest), 0, 0)
        struct.pack_into("I", self.memory, KIND, KINDS.index(kind))

    def disarm(self):
        struct.pack_into("I", self.memory, KIND, KINDS.index("none"))

    def get(self, at):
        return struct.unpack_from("I", self.memory, at)[0]

    @property
    def seen(self):
        return self.get(SEEN)

    @property
    def hits(self):
        return self.get(HITS)

    @property
    def places(self):
        """Of each call since count(): the same number, the same way to it. Addresses differ from process to process."""
        return struct.unpack_from(f"{min(self.seen, PLACES_MAX)}I", self.memory, PLACES)

    @property
    def where(self):
        """The callers of the first that failed, innermost first: FILE+0xOFFSET."""
        return self.memory[WHERE:WHERE + WHERE_BYTES].split(b"\0")[0].decode().split()

    def get_lost(self):
        """(from, to) of the database's log that a failed sync left unwritten."""
        return struct.unpack_from("QQ", self.memory, LOST)

    def take_lost(self):
        lost = self.get_lost()
        struct.pack_into("QQ", self.memory, LOST, 0, 0)
        return lost
