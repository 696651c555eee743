"""What is a library's own fault, and nobody but it can help: told apart narrowly, as it hides the rest of a crash."""
import re

LEAK_MAX_BYTES = 4096
PASSED_ON = ("libc.so", "libnth.so")  # callers that allocate for another
ALLOCATES = ("__interceptor_", "/libnth.so", "tests/fault/")  # as frames of a leak
DEPTH = 4
BLOCK = re.compile(r"(?:Direct|Indirect) leak of (\d+) byte.*\n((?:\s+#\d+ .*\n?)+)")
SUMMARY = re.compile(r"SUMMARY: \S+ (\d+) byte\(s\) leaked")
CODESET_MAX_BYTES = 64
IN_CONFUSE = re.compile(r"AddressSanitizer: SEGV on unknown address 0x0{8}\w{4} [\s\S]*"
                        r"\n +#0 \S+ in \S+ \(\S*/libconfuse\.so")


def is_frail(crash, where):
    """Whether a crash is of a library that itself made the call that failed: `where`, as Nth.where."""
    callers = [item for item in where if not item.startswith(PASSED_ON)]
    if leaked_of_a_locale(crash):
        return True
    return bool(callers) and any(callers[0].startswith(library) and is_its(crash)
                                 for library, is_its in FRAIL.items())


def ended_in_confuse(crash):
    """It uses what malloc() returned unseen, and its scanner ends the process; config_parse.c keeps that rare."""
    return (crash.startswith("it ended with -11") or IN_CONFUSE.search(crash) is not None
            or (crash.startswith("it ended with 2:") and "\nout of dynamic memory in yy_" in crash))


def leaked_in_crypto(crash):
    """Where its own configuration could not be read, it keeps a few bytes, once: and nothing else was leaked."""
    blocks = BLOCK.findall(crash)
    told = SUMMARY.search(crash)
    leaked = sum(int(size) for size, _ in blocks)
    return (told is not None and leaked == int(told[1]) and 0 < leaked <= LEAK_MAX_BYTES
            and all(is_of_crypto(stack) for _, stack in blocks))


def leaked_of_a_locale(crash):
    """setlocale() forgets the name of a codeset when it lacks memory for what comes next."""
    told = SUMMARY.search(crash)
    blocks = BLOCK.findall(crash)
    return (told is not None and len(blocks) == 1 and int(told[1]) == int(blocks[0][0]) <= CODESET_MAX_BYTES
            and " in _nl_normalize_codeset " in blocks[0][1])


def is_of_crypto(stack):
    """An object of its own: whoever calls it for one is nearer to the allocation."""
    frames = [line for line in stack.splitlines() if not any(name in line for name in ALLOCATES)][:DEPTH]
    return bool(frames) and all("/libcrypto.so" in line for line in frames)


FRAIL = {"libconfuse.so": ended_in_confuse, "libcrypto.so": leaked_in_crypto}
