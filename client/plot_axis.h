/*
 * plot_axis - where the lines of a scale are, and what stands beside them. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

enum plot_unit { PLOT_COUNT, PLOT_PERCENT, PLOT_SHARE, PLOT_DURATION };

/* From `low` to `high` in steps of 1, 2 or 5 times a power of ten of what `unit` says. */
struct plot_axis {
	double low, high, step;
	double divisor; /* of a value: how many of `unit` it is */
	const char *unit;
};

/*
 * For values from `least` to `most` (of PLOT_DURATION in ms, of PLOT_SHARE from 0 to 1), with at most some five lines.
 * It begins at zero, unless the values are far from it and `from_zero` is not asked for.
 */
void plot_axis_init(
	struct plot_axis *axis, enum plot_unit unit, double least, double most, bool from_zero);

/* 0 to 1: where a value is between its ends. */
double plot_axis_place(const struct plot_axis *axis, double value);

#define PLOT_TICK_MAX 16
/* The line number `i`, from 0. Returns whether there is one; `out` is its number as it is written. */
bool plot_axis_tick(
	const struct plot_axis *axis, size_t i, double *ret_place, char out[PLOT_TICK_MAX]);

/* Days between the dates below a plot of `n_days`. */
int64_t plot_day_step(int64_t n_days);
