#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/engine/engine_internal.h"
#include "daemon/engine/forges.h"
#include "daemon/engine/job.h"

/* Starting: what a crash left executing is put right before anything new is claimed. Stopping: the other way round. */

struct recovery {
	struct list node; /* of engine->unrecovered */
	struct engine *engine;
	int64_t task_id;
	char project[LIMIT_NAME_MAX];
	bool late; /* the start did not wait for it */
	int64_t backoff_ms;
	struct policy policy;
	struct store_step step;
};

static void timer_fired(void *user) {
	runner_wake(user);
}

/* A clock before the newest row is wrong; tasks would fire at the wrong time, so they wait until it is sane. */
static void suspect_clock(struct engine *engine) {
	int64_t now_ms = clock_now_ms();
	char now[CLOCK_TEXT_MAX];
	char why[LIMIT_SENTENCE_MAX];

	if (now_ms >= store_newest_ms(engine->store)) {
		return;
	}
	engine->clock_suspect = true;
	engine->suspect_until_mono_us = clock_mono_us() + LIMIT_CLOCK_SUSPECT_MS * 1000;
	engine_explain_clock(engine, why);
	log_warning("The clock says %s. %s", clock_format(now_ms, now), why);
}

static void finish_start(struct engine *engine) {
	int status = engine->recover_status;

	if (status == 0) {
		engine->started_ms = clock_now_ms();
		engine->cleanup_due_ms = engine->started_ms + CLOCK_HOUR_MS;
		suspect_clock(engine);
		engine->running = true;
	}
	engine->started(engine->started_user, status);
	if (status == 0) {
		runner_wake(engine);
	}
}

static void recovered_one(struct engine *engine, int status) {
	if (status < 0 && status != -ENOENT && status != -ESTALE && engine->recover_status == 0) {
		engine->recover_status = status;
	}
	if (--engine->n_recovering == 0) {
		finish_start(engine);
	}
}

/* Its row stays executing: nothing is lost, and nothing of its incident goes on, until there is space. */
static void put_off(struct recovery *recovery) {
	struct engine *engine = recovery->engine;

	if (!recovery->late && list_is_empty(&engine->unrecovered)) {
		log_warning("The disk is full: what was under way when the daemon ended goes on when there is space for"
			    " \"%s\".",
			engine->state_dir);
	}
	recovery->late = true;
	list_append(&engine->unrecovered, &recovery->node);
}

static void recovered(struct store_req *req, int status) {
	struct recovery *recovery =
		container_of(container_of(req, struct store_step, req), struct recovery, step);
	struct engine *engine = recovery->engine;
	bool late = recovery->late;

	engine_committed(engine, &recovery->step, status);
	store_step_finish(&recovery->step);
	if (status == -ENOSPC) {
		put_off(recovery);
		status = 0;
	} else {
		free(recovery);
	}
	if (late) {
		runner_wake(engine);
	} else {
		recovered_one(engine, status);
	}
}

static int recover_again(struct recovery *recovery) {
	engine_policy(recovery->engine, recovery->project, &recovery->policy);
	recovery->step = (struct store_step){ .scope = STEP_BY_TASK,
		.policy = &recovery->policy,
		.event = { .type = EVENT_RECOVERED, .backoff_ms = recovery->backoff_ms },
		.task_id = recovery->task_id };
	return engine_step(recovery->engine, &recovery->step, recovered);
}

static int recover_task(struct engine *engine, const struct store_executing *executing) {
	struct recovery *recovery = calloc(1, sizeof(*recovery));
	int r;

	if (recovery == NULL) {
		return -ENOMEM;
	}
	recovery->engine = engine;
	recovery->task_id = executing->id;
	/* A stop or a crash delays nothing. Jitter parts the task that brings the daemon down from those beside it. */
	recovery->backoff_ms =
		executing->interrupted > 0 ? job_backoff_ms(executing->interrupted) : 0;
	TEXT_SET(recovery->project, executing->project);
	r = recover_again(recovery);
	if (r < 0) {
		free(recovery);
	}
	return r;
}

void recover_retry(struct engine *engine) {
	struct list waiting, *node;

	list_init(&waiting);
	list_splice(&waiting, &engine->unrecovered);
	while ((node = list_take_first(&waiting)) != NULL) {
		struct recovery *recovery = container_of(node, struct recovery, node);

		if (recover_again(recovery) < 0) {
			list_append(&engine->unrecovered, &recovery->node);
		}
	}
}

void recover_drop(struct engine *engine) {
	struct list *node;

	while ((node = list_take_first(&engine->unrecovered)) != NULL) {
		free(container_of(node, struct recovery, node));
	}
}

static int take_survey(struct engine *engine) {
	struct store_survey *survey = &engine->survey;
	int r;

	forges_remember(engine, survey->forges);
	r = forges_open(engine);
	for (size_t i = 0; i < survey->n_lanes; i++) {
		runner_due(engine, survey->lanes[i].name, survey->lanes[i].next_due_ms);
	}
	for (char **project = survey->paused; r == 0 && project != NULL && *project != NULL;
		project++) {
		r = engine_set_paused(engine, *project, true);
	}
	if (r == 0) {
		forges_forget(engine);
		engine_hasten(engine);
	}
	return r;
}

static void surveyed(struct store_req *req, int status) {
	struct engine *engine =
		container_of(container_of(req, struct store_survey, req), struct engine, survey);

	engine->n_recovering = 1;
	if (status == 0) {
		status = take_survey(engine);
	}
	for (size_t i = 0; status == 0 && i < engine->survey.n_executing; i++) {
		status = recover_task(engine, &engine->survey.executing[i]);
		engine->n_recovering += status == 0 ? 1 : 0;
	}
	if (engine->survey.n_executing > 0) {
		log_notice("Recovering %zu tasks that were executing when the daemon ended.",
			engine->survey.n_executing);
	}
	store_survey_finish(&engine->survey);
	recovered_one(engine, status);
}

int engine_start(struct engine *engine, void (*started)(void *user, int status), void *user) {
	int r = deadline_open(engine->loop, timer_fired, engine, &engine->deadline);

	if (r < 0) {
		return r;
	}
	agent_sweep(engine->state_dir);
	engine->started = started;
	engine->started_user = user;
	engine->survey = (struct store_survey){ 0 };
	return store_survey(engine->store, &engine->survey, surveyed);
}

/* Stopping */

static void drain_closed(uv_handle_t *handle) {
	struct engine *engine = handle->data;

	engine->stopped(engine->stopped_user, engine->drained);
}

static void drain_end(struct engine *engine, bool drained) {
	if (engine->drain_timer_open) {
		engine->drain_timer_open = false;
		engine->drained = drained;
		uv_close((uv_handle_t *)&engine->drain_timer, drain_closed);
	}
}

static void drain_expired(uv_timer_t *timer) {
	drain_end(timer->data, false);
}

void engine_settle(struct engine *engine) {
	if (engine->stopping && list_is_empty(&engine->jobs)) {
		drain_end(engine, true);
	}
}

void engine_stop(struct engine *engine, void (*stopped)(void *user, bool drained), void *user) {
	engine->stopping = true;
	engine->stopped = stopped;
	engine->stopped_user = user;
	uv_timer_init(engine->loop, &engine->drain_timer);
	engine->drain_timer.data = engine;
	engine->drain_timer_open = true;
	uv_timer_start(&engine->drain_timer, drain_expired, LIMIT_DRAIN_MS, 0);
	deadline_close(engine->deadline, NULL, NULL);
	engine->deadline = NULL;
	check_settle(engine);
	job_stop_agent(engine, 0);
	forges_close(engine, NULL);
	engine_settle(engine);
}
