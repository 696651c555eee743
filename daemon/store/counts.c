/* What `status` shows: from the counters, so nothing that is finished is looked at. */
#include <string.h>
#include <sys/stat.h>

#include "common/text.h"
#include "daemon/store/internal.h"

/* -1: not a name of the table. */
static int index_of(const char *const *names, const char *name) {
	for (int i = 0; names[i] != NULL; i++) {
		if (text_equal(names[i], name)) {
			return i;
		}
	}
	return -1;
}

static void take_counter(struct store_counts *counts, sqlite3_stmt *statement) {
	const char *kind = (const char *)sqlite3_column_text(statement, 0);
	int type = index_of(task_type_names, (const char *)sqlite3_column_text(statement, 1));
	const char *status_name = (const char *)sqlite3_column_text(statement, 2);
	int status = index_of(task_status_names, status_name);
	int state = index_of(incident_state_names, status_name);
	int64_t n = sqlite3_column_int64(statement, 3);

	if (text_equal(kind, "tasks") && type >= 0 && status >= 0) {
		counts->tasks[type][status] = n;
	} else if (text_equal(kind, "incidents") && state >= 0) {
		counts->incidents[state] = n;
	} else if (text_equal(kind, "reports")) {
		counts->reports = n;
	} else if (text_equal(kind, "builds")) {
		counts->builds = n;
	}
}

static int count_counters(struct db *db, struct store_counts *counts) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_COUNTERS);
	int status = counters_write(db);

	if (status < 0) {
		return status;
	}
	while ((status = db_step(db, statement)) > 0) {
		take_counter(counts, statement);
	}
	return status;
}

static int count_overdue(struct db *db, enum sql_id sql, const struct store_counts *counts,
	const char *lane, int64_t *sum) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, sql);
	int status;

	sql_bind_text(statement, 1, lane);
	sql_bind_int(statement, 2, counts->now_ms);
	status = db_step(db, statement);
	if (status > 0) {
		*sum += sqlite3_column_int64(statement, 0);
	}
	return MIN(status, 0);
}

/* From lane to lane through the index of due tasks; each answers with its earliest one. Returns: 1; 0, that was all. */
static int next_lane(struct db *db, struct store_counts *counts, char lane[LIMIT_LANE_MAX]) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_NEXT_LANE);
	int status;

	sql_bind_text(statement, 1, lane);
	status = db_step(db, statement);
	if (status > 0) {
		int64_t due_ms = sqlite3_column_int64(statement, 1);

		if (counts->next_due_ms == 0 || due_ms < counts->next_due_ms) {
			counts->next_due_ms = due_ms;
		}
		text_copy(lane, LIMIT_LANE_MAX, (const char *)sqlite3_column_text(statement, 0));
	}
	return status;
}

static int count_lanes(struct db *db, struct store_counts *counts) {
	char lane[LIMIT_LANE_MAX] = "";
	int status;

	while ((status = next_lane(db, counts, lane)) > 0) {
		status = count_overdue(db, SQL_TASK_OVERDUE, counts, lane, &counts->overdue);
		status = status < 0 ? status
				    : count_overdue(db, SQL_TASK_OVERDUE_PAUSED, counts, lane,
					      &counts->overdue_paused);
		if (status < 0) {
			break;
		}
	}
	return status;
}

static int find_failures(struct db *db, struct store_counts *counts) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_NOTE_FAILURES);
	int status;

	sql_bind_int(statement, 1, ARRAY_SIZE(counts->failures));
	while ((status = db_step(db, statement)) > 0) {
		status = row_read(statement, 0, &note_row, &counts->failures[counts->n_failures]);
		if (status < 0) {
			return status;
		}
		counts->n_failures++;
	}
	return status;
}

static int64_t file_bytes(const char *path) {
	struct stat info;

	return stat(path, &info) < 0 ? 0 : info.st_size;
}

static int counts_run(struct db *db, struct store_req *req) {
	struct store_counts *counts = container_of(req, struct store_counts, req);
	char log_path[PATH_MAX + 8];
	int status = count_counters(db, counts);

	if (status == 0) {
		status = count_lanes(db, counts);
	}
	if (status == 0) {
		status = find_failures(db, counts);
	}
	if (status == 0) {
		status = db_int(db, SQL_NOTE_MAX_SEQ, 0, 0, &counts->last_seq);
	}
	text_format(log_path, sizeof(log_path), "%s-wal", db->path);
	counts->file_bytes = file_bytes(db->path) + file_bytes(log_path);
	counts->schema_version = schema_version();
	return status;
}

static void counts_reset(struct store_req *req) {
	struct store_counts *counts = container_of(req, struct store_counts, req);
	struct store_counts empty = { .req = counts->req, .now_ms = counts->now_ms };

	*counts = empty;
}

int store_counts(struct store *store, struct store_counts *counts, store_done_fn *done) {
	static const struct store_op op = { "counts", false, counts_run, counts_reset, false };

	return store_queue(store, &counts->req, &op, done);
}
