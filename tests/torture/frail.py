"""What is a library's own fault, and nobody but it can help: told apart narrowly, as it hides the rest of a crash."""
import re

LEAK_MAX_BYTES = 4096
PASSED_ON = ("libc.so", "libnth.so")  # callers that allocate for another
ALLOCATES = ("__interceptor_", "/libnth.so", "tests/fault/")  # as frames of a leak
DEPTH = 4
BLOCK = re.compile(r"(?:Direct|Indirect) leak of (\d+) byte.*\n((?:\s+#\d+ .*\n?)+)")
SUMMARY = re.compile(r"SUMMARY: \S+ (\d+) byte\(s\) leaked")


def is_frail(crash, where):
    """Whether a crash is of a library that itself made the call that failed: `where`, as Nth.where."""
    callers = [item for item in where if not item.startswith(PASSED_ON)]
    return bool(callers) and any(callers[0].startswith(library) and is_its(crash)
                                 for library, is_its in FRAIL.items())


def ended_in_confuse(crash):
    """It uses what malloc() returned unseen; config_parse.c keeps that rare."""
    return crash.startswith("it ended with -11")


def leaked_in_crypto(crash):
    """Where its own configuration could not be read, it keeps a few bytes, once: and nothing else was leaked."""
    blocks = BLOCK.findall(crash)
    told = SUMMARY.search(crash)
    leaked = sum(int(size) for size, _ in blocks)
    return (told is not None and leaked == int(told[1]) and 0 < leaked <= LEAK_MAX_BYTES
            and all(is_of_crypto(stack) for _, stack in blocks))


def is_of_crypto(stack):
    """An object of its own: whoever calls it for one is nearer to the allocation."""
    frames = [line for line in stack.splitlines() if not any(name in line for name in ALLOCATES)][:DEPTH]
    return bool(frames) and all("/libcrypto.so" in line for line in frames)


FRAIL = {"libconfuse.so": ended_in_confuse, "libcrypto.so": leaked_in_crypto}
