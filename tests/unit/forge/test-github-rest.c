#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/forge/github_decode.h"
#include "daemon/forge/github_judge.h"

#define NOW INT64_C(1758245293693)
#define HEAD "1111111111111111111111111111111111111111"
#define OTHER "2222222222222222222222222222222222222222"

/* ---- a pull request ---- */

#define PULL_WITH(state, merged, draft, mergeable, merge_state, sha)                               \
	"{\"number\":17,\"state\":\"" state "\",\"merged\":" merged ",\"draft\":" draft            \
	",\"mergeable\":" mergeable ",\"mergeable_state\":\"" merge_state                          \
	"\",\"head\":{\"sha\":\"" sha                                                              \
	"\",\"ref\":\"fix/it\",\"repo\":null},\"base\":{\"ref\":\"main\"},"                        \
	"\"author_association\":\"OWNER\",\"labels\":[{\"name\":\"codegen:ignore\"}]}"

struct pull_row {
	const char *body;
	int result;
	enum github_state state;
	enum github_mergeable mergeable;
	enum github_merge_state merge_state;
	enum github_answer draft;
};

/* clang-format off */
#define ROW(body, s, m, ms, d) { body, 0, GITHUB_STATE_##s, GITHUB_MERGEABLE_##m, GITHUB_MERGE_STATE_##ms, GITHUB_##d }
static const struct pull_row pull_rows[] = {
	ROW(PULL_WITH("open", "false", "false", "true", "clean", HEAD), OPEN, MERGEABLE, CLEAN, NO),
	ROW(PULL_WITH("open", "false", "true", "false", "dirty", HEAD), OPEN, CONFLICTING, DIRTY, YES),
	ROW(PULL_WITH("open", "false", "false", "null", "unknown", HEAD), OPEN, UNKNOWN, UNKNOWN, NO),
	ROW(PULL_WITH("open", "false", "false", "true", "behind", HEAD), OPEN, MERGEABLE, BEHIND, NO),
	ROW(PULL_WITH("open", "false", "false", "true", "blocked", HEAD), OPEN, MERGEABLE, BLOCKED, NO),
	ROW(PULL_WITH("open", "false", "false", "true", "unstable", HEAD), OPEN, MERGEABLE, UNSTABLE, NO),
	ROW(PULL_WITH("open", "false", "false", "true", "has_hooks", HEAD), OPEN, MERGEABLE, HAS_HOOKS, NO),
	ROW(PULL_WITH("open", "false", "true", "true", "draft", HEAD), OPEN, MERGEABLE, DRAFT, YES),
	ROW(PULL_WITH("open", "false", "0", "\"yes\"", "splendid", HEAD), OPEN, UNREAD, UNREAD, UNKNOWN),
	ROW(PULL_WITH("closed", "true", "false", "null", "unknown", HEAD), MERGED, UNKNOWN, UNKNOWN, NO),
	ROW(PULL_WITH("closed", "false", "false", "null", "unknown", HEAD), CLOSED, UNKNOWN, UNKNOWN, NO),
	{ .body = PULL_WITH("open", "true", "false", "true", "clean", HEAD), .result = -EBADMSG },
	{ .body = PULL_WITH("half", "false", "false", "true", "clean", HEAD), .result = -EBADMSG },
	{ .body = PULL_WITH("open", "null", "false", "true", "clean", HEAD), .result = -EBADMSG },
	{ .body = PULL_WITH("open", "false", "false", "true", "clean", "eff9f61"), .result = -EBADMSG },
	{ .body = "{}", .result = -EBADMSG },
	{ .body = "[]", .result = -EBADMSG },
	{ .body = "", .result = -EBADMSG },
};
/* clang-format on */

static void reads_a_pull_request(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(pull_rows); i++) {
		const struct pull_row *row = &pull_rows[i];
		struct github_snapshot s = { 0 };

		if (github_decode_pull(row->body, strlen(row->body), &s) != row->result) {
			fail_msg("%s", row->body);
		}
		assert_int_equal(s.state, row->state);
		assert_int_equal(s.mergeable, row->mergeable);
		assert_int_equal(s.merge_state, row->merge_state);
		assert_int_equal(s.draft, row->draft);
		if (row->result == 0) {
			assert_int_equal(s.pull_request, 17);
			assert_string_equal(s.head_sha, HEAD);
		}
		github_snapshot_finish(&s);
	}
}

static void a_pull_request_that_moved_on_is_refused(void **state) {
	struct github_snapshot s = { .head_sha = OTHER };
	const char *body = pull_rows[0].body;

	assert_int_equal(github_decode_pull(body, strlen(body), &s), -ESTALE);
	assert_int_equal(s.state, GITHUB_STATE_UNREAD);
}

/* ---- checks of a token that GraphQL refuses them ---- */

#define STATUSES(total, items)                                                                     \
	"{\"sha\":\"" HEAD "\",\"state\":\"pending\",\"total_count\":" total                       \
	",\"statuses\":[" items "]}"
#define STATUS(name, value)                                                                        \
	"{\"context\":\"" name "\",\"state\":\"" value                                             \
	"\",\"created_at\":\"2025-09-19T01:10:00Z\",\"updated_at\":\"2025-09-19T01:10:00Z\"}"
#define RUNS(total, items) "{\"total_count\":" total ",\"workflow_runs\":[" items "]}"
#define RUN(id, name, status, conclusion)                                                          \
	"{\"id\":" id ",\"name\":\"" name "\",\"event\":\"push\",\"head_sha\":\"" HEAD             \
	"\",\"status\":\"" status "\",\"conclusion\":" conclusion                                  \
	",\"check_suite_id\":5,\"run_started_at\":\"2025-09-19T01:00:00Z\","                       \
	"\"updated_at\":\"2025-09-19T01:10:00Z\"}"
#define CHECKS(total, items) "{\"total_count\":" total ",\"check_runs\":[" items "]}"
#define CHECK(id, name, conclusion)                                                                \
	"{\"id\":" id ",\"name\":\"" name "\",\"head_sha\":\"" HEAD                                \
	"\",\"status\":\"completed\",\"conclusion\":\"" conclusion                                 \
	"\",\"started_at\":\"2025-09-19T01:00:00Z\",\"completed_at\":\"2025-09-19T01:10:00Z\","    \
	"\"app\":{\"slug\":\"github-actions\"},\"check_suite\":{\"id\":5}}"
#define GREEN_RUN RUN("1", "CI", "completed", "\"success\"")

struct row {
	const char *what;
	const char *statuses; /* NULL: not asked */
	const char *actions_runs;
	const char *check_runs;
	enum verdict_outcome outcome;
	/* Of the first reason. VERDICT_READY: none; or ready only when the project says what counts, else unknown. */
	enum reason_code code;
};

/* clang-format off */
static const struct row rows[] = {
	{ "green", STATUSES("1", STATUS("ci", "success")), RUNS("1", GREEN_RUN), NULL, VERDICT_READY, REASON_CHECKS_UNREADABLE },
	{ "no statuses, which are \"pending\"", STATUSES("0", ""), RUNS("1", GREEN_RUN), NULL, VERDICT_READY, REASON_CHECKS_UNREADABLE },
	{ "green, with checks", STATUSES("0", ""), RUNS("1", GREEN_RUN), CHECKS("1", CHECK("7", "lint", "success")), VERDICT_READY, 0 },
	{ "red status", STATUSES("1", STATUS("ci", "error")), RUNS("1", GREEN_RUN), NULL, VERDICT_NOT_READY, REASON_CHECK_FAILED },
	{ "pending status", STATUSES("1", STATUS("ci", "pending")), RUNS("1", GREEN_RUN), NULL, VERDICT_PENDING, REASON_CHECK_PENDING },
	{ "status of tomorrow", STATUSES("1", STATUS("ci", "perhaps")), RUNS("1", GREEN_RUN), NULL, VERDICT_UNKNOWN, REASON_CHECKS_UNREADABLE },
	{ "a status that is none", STATUSES("1", "7"), RUNS("1", GREEN_RUN), NULL, VERDICT_UNKNOWN, REASON_CHECKS_UNREADABLE },
	{ "red run", STATUSES("0", ""), RUNS("1", RUN("1", "CI", "completed", "\"failure\"")), NULL, VERDICT_NOT_READY, REASON_CHECK_FAILED },
	{ "run that waits for approval", STATUSES("0", ""), RUNS("1", RUN("1", "CI", "completed", "\"action_required\"")), NULL, VERDICT_NOT_READY, REASON_AWAITING_WORKFLOW_APPROVAL },
	{ "run in progress", STATUSES("0", ""), RUNS("1", RUN("1", "CI", "in_progress", "null")), NULL, VERDICT_PENDING, REASON_CHECK_PENDING },
	{ "repaired by a newer run", STATUSES("0", ""), RUNS("2", RUN("1", "CI", "completed", "\"failure\"") "," RUN("2", "CI", "completed", "\"success\"")), NULL, VERDICT_READY, REASON_CHECKS_UNREADABLE },
	{ "nothing at all", STATUSES("0", ""), RUNS("0", ""), NULL, VERDICT_PENDING, REASON_NO_CHECKS_ON_HEAD },
	{ "red check", STATUSES("0", ""), RUNS("1", GREEN_RUN), CHECKS("1", CHECK("7", "lint", "timed_out")), VERDICT_PENDING, REASON_CHECK_TIMED_OUT },
	{ "more statuses than came", STATUSES("40", STATUS("ci", "success")), RUNS("1", GREEN_RUN), NULL, VERDICT_UNKNOWN, REASON_CHECKS_UNREADABLE },
	{ "more runs than came", STATUSES("0", ""), RUNS("140", GREEN_RUN), NULL, VERDICT_UNKNOWN, REASON_CHECKS_UNREADABLE },
	{ "more checks than came", STATUSES("0", ""), RUNS("1", GREEN_RUN), CHECKS("40", CHECK("7", "lint", "success")), VERDICT_UNKNOWN, REASON_CHECKS_UNREADABLE },
	{ "statuses alone", STATUSES("1", STATUS("ci", "success")), NULL, NULL, VERDICT_UNKNOWN, REASON_CHECKS_UNREADABLE },
	{ "runs alone", NULL, RUNS("1", GREEN_RUN), NULL, VERDICT_UNKNOWN, REASON_CHECKS_UNREADABLE },
	{ "checks alone", NULL, NULL, CHECKS("1", CHECK("7", "lint", "success")), VERDICT_UNKNOWN, REASON_CHECKS_UNREADABLE },
};
/* clang-format on */

/* As GraphQL left it: a branch whose checks it would not tell. */
static void fill_snapshot(struct github_snapshot *s) {
	*s = (struct github_snapshot){
		.state = GITHUB_STATE_BRANCH,
		.head_sha = HEAD,
		.checks_sha = HEAD,
		.checks = { .total = 99, .incomplete = true, .cursor = "x" },
		.suites = { .total = -1 },
	};
	s->reading[GITHUB_PART_TARGET] = GITHUB_READ;
	s->reading[GITHUB_PART_CHECKS] = GITHUB_FORBIDDEN;
}

static void expect_verdict(const struct row *row, const struct github_snapshot *snapshot,
	const struct github_policy *policy, enum verdict_outcome outcome) {
	static struct verdict verdict;
	bool blind = outcome == VERDICT_READY && policy->n_required == 0 &&
		row->code == REASON_CHECKS_UNREADABLE;

	github_judge(snapshot, policy, NOW, &verdict);
	outcome = blind ? VERDICT_UNKNOWN : outcome;
	if (verdict.outcome != outcome ||
		(verdict.n_reasons > 0) != (verdict.outcome != VERDICT_READY) ||
		(verdict.n_reasons > 0 && verdict.reasons[0].code != row->code)) {
		fail_msg("%s: %s, %s", row->what, verdict_outcome_names[verdict.outcome],
			verdict.n_reasons > 0 ? verdict.reasons[0].message : "no reason");
	}
}

/* Other apps' checks are not seen: of a branch without a pull request that is ready only when others are not meant. */
static void judges_what_rest_says(void **state) {
	static const char *const required[] = { "CI" };
	static const struct github_policy anything;
	static const struct github_policy named = { .required = required, .n_required = 1 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		struct github_snapshot s;

		fill_snapshot(&s);
		if (row->statuses != NULL) {
			assert_int_equal(
				github_decode_statuses(row->statuses, strlen(row->statuses), &s), 0);
		}
		if (row->check_runs != NULL) {
			assert_int_equal(github_decode_check_runs(
						 row->check_runs, strlen(row->check_runs), &s),
				0);
		}
		if (row->actions_runs != NULL) {
			assert_int_equal(github_decode_actions_runs(
						 row->actions_runs, strlen(row->actions_runs), &s),
				0);
		}
		expect_verdict(row, &s, &anything, row->outcome);
		if (row->outcome == VERDICT_READY && row->code != 0) {
			expect_verdict(row, &s, &named, VERDICT_READY);
		}
		github_snapshot_finish(&s);
	}
}

static void a_further_page_of_checks_is_added(void **state) {
	static const char first[] = CHECKS("2", CHECK("7", "lint", "success"));
	static const char second[] = CHECKS("2", CHECK("8", "e2e", "success"));
	struct github_snapshot s;

	fill_snapshot(&s);
	assert_int_equal(github_decode_check_runs(first, strlen(first), &s), 0);
	assert_int_equal(github_decode_check_runs(second, strlen(second), &s), 0);
	assert_int_equal(s.checks.n, 2);
	assert_int_equal(s.checks.total, 2);
	github_snapshot_finish(&s);
}

#define JOBS(items) "{\"total_count\":1,\"jobs\":[" items "]}"
#define JOB(run, name, conclusion)                                                                 \
	"{\"id\":70,\"run_id\":" run ",\"name\":\"" name "\",\"head_sha\":\"" HEAD                 \
	"\",\"status\":\"completed\",\"conclusion\":\"" conclusion                                 \
	"\",\"started_at\":\"2025-09-19T01:00:00Z\",\"completed_at\":\"2025-09-19T01:10:00Z\"}"

/* The run stands for its jobs; one that was reported is found among them, and nothing else gets better. */
static void jobs_tell_of_what_was_reported(void **state) {
	static const struct {
		const char *run, *jobs;
		size_t n_reasons;
		enum reason_code code; /* of the first one */
	} table[] = {
		{ GREEN_RUN, NULL, 1, REASON_CHECK_MISSING },
		{ GREEN_RUN, JOBS(JOB("1", "lint", "success")), 1, REASON_CHECK_MISSING },
		{ GREEN_RUN, JOBS(JOB("1", "test", "success")), 0, 0 },
		{ GREEN_RUN, JOBS(JOB("1", "test", "failure")), 1, REASON_CHECK_FAILED },
		{ RUN("1", "CI", "completed", "\"failure\""), JOBS(JOB("1", "test", "success")), 1,
			REASON_CHECK_FAILED },
	};
	const struct github_policy policy = {
		.report_commit = OTHER, .report_ms = NOW - CLOCK_HOUR_MS, .report_job = "test"
	};
	static struct verdict verdict;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char runs[1024];
		struct github_snapshot s;

		fill_snapshot(&s);
		s.state = GITHUB_STATE_MERGED; /* judged without what is about merging */
		(void)text_format(runs, sizeof(runs), RUNS("1", "%s"), table[i].run);
		assert_int_equal(
			github_decode_statuses(STATUSES("0", ""), strlen(STATUSES("0", "")), &s), 0);
		assert_int_equal(github_decode_actions_runs(runs, strlen(runs), &s), 0);
		if (table[i].jobs != NULL) {
			assert_int_equal(
				github_decode_jobs(table[i].jobs, strlen(table[i].jobs), &s), 0);
		}
		github_judge(&s, &policy, NOW, &verdict);
		assert_int_equal(verdict.n_reasons, table[i].n_reasons);
		if (verdict.n_reasons > 0) {
			assert_int_equal(verdict.reasons[0].code, table[i].code);
		}
		github_snapshot_finish(&s);
	}
}

typedef int decode_fn(const char *body, size_t len, struct github_snapshot *snapshot);

static void refuses_what_is_no_such_answer(void **state) {
	static const struct {
		decode_fn *decode;
		const char *body;
		int result;
	} answers[] = {
		{ github_decode_statuses, "{\"message\":\"Not Found\"}", -EBADMSG },
		{ github_decode_statuses, "{\"total_count\":\"1\",\"statuses\":[]}", -EBADMSG },
		{ github_decode_statuses, "{\"total_count\":-1,\"statuses\":[]}", -EBADMSG },
		{ github_decode_statuses, "{\"total_count\":1,\"statuses\":{}}", -EBADMSG },
		{ github_decode_statuses,
			"{\"sha\":\"" OTHER "\",\"total_count\":0,\"statuses\":[]}", -ESTALE },
		{ github_decode_check_runs, "[]", -EBADMSG },
		{ github_decode_check_runs,
			"{\"total_count\":1,\"check_runs\":[{\"head_sha\":\"" OTHER "\"}]}", -ESTALE },
		{ github_decode_check_runs, "{\"total_count\":1,\"check_runs\":[{\"head_sha\":7}]}",
			-EBADMSG },
		{ github_decode_actions_runs,
			"{\"total_count\":1,\"workflow_runs\":[{\"head_sha\":\"" OTHER "\"}]}",
			-ESTALE },
		{ github_decode_actions_runs, "{\"total_count\":1", -EBADMSG },
		{ github_decode_jobs, JOBS(JOB("1", "test", "success")), -EBADMSG }, /* of no known run */
		{ github_decode_jobs, "{\"jobs\":{}}", -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct github_snapshot s;

		fill_snapshot(&s);
		if (answers[i].decode(answers[i].body, strlen(answers[i].body), &s) !=
			answers[i].result) {
			fail_msg("%s", answers[i].body);
		}
		assert_int_equal(s.sources, 0);
		github_snapshot_finish(&s);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_pull_request),
		cmocka_unit_test(a_pull_request_that_moved_on_is_refused),
		cmocka_unit_test(judges_what_rest_says),
		cmocka_unit_test(a_further_page_of_checks_is_added),
		cmocka_unit_test(jobs_tell_of_what_was_reported),
		cmocka_unit_test(refuses_what_is_no_such_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
