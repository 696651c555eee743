#include "daemon/forge/github_query.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REF_MAX (LIMIT_NAME_MAX + 16)
#define VARIABLE_MAX 16

/* Open pull requests of one branch name that are looked at: forks may have the same name. */
#define CANDIDATES "20"

struct query {
	struct buffer declarations;
	struct buffer text;
	json_t *variables;
	unsigned without;
	int error; /* the first; sticks */
};

static void put(struct query *q, const char *text) {
	if (q->error == 0) {
		q->error = buffer_append_str(&q->text, text);
	}
}

/* "$o3:String!" and its value; takes over `value`. */
static void declare(struct query *q, char letter, size_t i, const char *type, json_t *value) {
	char name[VARIABLE_MAX];

	if (value == NULL) {
		q->error = q->error < 0 ? q->error : -EINVAL;
		return;
	}
	(void)snprintf(name, sizeof(name), "%c%zu", letter, i);
	if (json_object_set_new(q->variables, name, value) < 0) {
		q->error = q->error < 0 ? q->error : -ENOMEM;
	}
	if (q->error == 0) {
		q->error = buffer_appendf(&q->declarations, "%s$%s:%s",
			q->declarations.len > 0 ? "," : "", name, type);
	}
}

static void declare_text(struct query *q, char letter, size_t i, const char *value) {
	declare(q, letter, i, "String!", json_string(value));
}

/* null on the first page. */
static void declare_cursor(struct query *q, char letter, size_t i, const char *cursor) {
	bool first = cursor == NULL || cursor[0] == '\0';

	declare(q, letter, i, "String", first ? json_null() : json_string(cursor));
}

static void put_one(struct query *q, const char *before, size_t i, const char *after) {
	if (q->error == 0) {
		q->error = buffer_appendf(&q->text, "%s%zu%s", before, i, after);
	}
}

/* The head commit with its checks; `is_required`: the number is known, so GitHub can tell which ones are. */
static void put_commit(struct query *q, size_t i, bool is_required) {
	put(q, "oid committedDate statusCheckRollup{state ");
	put_one(q, "contexts(first:100,after:$c", i, "){totalCount pageInfo{hasNextPage endCursor} ");
	put(q, "nodes{__typename ...run ...status ");
	if (is_required) {
		put_one(q, "...on CheckRun{isRequired(pullRequestNumber:$n", i, ")}");
		put_one(q, "...on StatusContext{isRequired(pullRequestNumber:$n", i, ")}");
	}
	put(q, "}}}");
	put_one(q, "checkSuites(first:100,after:$s", i,
		"){totalCount pageInfo{hasNextPage endCursor} ");
	put(q, "nodes{...suite}}");
}

static void put_pull_request(struct query *q, size_t i) {
	put_one(q, "pullRequest(number:$n", i, "){...pr commits(last:1){nodes{commit{");
	put_commit(q, i, true);
	put(q, "}}}}");
}

/* An annotated tag stands before its commit. */
static void put_ref(struct query *q, size_t i, bool is_tag) {
	put_one(q, "ref(qualifiedName:$b", i, "){target{...on Commit{");
	put_commit(q, i, false);
	if (is_tag) {
		put(q, "}...on Tag{target{...on Commit{");
		put_commit(q, i, false);
		put(q, "}}");
	}
	put(q, "}}}");
}

static void put_candidates(struct query *q, size_t i) {
	put_one(q, "open:pullRequests(headRefName:$h", i,
		",states:[OPEN],first:" CANDIDATES
		",orderBy:{field:UPDATED_AT,direction:DESC}){totalCount nodes{...found}}");
	put_one(q, "ended:pullRequests(headRefName:$h", i,
		",states:[CLOSED,MERGED],first:" CANDIDATES
		",orderBy:{field:UPDATED_AT,direction:DESC}){totalCount nodes{...found}}");
}

bool github_target_is_fork(const struct github_target *target) {
	return target->head_owner != NULL && target->head_owner[0] != '\0' &&
		(strcasecmp(target->head_owner, target->owner) != 0 ||
			strcasecmp(target->head_name, target->name) != 0);
}

static void put_branch(struct query *q, const struct github_target *target, size_t i) {
	char ref[REF_MAX];
	bool fork = github_target_is_fork(target);

	/* A cut name would be another branch. */
	if ((size_t)snprintf(ref, sizeof(ref), "refs/%s/%s", target->is_tag ? "tags" : "heads",
		    target->branch) >= sizeof(ref)) {
		q->error = q->error < 0 ? q->error : -EINVAL;
		return;
	}
	declare_text(q, 'b', i, ref);
	declare_text(q, 'h', i, target->branch);
	put_candidates(q, i);
	if (!fork) {
		put_ref(q, i, target->is_tag);
		return;
	}
	declare_text(q, 'p', i, target->head_owner);
	declare_text(q, 'q', i, target->head_name);
	put_one(q, "}f", i, ":");
	put_one(q, "repository(owner:$p", i, ",");
	put_one(q, "name:$q", i, "){");
	put_ref(q, i, target->is_tag);
}

static void put_target(struct query *q, const struct github_target *target, size_t i) {
	declare_text(q, 'o', i, target->owner);
	declare_text(q, 'r', i, target->name);
	declare_cursor(q, 'c', i, target->checks_after);
	declare_cursor(q, 's', i, target->suites_after);
	put_one(q, "t", i, ":");
	put_one(q, "repository(owner:$o", i, ",");
	put_one(q, "name:$r", i, "){");
	if (target->pull_request > 0) {
		/* A number beyond GraphQL's integers would fail the whole query; no pull request has this one. */
		declare(q, 'n', i, "Int!", json_integer(MIN(target->pull_request, INT32_MAX)));
		put_pull_request(q, i);
	} else {
		put_branch(q, target, i);
	}
	put(q, "}");
}

static void put_fragments(struct query *q, bool by_number, bool by_branch) {
	const char *suite = (q->without & GITHUB_WITHOUT_WORKFLOW_RUNS) != 0
		? ""
		: " workflowRun{databaseId event workflow{name}}";

	put(q, "fragment suite on CheckSuite{databaseId status conclusion createdAt updatedAt app{slug}");
	put(q, suite);
	put(q,
		"}fragment run on CheckRun{databaseId name status conclusion startedAt completedAt "
		"checkSuite{databaseId app{slug}");
	put(q, suite);
	put(q, "}}fragment status on StatusContext{context state createdAt}");
	if (by_branch) {
		put(q,
			"fragment found on PullRequest{number state headRefName headRefOid "
			"isCrossRepository headRepositoryOwner{login}}");
	}
	if (!by_number) {
		return;
	}
	put(q,
		"fragment pr on PullRequest{number state isDraft merged mergeable reviewDecision "
		"headRefOid headRefName baseRefName isCrossRepository "
		"headRepository{nameWithOwner} "
		"reviewThreads(first:100){totalCount nodes{isResolved}}");
	if ((q->without & GITHUB_WITHOUT_MERGE_STATE) == 0) {
		put(q, " mergeStateStatus");
	}
	if ((q->without & GITHUB_WITHOUT_MERGE_QUEUE) == 0) {
		put(q, " isInMergeQueue mergeQueueEntry{position}");
	}
	if ((q->without & GITHUB_WITHOUT_REVIEWERS) == 0) {
		put(q,
			" latestOpinionatedReviews(first:20,writersOnly:true)"
			"{totalCount nodes{author{login} state commit{oid}}}");
	}
	/* Without administration nobody may read the protection itself. Of rulesets this says nothing. */
	if ((q->without & GITHUB_WITHOUT_RULE) == 0) {
		put(q, " baseRef{refUpdateRule{requiredStatusCheckContexts}}");
	}
	put(q, "}");
}

/* The whole text: its head needs the declarations, which are known at the end. */
static void finish_text(struct query *q, struct buffer *out) {
	_cleanup_(buffer_finish) struct buffer whole;
	json_t *body;
	char *text = NULL;

	buffer_init(&whole, LIMIT_GITHUB_QUERY_MAX_BYTES);
	if (q->error == 0) {
		q->error = buffer_appendf(&whole, "query(%s){%s", q->declarations.data, q->text.data);
	}
	if (q->error < 0) {
		return;
	}
	body = json_pack("{s:s,s:O}", "query", whole.data, "variables", q->variables);
	text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	q->error = text != NULL ? buffer_append_str(out, text) : -ENOMEM;
	free(text);
}

int github_query_write(
	struct buffer *out, const struct github_target *targets, size_t n, unsigned without) {
	struct query q = { .variables = json_object(), .without = without };
	bool by_number = false, by_branch = false;

	assert(n > 0 && n <= LIMIT_GITHUB_TARGETS);
	if (q.variables == NULL) {
		return -ENOMEM;
	}
	buffer_init(&q.declarations, LIMIT_GITHUB_QUERY_MAX_BYTES);
	buffer_init(&q.text, LIMIT_GITHUB_QUERY_MAX_BYTES);
	for (size_t i = 0; i < n; i++) {
		put_target(&q, &targets[i], i);
		by_number = by_number || targets[i].pull_request > 0;
		by_branch = by_branch || targets[i].pull_request <= 0;
	}
	put(&q, "rateLimit{cost limit remaining resetAt}}");
	put_fragments(&q, by_number, by_branch);
	finish_text(&q, out);
	buffer_finish(&q.declarations);
	buffer_finish(&q.text);
	json_decref(q.variables);
	return q.error;
}
