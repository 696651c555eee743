#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/engine/engine_internal.h"
#include "daemon/engine/lifecycle_internal.h"
#include "daemon/model/redact.h"

/* What people ask for: an event for a task or an incident, or a task by hand. */

static void operated(struct store_req *req, int status) {
	struct store_step *step = container_of(req, struct store_step, req);
	struct engine_operate *operate = container_of(step, struct engine_operate, step);

	engine_committed(operate->engine, step, status);
	if (status == 0 && step->task_decided && step->task_status == TASK_CANCELLED) {
		check_task_ended(operate->engine, operate->task_id, TASK_CANCELLED);
	}
	operate->answer = step->answer;
	TEXT_SET(operate->sentence, step->refusal);
	operate->done(operate, status);
}

static int decide(struct engine_operate *operate, const char *project) {
	bool on_task = operate->task_id != 0;

	engine_policy(operate->engine, project, &operate->policy);
	operate->step = (struct store_step){ .scope = on_task ? STEP_BY_TASK : STEP_BY_INCIDENT,
		.policy = &operate->policy,
		.event = { .type = operate->type, .delay_ms = operate->delay_ms },
		.task_id = operate->task_id,
		.incident_id = operate->incident_id,
		.project = project };
	return engine_step(operate->engine, &operate->step, operated);
}

/* The project is known: now its policy is. */
static void subject_read(struct store_req *req, int status) {
	struct engine_operate *operate =
		container_of(container_of(req, struct store_get, req), struct engine_operate, get);
	char project[LIMIT_NAME_MAX];

	if (status == 0) {
		TEXT_SET(project,
			operate->task_id != 0 ? operate->get.task.project
					      : operate->get.incident.project);
		TEXT_SET(operate->task.project, project);
		store_get_finish(&operate->get);
		status = decide(operate, operate->task.project);
	}
	if (status < 0) {
		operate->done(operate, status);
	}
}

static int create_task(struct engine_operate *operate) {
	struct task *task = &operate->task;
	int r = task_redact(task);

	if (r < 0) {
		return r;
	}
	config_spell_project(operate->engine->config, task->project);
	engine_policy(operate->engine, task->project, &operate->policy);
	step_lane(&operate->policy, task->type, 0, task->lane);
	task->created_ms = task->created_ms != 0 ? task->created_ms : clock_now_ms();
	if (task->due_ms == 0) {
		task->due_ms = task->created_ms + operate->policy.follow_up_delay_ms;
	}
	operate->step = (struct store_step){ .scope = STEP_BY_KEY,
		.policy = &operate->policy,
		.key = operate->key,
		.event = { .type = EVENT_TASK_CREATED },
		.new_task = task,
		.project = task->project,
		.head_repository = task->head_repository,
		.branch = task->branch,
		.error_type = ERROR_UNKNOWN,
		.note = task->origin == TASK_IMPORTED ? "A task was imported."
						      : "A task was scheduled by hand." };
	return engine_step(operate->engine, &operate->step, operated);
}

int engine_operate(struct engine *engine, struct engine_operate *operate,
	void (*done)(struct engine_operate *, int)) {
	operate->engine = engine;
	operate->done = done;
	if (operate->type == EVENT_TASK_CREATED) {
		return create_task(operate);
	}
	operate->get =
		(struct store_get){ .kind = operate->task_id != 0 ? STORE_TASKS : STORE_INCIDENTS,
			.id = operate->task_id != 0 ? operate->task_id : operate->incident_id };
	return store_get(engine->store, &operate->get, subject_read);
}

void engine_operate_finish(struct engine_operate *operate) {
	store_step_finish(&operate->step);
	task_finish(&operate->task);
}
