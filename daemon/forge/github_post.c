/*
 * Writes an issue or a comment once, whatever happens: intent on disk, write, ids on disk. After a write whose outcome
 * is not known, what is there is read back first.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_publish.h"

static const enum github_post_kind marker_kinds[POST_KIND_COUNT] = {
	[POST_STATUS] = GITHUB_POST_STATUS,
	[POST_MENTION] = GITHUB_POST_MENTION,
	[POST_ESCALATION] = GITHUB_POST_ESCALATION,
};

static struct github_marker marker_of(const struct post *row) {
	return (struct github_marker){ .kind = marker_kinds[row->kind],
		.incident_id = row->incident_id,
		.task_id = row->task_id };
}

void github_once_finish(struct github_once *once) {
	free(once->posts);
	*once = (struct github_once){ 0 };
}

void github_once_begin(struct github_publishing *p, struct post *row, enum github_once_mode mode) {
	github_once_finish(&p->once);
	p->once.row = row;
	p->once.mode = mode;
	p->once.before = *row;
}

/* Commits what the row is to be; it is so when that is done. */
static int record(struct github_publishing *p, const struct post *next) {
	p->once.next = *next;
	return github_publish_record(p, &p->once.next);
}

static int recorded(struct github_publishing *p) {
	if (p->status < 0) {
		return github_publish_fail(p, p->status, true, 0,
			"What is posted on GitHub could not be recorded: %s.", log_errno(p->status));
	}
	*p->once.row = p->once.next;
	return 0;
}

/* ---- what was found ---- */

static void take_ids(const struct github_post *post, struct post *row) {
	row->intent_ms = 0;
	row->post_id = row->is_issue ? 0 : post->id;
	if (row->is_issue) {
		row->number = post->number;
	}
	(void)TEXT_SET(row->url, post->url);
}

/* Duplicates that are closed already need no more. */
static void keep_open_duplicates(struct github_once *once) {
	size_t n = 0;

	for (size_t i = 0; i < once->n_duplicates; i++) {
		if (!once->posts[once->duplicates[i]].closed) {
			once->duplicates[n++] = once->duplicates[i];
		}
	}
	once->n_duplicates = n;
}

static int adopt(struct github_publishing *p, const struct github_post *post) {
	struct github_once *once = &p->once;
	struct post next = *once->row;

	once->found = true;
	once->state = GITHUB_ONCE_ADOPTED;
	keep_open_duplicates(once);
	take_ids(post, &next);
	if (once->n_duplicates > 0) { /* gone before it is forgotten that they have to be */
		next.suspect_ms = next.suspect_ms != 0 ? next.suspect_ms : clock_now_ms();
	} else if (once->mode == GITHUB_ONCE_LATE) {
		next.suspect_ms = 0;
	}
	return record(p, &next);
}

/*
 * When what was sent has certainly had its effect, or will have none. How long a write of an earlier life waited for
 * its turn nobody knows, but that life ended before ours began.
 */
static int64_t settled_ms(const struct github_publishing *p, const struct post *row) {
	return MAX(row->intent_ms, p->github->budget.started_ms) + p->github->config.settle_ms;
}

/* Whether it is too early to write again: what was sent may still take effect. A clock that was set back is waited for
 * no longer than another would be. */
static int settle(struct github_publishing *p) {
	struct github_once *once = &p->once;
	struct post next = *once->row;
	int64_t now_ms = clock_now_ms();

	if (next.intent_ms > now_ms) {
		next.intent_ms = now_ms;
		once->state = GITHUB_ONCE_SETTLING;
		return record(p, &next);
	}
	if (next.intent_ms != 0 && now_ms < settled_ms(p, &next)) {
		once->state = GITHUB_ONCE_SETTLING;
		p->status = 0;
		once->next = next;
		return 0;
	}
	if (once->mode == GITHUB_ONCE_ADOPT) { /* it never came to be, and nobody wants it any more */
		next.intent_ms = 0;
		once->state = GITHUB_ONCE_WRITTEN;
		return record(p, &next);
	}
	once->state = GITHUB_ONCE_INTEND;
	return 0;
}

static int wait_to_settle(struct github_publishing *p) {
	struct github_once *once = &p->once;
	int64_t until_ms = settled_ms(p, &once->next);
	char when[CLOCK_TEXT_MAX];
	int r = recorded(p);

	if (r == 0 && once->mode == GITHUB_ONCE_ADOPT) {
		p->settling_ms = until_ms;
		once->state = GITHUB_ONCE_END;
	} else if (r == 0) {
		r = github_publish_fail(p, -EAGAIN, true, until_ms,
			"Whether what was sent to GitHub was posted is not known, and it is not to be seen there;"
			" it is not posted once more before %s, since it may still appear.",
			clock_format(until_ms, when));
	}
	return r;
}

static int nothing_found(struct github_publishing *p) {
	struct github_once *once = &p->once;
	struct post next = *once->row;

	switch (once->mode) {
	case GITHUB_ONCE_LATE:
		next.suspect_ms = 0;
		once->state = GITHUB_ONCE_WRITTEN;
		return record(p, &next);
	case GITHUB_ONCE_WRITE:
	case GITHUB_ONCE_ADOPT: return settle(p);
	}
	return 0;
}

static bool is_known_post(const struct github_publishing *p, int64_t id) {
	for (size_t i = 0; i < p->n_rows; i++) {
		if (p->rows[i].post_id == id) {
			return true;
		}
	}
	return false;
}

/* After a backup was restored: the oldest that a task posted which nobody remembers. It asked what we are to ask. */
static long find_unknown(const struct github_publishing *p) {
	const struct github_once *once = &p->once;
	long oldest = -ENOENT;

	for (size_t i = 0; i < once->n_posts && once->unknown_ms != 0; i++) {
		const struct github_post *post = &once->posts[i];

		if (post->marked && github_post_is_ours(post, &p->github->identity) &&
			post->marker.kind == marker_kinds[once->row->kind] &&
			post->marker.incident_id == once->row->incident_id &&
			id_ms(post->marker.task_id) >= once->unknown_ms &&
			!is_known_post(p, post->id) &&
			(oldest < 0 || post->id < once->posts[oldest].id)) {
			oldest = (long)i;
		}
	}
	return oldest;
}

static int look_among_issues(struct github_publishing *p) {
	struct github_once *once = &p->once;

	once->number = once->row->number;
	once->row->number = 0;
	once->row->is_issue = true;
	once->per_page = 0;
	github_once_read_anew(once);
	return github_read_back(p);
}

static int found_nowhere(struct github_publishing *p) {
	struct github_once *once = &p->once;

	if (!once->row->is_issue) {
		return look_among_issues(p);
	}
	once->row->number = once->number;
	once->row->is_issue = once->number == 0;
	if (once->mode == GITHUB_ONCE_ADOPT) { /* as far as anybody knows, nothing was ever posted */
		*once->row = once->before;
		once->state = GITHUB_ONCE_END;
		return 0;
	}
	return nothing_found(p);
}

static int find(struct github_publishing *p) {
	struct github_once *once = &p->once;
	const struct github_marker marker = marker_of(once->row);
	long at = github_post_find(once->posts, once->n_posts, &p->github->identity, &marker,
		once->duplicates, ARRAY_SIZE(once->duplicates), &once->n_duplicates);

	at = at >= 0 ? at : find_unknown(p);
	if (at >= 0) {
		return adopt(p, &once->posts[at]);
	}
	return once->everywhere ? found_nowhere(p) : nothing_found(p);
}

/* ---- duplicates ---- */

/* The row as it is when nothing is there twice any more. */
static int all_removed(struct github_publishing *p) {
	struct github_once *once = &p->once;
	struct post next = *once->row;

	if (once->n_duplicates == 0) {
		once->state = GITHUB_ONCE_END;
		return 0;
	}
	if (once->mode == GITHUB_ONCE_LATE || next.suspect_ms <= clock_now_ms()) {
		next.suspect_ms = 0;
	}
	once->state = GITHUB_ONCE_WRITTEN;
	return record(p, &next);
}

static int remove_next(struct github_publishing *p) {
	struct github_once *once = &p->once;
	const struct github_post *post;

	if (once->n_removed == once->n_duplicates) {
		return all_removed(p);
	}
	post = &once->posts[once->duplicates[once->n_removed++]];
	once->state = GITHUB_ONCE_REMOVED;
	return github_read_back_remove(p, post);
}

static int end_removal(struct github_publishing *p) {
	bool is_gone = p->status == 0 &&
		(p->call.meaning == BUDGET_NOT_FOUND || p->call.meaning == BUDGET_GONE);

	if (!github_publish_went_well(p) && !is_gone) {
		if (p->status < 0 || p->call.passing) {
			return github_publish_refused(p);
		}
		log_warning("%s A duplicate of ours stays there.", p->call.sentence);
	}
	return remove_next(p);
}

/* ---- writing ---- */

static int intend(struct github_publishing *p) {
	struct github_once *once = &p->once;
	struct post next = *once->row;
	int64_t now_ms = clock_now_ms();

	/* Written again: the late effect of what was sent before may appear beside it. */
	if (next.intent_ms != 0) {
		next.suspect_ms = now_ms + p->github->config.settle_ms;
	}
	next.intent_ms = now_ms;
	next.post_id = 0;
	if (next.is_issue) {
		next.number = 0;
	}
	once->state = GITHUB_ONCE_INTENDED;
	return record(p, &next);
}

/* Fails when that is committed, or cannot be: the next attempt finds out. */
static int fail_with(struct github_publishing *p, int failure, const struct post *next) {
	struct github_once *once = &p->once;

	once->failure = failure;
	once->state = GITHUB_ONCE_FAILED;
	once->next = *next;
	return p->publish->record(p->publish, &once->next) == 0 ? -EINPROGRESS : failure;
}

/* Nothing of this write is there, and that is certain: as before, but for what an earlier one may still do. */
static int take_back(struct github_publishing *p, int failure) {
	const struct post *row = p->once.row;
	struct post next = p->once.before;

	if (!github_post_is_known(&next)) {
		next = (struct post){
			.incident_id = row->incident_id, .kind = row->kind, .task_id = row->task_id
		};
		if (row->suspect_ms != 0) { /* where to look for what may still appear */
			next.number = row->number;
			next.is_issue = row->is_issue;
		}
	}
	next.suspect_ms = row->suspect_ms;
	return fail_with(p, failure, &next);
}

/* It may have waited long for its turn: only from now on nothing more is sent. */
static int stay_in_doubt(struct github_publishing *p, int failure) {
	struct post next = *p->once.row;

	next.intent_ms = clock_now_ms();
	return fail_with(p, failure, &next);
}

/*
 * Whether the answer sends a post on, which then begins there the next time, after the look: it may have been done all
 * the same. That holds for one attempt only, since the old name may become another repository's.
 */
static bool is_sent_on(struct github_publishing *p) {
	int http_status = p->status == 0 ? p->call.http.http_status : 0;
	bool is_told = http_status == 307 || http_status == 308;
	const char *location = is_told ? http_header(&p->call.http, "Location") : NULL;
	char repo[GITHUB_PATH_MAX];
	const char *path, *rest;
	size_t len = strlen(github_repo_path(github_publish_project(p), repo));

	if (location == NULL || strncmp(p->call.path, repo, len) != 0) {
		return false;
	}
	path = github_path_of_url(p->github, location);
	rest = path != NULL ? strstr(path, p->call.path + len) : NULL;
	return rest != NULL && strcmp(rest, p->call.path + len) == 0 &&
		text_format(github_publish_repository(p)->moved_to, GITHUB_PATH_MAX, "%.*s",
			(int)(rest - path), path);
}

/* The path of a post within its repository, wherever that is. */
static void set_path(struct github_publishing *p, struct github_request *request, const char *rest) {
	char *moved_to = github_publish_repository(p)->moved_to;

	github_request_path(request, p, "%s", rest);
	if (moved_to[0] != '\0') {
		(void)text_format(request->path, sizeof(request->path), "%s%s", moved_to, rest);
		moved_to[0] = '\0';
	}
}

static int post(struct github_publishing *p) {
	struct github_once *once = &p->once;
	struct github_request request = { .method = "POST", .once = true };
	int r = recorded(p);

	if (r < 0) {
		return r;
	}
	if (once->row->is_issue) {
		set_path(p, &request, "/issues");
		(void)text_format(request.place, sizeof(request.place), "repository %s",
			github_publish_project(p));
		(void)text_format(request.subject, sizeof(request.subject), "a new issue in %s",
			github_publish_project(p));
		request.body = json_pack("{s:s, s:s}", "title", p->title, "body", p->body.data);
		if (p->github->config.label[0] != '\0') {
			(void)json_object_set_new(
				request.body, "labels", json_pack("[s]", p->github->config.label));
		}
	} else {
		char rest[64];

		(void)text_format(
			rest, sizeof(rest), "/issues/%lld/comments", (long long)once->row->number);
		set_path(p, &request, rest);
		(void)text_format(request.place, sizeof(request.place), "#%lld in %s",
			(long long)once->row->number, github_publish_project(p));
		(void)text_format(request.subject, sizeof(request.subject), "a new comment on %s",
			request.place);
		request.body = json_pack("{s:s}", "body", p->body.data);
	}
	once->state = GITHUB_ONCE_ANSWERED;
	r = github_publish_ask(p, &request);
	return r == -EINPROGRESS ? r : take_back(p, r);
}

static int refuse(struct github_publishing *p) {
	int failure = github_publish_refused(p);

	if (p->once.row->is_issue && p->status == 0 && p->call.meaning == BUDGET_GONE) {
		failure = github_publish_fail(p, -EREMOTEIO, false, 0,
			"Issues are disabled in \"%s\", and branch \"%s\" has no open pull request:"
			" nowhere to post; enable issues, or open a pull request.",
			github_publish_project(p), p->publish->incident->branch);
	}
	return take_back(p, failure);
}

/* An answer that says it went well, but not what it is called, is as good as none. */
static int end_post(struct github_publishing *p) {
	struct github_once *once = &p->once;
	const struct buffer *answer = &p->call.http.answer;
	struct github_post *made = NULL;
	struct post next = *once->row;
	size_t n = 0, n_items = 0;
	int r;

	if (is_sent_on(p)) {
		return stay_in_doubt(p,
			github_publish_fail(p, -EAGAIN, true, 0,
				"GitHub has moved %s; %s is looked for there, and sent there if it is"
				" missing.",
				p->call.place, p->call.subject));
	}
	if (!github_publish_went_well(p)) {
		return p->call.doubtful ? stay_in_doubt(p, github_publish_refused(p)) : refuse(p);
	}
	r = github_decode_posts(answer->data, answer->len, &made, &n, &n_items);
	if (r == 0 && n == 1 && (made[0].number > 0 || !next.is_issue)) {
		take_ids(&made[0], &next);
	}
	free(made);
	if (next.intent_ms != 0) {
		return stay_in_doubt(p,
			github_publish_fail(p, -EAGAIN, true, 0,
				"What GitHub answered to a post cannot be read; it is looked for there."));
	}
	next.suspect_ms = next.suspect_ms != 0 ? next.suspect_ms : POST_LOOK_SOMETIME;
	once->written = true;
	once->state = GITHUB_ONCE_WRITTEN;
	return record(p, &next);
}

/* ---- the flow ---- */

static int begin(struct github_publishing *p) {
	struct github_once *once = &p->once;
	bool looks = once->look || once->mode != GITHUB_ONCE_WRITE || once->row->intent_ms != 0 ||
		once->row->suspect_ms != 0;

	once->state = looks ? GITHUB_ONCE_PAGE : GITHUB_ONCE_INTEND;
	return looks ? github_read_back(p) : 0;
}

int github_once_step(struct github_publishing *p) {
	struct github_once *once = &p->once;
	int r = 0;

	while (r == 0 && once->state != GITHUB_ONCE_END) {
		switch (once->state) {
		case GITHUB_ONCE_START: r = begin(p); break;
		case GITHUB_ONCE_PAGE: r = github_read_back_page(p); break;
		case GITHUB_ONCE_FIND: r = find(p); break;
		case GITHUB_ONCE_SETTLING: r = wait_to_settle(p); break;
		case GITHUB_ONCE_ADOPTED: r = (r = recorded(p)) < 0 ? r : remove_next(p); break;
		case GITHUB_ONCE_REMOVED: r = end_removal(p); break;
		case GITHUB_ONCE_INTEND: r = intend(p); break;
		case GITHUB_ONCE_INTENDED: r = post(p); break;
		case GITHUB_ONCE_ANSWERED: r = end_post(p); break;
		case GITHUB_ONCE_FAILED: return once->failure;
		case GITHUB_ONCE_WRITTEN:
			r = recorded(p);
			once->state = GITHUB_ONCE_END;
			break;
		case GITHUB_ONCE_END: break;
		}
	}
	return r;
}

/* ---- late effects ---- */

/*
 * A time that no write can have set says that the clock was set back. What was answered well is looked at when there
 * is news of it: once for each post, and not a moment after it was written.
 */
static bool is_due(const struct github_publishing *p, const struct post *row) {
	int64_t wait_ms = row->suspect_ms - clock_now_ms();

	if (row->suspect_ms == POST_LOOK_SOMETIME) {
		return row->kind != POST_RUN && p->publish->purpose != FORGE_MENTION;
	}
	return row->kind != POST_RUN && row->suspect_ms != 0 &&
		(wait_ms <= 0 || wait_ms > p->github->config.settle_ms);
}

/* Looks at each post again beside which a late one may have appeared. */
int github_late_step(struct github_publishing *p) {
	int r = 0;

	while (r == 0 && p->late_at < p->n_rows) {
		struct post *row = &p->rows[p->late_at];

		if (p->once.row != row && is_due(p, row)) {
			github_once_begin(p, row, GITHUB_ONCE_LATE);
		}
		if (p->once.row == row) {
			r = github_once_step(p);
		}
		p->late_at += r == 0;
	}
	return r;
}
