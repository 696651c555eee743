/* What a look asks for by REST: where GraphQL is not allowed to tell, or does not know it yet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/forge/github_decode.h"
#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_judge_internal.h"

struct github_rest {
	struct github_look *look; /* borrowed */
	const struct part *part;
	size_t n_pages;
	size_t at_run; /* of the suites, whose jobs are asked for */
	struct github_call call;
};

enum part_of { OF_HEAD, OF_PULL, OF_RUN };

/* clang-format off */
static const struct part {
	unsigned part;
	const char *before; /* the id of what it is of, behind the repository's path */
	const char *after;
	enum part_of of;
	const char *words;
	int (*decode)(const char *body, size_t len, struct github_snapshot *snapshot);
} parts[] = {
	{ GITHUB_REST_STATUSES, "/commits/", "/status?per_page=100", OF_HEAD, "the commit statuses", github_decode_statuses },
	{ GITHUB_REST_CHECK_RUNS, "/commits/", "/check-runs?filter=latest&per_page=100", OF_HEAD, "the checks", github_decode_check_runs },
	{ GITHUB_REST_ACTIONS_RUNS, "/actions/runs?head_sha=", "&per_page=100", OF_HEAD, "the workflow runs", github_decode_actions_runs },
	{ GITHUB_REST_PULL, "/pulls/", "", OF_PULL, "whether it can be merged", github_decode_pull },
	{ GITHUB_REST_JOBS, "/actions/runs/", "/jobs?filter=latest&per_page=100", OF_RUN, "the jobs", github_decode_jobs },
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

/* Whether what was reported is among what is known by now. */
static bool is_found(const struct github_look *look) {
	const struct github_check_list *lists[] = { &look->snapshot->checks, &look->snapshot->suites };

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		for (size_t i = 0; i < lists[l]->n; i++) {
			if (github_is_called(&lists[l]->items[i], look->job, look->step)) {
				return true;
			}
		}
	}
	return false;
}

static bool is_named(const char *name) {
	return name != NULL && name[0] != '\0';
}

/* The first one from there on whose jobs count: no newer one of its workflow took its place. Returns as an index. */
static size_t find_run(const struct github_look *look, size_t from) {
	const struct github_check_list *runs = &look->snapshot->suites;

	while (from < runs->n && github_is_superseded(runs, &runs->items[from])) {
		from++;
	}
	return from;
}

/* Where runs of workflows stand for their jobs, and none is called like what was reported. */
static bool wants_jobs(const struct github_look *look) {
	const struct github_snapshot *snapshot = look->snapshot;

	return (is_named(look->job) || is_named(look->step)) &&
		(look->asked & GITHUB_REST_JOBS) == 0 && has(snapshot, GITHUB_FROM_ACTIONS_RUNS) &&
		!has(snapshot, GITHUB_FROM_ROLLUP | GITHUB_FROM_CHECK_RUNS) &&
		find_run(look, 0) < snapshot->suites.n && !is_found(look);
}

unsigned github_rest_wanted(const struct github_look *look) {
	const struct github_snapshot *snapshot = look->snapshot;
	unsigned part = 0;

	if (snapshot->state == GITHUB_STATE_OPEN || snapshot->state == GITHUB_STATE_BRANCH) {
		part = wanted_of_checks(snapshot, look->asked);
		part = part == 0 && wants_jobs(look) ? GITHUB_REST_JOBS : part;
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

static const char *id_of(const struct github_rest *rest, char out[24]) {
	const struct github_snapshot *snapshot = rest->look->snapshot;

	switch (rest->part->of) {
	case OF_HEAD: break;
	case OF_PULL:
		(void)text_format(out, 24, "%lld", (long long)snapshot->pull_request);
		return out;
	case OF_RUN:
		(void)text_format(out, 24, "%lld",
			(long long)snapshot->suites.items[rest->at_run].workflow_run_id);
		return out;
	}
	return snapshot->head_sha;
}

/* `next`: the path of a further page; NULL: the first. */
static int ask(struct github_rest *rest, const char *next) {
	const struct github_look *look = rest->look;
	const struct part *part = rest->part;
	char repo[GITHUB_PATH_MAX], path[GITHUB_PATH_MAX + LIMIT_COMMIT_MAX + 64], number[24];
	const char *id = id_of(rest, number);
	bool of_pull = part->of == OF_PULL;
	char subject[LIMIT_SUBJECT_MAX];
	const struct github_ask ask = {
		.kind = GITHUB_CALL_READ,
		.project = look->project,
		.method = "GET",
		.path = next != NULL ? next : path,
		.subject = subject,
	};

	(void)text_format(path, sizeof(path), "%s%s%s%s",
		github_repo_path(repository_of(look), repo), part->before, id, part->after);
	(void)text_format(subject, sizeof(subject), "%s of %s%s in \"%s\"", part->words,
		of_pull ? "#" : "", of_pull ? id : look->branch, look->project);
	return github_send(look->github, &rest->call, &ask, answered);
}

static void finish(struct github_rest *rest) {
	rest->look->rest = NULL;
	github_call_finish(&rest->call);
	free(rest);
}

/* Asks for more, when there is more to be had. Returns whether that is under way. */
static bool ask_on(struct github_rest *rest) {
	bool of_run = rest->part->of == OF_RUN;
	char next[LIMIT_URL_MAX];

	if (rest->look->is_cancelled ||
		++rest->n_pages >= (of_run ? LIMIT_GITHUB_JOB_PAGES : LIMIT_GITHUB_CHECK_PAGES) ||
		(of_run && is_found(rest->look))) {
		return false;
	}
	if (github_next_page(&rest->call, next) > 0) {
		return ask(rest, next) == 0;
	}
	rest->at_run = of_run ? find_run(rest->look, rest->at_run + 1) : 0;
	return of_run && rest->at_run < rest->look->snapshot->suites.n && ask(rest, NULL) == 0;
}

/*
 * Returns whether another page is under way. What a missing one leaves out shows in the count that the first one told.
 */
static bool take(struct github_rest *rest) {
	const struct buffer *answer = &rest->call.http.answer;

	return rest->part->decode(answer->data, answer->len, rest->look->snapshot) == 0 &&
		rest->part->of != OF_PULL && ask_on(rest);
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
	rest->at_run = part == GITHUB_REST_JOBS ? find_run(look, 0) : 0;
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
