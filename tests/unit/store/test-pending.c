/* One user's share of what is under repair: counted as it is opened, moved and rolled back, and after a start. */
#include "tests/unit/store/harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

enum { ALICE = 1001, BOB = 1002 };

static const char *key_of(int n) {
	static char key[32];

	(void)text_format(key, sizeof(key), "key-%d", n);
	return key;
}

/* A report of `branch` that has not been said before. */
static void report_init(struct submission *s, int64_t uid, const char *branch, int64_t max_pending) {
	static int n;

	submission_init(s, branch, key_of(n++), T0);
	s->report.submitter_uid = uid;
	s->step.max_pending = max_pending;
}

static int report(struct fixture *f, int64_t uid, const char *branch, int64_t max_pending) {
	struct submission s;
	int status;

	report_init(&s, uid, branch, max_pending);
	status = submit(f, &s);
	if (status == -EDQUOT) {
		assert_non_null(strstr(s.step.refusal, "What user 1001 reported has "));
		assert_non_null(strstr(s.step.refusal, "max-pending-per-user"));
		assert_int_equal(s.step.n_notes, 0);
	}
	store_step_finish(&s.step);
	return status;
}

/* Whichever incident is the newest one in `from`. */
static void move(struct fixture *f, enum incident_state from, enum incident_state to) {
	struct store_page page = {
		.kind = STORE_INCIDENTS, .state = (int)from, .status = -1, .limit = 1
	};
	struct store_step step;

	assert_int_equal(run(f, &page.req, store_page(f->store, &page, request_done)), 0);
	assert_int_equal(page.n_rows, 1);
	memset(&scripted, 0, sizeof(scripted));
	scripted.has_incident = true;
	scripted.incident.state = to;
	assert_int_equal(incident_step(f, page.incidents[0].id, T0, &step), 0);
	store_step_finish(&step);
	store_page_finish(&page);
}

static void test_a_share_is_one_users(void **state) {
	struct fixture *f = *state;

	assert_int_equal(report(f, ALICE, "a", 2), 0);
	assert_int_equal(report(f, ALICE, "b", 2), 0);
	assert_int_equal(report(f, ALICE, "c", 2), -EDQUOT);
	assert_int_equal(report(f, BOB, "c", 2), 0);
	/* What joins is no more work; nor is it the joiner's. */
	assert_int_equal(report(f, ALICE, "c", 2), 0);
	assert_int_equal(report(f, ALICE, "a", 2), 0);
	assert_int_equal(report(f, BOB, "b", 2), 0);
	assert_int_equal(report(f, BOB, "d", 2), 0);
	/* Nobody's, and an administrator's, are not counted against anybody. */
	assert_int_equal(report(f, -1, "e", 2), 0);
	assert_int_equal(report(f, -1, "f", 2), 0);
	assert_int_equal(report(f, -1, "g", 2), 0);
	assert_int_equal(report(f, ALICE, "h", 0), 0);
	assert_int_equal(report(f, ALICE, "i", 3), -EDQUOT);
}

static void test_what_ends_makes_room(void **state) {
	static const enum incident_state ends[] = { INCIDENT_RESOLVED, INCIDENT_ABANDONED,
		INCIDENT_ESCALATED };
	struct fixture *f = *state;
	char branch[32];

	assert_int_equal(report(f, ALICE, "a", 2), 0);
	assert_int_equal(report(f, ALICE, "b", 2), 0);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		(void)text_format(branch, sizeof(branch), "more-%zu", i);
		assert_int_equal(report(f, ALICE, branch, 2), -EDQUOT);
		move(f, INCIDENT_OPEN, INCIDENT_WAITING); /* still under repair */
		assert_int_equal(report(f, ALICE, branch, 2), -EDQUOT);
		move(f, INCIDENT_WAITING, ends[i]);
		assert_int_equal(report(f, ALICE, branch, 2), 0);
	}
	/* An operator begins again with it: more than the share, and nothing new until two have ended. */
	move(f, INCIDENT_ESCALATED, INCIDENT_OPEN);
	move(f, INCIDENT_OPEN, INCIDENT_ABANDONED);
	assert_int_equal(report(f, ALICE, "new", 2), -EDQUOT);
	move(f, INCIDENT_OPEN, INCIDENT_ABANDONED);
	assert_int_equal(report(f, ALICE, "new", 2), 0);
}

static void test_a_start_counts_what_is_there(void **state) {
	struct fixture *f = *state;

	assert_int_equal(report(f, ALICE, "a", 2), 0);
	assert_int_equal(report(f, ALICE, "b", 2), 0);
	move(f, INCIDENT_OPEN, INCIDENT_WAITING);
	fixture_close(f);
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(report(f, ALICE, "c", 2), -EDQUOT);
	move(f, INCIDENT_WAITING, INCIDENT_RESOLVED);
	fixture_close(f);
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(report(f, ALICE, "c", 2), 0);
	assert_int_equal(report(f, ALICE, "d", 2), -EDQUOT);
}

/* One of a batch that the database refuses: all of it runs again, and nothing counts twice. */
static void test_a_rollback_counts_nothing(void **state) {
	struct fixture *f = *state;
	struct submission s[4];
	static const char *const branches[] = { "a", "bad", "b", "c" };
	static const int expected[] = { 0, -EINVAL, 0, -EDQUOT };
	int refused[4];

	for (int i = 0; i < 4; i++) {
		report_init(&s[i], ALICE, branches[i], 2);
		s[i].report.error_type = i == 1 ? ERROR_TYPE_COUNT : ERROR_TEST;
		assert_int_equal(store_step(f->store, &s[i].step, request_done), 0);
	}
	fixture_wait(f, 4);
	for (int i = 0; i < 4; i++) {
		refused[i] = s[i].step.req.status;
		store_step_finish(&s[i].step);
	}
	assert_memory_equal(refused, expected, sizeof(expected));
	move(f, INCIDENT_OPEN, INCIDENT_RESOLVED);
	assert_int_equal(report(f, ALICE, "d", 2), 0);
	assert_int_equal(report(f, ALICE, "e", 2), -EDQUOT);
}

/* As many users as there may be: each keeps its own count. */
static void test_many_users(void **state) {
	struct fixture *f = *state;
	char branch[32];

	for (int i = 0; i < 300; i++) {
		(void)text_format(branch, sizeof(branch), "branch-%d", i);
		assert_int_equal(report(f, ALICE + (i * 7) % 100, branch, 3), 0);
	}
	for (int i = 0; i < 100; i++) {
		struct submission s;

		(void)text_format(branch, sizeof(branch), "more-%d", i);
		report_init(&s, ALICE + i, branch, 3);
		assert_int_equal(submit(f, &s), -EDQUOT);
		store_step_finish(&s.step);
	}
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_a_share_is_one_users),
		TEST(test_what_ends_makes_room),
		TEST(test_a_start_counts_what_is_there),
		TEST(test_a_rollback_counts_nothing),
		TEST(test_many_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
