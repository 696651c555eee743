/*
 * run_streams - a step's standard output and error on their way through us.
 *
 * What is one to the caller is one to the step: a single pipe when both are the same open file, so that their order
 * stays, a terminal where ours is one. What cannot be watched without being noticed (a closed or read-only descriptor,
 * a terminal where there are no others) is the step's directly. Not for threads.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/run_pty.h"
#include "client/run_sink.h"
#include "common/macro.h"

#define RUN_STREAMS_MAX 2
/* Of poll(): both ends of each. */
#define RUN_POLLS_MAX (2 * RUN_STREAMS_MAX)
#define RUN_CHUNK_BYTES (128 * 1024)

struct run_stream {
	bool is_for[3]; /* the step's descriptor of that number writes to it */
	int from;	/* what we read; -1: it has ended */
	int child;	/* what the step writes to; -1: not ours any more */
	bool is_pty;
	struct run_pty pty;
	struct run_sink sink;
	int status; /* 0; negative errno: what came could not be passed on, and is not from then on */
	int64_t owed;	   /* bytes that are still to be read, now that the step has ended */
	size_t begin, end; /* of what waits in `data` to be passed on */
	char *data;	   /* owned: RUN_CHUNK_BYTES */
};

struct run_streams {
	size_t n;
	struct run_stream stream[RUN_STREAMS_MAX];
};

/* Told of what was passed on, after that. `stream` is less than RUN_STREAMS_MAX. */
typedef void run_passed_fn(void *data, size_t stream, const char *bytes, size_t len);

/* The standard descriptors the caller has closed are held, for us alone, so that none of ours takes their place. */
void run_hold_standard(void);

/* Looks at our standard output and error. */
void run_streams_open(struct run_streams *streams);
void run_streams_close(struct run_streams *streams);

/* In the new process: puts its ends in place. Safe after fork(). */
void run_streams_enter(const struct run_streams *streams);
/* In ours: the step's ends are the step's, and what we inherited too. `keep` (n_keep) are other descriptors of ours. */
void run_streams_leave(struct run_streams *streams, const int *keep, size_t n_keep);
/* As run_streams_leave(), in a process that does nothing but pass on: standard descriptors without a stream go too. */
void run_streams_release(struct run_streams *streams);

/* What to wait for. Returns the number of descriptors. */
size_t run_streams_polls(const struct run_streams *streams, struct pollfd polls[RUN_POLLS_MAX]);
/* Moves what can be moved without waiting. */
void run_streams_move(struct run_streams *streams, run_passed_fn *passed, void *data);

/* Whether its status is that there is nobody any more who reads, which is for the step to find out. */
bool run_stream_lost_reader(const struct run_stream *stream);

/* The step is gone: what has been written so far is owed. */
void run_streams_settle(struct run_streams *streams);
/* Whether all of that was passed on. */
bool run_streams_settled(const struct run_streams *streams);
/* Whether nobody writes any more, and all was passed on. */
bool run_streams_ended(const struct run_streams *streams);
/* Our terminal's size may have changed. Returns whether it has. */
bool run_streams_resize(struct run_streams *streams);
