#include "tests/unit/forge/fake_github.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"

struct fake fake;

static int64_t now_ms(void *user) {
	(void)user;
	return fake.now_ms;
}

void fake_begin(void) {
	fake_end();
	fake.now_ms = INT64_C(1758245293693);
	fake.next_id = 1000;
	fake.pulls = json_array();
	fake.check_runs = json_array();
	fake.github.identity.user_id = FAKE_US;
	(void)TEXT_SET(fake.github.login, "codegend-bot");
	(void)TEXT_SET(fake.github.config.label, "codegen");
	(void)TEXT_SET(fake.github.config.ignore_label, "codegen:ignore");
	fake.github.config.settle_ms = 2 * CLOCK_MINUTE_MS;
	clock_set_source(now_ms, NULL);
}

void fake_end(void) {
	for (size_t i = 0; i < fake.n_items; i++) {
		free(fake.items[i].body);
	}
	json_decref(fake.pulls);
	json_decref(fake.check_runs);
	json_decref(fake.body);
	json_decref(fake.last_body);
	json_decref(fake.last_head);
	fake = (struct fake){ 0 };
}

void fake_fail(const char *method, const char *path, enum fake_effect effect, int answer) {
	fake.faults[fake.n_faults++] = (struct fake_fault){
		.method = method, .path = path, .effect = effect, .answer = answer
	};
}

struct fake_item *fake_add(int64_t number, int64_t on, int64_t author, const char *body) {
	struct fake_item *item = &fake.items[fake.n_items++];

	assert_true(fake.n_items <= FAKE_ITEMS_MAX);
	*item = (struct fake_item){ .id = fake.next_id++,
		.number = number,
		.on = on,
		.author = author,
		.created_ms = fake.now_ms,
		.body = strdup(body) };
	return item;
}

static bool is_there(const struct fake_item *item) {
	return !item->deleted && item->appears_ms <= fake.now_ms;
}

static bool is_of_kind(const struct fake_item *item, const char *kind) {
	char line[64];

	(void)text_format(line, sizeof(line), "<!-- codegend:v1 %s ", kind);
	return strncmp(item->body, line, strlen(line)) == 0;
}

size_t fake_count(const char *kind) {
	size_t n = 0;

	for (size_t i = 0; i < fake.n_items; i++) {
		n += is_there(&fake.items[i]) && !fake.items[i].closed &&
			fake.items[i].author == FAKE_US && is_of_kind(&fake.items[i], kind);
	}
	return n;
}

struct fake_item *fake_find(const char *kind) {
	for (size_t i = 0; i < fake.n_items; i++) {
		if (is_there(&fake.items[i]) && fake.items[i].author == FAKE_US &&
			is_of_kind(&fake.items[i], kind)) {
			return &fake.items[i];
		}
	}
	return NULL;
}

size_t fake_asked(const char *part) {
	size_t n = 0;

	for (size_t i = 0; i < fake.n_lines; i++) {
		n += strstr(fake.lines[i], part) != NULL;
	}
	return n;
}

/* ---- a GitHub ---- */

static json_t *view(const struct fake_item *item) {
	char when[CLOCK_TEXT_MAX], url[128];
	json_t *value;

	(void)text_format(url, sizeof(url), "https://github.com/acme/web/%s/%lld",
		item->number > 0 ? "issues" : "comments", (long long)item->id);
	value = json_pack("{s:I, s:{s:I}, s:n, s:s, s:s, s:s}", "id", (json_int_t)item->id, "user",
		"id", (json_int_t)item->author, "performed_via_github_app", "created_at",
		clock_format(item->created_ms, when), "html_url", url, "body", item->body);
	if (item->number > 0) {
		(void)json_object_set_new(value, "number", json_integer(item->number));
		(void)json_object_set_new(
			value, "state", json_string(item->closed ? "closed" : "open"));
	}
	return value;
}

static long number_in(const char *name) {
	const char *at = strstr(fake.path, name);

	long number = 0;

	for (at = at != NULL ? at + strlen(name) : ""; isdigit((unsigned char)*at); at++) {
		number = 10 * number + (*at - '0');
	}
	return number;
}

/* Ascending by id, issues descending, as GitHub has it; `on` 0: issues. */
static json_t *list_items(int64_t on) {
	json_t *all = json_array(), *page = json_array();
	long n = MAX(number_in("per_page="), 1), at = MAX(number_in("&page="), 1);

	for (size_t i = 0; i < fake.n_items; i++) {
		const struct fake_item *item = &fake.items[on > 0 ? i : fake.n_items - 1 - i];

		if (is_there(item) && item->on == on) {
			(void)json_array_append_new(all, view(item));
		}
	}
	for (long i = (at - 1) * n; i < at * n && i < (long)json_array_size(all); i++) {
		(void)json_array_append(page, json_array_get(all, (size_t)i));
	}
	fake.call->http.remote_us = (long)json_array_size(all) > at * n ? at + 1 : 0;
	json_decref(all);
	return page;
}

static struct fake_item *item_of(const char *before, bool is_issue) {
	long wanted = number_in(before);

	for (size_t i = 0; i < fake.n_items; i++) {
		struct fake_item *item = &fake.items[i];

		if (is_there(item) && (is_issue ? item->number : item->id) == wanted &&
			(item->number > 0) == is_issue) {
			return item;
		}
	}
	return NULL;
}

static int change_item(struct fake_item *item, json_t **ret) {
	const char *body = json_string_value(json_object_get(fake.body, "body"));
	const char *state = json_string_value(json_object_get(fake.body, "state"));
	const char *reason = json_string_value(json_object_get(fake.body, "state_reason"));

	if (item == NULL) {
		return 404;
	}
	if (body != NULL) {
		free(item->body);
		item->body = strdup(body);
	}
	if (state != NULL) {
		item->closed = strcmp(state, "closed") == 0;
		(void)TEXT_SET(item->reason, reason);
	}
	*ret = view(item);
	return 200;
}

static int make_item(int64_t number, int64_t on, int64_t appears_ms, json_t **ret) {
	const char *body = json_string_value(json_object_get(fake.body, "body"));
	struct fake_item *item;

	assert_non_null(body);
	item = fake_add(number, on, FAKE_US, body);
	item->appears_ms = appears_ms;
	if (number > 0) {
		(void)TEXT_SET(item->title, json_string_value(json_object_get(fake.body, "title")));
	}
	*ret = view(item);
	return 201;
}

static int get(json_t **ret) {
	if (strstr(fake.path, "/branches/") != NULL) {
		*ret = json_pack(
			"{s:s, s:{s:s?}}", "name", "fix/it", "commit", "sha", fake.branch_sha);
		return 200;
	}
	if (strstr(fake.path, "/git/ref/tags/") != NULL) {
		*ret = json_pack("{s:s}", "ref", "refs/tags/fix/it");
		return fake.has_tag ? 200 : 404;
	}
	if (strstr(fake.path, "/pulls?") != NULL) {
		*ret = json_deep_copy(fake.pulls);
		return 200;
	}
	if (strstr(fake.path, "/pulls/") != NULL) {
		for (size_t i = 0; i < json_array_size(fake.pulls); i++) {
			json_t *pull = json_array_get(fake.pulls, i);

			if (json_integer_value(json_object_get(pull, "number")) ==
				number_in("/pulls/")) {
				*ret = json_deep_copy(pull);
				return 200;
			}
		}
		return 404;
	}
	if (strstr(fake.path, "/permission") != NULL) {
		*ret = json_pack("{s:s?}", "permission", fake.permission);
		return fake.permission != NULL ? 200 : 404;
	}
	if (strstr(fake.path, "/comments?") != NULL) {
		*ret = list_items(number_in("/issues/"));
		return 200;
	}
	if (strstr(fake.path, "/check-runs?") != NULL) {
		*ret = json_pack("{s:O}", "check_runs", fake.check_runs);
		return 200;
	}
	assert_non_null(strstr(fake.path, "/issues?"));
	*ret = list_items(0);
	return 200;
}

static int change(int64_t appears_ms, json_t **ret) {
	bool is_post = strcmp(fake.method, "POST") == 0;
	struct fake_item *item;

	if (strstr(fake.path, "/statuses/") != NULL || strstr(fake.path, "/check-runs") != NULL) {
		json_decref(fake.last_head);
		fake.last_head = json_incref(fake.body);
		*ret = json_object();
		return 201;
	}
	if (strstr(fake.path, "/labels") != NULL) {
		bool again = strstr(fake.path, "/issues/") == NULL && fake.has_label;

		fake.has_label = true;
		if (fake.drops_labels && strstr(fake.path, "/issues/") != NULL) {
			*ret = json_pack("[{s:s}]", "name", "bug");
			return 200;
		}
		*ret = json_object();
		return again ? 422 : 201;
	}
	if (strcmp(fake.method, "DELETE") == 0) {
		item = item_of("/comments/", false);
		if (item != NULL) {
			item->deleted = true;
		}
		return item != NULL ? 204 : 404;
	}
	json_decref(fake.last_body);
	fake.last_body = json_incref(fake.body);
	if (strstr(fake.path, "/issues/comments/") != NULL) {
		return change_item(item_of("/comments/", false), ret);
	}
	if (is_post && strstr(fake.path, "/comments") != NULL) {
		return make_item(0, number_in("/issues/"), appears_ms, ret);
	}
	return is_post ? make_item(fake.next_id++ - 900, 0, appears_ms, ret)
		       : change_item(item_of("/issues/", true), ret);
}

/* ---- faults ---- */

/* The fault for what is next; one is used once. */
static struct fake_fault take_fault(const char *method, const char *path) {
	for (size_t i = 0; i < fake.n_faults; i++) {
		struct fake_fault *fault = &fake.faults[i], found = *fault;

		if ((fault->method != NULL && strcmp(fault->method, method) != 0) ||
			(fault->path != NULL && strstr(path, fault->path) == NULL) ||
			fault->skip-- > 0) {
			continue;
		}
		if (!fault->always) {
			memmove(fault, fault + 1, (--fake.n_faults - i) * sizeof(*fault));
		}
		return found;
	}
	return (struct fake_fault){ 0 };
}

/* ---- the client ---- */

bool github_encode(const char *text, char *out, size_t size) {
	size_t len = 0;

	for (; *text != '\0' && len + 4 < size; text++) {
		bool plain = isalnum((unsigned char)*text) || strchr("-._~", *text) != NULL;

		len += (size_t)snprintf(
			out + len, size - len, plain ? "%c" : "%%%02X", (unsigned char)*text);
	}
	return *text == '\0';
}

const char *github_repo_path(const char *project, char out[GITHUB_PATH_MAX]) {
	(void)text_format(out, GITHUB_PATH_MAX, "/repos/%s", project);
	return out;
}

/* Nothing is moved there. */
const char *github_path_of_url(const struct github *github, const char *url) {
	return NULL;
}

int github_next_page(const struct github_call *call, char out[LIMIT_URL_MAX]) {
	const char *page = strstr(fake.path, "&page=");

	out[0] = '\0';
	if (call->http.remote_us == 0) { /* where the fake keeps the number of the next page */
		return 0;
	}
	(void)text_format(out, LIMIT_URL_MAX, "%s%.*s&page=%lld",
		fake.pages_elsewhere ? "https://elsewhere.example" : "",
		(int)(page != NULL ? page - fake.path : (long)strlen(fake.path)), fake.path,
		(long long)call->http.remote_us);
	return fake.pages_elsewhere ? -EREMOTE : 1;
}

int github_send(struct github *github, struct github_call *call, const struct github_ask *ask,
	void (*done)(struct github_call *call, int status)) {
	(void)github;
	assert_null(fake.call);
	assert_null(fake.recording);
	if (fake.crashed) {
		return -ESHUTDOWN;
	}
	fake.call = call;
	fake.answer = done;
	call->kind = ask->kind;
	(void)TEXT_SET(fake.method, ask->method);
	(void)TEXT_SET(fake.path, ask->path);
	json_decref(fake.body);
	fake.body = ask->body != NULL ? json_loads(ask->body, 0, NULL) : NULL;
	assert_true(ask->body == NULL || fake.body != NULL);
	assert_true(ask->subject[0] != '\0');
	assert_int_equal(
		ask->kind, strcmp(ask->method, "GET") == 0 ? GITHUB_CALL_READ : GITHUB_CALL_WRITE);
	assert_true(fake.n_lines < FAKE_LINES_MAX);
	(void)text_format(
		fake.lines[fake.n_lines++], sizeof(fake.lines[0]), "%s %s", ask->method, ask->path);
	return 0;
}

void github_call_finish(struct github_call *call) {
	buffer_finish(&call->http.answer);
	*call = (struct github_call){ .user = call->user };
	buffer_init(&call->http.answer, LIMIT_HTTP_ANSWER_MAX_BYTES);
}

static void end_call(int status) {
	struct github_call *call = TAKE_PTR(fake.call);

	fake.answer(call, status);
}

void github_cancel(struct github_call *call) {
	if (fake.call == call) {
		call->doubtful = call->kind == GITHUB_CALL_WRITE;
		call->passing = true;
		(void)TEXT_SET(call->sentence, "Cancelled.");
		end_call(-ECANCELED);
	}
}

int github_identify(struct github *github, const char *project, struct github_wait *wait,
	void (*done)(struct github_wait *wait, int status)) {
	(void)github;
	(void)project;
	fake.wait = wait;
	fake.wait_done = done;
	return fake.crashed ? -ESHUTDOWN : 0;
}

void github_wait_cancel(struct github_wait *wait) {
	fake.wait = NULL;
	fake.wait_done(wait, -ECANCELED);
}

void forge_publish_finish(struct forge_publish *publish, int status) {
	(void)publish;
	assert_false(fake.done);
	fake.done = true;
	fake.status = status;
}

/* ---- answers ---- */

static enum budget_meaning meaning_of(int http_status) {
	switch (http_status) {
	case 302: return BUDGET_MOVED;
	case 401: return BUDGET_UNAUTHORIZED;
	case 403: return BUDGET_NOT_ALLOWED;
	case 404: return BUDGET_NOT_FOUND;
	case 410: return BUDGET_GONE;
	case 429: return BUDGET_LIMITED;
	default: break;
	}
	return http_status >= 500    ? BUDGET_NO_ANSWER
		: http_status >= 400 ? BUDGET_INVALID
				     : BUDGET_OK;
}

/* Of a write: it was certainly not done. */
static bool is_refusal(int http_status) {
	enum budget_meaning meaning = meaning_of(http_status);

	return meaning == BUDGET_NOT_ALLOWED || meaning == BUDGET_NOT_FOUND ||
		meaning == BUDGET_GONE || meaning == BUDGET_INVALID;
}

static void fill_answer(int http_status, const json_t *value, bool no_json) {
	struct github_call *call = fake.call;
	_cleanup_(freep) char *text = no_json ? strdup("<html>") : json_dumps(value, 0);

	call->http.http_status = http_status;
	call->meaning = meaning_of(http_status);
	call->passing = http_status >= 500 || http_status == 401 || http_status == 429;
	call->doubtful = call->kind == GITHUB_CALL_WRITE && call->meaning != BUDGET_OK &&
		!is_refusal(http_status);
	if (text != NULL) {
		assert_int_equal(buffer_append_str(&call->http.answer, text), 0);
	}
	if (call->meaning != BUDGET_OK) {
		(void)text_format(
			call->sentence, sizeof(call->sentence), "GitHub said %d.", http_status);
	}
}

static void answer_call(void) {
	struct fake_fault fault = take_fault(fake.method, fake.path);
	bool is_write = fake.call->kind == GITHUB_CALL_WRITE;
	json_t *value = NULL;
	int status = fault.answer >= 100 ? fault.answer : 200;

	if (!is_write) {
		status = fault.answer >= 100 ? status : get(&value);
	} else if (fault.effect != FAKE_NONE && fault.answer != FAKE_NOT_SENT &&
		(fault.answer < 100 || !is_refusal(fault.answer))) {
		int made =
			change(fault.effect == FAKE_LATE ? fake.now_ms + fault.late_ms : 0, &value);

		status = fault.answer >= 100 ? status : made;
	}
	if (fault.answer == FAKE_CRASH) {
		fake.crashed = true;
	} else if (fault.answer == FAKE_STOP) {
		github_publish_cancel(fake.publish);
	} else if (fault.answer == FAKE_TOO_LONG) {
		end_call(-EMSGSIZE);
	} else if (fault.answer == FAKE_RESET || fault.answer == FAKE_NOT_SENT) {
		fake.call->passing = true;
		fake.call->doubtful = is_write && fault.answer == FAKE_RESET;
		(void)TEXT_SET(fake.call->sentence, "GitHub did not answer.");
		end_call(fault.answer == FAKE_RESET ? -ECONNRESET : -EAGAIN);
	} else {
		fill_answer(status, value, fault.answer == FAKE_NO_JSON);
		end_call(0);
	}
	json_decref(value);
}

static void commit(void) {
	size_t i = 0;

	while (i < fake.n_disk &&
		(fake.disk[i].kind != fake.record.kind ||
			fake.disk[i].task_id != fake.record.task_id)) {
		i++;
	}
	assert_true(i < ARRAY_SIZE(fake.disk));
	fake.disk[i] = fake.record;
	fake.n_disk = MAX(fake.n_disk, i + 1);
	fake.n_commits++;
}

/* FAKE_NONE: it is not on disk. */
static void answer_record(void) {
	struct fake_fault fault = take_fault("COMMIT", "");
	struct forge_publish *publish = TAKE_PTR(fake.recording);

	if (fault.answer == FAKE_STOP) {
		github_publish_cancel(publish);
	}
	if (fault.effect != FAKE_NONE) {
		commit();
	}
	if (fault.answer == FAKE_CRASH) {
		fake.crashed = true;
		fake.recording = publish;
	} else {
		github_publish_recorded(publish, fault.effect == FAKE_NONE ? -EIO : 0);
	}
}

int fake_record(struct forge_publish *publish, const struct post *post) {
	assert_null(fake.call);
	assert_null(fake.recording);
	if (fake.crashed) {
		return -ESHUTDOWN;
	}
	fake.recording = publish;
	fake.record = *post;
	return 0;
}

void fake_pump(void) {
	while (!fake.done && !fake.crashed) {
		if (fake.wait != NULL) {
			(void)TEXT_SET(fake.wait->sentence, "GitHub does not tell who we are.");
			fake.wait_done(TAKE_PTR(fake.wait), fake.wait_status);
		} else if (fake.recording != NULL) {
			answer_record();
		} else {
			assert_non_null(fake.call);
			answer_call();
		}
	}
}
