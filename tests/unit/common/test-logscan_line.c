#include "common/logscan/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/macro.h"

/* clang-format off */
static const struct row {
	const char *raw;
	const char *text;
	enum line_mark mark;
	const char *step;
} rows[] = {
	{ "plain", "plain", MARK_NONE, "" },
	{ "  indented\r", "  indented", MARK_NONE, "" },
	{ "\x1b[31;1merror\x1b[0m: x", "error: x", MARK_NONE, "" },
	{ "^[[31merror^[[0m", "error", MARK_NONE, "" },
	{ "a^b", "a^b", MARK_NONE, "" },
	{ "10%\r50%\r100% done", "100% done", MARK_NONE, "" },
	{ "kept\r\x1b[0K", "kept", MARK_NONE, "" },
	{ "\x1b]8;;http://x\x07link\x1b]8;;\x07", "link", MARK_NONE, "" },
	{ "2025-06-27T20:34:18.7013104Z text", "text", MARK_NONE, "" },
	{ "\xEF\xBB\xBF" "2025-06-27T20:34:18.7013104Z text", "text", MARK_NONE, "" },
	{ "?2025-06-27T20:34:18.7013104Z text", "text", MARK_NONE, "" },
	{ "2025-06-27T20:34:18.7013104Z   two more", "  two more", MARK_NONE, "" },
	{ "2025-06-27T20:34:18.7013104Z ##[error]broken", "broken", MARK_ERROR, "" },
	{ "build (20)\tRun tests\t2025-06-27T20:34:18.7013104Z text", "text", MARK_NONE, "Run tests" },
	{ "build\tRun\t\xEF\xBB\xBF" "2025-06-27T20:34:18.7Z text", "text", MARK_NONE, "Run" },
	{ "a\tb\tc", "a\tb\tc", MARK_NONE, "" },
	{ "[2025-02-13T11:05:43.063Z] text", "text", MARK_NONE, "" },
	{ "[task 2025-02-13T11:05:43.063Z] text", "text", MARK_NONE, "" },
	{ "[17:03:01.252] text", "text", MARK_NONE, "" },
	{ "02:18:45.599 text", "text", MARK_NONE, "" },
	{ "12:30:00 text", "12:30:00 text", MARK_NONE, "" },
	{ "2024-01-01T00:00:00.000000Z 01E text", "text", MARK_NONE, "" },
	{ "#12 0.123 text", "text", MARK_NONE, "" },
	{ "#12 ERROR: text", "ERROR: text", MARK_NONE, "" },
	{ "#12 is an issue", "#12 is an issue", MARK_NONE, "" },
	{ "DEBUG util.py:608:  text", "text", MARK_NONE, "" },
	{ "web:build: text", "text", MARK_NONE, "" },
	{ "[ci] text", "text", MARK_NONE, "" },
	{ "[ERROR] text", "[ERROR] text", MARK_NONE, "" },
	{ "::error file=a.c,line=1::text", "text", MARK_ERROR, "" },
	{ "::warning::text", "text", MARK_WARNING, "" },
	{ "##vso[task.logissue type=error;code=1]text", "text", MARK_ERROR, "" },
	{ "##[group]Run npm test", "##[group]Run npm test", MARK_NONE, "" },
	{ "{\"Time\":\"x\",\"Action\":\"output\",\"Output\":\"--- FAIL: T\\u003ca\\\"\\n\"}", "--- FAIL: T<a\"", MARK_NONE, "" },
	{ "{\"Time\":\"x\",\"Action\":\"pass\",\"Test\":\"T\"}", "", MARK_NONE, "" },
	{ "", "", MARK_NONE, "" },
};
/* clang-format on */

static void test_wrappers_are_taken_off(void **state) {
	struct line *line = malloc(sizeof(*line));

	assert_non_null(line);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		line_read(line, rows[i].raw, strlen(rows[i].raw));
		assert_string_equal(line->text, rows[i].text);
		assert_int_equal(line->len, strlen(rows[i].text));
		assert_int_equal(line->mark, rows[i].mark);
		assert_string_equal(line->step, rows[i].step);
		assert_true((line->place != 0) == (rows[i].step[0] != '\0'));
	}
	free(line);
}

static void test_a_long_line_is_cut(void **state) {
	size_t len = (size_t)10 * LOGSCAN_LINE_MAX_BYTES;
	struct line *line = malloc(sizeof(*line));
	char *raw = malloc(len);

	assert_non_null(line);
	assert_non_null(raw);
	memset(raw, 'x', len);
	line_read(line, raw, len);
	assert_int_equal(line->len, LOGSCAN_LINE_MAX_BYTES);
	memset(raw, '\t', len);
	line_read(line, raw, len);
	memset(raw, 0x1b, len);
	line_read(line, raw, len);
	memset(raw, 0, len);
	line_read(line, raw, len);
	assert_int_equal(line->len, 0);
	free(raw);
	free(line);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrappers_are_taken_off),
		cmocka_unit_test(test_a_long_line_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
