/* Why what is due does not happen, in one sentence each. */
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/engine/engine_internal.h"
#include "daemon/engine/forges.h"

void engine_explain_store(const struct engine *engine, char ret_why[LIMIT_SENTENCE_MAX]) {
	int64_t since_ms = store_full_since_ms(engine->store);
	char since[CLOCK_TEXT_MAX];

	ret_why[0] = '\0';
	if (since_ms != 0) {
		text_format(ret_why, LIMIT_SENTENCE_MAX,
			"The disk is full since %s, so nothing can be recorded; make space for \"%s\", and all goes on"
			" by itself.",
			clock_format(since_ms, since), engine->state_dir);
	}
}

/* Whatever keeps all tasks of a lane back. */
static void explain_lane(struct engine *engine, const char *lane, char ret_why[LIMIT_SENTENCE_MAX]) {
	size_t running = 0, limit = 0;

	engine_explain_store(engine, ret_why);
	if (ret_why[0] == '\0') {
		engine_explain_clock(engine, ret_why);
	}
	if (ret_why[0] == '\0') {
		(void)forges_lane_open_ms(engine, lane, clock_now_ms(), ret_why);
	}
	runner_lane_load(engine, lane, &running, &limit);
	if (ret_why[0] == '\0' && running > 0 && running >= limit) {
		const char *name = strchr(lane, '/');

		text_format(ret_why, LIMIT_SENTENCE_MAX,
			"It waits for a free place of %s \"%s\": %zu of %zu are taken.",
			strncmp(lane, "agent/", strlen("agent/")) == 0 ? "agent" : "forge",
			name != NULL ? name + 1 : lane, running, limit);
	}
}

void engine_explain_task(
	struct engine *engine, const struct task *task, char ret_why[LIMIT_SENTENCE_MAX]) {
	int64_t n_writes;

	ret_why[0] = '\0';
	if (task->status == TASK_SCHEDULED) {
		explain_lane(engine, task->lane, ret_why);
	} else if (task->status == TASK_EXECUTING) {
		engine_explain_store(engine, ret_why);
		n_writes = forges_lane_queue(engine, task->lane);
		if (ret_why[0] == '\0' && task->type != TASK_PR_READINESS_CHECK && n_writes > 0) {
			text_format(ret_why, LIMIT_SENTENCE_MAX,
				"It writes when its turn comes: %lld write%s at forge \"%s\", and they go one a"
				" second.",
				(long long)n_writes, n_writes == 1 ? " waits" : "s wait",
				strchr(task->lane, '/') + 1);
		}
	}
}

void engine_explain_agent(struct engine *engine, const char *agent, char ret_why[LIMIT_SENTENCE_MAX]) {
	char lane[LIMIT_LANE_MAX];

	text_format(lane, sizeof(lane), "agent/%s", agent);
	ret_why[0] = '\0';
	if (runner_lane_is_overdue(engine, lane)) {
		explain_lane(engine, lane, ret_why);
	}
}
