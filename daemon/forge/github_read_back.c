/* What we wrote on GitHub, read back from where it has to be; and what is there twice, removed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_publish.h"

/* ---- lists ---- */

static void name_list(const struct github_publishing *p, struct github_request *request) {
	const struct post *row = p->once.row;

	if (row->is_issue) {
		(void)text_format(request->subject, sizeof(request->subject), "the issues of %s",
			github_publish_project(p));
	} else {
		(void)text_format(request->subject, sizeof(request->subject),
			"the comments of #%lld in %s", (long long)row->number,
			github_publish_project(p));
	}
}

/*
 * All comments of the one place, or our issues, newest first; without their label, which GitHub drops when we may not
 * set it. Of an App all issues, since it has no login that this filter is sure to know.
 */
int github_read_back(struct github_publishing *p) {
	const struct post *row = p->once.row;
	int n = p->once.per_page > 0 ? p->once.per_page : LIMIT_GITHUB_PAGE;
	char login[3 * LIMIT_SUBJECT_MAX] = "";
	struct github_request request = { .method = "GET" };

	name_list(p, &request);
	if (!row->is_issue) {
		github_request_path(&request, p, "/issues/%lld/comments?per_page=%d",
			(long long)row->number, n);
		return github_publish_ask(p, &request);
	}
	if (!github_is_app(p->github)) {
		(void)github_encode(p->github->login, login, sizeof(login));
	}
	github_request_path(&request, p,
		"/issues?state=all&sort=created&direction=desc&per_page=%d%s%s", n,
		login[0] != '\0' ? "&creator=" : "", login);
	return github_publish_ask(p, &request);
}

/* Whether issues that are older than the incident were reached: ours is not behind them. */
static bool is_past_issues(const struct github_publishing *p) {
	const struct github_once *once = &p->once;

	return once->row->is_issue && once->oldest_ms > 0 &&
		once->oldest_ms < p->publish->incident->opened_ms - LIMIT_GITHUB_SKEW_MS;
}

/* Looked for in vain, and so is everything else there. A look for late duplicates is then over. */
static bool is_list_gone(const struct github_publishing *p) {
	return p->once.mode == GITHUB_ONCE_LATE && p->status == 0 && !p->call.passing;
}

/* A page of long comments can be more than we hold: begins anew with shorter ones. */
static int read_shorter_pages(struct github_publishing *p) {
	struct github_once *once = &p->once;

	once->per_page = once->per_page == 0 ? LIMIT_GITHUB_PAGE / 10 : 1;
	github_once_read_anew(once);
	return github_read_back(p);
}

/* Goes on to the next page. Without it nothing is known of what is not among those that were read. */
static int read_on(struct github_publishing *p, struct github_request *request) {
	char next[LIMIT_URL_MAX];
	int r = github_next_page(&p->call, next);

	if (r == 0 || (r < 0 && p->once.mode == GITHUB_ONCE_LATE)) {
		return 0;
	}
	if (r < 0) {
		return github_publish_fail(p, r, false, 0,
			"The next page of %s is at \"%s\", which is not below \"api-url\"; correct that.",
			request->subject, next);
	}
	p->once.state = GITHUB_ONCE_PAGE;
	(void)TEXT_SET(request->path, next);
	return github_publish_ask(p, request);
}

void github_once_read_anew(struct github_once *once) {
	once->n_posts = 0;
	once->n_read = 0;
	once->oldest_ms = 0;
	once->state = GITHUB_ONCE_PAGE;
}

/* Anybody may write there, and copy a marker: what is not ours counts against the limit, and is not kept. */
static int take_page(struct github_publishing *p, size_t *ret_n_items) {
	struct github_once *once = &p->once;
	const struct buffer *answer = &p->call.http.answer;
	size_t from = once->n_posts;
	int r = github_decode_posts(
		answer->data, answer->len, &once->posts, &once->n_posts, ret_n_items);

	if (once->n_posts > from) {
		once->oldest_ms = once->posts[once->n_posts - 1].created_ms;
	}
	github_posts_keep_ours(once->posts, from, &once->n_posts, &p->github->identity);
	once->n_read += r == 0 ? *ret_n_items : 0;
	return r == 0 && once->n_read > LIMIT_GITHUB_POSTS ? -E2BIG : r;
}

int github_read_back_page(struct github_publishing *p) {
	struct github_once *once = &p->once;
	struct github_request request = { .method = "GET" };
	size_t n_items = 0;
	int r;

	if (p->status == -EMSGSIZE && once->per_page != 1) {
		return read_shorter_pages(p);
	}
	once->state = GITHUB_ONCE_FIND;
	if (!github_publish_went_well(p)) {
		return is_list_gone(p) ? 0 : github_publish_refused(p);
	}
	if (p->github->identity.user_id == 0 && p->github->identity.app_id == 0) {
		return github_publish_fail(p, -EAGAIN, true, 0,
			"The credential was changed while GitHub was asked: who that is has to be known first.");
	}
	r = take_page(p, &n_items);
	name_list(p, &request);
	if (r == -E2BIG && once->mode == GITHUB_ONCE_LATE) {
		return 0; /* among those that were read; news do not wait for more */
	}
	if (r == -E2BIG) {
		return github_publish_fail(p, r, false, 0,
			"Among %s, more than %d, what codegend wrote cannot be found.",
			request.subject, LIMIT_GITHUB_POSTS);
	}
	if (r < 0) {
		return github_publish_fail(p, r, true, 0,
			"GitHub's answer about %s cannot be read: %s; it is asked again.",
			request.subject, log_errno(r));
	}
	return n_items == 0 || is_past_issues(p) ? 0 : read_on(p, &request);
}

/* ---- duplicates ---- */

/* An issue cannot be deleted by its author. */
static int close_duplicate(struct github_publishing *p, const struct github_post *post) {
	_cleanup_(buffer_finish) struct buffer body;
	struct github_request request = { .method = "PATCH" };
	int r;

	buffer_init(&body, LIMIT_GITHUB_MENTION_MAX_BYTES);
	r = github_duplicate_write(&body, &post->marker, p->once.row->number);
	if (r < 0) {
		return github_publish_fail_text(p, r, "");
	}
	github_request_path(&request, p, "/issues/%lld", (long long)post->number);
	(void)text_format(request.subject, sizeof(request.subject), "issue #%lld of %s",
		(long long)post->number, github_publish_project(p));
	request.body = json_pack("{s:s, s:s, s:s}", "state", "closed", "state_reason",
		"not_planned", "body", body.data);
	return github_publish_ask(p, &request);
}

static int delete_duplicate(struct github_publishing *p, const struct github_post *post) {
	struct github_request request = { .method = "DELETE" };

	github_request_path(&request, p, "/issues/comments/%lld", (long long)post->id);
	(void)text_format(request.subject, sizeof(request.subject), "comment %lld of %s",
		(long long)post->id, github_publish_project(p));
	return github_publish_ask(p, &request);
}

int github_read_back_remove(struct github_publishing *p, const struct github_post *post) {
	return p->once.row->is_issue ? close_duplicate(p, post) : delete_duplicate(p, post);
}
