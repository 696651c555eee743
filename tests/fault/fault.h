/*
 * fault - what a test does to a codegend that runs: sets its wall clock, lets its machine sleep, kills or stops it at a
 * chosen call, loses its syncs.
 *
 * A library to be preloaded. $CODEGEND_FAULT names a file of FAULT_FILE_BYTES that both map; the test writes it while
 * the program runs (tests/e2e/fault.py). Any thread. What is no file, socket or timer of codegend's is left alone,
 * and so are its children: neither variable is handed on.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FAULT_FILE_BYTES 4096

/* Which calls count. */
enum fault_call {
	FAULT_NONE,
	FAULT_WRITE, /* into the database's log: what is not written is not committed */
	FAULT_SYNC,  /* of that log */
	FAULT_SEND,  /* to a TCP socket */
	FAULT_RECV,  /* from one, that had something */
	FAULT_CALL_COUNT,
};

/* The file, as fault.py writes it. */
struct fault_control {
	_Atomic int64_t set_by_ns; /* added to CLOCK_REALTIME */
	_Atomic uint32_t call; /* enum fault_call whose n-th is the last; FAULT_NONE: nobody is killed */
	_Atomic uint32_t after; /* 0: that call is not made any more; 1: it is the last thing done */
	_Atomic uint32_t n;	/* 1: the first */
	_Atomic uint32_t seen[FAULT_CALL_COUNT]; /* calls so far, each kind */
	_Atomic uint32_t stops; /* 1: at that call it stops (SIGSTOP) instead, for who cuts its power then */
	_Atomic uint32_t keeps_no_log; /* 1: commits do not sync it, as with PRAGMA synchronous = NORMAL */
	_Atomic int64_t slept_ns; /* added to CLOCK_REALTIME and CLOCK_BOOTTIME: nobody set a clock, time passed */
};

/* Never NULL: without a file one that is all zeroes. */
struct fault_control *fault_control(void);

/* clock.c: the clock was moved; what waits for a time of it waits for another one now. */
void fault_rearm_timers(void);
