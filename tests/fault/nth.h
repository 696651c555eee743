/*
 * nth - what a test does to a codegend or codegenctl that runs: its n-th allocation, SQLite step or system call fails.
 *
 * A library to be preloaded, beside none of the others. $CODEGEND_NTH names a file of NTH_FILE_BYTES that both map;
 * the test writes it while the program runs (tests/e2e/nth.py). Any thread. What libc calls inside itself (stdio's
 * write) is not seen, and allocations are those of everyone. Left alone: pipes, eventfds and standard error, whose
 * failures nobody survives or could tell of; and children: neither variable is handed on.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define NTH_FILE_BYTES (512 << 10)
#define NTH_WHERE_BYTES 1024
#define NTH_PLACES 65536

/* What counts. As KINDS in nth.py. */
enum nth_kind {
	NTH_NONE,
	NTH_MEMORY,
	NTH_STEP, /* sqlite3_step(): all it asks the system for fails */
	NTH_SYNC,
	NTH_WRITE, /* to a file */
	NTH_READ,
	NTH_SEND, /* to a socket */
	NTH_RECV,
	NTH_OPEN,
	NTH_ACCEPT,
	NTH_CONNECT, /* or bind */
	NTH_CREATE,  /* of a descriptor without a file */
	NTH_NAME,    /* a change in a directory, or to a file as a whole */
	NTH_START,   /* of a thread or process */
};

/* What becomes of the n-th, unless it is an errno. */
enum { NTH_SHORT = -1 /* it does a part, and says so */ };

/* The file, as nth.py writes it. */
struct nth_control {
	_Atomic uint32_t kind; /* enum nth_kind; NTH_NONE: nothing fails */
	_Atomic int32_t outcome;
	_Atomic uint32_t n;    /* 1: the first */
	_Atomic uint32_t rest; /* 1: all that follow it as well */
	_Atomic uint32_t seen; /* of this kind, so far */
	_Atomic uint32_t hits; /* how many failed */
	/* Of a database's log, what a failed sync left unwritten: the kernel takes it for clean and forgets it. */
	_Atomic uint64_t lost_from, lost_to;
	_Atomic uint32_t maps;	     /* 1: tells of the first NTH_PLACES calls who made them */
	uint32_t places[NTH_PLACES]; /* the same number: by the same way */
	char where[NTH_WHERE_BYTES]; /* of the first that failed: "FILE+0xOFFSET ..." by its callers, innermost first */
};

/* Counts a call of this kind. Returns: 0, it is to be made; NTH_SHORT; else it fails with that, and `errno` is it. */
int nth_fate(enum nth_kind kind);

/* A step begins, and ends, in this thread. */
void nth_begin_step(void);
void nth_end_step(void);

/* Never NULL: without a file one that is all zeroes. */
struct nth_control *nth_control(void);
