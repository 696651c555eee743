#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/clock.h"
#include "daemon/forge/github_clock.h"

#define T0 INT64_C(1758245293000)
#define S CLOCK_SECOND_MS
#define US INT64_C(1000000)

static struct github_clock told(int64_t ahead_ms) {
	struct github_clock clock = { 0 };

	assert_true(github_clock_learn(&clock, T0 + ahead_ms, 100, T0, US));
	return clock;
}

static void assert_range(
	const struct github_clock *clock, int64_t at_ms, int64_t least, int64_t most) {
	int64_t from_ms, until_ms;

	github_clock_range(clock, at_ms, &from_ms, &until_ms);
	assert_int_equal(from_ms - at_ms, least);
	assert_int_equal(until_ms - at_ms, most);
}

static void one_answer_tells_it_to_a_second(void **state) {
	struct github_clock clock = told(600 * S);

	assert_range(&clock, T0 - S, 600 * S, 601 * S + 100);
	assert_int_equal(github_clock_ahead_ms(&clock), 600 * S);
	clock = told(-600 * S);
	assert_int_equal(github_clock_ahead_ms(&clock), -599 * S + 100);
	clock = told(0);
	assert_int_equal(github_clock_ahead_ms(&clock), 0);
}

static void more_answers_tell_it_better(void **state) {
	struct github_clock clock = told(0);

	/* 700 ms later it is still the same second there. */
	assert_false(github_clock_learn(&clock, T0, 50, T0 + 700, US + 700000));
	assert_range(&clock, T0, 0, 350);
	/* One that was slow tells nothing more. */
	assert_false(github_clock_learn(&clock, T0, 30 * S, T0 + 10 * S, 11 * US));
	assert_range(&clock, T0, 0, 350);
	/* What was learnt long ago may not be true any more. */
	assert_false(github_clock_learn(&clock, T0 + 3600 * S, 100, T0 + 3600 * S + 500, 3601 * US));
	assert_range(&clock, T0, -500, 600);
}

static void a_clock_that_is_slewed_was_not_set(void **state) {
	struct github_clock clock = told(0);

	assert_false(github_clock_learn(&clock, T0 + 3 * S, 100, T0, 2 * US));
	assert_false(clock.was_set);
	assert_range(&clock, T0, 0, 4100);
}

static void a_clock_that_was_set_leaves_a_doubt(void **state) {
	struct github_clock clock = told(600 * S); /* ours was behind */

	/* It is put right at T0 + 600 s of the right one. */
	assert_true(github_clock_learn(&clock, T0 + 660 * S, 100, T0 + 660 * S, 61 * US));
	assert_range(&clock, T0 - S, 0, 601 * S + 100); /* before or after? */
	assert_range(&clock, T0 + 700 * S, 0, S + 100);
	/* Set back, it says what it said before. */
	clock = told(-600 * S);
	assert_true(github_clock_learn(&clock, T0 - 540 * S, 100, T0 - 540 * S, 61 * US));
	assert_range(&clock, T0 + 30 * S, -600 * S, S + 100);
	assert_range(&clock, T0 + 100 * S, 0, S + 100);
}

/* It was wrong for a minute, and nobody set it since. */
static void a_doubt_ends_after_a_week(void **state) {
	const int64_t week_ms = 7 * CLOCK_DAY_MS, year_ms = 365 * CLOCK_DAY_MS;
	struct github_clock clock = told(0), kept;
	json_t *object;

	assert_true(github_clock_learn(&clock, T0 + 60 * S, 100, T0 + 60 * S + year_ms, 61 * US));
	assert_true(github_clock_learn(&clock, T0 + 120 * S, 100, T0 + 120 * S, 121 * US));
	assert_range(&clock, T0 + week_ms, -year_ms, S + 100);
	object = github_clock_to_json(&clock);
	github_clock_from_json(object, &kept);
	json_decref(object);
	assert_false(github_clock_learn(&kept, T0 + week_ms, 100, T0 + week_ms, US));
	assert_range(&kept, T0 + week_ms, -year_ms, S + 100);
	assert_true(github_clock_learn(
		&kept, T0 + 120 * S + week_ms, 100, T0 + 120 * S + week_ms, 121 * US));
	assert_range(&kept, T0 + week_ms, 0, S + 100);
	/* Set once more, only the last time counts. */
	assert_true(github_clock_learn(
		&kept, T0 + 180 * S + week_ms, 100, T0 + 240 * S + week_ms, 181 * US));
	assert_range(&kept, T0 + week_ms, -60 * S, S + 100);
}

static void nothing_known_is_any_time(void **state) {
	struct github_clock clock = { 0 };
	int64_t from_ms, until_ms;

	assert_false(github_clock_learn(&clock, T0, -1, T0, US));
	github_clock_range(&clock, T0, &from_ms, &until_ms);
	assert_int_equal(from_ms, 1);
	assert_int_equal(until_ms, INT64_MAX);
}

static void it_is_kept(void **state) {
	static const char *const malformed[] = { "null", "{}", "{\"now\":[5,3]}",
		"{\"now\":[\"1\",2]}", "{\"now\":[-9223372036854775807,9223372036854775807]}",
		"{\"now\":7}" };
	struct github_clock clock = told(600 * S), kept;
	json_t *object;

	(void)github_clock_learn(&clock, T0 + 660 * S, 100, T0 + 660 * S, 61 * US);
	object = github_clock_to_json(&clock);
	github_clock_from_json(object, &kept);
	json_decref(object);
	assert_range(&kept, T0 - S, 0, 601 * S + 100);
	assert_range(&kept, T0 + 700 * S, 0, S + 100);
	/* Set while nobody looked. */
	assert_true(github_clock_learn(&kept, T0 + 800 * S, 0, T0 + 830 * S, US));
	assert_range(&kept, T0 + 700 * S, -30 * S, 601 * S + 100);
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		object = json_loads(malformed[i], JSON_DECODE_ANY, NULL);
		github_clock_from_json(object, &kept);
		json_decref(object);
		assert_false(kept.known);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_answer_tells_it_to_a_second),
		cmocka_unit_test(more_answers_tell_it_better),
		cmocka_unit_test(a_clock_that_is_slewed_was_not_set),
		cmocka_unit_test(a_clock_that_was_set_leaves_a_doubt),
		cmocka_unit_test(a_doubt_ends_after_a_week),
		cmocka_unit_test(nothing_known_is_any_time),
		cmocka_unit_test(it_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
