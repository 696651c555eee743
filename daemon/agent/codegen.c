/* An agent at codegen.com: asked for a run once, whatever happens in between, then watched until the run is over. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/agent/codegen_internal.h"
#include "daemon/agent/prompt.h"

bool codegen_move(struct codegen *run, enum codegen_state next) {
	run->state = next;
	return false;
}

bool codegen_wait_for(struct codegen *run, enum codegen_state next) {
	run->state = next;
	return true;
}

bool codegen_give_up(struct codegen *run) {
	switch (run->answer) {
	case CODEGEN_REFUSED: codegen_say_refused(run, run->why); break;
	case CODEGEN_LOCKED:
		codegen_say_not_now(run, clock_now_ms() + LIMIT_AGENT_CREDENTIAL_MS, run->why);
		break;
	case CODEGEN_LIMITED:
		codegen_say_not_now(run,
			run->retry_ms > 0 ? run->retry_ms : clock_now_ms() + LIMIT_RATE_PAUSE_FIRST_MS,
			run->why);
		break;
	case CODEGEN_OK:
	case CODEGEN_UNKNOWN:
	case CODEGEN_NOT_SENT: codegen_say_not_now(run, run->retry_ms, run->why); break;
	}
	return codegen_move(run, CODEGEN_END);
}

bool codegen_give_up_unreadable(struct codegen *run, int r) {
	run->answer = CODEGEN_UNKNOWN;
	TEXT_SET(run->why, r == -ENOMEM ? CODEGEN_WHY_NO_MEMORY : CODEGEN_WHY_UNREADABLE);
	return codegen_give_up(run);
}

static bool begin(struct codegen *run) {
	if (run->post.post_id != 0) {
		return codegen_move(run, CODEGEN_POLL);
	}
	return codegen_move(run, run->post.intent_ms != 0 ? CODEGEN_SEARCH : CODEGEN_LOOKUP);
}

static void timer_closed(uv_handle_t *timer) {
	struct codegen *run = timer->data;

	codegen_tell(run);
	codegen_ask_finish(run);
	free(run->prompt);
	free(run);
}

static bool end(struct codegen *run) {
	run->state = CODEGEN_ENDED;
	uv_close((uv_handle_t *)&run->timer, timer_closed);
	return true;
}

void codegen_step(struct codegen *run) {
	bool waits = false;

	while (!waits) {
		if (run->is_stopped && run->state < CODEGEN_DROP) {
			codegen_say_stopped(run);
			run->state = CODEGEN_END;
		}
		switch (run->state) {
		case CODEGEN_BEGIN: waits = begin(run); break;
		case CODEGEN_LOOKUP: waits = codegen_run_lookup(run); break;
		case CODEGEN_LOOKED_UP: waits = codegen_run_looked_up(run); break;
		case CODEGEN_INTENT: waits = codegen_run_intent(run); break;
		case CODEGEN_ORDER: waits = codegen_run_order(run); break;
		case CODEGEN_ORDERED: waits = codegen_run_ordered(run); break;
		case CODEGEN_SEARCH: waits = codegen_run_search(run); break;
		case CODEGEN_SEARCHED: waits = codegen_run_searched(run); break;
		case CODEGEN_KEEP: waits = codegen_run_keep(run); break;
		case CODEGEN_KEPT: waits = codegen_run_kept(run); break;
		case CODEGEN_PAUSE: waits = codegen_run_pause(run); break;
		case CODEGEN_POLL: waits = codegen_run_poll(run); break;
		case CODEGEN_POLLED: waits = codegen_run_polled(run); break;
		case CODEGEN_DROP: waits = codegen_run_drop(run); break;
		case CODEGEN_END: waits = end(run); break;
		case CODEGEN_ENDED: waits = true; break;
		}
	}
}

/* What is on disk of this task's run; zeroed when there is nothing. */
static struct post find_post(const struct agent_start *start) {
	for (size_t i = start->n_posts; i > 0; i--) {
		const struct post *post = &start->posts[i - 1];

		if (post->kind == POST_RUN && post->task_id == start->task->id) {
			return *post;
		}
	}
	return (struct post){
		.incident_id = start->incident->id,
		.kind = POST_RUN,
		.task_id = start->task->id,
	};
}

static void take_facts(struct codegen *run, const struct agent_start *start) {
	const struct incident *incident = start->incident;
	int64_t now_ms = clock_now_ms();

	run->agent = *start->agent;
	run->agent.command = run->agent.branches = NULL;
	run->agent.workdir = NULL;
	TEXT_SET(run->base.name, start->agent->name);
	run->recorder = start->recorder;
	run->http = start->http;
	id_format(ID_TASK, start->task->id, run->task);
	id_format(ID_INCIDENT, incident->id, run->incident);
	TEXT_SET(run->project, incident->project);
	TEXT_SET(run->branch, incident->branch);
	run->is_fork = incident_is_of_fork(incident);
	run->started_boot_us = clock_boot_us() -
		(start->task->started_ms > 0 ? MAX(now_ms - start->task->started_ms, 0) : 0) * 1000;
	run->post = find_post(start);
}

int codegen_start(uv_loop_t *loop, const struct agent_start *start, struct agent_run **ret_run,
	char ret_sentence[LIMIT_SENTENCE_MAX]) {
	struct codegen *run;

	assert(start->http && start->recorder.record);
	run = calloc(1, sizeof(*run));
	if (!run || uv_timer_init(loop, &run->timer) < 0) {
		free(run);
		text_format(ret_sentence, LIMIT_SENTENCE_MAX,
			"Agent \"%s\" was not started: there is no memory for it.",
			start->agent->name);
		return -ENOMEM;
	}
	run->timer.data = run;
	take_facts(run, start);
	/* Its failure counts only when a run is asked for: one that is found goes on. */
	run->prompt_status = prompt_make(PROMPT_ELSEWHERE, start->incident, start->report,
		start->history, start->n_history, &run->prompt);
	codegen_wait(run, 0);
	*ret_run = &run->base;
	return 0;
}

void codegen_stop(struct agent_run *base, bool leave) {
	struct codegen *run = container_of(base, struct codegen, base);

	if (run->is_stopped || run->state >= CODEGEN_DROP) {
		return;
	}
	run->is_stopped = true;
	run->leaves = leave;
	codegen_hurry(run);
}

void codegen_recorded(struct agent_run *base, int status) {
	struct codegen *run = container_of(base, struct codegen, base);

	run->record_status = status;
	codegen_step(run);
}
