/*
 * How many rows there are of each kind and status, without ever counting them.
 *
 * Whoever writes a row cannot forget them: row_insert() counts what it adds, and triggers of this connection call
 * back for every row that is removed or moved. What they say is gathered here and written once a batch, in the
 * batch's transaction. (Triggers that updated the table for every row cost a submission 10 us of 60.)
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/internal.h"

static const char triggers[] =
	"CREATE TEMP TRIGGER tasks_removed AFTER DELETE ON main.tasks"
	" BEGIN SELECT counted('tasks', OLD.status, OLD.type, -1); END;"
	"CREATE TEMP TRIGGER tasks_moved AFTER UPDATE OF status ON main.tasks WHEN OLD.status <> NEW.status"
	" BEGIN SELECT counted('tasks', OLD.status, OLD.type, -1), counted('tasks', NEW.status, NEW.type, 1); END;"
	"CREATE TEMP TRIGGER incidents_removed AFTER DELETE ON main.incidents"
	" BEGIN SELECT counted('incidents', OLD.state, '', -1), charged(OLD.submitter_uid, OLD.state, -1); END;"
	"CREATE TEMP TRIGGER incidents_moved AFTER UPDATE OF state ON main.incidents WHEN OLD.state <> NEW.state"
	" BEGIN SELECT counted('incidents', OLD.state, '', -1), counted('incidents', NEW.state, '', 1),"
	" charged(OLD.submitter_uid, OLD.state, -1), charged(NEW.submitter_uid, NEW.state, 1); END;"
	"CREATE TEMP TRIGGER reports_removed AFTER DELETE ON main.reports"
	" BEGIN SELECT counted('reports', '', '', -1); END;"
	"CREATE TEMP TRIGGER builds_removed AFTER DELETE ON main.builds"
	" BEGIN SELECT counted('builds', '', '', -1); END;";

static int add(struct db *db, const char *kind, const char *status, const char *type, int64_t n) {
	for (size_t i = 0; i < db->n_counters; i++) {
		struct db_counter *counter = &db->counters[i];

		if (strcmp(counter->status, status) == 0 && strcmp(counter->type, type) == 0 &&
			strcmp(counter->kind, kind) == 0) {
			counter->pending += n;
			return 0;
		}
	}
	return -EINVAL;
}

void counters_inserted(struct db *db, enum sql_id id, const void *row) {
	const struct task *task = row;
	const struct incident *incident = row;
	int status = 0;

	switch (id) {
	case SQL_TASK_INSERT:
		status = add(db, "tasks", task_status_names[task->status],
			task_type_names[task->type], 1);
		break;
	case SQL_INCIDENT_INSERT:
		status = add(db, "incidents", incident_state_names[incident->state], "", 1);
		pending_moved(db, incident->submitter_uid, incident->state, 1);
		break;
	case SQL_REPORT_INSERT: status = add(db, "reports", "", "", 1); break;
	case SQL_BUILD_INSERT: status = add(db, "builds", "", "", 1); break;
	default: break;
	}
	assert(status == 0);
}

static const char *argument(sqlite3_value **arguments, int i) {
	return (const char *)sqlite3_value_text(arguments[i]);
}

/* counted(kind, status, type, n), from the triggers. */
static void counted(sqlite3_context *context, int n_arguments, sqlite3_value **arguments) {
	if (add(sqlite3_user_data(context), argument(arguments, 0), argument(arguments, 1),
		    argument(arguments, 2), sqlite3_value_int64(arguments[3])) < 0) {
		sqlite3_result_error(context, "no such counter", -1);
	}
}

/* charged(uid, state, n), from the triggers. */
static void charged(sqlite3_context *context, int n_arguments, sqlite3_value **arguments) {
	const char *name = argument(arguments, 1);
	enum incident_state state = 0;

	while (state < INCIDENT_STATE_COUNT && !text_equal(incident_state_names[state], name)) {
		state++;
	}
	pending_moved(sqlite3_user_data(context), sqlite3_value_int64(arguments[0]), state,
		sqlite3_value_int64(arguments[2]));
}

int counters_open(struct db *db) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_COUNTERS);
	int code = sqlite3_create_function_v2(db->sqlite, "counted", 4,
		SQLITE_UTF8 | SQLITE_INNOCUOUS, db, counted, NULL, NULL, NULL);
	int status;

	if (code == SQLITE_OK) {
		code = sqlite3_create_function_v2(db->sqlite, "charged", 3,
			SQLITE_UTF8 | SQLITE_INNOCUOUS, db, charged, NULL, NULL, NULL);
	}
	if (code != SQLITE_OK) {
		return db_error(db, code);
	}
	while ((status = db_step(db, statement)) > 0 && db->n_counters < DB_COUNTERS_MAX) {
		struct db_counter *counter = &db->counters[db->n_counters++];

		TEXT_SET(counter->kind, (const char *)sqlite3_column_text(statement, 0));
		TEXT_SET(counter->type, (const char *)sqlite3_column_text(statement, 1));
		TEXT_SET(counter->status, (const char *)sqlite3_column_text(statement, 2));
	}
	return status < 0 ? status : db_exec(db, triggers);
}

int counters_write(struct db *db) {
	int status = 0;

	for (size_t i = 0; status == 0 && i < db->n_counters; i++) {
		struct db_counter *counter = &db->counters[i];
		sqlite3_stmt *statement;

		if (counter->pending == 0) {
			continue;
		}
		statement = db_sql(db, SQL_COUNTER_ADD);
		sql_bind_text(statement, 1, counter->kind);
		sql_bind_text(statement, 2, counter->status);
		sql_bind_text(statement, 3, counter->type);
		sql_bind_int(statement, 4, counter->pending);
		status = db_run(db, statement);
		if (status == 0) {
			counter->pending = 0;
		}
	}
	return status;
}

void counters_forget(struct db *db) {
	for (size_t i = 0; i < db->n_counters; i++) {
		db->counters[i].pending = 0;
	}
}
