/*
 * match - which row of the tables a line is, and what its groups hold. Patterns are compiled when their keyword is
 * first seen. One thread a matcher.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/logscan/grammar.h"
#include "common/logscan/line.h"
#include "common/macro.h"

enum capture {
	CAPTURE_CMD,
	CAPTURE_CODE,
	CAPTURE_COL,
	CAPTURE_FILE,
	CAPTURE_LINE,
	CAPTURE_MSG,
	CAPTURE_RULE,
	CAPTURE_TEST,
	CAPTURE_COUNT,
};

/* Borrowed from the line; `text` NULL: the row has no such group, or it took no part. */
struct span {
	const char *text;
	size_t len;
};

struct match {
	const struct grammar_row *row; /* NULL: the line is nothing */
	struct span spans[CAPTURE_COUNT];
};

struct matcher;

/* Returns: 0, matcher_destroy() when done; -ENOMEM. */
must_check int matcher_create(struct matcher **ret_matcher);
/* NULL is fine. */
void matcher_destroy(struct matcher *matcher);
DEFINE_CLEANUP(struct matcher *, matcher_destroy);

/* Keywords found in the line, any number of times each: noted until the next match. */
void matcher_note(struct matcher *matcher, const uint16_t *keyword_ids, size_t n);
/* Matches the rows of what was noted, by rank, and forgets the notes. */
void matcher_match(struct matcher *matcher, const struct line *line, struct match *ret_match);
