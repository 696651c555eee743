/*
 * stats_request - what `stats` and `digest` ask the daemon for, and how they tell what it answers.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "client/command.h"
#include "common/clock.h"
#include "common/macro.h"

/*
 * Asks for the window that the options --since, --until, --project, --branch and --recompute name; the digest's ends
 * with yesterday unless it is told a time.
 *
 * Returns: 0, the caller decrefs `*ret_stats`; an exit code, and the failure was printed.
 */
must_check int stats_request(const struct invocation *inv, json_t **ret_stats);

/* A number that may be unknown: "12.5 %", "1.3 h", "870", "4.25", or "unknown". Return `out`. */
#define STATS_TEXT_MAX 32
const char *stats_share(const json_t *value, char out[STATS_TEXT_MAX]);
const char *stats_percent(
	const json_t *value, char out[STATS_TEXT_MAX]); /* of one that is in percent already */
const char *stats_duration(const json_t *value, char out[STATS_TEXT_MAX]);
const char *stats_number(const json_t *value, char out[STATS_TEXT_MAX]);
/* The days of the window: "2026-11-22 to 2026-11-28", or the one it is. Returns `out`. */
const char *stats_days(const json_t *stats, char out[STATS_TEXT_MAX]);
/* Where nothing is known of these days: that, so that zeros are not taken for what was counted. NULL: something is. */
const char *stats_empty(const json_t *stats);

/*
 * The part of the quality with means of several members, in a line: "high 2, low 1", without those that are unknown;
 * "unknown" when all are. `order`: their names, up to a NULL. Returns `out`.
 */
#define STATS_MEANS_MAX 256
const char *stats_means(const json_t *part, const char *const *order, char out[STATS_MEANS_MAX]);
extern const char *const stats_severities[];

/*
 * What is above a list: `what`, or with how many of how many it has when that is not all of them, as the member
 * `total` says. Returns `out`.
 */
#define STATS_HEADING_MAX 128
const char *stats_heading(const json_t *stats, const char *list, const char *total,
	const char *what, char out[STATS_HEADING_MAX]);

/* Branches with fewer builds are not among the busiest: codegend-protocol(7), STATISTICS. */
#define STATS_BUSY "8"

/* What follows a number of events that are not counted yet. */
#define STATS_BEHIND                                                                               \
	" events are not counted yet: the daemon does that by itself when it has nothing else to do"

/* stats_prometheus.c: prints the figures in the Prometheus text format. Returns the exit code. */
must_check int stats_print_prometheus(const json_t *stats);
/* stats_show.c: for people. */
void stats_show(const json_t *stats);
