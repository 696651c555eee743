/*
 * What the result files of a failed step tell, said where people and agents look: among the findings of the log's scan,
 * and behind its excerpt. What the log shows already is not said again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/limits.h"
#include "client/print.h"
#include "client/submission_parts.h"
#include "common/buffer.h"
#include "common/logscan/logscan.h"
#include "common/text.h"

static const struct kind_row {
	const char *title;
	const char *list; /* the member with what was found */
	enum logscan_stage stage;
	enum logscan_cause cause;
} kinds[RESULTS_KIND_COUNT] = {
	[RESULTS_COVERAGE] = { "Coverage", "findings", STAGE_TEST, CAUSE_TEST },
	[RESULTS_LINT] = { "Lint", "findings", STAGE_LINT, CAUSE_LINT },
	[RESULTS_SECURITY] = { "Security", "findings", STAGE_SECURITY, CAUSE_VULNERABILITY },
	[RESULTS_TESTS] = { "Tests", "failures", STAGE_TEST, CAUSE_TEST },
};

struct merge {
	const struct submission_results *results;
	json_t *scan;	 /* borrowed: the parameters hold it */
	json_t *known;	 /* borrowed: its findings */
	size_t n_of_log; /* of them: the log's own come first */
	struct buffer text;
	int64_t n_lines;
	char headline[CLIENT_EXCERPT_LINE_BYTES];
};

/* One finding as one line: "suite > name (file:7): message", "file:7: rule: message". */
static void describe(const json_t *finding, char out[CLIENT_EXCERPT_LINE_BYTES]) {
	const char *test = json_text(finding, "test"), *file = json_text(finding, "file");
	const char *rule = json_text(finding, "rule"), *message = json_text(finding, "message");
	int64_t line = json_number(finding, "line");
	char place[CLIENT_NAME_MAX + 24];

	file = file[0] != '\0' ? file : json_text(finding, "package");
	if (line > 0) {
		(void)text_format(place, sizeof(place), "%s:%lld", file, (long long)line);
	} else {
		(void)text_copy(place, sizeof(place), file);
	}
	if (test[0] != '\0') {
		(void)text_format(out, CLIENT_EXCERPT_LINE_BYTES, "%s%s%s%s%s%.*s", test,
			place[0] != '\0' ? " (" : "", place, place[0] != '\0' ? ")" : "",
			message[0] != '\0' ? ": " : "", (int)strcspn(message, "\n"), message);
	} else {
		(void)text_format(out, CLIENT_EXCERPT_LINE_BYTES, "%s%s%s%s%.*s", place,
			place[0] != '\0' && rule[0] != '\0' ? ": " : "", rule,
			message[0] != '\0' ? ": " : "", (int)strcspn(message, "\n"), message);
	}
}

/* Whether it is a reason for the failure; a warning is none. */
static bool counts(enum results_kind kind, const json_t *finding) {
	const char *severity = json_text(finding, "severity");

	if (!json_is_object(finding)) {
		return false;
	}
	return kind == RESULTS_LINT ? strcmp(severity, "error") == 0 || severity[0] == '\0'
				    : strcmp(severity, "info") != 0;
}

static bool is_same(const json_t *of_log, const json_t *finding) {
	const char *test = json_text(of_log, "test"), *other = json_text(finding, "test");
	int64_t line = json_number(of_log, "line");

	if (test[0] != '\0' && other[0] != '\0') {
		return strstr(test, other) != NULL || strstr(other, test) != NULL;
	}
	return line > 0 && line == json_number(finding, "line") &&
		strcmp(json_text(of_log, "file"), json_text(finding, "file")) == 0;
}

static bool is_in_log(const struct merge *merge, const json_t *finding) {
	for (size_t i = 0; i < merge->n_of_log; i++) {
		if (is_same(json_array_get(merge->known, i), finding)) {
			return true;
		}
	}
	return false;
}

/* A tool's name as one word, as in the log's own findings. */
static void tool_word(const json_t *quality, char out[CLIENT_NUMBER_MAX]) {
	(void)text_copy(out, CLIENT_NUMBER_MAX, json_text(quality, "tool"));
	for (char *p = out; *p != '\0'; p++) {
		*p = *p == ' ' ? '-' : *p;
	}
}

/* The file's finding in the shape of the log's. */
static int keep(struct merge *merge, const json_t *quality, const json_t *finding) {
	static const char *const members[] = { "file", "line", "column", "rule", "message", "test" };
	json_t *kept = json_object();
	char tool[CLIENT_NUMBER_MAX];
	bool failed = kept == NULL;
	const char *severity = json_text(finding, "severity");

	tool_word(quality, tool);
	failed = failed || json_object_set_new(kept, "tool", json_string(tool)) < 0 ||
		json_object_set_new(kept, "severity",
			json_string(severity[0] != '\0' ? severity : "error")) < 0;
	for (size_t i = 0; i < ARRAY_SIZE(members) && !failed; i++) {
		json_t *value = json_object_get(finding, members[i]);

		failed = value != NULL && json_object_set(kept, members[i], value) < 0;
	}
	if (failed) {
		json_decref(kept);
		return -ENOMEM;
	}
	return json_array_append_new(merge->known, kept) < 0 ? -ENOMEM : 0;
}

static int add_line(struct merge *merge, const char *indent, const char *line) {
	merge->n_lines++;
	return buffer_appendf(&merge->text, "%s%s\n", indent, line);
}

/* "3 run, 1 failed": the numbers that are stored with the build. */
static void describe_numbers(enum results_kind kind, const json_t *quality, char *out, size_t size) {
	static const char *const ranks[] = { "critical", "high", "moderate", "low", "unknown" };
	size_t used = 0;

	out[0] = '\0';
	if (kind == RESULTS_TESTS) {
		(void)text_format(out, size, "%lld run, %lld failed, %lld skipped",
			(long long)json_number(quality, "total"),
			(long long)json_number(quality, "failed"),
			(long long)json_number(quality, "skipped"));
	} else if (kind == RESULTS_LINT) {
		(void)text_format(out, size, "%lld errors, %lld warnings",
			(long long)json_number(quality, "errors"),
			(long long)json_number(quality, "warnings"));
	}
	for (size_t i = 0; kind == RESULTS_SECURITY && i < ARRAY_SIZE(ranks); i++) {
		int64_t n = json_number(quality, ranks[i]);

		if (n > 0) {
			(void)text_format(out + used, size - used, "%s%lld %s",
				used > 0 ? ", " : "", (long long)n, ranks[i]);
			used += strlen(out + used);
		}
	}
}

/* "Tests (junit): 3 run, 1 failed; 1 test suite did not run" */
static int add_title(struct merge *merge, enum results_kind kind, const json_t *quality) {
	const char *tool = json_text(quality, "tool"), *problem = json_text(quality, "problem");
	int64_t suites = json_number(quality, "suitesFailed");
	char numbers[CLIENT_SENTENCE_MAX], line[CLIENT_EXCERPT_LINE_BYTES], more[64] = "";

	describe_numbers(kind, quality, numbers, sizeof(numbers));
	if (suites > 0) {
		(void)text_format(more, sizeof(more), ", %lld suites did not run", (long long)suites);
	}
	(void)text_format(line, sizeof(line), "%s%s%s%s: %s%s%s%s", kinds[kind].title,
		tool[0] != '\0' ? " (" : "", tool, tool[0] != '\0' ? ")" : "", numbers, more,
		problem[0] != '\0' && numbers[0] != '\0' ? "; " : "", problem);
	if (merge->headline[0] == '\0' &&
		json_array_size(json_object_get(quality, kinds[kind].list)) == 0) {
		(void)text_copy(merge->headline, sizeof(merge->headline), line);
	}
	return add_line(merge, "", line);
}

static int add_kind(struct merge *merge, enum results_kind kind, const json_t *quality) {
	const json_t *list = json_object_get(quality, kinds[kind].list);
	char line[CLIENT_EXCERPT_LINE_BYTES];
	size_t n_shown = 0;
	int r = add_title(merge, kind, quality);

	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const json_t *finding = json_array_get(list, i);

		if (!counts(kind, finding)) {
			continue;
		}
		describe(finding, line);
		if (merge->headline[0] == '\0') {
			(void)text_copy(merge->headline, sizeof(merge->headline), line);
		}
		if (is_in_log(merge, finding)) {
			continue;
		}
		if (json_array_size(merge->known) < LOGSCAN_FINDINGS_MAX) {
			r = keep(merge, quality, finding);
		}
		if (r == 0 && n_shown++ < CLIENT_EXCERPT_FINDINGS_MAX) {
			r = add_line(merge, "  ", line);
		}
	}
	return r;
}

static int add_excerpt(struct merge *merge) {
	const json_t *before = json_object_get(merge->scan, "excerpt");
	const char *text = json_text(before, "text");
	_cleanup_(freep) char *both = NULL;

	if (asprintf(&both, "%s%s%s", text, text[0] != '\0' ? "\n\n" : "", merge->text.data) < 0) {
		both = NULL;
		return -ENOMEM;
	}
	return json_object_set_new(merge->scan, "excerpt",
		       json_pack("{s:I, s:s}", "lines",
			       (json_int_t)(json_number(before, "lines") + merge->n_lines), "text",
			       both)) < 0
		? -ENOMEM
		: 0;
}

/* The log shows no line that says what broke: the files do. */
static int add_headline(struct merge *merge) {
	const struct kind_row *kind = &kinds[merge->results->kind];

	if (json_text(json_object_get(merge->scan, "headline"), "text")[0] != '\0') {
		return 0;
	}
	return json_object_set_new(merge->scan, "headline",
		       json_pack("{s:n, s:s}", "line", "text", merge->headline)) < 0 ||
			json_object_set_new(merge->scan, "stage",
				json_string(logscan_stage_name(kind->stage))) < 0 ||
			json_object_set_new(merge->scan, "cause",
				json_string(logscan_cause_name(kind->cause))) < 0
		? -ENOMEM
		: 0;
}

/* The member of that name, made when it is missing. Borrowed; NULL: memory. */
static json_t *member(json_t *object, const char *name, json_t *fresh) {
	json_t *value = json_object_get(object, name);

	if (value != NULL) {
		json_decref(fresh);
		return value;
	}
	return json_object_set_new(object, name, fresh) == 0 ? fresh : NULL;
}

int submission_add_findings(const struct submission_results *results, json_t *parameters) {
	struct merge merge = { .results = results };
	int r = 0;

	if (!results->failed) {
		return 0;
	}
	merge.scan = member(parameters, "scan", json_object());
	merge.known = merge.scan != NULL ? member(merge.scan, "findings", json_array()) : NULL;
	if (merge.known == NULL) {
		return -ENOMEM;
	}
	merge.n_of_log = json_array_size(merge.known);
	buffer_init(&merge.text, CLIENT_RESULTS_SENT_BYTES);
	for (int kind = 0; r == 0 && kind < RESULTS_KIND_COUNT; kind++) {
		if (results->telling[kind] != NULL) {
			r = add_kind(&merge, (enum results_kind)kind, results->telling[kind]);
		}
	}
	r = r < 0 ? r : add_excerpt(&merge);
	r = r < 0 ? r : add_headline(&merge);
	buffer_finish(&merge.text);
	return r;
}
