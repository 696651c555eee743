/*
 * What `stats` says: numbers, plots and tables.
 */
#include <string.h>

#include "client/page.h"
#include "client/plot.h"
#include "client/print.h"
#include "client/stats_request.h"

/* Single figures, each a row. */
struct figure {
	const char *name;
	enum plot_unit unit;
	struct plot_series at;
};

static void put_figures(
	struct html *out, const json_t *object, const struct figure *figures, size_t n) {
	html_raw(out, "<dl class=\"figures\">\n");
	for (size_t i = 0; i < n; i++) {
		page_term(out, figures[i].name);
		plot_value(out, figures[i].unit, plot_member(object, &figures[i].at));
		page_term_end(out);
	}
	html_raw(out, "</dl>\n");
}

static void put_days(
	struct html *out, const struct page *page, const struct plot *plots, size_t n_plots) {
	const json_t *days = json_object_get(page->stats, "days");

	html_raw(out, "<div class=\"plots\">\n");
	for (size_t i = 0; i < n_plots; i++) {
		plot_days(out, &plots[i], page->stats);
	}
	html_raw(out, "</div>\n");
	if (json_array_size(days) > CLIENT_PLOT_DAYS_MAX) {
		html_rawf(out, "<p>Of %zu days the newest %d are drawn.</p>\n",
			json_array_size(days), CLIENT_PLOT_DAYS_MAX);
	}
}

void page_put_builds(struct html *out, const struct page *page) {
	static const struct figure figures[] = {
		{ "Builds", PLOT_COUNT, { NULL, "builds", "total" } },
		{ "Failed", PLOT_COUNT, { NULL, "builds", "failed" } },
		{ "Failure rate", PLOT_SHARE, { NULL, "builds", "failureRate" } },
	};
	static const struct plot plots[] = {
		{ "builds", "Builds a day", PLOT_COUNT, PLOT_BARS,
			{ { "passed", "builds", "passed" }, { "failed", "builds", "failed" } }, 2 },
		{ "failure-rate", "Share of builds that failed", PLOT_SHARE, PLOT_LINES,
			{ { "failed", "builds", "failureRate" } }, 1 },
	};

	put_figures(out, page->stats, figures, ARRAY_SIZE(figures));
	put_days(out, page, plots, ARRAY_SIZE(plots));
}

void page_put_resolution(struct html *out, const struct page *page) {
	static const struct figure figures[] = {
		{ "Half green within", PLOT_DURATION, { NULL, "resolution", "p50Ms" } },
		{ "90 % within", PLOT_DURATION, { NULL, "resolution", "p90Ms" } },
		{ "99 % within", PLOT_DURATION, { NULL, "resolution", "p99Ms" } },
		{ "Opened", PLOT_COUNT, { NULL, "incidents", "opened" } },
		{ "Reopened", PLOT_COUNT, { NULL, "incidents", "reopened" } },
		{ "Proven green", PLOT_COUNT, { NULL, "incidents", "resolved" } },
		{ "Merged, not proven", PLOT_COUNT, { NULL, "incidents", "merged" } },
		{ "Escalated", PLOT_COUNT, { NULL, "incidents", "escalated" } },
		{ "Abandoned", PLOT_COUNT, { NULL, "incidents", "abandoned" } },
		{ "Success", PLOT_SHARE, { NULL, "followUp", "successRate" } },
		{ "At the first check", PLOT_SHARE, { NULL, "followUp", "firstCheckRate" } },
	};
	static const struct plot plots[] = {
		{ "resolution", "Median time to proven green", PLOT_DURATION, PLOT_LINES,
			{ { "median", "resolutionP50Ms", NULL } }, 1 },
		{ "incidents", "Incidents a day", PLOT_COUNT, PLOT_LINES,
			{ { "opened", "opened", NULL }, { "proven green", "resolved", NULL } }, 2 },
	};

	put_figures(out, page->stats, figures, ARRAY_SIZE(figures));
	put_days(out, page, plots, ARRAY_SIZE(plots));
}

void page_put_quality(struct html *out, const struct page *page) {
	static const struct figure figures[] = {
		{ "Lines covered", PLOT_PERCENT, { NULL, "coverage", "lines" } },
		{ "Lint errors", PLOT_COUNT, { NULL, "lint", "errors" } },
		{ "Lint warnings", PLOT_COUNT, { NULL, "lint", "warnings" } },
		{ "Tests", PLOT_COUNT, { NULL, "tests", "total" } },
		{ "Tests that failed", PLOT_COUNT, { NULL, "tests", "failed" } },
		{ "Tests skipped", PLOT_COUNT, { NULL, "tests", "skipped" } },
		{ "Time of the tests", PLOT_DURATION, { NULL, "tests", "durationMs" } },
		{ "Critical findings", PLOT_COUNT, { NULL, "security", "critical" } },
		{ "High findings", PLOT_COUNT, { NULL, "security", "high" } },
		{ "Moderate findings", PLOT_COUNT, { NULL, "security", "moderate" } },
		{ "Low findings", PLOT_COUNT, { NULL, "security", "low" } },
		{ "Findings for information", PLOT_COUNT, { NULL, "security", "info" } },
		{ "Findings of unknown severity", PLOT_COUNT, { NULL, "security", "unknown" } },
	};
	static const struct plot plots[] = {
		{ "coverage", "Lines covered by tests", PLOT_PERCENT, PLOT_LINES,
			{ { "coverage", "coverage", NULL } }, 1 },
		{ "lint", "Lint findings of a build", PLOT_COUNT, PLOT_LINES,
			{ { "errors", "lintErrors", NULL }, { "warnings", "lintWarnings", NULL } },
			2 },
		{ "tests", "Tests of a build", PLOT_COUNT, PLOT_LINES,
			{ { "tests", "tests", NULL } }, 1 },
		{ "test-time", "Time of a build's tests", PLOT_DURATION, PLOT_LINES,
			{ { "time", "testsMs", NULL } }, 1 },
		{ "findings", "Findings of scanners in a build", PLOT_COUNT, PLOT_LINES,
			{ { "findings", "findings", NULL } }, 1 },
	};

	html_raw(out, "<p>Means of the builds that told them.</p>\n");
	put_figures(out, json_object_get(page->stats, "quality"), figures, ARRAY_SIZE(figures));
	put_days(out, page, plots, ARRAY_SIZE(plots));
}

/* Tables */

struct column {
	const char *title;
	bool is_text;
	enum plot_unit unit;
	struct plot_series at;
};

static void put_cell(struct html *out, const json_t *row, const struct column *column, bool first) {
	const char *tag = first ? "th" : "td";

	html_rawf(out, "<%s%s%s>", tag, first ? " scope=\"row\"" : "",
		column->is_text ? "" : " class=\"number\"");
	if (column->is_text) {
		html_foreign(out, json_text(row, column->at.member));
	} else {
		plot_value(out, column->unit, plot_member(row, &column->at));
	}
	html_rawf(out, "</%s>", tag);
}

static void put_table(struct html *out, const char *title, const json_t *rows,
	const struct column *columns, size_t n) {
	json_t *row;
	size_t i;

	if (json_array_size(rows) == 0) {
		html_element(out, "h3", title);
		html_raw(out, "<p>None.</p>\n");
		return;
	}
	plot_table_begin(out, title);
	html_raw(out, "<thead><tr>");
	for (size_t c = 0; c < n; c++) {
		html_element(out,
			columns[c].is_text ? "th scope=\"col\"" : "th scope=\"col\" class=\"number\"",
			columns[c].title);
	}
	html_raw(out, "</tr></thead><tbody>\n");
	json_array_foreach((json_t *)rows, i, row) {
		html_raw(out, "<tr>");
		for (size_t c = 0; c < n; c++) {
			put_cell(out, row, &columns[c], c == 0);
		}
		html_raw(out, "</tr>\n");
	}
	plot_table_end(out);
}

void page_put_branches(struct html *out, const struct page *page) {
	static const struct plot streaks = { "streaks", "Successful builds in a row", PLOT_COUNT,
		PLOT_BARS, { { "longest", "longestRun", NULL }, { "now", "currentRun", NULL } }, 2 };
	static const char *const labels[] = { "project", "branch" };
	static const struct column columns[] = {
		{ "Branch", true, PLOT_COUNT, { NULL, "branch", NULL } },
		{ "Project", true, PLOT_COUNT, { NULL, "project", NULL } },
		{ "Builds", false, PLOT_COUNT, { NULL, "builds", NULL } },
		{ "Failed", false, PLOT_COUNT, { NULL, "failed", NULL } },
		{ "Failure rate", false, PLOT_SHARE, { NULL, "failureRate", NULL } },
		{ "Out of order, in no streak", false, PLOT_COUNT, { NULL, "outOfOrder", NULL } },
	};
	const json_t *branches = json_object_get(page->stats, "branches");

	if (json_array_size(branches) == 0) {
		html_raw(out, "<p>No branch has " STATS_BUSY " builds yet.</p>\n");
		return;
	}
	html_raw(out,
		"<p>Of the busiest branches, of " STATS_BUSY
		" builds and more, all their builds, not only those of these days.</p>\n"
		"<div class=\"plots\">\n");
	plot_bars(out, &streaks, branches, labels);
	html_raw(out, "</div>\n");
	put_table(out, "Busiest branches", branches, columns, ARRAY_SIZE(columns));
}

/* {label: n} as [{"name": label, "n": n}], the most frequent first. NULL: memory. */
static json_t *sort_counts(const json_t *counts) {
	json_t *rows = json_array(), *value;
	const char *name;

	json_object_foreach((json_t *)counts, name, value) {
		json_t *row = json_pack("{s:s, s:O}", "name", name, "n", value);
		size_t i = 0;

		while (i < json_array_size(rows) &&
			json_number(json_array_get(rows, i), "n") >= json_integer_value(value)) {
			i++;
		}
		if (json_array_insert_new(rows, i, row) < 0) {
			json_decref(rows);
			return NULL;
		}
	}
	return rows;
}

void page_put_kinds(struct html *out, const struct page *page) {
	static const struct {
		const char *member;
		struct plot plot;
	} kinds[] = {
		{ "byType",
			{ "types", "Incidents by type", PLOT_COUNT, PLOT_BARS,
				{ { "incidents", "n", NULL } }, 1 } },
		{ "byCause",
			{ "causes", "Incidents by cause", PLOT_COUNT, PLOT_BARS,
				{ { "incidents", "n", NULL } }, 1 } },
	};
	static const char *const labels[] = { "name", NULL };
	const json_t *incidents = json_object_get(page->stats, "incidents");

	html_raw(out, "<div class=\"plots\">\n");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		json_t *rows = sort_counts(json_object_get(incidents, kinds[i].member));

		plot_bars(out, &kinds[i].plot, rows, labels);
		json_decref(rows);
	}
	html_raw(out, "</div>\n");
}

void page_put_agents(struct html *out, const struct page *page) {
	static const struct plot success = { "success", "Success of the agents", PLOT_SHARE,
		PLOT_BARS, { { "of what ended", "successRate", NULL } }, 1 };
	static const struct plot green = { "green", "Median time to proven green", PLOT_DURATION,
		PLOT_BARS, { { "median", "green", "p50Ms" } }, 1 };
	static const char *const labels[] = { "name", NULL };
	static const struct column columns[] = {
		{ "Agent", true, PLOT_COUNT, { NULL, "name", NULL } },
		{ "Triggered", false, PLOT_COUNT, { NULL, "triggered", NULL } },
		{ "Resolved", false, PLOT_COUNT, { NULL, "resolved", NULL } },
		{ "Escalated", false, PLOT_COUNT, { NULL, "escalated", NULL } },
		{ "Success", false, PLOT_SHARE, { NULL, "successRate", NULL } },
		{ "Cycles", false, PLOT_COUNT, { NULL, "meanCycles", NULL } },
		{ "First sign", false, PLOT_DURATION, { NULL, "firstSign", "p50Ms" } },
		{ "Green", false, PLOT_DURATION, { NULL, "green", "p50Ms" } },
		{ "Came back", false, PLOT_COUNT, { NULL, "regressed", NULL } },
	};
	const json_t *agents = json_object_get(page->stats, "agents");

	html_raw(out, "<div class=\"plots\">\n");
	plot_bars(out, &success, agents, labels);
	plot_bars(out, &green, agents, labels);
	html_raw(out, "</div>\n");
	put_table(out, "What the agents did", agents, columns, ARRAY_SIZE(columns));
}

void page_put_failures(struct html *out, const struct page *page) {
	static const struct column failures[] = {
		{ "Headline", true, PLOT_COUNT, { NULL, "headline", NULL } },
		{ "Project", true, PLOT_COUNT, { NULL, "project", NULL } },
		{ "Step", true, PLOT_COUNT, { NULL, "step", NULL } },
		{ "Newest report", true, PLOT_COUNT, { NULL, "report", NULL } },
		{ "Fingerprint", true, PLOT_COUNT, { NULL, "fingerprint", NULL } },
		{ "Error type", true, PLOT_COUNT, { NULL, "errorType", NULL } },
		{ "Cause", true, PLOT_COUNT, { NULL, "cause", NULL } },
		{ "Failures", false, PLOT_COUNT, { NULL, "failures", NULL } },
		{ "Repaired", false, PLOT_COUNT, { NULL, "repaired", NULL } },
		{ "Took", false, PLOT_DURATION, { NULL, "meanMs", NULL } },
	};
	static const struct column flaky[] = {
		{ "Name", true, PLOT_COUNT, { NULL, "name", NULL } },
		{ "Kind", true, PLOT_COUNT, { NULL, "kind", NULL } },
		{ "Project", true, PLOT_COUNT, { NULL, "project", NULL } },
		{ "Most on branch", true, PLOT_COUNT, { NULL, "branch", NULL } },
		{ "Branches", false, PLOT_COUNT, { NULL, "branches", NULL } },
		{ "Times", false, PLOT_COUNT, { NULL, "times", NULL } },
	};

	char heading[STATS_HEADING_MAX];

	put_table(out,
		stats_heading(page->stats, "failures", "failuresTotal", "Most frequent failures",
			heading),
		json_object_get(page->stats, "failures"), failures, ARRAY_SIZE(failures));
	put_table(out, "Slowest repairs", json_object_get(page->stats, "slowest"), failures,
		ARRAY_SIZE(failures));
	put_table(out,
		stats_heading(page->stats, "flaky", "flakyTotal",
			"Flaky: failed and passed on one commit", heading),
		json_object_get(page->stats, "flaky"), flaky, ARRAY_SIZE(flaky));
}
