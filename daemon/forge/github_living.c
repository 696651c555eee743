/* The living post of an incident, a comment or the body of an issue; and the comments that ask somebody beside it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_publish.h"

/* ---- changing it ---- */

/* What becomes of an issue of ours; NULL: it stays as it is. */
static const char *wanted_state(const struct github_publishing *p, const char **ret_reason) {
	enum incident_state state = p->publish->incident->state;

	if (p->publish->purpose == FORGE_REPORT) {
		*ret_reason = "reopened"; /* GitHub ignores it when it is open */
		return "open";
	}
	*ret_reason = state == INCIDENT_ABANDONED ? "not_planned" : "completed";
	return state == INCIDENT_RESOLVED || state == INCIDENT_ABANDONED ? "closed" : NULL;
}

static json_t *issue_change(const struct github_publishing *p) {
	json_t *body = json_pack("{s:s}", "body", p->body.data);
	const char *reason, *state = wanted_state(p, &reason);

	if (state != NULL &&
		json_object_update_new(body,
			json_pack("{s:s, s:s}", "state", state, "state_reason", reason)) < 0) {
		json_decref(body);
		return NULL;
	}
	return body;
}

static int change(struct github_publishing *p) {
	const struct post *row = github_publish_find_row(p, POST_STATUS, 0);
	struct github_request request = { .method = "PATCH" };

	p->living_state = GITHUB_LIVING_CHANGED;
	if (row->is_issue) {
		github_request_path(&request, p, "/issues/%lld", (long long)row->number);
		(void)text_format(request.subject, sizeof(request.subject), "issue #%lld of %s",
			(long long)row->number, github_publish_project(p));
		request.body = issue_change(p);
	} else {
		github_request_path(&request, p, "/issues/comments/%lld", (long long)row->post_id);
		(void)text_format(request.subject, sizeof(request.subject),
			"our comment on #%lld in %s", (long long)row->number,
			github_publish_project(p));
		request.body = json_pack("{s:s}", "body", p->body.data);
	}
	return github_publish_ask(p, &request);
}

/* ---- making it ---- */

/* On the pull request, else as an issue. */
static void choose_place(const struct github_publishing *p, struct post *row) {
	row->is_issue = p->pull_request == 0;
	row->number = p->pull_request;
}

/* News are not told where to post, and post nothing. */
static void look_everywhere(struct github_publishing *p, struct post *row) {
	p->once.everywhere = true;
	choose_place(p, row);
	if (p->publish->purpose == FORGE_NEWS) {
		row->number = p->publish->incident->pull_request;
		row->is_issue = row->number == 0;
	}
}

static void make(struct github_publishing *p, struct post *row, bool again) {
	github_once_begin(
		p, row, p->publish->purpose == FORGE_NEWS ? GITHUB_ONCE_ADOPT : GITHUB_ONCE_WRITE);
	if (post_is_nowhere(row)) {
		look_everywhere(p, row);
	}
	/* Where an earlier one may be is where to look, and so where to write. */
	if (again || (row->intent_ms == 0 && row->suspect_ms == 0)) {
		p->once.look = again;
		if (!again || row->is_issue) {
			choose_place(p, row);
		}
	}
	p->living_state = GITHUB_LIVING_ONCE;
}

static int begin(struct github_publishing *p) {
	bool is_news = p->publish->purpose == FORGE_NEWS;
	struct post *row = github_publish_find_row(p, POST_STATUS, 0);
	int r;

	if (github_post_is_known(row) && p->publish->purpose == FORGE_MENTION) {
		p->living_state = GITHUB_LIVING_END;
		return 0;
	}
	if (is_news && (row == NULL || (row->intent_ms == 0 && !github_post_is_known(row)))) {
		p->over = true; /* nothing was ever posted */
		p->living_state = GITHUB_LIVING_END;
		return 0;
	}
	r = github_words_status(p);
	if (r < 0) {
		return r;
	}
	row = github_publish_row(p, POST_STATUS, 0);
	if (github_post_is_known(row)) {
		p->living_state = GITHUB_LIVING_CHANGE;
	} else {
		make(p, row, false);
	}
	return 0;
}

static int end_once(struct github_publishing *p) {
	int r = github_once_step(p);

	if (r < 0) {
		return r;
	}
	/* What was found may tell of long ago. */
	p->living_state = p->once.found ? GITHUB_LIVING_CHANGE : GITHUB_LIVING_END;
	p->over = !p->once.found && !p->once.written;
	return 0;
}

/* ---- how that went ---- */

/* Gone, or somebody else's since we have another name now: it is made again, once. */
static bool is_lost(const struct github_publishing *p) {
	return p->status == 0 &&
		(p->call.meaning == BUDGET_NOT_FOUND || p->call.meaning == BUDGET_GONE ||
			p->call.meaning == BUDGET_NOT_ALLOWED);
}

static int end_change(struct github_publishing *p) {
	p->living_state = GITHUB_LIVING_END;
	if (github_publish_went_well(p)) {
		return 0;
	}
	if (!is_lost(p) || p->remade) {
		return github_publish_refused(p);
	}
	if (p->publish->purpose == FORGE_NEWS) {
		log_info("%s It is not brought up to date.", p->call.sentence);
		return 0;
	}
	p->remade = true;
	make(p, github_publish_find_row(p, POST_STATUS, 0), true);
	return 0;
}

int github_living_step(struct github_publishing *p) {
	int r = 0;

	while (r == 0 && p->living_state != GITHUB_LIVING_END) {
		switch (p->living_state) {
		case GITHUB_LIVING_START: r = begin(p); break;
		case GITHUB_LIVING_ONCE: r = end_once(p); break;
		case GITHUB_LIVING_CHANGE: r = change(p); break;
		case GITHUB_LIVING_CHANGED: r = end_change(p); break;
		case GITHUB_LIVING_END: break;
		}
	}
	return r;
}

/* ---- asking somebody ---- */

static const struct task *find_task(const struct forge_publish *publish, int64_t id) {
	for (size_t i = 0; i < publish->n_history; i++) {
		if (publish->history[i].id == id) {
			return &publish->history[i];
		}
	}
	return NULL;
}

/* Whether people were asked in this cycle already, and it was not green since: further news are no reason. */
static bool were_people_asked(const struct github_publishing *p) {
	const struct forge_publish *publish = p->publish;
	int64_t ready_ms = github_history_ready_ms(publish->history, publish->n_history);

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct post *row = &p->rows[i];
		const struct task *task = find_task(publish, row->task_id);

		if (row->kind == POST_ESCALATION && row->task_id != publish->task->id &&
			(row->post_id != 0 || row->intent_ms != 0) && task != NULL &&
			task->cycle == publish->incident->cycle && id_ms(task->id) > ready_ms) {
			return true;
		}
	}
	return false;
}

static bool has_to_ask(struct github_publishing *p) {
	const struct post *status = github_publish_find_row(p, POST_STATUS, 0);

	if (p->publish->purpose == FORGE_MENTION) {
		return true;
	}
	return p->publish->incident->state == INCIDENT_ESCALATED && status != NULL &&
		status->number != 0 && !were_people_asked(p);
}

static int begin_asking(struct github_publishing *p) {
	enum post_kind kind = p->publish->purpose == FORGE_MENTION ? POST_MENTION : POST_ESCALATION;
	const struct post *status = github_publish_find_row(p, POST_STATUS, 0);
	const struct post *unknown = github_publish_find_row(p, kind, POST_TASK_UNKNOWN);
	struct post *row;
	int r;

	p->asking_state = GITHUB_ASKING_END;
	if (!has_to_ask(p) ||
		github_post_is_known(github_publish_find_row(p, kind, p->publish->task->id))) {
		return 0;
	}
	r = github_words_ask(p);
	if (r < 0) {
		return r;
	}
	row = github_publish_row(p, kind, p->publish->task->id);
	github_once_begin(p, row, GITHUB_ONCE_WRITE);
	if (row->intent_ms == 0 && row->suspect_ms == 0) {
		row->number = status->number;
	}
	if (unknown != NULL) {
		p->once.look = true;
		p->once.unknown_ms = unknown->intent_ms;
	}
	p->asking_state = GITHUB_ASKING_ONCE;
	return 0;
}

int github_asking_step(struct github_publishing *p) {
	int r = 0;

	while (r == 0 && p->asking_state != GITHUB_ASKING_END) {
		switch (p->asking_state) {
		case GITHUB_ASKING_START: r = begin_asking(p); break;
		case GITHUB_ASKING_ONCE:
			r = github_once_step(p);
			p->asking_state = r == 0 ? GITHUB_ASKING_END : p->asking_state;
			break;
		case GITHUB_ASKING_END: break;
		}
	}
	return r;
}
