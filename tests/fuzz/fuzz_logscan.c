/* A log: what is said of it does not depend on how it arrives, and stays within its limits. The first line cuts it. */
#include "common/logscan/logscan.h"
#include "common/text.h"
#include "tests/fuzz/fuzz.h"

/* `state` 0: whole. */
static void scan(struct fuzz in, uint32_t state, int64_t exit_code, struct logscan_result *ret) {
	struct logscan *scan = NULL;

	FUZZ_CHECK(logscan_create(&scan) == 0);
	while (in.len > 0) {
		struct fuzz piece = in;

		if (state != 0) {
			piece = fuzz_piece(&in, &state);
		} else {
			in.len = 0;
		}
		FUZZ_CHECK(logscan_feed(scan, piece.data, piece.len) == 0);
	}
	FUZZ_CHECK(logscan_end(scan, exit_code, ret) == 0);
	logscan_destroy(scan);
}

static void is_text(const char *text) {
	FUZZ_CHECK(text == NULL || text_is_utf8(text, strlen(text)));
}

static void is_within_limits(const struct logscan_result *result) {
	size_t n_newlines = 0;

	for (const char *c = result->excerpt; *c != '\0'; c++) {
		n_newlines += *c == '\n';
	}
	FUZZ_CHECK(n_newlines <= LOGSCAN_EXCERPT_LINES_MAX);
	FUZZ_CHECK(result->n_excerpt_lines <= LOGSCAN_EXCERPT_LINES_MAX);
	FUZZ_CHECK(result->n_findings <= LOGSCAN_FINDINGS_MAX);
	FUZZ_CHECK(result->n_findings <= result->n_findings_seen);
	FUZZ_CHECK(result->confidence >= 0 && result->confidence <= 1);
	is_text(result->headline);
	is_text(result->excerpt);
	for (size_t i = 0; i < result->n_findings; i++) {
		const struct logscan_finding *finding = &result->findings[i];

		FUZZ_CHECK(finding->line >= 0 && finding->column >= 0 && finding->log_line >= 1);
		is_text(finding->file);
		is_text(finding->rule);
		is_text(finding->message);
		is_text(finding->test);
	}
}

static void are_same(const struct logscan_result *a, const struct logscan_result *b) {
	FUZZ_CHECK(a->failed == b->failed && a->error_type == b->error_type);
	FUZZ_CHECK(a->stage == b->stage && a->cause == b->cause);
	FUZZ_CHECK(a->headline_line == b->headline_line && a->confidence == b->confidence);
	FUZZ_CHECK(text_equal(a->headline, b->headline) && text_equal(a->excerpt, b->excerpt));
	FUZZ_CHECK(a->n_findings == b->n_findings && a->n_findings_seen == b->n_findings_seen);
	FUZZ_CHECK(strcmp(a->fingerprint, b->fingerprint) == 0);
}

void fuzz_one(struct fuzz in) {
	static const int64_t exit_codes[] = { -1, 0, 1, 137 };
	struct fuzz rest = in;
	uint32_t state = 1 + (uint32_t)fuzz_choice(fuzz_line(&rest), UINT32_MAX);
	int64_t exit_code = exit_codes[state % ARRAY_SIZE(exit_codes)];
	struct logscan_result whole, cut;

	scan(in, 0, exit_code, &whole);
	scan(in, state, exit_code, &cut);
	is_within_limits(&whole);
	are_same(&whole, &cut);
	FUZZ_CHECK(exit_code < 0 || whole.failed == (exit_code > 0));
	logscan_result_finish(&whole);
	logscan_result_finish(&cut);
}
