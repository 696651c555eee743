/*
 * The figures for people. On a terminal with bars and sparklines; in a pipe the same lines without them.
 */
#include <stdio.h>
#include <string.h>

#include "client/print.h"
#include "client/spark.h"
#include "client/stats_request.h"
#include "common/clock.h"
#include "common/text.h"

/* Days of a line: more do not fit. */
#define DAYS_MAX SPARK_LINE_CELLS

static bool is_pretty(void) {
	return print_style_detect(true).relative;
}

static enum spark_cells picture_cells(void) {
	return print_is_utf8() ? SPARK_BLOCKS : SPARK_ASCII;
}

/* The picture stands behind the text, or below it when there is no room, or nowhere. */
static void show_line(const char *key, const char *text, const char *picture) {
	char all[2048];
	size_t room = print_pair_room(), cells = print_width(picture);
	bool beside = room == 0 || print_width(text) + 2 + cells <= room;
	bool is_seen = cells > 0 && (room == 0 || cells <= room);

	text_format(all, sizeof(all), "%s%s%s", text, is_seen ? (beside ? "  " : "\n") : "",
		is_seen ? picture : "");
	print_pair(key, all);
}

static const json_t *at(const json_t *object, const char *outer, const char *inner) {
	return json_object_get(json_object_get(object, outer), inner);
}

/* Behind a share. */
static const char *bar(const json_t *share, char out[SPARK_BAR_MAX]) {
	out[0] = '\0';
	return is_pretty() && json_is_number(share)
		? spark_bar(picture_cells(), json_number_value(share), out)
		: out;
}

/* Days since 1970 of a date, or of a time. -1: it is none. */
static int64_t day_of(const char *text) {
	char at[sizeof("2026-11-22T00:00:00Z")];
	int64_t ms;

	text_format(at, sizeof(at), "%.10sT00:00:00Z", text);
	return clock_parse(at, &ms) == 0 ? ms / CLOCK_DAY_MS : -1;
}

/* Days of the lines: from the first that has anything, or what there is room for, to the end of the window. */
static void find_span(const json_t *stats, int64_t *ret_first, int64_t *ret_last) {
	size_t room = print_pair_room();
	int64_t n_max = room > 0 ? MIN((int64_t)room, DAYS_MAX) : DAYS_MAX;

	*ret_last = day_of(json_text(stats, "until"));
	*ret_first = day_of(json_text(json_array_get(json_object_get(stats, "days"), 0), "day"));
	*ret_first = MAX(*ret_first, *ret_last - n_max + 1);
}

/*
 * A cell for each of them, so that lines can be compared; what is not known of a day, and a day without anything, is a
 * blank. The member of each day, or its member `inner`. "" in a pipe, and of less than two days: that is no line.
 */
static const char *line(
	const json_t *stats, const char *member, const char *inner, char out[SPARK_LINE_MAX]) {
	const json_t *days = json_object_get(stats, "days");
	size_t n_known = 0, i;
	int64_t first, last;
	double values[DAYS_MAX] = { 0 };
	bool known[DAYS_MAX] = { false };
	json_t *day;

	out[0] = '\0';
	if (!is_pretty()) {
		return out;
	}
	find_span(stats, &first, &last);
	json_array_foreach((json_t *)days, i, day) {
		const json_t *value = json_object_get(day, member);
		int64_t at = day_of(json_text(day, "day"));

		value = inner != NULL ? json_object_get(value, inner) : value;
		if (json_is_number(value) && at >= first && at <= last) {
			known[at - first] = true;
			values[at - first] = json_number_value(value);
			n_known++;
		}
	}
	return n_known < 2
		? out
		: spark_line(picture_cells(), values, known, (size_t)(last - first + 1), out);
}

/* What the lines show; nothing where there are none. */
static void show_lines(const json_t *stats) {
	char text[160], from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];
	int64_t first, last;

	find_span(stats, &first, &last);
	if (is_pretty() && json_array_size(json_object_get(stats, "days")) > 1) {
		clock_format(first * CLOCK_DAY_MS, from);
		clock_format(last * CLOCK_DAY_MS, to);
		text_format(text, sizeof(text),
			"a cell a day, %.10s to %.10s, each from lowest to highest", from, to);
		show_line("Lines", text, "");
	}
}

static void show_builds(const json_t *stats) {
	char text[256], share[STATS_TEXT_MAX], picture[SPARK_LINE_MAX];

	text_format(text, sizeof(text), "%lld, %lld failed (%s)",
		(long long)json_integer_value(at(stats, "builds", "total")),
		(long long)json_integer_value(at(stats, "builds", "failed")),
		stats_share(at(stats, "builds", "failureRate"), share));
	show_line("Builds", text, line(stats, "builds", "total", picture));
}

static void show_resolution(const json_t *stats) {
	char text[512], p50[STATS_TEXT_MAX], p90[STATS_TEXT_MAX], p99[STATS_TEXT_MAX],
		picture[SPARK_LINE_MAX];

	if (!json_is_number(at(stats, "resolution", "p50Ms"))) {
		print_pair("Repaired", "unknown");
		return;
	}
	text_format(text, sizeof(text), "half within %s, 90 %% within %s, 99 %% within %s",
		stats_duration(at(stats, "resolution", "p50Ms"), p50),
		stats_duration(at(stats, "resolution", "p90Ms"), p90),
		stats_duration(at(stats, "resolution", "p99Ms"), p99));
	show_line("Repaired", text, line(stats, "resolutionP50Ms", NULL, picture));
}

/* "{a} 3, {b} 2", with ": " as `between` "{a}: 3, {b}: 2": the members of an object that count something. */
static void show_counts_with(const char *key, const json_t *object, const char *between) {
	char text[1024] = "";
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)object, name, value) {
		size_t len = strlen(text);

		if (json_integer_value(value) > 0) {
			text_format(text + len, sizeof(text) - len, "%s%s%s%lld", len > 0 ? ", " : "",
				name, between, (long long)json_integer_value(value));
		}
	}
	show_line(key, text, "");
}

static void show_counts(const char *key, const json_t *object) {
	show_counts_with(key, object, " ");
}

static void show_follow_up(const json_t *stats) {
	const json_t *rate = at(stats, "followUp", "successRate");
	char text[256], share[STATS_TEXT_MAX], first[STATS_TEXT_MAX], picture[SPARK_BAR_MAX];

	text_format(text, sizeof(text), "%s of %lld, %s at the first check", stats_share(rate, share),
		(long long)json_integer_value(at(stats, "followUp", "ended")),
		stats_share(at(stats, "followUp", "firstCheckRate"), first));
	show_line("Success", text, bar(rate, picture));
	show_counts_with("  by cycle", at(stats, "followUp", "byCycle"), ": ");
}

static void show_quality(const json_t *stats) {
	static const struct {
		const char *key, *part, *member, *series;
		const char *(*show)(const json_t *value, char out[STATS_TEXT_MAX]);
	} rows[] = { { "Coverage", "coverage", "lines", "coverage", stats_percent },
		{ "Lint errors", "lint", "errors", "lintErrors", stats_number },
		{ "Lint warnings", "lint", "warnings", "lintWarnings", stats_number },
		{ "Tests", "tests", "total", "tests", stats_number },
		{ "Test time", "tests", "durationMs", "testsMs", stats_duration } };
	static const char *const not_passed[] = { "failed", "skipped", NULL };
	const json_t *quality = json_object_get(stats, "quality");
	char text[STATS_MEANS_MAX], number[STATS_TEXT_MAX], picture[SPARK_LINE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		rows[i].show(at(quality, rows[i].part, rows[i].member), number);
		show_line(rows[i].key, number, line(stats, rows[i].series, NULL, picture));
	}
	show_line("Not passed", stats_means(json_object_get(quality, "tests"), not_passed, text), "");
	stats_means(json_object_get(quality, "security"), stats_severities, text);
	show_line("Findings", text, line(stats, "findings", NULL, picture));
}

/* Tables: a title row, and a row for each object. */
struct column {
	const char *title;
	const char *member;
	const char *inner; /* NULL: the member itself */
	uint8_t rank;	   /* of print_table_rank() */
	const char *(*show)(const json_t *value, char out[STATS_TEXT_MAX]); /* NULL: a text */
};

static void show_table(
	const char *heading, const json_t *list, const struct column *columns, size_t n_columns) {
	const char *titles[PRINT_COLUMNS_MAX];
	char title[STATS_HEADING_MAX];
	uint8_t ranks[PRINT_COLUMNS_MAX];
	_cleanup_(print_table_destroyp) struct print_table *table = NULL;
	json_t *row;
	size_t i;

	for (size_t c = 0; c < n_columns; c++) {
		titles[c] = columns[c].title;
		ranks[c] = columns[c].rank;
	}
	table = print_table_create(titles, n_columns);
	if (table == NULL || json_array_size(list) == 0) {
		return;
	}
	json_array_foreach((json_t *)list, i, row) {
		char texts[PRINT_COLUMNS_MAX][STATS_TEXT_MAX];
		const char *cells[PRINT_COLUMNS_MAX];

		for (size_t c = 0; c < n_columns; c++) {
			const json_t *value = json_object_get(row, columns[c].member);

			value = columns[c].inner != NULL ? json_object_get(value, columns[c].inner)
							 : value;
			cells[c] = columns[c].show == NULL ? json_string_value(value)
							   : columns[c].show(value, texts[c]);
		}
		print_table_add(table, cells);
	}
	fputc('\n', stdout);
	text_format(title, sizeof(title), "%s:", heading);
	print_block(title, 0);
	print_table_rank(table, ranks);
	print_table_show(table);
}

/* Where no branch has as many builds as it takes to be told. */
static void show_branches(const json_t *stats) {
	if (json_array_size(json_object_get(stats, "branches")) == 0 &&
		json_number(json_object_get(stats, "builds"), "total") > 0) {
		show_line("Branches", "none has " STATS_BUSY " builds yet", "");
	}
}

static void show_tables(const json_t *stats) {
	static const struct column branches[] = { { "PROJECT", "project", NULL, 0, NULL },
		{ "BUILDS", "builds", NULL, 2, stats_number },
		{ "FAILED", "failureRate", NULL, 0, stats_share },
		{ "GREEN NOW", "currentRun", NULL, 1, stats_number },
		{ "LONGEST", "longestRun", NULL, 3, stats_number },
		{ "OUT OF ORDER", "outOfOrder", NULL, 4, stats_number },
		{ "BRANCH", "branch", NULL, 0, NULL } };
	static const struct column agents[] = { { "AGENT", "name", NULL, 0, NULL },
		{ "TRIGGERED", "triggered", NULL, 1, stats_number },
		{ "RESOLVED", "resolved", NULL, 3, stats_number },
		{ "SUCCESS", "successRate", NULL, 0, stats_share },
		{ "CYCLES", "meanCycles", NULL, 5, stats_number },
		{ "FIRST SIGN", "firstSign", "p50Ms", 6, stats_duration },
		{ "GREEN", "green", "p50Ms", 2, stats_duration },
		{ "CAME BACK", "regressed", NULL, 4, stats_number } };
	static const struct column failures[] = { { "FAILURES", "failures", NULL, 0, stats_number },
		{ "REPAIRED", "repaired", NULL, 4, stats_number },
		{ "MEAN TIME", "meanMs", NULL, 0, stats_duration },
		{ "PROJECT", "project", NULL, 0, NULL },
		{ "ERROR TYPE", "errorType", NULL, 2, NULL }, { "CAUSE", "cause", NULL, 5, NULL },
		{ "FINGERPRINT", "fingerprint", NULL, 6, NULL }, { "STEP", "step", NULL, 3, NULL },
		{ "REPORT", "report", NULL, 1, NULL }, { "HEADLINE", "headline", NULL, 0, NULL } };
	static const struct column flaky[] = { { "TIMES", "times", NULL, 1, stats_number },
		{ "KIND", "kind", NULL, 3, NULL }, { "PROJECT", "project", NULL, 0, NULL },
		{ "BRANCHES", "branches", NULL, 4, stats_number },
		{ "MOST ON", "branch", NULL, 2, NULL }, { "NAME", "name", NULL, 0, NULL } };
	char heading[STATS_HEADING_MAX];

	show_table(json_text(stats, "branch")[0] != '\0'
			? "The branch, all its builds, not only those of these days"
			: "The busiest branches, of " STATS_BUSY
			  " builds and more, all their builds, not only those of these days",
		json_object_get(stats, "branches"), branches, ARRAY_SIZE(branches));
	show_table("What the agents did", json_object_get(stats, "agents"), agents,
		ARRAY_SIZE(agents));
	show_table(stats_heading(stats, "failures", "failuresTotal", "The most frequent failures",
			   heading),
		json_object_get(stats, "failures"), failures, ARRAY_SIZE(failures));
	show_table("The slowest repairs", json_object_get(stats, "slowest"), failures,
		ARRAY_SIZE(failures));
	show_table(stats_heading(stats, "flaky", "flakyTotal",
			   "Flaky, failed and passed on one commit", heading),
		json_object_get(stats, "flaky"), flaky, ARRAY_SIZE(flaky));
}

/* Builds that came out of order do count, though in no run. */
static void show_ignored(const json_t *ignored) {
	json_t *others = json_copy((json_t *)ignored);
	int64_t n_late = json_number(ignored, "outOfOrder");
	char text[128];

	(void)json_object_del(others, "outOfOrder");
	show_counts("Not counted", others);
	json_decref(others);
	if (n_late > 0) {
		text_format(text, sizeof(text),
			"%lld, counted as builds, but in no run of green ones", (long long)n_late);
		show_line("Out of order", text, "");
	}
}

static void show_behind(int64_t n_behind) {
	char text[256];

	if (n_behind > 0) {
		text_format(text, sizeof(text), "%lld" STATS_BEHIND, (long long)n_behind);
		show_line("Behind", text, "");
	}
}

static void show_forges(const json_t *forges) {
	json_t *forge;
	size_t i;

	json_array_foreach((json_t *)forges, i, forge) {
		_cleanup_(freep) char *name = print_one_line(json_text(forge, "name"));
		char key[STATS_TEXT_MAX];

		text_format(key, sizeof(key), "Budget %s", name != NULL ? name : "");
		print_pair(key, json_text(forge, "budget"));
	}
}

void stats_show(const json_t *stats) {
	char text[128], days[STATS_TEXT_MAX], number[STATS_TEXT_MAX];
	const json_t *incidents = json_object_get(stats, "incidents");

	print_fold();
	text_format(text, sizeof(text), "%s (UTC)", stats_days(stats, days));
	show_line("Days", text, "");
	show_lines(stats);
	print_pair("Project", json_text(stats, "project"));
	print_pair("Branch", json_text(stats, "branch"));
	if (stats_empty(stats) != NULL) {
		TEXT_SET(text, stats_empty(stats));
		show_line("Note", text, "");
	}
	show_builds(stats);
	show_counts("Incidents", incidents);
	show_counts("  by type", json_object_get(incidents, "byType"));
	show_counts("  by cause", json_object_get(incidents, "byCause"));
	show_resolution(stats);
	show_follow_up(stats);
	show_quality(stats);
	show_branches(stats);
	print_pair("Published", stats_number(json_object_get(stats, "published"), number));
	show_forges(json_object_get(stats, "forges"));
	show_ignored(json_object_get(stats, "ignored"));
	show_behind(json_number(stats, "behind"));
	show_tables(stats);
}
