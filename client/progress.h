/*
 * progress - one line on stderr that says how far a long operation is. Only on a terminal, never with --json or
 * --quiet, and gone when the operation ends. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/command.h"
#include "common/macro.h"

struct progress {
	bool is_on;
	bool is_shown;
	int64_t next_us; /* not drawn before; monotonic */
};

struct progress progress_begin(const struct invocation *inv);
/* Replaces the line, some ten times a second at most. What is printed must be ours: it is not made printable. */
void progress_show(struct progress *progress, const char *fmt, ...) printf_like(2, 3);
/* Before anything else is printed; again is fine. */
void progress_end(struct progress *progress);
