#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>

#include "common/prometheus.h"

static void test_families(void **state) {
	static const struct prometheus_label labels[] = { { "outcome", "ok" },
		{ "peer", "a\"b\\c\nd \xe9\xa1\xb9" } };
	static const double bounds[] = { 0.005, 0.1, 1 };
	static const int64_t counts[] = { 2, 0, 3, 1 };
	struct prometheus out;

	prometheus_init(&out, 4096);
	prometheus_family(&out, PROMETHEUS_COUNTER, "x_total", "Of \"it\",\nand a \\.");
	prometheus_count(&out, labels, 2, INT64_MAX);
	prometheus_count(&out, NULL, 0, 0);
	prometheus_family(&out, PROMETHEUS_HISTOGRAM, "y_seconds", "How long.");
	prometheus_histogram(&out, labels, 1, bounds, counts, 3, 4.25);
	assert_int_equal(prometheus_status(&out), 0);
	assert_string_equal(out.text.data,
		"# HELP x_total Of \"it\",\\nand a \\\\.\n"
		"# TYPE x_total counter\n"
		"x_total{outcome=\"ok\",peer=\"a\\\"b\\\\c\\nd \xe9\xa1\xb9\"} 9223372036854775807\n"
		"x_total 0\n"
		"# HELP y_seconds How long.\n"
		"# TYPE y_seconds histogram\n"
		"y_seconds_bucket{outcome=\"ok\",le=\"0.005\"} 2\n"
		"y_seconds_bucket{outcome=\"ok\",le=\"0.1\"} 2\n"
		"y_seconds_bucket{outcome=\"ok\",le=\"1\"} 5\n"
		"y_seconds_bucket{outcome=\"ok\",le=\"+Inf\"} 6\n"
		"y_seconds_sum{outcome=\"ok\"} 4.25\n"
		"y_seconds_count{outcome=\"ok\"} 6\n");
	prometheus_finish(&out);
}

static void test_numbers(void **state) {
	static const struct {
		double value;
		const char *text;
	} table[] = {
		{ 0, "x 0\n" },
		{ 0.1, "x 0.1\n" },
		{ -2.5, "x -2.5\n" },
		{ 1234567.0, "x 1234567\n" },
		{ 1.0 / 3, "x 0.3333333333333333\n" },
		{ 1e300, "x 1e+300\n" },
		{ NAN, "x NaN\n" },
		{ INFINITY, "x +Inf\n" },
		{ -INFINITY, "x -Inf\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct prometheus out;

		prometheus_init(&out, 4096);
		prometheus_family(&out, PROMETHEUS_GAUGE, "x", "");
		buffer_truncate(&out.text, 0);
		prometheus_sample(&out, NULL, 0, table[i].value);
		assert_string_equal(out.text.data, table[i].text);
		prometheus_finish(&out);
	}
}

/* The first failure stays, whatever would still have fitted. */
static void test_bound(void **state) {
	struct prometheus out;

	prometheus_init(&out, 40);
	prometheus_family(&out, PROMETHEUS_GAUGE, "a_rather_long_name_of_a_gauge", "Too much.");
	prometheus_count(&out, NULL, 0, 1);
	assert_int_equal(prometheus_status(&out), -EMSGSIZE);
	prometheus_finish(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
