#include "daemon/store/db.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"

/* SQLite's primary codes that mean something to a caller; the rest are our bugs and refuse one request. */
static const struct {
	int code;
	int status;
} error_table[] = {
	{ SQLITE_BUSY, -EBUSY },
	{ SQLITE_CANTOPEN, -EIO },
	{ SQLITE_CORRUPT, -EIO },
	{ SQLITE_FULL, -ENOSPC },
	{ SQLITE_IOERR, -EIO },
	{ SQLITE_NOMEM, -ENOMEM },
	{ SQLITE_NOTADB, -EIO },
	{ SQLITE_PROTOCOL, -EIO },
	{ SQLITE_READONLY, -EIO },
	{ SQLITE_TOOBIG, -E2BIG },
};

static int errno_of(int code) {
	if (code == SQLITE_IOERR_NOMEM) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < ARRAY_SIZE(error_table); i++) {
		if (error_table[i].code == (code & 0xff)) {
			return error_table[i].status;
		}
	}
	return -EINVAL;
}

int db_error(struct db *db, int code) {
	if (db->fault == SQLITE_OK) {
		db->fault = code;
	}
	return errno_of(code);
}

bool db_is_fatal(int status) {
	return status == -EIO || status == -EBUSY;
}

void db_forget(struct db *db) {
	counters_forget(db);
	pending_forget(db);
	memset(db->last_id, 0, sizeof(db->last_id));
	memset(db->newest_id, 0xff, sizeof(db->newest_id));
	db->last_seq = -1;
	db->stats_seq = -1;
	db->n_scheduled = -1;
	db->fault = SQLITE_OK;
}

/* Statements */

sqlite3_stmt *db_sql(struct db *db, enum sql_id id) {
	int code;

	if (db->statements[id] == NULL) {
		code = sqlite3_prepare_v3(db->sqlite, sql_texts[id], -1, SQLITE_PREPARE_PERSISTENT,
			&db->statements[id], NULL);
		if (code != SQLITE_OK) {
			(void)db_error(db, sqlite3_extended_errcode(db->sqlite));
			return NULL;
		}
	}
	return db->statements[id];
}

void sql_resetp(sqlite3_stmt **statement) {
	/* Its code repeats what the last step said; NULL is fine. */
	(void)sqlite3_reset(*statement);
}

int db_step(struct db *db, sqlite3_stmt *statement) {
	if (statement == NULL) {
		return errno_of(db->fault);
	}
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW: return 1;
	case SQLITE_DONE: return 0;
	default: return db_error(db, sqlite3_extended_errcode(db->sqlite));
	}
}

int db_run(struct db *db, sqlite3_stmt *statement) {
	int status = db_step(db, statement);

	assert(status <= 0);
	sql_resetp(&statement);
	return status;
}

int db_exec(struct db *db, const char *sql) {
	if (sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) != SQLITE_OK) {
		return db_error(db, sqlite3_extended_errcode(db->sqlite));
	}
	return 0;
}

int db_ask_int(struct db *db, const char *sql, int64_t *ret_value) {
	sqlite3_stmt *statement = NULL;
	int status;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) != SQLITE_OK) {
		return db_error(db, sqlite3_extended_errcode(db->sqlite));
	}
	status = db_step(db, statement);
	if (status > 0) {
		*ret_value = sqlite3_column_int64(statement, 0);
		status = 0;
	}
	(void)sqlite3_finalize(statement);
	return status;
}

void sql_bind_int(sqlite3_stmt *statement, int index, int64_t value) {
	if (statement != NULL) {
		(void)sqlite3_bind_int64(statement, index, value);
	}
}

void sql_bind_text(sqlite3_stmt *statement, int index, const char *value) {
	if (statement != NULL) {
		(void)sqlite3_bind_text(statement, index, value, -1, SQLITE_STATIC);
	}
}

int db_int(struct db *db, enum sql_id id, int64_t parameter, int64_t fallback, int64_t *ret_value) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, id);
	int status;

	if (statement != NULL && sqlite3_bind_parameter_count(statement) > 0) {
		sql_bind_int(statement, 1, parameter);
	}
	status = db_step(db, statement);
	if (status >= 0) {
		*ret_value = status > 0 ? sqlite3_column_int64(statement, 0) : fallback;
		status = 0;
	}
	return status;
}

/* Transactions */

int db_begin(struct db *db) {
	return db_run(db, db_sql(db, SQL_BEGIN));
}

/* A file that was removed or replaced under us would take the rows, and nobody would ever see them again. */
static int check_in_place(struct db *db) {
	int moved = 0;

	if (sqlite3_file_control(db->sqlite, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
		moved) {
		db->moved = true;
		return db_error(db, SQLITE_IOERR);
	}
	return 0;
}

int db_commit(struct db *db) {
	int status = check_in_place(db);

	if (status == 0) {
		status = counters_write(db);
	}
	return status < 0 ? status : db_run(db, db_sql(db, SQL_COMMIT));
}

bool db_in_transaction(const struct db *db) {
	return sqlite3_get_autocommit(db->sqlite) == 0;
}

void db_rollback(struct db *db) {
	if (db_in_transaction(db)) {
		(void)sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
	}
}

int db_checkpoint(struct db *db) {
	int code = sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	if (code != SQLITE_OK) {
		return errno_of(sqlite3_extended_errcode(db->sqlite));
	}
	db->wal_bytes = 0;
	return 0;
}

/* Ids */

static const enum sql_id max_ids[DB_IDS_COUNT] = {
	[DB_IDS_TASK] = SQL_TASK_MAX_ID,
	[DB_IDS_INCIDENT] = SQL_INCIDENT_MAX_ID,
	[DB_IDS_REPORT] = SQL_REPORT_MAX_ID,
	[DB_IDS_BUILD] = SQL_BUILD_MAX_ID,
	[DB_IDS_SUBMISSION] = SQL_SUBMISSION_MAX_ID,
};

/* The newest id of all that lie before `bound`. */
static int look_up_id(struct db *db, enum db_ids ids, int64_t bound, int64_t *ret_id) {
	return db_int(db, max_ids[ids], bound, 0, ret_id);
}

/* Of these it matters which is newer: they go on from the newest when the clock was set back. */
static bool is_monotone(enum db_ids ids) {
	return ids == DB_IDS_INCIDENT || ids == DB_IDS_BUILD || ids == DB_IDS_REPORT;
}

/* In a millisecond that rows reach already, an imported one too, a look at the index tells which ids are free. */
int db_next_id(struct db *db, enum db_ids ids, int64_t ms, int64_t *ret_id) {
	int64_t last = db->last_id[ids];
	int status = 0;

	if (db->newest_id[ids] < 0) {
		status = look_up_id(db, ids, INT64_MAX, &db->newest_id[ids]);
	}
	if (is_monotone(ids)) {
		ms = MAX(ms, id_ms(db->newest_id[ids]));
	}
	for (; status == 0; ms++) {
		if (id_first_in_ms(ms) > db->newest_id[ids]) {
			last = id_first_in_ms(ms);
			break;
		}
		if (last == 0 || id_ms(last) != ms) {
			status = look_up_id(db, ids, id_first_in_ms(ms + 1), &last);
		}
		if (status < 0) {
			break;
		}
		if (id_ms(last) < ms || last == 0) {
			last = id_first_in_ms(ms);
			break;
		}
		if ((last & ID_SEQ_MAX) < ID_SEQ_MAX) {
			last++;
			break;
		}
	}
	if (status < 0) {
		return status;
	}
	db->newest_id[ids] = MAX(db->newest_id[ids], last);
	db->last_id[ids] = last;
	*ret_id = last;
	return 0;
}

void db_id_taken(struct db *db, enum db_ids ids, int64_t id) {
	if (id_ms(id) == id_ms(db->last_id[ids])) {
		db->last_id[ids] = 0;
	}
	if (db->newest_id[ids] >= 0) {
		db->newest_id[ids] = MAX(db->newest_id[ids], id);
	}
}
