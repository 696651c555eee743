#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/model/verdict.h"

#define NOW_MS INT64_C(1758245293693)
#define FOR_EVER (100 * 365 * CLOCK_DAY_MS)

struct rule_row {
	enum reason_code code;
	const char *name;
	enum reason_class class;
	int64_t bound_ms; /* 0: it never becomes anything else */
	enum reason_class then;
};

#define ROW(code, class, bound_ms, then)                                                           \
	{ REASON_##code, #code, REASON_##class, bound_ms, REASON_##then }

static const struct rule_row rule_rows[] = {
	ROW(AWAITING_WORKFLOW_APPROVAL, HUMAN, 0, HUMAN),
	ROW(BEHIND_BASE, HUMAN, 0, HUMAN),
	ROW(BLOCKED_UNKNOWN, HUMAN, 0, HUMAN),
	ROW(BUILD_FAILED, REPAIR, 0, REPAIR),
	ROW(CHANGES_REQUESTED, HUMAN, 0, HUMAN),
	ROW(CHECKS_UNREADABLE, HUMAN, 0, HUMAN),
	ROW(CHECK_CANCELLED, WAIT, 10 * CLOCK_MINUTE_MS, REPAIR),
	ROW(CHECK_FAILED, REPAIR, 0, REPAIR),
	ROW(CHECK_MISSING, WAIT, 30 * CLOCK_MINUTE_MS, HUMAN),
	ROW(CHECK_PENDING, WAIT, 2 * CLOCK_HOUR_MS, HUMAN),
	ROW(CHECK_TIMED_OUT, WAIT, 10 * CLOCK_MINUTE_MS, REPAIR),
	ROW(CI_STALE, WAIT, 30 * CLOCK_MINUTE_MS, HUMAN),
	ROW(CONFLICT, REPAIR, 0, REPAIR),
	ROW(DRAFT, HUMAN, 0, HUMAN),
	ROW(IN_MERGE_QUEUE, WAIT, 6 * CLOCK_HOUR_MS, HUMAN),
	ROW(MERGEABILITY_UNKNOWN, WAIT, CLOCK_HOUR_MS, HUMAN),
	ROW(NO_BUILD_SINCE_REPORT, REPAIR, 0, REPAIR),
	ROW(NO_CHECKS_ON_HEAD, WAIT, 10 * CLOCK_MINUTE_MS, HUMAN),
	ROW(ORDER_UNKNOWN, HUMAN, 0, HUMAN),
	ROW(RATE_LIMITED, WAIT, 0, WAIT),
	ROW(RED_ELSEWHERE, WAIT, 24 * CLOCK_HOUR_MS, HUMAN),
	ROW(REVIEW_MISSING, HUMAN, 0, HUMAN),
	ROW(REVIEW_STALE, HUMAN, 0, HUMAN),
	ROW(SKIPPED_BY_FAILURE, REPAIR, 0, REPAIR),
	ROW(STARTUP_FAILURE, WAIT, 10 * CLOCK_MINUTE_MS, REPAIR),
	ROW(THREADS_UNRESOLVED, HUMAN, 0, HUMAN),
	ROW(UNREACHABLE, WAIT, 0, WAIT),
};

static void expect_class(const struct rule_row *row, int64_t age_ms, enum reason_class expected) {
	const struct reason reason = { .code = row->code, .since_ms = NOW_MS };
	enum reason_class class = reason_class_at(&reason, NOW_MS + age_ms);

	if (class != expected) {
		fail_msg("%s after %lld ms: %s instead of %s", row->name, (long long)age_ms,
			reason_class_names[class], reason_class_names[expected]);
	}
}

static void every_reason_has_its_class_and_bound(void **state) {
	assert_int_equal(ARRAY_SIZE(rule_rows), REASON_CODE_COUNT);
	for (size_t i = 0; i < ARRAY_SIZE(rule_rows); i++) {
		const struct rule_row *row = &rule_rows[i];
		int64_t bound_ms = row->bound_ms > 0 ? row->bound_ms : FOR_EVER;
		enum reason_code code = REASON_CODE_COUNT;

		assert_int_equal(row->code, i);
		assert_string_equal(reason_code_name(row->code), row->name);
		assert_int_equal(reason_code_parse(row->name, &code), 0);
		assert_int_equal(code, row->code);
		assert_int_equal(reason_class_of(row->code), row->class);
		expect_class(row, 0, row->class);
		expect_class(row, bound_ms - 1, row->class);
		expect_class(row, bound_ms, row->then);
		/* The clock was set back. */
		expect_class(row, -CLOCK_DAY_MS, row->class);
	}
}

static void a_project_may_have_its_own_bound(void **state) {
	struct reason reason = { .code = REASON_CHECK_PENDING, .since_ms = NOW_MS, .bound_ms = 60000 };

	assert_int_equal(reason_class_at(&reason, NOW_MS + 59999), REASON_WAIT);
	assert_int_equal(reason_class_at(&reason, NOW_MS + 60000), REASON_HUMAN);
	/* What waits for ever, and what is no matter of time, has none. */
	reason.code = REASON_RATE_LIMITED;
	assert_int_equal(reason_class_at(&reason, NOW_MS + FOR_EVER), REASON_WAIT);
	reason.code = REASON_CHECK_FAILED;
	assert_int_equal(reason_class_at(&reason, NOW_MS + FOR_EVER), REASON_REPAIR);
}

/* Also after it was on disk, where the class tells. */
static void a_project_may_let_an_agent_do_a_persons_work(void **state) {
	struct verdict verdict = { .outcome = VERDICT_NOT_READY, .checked_at_ms = NOW_MS }, back;
	json_t *object;

	verdict_add(&verdict, REASON_BEHIND_BASE, "main", "It is behind.");
	verdict_add(&verdict, REASON_DRAFT, "", "It is a draft.");
	verdict_add(&verdict, REASON_CHECK_FAILED, "lint", "Check lint failed.");
	verdict.reasons[0].repair = true;
	object = verdict_to_json(&verdict);
	assert_int_equal(verdict_from_json(object, &back), 0);
	json_decref(object);
	assert_int_equal(reason_class_at(&back.reasons[0], NOW_MS), REASON_REPAIR);
	assert_int_equal(reason_class_at(&back.reasons[1], NOW_MS), REASON_HUMAN);
	assert_false(back.reasons[2].repair);
}

static void a_reason_of_unknown_age_is_young(void **state) {
	const struct reason reason = { .code = REASON_CHECK_PENDING };

	assert_int_equal(reason_class_at(&reason, NOW_MS), REASON_WAIT);
}

static void refuses_names_of_no_reason(void **state) {
	static const char *const names[] = { "", "check_failed", "CHECK", "CHECK_FAILED ", "READY" };
	enum reason_code code = REASON_DRAFT;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(reason_code_parse(names[i], &code), -EINVAL);
		assert_int_equal(code, REASON_DRAFT);
	}
}

static void fill_up(struct verdict *verdict, enum reason_code code) {
	for (int i = 0; i < VERDICT_REASONS_MAX; i++) {
		char subject[32];

		(void)text_format(subject, sizeof(subject), "check %d", i);
		verdict_add(verdict, code, subject, "Check %d is not done.", i);
	}
}

static void counts_reasons_beyond_the_bound(void **state) {
	struct verdict verdict = { 0 };
	const struct reason *last = &verdict.reasons[VERDICT_REASONS_MAX - 1];
	char expected[LIMIT_REASON_MAX];

	fill_up(&verdict, REASON_CHECK_PENDING);
	for (int i = 0; i < 1000; i++) {
		verdict_add(&verdict, REASON_CHECK_PENDING, "more", "Never seen.");
	}
	assert_int_equal(verdict.n_reasons, VERDICT_REASONS_MAX);
	(void)text_format(expected, sizeof(expected), "Check %d is not done. And 1000 more.",
		VERDICT_REASONS_MAX - 1);
	assert_string_equal(last->message, expected);
}

static void a_fold_never_hides_what_an_agent_can_repair(void **state) {
	struct verdict verdict = { 0 };
	const struct reason *last = &verdict.reasons[VERDICT_REASONS_MAX - 1];

	fill_up(&verdict, REASON_CHECK_PENDING);
	verdict_add(&verdict, REASON_DRAFT, "", "It is a draft.");
	assert_int_equal(last->code, REASON_DRAFT);
	verdict_add(&verdict, REASON_CHECK_FAILED, "lint", "Check lint failed.");
	verdict_add(&verdict, REASON_REVIEW_MISSING, "ann", "A review is missing.");
	assert_int_equal(last->code, REASON_CHECK_FAILED);
	assert_string_equal(last->subject, "lint");
	assert_string_equal(last->message, "Check lint failed. And 3 more.");
}

static void folds_into_a_message_that_fills_its_room(void **state) {
	struct verdict verdict = { 0 };
	const char *message = verdict.reasons[VERDICT_REASONS_MAX - 1].message;
	char lots[LIMIT_REASON_MAX * 2];

	for (size_t i = 0; i + 2 < sizeof(lots); i += 2) {
		memcpy(lots + i, "ä", 3);
	}
	for (int i = 0; i < VERDICT_REASONS_MAX + 12; i++) {
		verdict_add(&verdict, REASON_CHECK_FAILED, lots, "%s", lots);
	}
	assert_true(text_is_utf8(message, strlen(message)));
	assert_true(strlen(message) < LIMIT_REASON_MAX);
	assert_non_null(strstr(message, " And 12 more."));
}

static void carries_the_time_a_reason_was_first_seen(void **state) {
	struct verdict old = { 0 }, new = { 0 };

	verdict_add(&old, REASON_CHECK_PENDING, "lint", "Check lint runs.");
	verdict_add(&old, REASON_CHECK_PENDING, "test", "Check test runs.");
	verdict_carry(&old, NULL, NOW_MS, 0);
	assert_int_equal(old.reasons[0].since_ms, NOW_MS);

	verdict_add(&new, REASON_CHECK_FAILED, "test", "Check test failed.");
	verdict_add(&new, REASON_CHECK_PENDING, "lint", "Check lint still runs.");
	verdict_add(&new, REASON_CHECK_PENDING, "build", "Check build runs.");
	verdict_carry(&new, &old, NOW_MS + 5000, 0);
	assert_int_equal(new.reasons[0].since_ms, NOW_MS + 5000);
	assert_int_equal(new.reasons[1].since_ms, NOW_MS);
	assert_int_equal(new.reasons[2].since_ms, NOW_MS + 5000);

	/* Later than now cannot be: the clock was set back. */
	verdict_carry(&new, &old, NOW_MS - 5000, 0);
	assert_int_equal(new.reasons[1].since_ms, NOW_MS - 5000);
}

/* What only time was asked for is asked of people once its bound is over; what is not known stays so. */
static void is_pending_no_longer_than_its_bound(void **state) {
	struct verdict old = { .outcome = VERDICT_PENDING }, new = { .outcome = VERDICT_PENDING };

	verdict_add(&old, REASON_NO_CHECKS_ON_HEAD, "eff9f61", "No check has run.");
	verdict_carry(&old, NULL, NOW_MS, 0);
	assert_int_equal(old.outcome, VERDICT_PENDING);
	verdict_add(&new, REASON_NO_CHECKS_ON_HEAD, "eff9f61", "No check has run.");
	verdict_carry(&new, &old, NOW_MS + 10 * CLOCK_MINUTE_MS - 1, 0);
	assert_int_equal(new.outcome, VERDICT_PENDING);
	verdict_carry(&new, &old, NOW_MS + CLOCK_DAY_MS, CLOCK_DAY_MS); /* the clock was set ahead */
	assert_int_equal(new.outcome, VERDICT_PENDING);
	verdict_carry(&new, &old, NOW_MS + 10 * CLOCK_MINUTE_MS, 0);
	assert_int_equal(new.outcome, VERDICT_NOT_READY);
	new.outcome = VERDICT_UNKNOWN;
	verdict_carry(&new, &old, NOW_MS + 10 * CLOCK_MINUTE_MS, 0);
	assert_int_equal(new.outcome, VERDICT_UNKNOWN);
}

/* A check that began again is young, however long the one before it was pending. */
static void what_the_judge_knows_of_its_age_stands(void **state) {
	struct verdict old = { 0 }, new = { 0 };

	verdict_add(&old, REASON_CHECK_PENDING, "lint", "Check lint runs.");
	verdict_carry(&old, NULL, NOW_MS, 0);
	verdict_add(&new, REASON_CHECK_PENDING, "lint", "Check lint runs.");
	new.reasons[0].since_ms = NOW_MS + 4000;
	verdict_carry(&new, &old, NOW_MS + 5000, 0);
	assert_int_equal(new.reasons[0].since_ms, NOW_MS + 4000);
}

static char *dump(const struct verdict *verdict) {
	json_t *object = verdict_to_json(verdict);
	char *text;

	assert_non_null(object);
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	return text;
}

static void has_the_shape_users_know(void **state) {
	struct verdict verdict = { .outcome = VERDICT_NOT_READY, .checked_at_ms = NOW_MS };
	char *text;

	(void)TEXT_SET(verdict.head_sha, "eff9f61");
	verdict_add(&verdict, REASON_CHECK_CANCELLED, "lint", "Check lint was cancelled.");
	verdict.reasons[0].since_ms = NOW_MS - 10 * CLOCK_MINUTE_MS;
	(void)TEXT_SET(verdict.proof[verdict.n_proof++], "build-1758245293693");
	text = dump(&verdict);
	/* It is older than its bound, so it has become a matter of repair. */
	assert_string_equal(text,
		"{\"outcome\":\"not_ready\",\"reasons\":[{\"code\":\"CHECK_CANCELLED\",\"class\":\"repair\","
		"\"subject\":\"lint\",\"message\":\"Check lint was cancelled.\","
		"\"since\":\"2025-09-19T01:18:13.693Z\"}],\"headSha\":\"eff9f61\","
		"\"checkedAt\":\"2025-09-19T01:28:13.693Z\",\"proof\":[\"build-1758245293693\"]}");
	free(text);
	verdict = (struct verdict){ .outcome = VERDICT_READY, .checked_at_ms = NOW_MS };
	text = dump(&verdict);
	assert_string_equal(text,
		"{\"outcome\":\"ready\",\"reasons\":[],\"headSha\":null,"
		"\"checkedAt\":\"2025-09-19T01:28:13.693Z\"}");
	free(text);
}

static void comes_back_from_disk_as_it_was(void **state) {
	struct verdict verdict = { .checked_at_ms = NOW_MS }, back;
	char *before, *after;
	json_t *object;

	for (int i = 0; i < REASON_CODE_COUNT && i < VERDICT_REASONS_MAX; i++) {
		verdict_add(&verdict, (enum reason_code)i, "ünicode / \"quoted\"", "Sentence %d.", i);
	}
	verdict_carry(&verdict, NULL, NOW_MS, 0);
	for (int i = 0; i < VERDICT_PROOF_MAX; i++) {
		(void)text_format(verdict.proof[verdict.n_proof++], ID_TEXT_MAX, "build-%d", i + 1);
	}
	for (int i = 0; i < VERDICT_OUTCOME_COUNT; i++) {
		verdict.outcome = (enum verdict_outcome)i;
		object = verdict_to_json(&verdict);
		assert_non_null(object);
		assert_int_equal(verdict_from_json(object, &back), 0);
		json_decref(object);
		assert_int_equal(back.outcome, i);
		assert_int_equal(back.reasons[1].since_ms, NOW_MS);
		before = dump(&verdict);
		after = dump(&back);
		assert_string_equal(before, after);
		free(before);
		free(after);
	}
}

static void refuses_what_is_no_verdict(void **state) {
#define HEAD "{\"outcome\":\"ready\",\"checkedAt\":\"2025-09-19T01:28:13Z\","
	static const char *const texts[] = {
		"{}",
		"[]",
		"{\"outcome\":\"green\",\"reasons\":[],\"checkedAt\":\"2025-09-19T01:28:13Z\"}",
		"{\"outcome\":1,\"reasons\":[],\"checkedAt\":\"2025-09-19T01:28:13Z\"}",
		"{\"outcome\":\"ready\",\"reasons\":[]}",
		"{\"outcome\":\"ready\",\"reasons\":[],\"checkedAt\":\"yesterday\"}",
		HEAD "\"headSha\":\"a\"}",
		HEAD "\"reasons\":{}}",
		HEAD "\"reasons\":[1]}",
		HEAD "\"reasons\":[{\"code\":\"NEW\",\"subject\":\"\",\"message\":\"\"}]}",
		HEAD "\"reasons\":[{\"code\":\"DRAFT\",\"message\":\"\"}]}",
		HEAD
		"\"reasons\":[{\"code\":\"DRAFT\",\"subject\":\"\",\"message\":\"\",\"since\":1}]}",
		HEAD "\"reasons\":[],\"headSha\":7}",
		HEAD "\"reasons\":[],\"proof\":[null]}",
		HEAD "\"reasons\":[],\"proof\":\"build-1\"}",
	};
#undef HEAD
	static const struct verdict nothing;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *object = json_loads(texts[i], 0, NULL);
		struct verdict verdict = { .outcome = VERDICT_GONE, .n_reasons = 3 };

		assert_non_null(object);
		if (verdict_from_json(object, &verdict) != -EINVAL) {
			fail_msg("accepted: %s", texts[i]);
		}
		assert_memory_equal(&verdict, &nothing, sizeof(verdict));
		json_decref(object);
	}
}

static void refuses_more_than_it_can_hold(void **state) {
	json_t *object = json_pack("{s:s,s:[],s:s,s:[]}", "outcome", "not_ready", "reasons",
		"checkedAt", "2025-09-19T01:28:13Z", "proof");
	json_t *reasons = json_object_get(object, "reasons");
	json_t *proof = json_object_get(object, "proof");
	struct verdict verdict;

	for (int i = 0; i < VERDICT_PROOF_MAX; i++) {
		assert_int_equal(json_array_append_new(proof, json_string("build-1")), 0);
	}
	for (int i = 0; i < VERDICT_REASONS_MAX; i++) {
		assert_int_equal(json_array_append_new(reasons,
					 json_pack("{s:s,s:s,s:s}", "code", "DRAFT", "subject", "",
						 "message", "It is a draft.")),
			0);
	}
	assert_int_equal(verdict_from_json(object, &verdict), 0);
	assert_int_equal(json_array_append_new(proof, json_string("build-1")), 0);
	assert_int_equal(verdict_from_json(object, &verdict), -EINVAL);
	assert_int_equal(json_array_clear(proof), 0);
	assert_int_equal(json_array_append(reasons, json_array_get(reasons, 0)), 0);
	assert_int_equal(verdict_from_json(object, &verdict), -EINVAL);
	json_decref(object);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_has_its_class_and_bound),
		cmocka_unit_test(a_project_may_have_its_own_bound),
		cmocka_unit_test(a_project_may_let_an_agent_do_a_persons_work),
		cmocka_unit_test(is_pending_no_longer_than_its_bound),
		cmocka_unit_test(what_the_judge_knows_of_its_age_stands),
		cmocka_unit_test(a_reason_of_unknown_age_is_young),
		cmocka_unit_test(refuses_names_of_no_reason),
		cmocka_unit_test(counts_reasons_beyond_the_bound),
		cmocka_unit_test(a_fold_never_hides_what_an_agent_can_repair),
		cmocka_unit_test(folds_into_a_message_that_fills_its_room),
		cmocka_unit_test(carries_the_time_a_reason_was_first_seen),
		cmocka_unit_test(has_the_shape_users_know),
		cmocka_unit_test(comes_back_from_disk_as_it_was),
		cmocka_unit_test(refuses_what_is_no_verdict),
		cmocka_unit_test(refuses_more_than_it_can_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
