#include "daemon/forge/github_decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "daemon/forge/github_decode_internal.h"

#define ALIAS_MAX 24
#define NO_TARGET SIZE_MAX /* an error that names none: of all */

/* What went wrong for one target. */
struct failure {
	bool any;
	bool repository; /* the whole alias */
	bool fork;	 /* the repository that has the branch */
	bool not_found;	 /* the pull request, in a project that was found */
	enum github_reading reading;
	const char *message; /* borrowed */
	enum github_reading parts[GITHUB_PART_COUNT];
};

/* ---- what an error says ---- */

static enum github_reading error_reading(const json_t *error) {
	static const struct {
		const char *type;
		enum github_reading reading;
	} types[] = {
		{ "FORBIDDEN", GITHUB_FORBIDDEN },
		{ "INSUFFICIENT_SCOPES", GITHUB_FORBIDDEN },
		{ "NOT_FOUND", GITHUB_NOT_FOUND },
		{ "RATE_LIMIT", GITHUB_RATE_LIMITED },
		{ "RATE_LIMITED", GITHUB_RATE_LIMITED },
	};
	const char *type = json_string_value(json_object_get(error, "type"));
	const char *message = json_string_value(json_object_get(error, "message"));

	for (size_t i = 0; type != NULL && i < ARRAY_SIZE(types); i++) {
		if (strcmp(type, types[i].type) == 0) {
			return types[i].reading;
		}
	}
	if (message != NULL && strcasestr(message, "rate limit") != NULL) {
		return GITHUB_RATE_LIMITED;
	}
	if (message != NULL && strcasestr(message, "not accessible by") != NULL) {
		return GITHUB_FORBIDDEN;
	}
	return GITHUB_FAILED;
}

/* "t7" or "f7"; NO_TARGET: something else. */
static size_t error_target(const json_t *path, size_t n) {
	const char *alias = json_string_value(json_array_get(path, 0));
	int64_t i = 0;

	if (alias == NULL || (alias[0] != 't' && alias[0] != 'f') ||
		text_to_int(alias + 1, &i) < 0 || i < 0 || (size_t)i >= n) {
		return NO_TARGET;
	}
	return (size_t)i;
}

static bool path_has(const json_t *path, const char *name) {
	for (size_t i = 1; i < json_array_size(path); i++) {
		const char *step = json_string_value(json_array_get(path, i));

		if (step != NULL && strcmp(step, name) == 0) {
			return true;
		}
	}
	return false;
}

/* GITHUB_PART_COUNT: none that matters. */
static enum github_part error_part(const json_t *path) {
	static const struct {
		const char *step;
		enum github_part part;
	} steps[] = {
		/* an earlier one counts */
		{ "workflowRun", GITHUB_PART_COUNT },
		{ "statusCheckRollup", GITHUB_PART_CHECKS },
		{ "checkSuites", GITHUB_PART_SUITES },
		{ "commits", GITHUB_PART_CHECKS },
		{ "latestOpinionatedReviews", GITHUB_PART_REVIEWS },
		{ "reviewDecision", GITHUB_PART_REVIEWS },
		{ "reviewThreads", GITHUB_PART_THREADS },
		{ "isInMergeQueue", GITHUB_PART_MERGE },
		{ "mergeQueueEntry", GITHUB_PART_MERGE },
		{ "mergeStateStatus", GITHUB_PART_MERGE },
		{ "mergeable", GITHUB_PART_MERGE },
		{ "headRepository", GITHUB_PART_COUNT },
		{ "baseRef", GITHUB_PART_COUNT },
		{ "rateLimit", GITHUB_PART_COUNT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (path_has(path, steps[i].step)) {
			return steps[i].part;
		}
	}
	return GITHUB_PART_TARGET;
}

static void note_failure(struct failure *failure, const json_t *error, const json_t *path) {
	enum github_reading reading = error_reading(error);
	size_t depth = json_array_size(path);
	enum github_part part = error_part(path);
	const char *alias = json_string_value(json_array_get(path, 0));

	if (part == GITHUB_PART_COUNT) {
		return;
	}
	if (depth == 1 && alias != NULL && alias[0] == 'f') {
		failure->fork = true; /* the project may still tell of a pull request */
		return;
	}
	if (!failure->any) {
		failure->message = json_string_value(json_object_get(error, "message"));
		failure->reading = reading;
	}
	failure->any = true;
	failure->repository = failure->repository || depth <= 1;
	failure->not_found = failure->not_found ||
		(depth == 2 && reading == GITHUB_NOT_FOUND && path_has(path, "pullRequest"));
	failure->parts[part] = reading;
}

/* ---- trouble with the whole answer ---- */

/* "Field 'isInMergeQueue' doesn't exist on type 'PullRequest'" */
static unsigned missing_field(const char *message) {
	static const struct {
		const char *field;
		unsigned without;
	} fields[] = {
		{ "baseRef'", GITHUB_WITHOUT_RULE },
		{ "isInMergeQueue", GITHUB_WITHOUT_MERGE_QUEUE },
		{ "latestOpinionatedReviews", GITHUB_WITHOUT_REVIEWERS },
		{ "mergeQueueEntry", GITHUB_WITHOUT_MERGE_QUEUE },
		{ "mergeStateStatus", GITHUB_WITHOUT_MERGE_STATE },
		{ "refUpdateRule", GITHUB_WITHOUT_RULE },
		{ "requiredStatusCheckContexts", GITHUB_WITHOUT_RULE },
		{ "workflowRun", GITHUB_WITHOUT_WORKFLOW_RUNS },
		{ "writersOnly", GITHUB_WITHOUT_REVIEWERS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strstr(message, fields[i].field) != NULL) {
			return fields[i].without;
		}
	}
	return 0;
}

static bool says(const char *message, const char *words) {
	return strcasestr(message, words) != NULL;
}

static enum github_trouble error_trouble(const json_t *error, struct github_batch *batch) {
	const char *message = json_string_value(json_object_get(error, "message"));
	const char *type = json_string_value(json_object_get(error, "type"));

	message = message != NULL ? message : "";
	if (error_reading(error) == GITHUB_RATE_LIMITED) {
		return GITHUB_TROUBLE_RATE;
	}
	if ((says(message, "doesn't exist on type") || says(message, "doesn't accept argument")) &&
		missing_field(message) != 0) {
		batch->without |= missing_field(message);
		return GITHUB_TROUBLE_NO_FIELD;
	}
	if (says(message, "resource limits") || says(message, "timeout") ||
		says(message, "couldn't respond to your request in time") ||
		(type != NULL &&
			(strcmp(type, "RESOURCE_LIMITS_EXCEEDED") == 0 ||
				strcmp(type, "MAX_NODE_LIMIT_EXCEEDED") == 0))) {
		return GITHUB_TROUBLE_TOO_MUCH;
	}
	return GITHUB_TROUBLE_FAILED;
}

/* The first trouble counts, but a rate limit comes before all others, and halving before asking again. */
static void note_trouble(struct github_batch *batch, const json_t *error, bool of_all) {
	static const int weights[] = {
		[GITHUB_TROUBLE_NONE] = 0,
		[GITHUB_TROUBLE_FAILED] = 1,
		[GITHUB_TROUBLE_TOO_MUCH] = 2,
		[GITHUB_TROUBLE_NO_FIELD] = 3,
		[GITHUB_TROUBLE_RATE] = 4,
	};
	enum github_trouble trouble = error_trouble(error, batch);

	if (trouble == GITHUB_TROUBLE_FAILED && !of_all) {
		return;
	}
	if (weights[trouble] > weights[batch->trouble]) {
		batch->trouble = trouble;
		(void)github_json_text(json_object_get(error, "message"), batch->sentence,
			sizeof(batch->sentence));
	}
}

static void read_rate(const json_t *rate, struct github_rate *ret) {
	int64_t remaining = github_json_count(json_object_get(rate, "remaining"));

	ret->known = remaining >= 0;
	if (ret->known) {
		ret->remaining = remaining;
		ret->cost = github_json_id(json_object_get(rate, "cost"));
		ret->limit = github_json_id(json_object_get(rate, "limit"));
		ret->reset_ms = github_json_time(json_object_get(rate, "resetAt"));
	}
}

/* ---- one target ---- */

static void fail(struct github_snapshot *snapshot, enum github_reading reading, const char *message,
	const struct github_batch *batch) {
	github_snapshot_fail(snapshot, reading,
		reading == GITHUB_RATE_LIMITED && batch->rate.remaining == 0 ? batch->rate.reset_ms
									     : 0,
		message != NULL ? message : "");
}

/* Drops what was read of a part that an error is about. */
static void fail_part(struct github_snapshot *snapshot, enum github_part part,
	enum github_reading reading, const char *message) {
	_cleanup_(freep) char *clean = text_clean(message, strlen(message));

	if (part < GITHUB_PARTS_READ) {
		snapshot->reading[part] = reading;
	}
	if (snapshot->why[0] == '\0') {
		(void)TEXT_SET(snapshot->why, clean);
	}
	if (part == GITHUB_PART_CHECKS) {
		snapshot->sources &= ~(unsigned)GITHUB_FROM_ROLLUP;
		snapshot->checks.n = 0;
	} else if (part == GITHUB_PART_SUITES) {
		snapshot->sources &= ~(unsigned)GITHUB_FROM_SUITES;
		snapshot->suites.n = 0;
	} else if (part == GITHUB_PART_REVIEWS) {
		snapshot->review = GITHUB_REVIEW_UNREAD;
	} else if (part == GITHUB_PART_MERGE) {
		snapshot->mergeable = GITHUB_MERGEABLE_UNREAD;
	}
}

static void fail_parts(struct github_snapshot *snapshot, const struct failure *failure) {
	const char *message = failure->message != NULL ? failure->message : "";

	for (int part = 0; part < GITHUB_PART_COUNT; part++) {
		if (failure->parts[part] != GITHUB_NOT_ASKED && part != GITHUB_PART_TARGET) {
			fail_part(snapshot, (enum github_part)part, failure->parts[part], message);
		}
	}
}

static int decode_target(const json_t *data, size_t i, const struct github_target *target,
	unsigned without, const struct failure *failure, struct github_snapshot *snapshot,
	const struct github_batch *batch) {
	char alias[ALIAS_MAX], fork_alias[ALIAS_MAX];
	const json_t *project, *head, *pull_request;
	int r;

	(void)snprintf(alias, sizeof(alias), "t%zu", i);
	(void)snprintf(fork_alias, sizeof(fork_alias), "f%zu", i);
	project = json_object_get(data, alias);
	head = github_target_is_fork(target) ? json_object_get(data, fork_alias) : project;
	pull_request = json_object_get(project, "pullRequest");
	if (json_is_object(project) && json_is_null(pull_request) && failure->not_found &&
		!failure->repository && target->pull_request > 0) {
		snapshot->reading[GITHUB_PART_TARGET] = GITHUB_READ;
		snapshot->state = GITHUB_STATE_GONE;
		return 0;
	}
	/* What is not there because of an error, or should be there. */
	if (failure->parts[GITHUB_PART_TARGET] != GITHUB_NOT_ASKED || failure->repository) {
		fail(snapshot, failure->reading, failure->message, batch);
		return 0;
	}
	if (!json_is_object(project) ||
		!json_is_object(target->pull_request > 0 ? pull_request
				: failure->fork		 ? project
							 : head)) {
		fail(snapshot, failure->any ? failure->reading : GITHUB_MALFORMED, failure->message,
			batch);
		return 0;
	}
	r = target->pull_request > 0
		? github_decode_pull_request(pull_request, target, without, snapshot)
		: github_decode_branch(project, head, target, snapshot);
	if (r == 0) {
		fail_parts(snapshot, failure);
	}
	return r;
}

/* ---- the batch ---- */

static void read_errors(const json_t *errors, size_t n, struct failure *failures,
	struct failure *all, struct github_batch *batch) {
	size_t n_errors = json_array_size(errors);

	if (errors != NULL && !json_is_null(errors) &&
		(!json_is_array(errors) || n_errors > LIMIT_GITHUB_ERRORS)) {
		*all = (struct failure){ .any = true, .repository = true, .reading = GITHUB_FAILED };
		batch->trouble = GITHUB_TROUBLE_FAILED;
		return;
	}
	for (size_t i = 0; i < n_errors; i++) {
		const json_t *error = json_array_get(errors, i);
		const json_t *path = json_object_get(error, "path");
		const char *first = json_string_value(json_array_get(path, 0));
		size_t target = error_target(path, n);

		if (first != NULL && strcmp(first, "rateLimit") == 0) {
			continue;
		}
		note_trouble(batch, error, target == NO_TARGET);
		if (target != NO_TARGET) {
			note_failure(&failures[target], error, path);
		} else {
			note_failure(all, error, NULL);
		}
	}
}

static void fail_all(struct github_snapshot *snapshots, size_t n, enum github_reading reading,
	const char *message, const struct github_batch *batch) {
	for (size_t i = 0; i < n; i++) {
		fail(&snapshots[i], reading, message, batch);
	}
}

/* No `data`: not even an error may have told why. */
static void read_nothing(const json_t *answer, struct github_batch *batch) {
	if (batch->trouble == GITHUB_TROUBLE_NONE) {
		batch->trouble = GITHUB_TROUBLE_FAILED;
	}
	if (batch->sentence[0] == '\0') {
		(void)github_json_text(json_object_get(answer, "message"), batch->sentence,
			sizeof(batch->sentence));
		if (strcasestr(batch->sentence, "rate limit") != NULL) {
			batch->trouble = GITHUB_TROUBLE_RATE;
		}
	}
}

static int decode_answer(const json_t *answer, const struct github_target *targets, size_t n,
	unsigned without, struct github_snapshot *snapshots, struct github_batch *batch) {
	const json_t *data = json_object_get(answer, "data");
	struct failure failures[LIMIT_GITHUB_TARGETS] = { { 0 } }, all = { 0 };
	int r = 0;

	read_rate(json_object_get(data, "rateLimit"), &batch->rate);
	read_errors(json_object_get(answer, "errors"), n, failures, &all, batch);
	if (!json_is_object(data)) {
		read_nothing(answer, batch);
		all.any = true;
		all.reading =
			batch->trouble == GITHUB_TROUBLE_RATE ? GITHUB_RATE_LIMITED : GITHUB_FAILED;
		all.message = batch->sentence;
	}
	if (all.any) {
		fail_all(snapshots, n, all.reading, all.message, batch);
		return 0;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = decode_target(data, i, &targets[i], without, &failures[i], &snapshots[i], batch);
	}
	return r;
}

int github_decode_batch(const char *body, size_t len, const struct github_target *targets, size_t n,
	unsigned without, struct github_snapshot *snapshots, struct github_batch *ret_batch) {
	json_t *answer = NULL;
	int r = github_json_load(body, len, &answer);

	*ret_batch = (struct github_batch){ 0 };
	if (r == -ENOMEM) {
		return r;
	}
	if (r < 0 || !json_is_object(answer)) {
		ret_batch->trouble = GITHUB_TROUBLE_UNREADABLE;
		(void)TEXT_SET(ret_batch->sentence, "GitHub's answer is not what it should be.");
		fail_all(snapshots, n, GITHUB_FAILED, ret_batch->sentence, ret_batch);
		r = 0;
	} else {
		r = decode_answer(answer, targets, n, without, snapshots, ret_batch);
	}
	json_decref(answer);
	return r;
}

/* `body` has no NUL at its end. */
static bool has_words(const char *body, size_t len, const char *words) {
	size_t n = strlen(words);

	for (size_t i = 0; i + n <= len; i++) {
		if (strncasecmp(body + i, words, n) == 0) {
			return true;
		}
	}
	return false;
}

bool github_decode_is_limited(const char *body, size_t len) {
	struct github_batch batch = { 0 };
	json_t *answer = NULL;
	const json_t *errors;

	/* Nearly none is; the others need not be parsed twice. */
	if (!has_words(body, len, "RATE_LIMIT") && !has_words(body, len, "rate limit")) {
		return false;
	}
	if (github_json_load(body, len, &answer) < 0) {
		return false;
	}
	errors = json_object_get(answer, "errors");
	for (size_t i = 0; i < MIN(json_array_size(errors), LIMIT_GITHUB_ERRORS); i++) {
		note_trouble(&batch, json_array_get(errors, i), true);
	}
	if (!json_is_object(json_object_get(answer, "data"))) {
		read_nothing(answer, &batch);
	}
	json_decref(answer);
	return batch.trouble == GITHUB_TROUBLE_RATE;
}
