/*
 * run_log - a step's log from its one or two streams: every line whole, since what is read of two streams comes in
 * pieces, and a secret whose parts stand in two places would not be known. Bounded memory, one thread.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/run_streams.h"
#include "client/steplog.h"
#include "common/buffer.h"
#include "common/macro.h"

struct run_log {
	struct steplog *log; /* NULL: nothing was written, or memory is short */
	bool failed;
	struct buffer begun[RUN_STREAMS_MAX]; /* the line that has no end yet, of each stream */
};

void run_log_init(struct run_log *log);
void run_log_finish(struct run_log *log);

/* A run_passed_fn, for a struct run_log. The first call is when the step has been started. */
void run_log_feed(void *log, size_t stream, const char *bytes, size_t len);
/* Ends the lines that have begun, and adds one. */
void run_log_add_line(struct run_log *log, const char *line);

/* As steplog_end(), of nothing both are NULL. Returns: 0; -ENOMEM. */
must_check int run_log_end(
	struct run_log *log, int64_t exit_code, char **ret_text, json_t **ret_scan);
