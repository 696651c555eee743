/*
 * Plots over time. A day that nothing is known of is a gap.
 */
#include <math.h>
#include <string.h>

#include "client/plot_internal.h"
#include "client/print.h"
#include "common/clock.h"
#include "common/text.h"

#define HEIGHT 200
#define LEFT 40
#define TOP 24
#define BOTTOM 176
/* Above so many days the dots of single ones only hide the line. */
#define DOTS_MAX 60
/* Of a year's dates the day is of no interest. */
#define MONTHS_FROM 200

struct days {
	const struct plot *plot;
	const json_t *list; /* borrowed */
	size_t from, n;	    /* in the list */
	int64_t first;	    /* of the window, since 1970 */
	int64_t n_wide;	    /* of the window */
	struct plot_axis axis;
};

static const json_t *day_at(const struct days *days, size_t i) {
	return json_array_get(days->list, days->from + i);
}

/* Days since 1970 of a date, or of a time; 0 of what is neither. */
static int64_t date_number(const char *date) {
	char text[CLOCK_TEXT_MAX];
	int64_t ms = 0;

	text_format(text, sizeof(text), "%.10sT00:00:00Z", date);
	return clock_parse(text, &ms) == 0 ? ms / CLOCK_DAY_MS : 0;
}

static int64_t day_number(const json_t *day) {
	return date_number(json_text(day, "day"));
}

static double value_at(const struct days *days, size_t i, size_t series) {
	return plot_number(day_at(days, i), &days->plot->series[series]);
}

/* In the middle of what belongs to the day. */
static double x_at(const struct days *days, size_t i) {
	double place = (double)(day_number(day_at(days, i)) - days->first) + 0.5;

	return LEFT + place * (PLOT_RIGHT - LEFT) / (double)days->n_wide;
}

static double y_of(const struct days *days, double value) {
	return BOTTOM - plot_axis_place(&days->axis, value) * (BOTTOM - TOP);
}

/* How high a day is: of a stack its sum. */
static double height_at(const struct days *days, size_t i, size_t series) {
	double sum = 0;

	for (size_t s = 0; s <= series; s++) {
		sum += value_at(days, i, s);
	}
	return days->plot->kind == PLOT_BARS ? sum : value_at(days, i, series);
}

/* Returns whether anything is known. */
static bool find_range(const struct days *days, double *ret_least, double *ret_most) {
	*ret_least = INFINITY;
	*ret_most = -INFINITY;
	for (size_t i = 0; i < days->n; i++) {
		for (size_t s = 0; s < days->plot->n_series; s++) {
			double value = height_at(days, i, s);

			if (!isnan(value)) {
				*ret_least = MIN(*ret_least, value);
				*ret_most = MAX(*ret_most, value);
			}
		}
	}
	return *ret_most >= *ret_least;
}

/* What is drawn, and its frame */

static void put_frame(struct html *out, const struct days *days) {
	int64_t step = plot_day_step(days->n_wide);
	char text[CLOCK_TEXT_MAX];
	double place = 0;

	html_raw(out, "<g class=\"axis\">");
	for (size_t i = 0; plot_axis_tick(&days->axis, i, &place, text); i++) {
		double y = BOTTOM - place * (BOTTOM - TOP);

		html_rawf(out,
			"<path d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" class=\"end\">%s</text>",
			LEFT, y, PLOT_RIGHT, LEFT - 5, y + 4, text);
	}
	for (int64_t day = 0; day < days->n_wide; day += step) {
		double x = LEFT + ((double)day + 0.5) * (PLOT_RIGHT - LEFT) / (double)days->n_wide;
		bool months = days->n_wide >= MONTHS_FROM;

		clock_format((days->first + day) * CLOCK_DAY_MS, text);
		html_rawf(out,
			"<path d=\"M%.1f %dv4\"/><text x=\"%.1f\" y=\"%d\" class=\"mid\">%.*s</text>",
			x, BOTTOM, x, BOTTOM + 16, months ? 7 : 5, months ? text : text + 5);
	}
	html_raw(out, "</g>\n");
}

static void put_line(struct html *out, const struct days *days, size_t series) {
	int64_t before = 0; /* the day the line has come to */

	html_rawf(out, "<path class=\"line%zu\" d=\"", series);
	for (size_t i = 0; i < days->n; i++) {
		double value = value_at(days, i, series);
		int64_t day = day_number(day_at(days, i));

		if (!isnan(value)) {
			html_rawf(out, "%c%.1f %.1f", before == day - 1 ? 'L' : 'M', x_at(days, i),
				y_of(days, value));
			before = day;
		}
	}
	html_raw(out, "\"/>");
}

/* Whether the line does not show it: nothing is known of the days around. */
static bool stands_alone(const struct days *days, size_t i, size_t series) {
	bool left = i > 0 && !isnan(value_at(days, i - 1, series)) &&
		day_number(day_at(days, i - 1)) == day_number(day_at(days, i)) - 1;
	bool right = i + 1 < days->n && !isnan(value_at(days, i + 1, series)) &&
		day_number(day_at(days, i + 1)) == day_number(day_at(days, i)) + 1;

	return !left && !right;
}

static void put_dots(struct html *out, const struct days *days, size_t series) {
	for (size_t i = 0; i < days->n; i++) {
		double value = value_at(days, i, series);

		if (!isnan(value) && (days->n_wide <= DOTS_MAX || stands_alone(days, i, series))) {
			html_rawf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.2\" class=\"dot%zu\"/>",
				x_at(days, i), y_of(days, value), series);
		}
	}
	html_raw(out, "\n");
}

static void put_stack(struct html *out, const struct days *days, size_t series) {
	double width = (double)(PLOT_RIGHT - LEFT) / (double)days->n_wide * 0.8;

	for (size_t i = 0; i < days->n; i++) {
		double top = height_at(days, i, series), value = value_at(days, i, series);

		if (!isnan(top) && value > 0) {
			double y = y_of(days, top);

			html_rawf(out,
				"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" class=\"bar%zu\"/>",
				x_at(days, i) - width / 2, y, width, y_of(days, top - value) - y,
				series);
		}
	}
	html_raw(out, "\n");
}

static void put_picture(struct html *out, const struct days *days) {
	put_frame(out, days);
	plot_legend(out, days->plot, &days->axis);
	for (size_t s = 0; s < days->plot->n_series; s++) {
		switch (days->plot->kind) {
		case PLOT_LINES:
			put_line(out, days, s);
			put_dots(out, days, s);
			break;
		case PLOT_BARS: put_stack(out, days, s); break;
		}
	}
}

/* The same in words, and in numbers */

static const char *days_word(size_t n) {
	return n == 1 ? "day" : "days";
}

/* "{name}: from 1 to 5, most recently 3; unknown on 2 days." */
static void describe_series(const struct days *days, size_t series, char *out, size_t size) {
	const struct plot *plot = days->plot;
	double least = INFINITY, most = -INFINITY, last = NAN;
	char texts[3][PLOT_TEXT_MAX];
	size_t n_unknown = 0;

	for (size_t i = 0; i < days->n; i++) {
		double value = value_at(days, i, series);

		n_unknown += isnan(value) != 0;
		least = value < least ? value : least;
		most = value > most ? value : most;
		last = isnan(value) ? last : value;
	}
	if (n_unknown == days->n) {
		text_format(out, size, " %s: unknown.", plot->series[series].name);
		return;
	}
	text_format(out, size, " %s: from %s to %s, most recently %s; unknown on %zu %s.",
		plot->series[series].name, plot_text(plot->unit, least, texts[0]),
		plot_text(plot->unit, most, texts[1]), plot_text(plot->unit, last, texts[2]),
		n_unknown, days_word(n_unknown));
}

static void describe(const struct days *days, char *out, size_t size) {
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];

	clock_format(days->first * CLOCK_DAY_MS, from);
	clock_format((days->first + days->n_wide - 1) * CLOCK_DAY_MS, to);
	text_format(out, size, "From %.10s to %.10s, with builds or events on %zu %s.", from, to,
		days->n, days_word(days->n));
	if (days->axis.low > 0) {
		size_t len = strlen(out);

		text_format(out + len, size - len, " The scale begins at %g %s.", days->axis.low,
			days->axis.unit);
	}
	for (size_t s = 0; s < days->plot->n_series; s++) {
		size_t len = strlen(out);

		describe_series(days, s, out + len, size - len);
	}
}

static void put_rows(struct html *out, const struct days *days) {
	for (size_t i = 0; i < days->n; i++) {
		html_raw(out, "<tr>");
		html_element(out, "th scope=\"row\"", json_text(day_at(days, i), "day"));
		for (size_t s = 0; s < days->plot->n_series; s++) {
			html_raw(out, "<td class=\"number\">");
			plot_value(out, days->plot->unit,
				plot_member(day_at(days, i), &days->plot->series[s]));
			html_raw(out, "</td>");
		}
		html_raw(out, "</tr>\n");
	}
}

/* That of the statistics, so that plots can be compared; of more days than are drawn, those that are. */
static void find_window(struct days *days, const json_t *stats) {
	int64_t last = day_number(day_at(days, days->n - 1));

	days->first = day_number(day_at(days, 0));
	last = MAX(last, date_number(json_text(stats, "until")));
	if (days->from == 0 && last - date_number(json_text(stats, "since")) < CLIENT_PLOT_DAYS_MAX) {
		days->first = MIN(days->first, date_number(json_text(stats, "since")));
	}
	days->n_wide = last - days->first + 1;
}

void plot_days(struct html *out, const struct plot *plot, const json_t *stats) {
	const json_t *list = json_object_get(stats, "days");
	size_t n = json_array_size(list);
	struct days days = { .plot = plot, .list = list, .n = MIN(n, (size_t)CLIENT_PLOT_DAYS_MAX) };
	double least, most;
	char desc[1024];

	days.from = n - days.n;
	if (!find_range(&days, &least, &most)) {
		plot_nothing(out, plot);
		return;
	}
	find_window(&days, stats);
	plot_axis_init(&days.axis, plot->unit, least, most, plot->unit != PLOT_PERCENT);
	describe(&days, desc, sizeof(desc));
	plot_begin(out, plot, HEIGHT, desc);
	put_picture(out, &days);
	plot_middle(out, plot, "Day (UTC)");
	put_rows(out, &days);
	plot_end(out);
}
