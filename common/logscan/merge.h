/*
 * merge - one failure that a tool tells several times is one piece of evidence: the header of its traceback, a frame
 * of it, its line in the summary at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/logscan/evidence.h"

/* Whether two paths may be of one file: the shorter is the end of the longer. */
bool merge_same_file(const char *a, size_t a_len, const char *b, size_t b_len);
/* Which of all tells of the failure that `evidence`, not among them, tells of; n: none. */
size_t merge_find(const struct evidences *evidences, const struct evidence *evidence);
/* Moves what `to` does not know out of `from`. */
void merge_take(struct evidence *to, struct evidence *from);
