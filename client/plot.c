#include "client/plot.h"

#include <math.h>
#include <string.h>

#include "client/plot_internal.h"
#include "client/stats_request.h"
#include "common/text.h"

const json_t *plot_member(const json_t *object, const struct plot_series *series) {
	const json_t *value = json_object_get(object, series->member);

	return series->inner != NULL ? json_object_get(value, series->inner) : value;
}

double plot_number(const json_t *object, const struct plot_series *series) {
	const json_t *value = plot_member(object, series);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static const char *show(enum plot_unit unit, const json_t *value, char out[PLOT_TEXT_MAX]) {
	switch (unit) {
	case PLOT_COUNT: return stats_number(value, out);
	case PLOT_PERCENT: return stats_percent(value, out);
	case PLOT_SHARE: return stats_share(value, out);
	case PLOT_DURATION: return stats_duration(value, out);
	}
	return out;
}

const char *plot_text(enum plot_unit unit, double value, char out[PLOT_TEXT_MAX]) {
	json_t *number = floor(value) == value ? json_integer((json_int_t)value) : json_real(value);

	show(unit, number, out);
	json_decref(number);
	return out;
}

void plot_value(struct html *out, enum plot_unit unit, const json_t *value) {
	char text[PLOT_TEXT_MAX];

	if (!json_is_number(value)) {
		html_raw(out, "<span class=\"unknown\">unknown</span>");
	} else if (json_is_integer(value)) {
		html_rawf(out, "<data value=\"%lld\">%s</data>",
			(long long)json_integer_value(value), show(unit, value, text));
	} else {
		html_rawf(out, "<data value=\"%.15g\">%s</data>", json_real_value(value),
			show(unit, value, text));
	}
}

void plot_table_begin(struct html *out, const char *title) {
	html_raw(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table: ");
	html_text(out, title);
	html_raw(out, "\"><table>");
	html_element(out, "caption", title);
}

void plot_table_end(struct html *out) {
	html_raw(out, "</tbody></table></div>\n");
}

static void begin_figure(struct html *out, const struct plot *plot) {
	html_rawf(out, "<figure id=\"plot-%s\">", plot->id);
	html_element(out, "figcaption", plot->title);
}

void plot_nothing(struct html *out, const struct plot *plot) {
	begin_figure(out, plot);
	html_raw(out, "<p class=\"unknown\">unknown: these days have no figure of it</p></figure>\n");
}

void plot_begin(struct html *out, const struct plot *plot, int height, const char *desc) {
	begin_figure(out, plot);
	html_rawf(out,
		"\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"plot-%s-title plot-%s-desc\">"
		"<title id=\"plot-%s-title\">",
		PLOT_WIDTH, height, plot->id, plot->id, plot->id);
	html_text(out, plot->title);
	html_rawf(out, "</title><desc id=\"plot-%s-desc\">", plot->id);
	html_text(out, desc);
	html_raw(out, "</desc>\n");
}

void plot_middle(struct html *out, const struct plot *plot, const char *first) {
	html_raw(out, "</svg>\n<details><summary>Numbers<span class=\"apart\">: ");
	html_text(out, plot->title);
	html_raw(out, "</span></summary>");
	plot_table_begin(out, plot->title);
	html_raw(out, "<thead><tr>");
	html_element(out, "th scope=\"col\"", first);
	for (size_t s = 0; s < plot->n_series; s++) {
		html_element(out, "th scope=\"col\" class=\"number\"", plot->series[s].name);
	}
	html_raw(out, "</tr></thead><tbody>\n");
}

void plot_end(struct html *out) {
	plot_table_end(out);
	html_raw(out, "</details></figure>\n");
}

void plot_legend(struct html *out, const struct plot *plot, const struct plot_axis *axis) {
	size_t x = PLOT_RIGHT;

	html_rawf(out, "<text x=\"0\" y=\"11\" class=\"unit\">%s", axis->unit);
	if (axis->low > 0) {
		html_rawf(out, ", from %g", axis->low);
	}
	html_raw(out, "</text>");
	for (size_t s = plot->n_series; s-- > 0 && plot->n_series > 1;) {
		x -= 7 * strlen(plot->series[s].name) + 10;
		html_rawf(out, "<text x=\"%zu\" y=\"11\">%s</text>", x, plot->series[s].name);
		x -= 18;
		if (plot->kind == PLOT_BARS) {
			html_rawf(out,
				"<rect x=\"%zu\" y=\"2\" width=\"12\" height=\"10\" class=\"bar%zu\"/>",
				x, s);
		} else {
			html_rawf(out, "<path d=\"M%zu 7h14\" class=\"line%zu\"/>", x, s);
		}
	}
	html_raw(out, "\n");
}
