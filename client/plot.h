/*
 * plot - figures of `stats` as pictures: inline SVG with axes, units and a text for who does not see it, and below it
 * the same numbers as a table. Pure.
 *
 * Every number is written as <data value="..."> with all of its digits. What is unknown is a gap, and "unknown" in
 * the table.
 */
#pragma once

#include <jansson.h>

#include "client/html.h"
#include "client/limits.h"
#include "client/plot_axis.h"

/* What of an object is shown, and under which name. */
struct plot_series {
	const char *name;
	const char *member;
	const char *inner; /* NULL: the member itself */
};

enum plot_kind { PLOT_LINES, PLOT_BARS /* over time: on top of each other */ };

struct plot {
	const char *id; /* one word of ours, alone on the page */
	const char *title;
	enum plot_unit unit;
	enum plot_kind kind;
	struct plot_series series[CLIENT_PLOT_SERIES_MAX];
	size_t n_series;
};

/* Over time: of the days of `stats`, the answer of GetStats, the newest CLIENT_PLOT_DAYS_MAX. */
void plot_days(struct html *out, const struct plot *plot, const json_t *stats);

/*
 * A bar for each object of `rows`, the first CLIENT_PLOT_BARS_MAX, and the second series as a line across it. What
 * names an object are its members `labels`; NULL: there is one.
 */
void plot_bars(
	struct html *out, const struct plot *plot, const json_t *rows, const char *const labels[2]);

/* A number as people read it, its digits with it, or "unknown". */
void plot_value(struct html *out, enum plot_unit unit, const json_t *value);
/* The member of an object that a series shows; NULL: it is missing. Borrowed. */
const json_t *plot_member(const json_t *object, const struct plot_series *series);
/* Around a table: how it is called, and the way to scroll it. */
void plot_table_begin(struct html *out, const char *title);
void plot_table_end(struct html *out);
