/*
 * What we say on the head itself: a commit status, or of an App a check run. It never blocks anybody, and what fails
 * here is logged and fails nothing.
 */
#include <errno.h>
#include <string.h>

#include "common/id.h"
#include "common/text.h"
#include "daemon/forge/github_json.h"
#include "daemon/forge/github_publish.h"

#define WHOLE_SHA 40

static bool is_whole(const char *sha) {
	return strlen(sha) == WHOLE_SHA && strspn(sha, "0123456789abcdef") == WHOLE_SHA;
}

/* The newest head that is known; "" when none is. */
static const char *head(const struct github_publishing *p) {
	const struct incident *incident = p->publish->incident;

	if (is_whole(p->head_sha)) {
		return p->head_sha;
	}
	return is_whole(incident->verdict.head_sha) ? incident->verdict.head_sha
		: is_whole(incident->head_sha)	    ? incident->head_sha
						    : "";
}

/* ---- asking ---- */

static int ask(struct github_publishing *p, struct github_request *request) {
	int r;

	(void)text_format(request->subject, sizeof(request->subject), "commit %.12s of %s", head(p),
		github_publish_project(p));
	r = github_publish_try(p, request);
	p->head_state = r == 0 ? GITHUB_HEAD_END : p->head_state;
	return r;
}

/* A URL for people, when there is one. */
static void add_url(const struct github_publishing *p, json_t *body, const char *name) {
	const struct post *row = NULL;

	for (size_t i = 0; i < p->n_rows; i++) {
		row = p->rows[i].kind == POST_STATUS ? &p->rows[i] : row;
	}
	if (row != NULL && row->url[0] != '\0') {
		(void)json_object_set_new(body, name, json_string(row->url));
	}
}

/* Always green, so that it never blocks. */
static int put_status(struct github_publishing *p) {
	char words[LIMIT_SUBJECT_MAX];
	struct github_request request = { .method = "POST",
		.body = json_pack("{s:s, s:s, s:s}", "state", "success", "context",
			GITHUB_HEAD_CONTEXT, "description", github_words_head(p, words)) };

	p->head_state = GITHUB_HEAD_PUT;
	add_url(p, request.body, "target_url");
	github_request_path(&request, p, "/statuses/%s", head(p));
	return ask(p, &request);
}

static int list_check_runs(struct github_publishing *p) {
	struct github_request request = { .method = "GET" };
	char name[64];

	p->head_state = GITHUB_HEAD_LISTED;
	(void)github_encode(GITHUB_HEAD_CONTEXT, name, sizeof(name));
	github_request_path(&request, p,
		"/commits/%s/check-runs?check_name=%s&filter=all&per_page=%d", head(p), name,
		LIMIT_GITHUB_PAGE);
	return ask(p, &request);
}

/* `id` 0: a new one. */
static int put_check_run(struct github_publishing *p, int64_t id) {
	char words[LIMIT_SUBJECT_MAX], incident[ID_TEXT_MAX];
	const char *text = github_words_head(p, words);
	struct github_request request = { .method = id == 0 ? "POST" : "PATCH",
		.body = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "name", GITHUB_HEAD_CONTEXT,
			"status", "completed", "conclusion", "neutral", "external_id",
			id_format(ID_INCIDENT, p->publish->incident->id, incident), "output",
			"title", text, "summary", text) };

	p->head_state = GITHUB_HEAD_PUT;
	add_url(p, request.body, "details_url");
	if (id == 0) {
		(void)json_object_set_new(request.body, "head_sha", json_string(head(p)));
		github_request_path(&request, p, "/check-runs");
	} else {
		github_request_path(&request, p, "/check-runs/%lld", (long long)id);
	}
	return ask(p, &request);
}

/* ---- the stage ---- */

static int begin(struct github_publishing *p) {
	if (!p->github->config.show_status || head(p)[0] == '\0') {
		p->head_state = GITHUB_HEAD_END;
		return 0;
	}
	return github_is_app(p->github) ? list_check_runs(p) : put_status(p);
}

static int64_t find_ours(const struct github_publishing *p, const json_t *runs) {
	char incident[ID_TEXT_MAX];

	(void)id_format(ID_INCIDENT, p->publish->incident->id, incident);
	for (size_t i = 0; i < json_array_size(runs); i++) {
		const json_t *run = json_array_get(runs, i);
		const char *id = json_string_value(json_object_get(run, "external_id"));

		if (id != NULL && strcmp(id, incident) == 0 &&
			github_json_id(github_json_at(run, "app", "id", NULL)) ==
				p->github->config.app_id) {
			return github_json_id(json_object_get(run, "id"));
		}
	}
	return 0;
}

/* One too many is no harm. */
static int end_list(struct github_publishing *p) {
	const struct buffer *answer = &p->call.http.answer;
	json_t *value = NULL;
	int64_t id = 0;

	if (github_publish_went_well(p) && github_json_load(answer->data, answer->len, &value) == 0) {
		id = find_ours(p, json_object_get(value, "check_runs"));
		json_decref(value);
	}
	return put_check_run(p, id);
}

static int end_put(struct github_publishing *p) {
	p->head_state = GITHUB_HEAD_END;
	if (!github_publish_went_well(p)) {
		github_publish_tell(p, &github_publish_repository(p)->told_head_status);
	}
	return 0;
}

int github_head_status_step(struct github_publishing *p) {
	int r = 0;

	while (r == 0 && p->head_state != GITHUB_HEAD_END) {
		switch (p->head_state) {
		case GITHUB_HEAD_START: r = begin(p); break;
		case GITHUB_HEAD_LISTED: r = end_list(p); break;
		case GITHUB_HEAD_PUT: r = end_put(p); break;
		case GITHUB_HEAD_END: break;
		}
	}
	return r;
}
