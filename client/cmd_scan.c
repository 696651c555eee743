#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "client/cmd.h"
#include "client/failure.h"
#include "client/file.h"
#include "client/print.h"
#include "client/request.h"
#include "client/steplog.h"
#include "common/text.h"

static void print_kind(const json_t *scan) {
	char text[CLIENT_SENTENCE_MAX];

	(void)text_format(text, sizeof(text), "%s (stage %s, cause %s, confidence %.0f %%)",
		json_text(scan, "errorType"), json_text(scan, "stage"), json_text(scan, "cause"),
		100 * json_number_value(json_object_get(scan, "confidence")));
	print_pair("Type", text);
}

/* "src/a.ts:3:7" as far as it is known. */
static void place_text(const json_t *finding, char *out, size_t size) {
	int64_t line = json_number(finding, "line"), column = json_number(finding, "column");

	(void)text_format(out, size, "%s", json_text(finding, "file"));
	if (line > 0) {
		(void)text_format(out, size, "%s:%" PRId64, json_text(finding, "file"), line);
	}
	if (line > 0 && column > 0) {
		(void)text_format(out, size, "%s:%" PRId64 ":%" PRId64, json_text(finding, "file"),
			line, column);
	}
}

static void print_findings(const json_t *findings) {
	static const char *const titles[] = { "TOOL", "SEVERITY", "WHERE", "WHAT" };
	struct print_table *table;
	json_t *finding;
	size_t i;

	if (json_array_size(findings) == 0) {
		return;
	}
	table = print_table_create(titles, ARRAY_SIZE(titles));
	if (table == NULL) {
		return;
	}
	json_array_foreach(findings, i, finding) {
		char place[CLIENT_SENTENCE_MAX];
		const char *test = json_text(finding, "test");

		place_text(finding, place, sizeof(place));
		print_table_add(table,
			(const char *const[]){ json_text(finding, "tool"),
				json_text(finding, "severity"), place,
				test[0] != '\0' ? test : json_text(finding, "message") });
	}
	fputc('\n', stdout);
	print_table_show(table);
	print_table_destroy(table);
}

static void show_scan(const json_t *scan) {
	const json_t *headline = json_object_get(scan, "headline");
	const char *excerpt = json_text(json_object_get(scan, "excerpt"), "text");

	if (strcmp(json_text(scan, "errorType"), "none") == 0) {
		print_pair("Type", "none: the log tells of no failure");
		print_pair_number("Redactions", json_number(scan, "redactions"));
		return;
	}
	print_kind(scan);
	print_pair("Headline", json_text(headline, "text"));
	if (json_number(headline, "line") > 0) {
		print_pair_number("Line", json_number(headline, "line"));
	}
	print_pair("Fingerprint", json_text(scan, "fingerprint"));
	print_pair_number("Redactions", json_number(scan, "redactions"));
	print_findings(json_object_get(scan, "findings"));
	if (excerpt[0] != '\0') {
		fputs("\nExcerpt:\n", stdout);
		print_block(excerpt, 2);
	}
}

int cmd_scan(const struct invocation *inv) {
	_cleanup_(steplog_destroyp) struct steplog *log = NULL;
	const char *path = command_argument(inv, 0);
	json_t *scan = NULL;
	int r = steplog_create(&log);

	r = r < 0 ? r : steplog_read(log, path, CALL_NO_DEADLINE);
	r = r < 0 ? r : steplog_end(log, -1, NULL, &scan);
	if (r < 0) {
		return failure_report(
			FAILURE_FAILED, NULL, "cannot read \"%s\": %s", path, file_problem(r));
	}
	if (inv->json) {
		r = request_print_json(scan);
	} else {
		show_scan(scan);
	}
	json_decref(scan);
	return r;
}
