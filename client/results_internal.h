/*
 * results_internal - what the readers of result files share. One reading at a time, one thread.
 *
 * A reader gets the file (a parsed JSON value, an XML stream or lines), counts, and collects findings; results.c makes
 * the answer of it. Whatever a file holds only becomes text through results_text().
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/limits.h"
#include "client/results.h"
#include "common/macro.h"

/* No number of a file is larger; what claims to be counts as this. */
#define RESULTS_COUNT_MAX INT64_C(1000000000000)

/* The file being read: its first bytes were looked at and come again. */
struct results_source {
	int fd;
	int64_t deadline_us;
	size_t max_bytes;
	uint64_t total; /* bytes read */
	char head[CLIENT_RESULTS_HEAD_BYTES];
	size_t head_len;
	size_t head_used;
};

/* What a reading found; counters that are of no use for a kind stay 0. */
struct results_reading {
	enum results_kind kind;
	bool step_failed;
	struct results_source *source;
	json_t *json;	  /* of a JSON file; owned by results.c */
	const char *tool; /* static, or `tool_name` */
	char tool_name[64];
	json_t *numbers; /* owned: {"lines":{"covered","total"}, ...} or the counters, as they go out */
	json_t *findings;		   /* owned */
	int64_t n_findings;		   /* seen, kept or not */
	bool incomplete;		   /* a tool that did not run to its end */
	char problem[CLIENT_SENTENCE_MAX]; /* what is wrong with the file, or why it is incomplete */
};

/* How bad a finding of a security scan is, worst first. */
enum results_rank {
	RANK_CRITICAL,
	RANK_HIGH,
	RANK_MODERATE,
	RANK_LOW,
	RANK_INFO,
	RANK_UNKNOWN,
	RANK_COUNT
};
extern const char *const results_rank_names[RANK_COUNT];
/* A tool's word ("medium", "error", ...); RANK_UNKNOWN for any other and NULL. */
enum results_rank results_rank(const char *word);

/* results_source.c */

/* As read(): the number of bytes; 0, the end; -EFBIG, the file is larger than `max_bytes`; -ETIMEDOUT; other errno. */
must_check ssize_t results_source_read(struct results_source *source, char *data, size_t size);
/*
 * Calls `line` (NUL-ended, without its end) for every line until it answers non-zero. Longer lines than
 * CLIENT_RESULTS_LINE_BYTES are an error. `*ret_whole` says whether the last one had its newline. The bytes
 * are overwritten afterwards. Returns: 0; -EINVAL, too long; as results_source_read(); what `line` returned.
 */
must_check int results_source_lines(struct results_source *source,
	int (*line)(void *user, char *text, size_t len), void *user, bool *ret_whole);
/*
 * All of it as one JSON value, banners of npm and yarn in front of it skipped. Returns: 0; -EINVAL, `problem` says why;
 * as results_source_read(); -ENOMEM.
 */
must_check int results_source_json(
	struct results_source *source, json_t **ret_json, char *problem, size_t size);

/* results_text.c */

/*
 * `len` bytes of a file as a string that may be shown and sent: clean, without secrets, at most `max_bytes`. A new
 * reference; NULL: memory.
 */
must_check json_t *results_text(const char *text, size_t len, size_t max_bytes);
/* A finding or a failed test. Strings are borrowed; NULL or 0 is left out. */
struct results_finding {
	const char *severity; /* static */
	const char *file;     /* what is below the current directory loses that part */
	int64_t line;
	int64_t column;
	const char *rule;
	const char *package;
	const char *test;
	const char *message;
	size_t message_len; /* 0: up to its NUL */
};
/* Counts it, and keeps it while there are fewer than CLIENT_FINDINGS_MAX. Returns: 0; -ENOMEM. */
must_check int results_add(struct results_reading *reading, const struct results_finding *finding);
/* A counter of `numbers`. Returns: 0; -ENOMEM. */
must_check int results_count(struct results_reading *reading, const char *name, int64_t n);
/* {"covered","total"} of lines, branches, ... Returns: 0; -EINVAL, more covered than there are; -ENOMEM. */
must_check int results_cover(
	struct results_reading *reading, const char *name, int64_t covered, int64_t total);
/* The tool's own name, cleaned. */
void results_set_tool(struct results_reading *reading, const char *name);
/* The file is broken. Returns -EINVAL. */
int results_refuse(struct results_reading *reading, const char *fmt, ...) printf_like(2, 3);
/* The tool did not do its work, which is no failure of reading. */
void results_incomplete(struct results_reading *reading, const char *fmt, ...) printf_like(2, 3);

/* Members of JSON, "" and 0 when they are missing or of another type. Counts are not negative. */
const char *results_string(const json_t *object, const char *name);
int64_t results_number(const json_t *object, const char *name);
/* A non-negative decimal number of an attribute or a line; 0 for what is none. */
int64_t results_parse(const char *text);

/* Counters of a kind, as they go out. Return: 0; -ENOMEM. */
struct results_tests {
	int64_t passed, failed, skipped, duration_ms, suites_failed;
};
must_check int results_put_tests(struct results_reading *reading, const struct results_tests *tests);
struct results_lint {
	int64_t errors, warnings, fixable, files;
};
must_check int results_put_lint(struct results_reading *reading, const struct results_lint *lint);
struct results_security {
	int64_t ranks[RANK_COUNT];
	int64_t verified;
};
must_check int results_put_security(
	struct results_reading *reading, const struct results_security *security);

/* The formats: a reader each. Return: 0; -EINVAL, `problem` says what is broken; -ENOMEM; as reading the source. */
int results_read_checkstyle(struct results_reading *reading);
int results_read_clover(struct results_reading *reading);
int results_read_cobertura(struct results_reading *reading);
int results_read_eslint(struct results_reading *reading);
int results_read_gitleaks(struct results_reading *reading);
int results_read_istanbul(struct results_reading *reading);
int results_read_jest(struct results_reading *reading);
int results_read_junit(struct results_reading *reading);
int results_read_lcov(struct results_reading *reading);
int results_read_npm_audit(struct results_reading *reading);
int results_read_npm_error(struct results_reading *reading);
int results_read_pnpm_audit(struct results_reading *reading);
int results_read_sarif(struct results_reading *reading);
int results_read_trufflehog(struct results_reading *reading);
