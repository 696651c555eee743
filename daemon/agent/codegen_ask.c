/* One request at a time for a run, its turn, its API key and what the answer means. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/agent/codegen_internal.h"
#include "daemon/credential.h"
#include "daemon/retry_after.h"

#define MESSAGE_MAX 160

/* By HTTP status; 0 is for all others from 300 to 499. */
static const struct {
	int http_status;
	enum codegen_answer answer;
	const char *advice;
} meanings[] = {
	{ 401, CODEGEN_LOCKED, "Replace the API key." },
	{ 402, CODEGEN_REFUSED,
		"The limit of agent runs is reached: raise it there, or name a further agent for the "
		"project." },
	{ 403, CODEGEN_REFUSED,
		"The API key may not do this: check the agent's `organization` and what the key is "
		"allowed." },
	{ 404, CODEGEN_REFUSED,
		"Connect the project's repository there, and check the agent's `organization` and "
		"`repository`." },
	{ 408, CODEGEN_UNKNOWN, "" },
	{ 422, CODEGEN_REFUSED, "Check the agent's `organization` and `repository`." },
	{ 429, CODEGEN_LIMITED, "That is its rate limit." },
	{ 0, CODEGEN_REFUSED, "Check the agent's `api-url`." },
};

/* When it may be asked again; 0: it does not say. */
static int64_t get_retry_ms(const struct codegen *run) {
	const char *value = http_header(&run->request, "Retry-After");
	int64_t now_ms = clock_now_ms();
	int64_t ms = value ? retry_after_ms(value, now_ms) : -1;

	return ms <= 0 ? 0 : now_ms + ms;
}

/*
 * Whether the answer proves that nothing was done, in words of the service: it looked at the request and refuses it.
 * What a proxy says of a request that it may have passed on proves nothing, nor does an answer about who asks, or how
 * often.
 */
static bool proves_not_done(const struct codegen *run, const char *message) {
	return run->answer == CODEGEN_REFUSED && run->request.http_status >= 400 && *message;
}

static void take_status(struct codegen *run) {
	const struct http_request *request = &run->request;
	int http_status = request->http_status;
	enum codegen_answer answer = CODEGEN_UNKNOWN;
	const char *advice = "";
	char message[MESSAGE_MAX];

	if (request->http_status >= 200 && request->http_status < 300) {
		run->answer = CODEGEN_OK;
		return;
	}
	run->retry_ms = get_retry_ms(run);
	if (http_status == 403 && run->retry_ms > 0) { /* it says when it will do */
		http_status = 429;
	}
	for (size_t i = 0; i < ARRAY_SIZE(meanings) && http_status < 500; i++) {
		if (http_status == meanings[i].http_status || meanings[i].http_status == 0) {
			answer = meanings[i].answer;
			advice = meanings[i].advice;
			break;
		}
	}
	codegen_decode_message(request->answer.data, request->answer.len, message, sizeof(message));
	run->answer = answer;
	run->doubtful = !proves_not_done(run, message);
	text_format(run->why, sizeof(run->why), "\"%s\" answered HTTP %d%s%s%s.%s%s",
		run->agent.api_url, request->http_status, *message ? " (\"" : "", message,
		*message ? "\")" : "", *advice ? " " : "", advice);
}

static void wipe_request(struct codegen *run) {
	credential_wipe(TAKE_PTR(run->authorization));
	free(TAKE_PTR(run->body));
}

static void answered(struct http_request *request, int status) {
	struct codegen *run = container_of(request, struct codegen, request);

	wipe_request(run);
	if (status == 0) {
		take_status(run);
	} else {
		run->answer = request->maybe_sent ? CODEGEN_UNKNOWN : CODEGEN_NOT_SENT;
		run->doubtful = request->maybe_sent;
		TEXT_SET(run->why, request->sentence);
	}
	codegen_step(run);
}

static int read_key(struct codegen *run) {
	const char *sources[CONFIG_SOURCES_MAX];
	_cleanup_(credential_wipep) char *key = NULL;
	int r;

	config_agent_sources(&run->agent, sources);
	r = credential_read(sources, false, &key, run->why);
	if (r < 0) {
		return r;
	}
	if (asprintf(&run->authorization, "Authorization: Bearer %s", key) < 0) {
		run->authorization = NULL;
		TEXT_SET(run->why, "There is no memory for the request.");
		return -ENOMEM;
	}
	return 0;
}

static int send_request(struct codegen *run) {
	run->headers[0] = run->authorization;
	run->headers[1] = "Accept: application/json";
	run->headers[2] = run->body ? "Content-Type: application/json" : NULL;
	http_request_finish(&run->request);
	run->request = (struct http_request){
		.method = run->body ? "POST" : "GET",
		.url = run->url,
		.headers = run->headers,
		.body = run->body,
		.body_len = run->body ? strlen(run->body) : 0,
	};
	return http_send(run->http, &run->request, answered);
}

/* It is its turn: from the loop, never from inside codegen_ask(). */
static void turn_came(uv_timer_t *timer) {
	struct codegen *run = timer->data;
	int r;

	if (read_key(run) < 0) {
		wipe_request(run);
		run->answer = CODEGEN_LOCKED;
		codegen_step(run);
		return;
	}
	r = send_request(run);
	if (r < 0) {
		wipe_request(run);
		run->answer = r == -EPERM || r == -EINVAL ? CODEGEN_REFUSED : CODEGEN_NOT_SENT;
		text_format(run->why, sizeof(run->why), "\"%s\" cannot be asked: %s.%s",
			run->agent.api_url, log_errno(r),
			run->answer == CODEGEN_REFUSED ? " Check the agent's `api-url`." : "");
		codegen_step(run);
	}
}

void codegen_ask(struct codegen *run, char *body, const char *path, ...) {
	size_t len;
	va_list ap;

	len = (size_t)snprintf(run->url, sizeof(run->url), "%s/v1/organizations/%lld/",
		run->agent.api_url, (long long)run->agent.organization);
	va_start(ap, path);
	vsnprintf(run->url + len, sizeof(run->url) - len, path, ap);
	va_end(ap);
	run->body = body;
	run->doubtful = false;
	run->retry_ms = 0;
	run->why[0] = '\0';
	(void)uv_timer_start(&run->timer, turn_came, (uint64_t)codegen_take_turn(), 0);
}

static void wait_over(uv_timer_t *timer) {
	codegen_step(timer->data);
}

void codegen_wait(struct codegen *run, int64_t ms) {
	(void)uv_timer_start(&run->timer, wait_over, (uint64_t)MAX(ms, 0), 0);
}

void codegen_hurry(struct codegen *run) {
	if (uv_is_active((uv_handle_t *)&run->timer)) {
		codegen_wait(run, 0);
	}
	http_cancel(&run->request);
}

void codegen_ask_finish(struct codegen *run) {
	wipe_request(run);
	http_request_finish(&run->request);
}
