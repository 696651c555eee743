#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "daemon/forge/github_decode_internal.h"

/*
 * A pull request's head: forks may have a branch of the same name. Whose the project's own one is says nothing, since
 * the project may have been given to somebody else.
 */
static bool is_of_branch(const json_t *node, const struct github_target *target) {
	const char *branch = json_string_value(json_object_get(node, "headRefName"));
	const char *owner =
		json_string_value(github_json_at(node, "headRepositoryOwner", "login", NULL));
	bool fork = github_target_is_fork(target);

	return branch != NULL && strcmp(branch, target->branch) == 0 &&
		(!fork || (owner != NULL && strcasecmp(owner, target->head_owner) == 0)) &&
		github_json_answer(json_object_get(node, "isCrossRepository")) ==
		(fork ? GITHUB_YES : GITHUB_NO) &&
		github_json_id(json_object_get(node, "number")) > 0;
}

/* The newest of that branch; they are sorted. */
static const json_t *find_of_branch(const json_t *connection, const struct github_target *target) {
	const json_t *nodes = json_object_get(connection, "nodes");

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		if (is_of_branch(json_array_get(nodes, i), target)) {
			return json_array_get(nodes, i);
		}
	}
	return NULL;
}

static bool is_list(const json_t *connection) {
	const json_t *nodes = json_object_get(connection, "nodes");

	for (size_t i = 0; i < json_array_size(nodes); i++) {
		if (!json_is_object(json_array_get(nodes, i))) {
			return false;
		}
	}
	return json_is_array(nodes) &&
		github_json_count(json_object_get(connection, "totalCount")) >= 0;
}

static bool is_whole(const json_t *connection) {
	return github_json_count(json_object_get(connection, "totalCount")) ==
		(int64_t)json_array_size(json_object_get(connection, "nodes"));
}

static void take_number(const json_t *found, struct github_snapshot *snapshot) {
	snapshot->reading[GITHUB_PART_TARGET] = GITHUB_READ;
	snapshot->pull_request = github_json_id(json_object_get(found, "number"));
	snapshot->cross_repository = github_json_answer(json_object_get(found, "isCrossRepository"));
	github_json_sha(json_object_get(found, "headRefOid"), snapshot->head_sha);
}

/* The branch is gone: how its last pull request ended tells why. */
static void read_ended(const json_t *ended, const struct github_target *target, bool is_gone,
	struct github_snapshot *snapshot) {
	const json_t *found = find_of_branch(ended, target);
	const char *word = json_string_value(json_object_get(found, "state"));

	snapshot->reading[GITHUB_PART_TARGET] = GITHUB_READ;
	if (found == NULL && is_gone) {
		snapshot->state = GITHUB_STATE_GONE;
		return;
	}
	if (found == NULL) {
		snapshot->reading[GITHUB_PART_TARGET] = GITHUB_NOT_FOUND;
		(void)TEXT_SET(snapshot->why,
			"The repository that has the branch is gone, or not for us to see.");
		return;
	}
	take_number(found, snapshot);
	snapshot->state = word == NULL	      ? GITHUB_STATE_GONE
		: strcmp(word, "MERGED") == 0 ? GITHUB_STATE_MERGED
		: strcmp(word, "CLOSED") == 0 ? GITHUB_STATE_CLOSED
					      : GITHUB_STATE_GONE;
}

static int read_ref(const json_t *ref, struct github_snapshot *snapshot) {
	const json_t *target = json_object_get(ref, "target");
	const json_t *of_tag = json_object_get(target, "target"); /* of one with a message */
	int r = github_decode_commit(of_tag != NULL ? of_tag : target, snapshot);

	if (r < 0) {
		return r;
	}
	if (snapshot->checks_sha[0] == '\0') {
		snapshot->reading[GITHUB_PART_TARGET] = GITHUB_MALFORMED;
		return 0;
	}
	snapshot->reading[GITHUB_PART_TARGET] = GITHUB_READ;
	snapshot->state = GITHUB_STATE_BRANCH;
	(void)TEXT_SET(snapshot->head_sha, snapshot->checks_sha);
	return 0;
}

int github_decode_branch(const json_t *project, const json_t *head,
	const struct github_target *target, struct github_snapshot *snapshot) {
	const json_t *open = json_object_get(project, "open");
	const json_t *found = find_of_branch(open, target);
	const json_t *ref = json_object_get(head, "ref");

	(void)TEXT_SET(snapshot->head_branch, target->branch);
	if (found != NULL) {
		take_number(found, snapshot);
		snapshot->state = GITHUB_STATE_OPEN;
		snapshot->ask_by_number = true;
		return 0;
	}
	if (!is_list(open) || !is_whole(open)) {
		snapshot->reading[GITHUB_PART_TARGET] = GITHUB_MALFORMED;
		(void)TEXT_SET(snapshot->why,
			is_list(open)
				? "Which pull request belongs to the branch cannot be told: too many have a head"
				  " of its name."
				: "what it says of the branch's pull requests is not what its documentation says.");
		return 0;
	}
	if (json_is_null(ref) || !json_is_object(head)) {
		read_ended(json_object_get(project, "ended"), target, json_is_null(ref), snapshot);
		return 0;
	}
	return read_ref(ref, snapshot);
}
