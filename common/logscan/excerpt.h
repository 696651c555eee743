/*
 * excerpt - the few lines of a log that show what failed, each distinct finding once. Pure.
 */
#pragma once

#include <stddef.h>

#include "common/logscan/decide.h"
#include "common/macro.h"

/*
 * At most LOGSCAN_EXCERPT_LINES_MAX lines, malloc()ed, the caller frees; "" when there is nothing to show.
 * Returns: 0; -ENOMEM.
 */
must_check int excerpt_make(const struct evidences *evidences, const struct decision *decision,
	char **ret_text, size_t *ret_lines);
/* "v1:" and a hash of class and headline without what changes from run to run. */
void fingerprint_make(const struct decision *decision, char out[LOGSCAN_FINGERPRINT_MAX]);
