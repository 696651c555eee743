#include "daemon/forge/github_publish.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"

/* What a publish may add: the living post, and a comment that asks. */
#define ROWS_ADDED 2

static const enum github_stage plans[FORGE_PURPOSE_COUNT][GITHUB_STAGE_COUNT] = {
	[FORGE_REPORT] = { GITHUB_STAGE_IDENTITY, GITHUB_STAGE_LATE, GITHUB_STAGE_LOCATE,
		GITHUB_STAGE_STATUS, GITHUB_STAGE_LABEL, GITHUB_STAGE_HEAD_STATUS },
	[FORGE_MENTION] = { GITHUB_STAGE_IDENTITY, GITHUB_STAGE_LATE, GITHUB_STAGE_LOCATE,
		GITHUB_STAGE_STATUS, GITHUB_STAGE_ASK },
	[FORGE_NEWS] = { GITHUB_STAGE_IDENTITY, GITHUB_STAGE_LATE, GITHUB_STAGE_ASK,
		GITHUB_STAGE_STATUS, GITHUB_STAGE_HEAD_STATUS },
};

/* ---- waiting ---- */

static void publish_step(struct github_publishing *p);

static void identified(struct github_wait *wait, int status) {
	struct github_publishing *p = container_of(wait, struct github_publishing, wait);

	p->waiting = false;
	p->status = status;
	publish_step(p);
}

static void answered(struct github_call *call, int status) {
	struct github_publishing *p = call->user;
	struct github_known_repository *repository = github_publish_repository(p);

	p->status = status;
	if (github_publish_went_well(p) && call->kind == repository->barred_kind &&
		strcmp(p->thing, repository->barred_thing) == 0) {
		repository->barred[0] = '\0';
	}
	publish_step(p);
}

void github_publish_recorded(struct forge_publish *publish, int status) {
	struct github_publishing *p = publish->state;

	p->status = status;
	publish_step(p);
}

void github_request_path(
	struct github_request *request, const struct github_publishing *p, const char *fmt, ...) {
	char repository[GITHUB_PATH_MAX], rest[LIMIT_URL_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(rest, sizeof(rest), fmt, args);
	va_end(args);
	(void)text_format(request->path, sizeof(request->path), "%s%s",
		github_repo_path(github_publish_project(p), repository), rest);
}

/* Of "/repos/OWNER/NAME/THING…", or "/repositories/ID/THING…" as GitHub links to; "" the repository itself. */
static void set_thing(struct github_publishing *p, const char *path) {
	int n_before = strncmp(path, "/repositories/", 14) == 0 ? 3 : 4;

	for (int i = 0; path != NULL && i < n_before; i++) {
		path = strchr(path + (i > 0), '/');
	}
	(void)text_format(p->thing, sizeof(p->thing), "%.*s",
		path != NULL ? (int)strcspn(path + 1, "/?") : 0, path != NULL ? path + 1 : "");
}

int github_publish_ask(struct github_publishing *p, const struct github_request *request) {
	_cleanup_(freep) char *body =
		request->body != NULL ? json_dumps(request->body, JSON_COMPACT) : NULL;
	const struct github_ask ask = {
		.kind = strcmp(request->method, "GET") == 0 ? GITHUB_CALL_READ : GITHUB_CALL_WRITE,
		.project = github_publish_project(p),
		.method = request->method,
		.path = request->path,
		.body = body,
		.once = request->once,
		.subject = request->subject,
		.place = request->place,
	};
	bool has_body = request->method[0] == 'P'; /* POST, PATCH */
	int r = p->cancelled ? -ECANCELED : has_body && body == NULL ? -ENOMEM : 0;

	json_decref(request->body);
	github_call_finish(&p->call);
	p->call.user = p;
	set_thing(p, request->path);
	r = r < 0 ? r : github_send(p->github, &p->call, &ask, answered);
	return r == 0
		? -EINPROGRESS
		: github_publish_fail(p, r, r != -EINVAL, 0, "GitHub was not asked about %s: %s.",
			  request->subject, log_errno(r));
}

int github_publish_try(struct github_publishing *p, const struct github_request *request) {
	int r = github_publish_ask(p, request);

	if (r == -EINPROGRESS) {
		return r;
	}
	p->publish->sentence[0] = '\0';
	return 0;
}

int github_publish_record(struct github_publishing *p, const struct post *post) {
	int r = p->publish->record(p->publish, post);

	return r == 0 ? -EINPROGRESS
		      : github_publish_fail(p, r, true, 0,
				"What is posted on GitHub could not be recorded: %s.", log_errno(r));
}

/* ---- how it went ---- */

bool github_publish_went_well(const struct github_publishing *p) {
	return p->status == 0 && p->call.meaning == BUDGET_OK;
}

int github_publish_fail(struct github_publishing *p, int status, bool passing, int64_t retry_ms,
	const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(p->publish->sentence, sizeof(p->publish->sentence), fmt, args);
	va_end(args);
	p->publish->passing = passing;
	p->publish->retry_ms = retry_ms;
	return status;
}

/* For `status`: it is of a repository, not of one incident. What is of one issue alone its incident says. */
static void note_barred(struct github_publishing *p) {
	struct github_known_repository *repository = github_publish_repository(p);

	if (p->call.of_one) {
		return;
	}
	if (repository->barred[0] == '\0') {
		repository->barred_ms = clock_now_ms();
	}
	(void)TEXT_SET(repository->barred, p->call.sentence);
	repository->barred_kind = p->call.kind;
	(void)TEXT_SET(repository->barred_thing, p->thing);
}

int github_publish_refused(struct github_publishing *p) {
	const struct github_call *call = &p->call;
	/*
	 * A permission can be given at any time, and without it, or from a replica that is behind, there is a 404; what
	 * is done away with or no such thing remains so.
	 */
	bool barred = p->status == 0 &&
		(call->meaning == BUDGET_NOT_ALLOWED || call->meaning == BUDGET_SSO);
	bool may_pass = barred || call->meaning == BUDGET_NOT_FOUND;
	int refused = call->passing ? -EAGAIN : may_pass ? -EACCES : -EREMOTEIO;
	int status = p->status < 0 ? p->status : refused;

	if (barred) {
		p->publish->barred = true;
		note_barred(p);
	}
	return github_publish_fail(p, status, call->passing, call->retry_ms, "%s", call->sentence);
}

int github_publish_fail_text(struct github_publishing *p, int status, const char *secret) {
	if (status == -EKEYREJECTED) {
		return github_publish_fail(p, status, false, 0,
			"Not posted: its text holds what looks like a secret (%s).", secret);
	}
	if (status == -EINVAL) {
		return github_publish_fail(p, status, false, 0,
			"Not posted: \"%s\" is no user or ORGANISATION/TEAM of GitHub that can be asked;"
			" correct it in the configuration.",
			p->publish->purpose == FORGE_MENTION ? p->publish->handle
							     : p->github->config.escalate_to);
	}
	return github_publish_fail(p, status, status == -ENOMEM, 0,
		"Not posted: its text could not be written: %s.", log_errno(status));
}

/* ---- rows ---- */

struct post *github_publish_find_row(
	struct github_publishing *p, enum post_kind kind, int64_t task_id) {
	for (size_t i = 0; i < p->n_rows; i++) {
		if (p->rows[i].kind == kind && p->rows[i].task_id == task_id) {
			return &p->rows[i];
		}
	}
	return NULL;
}

struct post *github_publish_row(struct github_publishing *p, enum post_kind kind, int64_t task_id) {
	struct post *row = github_publish_find_row(p, kind, task_id);

	if (row == NULL) {
		assert(p->n_rows < p->publish->n_posts + ROWS_ADDED);
		row = &p->rows[p->n_rows++];
		*row = (struct post){
			.incident_id = p->publish->incident->id, .kind = kind, .task_id = task_id
		};
	}
	return row;
}

bool github_post_is_known(const struct post *row) {
	return row != NULL && row->intent_ms == 0 &&
		(row->post_id != 0 || (row->is_issue && row->number != 0));
}

const char *github_publish_project(const struct github_publishing *p) {
	return p->publish->incident->project;
}

/* ---- the flow ---- */

static int begin_identity(struct github_publishing *p) {
	int r = github_identify(p->github, github_publish_project(p), &p->wait, identified);

	p->waiting = r == 0;
	return r;
}

/* It was begun with the publish. */
static int end_identity(struct github_publishing *p) {
	if (p->status < 0) {
		return github_publish_fail(
			p, p->status, p->wait.passing, p->wait.retry_ms, "%s", p->wait.sentence);
	}
	/* Nothing that was said of it is kept away by a label only later. */
	p->over = p->publish->purpose == FORGE_NEWS && p->publish->incident->hold == HOLD_IGNORED;
	return 0;
}

static int run_stage(struct github_publishing *p) {
	switch (*p->plan) {
	case GITHUB_STAGE_IDENTITY: return end_identity(p);
	case GITHUB_STAGE_LATE: return github_late_step(p);
	case GITHUB_STAGE_LOCATE: return github_locate_step(p);
	case GITHUB_STAGE_STATUS: return github_living_step(p);
	case GITHUB_STAGE_ASK: return github_asking_step(p);
	case GITHUB_STAGE_LABEL: return github_label_step(p);
	case GITHUB_STAGE_HEAD_STATUS: return github_head_status_step(p);
	case GITHUB_STAGE_END:
	case GITHUB_STAGE_COUNT: break;
	}
	return 0;
}

static void publishing_destroy(struct github_publishing *p) {
	if (p == NULL) {
		return;
	}
	github_call_finish(&p->call);
	github_once_finish(&p->once);
	buffer_finish(&p->body);
	free(p->rows);
	free(p);
}
DEFINE_CLEANUP(struct github_publishing *, publishing_destroy);

/* The first time at which something is worth another look. */
static int64_t look_again_ms(const struct github_publishing *p) {
	int64_t first_ms = p->settling_ms;

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct post *row = &p->rows[i];

		if (row->kind != POST_RUN && post_fear_ms(row) != 0 &&
			(first_ms == 0 || row->suspect_ms < first_ms)) {
			first_ms = row->suspect_ms;
		}
	}
	return first_ms;
}

static void publish_finish(struct github_publishing *p, int status) {
	_cleanup_(publishing_destroyp) struct github_publishing *finished = p;
	struct forge_publish *publish = finished->publish;

	if (status == 0) {
		const struct post *row = github_publish_find_row(p,
			publish->purpose == FORGE_MENTION ? POST_MENTION : POST_STATUS,
			publish->purpose == FORGE_MENTION ? publish->task->id : 0);

		(void)TEXT_SET(
			publish->url, row != NULL && publish->hold != HOLD_IGNORED ? row->url : "");
		(void)TEXT_SET(publish->head_sha, p->head_sha);
		publish->pull_request =
			p->pull_request == 0 && p->locate.is_nowhere && !p->locate.is_lost
			? FORGE_NO_PULL_REQUEST
			: p->pull_request;
		publish->look_again_ms = look_again_ms(p);
	}
	publish->state = NULL;
	forge_publish_finish(publish, status);
}

/* The whole flow, top down: runs the stages of the plan until one waits. */
static void publish_step(struct github_publishing *p) {
	int r = 0;

	while (r == 0 && !p->over && *p->plan != GITHUB_STAGE_END) {
		r = run_stage(p);
		p->plan += r == 0;
	}
	if (r != -EINPROGRESS) {
		publish_finish(p, r);
	}
}

int github_publish(struct forge *forge, struct forge_publish *publish) {
	_cleanup_(publishing_destroyp) struct github_publishing *p = calloc(1, sizeof(*p));
	int r;

	assert(publish->record != NULL && publish->incident->id > 0);
	if (p == NULL) {
		return -ENOMEM;
	}
	buffer_init(&p->body, LIMIT_GITHUB_BODY_MAX_BYTES);
	p->publish = publish;
	p->github = github_of(forge);
	p->plan = plans[publish->purpose];
	p->rows = calloc(publish->n_posts + ROWS_ADDED, sizeof(*p->rows));
	if (p->rows == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < publish->n_posts; i++) {
		p->rows[p->n_rows++] = publish->posts[i];
	}
	r = begin_identity(p);
	if (r == 0) {
		publish->state = TAKE_PTR(p);
	}
	return r;
}

void github_publish_cancel(struct forge_publish *publish) {
	struct github_publishing *p = publish->state;

	p->cancelled = true;
	if (p->waiting) {
		github_wait_cancel(&p->wait);
	} else {
		github_cancel(&p->call);
	}
}
