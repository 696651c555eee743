#include "tests/unit/store/harness.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"

static int step_run(struct fixture *f, struct store_step *step) {
	return run(f, &step->req, store_step(f->store, step, request_done));
}

static struct store_counts count(struct fixture *f) {
	struct store_counts counts = { .now_ms = T0 };

	assert_int_equal(run(f, &counts.req, store_counts(f->store, &counts, request_done)), 0);
	return counts;
}

static struct task task_of(struct fixture *f, int64_t id) {
	struct store_get get = { .kind = STORE_TASKS, .id = id };
	struct task task;

	assert_int_equal(run(f, &get.req, store_get(f->store, &get, request_done)), 0);
	task = get.task;
	memset(&get.task, 0, sizeof(get.task));
	store_get_finish(&get);
	return task;
}

static void test_report_writes_everything(void **state) {
	struct fixture *f = *state;
	struct submission s;
	struct store_get get = { .kind = STORE_INCIDENTS };
	struct store_counts counts;
	struct task task;

	submission_init(&s, "fix/é", "key-1", T0);
	assert_int_equal(submit(f, &s), 0);
	assert_false(s.step.answer.duplicate);
	assert_false(s.step.answer.joined);
	assert_true(s.step.answer.has_error_type);
	assert_int_equal(s.step.answer.error_type, ERROR_TEST);
	assert_int_equal(s.step.answer.scheduled_ms, T0 + HOUR);
	assert_int_equal(id_ms(s.step.answer.task_id), T0);
	assert_int_equal(s.report.incident_id, s.step.answer.incident_id);
	assert_int_equal(s.build.report_id, s.step.answer.report_id);
	assert_true(s.step.tasks_changed);
	assert_int_equal(s.step.n_notes, 1);
	assert_int_equal(s.step.notes[0].seq, 1);
	assert_int_equal(s.step.notes[0].incident_id, s.step.answer.incident_id);
	assert_string_equal(s.step.notes[0].project, "acme/web");

	get.id = s.step.answer.incident_id;
	assert_int_equal(run(f, &get.req, store_get(f->store, &get, request_done)), 0);
	assert_string_equal(get.incident.branch, "fix/é");
	assert_string_equal(get.incident.head_sha, "eff9f61");
	assert_int_equal(get.incident.report_id, s.step.answer.report_id);
	assert_int_equal(get.next_check_ms, T0 + HOUR);
	store_get_finish(&get);

	task = task_of(f, s.step.answer.task_id);
	assert_int_equal(task.type, TASK_PR_READINESS_CHECK);
	assert_int_equal(task.status, TASK_SCHEDULED);
	assert_string_equal(task.commit, "eff9f61");
	assert_string_equal(task.build_number, "11");
	assert_int_equal(task.cycle, 1);
	assert_int_equal(task.created_ms, T0);
	task_finish(&task);

	counts = count(f);
	assert_int_equal(counts.reports, 1);
	assert_int_equal(counts.builds, 1);
	assert_int_equal(counts.incidents[INCIDENT_OPEN], 1);
	assert_int_equal(counts.next_due_ms, T0);
	store_step_finish(&s.step);
}

static void test_same_key_gets_first_answer(void **state) {
	struct fixture *f = *state;
	struct submission first, again;
	struct store_ticket ticket = { .key = "key-1" };
	struct store_ticket unknown = { .key = "key-2" };

	submission_init(&first, "main", "key-1", T0);
	assert_int_equal(submit(f, &first), 0);
	submission_init(&again, "main", "key-1", T0 + HOUR);
	assert_int_equal(submit(f, &again), 0);
	assert_true(again.step.answer.duplicate);
	assert_int_equal(again.step.answer.report_id, first.step.answer.report_id);
	assert_int_equal(again.step.answer.task_id, first.step.answer.task_id);
	assert_int_equal(again.step.n_notes, 0);
	assert_int_equal(count(f).reports, 1);

	assert_int_equal(run(f, &ticket.req, store_ticket(f->store, &ticket, request_done)), 0);
	assert_int_equal(ticket.answer.incident_id, first.step.answer.incident_id);
	assert_int_equal(ticket.answer.error_type, ERROR_TEST);
	assert_int_equal(
		run(f, &unknown.req, store_ticket(f->store, &unknown, request_done)), -ENOENT);
	store_step_finish(&first.step);
	store_step_finish(&again.step);
}

#define RACING 64

/* Different submissions of one failure at once: one incident; the same submission at once: one report. */
static void test_racing_reports_join(void **state) {
	struct fixture *f = *state;
	static struct submission s[RACING * 2];
	struct store_counts counts;
	size_t n_joined = 0, n_duplicate = 0;

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		char key[32];

		text_format(key, sizeof(key), "key-%zu", i < RACING ? i : 0);
		submission_init(&s[i], "main", key, T0);
		assert_int_equal(store_step(f->store, &s[i].step, request_done), 0);
	}
	fixture_wait(f, RACING * 2);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		assert_int_equal(s[i].step.req.status, 0);
		assert_int_equal(s[i].step.answer.incident_id, s[0].step.answer.incident_id);
		n_joined += s[i].step.answer.joined ? 1 : 0;
		n_duplicate += s[i].step.answer.duplicate ? 1 : 0;
		store_step_finish(&s[i].step);
	}
	counts = count(f);
	assert_int_equal(counts.incidents[INCIDENT_OPEN], 1);
	assert_int_equal(counts.reports, RACING);
	assert_int_equal(counts.tasks[TASK_PR_READINESS_CHECK][TASK_SCHEDULED], 1);
	assert_int_equal(n_joined, RACING - 1);
	assert_int_equal(n_duplicate, RACING);
}

static void test_task_is_claimed_and_completed(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	int64_t id = claim_one(f, T0);
	struct store_step step;
	struct task task;
	json_t *result = json_pack("{s:s}", "url", "file:1");

	assert_int_equal(id, find_task(f, incident, TASK_PUBLISH_REPORT));
	assert_int_equal(claim_one(f, T0), 0);
	task = task_of(f, id);
	assert_int_equal(task.status, TASK_EXECUTING);
	assert_int_equal(task.attempt, 1);
	assert_int_equal(task.revision, 1);
	task_finish(&task);

	task_step_init(&step, EVENT_PUBLISHED, id, T0 + 5, decide_complete);
	step.expected_attempt = 2;
	assert_int_equal(step_run(f, &step), -ESTALE);
	assert_non_null(strstr(step.refusal, "attempt"));
	store_step_finish(&step);

	task_step_init(&step, EVENT_PUBLISHED, id, T0 + 5, decide_complete);
	step.expected_attempt = 1;
	step.event.result = result;
	assert_int_equal(step_run(f, &step), 0);
	assert_int_equal(step.task.status, TASK_COMPLETED);
	store_step_finish(&step);
	json_decref(result);

	task = task_of(f, id);
	assert_int_equal(task.status, TASK_COMPLETED);
	assert_int_equal(task.finished_ms, T0 + 5);
	assert_string_equal(json_string_value(json_object_get(task.result, "url")), "file:1");
	task_finish(&task);

	task_step_init(&step, EVENT_PUBLISHED, 12345, T0, decide_complete);
	assert_int_equal(step_run(f, &step), -ENOENT);
	store_step_finish(&step);
}

static int64_t set_back(struct fixture *f, int64_t now_ms) {
	struct store_set_back request = { .now_ms = now_ms };

	assert_int_equal(run(f, &request.req, store_set_back(f->store, &request, request_done)), 0);
	return request.n_tasks;
}

static int64_t due_of(struct fixture *f, int64_t id) {
	struct task task = task_of(f, id);
	int64_t due_ms = task.due_ms;

	task_finish(&task);
	return due_ms;
}

static int64_t follow_up_of(struct fixture *f, int64_t incident) {
	struct store_get get = { .kind = STORE_INCIDENTS, .id = incident };
	int64_t follow_up_ms;

	assert_int_equal(run(f, &get.req, store_get(f->store, &get, request_done)), 0);
	follow_up_ms = get.incident.follow_up_ms;
	store_get_finish(&get);
	return follow_up_ms;
}

/* What was decided before the clock was ahead keeps its time; the rest its delay. */
static void test_a_clock_that_was_ahead(void **state) {
	struct fixture *f = *state;
	int64_t before = find_task(f, submit_simple(f, "a", T0), TASK_PR_READINESS_CHECK);
	int64_t moved = submit_simple(f, "b", T0);
	int64_t ahead = submit_simple(f, "c", T0 + 24 * HOUR);
	struct store_step step;

	script_change(CHANGE_MOVE, TASK_PR_READINESS_CHECK, T0 + 26 * HOUR);
	scripted.has_incident = true;
	assert_int_equal(incident_step(f, moved, T0 + 24 * HOUR, &step), 0);
	store_step_finish(&step);

	assert_int_equal(set_back(f, T0 + 60), 3);
	assert_int_equal(due_of(f, before), T0 + HOUR);
	assert_int_equal(due_of(f, find_task(f, moved, TASK_PR_READINESS_CHECK)), T0 + 60 + 2 * HOUR);
	assert_int_equal(due_of(f, find_task(f, ahead, TASK_PUBLISH_REPORT)), T0 + 60);
	assert_int_equal(due_of(f, find_task(f, ahead, TASK_PR_READINESS_CHECK)), T0 + 60 + HOUR);
	assert_int_equal(set_back(f, T0 + 60), 0);
}

/* What was overdue already when its incident was touched again is due at once, not when the wrong time comes. */
static void test_what_a_clock_ahead_left_overdue(void **state) {
	struct fixture *f = *state;
	int64_t ahead = submit_simple(f, "a", T0 + 24 * HOUR);
	int64_t moved = submit_simple(f, "b", T0);
	int64_t before = submit_simple(f, "c", T0);
	struct store_step step;

	(void)submit_simple(f, "b", T0 + 24 * HOUR);
	script_change(CHANGE_MOVE, TASK_PR_READINESS_CHECK, T0 + 25 * HOUR);
	scripted.has_incident = true;
	scripted.incident.follow_up_ms = T0 + 25 * HOUR;
	assert_int_equal(incident_step(f, moved, T0 + 24 * HOUR, &step), 0);
	store_step_finish(&step);
	(void)submit_simple(f, "a", T0 + 26 * HOUR);
	(void)submit_simple(f, "b", T0 + 26 * HOUR);
	(void)submit_simple(f, "c", T0 + 26 * HOUR);

	(void)set_back(f, T0 + 60);
	assert_int_equal(due_of(f, find_task(f, ahead, TASK_PUBLISH_REPORT)), T0 + 60);
	assert_int_equal(due_of(f, find_task(f, ahead, TASK_PR_READINESS_CHECK)), T0 + 60);
	assert_int_equal(due_of(f, find_task(f, moved, TASK_PR_READINESS_CHECK)), T0 + 60);
	assert_int_equal(follow_up_of(f, moved), T0 + 60);
	assert_int_equal(due_of(f, find_task(f, before, TASK_PR_READINESS_CHECK)), T0 + HOUR);
}

static void test_changes_of_tasks(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	int64_t check = find_task(f, incident, TASK_PR_READINESS_CHECK);
	struct store_step step;
	struct task task;

	/* Added twice: the one that lives becomes due at the earlier time. */
	script_change(CHANGE_ADD, TASK_PR_READINESS_CHECK, T0 + HOUR * 2);
	assert_int_equal(incident_step(f, incident, T0, &step), 0);
	store_step_finish(&step);
	scripted.changes[0].due_ms = T0 + 10;
	assert_int_equal(incident_step(f, incident, T0, &step), 0);
	store_step_finish(&step);
	task = task_of(f, check);
	assert_int_equal(task.due_ms, T0 + 10);
	task_finish(&task);
	assert_int_equal(count(f).tasks[TASK_PR_READINESS_CHECK][TASK_SCHEDULED], 1);

	scripted.n_changes = 0;
	script_change(CHANGE_MOVE, TASK_PR_READINESS_CHECK, T0 + 99);
	script_change(CHANGE_CANCEL, TASK_PUBLISH_REPORT, 0);
	script_change(CHANGE_MOVE, TASK_TRIGGER_AGENT, T0);
	script_change(CHANGE_ADD, TASK_NOTIFY, T0);
	script_change(CHANGE_ADD, TASK_NOTIFY, T0);
	assert_int_equal(incident_step(f, incident, T0 + 3, &step), 0);
	assert_true(step.tasks_changed);
	store_step_finish(&step);
	task = task_of(f, check);
	assert_int_equal(task.due_ms, T0 + 99);
	task_finish(&task);
	task = task_of(f, find_task(f, incident, TASK_PUBLISH_REPORT));
	assert_int_equal(task.status, TASK_CANCELLED);
	assert_int_equal(task.finished_ms, T0 + 3);
	task_finish(&task);
	assert_int_equal(count(f).tasks[TASK_NOTIFY][TASK_SCHEDULED], 2);

	/* Of those that may live side by side the one that is due then. */
	scripted.n_changes = 0;
	script_change(CHANGE_ADD, TASK_NOTIFY, T0 + 60);
	script_change(CHANGE_CANCEL, TASK_NOTIFY, T0 + 60);
	assert_int_equal(incident_step(f, incident, T0 + 3, &step), 0);
	store_step_finish(&step);
	assert_int_equal(count(f).tasks[TASK_NOTIFY][TASK_SCHEDULED], 2);
	assert_int_equal(count(f).tasks[TASK_NOTIFY][TASK_CANCELLED], 1);

	/* Executing: adding has no effect. */
	scripted.n_changes = 0;
	script_change(CHANGE_ADD, TASK_PUBLISH_REPORT, T0);
	assert_int_equal(incident_step(f, incident, T0, &step), 0);
	store_step_finish(&step);
	assert_int_not_equal(claim_one(f, T0), 0);
	assert_int_equal(incident_step(f, incident, T0, &step), 0);
	store_step_finish(&step);
	assert_int_equal(count(f).tasks[TASK_PUBLISH_REPORT][TASK_SCHEDULED] +
			count(f).tasks[TASK_PUBLISH_REPORT][TASK_EXECUTING],
		1);
	assert_int_equal(incident_step(f, 777, T0, &step), -ENOENT);
	store_step_finish(&step);
}

/* A cancelled task whose successor is scheduled already cannot come back. */
static void test_retry_beside_sibling_is_refused(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	int64_t check = find_task(f, incident, TASK_PR_READINESS_CHECK);
	struct store_step step;

	script_change(CHANGE_CANCEL, TASK_PR_READINESS_CHECK, 0);
	script_change(CHANGE_ADD, TASK_PR_READINESS_CHECK, T0 + HOUR);
	assert_int_equal(incident_step(f, incident, T0, &step), 0);
	store_step_finish(&step);
	memset(&scripted, 0, sizeof(scripted));
	scripted.has_task = true;
	scripted.task.status = TASK_SCHEDULED;
	task_step_init(&step, EVENT_TASK_RETRY, check, T0, decide_scripted);
	assert_int_equal(step_run(f, &step), -ESTALE);
	assert_non_null(strstr(step.refusal, "scheduled already"));
	store_step_finish(&step);
}

static void init_passed(
	struct store_step *step, struct build *build, const char *branch, const char *key) {
	memset(step, 0, sizeof(*step));
	memset(build, 0, sizeof(*build));
	TEXT_SET(build->project, "acme/web");
	TEXT_SET(build->branch, branch);
	build->passed = true;
	step->scope = STEP_BY_BRANCH;
	step->event = (struct event){ .type = EVENT_BUILD_PASSED, .build = build };
	step->build = build;
	step->project = "acme/web";
	step->head_repository = "";
	step->branch = build->branch;
	step->key = key;
	step->now_ms = T0 + 1;
	step->decide = decide_scripted;
	step->note = "A build passed.";
}

static void test_passed_build_reaches_every_incident_of_its_branch(void **state) {
	struct fixture *f = *state;
	struct submission lint;
	struct store_step step;
	struct build build;
	struct store_builds builds = { .project = "acme/web", .head_repository = "", .branch = "main" };

	(void)submit_simple(f, "main", T0);
	submission_init(&lint, "main", "", T0);
	lint.step.error_type = ERROR_LINT;
	lint.report.error_type = ERROR_LINT;
	assert_int_equal(submit(f, &lint), 0);
	(void)submit_simple(f, "other", T0);

	script_change(CHANGE_MOVE, TASK_PR_READINESS_CHECK, T0 + 1);
	init_passed(&step, &build, "main", "pass-1");
	assert_int_equal(step_run(f, &step), 0);
	assert_int_equal(step.n_notes, 1);
	assert_int_equal(step.notes[0].kind, NOTE_BUILD);
	store_step_finish(&step);
	assert_int_equal(count(f).next_due_ms, T0);

	/* None: the build and the key are kept all the same; so they are when no decision wants it. */
	init_passed(&step, &build, "quiet", "pass-2");
	assert_int_equal(step_run(f, &step), 0);
	store_step_finish(&step);
	init_passed(&step, &build, "quiet", "pass-2");
	assert_int_equal(step_run(f, &step), 0);
	assert_true(step.answer.duplicate);
	store_step_finish(&step);
	scripted.status = -ECANCELED;
	init_passed(&step, &build, "main", "pass-3");
	assert_int_equal(step_run(f, &step), 0);
	store_step_finish(&step);

	assert_int_equal(run(f, &builds.req, store_builds(f->store, &builds, request_done)), 0);
	assert_int_equal(builds.n_builds, 4);
	assert_false(builds.builds[0].passed);
	assert_true(builds.builds[3].passed);
	assert_int_equal(builds.n_active_incidents, 2);
	store_builds_finish(&builds);
	store_step_finish(&lint.step);
}

static void test_task_by_hand(void **state) {
	struct fixture *f = *state;
	struct task task = { .type = TASK_PR_READINESS_CHECK,
		.origin = TASK_BY_HAND,
		.lane = "forge/local",
		.due_ms = T0 + 5,
		.project = "acme/web",
		.branch = "main",
		.instructions = (char *)"Look again." };
	struct task other = task;
	struct store_step step = {
		.event.type = EVENT_TASK_CREATED, .new_task = &task, .now_ms = T0, .key = "hand-1"
	};
	struct task found;

	assert_int_equal(step_run(f, &step), 0);
	assert_int_equal(task.id, id_first_in_ms(T0));
	assert_int_equal(step.answer.scheduled_ms, T0 + 5);
	store_step_finish(&step);

	/* The same millisecond again: another id. A given id that is taken is refused and leaves nothing. */
	step.new_task = &other;
	step.key = "hand-2";
	assert_int_equal(step_run(f, &step), 0);
	assert_int_equal(other.id, id_first_in_ms(T0) + 1);
	store_step_finish(&step);
	step.key = "hand-3";
	assert_int_equal(step_run(f, &step), -EEXIST);
	store_step_finish(&step);
	assert_int_equal(count(f).tasks[TASK_PR_READINESS_CHECK][TASK_SCHEDULED], 2);

	/* Not ready: its check opens an incident, and belongs to it from then on. */
	assert_int_equal(claim_one(f, T0 + 5), task.id);
	scripted.has_incident = true;
	scripted.incident.cycle = 1;
	scripted.incident.error_type = ERROR_UNKNOWN;
	TEXT_SET(scripted.incident.project, "acme/web");
	TEXT_SET(scripted.incident.branch, "main");
	scripted.has_task = true;
	scripted.task.status = TASK_COMPLETED;
	task_step_init(&step, EVENT_VERDICT, task.id, T0 + 6, decide_scripted);
	assert_int_equal(step_run(f, &step), 0);
	assert_null(last_input.incident);
	found = task_of(f, task.id);
	assert_int_not_equal(found.incident_id, 0);
	assert_int_equal(found.incident_id, step.answer.incident_id);
	assert_string_equal(found.instructions, "Look again.");
	task_finish(&found);
	store_step_finish(&step);

	/* The next one by hand finds that incident. */
	assert_int_equal(claim_one(f, T0 + 5), other.id);
	task_step_init(&step, EVENT_VERDICT, other.id, T0 + 7, decide_scripted);
	assert_int_equal(step_run(f, &step), 0);
	assert_non_null(last_input.incident);
	store_step_finish(&step);
	assert_int_equal(count(f).incidents[INCIDENT_OPEN], 1);
}

static void test_too_many_pending(void **state) {
	struct fixture *f = *state;
	struct submission s;

	(void)submit_simple(f, "main", T0);
	fixture_close(f);
	(void)file_sql(f,
		"UPDATE counters SET n = 1000000 WHERE kind = 'tasks' AND status = 'scheduled' AND"
		" type = 'notify'");
	assert_int_equal(fixture_open(f), 0);
	submission_init(&s, "main", "key", T0);
	assert_int_equal(submit(f, &s), -EAGAIN);
	store_step_finish(&s.step);
	/* What is under way goes on. */
	assert_int_not_equal(claim_one(f, T0), 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_report_writes_everything),
		TEST(test_same_key_gets_first_answer),
		TEST(test_racing_reports_join),
		TEST(test_task_is_claimed_and_completed),
		TEST(test_a_clock_that_was_ahead),
		TEST(test_changes_of_tasks),
		TEST(test_retry_beside_sibling_is_refused),
		TEST(test_what_a_clock_ahead_left_overdue),
		TEST(test_passed_build_reaches_every_incident_of_its_branch),
		TEST(test_task_by_hand),
		TEST(test_too_many_pending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
