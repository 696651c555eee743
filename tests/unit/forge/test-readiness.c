#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/forge/readiness.h"

#define NOW_MS INT64_C(1758245293693)
#define OURS 100
#define OTHER 200
#define ENDED 300
#define BUILDS_MAX 8
#define REASONS_MAX 3

/* Ids are the place in the list, so the list is the order of arrival. */
struct row_build {
	bool passed;
	const char *job;
	const char *step;
	const char *commit;
	const char *number;
	const char *ancestors;
	int64_t incident_id;
	int64_t report_id;
};

#define RED(...)                                                                                   \
	{ .passed = false, __VA_ARGS__ }
#define GREEN(...)                                                                                 \
	{ .passed = true, __VA_ARGS__ }
#define LINT "lint", "eslint"
#define TEST "test", "jest"

struct row_reason {
	enum reason_code code;
	const char *subject;
	const char *message; /* NULL: any */
};

struct row {
	const char *what;
	bool no_incident;
	struct row_build builds[BUILDS_MAX]; /* up to the first without a job */
	enum verdict_outcome outcome;
	const char *head;
	const char *proof;			/* numbers of the builds, a blank behind each */
	struct row_reason reasons[REASONS_MAX]; /* up to the first without a subject */
};

/* The cycle began with report 1. */
static const struct row rows[] = {
	{ "no build at all", false, { { 0 } }, VERDICT_PENDING, "", "",
		{ { REASON_NO_CHECKS_ON_HEAD, "c0ffee0",
			"No build of this branch has been reported yet." } } },
	{ "only green", false, { GREEN(LINT, "c1"), GREEN(TEST, "c2") }, VERDICT_READY, "c2", "2 ",
		{ { 0 } } },
	{ "only green, the newest in the first job", false,
		{ GREEN(TEST, "c1"), GREEN(LINT, "c2") }, VERDICT_READY, "c2", "2 ", { { 0 } } },
	{ "red and nothing since", false, { RED(LINT, "eff9f6100000", "", NULL, OURS, 1) },
		VERDICT_NOT_READY, "eff9f6100000", "",
		{ { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint",
			"No build of job lint, step eslint has been reported since it failed on eff9f61." } } },
	{ "same commit rerun", false, { RED(LINT, "c1", "", NULL, OURS, 1), GREEN(LINT, "c1") },
		VERDICT_READY, "c1", "2 ", { { 0 } } },
	{ "same commit, an earlier build's green reported late", false,
		{ RED(LINT, "c1", "5", NULL, OURS, 1), GREEN(LINT, "c1", "4", NULL) },
		VERDICT_NOT_READY, "c1", "",
		{ { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint", NULL } } },
	{ "same commit, an earlier build's red reported late", false,
		{ GREEN(LINT, "c1", "9", NULL), RED(LINT, "c1", "5", NULL, OURS, 1) },
		VERDICT_READY, "c1", "1 ", { { 0 } } },
	{ "same commit, green before red: flaky", false,
		{ GREEN(LINT, "c1"), RED(LINT, "c1", "", NULL, OURS, 1) }, VERDICT_NOT_READY, "c1",
		"", { { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint", NULL } } },
	{ "same commit, red again", false,
		{ RED(LINT, "c1", "", NULL, OURS, 1), RED(LINT, "c1", "", NULL, OURS, 2) },
		VERDICT_NOT_READY, "c1", "",
		{ { REASON_BUILD_FAILED, "lint / eslint",
			"The newest build of job lint, step eslint, on c1, failed." } } },
	{ "later commit by ancestors", false,
		{ RED(LINT, "c1", "", NULL, OURS, 1), GREEN(LINT, "c2", "", "c1 c0") },
		VERDICT_READY, "c2", "2 ", { { 0 } } },
	{ "later commit by number", false,
		{ RED(LINT, "c1", "11", NULL, OURS, 1), GREEN(LINT, "c2", "12") }, VERDICT_READY,
		"c2", "2 ", { { 0 } } },
	{ "abbreviated commit", false,
		{ RED(LINT, "eff9f6100000", "", NULL, OURS, 1), GREEN(LINT, "eff9f61") },
		VERDICT_READY, "eff9f61", "2 ", { { 0 } } },
	{ "abbreviated ancestor", false,
		{ RED(LINT, "eff9f6100000", "", NULL, OURS, 1),
			GREEN(LINT, "c2", "", "abcdef0 eff9f61") },
		VERDICT_READY, "c2", "2 ", { { 0 } } },
	{ "green of an older commit arrives late", false,
		{ RED(LINT, "c2", "12", NULL, OURS, 1), GREEN(LINT, "c1", "11") }, VERDICT_NOT_READY,
		"c1", "", { { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint", NULL } } },
	{ "red of an older commit arrives late", false,
		{ RED(LINT, "c1", "11", NULL, OURS, 1), GREEN(LINT, "c3", "13"),
			RED(LINT, "c2", "12", NULL, OURS, 2) },
		VERDICT_READY, "c3", "2 ", { { 0 } } },
	{ "newer red behind an older green", false,
		{ RED(LINT, "c3", "13", NULL, OURS, 2), GREEN(LINT, "c2", "12"),
			RED(LINT, "c1", "11", NULL, OURS, 1) },
		VERDICT_NOT_READY, "c1", "",
		{ { REASON_BUILD_FAILED, "lint / eslint",
			"The newest build of job lint, step eslint, #13 on c3, failed." } } },
	{ "newer red behind an older green, by ancestors", false,
		{ RED(LINT, "c3", "", "c2 c1", OURS, 2), RED(LINT, "c1", "", NULL, OURS, 1),
			GREEN(LINT, "c2", "", "c1") },
		VERDICT_NOT_READY, "c2", "", { { REASON_BUILD_FAILED, "lint / eslint", NULL } } },
	{ "the fix broke again", false,
		{ RED(LINT, "c1", "11", NULL, OURS, 1), GREEN(LINT, "c2", "12"),
			RED(LINT, "c3", "13", NULL, OURS, 2) },
		VERDICT_NOT_READY, "c3", "",
		{ { REASON_BUILD_FAILED, "lint / eslint",
			"The newest build of job lint, step eslint, #13 on c3, failed." } } },
	{ "broke and was repaired again", false,
		{ RED(LINT, "c1", "11", NULL, OURS, 1), GREEN(LINT, "c2", "12"),
			RED(LINT, "c3", "13", NULL, OURS, 2), GREEN(LINT, "c4", "14") },
		VERDICT_READY, "c4", "4 ", { { 0 } } },
	{ "an older green says nothing of an unordered red before it", false,
		{ RED(LINT, "c2", "", NULL, OURS, 1), RED(LINT, "c1", "", NULL, OURS, 2),
			GREEN(LINT, "c1") },
		VERDICT_NOT_READY, "c1", "",
		{ { REASON_ORDER_UNKNOWN, "lint / eslint",
			"A build of job lint, step eslint passed on c1, but whether that is after c2, "
			"where it failed, is unknown." } } },
	{ "by hand: an unordered red before it", true,
		{ RED(LINT, "c2", "", NULL, ENDED, 1), RED(LINT, "c1", "", NULL, ENDED, 2),
			GREEN(LINT, "c1") },
		VERDICT_NOT_READY, "c1", "", { { REASON_ORDER_UNKNOWN, "lint / eslint", NULL } } },
	{ "an unordered red before it, of another incident", false,
		{ RED(LINT, "c2", "", NULL, OTHER, 1), RED(LINT, "c1", "", NULL, OURS, 2),
			GREEN(LINT, "c1") },
		VERDICT_PENDING, "c1", "", { { REASON_RED_ELSEWHERE, "OTHER", NULL } } },
	{ "each red repaired by its own green", false,
		{ RED(LINT, "c2", "", NULL, OURS, 1), RED(LINT, "c1", "", NULL, OURS, 2),
			GREEN(LINT, "c1"), GREEN(LINT, "c2") },
		VERDICT_READY, "c1", "3 ", { { 0 } } },
	{ "a red that a later one followed, beyond what the green knows", false,
		{ RED(LINT, "c1", "", "c0", OURS, 1), RED(LINT, "c2", "", "c1", OURS, 2),
			GREEN(LINT, "c3", "", "c2") },
		VERDICT_READY, "c3", "3 ", { { 0 } } },
	{ "two greens: the newest is the proof", false,
		{ RED(LINT, "c1", "11", NULL, OURS, 1), GREEN(LINT, "c2", "12"),
			GREEN(LINT, "c3", "13") },
		VERDICT_READY, "c3", "3 ", { { 0 } } },
	{ "force-pushed, no numbers", false,
		{ RED(LINT, "c1aaaaaaa", "", "c0", OURS, 1), GREEN(LINT, "c2bbbbbbb", "", "c0") },
		VERDICT_NOT_READY, "c2bbbbbbb", "",
		{ { REASON_ORDER_UNKNOWN, "lint / eslint",
			"A build of job lint, step eslint passed on c2bbbbb, but whether that is after "
			"c1aaaaa, where it failed, is unknown." } } },
	{ "force-pushed with numbers", false,
		{ RED(LINT, "c1", "11", "c0", OURS, 1), GREEN(LINT, "c2", "12", "c0") },
		VERDICT_READY, "c2", "2 ", { { 0 } } },
	{ "force-pushed, then rerun of the red one", false,
		{ RED(LINT, "c1", "", NULL, OURS, 1), GREEN(LINT, "c2"), GREEN(LINT, "c1") },
		VERDICT_READY, "c1", "3 ", { { 0 } } },
	{ "green of unknown order came before the red", false,
		{ GREEN(LINT, "c0"), RED(LINT, "c1", "", NULL, OURS, 1) }, VERDICT_NOT_READY, "c1",
		"", { { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint", NULL } } },
	{ "no commits at all", false, { RED(LINT, "", "", NULL, OURS, 1), GREEN(LINT, "") },
		VERDICT_NOT_READY, "", "",
		{ { REASON_ORDER_UNKNOWN, "lint / eslint",
			"A build of job lint, step eslint passed on an unknown commit, but whether that is "
			"after an unknown commit, where it failed, is unknown." } } },
	{ "no commits, but numbers", false,
		{ RED(LINT, "", "11", NULL, OURS, 1), GREEN(LINT, "", "12") }, VERDICT_READY, "",
		"2 ", { { 0 } } },
	{ "another job's green proves nothing", false,
		{ RED(LINT, "c1", "", NULL, OURS, 1), GREEN(TEST, "c1") }, VERDICT_NOT_READY, "c1",
		"", { { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint", NULL } } },
	{ "another step's green proves nothing", false,
		{ RED("ci", "lint", "c1", "", NULL, OURS, 1), GREEN("ci", "test", "c1") },
		VERDICT_NOT_READY, "c1", "", { { REASON_NO_BUILD_SINCE_REPORT, "ci / lint", NULL } } },
	{ "matrix: one leg still red", false,
		{ RED("test (18)", "jest", "c1", "", NULL, OURS, 1),
			RED("test (20)", "jest", "c1", "", NULL, OURS, 1),
			GREEN("test (18)", "jest", "c1") },
		VERDICT_NOT_READY, "c1", "3 ",
		{ { REASON_NO_BUILD_SINCE_REPORT, "test (20) / jest", NULL } } },
	{ "matrix: all legs green", false,
		{ RED("test (18)", "jest", "c1", "", NULL, OURS, 1),
			RED("test (20)", "jest", "c1", "", NULL, OURS, 1),
			GREEN("test (20)", "jest", "c1"), GREEN("test (18)", "jest", "c2", "", "c1") },
		VERDICT_READY, "c2", "4 3 ", { { 0 } } },
	{ "matrix: every red leg is a reason", false,
		{ RED("test (18)", "jest", "c1", "", NULL, OURS, 1),
			RED("test (20)", "jest", "c1", "", NULL, OURS, 2) },
		VERDICT_NOT_READY, "c1", "",
		{ { REASON_NO_BUILD_SINCE_REPORT, "test (18) / jest", NULL },
			{ REASON_BUILD_FAILED, "test (20) / jest", NULL } } },
	{ "ours green, the other incident's red", false,
		{ RED(LINT, "c1", "", NULL, OURS, 1), RED(TEST, "c1", "", NULL, OTHER, 2),
			GREEN(LINT, "c1") },
		VERDICT_PENDING, "c1", "3 ",
		{ { REASON_RED_ELSEWHERE, "OTHER",
			"The build of job test, step jest is red because of OTHER." } } },
	{ "the other incident's legs are one reason", false,
		{ RED("test (18)", "jest", "c1", "", NULL, OTHER, 2),
			RED("test (20)", "jest", "c1", "", NULL, OTHER, 2) },
		VERDICT_PENDING, "c1", "", { { REASON_RED_ELSEWHERE, "OTHER", NULL } } },
	{ "the other incident's red, of a step nobody named", false,
		{ RED("", "", "c1", "", NULL, OTHER, 2) }, VERDICT_PENDING, "c1", "",
		{ { REASON_RED_ELSEWHERE, "OTHER", "The build is red because of OTHER." } } },
	{ "the other incident's order is unknown", false,
		{ RED(TEST, "c1", "", NULL, OTHER, 2), GREEN(TEST, "c2") }, VERDICT_PENDING, "c2",
		"", { { REASON_RED_ELSEWHERE, "OTHER", NULL } } },
	{ "red of an incident that ended is ours to repair", false,
		{ RED(LINT, "c1", "", NULL, ENDED, 1) }, VERDICT_NOT_READY, "c1", "",
		{ { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint", NULL } } },
	{ "ours and the other's red", false,
		{ RED(LINT, "c1", "", NULL, OURS, 1), RED(TEST, "c1", "", NULL, OTHER, 2) },
		VERDICT_NOT_READY, "c1", "",
		{ { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint", NULL },
			{ REASON_RED_ELSEWHERE, "OTHER", NULL } } },
	{ "both green", false,
		{ RED(LINT, "c1", "11", NULL, OURS, 1), RED(TEST, "c1", "11", NULL, OTHER, 2),
			GREEN(LINT, "c2", "12"), GREEN(TEST, "c2", "12") },
		VERDICT_READY, "c2", "3 4 ", { { 0 } } },
	{ "by hand: red once", true, { RED(LINT, "c1", "", NULL, ENDED, 1) }, VERDICT_NOT_READY,
		"c1", "", { { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint", NULL } } },
	{ "by hand: red twice", true,
		{ RED(LINT, "c1", "", NULL, ENDED, 1), RED(LINT, "c2", "", "c1", ENDED, 2) },
		VERDICT_NOT_READY, "c2", "", { { REASON_BUILD_FAILED, "lint / eslint", NULL } } },
	{ "by hand: an incident is at work", true, { RED(LINT, "c1", "", NULL, OTHER, 1) },
		VERDICT_PENDING, "c1", "", { { REASON_RED_ELSEWHERE, "OTHER", NULL } } },
	{ "by hand: repaired", true, { RED(LINT, "c1", "", NULL, ENDED, 1), GREEN(LINT, "c1") },
		VERDICT_READY, "c1", "2 ", { { 0 } } },
	{ "by hand: no build", true, { { 0 } }, VERDICT_PENDING, "", "",
		{ { REASON_NO_CHECKS_ON_HEAD, "", NULL } } },
	{ "a step without a job", false, { RED("", "lint", "c1", "", NULL, OURS, 1) },
		VERDICT_NOT_READY, "c1", "",
		{ { REASON_NO_BUILD_SINCE_REPORT, "lint",
			"No build of step lint has been reported since it failed on c1." } } },
	{ "a job without a step", false, { RED("lint", "", "", "7", NULL, OURS, 2) },
		VERDICT_NOT_READY, "", "",
		{ { REASON_BUILD_FAILED, "lint", "The newest build of job lint, #7, failed." } } },
	{ "neither job nor step", false, { RED("", "", "", "", NULL, OURS, 2) }, VERDICT_NOT_READY,
		"", "", { { REASON_BUILD_FAILED, "build", "The newest build failed." } } },
};

/* The incident was opened when the second build arrived. */
static const struct row opened_later[] = {
	{ "a rebased-away red from before the incident", false,
		{ RED(LINT, "c2", "", NULL, ENDED, 1), RED(LINT, "c1", "", NULL, OURS, 2),
			GREEN(LINT, "c1") },
		VERDICT_READY, "c1", "3 ", { { 0 } } },
	{ "a red from before the incident, on a later commit than the green", false,
		{ RED(LINT, "c2", "12", NULL, ENDED, 1), RED(LINT, "c1", "10", NULL, OURS, 2),
			GREEN(LINT, "c1", "11") },
		VERDICT_NOT_READY, "c1", "", { { REASON_BUILD_FAILED, "lint / eslint", NULL } } },
	{ "a red from before the incident that nothing followed", false,
		{ RED(LINT, "c1", "", NULL, ENDED, 1), RED(TEST, "c1", "", NULL, OURS, 2),
			GREEN(TEST, "c1") },
		VERDICT_NOT_READY, "c1", "3 ",
		{ { REASON_NO_BUILD_SINCE_REPORT, "lint / eslint", NULL } } },
};

static const int64_t active[] = { OURS << ID_SEQ_BITS, OTHER << ID_SEQ_BITS };

static const char *current; /* the row that is judged, for messages */

static void fill_build(struct build *build, const struct row_build *row, int64_t id) {
	*build = (struct build){ .id = id << ID_SEQ_BITS, .passed = row->passed };
	(void)TEXT_SET(build->job, row->job);
	(void)TEXT_SET(build->step, row->step);
	(void)TEXT_SET(build->commit, row->commit);
	(void)TEXT_SET(build->build_number, row->number);
	build->ancestors = (char *)row->ancestors;
	build->incident_id = row->incident_id << ID_SEQ_BITS;
	build->report_id = row->report_id;
}

/* "OTHER" stands for the id of the other incident. */
static void expect_text(const char *got, const char *expected) {
	char other[ID_TEXT_MAX], text[LIMIT_SENTENCE_MAX];
	const char *at = strstr(expected, "OTHER");

	(void)TEXT_SET(text, expected);
	if (at != NULL) {
		(void)text_format(text, sizeof(text), "%.*s%s%s", (int)(at - expected), expected,
			id_format(ID_INCIDENT, active[1], other), at + strlen("OTHER"));
	}
	if (strcmp(got, text) != 0) {
		fail_msg("%s: '%s' instead of '%s'", current, got, text);
	}
}

static void expect_reasons(const struct row *row, const struct verdict *verdict) {
	size_t n = 0;

	while (n < REASONS_MAX && row->reasons[n].subject != NULL) {
		n++;
	}
	if (verdict->n_reasons != n) {
		fail_msg("%s: %zu reasons instead of %zu, the first: %s", row->what,
			verdict->n_reasons, n, verdict->reasons[0].message);
	}
	for (size_t i = 0; i < n; i++) {
		expect_text(reason_code_name(verdict->reasons[i].code),
			reason_code_name(row->reasons[i].code));
		expect_text(verdict->reasons[i].subject, row->reasons[i].subject);
		if (row->reasons[i].message != NULL) {
			expect_text(verdict->reasons[i].message, row->reasons[i].message);
		}
	}
}

static void expect_proof(const struct row *row, const struct verdict *verdict) {
	char proof[256] = "";

	for (size_t i = 0; i < verdict->n_proof; i++) {
		int64_t id = 0;

		assert_int_equal(id_parse(ID_BUILD, verdict->proof[i], &id), 0);
		(void)text_format(proof + strlen(proof), sizeof(proof) - strlen(proof), "%lld ",
			(long long)id_ms(id));
	}
	expect_text(proof, row->proof);
}

/* An incident without a report was opened by a check. */
static int64_t newest_report(const struct row *row) {
	int64_t newest = 0;

	for (size_t i = 0; i < BUILDS_MAX; i++) {
		if (row->builds[i].incident_id == OURS) {
			newest = MAX(newest, row->builds[i].report_id);
		}
	}
	return newest;
}

static void judge_row(const struct row *row, int64_t opened_ms) {
	static struct verdict verdict;
	struct build builds[BUILDS_MAX];
	const struct incident incident = {
		.id = active[0],
		.revision = 7,
		.opened_ms = opened_ms,
		.report_id = newest_report(row),
		.cycle_report_id = 1,
		.head_sha = "c0ffee0",
	};
	struct readiness_local snapshot = {
		.builds = builds,
		.incident = row->no_incident ? NULL : &incident,
		.active_incidents = active,
		.n_active_incidents = ARRAY_SIZE(active),
		.now_ms = NOW_MS,
	};

	current = row->what;
	while (snapshot.n_builds < BUILDS_MAX && row->builds[snapshot.n_builds].job != NULL) {
		fill_build(&builds[snapshot.n_builds], &row->builds[snapshot.n_builds],
			(int64_t)snapshot.n_builds + 1);
		snapshot.n_builds++;
	}
	readiness_judge_local(&snapshot, &verdict);
	expect_reasons(row, &verdict);
	expect_text(verdict_outcome_names[verdict.outcome], verdict_outcome_names[row->outcome]);
	expect_text(verdict.head_sha, row->head);
	expect_proof(row, &verdict);
	assert_int_equal(verdict.checked_at_ms, NOW_MS);
	assert_int_equal(verdict.revision, row->no_incident ? 0 : 7);
}

static void judges_every_row(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		judge_row(&rows[i], 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(opened_later); i++) {
		judge_row(&opened_later[i], 2);
	}
}

/* Our red, then greens of another step. */
static void judge_crowd(size_t n, int64_t report_id, struct verdict *ret) {
	static struct build builds[LIMIT_BUILDS_JUDGED + 1];
	const struct row_build red = RED(LINT, "c1", "", NULL, OURS, 1);
	const struct row_build green = GREEN(TEST, "c1");
	const struct incident incident = {
		.id = active[0], .report_id = report_id, .cycle_report_id = 1
	};
	const struct readiness_local snapshot = {
		.builds = builds,
		.n_builds = n,
		.incident = &incident,
		.now_ms = NOW_MS,
	};

	fill_build(&builds[0], &red, 1);
	for (size_t i = 1; i < n; i++) {
		fill_build(&builds[i], &green, (int64_t)i + 1);
	}
	readiness_judge_local(&snapshot, ret);
}

static void a_failure_before_many_builds_is_seen(void **state) {
	static struct verdict verdict;

	judge_crowd(LIMIT_BUILDS_JUDGED, 1, &verdict);
	assert_int_equal(verdict.outcome, VERDICT_NOT_READY);
	assert_int_equal(verdict.n_reasons, 1);
	assert_int_equal(verdict.reasons[0].code, REASON_NO_BUILD_SINCE_REPORT);
}

static void more_builds_than_are_judged_are_never_green(void **state) {
	static struct verdict verdict;

	judge_crowd(LIMIT_BUILDS_JUDGED + 1, 1, &verdict);
	assert_int_equal(verdict.outcome, VERDICT_NOT_READY);
	assert_int_equal(verdict.reasons[verdict.n_reasons - 1].code, REASON_ORDER_UNKNOWN);
}

/* Another failure of the incident was repaired; what its newest report told of is not known any more. */
static void a_report_whose_build_is_gone_is_never_green(void **state) {
	static struct verdict verdict;
	struct build builds[2];
	const struct row_build red = RED(LINT, "c1", "", NULL, OURS, 1), green = GREEN(LINT, "c1");
	struct incident incident = { .id = active[0], .report_id = 1, .cycle_report_id = 1 };
	const struct readiness_local snapshot = {
		.builds = builds, .n_builds = ARRAY_SIZE(builds), .incident = &incident
	};

	fill_build(&builds[0], &red, 1);
	fill_build(&builds[1], &green, 2);
	readiness_judge_local(&snapshot, &verdict);
	assert_int_equal(verdict.outcome, VERDICT_READY);
	incident.report_id = 2;
	readiness_judge_local(&snapshot, &verdict);
	assert_int_equal(verdict.outcome, VERDICT_NOT_READY);
	assert_int_equal(verdict.n_reasons, 1);
	assert_int_equal(verdict.reasons[0].code, REASON_ORDER_UNKNOWN);
}

/* A sentence keeps its end, and the commit in it, whatever CI calls its jobs. */
static void long_names_leave_room_for_the_sentence(void **state) {
	static struct verdict verdict;
	struct build build = { .id = 1, .commit = "eff9f6100000", .report_id = 1 };
	const struct readiness_local snapshot = { .builds = &build, .n_builds = 1 };
	const char *message = verdict.reasons[0].message;

	for (size_t i = 0; i + 2 < LIMIT_NAME_MAX; i += 2) {
		memcpy(build.job + i, "ä", 3);
		memcpy(build.step + i, "ö", 3);
	}
	readiness_judge_local(&snapshot, &verdict);
	assert_int_equal(verdict.n_reasons, 1);
	assert_true(text_is_utf8(message, strlen(message)));
	assert_true(text_is_utf8(verdict.reasons[0].subject, strlen(verdict.reasons[0].subject)));
	assert_non_null(strstr(message, "… has been reported since it failed on eff9f61."));
}

/* More red legs than a verdict can name: still not ready, and the rest is counted. */
static void more_red_legs_than_a_verdict_can_name(void **state) {
	static struct build builds[LIMIT_BUILDS_PER_BRANCH];
	static struct verdict verdict;
	const struct readiness_local snapshot = { .builds = builds, .n_builds = ARRAY_SIZE(builds) };
	char expected[64];

	for (size_t i = 0; i < ARRAY_SIZE(builds); i++) {
		builds[i] = (struct build){ .id = (int64_t)i + 1, .commit = "c1" };
		(void)text_format(builds[i].job, sizeof(builds[i].job), "leg %03zu", i);
	}
	readiness_judge_local(&snapshot, &verdict);
	assert_int_equal(verdict.outcome, VERDICT_NOT_READY);
	assert_int_equal(verdict.n_reasons, VERDICT_REASONS_MAX);
	(void)text_format(expected, sizeof(expected), " And %d more.",
		LIMIT_BUILDS_PER_BRANCH - VERDICT_REASONS_MAX);
	assert_non_null(strstr(verdict.reasons[VERDICT_REASONS_MAX - 1].message, expected));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_every_row),
		cmocka_unit_test(a_failure_before_many_builds_is_seen),
		cmocka_unit_test(more_builds_than_are_judged_are_never_green),
		cmocka_unit_test(a_report_whose_build_is_gone_is_never_green),
		cmocka_unit_test(long_names_leave_room_for_the_sentence),
		cmocka_unit_test(more_red_legs_than_a_verdict_can_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
