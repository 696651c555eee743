#include "tests/unit/agent/codegen_world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/credential.h"

#define BASE "https://api.codegen.test/v1/organizations/42/"

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb fired, uint64_t ms, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb fired, uint64_t ms, uint64_t repeat);
int64_t __wrap_clock_mono_us(void);
int64_t __wrap_clock_boot_us(void);

static struct world *world;
static int64_t mono_ms; /* goes on from test to test */

/* What http_send() took, until it is answered. */
struct exchange {
	uv_timer_t timer;
	struct http_request *request;
	int status;
};

static int64_t world_now_ms(void *user) {
	return ((struct world *)user)->now_ms;
}

int64_t __wrap_clock_mono_us(void) {
	return mono_ms * 1000;
}

int64_t __wrap_clock_boot_us(void) {
	return mono_ms * 1000;
}

/* Waiting moves the clock and takes no time. */
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb fired, uint64_t ms, uint64_t repeat) {
	world->now_ms += (int64_t)ms;
	mono_ms += (int64_t)ms;
	return __real_uv_timer_start(timer, fired, 0, repeat);
}

/* ---- the API key ---- */

int credential_read(const char *const *sources, bool is_pem, char **ret_value,
	char ret_sentence[LIMIT_SENTENCE_MAX]) {
	assert_false(is_pem);
	assert_string_equal(sources[0], "credential:codegen-api-key");
	assert_string_equal(sources[1], "env:CODEGEN_API_KEY");
	assert_string_equal(sources[2], "env:CODEGEN_API_TOKEN");
	assert_null(sources[3]);
	if (!world->has_key) {
		text_copy(ret_sentence, LIMIT_SENTENCE_MAX,
			"There is no credential \"codegen-api-key\".");
		return -ENOENT;
	}
	*ret_value = strdup(WORLD_TOKEN);
	assert_non_null(*ret_value);
	return 0;
}

void credential_wipe(char *value) {
	free(value);
}

/* ---- the service ---- */

struct world_run *world_add_run(struct world *w, const char *task, const char *status) {
	struct world_run *run = &w->runs[w->n_runs];

	assert_true(w->n_runs < WORLD_RUNS);
	*run = (struct world_run){
		.id = 5000 + (int64_t)w->n_runs, .created_ms = w->now_ms, .status = status
	};
	TEXT_SET(run->task, task);
	TEXT_SET(run->project, w->incident.project);
	w->n_runs++;
	return run;
}

static json_t *show_run(const struct world_run *run) {
	char created[CLOCK_TEXT_MAX];
	char url[128];

	snprintf(url, sizeof(url), "https://codegen.com/agent/trace/%lld", (long long)run->id);
	return json_pack("{s:I, s:i, s:s, s:s, s:s, s:s, s:o, s:{s:s, s:s}}", "id",
		(json_int_t)run->id, "organization_id", 42, "status", run->status, "created_at",
		clock_format(run->created_ms, created), "web_url", url, "summary", "Done.",
		"github_pull_requests", run->pulls ? json_loads(run->pulls, 0, NULL) : json_array(),
		"metadata", "codegend_task", run->task, "project", run->project);
}

static json_t *make_run(const char *body) {
	json_t *order = json_loads(body, 0, NULL);
	const char *task = NULL, *incident = NULL, *project = NULL, *branch = NULL, *prompt = NULL;
	json_int_t repository = 0;
	struct world_run *run;

	assert_non_null(order);
	assert_int_equal(
		json_unpack(order, "{s:s, s:I, s:{s:s, s:s, s:s, s:s !} !}", "prompt", &prompt,
			"repo_id", &repository, "metadata", "codegend_task", &task,
			"codegend_incident", &incident, "project", &project, "branch", &branch),
		0);
	assert_int_equal(repository, 7);
	assert_string_equal(incident, "incident-1000");
	assert_string_equal(branch, "fix");
	run = world_add_run(world, task, world->new_status);
	TEXT_SET(run->project, project);
	json_decref(order);
	return show_run(run);
}

void world_deliver_late(struct world *w) {
	assert_true(*w->late);
	json_decref(make_run(w->late));
	w->late[0] = '\0';
}

static json_t *make_page(json_t *all, const char *query) {
	json_t *items = json_array();
	size_t skip, limit;

	assert_int_equal(sscanf(query, "?skip=%zu&limit=%zu", &skip, &limit), 2);
	assert_int_equal(limit, 100);
	limit = world->page_max > 0 ? world->page_max : limit;
	for (size_t i = skip; i < json_array_size(all) && i < skip + limit; i++) {
		json_array_append(items, json_array_get(all, i));
	}
	return json_pack("{s:o, s:i}", "items", items, "total", (int)json_array_size(all));
}

static json_t *list_runs(const char *query) {
	json_t *all = json_array();
	json_t *page;

	for (size_t i = world->n_runs; i > 0; i--) {
		json_array_append_new(all, show_run(&world->runs[i - 1]));
	}
	page = make_page(all, query);
	json_decref(all);
	return page;
}

static json_t *list_repositories(const char *query) {
	json_t *all = json_array();
	json_t *page;
	char name[64];

	for (size_t i = 0; i < world->n_other_repositories; i++) {
		snprintf(name, sizeof(name), "acme/web%zu", i);
		json_array_append_new(
			all, json_pack("{s:i, s:s}", "id", (int)i + 100, "full_name", name));
	}
	if (!world->has_no_repository) {
		json_array_append_new(all, json_pack("{s:i, s:s}", "id", 7, "full_name", "Acme/Web"));
	}
	page = make_page(all, query);
	json_decref(all);
	return page;
}

static json_t *perform(const struct http_request *request, const char *path) {
	int64_t id;

	if (strcmp(request->method, "POST") == 0) {
		assert_string_equal(path, "agent/run");
		return make_run(request->body);
	}
	if (strncmp(path, "repos", 5) == 0) {
		return list_repositories(path + 5);
	}
	if (strncmp(path, "agent/runs", 10) == 0) {
		return list_runs(path + 10);
	}
	assert_int_equal(strncmp(path, "agent/run/", 10), 0);
	assert_int_equal(text_to_int(path + 10, &id), 0);
	for (size_t i = 0; i < world->n_runs; i++) {
		if (world->runs[i].id == id) {
			return show_run(&world->runs[i]);
		}
	}
	fail_msg("There is no run %lld.", (long long)id);
	return NULL;
}

static struct world_fault *find_fault(const char *what) {
	for (size_t i = 0; i < ARRAY_SIZE(world->faults); i++) {
		struct world_fault *fault = &world->faults[i];

		if (fault->n > 0 && strncmp(fault->match, what, strlen(fault->match)) == 0) {
			fault->n--;
			return fault;
		}
	}
	return NULL;
}

/* ---- http.h ---- */

static void exchange_closed(uv_handle_t *handle) {
	struct exchange *exchange = handle->data;
	struct http_request *request = exchange->request;
	int status = exchange->status;

	request->transfer = NULL;
	request->state = HTTP_IDLE;
	free(exchange);
	request->done(request, status);
}

static void exchange_due(uv_timer_t *timer) {
	uv_close((uv_handle_t *)timer, exchange_closed);
}

static void answer(struct exchange *exchange, int status, const char *body, size_t len) {
	struct http_request *request = exchange->request;

	exchange->status = MIN(status, 0);
	request->http_status = MAX(status, 0);
	request->maybe_sent = status != -ECONNREFUSED;
	if (status < 0) {
		TEXT_SET(request->sentence, "No answer from https://api.codegen.test.");
		return;
	}
	assert_int_equal(buffer_append(&request->answer, body, len), 0);
}

/* Effect and answer of a request that is not taken as it should be. */
static void misbehave(struct exchange *exchange, const struct world_fault *fault, const char *path) {
	struct http_request *request = exchange->request;
	const char *body = fault->body ? fault->body : "";

	world->retry_after = fault->retry_after;
	if (fault->effect == EFFECT_APPLIED) {
		json_decref(perform(request, path));
	} else if (fault->effect == EFFECT_LATE) {
		TEXT_SET(world->late, request->body);
	}
	answer(exchange, fault->status, body, fault->body_len > 0 ? fault->body_len : strlen(body));
}

static void check_headers(const struct http_request *request) {
	assert_string_equal(request->headers[0], "Authorization: Bearer " WORLD_TOKEN);
	assert_string_equal(request->headers[1], "Accept: application/json");
	if (strcmp(request->method, "POST") == 0) {
		assert_string_equal(request->headers[2], "Content-Type: application/json");
		assert_null(request->headers[3]);
		assert_false(request->repeatable);
		assert_null(strstr(request->body, WORLD_TOKEN));
	} else {
		assert_null(request->headers[2]);
		assert_null(request->body);
	}
	assert_null(strstr(request->url, WORLD_TOKEN));
}

static void take(struct exchange *exchange, bool *ret_hangs) {
	struct http_request *request = exchange->request;
	const char *path = request->url + strlen(BASE);
	struct world_fault *fault;
	char *what = world->requests[world->n_requests];
	json_t *json;
	char *text;

	assert_true(world->n_requests < WORLD_REQUESTS);
	assert_int_equal(strncmp(request->url, BASE, strlen(BASE)), 0);
	check_headers(request);
	snprintf(what, sizeof(world->requests[0]), "%s %s", request->method, path);
	world->n_requests++;
	if (world->asked) {
		world->asked(world, what);
	}
	if (request->body) {
		free(world->last_order);
		world->last_order = strdup(request->body);
	}
	world->retry_after = NULL;
	fault = find_fault(what);
	*ret_hangs = fault && fault->hangs;
	if (fault) {
		misbehave(exchange, fault, path);
		return;
	}
	json = perform(request, path);
	text = json_dumps(json, 0);
	assert_non_null(text);
	answer(exchange, 200, text, strlen(text));
	json_decref(json);
	free(text);
}

static void die(void);

int http_send(struct http *http, struct http_request *request, http_done_fn *done) {
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	bool hangs = false;

	assert_non_null(exchange);
	assert_false(world->is_dead);
	buffer_init(&request->answer, LIMIT_HTTP_ANSWER_MAX_BYTES);
	exchange->request = request;
	request->transfer = (struct http_transfer *)exchange;
	request->done = done;
	request->state = HTTP_ACTIVE;
	assert_int_equal(uv_timer_init(&world->loop, &exchange->timer), 0);
	exchange->timer.data = exchange;
	take(exchange, &hangs);
	if (world->crash == CRASH_SENT && request->body) {
		hangs = true;
		die();
	}
	if (!hangs) {
		__real_uv_timer_start(&exchange->timer, exchange_due, 0, 0);
	}
	return 0;
}

void http_cancel(struct http_request *request) {
	struct exchange *exchange = (struct exchange *)request->transfer;

	if (exchange && !uv_is_closing((uv_handle_t *)&exchange->timer)) {
		exchange->status = -ECANCELED;
		request->maybe_sent = true;
		uv_close((uv_handle_t *)&exchange->timer, exchange_closed);
	}
}

const char *http_header(const struct http_request *request, const char *name) {
	assert_string_equal(name, "Retry-After");
	return world->retry_after;
}

void http_request_finish(struct http_request *request) {
	assert_int_not_equal(request->state, HTTP_ACTIVE);
	buffer_finish(&request->answer);
}

/* ---- the daemon ---- */

static void stop_dead(uv_timer_t *timer) {
	agent_stop(world->run, true);
}

/* Nothing it does from here on leaves it; its run is swept together. */
static void die(void) {
	world->is_dead = true;
	__real_uv_timer_start(&world->timer, stop_dead, 0, 0);
}

static void recorded(uv_timer_t *timer) {
	agent_recorded(world->run, world->record_fails);
}

static int record(void *user, const struct post *post) {
	struct world *w = user;

	assert_int_equal(post->kind, POST_RUN);
	assert_int_equal(post->task_id, w->task.id);
	assert_int_equal(post->incident_id, w->incident.id);
	if (w->crash == CRASH_ANSWERED && post->post_id != 0) {
		die();
	}
	if (w->is_dead) {
		return -ESHUTDOWN;
	}
	w->n_records++;
	if (w->record_fails == 0) {
		w->post = *post;
		w->has_post = true;
	}
	if (w->crash == CRASH_INTENT) {
		die();
		return -ESHUTDOWN;
	}
	return __real_uv_timer_start(&w->timer, recorded, 0, 0);
}

static void ended(void *user, const struct agent_outcome *outcome) {
	struct world *w = user;

	w->n_ended++;
	w->end = outcome->end;
	w->retry_ms = outcome->retry_ms;
	TEXT_SET(w->sentence, outcome->sentence);
	assert_null(strstr(w->sentence, WORLD_TOKEN));
	json_decref(w->result);
	w->result = outcome->result;
	w->n_links = outcome->n_links;
	for (size_t i = 0; i < outcome->n_links; i++) {
		w->links[i] = outcome->links[i];
	}
	w->run = NULL;
}

void world_start(struct world *w) {
	struct agent_start start = {
		.agent = &w->agent,
		.state_dir = "/nonexistent",
		.incident = &w->incident,
		.report = &w->report,
		.task = &w->task,
		.posts = &w->post,
		.n_posts = w->has_post ? 1 : 0,
		.http = (struct http *)w, /* only handed on */
		.recorder = { .record = record, .user = w },
	};
	char sentence[LIMIT_SENTENCE_MAX];

	w->n_ended = 0;
	w->is_dead = false;
	assert_int_equal(agent_start(&w->loop, &start, ended, w, &w->run, sentence), 0);
	assert_int_equal(w->n_ended, 0);
}

void world_wait(struct world *w) {
	while (w->n_ended == 0) {
		assert_int_not_equal(uv_run(&w->loop, UV_RUN_ONCE) + w->n_ended, 0);
	}
	assert_int_equal(w->n_ended, 1);
}

void world_run(struct world *w) {
	world_start(w);
	world_wait(w);
}

size_t world_count(const struct world *w, const char *request) {
	size_t n = 0;

	for (size_t i = 0; i < w->n_requests; i++) {
		n += strncmp(w->requests[i], request, strlen(request)) == 0;
	}
	return n;
}

int world_setup(void **state) {
	/* What is remembered of an agent's repositories outlives a test; its name tells them apart. */
	static int n;

	world = calloc(1, sizeof(*world));
	assert_non_null(world);
	*world = (struct world){
		.now_ms = WORLD_START_MS,
		.agent = { .type = "codegen",
			.api_url = "https://api.codegen.test",
			.organization = 42,
			.timeout_ms = CLOCK_HOUR_MS,
			.poll_ms = 30 * CLOCK_SECOND_MS,
			.settle_ms = 2 * CLOCK_MINUTE_MS },
		.incident = { .id = id_first_in_ms(1000),
			.project = "acme/web",
			.branch = "fix",
			.error_type = ERROR_LINT,
			.cycle = 1 },
		.report = { .id = id_first_in_ms(1000),
			.project = "acme/web",
			.branch = "fix",
			.error_type = ERROR_LINT,
			.exit_code = 1 },
		.task = { .id = id_first_in_ms(WORLD_START_MS),
			.type = TASK_TRIGGER_AGENT,
			.started_ms = WORLD_START_MS },
		.new_status = "COMPLETE",
		.has_key = true,
	};
	snprintf(world->agent.name, sizeof(world->agent.name), "remote-%d", n++);
	clock_set_source(world_now_ms, world);
	assert_int_equal(uv_loop_init(&world->loop), 0);
	assert_int_equal(uv_timer_init(&world->loop, &world->timer), 0);
	*state = world;
	return 0;
}

int world_teardown(void **state) {
	uv_close((uv_handle_t *)&world->timer, NULL);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
	clock_set_source(NULL, NULL);
	json_decref(world->result);
	free(world->last_order);
	free(world);
	return 0;
}
