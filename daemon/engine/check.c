#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "daemon/engine/engine_internal.h"

/*
 * `codegenctl check`: every due task, or every scheduled one, is executed once, and somebody waits for it.
 *
 *     LIST pages of scheduled tasks ─► HASTEN the ones not due yet ─► WAIT until each ended or nothing is under way
 */
enum check_state { CHECK_LIST, CHECK_HASTEN, CHECK_WAIT, CHECK_DONE };

struct check_flow {
	struct engine_check *check;
	enum check_state state;
	struct store_page page;
	int64_t *later; /* not due yet: to be hastened */
	size_t n_later;
	size_t next_later;
	bool *ended; /* by index of check->ids; from CHECK_HASTEN on */
	struct engine_operate operate;
	uv_idle_t handle; /* never started; its close completes the check from the loop, not from inside a call */
	int status;
	bool abandoned; /* ends at the next turn */
};

static void check_step(struct check_flow *flow, int status);

/* The store lists the newest first. */
static int compare_ids(const void *a, const void *b) {
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return x > y ? -1 : x < y;
}

static int grow(int64_t **ids, size_t n, int64_t id) {
	int64_t *grown = *ids;

	if ((n & (n - 1)) == 0) { /* a power of two is full */
		grown = reallocarray(*ids, n == 0 ? 1 : 2 * n, sizeof(*grown));
		if (grown == NULL) {
			return -ENOMEM;
		}
		*ids = grown;
	}
	grown[n] = id;
	return 0;
}

static int take_page(struct check_flow *flow) {
	struct engine_check *check = flow->check;
	int64_t now_ms = clock_now_ms();
	int r = 0;

	for (size_t i = 0; r == 0 && i < flow->page.n_rows; i++) {
		const struct task *task = &flow->page.tasks[i];

		if (engine_is_paused(check->engine, "*") ||
			engine_is_paused(check->engine, task->project)) {
			continue;
		}
		r = grow(&check->ids, check->n_ids, task->id);
		check->n_ids += r == 0;
		if (r == 0 && task->due_ms > now_ms) {
			r = grow(&flow->later, flow->n_later, task->id);
			flow->n_later += r == 0;
		}
	}
	return r;
}

static void listed(struct store_req *req, int status) {
	struct store_page *page = container_of(req, struct store_page, req);
	struct check_flow *flow = container_of(page, struct check_flow, page);
	int64_t next;

	if (status == 0) {
		status = take_page(flow);
	}
	next = page->next;
	store_page_finish(page);
	flow->page.cursor = next;
	if (status == 0 && next == 0) {
		flow->state = CHECK_HASTEN;
		flow->check->n_left = flow->check->n_ids;
		flow->ended = calloc(flow->check->n_ids + 1, sizeof(*flow->ended));
		status = flow->ended == NULL ? -ENOMEM : 0;
	}
	check_step(flow, status);
}

static int list_more(struct check_flow *flow) {
	int64_t cursor = flow->page.cursor;
	int r;

	flow->page = (struct store_page){ .kind = STORE_TASKS,
		.status = TASK_SCHEDULED,
		.type = -1,
		.state = -1,
		.due_before_ms = flow->check->all ? 0 : clock_now_ms(),
		.limit = LIMIT_STORE_PAGE_ROWS,
		.cursor = cursor };
	r = store_page(flow->check->engine->store, &flow->page, listed);
	return r < 0 ? r : -EINPROGRESS;
}

static void hastened(struct engine_operate *operate, int status) {
	struct check_flow *flow = container_of(operate, struct check_flow, operate);

	engine_operate_finish(operate);
	check_step(flow, status == -ESTALE || status == -ENOENT ? 0 : status);
}

static int hasten(struct check_flow *flow) {
	int r;

	if (flow->next_later == flow->n_later) {
		flow->state = CHECK_WAIT;
		return 0;
	}
	flow->operate = (struct engine_operate){ .type = EVENT_TASK_RUN,
		.task_id = flow->later[flow->next_later++] };
	r = engine_operate(flow->check->engine, &flow->operate, hastened);
	return r < 0 ? r : -EINPROGRESS;
}

static void handle_closed(uv_handle_t *handle) {
	struct check_flow *flow = handle->data;
	struct engine_check *check = flow->check;
	int status = flow->status;

	free(flow->later);
	free(flow->ended);
	free(flow);
	free(check->ids);
	check->ids = NULL;
	check->state = NULL;
	check->done(check, status);
}

static void check_end(struct check_flow *flow, int status) {
	if (flow->state == CHECK_DONE) {
		return;
	}
	flow->state = CHECK_DONE;
	flow->status = status;
	list_remove(&flow->check->node);
	uv_close((uv_handle_t *)&flow->handle, handle_closed);
}

static void check_step(struct check_flow *flow, int status) {
	if (flow->abandoned) {
		status = -ECANCELED;
	}
	while (status == 0 && flow->state < CHECK_WAIT) {
		/* clang-format off */
		switch (flow->state) {
		case CHECK_LIST:   status = list_more(flow); break;
		case CHECK_HASTEN: status = hasten(flow); break;
		case CHECK_WAIT:
		case CHECK_DONE:   break;
		}
		/* clang-format on */
	}
	if (status == 0) {
		runner_wake(flow->check->engine);
	} else if (status != -EINPROGRESS) {
		check_end(flow, status);
	}
}

int engine_check(struct engine *engine, struct engine_check *check,
	void (*done)(struct engine_check *, int)) {
	struct check_flow *flow = calloc(1, sizeof(*flow));
	int r;

	if (flow == NULL) {
		return -ENOMEM;
	}
	check->engine = engine;
	check->done = done;
	check->state = flow;
	flow->check = check;
	uv_idle_init(engine->loop, &flow->handle);
	flow->handle.data = flow;
	list_append(&engine->checks, &check->node);
	r = list_more(flow);
	if (r == -EINPROGRESS) {
		return 0;
	}
	check_end(flow, r);
	return 0;
}

void engine_check_abandon(struct engine_check *check) {
	struct check_flow *flow = check->state;

	if (flow == NULL) {
		return;
	}
	flow->abandoned = true;
	if (flow->state == CHECK_WAIT) {
		check_end(flow, -ECANCELED);
	}
}

static void count(struct engine_check *check, enum task_status status) {
	check->n_executed++;
	check->n_completed += status == TASK_COMPLETED;
	check->n_rescheduled += status == TASK_SCHEDULED;
	check->n_failed += status == TASK_FAILED;
	check->n_cancelled += status == TASK_CANCELLED;
}

void check_task_ended(struct engine *engine, int64_t task_id, enum task_status status) {
	list_for_each (pos, &engine->checks) {
		struct engine_check *check = container_of(pos, struct engine_check, node);
		struct check_flow *flow = check->state;
		int64_t *id = flow->ended == NULL || check->n_ids == 0
			? NULL
			: bsearch(&task_id, check->ids, check->n_ids, sizeof(*id), compare_ids);

		if (id != NULL && !flow->ended[id - check->ids]) {
			flow->ended[id - check->ids] = true;
			check->n_left--;
			count(check, status);
		}
	}
}

void check_settle(struct engine *engine) {
	list_for_each_safe (pos, &engine->checks) {
		struct engine_check *check = container_of(pos, struct engine_check, node);
		struct check_flow *flow = check->state;

		if (engine->stopping && flow->state == CHECK_WAIT) {
			check_end(flow, -ECANCELED);
		} else if (flow->state == CHECK_WAIT &&
			(check->n_left == 0 || runner_is_idle(engine))) {
			check_end(flow, 0);
		}
	}
}
