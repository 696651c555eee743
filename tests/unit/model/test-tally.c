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
	} table[] = { { 0, 0 }, { 7, 7 }, { 99, 99 }, { 100, 100 }, { 101, 110 }, { 990, 990 },
		{ 991, 1000 }, { 1000, 1000 }, { 1001, 1100 }, { 9901, 10000 }, { 10001, 11000 },
		{ 59001, 60000 }, { 60001, 66000 }, { 3600000, 3600000 }, { 3600001, 3960000 },
		{ 33300000, 33480000 }, { 36000001, 39600000 }, { 82800001, 86400000 },
		{ INT64_C(86400000) * 99 + 1, INT64_C(86400000) * 100 },
		{ INT64_C(86400000) * 100 + 1, INT64_C(86400000) * 110 } };

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(tally_round_up(table[i].value), table[i].rounded);
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

/* Of each label the highest, whatever the order. */
static void test_newest(void **state) {
	json_t *tally = json_object(), *more = json_object();

	assert_int_equal(tally_add(tally, TALLY_NEWEST, "a", 1, 7), 0);
	assert_int_equal(tally_add(tally, TALLY_NEWEST, "a", 1, 9), 0);
	assert_int_equal(tally_add(tally, TALLY_NEWEST, "a", 1, 8), 0);
	assert_int_equal(tally_add(more, TALLY_NEWEST, "a", 1, 3), 0);
	assert_int_equal(tally_merge(more, tally), 0);
	assert_int_equal(tally_total(more, TALLY_NEWEST, "a"), 9);
	assert_int_equal(tally_n(more, TALLY_NEWEST, "a"), 4);
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
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_what_is_no_tally),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
