#include "client/results.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/file.h"
#include "client/results_internal.h"
#include "common/fd.h"
#include "common/json_memory.h"
#include "common/redact/redact.h"
#include "common/text.h"

static const char *const kind_names[RESULTS_KIND_COUNT] = {
	[RESULTS_COVERAGE] = "coverage",
	[RESULTS_LINT] = "lint",
	[RESULTS_SECURITY] = "security",
	[RESULTS_TESTS] = "tests",
};

const char *results_kind_name(enum results_kind kind) {
	return kind_names[kind];
}

/* Whether a file is new */

void results_mark(const char *path, struct results_mark *ret_mark) {
	struct stat st;

	*ret_mark = (struct results_mark){ 0 };
	if (path != NULL && stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
		*ret_mark = (struct results_mark){ .exists = true,
			.device = st.st_dev,
			.inode = st.st_ino,
			.size = st.st_size,
			.modified = st.st_mtim,
			.changed = st.st_ctim };
	}
}

static bool is_same_time(const struct timespec *a, const struct timespec *b) {
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool results_is_stale(const char *path, const struct results_mark *before) {
	struct results_mark now;

	results_mark(path, &now);
	return before->exists && now.exists && now.device == before->device &&
		now.inode == before->inode && now.size == before->size &&
		is_same_time(&now.modified, &before->modified) &&
		is_same_time(&now.changed, &before->changed);
}

/* Looking at a file */

static bool has(const json_t *json, const char *name) {
	return json_object_get(json, name) != NULL;
}

static bool is_array_with(const json_t *json, const char *name) {
	return json_is_array(json) &&
		(json_array_size(json) == 0 || has(json_array_get(json, 0), name));
}

static bool is_eslint(const json_t *json) {
	return is_array_with(json, "filePath");
}

static bool is_gitleaks(const json_t *json) {
	return is_array_with(json, "RuleID");
}

static bool is_istanbul(const json_t *json) {
	return json_is_object(json_object_get(json_object_get(json, "total"), "lines"));
}

static bool is_jest(const json_t *json) {
	return has(json, "numTotalTests") && has(json, "testResults");
}

static bool is_npm_audit(const json_t *json) {
	return has(json, "auditReportVersion");
}

static bool is_npm_error(const json_t *json) {
	return json_is_object(json_object_get(json, "error")) ||
		(has(json, "message") && has(json, "statusCode"));
}

static bool is_pnpm_audit(const json_t *json) {
	return json_is_object(json_object_get(json, "advisories")) && has(json, "metadata");
}

static bool is_sarif(const json_t *json) {
	return has(json, "runs") && has(json, "version");
}

static bool is_line_of(const char *head, const char *word) {
	const char *found = strstr(head, word);

	return found != NULL && (found == head || found[-1] == '\n');
}

static bool is_checkstyle(const char *head) {
	return strstr(head, "<checkstyle") != NULL;
}

static bool is_clover(const char *head) {
	return strstr(head, "<coverage") != NULL && strstr(head, "<project") != NULL;
}

static bool is_cobertura(const char *head) {
	return strstr(head, "<coverage") != NULL && strstr(head, "line-rate=") != NULL;
}

static bool is_junit(const char *head) {
	return strstr(head, "<testsuite") != NULL;
}

static bool is_lcov(const char *head) {
	return is_line_of(head, "SF:") || is_line_of(head, "TN:");
}

/* Its findings, or its log when standard error went there too. It writes nothing when it found nothing. */
static bool is_trufflehog(const char *head) {
	return head[0] == '\0' ||
		(head[0] == '{' &&
			(strstr(head, "\"SourceMetadata\"") != NULL ||
				strstr(head, "\"logger\":\"trufflehog\"") != NULL));
}

/* Sorted by kind and name. A format is known by its first bytes or by its parsed JSON. */
static const struct results_format {
	enum results_kind kind;
	const char *name;
	bool (*starts)(const char *head);
	bool (*is)(const json_t *json);
	int (*read)(struct results_reading *reading);
} formats[] = {
	{ RESULTS_COVERAGE, "clover", is_clover, NULL, results_read_clover },
	{ RESULTS_COVERAGE, "cobertura", is_cobertura, NULL, results_read_cobertura },
	{ RESULTS_COVERAGE, "istanbul", NULL, is_istanbul, results_read_istanbul },
	{ RESULTS_COVERAGE, "lcov", is_lcov, NULL, results_read_lcov },
	{ RESULTS_LINT, "checkstyle", is_checkstyle, NULL, results_read_checkstyle },
	{ RESULTS_LINT, "eslint", NULL, is_eslint, results_read_eslint },
	{ RESULTS_LINT, "sarif", NULL, is_sarif, results_read_sarif },
	{ RESULTS_SECURITY, "gitleaks", NULL, is_gitleaks, results_read_gitleaks },
	{ RESULTS_SECURITY, "npm audit", NULL, is_npm_audit, results_read_npm_audit },
	{ RESULTS_SECURITY, "npm audit", NULL, is_npm_error, results_read_npm_error },
	{ RESULTS_SECURITY, "pnpm audit", NULL, is_pnpm_audit, results_read_pnpm_audit },
	{ RESULTS_SECURITY, "sarif", NULL, is_sarif, results_read_sarif },
	{ RESULTS_SECURITY, "trufflehog", is_trufflehog, NULL, results_read_trufflehog },
	{ RESULTS_TESTS, "jest", NULL, is_jest, results_read_jest },
	{ RESULTS_TESTS, "junit", is_junit, NULL, results_read_junit },
};

/* The format of that kind, else any that fits, so that it can be named; NULL: none. */
static const struct results_format *find_format(
	enum results_kind kind, const char *head, const json_t *json) {
	const struct results_format *other = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct results_format *format = &formats[i];
		bool fits = json != NULL ? format->is != NULL && format->is(json)
					 : format->starts != NULL && format->starts(head);

		if (fits && format->kind == kind) {
			return format;
		}
		other = fits && other == NULL ? format : other;
	}
	return other;
}

/* Our own shape */

static bool is_ours(enum results_kind kind, const json_t *json) {
	static const char *const members[RESULTS_KIND_COUNT][2] = {
		[RESULTS_COVERAGE] = { "lines", "covered" },
		[RESULTS_LINT] = { "errors", NULL },
		[RESULTS_SECURITY] = { "completed", NULL },
		[RESULTS_TESTS] = { "total", "failed" },
	};
	const json_t *member = json_object_get(json, members[kind][0]);

	switch (kind) {
	case RESULTS_COVERAGE:
		return json_is_object(member) || json_is_number(member) ||
			json_is_object(json_object_get(json, "statements")) ||
			json_is_object(json_object_get(json, "branches"));
	case RESULTS_LINT: return json_is_integer(member);
	case RESULTS_SECURITY: return json_is_boolean(member);
	case RESULTS_TESTS:
		return json_is_integer(member) || json_is_integer(json_object_get(json, "failed"));
	case RESULTS_KIND_COUNT: break;
	}
	return false;
}

/* The answer */

static const char *plural(int64_t n) {
	return n == 1 ? "" : "s";
}

static void judge_tests(const json_t *quality, struct results *results) {
	int64_t failed = results_number(quality, "failed");
	int64_t suites = results_number(quality, "suitesFailed");

	results->failed = failed > 0 || suites > 0;
	if (failed > 0) {
		(void)text_format(results->why, sizeof(results->why), "%lld of %lld tests failed%s",
			(long long)failed, (long long)MAX(failed, results_number(quality, "total")),
			suites > 0 ? ", and some test suites did not run" : "");
	} else if (suites > 0) {
		(void)text_format(results->why, sizeof(results->why),
			"%lld test suite%s did not run", (long long)suites, plural(suites));
	}
}

static void judge_lint(const json_t *quality, struct results *results) {
	int64_t errors = results_number(quality, "errors");

	results->failed = errors > 0;
	(void)text_format(results->why, sizeof(results->why), "%lld lint error%s",
		(long long)errors, plural(errors));
}

/* Everything but mere information counts. */
static void judge_security(const json_t *quality, struct results *results) {
	int64_t n = 0, critical = results_number(quality, "critical");

	for (size_t i = 0; i < RANK_COUNT; i++) {
		n += i == RANK_INFO ? 0 : results_number(quality, results_rank_names[i]);
	}
	results->failed = n > 0 || !json_is_true(json_object_get(quality, "completed"));
	if (n > 0) {
		(void)text_format(results->why, sizeof(results->why),
			"%lld security finding%s, %lld of them critical", (long long)n, plural(n),
			(long long)critical);
	} else {
		TEXT_SET(results->why, "the security scan did not complete");
	}
}

static void judge(enum results_kind kind, const json_t *quality, struct results *results) {
	switch (kind) {
	case RESULTS_TESTS: judge_tests(quality, results); break;
	case RESULTS_LINT: judge_lint(quality, results); break;
	case RESULTS_SECURITY: judge_security(quality, results); break;
	case RESULTS_COVERAGE:
	case RESULTS_KIND_COUNT: break;
	}
	if (!results->failed) {
		results->why[0] = '\0';
	}
}

static size_t json_bytes(const json_t *json) {
	return json_dumpb(json, NULL, 0, JSON_COMPACT);
}

/* Adds the findings, as many as fit. Takes the reference. */
static int put_findings(json_t *quality, const char *name, json_t *findings) {
	if (json_array_size(findings) == 0) {
		json_decref(findings);
		return 0;
	}
	if (json_object_set_new(quality, name, findings) < 0) {
		return -ENOMEM;
	}
	while (json_bytes(quality) > CLIENT_RESULTS_SENT_BYTES && json_array_size(findings) > 0) {
		(void)json_array_remove(findings, json_array_size(findings) - 1);
	}
	return 0;
}

/* What a reading found becomes the answer. */
static int conclude(struct results_reading *reading, struct results *results) {
	const char *name = reading->kind == RESULTS_TESTS ? "failures" : "findings";
	int r = json_object_set_new(reading->numbers, "tool", json_string(reading->tool)) < 0
		? -ENOMEM
		: 0;

	if (r == 0 && reading->incomplete) {
		r = json_object_set_new(reading->numbers, "problem",
			    results_text(reading->problem, strlen(reading->problem),
				    CLIENT_SENTENCE_MAX)) < 0 ||
				json_object_set_new(reading->numbers, "completed", json_false()) < 0
			? -ENOMEM
			: 0;
	}
	if (r == 0) {
		r = put_findings(reading->numbers, name, TAKE_PTR(reading->findings));
	}
	if (r < 0) {
		return r;
	}
	judge(reading->kind, reading->numbers, results);
	if (reading->incomplete && (!results->failed || reading->n_findings == 0)) {
		/* Nothing worse is known. */
		results->failed = true;
		TEXT_SET(results->why, reading->problem);
	}
	results->quality = TAKE_PTR(reading->numbers);
	return 0;
}

/* Reading */

static int refuse_format(struct results_reading *reading, const struct results_format *format) {
	if (format == NULL) {
		return results_refuse(
			reading, "its format is none that --%s knows", kind_names[reading->kind]);
	}
	return results_refuse(reading, "it is a file of %s, which --%s takes", format->name,
		kind_names[format->kind]);
}

static int read_with(struct results_reading *reading, const struct results_format *format,
	struct results *results) {
	int r;

	if (format == NULL || format->kind != reading->kind) {
		return refuse_format(reading, format);
	}
	reading->tool = format->name;
	r = format->read(reading);
	if (r == 0 && reading->source->head_len == 0 && reading->step_failed) {
		results_incomplete(reading, "the file is empty, and the step failed");
	}
	return r < 0 ? r : conclude(reading, results);
}

static int take_ours(struct results_reading *reading, struct results *results) {
	int r = redact_json(reading->json, NULL);

	if (r < 0) {
		return r;
	}
	if (json_bytes(reading->json) > CLIENT_RESULTS_SENT_BYTES) {
		return results_refuse(
			reading, "it is longer than %d bytes", CLIENT_RESULTS_SENT_BYTES);
	}
	judge(reading->kind, reading->json, results);
	results->quality = json_incref(reading->json);
	return 0;
}

static int read_json(struct results_reading *reading, struct results *results) {
	int r = results_source_json(
		reading->source, &reading->json, reading->problem, sizeof(reading->problem));

	if (r < 0) {
		return r;
	}
	if (json_is_object(reading->json) && is_ours(reading->kind, reading->json)) {
		return take_ours(reading, results);
	}
	return read_with(reading, find_format(reading->kind, NULL, reading->json), results);
}

/* The first bytes as text for looking at: no BOM, no leading blanks; of UTF-16 what is ASCII. */
static bool look(const struct results_source *source, char *out) {
	const unsigned char *head = (const unsigned char *)source->head;
	bool utf16 = source->head_len >= 2 &&
		((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff));
	size_t len = 0;

	for (size_t i = 0; i < source->head_len; i++) {
		bool blank = len == 0 && (head[i] <= ' ' || head[i] >= 0x80);

		if (!blank && (head[i] != '\0' || !utf16)) {
			out[len++] = head[i] != '\0' ? (char)head[i] : ' ';
		}
	}
	out[len] = '\0';
	return utf16;
}

static int read_source(struct results_reading *reading, struct results *results) {
	char head[CLIENT_RESULTS_HEAD_BYTES + 1];
	bool utf16 = look(reading->source, head);
	const struct results_format *format;

	/* Blanks alone are no empty file. */
	if (head[0] == '\0' && (reading->source->head_len > 0 || reading->kind != RESULTS_SECURITY)) {
		return results_refuse(reading, "it is empty");
	}
	format = find_format(reading->kind, head, NULL);
	if (utf16 && head[0] != '<') {
		return results_refuse(reading, "it is UTF-16; write it as UTF-8");
	}
	if (head[0] == '<' || (format != NULL && format->starts != NULL)) {
		return read_with(reading, format, results);
	}
	return read_json(reading, results);
}

static int read_head(struct results_source *source) {
	ssize_t n = 1;

	while (n > 0 && source->head_len < sizeof(source->head)) {
		n = file_read(source->fd, source->head + source->head_len,
			sizeof(source->head) - source->head_len, source->total, source->deadline_us);
		source->head_len += n > 0 ? (size_t)n : 0;
		source->total = source->head_len;
	}
	return n < 0 ? (int)n : 0;
}

static void reading_finish(struct results_reading *reading) {
	json_decref(reading->json);
	json_decref(reading->numbers);
	json_decref(reading->findings);
}

static int read_file(
	struct results_reading *reading, struct results *results, char *message, size_t size) {
	struct results_source *source = reading->source;
	int r = read_head(source);

	reading->numbers = json_object();
	reading->findings = json_array();
	r = r < 0 ? r : read_source(reading, results);
	explicit_bzero(source->head, sizeof(source->head));
	if (r == -EINVAL) {
		(void)text_copy(message, size,
			reading->problem[0] != '\0' ? reading->problem : "a line of it is too long");
	} else if (r == -EFBIG) {
		(void)text_format(message, size, "it is larger than %zu MiB",
			source->max_bytes / (1024 * 1024));
	} else if (r < 0) {
		(void)text_copy(message, size,
			r == -ETIMEDOUT && source->total > 0 ? "it is too large to be read in time"
							     : file_problem(r));
	}
	return r;
}

int results_read(enum results_kind kind, const char *path, bool step_failed, int64_t deadline_us,
	struct results *ret_results, char *message, size_t size) {
	struct results_source source = {
		.fd = -1, .deadline_us = deadline_us, .max_bytes = CLIENT_RESULTS_FILE_BYTES
	};
	struct results_reading reading = {
		.kind = kind, .step_failed = step_failed, .source = &source
	};
	struct results results = { 0 };
	int r;

	if (strcmp(path, "-") == 0) {
		(void)text_copy(message, size, "standard input cannot be used");
		return -EINVAL;
	}
	if (kind == RESULTS_SECURITY) {
		json_memory_wipe(); /* parsed reports of scanners hold secrets */
	}
	r = file_open(path, FILE_REGULAR_PIPE, &source.fd);
	if (r < 0) {
		(void)text_copy(message, size, file_problem(r));
		return r;
	}
	r = read_file(&reading, &results, message, size);
	reading_finish(&reading);
	fd_closep(&source.fd);
	if (r == 0) {
		*ret_results = results;
	}
	return r;
}
