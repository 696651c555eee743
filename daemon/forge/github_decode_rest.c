/*
 * REST says the same in other words: lower case, and null where GraphQL has a word of its own. Its answers are
 * asked for when GraphQL's were not to be had, so they never make anything better than it is: a part is read only
 * when it came whole.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "daemon/forge/github_decode_internal.h"

/* Returns: 0, an object that the caller releases; -EBADMSG; -ENOMEM. */
static int load_object(const char *body, size_t len, json_t **ret) {
	json_t *value = NULL;
	int r = github_json_load(body, len, &value);

	if (r < 0) {
		return r;
	}
	if (!json_is_object(value)) {
		json_decref(value);
		return -EBADMSG;
	}
	*ret = value;
	return 0;
}

/* ---- lists ---- */

struct list_format {
	const char *key;
	unsigned source;
	unsigned beside; /* other sources that fill the same list; what else is in it is dropped */
	unsigned keeps;	 /* sources that it does not take the place of */
	void (*read_item)(const json_t *item, struct github_check *check);
};

/* Of which commit an answer is: "" when it does not say. */
static int take_commit(const char *sha, struct github_snapshot *snapshot) {
	if (sha[0] == '\0') {
		return 0;
	}
	if (snapshot->head_sha[0] == '\0' || strcasecmp(sha, snapshot->head_sha) != 0) {
		return -ESTALE;
	}
	(void)TEXT_SET(snapshot->checks_sha, snapshot->head_sha);
	return 0;
}

/* The items of other commits than the head would judge the wrong one. */
static int check_items(const json_t *items, struct github_snapshot *snapshot) {
	char sha[LIMIT_COMMIT_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(items); i++) {
		const json_t *value = json_object_get(json_array_get(items, i), "head_sha");

		github_json_sha(value, sha);
		r = value != NULL && sha[0] == '\0' ? -EBADMSG : take_commit(sha, snapshot);
	}
	return r;
}

/*
 * A first page counts on top of what other sources gave; a further one belongs to a count that is known. `total`:
 * of this source.
 */
static int take_items(const json_t *object, const struct list_format *format,
	struct github_snapshot *snapshot, struct github_check_list *list) {
	const json_t *items = json_object_get(object, format->key);
	int64_t total = github_json_count(json_object_get(object, "total_count"));
	int r;

	if (total < 0 || !json_is_array(items)) {
		return -EBADMSG;
	}
	r = check_items(items, snapshot);
	if (r < 0) {
		return r;
	}
	if ((snapshot->sources & (format->source | format->beside)) == 0) {
		list->n = 0;
		list->total = 0;
		list->incomplete = false;
		list->cursor[0] = '\0';
	}
	for (size_t i = 0; i < json_array_size(items); i++) {
		struct github_check *check;

		r = github_check_add(list, &check);
		if (r < 0) {
			break;
		}
		format->read_item(json_array_get(items, i), check);
	}
	if ((snapshot->sources & format->source) == 0) {
		list->total += total;
	}
	snapshot->sources &= format->keeps;
	snapshot->sources |= format->source;
	return r == -ENOMEM ? r : 0;
}

static int decode_list(const char *body, size_t len, const struct list_format *format,
	struct github_snapshot *snapshot, struct github_check_list *list) {
	json_t *object = NULL;
	char sha[LIMIT_COMMIT_MAX];
	int r = load_object(body, len, &object);

	if (r < 0) {
		return r;
	}
	github_json_sha(json_object_get(object, "sha"), sha); /* of a combined status */
	r = take_commit(sha, snapshot);
	if (r == 0) {
		r = take_items(object, format, snapshot, list);
	}
	json_decref(object);
	return r;
}

/* ---- items ---- */

static void read_status(const json_t *item, struct github_check *check) {
	if (!json_is_object(item)) {
		return;
	}
	check->kind = GITHUB_KIND_STATUS;
	check->inexact = !github_json_text(
		json_object_get(item, "context"), check->name, sizeof(check->name));
	github_json_state(json_object_get(item, "state"), &check->status, &check->conclusion);
	check->started_ms = github_json_time(json_object_get(item, "created_at"));
	check->completed_ms = github_json_time(json_object_get(item, "updated_at"));
}

static void read_outcome(const json_t *item, struct github_check *check) {
	check->id = github_json_id(json_object_get(item, "id"));
	check->status = (enum github_status)github_json_word(
		json_object_get(item, "status"), github_status_words, GITHUB_STATUS_COUNT);
	check->conclusion = github_json_conclusion(json_object_get(item, "conclusion"));
}

static void read_check_run(const json_t *item, struct github_check *check) {
	if (!json_is_object(item)) {
		return;
	}
	check->kind = GITHUB_KIND_RUN;
	check->inexact =
		!github_json_text(json_object_get(item, "name"), check->name, sizeof(check->name));
	read_outcome(item, check);
	check->started_ms = github_json_time(json_object_get(item, "started_at"));
	check->completed_ms = github_json_time(json_object_get(item, "completed_at"));
	check->suite_id = github_json_id(github_json_at(item, "check_suite", "id", NULL));
	(void)github_json_text(
		github_json_at(item, "app", "slug", NULL), check->app, sizeof(check->app));
}

static void read_actions_run(const json_t *item, struct github_check *check) {
	if (!json_is_object(item)) {
		return;
	}
	check->kind = GITHUB_KIND_SUITE;
	check->inexact = !github_json_text(
		json_object_get(item, "name"), check->workflow, sizeof(check->workflow));
	(void)github_json_text(json_object_get(item, "event"), check->event, sizeof(check->event));
	(void)TEXT_SET(check->app, "github-actions");
	read_outcome(item, check);
	check->workflow_run_id = check->id;
	check->suite_id = github_json_id(json_object_get(item, "check_suite_id"));
	/* A rerun keeps its id, and begins anew. */
	check->started_ms = github_json_time(json_object_get(item, "run_started_at"));
	check->completed_ms = github_json_time(json_object_get(item, "updated_at"));
}

int github_decode_statuses(const char *body, size_t len, struct github_snapshot *snapshot) {
	static const struct list_format format = { "statuses", GITHUB_FROM_STATUSES,
		GITHUB_FROM_CHECK_RUNS, ~(unsigned)GITHUB_FROM_ROLLUP, read_status };

	return decode_list(body, len, &format, snapshot, &snapshot->checks);
}

int github_decode_check_runs(const char *body, size_t len, struct github_snapshot *snapshot) {
	static const struct list_format format = { "check_runs", GITHUB_FROM_CHECK_RUNS,
		GITHUB_FROM_STATUSES, ~(unsigned)GITHUB_FROM_ROLLUP, read_check_run };

	return decode_list(body, len, &format, snapshot, &snapshot->checks);
}

int github_decode_actions_runs(const char *body, size_t len, struct github_snapshot *snapshot) {
	static const struct list_format format = { "workflow_runs", GITHUB_FROM_ACTIONS_RUNS, 0,
		~(unsigned)GITHUB_FROM_SUITES, read_actions_run };

	return decode_list(body, len, &format, snapshot, &snapshot->suites);
}

/* ---- the jobs of one run of a workflow ---- */

static const struct github_check *find_run(const struct github_snapshot *snapshot, int64_t id) {
	for (size_t i = 0; i < snapshot->suites.n; i++) {
		if (id != 0 && snapshot->suites.items[i].workflow_run_id == id) {
			return &snapshot->suites.items[i];
		}
	}
	return NULL;
}

static void read_job(const json_t *item, const struct github_check *run, struct github_check *job) {
	job->kind = GITHUB_KIND_RUN;
	job->inexact =
		!github_json_text(json_object_get(item, "name"), job->name, sizeof(job->name)) ||
		run->inexact;
	read_outcome(item, job);
	job->started_ms = github_json_time(json_object_get(item, "started_at"));
	job->completed_ms = github_json_time(json_object_get(item, "completed_at"));
	job->workflow_run_id = run->workflow_run_id;
	job->suite_id = run->suite_id;
	(void)TEXT_SET(job->app, run->app);
	(void)TEXT_SET(job->workflow, run->workflow);
	(void)TEXT_SET(job->event, run->event);
}

static int take_jobs(const json_t *jobs, struct github_snapshot *snapshot) {
	int r = json_is_array(jobs) ? check_items(jobs, snapshot) : -EBADMSG;

	for (size_t i = 0; r == 0 && i < json_array_size(jobs); i++) {
		const json_t *item = json_array_get(jobs, i);
		const struct github_check *run =
			find_run(snapshot, github_json_id(json_object_get(item, "run_id")));
		struct github_check *job;

		r = run == NULL ? -EBADMSG : github_check_add(&snapshot->checks, &job);
		if (r == 0) {
			read_job(item, run, job);
			snapshot->checks.total++;
		}
	}
	return r == -E2BIG ? 0 : r;
}

int github_decode_jobs(const char *body, size_t len, struct github_snapshot *snapshot) {
	json_t *object = NULL;
	int r = load_object(body, len, &object);

	if (r == 0) {
		r = take_jobs(json_object_get(object, "jobs"), snapshot);
		json_decref(object);
	}
	return r;
}

/* ---- a pull request ---- */

static enum github_state read_state(const json_t *pull) {
	const char *state = json_string_value(json_object_get(pull, "state"));
	enum github_answer merged = github_json_answer(json_object_get(pull, "merged"));

	if (state == NULL || merged == GITHUB_UNKNOWN) {
		return GITHUB_STATE_UNREAD;
	}
	if (strcmp(state, "closed") == 0) {
		return merged == GITHUB_YES ? GITHUB_STATE_MERGED : GITHUB_STATE_CLOSED;
	}
	return strcmp(state, "open") == 0 && merged == GITHUB_NO ? GITHUB_STATE_OPEN
								 : GITHUB_STATE_UNREAD;
}

static enum github_mergeable read_mergeable(const json_t *value) {
	if (json_is_null(value)) {
		return GITHUB_MERGEABLE_UNKNOWN;
	}
	switch (github_json_answer(value)) {
	case GITHUB_YES: return GITHUB_MERGEABLE_MERGEABLE;
	case GITHUB_NO: return GITHUB_MERGEABLE_CONFLICTING;
	case GITHUB_UNKNOWN: break;
	}
	return GITHUB_MERGEABLE_UNREAD;
}

static void read_pull(const json_t *pull, enum github_state state, const char *sha,
	struct github_snapshot *snapshot) {
	const json_t *head = json_object_get(pull, "head");

	snapshot->reading[GITHUB_PART_TARGET] = GITHUB_READ;
	snapshot->state = state;
	snapshot->pull_request = github_json_id(json_object_get(pull, "number"));
	snapshot->ask_by_number = false;
	(void)TEXT_SET(snapshot->head_sha, sha);
	snapshot->draft = github_json_answer(json_object_get(pull, "draft"));
	snapshot->mergeable = read_mergeable(json_object_get(pull, "mergeable"));
	snapshot->merge_state =
		(enum github_merge_state)github_json_word(json_object_get(pull, "mergeable_state"),
			github_merge_state_words, GITHUB_MERGE_STATE_COUNT);
	(void)github_json_text(
		json_object_get(head, "ref"), snapshot->head_branch, sizeof(snapshot->head_branch));
	(void)github_json_text(github_json_at(head, "repo", "full_name", NULL),
		snapshot->head_repository, sizeof(snapshot->head_repository));
	(void)github_json_text(
		github_json_at(pull, "base", "ref", NULL), snapshot->base, sizeof(snapshot->base));
}

int github_decode_pull(const char *body, size_t len, struct github_snapshot *snapshot) {
	json_t *pull = NULL;
	char sha[LIMIT_COMMIT_MAX];
	enum github_state state;
	int r = load_object(body, len, &pull);

	if (r < 0) {
		return r;
	}
	state = read_state(pull);
	github_json_sha(github_json_at(pull, "head", "sha", NULL), sha);
	if (state == GITHUB_STATE_UNREAD || sha[0] == '\0' ||
		github_json_id(json_object_get(pull, "number")) == 0) {
		r = -EBADMSG;
	} else if (snapshot->head_sha[0] != '\0' && strcasecmp(snapshot->head_sha, sha) != 0) {
		r = -ESTALE;
	} else {
		read_pull(pull, state, sha, snapshot);
	}
	json_decref(pull);
	return r;
}
