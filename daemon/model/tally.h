/*
 * tally - sums by metric and label: {"builds": {"passed": [37, 0]}}, a count and a total each.
 *
 * What a day's row of the statistics holds, what a slice of the log adds to it, and what a window of days comes to are
 * all tallies. Plain JSON, so that a new metric needs no new table. One thread at a time.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/macro.h"

/*
 * Durations are counted by their value rounded up to two significant digits of the largest unit that it is one of
 * (milliseconds, seconds, minutes, hours, days), as it is shown: so percentiles can be told, and "within" holds.
 */
int64_t tally_round_up(int64_t value_ms);

/*
 * Adds to `metric`, `label`. Labels are any text. Of the metric TALLY_NEWEST the total is no sum but the highest that
 * was added. Returns: 0; -ENOMEM.
 */
#define TALLY_NEWEST "newest"
must_check int tally_add(
	json_t *tally, const char *metric, const char *label, int64_t n, int64_t total);
/* The same with the label tally_round_up(value_ms), behind "`prefix`\n" unless that is NULL. None is below 0. */
must_check int tally_add_duration(
	json_t *tally, const char *metric, const char *prefix, int64_t value_ms);
/* Adds all of `more`. Returns: 0; -ENOMEM; -EBADMSG, it has another shape. */
must_check int tally_merge(json_t *tally, const json_t *more);

/* 0 when there is none. */
int64_t tally_n(const json_t *tally, const char *metric, const char *label);
int64_t tally_total(const json_t *tally, const char *metric, const char *label);
/* Of all labels. */
int64_t tally_sum(const json_t *tally, const char *metric);
/*
 * The smallest duration (rounded, ms) that at least `percent` of those counted do not pass. False: none was counted,
 * and `ret_ms` is untouched.
 */
bool tally_percentile(
	const json_t *tally, const char *metric, const char *prefix, int percent, int64_t *ret_ms);
