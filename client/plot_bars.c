/*
 * Plots of named things, a bar each.
 */
#include <math.h>
#include <string.h>

#include "client/plot_internal.h"
#include "client/print.h"
#include "common/text.h"

#define TOP 22
#define ROW_HEIGHT 34
/* Where the longest bar ends; behind it stands its number. */
#define BAR_RIGHT 280
/* Cells of a name that fit above a bar, where a character may be two of them; and bytes, with marks that are none. */
#define NAME_CELLS 46
#define NAME_BYTES 1024

struct bars {
	const struct plot *plot;
	const json_t *rows; /* borrowed */
	const char *const *labels;
	size_t n;
	struct plot_axis axis;
};

static void put_name(struct html *out, const struct bars *bars, const json_t *row) {
	html_foreign(out, json_text(row, bars->labels[0]));
	if (bars->labels[1] != NULL) {
		html_raw(out, " ");
		html_foreign(out, json_text(row, bars->labels[1]));
	}
}

/* Cut where it would leave the picture; the table has all of it. */
static void name_short(const struct bars *bars, const json_t *row, char out[NAME_BYTES]) {
	size_t len, cells;

	text_format(out, NAME_BYTES, "%s%s%s", json_text(row, bars->labels[0]),
		bars->labels[1] != NULL ? " " : "",
		bars->labels[1] != NULL ? json_text(row, bars->labels[1]) : "");
	len = print_prefix(out, NAME_CELLS, &cells);
	if (out[len] != '\0') {
		text_copy(out + text_cut(out, MIN(len, NAME_BYTES - sizeof("…"))), sizeof("…"), "…");
	}
}

static double x_of(const struct bars *bars, double value) {
	return plot_axis_place(&bars->axis, value) * BAR_RIGHT;
}

static void put_bar(struct html *out, const struct bars *bars, size_t i) {
	const struct plot *plot = bars->plot;
	const json_t *row = json_array_get(bars->rows, i);
	double value = plot_number(row, &plot->series[0]);
	size_t y = TOP + i * ROW_HEIGHT;
	char name[NAME_BYTES], text[PLOT_TEXT_MAX];

	name_short(bars, row, name);
	html_rawf(out, "<text x=\"0\" y=\"%zu\">", y + 12);
	html_text(out, name);
	html_raw(out, "</text>");
	if (isnan(value)) {
		html_rawf(out, "<text x=\"4\" y=\"%zu\" class=\"unit\">unknown</text>\n", y + 26);
		return;
	}
	html_rawf(out,
		"<rect x=\"0\" y=\"%zu\" width=\"%.1f\" height=\"12\" class=\"bar0\"/>"
		"<text x=\"%.1f\" y=\"%zu\">%s</text>",
		y + 17, x_of(bars, value), x_of(bars, value) + 5, y + 27,
		plot_text(plot->unit, value, text));
	if (plot->n_series > 1 && !isnan(plot_number(row, &plot->series[1]))) {
		html_rawf(out, "<rect x=\"0\" y=\"%zu\" width=\"%.1f\" height=\"4\" class=\"bar1\"/>",
			y + 21, x_of(bars, plot_number(row, &plot->series[1])));
	}
	html_raw(out, "\n");
}

static void put_frame(struct html *out, const struct bars *bars) {
	size_t bottom = TOP + bars->n * ROW_HEIGHT;
	char text[PLOT_TICK_MAX];
	double place = 0;

	html_raw(out, "<g class=\"axis\">");
	for (size_t i = 0; plot_axis_tick(&bars->axis, i, &place, text); i++) {
		html_rawf(out,
			"<path d=\"M%.1f %dV%zu\"/><text x=\"%.1f\" y=\"%zu\" class=\"%s\">%s</text>",
			place * BAR_RIGHT, TOP, bottom, place * BAR_RIGHT, bottom + 14,
			i == 0 ? "start" : "mid", text);
	}
	html_raw(out, "</g>\n");
}

/* Returns whether anything is known. */
static bool find_most(const struct bars *bars, double *ret_most) {
	*ret_most = -INFINITY;
	for (size_t i = 0; i < bars->n; i++) {
		for (size_t s = 0; s < bars->plot->n_series; s++) {
			double value =
				plot_number(json_array_get(bars->rows, i), &bars->plot->series[s]);

			*ret_most = value > *ret_most ? value : *ret_most;
		}
	}
	return *ret_most >= 0;
}

/* All rows: the picture has the first of them only. */
static void put_rows(struct html *out, const struct bars *bars) {
	json_t *row;
	size_t i;

	json_array_foreach((json_t *)bars->rows, i, row) {
		html_raw(out, "<tr><th scope=\"row\">");
		put_name(out, bars, row);
		html_raw(out, "</th>");
		for (size_t s = 0; s < bars->plot->n_series; s++) {
			html_raw(out, "<td class=\"number\">");
			plot_value(out, bars->plot->unit, plot_member(row, &bars->plot->series[s]));
			html_raw(out, "</td>");
		}
		html_raw(out, "</tr>\n");
	}
}

static void describe(const struct bars *bars, char *out, size_t size) {
	const json_t *first = json_array_get(bars->rows, 0);
	char name[NAME_BYTES], text[PLOT_TEXT_MAX];
	double value = plot_number(first, &bars->plot->series[0]);

	name_short(bars, first, name);
	text_format(out, size, "The first %zu of %zu, a bar each. The first is %s: %s %s.", bars->n,
		json_array_size(bars->rows), name,
		isnan(value) ? "unknown" : plot_text(bars->plot->unit, value, text),
		bars->plot->series[0].name);
}

void plot_bars(struct html *out, const struct plot *plot, const json_t *rows,
	const char *const labels[2]) {
	struct bars bars = { .plot = plot,
		.rows = rows,
		.labels = labels,
		.n = MIN(json_array_size(rows), (size_t)CLIENT_PLOT_BARS_MAX) };
	char desc[512];
	double most;

	if (!find_most(&bars, &most)) {
		plot_nothing(out, plot);
		return;
	}
	plot_axis_init(&bars.axis, plot->unit, 0, plot->unit == PLOT_SHARE ? 1 : most, true);
	describe(&bars, desc, sizeof(desc));
	plot_begin(out, plot, (int)(TOP + bars.n * ROW_HEIGHT + 20), desc);
	put_frame(out, &bars);
	plot_legend(out, plot, &bars.axis);
	for (size_t i = 0; i < bars.n; i++) {
		put_bar(out, &bars, i);
	}
	plot_middle(out, plot, "Name");
	put_rows(out, &bars);
	plot_end(out);
}
