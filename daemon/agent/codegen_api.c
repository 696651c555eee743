#include "daemon/agent/codegen_api.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/redact/redact.h"
#include "common/text.h"

/* Of a text that is cut in the end, so many times that length is looked at: cleaning makes it shorter. */
#define SURPLUS 4

static const struct {
	const char *word;
	enum codegen_phase phase;
	const char *phrase;
} statuses[] = {
	{ "BLOCKED", CODEGEN_ASKS, "waits for a person" },
	{ "CANCELED", CODEGEN_OVER, "was cancelled there" },
	{ "CANCELLED", CODEGEN_OVER, "was cancelled there" },
	{ "COMPLETE", CODEGEN_OVER, "is complete" },
	{ "COMPLETED", CODEGEN_OVER, "is complete" },
	{ "ERROR", CODEGEN_OVER, "ended with an error" },
	{ "FAILED", CODEGEN_OVER, "failed" },
	{ "NEEDS_INPUT", CODEGEN_ASKS, "waits for a person's answer" },
	{ "PAUSED", CODEGEN_ASKS, "is paused until a person goes on with it" },
	{ "STOPPED", CODEGEN_OVER, "was stopped there" },
	{ "WAITING_FOR_APPROVAL", CODEGEN_ASKS, "waits for a person's approval" },
	{ "WAITING_FOR_INPUT", CODEGEN_ASKS, "waits for a person's answer" },
	{ "WAITING_FOR_USER", CODEGEN_ASKS, "waits for a person's answer" },
};

enum codegen_phase codegen_phase(const char *status, const char **ret_phrase) {
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (strcasecmp(statuses[i].word, status) == 0) {
			*ret_phrase = statuses[i].phrase;
			return statuses[i].phase;
		}
	}
	*ret_phrase = "is at work";
	return CODEGEN_WORKS;
}

/* ---- fields ---- */

/* A NUL in a text is no reason to lose a run: it is cleaned away where it is shown. */
static int load(const char *body, size_t len, json_t **ret_value) {
	json_error_t error;
	json_t *value = json_loadb(body, len, JSON_ALLOW_NUL, &error);

	if (!value) {
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
	}
	*ret_value = value;
	return 0;
}

/* The text of a member; NULL: it is none, or holds a NUL. */
static const char *get_text(const json_t *object, const char *name) {
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

static int64_t get_id(const json_t *object) {
	const json_t *id = json_object_get(object, "id");

	return json_is_integer(id) && json_integer_value(id) > 0 ? json_integer_value(id) : 0;
}

/* RFC 3339; a time without a zone is in UTC, and may have a blank before the hour. */
static int64_t get_time(const json_t *object, const char *name) {
	const char *text = get_text(object, name);
	char copy[CLOCK_TEXT_MAX * 2];
	size_t len;
	int64_t ms;

	if (!text || !text_copy(copy, sizeof(copy) - 1, text)) {
		return 0;
	}
	if (clock_parse(copy, &ms) == 0) {
		return MAX(ms, 0);
	}
	len = strlen(copy);
	if (len > strlen("2025-01-01") && copy[strlen("2025-01-01")] == ' ') {
		copy[strlen("2025-01-01")] = 'T';
	}
	copy[len] = 'Z';
	copy[len + 1] = '\0';
	return clock_parse(copy, &ms) == 0 ? MAX(ms, 0) : 0;
}

/* A URL as it is; "" when it does not fit, or is not one to show. */
static void take_url(const json_t *object, const char *name, char out[LIMIT_URL_MAX]) {
	const char *url = get_text(object, name);

	out[0] = '\0';
	if (!url || strlen(url) >= LIMIT_URL_MAX || !text_is_web_url(url)) {
		return;
	}
	for (const char *c = url; *c; c++) {
		if (!isgraph((unsigned char)*c) || *c == '"' || *c == '<' || *c == '>') {
			return;
		}
	}
	text_copy(out, LIMIT_URL_MAX, url);
}

static void make_one_line(char *text) {
	for (char *c = text; *c; c++) {
		*c = *c == '\n' || *c == '\t' || *c == '\r' ? ' ' : *c;
	}
}

/* Fit to be shown, redacted and cut. Returns: 0; -ENOMEM. */
static int take_text(const json_t *value, char *out, size_t size) {
	_cleanup_(freep) char *clean = NULL;
	size_t len;

	out[0] = '\0';
	if (!json_is_string(value) || json_string_length(value) == 0) {
		return 0;
	}
	len = MIN(json_string_length(value), size * SURPLUS);
	clean = text_clean(json_string_value(value), text_cut(json_string_value(value), len));
	if (!clean || redact_text(&clean, NULL) < 0) {
		return -ENOMEM;
	}
	text_copy(out, size, clean);
	return 0;
}

/* ---- a run ---- */

/* The number in "https://HOST/PROJECT/pull/NUMBER"; 0: it is no such URL. */
static int64_t get_pull_number(const char *url, const char *project) {
	static const char pull[] = "/pull/";
	const char *host = strstr(url, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;
	size_t len = strlen(project);
	int64_t number;

	if (!path || strncasecmp(path + 1, project, len) != 0 ||
		strncmp(path + 1 + len, pull, strlen(pull)) != 0 ||
		text_to_int(path + 1 + len + strlen(pull), &number) < 0) {
		return 0;
	}
	return MAX(number, 0);
}

static void take_pulls(const json_t *list, const char *project, struct codegen_view *view) {
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		struct codegen_pull *pull = &view->pulls[view->n_pulls];
		const char *branch = get_text(item, "head_branch_name");

		if (view->n_pulls == ARRAY_SIZE(view->pulls)) {
			return;
		}
		*pull = (struct codegen_pull){ 0 };
		take_url(item, "url", pull->url);
		if (!*pull->url) {
			continue;
		}
		pull->number = get_pull_number(pull->url, project);
		if (branch && text_is_name(branch, sizeof(pull->branch))) {
			TEXT_SET(pull->branch, branch);
		}
		view->n_pulls++;
	}
}

static int take_run(const json_t *object, const char *project, struct codegen_view *ret_view) {
	const json_t *summary = json_object_get(object, "summary");
	struct codegen_view view = { .id = get_id(object) };
	int r;

	if (view.id == 0) {
		return -EBADMSG;
	}
	view.created_ms = get_time(object, "created_at");
	r = take_text(json_object_get(object, "status"), view.status, sizeof(view.status));
	if (r == 0) {
		r = take_text(json_string_length(summary) > 0 ? summary
							      : json_object_get(object, "result"),
			view.summary, sizeof(view.summary));
	}
	if (r < 0) {
		return r;
	}
	make_one_line(view.status);
	take_url(object, "web_url", view.url);
	take_pulls(json_object_get(object, "github_pull_requests"), project, &view);
	*ret_view = view;
	return 0;
}

int codegen_decode_run(
	const char *body, size_t len, const char *project, struct codegen_view *ret_view) {
	_cleanup_(json_decrefp) json_t *run = NULL;
	int r = load(body, len, &run);

	return r < 0 ? r : take_run(run, project, ret_view);
}

/* ---- lists ---- */

/* A page and its items. `*ret_page` is a new reference, the items are within it. */
static int load_page(const char *body, size_t len, json_t **ret_page, const json_t **ret_items) {
	_cleanup_(json_decrefp) json_t *page = NULL;
	int r = load(body, len, &page);

	if (r < 0) {
		return r;
	}
	*ret_items = json_object_get(page, "items");
	if (!json_is_array(*ret_items)) {
		return -EBADMSG;
	}
	*ret_page = TAKE_PTR(page);
	return 0;
}

/* A page may be shorter than we asked for: `total`, or an empty page, ends the list. */
static void advance(
	struct codegen_pages *pages, const json_t *page, size_t n_items, size_t max_pages) {
	const json_t *total = json_object_get(page, "total");

	pages->skip += n_items;
	pages->n_pages++;
	if (n_items == 0 ||
		(json_is_integer(total) && json_integer_value(total) >= 0 &&
			(json_int_t)pages->skip >= json_integer_value(total))) {
		pages->is_over = true;
	} else if (pages->n_pages >= max_pages) {
		pages->is_over = pages->is_cut = true;
	}
}

static bool is_of(const json_t *run, const char *task, const char *project) {
	const json_t *metadata = json_object_get(run, "metadata");

	return text_equal(get_text(metadata, "codegend_task"), task) &&
		text_equal(get_text(metadata, "project"), project);
}

/* Of two the one that began first is kept. */
static void take_found(struct codegen_search *search, const struct codegen_view *view) {
	const struct codegen_view *other = view;

	if (search->n_found > 0 && view->id == search->oldest.id) {
		return; /* on two pages, since the list grew meanwhile */
	}
	search->n_found++;
	if (search->n_found == 1) {
		search->oldest = *view;
		return;
	}
	if (view->id < search->oldest.id) {
		other = &search->oldest;
	}
	if (other->id > search->other_id) {
		search->other_id = other->id;
		TEXT_SET(search->other_url, other->url);
	}
	if (view->id < search->oldest.id) {
		search->oldest = *view;
	}
}

/* Whether what comes behind this page is older than what is looked for: only if it is in order as far as we can see. */
static bool is_past(const json_t *items, int64_t since_ms) {
	int64_t last_ms = INT64_MAX;
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item) {
		int64_t ms = get_time(item, "created_at");

		if (ms == 0 || ms > last_ms) {
			return false;
		}
		last_ms = ms;
	}
	return last_ms < since_ms;
}

/* Takes one item. Returns: 0; 1, no further one matters; -errno. */
typedef int take_fn(void *user, const json_t *item);

/* `since_ms`: items that are older than that end the list; 0: none is. */
static int take_page(const char *body, size_t len, struct codegen_pages *pages, size_t max_pages,
	int64_t since_ms, take_fn *take, void *user) {
	_cleanup_(json_decrefp) json_t *page = NULL;
	const json_t *items, *item;
	size_t i;
	int r = load_page(body, len, &page, &items);

	if (r < 0) {
		return r;
	}
	json_array_foreach(items, i, item) {
		r = take(user, item);
		if (r != 0) {
			pages->is_over |= r > 0;
			return MIN(r, 0);
		}
	}
	advance(pages, page, json_array_size(items), max_pages);
	if (is_past(items, since_ms)) {
		pages->is_over = true;
		pages->is_cut = false;
	}
	return 0;
}

/* Ours, whatever it is, fails when it cannot be read: nobody may think that there is none. */
static int take_searched(void *user, const json_t *item) {
	struct codegen_search *search = user;
	struct codegen_view view;
	int r;

	if (!is_of(item, search->task, search->project)) {
		return 0;
	}
	r = take_run(item, search->project, &view);
	if (r == 0) {
		take_found(search, &view);
	}
	return r;
}

int codegen_search_page(struct codegen_search *search, const char *body, size_t len) {
	return take_page(body, len, &search->pages, LIMIT_AGENT_RUN_PAGES, search->since_ms,
		take_searched, search);
}

static int take_repository(void *user, const json_t *item) {
	struct codegen_lookup *lookup = user;
	const char *name = get_text(item, "full_name");

	if (!name || strcasecmp(name, lookup->project) != 0 || get_id(item) <= 0) {
		return 0;
	}
	lookup->repository = get_id(item);
	return 1;
}

int codegen_lookup_page(struct codegen_lookup *lookup, const char *body, size_t len) {
	return take_page(body, len, &lookup->pages, LIMIT_AGENT_REPOSITORY_PAGES, 0,
		take_repository, lookup);
}

/* ---- what is sent, and why it is refused ---- */

char *codegen_encode_order(const struct codegen_order *order) {
	_cleanup_(json_decrefp) json_t *body = json_pack("{s:s, s:I, s:{s:s, s:s, s:s, s:s}}",
		"prompt", order->prompt, "repo_id", (json_int_t)order->repository, "metadata",
		"codegend_task", order->task, "codegend_incident", order->incident, "project",
		order->project, "branch", order->branch);

	return body ? json_dumps(body, JSON_COMPACT) : NULL;
}

void codegen_decode_message(const char *body, size_t len, char *out, size_t size) {
	_cleanup_(json_decrefp) json_t *object = NULL;
	const json_t *detail, *message;

	out[0] = '\0';
	if (load(body, len, &object) < 0) {
		return;
	}
	message = json_object_get(object, "message");
	detail = json_object_get(object, "detail");
	message = json_is_string(message) ? message
		: json_is_string(detail)  ? detail
					  : json_object_get(json_array_get(detail, 0), "msg");
	if (take_text(message, out, size) < 0) {
		out[0] = '\0';
	}
	make_one_line(out);
}
