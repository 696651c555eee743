#include "common/logscan/logscan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "common/logscan/grammar.h"

/* Scans `text` in pieces of `piece` bytes. */
static struct logscan_result scan(const char *text, size_t piece, int64_t exit_code) {
	struct logscan_result result;
	struct logscan *scan;
	size_t len = strlen(text);

	assert_int_equal(logscan_create(&scan), 0);
	for (size_t i = 0; i < len; i += piece) {
		assert_int_equal(logscan_feed(scan, text + i, MIN(piece, len - i)), 0);
	}
	assert_int_equal(logscan_end(scan, exit_code, &result), 0);
	logscan_destroy(scan);
	return result;
}

static const char broken[] = "cc -c a.c\nsrc/a.c:3:7: error: 'x' undeclared\nmake: *** [a.o] Error 1";

static void test_pieces_make_no_difference(void **state) {
	for (size_t piece = 1; piece <= sizeof(broken); piece++) {
		struct logscan_result result = scan(broken, piece, -1);

		assert_true(result.failed);
		assert_int_equal(result.error_type, ERROR_BUILD);
		assert_int_equal(result.headline_line, 2);
		assert_int_equal(result.n_findings, 1);
		assert_string_equal(result.findings[0].file, "src/a.c");
		assert_int_equal(result.findings[0].line, 3);
		assert_int_equal(result.findings[0].column, 7);
		logscan_result_finish(&result);
	}
}

static void test_the_exit_code_has_the_last_word(void **state) {
	static const struct row {
		const char *text;
		int64_t exit_code;
		bool failed;
	} rows[] = {
		{ broken, 0, false },
		{ broken, 2, true },
		{ "all is well\n", 1, true },
		{ "all is well\n", 0, false },
		{ "all is well\n", -1, false },
		{ "", 137, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct logscan_result result = scan(rows[i].text, 64, rows[i].exit_code);

		assert_int_equal(result.failed, rows[i].failed);
		logscan_result_finish(&result);
	}
}

static void test_an_exit_code_tells_what_it_can(void **state) {
	static const struct row {
		const char *text;
		int64_t exit_code;
		enum error_type type;
		enum logscan_cause cause;
		const char *headline;
	} rows[] = {
		{ "a\n", 137, ERROR_INFRA, CAUSE_RESOURCE, "ended by signal 9 (SIGKILL)" },
		{ "", 137, ERROR_INFRA, CAUSE_RESOURCE, "ended by signal 9 (SIGKILL)" },
		{ "a\n", 143, ERROR_UNKNOWN, CAUSE_UNKNOWN, "ended by signal 15 (SIGTERM)" },
		{ "", 130, ERROR_UNKNOWN, CAUSE_UNKNOWN, "ended by signal 2 (SIGINT)" },
		{ "", 134, ERROR_UNKNOWN, CAUSE_UNKNOWN, "ended by signal 6 (SIGABRT)" },
		{ "", 139, ERROR_UNKNOWN, CAUSE_UNKNOWN, "ended by signal 11 (SIGSEGV)" },
		{ "a\n", 124, ERROR_INFRA, CAUSE_TIMEOUT,
			"exit code 124: its time limit was reached" },
		{ "", 127, ERROR_UNKNOWN, CAUSE_CONFIG, "exit code 127: command not found" },
		{ "", 126, ERROR_UNKNOWN, CAUSE_PERMISSION,
			"exit code 126: the command cannot be executed" },
		{ "", 1, ERROR_UNKNOWN, CAUSE_UNKNOWN, "exit code 1, no output" },
		{ "one\ntwo\n", 1, ERROR_UNKNOWN, CAUSE_UNKNOWN, "two" },
		{ broken, 137, ERROR_BUILD, CAUSE_COMPILE, "src/a.c:3:7: error: 'x' undeclared" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct logscan_result result = scan(rows[i].text, 64, rows[i].exit_code);

		assert_true(result.failed);
		assert_int_equal(result.error_type, rows[i].type);
		assert_int_equal(result.cause, rows[i].cause);
		assert_string_equal(result.headline, rows[i].headline);
		logscan_result_finish(&result);
	}
}

static void test_rows_are_well_formed(void **state) {
	const struct grammar *grammar = grammar_get();

	assert_non_null(grammar);
	for (size_t i = 0; i < grammar->n_rows; i++) {
		const struct grammar_row *row = grammar->rows[i];
		PCRE2_SIZE offset;
		pcre2_code *code;
		int error;

		assert_true(strlen(row->keyword) >= 2);
		for (const char *c = row->keyword; *c != '\0'; c++) {
			assert_false(*c >= 'A' && *c <= 'Z');
		}
		if (row->pattern == NULL) {
			continue;
		}
		code = pcre2_compile(
			(PCRE2_SPTR)row->pattern, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);
		if (code == NULL) {
			fail_msg("%s, \"%s\": pattern is wrong at %zu", row->tool, row->keyword,
				offset);
		}
		pcre2_code_free(code);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces_make_no_difference),
		cmocka_unit_test(test_the_exit_code_has_the_last_word),
		cmocka_unit_test(test_an_exit_code_tells_what_it_can),
		cmocka_unit_test(test_rows_are_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
