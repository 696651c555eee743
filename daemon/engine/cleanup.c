#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "daemon/engine/engine_internal.h"

/*
 * Removing what is past its time, a slice at a time; with `force` first the stuck tasks are given up:
 *
 *     FIND executing rows without a job ─► GIVE_UP one by one, through the lifecycle ─► SLICES until none is left
 *
 * A row gets stuck only when what came of it could not be recorded for a reason that does not pass.
 */
enum cleanup_state { CLEANUP_FIND, CLEANUP_GIVE_UP, CLEANUP_SLICES, CLEANUP_DONE };

struct cleanup_flow {
	struct engine_cleanup *cleanup;
	enum cleanup_state state;
	int64_t stuck_before_ms;
	struct store_page page;
	struct task *stuck; /* owned: a copy of the page's stuck rows, without what they own */
	size_t n_stuck;
	size_t next_stuck;
	struct policy policy;
	struct store_step step;
};

static void cleanup_step(struct cleanup_flow *flow, int status);

static int64_t before(int64_t now_ms, int64_t age_ms) {
	return age_ms >= now_ms ? 1 : now_ms - age_ms;
}

static int take_page(struct cleanup_flow *flow) {
	struct engine *engine = flow->cleanup->engine;

	free(flow->stuck);
	flow->n_stuck = 0;
	flow->next_stuck = 0;
	flow->stuck = calloc(flow->page.n_rows + 1, sizeof(*flow->stuck));
	if (flow->stuck == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < flow->page.n_rows; i++) {
		const struct task *task = &flow->page.tasks[i];

		if (!job_is_live(engine, task->id) && task->due_ms < flow->stuck_before_ms) {
			flow->stuck[flow->n_stuck++] = *task;
		}
	}
	return 0;
}

static void executing_read(struct store_req *req, int status) {
	struct store_page *page = container_of(req, struct store_page, req);
	struct cleanup_flow *flow = container_of(page, struct cleanup_flow, page);

	if (status == 0) {
		status = take_page(flow);
	}
	store_page_finish(page);
	flow->state = CLEANUP_GIVE_UP;
	cleanup_step(flow, status);
}

static int find_stuck(struct cleanup_flow *flow) {
	int64_t cursor = flow->page.next;
	int r;

	flow->page = (struct store_page){ .kind = STORE_TASKS,
		.status = TASK_EXECUTING,
		.type = -1,
		.state = -1,
		.limit = LIMIT_STORE_PAGE_ROWS,
		.cursor = cursor };
	r = store_page(flow->cleanup->engine->store, &flow->page, executing_read);
	return r < 0 ? r : -EINPROGRESS;
}

static void given_up(struct store_req *req, int status) {
	struct cleanup_flow *flow =
		container_of(container_of(req, struct store_step, req), struct cleanup_flow, step);

	engine_committed(flow->cleanup->engine, &flow->step, status);
	store_step_finish(&flow->step);
	cleanup_step(flow, status == -ESTALE || status == -ENOENT ? 0 : status);
}

static int give_up_next(struct cleanup_flow *flow) {
	const struct task *task;
	int r;

	if (flow->next_stuck == flow->n_stuck) {
		flow->state = flow->page.next != 0 ? CLEANUP_FIND : CLEANUP_SLICES;
		return 0;
	}
	task = &flow->stuck[flow->next_stuck++];
	flow->cleanup->n_tasks++;
	if (flow->cleanup->dry_run) {
		return 0;
	}
	engine_policy(flow->cleanup->engine, task->project, &flow->policy);
	flow->step = (struct store_step){ .scope = STEP_BY_TASK,
		.policy = &flow->policy,
		.event = { .type = EVENT_ATTEMPT_FAILED,
			.text = "it was stuck in executing, and an operator cleaned it up." },
		.task_id = task->id,
		.expected_attempt = task->attempt,
		.project = task->project };
	r = engine_step(flow->cleanup->engine, &flow->step, given_up);
	return r < 0 ? r : -EINPROGRESS;
}

static void slice_removed(struct store_req *req, int status) {
	struct store_cleanup *slice = container_of(req, struct store_cleanup, req);
	struct engine_cleanup *cleanup = container_of(slice, struct engine_cleanup, slice);
	struct cleanup_flow *flow = cleanup->state;

	if (status == 0) {
		cleanup->n_tasks += slice->n_tasks;
		cleanup->n_reports += slice->n_reports;
		cleanup->n_builds += slice->n_builds;
		cleanup->n_events += slice->n_events;
		flow->state = slice->more ? CLEANUP_SLICES : CLEANUP_DONE;
	}
	cleanup_step(flow, status);
}

static int remove_slice(struct cleanup_flow *flow) {
	int r = store_cleanup(flow->cleanup->engine->store, &flow->cleanup->slice, slice_removed);

	return r < 0 ? r : -EINPROGRESS;
}

static void cleanup_step(struct cleanup_flow *flow, int status) {
	struct engine_cleanup *cleanup = flow->cleanup;

	while (status == 0 && flow->state != CLEANUP_DONE) {
		/* clang-format off */
		switch (flow->state) {
		case CLEANUP_FIND:    status = find_stuck(flow); break;
		case CLEANUP_GIVE_UP: status = give_up_next(flow); break;
		case CLEANUP_SLICES:  status = remove_slice(flow); break;
		case CLEANUP_DONE:    break;
		}
		/* clang-format on */
	}
	if (status != -EINPROGRESS) {
		cleanup->state = NULL;
		free(flow->stuck);
		free(flow);
		cleanup->done(cleanup, status);
	}
}

int engine_cleanup(struct engine *engine, struct engine_cleanup *cleanup,
	void (*done)(struct engine_cleanup *, int)) {
	const struct config *config = engine->config;
	struct cleanup_flow *flow = calloc(1, sizeof(*flow));
	int64_t now_ms = clock_now_ms();
	int64_t age_ms = cleanup->older_than_ms < 0 ? config->retention_ms : cleanup->older_than_ms;
	int r;

	if (flow == NULL) {
		return -ENOMEM;
	}
	flow->cleanup = cleanup;
	flow->stuck_before_ms = before(now_ms, age_ms);
	flow->state = cleanup->force ? CLEANUP_FIND : CLEANUP_SLICES;
	cleanup->engine = engine;
	cleanup->state = flow;
	cleanup->done = done;
	cleanup->slice = (struct store_cleanup){ .tasks_before_ms = before(now_ms, age_ms),
		.reports_before_ms = before(now_ms, config->report_retention_ms),
		.history_before_ms = before(now_ms, config->history_retention_ms),
		.keys_before_ms = before(now_ms, LIMIT_SUBMISSION_KEY_MS),
		.dry_run = cleanup->dry_run };
	r = cleanup->force ? find_stuck(flow) : remove_slice(flow);
	if (r == -EINPROGRESS) {
		return 0;
	}
	free(flow);
	return r;
}
