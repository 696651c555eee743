/* What a look asks for by REST: where GraphQL is not allowed to tell, or does not know it yet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/forge/github_decode.h"
#include "daemon/forge/github_internal.h"

struct github_rest {
	struct github_look *look; /* borrowed */
	const struct part *part;
	size_t n_pages;
	struct github_call call;
};

/* clang-format off */
static const struct part {
	unsigned part;
	const char *before; /* the id, behind the repository's path */
	const char *after;
	bool of_number; /* that is its id, else the head */
	const char *words;
	int (*decode)(const char *body, size_t len, struct github_snapshot *snapshot);
} parts[] = {
	{ GITHUB_REST_STATUSES, "/commits/", "/status?per_page=100", false, "the commit statuses", github_decode_statuses },
	{ GITHUB_REST_CHECK_RUNS, "/commits/", "/check-runs?filter=latest&per_page=100", false, "the checks", github_decode_check_runs },
	{ GITHUB_REST_ACTIONS_RUNS, "/actions/runs?head_sha=", "&per_page=100", false, "the workflow runs", github_decode_actions_runs },
	{ GITHUB_REST_PULL, "/pulls/", "", true, "whether it can be merged", github_decode_pull },
};
/* clang-format on */

static bool is_forbidden(const struct github_snapshot *snapshot) {
	return snapshot->reading[GITHUB_PART_CHECKS] == GITHUB_FORBIDDEN ||
		snapshot->reading[GITHUB_PART_SUITES] == GITHUB_FORBIDDEN;
}

static bool has(const struct github_snapshot *snapshot, unsigned sources) {
	return (snapshot->sources & sources) != 0;
}

static unsigned wanted_of_checks(const struct github_snapshot *snapshot, unsigned asked) {
	bool runs = has(snapshot, GITHUB_FROM_ROLLUP | GITHUB_FROM_CHECK_RUNS);
	bool suites = has(snapshot, GITHUB_FROM_SUITES | GITHUB_FROM_ACTIONS_RUNS);

	if (snapshot->head_sha[0] == '\0' || !is_forbidden(snapshot)) {
		return 0;
	}
	if (!has(snapshot, GITHUB_FROM_ROLLUP) && (asked & GITHUB_REST_STATUSES) == 0) {
		return GITHUB_REST_STATUSES;
	}
	if (!has(snapshot, GITHUB_FROM_ROLLUP) && (asked & GITHUB_REST_CHECK_RUNS) == 0) {
		return GITHUB_REST_CHECK_RUNS;
	}
	return (runs && suites) || (asked & GITHUB_REST_ACTIONS_RUNS) != 0
		? 0
		: GITHUB_REST_ACTIONS_RUNS;
}

/* To ask for it alone makes GitHub compute whether it can be merged. */
static bool wants_pull(const struct github_look *look) {
	const struct github_snapshot *snapshot = look->snapshot;
	bool unread = snapshot->merge_state == GITHUB_MERGE_STATE_UNREAD &&
		(look->github->without & GITHUB_WITHOUT_MERGE_STATE) != 0;
	bool computed = snapshot->mergeable != GITHUB_MERGEABLE_UNKNOWN &&
		snapshot->merge_state != GITHUB_MERGE_STATE_UNKNOWN;

	return snapshot->state == GITHUB_STATE_OPEN && (look->asked & GITHUB_REST_PULL) == 0 &&
		(unread ||
			(look->mergeable && !computed &&
				look->n_tries + 1 == LIMIT_GITHUB_MERGEABLE_TRIES));
}

unsigned github_rest_wanted(const struct github_look *look) {
	const struct github_snapshot *snapshot = look->snapshot;
	unsigned part = 0;

	if (snapshot->state == GITHUB_STATE_OPEN || snapshot->state == GITHUB_STATE_BRANCH) {
		part = wanted_of_checks(snapshot, look->asked);
	}
	return part == 0 && wants_pull(look) ? GITHUB_REST_PULL : part;
}

/* ---- asking ---- */

static void answered(struct github_call *call, int status);

/* Without a pull request a fork's branch has its checks in the fork. */
static const char *repository_of(const struct github_look *look) {
	return look->snapshot->state == GITHUB_STATE_BRANCH && look->head_repository[0] != '\0'
		? look->head_repository
		: look->project;
}

/* `next`: the path of a further page; NULL: the first. */
static int ask(struct github_rest *rest, const char *next) {
	const struct github_look *look = rest->look;
	const struct part *part = rest->part;
	char repo[GITHUB_PATH_MAX], path[GITHUB_PATH_MAX + LIMIT_COMMIT_MAX + 64], number[24];
	char subject[LIMIT_SUBJECT_MAX];
	const struct github_ask ask = {
		.kind = GITHUB_CALL_READ,
		.project = look->project,
		.method = "GET",
		.path = next != NULL ? next : path,
		.subject = subject,
	};

	(void)text_format(number, sizeof(number), "%lld", (long long)look->snapshot->pull_request);
	(void)text_format(path, sizeof(path), "%s%s%s%s", github_repo_path(repository_of(look), repo),
		part->before, part->of_number ? number : look->snapshot->head_sha, part->after);
	(void)text_format(subject, sizeof(subject), "%s of %s%s in \"%s\"", part->words,
		part->of_number ? "#" : "", part->of_number ? number : look->branch, look->project);
	return github_send(look->github, &rest->call, &ask, answered);
}

static void finish(struct github_rest *rest) {
	rest->look->rest = NULL;
	github_call_finish(&rest->call);
	free(rest);
}

/* Returns whether another page is under way. */
static bool take(struct github_rest *rest) {
	const struct buffer *answer = &rest->call.http.answer;
	struct github_snapshot *snapshot = rest->look->snapshot;
	char next[LIMIT_URL_MAX];

	if (rest->part->decode(answer->data, answer->len, snapshot) < 0 || rest->part->of_number) {
		return false;
	}
	/* What a missing page leaves out shows in the count that the first one told. */
	return ++rest->n_pages < LIMIT_GITHUB_CHECK_PAGES &&
		github_next_page(&rest->call, next)[0] != '\0' && ask(rest, next) == 0;
}

static void answered(struct github_call *call, int status) {
	struct github_rest *rest = container_of(call, struct github_rest, call);
	struct github_look *look = rest->look;

	if (status < 0 || call->passing) {
		github_look_fail(look, call, status);
		finish(rest);
		return;
	}
	if (call->meaning == BUDGET_OK && take(rest)) {
		return;
	}
	if (call->meaning == BUDGET_NOT_ALLOWED && rest->part->part == GITHUB_REST_CHECK_RUNS) {
		(void)TEXT_SET(look->snapshot->why, call->sentence); /* it names the permission */
	}
	finish(rest);
	github_look_advance(look);
}

int github_rest_ask(struct github_look *look, unsigned part) {
	struct github_rest *rest = calloc(1, sizeof(*rest));
	int r;

	if (rest == NULL) {
		return -ENOMEM;
	}
	rest->look = look;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		rest->part = parts[i].part == part ? &parts[i] : rest->part;
	}
	r = ask(rest, NULL);
	if (r < 0) {
		free(rest);
		return r;
	}
	look->rest = rest;
	look->place = GITHUB_LOOK_REST;
	return 0;
}

void github_rest_cancel(struct github_look *look) {
	github_cancel(&look->rest->call);
}
