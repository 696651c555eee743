/*
 * github_decode - GitHub's answers into snapshots. Pure, any thread.
 *
 * What is missing, null or of a wrong type is unread, never a value. An error of one alias stays with it; one that
 * names no alias is everybody's. Nothing is ever gone because of an error, but a pull request that GitHub says it
 * does not find in a project it does find, and a branch that is null.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/forge/github_query.h"
#include "daemon/forge/github_snapshot.h"

struct github_rate {
	bool known;
	int64_t cost;
	int64_t limit;
	int64_t remaining;
	int64_t reset_ms;
};

enum github_trouble {
	GITHUB_TROUBLE_NONE, /* single targets may still be unread */
	GITHUB_TROUBLE_RATE, /* HTTP 200 and a rate limit; of that the budget knows (github_decode_is_limited()) */
	GITHUB_TROUBLE_TOO_MUCH,   /* ask for half as many */
	GITHUB_TROUBLE_NO_FIELD,   /* ask again with `without` */
	GITHUB_TROUBLE_FAILED,	   /* ask again later */
	GITHUB_TROUBLE_UNREADABLE, /* no answer, for one text in it perhaps: ask for half as many */
};

struct github_batch {
	enum github_trouble trouble;
	unsigned without; /* GITHUB_WITHOUT_*: fields that this server does not have */
	struct github_rate rate;
	char sentence[LIMIT_SENTENCE_MAX]; /* of the trouble; GitHub's own words, cleaned */
};

/*
 * The answer to github_query_write() with the same targets. `snapshots` are `n` zeroed ones that the caller finishes.
 * Returns: 0, every snapshot is filled in, with failures; -ENOMEM, they may be half filled.
 */
must_check int github_decode_batch(const char *body, size_t len,
	const struct github_target *targets, size_t n, unsigned without,
	struct github_snapshot *snapshots, struct github_batch *ret_batch);

/* Whether an answer of HTTP 200 says that it was not given because of a rate limit. */
bool github_decode_is_limited(const char *body, size_t len);

/*
 * REST, for what GraphQL did not tell: each adds its part to a snapshot whose other parts stay. Returns, all five: 0;
 * -EBADMSG, not such an answer; -ESTALE, it is of another commit than the snapshot's head; -ENOMEM; the snapshot is
 * unchanged then, or its list is marked incomplete.
 *
 * GET /repos/{owner}/{repo}/pulls/{number}: target and merging; not the reviews.
 */
must_check int github_decode_pull(const char *body, size_t len, struct github_snapshot *snapshot);
/* GET /repos/{owner}/{repo}/commits/{sha}/status?per_page=100 */
must_check int github_decode_statuses(const char *body, size_t len, struct github_snapshot *snapshot);
/* GET /repos/{owner}/{repo}/commits/{sha}/check-runs?filter=latest&per_page=100; a further page is added as well. */
must_check int github_decode_check_runs(
	const char *body, size_t len, struct github_snapshot *snapshot);
/* GET /repos/{owner}/{repo}/actions/runs?head_sha={sha}&per_page=100 */
must_check int github_decode_actions_runs(
	const char *body, size_t len, struct github_snapshot *snapshot);
/*
 * GET /repos/{owner}/{repo}/actions/runs/{id}/jobs?filter=latest&per_page=100, of a run that is among the suites: adds
 * its jobs to the checks. The run stands for those that are not asked for.
 */
must_check int github_decode_jobs(const char *body, size_t len, struct github_snapshot *snapshot);
