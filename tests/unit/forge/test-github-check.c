#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/check_scene.h"

/* ---- one ---- */

static void a_green_one_is_ready(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix" },
		{ .number = 18, .branch = "red", .conclusion = "FAILURE" },
		{ .number = 19, .branch = "old", .state = "MERGED" } };
	struct checks *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	verdict = checks_one(f, 17, "fix");
	assert_int_equal(verdict->outcome, VERDICT_READY);
	assert_string_equal(verdict->head_sha, SCENE_HEAD);
	assert_string_equal(f->scene.bearers[0], "a-token");
	/* By its branch: its pull request is found, and then asked about. */
	assert_int_equal(checks_one(f, 0, "fix")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 3);
	/* A branch without one. */
	assert_int_equal(checks_one(f, 0, "alone")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 4);
	verdict = checks_one(f, 18, "red");
	assert_int_equal(verdict->outcome, VERDICT_NOT_READY);
	assert_true(checks_has(verdict, REASON_CHECK_FAILED));
	assert_int_equal(checks_one(f, 19, "old")->outcome, VERDICT_MERGED);
}

static void a_project_needs_an_owner(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	struct checks *f = *state;
	struct forge_check *check = &f->checks[0];

	checks_start(f, replies, ARRAY_SIZE(replies));
	*check = (struct forge_check){ .project = "web", .branch = "fix", .now_ms = SCENE_NOW };
	assert_int_equal(forge_check(f->scene.forge, check, checks_done), 0);
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(f->statuses[0], -EINVAL);
	assert_false(check->passing);
	assert_non_null(strstr(check->sentence, "OWNER/NAME"));
	assert_int_equal(f->scene.n_lines, 0);
}

/* What is only due got no answer yet: who waits for one is not kept waiting by that. */
static void a_question_goes_past_what_hangs(void **state) {
	static struct scene_reply replies[] = { { "POST /graphql", SCENE_SILENT, NULL, NULL, 1, 0 },
		CHECK_QUERIES };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix" },
		{ .number = 18, .branch = "red", .conclusion = "FAILURE" } };
	struct checks *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	(void)checks_begin(f, 0, 17, "fix");
	scene_run_requests(&f->scene, 1);
	f->checks[1].waited_for = true;
	(void)checks_begin(f, 1, 18, "red");
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(f->checks[1].verdict.outcome, VERDICT_NOT_READY);
	scene_close_forge(&f->scene);
	assert_int_equal(f->n_done, 2);
	assert_int_equal(f->statuses[0], -ECANCELED);
}

/* CI gave the number of another branch's pull request. That is known, and not told yet, when the forge closes. */
static void closing_ends_one_that_has_to_look_again(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES,
		{ "GET /repos/acme/web/pulls/17", 200,
			"{\"number\":17,\"state\":\"open\",\"merged\":false,\"draft\":false,\"mergeable\":true,"
			"\"mergeable_state\":\"clean\",\"head\":{\"sha\":\"" SCENE_HEAD
			"\",\"ref\":\"fix\",\"repo\":{\"full_name\":\"acme/web\"}},\"base\":{\"ref\":\"main\"}}",
			NULL, 0, 0 } };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .n_unknown = 99 } };
	struct checks *f = *state;
	struct github *github;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	github = scene_github(&f->scene);
	(void)checks_begin(f, 0, 17, "other");
	while (f->n_done == 0 &&
		(scene_count(&f->scene, "GET /repos/acme/web/pulls/17") == 0 ||
			list_is_empty(&github->ended))) {
		assert_int_not_equal(uv_run(&f->scene.loop, UV_RUN_ONCE), 0);
	}
	assert_int_equal(f->n_done, 0);
	scene_close_forge(&f->scene);
	assert_int_equal(f->n_done, 1);
	assert_int_equal(f->statuses[0], -ECANCELED);
}

/* ---- the judge's policy ---- */

static void the_projects_settings_count(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static struct scene_pull pulls[] = {
		{ .number = 17, .branch = "fix", .conclusion = "FAILURE" }
	};
	char *ignored[] = { "check *", "ci", NULL }, *required[] = { "deploy*", NULL };
	struct config_checks checks = { .ignored = ignored };
	struct checks *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].checks = &checks;
	assert_false(checks_has(checks_one(f, 17, "fix"), REASON_CHECK_FAILED));
	checks = (struct config_checks){ .required = required };
	assert_true(checks_has(checks_one(f, 17, "fix"), REASON_CHECK_MISSING));
}

static void builds_tell_what_else_is_red(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static struct scene_pull pulls[] = {
		{ .number = 17, .branch = "fix", .conclusion = "FAILURE" }
	};
	static const struct incident incident = { .id = 5, .revision = 7 };
	static const int64_t active[] = { 5, 6 };
	struct build builds[] = {
		{ .id = 1, .job = "check 0", .step = "s", .incident_id = 6, .at_ms = SCENE_NOW - 9 },
		{ .id = 2, .job = "check 0", .step = "s", .passed = true, .at_ms = SCENE_NOW - 8 },
	};
	struct checks *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].incident = &incident;
	f->checks[0].active_incidents = active;
	f->checks[0].n_active_incidents = ARRAY_SIZE(active);
	f->checks[0].builds = builds;
	f->checks[0].n_builds = 1;
	verdict = checks_one(f, 17, "fix");
	assert_int_equal(verdict->outcome, VERDICT_PENDING);
	assert_true(checks_has(verdict, REASON_RED_ELSEWHERE));
	assert_int_equal(verdict->revision, 7);
	/* It passed since, so it is nobody else's. */
	f->checks[0].n_builds = 2;
	assert_true(checks_has(checks_one(f, 17, "fix"), REASON_CHECK_FAILED));
	/* Nor is one's own. */
	builds[0].incident_id = 5;
	f->checks[0].n_builds = 1;
	assert_true(checks_has(checks_one(f, 17, "fix"), REASON_CHECK_FAILED));
}

/* On the reported head nothing passed after the report but what CI told us itself. */
static void a_passed_build_proves_the_report_repaired(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static const struct report report = { .at_ms = SCENE_NOW - 5 * CLOCK_MINUTE_MS,
		.commit = SCENE_HEAD,
		.job = "unit",
		.step = "make check" };
	struct build builds[] = {
		{ .id = 1,
			.job = "unit",
			.step = "make check",
			.commit = SCENE_HEAD,
			.at_ms = SCENE_NOW - 5 * CLOCK_MINUTE_MS,
			.incident_id = 5 },
		{ .id = 2,
			.job = "unit",
			.step = "make check",
			.commit = SCENE_HEAD,
			.at_ms = SCENE_NOW - CLOCK_MINUTE_MS,
			.passed = true },
		{ .id = 3,
			.job = "unit",
			.step = "make check",
			.commit = SCENE_HEAD,
			.at_ms = SCENE_NOW - 10,
			.incident_id = 5 },
	};
	struct checks *f = *state;
	enum verdict_outcome without, with, again;

	checks_start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].report = &report;
	f->checks[0].builds = builds;
	f->checks[0].n_builds = 1;
	without = checks_one(f, 17, "fix")->outcome;
	f->checks[0].n_builds = 2;
	with = checks_one(f, 17, "fix")->outcome;
	f->checks[0].n_builds = 3;
	again = checks_one(f, 17, "fix")->outcome;
	assert_int_not_equal(without, VERDICT_READY);
	assert_int_equal(with, VERDICT_READY);
	assert_int_not_equal(again, VERDICT_READY);
}

/* ---- clocks ---- */

/* The checks ended at 01:10 by GitHub's clock; `report_ms` is by ours. */
static const struct clock_row {
	const char *what;
	int64_t ahead_ms; /* GitHub's */
	int64_t report_ms;
	bool same_commit;
	enum verdict_outcome outcome;
	enum reason_code code;
} clock_rows[] = {
#define ENDED_MS (SCENE_NOW - 18 * CLOCK_MINUTE_MS - 13693)
#define BEFORE (ENDED_MS - 5 * CLOCK_MINUTE_MS)
#define AFTER (ENDED_MS + 5 * CLOCK_MINUTE_MS)
	{ "both are right", 0, BEFORE, false, VERDICT_READY, REASON_CODE_COUNT },
	{ "both are right, and it is older", 0, AFTER, true, VERDICT_NOT_READY,
		REASON_NO_BUILD_SINCE_REPORT },
	{ "ours is behind, and it is older", 10 * CLOCK_MINUTE_MS, BEFORE, true, VERDICT_NOT_READY,
		REASON_NO_BUILD_SINCE_REPORT },
	{ "ours is a little behind", 5 * CLOCK_MINUTE_MS + 2000, BEFORE, false, VERDICT_NOT_READY,
		REASON_ORDER_UNKNOWN },
	{ "ours is ahead", -10 * CLOCK_MINUTE_MS, AFTER, false, VERDICT_READY, REASON_CODE_COUNT },
	{ "within the second that a date tells", 0, ENDED_MS - 200, false, VERDICT_NOT_READY,
		REASON_ORDER_UNKNOWN },
};

static void it_is_compared_by_githubs_clock(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	struct checks *f = *state;

	checks_start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < ARRAY_SIZE(clock_rows); i++) {
		const struct clock_row *row = &clock_rows[i];
		struct report report = { .at_ms = row->report_ms, .branch = "fix", .job = "check 0" };
		const struct verdict *verdict;

		(void)TEXT_SET(report.commit, row->same_commit ? SCENE_HEAD : "");
		f->scene.ahead_ms = row->ahead_ms;
		scene_github(&f->scene)->clock = (struct github_clock){ 0 };
		f->checks[0] = (struct forge_check){ .report = &report };
		f->checks[0].head_repository = "";
		verdict = checks_one(f, 17, "fix");
		if (verdict->outcome != row->outcome ||
			(row->code != REASON_CODE_COUNT && !checks_has(verdict, row->code))) {
			fail_msg("%s: outcome %d, %s", row->what, verdict->outcome,
				verdict->n_reasons > 0 ? verdict->reasons[0].message : "");
		}
	}
}

/* Nothing says what time it is there. */
static void without_githubs_clock_nothing_is_proven(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static const struct report report = { .at_ms = BEFORE, .job = "check 0" };
	struct checks *f = *state;

	f->scene.no_date = true;
	checks_start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].report = &report;
	assert_true(checks_has(checks_one(f, 17, "fix"), REASON_ORDER_UNKNOWN));
}

/* ---- a number of nothing ---- */

static const struct number_row {
	const char *what;
	const char *branch;
	struct scene_pull pulls[2];
	enum verdict_outcome outcome;
	size_t n_lines;
	enum incident_hold hold; /* of the incident, if it is one's */
	bool is_of_incident;
} number_rows[] = {
	{ "one answer that it is not there", "fix",
		{ { .number = 17, .branch = "fix", .error = "NO_PULL", .error_once = true } },
		VERDICT_READY, 2, HOLD_NONE, true },
	{ "a number that is none, of a branch that is red", "fix",
		{ { .number = 17, .branch = "x", .error = "NO_PULL" },
			{ .branch = "fix", .conclusion = "FAILURE" } },
		VERDICT_NOT_READY, 3, HOLD_UNKNOWN, true },
	{ "a branch of its name that is green, of another commit", "fix",
		{ { .number = 17, .branch = "x", .error = "NO_PULL" }, { .branch = "fix" } },
		VERDICT_GONE, 3, HOLD_UNKNOWN, true },
	{ "the project's own, as was seen when it was published", "fix",
		{ { .number = 17, .branch = "x", .error = "NO_PULL" }, { .branch = "fix" } },
		VERDICT_READY, 3, HOLD_NONE, true },
	{ "a fork's branch is not the project's", "fix",
		{ { .number = 17, .branch = "x", .error = "NO_PULL" }, { .branch = "fix" } },
		VERDICT_GONE, 2, HOLD_FORK, true },
	{ "a fork's that was released", "fix",
		{ { .number = 17, .branch = "x", .error = "NO_PULL" }, { .branch = "fix" } },
		VERDICT_GONE, 2, HOLD_RELEASED, true },
	{ "who asks for a number asks for no branch", "fix",
		{ { .number = 17, .branch = "x", .error = "NO_PULL" }, { .branch = "fix" } },
		VERDICT_GONE, 2, HOLD_NONE, false },
	{ "a fork's, whose branch is not known", "pull/17",
		{ { .number = 17, .branch = "x", .error = "NO_PULL" } }, VERDICT_GONE, 2, HOLD_NONE,
		false },
	{ "a fork's, not found once", "pull/17",
		{ { .number = 17, .branch = "x", .error = "NO_PULL", .error_once = true } },
		VERDICT_READY, 2, HOLD_NONE, false },
};

static void a_number_that_is_not_found_is_not_the_end(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };

	for (size_t i = 0; i < ARRAY_SIZE(number_rows); i++) {
		const struct number_row *row = &number_rows[i];
		struct scene_pull pulls[ARRAY_SIZE(row->pulls)];
		struct incident incident = { .id = 5, .revision = 7 };
		struct checks *f;
		const struct verdict *verdict;

		assert_int_equal(checks_set_up((void **)&f), 0);
		memcpy(pulls, row->pulls, sizeof(pulls));
		f->scene.pulls = pulls;
		f->scene.n_pulls = row->pulls[1].branch != NULL ? 2 : 1;
		checks_start(f, replies, ARRAY_SIZE(replies));
		incident.hold = row->hold;
		f->checks[0].incident = row->is_of_incident ? &incident : NULL;
		verdict = checks_one(f, 17, row->branch);
		if (verdict->outcome != row->outcome || f->scene.n_lines != row->n_lines) {
			fail_msg("%s: outcome %d, %zu requests", row->what, verdict->outcome,
				f->scene.n_lines);
		}
		assert_int_equal(checks_tear_down((void **)&f), 0);
	}
}

/* ---- links ---- */

#define OWN 17

static const struct link_row {
	const char *what;
	struct scene_pull own;
	struct scene_pull links[2]; /* the newest is the second */
	enum verdict_outcome outcome;
} link_rows[] = {
	{ "the agent's pull request is ready and waits to be merged", { .conclusion = "FAILURE" },
		{ { .state = "CLOSED" }, { .number = 21 } }, VERDICT_NOT_READY },
	{ "even when it is red", { .conclusion = "TIMED_OUT" },
		{ { .state = "CLOSED" }, { .number = 21, .conclusion = "FAILURE" } },
		VERDICT_NOT_READY },
	{ "the own one is ready", { 0 },
		{ { .state = "CLOSED" }, { .number = 21, .conclusion = "FAILURE" } }, VERDICT_READY },
	{ "the own one is merged", { .state = "MERGED" },
		{ { .state = "CLOSED" }, { .number = 21, .conclusion = "FAILURE" } }, VERDICT_MERGED },
	{ "a closed one is ignored, an older one is open", { .conclusion = "FAILURE" },
		{ { .number = 20, .conclusion = "TIMED_OUT" }, { .number = 21, .state = "CLOSED" } },
		VERDICT_PENDING },
	{ "merged ones are ignored", { .conclusion = "FAILURE" },
		{ { .number = 20, .state = "MERGED" }, { .number = 21, .state = "MERGED" } },
		VERDICT_NOT_READY },
	{ "without a pull request it is ignored", { .conclusion = "FAILURE" },
		{ { .state = "CLOSED" }, { .number = 0 } }, VERDICT_NOT_READY },
	{ "nobody knows whether it is open", { .conclusion = "FAILURE" },
		{ { .state = "CLOSED" }, { .number = 21, .error = "BROKEN" } }, VERDICT_UNKNOWN },
	{ "its repository is gone", { .conclusion = "FAILURE" },
		{ { .state = "CLOSED" }, { .number = 21, .error = "NOT_FOUND" } }, VERDICT_NOT_READY },
};

static void links_stand_in(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(link_rows); i++) {
		struct scene_reply replies[] = { CHECK_QUERIES };
		struct scene_pull pulls[] = { link_rows[i].own, link_rows[i].links[0],
			link_rows[i].links[1] };
		const struct link links[] = { { .branch = "first", .pull_request = pulls[1].number },
			{ .branch = "second", .pull_request = pulls[2].number } };
		struct checks *f;
		const struct verdict *verdict;

		assert_int_equal(checks_set_up((void **)&f), 0);
		pulls[0].number = OWN;
		pulls[0].branch = "fix";
		pulls[1].branch = "first";
		pulls[2].branch = "second";
		f->scene.pulls = pulls;
		f->scene.n_pulls = ARRAY_SIZE(pulls);
		f->checks[0].links = links;
		f->checks[0].n_links = ARRAY_SIZE(links);
		checks_start(f, replies, ARRAY_SIZE(replies));
		verdict = checks_one(f, OWN, "fix");
		if (verdict->outcome != link_rows[i].outcome) {
			fail_msg("%s: %s", link_rows[i].what,
				verdict_outcome_names[verdict->outcome]);
		}
		assert_int_equal(checks_tear_down((void **)&f), 0);
	}
}

/* What GitHub says of a branch that is an agent's by its name alone. */
static const struct guess_row {
	const char *what;
	struct scene_pull link;
	const char *branch;
	bool settled;
	enum link_standing standing;
	bool stands_in;
} guess_rows[] = {
	{ "the project's own", { .number = 21, .conclusion = "TIMED_OUT" }, "agent/1", true,
		LINK_CONFIRMED, true },
	{ "a fork's", { .number = 21, .is_of_fork = true, .conclusion = "TIMED_OUT" }, "agent/1",
		true, LINK_REFUSED, false },
	{ "a fork's that is closed", { .number = 21, .is_of_fork = true, .state = "CLOSED" },
		"agent/1", true, LINK_REFUSED, false },
	{ "the number is of another branch", { .number = 21, .conclusion = "TIMED_OUT" }, "agent/2",
		false, LINK_GUESSED, false },
	{ "without a pull request it is there", { .number = 0 }, "agent/1", true, LINK_CONFIRMED,
		false },
	{ "its repository is gone", { .number = 21, .error = "NOT_FOUND" }, "agent/1", false,
		LINK_GUESSED, false },
};

static void guesses_are_settled(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(guess_rows); i++) {
		const struct guess_row *row = &guess_rows[i];
		struct scene_reply replies[] = { CHECK_QUERIES };
		struct scene_pull pulls[] = {
			{ .number = OWN, .branch = "fix", .conclusion = "FAILURE" }, row->link
		};
		struct link link = {
			.pull_request = row->link.number, .standing = LINK_GUESSED, .report_id = 5
		};
		const struct forge_check *check;
		struct checks *f;

		assert_int_equal(checks_set_up((void **)&f), 0);
		(void)TEXT_SET(link.branch, row->branch);
		pulls[1].branch = "agent/1";
		f->scene.pulls = pulls;
		f->scene.n_pulls = ARRAY_SIZE(pulls);
		f->checks[0].links = &link;
		f->checks[0].n_links = 1;
		checks_start(f, replies, ARRAY_SIZE(replies));
		(void)checks_one(f, OWN, "fix");
		check = &f->checks[0];
		if (check->n_settled != row->settled ||
			(row->settled && check->settled[0].standing != row->standing) ||
			checks_has(&check->verdict, REASON_CHECK_FAILED) == row->stands_in) {
			fail_msg("%s: settled %d as %d, %s", row->what, (int)check->n_settled,
				(int)check->settled[0].standing,
				verdict_outcome_names[check->verdict.outcome]);
		}
		if (row->settled) {
			assert_string_equal(check->settled[0].branch, "agent/1");
			assert_int_equal(check->settled[0].pull_request, row->link.number);
			assert_int_equal(check->settled[0].report_id, 5);
		}
		assert_int_equal(checks_tear_down((void **)&f), 0);
	}
	(void)state;
}

/* Of a failing branch that has no pull request: whose green is its. The links are to be merged into "main". */
static void only_what_was_made_for_it_proves(void **state) {
	static const struct {
		const char *branch;
		enum link_standing standing;
		enum verdict_outcome outcome;
	} rows[] = {
		{ "main", LINK_GUESSED, VERDICT_READY },
		{ "main", LINK_CONFIRMED, VERDICT_READY },
		{ "release", LINK_GUESSED, VERDICT_NOT_READY },
		{ "release", LINK_CONFIRMED, VERDICT_NOT_READY },
		{ "release", LINK_KNOWN, VERDICT_READY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct scene_reply replies[] = { CHECK_QUERIES };
		struct scene_pull pulls[] = {
			{ .number = 0, .branch = rows[i].branch, .conclusion = "FAILURE" },
			{ .number = 21, .branch = "agent/1" }
		};
		const struct link link = {
			.branch = "agent/1", .pull_request = 21, .standing = rows[i].standing
		};
		const struct verdict *verdict;
		struct checks *f;

		assert_int_equal(checks_set_up((void **)&f), 0);
		f->scene.pulls = pulls;
		f->scene.n_pulls = ARRAY_SIZE(pulls);
		f->checks[0].links = &link;
		f->checks[0].n_links = 1;
		checks_start(f, replies, ARRAY_SIZE(replies));
		verdict = checks_one(f, 0, rows[i].branch);
		if (verdict->outcome != rows[i].outcome) {
			fail_msg("row %zu: %s", i, verdict_outcome_names[verdict->outcome]);
		}
		assert_int_equal(checks_has(verdict, REASON_REVIEW_MISSING),
			rows[i].outcome == VERDICT_NOT_READY);
		assert_int_equal(checks_tear_down((void **)&f), 0);
	}
	(void)state;
}

/* One look tells all that it learned, and the number of a pull request that an agent opened later. */
static void all_links_are_settled(void **state) {
	struct scene_reply replies[] = { CHECK_QUERIES };
	struct scene_pull pulls[] = { { .number = OWN, .branch = "fix", .conclusion = "FAILURE" },
		{ .number = 23, .branch = "agent/known" },
		{ .number = 22, .branch = "agent/fork", .is_of_fork = true },
		{ .number = 0, .branch = "agent/pushed" } };
	const struct link links[] = { { .branch = "agent/known" },
		{ .branch = "agent/fork", .pull_request = 22, .standing = LINK_GUESSED },
		{ .branch = "agent/pushed", .standing = LINK_GUESSED } };
	struct checks *f = *state;
	const struct forge_check *check = &f->checks[0];

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	f->checks[0].links = links;
	f->checks[0].n_links = ARRAY_SIZE(links);
	checks_start(f, replies, ARRAY_SIZE(replies));
	(void)checks_one(f, OWN, "fix");
	assert_int_equal(check->n_settled, 3);
	assert_string_equal(check->settled[0].branch, "agent/pushed");
	assert_int_equal(check->settled[0].standing, LINK_CONFIRMED);
	assert_string_equal(check->settled[1].branch, "agent/fork");
	assert_int_equal(check->settled[1].standing, LINK_REFUSED);
	assert_string_equal(check->settled[2].branch, "agent/known");
	assert_int_equal(check->settled[2].standing, LINK_KNOWN);
	assert_int_equal(check->settled[2].pull_request, 23);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, checks_set_up, checks_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_green_one_is_ready),
		TEST(a_project_needs_an_owner),
		TEST(a_question_goes_past_what_hangs),
		TEST(closing_ends_one_that_has_to_look_again),
		TEST(the_projects_settings_count),
		TEST(builds_tell_what_else_is_red),
		TEST(a_passed_build_proves_the_report_repaired),
		cmocka_unit_test(a_number_that_is_not_found_is_not_the_end),
		TEST(it_is_compared_by_githubs_clock),
		TEST(without_githubs_clock_nothing_is_proven),
		cmocka_unit_test(links_stand_in),
		cmocka_unit_test(guesses_are_settled),
		cmocka_unit_test(only_what_was_made_for_it_proves),
		cmocka_unit_test_setup_teardown(
			all_links_are_settled, checks_set_up, checks_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
