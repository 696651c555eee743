/* Whether there is a run of this task, or a second one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/agent/codegen_internal.h"

bool codegen_run_search(struct codegen *run) {
	run->list.search = (struct codegen_search){
		.task = run->task,
		.project = run->project,
		/* Of a run that is known: the intent was not before the task. */
		.since_ms = MIN(run->post.intent_ms != 0 ? run->post.intent_ms
							 : id_ms(run->post.task_id),
				    clock_now_ms()) -
			LIMIT_AGENT_SKEW_MS,
	};
	codegen_ask(run, NULL, "agent/runs?skip=0&limit=%d", LIMIT_AGENT_PAGE);
	return codegen_wait_for(run, CODEGEN_SEARCHED);
}

static bool not_found(struct codegen *run) {
	int64_t now_ms = clock_now_ms();
	int64_t settled_ms = run->post.intent_ms + run->agent.settle_ms;

	if (run->list.search.pages.is_cut) {
		codegen_say_unknown(run, "The list of its runs is too long.");
		return codegen_move(run, CODEGEN_END);
	}
	/* An intent of the future: the clock was set back, and nobody knows how long ago it was. */
	if (now_ms >= settled_ms || now_ms < run->post.intent_ms - LIMIT_AGENT_SKEW_MS) {
		return codegen_move(run, CODEGEN_LOOKUP);
	}
	codegen_say_not_now(
		run, settled_ms, "It was asked, without an answer, and may still begin by itself.");
	return codegen_move(run, CODEGEN_END);
}

/* The run that is followed is over; what this finds is told, and followed no more. */
static bool found_beside(struct codegen *run) {
	struct codegen_search *found = &run->list.search;

	if (found->n_found > 0 && found->oldest.id != run->post.post_id) {
		run->other_id = found->oldest.id;
		TEXT_SET(run->other_url, found->oldest.url);
	} else if (found->n_found > 1) {
		run->other_id = found->other_id;
		TEXT_SET(run->other_url, found->other_url);
	}
	run->post.suspect_ms = 0;
	return codegen_record(run, CODEGEN_END);
}

static bool found_run(struct codegen *run) {
	run->view = run->list.search.oldest;
	run->other_id = run->list.search.other_id;
	TEXT_SET(run->other_url, run->list.search.other_url);
	return codegen_move(run, CODEGEN_KEEP);
}

static bool search_failed(struct codegen *run) {
	if (run->post.post_id != 0) {
		return codegen_move(run, CODEGEN_END);
	}
	if (run->answer == CODEGEN_REFUSED) {
		codegen_say_unknown(run, run->why);
		return codegen_move(run, CODEGEN_END);
	}
	return codegen_give_up(run);
}

bool codegen_run_searched(struct codegen *run) {
	struct codegen_search *search = &run->list.search;
	int r = 0;

	if (run->answer == CODEGEN_OK) {
		r = codegen_search_page(search, run->request.answer.data, run->request.answer.len);
	}
	if (r < 0) {
		run->answer = CODEGEN_UNKNOWN;
		TEXT_SET(run->why, r == -ENOMEM ? CODEGEN_WHY_NO_MEMORY : CODEGEN_WHY_UNREADABLE);
	}
	if (run->answer != CODEGEN_OK) {
		return search_failed(run);
	}
	if (!search->pages.is_over) {
		codegen_ask(run, NULL, "agent/runs?skip=%zu&limit=%d", search->pages.skip,
			LIMIT_AGENT_PAGE);
		return codegen_wait_for(run, CODEGEN_SEARCHED);
	}
	if (run->post.post_id != 0) {
		return found_beside(run);
	}
	return search->n_found > 0 ? found_run(run) : not_found(run);
}
