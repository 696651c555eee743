/* What each fact adds to the tally of its branch's day; stats_follow.c sums these up to projects and everything. */
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/model/tally.h"
#include "daemon/store/stats.h"

static const char *text_of(const json_t *fact, const char *name) {
	const char *text = json_string_value(json_object_get(fact, name));

	return text != NULL ? text : "";
}

static const char *word_of(const json_t *fact, const char *name) {
	const char *text = text_of(fact, name);

	return text[0] != '\0' ? text : "unknown";
}

static int add(json_t *tally, const char *metric, const char *label, int64_t total) {
	return tally_add(tally, metric, label, 1, total);
}

static int take_opened(struct db *db, json_t *scopes, json_t *tally, const struct stats_event *event) {
	int r = add(tally, "incidents", "opened", 0);

	r = r < 0 ? r : add(tally, "types", word_of(event->fact, "type"), 0);
	return r < 0 ? r : add(tally, "causes", stats_cause(event->fact), 0);
}

/* A time that ends before it begins, by a clock that was set back, is not known; it is not none. */
static int add_duration(json_t *tally, const char *metric, const char *prefix, int64_t took_ms) {
	return took_ms < 0 ? add(tally, "ignored", "clock", 0)
			   : tally_add_duration(tally, metric, prefix, took_ms);
}

/* Builds */

/* A number of a part of the quality, and beyond what it makes no sense. */
struct member {
	const char *label;
	int64_t max;
};

/* In the order of its numbers in a fact. */
static const struct member lint_members[] = { { "errors", LIMIT_QUALITY_COUNT },
	{ "warnings", LIMIT_QUALITY_COUNT }, { NULL, 0 } };
static const struct member tests_members[] = { { "total", LIMIT_QUALITY_COUNT },
	{ "passed", LIMIT_QUALITY_COUNT }, { "failed", LIMIT_QUALITY_COUNT },
	{ "skipped", LIMIT_QUALITY_COUNT }, { "durationMs", LIMIT_QUALITY_TESTS_MS }, { NULL, 0 } };
static const struct member security_members[] = { { "critical", LIMIT_QUALITY_COUNT },
	{ "high", LIMIT_QUALITY_COUNT }, { "moderate", LIMIT_QUALITY_COUNT },
	{ "low", LIMIT_QUALITY_COUNT }, { "info", LIMIT_QUALITY_COUNT },
	{ "unknown", LIMIT_QUALITY_COUNT }, { NULL, 0 } };

static const struct part {
	const char *name;
	const struct member *members; /* NULL: one number of its own */
} parts[] = {
	{ "coverage", NULL },
	{ "lint", lint_members },
	{ "security", security_members },
	{ "tests", tests_members },
};

/* Of the tests not more passed, failed and were skipped than there are. */
static bool is_sum(const json_t *tests) {
	const json_t *total = json_array_get(tests, 0);
	json_int_t n = 0;

	for (size_t i = 1; i <= 3; i++) {
		n += json_integer_value(json_array_get(tests, i));
	}
	return !json_is_integer(total) || n <= json_integer_value(total);
}

static bool makes_sense(const struct part *part, const json_t *value) {
	if (part->members == NULL) {
		return json_is_integer(value);
	}
	for (size_t i = 0; part->members[i].label != NULL; i++) {
		if (json_integer_value(json_array_get(value, i)) > part->members[i].max) {
			return false;
		}
	}
	return json_is_array(value) && (part->members != tests_members || is_sum(value));
}

/* Each member counts the builds that told it, "builds" those that told any. */
static int take_part(json_t *tally, const struct part *part, const json_t *value) {
	int r = 0;

	if (!makes_sense(part, value)) {
		return add(tally, "ignored", part->name, 0);
	}
	if (part->members == NULL) {
		return add(tally, part->name, "lines", json_integer_value(value));
	}
	for (size_t i = 0; part->members[i].label != NULL && r == 0; i++) {
		const json_t *number = json_array_get(value, i);

		r = json_is_integer(number)
			? add(tally, part->name, part->members[i].label, json_integer_value(number))
			: 0;
	}
	return r < 0 ? r : add(tally, part->name, "builds", 0);
}

static int take_quality(json_t *tally, const json_t *fact) {
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && r == 0; i++) {
		const json_t *value = json_object_get(fact, parts[i].name);

		r = value != NULL ? take_part(tally, &parts[i], value) : 0;
	}
	return r;
}

static int take_flaky(json_t *tally, const json_t *flaky) {
	const json_t *label;
	size_t i;
	int r = 0;

	json_array_foreach((json_t *)flaky, i, label) {
		r = r < 0 ? r : add(tally, "flaky", json_string_value(label), 0);
	}
	return r;
}

static int take_outcome(json_t *tally, const struct stats_event *event, bool passed) {
	char label[STATS_LABEL_MAX];
	int r = add(tally, "builds", passed ? "passed" : "failed", 0);

	if (r == 0 && !passed) {
		stats_failure_label(stats_project(event), event->fact, label);
		r = add(tally, "failures", label, 0);
		r = r < 0 ? r : add(tally, TALLY_NEWEST, label, event->report_id);
	}
	return r < 0 ? r : take_quality(tally, event->fact);
}

static int take_build(struct db *db, json_t *scopes, json_t *tally, const struct stats_event *event) {
	const json_t *fact = event->fact;
	const struct stats_build build = { .project = event->project,
		.branch = text_of(fact, "branch"),
		.job = text_of(fact, "job"),
		.step = text_of(fact, "step"),
		.commit = text_of(fact, "commit"),
		.number = text_of(fact, "number"),
		.passed = json_is_true(json_object_get(fact, "passed")),
		.at_ms = event->at_ms,
		.failing = json_object_get(fact, "failing") };
	enum stats_build_kind kind = BUILD_COUNTS;
	json_t *flaky = NULL;
	int r = 0;

	if (json_is_true(json_object_get(fact, "opens"))) {
		r = take_opened(db, scopes, tally, event);
	}
	r = r < 0 ? r : stats_branch_take(db, &build, &kind, &flaky);
	if (r == 0 && kind == BUILD_IS_DUPLICATE) {
		return add(tally, "ignored", "duplicate", 0);
	}
	if (r == 0) {
		r = take_outcome(tally, event, build.passed);
	}
	if (r == 0 && kind == BUILD_IS_LATE) {
		r = add(tally, "ignored", "outOfOrder", 0);
	}
	r = r < 0 ? r : take_flaky(tally, flaky);
	json_decref(flaky);
	return r;
}

/* Incidents */

static int add_agent(json_t *tally, const char *agent, const char *what, int64_t total) {
	char label[LIMIT_NAME_MAX + 32];

	text_format(label, sizeof(label), "%s\n%s", agent, what);
	return add(tally, "agents", label, total);
}

static int take_reopened(
	struct db *db, json_t *scopes, json_t *tally, const struct stats_event *event) {
	struct stats_story story;
	int r = stats_story_read(db, event, &story);

	r = r < 0 ? r : add(tally, "incidents", "reopened", 0);
	if (r == 0 && story.last_agent[0] != '\0') {
		r = add_agent(tally, story.last_agent, "regressed", 0);
	}
	stats_story_finish(&story);
	return r;
}

static int take_triggered(
	struct db *db, json_t *scopes, json_t *tally, const struct stats_event *event) {
	return add_agent(tally, word_of(event->fact, "agent"), "triggered", 0);
}

static int take_published(
	struct db *db, json_t *scopes, json_t *tally, const struct stats_event *event) {
	return add(tally, "published", "posts", 0);
}

/* By the first check since it began; what its end says is of the whole incident. */
static bool is_first_check(const struct stats_event *event, const struct stats_story *story) {
	return story->came_back ? !story->is_checked
				: json_is_true(json_object_get(event->fact, "first"));
}

/* Proven green: how long it took, and in which cycle. */
static int take_resolved(
	json_t *tally, const struct stats_event *event, const struct stats_story *story) {
	char cycle[24];
	int64_t took_ms = event->at_ms - story->start_ms;
	int r;

	text_format(cycle, sizeof(cycle), "%lld",
		(long long)json_integer_value(json_object_get(event->fact, "cycle")));
	r = add(tally, "cycles", cycle, 0);
	if (r == 0 && is_first_check(event, story)) {
		r = add(tally, "checks", "first", 0);
	}
	if (r == 0 && !story->has_start) {
		return add(tally, "ignored", "noStart", 0);
	}
	r = r < 0 ? r : add_duration(tally, "resolution", NULL, took_ms);
	return r < 0 || took_ms < 0 ? r : add(tally, "repaired", story->cause, took_ms);
}

static int take_signs(json_t *tally, const struct stats_story *story) {
	const json_t *sign;
	size_t i;
	int r = 0;

	json_array_foreach(story->signs, i, sign) {
		r = r < 0 ? r
			  : add_duration(tally, "signs", json_string_value(json_array_get(sign, 0)),
				    json_integer_value(json_array_get(sign, 1)));
	}
	return r;
}

/* The agent that was triggered last has the credit, or not. */
static int take_agent(json_t *tally, const struct stats_event *event,
	const struct stats_story *story, const char *end) {
	int64_t cycle = json_integer_value(json_object_get(event->fact, "cycle"));
	int r = take_signs(tally, story);

	if (r < 0 || story->agent[0] == '\0') {
		return r;
	}
	r = add_agent(tally, story->agent, end, cycle);
	if (r == 0 && strcmp(end, "resolved") == 0) {
		r = add_duration(tally, "greens", story->agent, event->at_ms - story->triggered_ms);
	}
	return r;
}

/* One that was given up and ends once more has that end only: the one before is taken back from its day. */
static int take_end(json_t *scopes, json_t *tally, const struct stats_event *event,
	const struct stats_story *story, const char *end) {
	json_t *before;
	int r = add(tally, "ends", end, 0);

	if (r < 0 || story->given_up[0] == '\0') {
		return r;
	}
	r = stats_scope(scopes, stats_project(event), word_of(event->fact, "branch"),
		stats_day(story->given_up_ms), &before);
	return r < 0 ? r : tally_add(before, "ends", story->given_up, -1, 0);
}

static int take_ended(struct db *db, json_t *scopes, json_t *tally, const struct stats_event *event) {
	const char *end = word_of(event->fact, "state");
	struct stats_story story;
	int r = stats_story_read(db, event, &story);

	if (strcmp(end, "resolved") == 0 && !json_is_true(json_object_get(event->fact, "proven"))) {
		end = "merged";
	}
	r = r < 0 ? r : add(tally, "incidents", end, 0);
	r = r < 0 ? r : take_end(scopes, tally, event, &story, end);
	if (r == 0 && strcmp(end, "resolved") == 0) {
		r = take_resolved(tally, event, &story);
	}
	r = r < 0 ? r : take_agent(tally, event, &story, end);
	stats_story_finish(&story);
	return r;
}

static const struct {
	const char *what;
	int (*take)(struct db *db, json_t *scopes, json_t *tally, const struct stats_event *event);
} takers[] = {
	{ "build", take_build },
	{ "ended", take_ended },
	{ "opened", take_opened },
	{ "published", take_published },
	{ "reopened", take_reopened },
	{ "triggered", take_triggered },
};

int stats_take(struct db *db, json_t *scopes, const struct stats_event *event) {
	const char *what = text_of(event->fact, "what");
	json_t *tally;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(takers); i++) {
		if (strcmp(what, takers[i].what) == 0) {
			r = stats_scope(scopes, stats_project(event),
				word_of(event->fact, "branch"), stats_day(event->at_ms), &tally);
			return r < 0 ? r : takers[i].take(db, scopes, tally, event);
		}
	}
	return 0; /* says something about an incident that only its end counts */
}
