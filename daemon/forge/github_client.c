/* Which request goes when. What an answer means is in github_answer.c. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/credential.h"
#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_project.h"

#define GITHUB_ACCEPT "Accept: application/vnd.github+json"
#define GITHUB_VERSION "X-GitHub-Api-Version: 2022-11-28"
#define GITHUB_JSON "Content-Type: application/json"

/* ---- paths ---- */

bool github_encode(const char *text, char *out, size_t size) {
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t len = 0;

	for (; *text != '\0'; text++) {
		bool is_plain = strchr(plain, *text) != NULL;

		if (len + (is_plain ? 2 : 4) > size) {
			break;
		}
		(void)text_format(
			out + len, size - len, is_plain ? "%c" : "%%%02X", (unsigned char)*text);
		len += is_plain ? 1 : 3;
	}
	out[len] = '\0';
	return *text == '\0';
}

const char *github_repo_path(const char *project, char out[GITHUB_PATH_MAX]) {
	char owner[3 * LIMIT_NAME_MAX], name[3 * LIMIT_NAME_MAX];
	struct github_project split = { 0 };

	if (!github_project_split(project, &split)) {
		(void)TEXT_SET(split.owner,
			project); /* a path that is not found, and leads nowhere else */
	}
	(void)github_encode(split.owner, owner, sizeof(owner));
	(void)github_encode(split.name, name, sizeof(name));
	(void)text_format(out, GITHUB_PATH_MAX, "/repos/%s/%s", owner, name);
	return out;
}

/* ---- ends ---- */

static void free_text(char **text) {
	free(*text);
	*text = NULL;
}

void github_call_finish(struct github_call *call) {
	assert(call->state == GITHUB_CALL_IDLE);
	http_request_finish(&call->http);
	credential_wipe(TAKE_PTR(call->authorization));
	free_text(&call->path);
	free_text(&call->url);
	free_text(&call->body);
}

static void end(struct github_call *call, int status) {
	call->status = status;
	call->state = GITHUB_CALL_ENDED;
	list_append(&call->github->ended, &call->node);
	/* Fails only on a handle that is closing, and it closes when no call is left. */
	(void)uv_async_send(&call->github->wake);
}

void github_call_end(struct github_call *call, int status) {
	github_answer_explain(call, status);
	end(call, status);
}

void github_call_end_like(struct github_call *call, const struct github_call *other, int status) {
	call->meaning = other->meaning;
	call->passing = other->passing;
	call->retry_ms = other->retry_ms;
	call->doubtful = false;
	(void)TEXT_SET(call->sentence, other->sentence);
	end(call, status == -ECANCELED || call->github->closing ? -ECANCELED : -EAGAIN);
}

static void deliver(uv_async_t *wake) {
	struct github *github = wake->data;
	struct list batch, *node;

	/* Taken off as a whole: what a `done` ends waits for the next turn of the loop. */
	list_init(&batch);
	list_splice(&batch, &github->ended);
	while ((node = list_take_first(&batch)) != NULL) {
		struct github_call *call = container_of(node, struct github_call, node);

		call->state = GITHUB_CALL_IDLE;
		github->n_calls--;
		call->done(call, call->status);
	}
	github_identity_woken(github);
	github_batches_woken(github);
	github_close_when_idle(github);
}

/* ---- into a queue, and out of it ---- */

static struct list *queue_of(struct github *github, enum github_call_kind kind) {
	switch (kind) {
	case GITHUB_CALL_READ: return &github->reads;
	case GITHUB_CALL_QUERY: return &github->queries;
	case GITHUB_CALL_WRITE: return &github->writes;
	}
	return NULL;
}

static bool needs_token(const struct github_call *call) {
	return github_is_app(call->github) && call->as == GITHUB_AS_USUAL &&
		call->github->secret != NULL && !github_app_has_token(call);
}

void github_call_queue(struct github_call *call) {
	struct github *github = call->github;
	int r;

	if (github->closing) {
		github_call_end(call, -ECANCELED);
		return;
	}
	if (needs_token(call)) {
		call->state = GITHUB_CALL_WAITING;
		r = github_app_wait(call);
		if (r < 0) {
			github_call_end(call, r);
		}
		return;
	}
	call->state = GITHUB_CALL_QUEUED;
	list_append(queue_of(github, call->kind), &call->node);
	github->n_writes += call->kind == GITHUB_CALL_WRITE ? 1 : 0;
}

static void take_off(struct github_call *call) {
	if (call->kind == GITHUB_CALL_WRITE && call->state == GITHUB_CALL_QUEUED) {
		call->github->n_writes--;
	}
	list_remove(&call->node);
}

/* ---- one goes ---- */

static int bearer_of(const struct github_call *call, char **ret_bearer) {
	const struct github *github = call->github;

	if (github_is_app(github)) {
		return github_app_bearer(call, ret_bearer);
	}
	if (github->secret == NULL) {
		return -ENOKEY;
	}
	*ret_bearer = strdup(github->secret);
	return *ret_bearer != NULL ? 0 : -ENOMEM;
}

static int authorize(struct github_call *call) {
	char *bearer = NULL;
	int r = bearer_of(call, &bearer);

	if (r < 0) {
		return r;
	}
	credential_wipe(TAKE_PTR(call->authorization));
	if (asprintf(&call->authorization, "Authorization: Bearer %s", bearer) < 0) {
		call->authorization = NULL;
		r = -ENOMEM;
	}
	credential_wipe(bearer);
	(void)TEXT_SET(call->credential, call->github->mark);
	return r;
}

/* As late as this, so that a credential never goes where the settings before it led. */
static int make_url(struct github_call *call) {
	const struct config_forge *config = &call->github->config;

	free_text(&call->url);
	if (asprintf(&call->url, "%s%s", call->path != NULL ? config->api_url : config->graphql_url,
		    call->path != NULL ? call->path : "") < 0) {
		call->url = NULL;
		return -ENOMEM;
	}
	return 0;
}

static void answered(struct http_request *req, int status);

static int send_now(struct github_call *call) {
	struct github *github = call->github;
	size_t n = 0;
	int r = authorize(call);

	r = r < 0 ? r : make_url(call);
	if (r < 0) {
		return r;
	}
	call->headers[n++] = GITHUB_ACCEPT;
	call->headers[n++] = GITHUB_VERSION;
	call->headers[n++] = call->authorization;
	if (call->body != NULL) {
		call->headers[n++] = GITHUB_JSON;
	}
	call->headers[n] = NULL;
	http_request_finish(&call->http);
	call->http.method = call->method;
	call->http.url = call->url;
	call->http.headers = call->headers;
	call->http.body = call->body;
	call->http.body_len = call->body != NULL ? strlen(call->body) : 0;
	call->http.repeatable = call->kind != GITHUB_CALL_WRITE;
	call->http.total_timeout_ms = LIMIT_GITHUB_TOTAL_MS;
	call->sent_us = clock_boot_us();
	return http_send(github->forge->http, &call->http, answered);
}

static enum budget_resource resource_of(enum github_call_kind kind) {
	return kind == GITHUB_CALL_QUERY ? BUDGET_GRAPHQL : BUDGET_CORE;
}

static void start(struct github_call *call) {
	struct github *github = call->github;
	int r;

	take_off(call);
	if (needs_token(call)) { /* it was dropped meanwhile */
		github_call_queue(call);
		return;
	}
	r = send_now(call);
	if (r < 0) {
		credential_wipe(TAKE_PTR(call->authorization));
		call->meaning = BUDGET_LIMITED; /* there are too many at once */
		github_call_end(call, r);
		return;
	}
	budget_sent(&github->budget, resource_of(call->kind), call->kind == GITHUB_CALL_WRITE,
		clock_now_ms());
	github->writing = github->writing || call->kind == GITHUB_CALL_WRITE;
	call->state = GITHUB_CALL_ACTIVE;
	list_append(&github->active, &call->node);
	if (call->kind == GITHUB_CALL_WRITE) { /* it counts for an hour, whatever becomes of us */
		github_tell_changed(github);
	}
}

/* ---- which one ---- */

static bool is_busy(const struct github *github, enum github_call_kind kind) {
	switch (kind) {
	case GITHUB_CALL_READ:
	case GITHUB_CALL_QUERY: return false;
	case GITHUB_CALL_WRITE:
		return github->writing || uv_is_active((const uv_handle_t *)&github->gap);
	}
	return true;
}

/* For how long it may still wait. */
static int64_t left_ms(const struct github_call *call) {
	return LIMIT_GITHUB_WAIT_MS - (clock_mono_us() - call->queued_us) / 1000;
}

/* Gives it back unsent. */
static void refuse(struct github_call *call) {
	take_off(call);
	call->meaning = BUDGET_LIMITED;
	github_call_end(call, -EAGAIN);
}

/* Returns when the next one of a queue may go; INT64_MAX: none waits for a time. */
static int64_t pump_queue(struct github *github, struct list *queue, enum github_call_kind kind) {
	bool write = kind == GITHUB_CALL_WRITE;

	while (!list_is_empty(queue) && !is_busy(github, kind)) {
		struct github_call *call = container_of(queue->next, struct github_call, node);
		int64_t now_ms = clock_now_ms();
		int64_t ready_ms = MAX(github_usable_ms(github, now_ms),
			budget_ready_ms(&github->budget, resource_of(kind), write, github->mark,
				now_ms, NULL));

		if (MAX(ready_ms - now_ms, 0) > left_ms(call)) {
			refuse(call);
		} else if (ready_ms <= now_ms) {
			start(call);
		} else {
			return ready_ms;
		}
	}
	return INT64_MAX;
}

static void pump_again(uv_timer_t *timer) {
	github_pump(timer->data);
}

void github_pump(struct github *github) {
	int64_t next_ms = INT64_MAX, now_ms;

	if (github->closing) {
		return;
	}
	next_ms = MIN(next_ms, pump_queue(github, &github->reads, GITHUB_CALL_READ));
	next_ms = MIN(next_ms, pump_queue(github, &github->queries, GITHUB_CALL_QUERY));
	next_ms = MIN(next_ms, pump_queue(github, &github->writes, GITHUB_CALL_WRITE));
	now_ms = clock_now_ms();
	if (next_ms == INT64_MAX) {
		(void)uv_timer_stop(&github->timer);
	} else {
		uv_update_time(github->forge->loop);
		(void)uv_timer_start(
			&github->timer, pump_again, (uint64_t)MAX(next_ms - now_ms, 1), 0);
	}
}

/*
 * Counted from the answer: when the bytes before it arrived, nobody here knows. Elapsed time, whatever becomes of the
 * clock.
 */
static void begin_gap(struct github *github) {
	if (!github->closing) {
		uv_update_time(github->forge->loop);
		(void)uv_timer_start(&github->gap, pump_again, (uint64_t)LIMIT_RATE_WRITE_GAP_MS, 0);
	}
}

/* Nobody answers: each that waits behind it would wait for as long. */
static void give_back_writes(struct github *github, const struct github_call *silent) {
	list_for_each_safe (node, &github->writes) {
		struct github_call *call = container_of(node, struct github_call, node);

		take_off(call);
		github_call_end_like(call, silent, -EAGAIN);
	}
}

static void answered(struct http_request *req, int status) {
	struct github_call *call = container_of(req, struct github_call, http);
	struct github *github = call->github;

	list_remove(&call->node);
	credential_wipe(TAKE_PTR(call->authorization));
	if (call->kind == GITHUB_CALL_WRITE) {
		github->writing = false;
		begin_gap(github);
	}
	if (status == 0 && github_answer_take(call) && !github->closing) {
		http_request_finish(&call->http);
		github_call_queue(call);
	} else {
		github_call_end(call, status);
	}
	if (call->kind == GITHUB_CALL_WRITE && status == -ETIMEDOUT) {
		give_back_writes(github, call);
	}
	github_pump(github);
}

/* ---- in and out ---- */

static int copy_ask(struct github_call *call, const struct github_ask *ask) {
	bool failed = false;

	call->kind = ask->kind;
	call->as = ask->as;
	call->once = ask->once;
	call->method = ask->method;
	call->path = text_dup(ask->path, &failed);
	call->body = text_dup(ask->body, &failed);
	(void)TEXT_SET(call->project, ask->project);
	(void)TEXT_SET(call->subject, ask->subject);
	(void)TEXT_SET(call->place,
		ask->place != NULL && ask->place[0] != '\0' ? ask->place : ask->subject);
	return failed ? -ENOMEM : 0;
}

int github_send(struct github *github, struct github_call *call, const struct github_ask *ask,
	void (*done)(struct github_call *call, int status)) {
	struct github_call fresh = { .user = call->user, .github = github, .done = done };
	int r;

	if (github->closing) {
		return -ESHUTDOWN;
	}
	if (github->n_calls >= LIMIT_GITHUB_CALLS) {
		return -EAGAIN;
	}
	r = copy_ask(&fresh, ask); /* which may be the call's own */
	if (r < 0) {
		github_call_finish(&fresh);
		return r;
	}
	github_call_finish(call);
	*call = fresh;
	call->queued_us = clock_mono_us();
	list_init(&call->node);
	github->n_calls++;
	/* Behind so many others it would wait for too long. */
	if (call->kind == GITHUB_CALL_WRITE &&
		(int64_t)github->n_writes * LIMIT_RATE_WRITE_GAP_MS >= LIMIT_GITHUB_WAIT_MS) {
		refuse(call);
		return 0;
	}
	github_call_queue(call);
	github_pump(github);
	return 0;
}

void github_cancel(struct github_call *call) {
	switch (call->state) {
	case GITHUB_CALL_IDLE:
	case GITHUB_CALL_ENDED: return;
	case GITHUB_CALL_ACTIVE: http_cancel(&call->http); return;
	case GITHUB_CALL_QUEUED:
	case GITHUB_CALL_WAITING:
		take_off(call);
		github_call_end(call, -ECANCELED);
		return;
	}
}

int github_client_open(struct github *github) {
	uv_loop_t *loop = github->forge->loop;
	int r;

	list_init(&github->reads);
	list_init(&github->queries);
	list_init(&github->writes);
	list_init(&github->active);
	list_init(&github->ended);
	r = uv_async_init(loop, &github->wake, deliver);
	if (r < 0) {
		return r;
	}
	github->wake.data = github;
	(void)uv_timer_init(loop, &github->timer);
	(void)uv_timer_init(loop, &github->gap);
	github->timer.data = github;
	github->gap.data = github;
	github_batches_open_handles(github);
	return 0;
}

void github_client_close_handles(struct github *github) {
	github_close_handle(github, &github->wake);
	github_close_handle(github, &github->timer);
	github_close_handle(github, &github->gap);
}

void github_client_close(struct github *github) {
	struct list *queues[] = { &github->reads, &github->queries, &github->writes, &github->active };

	(void)uv_timer_stop(&github->timer);
	(void)uv_timer_stop(&github->gap);
	for (size_t i = 0; i < ARRAY_SIZE(queues); i++) {
		list_for_each_safe (node, queues[i]) {
			github_cancel(container_of(node, struct github_call, node));
		}
	}
}
