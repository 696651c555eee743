/*
 * store_step(): finds what an event speaks of, lets `decide` decide, and writes all that follows, in one transaction.
 *
 * Everything that can refuse comes before the first write (step_find.c); step_apply.c writes.
 */
#include "daemon/store/step_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

static bool is_submission(const struct store_step *step) {
	return step->event.type == EVENT_REPORT || step->event.type == EVENT_BUILD_PASSED ||
		step->event.type == EVENT_TASK_CREATED;
}

static bool has_key(const struct store_step *step) {
	return step->key != NULL && step->key[0] != '\0';
}

/* What a key stands for, as FNV-1a (64 bits): a failure or a pass, of one branch. */
static int64_t digest_of(const struct store_step *step) {
	const struct build *build = step->build;
	uint64_t hash = UINT64_C(14695981039346656037) ^ (uint64_t)step->event.type;

	if (build == NULL) {
		return 0;
	}
	const char *const parts[] = { build->project, build->head_repository, build->branch };
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		for (const char *c = parts[i]; c == parts[i] || c[-1] != '\0'; c++) {
			hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
		}
	}
	return (int64_t)hash;
}

/* Returns: 1, the key was seen and `answer` is the first one; 0; -ESTALE, it was used for something else. */
static int find_duplicate(struct db *db, struct store_step *step) {
	int64_t digest = digest_of(step);
	int status;

	if (!has_key(step)) {
		return 0;
	}
	status = submission_get(db, step->key, &step->answer);
	if (status == -ENOENT) {
		step->answer.digest = digest;
		return 0;
	}
	if (status == 0 && step->answer.digest != digest) {
		text_format(step->refusal, sizeof(step->refusal),
			"Submission key \"%s\" was used for something else already; use a key of its own.",
			step->key);
		return -ESTALE;
	}
	if (status == 0) {
		step->answer.duplicate = true;
	}
	return status < 0 ? status : 1;
}

/* Counted once a batch: the bound may be passed by what one batch adds. */
static int check_pending(struct db *db) {
	if (db->n_scheduled < 0) {
		int status = db_int(db, SQL_N_SCHEDULED, 0, 0, &db->n_scheduled);

		if (status < 0) {
			return status;
		}
	}
	return db->n_scheduled >= LIMIT_TASKS_PENDING ? -EAGAIN : 0;
}

/* The decision sees the ids that its rows will have. */
static int assign_ids(struct db *db, struct store_step *step) {
	int status = 0;

	if (step->event.type == EVENT_REPORT && step->report != NULL) {
		status = db_next_id(db, DB_IDS_REPORT, step->now_ms, &step->report->id);
	}
	if (status == 0 && step->build != NULL) {
		status = db_next_id(db, DB_IDS_BUILD, step->now_ms, &step->build->id);
	}
	return status;
}

static void add_due(struct store_step *step, enum change_verb verb, const char *lane, int64_t due_ms) {
	struct step_due *due = &step->due[step->n_due++];

	due->verb = verb;
	due->due_ms = due_ms;
	TEXT_SET(due->lane, lane);
}

/* For who looks at the lanes after the commit. */
static void note_due(struct store_step *step, const struct step_result *result) {
	step->n_due = 0;
	step->branch_woken = result->wake_branch;
	if (result->has_task && result->task.status == TASK_SCHEDULED) {
		add_due(step, CHANGE_ADD, result->task.lane, result->task.due_ms);
	}
	for (size_t i = 0; i < result->n_changes; i++) {
		const struct task_change *change = &result->changes[i];

		add_due(step, change->verb, change->lane, change->due_ms);
	}
}

static int decide(struct db *db, struct store_step *step, struct step_scene *scene) {
	struct step_input input = {
		.event = &step->event,
		.policy = step->policy,
		.now_ms = step->now_ms,
		.ahead_ms = step->ahead_ms,
		.incident = scene->has_incident ? &scene->incident : NULL,
		.task = scene->task,
		.link = scene->has_link ? &scene->link : NULL,
	};
	int status = step_find_facts(db, step, scene, &input);

	if (status < 0) {
		return status;
	}
	step->decide(&input, &scene->result);
	if (scene->result.status < 0) {
		TEXT_SET(step->refusal, scene->result.refusal);
		return scene->result.status;
	}
	note_due(step, &scene->result);
	return step_check_result(db, step, scene);
}

void step_scene_init(struct step_scene *scene) {
	scene->has_incident = false;
	scene->has_link = false;
	scene->incident.id = 0;
	scene->task = NULL;
	memset(&scene->result, 0, sizeof(scene->result));
}

/* One decision about at most one incident. */
static int run_one(struct db *db, struct store_step *step) {
	struct step_scene scene;
	int status;

	step_scene_init(&scene);
	status = step_find(db, step, &scene);

	if (status == 0) {
		status = decide(db, step, &scene);
	}
	if (status == 0) {
		status = step_write_cause(db, step, &scene);
	}
	return status < 0 ? status : step_apply(db, step, &scene);
}

/* A decision that has nothing to do keeps neither the others nor the build out. */
static int run_one_of(struct db *db, struct store_step *step, struct step_scene *scene) {
	int status = decide(db, step, scene);

	if (status < 0) {
		return status == scene->result.status ? 0 : status;
	}
	return step_apply(db, step, scene);
}

/* One for each of the branch's own incidents, and for the one it was made for. */
static int run_branch(struct db *db, struct store_step *step) {
	_cleanup_(freep) struct incident *incidents = NULL;
	struct step_scene scene;
	size_t n = 0;
	int status = incidents_of_branch(
		db, step->project, step->head_repository, step->branch, &incidents, &n);

	step_scene_init(&scene);
	if (status == 0) {
		status = step_write_cause(db, step, &scene);
	}
	for (size_t i = 0; status == 0 && i < n; i++) {
		step_scene_init(&scene);
		scene.has_incident = true;
		scene.incident = incidents[i];
		status = run_one_of(db, step, &scene);
	}
	if (status == 0) {
		step_scene_init(&scene);
		status = step_find_linked(db, step, n == 0, &scene);
	}
	return status == 0 && scene.has_incident ? run_one_of(db, step, &scene) : status;
}

static int run_create(struct db *db, struct store_step *step) {
	struct step_scene scene;
	int status = step_check_new_task(db, step);

	step_scene_init(&scene);
	scene.task = step->new_task;
	if (status == 0 && step->decide != NULL) {
		status = decide(db, step, &scene);
	}
	if (status == 0) {
		status = step_write_new_task(db, step);
	}
	if (status == 0) {
		status = step_write_cause(db, step, &scene);
	}
	return status < 0 ? status : step_apply(db, step, &scene);
}

static int step_run(struct db *db, struct store_req *req) {
	struct store_step *step = container_of(req, struct store_step, req);
	int status = find_duplicate(db, step);

	if (status != 0) {
		return MIN(status, 0);
	}
	if (is_submission(step)) {
		status = check_pending(db);
	}
	if (status == 0) {
		status = assign_ids(db, step);
	}
	if (status < 0) {
		return status;
	}
	if (step->event.type == EVENT_TASK_CREATED) {
		status = run_create(db, step);
	} else if (step->scope == STEP_BY_BRANCH) {
		status = run_branch(db, step);
	} else {
		status = run_one(db, step);
	}
	if (status == 0 && has_key(step)) {
		status = submission_insert(db, step->key, step->now_ms, &step->answer);
	}
	return status;
}

static void step_reset(struct store_req *req) {
	struct store_step *step = container_of(req, struct store_step, req);

	store_step_finish(step);
	memset(&step->answer, 0, sizeof(step->answer));
	step->refusal[0] = '\0';
	step->n_due = 0;
	step->branch_woken = false;
	step->task_decided = false;
	step->tasks_changed = false;
}

void store_step_finish(struct store_step *step) {
	task_finish(&step->task);
	memset(&step->task, 0, sizeof(step->task));
	free(TAKE_PTR(step->notes));
	free(TAKE_PTR(step->stop_agent_of));
	step->n_notes = 0;
	step->n_stop_agent_of = 0;
}

int store_step(struct store *store, struct store_step *step, store_done_fn *done) {
	static const struct store_op op = { "step", true, step_run, step_reset, false };

	/* step_reset() zeroes the rest, on the store's thread. */
	memset(&step->task, 0, sizeof(step->task));
	step->notes = NULL;
	step->n_notes = 0;
	step->stop_agent_of = NULL;
	step->n_stop_agent_of = 0;
	step->given_task_id = step->new_task != NULL ? step->new_task->id : 0;
	return store_queue(store, &step->req, &op, done);
}
