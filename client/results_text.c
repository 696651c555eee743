/* From what a file says to what is sent: clean, redacted, bounded. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "client/results_internal.h"
#include "client/secrets.h"
#include "common/text.h"

#define MESSAGE_BYTES 240
#define NAME_BYTES 240
/* Cleaning and redacting more than this of one text would only be cut away again. */
#define RAW_BYTES 4096

const char *const results_rank_names[RANK_COUNT] = { "critical", "high", "moderate", "low", "info",
	"unknown" };

enum results_rank results_rank(const char *word) {
	static const struct {
		const char *word;
		enum results_rank rank;
	} words[] = {
		{ "critical", RANK_CRITICAL },
		{ "error", RANK_HIGH },
		{ "high", RANK_HIGH },
		{ "info", RANK_INFO },
		{ "low", RANK_LOW },
		{ "medium", RANK_MODERATE },
		{ "moderate", RANK_MODERATE },
		{ "none", RANK_INFO },
		{ "note", RANK_LOW },
		{ "warning", RANK_MODERATE },
	};

	for (size_t i = 0; word != NULL && i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(words[i].word, word) == 0) {
			return words[i].rank;
		}
	}
	return RANK_UNKNOWN;
}

json_t *results_text(const char *text, size_t len, size_t max_bytes) {
	_cleanup_(freep) char *clean = text_clean(text, MIN(len, (size_t)RAW_BYTES));
	char *start;

	if (clean == NULL || secrets_text(&clean) < 0) {
		return NULL;
	}
	len = strlen(clean);
	while (len > 0 && isspace((unsigned char)clean[len - 1])) {
		clean[--len] = '\0';
	}
	start = clean + strspn(clean, " \t\n");
	if (strlen(start) > max_bytes) {
		start[text_cut(start, max_bytes)] = '\0';
	}
	return json_string(start);
}

/* Paths of this machine say nothing elsewhere. */
static const char *relative(const char *file, char *directory, size_t size) {
	size_t len;

	if (strncmp(file, "file://", strlen("file://")) == 0) {
		file += strlen("file://");
	}
	if (getcwd(directory, size) == NULL) {
		return file;
	}
	len = strlen(directory);
	return len > 1 && strncmp(file, directory, len) == 0 && file[len] == '/' ? file + len + 1
										 : file;
}

static bool put_text(
	json_t *object, const char *name, const char *text, size_t len, size_t max_bytes) {
	return text == NULL || text[0] == '\0' ||
		json_object_set_new(object, name,
			results_text(text, len > 0 ? len : strlen(text), max_bytes)) == 0;
}

static bool put_number(json_t *object, const char *name, int64_t number) {
	return number <= 0 || json_object_set_new(object, name, json_integer(number)) == 0;
}

int results_add(struct results_reading *reading, const struct results_finding *finding) {
	char directory[4096];
	const char *file =
		finding->file != NULL ? relative(finding->file, directory, sizeof(directory)) : NULL;
	json_t *object;

	reading->n_findings++;
	if (json_array_size(reading->findings) >= CLIENT_FINDINGS_MAX) {
		return 0;
	}
	object = json_object();
	if (object == NULL || !put_text(object, "severity", finding->severity, 0, NAME_BYTES) ||
		!put_text(object, "file", file, 0, NAME_BYTES) ||
		!put_number(object, "line", finding->line) ||
		!put_number(object, "column", finding->column) ||
		!put_text(object, "rule", finding->rule, 0, NAME_BYTES) ||
		!put_text(object, "package", finding->package, 0, NAME_BYTES) ||
		!put_text(object, "test", finding->test, 0, NAME_BYTES) ||
		!put_text(object, "message", finding->message, finding->message_len, MESSAGE_BYTES)) {
		json_decref(object);
		return -ENOMEM;
	}
	return json_array_append_new(reading->findings, object) < 0 ? -ENOMEM : 0;
}

int results_count(struct results_reading *reading, const char *name, int64_t n) {
	return json_object_set_new(reading->numbers, name, json_integer(MIN(n, RESULTS_COUNT_MAX))) < 0
		? -ENOMEM
		: 0;
}

int results_cover(struct results_reading *reading, const char *name, int64_t covered, int64_t total) {
	json_t *part;

	if (covered > total) {
		return results_refuse(reading, "it has more %s covered than there are", name);
	}
	part = json_pack("{s:I, s:I}", "covered", (json_int_t)covered, "total", (json_int_t)total);
	return json_object_set_new(reading->numbers, name, part) < 0 ? -ENOMEM : 0;
}

void results_set_tool(struct results_reading *reading, const char *name) {
	size_t len = 0;

	for (; *name != '\0' && len + 1 < sizeof(reading->tool_name); name++) {
		if (isascii((unsigned char)*name) && isprint((unsigned char)*name)) {
			reading->tool_name[len++] = *name;
		}
	}
	reading->tool_name[len] = '\0';
	if (len > 0) {
		reading->tool = reading->tool_name;
	}
}

int results_refuse(struct results_reading *reading, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(reading->problem, sizeof(reading->problem), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

void results_incomplete(struct results_reading *reading, const char *fmt, ...) {
	va_list ap;

	reading->incomplete = true;
	va_start(ap, fmt);
	(void)vsnprintf(reading->problem, sizeof(reading->problem), fmt, ap);
	va_end(ap);
}

const char *results_string(const json_t *object, const char *name) {
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

int64_t results_number(const json_t *object, const char *name) {
	double number = json_number_value(json_object_get(object, name));

	if (!(number > 0)) {
		return 0;
	}
	return number < (double)RESULTS_COUNT_MAX ? (int64_t)number : RESULTS_COUNT_MAX;
}

int64_t results_parse(const char *text) {
	int64_t number = 0;

	if (text == NULL) {
		return 0;
	}
	for (; isdigit((unsigned char)*text) && number < RESULTS_COUNT_MAX; text++) {
		number = number * 10 + (*text - '0');
	}
	return MIN(number, RESULTS_COUNT_MAX);
}

/* Counters by kind */

int results_put_tests(struct results_reading *reading, const struct results_tests *tests) {
	int r = results_count(reading, "total", tests->passed + tests->failed + tests->skipped);

	r = r < 0 ? r : results_count(reading, "passed", tests->passed);
	r = r < 0 ? r : results_count(reading, "failed", tests->failed);
	r = r < 0 ? r : results_count(reading, "skipped", tests->skipped);
	if (tests->duration_ms > 0) { /* a file without times does not say that they took none */
		r = r < 0 ? r : results_count(reading, "durationMs", tests->duration_ms);
	}
	return r < 0 ? r : results_count(reading, "suitesFailed", tests->suites_failed);
}

int results_put_lint(struct results_reading *reading, const struct results_lint *lint) {
	int r = results_count(reading, "errors", lint->errors);

	r = r < 0 ? r : results_count(reading, "warnings", lint->warnings);
	r = r < 0 ? r : results_count(reading, "fixable", lint->fixable);
	return r < 0 ? r : results_count(reading, "files", lint->files);
}

int results_put_security(struct results_reading *reading, const struct results_security *security) {
	int r = json_object_set_new(
			reading->numbers, "completed", json_boolean(!reading->incomplete)) < 0
		? -ENOMEM
		: 0;

	for (size_t i = 0; r == 0 && i < RANK_COUNT; i++) {
		r = results_count(reading, results_rank_names[i], security->ranks[i]);
	}
	return r < 0 ? r : results_count(reading, "verified", security->verified);
}
