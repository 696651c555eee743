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

/* Durations are counted by their value rounded to two significant digits, so that percentiles can be told. */
int64_t tally_round(int64_t value);

/* Adds to `metric`, `label`. Labels are any text. Returns: 0; -ENOMEM. */
must_check int tally_add(
	json_t *tally, const char *metric, const char *label, int64_t n, int64_t total);
/* The same with the label tally_round(value), behind "`prefix`\n" unless that is NULL. `value_ms`: none below 0. */
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
