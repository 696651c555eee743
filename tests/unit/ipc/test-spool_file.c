#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "daemon/ipc/spool_file.h"

#define NOW_MS INT64_C(1800000000000) /* 2027-01-15T08:00:00Z */

static void test_kinds(void **state) {
	static const struct row {
		const char *name;
		enum spool_kind kind;
	} table[] = {
		{ "a.json", SPOOL_ENTRY_FILE },
		{ "1a2b-3c.4d.json", SPOOL_ENTRY_FILE },
		{ ".a.json", SPOOL_ENTRY_TEMPORARY },
		{ "a.json.rejected", SPOOL_ENTRY_REJECTED },
		{ ".a.json.rejected", SPOOL_ENTRY_OTHER },
		{ "a.json~", SPOOL_ENTRY_OTHER },
		{ "json", SPOOL_ENTRY_OTHER },
		{ ".json", SPOOL_ENTRY_OTHER },
		{ "a", SPOOL_ENTRY_OTHER },
		{ ".", SPOOL_ENTRY_OTHER },
		{ "..", SPOOL_ENTRY_OTHER },
		{ "", SPOOL_ENTRY_OTHER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(spool_file_kind(table[i].name), table[i].kind);
	}
}

/* The time a report gets: never later than now, and whoever is too late is told so. */
static void test_times(void **state) {
	static const struct row {
		const char *spooled; /* the rest of the document */
		int64_t modified_ms;
		int result;
		int64_t at_ms;
	} table[] = {
		{ ",\"spooledAt\":\"2027-01-15T07:00:00Z\"", NOW_MS, 0, NOW_MS - CLOCK_HOUR_MS },
		{ ",\"spooledAt\":\"2027-01-15T07:00:00Z\"", 0, 0, NOW_MS - CLOCK_HOUR_MS },
		{ ",\"spooledAt\":\"2028-01-15T07:00:00Z\"", NOW_MS, 0, NOW_MS },
		{ ",\"spooledAt\":\"2027-01-08T08:00:00Z\"", NOW_MS, 0, NOW_MS - 7 * CLOCK_DAY_MS },
		{ ",\"spooledAt\":\"2027-01-08T07:59:59Z\"", NOW_MS, -ESTALE, 0 },
		{ ",\"spooledAt\":\"yesterday\"", NOW_MS - 5, 0, NOW_MS - 5 },
		{ ",\"spooledAt\":7", NOW_MS + 5, 0, NOW_MS },
		{ "", NOW_MS - CLOCK_DAY_MS, 0, NOW_MS - CLOCK_DAY_MS },
		{ "", NOW_MS - 8 * CLOCK_DAY_MS, -ESTALE, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct spool_file file = { 0 };
		char sentence[LIMIT_SENTENCE_MAX] = "", text[256];
		int len = snprintf(text, sizeof(text),
			"{\"version\":1,\"method\":\"io.codegend.Submit\",\"parameters\":{\"key\":\"k\"}%s}\n",
			table[i].spooled);

		assert_int_equal(spool_file_parse(text, (size_t)len, table[i].modified_ms, NOW_MS,
					 &file, sentence),
			table[i].result);
		assert_int_equal(file.at_ms, table[i].at_ms);
		assert_int_equal(file.parameters != NULL, table[i].result == 0);
		spool_file_finish(&file);
	}
}

static void test_what_is_no_submission(void **state) {
	static const struct row {
		const char *text;
		const char *words;
	} table[] = {
		{ "", "no JSON object" },
		{ "{", "no JSON object" },
		{ "[]", "no JSON object" },
		{ "{}{}", "no JSON object" },
		{ "{}", "no version" },
		{ "{\"version\":\"1\"}", "no version" },
		{ "{\"version\":2}", "a version" },
		{ "{\"version\":1}", "another method" },
		{ "{\"version\":1,\"method\":7}", "another method" },
		{ "{\"version\":1,\"method\":\"io.codegend.Submit\"}", "no parameters" },
		{ "{\"version\":1,\"method\":\"io.codegend.Submit\",\"parameters\":[]}",
			"no parameters" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct spool_file file = { 0 };
		char sentence[LIMIT_SENTENCE_MAX] = "";

		assert_int_equal(spool_file_parse(table[i].text, strlen(table[i].text), NOW_MS,
					 NOW_MS, &file, sentence),
			-EINVAL);
		if (strstr(sentence, table[i].words) == NULL) {
			fail_msg("row %zu: \"%s\"", i, sentence);
		}
		assert_null(file.parameters);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_what_is_no_submission),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
