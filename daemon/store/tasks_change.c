/* What a decision does to the tasks of its incident and its branch. */
#include <string.h>

#include "common/text.h"
#include "daemon/store/internal.h"

static int add(struct db *db, struct store_step *step, const struct incident *incident,
	const struct task_change *change, const char *build_number) {
	struct task task = {
		.type = change->type,
		.status = TASK_SCHEDULED,
		.origin = TASK_BY_INCIDENT,
		.incident_id = incident->id,
		.cycle = incident->cycle,
		.revision = incident->revision,
		.created_ms = step->now_ms,
		.due_ms = change->due_ms,
	};
	int status = db_next_id(db, DB_IDS_TASK, step->now_ms, &task.id);

	if (status < 0) {
		return status;
	}
	TEXT_SET(task.lane, change->lane);
	TEXT_SET(task.project, incident->project);
	TEXT_SET(task.head_repository, incident->head_repository);
	TEXT_SET(task.branch, incident->branch);
	TEXT_SET(task.commit, incident->head_sha);
	TEXT_SET(task.build_number, build_number);
	TEXT_SET(task.reason, change->reason);
	if (task.type == TASK_PR_READINESS_CHECK) {
		step->answer.task_id = task.id;
		step->answer.scheduled_ms = task.due_ms;
	}
	return task_insert(db, &task);
}

/* The one that is scheduled already takes the place of the new one. */
static int renew(struct db *db, int64_t id, const struct incident *incident,
	const struct task_change *change) {
	sqlite3_stmt *statement = db_sql(db, SQL_TASK_RENEW);

	sql_bind_int(statement, 1, id);
	sql_bind_text(statement, 2, change->lane);
	sql_bind_int(statement, 3, change->due_ms);
	sql_bind_text(statement, 4, change->reason);
	sql_bind_int(statement, 5, incident->cycle);
	sql_bind_int(statement, 6, incident->revision);
	sql_bind_text(statement, 7, incident->head_sha);
	return db_run(db, statement);
}

static int add_or_renew(struct db *db, struct store_step *step, const struct incident *incident,
	bool is_new, const struct task_change *change, const char *build_number) {
	struct live_task live = { 0 };
	int status = is_new ? 0 : task_live(db, incident->id, change->type, &live);

	if (status < 0 || live.executing) {
		return status;
	}
	step->tasks_changed = true;
	return live.id != 0 ? renew(db, live.id, incident, change)
			    : add(db, step, incident, change, build_number);
}

static int move(struct db *db, struct store_step *step, const struct incident *incident,
	const struct task_change *change) {
	sqlite3_stmt *statement = db_sql(db, SQL_TASK_MOVE);
	int status;

	sql_bind_int(statement, 1, incident->id);
	sql_bind_text(statement, 2, task_type_names[change->type]);
	sql_bind_int(statement, 3, change->due_ms);
	sql_bind_text(statement, 4, change->reason);
	status = db_run(db, statement);
	if (status == 0 && sqlite3_changes(db->sqlite) > 0) {
		step->tasks_changed = true;
	}
	return status;
}

static int cancel(struct db *db, struct store_step *step, const struct incident *incident,
	const struct task_change *change) {
	sqlite3_stmt *statement = db_sql(db, SQL_TASK_CANCEL);

	sql_bind_int(statement, 1, incident->id);
	sql_bind_text(statement, 2, task_type_names[change->type]);
	sql_bind_int(statement, 3, step->now_ms);
	sql_bind_text(statement, 4, change->reason);
	sql_bind_int(statement, 5, change->due_ms);
	return db_run(db, statement);
}

int task_change(struct db *db, struct store_step *step, const struct incident *incident,
	bool is_new, const struct task_change *change, const char *build_number) {
	switch (change->verb) {
	case CHANGE_ADD: return add_or_renew(db, step, incident, is_new, change, build_number);
	case CHANGE_MOVE: return move(db, step, incident, change);
	case CHANGE_CANCEL: return cancel(db, step, incident, change);
	}
	return 0;
}

int tasks_wake(struct db *db, const struct incident *incident, int64_t now_ms, bool *ret_changed) {
	sqlite3_stmt *statement = db_sql(db, SQL_TASK_WAKE);
	int status;

	sql_bind_text(statement, 1, incident->project);
	sql_bind_text(statement, 2, incident->head_repository);
	sql_bind_text(statement, 3, incident->branch);
	sql_bind_int(statement, 4, now_ms);
	sql_bind_int(statement, 5, incident->id);
	/* Not the ones that an operator snoozed or that back off after a failed attempt or a crash. */
	sql_bind_int(statement, 6, now_ms + LIMIT_BRANCH_BUSY_MS);
	status = db_run(db, statement);
	if (status == 0 && sqlite3_changes(db->sqlite) > 0) {
		*ret_changed = true;
	}
	return status;
}
