/* May an agent start now: one a branch, so many an hour. */
#include "tests/unit/store/harness.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

static int step_run(struct fixture *f, struct store_step *step) {
	return run(f, &step->req, store_step(f->store, step, request_done));
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

/* Claims the trigger of a branch and asks whether it may start. */
static int64_t ask_trigger(struct fixture *f, int64_t incident, int64_t now_ms,
	const struct policy *policy, bool start) {
	struct store_step step;
	int64_t trigger = find_task(f, incident, TASK_TRIGGER_AGENT);

	memset(&scripted, 0, sizeof(scripted));
	if (trigger == 0) {
		script_change(CHANGE_ADD, TASK_TRIGGER_AGENT, now_ms);
		TEXT_SET(scripted.changes[0].lane, "agent/fixer");
		assert_int_equal(incident_step(f, incident, now_ms, &step), 0);
		store_step_finish(&step);
	}
	struct store_claim claim = { .lane = "agent/fixer", .now_ms = now_ms, .limit = 1 };
	assert_int_equal(run(f, &claim.req, store_claim(f->store, &claim, request_done)), 0);
	assert_int_equal(claim.n_tasks, 1);
	trigger = claim.tasks[0].id;
	store_claim_finish(&claim);
	memset(&scripted, 0, sizeof(scripted));
	scripted.has_task = true;
	scripted.task.status = start ? TASK_EXECUTING : TASK_SCHEDULED;
	scripted.task.started_ms = start ? now_ms : 0;
	scripted.task.due_ms = now_ms + LIMIT_BRANCH_BUSY_MS;
	task_step_init(&step, EVENT_TRIGGER_ASKED, trigger, now_ms, decide_scripted);
	step.policy = policy;
	assert_int_equal(step_run(f, &step), 0);
	store_step_finish(&step);
	return trigger;
}

static void wait_for_life(struct fixture *f, int64_t incident, enum incident_state state) {
	struct store_step step;

	memset(&scripted, 0, sizeof(scripted));
	scripted.has_incident = true;
	scripted.incident.state = state;
	scripted.incident.life_due_ms = T0 + HOUR;
	assert_int_equal(incident_step(f, incident, T0, &step), 0);
	store_step_finish(&step);
}

/* An agent that was asked has its branch until its time is over, or its incident has it no more. */
static void test_an_asked_agent_holds_its_branch(void **state) {
	static const struct {
		int64_t at_ms, life_ms;
		enum incident_state state;
		bool is_busy;
	} rows[] = {
		{ T0, HOUR, INCIDENT_WAITING, true }, { T0 + HOUR - 1, HOUR, INCIDENT_WAITING, true },
		{ T0, HOUR, INCIDENT_OPEN, false }, /* it is asked anew, by a task of its own */
		{ T0, HOUR, INCIDENT_ESCALATED, false }, { T0 + HOUR, HOUR, INCIDENT_WAITING, false },
		{ T0, HOUR / 2, INCIDENT_WAITING, false }, /* a clock was ahead */
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct policy policy = { .max_triggers_per_hour = 99,
			.agents = { { .life_ms = rows[i].life_ms } },
			.n_agents = 1 };
		struct submission second;
		char branch[16];
		int64_t first;

		(void)snprintf(branch, sizeof(branch), "b%zu", i);
		first = submit_simple(f, branch, T0);
		submission_init(&second, branch, "", T0);
		second.step.error_type = ERROR_LINT;
		second.report.error_type = ERROR_LINT;
		assert_int_equal(submit(f, &second), 0);
		wait_for_life(f, first, rows[i].state);
		(void)ask_trigger(f, second.step.answer.incident_id, rows[i].at_ms, &policy, true);
		assert_int_equal(last_input.branch_busy_with, rows[i].is_busy ? first : 0);
		store_step_finish(&second.step);
	}
}

/* Nor is its own time in its way. */
static void test_an_asked_agent_is_not_in_its_own_way(void **state) {
	struct fixture *f = *state;
	const struct policy policy = {
		.max_triggers_per_hour = 99, .agents = { { .life_ms = HOUR } }, .n_agents = 1
	};
	int64_t incident = submit_simple(f, "main", T0);

	wait_for_life(f, incident, INCIDENT_WAITING);
	(void)ask_trigger(f, incident, T0, &policy, true);
	assert_int_equal(last_input.branch_busy_with, 0);
}

/* Ends that trigger. Returns whether something became due. */
static bool wake_branch_of(struct fixture *f, int64_t trigger, int64_t now_ms) {
	struct store_step step;
	bool is_changed;

	memset(&scripted, 0, sizeof(scripted));
	scripted.has_task = true;
	scripted.task.status = TASK_COMPLETED;
	scripted.wake_branch = true;
	task_step_init(&step, EVENT_TRIGGERED, trigger, now_ms, decide_scripted);
	assert_int_equal(step_run(f, &step), 0);
	is_changed = step.tasks_changed;
	store_step_finish(&step);
	return is_changed;
}

static void test_trigger_facts(void **state) {
	struct fixture *f = *state;
	const struct policy policy = { .max_triggers_per_hour = 2 };
	struct submission second;
	struct store_step step;
	struct task task;
	int64_t first = submit_simple(f, "main", T0);
	int64_t elsewhere = submit_simple(f, "other", T0);
	int64_t running, waiting;

	submission_init(&second, "main", "", T0);
	second.step.error_type = ERROR_LINT;
	second.report.error_type = ERROR_LINT;
	assert_int_equal(submit(f, &second), 0);

	running = ask_trigger(f, first, T0, &policy, true);
	assert_int_equal(last_input.branch_busy_with, 0);
	assert_int_equal(last_input.budget_free_ms, 0);
	waiting = ask_trigger(f, second.step.answer.incident_id, T0, &policy, false);
	assert_int_equal(last_input.branch_busy_with, first);
	assert_int_equal(last_input.budget_free_ms, 0);
	(void)ask_trigger(f, elsewhere, T0 + 7, &policy, true);
	assert_int_equal(last_input.branch_busy_with, 0);
	assert_int_equal(last_input.budget_free_ms, 0);

	/* Two were started in this hour: the third waits for the first to be an hour old. */
	(void)ask_trigger(f, submit_simple(f, "third", T0), T0 + 8, &policy, false);
	assert_int_equal(last_input.budget_free_ms, T0 + HOUR);

	/* One of the two asks again, as after a crash: it is not in its own way. */
	memset(&scripted, 0, sizeof(scripted));
	scripted.has_task = true;
	scripted.task.status = TASK_EXECUTING;
	scripted.task.started_ms = T0;
	task_step_init(&step, EVENT_TRIGGER_ASKED, running, T0 + 8, decide_scripted);
	step.policy = &policy;
	assert_int_equal(step_run(f, &step), 0);
	assert_int_equal(last_input.budget_free_ms, 0);
	assert_int_equal(last_input.branch_busy_with, 0);
	store_step_finish(&step);

	assert_true(wake_branch_of(f, running, T0 + 9));
	task = task_of(f, waiting);
	assert_int_equal(task.due_ms, T0 + 9);
	task_finish(&task);

	/* One that failed, though no attempt was used up, is not tried before its time. */
	memset(&scripted, 0, sizeof(scripted));
	scripted.has_task = true;
	scripted.task.status = TASK_SCHEDULED;
	scripted.task.due_ms = T0 + LIMIT_BRANCH_BUSY_MS;
	TEXT_SET(scripted.task.reason, TASK_LAST_TRY "2023-11-14T22:13Z, failed: It is locked.");
	task_step_init(&step, EVENT_ATTEMPT_FAILED, waiting, T0 + 9, decide_scripted);
	assert_int_equal(step_run(f, &step), 0);
	store_step_finish(&step);
	(void)wake_branch_of(f, running, T0 + 10);
	task = task_of(f, waiting);
	assert_int_equal(task.due_ms, T0 + LIMIT_BRANCH_BUSY_MS);
	task_finish(&task);

	/* One that an operator put off stays put off. */
	memset(&scripted, 0, sizeof(scripted));
	scripted.has_task = true;
	scripted.task.status = TASK_SCHEDULED;
	scripted.task.due_ms = T0 + HOUR;
	TEXT_SET(scripted.task.reason, "Put off.");
	task_step_init(&step, EVENT_TASK_SNOOZE, waiting, T0 + 9, decide_scripted);
	assert_int_equal(step_run(f, &step), 0);
	store_step_finish(&step);
	(void)wake_branch_of(f, running, T0 + 10);
	task = task_of(f, waiting);
	assert_int_equal(task.due_ms, T0 + HOUR);
	task_finish(&task);
	store_step_finish(&second.step);
}

/* A trigger of a clock a day ahead spends no budget; one of a small step does, so none is spent twice. */
static void test_budget_of_a_clock_that_was_ahead(void **state) {
	const struct policy policy = { .max_triggers_per_hour = 1 };

	(void)ask_trigger(*state, submit_simple(*state, "a", T0), T0 + 24 * HOUR, &policy, true);
	(void)ask_trigger(*state, submit_simple(*state, "b", T0), T0 + 60, &policy, true);
	assert_int_equal(last_input.budget_free_ms, 0);
	(void)ask_trigger(*state, submit_simple(*state, "c", T0), T0 + 2, &policy, false);
	assert_int_equal(last_input.budget_free_ms, T0 + 60 + HOUR);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_trigger_facts),
		TEST(test_an_asked_agent_holds_its_branch),
		TEST(test_an_asked_agent_is_not_in_its_own_way),
		TEST(test_budget_of_a_clock_that_was_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
