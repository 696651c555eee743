#include "daemon/ipc/stats_figures.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/text.h"
#include "daemon/limits.h"
#include "daemon/model/tally.h"

/* A share or mean of nothing is not known. */
static json_t *ratio(int64_t part, int64_t whole) {
	return whole > 0 ? json_real((double)part / (double)whole) : json_null();
}

static json_t *number(int64_t value) {
	return json_integer(value);
}

/* Of all values that were counted under the label. */
static json_t *mean(const json_t *tally, const char *metric, const char *label) {
	return ratio(tally_total(tally, metric, label), tally_n(tally, metric, label));
}

/* In percent; it was counted in hundredths of one. */
static json_t *coverage(const json_t *tally) {
	int64_t n = tally_n(tally, "coverage", "lines");

	return n > 0 ? json_real((double)tally_total(tally, "coverage", "lines") / (double)n / 100)
		     : json_null();
}

static json_t *percentile(const json_t *tally, const char *metric, const char *prefix, int percent) {
	int64_t ms = 0;

	return tally_percentile(tally, metric, prefix, percent, &ms) ? json_integer(ms) : json_null();
}

/* Of the labels with that prefix. */
static void sum_durations(const json_t *tally, const char *metric, const char *prefix,
	int64_t *ret_n, int64_t *ret_total) {
	size_t len = prefix != NULL ? strlen(prefix) : 0;
	const char *label;
	json_t *pair;

	json_object_foreach(json_object_get(tally, metric), label, pair) {
		if (prefix == NULL || (strncmp(label, prefix, len) == 0 && label[len] == '\n')) {
			*ret_n += json_integer_value(json_array_get(pair, 0));
			*ret_total += json_integer_value(json_array_get(pair, 1));
		}
	}
}

static json_t *durations(const json_t *tally, const char *metric, const char *prefix) {
	int64_t n = 0, total = 0;

	sum_durations(tally, metric, prefix, &n, &total);
	return json_pack("{s:I, s:o, s:o, s:o, s:o}", "count", (json_int_t)n, "p50Ms",
		percentile(tally, metric, prefix, 50), "p90Ms", percentile(tally, metric, prefix, 90),
		"p99Ms", percentile(tally, metric, prefix, 99), "meanMs", ratio(total, n));
}

/* {label: n} */
static json_t *counts(const json_t *tally, const char *metric) {
	json_t *object = json_object(), *pair;
	const char *label;

	json_object_foreach(json_object_get(tally, metric), label, pair) {
		(void)json_object_set(object, label, json_array_get(pair, 0));
	}
	return object;
}

static json_t *builds(const json_t *tally) {
	int64_t failed = tally_n(tally, "builds", "failed");
	int64_t total = tally_sum(tally, "builds");

	return json_pack("{s:I, s:I, s:I, s:o}", "total", (json_int_t)total, "passed",
		(json_int_t)(total - failed), "failed", (json_int_t)failed, "failureRate",
		ratio(failed, total));
}

static json_t *branches(const json_t *found) {
	json_t *list = json_array(), *branch;
	size_t i;

	json_array_foreach((json_t *)found, i, branch) {
		json_t *row = json_copy(branch);
		char at[CLOCK_TEXT_MAX];

		clock_format(json_integer_value(json_object_get(row, "last")), at);
		(void)json_object_del(row, "last");
		(void)json_object_set_new(row, "failureRate",
			ratio(json_integer_value(json_object_get(row, "failed")),
				json_integer_value(json_object_get(row, "builds"))));
		(void)json_object_set_new(row, "lastBuildAt", json_string(at));
		(void)json_array_append_new(list, row);
	}
	return list;
}

/* Incidents */

static const char *const ends[] = { "resolved", "merged", "escalated", "abandoned", NULL };

static json_t *incidents(const json_t *tally) {
	json_t *object = json_object();
	static const char *const labels[] = { "opened", "reopened", "resolved", "merged",
		"escalated", "abandoned" };

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		(void)json_object_set_new(
			object, labels[i], number(tally_n(tally, "incidents", labels[i])));
	}
	(void)json_object_set_new(object, "byType", counts(tally, "types"));
	(void)json_object_set_new(object, "byCause", counts(tally, "causes"));
	return object;
}

/* Each incident by its last end. Of a day whose log is gone more may be taken back than is there. */
static json_t *follow_up(const json_t *tally) {
	int64_t resolved = tally_n(tally, "ends", "resolved");
	int64_t first = tally_n(tally, "checks", "first");
	int64_t ended = 0;

	for (size_t i = 0; ends[i] != NULL; i++) {
		ended += MAX(tally_n(tally, "ends", ends[i]), 0);
	}
	return json_pack("{s:I, s:I, s:o, s:I, s:o, s:o}", "ended", (json_int_t)ended, "resolved",
		(json_int_t)resolved, "successRate", ratio(resolved, ended), "firstCheck",
		(json_int_t)first, "firstCheckRate", ratio(first, ended), "byCycle",
		counts(tally, "cycles"));
}

/* Lists */

typedef int compare_fn(const json_t *a, const json_t *b);

/* The first `limit` of the objects, highest first, those alike by name: an order that nothing else decides. */
static json_t *best_of(json_t *list, compare_fn *compare, size_t limit) {
	json_t *best = json_array(), *object;
	size_t i;

	json_array_foreach(list, i, object) {
		size_t at = json_array_size(best);

		while (at > 0 && compare(object, json_array_get(best, at - 1)) > 0) {
			at--;
		}
		if (at < limit) {
			(void)json_array_insert(best, at, object);
			(void)json_array_remove(best, limit);
		}
	}
	json_decref(list);
	return best;
}

static int compare_member(const json_t *a, const json_t *b, const char *name) {
	double left = json_number_value(json_object_get(a, name));
	double right = json_number_value(json_object_get(b, name));

	return (left > right) - (left < right);
}

static int compare_name(const json_t *a, const json_t *b, const char *name) {
	const char *left = json_string_value(json_object_get(a, name));
	const char *right = json_string_value(json_object_get(b, name));

	return strcmp(right != NULL ? right : "", left != NULL ? left : "");
}

static int by_times(const json_t *a, const json_t *b) {
	int order = compare_member(a, b, "times");

	order = order != 0
		? order
		: compare_name(b, a, "kind"); /* tests, whose names say more, before steps */
	order = order != 0 ? order : compare_name(a, b, "name");
	return order != 0 ? order : compare_name(a, b, "project");
}

/* What makes the row of a flaky test or step: one of its project, whatever the branch. NULL: memory. */
static json_t *flaky_row(json_t *rows, const char *kind, const char *project, const char *name) {
	char key[7 * LIMIT_NAME_MAX];
	json_t *row;

	text_format(key, sizeof(key), "%s\n%s\n%s", kind, project, name);
	row = json_object_get(rows, key);
	if (row == NULL) {
		row = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:i}", "kind", kind, "name", name,
			"project", project, "branch", "", "branches", 0, "times", 0, "most", 0);
		if (json_object_set_new(rows, key, row) < 0) {
			return NULL;
		}
	}
	return row;
}

static int64_t member_of(const json_t *row, const char *name) {
	return json_integer_value(json_object_get(row, name));
}

/* The branch that is named is the one with most of them, of those alike the first by name. */
static void flaky_add(json_t *row, const char *branch, int64_t n) {
	int64_t most = member_of(row, "most");

	if (n > most ||
		(n == most && strcmp(branch, json_string_value(json_object_get(row, "branch"))) < 0)) {
		(void)json_object_set_new(row, "branch", json_string(branch));
		(void)json_object_set_new(row, "most", number(n));
	}
	(void)json_object_set_new(row, "branches", number(member_of(row, "branches") + 1));
	(void)json_object_set_new(row, "times", number(member_of(row, "times") + n));
}

/* "KIND\nPROJECT\nBRANCH\nNAME" */
static void flaky_take(json_t *rows, const char *label, int64_t n) {
	char parts[7 * LIMIT_NAME_MAX];
	char *project, *branch, *name;
	json_t *row;

	TEXT_SET(parts, label);
	project = strchr(parts, '\n');
	branch = project != NULL ? strchr(project + 1, '\n') : NULL;
	name = branch != NULL ? strchr(branch + 1, '\n') : NULL;
	if (name == NULL) {
		return;
	}
	*project++ = *branch++ = *name++ = '\0';
	row = flaky_row(rows, parts, project, name);
	if (row != NULL) {
		flaky_add(row, branch, n);
	}
}

/* All of them. */
static json_t *flaky(const json_t *tally) {
	json_t *rows = json_object(), *list = json_array(), *value;
	const char *label;

	json_object_foreach(json_object_get(tally, "flaky"), label, value) {
		flaky_take(rows, label, json_integer_value(json_array_get(value, 0)));
	}
	json_object_foreach(rows, label, value) {
		(void)json_object_del(value, "most");
		(void)json_array_append(list, value);
	}
	json_decref(rows);
	return list;
}

/* "FINGERPRINT\nTYPE\nCAUSE\nPROJECT\nSTEP" */
static json_t *failure_to_json(const json_t *tally, const char *label) {
	static const char *const parts[] = { "fingerprint", "errorType", "cause", "project" };
	int64_t repaired = tally_n(tally, "repaired", label);
	char report[ID_TEXT_MAX];
	json_t *row = json_object();
	const char *rest = label;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && strchr(rest, '\n') != NULL; i++) {
		size_t len = strcspn(rest, "\n");

		(void)json_object_set_new(row, parts[i], json_stringn(rest, len));
		rest += len + 1;
	}
	id_format(ID_REPORT, tally_total(tally, TALLY_NEWEST, label), report);
	(void)json_object_set_new(row, "step", json_string(rest));
	(void)json_object_set_new(
		row, "report", report[0] != '\0' ? json_string(report) : json_null());
	(void)json_object_set_new(row, "failures", number(tally_n(tally, "failures", label)));
	(void)json_object_set_new(row, "repaired", number(repaired));
	(void)json_object_set_new(
		row, "meanMs", ratio(tally_total(tally, "repaired", label), repaired));
	return row;
}

/* A label and what it is ordered by. There may be very many: an object is made of the best alone. */
struct ranked {
	const char *label; /* borrowed */
	double rank;
};

typedef double rank_fn(const json_t *pair);

static double rank_by_count(const json_t *pair) {
	return (double)json_integer_value(json_array_get(pair, 0));
}

static double rank_by_mean(const json_t *pair) {
	return (double)json_integer_value(json_array_get(pair, 1)) / rank_by_count(pair);
}

static bool is_before(const struct ranked *a, const struct ranked *b) {
	return a->rank != b->rank ? a->rank > b->rank : strcmp(a->label, b->label) < 0;
}

/* Highest first, those alike by label. Returns how many. */
static size_t rank_labels(const json_t *tally, const char *metric, rank_fn *rank,
	struct ranked best[LIMIT_STATS_ROWS]) {
	const char *label;
	json_t *pair;
	size_t n = 0;

	json_object_foreach(json_object_get(tally, metric), label, pair) {
		const struct ranked one = { label, rank(pair) };
		size_t at = n;

		while (at > 0 && is_before(&one, &best[at - 1])) {
			at--;
		}
		if (at < LIMIT_STATS_ROWS) {
			n = MIN(n + 1, (size_t)LIMIT_STATS_ROWS);
			memmove(&best[at + 1], &best[at], (n - 1 - at) * sizeof(*best));
			best[at] = one;
		}
	}
	return n;
}

static json_t *failures(const json_t *tally, const char *metric, rank_fn *rank) {
	struct ranked best[LIMIT_STATS_ROWS];
	size_t n = rank_labels(tally, metric, rank, best);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		(void)json_array_append_new(list, failure_to_json(tally, best[i].label));
	}
	return list;
}

/* Agents */

static int64_t of_agent(const json_t *tally, const char *agent, const char *what) {
	char label[LIMIT_NAME_MAX + 32];

	text_format(label, sizeof(label), "%s\n%s", agent, what);
	return tally_n(tally, "agents", label);
}

static json_t *agent_to_json(const json_t *tally, const char *agent) {
	static const char *const whats[] = { "triggered", "resolved", "merged", "escalated",
		"abandoned", "regressed" };
	json_t *object = json_pack("{s:s}", "name", agent);
	int64_t resolved = of_agent(tally, agent, "resolved"), ended = 0, cycles;
	char label[LIMIT_NAME_MAX + 32];

	for (size_t i = 0; i < ARRAY_SIZE(whats); i++) {
		(void)json_object_set_new(object, whats[i], number(of_agent(tally, agent, whats[i])));
	}
	for (size_t i = 0; ends[i] != NULL; i++) {
		ended += of_agent(tally, agent, ends[i]);
	}
	text_format(label, sizeof(label), "%s\nresolved", agent);
	cycles = tally_total(tally, "agents", label);
	(void)json_object_set_new(object, "successRate", ratio(resolved, ended));
	(void)json_object_set_new(object, "meanCycles", ratio(cycles, resolved));
	(void)json_object_set_new(object, "firstSign", durations(tally, "signs", agent));
	(void)json_object_set_new(object, "green", durations(tally, "greens", agent));
	return object;
}

static int by_name(const json_t *a, const json_t *b) {
	return compare_name(a, b, "name");
}

static json_t *agents(const json_t *tally) {
	json_t *seen = json_object(), *list = json_array(), *pair;
	const char *label;

	json_object_foreach(json_object_get(tally, "agents"), label, pair) {
		char name[LIMIT_NAME_MAX];

		TEXT_SET(name, label);
		name[strcspn(name, "\n")] = '\0';
		if (json_object_get(seen, name) == NULL) {
			(void)json_object_set_new(seen, name, json_true());
			(void)json_array_append_new(list, agent_to_json(tally, name));
		}
	}
	json_decref(seen);
	return best_of(list, by_name, LIMIT_CONFIG_AGENTS);
}

/* Quality */

static json_t *means(const json_t *tally, const char *metric, const char *const *labels) {
	json_t *object = json_object();

	for (size_t i = 0; labels[i] != NULL; i++) {
		(void)json_object_set_new(object, labels[i], mean(tally, metric, labels[i]));
	}
	(void)json_object_set_new(object, "builds", number(tally_n(tally, metric, "builds")));
	return object;
}

static json_t *quality(const json_t *tally) {
	static const char *const lint[] = { "errors", "warnings", NULL };
	static const char *const tests[] = { "total", "passed", "failed", "skipped", "durationMs",
		NULL };
	static const char *const security[] = { "critical", "high", "moderate", "low", "info",
		"unknown", NULL };

	return json_pack("{s:{s:o, s:I}, s:o, s:o, s:o}", "coverage", "lines", coverage(tally),
		"builds", (json_int_t)tally_n(tally, "coverage", "lines"), "lint",
		means(tally, "lint", lint), "tests", means(tally, "tests", tests), "security",
		means(tally, "security", security));
}

/* What the scanners of a build found, on the average, of the severities that they told. */
static json_t *findings(const json_t *tally) {
	const char *label;
	json_t *pair;
	int64_t total = 0;

	json_object_foreach(json_object_get(tally, "security"), label, pair) {
		total += json_integer_value(json_array_get(pair, 1));
	}
	return ratio(total, tally_n(tally, "security", "builds"));
}

/* A day of the series. */
static json_t *day_to_json(int64_t day, const json_t *tally) {
	char at[CLOCK_TEXT_MAX];
	json_t *object;

	clock_format(day * CLOCK_DAY_MS, at);
	at[strlen("2026-11-22")] = '\0';
	object = json_pack("{s:s, s:o, s:I, s:I, s:o, s:o, s:o}", "day", at, "builds",
		builds(tally), "opened", (json_int_t)tally_n(tally, "incidents", "opened"),
		"resolved", (json_int_t)tally_n(tally, "incidents", "resolved"), "resolutionP50Ms",
		percentile(tally, "resolution", NULL, 50), "coverage", coverage(tally), "findings",
		findings(tally));
	(void)json_object_set_new(object, "lintErrors", mean(tally, "lint", "errors"));
	(void)json_object_set_new(object, "lintWarnings", mean(tally, "lint", "warnings"));
	(void)json_object_set_new(object, "tests", mean(tally, "tests", "total"));
	(void)json_object_set_new(object, "testsMs", mean(tally, "tests", "durationMs"));
	return object;
}

static json_t *series(const json_t *days) {
	json_t *list = json_array(), *day;
	size_t i;

	json_array_foreach((json_t *)days, i, day) {
		(void)json_array_append_new(list,
			day_to_json(json_integer_value(json_object_get(day, "day")),
				json_object_get(day, "tally")));
	}
	return list;
}

static size_t count_of(const json_t *tally, const char *metric) {
	return json_object_size(json_object_get(tally, metric));
}

static json_t *ignored(const struct stats_window *window) {
	json_t *object = counts(window->totals, "ignored");

	if (window->n_later > 0) {
		(void)json_object_set_new(object, "later", number(window->n_later));
	}
	return object;
}

json_t *stats_figures(const struct stats_window *window) {
	const json_t *totals = window->totals;
	json_t *all_flaky = flaky(totals);
	size_t n_flaky = json_array_size(all_flaky), n_failures = count_of(totals, "failures");

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:I, s:o, s:I, s:o, s:o}",
		"builds", builds(totals), "branches", branches(window->branches), "resolution",
		durations(totals, "resolution", NULL), "followUp", follow_up(totals), "incidents",
		incidents(totals), "agents", agents(totals), "quality", quality(totals), "flaky",
		best_of(all_flaky, by_times, LIMIT_STATS_ROWS), "flakyTotal", (json_int_t)n_flaky,
		"failures", failures(totals, "failures", rank_by_count), "failuresTotal",
		(json_int_t)n_failures, "slowest", failures(totals, "repaired", rank_by_mean),
		"published", (json_int_t)tally_n(totals, "published", "posts"), "ignored",
		ignored(window), "days", series(window->days));
}
