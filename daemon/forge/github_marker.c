#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/text.h"
#include "daemon/forge/github_json.h"
#include "daemon/forge/github_text.h"

#define MARKER_BEGIN "<!-- codegend:"
#define MARKER_VERSION "v1 "
#define MARKER_END " -->"

static const char *const kind_names[GITHUB_POST_KIND_COUNT] = {
	[GITHUB_POST_STATUS] = "status",
	[GITHUB_POST_MENTION] = "mention",
	[GITHUB_POST_ESCALATION] = "escalation",
};

const char *github_marker_format(const struct github_marker *marker, char out[GITHUB_MARKER_MAX]) {
	char incident[ID_TEXT_MAX], task[ID_TEXT_MAX];

	(void)text_format(out, GITHUB_MARKER_MAX,
		MARKER_BEGIN MARKER_VERSION "kind=%s incident=%s%s%s" MARKER_END,
		kind_names[marker->kind], id_format(ID_INCIDENT, marker->incident_id, incident),
		marker->task_id > 0 ? " task=" : "", id_format(ID_TASK, marker->task_id, task));
	return out;
}

static int parse_kind(const char *name, struct github_marker *marker) {
	for (int i = 0; i < GITHUB_POST_KIND_COUNT; i++) {
		if (strcmp(kind_names[i], name) == 0) {
			marker->kind = (enum github_post_kind)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* "name=value"; each at most once. */
static int parse_member(char *member, struct github_marker *marker, bool *has_kind) {
	char *value = strchr(member, '=');

	if (value == NULL) {
		return -EINVAL;
	}
	*value++ = '\0';
	if (strcmp(member, "kind") == 0) {
		bool again = *has_kind;

		*has_kind = true;
		return again ? -EINVAL : parse_kind(value, marker);
	}
	if (strcmp(member, "incident") == 0) {
		return marker->incident_id != 0 ? -EINVAL
						: id_parse(ID_INCIDENT, value, &marker->incident_id);
	}
	if (strcmp(member, "task") == 0) {
		return marker->task_id != 0 ? -EINVAL : id_parse(ID_TASK, value, &marker->task_id);
	}
	return 0;
}

int github_marker_parse(const char *body, struct github_marker *ret_marker) {
	size_t len = strcspn(body, "\r\n"), end_len = strlen(MARKER_END);
	struct github_marker marker = { 0 };
	bool has_kind = false;
	char line[GITHUB_MARKER_MAX], *rest = line, *member;
	int r = 0;

	if (strncmp(body, MARKER_BEGIN, strlen(MARKER_BEGIN)) != 0) {
		return -ENOENT;
	}
	if (len >= sizeof(line) || len < end_len ||
		strncmp(body + len - end_len, MARKER_END, end_len) != 0) {
		return -EINVAL;
	}
	memcpy(line, body, len - end_len);
	line[len - end_len] = '\0';
	rest += strlen(MARKER_BEGIN);
	if (strncmp(rest, MARKER_VERSION, strlen(MARKER_VERSION)) != 0) {
		return -EINVAL;
	}
	rest += strlen(MARKER_VERSION);
	while (r == 0 && (member = strsep(&rest, " ")) != NULL) {
		r = member[0] != '\0' ? parse_member(member, &marker, &has_kind) : 0;
	}
	if (r < 0 || !has_kind || marker.incident_id == 0) {
		return -EINVAL;
	}
	*ret_marker = marker;
	return 0;
}

/* ---- posts ---- */

/* Returns whether it is one. */
static bool read_post(const json_t *item, struct github_post *post) {
	const char *body = json_string_value(json_object_get(item, "body"));
	const char *state = json_string_value(json_object_get(item, "state"));
	const json_t *pull_request = json_object_get(item, "pull_request");

	*post = (struct github_post){
		.id = github_json_id(json_object_get(item, "id")),
		.number = github_json_id(json_object_get(item, "number")),
		.author_id = github_json_id(github_json_at(item, "user", "id", NULL)),
		.app_id = github_json_id(github_json_at(item, "performed_via_github_app", "id", NULL)),
		.created_ms = github_json_time(json_object_get(item, "created_at")),
		.pull_request = json_is_object(pull_request),
		.closed = state != NULL && strcmp(state, "closed") == 0,
	};
	post->marked = body != NULL && github_marker_parse(body, &post->marker) == 0;
	if (!github_json_text(json_object_get(item, "html_url"), post->url, sizeof(post->url)) ||
		!text_is_web_url(post->url)) {
		post->url[0] = '\0';
	}
	return post->id > 0 && post->author_id > 0;
}

static int add_post(const json_t *item, struct github_post **posts, size_t *n) {
	struct github_post post, *grown;

	if (!read_post(item, &post)) {
		return 0;
	}
	if (*n >= LIMIT_GITHUB_POSTS) {
		return -E2BIG;
	}
	if ((*n & (*n - 1)) == 0) { /* full at the powers of two */
		grown = realloc(*posts, MAX(*n * 2, 1) * sizeof(*grown));
		if (grown == NULL) {
			return -ENOMEM;
		}
		*posts = grown;
	}
	(*posts)[(*n)++] = post;
	return 0;
}

int github_decode_posts(
	const char *body, size_t len, struct github_post **posts, size_t *n, size_t *ret_n_items) {
	json_t *answer = NULL;
	size_t n_items;
	int r = github_json_load(body, len, &answer);

	if (r < 0) {
		return r;
	}
	n_items = json_is_array(answer) ? json_array_size(answer) : 1;
	if (json_is_object(answer)) {
		r = add_post(answer, posts, n);
	} else if (!json_is_array(answer)) {
		r = -EBADMSG;
	}
	for (size_t i = 0; r == 0 && i < json_array_size(answer); i++) {
		r = add_post(json_array_get(answer, i), posts, n);
	}
	json_decref(answer);
	if (r == 0) {
		*ret_n_items = n_items;
	}
	return r;
}

bool github_post_is_ours(const struct github_post *post, const struct github_identity *identity) {
	if (identity->app_id > 0 && post->app_id == identity->app_id) {
		return true;
	}
	return identity->user_id > 0 && post->author_id == identity->user_id;
}

void github_posts_keep_ours(
	struct github_post *posts, size_t from, size_t *n, const struct github_identity *identity) {
	size_t n_kept = from;

	for (size_t i = from; i < *n; i++) {
		if (posts[i].marked && github_post_is_ours(&posts[i], identity)) {
			posts[n_kept++] = posts[i];
		}
	}
	*n = n_kept;
}

static bool is_wanted(const struct github_post *post, const struct github_identity *identity,
	const struct github_marker *marker) {
	return post->marked && github_post_is_ours(post, identity) &&
		post->marker.kind == marker->kind &&
		post->marker.incident_id == marker->incident_id &&
		(marker->kind == GITHUB_POST_STATUS || post->marker.task_id == marker->task_id);
}

long github_post_find(const struct github_post *posts, size_t n,
	const struct github_identity *identity, const struct github_marker *marker,
	size_t *ret_duplicates, size_t max, size_t *ret_n_duplicates) {
	size_t oldest = n, n_duplicates = 0;

	/* Ids grow: the oldest is who answered first, whatever the order of the list. */
	for (size_t i = 0; i < n; i++) {
		if (is_wanted(&posts[i], identity, marker) &&
			(oldest == n || posts[i].id < posts[oldest].id)) {
			oldest = i;
		}
	}
	for (size_t i = 0; i < n && ret_duplicates != NULL; i++) {
		if (i != oldest && is_wanted(&posts[i], identity, marker) &&
			posts[i].id != posts[oldest].id && n_duplicates < max) {
			ret_duplicates[n_duplicates++] = i;
		}
	}
	if (ret_n_duplicates != NULL) {
		*ret_n_duplicates = n_duplicates;
	}
	return oldest < n ? (long)oldest : -ENOENT;
}
