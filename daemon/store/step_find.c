#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/store/step_internal.h"

static int check_attempt(struct store_step *step) {
	const struct task *task = &step->task;
	char id[ID_TEXT_MAX];

	if (step->expected_attempt == 0) {
		return 0;
	}
	if (task->status == TASK_EXECUTING && task->attempt == step->expected_attempt) {
		return 0;
	}
	text_format(step->refusal, sizeof(step->refusal),
		"Task %s is %s in attempt %" PRId64 ", not executing attempt %" PRId64 ".",
		id_format(ID_TASK, task->id, id), task_status_names[task->status], task->attempt,
		step->expected_attempt);
	return -ESTALE;
}

/* A task by hand belongs to no incident; what its check finds may concern the one its branch has already. */
static int find_by_task(struct db *db, struct store_step *step, struct incident *ret_incident) {
	int status = row_get_by_id(db, SQL_TASK_GET, step->task_id, &task_row, &step->task);

	if (status == 0) {
		status = check_attempt(step);
	}
	if (status < 0) {
		return status == -ENOENT ? -ENOENT : status;
	}
	if (step->task.incident_id != 0) {
		status = row_get_by_id(
			db, SQL_INCIDENT_GET, step->task.incident_id, &incident_row, ret_incident);
	} else if (step->event.type == EVENT_VERDICT) {
		status = incident_by_key(db, step->task.project, step->task.head_repository,
			step->task.branch, ERROR_UNKNOWN, ret_incident);
	} else {
		return 0;
	}
	return status == -ENOENT ? 0 : status;
}

/*
 * The only incident that is not over and for which the agent of the step's lane was started, and when that was first;
 * 0: there is none, or more than one. An ESCALATED one counts as well: what its agent does may come late.
 */
static int find_started(struct db *db, const struct store_step *step, int64_t *ret_incident_id,
	int64_t *ret_since_ms) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_STARTED);
	int64_t since_ms = 0;
	int64_t only_id = 0;
	int status;

	sql_bind_text(statement, 1, step->project);
	sql_bind_text(statement, 2, step->agent_lane);
	sql_bind_int(statement, 3, LIMIT_TRIGGERS_LOOKED_AT);
	while ((status = db_step(db, statement)) > 0) {
		int64_t id = sqlite3_column_int64(statement, 0);

		if (sqlite3_column_int64(statement, 1) == 0) {
			continue;
		}
		if (only_id != 0 && id != only_id) {
			return 0;
		}
		only_id = id;
		since_ms = sqlite3_column_int64(statement, 2); /* the newest come first */
	}
	if (status == 0) {
		*ret_incident_id = only_id;
		*ret_since_ms = since_ms;
	}
	return status;
}

/* A branch that was built before the agent was started, or that is of an earlier repair, was not made for this one. */
static int check_new(struct db *db, const struct store_step *step, int64_t since_ms) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_BRANCH_SEEN);
	int status;

	sql_bind_text(statement, 1, step->project);
	sql_bind_text(statement, 2, step->head_repository);
	sql_bind_text(statement, 3, step->branch);
	sql_bind_int(statement, 4, id_first_in_ms(since_ms));
	status = db_step(db, statement);
	return status > 0 ? -ENOENT : status;
}

/*
 * An agent says seldom which branch it makes, and never before it fails there: by its name it is the agent's. That is
 * a guess. Returns: 0; -ENOENT, nobody's.
 */
static int find_by_agent(struct db *db, const struct store_step *step,
	struct incident *ret_incident, struct link *ret_link) {
	int64_t since_ms = 0;
	int64_t id = 0;
	int status = find_started(db, step, &id, &since_ms);

	if (status == 0) {
		status = id == 0 ? -ENOENT : check_new(db, step, since_ms);
	}
	if (status < 0) {
		return status;
	}
	status = row_get_by_id(db, SQL_INCIDENT_GET, id, &incident_row, ret_incident);
	if (status < 0 || !link_is_needed(ret_incident, step->head_repository, step->branch)) {
		return status < 0 ? status : -ENOENT;
	}
	*ret_link = (struct link){ .standing = LINK_GUESSED };
	TEXT_SET(ret_link->head_repository, step->head_repository);
	TEXT_SET(ret_link->branch, step->branch);
	return 0;
}

int step_find_linked(
	struct db *db, const struct store_step *step, bool may_guess, struct step_scene *scene) {
	struct incident found;
	struct link link;
	int status = incident_by_link(
		db, step->project, step->head_repository, step->branch, &found, &link);

	if (status == -ENOENT && may_guess && step->agent_lane != NULL) {
		status = find_by_agent(db, step, &found, &link);
	}
	if (status < 0 || link.standing == LINK_REFUSED) {
		return status == -ENOENT ? 0 : status;
	}
	scene->has_incident = true;
	scene->incident = found;
	scene->has_link = true;
	scene->link = link;
	return 0;
}

/* What an agent's branch says belongs to what the agent repairs, unless the branch has an incident of its own. */
static int find_by_key(struct db *db, const struct store_step *step, struct step_scene *scene) {
	struct incident *incident = &scene->incident;
	int status = incident_by_key(
		db, step->project, step->head_repository, step->branch, step->error_type, incident);

	if (step->event.type == EVENT_REPORT &&
		(status == -ENOENT || (status == 0 && incident_is_over(incident->state)))) {
		return step_find_linked(db, step, true, scene);
	}
	return status == -ENOENT ? 0 : status;
}

int step_find(struct db *db, struct store_step *step, struct step_scene *scene) {
	struct incident *incident = &scene->incident;
	int status = 0;

	switch (step->scope) {
	case STEP_BY_KEY: status = find_by_key(db, step, scene); break;
	case STEP_BY_INCIDENT:
		status = row_get_by_id(
			db, SQL_INCIDENT_GET, step->incident_id, &incident_row, incident);
		break;
	case STEP_BY_TASK:
		status = find_by_task(db, step, incident);
		scene->task = &step->task;
		break;
	case STEP_BY_BRANCH: assert(false);
	}
	scene->has_incident = incident->id != 0;
	return status;
}

/* Facts */

/* The longest time that an agent of the project has for its first commit. */
static int64_t max_life_ms(const struct policy *policy) {
	int64_t max_ms = 0;

	for (size_t i = 0; i < policy->n_agents; i++) {
		max_ms = MAX(max_ms, policy->agents[i].life_ms);
	}
	return max_ms;
}

static int find_busy(struct db *db, const struct store_step *step, const struct task *task,
	int64_t *ret_incident_id) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_BRANCH_BUSY);
	int status;

	sql_bind_text(statement, 1, task->project);
	sql_bind_text(statement, 2, task->head_repository);
	sql_bind_text(statement, 3, task->branch);
	sql_bind_int(statement, 4, task->id);
	sql_bind_int(statement, 5, task->incident_id);
	sql_bind_int(statement, 6, step->now_ms);
	sql_bind_int(statement, 7, step->now_ms + max_life_ms(step->policy));
	status = db_step(db, statement);
	if (status > 0) {
		*ret_incident_id = sqlite3_column_int64(statement, 0);
	}
	return MIN(status, 0);
}

/* The hour's oldest trigger that still counts, when as many as allowed were started in it. */
static int find_budget(struct db *db, const struct store_step *step, const struct task *task,
	int64_t *ret_free_ms) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = NULL;
	int64_t max = step->policy->max_triggers_per_hour;
	int status;

	if (max <= 0) {
		*ret_free_ms = step->now_ms + CLOCK_HOUR_MS;
		return 0;
	}
	statement = db_sql(db, SQL_TASK_BUDGET);
	sql_bind_text(statement, 1, task->project);
	sql_bind_int(statement, 2, step->now_ms - CLOCK_HOUR_MS);
	sql_bind_int(statement, 3, max - 1);
	sql_bind_int(statement, 4, task->id);
	sql_bind_int(statement, 5, step->now_ms + CLOCK_HOUR_MS);
	status = db_step(db, statement);
	if (status > 0) {
		*ret_free_ms = sqlite3_column_int64(statement, 0) + CLOCK_HOUR_MS;
	}
	return MIN(status, 0);
}

int step_find_facts(struct db *db, struct store_step *step, const struct step_scene *scene,
	struct step_input *input) {
	int status;

	if (step->event.type != EVENT_TRIGGER_ASKED || scene->task == NULL) {
		return 0;
	}
	status = find_busy(db, step, scene->task, &input->branch_busy_with);
	return status < 0 ? status : find_budget(db, step, scene->task, &input->budget_free_ms);
}

/* Checks */

/* A finished task that should be scheduled again while another one took its place. */
static int check_sibling(struct db *db, struct store_step *step, struct step_scene *scene) {
	const struct task *before = scene->task;
	struct live_task live;
	char id[ID_TEXT_MAX];
	int status;

	if (before->incident_id == 0 || before->finished_ms == 0 ||
		scene->result.task.status != TASK_SCHEDULED) {
		return 0;
	}
	status = task_live(db, before->incident_id, before->type, &live);
	if (status < 0 || live.id == 0) {
		return status;
	}
	scene->result.status = -ESTALE;
	text_format(step->refusal, sizeof(step->refusal),
		"Task %s does the same and is %s already.", id_format(ID_TASK, live.id, id),
		task_status_names[live.executing ? TASK_EXECUTING : TASK_SCHEDULED]);
	return -ESTALE;
}

/* Whether the decision puts one more incident under repair. */
static bool opens_work(const struct step_scene *scene) {
	const struct step_result *result = &scene->result;
	bool was_active = scene->has_incident && result->incident.id == scene->incident.id &&
		incident_is_active(scene->incident.state);

	return result->has_incident && incident_is_active(result->incident.state) && !was_active;
}

/* A report that only joins what is under repair is always welcome. */
static int check_share(struct db *db, struct store_step *step, const struct step_scene *scene) {
	int64_t uid = step->report != NULL ? step->report->submitter_uid : -1;
	int64_t n = 0;
	int status;

	if (step->max_pending == 0 || uid < 0 || !opens_work(scene)) {
		return 0;
	}
	status = pending_of(db, uid, &n);
	if (status < 0 || n < step->max_pending) {
		return status;
	}
	text_format(step->refusal, sizeof(step->refusal),
		"What user %" PRId64 " reported has %" PRId64
		" incidents under repair already, as many as max-pending-per-user allows",
		uid, n);
	return -EDQUOT;
}

int step_check_result(struct db *db, struct store_step *step, struct step_scene *scene) {
	const struct step_result *result = &scene->result;

	if (result->has_incident && result->incident.id != 0) {
		assert(scene->has_incident && result->incident.id == scene->incident.id);
		assert(incident_may_move(scene->incident.state, result->incident.state));
	}
	assert(result->n_links == 0 || result->has_incident || scene->has_incident);
	assert(result->n_changes == 0 || result->has_incident || scene->has_incident);
	assert(result->n_changes <= STEP_CHANGES_MAX && result->n_notes <= STEP_NOTES_MAX);
	if (!result->has_task) {
		return check_share(db, step, scene);
	}
	assert(scene->task != NULL);
	assert(task_may_move(scene->task->status, result->task.status));
	return check_sibling(db, step, scene);
}

int step_check_new_task(struct db *db, struct store_step *step) {
	struct task *task = step->new_task;
	int64_t exists = 0;
	int status;

	task->id = step->given_task_id;
	if (task->id == 0) {
		return db_next_id(db, DB_IDS_TASK, step->now_ms, &task->id);
	}
	status = db_int(db, SQL_TASK_EXISTS, task->id, 0, &exists);
	if (status < 0) {
		return status;
	}
	return exists != 0 ? -EEXIST : 0;
}
