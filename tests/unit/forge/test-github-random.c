/* Whatever GitHub may say, at random: ready only when everything is, by a rule written down a second time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/forge/github_judge.h"

#define NOW INT64_C(1758245293693)
#define HEAD "1111111111111111111111111111111111111111"
#define ROUNDS 60000
#define CHECKS 5
#define SUITES 3

static uint64_t seed = 1;

/* SplitMix64 (public domain): the same numbers everywhere. */
static unsigned pick(unsigned n) {
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned)((z ^ (z >> 31)) % n);
}

/* Mostly `usual`, so that ready is met often enough to be put to the test. */
static unsigned mostly(unsigned usual, unsigned n) {
	return pick(12) > 0 ? usual : pick(n);
}

static void random_check(struct github_check *check, enum github_kind kind) {
	static const char *const names[] = { "lint", "e2e", "build", "deploy" };
	static const char *const workflows[] = { "CI", "", "Docs" };

	check->kind = (enum github_kind)mostly(kind, 3);
	check->status = (enum github_status)mostly(GITHUB_STATUS_COMPLETED, GITHUB_STATUS_COUNT);
	check->conclusion = (enum github_conclusion)(pick(5) == 0
			? GITHUB_CONCLUSION_SKIPPED
			: mostly(GITHUB_CONCLUSION_SUCCESS, GITHUB_CONCLUSION_COUNT));
	check->required = (enum github_answer)pick(3);
	check->inexact = pick(10) == 0;
	check->id = pick(8);
	check->suite_id = pick(3);
	check->workflow_run_id = pick(3);
	check->started_ms = pick(3) == 0 ? 0 : NOW - pick(100000);
	check->completed_ms = pick(3) == 0 ? 0 : NOW - pick(100000);
	(void)TEXT_SET(check->name, kind == GITHUB_KIND_SUITE ? "" : names[pick(ARRAY_SIZE(names))]);
	(void)TEXT_SET(check->app, pick(2) == 0 ? "github-actions" : "other");
	(void)TEXT_SET(check->workflow, workflows[pick(ARRAY_SIZE(workflows))]);
	(void)TEXT_SET(check->event, pick(3) == 0 ? "push" : "pull_request");
}

static void random_list(struct github_check_list *list, unsigned max, enum github_kind kind) {
	unsigned n = pick(max + 1);

	for (unsigned i = 0; i < n; i++) {
		struct github_check *check;

		assert_int_equal(github_check_add(list, &check), 0);
		random_check(check, kind);
	}
	list->total = (int64_t)mostly(n, n + 3);
	list->incomplete = mostly(0, 2) == 1;
}

static void random_snapshot(struct github_snapshot *s) {
	*s = (struct github_snapshot){
		.state = (enum github_state)mostly(GITHUB_STATE_OPEN, GITHUB_STATE_OPEN + 1),
		.draft = (enum github_answer)mostly(GITHUB_NO, 3),
		.in_merge_queue = (enum github_answer)mostly(GITHUB_NO, 3),
		.mergeable = (enum github_mergeable)mostly(
			GITHUB_MERGEABLE_MERGEABLE, GITHUB_MERGEABLE_COUNT),
		.merge_state = (enum github_merge_state)mostly(
			GITHUB_MERGE_STATE_CLEAN, GITHUB_MERGE_STATE_COUNT),
		.review = (enum github_review)mostly(GITHUB_REVIEW_NONE, GITHUB_REVIEW_COUNT),
		.head_sha = HEAD,
		.sources = mostly(GITHUB_FROM_ROLLUP | GITHUB_FROM_SUITES, 32),
		.rollup_status =
			(enum github_status)mostly(GITHUB_STATUS_COMPLETED, GITHUB_STATUS_COUNT),
		.rollup_conclusion = (enum github_conclusion)mostly(
			GITHUB_CONCLUSION_SUCCESS, GITHUB_CONCLUSION_COUNT),
		.unresolved_threads = pick(3),
		.reviews_incomplete = mostly(0, 2) == 1,
		.ask_by_number = mostly(0, 2) == 1,
		.head_ms = pick(3) == 0 ? NOW - pick(3000000) : 0,
	};
	for (int i = 0; i < GITHUB_PARTS_READ; i++) {
		s->reading[i] = (enum github_reading)mostly(GITHUB_READ, GITHUB_RATE_LIMITED + 1);
	}
	if (mostly(0, 2) == 0) {
		(void)TEXT_SET(s->checks_sha, HEAD);
	}
	random_list(&s->checks, CHECKS, GITHUB_KIND_RUN);
	random_list(&s->suites, SUITES, GITHUB_KIND_SUITE);
}

/* ---- the rule, once more: what must hold of a ready one ---- */

static bool is_good(const struct github_check *check) {
	return check->kind != GITHUB_KIND_UNREAD && check->status == GITHUB_STATUS_COMPLETED &&
		(check->conclusion == GITHUB_CONCLUSION_SUCCESS ||
			check->conclusion == GITHUB_CONCLUSION_NEUTRAL ||
			check->conclusion == GITHUB_CONCLUSION_SKIPPED);
}

/* A later good run with its name, by an id or a time that is really later. */
static bool is_excused(const struct github_check_list *list, const struct github_check *check) {
	for (size_t i = 0; i < list->n; i++) {
		const struct github_check *other = &list->items[i];

		if (strcmp(other->name, check->name) == 0 && strcmp(other->app, check->app) == 0 &&
			strcmp(other->workflow, check->workflow) == 0 &&
			strcmp(other->event, check->event) == 0 && other->kind == check->kind &&
			!other->inexact && !check->inexact &&
			(other->id > check->id || other->started_ms > check->started_ms)) {
			return true;
		}
	}
	return false;
}

static void expect_checks_good(const struct github_snapshot *s, bool some_required) {
	bool proof = false;

	for (size_t i = 0; i < s->checks.n; i++) {
		const struct github_check *check = &s->checks.items[i];

		assert_int_not_equal(check->kind, GITHUB_KIND_UNREAD);
		if (!is_good(check) && (!some_required || check->required != GITHUB_NO)) {
			assert_true(is_excused(&s->checks, check));
		}
		proof = proof || (is_good(check) && check->conclusion != GITHUB_CONCLUSION_SKIPPED);
	}
	for (size_t i = 0; i < s->suites.n; i++) {
		const struct github_check *suite = &s->suites.items[i];

		assert_int_not_equal(suite->kind, GITHUB_KIND_UNREAD);
		proof = proof || is_good(suite);
		if (suite->workflow[0] != '\0' && !is_good(suite) && !some_required &&
			s->checks.n == 0) {
			assert_true(is_excused(&s->suites, suite));
		}
	}
	assert_true(proof);
}

/* Skipped, while its own workflow run is known to hold a failure: in a run known by its id. */
static void expect_no_skip_by_failure(const struct github_snapshot *s, bool some_required) {
	for (size_t i = 0; i < s->checks.n; i++) {
		const struct github_check *skipped = &s->checks.items[i];

		if (skipped->conclusion != GITHUB_CONCLUSION_SKIPPED ||
			skipped->status != GITHUB_STATUS_COMPLETED || skipped->workflow_run_id == 0 ||
			(some_required && skipped->required == GITHUB_NO) ||
			is_excused(&s->checks, skipped)) {
			continue;
		}
		for (size_t k = 0; k < s->checks.n; k++) {
			const struct github_check *other = &s->checks.items[k];

			if (other->workflow_run_id == skipped->workflow_run_id &&
				other->status == GITHUB_STATUS_COMPLETED && !is_good(other)) {
				assert_true(is_excused(&s->checks, other));
			}
		}
	}
}

static void expect_merging_good(const struct github_snapshot *s) {
	assert_int_equal(s->mergeable, GITHUB_MERGEABLE_MERGEABLE);
	assert_true(s->merge_state == GITHUB_MERGE_STATE_CLEAN ||
		s->merge_state == GITHUB_MERGE_STATE_HAS_HOOKS ||
		s->merge_state == GITHUB_MERGE_STATE_UNSTABLE);
	assert_int_equal(s->draft, GITHUB_NO);
	assert_int_equal(s->in_merge_queue, GITHUB_NO);
	assert_int_equal(s->review, GITHUB_REVIEW_NONE); /* nobody is seen to approve */
	assert_false(s->reviews_incomplete);
}

static void expect_ready(const struct github_snapshot *s, const struct verdict *verdict) {
	bool some_required = false;

	for (size_t i = 0; i < s->checks.n; i++) {
		some_required = some_required || s->checks.items[i].required == GITHUB_YES;
	}
	assert_int_equal(verdict->n_reasons, 0);
	assert_true(verdict->n_proof > 0);
	assert_int_equal(s->reading[GITHUB_PART_TARGET], GITHUB_READ);
	assert_false(s->ask_by_number);
	assert_true(github_checks_readable(s));
	assert_string_equal(s->checks_sha, s->head_sha);
	assert_false(s->checks.incomplete || s->suites.incomplete);
	assert_int_equal(s->checks.total, s->checks.n);
	assert_int_equal(s->suites.total, s->suites.n);
	assert_true(s->state == GITHUB_STATE_OPEN || s->state == GITHUB_STATE_BRANCH);
	if (s->state == GITHUB_STATE_OPEN) {
		expect_merging_good(s);
	}
	expect_checks_good(s, some_required);
	expect_no_skip_by_failure(s, some_required);
}

static void ready_never_with_anything_red_pending_or_unknown(void **state) {
	static const struct github_policy policy;
	static struct verdict verdict;
	struct github_snapshot snapshot;
	size_t n_ready = 0, n_not = 0;

	for (int i = 0; i < ROUNDS; i++) {
		random_snapshot(&snapshot);
		github_judge(&snapshot, &policy, NOW, &verdict);
		if (verdict.outcome == VERDICT_READY) {
			expect_ready(&snapshot, &verdict);
			n_ready++;
		} else {
			n_not++;
			assert_true(verdict.n_reasons > 0 || verdict.outcome == VERDICT_CLOSED ||
				verdict.outcome == VERDICT_GONE || verdict.outcome == VERDICT_MERGED);
		}
		github_snapshot_finish(&snapshot);
	}
	/* Both are met, or nothing was shown. */
	assert_true(n_ready > ROUNDS / 100);
	assert_true(n_not > ROUNDS / 10);
}

/* Judging changes nothing and depends on nothing else. */
static void the_same_twice(void **state) {
	static const struct github_policy policy;
	static struct verdict first, second;
	struct github_snapshot snapshot;

	for (int i = 0; i < 1000; i++) {
		random_snapshot(&snapshot);
		github_judge(&snapshot, &policy, NOW, &first);
		github_judge(&snapshot, &policy, NOW, &second);
		assert_int_equal(first.outcome, second.outcome);
		assert_int_equal(first.n_reasons, second.n_reasons);
		for (size_t r = 0; r < first.n_reasons; r++) {
			assert_string_equal(first.reasons[r].message, second.reasons[r].message);
		}
		github_snapshot_finish(&snapshot);
	}
}

/* What a project wants an agent to do is repair, and nothing else becomes it. */
static void a_project_chooses_what_an_agent_repairs(void **state) {
	static const struct github_policy policy = { .repair_behind = true,
		.repair_changes_requested = true };
	static struct verdict verdict;
	struct github_snapshot snapshot;
	size_t n = 0;

	for (int i = 0; i < 5000; i++) {
		random_snapshot(&snapshot);
		github_judge(&snapshot, &policy, NOW, &verdict);
		for (size_t r = 0; r < verdict.n_reasons; r++) {
			bool chosen = verdict.reasons[r].code == REASON_BEHIND_BASE ||
				verdict.reasons[r].code == REASON_CHANGES_REQUESTED;

			assert_int_equal(verdict.reasons[r].repair, chosen);
			n += chosen;
		}
		github_snapshot_finish(&snapshot);
	}
	assert_true(n > 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ready_never_with_anything_red_pending_or_unknown),
		cmocka_unit_test(the_same_twice),
		cmocka_unit_test(a_project_chooses_what_an_agent_repairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
