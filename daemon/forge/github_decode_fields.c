#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/forge/github_decode_internal.h"

/* ---- checks ---- */

static void read_suite_facts(const json_t *suite, struct github_check *check) {
	const json_t *run = json_object_get(suite, "workflowRun");

	check->suite_id = github_json_id(json_object_get(suite, "databaseId"));
	check->workflow_run_id = github_json_id(json_object_get(run, "databaseId"));
	(void)github_json_text(
		github_json_at(suite, "app", "slug", NULL), check->app, sizeof(check->app));
	(void)github_json_text(json_object_get(run, "event"), check->event, sizeof(check->event));
	if (run != NULL && !json_is_null(run)) {
		check->inexact = !github_json_text(github_json_at(run, "workflow", "name", NULL),
					 check->workflow, sizeof(check->workflow)) ||
			check->inexact;
	}
}

static void read_check_run(const json_t *node, struct github_check *check) {
	check->kind = GITHUB_KIND_RUN;
	check->inexact =
		!github_json_text(json_object_get(node, "name"), check->name, sizeof(check->name));
	check->id = github_json_id(json_object_get(node, "databaseId"));
	check->status = (enum github_status)github_json_word(
		json_object_get(node, "status"), github_status_words, GITHUB_STATUS_COUNT);
	check->conclusion = github_json_conclusion(json_object_get(node, "conclusion"));
	check->started_ms = github_json_time(json_object_get(node, "startedAt"));
	check->completed_ms = github_json_time(json_object_get(node, "completedAt"));
	read_suite_facts(json_object_get(node, "checkSuite"), check);
}

static void read_status(const json_t *node, struct github_check *check) {
	check->kind = GITHUB_KIND_STATUS;
	check->inexact = !github_json_text(
		json_object_get(node, "context"), check->name, sizeof(check->name));
	github_json_state(json_object_get(node, "state"), &check->status, &check->conclusion);
	check->started_ms = github_json_time(json_object_get(node, "createdAt"));
	check->completed_ms = check->started_ms;
}

/* What is neither stays GITHUB_KIND_UNREAD. */
static void read_context(const json_t *node, struct github_check *check) {
	const char *type = json_string_value(json_object_get(node, "__typename"));

	if (type != NULL && strcmp(type, "CheckRun") == 0) {
		read_check_run(node, check);
	} else if (type != NULL && strcmp(type, "StatusContext") == 0) {
		read_status(node, check);
	}
	check->required = github_json_answer(json_object_get(node, "isRequired"));
}

static void read_suite(const json_t *node, struct github_check *check) {
	if (!json_is_object(node)) {
		return;
	}
	check->kind = GITHUB_KIND_SUITE;
	check->status = (enum github_status)github_json_word(
		json_object_get(node, "status"), github_status_words, GITHUB_STATUS_COUNT);
	check->conclusion = github_json_conclusion(json_object_get(node, "conclusion"));
	check->started_ms = github_json_time(json_object_get(node, "createdAt"));
	check->completed_ms = github_json_time(json_object_get(node, "updatedAt"));
	read_suite_facts(node, check);
	check->id = check->suite_id;
}

/* Returns: 0; -EBADMSG, no connection; -ENOMEM. */
static int read_list(const json_t *connection,
	void (*read_node)(const json_t *, struct github_check *), struct github_check_list *list) {
	const json_t *nodes = json_object_get(connection, "nodes");
	const json_t *page = json_object_get(connection, "pageInfo");

	list->total = github_json_count(json_object_get(connection, "totalCount"));
	if (list->total < 0 || !json_is_array(nodes)) {
		return -EBADMSG;
	}
	list->incomplete = github_json_answer(json_object_get(page, "hasNextPage")) != GITHUB_NO;
	if (list->incomplete) {
		(void)github_json_text(
			json_object_get(page, "endCursor"), list->cursor, sizeof(list->cursor));
	}
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		struct github_check *check;
		int r = github_check_add(list, &check);

		if (r < 0) {
			return r == -E2BIG ? 0 : r;
		}
		read_node(json_array_get(nodes, i), check);
	}
	return 0;
}

static int read_rollup(const json_t *rollup, struct github_snapshot *snapshot) {
	int r;

	if (json_is_null(rollup)) { /* neither check nor status */
		snapshot->sources |= GITHUB_FROM_ROLLUP;
		snapshot->reading[GITHUB_PART_CHECKS] = GITHUB_READ;
		return 0;
	}
	github_json_state(json_object_get(rollup, "state"), &snapshot->rollup_status,
		&snapshot->rollup_conclusion);
	r = read_list(json_object_get(rollup, "contexts"), read_context, &snapshot->checks);
	if (r == 0) {
		snapshot->sources |= GITHUB_FROM_ROLLUP;
	}
	snapshot->reading[GITHUB_PART_CHECKS] = r == 0 ? GITHUB_READ : GITHUB_MALFORMED;
	return r == -ENOMEM ? r : 0;
}

int github_decode_commit(const json_t *commit, struct github_snapshot *snapshot) {
	int r;

	github_json_sha(json_object_get(commit, "oid"), snapshot->checks_sha);
	snapshot->head_ms = github_json_time(json_object_get(commit, "committedDate"));
	r = read_rollup(json_object_get(commit, "statusCheckRollup"), snapshot);
	if (r < 0) {
		return r;
	}
	r = read_list(json_object_get(commit, "checkSuites"), read_suite, &snapshot->suites);
	if (r == 0) {
		snapshot->sources |= GITHUB_FROM_SUITES;
	}
	snapshot->reading[GITHUB_PART_SUITES] = r == 0 ? GITHUB_READ : GITHUB_MALFORMED;
	return r == -ENOMEM ? r : 0;
}

/* ---- the pull request ---- */

static void read_threads(const json_t *connection, struct github_snapshot *snapshot) {
	const json_t *nodes = json_object_get(connection, "nodes");

	snapshot->threads_incomplete = github_json_count(json_object_get(connection, "totalCount")) !=
		(int64_t)json_array_size(nodes);
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		if (github_json_answer(json_object_get(json_array_get(nodes, i), "isResolved")) !=
			GITHUB_YES) {
			snapshot->unresolved_threads++;
		}
	}
}

static void read_review(const json_t *node, struct github_review_by *by) {
	(void)github_json_text(
		github_json_at(node, "author", "login", NULL), by->author, sizeof(by->author));
	if (by->author[0] == '\0') {
		(void)TEXT_SET(by->author, "someone"); /* whose account is gone */
	}
	by->state = (enum github_review)github_json_word(
		json_object_get(node, "state"), github_review_words, GITHUB_REVIEW_COUNT);
	github_json_sha(github_json_at(node, "commit", "oid", NULL), by->commit);
}

static void read_reviews(
	const json_t *pull_request, unsigned without, struct github_snapshot *snapshot) {
	const json_t *decision = json_object_get(pull_request, "reviewDecision");
	const json_t *connection = json_object_get(pull_request, "latestOpinionatedReviews");
	const json_t *nodes = json_object_get(connection, "nodes");
	bool listed = json_is_array(nodes) || (without & GITHUB_WITHOUT_REVIEWERS) != 0;

	snapshot->review = json_is_null(decision)
		? GITHUB_REVIEW_NONE
		: (enum github_review)github_json_word(
			  decision, github_review_words, GITHUB_REVIEW_COUNT);
	if (!listed) { /* somebody's objection might be overlooked */
		snapshot->review = GITHUB_REVIEW_UNREAD;
	}
	snapshot->reviews_incomplete = (without & GITHUB_WITHOUT_REVIEWERS) == 0 &&
		github_json_count(json_object_get(connection, "totalCount")) !=
			(int64_t)json_array_size(nodes);
	for (size_t i = 0; i < json_array_size(nodes) && i < LIMIT_GITHUB_REVIEWS; i++) {
		read_review(json_array_get(nodes, i), &snapshot->reviews[snapshot->n_reviews++]);
	}
}

static void read_merging(
	const json_t *pull_request, unsigned without, struct github_snapshot *snapshot) {
	snapshot->mergeable =
		(enum github_mergeable)github_json_word(json_object_get(pull_request, "mergeable"),
			github_mergeable_words, GITHUB_MERGEABLE_COUNT);
	snapshot->merge_state = (enum github_merge_state)github_json_word(
		json_object_get(pull_request, "mergeStateStatus"), github_merge_state_words,
		GITHUB_MERGE_STATE_COUNT);
	snapshot->draft = github_json_answer(json_object_get(pull_request, "isDraft"));
	snapshot->in_merge_queue = (without & GITHUB_WITHOUT_MERGE_QUEUE) != 0
		? GITHUB_NO
		: github_json_answer(json_object_get(pull_request, "isInMergeQueue"));
	snapshot->queue_position =
		github_json_id(github_json_at(pull_request, "mergeQueueEntry", "position", NULL));
}

/* What contradicts itself is not read. */
static enum github_state read_state(const json_t *pull_request) {
	const char *word = json_string_value(json_object_get(pull_request, "state"));
	enum github_answer merged = github_json_answer(json_object_get(pull_request, "merged"));

	if (word == NULL || merged == GITHUB_UNKNOWN) {
		return GITHUB_STATE_UNREAD;
	}
	if (merged == GITHUB_YES) {
		return strcmp(word, "MERGED") == 0 ? GITHUB_STATE_MERGED : GITHUB_STATE_UNREAD;
	}
	return strcmp(word, "OPEN") == 0      ? GITHUB_STATE_OPEN
		: strcmp(word, "CLOSED") == 0 ? GITHUB_STATE_CLOSED
					      : GITHUB_STATE_UNREAD;
}

static void read_names(const json_t *pull_request, struct github_snapshot *snapshot) {
	github_json_sha(json_object_get(pull_request, "headRefOid"), snapshot->head_sha);
	(void)github_json_text(json_object_get(pull_request, "headRefName"), snapshot->head_branch,
		sizeof(snapshot->head_branch));
	(void)github_json_text(json_object_get(pull_request, "baseRefName"), snapshot->base,
		sizeof(snapshot->base));
	(void)github_json_text(github_json_at(pull_request, "headRepository", "nameWithOwner", NULL),
		snapshot->head_repository, sizeof(snapshot->head_repository));
	snapshot->cross_repository =
		github_json_answer(json_object_get(pull_request, "isCrossRepository"));
}

static void read_expected(const json_t *pull_request, struct github_snapshot *snapshot) {
	const json_t *names = github_json_at(
		pull_request, "baseRef", "refUpdateRule", "requiredStatusCheckContexts", NULL);

	for (size_t i = 0;
		i < json_array_size(names) && snapshot->n_expected < LIMIT_GITHUB_REQUIRED; i++) {
		char *name = snapshot->expected[snapshot->n_expected];

		snapshot->n_expected += github_json_text(
			json_array_get(names, i), name, sizeof(snapshot->expected[0]));
	}
}

int github_decode_pull_request(const json_t *pull_request, const struct github_target *target,
	unsigned without, struct github_snapshot *snapshot) {
	const json_t *commits = github_json_at(pull_request, "commits", "nodes", NULL);
	const json_t *commit = json_object_get(json_array_get(commits, 0), "commit");
	int64_t number = github_json_id(json_object_get(pull_request, "number"));

	snapshot->state = read_state(pull_request);
	if (snapshot->state == GITHUB_STATE_UNREAD || number != target->pull_request) {
		snapshot->reading[GITHUB_PART_TARGET] = GITHUB_MALFORMED;
		return 0;
	}
	snapshot->reading[GITHUB_PART_TARGET] = GITHUB_READ;
	snapshot->pull_request = number;
	read_names(pull_request, snapshot);
	read_merging(pull_request, without, snapshot);
	read_reviews(pull_request, without, snapshot);
	read_threads(json_object_get(pull_request, "reviewThreads"), snapshot);
	read_expected(pull_request, snapshot);
	return github_decode_commit(commit, snapshot);
}
