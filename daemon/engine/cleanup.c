#include <errno.h>

#include "common/clock.h"
#include "daemon/engine/engine_internal.h"

static int64_t before(int64_t now_ms, int64_t age_ms) {
	return age_ms >= now_ms ? 1 : now_ms - age_ms;
}

static void slice_removed(struct store_req *req, int status) {
	struct store_cleanup *slice = container_of(req, struct store_cleanup, req);
	struct engine_cleanup *cleanup = container_of(slice, struct engine_cleanup, slice);

	if (status == 0) {
		cleanup->n_tasks += slice->n_tasks;
		cleanup->n_reports += slice->n_reports;
		cleanup->n_builds += slice->n_builds;
		cleanup->n_events += slice->n_events;
		if (slice->more) {
			status = store_cleanup(cleanup->engine->store, slice, slice_removed);
			if (status == 0) {
				return;
			}
		}
	}
	cleanup->done(cleanup, status);
}

int engine_cleanup(struct engine *engine, struct engine_cleanup *cleanup,
	void (*done)(struct engine_cleanup *, int)) {
	const struct config *config = engine->config;
	int64_t now_ms = clock_now_ms();
	int64_t age_ms = cleanup->older_than_ms < 0 ? config->retention_ms : cleanup->older_than_ms;

	cleanup->engine = engine;
	cleanup->done = done;
	cleanup->slice = (struct store_cleanup){ .tasks_before_ms = before(now_ms, age_ms),
		.reports_before_ms = before(now_ms, config->report_retention_ms),
		.history_before_ms = before(now_ms, config->history_retention_ms),
		.stuck_before_ms = cleanup->force ? before(now_ms, age_ms) : 0,
		.keys_before_ms = before(now_ms, LIMIT_SUBMISSION_KEY_MS),
		.dry_run = cleanup->dry_run };
	return store_cleanup(engine->store, &cleanup->slice, slice_removed);
}
