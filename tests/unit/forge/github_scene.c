#include "tests/unit/forge/github_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"
#include "daemon/forge/github_batch_internal.h"

#define OLD "2025-09-19T01:00:00Z"
#define LATER "2025-09-19T01:10:00Z"
#define DATE_MAX 64

static struct scene *current;

/* ---- time ---- */

static struct {
	uv_timer_t *timer;
	uv_timer_cb fired;
	int64_t at_ms;
} hurried[4];

int __real_uv_timer_start(
	uv_timer_t *timer, uv_timer_cb fired, uint64_t after_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(
	uv_timer_t *timer, uv_timer_cb fired, uint64_t after_ms, uint64_t repeat_ms);

static void hurried_fired(uv_timer_t *timer) {
	for (size_t i = 0; i < ARRAY_SIZE(hurried); i++) {
		if (hurried[i].timer == timer) {
			current->now_ms = MAX(current->now_ms, hurried[i].at_ms);
			hurried[i].fired(timer);
			return;
		}
	}
}

static bool is_of_forge(const struct github *github, const uv_timer_t *timer) {
	for (size_t i = 0; i < GITHUB_BATCHES; i++) {
		if (timer == &github->batches[i]->window || timer == &github->batches[i]->nap) {
			return true;
		}
	}
	return timer == &github->timer || timer == &github->gap;
}

/* Due by the loop's own time, which nobody moves. */
static void wake_sleeping(struct github *github, const uv_timer_t *timer) {
	for (size_t i = 0; i < GITHUB_BATCHES; i++) {
		if (timer != &github->batches[i]->nap) {
			continue;
		}
		list_for_each (node, &github->batches[i]->sleeping) {
			container_of(node, struct github_look, node)->due_ms = 0;
		}
	}
}

int __wrap_uv_timer_start(
	uv_timer_t *timer, uv_timer_cb fired, uint64_t after_ms, uint64_t repeat_ms) {
	struct github *github = current->forge != NULL ? scene_github(current) : NULL;
	size_t at = 0;

	if (github == NULL || !is_of_forge(github, timer)) {
		return __real_uv_timer_start(timer, fired, after_ms, repeat_ms);
	}
	while (hurried[at].timer != NULL && hurried[at].timer != timer) {
		at++;
		assert_true(at < ARRAY_SIZE(hurried));
	}
	hurried[at].timer = timer;
	hurried[at].fired = fired;
	hurried[at].at_ms = current->now_ms + (int64_t)after_ms;
	wake_sleeping(github, timer);
	return __real_uv_timer_start(timer, hurried_fired, 2, 0);
}

int __real_http_send(struct http *http, struct http_request *req, http_done_fn *done);
int __wrap_http_send(struct http *http, struct http_request *req, http_done_fn *done);

int __wrap_http_send(struct http *http, struct http_request *req, http_done_fn *done) {
	if (current->patience_ms > 0) {
		req->total_timeout_ms = current->patience_ms;
	}
	return __real_http_send(http, req, done);
}

static int64_t scene_now(void *user) {
	return ((struct scene *)user)->now_ms;
}

/* ---- what the scripted pull requests say ---- */

static void put(struct buffer *out, const char *fmt, ...) printf_like(2, 3);

static void put(struct buffer *out, const char *fmt, ...) {
	char text[2048];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	assert_int_equal(buffer_append_str(out, text), 0);
}

static void put_page(struct buffer *out, int total, int end) {
	put(out, "\"totalCount\":%d,\"pageInfo\":{\"hasNextPage\":%s,\"endCursor\":\"%d\"},", total,
		end < total ? "true" : "false", end);
}

static const char *head_of(const struct scene_pull *pull) {
	return pull->first_head != NULL ? pull->first_head : SCENE_HEAD;
}

static void put_commit(struct buffer *out, const struct scene_pull *pull, const char *after) {
	int n = pull->n_checks > 0 ? pull->n_checks : 1,
	    at = after != NULL ? (int)strtoll(after, NULL, 10) : 0;
	int end = MIN(n, at + LIMIT_GITHUB_PAGE);
	const char *conclusion = pull->conclusion != NULL ? pull->conclusion : "SUCCESS";

	put(out, "{\"oid\":\"%s\",\"committedDate\":\"2025-09-19T00:50:00Z\",", head_of(pull));
	if (pull->forbidden) {
		put(out, "\"statusCheckRollup\":null,\"checkSuites\":null}");
		return;
	}
	put(out, "\"statusCheckRollup\":{\"state\":\"%s\",\"contexts\":{",
		strcmp(conclusion, "SUCCESS") == 0 ? "SUCCESS" : "FAILURE");
	put_page(out, n, end);
	put(out, "\"nodes\":[");
	for (int i = at; i < end; i++) {
		put(out,
			"%s{\"__typename\":\"CheckRun\",\"databaseId\":%d,\"name\":\"check %d\",\"status\":"
			"\"COMPLETED\",\"conclusion\":\"%s\",\"startedAt\":\"" OLD
			"\",\"completedAt\":\"" LATER
			"\",\"isRequired\":true,\"checkSuite\":{\"databaseId\":5,\"app\":{\"slug\":\"ci\"},"
			"\"workflowRun\":null}}",
			i > at ? "," : "", i + 1, i, conclusion);
	}
	put(out, "]}},\"checkSuites\":{");
	put_page(out, 1, 1);
	put(out,
		"\"nodes\":[{\"databaseId\":5,\"status\":\"COMPLETED\",\"conclusion\":\"%s\",\"createdAt\":\"" OLD
		"\",\"updatedAt\":\"" LATER "\",\"app\":{\"slug\":\"ci\"},\"workflowRun\":null}]}}",
		conclusion);
}

static void put_pull(struct buffer *out, struct scene_pull *pull, const char *after) {
	const char *state = pull->state != NULL ? pull->state : "OPEN";
	bool unknown = pull->n_unknown > 0;

	pull->n_unknown -= unknown ? 1 : 0;
	put(out,
		"{\"number\":%lld,\"state\":\"%s\",\"isDraft\":false,\"merged\":%s,\"mergeable\":\"%s\","
		"\"mergeStateStatus\":\"%s\",\"reviewDecision\":null,\"headRefOid\":\"%s\","
		"\"headRefName\":\"%s\",\"baseRefName\":\"main\",\"isCrossRepository\":%s,"
		"\"headRepository\":{\"nameWithOwner\":\"acme/web\"},"
		"\"isInMergeQueue\":false,\"mergeQueueEntry\":null,"
		"\"reviewThreads\":{\"totalCount\":0,\"nodes\":[]},"
		"\"latestOpinionatedReviews\":{\"totalCount\":0,\"nodes\":[]},\"commits\":{\"nodes\":[{"
		"\"commit\":",
		(long long)pull->number, state, strcmp(state, "MERGED") == 0 ? "true" : "false",
		unknown ? "UNKNOWN" : "MERGEABLE", unknown ? "UNKNOWN" : "CLEAN", head_of(pull),
		pull->branch, pull->is_of_fork ? "true" : "false");
	put_commit(out, pull, after);
	put(out, "}]}}");
	pull->first_head = NULL;
}

static const char *variable(const json_t *variables, char letter, size_t i) {
	char name[16];

	(void)snprintf(name, sizeof(name), "%c%zu", letter, i);
	return json_string_value(json_object_get(variables, name));
}

static struct scene_pull *find_pull(const json_t *variables, size_t i) {
	static struct scene_pull green;
	const char *branch = variable(variables, 'h', i);
	char name[16];
	int64_t number;

	(void)snprintf(name, sizeof(name), "n%zu", i);
	number = json_integer_value(json_object_get(variables, name));
	for (size_t at = 0; at < current->n_pulls; at++) {
		struct scene_pull *pull = &current->pulls[at];

		if (number > 0 ? pull->number == number
			       : branch != NULL && strcmp(pull->branch, branch) == 0) {
			return pull;
		}
	}
	green = (struct scene_pull){ .number = number, .branch = branch != NULL ? branch : "fix" };
	return &green;
}

static void put_branch(struct buffer *out, const struct scene_pull *pull) {
	bool open = pull->number > 0 && (pull->state == NULL || strcmp(pull->state, "OPEN") == 0);

	put(out, "{\"open\":{");
	if (open) {
		put(out,
			"\"totalCount\":1,\"nodes\":[{\"number\":%lld,\"state\":\"OPEN\",\"headRefName\":\"%s\","
			"\"headRefOid\":\"" SCENE_HEAD
			"\",\"isCrossRepository\":false,\"headRepositoryOwner\":{\"login\":\"acme\"}}]}",
			(long long)pull->number, pull->branch);
	} else {
		put(out, "\"totalCount\":0,\"nodes\":[]}");
	}
	put(out, ",\"ended\":{\"totalCount\":0,\"nodes\":[]},\"ref\":{\"target\":");
	put_commit(out, pull, NULL);
	put(out, "}}");
}

/* The repository is there. */
static bool is_no_pull(const struct scene_pull *pull) {
	return pull->error != NULL && strcmp(pull->error, "NO_PULL") == 0;
}

static void put_errors(struct buffer *out, const json_t *variables, size_t n) {
	const char *comma = "";

	for (size_t i = 0; i < n; i++) {
		struct scene_pull *pull = find_pull(variables, i);

		if (is_no_pull(pull)) {
			put(out,
				"%s{\"type\":\"NOT_FOUND\",\"path\":[\"t%zu\",\"pullRequest\"],"
				"\"message\":\"told so\"}",
				comma, i);
			comma = ",";
			pull->error = pull->error_once ? NULL : pull->error;
		} else if (pull->error != NULL) {
			put(out, "%s{\"type\":\"%s\",\"path\":[\"t%zu\"],\"message\":\"told so\"}",
				comma, pull->error, i);
			comma = ",";
		}
		if (pull->forbidden) {
			put(out,
				"%s{\"type\":\"FORBIDDEN\",\"path\":[\"t%zu\",\"pullRequest\",\"commits\",\"nodes\",0,"
				"\"commit\",\"statusCheckRollup\"],\"message\":\"Resource not accessible\"},"
				"{\"type\":\"FORBIDDEN\",\"path\":[\"t%zu\",\"pullRequest\",\"commits\",\"nodes\",0,"
				"\"commit\",\"checkSuites\"],\"message\":\"Resource not accessible\"}",
				comma, i, i);
			comma = ",";
		}
	}
}

static size_t put_query_answer(struct buffer *out, const char *body) {
	json_t *asked = json_loads(body, 0, NULL);
	const json_t *variables = json_object_get(asked, "variables");
	size_t n = 0;

	assert_non_null(asked);
	put(out, "{\"data\":{");
	for (; variable(variables, 'o', n) != NULL; n++) {
		struct scene_pull *pull = find_pull(variables, n);

		put(out, "\"t%zu\":", n);
		if (is_no_pull(pull)) {
			put(out, "{\"pullRequest\":null},");
		} else if (pull->error != NULL) {
			put(out, "null,");
		} else if (variable(variables, 'h', n) != NULL) {
			put_branch(out, pull);
			put(out, ",");
		} else {
			put(out, "{\"pullRequest\":");
			put_pull(out, pull, variable(variables, 'c', n));
			put(out, "},");
		}
	}
	put(out,
		"\"rateLimit\":{\"cost\":1,\"limit\":5000,\"remaining\":4000,\"resetAt\":\"" LATER
		"\"}},\"errors\":[");
	put_errors(out, variables, n);
	put(out, "]}");
	json_decref(asked);
	return n;
}

/* ---- the server ---- */

static void note(struct scene *scene, const char *request) {
	const char *bearer = strstr(request, "Authorization: Bearer ");
	const char *end = strstr(request, " HTTP/1.1");

	assert_true(scene->n_lines < ARRAY_SIZE(scene->lines));
	assert_non_null(bearer);
	(void)text_format(scene->lines[scene->n_lines], sizeof(scene->lines[0]), "%.*s",
		(int)(end - request), request);
	bearer += strlen("Authorization: Bearer ");
	(void)text_format(scene->bearers[scene->n_lines], sizeof(scene->bearers[0]), "%.*s",
		(int)strcspn(bearer, "\r"), bearer);
	scene->times_ms[scene->n_lines] = scene->now_ms;
	scene->n_lines++;
}

static struct scene_reply *find_reply(struct scene *scene, const char *line) {
	for (size_t i = 0; i < scene->n_replies; i++) {
		struct scene_reply *reply = &scene->replies[i];

		if (strncmp(line, reply->what, strlen(reply->what)) == 0 &&
			(reply->times == 0 || reply->n_used < reply->times)) {
			reply->n_used++;
			return reply;
		}
	}
	fail_msg("Nobody answers \"%s\".", line);
	return NULL;
}

static const char *put_date(const struct scene *scene, char date[DATE_MAX]) {
	time_t at = (time_t)((scene->now_ms + scene->ahead_ms) / CLOCK_SECOND_MS);
	struct tm tm;

	assert_int_not_equal(
		strftime(date, DATE_MAX, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&at, &tm)), 0);
	return date;
}

static const struct peer_answer *choose(struct peer *peer) {
	struct scene *scene = container_of(peer, struct scene, peer);
	struct buffer *out = &scene->answers[scene->n_lines % ARRAY_SIZE(scene->answers)];
	const struct scene_reply *reply;
	struct buffer body;
	char date[DATE_MAX];

	note(scene, peer->request);
	reply = find_reply(scene, scene->lines[scene->n_lines - 1]);
	if (reply->status == SCENE_SILENT) {
		return NULL;
	}
	if (reply->status == SCENE_RESET) {
		scene->answer = (struct peer_answer){ "x", 1, PEER_RESET };
		return &scene->answer;
	}
	buffer_init(&body, 4 * 1024 * 1024);
	if (reply->body != NULL && strcmp(reply->body, SCENE_QUERY) == 0) {
		scene->n_targets[scene->n_lines - 1] =
			put_query_answer(&body, strstr(peer->request, "\r\n\r\n") + 4);
	} else {
		assert_int_equal(buffer_append_str(&body, reply->body != NULL ? reply->body : ""), 0);
	}
	buffer_finish(out);
	buffer_init(out, 8 * 1024 * 1024);
	put(out, "HTTP/1.1 %d X\r\n%s: %s\r\n%sContent-Length: %zu\r\n\r\n", reply->status,
		scene->no_date ? "X-Date" : "Date", put_date(scene, date),
		reply->headers != NULL ? reply->headers : "", body.len);
	assert_int_equal(buffer_append(out, body.data, body.len), 0);
	buffer_finish(&body);
	scene->answer = (struct peer_answer){ out->data, out->len, PEER_KEEP };
	return &scene->answer;
}

/* ---- the scene ---- */

static void changed(void *user, struct forge *forge) {
	((struct scene *)user)->n_changed++;
}

struct github *scene_github(struct scene *scene) {
	return github_of(scene->forge);
}

void scene_set(struct scene *scene, struct scene_reply *replies, size_t n) {
	scene->replies = replies;
	scene->n_replies = n;
}

void scene_open(struct scene *scene, const char *token) {
	static const struct http_options options = { 0 };

	memset(scene, 0, sizeof(*scene));
	memset(hurried, 0, sizeof(hurried));
	current = scene;
	scene->now_ms = SCENE_NOW;
	clock_set_source(scene_now, scene);
	for (size_t i = 0; i < ARRAY_SIZE(scene->answers); i++) {
		buffer_init(&scene->answers[i], 1);
	}
	(void)TEXT_SET(scene->dir, "/tmp/test-github-XXXXXX");
	assert_non_null(mkdtemp(scene->dir));
	assert_int_equal(setenv("SCENE_TOKEN", token, 1), 0);
	assert_int_equal(uv_loop_init(&scene->loop), 0);
	assert_int_equal(http_open(&scene->loop, &options, &scene->http), 0);
	peer_open(&scene->peer, &scene->loop, NULL, 0);
	scene->peer.choose = choose;
	scene->config = (struct config_forge){ .name = "hub", .type = "github" };
	(void)TEXT_SET(scene->config.token, "env:SCENE_TOKEN");
	(void)text_format(scene->config.api_url, sizeof(scene->config.api_url),
		"http://127.0.0.1:%d", scene->peer.port);
	(void)text_format(scene->config.graphql_url, sizeof(scene->config.graphql_url),
		"http://127.0.0.1:%d/graphql", scene->peer.port);
}

void scene_start(struct scene *scene) {
	json_t *memories = scene->memory != NULL ? json_pack("{s:O}", "hub", scene->memory) : NULL;
	const struct forge_options options = {
		.loop = &scene->loop,
		.config = &scene->config,
		.state_dir = scene->dir,
		.http = scene->http,
		.memories = memories,
		.changed = changed,
		.user = scene,
	};

	assert_int_equal(forge_open(&options, &scene->forge), 0);
	json_decref(memories);
}

void scene_run(struct scene *scene, const int *n, int wanted) {
	while (*n < wanted) {
		assert_int_not_equal(uv_run(&scene->loop, UV_RUN_ONCE), 0);
	}
	assert_int_equal(*n, wanted);
}

void scene_run_requests(struct scene *scene, size_t n) {
	while (scene->n_lines < n) {
		assert_int_not_equal(uv_run(&scene->loop, UV_RUN_ONCE), 0);
	}
}

static void forge_closed(void *user) {
	((struct scene *)user)->forge = NULL;
}

void scene_close_forge(struct scene *scene) {
	forge_close(scene->forge, forge_closed, scene);
	while (scene->forge != NULL) {
		(void)uv_run(&scene->loop, UV_RUN_ONCE);
	}
	memset(hurried, 0, sizeof(hurried));
}

static void http_closed(void *user) {
	((struct scene *)user)->closed = true;
}

void scene_close(struct scene *scene) {
	if (scene->forge != NULL) {
		scene_close_forge(scene);
	}
	http_close(scene->http, http_closed, scene);
	peer_close(&scene->peer);
	assert_int_equal(uv_run(&scene->loop, UV_RUN_DEFAULT), 0);
	assert_true(scene->closed);
	assert_int_equal(uv_loop_close(&scene->loop), 0);
	for (size_t i = 0; i < ARRAY_SIZE(scene->answers); i++) {
		buffer_finish(&scene->answers[i]);
	}
	json_decref(scene->memory);
	assert_int_equal(fd_remove_tree(scene->dir), 0);
	clock_set_source(NULL, NULL);
}

size_t scene_count(const struct scene *scene, const char *what) {
	size_t n = 0;

	for (size_t i = 0; i < scene->n_lines; i++) {
		n += strncmp(scene->lines[i], what, strlen(what)) == 0 ? 1 : 0;
	}
	return n;
}
