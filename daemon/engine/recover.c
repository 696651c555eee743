#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "daemon/engine/engine_internal.h"
#include "daemon/engine/forges.h"

/* Starting: what a crash left executing is put right before anything new is claimed. Stopping: the other way round. */

struct recovery {
	struct engine *engine;
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
	char newest[CLOCK_TEXT_MAX];

	if (now_ms >= store_newest_ms(engine->store)) {
		return;
	}
	engine->clock_suspect = true;
	engine->suspect_until_mono_us = clock_mono_us() + LIMIT_CLOCK_SUSPECT_MS * 1000;
	log_warning(
		"The clock says %s, but the newest record is of %s: no task runs until it is set, at most %lld min.",
		clock_format(now_ms, now), clock_format(store_newest_ms(engine->store), newest),
		(long long)(LIMIT_CLOCK_SUSPECT_MS / CLOCK_MINUTE_MS));
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

static void recovered(struct store_req *req, int status) {
	struct recovery *recovery =
		container_of(container_of(req, struct store_step, req), struct recovery, step);
	struct engine *engine = recovery->engine;

	engine_committed(engine, &recovery->step, status);
	store_step_finish(&recovery->step);
	free(recovery);
	recovered_one(engine, status);
}

static int recover_task(struct engine *engine, const struct store_executing *executing) {
	struct recovery *recovery = calloc(1, sizeof(*recovery));
	int r;

	if (recovery == NULL) {
		return -ENOMEM;
	}
	recovery->engine = engine;
	engine_policy(engine, executing->project, &recovery->policy);
	recovery->step = (struct store_step){ .scope = STEP_BY_TASK,
		.policy = &recovery->policy,
		.event = { .type = EVENT_RECOVERED },
		.task_id = executing->id };
	r = engine_step(engine, &recovery->step, recovered);
	if (r < 0) {
		free(recovery);
	}
	return r;
}

static int take_survey(struct engine *engine) {
	struct store_survey *survey = &engine->survey;
	int r = forges_open(engine, survey->forges);

	for (size_t i = 0; i < survey->n_lanes; i++) {
		runner_due(engine, survey->lanes[i].name, survey->lanes[i].next_due_ms);
	}
	for (char **project = survey->paused; r == 0 && project != NULL && *project != NULL;
		project++) {
		r = engine_set_paused(engine, *project, true);
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
