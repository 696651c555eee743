/*
 * spool_internal - the parts of spool, and for nobody else: spool.c looks at the directory, spool_take.c takes a file.
 */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "common/address.h"
#include "common/macro.h"
#include "daemon/engine/engine.h"
#include "daemon/ipc/spool.h"
#include "daemon/limits.h"

#define SPOOL_NAME_MAX 256

/*
 * A look at the directory goes through its entries in slices, so that the loop is never held for long:
 *
 *     IDLE ── event, start, retry ──► LOOKING ── slice of names ──► jobs ──► next slice ... end ──► IDLE
 *
 * When a file cannot be taken for a passing reason the look ends, and the timer begins another one later. When it is
 * its owner who is beyond max-pending-per-user, the others' files are taken all the same, and the owner's later.
 */
struct spool {
	uv_loop_t *loop;
	struct engine *engine; /* borrowed */
	char path[ADDRESS_PATH_MAX];
	uv_fs_event_t event;
	uv_timer_t timer;
	unsigned n_handles;

	int dir_fd;	 /* -1: not there */
	int rejected_fd; /* -1: none that is ours */
	DIR *look;	 /* the look under way; NULL: none */
	bool again;	 /* something changed during it */
	bool watching;
	bool is_asked_for;
	bool is_shared;
	bool said_missing;
	bool said_full;
	bool closing;

	char names[LIMIT_SPOOL_SLICE][SPOOL_NAME_MAX];
	size_t n_names;
	size_t next;
	size_t n_jobs;
	bool failed; /* the last look could not take a file for now */
	int64_t backoff_ms;
	int64_t looked_us; /* CLOCK_MONOTONIC: when the last look began */

	ino_t stuck[LIMIT_SPOOL_STUCK]; /* what can be neither taken nor set aside */
	size_t n_stuck;

	uid_t full[LIMIT_SPOOL_FULL_USERS]; /* beyond their share when they were tried last */
	size_t n_full;
	int64_t full_until_us; /* CLOCK_MONOTONIC */

	uint64_t n_taken;
	uint64_t n_rejected;
	size_t n_waiting;     /* seen by this look so far */
	size_t n_waited;      /* seen by the last whole one, and not taken */
	size_t n_passed_over; /* seen by this look, of users who are full */
	uint64_t n_taken_before;
	size_t n_lines;	   /* about this look */
	size_t n_unlogged; /* not said in it */

	void (*closed)(void *user);
	void *closed_user;
};

/* spool.c */
/* What is to be done next, and when. */
void spool_step(struct spool *spool);
/* Ends this look for want of `status`; the next one is later each time. */
void spool_retry_later(struct spool *spool, int status);

/* spool_take.c */
/* Takes the file into the store, or sets it aside. A job is counted until spool_step() is called for its end. */
void spool_take(struct spool *spool, const char *name);
bool spool_is_stuck(const struct spool *spool, ino_t inode);
