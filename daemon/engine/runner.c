#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/jitter.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/engine/engine_internal.h"
#include "daemon/engine/forges.h"
#include "daemon/metrics.h"

/*
 * The runner: what is due and fits is claimed, lane by lane.
 *
 * A lane is what concurrency is counted against: a forge, an agent, the notifiers. `next_due_ms` is never later
 * than the due time of the earliest task in it that could run, so that one timer for all lanes is enough; it may be
 * too early, which costs an empty claim.
 */
struct lane {
	struct list node;
	struct engine *engine;
	char name[LIMIT_LANE_MAX];
	size_t limit;
	size_t running;
	int64_t next_due_ms;   /* 0: nothing */
	int64_t not_before_ms; /* a pause between batches of what is overdue since before the start */
	bool claiming;
	struct store_claim claim;
	char **paused; /* owned while claiming: the store thread reads it */
};

#define RUNNER_STALLED_RETRY_MS (5 * CLOCK_SECOND_MS)
/* The longest that a lane is left alone for. */
#define RUNNER_PAUSE_MAX_MS MAX(RUNNER_STALLED_RETRY_MS, 2 * LIMIT_CATCHUP_PAUSE_MS)
/* A task in the lane of a forge or agent that is configured no more is only moved to its right lane. */
#define RUNNER_ORPHAN_LIMIT 16

static struct lane *find_lane(struct engine *engine, const char *name) {
	list_for_each (pos, &engine->lanes) {
		struct lane *lane = container_of(pos, struct lane, node);

		if (strcmp(lane->name, name) == 0) {
			return lane;
		}
	}
	return NULL;
}

static struct lane *make_lane(struct engine *engine, const char *name) {
	struct lane *lane = find_lane(engine, name);

	if (lane != NULL) {
		return lane;
	}
	lane = calloc(1, sizeof(*lane));
	if (lane == NULL) {
		return NULL;
	}
	lane->engine = engine;
	lane->limit = RUNNER_ORPHAN_LIMIT;
	TEXT_SET(lane->name, name);
	list_append(&engine->lanes, &lane->node);
	return lane;
}

static int set_limit(struct engine *engine, const char *kind, const char *name, size_t limit) {
	char full[LIMIT_LANE_MAX];
	struct lane *lane;

	text_format(full, sizeof(full), "%s%s", kind, name);
	lane = make_lane(engine, full);
	if (lane == NULL) {
		return -ENOMEM;
	}
	lane->limit = limit;
	return 0;
}

int runner_configure(struct engine *engine) {
	const struct config *config = engine->config;
	int r = 0;

	list_for_each (pos, &engine->lanes) {
		container_of(pos, struct lane, node)->limit = RUNNER_ORPHAN_LIMIT;
	}
	for (size_t i = 0; r == 0 && i < config->n_forges; i++) {
		r = set_limit(engine, "forge/", config->forges[i].name, LIMIT_FORGE_CONCURRENCY);
		if (r == 0) {
			r = set_limit(
				engine, "post/", config->forges[i].name, LIMIT_POST_CONCURRENCY);
		}
	}
	for (size_t i = 0; r == 0 && i < config->n_agents; i++) {
		r = set_limit(engine, "agent/", config->agents[i].name,
			(size_t)config->agents[i].concurrency);
	}
	return r;
}

static void lower(struct lane *lane, int64_t due_ms) {
	if (due_ms != 0 && (lane->next_due_ms == 0 || due_ms < lane->next_due_ms)) {
		lane->next_due_ms = due_ms;
	}
}

void runner_due(struct engine *engine, const char *name, int64_t due_ms) {
	struct lane *lane = make_lane(engine, name);

	if (lane != NULL) {
		lower(lane, due_ms);
	} else {
		log_error("Out of memory: tasks of lane \"%s\" wait for a restart.", name);
	}
}

void runner_due_all(struct engine *engine, const char *prefix, int64_t due_ms) {
	list_for_each (pos, &engine->lanes) {
		struct lane *lane = container_of(pos, struct lane, node);

		if (strncmp(lane->name, prefix, strlen(prefix)) == 0) {
			lower(lane, due_ms);
		}
	}
}

/* Claiming */

static char **free_strings(char **strings) {
	for (char **string = strings; string != NULL && *string != NULL; string++) {
		free(*string);
	}
	free(strings);
	return NULL;
}

/* A copy that stays as it is while the store thread reads it; NULL when nothing is paused. */
static int copy_paused(const struct engine *engine, char ***ret_copy) {
	const char *const *paused = engine_paused(engine);
	size_t n = 0;
	char **copy;

	while (paused[n] != NULL) {
		n++;
	}
	copy = n > 0 ? calloc(n + 1, sizeof(*copy)) : NULL;
	for (size_t i = 0; copy != NULL && i < n; i++) {
		copy[i] = strdup(paused[i]);
		if (copy[i] == NULL) {
			copy = free_strings(copy);
		}
	}
	if (copy == NULL && n > 0) {
		return -ENOMEM;
	}
	*ret_copy = copy;
	return 0;
}

static void start_claimed(struct lane *lane) {
	struct engine *engine = lane->engine;

	for (size_t i = 0; i < lane->claim.n_tasks; i++) {
		struct task *task = &lane->claim.tasks[i];
		char id[ID_TEXT_MAX];
		int64_t due_ms = task->due_ms;
		int r = job_start(engine, task);

		metrics_observe(METRIC_TASK_LATENESS, lane->claim.now_ms - due_ms);
		if (r < 0) { /* its row stays executing; the next start recovers it */
			log_about(&(struct log_about){ .incident = task->incident_id,
					  .task = task->id,
					  .project = task->project },
				LOG_LEVEL_ERROR,
				"Cannot execute task %s: %s; it is tried again after a restart.",
				id_format(ID_TASK, task->id, id), log_errno(r));
			continue;
		}
		lane->running++;
	}
}

static void claim_recorded(struct store_req *req, int status) {
	struct store_claim *claim = container_of(req, struct store_claim, req);
	struct lane *lane = container_of(claim, struct lane, claim);
	struct engine *engine = lane->engine;

	lane->claiming = false;
	if (status == 0 && engine->stopping) {
		/* Nothing new begins; the next start finds these executing and takes them up. */
	} else if (status == 0) {
		lower(lane, claim->next_due_ms);
		start_claimed(lane);
	} else if (status != -EIO && status != -ESHUTDOWN) {
		log_warning("Cannot claim due tasks of \"%s\": %s; trying again soon.", lane->name,
			log_errno(status));
		lane->not_before_ms = clock_now_ms() + RUNNER_STALLED_RETRY_MS;
		lower(lane, lane->not_before_ms);
	}
	store_claim_finish(claim);
	lane->paused = free_strings(lane->paused);
	runner_wake(engine);
}

/* A forge that cannot be reached is tried by one task at a time. */
static size_t limit_of(const struct lane *lane) {
	return forges_lane_is_probing(lane->engine, lane->name) ? 1 : lane->limit;
}

/* How many tasks may be claimed now; what was overdue at the start goes in batches with a jittered pause between. */
static size_t claim_limit(struct lane *lane, int64_t now_ms) {
	size_t limit = MIN(limit_of(lane) - lane->running, (size_t)LIMIT_CLAIM_ROWS);

	if (lane->next_due_ms < lane->engine->started_ms - CLOCK_SECOND_MS) {
		limit = MIN(limit, (size_t)LIMIT_CATCHUP_ROWS);
		lane->not_before_ms =
			now_ms + LIMIT_CATCHUP_PAUSE_MS / 2 + jitter_below(LIMIT_CATCHUP_PAUSE_MS);
	}
	return limit;
}

static void claim(struct lane *lane, int64_t now_ms) {
	struct engine *engine = lane->engine;
	int64_t next_due_ms = lane->next_due_ms;
	int r = copy_paused(engine, &lane->paused);

	lane->claim = (struct store_claim){ .now_ms = now_ms,
		.limit = claim_limit(lane, now_ms),
		.paused_projects = (const char *const *)lane->paused };
	TEXT_SET(lane->claim.lane, lane->name);
	if (r == 0) {
		lane->next_due_ms = 0; /* what is added from now on lowers it again */
		r = store_claim(engine->store, &lane->claim, claim_recorded);
	}
	lane->claiming = r == 0;
	if (r < 0) {
		lane->paused = free_strings(lane->paused);
		lane->next_due_ms = next_due_ms;
		lane->not_before_ms = now_ms + RUNNER_STALLED_RETRY_MS;
	}
}

/* The time at which the lane wants to be looked at; 0: an end of a job, a commit or a forge tells. */
static int64_t wants_at(const struct lane *lane, int64_t now_ms) {
	int64_t open_ms;

	if (lane->next_due_ms == 0 || lane->claiming || lane->running >= limit_of(lane)) {
		return 0;
	}
	open_ms = forges_lane_open_ms(lane->engine, lane->name, now_ms, NULL);
	if (open_ms == INT64_MAX) {
		return 0;
	}
	return MAX(MAX(lane->next_due_ms, lane->not_before_ms), open_ms);
}

static bool is_clock_suspect(struct engine *engine, int64_t now_ms) {
	if (!engine->clock_suspect) {
		return false;
	}
	if (now_ms < store_newest_ms(engine->store) &&
		clock_mono_us() < engine->suspect_until_mono_us) {
		return true;
	}
	engine->clock_suspect = false;
	if (now_ms < store_newest_ms(engine->store)) {
		clock_set_doubt(engine);
	}
	log_notice(now_ms < store_newest_ms(engine->store)
			? "The clock is still before the newest record; due tasks run all the same from now on."
			: "The clock is plausible again; due tasks run from now on.");
	return false;
}

static int64_t earliest(int64_t a, int64_t b) {
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* What lies further ahead than it can was set by a clock that has been set back since. */
static void doubt(int64_t *at_ms, int64_t now_ms, int64_t farthest_ms) {
	if (*at_ms > now_ms + farthest_ms) {
		*at_ms = now_ms;
	}
}

static void daily_done(struct engine_cleanup *cleanup, int status) {
	struct engine *engine = cleanup->engine;

	engine->daily_running = false;
	if (status == 0 &&
		cleanup->n_tasks + cleanup->n_reports + cleanup->n_builds + cleanup->n_events > 0) {
		log_info("Cleaned up %lld tasks, %lld reports, %lld builds and %lld events.",
			(long long)cleanup->n_tasks, (long long)cleanup->n_reports,
			(long long)cleanup->n_builds, (long long)cleanup->n_events);
	}
}

static void clean_up_daily(struct engine *engine, int64_t now_ms) {
	doubt(&engine->cleanup_due_ms, now_ms, CLOCK_DAY_MS);
	if (engine->daily_running || now_ms < engine->cleanup_due_ms) {
		return;
	}
	engine->cleanup_due_ms = now_ms + CLOCK_DAY_MS;
	engine->daily = (struct engine_cleanup){ .older_than_ms = -1 };
	engine->daily_running = engine_cleanup(engine, &engine->daily, daily_done) == 0;
}

/* What the store could not take yet. */
static bool has_unrecorded(const struct engine *engine) {
	return !list_is_empty(&engine->stalled) || !list_is_empty(&engine->unrecovered);
}

void runner_wake(struct engine *engine) {
	int64_t now_ms = clock_now_ms();
	int64_t wake_ms;

	if (!engine->running || engine->stopping) {
		check_settle(engine);
		engine_settle(engine);
		return;
	}
	if (is_clock_suspect(engine, now_ms)) {
		int64_t left_ms = (engine->suspect_until_mono_us - clock_mono_us()) / 1000 + 1;

		deadline_arm(engine->deadline, MIN(store_newest_ms(engine->store), now_ms + left_ms));
		check_settle(engine);
		return;
	}
	doubt(&engine->stalled_retry_ms, now_ms, RUNNER_STALLED_RETRY_MS);
	if (has_unrecorded(engine) && engine->stalled_retry_ms <= now_ms) {
		engine->stalled_retry_ms = now_ms + RUNNER_STALLED_RETRY_MS;
		recover_retry(engine);
		job_retry_stalled(engine);
	}
	clean_up_daily(engine, now_ms);
	wake_ms = earliest(engine->cleanup_due_ms, clock_set_settle(engine, now_ms));
	list_for_each (pos, &engine->lanes) {
		struct lane *lane = container_of(pos, struct lane, node);
		int64_t at_ms;

		doubt(&lane->not_before_ms, now_ms, RUNNER_PAUSE_MAX_MS);
		at_ms = wants_at(lane, now_ms);
		if (at_ms != 0 && at_ms <= now_ms && !engine_is_paused(engine, "*")) {
			claim(lane, now_ms);
			at_ms = wants_at(lane, now_ms);
		}
		if (!engine_is_paused(engine, "*")) {
			wake_ms = earliest(wake_ms, at_ms);
		}
	}
	if (has_unrecorded(engine)) {
		wake_ms = earliest(wake_ms, engine->stalled_retry_ms);
	}
	deadline_arm(engine->deadline, wake_ms);
	check_settle(engine);
}

void runner_soon(struct engine *engine) {
	if (engine->deadline != NULL) {
		deadline_arm(engine->deadline, 1);
	}
}

bool runner_is_idle(struct engine *engine) {
	int64_t now_ms = clock_now_ms();

	if (!list_is_empty(&engine->jobs) || !list_is_empty(&engine->stalled)) {
		return false;
	}
	list_for_each (pos, &engine->lanes) {
		const struct lane *lane = container_of(pos, struct lane, node);
		int64_t at_ms = wants_at(lane, now_ms);

		if (lane->claiming ||
			(at_ms != 0 && at_ms <= now_ms && !engine_is_paused(engine, "*") &&
				!engine->clock_suspect)) {
			return false;
		}
	}
	return true;
}

void runner_job_ended(struct engine *engine, const char *name) {
	struct lane *lane = find_lane(engine, name);

	if (lane != NULL && lane->running > 0) {
		lane->running--;
	}
	runner_wake(engine);
}

void runner_finish(struct engine *engine) {
	struct list *node;

	while ((node = list_take_first(&engine->lanes)) != NULL) {
		free(container_of(node, struct lane, node));
	}
}

void runner_lane_load(
	struct engine *engine, const char *name, size_t *ret_running, size_t *ret_limit) {
	const struct lane *lane = find_lane(engine, name);

	if (lane != NULL) {
		*ret_running = lane->running;
		*ret_limit = limit_of(lane);
	}
}

bool runner_lane_is_overdue(struct engine *engine, const char *name) {
	const struct lane *lane = find_lane(engine, name);

	return lane != NULL && lane->next_due_ms != 0 && lane->next_due_ms <= clock_now_ms();
}

bool runner_lane_has_work(struct engine *engine, const char *name) {
	const struct lane *lane = find_lane(engine, name);

	return lane != NULL && (lane->running > 0 || lane->claiming || lane->next_due_ms != 0);
}

json_t *engine_lanes_to_json(const struct engine *engine) {
	json_t *lanes = json_array();

	list_for_each (pos, &engine->lanes) {
		const struct lane *lane = container_of(pos, struct lane, node);

		if (json_array_append_new(lanes,
			    json_pack("{s:s, s:I, s:I}", "name", lane->name, "running",
				    (json_int_t)lane->running, "limit", (json_int_t)lane->limit)) <
			0) {
			json_decref(lanes);
			return NULL;
		}
	}
	return json_pack("{s:o, s:b}", "lanes", lanes, "clockSuspect", engine->clock_suspect);
}
