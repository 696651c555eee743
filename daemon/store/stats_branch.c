/*
 * How each branch stands: runs of passed builds, and its newest builds, to know a duplicate, a late one, and what
 * passed and failed on one commit.
 *
 * Builds stand in the order in which they were told. A number is one among those of its job and step only: CI systems
 * count by workflow, by job or by branch. One that is lower than an earlier one came late, or the numbering began anew,
 * and nobody can tell which: so it adds to no run when it passed, and ends the run when it failed. After
 * LIMIT_STATS_LATE of them in a row it did begin anew.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/text.h"
#include "daemon/store/stats.h"

/*
 * `recent` has a line for each: the hash of job, step and commit, the hash of the number that was told last, the last
 * outcome and whether there was the other one, too, and of a failure the names of its tests as JSON.
 * "0123456789abcdef 0123456789abcdef f[\"sum\"]\n"
 */
#define HASH_LEN 16
#define RECENT_MAX_BYTES (4 * 1024 * 1024) /* more than so many lines can be */
#define OUTCOME_AT (2 * (HASH_LEN + 1))
enum outcome {
	OUTCOME_FAILED = 'f',
	OUTCOME_PASSED = 'p',
	OUTCOME_BOTH_FAILED = 'b',
	OUTCOME_BOTH_PASSED = 'B',
};

/*
 * `numbers` has a line for each job and step: their hash, the digit of how many came late in a row, and the highest
 * number. "0123456789abcdef 0 512\n"
 */
#define LATE_AT (HASH_LEN + 1)
#define NUMBER_AT (LATE_AT + 2)
#define NUMBERS_MAX_BYTES ((LIMIT_STATS_STREAMS + 1) * (NUMBER_AT + LIMIT_NUMBER_MAX + 1))
static_assert(LIMIT_STATS_LATE <= 9, "it is counted in one digit");

struct branch {
	int64_t builds, failed, run, longest, late, last_ms;
	struct buffer numbers; /* that came longest ago first */
	struct buffer recent;  /* oldest first */
};

static void branch_finish(struct branch *branch) {
	buffer_finish(&branch->numbers);
	buffer_finish(&branch->recent);
}

/* FNV-1a of several texts, in hexadecimal. */
static void hash_of(const char *const *parts, size_t n, char out[HASH_LEN + 1]) {
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < n; i++) {
		for (const char *c = parts[i]; c == parts[i] || c[-1] != '\0'; c++) {
			hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
		}
	}
	for (size_t i = HASH_LEN; i > 0; i--) {
		out[i - 1] = "0123456789abcdef"[hash & 0xf];
		hash >>= 4;
	}
	out[HASH_LEN] = '\0';
}

static int branch_read(struct db *db, const struct stats_build *build, struct branch *ret) {
	_cleanup_(sql_resetp) sqlite3_stmt *row = db_sql(db, SQL_STATS_BRANCH_GET);
	int status;

	sql_bind_text(row, 1, build->project);
	sql_bind_text(row, 2, build->branch);
	status = db_step(db, row);
	if (status <= 0) {
		return status;
	}
	ret->builds = sqlite3_column_int64(row, 0);
	ret->failed = sqlite3_column_int64(row, 1);
	ret->run = sqlite3_column_int64(row, 2);
	ret->longest = sqlite3_column_int64(row, 3);
	ret->late = sqlite3_column_int64(row, 4);
	ret->last_ms = sqlite3_column_int64(row, 5);
	if (buffer_append_str(&ret->numbers, (const char *)sqlite3_column_text(row, 6)) < 0 ||
		buffer_append_str(&ret->recent, (const char *)sqlite3_column_text(row, 7)) < 0) {
		return -ENOMEM;
	}
	return 0;
}

static int branch_write(struct db *db, const struct stats_build *build, const struct branch *branch) {
	const int64_t numbers[] = { branch->builds, branch->failed, branch->run, branch->longest,
		branch->late, branch->last_ms };
	sqlite3_stmt *statement = db_sql(db, SQL_STATS_BRANCH_PUT);

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		sql_bind_int(statement, (int)i + 1, numbers[i]);
	}
	sql_bind_text(statement, 7, branch->numbers.data);
	sql_bind_text(statement, 8, branch->recent.data);
	sql_bind_text(statement, 9, build->project);
	sql_bind_text(statement, 10, build->branch);
	return db_run(db, statement);
}

static void drop_first_line(struct buffer *lines, size_t n_max) {
	size_t n = 0;

	for (const char *c = lines->data; *c != '\0'; c++) {
		n += *c == '\n';
	}
	if (n > n_max) {
		buffer_consume(lines, strcspn(lines->data, "\n") + 1);
	}
}

/* NULL: no line begins with `what`. */
static char *find_line(const struct buffer *lines, const char *what) {
	for (char *line = lines->data; *line != '\0'; line = strchr(line, '\n') + 1) {
		if (strncmp(line, what, HASH_LEN) == 0) {
			return line;
		}
	}
	return NULL;
}

/* Late */

/* Digits by value, however many; `b` ends with the line. */
static bool is_lower(const char *a, const char *b) {
	size_t a_len, b_len;

	a += strspn(a, "0");
	b += strspn(b, "0");
	a_len = strspn(a, "0123456789");
	b_len = strspn(b, "0123456789");
	return a_len != b_len ? a_len < b_len : strncmp(a, b, a_len) < 0;
}

static void drop_line(struct buffer *lines, char *line) {
	const char *next = strchr(line, '\n') + 1;

	memmove(line, next, strlen(next) + 1);
	buffer_truncate(lines, strlen(lines->data));
}

/* What is no decimal number, as that of a few CI systems, is never late. */
static int take_number(struct branch *branch, const struct stats_build *build, bool *ret_late) {
	const char *const parts[] = { build->job, build->step };
	char stream[HASH_LEN + 1], number[LIMIT_NUMBER_MAX];
	int n_late = 0;
	char *line;

	if (build->number[0] == '\0' || build->number[strspn(build->number, "0123456789")] != '\0') {
		return 0;
	}
	hash_of(parts, ARRAY_SIZE(parts), stream);
	TEXT_SET(number, build->number);
	line = find_line(&branch->numbers, stream);
	if (line != NULL && is_lower(build->number, line + NUMBER_AT)) {
		n_late = line[LATE_AT] - '0' + 1;
		*ret_late = n_late <= LIMIT_STATS_LATE;
	}
	if (*ret_late) {
		text_format(number, sizeof(number), "%.*s", (int)strcspn(line + NUMBER_AT, "\n"),
			line + NUMBER_AT);
	}
	if (line != NULL) {
		drop_line(&branch->numbers, line);
	}
	if (buffer_appendf(&branch->numbers, "%s %d %s\n", stream, *ret_late ? n_late : 0, number) <
		0) {
		return -ENOMEM;
	}
	drop_first_line(&branch->numbers, LIMIT_STATS_STREAMS);
	return 0;
}

/* Flaky */

/* "KIND\nPROJECT\nBRANCH\nNAME"; names of projects and branches hold no line break. */
static int add_label(json_t **labels, const struct stats_build *build, const char *kind,
	const char *a, const char *b) {
	char label[7 * LIMIT_NAME_MAX];

	if (*labels == NULL) {
		*labels = json_array();
	}
	text_format(label, sizeof(label), "%s\n%s\n%s\n%s%s%s", kind, build->project, build->branch,
		a, b[0] != '\0' ? " / " : "", b);
	return json_array_append_new(*labels, json_string(label)) < 0 ? -ENOMEM : 0;
}

/* The failed tests by name; the step when they are not known. */
static int note_flaky(const struct stats_build *build, const json_t *failing, json_t **labels) {
	json_t *name;
	size_t i;
	int r = 0;

	json_array_foreach((json_t *)failing, i, name) {
		r = r < 0 ? r : add_label(labels, build, "test", json_string_value(name), "");
	}
	if (json_array_size(failing) == 0) {
		r = build->job[0] != '\0' ? add_label(labels, build, "step", build->job, build->step)
					  : add_label(labels, build, "step", build->step, "");
	}
	return r;
}

/* The names behind the outcome; a new reference, NULL when there are none. */
static json_t *failing_of(const char *line) {
	const char *names = line + OUTCOME_AT + 1;

	return json_loadb(names, strcspn(names, "\n"), 0, NULL);
}

static int compare_outcome(const struct stats_build *build, char *line, const char *number,
	bool *ret_same, json_t **labels) {
	char before = line[OUTCOME_AT];
	bool had_both = before == OUTCOME_BOTH_FAILED || before == OUTCOME_BOTH_PASSED;
	bool had_passed = before == OUTCOME_PASSED || before == OUTCOME_BOTH_PASSED;
	json_t *failing;
	int r;

	*ret_same = had_passed == build->passed && build->number[0] != '\0' &&
		strncmp(line + HASH_LEN + 1, number, HASH_LEN) == 0;
	memcpy(line + HASH_LEN + 1, number, HASH_LEN);
	if (had_both || had_passed != build->passed) {
		line[OUTCOME_AT] = build->passed ? OUTCOME_BOTH_PASSED : OUTCOME_BOTH_FAILED;
	}
	if (had_both || had_passed == build->passed) {
		return 0;
	}
	failing = build->passed ? failing_of(line) : json_incref((json_t *)build->failing);
	r = note_flaky(build, failing, labels);
	json_decref(failing);
	return r;
}

static int remember(struct branch *branch, const struct stats_build *build, const char *what,
	const char *number) {
	_cleanup_(freep) char *failing =
		build->failing != NULL ? json_dumps(build->failing, JSON_COMPACT) : NULL;

	if (buffer_appendf(&branch->recent, "%s %s %c%s\n", what, number,
		    build->passed ? OUTCOME_PASSED : OUTCOME_FAILED,
		    failing != NULL ? failing : "") < 0) {
		return -ENOMEM;
	}
	drop_first_line(&branch->recent, LIMIT_STATS_RECENT);
	return 0;
}

/* Without a commit nothing of this can be known. */
static int take_commit(
	struct branch *branch, const struct stats_build *build, bool *ret_same, json_t **labels) {
	const char *const what_parts[] = { build->job, build->step, build->commit };
	char what[HASH_LEN + 1], number[HASH_LEN + 1];
	char *line;

	if (build->commit[0] == '\0') {
		return 0;
	}
	hash_of(what_parts, ARRAY_SIZE(what_parts), what);
	hash_of(&build->number, 1, number);
	line = find_line(&branch->recent, what);
	if (line == NULL) {
		return remember(branch, build, what, number);
	}
	return compare_outcome(build, line, number, ret_same, labels);
}

int stats_branch_take(struct db *db, const struct stats_build *build,
	enum stats_build_kind *ret_kind, json_t **ret_flaky) {
	_cleanup_(branch_finish) struct branch branch = { .builds = 0 };
	bool is_late = false, is_same = false;
	int status;

	buffer_init(&branch.numbers, NUMBERS_MAX_BYTES);
	buffer_init(&branch.recent, RECENT_MAX_BYTES);
	status = branch_read(db, build, &branch);
	if (status == 0) {
		status = take_commit(&branch, build, &is_same, ret_flaky);
	}
	if (status < 0) {
		return status;
	}
	if (is_same) {
		*ret_kind = BUILD_IS_DUPLICATE;
		return 0;
	}
	status = take_number(&branch, build, &is_late);
	if (status < 0) {
		return status;
	}
	branch.builds++;
	branch.failed += build->passed ? 0 : 1;
	branch.late += is_late ? 1 : 0;
	branch.last_ms = MAX(branch.last_ms, build->at_ms);
	if (!build->passed) {
		branch.run = 0;
	} else if (!is_late) {
		branch.run++;
		branch.longest = MAX(branch.longest, branch.run);
	}
	*ret_kind = is_late ? BUILD_IS_LATE : BUILD_COUNTS;
	return branch_write(db, build, &branch);
}
