#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/judge_rows.h"

/* ---- twists ---- */

/* clang-format off */
#define TWIST(name) static void name(struct github_snapshot *s, struct github_policy *p)
#define SET(name, what)                                                                            \
	TWIST(name) {                                                                              \
		what;                                                                              \
	}

static const char *const only_lint[] = { "lint" };
static const char *const everything[] = { "*" };
static const char *const matrix[] = { "test (*)" };
static const char *const only_deploy[] = { "deploy" };
static const char *const workflow_glob[] = { "CI / *" };
static const char *const codecov[] = { "codecov/*", "e2e" };
static const struct github_elsewhere elsewhere[] = { { OTHER_INCIDENT, "lint", "eslint" } };

SET(draft, s->draft = GITHUB_YES)
SET(draft_state, s->merge_state = GITHUB_MERGE_STATE_DRAFT)
SET(draft_unread, s->draft = GITHUB_UNKNOWN)
SET(conflict, s->mergeable = GITHUB_MERGEABLE_CONFLICTING)
SET(dirty, s->merge_state = GITHUB_MERGE_STATE_DIRTY)
SET(behind, s->merge_state = GITHUB_MERGE_STATE_BEHIND)
SET(blocked, s->merge_state = GITHUB_MERGE_STATE_BLOCKED)
SET(expects, s->merge_state = GITHUB_MERGE_STATE_BLOCKED; (void)TEXT_SET(s->expected[0], "lint");
	(void)TEXT_SET(s->expected[1], "e2e"); s->n_expected = 2)
SET(unstable, s->merge_state = GITHUB_MERGE_STATE_UNSTABLE)
SET(hooks, s->merge_state = GITHUB_MERGE_STATE_HAS_HOOKS)
SET(state_unknown, s->merge_state = GITHUB_MERGE_STATE_UNKNOWN)
SET(state_unread, s->merge_state = GITHUB_MERGE_STATE_UNREAD)
SET(mergeable_unknown, s->mergeable = GITHUB_MERGEABLE_UNKNOWN)
SET(mergeable_unread, s->mergeable = GITHUB_MERGEABLE_UNREAD)
SET(queue_unread, s->in_merge_queue = GITHUB_UNKNOWN)
SET(changes, s->review = GITHUB_REVIEW_CHANGES_REQUESTED)
SET(review_required, s->review = GITHUB_REVIEW_REVIEW_REQUIRED)
SET(review_unread, s->review = GITHUB_REVIEW_UNREAD)
SET(review_commented, s->review = GITHUB_REVIEW_COMMENTED)
SET(approved_unseen, s->review = GITHUB_REVIEW_APPROVED)
SET(merged, s->state = GITHUB_STATE_MERGED)
SET(closed, s->state = GITHUB_STATE_CLOSED)
SET(gone, s->state = GITHUB_STATE_GONE)
SET(state_of_target_unread, s->state = GITHUB_STATE_UNREAD)
SET(by_number, s->ask_by_number = true)
SET(own, p->own_app = "codegend"; p->own_context = "codegend/follow-up")
SET(requires_lint, p->required = only_lint; p->n_required = 1)
SET(requires_deploy, p->required = only_deploy; p->n_required = 1)
SET(requires_workflow, p->required = workflow_glob; p->n_required = 1)
SET(requires_everything, p->required = everything; p->n_required = 1)
SET(requires_matrix, p->required = matrix; p->n_required = 1)
SET(ignores, p->ignored = codecov; p->n_ignored = 2)
SET(ignores_one_that_runs, p->ignored = codecov; p->n_ignored = 2; s->rollup_status = GITHUB_STATUS_PENDING)
SET(unread_checks, s->sources = 0)
SET(unread_suites, s->sources = GITHUB_FROM_ROLLUP)
SET(only_statuses, s->sources = GITHUB_FROM_STATUSES)
SET(fallback, s->sources = GITHUB_FROM_STATUSES | GITHUB_FROM_ACTIONS_RUNS)
SET(unstable_fallback, fallback(s, p); unstable(s, p))
SET(unstable_ignores, fallback(s, p); unstable(s, p); ignores(s, p))
SET(unstable_requires, fallback(s, p); unstable(s, p); requires_lint(s, p))
SET(no_head, s->head_sha[0] = '\0')
SET(no_checks_sha, s->checks_sha[0] = '\0')
SET(pages, s->checks.total = 130)
SET(pages_of_suites, s->suites.incomplete = true)
SET(pending_rollup, s->rollup_status = GITHUB_STATUS_PENDING)
SET(unread_rollup, s->rollup_status = GITHUB_STATUS_UNREAD)
SET(report_on_head, p->report_commit = HEAD; p->report_ms = REPORT_MS)
SET(report_of_lint, p->report_commit = HEAD; p->report_ms = REPORT_MS; p->report_job = "Lint")
SET(report_elsewhere, p->report_commit = REPORTED; p->report_ms = REPORT_MS)
SET(report_of_deploy, p->report_commit = REPORTED; p->report_ms = REPORT_MS; p->report_job = "deploy")
SET(report_of_step, p->report_commit = REPORTED; p->report_ms = REPORT_MS; p->report_job = "backend"; p->report_step = "test")
SET(report_of_step_alone, p->report_commit = REPORTED; p->report_ms = REPORT_MS; p->report_step = "test")
SET(report_of_test, p->report_commit = HEAD; p->report_ms = REPORT_MS; p->report_job = "test")
SET(report_of_test_before, p->report_commit = REPORTED; p->report_ms = REPORT_MS; p->report_job = "test")
SET(report_of_foreign_test, report_of_test_before(s, p); p->report_of_other_ci = true)
SET(report_of_workflow_test, report_of_test_before(s, p); p->report_job = "ci / TEST")
SET(report_of_leg, report_of_test_before(s, p); p->report_job = "test (1)")
SET(report_of_backend, p->report_commit = HEAD; p->report_ms = REPORT_MS; p->report_job = "backend"; p->report_step = "test")
SET(report_passed, p->report_commit = HEAD; p->report_ms = REPORT_MS; p->report_passed = true)
SET(red_elsewhere, p->elsewhere = elsewhere; p->n_elsewhere = 1)
SET(red_here_too, p->elsewhere = elsewhere; p->n_elsewhere = 1; p->report_job = "lint")
SET(head_later, s->head_ms = NOW - CLOCK_MINUTE_MS)
SET(head_in_future, s->head_ms = NOW + CLOCK_DAY_MS)
SET(short_patience, p->max_pending_ms = CLOCK_MINUTE_MS)
SET(reading_malformed, s->reading[GITHUB_PART_TARGET] = GITHUB_MALFORMED)
SET(reading_forbidden, s->reading[GITHUB_PART_TARGET] = GITHUB_FORBIDDEN)
SET(reading_not_found, s->reading[GITHUB_PART_TARGET] = GITHUB_NOT_FOUND)
SET(reading_failed, s->reading[GITHUB_PART_TARGET] = GITHUB_FAILED)
SET(not_asked, s->reading[GITHUB_PART_TARGET] = GITHUB_NOT_ASKED)
SET(limited, s->reading[GITHUB_PART_TARGET] = GITHUB_RATE_LIMITED; s->retry_ms = NOW + 5000)

/* clang-format on */

TWIST(checks_of_other_commit) {
	(void)TEXT_SET(s->checks_sha, REPORTED);
}

TWIST(queued) {
	s->in_merge_queue = GITHUB_YES;
	s->queue_position = 3;
}

TWIST(threads) {
	s->merge_state = GITHUB_MERGE_STATE_BLOCKED;
	s->unresolved_threads = 2;
}

/* They do not block it, so the project does not ask for them to be resolved. */
TWIST(harmless_threads) {
	s->unresolved_threads = 2;
}

static void review_by(
	struct github_snapshot *s, const char *who, enum github_review state, const char *commit) {
	struct github_review_by *by = &s->reviews[s->n_reviews++];

	by->state = state;
	(void)TEXT_SET(by->author, who);
	(void)TEXT_SET(by->commit, commit);
}

TWIST(approved) {
	s->review = GITHUB_REVIEW_APPROVED;
	review_by(s, "ann", GITHUB_REVIEW_APPROVED, REPORTED);
	review_by(s, "bob", GITHUB_REVIEW_APPROVED, HEAD);
}

TWIST(approved_before) {
	s->review = GITHUB_REVIEW_APPROVED;
	review_by(s, "ann", GITHUB_REVIEW_APPROVED, REPORTED);
}

TWIST(approved_before_is_enough) {
	approved_before(s, p);
	p->accept_stale_reviews = true;
}

/* No review is required, and one who may write objects. */
TWIST(objection) {
	review_by(s, "ann", GITHUB_REVIEW_CHANGES_REQUESTED, REPORTED);
}

TWIST(branch) {
	s->state = GITHUB_STATE_BRANCH;
	s->pull_request = 0;
	s->mergeable = GITHUB_MERGEABLE_UNREAD;
	s->merge_state = GITHUB_MERGE_STATE_UNREAD;
	s->review = GITHUB_REVIEW_UNREAD;
}

/* ---- the rows ---- */

#define LONG_AGO (NOW - 3 * CLOCK_HOUR_MS)

/* clang-format off */
static const struct row rows[] = {
	/* outcomes */
	{ "green", { GREEN }, NO_SUITES, NULL, READY },
	{ "a green branch", { GREEN }, NO_SUITES, branch, READY },
	{ "a red branch", { RUN("lint", FAILURE) }, NO_SUITES, branch, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "merged", { GREEN }, NO_SUITES, merged, VERDICT_MERGED, { { 0 } } },
	{ "merged while red", { RUN("lint", FAILURE) }, NO_SUITES, merged, ONE(MERGED, CHECK_FAILED, "lint") },
	{ "closed", { RUN("lint", FAILURE) }, NO_SUITES, closed, VERDICT_CLOSED, { { 0 } } },
	{ "gone", { { 0 } }, NO_SUITES, gone, VERDICT_GONE, { { 0 } } },
	{ "nothing was asked", { GREEN }, NO_SUITES, not_asked, ONE(UNKNOWN, UNREACHABLE, "") },
	{ "GitHub failed", { GREEN }, NO_SUITES, reading_failed, ONE(UNKNOWN, UNREACHABLE, "") },
	{ "its state is not known", { GREEN }, NO_SUITES, state_of_target_unread, ONE(UNKNOWN, UNREACHABLE, "") },
	{ "found by its branch", { GREEN }, NO_SUITES, by_number, ONE(UNKNOWN, UNREACHABLE, "") },
	{ "rate limited", { GREEN }, NO_SUITES, limited, ONE(UNKNOWN, RATE_LIMITED, "2025-09-19T01:28:18.693Z") },
	{ "no permission", { GREEN }, NO_SUITES, reading_forbidden, ONE(UNKNOWN, CHECKS_UNREADABLE, "") },
	{ "not found", { GREEN }, NO_SUITES, reading_not_found, ONE(UNKNOWN, CHECKS_UNREADABLE, "") },
	{ "malformed", { GREEN }, NO_SUITES, reading_malformed, ONE(UNKNOWN, CHECKS_UNREADABLE, "answer") },

	/* every conclusion and state of a check */
	{ "neutral", { RUN("lint", NEUTRAL) }, NO_SUITES, NULL, READY },
	{ "skipped by itself", { GREEN, RUN("docs", SKIPPED) }, NO_SUITES, NULL, READY },
	{ "all skipped", { RUN("docs", SKIPPED) }, NO_SUITES, NULL, ONE(PENDING, NO_CHECKS_ON_HEAD, HEAD) },
	{ "failed", { GREEN, RUN("e2e", FAILURE) }, NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "e2e") },
	{ "a workflow's check", { RUN("e2e", FAILURE, .workflow = "CI") }, NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "CI / e2e") },
	{ "timed out", { RUN("lint", TIMED_OUT) }, NO_SUITES, NULL, ONE(PENDING, CHECK_TIMED_OUT, "lint") },
	{ "cancelled", { RUN("lint", CANCELLED) }, NO_SUITES, NULL, ONE(PENDING, CHECK_CANCELLED, "lint") },
	{ "startup failure", { RUN("lint", STARTUP_FAILURE) }, NO_SUITES, NULL, ONE(PENDING, STARTUP_FAILURE, "lint") },
	{ "action required", { GREEN, RUN("e2e", ACTION_REQUIRED) }, NO_SUITES, NULL, ONE(NOT_READY, AWAITING_WORKFLOW_APPROVAL, "e2e") },
	{ "stale", { GREEN, RUN("e2e", STALE) }, NO_SUITES, NULL, ONE(PENDING, CI_STALE, "e2e") },
	{ "a conclusion of tomorrow", { GREEN, RUN("e2e", UNREAD) }, NO_SUITES, NULL, ONE(UNKNOWN, CHECKS_UNREADABLE, "e2e") },
	{ "completed without a conclusion", { GREEN, RUN("e2e", NONE) }, NO_SUITES, NULL, ONE(UNKNOWN, CHECKS_UNREADABLE, "e2e") },
	{ "queued", { GREEN, BUSY("e2e", QUEUED) }, NO_SUITES, NULL, ONE(PENDING, CHECK_PENDING, "e2e") },
	{ "in progress", { GREEN, BUSY("e2e", IN_PROGRESS) }, NO_SUITES, NULL, ONE(PENDING, CHECK_PENDING, "e2e") },
	{ "pending", { GREEN, BUSY("e2e", PENDING) }, NO_SUITES, NULL, ONE(PENDING, CHECK_PENDING, "e2e") },
	{ "requested", { GREEN, BUSY("e2e", REQUESTED) }, NO_SUITES, NULL, ONE(PENDING, CHECK_PENDING, "e2e") },
	{ "waiting", { GREEN, BUSY("e2e", WAITING) }, NO_SUITES, NULL, ONE(PENDING, CHECK_PENDING, "e2e") },
	{ "a state of tomorrow", { GREEN, BUSY("e2e", UNREAD) }, NO_SUITES, NULL, ONE(UNKNOWN, CHECKS_UNREADABLE, "e2e") },
	{ "unfinished with a conclusion", { GREEN, { .kind = GITHUB_KIND_RUN, .name = "e2e",
			.status = GITHUB_STATUS_IN_PROGRESS, .conclusion = GITHUB_CONCLUSION_SUCCESS } }, NO_SUITES, NULL, ONE(PENDING, CHECK_PENDING, "e2e") },
	{ "something that is no check", { GREEN, { .kind = GITHUB_KIND_UNREAD, .name = "x" } }, NO_SUITES, NULL,
		ONE(UNKNOWN, CHECKS_UNREADABLE, "x") },
	{ "a green status", { STATUS("ci/build", COMPLETED, SUCCESS) }, NO_SUITES, NULL, READY },
	{ "a red status", { STATUS("ci/build", COMPLETED, FAILURE) }, NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "ci/build") },
	{ "a pending status", { GREEN, STATUS("ci/build", PENDING, NONE) }, NO_SUITES, NULL, ONE(PENDING, CHECK_PENDING, "ci/build") },
	{ "an expected status", { GREEN, STATUS("ci/build", EXPECTED, NONE) }, NO_SUITES, NULL, ONE(PENDING, CHECK_MISSING, "ci/build") },
	{ "nothing but expected: CI is stalled", { STATUS("ci/build", EXPECTED, NONE) }, NO_SUITES, NULL,
		TWO(PENDING, CHECK_MISSING, "ci/build", NO_CHECKS_ON_HEAD, HEAD) },
	{ "no check at all", { { 0 } }, NO_SUITES, NULL, ONE(PENDING, NO_CHECKS_ON_HEAD, HEAD) },
	{ "pending for too long", { GREEN, BUSY("e2e", IN_PROGRESS, .started_ms = LONG_AGO) }, NO_SUITES, NULL,
		ONE(NOT_READY, CHECK_PENDING, "e2e") },
	{ "pending for longer than the project likes", { GREEN, BUSY("e2e", IN_PROGRESS, .started_ms = NOW - 2 * CLOCK_MINUTE_MS) }, NO_SUITES,
		short_patience, ONE(NOT_READY, CHECK_PENDING, "e2e") },

	/* the newest run, not the best and not the first */
	{ "a newer red behind an older green", { RUN("lint", SUCCESS, .id = 1), RUN("lint", FAILURE, .id = 2) },
		NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "a newer red, listed first", { RUN("lint", FAILURE, .id = 2), RUN("lint", SUCCESS, .id = 1) }, NO_SUITES,
		NULL, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "repaired by a rerun", { RUN("lint", FAILURE, .id = 1), RUN("lint", SUCCESS, .id = 2) }, NO_SUITES, NULL, READY },
	{ "a rerun that runs", { RUN("lint", SUCCESS, .id = 1), BUSY("lint", QUEUED, .id = 2, .started_ms = -1) },
		NO_SUITES, NULL, ONE(PENDING, CHECK_PENDING, "lint") },
	{ "newer by time", { RUN("lint", FAILURE, .started_ms = NOW - 9000), RUN("lint", SUCCESS, .started_ms = NOW - 5000) },
		NO_SUITES, NULL, READY },
	{ "ids and times contradict each other", { RUN("lint", FAILURE, .id = 1, .started_ms = NOW - 5000),
			RUN("lint", SUCCESS, .id = 2, .started_ms = NOW - 9000) }, NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "who knows which is newer", { RUN("lint", FAILURE, .started_ms = -1), RUN("lint", SUCCESS, .started_ms = -1) },
		NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "the same name of another app", { RUN("lint", FAILURE, .id = 1, .app = "a"), RUN("lint", SUCCESS, .id = 2, .app = "b") },
		NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "the same name in another workflow", { RUN("lint", FAILURE, .id = 1, .workflow = "A"),
			RUN("lint", SUCCESS, .id = 2, .workflow = "B") }, NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "A / lint") },
	{ "the same name for another event", { RUN("lint", FAILURE, .id = 1, .workflow = "A", .event = "push"),
			RUN("lint", SUCCESS, .id = 2, .workflow = "A", .event = "pull_request") }, NO_SUITES, NULL,
		ONE(NOT_READY, CHECK_FAILED, "A / lint") },
	{ "workflows that are not told apart", { RUN("lint", FAILURE, .id = 1, .app = "github-actions"),
			RUN("lint", SUCCESS, .id = 2, .app = "github-actions") }, NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "names that were cut to be the same", { RUN("lint", FAILURE, .id = 1, .inexact = true),
			RUN("lint", SUCCESS, .id = 2, .inexact = true) }, NO_SUITES, NULL, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "a status told twice", { STATUS("ci", COMPLETED, FAILURE, .started_ms = NOW - 9000),
			STATUS("ci", COMPLETED, SUCCESS, .started_ms = NOW - 5000) }, NO_SUITES, NULL, READY },

	/* skipped because a job it needs failed */
	{ "skipped by a failure", { RUN("lint", FAILURE, .workflow = "CI", .run_id = 5),
			RUN("deploy", SKIPPED, .workflow = "CI", .run_id = 5) }, NO_SUITES, NULL,
		TWO(NOT_READY, CHECK_FAILED, "CI / lint", SKIPPED_BY_FAILURE, "CI / deploy") },
	{ "skipped by a failure that nobody requires", { GREEN, RUN("e2e", FAILURE, .run_id = 5, OPTIONAL),
			RUN("deploy", SKIPPED, .run_id = 5, REQUIRED) }, NO_SUITES, NULL, ONE(NOT_READY, SKIPPED_BY_FAILURE, "deploy") },
	{ "skipped by a failure that is ignored", { GREEN, RUN("e2e", FAILURE, .run_id = 5),
			RUN("deploy", SKIPPED, .run_id = 5) }, NO_SUITES, ignores, ONE(NOT_READY, SKIPPED_BY_FAILURE, "deploy") },
	{ "skipped by what was cancelled", { GREEN, RUN("e2e", CANCELLED, .run_id = 5), RUN("deploy", SKIPPED, .run_id = 5) }, NO_SUITES, ignores,
		ONE(PENDING, CHECK_CANCELLED, "deploy") },
	{ "skipped beside another run's failure", { GREEN, RUN("e2e", FAILURE, .run_id = 6, OPTIONAL),
			RUN("deploy", SKIPPED, .run_id = 5, REQUIRED), RUN("x", SUCCESS, REQUIRED) }, NO_SUITES, NULL, READY },
	{ "skipped, repaired by a rerun", { RUN("e2e", FAILURE, .run_id = 5, .id = 1), RUN("e2e", SUCCESS, .run_id = 5, .id = 2),
			RUN("docs", SKIPPED, .run_id = 5) }, NO_SUITES, NULL, READY },
	{ "skipped, whose run is not known", { GREEN, RUN("e2e", FAILURE, .workflow = "CI"),
			RUN("deploy", SKIPPED, .workflow = "CI") }, NO_SUITES, ignores, ONE(NOT_READY, SKIPPED_BY_FAILURE, "CI / deploy") },
	{ "skipped in a suite that failed", { GREEN, RUN("deploy", SKIPPED, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", COMPLETED, FAILURE, .run_id = 5) }, NULL, TWO(NOT_READY, SKIPPED_BY_FAILURE, "CI / deploy", CHECK_FAILED, "CI") },

	/* what is required */
	{ "an optional failure", { RUN("lint", SUCCESS, REQUIRED), RUN("e2e", FAILURE, OPTIONAL) }, NO_SUITES, unstable, READY },
	{ "a required failure", { RUN("lint", FAILURE, REQUIRED), RUN("e2e", SUCCESS, OPTIONAL) }, NO_SUITES, NULL,
		ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "nobody requires anything: all", { RUN("lint", SUCCESS, OPTIONAL), RUN("e2e", FAILURE, OPTIONAL) }, NO_SUITES, NULL,
		ONE(NOT_READY, CHECK_FAILED, "e2e") },
	{ "one of which that is not known", { RUN("lint", SUCCESS, REQUIRED), RUN("e2e", FAILURE) }, NO_SUITES, NULL,
		ONE(NOT_READY, CHECK_FAILED, "e2e") },
	{ "the project's list", { GREEN, RUN("e2e", FAILURE) }, NO_SUITES, requires_lint, READY },
	{ "the project's list and GitHub's", { GREEN, RUN("e2e", FAILURE, REQUIRED) }, NO_SUITES, requires_lint,
		ONE(NOT_READY, CHECK_FAILED, "e2e") },
	{ "the project's list, missing", { GREEN }, NO_SUITES, requires_deploy, ONE(PENDING, CHECK_MISSING, "deploy") },
	{ "a glob with the workflow", { RUN("a", FAILURE, .workflow = "CI"), RUN("b", FAILURE, .workflow = "Docs"),
			RUN("c", SUCCESS, .workflow = "CI") }, NO_SUITES, requires_workflow, ONE(NOT_READY, CHECK_FAILED, "CI / a") },
	{ "a glob, while jobs may be to come", { RUN("lint", SUCCESS, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", IN_PROGRESS, NONE, .run_id = 5) }, requires_everything, ONE(PENDING, CHECK_PENDING, "CI") },
	{ "a glob, while its workflow has no job yet", { GREEN }, { SUITE("CI", QUEUED, NONE, .run_id = 5) }, requires_everything,
		ONE(PENDING, CHECK_PENDING, "CI") },
	{ "a glob of a matrix, one of which has passed", { RUN("test (1)", SUCCESS, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", IN_PROGRESS, NONE, .run_id = 5) }, requires_matrix, ONE(PENDING, CHECK_PENDING, "CI") },
	{ "a glob of a matrix, and another workflow that runs", { RUN("test (1)", SUCCESS, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", COMPLETED, SUCCESS, .run_id = 5), SUITE("Docs", IN_PROGRESS, NONE, .run_id = 6) }, requires_matrix, READY },
	{ "a glob of a matrix, and another job that runs", { RUN("test (1)", SUCCESS, .workflow = "CI", .run_id = 5),
			BUSY("deploy", WAITING, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", IN_PROGRESS, NONE, .run_id = 5) }, requires_matrix, READY },
	{ "a name, while other jobs are to come", { RUN("lint", SUCCESS, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", IN_PROGRESS, NONE, .run_id = 5) }, requires_lint, READY },
	{ "an optional failure that was reported", { RUN("lint", FAILURE, OPTIONAL), RUN("e2e", SUCCESS, REQUIRED) },
		NO_SUITES, report_of_lint, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "an optional failure whose step was reported", { RUN("test", FAILURE, OPTIONAL), RUN("backend", SUCCESS, REQUIRED) },
		NO_SUITES, report_of_step, ONE(NOT_READY, CHECK_FAILED, "test") },
	{ "ignored", { GREEN, RUN("codecov/patch", FAILURE) }, NO_SUITES, ignores, READY },
	{ "nothing but ignored", { RUN("codecov/patch", SUCCESS) }, NO_SUITES, ignores, ONE(PENDING, NO_CHECKS_ON_HEAD, HEAD) },
	{ "our own", { GREEN, STATUS("codegend/follow-up", PENDING, NONE), RUN("codegend", NEUTRAL, .app = "codegend") }, NO_SUITES, own, READY },
	{ "nothing but our own", { STATUS("codegend/follow-up", COMPLETED, SUCCESS) }, NO_SUITES, own, ONE(PENDING, NO_CHECKS_ON_HEAD, HEAD) },
	{ "somebody else's of our name", { GREEN, RUN("codegend/x", FAILURE) }, NO_SUITES, own, ONE(NOT_READY, CHECK_FAILED, "codegend/x") },

	/* suites */
	{ "a workflow without checks yet", { GREEN }, { SUITE("E2E", QUEUED, NONE) }, NULL, ONE(PENDING, CHECK_PENDING, "E2E") },
	{ "a workflow of which nothing but an ignored check runs", { GREEN, BUSY("e2e", IN_PROGRESS, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", IN_PROGRESS, NONE, .run_id = 5) }, ignores_one_that_runs, ONE(PENDING, CHECK_PENDING, "CI") },
	{ "a workflow that failed by nothing but an ignored check", { GREEN, RUN("e2e", FAILURE, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", COMPLETED, FAILURE, .run_id = 5) }, ignores, READY },
	{ "two jobs of one name in one run, one failed", { RUN("test", FAILURE, .id = 1, .workflow = "CI", .run_id = 5),
			RUN("test", SUCCESS, .id = 2, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", COMPLETED, FAILURE, .run_id = 5) }, unstable, ONE(NOT_READY, CHECK_FAILED, "CI") },
	{ "two jobs of one name in one run, one failed, as reported", { RUN("test", FAILURE, .id = 1, .workflow = "CI", .run_id = 5),
			RUN("test", SUCCESS, .id = 2, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", COMPLETED, FAILURE, .run_id = 5) }, report_of_test, ONE(NOT_READY, CHECK_FAILED, "CI") },
	{ "two jobs of one name in one run, one runs", { BUSY("test", IN_PROGRESS, .id = 1, .workflow = "CI", .run_id = 5),
			RUN("test", SUCCESS, .id = 2, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", IN_PROGRESS, NONE, .run_id = 5) }, pending_rollup, ONE(PENDING, CHECK_PENDING, "CI") },
	{ "a failed job that was run again", { RUN("test", FAILURE, .id = 1, .workflow = "CI", .run_id = 5),
			RUN("test", SUCCESS, .id = 2, .workflow = "CI", .run_id = 5) },
		{ SUITE("CI", COMPLETED, SUCCESS, .run_id = 5) }, NULL, READY },
	{ "a workflow that waits for approval", { GREEN }, { SUITE("E2E", COMPLETED, ACTION_REQUIRED) }, NULL,
		ONE(NOT_READY, AWAITING_WORKFLOW_APPROVAL, "E2E") },
	{ "nothing but approval", { { 0 } }, { SUITE("E2E", COMPLETED, ACTION_REQUIRED) }, NULL,
		TWO(NOT_READY, AWAITING_WORKFLOW_APPROVAL, "E2E", NO_CHECKS_ON_HEAD, HEAD) },
	{ "a broken workflow", { GREEN }, { SUITE("E2E", COMPLETED, STARTUP_FAILURE) }, NULL, ONE(PENDING, STARTUP_FAILURE, "E2E") },
	{ "a failure whose check is not seen", { GREEN }, { SUITE("E2E", COMPLETED, FAILURE) }, NULL, ONE(NOT_READY, CHECK_FAILED, "E2E") },
	{ "a suite of tomorrow", { GREEN }, { SUITE("E2E", COMPLETED, UNREAD) }, NULL, ONE(UNKNOWN, CHECKS_UNREADABLE, "E2E") },
	{ "a suite that could not be read", { GREEN }, { { .kind = GITHUB_KIND_UNREAD, .name = "x" } }, NULL, ONE(UNKNOWN, CHECKS_UNREADABLE, "x") },
	{ "an app that has nothing to say", { GREEN }, { SUITE("", QUEUED, NONE, .app = "dependabot") }, NULL, READY },
	{ "a workflow cancelled for a newer run", { GREEN }, { SUITE("E2E", COMPLETED, CANCELLED, .id = 1),
			SUITE("E2E", COMPLETED, SUCCESS, .id = 2) }, NULL, READY },
	{ "an unrequired workflow that runs", { RUN("lint", SUCCESS, REQUIRED) }, { SUITE("E2E", IN_PROGRESS, NONE) }, unstable, READY },

	/* REST instead of GraphQL */
	{ "workflow runs instead of checks", { { 0 } }, { SUITE("E2E", COMPLETED, SUCCESS) }, fallback, READY },
	{ "a red workflow run", { STATUS("ci", COMPLETED, SUCCESS) }, { SUITE("E2E", COMPLETED, FAILURE) }, fallback,
		ONE(NOT_READY, CHECK_FAILED, "E2E") },
	{ "a pending workflow run", { STATUS("ci", COMPLETED, SUCCESS) }, { SUITE("E2E", IN_PROGRESS, NONE) }, fallback,
		ONE(PENDING, CHECK_PENDING, "E2E") },
	{ "unstable, and not only by a run that was replaced", { STATUS("ci", COMPLETED, SUCCESS) },
		{ SUITE("E2E", COMPLETED, CANCELLED, .id = 1), SUITE("E2E", COMPLETED, SUCCESS, .id = 2) }, unstable_fallback,
		ONE(UNKNOWN, CHECKS_UNREADABLE, "other apps") },
	{ "unstable, and not only by an ignored status", { STATUS("codecov/patch", COMPLETED, FAILURE) },
		{ SUITE("E2E", COMPLETED, SUCCESS) }, unstable_ignores, ONE(UNKNOWN, CHECKS_UNREADABLE, "other apps") },
	{ "unstable, by what the project does not require", { STATUS("lint", COMPLETED, SUCCESS), STATUS("size", COMPLETED, FAILURE) },
		{ SUITE("E2E", COMPLETED, SUCCESS) }, unstable_requires, READY },
	{ "neither statuses nor workflow runs", { { 0 } }, NO_SUITES, fallback, ONE(PENDING, NO_CHECKS_ON_HEAD, HEAD) },
	{ "statuses alone", { STATUS("ci", COMPLETED, SUCCESS) }, NO_SUITES, only_statuses, ONE(UNKNOWN, CHECKS_UNREADABLE, "") },

	/* what was not seen */
	{ "checks unread", { { 0 } }, NO_SUITES, unread_checks, ONE(UNKNOWN, CHECKS_UNREADABLE, "") },
	{ "suites unread", { GREEN }, NO_SUITES, unread_suites, ONE(UNKNOWN, CHECKS_UNREADABLE, "") },
	{ "pages missing", { GREEN }, NO_SUITES, pages, ONE(UNKNOWN, CHECKS_UNREADABLE, "pages") },
	{ "pages of suites missing", { GREEN }, NO_SUITES, pages_of_suites, ONE(UNKNOWN, CHECKS_UNREADABLE, "pages") },
	{ "head unknown", { GREEN }, NO_SUITES, no_head, ONE(UNKNOWN, CHECKS_UNREADABLE, "head") },
	{ "whose checks is unknown", { GREEN }, NO_SUITES, no_checks_sha, ONE(UNKNOWN, CHECKS_UNREADABLE, "head") },
	{ "checks of another commit", { GREEN }, NO_SUITES, checks_of_other_commit, ONE(PENDING, CI_STALE, HEAD) },
	{ "GitHub sums up otherwise", { GREEN }, NO_SUITES, pending_rollup, ONE(UNKNOWN, CHECKS_UNREADABLE, "rollup") },
	{ "the summary is of tomorrow", { GREEN }, NO_SUITES, unread_rollup, ONE(UNKNOWN, CHECKS_UNREADABLE, "rollup") },
	{ "the summary is explained", { GREEN, RUN("codecov/patch", FAILURE) }, NO_SUITES, ignores, READY },

#include "tests/unit/forge/judge-rows-reported.inc"
	{ "red because of another incident", { RUN("lint", FAILURE), RUN("e2e", SUCCESS) }, NO_SUITES, red_elsewhere,
		ONE(PENDING, RED_ELSEWHERE, "incident-0-78") },
	{ "red because of both", { RUN("lint", FAILURE), RUN("e2e", SUCCESS) }, NO_SUITES, red_here_too, ONE(NOT_READY, CHECK_FAILED, "lint") },

	/* merging and reviews */
	{ "draft", { GREEN }, NO_SUITES, draft, ONE(NOT_READY, DRAFT, "") },
	{ "draft by its merge state", { GREEN }, NO_SUITES, draft_state, ONE(NOT_READY, DRAFT, "") },
	{ "draft or not", { GREEN }, NO_SUITES, draft_unread, ONE(NOT_READY, BLOCKED_UNKNOWN, "draft") },
	{ "conflict", { GREEN }, NO_SUITES, conflict, ONE(NOT_READY, CONFLICT, "main") },
	{ "dirty", { GREEN }, NO_SUITES, dirty, ONE(NOT_READY, CONFLICT, "main") },
	{ "behind", { GREEN }, NO_SUITES, behind, ONE(NOT_READY, BEHIND_BASE, "main") },
	{ "being computed", { GREEN }, NO_SUITES, mergeable_unknown, ONE(PENDING, MERGEABILITY_UNKNOWN, "") },
	{ "its merge state is being computed", { GREEN }, NO_SUITES, state_unknown, ONE(PENDING, MERGEABILITY_UNKNOWN, "") },
	{ "mergeable, of tomorrow", { GREEN }, NO_SUITES, mergeable_unread, ONE(NOT_READY, BLOCKED_UNKNOWN, "mergeable") },
	{ "a merge state of tomorrow", { GREEN }, NO_SUITES, state_unread, ONE(NOT_READY, BLOCKED_UNKNOWN, "merge state") },
	{ "blocked", { RUN("lint", SUCCESS, .started_ms = LONG_AGO) }, NO_SUITES, blocked, ONE(NOT_READY, BLOCKED_UNKNOWN, "") },
	{ "blocked, and nobody knows since when", { RUN("lint", SUCCESS, .started_ms = -1) }, NO_SUITES, blocked,
		ONE(NOT_READY, BLOCKED_UNKNOWN, "") },
	{ "blocked soon after a push", { GREEN }, NO_SUITES, blocked, ONE(PENDING, CHECK_MISSING, "") },
	{ "blocked by what was never reported", { GREEN }, NO_SUITES, expects, ONE(PENDING, CHECK_MISSING, "e2e") },
	{ "blocked by what is seen", { RUN("lint", FAILURE) }, NO_SUITES, blocked, ONE(NOT_READY, CHECK_FAILED, "lint") },
	{ "with hooks", { GREEN }, NO_SUITES, hooks, READY },
	{ "unstable, and nothing seen is", { GREEN }, NO_SUITES, unstable, ONE(NOT_READY, BLOCKED_UNKNOWN, "") },
	{ "in the queue", { GREEN }, NO_SUITES, queued, ONE(PENDING, IN_MERGE_QUEUE, "") },
	{ "in the queue or not", { GREEN }, NO_SUITES, queue_unread, ONE(NOT_READY, BLOCKED_UNKNOWN, "merge queue") },
	{ "changes requested", { GREEN }, NO_SUITES, changes, ONE(NOT_READY, CHANGES_REQUESTED, "") },
	{ "an objection without a rule", { GREEN }, NO_SUITES, objection, ONE(NOT_READY, CHANGES_REQUESTED, "ann") },
	{ "a review is missing", { GREEN }, NO_SUITES, review_required, ONE(NOT_READY, REVIEW_MISSING, "") },
	{ "a decision of tomorrow", { GREEN }, NO_SUITES, review_unread, ONE(NOT_READY, BLOCKED_UNKNOWN, "review") },
	{ "a decision that is none", { GREEN }, NO_SUITES, review_commented, ONE(NOT_READY, BLOCKED_UNKNOWN, "review") },
	{ "approved", { GREEN }, NO_SUITES, approved, READY },
	{ "approved before the push", { GREEN }, NO_SUITES, approved_before, ONE(NOT_READY, REVIEW_STALE, "ann") },
	{ "approved before, and that is enough", { GREEN }, NO_SUITES, approved_before_is_enough, READY },
	{ "approved by nobody seen", { GREEN }, NO_SUITES, approved_unseen, ONE(NOT_READY, REVIEW_STALE, "") },
	{ "threads", { GREEN }, NO_SUITES, threads, ONE(NOT_READY, THREADS_UNRESOLVED, "") },
	{ "threads nobody minds", { GREEN }, NO_SUITES, harmless_threads, READY },
};
/* clang-format on */

/* ---- running them ---- */

static const char *current;

static void fill_check(struct github_check_list *list, const struct row_check *row) {
	struct github_check *check;

	assert_int_equal(github_check_add(list, &check), 0);
	list->total++;
	*check = (struct github_check){
		.kind = row->kind,
		.status = row->status,
		.conclusion = row->conclusion,
		.required = row->required,
		.inexact = row->inexact,
		.id = row->id,
		.workflow_run_id = row->run_id,
		.started_ms = row->started_ms < 0 ? 0
			: row->started_ms > 0	  ? row->started_ms
						  : NOW - 60000,
		.completed_ms = row->completed_ms < 0 ? 0
			: row->completed_ms > 0	      ? row->completed_ms
						      : NOW - 30000,
	};
	if (row->started_ms == 0 && row->completed_ms == LONG_AGO) {
		check->started_ms = LONG_AGO - 1000;
	}
	(void)TEXT_SET(check->name, row->name);
	(void)TEXT_SET(check->app, row->app != NULL ? row->app : "some");
	(void)TEXT_SET(check->workflow, row->workflow != NULL ? row->workflow : "");
	(void)TEXT_SET(check->event, row->event != NULL ? row->event : "");
}

/* An open pull request of which all is well but its checks, which are to be added. */
static void fill_snapshot(struct github_snapshot *s) {
	*s = (struct github_snapshot){
		.state = GITHUB_STATE_OPEN,
		.pull_request = 17,
		.draft = GITHUB_NO,
		.in_merge_queue = GITHUB_NO,
		.mergeable = GITHUB_MERGEABLE_MERGEABLE,
		.merge_state = GITHUB_MERGE_STATE_CLEAN,
		.review = GITHUB_REVIEW_NONE,
		.base = "main",
		.head_sha = HEAD,
		.checks_sha = HEAD,
		.sources = GITHUB_FROM_ROLLUP | GITHUB_FROM_SUITES,
		.rollup_status = GITHUB_STATUS_COMPLETED,
		.rollup_conclusion = GITHUB_CONCLUSION_SUCCESS,
	};
	for (int i = 0; i < GITHUB_PARTS_READ; i++) {
		s->reading[i] = GITHUB_READ;
	}
}

static void expect_reasons(const struct row *row, const struct verdict *verdict) {
	size_t n = 0;

	while (n < REASONS_MAX && row->reasons[n].subject != NULL) {
		n++;
	}
	if (verdict->n_reasons != n) {
		fail_msg("%s: %zu reasons instead of %zu, the first: %s", current,
			verdict->n_reasons, n, verdict->reasons[0].message);
	}
	for (size_t i = 0; i < n; i++) {
		const struct reason *reason = &verdict->reasons[i];

		if (reason->code != row->reasons[i].code ||
			strcmp(reason->subject, row->reasons[i].subject) != 0) {
			fail_msg("%s: %s of \"%s\" instead of %s of \"%s\"", current,
				reason_code_name(reason->code), reason->subject,
				reason_code_name(row->reasons[i].code), row->reasons[i].subject);
		}
		assert_true(reason->message[0] != '\0');
		assert_int_equal(reason->message[strlen(reason->message) - 1], '.');
	}
}

static void judge_row(const struct row *row, struct verdict *verdict) {
	struct github_snapshot snapshot;
	struct github_policy policy = { .revision = 7 };

	current = row->what;
	fill_snapshot(&snapshot);
	for (size_t i = 0; i < CHECKS_MAX && row->checks[i].name != NULL; i++) {
		fill_check(&snapshot.checks, &row->checks[i]);
	}
	for (size_t i = 0; i < CHECKS_MAX && row->suites[i].name != NULL; i++) {
		fill_check(&snapshot.suites, &row->suites[i]);
	}
	for (size_t i = 0; i < CHECKS_MAX && row->checks[i].name != NULL; i++) {
		if (row->checks[i].conclusion == GITHUB_CONCLUSION_FAILURE) {
			snapshot.rollup_conclusion = GITHUB_CONCLUSION_FAILURE;
		}
	}
	if (row->twist != NULL) {
		row->twist(&snapshot, &policy);
	}
	github_judge(&snapshot, &policy, NOW, verdict);
	assert_int_equal(verdict->revision, 7);
	assert_int_equal(verdict->checked_at_ms, NOW);
	assert_string_equal(verdict->head_sha, snapshot.head_sha);
	github_snapshot_finish(&snapshot);
}

static void judges_every_row(void **state) {
	static struct verdict verdict;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		judge_row(&rows[i], &verdict);
		expect_reasons(&rows[i], &verdict);
		if (verdict.outcome != rows[i].outcome) {
			fail_msg("%s: %s instead of %s", current,
				verdict_outcome_names[verdict.outcome],
				verdict_outcome_names[rows[i].outcome]);
		}
		assert_true((verdict.outcome == VERDICT_READY) <= (verdict.n_reasons == 0));
		assert_true((verdict.outcome == VERDICT_READY) <= (verdict.n_proof > 0));
	}
}

/* All but one that only builds which CI told us of can have. */
static void every_reason_is_produced(void **state) {
	static struct verdict verdict;
	bool seen[REASON_CODE_COUNT] = { [REASON_BUILD_FAILED] = true };
	bool outcomes[VERDICT_OUTCOME_COUNT] = { false };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		judge_row(&rows[i], &verdict);
		outcomes[verdict.outcome] = true;
		for (size_t r = 0; r < verdict.n_reasons; r++) {
			seen[verdict.reasons[r].code] = true;
		}
	}
	for (int code = 0; code < REASON_CODE_COUNT; code++) {
		if (!seen[code]) {
			fail_msg("no row has %s", reason_code_name((enum reason_code)code));
		}
	}
	for (int outcome = 0; outcome < VERDICT_OUTCOME_COUNT; outcome++) {
		assert_true(outcomes[outcome]);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_every_row),
		cmocka_unit_test(every_reason_is_produced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
