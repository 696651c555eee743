#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client/plot_axis.h"
#include "common/clock.h"
#include "common/text.h"

static void ticks_of(const struct plot_axis *axis, char *out, size_t size) {
	char text[PLOT_TICK_MAX];
	double place;

	out[0] = '\0';
	for (size_t i = 0; plot_axis_tick(axis, i, &place, text); i++) {
		size_t len = strlen(out);

		assert_true(place >= 0 && place <= 1);
		text_format(out + len, size - len, "%s%s", i > 0 ? " " : "", text);
	}
}

static void test_ticks(void **state) {
	static const struct {
		enum plot_unit unit;
		double least, most;
		bool from_zero;
		const char *name;
		const char *ticks;
	} table[] = {
		{ PLOT_COUNT, 0, 0, true, "number", "0 1" },
		{ PLOT_COUNT, 0, 1, true, "number", "0 1" },
		{ PLOT_COUNT, 3, 3, true, "number", "0 1 2 3" },
		{ PLOT_COUNT, 10, 324, true, "number", "0 100 200 300 400" },
		{ PLOT_COUNT, 0, 3143, true, "number", "0 1000 2000 3000 4000" },
		{ PLOT_COUNT, 0, 12000, true, "thousands", "0 5 10 15" },
		{ PLOT_COUNT, 0, 4e9, true, "millions", "0 1000 2000 3000 4000" },
		{ PLOT_PERCENT, 64.7, 81, false, "%", "60 65 70 75 80 85" },
		{ PLOT_PERCENT, 10, 81, false, "%", "0 20 40 60 80 100" },
		{ PLOT_PERCENT, 72.5, 72.5, false, "%", "71.4 71.6 71.8 72.0 72.2 72.4 72.6" },
		{ PLOT_PERCENT, 0, 0, false, "%", "0.0 0.2 0.4 0.6 0.8 1.0" },
		{ PLOT_SHARE, 0, 1, true, "%", "0 20 40 60 80 100" },
		{ PLOT_SHARE, 0, 0.003, true, "%", "0.0 0.1 0.2 0.3" },
		{ PLOT_DURATION, 0, 7.0 * CLOCK_HOUR_MS, true, "hours", "0 2 4 6 8" },
		{ PLOT_DURATION, 0, 1.5 * CLOCK_HOUR_MS, true, "minutes", "0 20 40 60 80 100" },
		{ PLOT_DURATION, 0, 40.0 * CLOCK_DAY_MS, true, "days", "0 10 20 30 40" },
		{ PLOT_DURATION, 0, 2, true, "milliseconds", "0.0 0.5 1.0 1.5 2.0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct plot_axis axis;
		char ticks[256];

		plot_axis_init(
			&axis, table[i].unit, table[i].least, table[i].most, table[i].from_zero);
		ticks_of(&axis, ticks, sizeof(ticks));
		assert_string_equal(ticks, table[i].ticks);
		assert_string_equal(axis.unit, table[i].name);
	}
}

static void test_places(void **state) {
	struct plot_axis axis;

	plot_axis_init(&axis, PLOT_SHARE, 0, 1, true);
	assert_true(plot_axis_place(&axis, 0) == 0);
	assert_true(plot_axis_place(&axis, 0.25) == 0.25);
	assert_true(plot_axis_place(&axis, 1) == 1);
	assert_true(plot_axis_place(&axis, 7) == 1); /* beyond is cut */
}

static void test_dates(void **state) {
	for (int64_t n_days = 1; n_days < 5000; n_days++) {
		int64_t step = plot_day_step(n_days);

		assert_true(step >= 1);
		assert_true((n_days + step - 1) / step <= 6);
	}
	assert_int_equal(plot_day_step(90), 21); /* the last date is near the end of a quarter */
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
