/*
 * The body of an issue or comment, all foreign parts made of the input (a line each, the rest is the log): whatever
 * they are, it is built as that of harmless ones.
 */
#include "common/id.h"
#include "common/text.h"
#include "daemon/forge/body.h"
#include "tests/fuzz/commonmark.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1758245293693)
/* A longer run of backticks may leave no room for its fence; then that is said instead. */
#define LOG_MAX_BYTES 8192

struct foreign {
	char *project, *branch, *job, *command, *headline, *details, *log;
};

static json_t *scan_of(const struct foreign *foreign, bool has_excerpt) {
	char *headline = text_clean(foreign->headline, strlen(foreign->headline));
	char *excerpt = text_clean(foreign->log, strlen(foreign->log));
	json_t *scan = json_pack("{s:s}", "headline", headline);

	if (has_excerpt) {
		FUZZ_CHECK(json_object_set_new(scan, "excerpt", json_string(excerpt)) == 0);
	}
	free(headline);
	free(excerpt);
	return scan;
}

static char *plan_of(const struct foreign *foreign, bool has_excerpt) {
	struct incident incident = { .id = id_first_in_ms(NOW_MS), .cycle = 1, .follow_up_ms = NOW_MS };
	struct report report = { .at_ms = NOW_MS,
		.error_type = ERROR_TEST,
		.exit_code = 1,
		.command = foreign->command,
		.details = foreign->details,
		.log = foreign->log,
		.scan = scan_of(foreign, has_excerpt) };
	struct task task = { .id = id_first_in_ms(NOW_MS) + 1 };
	struct policy policy = { .max_cycles = 3, .n_agents = 1, .agents = { { .name = "fixer" } } };
	struct buffer out;
	char *plan;

	TEXT_SET(report.project, foreign->project);
	TEXT_SET(report.branch, foreign->branch);
	TEXT_SET(report.job, foreign->job);
	buffer_init(&out, 2 * LIMIT_BODY_MAX_BYTES);
	FUZZ_CHECK(body_write(&out, &incident, &report, &task, &policy) == 0);
	FUZZ_CHECK(out.len <= LIMIT_BODY_MAX_BYTES && text_is_utf8(out.data, out.len));
	plan = commonmark_plan(out.data, out.len);
	buffer_finish(&out);
	json_decref(report.scan);
	return plan;
}

/* What is nothing when it is cleaned is left out of a body; here it stands for something. */
static char *something(struct fuzz part) {
	char *text = fuzz_string(part);
	char *clean = text_clean(text, strlen(text));

	FUZZ_CHECK(clean != NULL);
	if (clean[0] == '\0') {
		free(text);
		text = strdup("x");
	}
	free(clean);
	return text;
}

void fuzz_one(struct fuzz in) {
	static char x[] = "x";
	const struct foreign harmless = { x, x, x, x, x, x, x };
	struct foreign foreign;
	char **const lines[] = { &foreign.project, &foreign.branch, &foreign.job, &foreign.command,
		&foreign.headline, &foreign.details };

	in.len = MIN(in.len, (size_t)LOG_MAX_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		*lines[i] = something(fuzz_line(&in));
	}
	foreign.log = something(in);
	for (int has_excerpt = 0; has_excerpt < 2; has_excerpt++) {
		char *expected = plan_of(&harmless, has_excerpt == 1);
		char *plan = plan_of(&foreign, has_excerpt == 1);

		if (strcmp(plan, expected) != 0) {
			fprintf(stderr, "%s\ninstead of\n%s\n", plan, expected);
		}
		FUZZ_CHECK(strcmp(plan, expected) == 0);
		free(plan);
		free(expected);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		free(*lines[i]);
	}
	free(foreign.log);
}
