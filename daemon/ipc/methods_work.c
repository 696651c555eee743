/* Work that people ask for: Schedule, Check, Cleanup, GetReadiness. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/ipc/handlers.h"

#define SCHEDULE_INSTRUCTIONS "Check whether the pull request is ready."

/* Schedule */

void schedule_preset(void *params) {
	struct schedule_params *p = params;

	p->delay_ms = -1;
}

static void scheduled_read(struct store_req *req, int status) {
	struct store_get *get = container_of(req, struct store_get, req);
	struct schedule_params *p = container_of(get, struct schedule_params, get);
	_cleanup_(call_unrefp) struct call *call = p->call;

	if (status < 0) {
		call_fail(call, status, NULL);
	} else {
		reply_with(call, "task", task_to_json(&get->task));
	}
	store_get_finish(get);
}

static void schedule_done(struct engine_operate *operate, int status) {
	struct schedule_params *p = container_of(operate, struct schedule_params, operate);

	if (status == 0) {
		p->get = (struct store_get){ .kind = STORE_TASKS, .id = operate->answer.task_id };
		status = store_get(engine_store(call_engine(p->call)), &p->get, scheduled_read);
	}
	if (status < 0) {
		call_fail(p->call, status, operate->sentence);
		call_unref(p->call);
	}
	engine_operate_finish(operate);
}

static bool schedule_check(struct call *call, struct schedule_params *p) {
	if (!check_name(call, "project", p->project, sizeof(p->project), true) ||
		!check_project(call, "project", p->project) ||
		!check_name(call, "branch", p->branch, sizeof(p->branch), true) ||
		!check_name(call, "commit", p->commit, sizeof(p->commit), false) ||
		!check_name(call, "buildNumber", p->build_number, sizeof(p->build_number), false) ||
		!check_name(call, "key", p->key, sizeof(p->key), false)) {
		return false;
	}
	if (p->delay_ms < -1 || p->delay_ms > LIMIT_DELAY_MAX_MS) {
		call_refuse(call, "delayMs", "a delay is between 0 and 10 years");
		return false;
	}
	if (p->instructions != NULL && strlen(p->instructions) > LIMIT_INSTRUCTIONS_MAX_BYTES) {
		call_refuse(call, "instructions", "the instructions are longer than %d bytes",
			LIMIT_INSTRUCTIONS_MAX_BYTES);
		return false;
	}
	return true;
}

/* Returns: 0; -EACCES, the project is denied; -ENOMEM. */
static int schedule_fill(struct call *call, struct schedule_params *p) {
	const char *instructions = p->instructions != NULL ? p->instructions : SCHEDULE_INSTRUCTIONS;
	struct task *task = &p->operate.task;
	struct policy policy;
	int r = config_policy(engine_config(call_engine(call)), p->project, &policy);

	if (r < 0) {
		return r;
	}
	p->operate.type = EVENT_TASK_CREATED;
	TEXT_SET(p->operate.key, p->key);
	task->type = TASK_PR_READINESS_CHECK;
	task->origin = TASK_BY_HAND;
	task->created_ms = clock_now_ms();
	task->due_ms =
		task->created_ms + (p->delay_ms >= 0 ? p->delay_ms : policy.follow_up_delay_ms);
	TEXT_SET(task->project, p->project);
	TEXT_SET(task->branch, p->branch);
	TEXT_SET(task->commit, p->commit);
	TEXT_SET(task->build_number, p->build_number);
	task->instructions = text_clean(instructions, strlen(instructions));
	return task->instructions != NULL ? 0 : -ENOMEM;
}

void on_schedule(struct call *call, void *params) {
	struct schedule_params *p = params;
	int r;

	if (!schedule_check(call, p)) {
		return;
	}
	p->call = call_ref(call);
	r = schedule_fill(call, p);
	if (r == 0) {
		r = engine_operate(call_engine(call), &p->operate, schedule_done);
	}
	if (r < 0) {
		schedule_done(&p->operate, r);
	}
}

/* Check */

static void check_done(struct engine_check *check, int status) {
	struct check_params *p = container_of(check, struct check_params, check);
	_cleanup_(call_unrefp) struct call *call = p->call;

	if (call_is_answered(call)) {
		return; /* the server closes; the peer knows */
	}
	if (status < 0) {
		call_fail(call, status == -ECANCELED ? -ESHUTDOWN : status, NULL);
		return;
	}
	call_reply(call,
		json_pack("{s:I, s:I, s:I, s:I, s:I}", "executed", (json_int_t)check->n_executed,
			"completed", (json_int_t)check->n_completed, "rescheduled",
			(json_int_t)check->n_rescheduled, "failed", (json_int_t)check->n_failed,
			"cancelled", (json_int_t)check->n_cancelled));
}

static void check_gone(void *user) {
	struct check_params *p = user;

	engine_check_abandon(&p->check);
}

void on_check(struct call *call, void *params) {
	struct check_params *p = params;
	int r;

	p->call = call_ref(call);
	r = engine_check(call_engine(call), &p->check, check_done);
	if (r < 0) {
		call_fail(call, r, NULL);
		call_unref(call);
		return;
	}
	call_on_gone(call, check_gone, p);
}

/* Cleanup */

void cleanup_preset(void *params) {
	struct cleanup_params *p = params;

	p->cleanup.older_than_ms = -1;
}

static void cleanup_done(struct engine_cleanup *cleanup, int status) {
	struct cleanup_params *p = container_of(cleanup, struct cleanup_params, cleanup);
	_cleanup_(call_unrefp) struct call *call = p->call;

	if (status < 0) {
		call_fail(call, status, NULL);
		return;
	}
	call_reply(call,
		json_pack("{s:I, s:I, s:I, s:I}", "tasks", (json_int_t)cleanup->n_tasks, "reports",
			(json_int_t)cleanup->n_reports, "builds", (json_int_t)cleanup->n_builds,
			"events", (json_int_t)cleanup->n_events));
}

void on_cleanup(struct call *call, void *params) {
	struct cleanup_params *p = params;
	int r;

	if (p->cleanup.older_than_ms < -1 || p->cleanup.older_than_ms > 10 * LIMIT_DELAY_MAX_MS) {
		call_refuse(call, "olderThanMs", "an age is between 0 and 100 years");
		return;
	}
	p->call = call_ref(call);
	r = engine_cleanup(call_engine(call), &p->cleanup, cleanup_done);
	if (r < 0) {
		cleanup_done(&p->cleanup, r);
	}
}

/* GetReadiness */

static void ready_done(struct engine_ready *ready, int status) {
	struct ready_params *p = container_of(ready, struct ready_params, ready);
	_cleanup_(call_unrefp) struct call *call = p->call;

	if (status < 0) {
		call_fail(call, status, ready->sentence);
	} else {
		reply_with(call, "verdict", verdict_to_json(&ready->verdict));
	}
}

void on_get_readiness(struct call *call, void *params) {
	struct ready_params *p = params;
	int r;

	if (!check_name(call, "project", p->ready.project, sizeof(p->ready.project), true) ||
		!check_project(call, "project", p->ready.project) ||
		!check_name(call, "branch", p->ready.branch, sizeof(p->ready.branch), false)) {
		return;
	}
	if (p->ready.pull_request < 0) {
		call_refuse(call, "pullRequest", "the number of a pull request is positive");
		return;
	}
	if (p->ready.branch[0] == '\0' && p->ready.pull_request == 0) {
		call_refuse(call, "branch",
			"one of the parameters \"branch\" and \"pullRequest\" is needed");
		return;
	}
	p->call = call_ref(call);
	r = engine_ready(call_engine(call), &p->ready, ready_done);
	if (r < 0) {
		ready_done(&p->ready, r);
	}
}
