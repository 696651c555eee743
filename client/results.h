/*
 * results - the numbers in what tools write: JUnit XML, jest, vitest, eslint, SARIF, checkstyle, Istanbul, lcov,
 * Cobertura, Clover, TruffleHog, gitleaks, npm and pnpm audit. Hostile input: bounded in bytes, depth and count; no XML
 * entity is expanded and nothing outside is fetched. Secrets in a scanner's output are dropped while parsing.
 *
 * Formats: daemon-independent, see codegenctl(1), RESULT FILES.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "common/macro.h"

enum results_kind {
	RESULTS_COVERAGE,
	RESULTS_LINT,
	RESULTS_SECURITY,
	RESULTS_TESTS,
	RESULTS_KIND_COUNT
};

struct results {
	/*
	 * A new reference: {"tool", ...} and integers. coverage: {"lines":{"covered","total"}, "branches", "functions",
	 * "statements"}; lint: {"errors","warnings","fixable","files","findings":[...]}; tests:
	 * {"total","passed","failed","skipped","durationMs","suitesFailed","failures":[...]}; security:
	 * {"completed","critical","high","moderate","low","info","unknown","verified","findings":[...]}. Findings and
	 * failures: {"severity","file","line","column","rule","package","test","message"}, what is known of it.
	 * Of a tool that did not come to its end "completed" is false and "problem" says why, for every kind.
	 * An object of our own shape in the file is taken as it is, without secrets.
	 */
	json_t *quality;
	bool failed; /* a failed test or suite, a lint error, a finding, a tool that did not come to its end */
	char why[256]; /* then: in one sentence */
};

/* "coverage", ...: the option's name and the parameter's. */
const char *results_kind_name(enum results_kind kind);

/* What a file was at some time, to know whether it was written since. Clocks of file servers do not matter. */
struct results_mark {
	bool exists; /* a regular file */
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
};

/* `path` may be NULL: nothing exists. */
void results_mark(const char *path, struct results_mark *ret_mark);
/* Whether it is still as `before`: what it says is not of what ran since. */
bool results_is_stale(const char *path, const struct results_mark *before);

/*
 * Reads and understands a file ("-" is not allowed); the format is found by looking at it. Where the step has failed,
 * an empty file is not that of a scanner which found nothing, but of one that did not come to its end.
 * Returns: 0, the caller decrefs `quality`; -EINVAL, not a known format of that kind or broken, and `message` says in
 * words what is wrong; -EFBIG; as file_read(). Outputs but `message` untouched on failure.
 */
must_check int results_read(enum results_kind kind, const char *path, bool step_failed,
	int64_t deadline_us, struct results *ret_results, char *message, size_t size);
