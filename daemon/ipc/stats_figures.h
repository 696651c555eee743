/*
 * stats_figures - what statistics say: rates, percentiles, means and lists out of a window's tallies. Pure.
 *
 * A figure that nothing is known of is null, never zero. The shape: codegend-protocol(7), GetStats.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "common/macro.h"

/* All borrowed. */
struct stats_window {
	const json_t *totals;	/* the tally of all days */
	const json_t *days;	/* as store_stats has them */
	const json_t *branches; /* as store_stats has them */
	int64_t n_later;	/* builds that are recorded after its end */
};

/* A new object; NULL: memory. */
must_check json_t *stats_figures(const struct stats_window *window);
