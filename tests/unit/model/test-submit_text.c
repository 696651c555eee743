/* Logs and contexts that are too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"
#include "daemon/limits.h"
#include "daemon/model/redact.h"
#include "daemon/model/submit_text.h"

#define MAX_BYTES ((size_t)4096)

static void test_log_that_fits_is_left(void **state) {
	char *text = strdup("short");
	char *same = text;

	assert_int_equal(submit_cut_log(&text, MAX_BYTES), 0);
	assert_ptr_equal(text, same);
	free(text);
	text = NULL;
	assert_int_equal(submit_cut_log(&text, MAX_BYTES), 0);
	assert_null(text);
}

/* Sequences of every length, so that some are at the cuts. */
static void test_long_log_keeps_head_and_tail(void **state) {
	static const char *const fillers[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x9a\xa8" };

	for (size_t i = 0; i < ARRAY_SIZE(fillers); i++) {
		size_t step = strlen(fillers[i]);
		char *text = calloc(1, 20000 + 16);

		memcpy(text, "HEAD", 4);
		for (size_t at = 4; at + step <= 20000; at += step) {
			memcpy(text + at, fillers[i], step);
		}
		memcpy(text + strlen(text), "TAIL", 4);
		assert_int_equal(submit_cut_log(&text, MAX_BYTES), 0);
		assert_true(strlen(text) <= MAX_BYTES && strlen(text) > MAX_BYTES - 100);
		assert_int_equal(strncmp(text, "HEAD", 4), 0);
		assert_string_equal(text + strlen(text) - 4, "TAIL");
		assert_non_null(strstr(text, " bytes left out ...]\n"));
		assert_true(text_is_utf8(text, strlen(text)));
		free(text);
	}
}

static void test_context_loses_its_largest_values(void **state) {
	char large[3000];
	json_t *context, *given;

	memset(large, 'x', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	given = json_pack("{s:s, s:s, s:s}", "a", large, "b", "small", "c", large);
	context = json_incref(given);
	assert_int_equal(submit_cut_context(&context, MAX_BYTES), 0);
	assert_true(json_dumpb(context, NULL, 0, JSON_COMPACT) <= MAX_BYTES);
	assert_string_equal(json_string_value(json_object_get(context, "b")), "small");
	assert_int_equal(json_object_size(context), 3);
	assert_string_equal(json_string_value(json_object_get(given, "a")),
		large); /* the caller's is untouched */
	json_decref(context);
	json_decref(given);
}

static void test_context_of_many_small_values(void **state) {
	json_t *context = json_object();

	for (int i = 0; i < 100000; i++) {
		char key[32];

		text_format(key, sizeof(key), "key-%d", i);
		json_object_set_new(context, key, json_string("value"));
	}
	assert_int_equal(submit_cut_context(&context, MAX_BYTES), 0);
	assert_true(json_dumpb(context, NULL, 0, JSON_COMPACT) <= MAX_BYTES);
	json_decref(context);
}

/* Where the log is cut, there is one half of a secret on either side. */
static void test_a_cut_leaves_no_half_of_a_secret(void **state) {
	static const char token[] = "ghp_"
				    "k2j3h4g5f6d7s8a9q1w2e3r4t5y6u7i8o9p0";
	size_t len = LIMIT_LOG_MAX_BYTES + 8192, head = (LIMIT_LOG_MAX_BYTES - 80) / 4;
	size_t tail = len - (LIMIT_LOG_MAX_BYTES - 80 - head);

	for (size_t shift = 0; shift <= strlen(token); shift += 5) {
		struct report report = { .log = malloc(len + 1) };

		for (size_t i = 0; i < len; i++) {
			report.log[i] = i % 50 == 49 ? '\n' : '.';
		}
		report.log[len] = '\0';
		memcpy(report.log + head - shift, token, strlen(token));
		memcpy(report.log + tail - shift, token, strlen(token));
		assert_int_equal(report_redact(&report, NULL), 0);
		assert_true(strlen(report.log) <= LIMIT_LOG_MAX_BYTES);
		assert_null(strstr(report.log, "ghp_"));
		assert_null(strstr(report.log, "o9p0"));
		report_finish(&report);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_cut_leaves_no_half_of_a_secret),
		cmocka_unit_test(test_log_that_fits_is_left),
		cmocka_unit_test(test_long_log_keeps_head_and_tail),
		cmocka_unit_test(test_context_loses_its_largest_values),
		cmocka_unit_test(test_context_of_many_small_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
