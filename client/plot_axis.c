#include "client/plot_axis.h"

#include <math.h>

#include "common/clock.h"
#include "common/text.h"

/* Lines of a scale beside its first one. */
#define TICKS 5
/* Dates below a plot. */
#define DATES 5

/* Of each kind the largest first, for scales that go up to so much and more; the last one takes what is left. */
static const struct scale {
	enum plot_unit kind;
	double divisor;
	double from;
	const char *name;
} scales[] = {
	{ PLOT_COUNT, 1e6, 1e7, "millions" },
	{ PLOT_COUNT, 1e3, 1e4, "thousands" },
	{ PLOT_COUNT, 1, 0, "number" },
	{ PLOT_PERCENT, 1, 0, "%" },
	{ PLOT_SHARE, 0.01, 0, "%" },
	{ PLOT_DURATION, CLOCK_DAY_MS, 2 * CLOCK_DAY_MS, "days" },
	{ PLOT_DURATION, CLOCK_HOUR_MS, 2 * CLOCK_HOUR_MS, "hours" },
	{ PLOT_DURATION, CLOCK_MINUTE_MS, 2 * CLOCK_MINUTE_MS, "minutes" },
	{ PLOT_DURATION, CLOCK_SECOND_MS, 2 * CLOCK_SECOND_MS, "seconds" },
	{ PLOT_DURATION, 1, 0, "milliseconds" },
};

static const struct scale *find_scale(enum plot_unit kind, double most) {
	const struct scale *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(scales); i++) {
		if (scales[i].kind == kind && (found == NULL || most < found->from)) {
			found = &scales[i];
		}
	}
	return found;
}

/* The least of 1, 2, 5, 10, ... and their tenths that is no less than `least`. */
static double nice_step(double least) {
	double power = pow(10, floor(log10(least))), digit = least / power;

	return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

void plot_axis_init(
	struct plot_axis *axis, enum plot_unit unit, double least, double most, bool from_zero) {
	const struct scale *scale = find_scale(unit, most);

	least /= scale->divisor;
	most /= scale->divisor;
	least = from_zero || least < most / 2 ? MIN(least, 0) : least;
	if (most - least < 1e-9) { /* all the same */
		most = most > 0 ? most : 1;
		least = from_zero ? 0 : MAX(0, least - 1);
		most = most > least ? most : least + 1;
	}
	axis->step = nice_step((most - least) / TICKS);
	if (unit == PLOT_COUNT && scale->divisor <= 1 && from_zero) {
		axis->step = MAX(axis->step, 1); /* of whole things */
	}
	axis->low = floor(least / axis->step + 1e-9) * axis->step;
	axis->high = ceil(most / axis->step - 1e-9) * axis->step;
	axis->divisor = scale->divisor;
	axis->unit = scale->name;
}

double plot_axis_place(const struct plot_axis *axis, double value) {
	double place = (value / axis->divisor - axis->low) / (axis->high - axis->low);

	return MIN(MAX(place, 0), 1);
}

bool plot_axis_tick(
	const struct plot_axis *axis, size_t i, double *ret_place, char out[PLOT_TICK_MAX]) {
	double value = axis->low + (double)i * axis->step;
	int digits = axis->step < 1 ? (int)ceil(-log10(axis->step) - 1e-9) : 0;

	if (value > axis->high + axis->step / 2) {
		return false;
	}
	text_format(out, PLOT_TICK_MAX, "%.*f", digits, value);
	*ret_place = plot_axis_place(axis, value * axis->divisor);
	return true;
}

int64_t plot_day_step(int64_t n_days) {
	static const int64_t steps[] = { 1, 2, 3, 7, 14, 21, 30, 60, 90, 180, 365 };

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (n_days <= steps[i] * DATES) {
			return steps[i];
		}
	}
	return n_days / DATES;
}
