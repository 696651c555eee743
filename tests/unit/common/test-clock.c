#include "common/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SEPTEMBER_2025 INT64_C(1758245293693) /* 2025-09-19T01:28:13.693Z */

static int64_t fixed_ms(void *user) {
	return *(int64_t *)user;
}

static void the_clock_can_be_moved(void **state) {
	int64_t ms = 5;

	clock_set_source(fixed_ms, &ms);
	assert_int_equal(clock_now_ms(), 5);
	ms = 3;
	assert_int_equal(clock_now_ms(), 3);
	clock_set_source(NULL, NULL);
	assert_true(clock_now_ms() > SEPTEMBER_2025);
}

struct text_case {
	int64_t ms;
	const char *text;
};

static void formatting(void **state) {
	static const struct text_case cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ -1, "1970-01-01T00:00:00.000Z" },
		{ INT64_MIN, "1970-01-01T00:00:00.000Z" },
		{ SEPTEMBER_2025, "2025-09-19T01:28:13.693Z" },
		{ INT64_C(951782399999), "2000-02-28T23:59:59.999Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
		{ INT64_C(951868800000), "2000-03-01T00:00:00.000Z" },
		{ INT64_C(2147483648000), "2038-01-19T03:14:08.000Z" },
		{ INT64_C(4107542400000), "2100-03-01T00:00:00.000Z" },
		{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
		{ INT64_C(253402300800000), "9999-12-31T23:59:59.999Z" },
		{ INT64_MAX, "9999-12-31T23:59:59.999Z" },
	};
	char out[CLOCK_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(clock_format(cases[i].ms, out), cases[i].text);
		(void)clock_format_minute(cases[i].ms, out);
		assert_memory_equal(out, cases[i].text, 10);
		assert_memory_equal(out + 11, cases[i].text + 11, 5);
		assert_string_equal(out + 16, " UTC");
	}
}

static void parsing(void **state) {
	static const struct text_case cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ SEPTEMBER_2025, "2025-09-19T01:28:13.693Z" },
		{ SEPTEMBER_2025, "2025-09-19t01:28:13.693z" },
		{ SEPTEMBER_2025, "2025-09-19T03:28:13.693+02:00" },
		{ SEPTEMBER_2025, "2025-09-18T20:58:13.693-04:30" },
		{ SEPTEMBER_2025, "2025-09-19T01:28:13.693999999999999999Z" },
		{ SEPTEMBER_2025 - 93, "2025-09-19T01:28:13.6Z" },
		{ SEPTEMBER_2025 - 693, "2025-09-19T01:28:13Z" },
		{ INT64_C(1483228800000), "2016-12-31T23:59:60Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ INT64_C(-62167219200000), "0000-01-01T00:00:00Z" },
		{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ms = 7;

		assert_int_equal(clock_parse(cases[i].text, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void what_is_no_time_is_refused(void **state) {
	static const char *const cases[] = { "", "now", "2025", "2025-09-19", "2025-09-19T01:28Z",
		"2025-09-19T01:28:13", "2025-09-19T01:28:13.Z", "2025-09-19T01:28:13.6",
		"2025-13-19T01:28:13Z", "2025-00-19T01:28:13Z", "2025-09-31T01:28:13Z",
		"2025-09-00T01:28:13Z", "2025-02-29T01:28:13Z", "2100-02-29T01:28:13Z",
		"2025-09-19T24:00:00Z", "2025-09-19T01:60:13Z", "2025-09-19T01:28:61Z",
		"2025-09-19T01:28:13+2:00", "2025-09-19T01:28:13+0200", "2025-09-19T01:28:13+24:00",
		"2025-09-19T01:28:13Z ", " 2025-09-19T01:28:13Z", "2025-09-19T01:28:13ZZ",
		"-025-09-19T01:28:13Z", "2025-9-19T01:28:13Z", "20250919T012813Z" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ms = 7;

		assert_int_equal(clock_parse(cases[i], &ms), -EINVAL);
		assert_int_equal(ms, 7);
	}
}

static void every_day_comes_back(void **state) {
	char out[CLOCK_TEXT_MAX];

	for (int64_t day = 0; day < 2932896; day += 13) {
		int64_t expected = day * CLOCK_DAY_MS + day % CLOCK_DAY_MS;
		int64_t ms;

		assert_int_equal(clock_parse(clock_format(expected, out), &ms), 0);
		assert_int_equal(ms, expected);
	}
}

static void spans_come_back_in_their_shortest_form(void **state) {
	static const struct text_case cases[] = {
		{ 0, "0s" },
		{ 1, "1ms" },
		{ 300, "300ms" },
		{ 1500, "1500ms" },
		{ 45000, "45s" },
		{ 90000, "90s" },
		{ 600000, "10m" },
		{ CLOCK_HOUR_MS, "1h" },
		{ 36 * CLOCK_HOUR_MS, "36h" },
		{ 7 * CLOCK_DAY_MS, "7d" },
		{ 730 * CLOCK_DAY_MS, "2y" },
		{ 36500 * CLOCK_DAY_MS, "100y" },
	};
	char out[CLOCK_SPAN_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ms = 7;

		assert_int_equal(clock_parse_span(cases[i].text, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
		assert_string_equal(clock_format_span(cases[i].ms, out), cases[i].text);
	}
}

struct refused_span {
	const char *text;
	int status;
};

static void other_spellings_of_spans(void **state) {
	static const struct text_case cases[] = {
		{ 0, "0ms" },
		{ 0, "0y" },
		{ CLOCK_HOUR_MS, "60m" },
		{ CLOCK_HOUR_MS, "0003600s" },
		{ 0, "0000000000000000000000000000000000000000s" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ms = 7;

		assert_int_equal(clock_parse_span(cases[i].text, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void what_is_no_span_is_refused(void **state) {
	static const struct refused_span cases[] = {
		{ "", -EINVAL },
		{ "h", -EINVAL },
		{ "0", -EINVAL },
		{ "10", -EINVAL },
		{ "1w", -EINVAL },
		{ "1H", -EINVAL },
		{ "1 h", -EINVAL },
		{ " 1h", -EINVAL },
		{ "1h ", -EINVAL },
		{ "1h30m", -EINVAL },
		{ "1.5h", -EINVAL },
		{ "-1h", -EINVAL },
		{ "+1h", -EINVAL },
		{ "0x10s", -EINVAL },
		{ "1hours", -EINVAL },
		{ "101y", -ERANGE },
		{ "36501d", -ERANGE },
		{ "9223372036854775807s", -ERANGE },
		{ "99999999999999999999999999ms", -ERANGE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ms = 7;

		assert_int_equal(clock_parse_span(cases[i].text, &ms), cases[i].status);
		assert_int_equal(ms, 7);
	}
}

static void relative_times(void **state) {
	static const struct text_case cases[] = {
		{ 0, "now" },
		{ 999, "now" },
		{ -999, "now" },
		{ 1000, "in 1 s" },
		{ 1499, "in 1 s" },
		{ 1500, "in 2 s" },
		{ 1999, "in 2 s" }, /* a delay of 2 s, looked at a moment later */
		{ -3499, "3 s ago" },
		{ -3500, "4 s ago" },
		{ 59499, "in 59 s" },
		{ 59500, "in 1 min" },
		{ 59999, "in 1 min" },
		{ CLOCK_MINUTE_MS, "in 1 min" },
		{ CLOCK_HOUR_MS - 30001, "in 59 min" },
		{ CLOCK_HOUR_MS - 1, "in 1 h" },
		{ 89 * CLOCK_MINUTE_MS, "in 1 h" },
		{ 90 * CLOCK_MINUTE_MS, "in 2 h" },
		{ -2 * CLOCK_HOUR_MS, "2 h ago" },
		{ 23 * CLOCK_HOUR_MS, "in 23 h" },
		{ CLOCK_DAY_MS - 1, "in 1 d" },
		{ 5 * CLOCK_DAY_MS, "in 5 d" },
		{ -400 * CLOCK_DAY_MS, "400 d ago" },
	};
	char out[CLOCK_SPAN_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(
			clock_format_relative(SEPTEMBER_2025 + cases[i].ms, SEPTEMBER_2025, out),
			cases[i].text);
	}
	assert_string_equal(clock_format_relative(INT64_MAX, INT64_MIN, out), "in 213503982335 d");
	assert_string_equal(clock_format_relative(INT64_MIN, INT64_MAX, out), "213503982335 d ago");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_can_be_moved),
		cmocka_unit_test(formatting),
		cmocka_unit_test(parsing),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(every_day_comes_back),
		cmocka_unit_test(spans_come_back_in_their_shortest_form),
		cmocka_unit_test(other_spellings_of_spans),
		cmocka_unit_test(what_is_no_span_is_refused),
		cmocka_unit_test(relative_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
