/*
 * steplog - one pass over a step's output: redacts it, keeps its beginning and its end, and scans it. Bounded memory.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

struct steplog;

/* Knows the values that secret variables of this process had when one was first made. Returns: 0; -ENOMEM. */
must_check int steplog_create(struct steplog **ret_log);
/* NULL is fine. */
void steplog_destroy(struct steplog *log);
DEFINE_CLEANUP(struct steplog *, steplog_destroy);

/* The next bytes, as the step wrote them (UTF-16, a BOM). Returns: 0; -ENOMEM, as if it ended here. */
must_check int steplog_feed(struct steplog *log, const char *data, size_t len);
/*
 * Reads `path` ("-": standard input) to its end and feeds it. What a pipe or a growing file gives after `deadline_us`
 * (CLOCK_MONOTONIC; CALL_NO_DEADLINE: never) is left out. Of a file that is longer than can be read until then, the
 * beginning and the end are read, but the lines that are in both and in neither.
 * Returns: 0; -ETIMEDOUT, nothing came; -ENODEV, a device; other errno.
 */
must_check int steplog_read(struct steplog *log, const char *path, int64_t deadline_us);

/*
 * Ends it. `*ret_text` is what is kept: clean UTF-8 without secrets, at most CLIENT_LOG_HEAD_BYTES and
 * CLIENT_LOG_TAIL_BYTES and a line between that tells of the cut; the caller frees it. `*ret_scan` is the object that
 * `scan --json` prints, a new reference. Either may be NULL. `exit_code` as logscan_end().
 * Returns: 0; -ENOMEM.
 */
must_check int steplog_end(
	struct steplog *log, int64_t exit_code, char **ret_text, json_t **ret_scan);
