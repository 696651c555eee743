/*
 * logscan - what a log says: which kind of step failed, why, where, and the few lines that show it.
 *
 * One streaming pass in bounded memory whatever the log's size; no I/O. What CI systems wrap around a tool's output
 * (timestamps, groups, job columns, colours, carriage returns, UTF-16, a BOM) is taken off first. The grammars are
 * tables, one file a family of tools. One thread a scan; the tables' automaton is shared.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error_type.h"
#include "common/macro.h"

#define LOGSCAN_EXCERPT_LINES_MAX 60
#define LOGSCAN_LINE_MAX_BYTES 4096 /* longer lines are cut for the scan */
#define LOGSCAN_FINDINGS_MAX 256    /* kept: the first and the last of them; counted beyond */
#define LOGSCAN_FINGERPRINT_MAX 48  /* "v1:" and hex, with the NUL */

enum logscan_stage {
	STAGE_INSTALL,
	STAGE_LINT,
	STAGE_TYPE_CHECK,
	STAGE_BUILD,
	STAGE_TEST,
	STAGE_SECURITY,
	STAGE_DEPLOY,
	STAGE_OTHER,
};

enum logscan_cause {
	CAUSE_LINT,
	CAUSE_TYPE,
	CAUSE_COMPILE,
	CAUSE_TEST,
	CAUSE_SECRET,
	CAUSE_VULNERABILITY,
	CAUSE_DEPENDENCY,
	CAUSE_CONFIG,
	CAUSE_RESOURCE,
	CAUSE_NETWORK,
	CAUSE_TIMEOUT,
	CAUSE_PERMISSION,
	CAUSE_UNKNOWN,
	CAUSE_NONE,
};

enum logscan_severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_INFO };

/* Strings are owned by the result; NULL: not known. */
struct logscan_finding {
	const char *tool; /* "eslint", static */
	enum logscan_severity severity;
	char *file;
	int64_t line; /* 0 unknown, as column */
	int64_t column;
	char *rule;
	char *message;
	char *test;
	int64_t log_line; /* from 1 */
};

struct logscan_result {
	bool failed; /* false: a green log, and error_type means nothing */
	enum error_type error_type;
	enum logscan_stage stage;
	enum logscan_cause cause;
	double confidence;     /* 0 to 1 */
	int64_t headline_line; /* 0: none */
	char *headline;
	struct logscan_finding *findings; /* in the log's order */
	size_t n_findings;
	uint64_t n_findings_seen;
	char *excerpt; /* at most LOGSCAN_EXCERPT_LINES_MAX lines, each distinct finding once */
	size_t n_excerpt_lines;
	/* the same for the same failure: numbers, paths, hashes, times masked */
	char fingerprint[LOGSCAN_FINGERPRINT_MAX];
};
void logscan_result_finish(struct logscan_result *result);

const char *logscan_stage_name(enum logscan_stage stage);
const char *logscan_cause_name(enum logscan_cause cause);
const char *logscan_severity_name(enum logscan_severity severity);

struct logscan;

/* Returns: 0, logscan_destroy() when done; -ENOMEM. */
must_check int logscan_create(struct logscan **ret_scan);
/* NULL is fine. */
void logscan_destroy(struct logscan *scan);
DEFINE_CLEANUP(struct logscan *, logscan_destroy);

/* Any bytes, in pieces of any size. Returns: 0; -ENOMEM. */
must_check int logscan_feed(struct logscan *scan, const char *data, size_t len);
/*
 * Ends the log. `exit_code` is the step's (128 + n for a signal), -1 when it is not known: a step that failed is never
 * green, one that passed never failed. Returns: 0, the caller runs logscan_result_finish(); -ENOMEM.
 */
must_check int logscan_end(
	struct logscan *scan, int64_t exit_code, struct logscan_result *ret_result);
