#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/fact.h"
#include "daemon/store/step_internal.h"

/* Notes */

static const char *project_of(
	const struct store_step *step, const struct incident *incident, const struct task *task) {
	if (incident != NULL && incident->id != 0) {
		return incident->project;
	}
	return task != NULL ? task->project : step->project;
}

static int append_note(struct db *db, struct store_step *step, const struct step_scene *scene,
	struct note *note, const struct incident *incident, bool failure) {
	_cleanup_(freep) char *data = NULL;
	const struct task *task = scene->task;
	struct note *kept;
	int status;

	note->at_ms = step->now_ms;
	TEXT_SET(note->project, project_of(step, incident, task));
	note->incident_id = incident != NULL ? incident->id : 0;
	note->task_id = task != NULL ? task->id : 0;
	note->report_id =
		step->event.type == EVENT_REPORT && step->report != NULL ? step->report->id : 0;
	status = fact_make(step, scene, incident, note->kind, &data);
	if (status == 0) {
		status = note_append(db, note, data, failure);
	}
	if (status < 0) {
		return status;
	}
	kept = array_grow(&step->notes, &step->n_notes, sizeof(*kept));
	if (kept == NULL) {
		return -ENOMEM;
	}
	*kept = *note;
	return 0;
}

/* Status shows what a task gave up on and what needs a person. */
static bool is_failure(
	const struct step_result *result, const struct step_scene *scene, enum note_kind kind) {
	bool task_failed = result->has_task && result->task.status == TASK_FAILED;
	bool escalated = result->has_incident && result->incident.state == INCIDENT_ESCALATED &&
		(!scene->has_incident || scene->incident.state != INCIDENT_ESCALATED);

	return (task_failed && kind == NOTE_TASK) || (escalated && kind == NOTE_INCIDENT);
}

static int append_notes(struct db *db, struct store_step *step, struct step_scene *scene,
	const struct incident *incident) {
	int status = 0;

	for (size_t i = 0; status == 0 && i < scene->result.n_notes; i++) {
		struct note *note = &scene->result.notes[i];

		status = append_note(db, step, scene, note, incident,
			is_failure(&scene->result, scene, note->kind));
	}
	return status;
}

/* Causes */

int step_write_new_task(struct db *db, struct store_step *step) {
	struct task *task = step->new_task;

	if (step->given_task_id != 0) {
		db_id_taken(db, DB_IDS_TASK, task->id);
	}
	if (task->created_ms == 0) {
		task->created_ms = step->now_ms;
	}
	step->answer.task_id = task->id;
	step->answer.scheduled_ms = task->due_ms;
	step->tasks_changed |= task->status == TASK_SCHEDULED;
	return task_insert(db, task);
}

static int write_report(struct db *db, struct store_step *step, int64_t incident_id) {
	struct report *report = step->report;

	report->incident_id = incident_id;
	if (report->at_ms == 0) {
		report->at_ms = step->now_ms;
	}
	step->answer.report_id = report->id;
	step->answer.error_type = report->error_type;
	step->answer.has_error_type = true;
	return row_insert(db, SQL_REPORT_INSERT, &report_row, report);
}

static int write_build(struct db *db, struct store_step *step, int64_t incident_id) {
	struct build *build = step->build;
	bool reported = step->event.type == EVENT_REPORT && step->report != NULL;

	build->incident_id = reported ? incident_id : 0;
	build->report_id = reported ? step->report->id : 0;
	if (build->at_ms == 0) {
		build->at_ms = step->now_ms;
	}
	return row_insert(db, SQL_BUILD_INSERT, &build_row, build);
}

static bool is_from_ci(const struct store_step *step) {
	return step->event.type == EVENT_REPORT || step->event.type == EVENT_BUILD_PASSED;
}

int step_write_cause(struct db *db, struct store_step *step, struct step_scene *scene) {
	struct incident *decided = &scene->result.incident;
	const struct incident *incident = scene->has_incident ? &scene->incident : NULL;
	int status = 0;

	if (scene->result.has_incident) {
		incident = decided;
		if (decided->id == 0) {
			status = db_next_id(db, DB_IDS_INCIDENT, step->now_ms, &decided->id);
		}
	}
	if (status == 0 && step->note != NULL) {
		struct note note = { .kind = is_from_ci(step) ? NOTE_BUILD : NOTE_OPERATOR };

		TEXT_SET(note.message, step->note);
		status = append_note(db, step, scene, &note, incident, false);
	}
	if (status == 0 && step->event.type == EVENT_REPORT && step->report != NULL) {
		status = write_report(db, step, incident != NULL ? incident->id : 0);
	}
	if (status == 0 && step->build != NULL) {
		status = write_build(db, step, incident != NULL ? incident->id : 0);
	}
	return status;
}

/* Consequences */

static bool is_finished(enum task_status status) {
	return status != TASK_SCHEDULED && status != TASK_EXECUTING;
}

static int write_task(struct db *db, struct store_step *step, struct step_scene *scene,
	const struct incident *incident) {
	struct task *task = scene->task;
	const struct task *decided = &scene->result.task;

	if (task->incident_id == 0 && scene->result.has_incident) {
		task->incident_id = incident->id;
		task->cycle = incident->cycle;
	}
	if (!is_finished(decided->status)) {
		task->finished_ms = 0;
	} else if (task->finished_ms == 0) {
		task->finished_ms = step->now_ms;
	}
	task->status = decided->status;
	TEXT_SET(task->lane, decided->lane);
	task->due_ms = decided->due_ms;
	task->started_ms = decided->started_ms;
	task->attempt = decided->attempt;
	task->interrupted = decided->interrupted;
	TEXT_SET(task->reason, decided->reason);
	if (decided->result != NULL && decided->result != task->result) {
		json_decref(task->result);
		task->result = json_incref(decided->result);
	}
	step->tasks_changed |= task->status == TASK_SCHEDULED;
	step->task_decided = true;
	step->task_status = task->status;
	return task_write(db, task);
}

/* The build number of the newest report; "" when nothing is added or it is not known. */
static int find_build_number(struct db *db, const struct store_step *step, size_t n_changes,
	const struct incident *incident, char out[LIMIT_NUMBER_MAX]) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = NULL;
	int status;

	if (step->event.type == EVENT_REPORT && step->report != NULL) {
		text_copy(out, LIMIT_NUMBER_MAX, step->report->build_number);
		return 0;
	}
	if (n_changes == 0 || incident->report_id == 0) {
		return 0;
	}
	statement = db_sql(db, SQL_REPORT_BUILD_NUMBER);
	sql_bind_int(statement, 1, incident->report_id);
	status = db_step(db, statement);
	if (status > 0) {
		text_copy(out, LIMIT_NUMBER_MAX, (const char *)sqlite3_column_text(statement, 0));
	}
	return MIN(status, 0);
}

static int apply_changes(struct db *db, struct store_step *step, const struct step_result *result,
	const struct incident *incident, bool is_new) {
	char build_number[LIMIT_NUMBER_MAX] = "";
	int status = find_build_number(db, step, result->n_changes, incident, build_number);

	for (size_t i = 0; status == 0 && i < result->n_changes; i++) {
		status = task_change(db, step, incident, is_new, &result->changes[i], build_number);
	}
	if (status == 0 && result->wake_branch) {
		status = tasks_wake(db, incident, step->now_ms, &step->tasks_changed);
	}
	return status;
}

static bool is_new_incident(const struct step_scene *scene, const struct incident *incident) {
	return !scene->has_incident || incident->id != scene->incident.id;
}

static int apply_incident(struct db *db, struct store_step *step, struct step_scene *scene,
	const struct incident *incident) {
	bool is_new = is_new_incident(scene, incident);
	int status = 0;

	if (scene->result.has_incident) {
		status = incident_write(db, incident, is_new);
	}
	if (status == 0 && scene->result.stop_agent) {
		int64_t *id = array_grow(&step->stop_agent_of, &step->n_stop_agent_of, sizeof(*id));

		if (id == NULL) {
			return -ENOMEM;
		}
		*id = incident->id;
	}
	step->answer.incident_id = incident->id;
	step->answer.joined = step->event.type == EVENT_REPORT && !is_new;
	return status;
}

/* `incident` may be a new one although another was found: the branch that was looked for is not its. */
static int write_links(struct db *db, const struct store_step *step, const struct step_scene *scene,
	const struct incident *incident) {
	const struct step_result *result = &scene->result;
	int status = 0;

	for (size_t i = 0; status == 0 && i < result->n_links; i++) {
		status = link_write(db, incident, &result->links[i]);
	}
	if (status == 0 && scene->has_link && scene->link.standing == LINK_GUESSED &&
		incident->id == scene->incident.id) {
		struct link link = scene->link;

		link.pull_request = step->report != NULL ? step->report->pull_request : 0;
		link.report_id = step->report != NULL ? step->report->id : 0;
		status = link_write(db, incident, &link);
	}
	return status;
}

/* The follow-up check of a report. */
static int answer_task(struct db *db, struct store_step *step, const struct incident *incident) {
	struct live_task live;
	int status;

	if (step->event.type != EVENT_REPORT || step->answer.task_id != 0) {
		return 0;
	}
	status = task_live(db, incident->id, TASK_PR_READINESS_CHECK, &live);
	if (status == 0) {
		step->answer.task_id = live.id;
		step->answer.scheduled_ms = live.due_ms;
	}
	return status;
}

int step_apply(struct db *db, struct store_step *step, struct step_scene *scene) {
	const struct incident *incident = NULL;
	int status = 0;

	if (scene->result.has_incident) {
		incident = &scene->result.incident;
	} else if (scene->has_incident) {
		incident = &scene->incident;
	}
	if (incident != NULL) {
		status = apply_incident(db, step, scene, incident);
	}
	if (status == 0 && incident != NULL) {
		status = write_links(db, step, scene, incident);
	}
	if (status == 0 && scene->result.has_task) {
		status = write_task(db, step, scene, incident);
	}
	if (status == 0 && incident != NULL) {
		status = apply_changes(
			db, step, &scene->result, incident, is_new_incident(scene, incident));
	}
	if (status == 0) {
		status = append_notes(db, step, scene, incident);
	}
	return status == 0 && incident != NULL ? answer_task(db, step, incident) : status;
}
