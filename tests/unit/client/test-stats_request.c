#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/stats_request.h"

typedef const char *show_fn(const json_t *value, char out[STATS_TEXT_MAX]);

static void assert_shown(show_fn *show, json_t *value, const char *expected) {
	char out[STATS_TEXT_MAX];

	assert_string_equal(show(value, out), expected);
	json_decref(value);
}

static void test_numbers(void **state) {
	static const struct {
		double value;
		const char *shown;
	} means[] = { { 0, "0" }, { 571, "571" }, { 50.284, "50.28" }, { 1.4, "1.40" },
		{ 0.004, "under 0.01" }, { 0.006, "0.01" }, { 1234567.001, "1234567" } };

	for (size_t i = 0; i < ARRAY_SIZE(means); i++) {
		assert_shown(stats_number, json_real(means[i].value), means[i].shown);
	}
	assert_shown(stats_number, json_integer(870), "870");
	assert_shown(stats_number, json_integer(0), "0");
	assert_shown(stats_number, json_null(), "unknown");
	assert_shown(stats_number, NULL, "unknown");
}

static void test_shares(void **state) {
	static const struct {
		double value;
		const char *shown;
	} shares[] = { { 0, "0.0 %" }, { 0.0001, "under 0.1 %" }, { 0.0005, "0.1 %" },
		{ 0.125, "12.5 %" }, { 0.9994, "99.9 %" }, { 0.9999, "over 99.9 %" },
		{ 1, "100.0 %" } };

	for (size_t i = 0; i < ARRAY_SIZE(shares); i++) {
		assert_shown(stats_share, json_real(shares[i].value), shares[i].shown);
	}
	assert_shown(stats_share, json_null(), "unknown");
}

static void test_percents(void **state) {
	static const struct {
		double value;
		const char *shown;
	} percents[] = { { 0, "0 %" }, { 87.5, "87.50 %" }, { 99.99, "99.99 %" },
		{ 99.9949, "99.99 %" }, { 99.9999, "over 99.99 %" }, { 100, "100 %" } };

	for (size_t i = 0; i < ARRAY_SIZE(percents); i++) {
		assert_shown(stats_percent, json_real(percents[i].value), percents[i].shown);
	}
	assert_shown(stats_percent, json_null(), "unknown");
}

static void test_durations(void **state) {
	static const struct {
		int64_t ms;
		const char *shown;
	} durations[] = { { 0, "0 ms" }, { 999, "999 ms" }, { 1500, "1.5 s" },
		{ 2700000, "45 min" }, { 12000000, "3.33 h" }, { 90 * INT64_C(86400000), "90 d" },
		{ 1234 * INT64_C(86400000), "1234 d" } };

	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		assert_shown(stats_duration, json_integer(durations[i].ms), durations[i].shown);
	}
	assert_shown(stats_duration, json_null(), "unknown");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_percents),
		cmocka_unit_test(test_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
