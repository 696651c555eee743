#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/model/tally.h"

static void test_rounding(void **state) {
	static const struct {
		int64_t value, rounded;
	} table[] = { { 0, 0 }, { 7, 7 }, { 99, 99 }, { 100, 100 }, { 104, 100 }, { 105, 110 },
		{ 994, 990 }, { 995, 1000 }, { 1449, 1400 }, { 1450, 1500 }, { 3600000, 3600000 },
		{ 3661234, 3700000 }, { INT64_C(86399999), 86000000 } };

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(tally_round(table[i].value), table[i].rounded);
	}
}

static void test_sums(void **state) {
	json_t *tally = json_object(), *more = json_object();

	assert_int_equal(tally_n(tally, "builds", "passed"), 0);
	assert_int_equal(tally_add(tally, "builds", "passed", 2, 30), 0);
	assert_int_equal(tally_add(more, "builds", "passed", 1, 5), 0);
	assert_int_equal(tally_add(more, "builds", "failed", 1, 0), 0);
	assert_int_equal(tally_add(more, "odd \"names\"", "\xe9\xa1\xb9\n1", 1, -4), 0);
	assert_int_equal(tally_merge(tally, more), 0);
	assert_int_equal(tally_n(tally, "builds", "passed"), 3);
	assert_int_equal(tally_total(tally, "builds", "passed"), 35);
	assert_int_equal(tally_sum(tally, "builds"), 4);
	assert_int_equal(tally_total(tally, "odd \"names\"", "\xe9\xa1\xb9\n1"), -4);
	json_decref(more);
	json_decref(tally);
}

/* The nearest rank: of the values that were counted, the smallest that so many do not pass. */
static void test_percentiles(void **state) {
	json_t *tally = json_object();
	int64_t ms = -1;

	assert_false(tally_percentile(tally, "took", NULL, 50, &ms));
	assert_int_equal(ms, -1);
	for (int64_t i = 1; i <= 10; i++) {
		assert_int_equal(tally_add_duration(tally, "took", NULL, i), 0);
	}
	assert_int_equal(tally_add_duration(tally, "took", "agent", 70), 0);
	assert_int_equal(tally_add_duration(tally, "took", "agent 2", 900), 0);
	assert_int_equal(tally_add_duration(tally, "took", "agent", 0), 0);
	assert_true(tally_percentile(tally, "took", NULL, 50, &ms));
	assert_int_equal(ms, 5);
	assert_true(tally_percentile(tally, "took", NULL, 51, &ms));
	assert_int_equal(ms, 6);
	assert_true(tally_percentile(tally, "took", NULL, 99, &ms));
	assert_int_equal(ms, 10);
	assert_true(tally_percentile(tally, "took", "agent", 50, &ms));
	assert_int_equal(ms, 0);
	assert_true(tally_percentile(tally, "took", "agent", 90, &ms));
	assert_int_equal(ms, 70);
	json_decref(tally);
}

static void test_what_is_no_tally(void **state) {
	static const char *const table[] = { "[]", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":[1]}}",
		"{\"a\":{\"b\":[\"1\",2]}}" };
	json_t *tally = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		json_t *more = json_loads(table[i], 0, NULL);

		assert_int_equal(tally_merge(tally, more), -EBADMSG);
		json_decref(more);
	}
	json_decref(tally);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_what_is_no_tally),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
