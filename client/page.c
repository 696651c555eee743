#include "client/page.h"

#include "client/plot.h"
#include "client/print.h"
#include "client/stats_request.h"
#include "common/clock.h"
#include "common/text.h"

static const struct section {
	const char *id;
	const char *title;
	page_section_fn *put;
} sections[] = {
	{ "health", "Health", page_put_health }, { "builds", "Builds", page_put_builds },
	{ "resolution", "Repair", page_put_resolution },
	{ "branches", "Green streaks", page_put_branches },
	{ "quality", "Quality", page_put_quality }, { "kinds", "Types and causes", page_put_kinds },
	{ "agents", "Agents", page_put_agents },
	{ "failures", "What fails again", page_put_failures },
	{ "incidents", "Open incidents", page_put_incidents }, /* the longest of all */
};

void page_term(struct html *out, const char *name) {
	html_raw(out, "<div>");
	html_element(out, "dt", name);
	html_raw(out, "<dd>");
}

void page_term_end(struct html *out) {
	html_raw(out, "</dd></div>\n");
}

void page_term_text(struct html *out, const char *name, const char *text) {
	if (text[0] != '\0') {
		page_term(out, name);
		html_foreign(out, text);
		page_term_end(out);
	}
}

void page_time(struct html *out, const char *rfc3339) {
	char text[CLOCK_TEXT_MAX], exact[CLOCK_TEXT_MAX];
	int64_t ms;

	if (clock_parse(rfc3339, &ms) < 0) {
		html_raw(out, "<span class=\"unknown\">unknown</span>");
		return;
	}
	html_rawf(out, "<time datetime=\"%s\">%s</time>", clock_format(ms, exact),
		clock_format_minute(ms, text));
}

static void put_head(struct html *out) {
	html_raw(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '");
	html_raw(out, page_style_hash);
	html_raw(out,
		"'; img-src 'none'; base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n"
		"<title>codegend: repair and pipelines</title>\n<style>");
	html_raw(out, page_style);
	html_raw(out, "</style>\n</head>\n");
}

static void put_window(struct html *out, const struct page *page) {
	char days[STATS_TEXT_MAX], now[CLOCK_TEXT_MAX];

	html_raw(out, "<p>");
	html_text(out, stats_days(page->stats, days));
	html_raw(out, " (whole UTC days)");
	if (json_text(page->stats, "project")[0] != '\0') {
		html_raw(out, ", figures and incidents of project ");
		html_foreign(out, json_text(page->stats, "project"));
	}
	html_raw(out, ". Written ");
	page_time(out, clock_format(page->now_ms, now));
	html_raw(out, ".</p>\n");
	if (stats_empty(page->stats) != NULL) {
		html_element(out, "p", stats_empty(page->stats));
	}
}

static void put_header(struct html *out, const struct page *page) {
	html_raw(out, "<header>\n<h1>codegend: repair and pipelines</h1>\n");
	put_window(out, page);
	html_raw(out, "<nav aria-label=\"Sections\"><ul>\n");
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		html_rawf(out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id,
			sections[i].title);
	}
	html_raw(out, "</ul></nav>\n</header>\n");
}

static void put_section(struct html *out, const struct page *page, const struct section *section) {
	html_rawf(out,
		"<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">%s</h2>\n",
		section->id, section->id, section->id, section->title);
	section->put(out, page);
	html_raw(out, "</section>\n");
}

/* Figures that made no sense are told, not dropped in silence. */
static void put_footer(struct html *out, const struct page *page) {
	const json_t *ignored = json_object_get(page->stats, "ignored");
	const char *name;
	json_t *value;

	html_raw(out, "<footer>\n");
	if (json_object_size(ignored) > 0) {
		html_raw(out,
			"<p>Not counted, because it came twice or made no sense; what came out of order is "
			"counted, but in no streak:</p>\n<dl>");
		json_object_foreach((json_t *)ignored, name, value) {
			page_term(out, name);
			plot_value(out, PLOT_COUNT, value);
			page_term_end(out);
		}
		html_raw(out, "</dl>\n");
	}
	html_raw(out,
		"<p>Written by codegenctl " CODEGEND_VERSION
		". codegend-protocol(7) says what each figure is.</p>\n</footer>\n");
}

void page_put(struct html *out, const struct page *page) {
	put_head(out);
	html_raw(out, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
	put_header(out, page);
	html_raw(out, "<main id=\"main\" tabindex=\"-1\">\n");
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		put_section(out, page, &sections[i]);
	}
	html_raw(out, "</main>\n");
	put_footer(out, page);
	html_raw(out, "</body>\n</html>\n");
}
