/*
 * github_query - the GraphQL query that asks about many pull requests and branches at once. Pure, any thread.
 *
 * Each target is an alias, "t0" and so on; nothing foreign is ever part of the query's text, all of it is in
 * variables. Schema: github.com's public GraphQL schema. Costs about a twelfth of a point per target.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/macro.h"
#include "daemon/limits.h"

/* Borrowed; texts are not NULL. */
struct github_target {
	const char *owner; /* of the project, as the name */
	const char *name;
	int64_t pull_request;	/* 0: by branch, together with the pull requests of that branch */
	const char *branch;	/* by branch only, as the next two */
	const char *head_owner; /* "": the branch is the project's own */
	const char *head_name;
	bool is_tag; /* `branch` is the name of a tag */
	/* For a further page: the cursors of the last answer; NULL or "" for the first. */
	const char *checks_after;
	const char *suites_after;
};

/* What an older GitHub Enterprise Server does not know, or a credential may not ask for. Bits. */
enum {
	GITHUB_WITHOUT_MERGE_STATE = 1, /* then github_decode_pull() has to tell */
	GITHUB_WITHOUT_MERGE_QUEUE = 2, /* then there is no queue to be in */
	GITHUB_WITHOUT_WORKFLOW_RUNS = 4,
	GITHUB_WITHOUT_REVIEWERS = 8, /* the list of reviews by people who may write */
	GITHUB_WITHOUT_RULE = 16,     /* what the base branch's protection asks for */
};

/*
 * Appends the body of the POST: {"query":…,"variables":{…}}. `n` is 1 to LIMIT_GITHUB_TARGETS.
 * Returns: 0; -EINVAL, a text is no UTF-8; -EMSGSIZE, the buffer's bound; -ENOMEM.
 */
must_check int github_query_write(
	struct buffer *out, const struct github_target *targets, size_t n, unsigned without);

/* Whether the branch is of another repository than the project. */
bool github_target_is_fork(const struct github_target *target);
