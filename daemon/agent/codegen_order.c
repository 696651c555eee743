/* From nothing to a run: the repository's number, the intent on disk, the order, its answer on disk. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/agent/codegen_internal.h"
#include "daemon/agent/prompt.h"

/* ---- the repository ---- */

bool codegen_run_lookup(struct codegen *run) {
	run->repository = run->agent.repository > 0
		? run->agent.repository
		: codegen_recall_repository(&run->agent, run->project);
	if (run->repository > 0) {
		return codegen_move(run, CODEGEN_INTENT);
	}
	run->list.lookup = (struct codegen_lookup){ .project = run->project };
	codegen_ask(run, NULL, "repos?skip=0&limit=%d", LIMIT_AGENT_PAGE);
	return codegen_wait_for(run, CODEGEN_LOOKED_UP);
}

static bool say_no_repository(struct codegen *run) {
	char why[LIMIT_SENTENCE_MAX];

	text_format(why, sizeof(why),
		"Its organization %lld has no repository \"%s\"%s: connect it there, or name its "
		"number as the agent's `repository`.",
		(long long)run->agent.organization, run->project,
		run->list.lookup.pages.is_cut ? " among the first of its many" : "");
	codegen_say_refused(run, why);
	return codegen_move(run, CODEGEN_END);
}

bool codegen_run_looked_up(struct codegen *run) {
	struct codegen_lookup *found = &run->list.lookup;
	int r;

	if (run->answer != CODEGEN_OK) {
		return codegen_give_up(run);
	}
	r = codegen_lookup_page(found, run->request.answer.data, run->request.answer.len);
	if (r < 0) {
		return codegen_give_up_unreadable(run, r);
	}
	if (!found->pages.is_over) {
		codegen_ask(
			run, NULL, "repos?skip=%zu&limit=%d", found->pages.skip, LIMIT_AGENT_PAGE);
		return codegen_wait_for(run, CODEGEN_LOOKED_UP);
	}
	if (found->repository == 0) {
		return say_no_repository(run);
	}
	run->repository = found->repository;
	codegen_remember_repository(&run->agent, run->project, run->repository);
	return codegen_move(run, CODEGEN_INTENT);
}

/* ---- what goes to disk ---- */

bool codegen_record(struct codegen *run, enum codegen_state next) {
	int r;

	run->state = next;
	run->record_status = 0;
	r = run->recorder.record(run->recorder.user, &run->post);
	if (r < 0) {
		run->record_status = r;
		return false;
	}
	return true;
}

bool codegen_run_intent(struct codegen *run) {
	int64_t now_ms = clock_now_ms();

	if (!run->prompt && run->prompt_status == -ENOMEM) {
		codegen_say_not_now(run, 0, CODEGEN_WHY_NO_MEMORY);
		return codegen_move(run, CODEGEN_END);
	}
	if (!run->prompt) {
		codegen_say_refused(run, prompt_explain(run->prompt_status));
		return codegen_move(run, CODEGEN_END);
	}
	if (run->post.intent_ms != 0) { /* which may still have its effect, beside the new one's */
		run->post.suspect_ms = now_ms + run->agent.settle_ms;
	}
	run->post.intent_ms = now_ms;
	return codegen_record(run, CODEGEN_ORDER);
}

bool codegen_run_keep(struct codegen *run) {
	run->post.post_id = run->view.id;
	run->post.intent_ms = 0;
	TEXT_SET(run->post.url, run->view.url);
	return codegen_record(run, CODEGEN_KEPT);
}

bool codegen_run_kept(struct codegen *run) {
	if (run->record_status < 0) {
		log_warning("Run %lld of agent \"%s\" cannot be recorded: %s, ignoring; a next start would "
			    "find it by its task.",
			(long long)run->post.post_id, run->agent.name, log_errno(run->record_status));
	}
	free(TAKE_PTR(run->prompt));
	return codegen_move(run, CODEGEN_PAUSE);
}

bool codegen_run_drop(struct codegen *run) {
	run->post.intent_ms = 0;
	return codegen_record(run, CODEGEN_END);
}

/* ---- the order ---- */

bool codegen_run_order(struct codegen *run) {
	struct codegen_order order = {
		.prompt = run->prompt,
		.task = run->task,
		.incident = run->incident,
		.project = run->project,
		.branch = run->branch,
		.repository = run->repository,
	};
	char why[LIMIT_SENTENCE_MAX];
	char *body;

	if (run->record_status < 0) {
		text_format(why, sizeof(why), "That it begins cannot be recorded: %s.",
			log_errno(run->record_status));
		codegen_say_not_now(run, 0, why);
		return codegen_move(run, CODEGEN_END);
	}
	body = codegen_encode_order(&order);
	if (!body) {
		codegen_say_not_now(run, 0, CODEGEN_WHY_NO_MEMORY);
		return codegen_move(run, CODEGEN_DROP);
	}
	codegen_ask(run, body, "agent/run");
	return codegen_wait_for(run, CODEGEN_ORDERED);
}

/* Where the search would be answered alike, the next attempt begins with it: the intent stays on disk. */
static bool searches_later(const struct codegen *run) {
	return run->doubtful && (run->answer == CODEGEN_LIMITED || run->answer == CODEGEN_LOCKED);
}

bool codegen_run_ordered(struct codegen *run) {
	if (run->answer == CODEGEN_OK &&
		codegen_decode_run(run->request.answer.data, run->request.answer.len, run->project,
			&run->view) == 0) {
		return codegen_move(run, CODEGEN_KEEP);
	}
	if (searches_later(run)) {
		return codegen_give_up(run);
	}
	if (run->answer == CODEGEN_OK || run->doubtful) {
		codegen_wait(run, LIMIT_AGENT_LOOK_MS);
		return codegen_wait_for(run, CODEGEN_SEARCH);
	}
	if (run->answer == CODEGEN_REFUSED) {
		codegen_remember_repository(&run->agent, run->project, 0);
	}
	(void)codegen_give_up(run);
	return codegen_move(run, CODEGEN_DROP);
}
