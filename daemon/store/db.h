/*
 * db - the one SQLite connection of the store: opening, statements, transactions, ids.
 *
 * Only the store's thread uses it (store_open() before that thread exists). SQLite's codes are translated here and
 * nowhere else; a failure is remembered in `fault` so that the batch knows it from a refusal.
 */
#pragma once

#include <limits.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/limits.h"
#include "daemon/store/statements.h"

#define DB_APPLICATION_ID 0x63676e64 /* "cgnd" */
#define DB_COPY_ID 0x63676e63	     /* "cgnc": a copy that no daemon was started on yet */

#define DB_PAGE_BYTES 4096
/* Where they stand in the file (sqlite.org/fileformat2.html, "The Database Header"). */
#define DB_HEADER_VERSIONS 18 /* two bytes: 1 a rollback journal, 2 a write-ahead log */
#define DB_HEADER_USER_VERSION 60
#define DB_HEADER_APPLICATION_ID 68

struct backup;

/* What has ids of its own; the first four in the order of enum id_kind. */
enum db_ids {
	DB_IDS_TASK,
	DB_IDS_INCIDENT,
	DB_IDS_REPORT,
	DB_IDS_BUILD,
	DB_IDS_SUBMISSION,
	DB_IDS_COUNT
};

/* A row of the table `counters`, and what the batch adds to it. */
#define DB_COUNTERS_MAX 32
struct db_counter {
	char kind[16];
	char status[16];
	char type[24];
	int64_t pending;
};

/* A user whose reports opened incidents. */
struct db_pending {
	int64_t uid;
	int64_t n; /* of them under repair now */
};

struct db {
	sqlite3 *sqlite;
	sqlite3_stmt *statements[SQL_COUNT];
	int64_t last_id[DB_IDS_COUNT]; /* the newest id given out of the newest millisecond; 0: look it up */
	int64_t newest_id[DB_IDS_COUNT]; /* of all rows; negative: look it up */
	int64_t last_seq;		 /* of the event log; -1: look it up */
	int64_t n_scheduled;		 /* when the batch began; -1: look it up */
	int64_t stats_seq;		 /* statistics hold the log up to it; -1: look it up */
	int64_t wal_bytes;		 /* since the last checkpoint that ended */
	struct db_counter counters[DB_COUNTERS_MAX];
	size_t n_counters;
	struct backup *backup;	    /* owned; NULL: none is being made */
	struct db_pending *pending; /* owned, by uid: pending.c */
	size_t n_pending;
	bool pending_known;
	bool moved; /* somebody removed or replaced the file */
	int fault;  /* SQLite's extended code of the first failure of this try */
	char path[PATH_MAX];
};

/* As store_open(). */
must_check int db_open(const char *path, struct db **ret_db, char *ret_sentence);
/* With `failed`, the write-ahead log is left for the next start to judge. NULL is fine. */
void db_close(struct db *db, bool failed);

/* The newest time any row knows of, and whether rows can be read at all. */
must_check int db_newest_ms(struct db *db, int64_t *ret_ms);

/* Remembers SQLite's `code` and returns its negative errno. */
int db_error(struct db *db, int code);
/* Forgets the failures and the memories of a try that was rolled back or begins. */
void db_forget(struct db *db);
/* Whether `status` means that nothing more may be acknowledged. */
bool db_is_fatal(int status);

must_check int db_begin(struct db *db);
must_check int db_commit(struct db *db);
/* Also when SQLite has rolled back by itself. */
void db_rollback(struct db *db);
/* False: SQLite rolled the transaction back by itself. */
bool db_in_transaction(const struct db *db);
/* Moves the log into the database file. -ENOSPC is no harm: the log keeps everything. */
must_check int db_checkpoint(struct db *db);

/* Runs SQL without parameters or rows. */
must_check int db_exec(struct db *db, const char *sql);
/* The one integer that it answers; untouched without a row. */
must_check int db_ask_int(struct db *db, const char *sql, int64_t *ret_value);

/* A statement of the table, ready to bind; NULL: db->fault says why. Reset at scope exit: _cleanup_(sql_resetp). */
sqlite3_stmt *db_sql(struct db *db, enum sql_id id);
void sql_resetp(sqlite3_stmt **statement);
/* One step. Returns: 1, a row; 0, the end; negative errno. */
must_check int db_step(struct db *db, sqlite3_stmt *statement);
/* Runs a statement that returns no rows, and resets it. */
must_check int db_run(struct db *db, sqlite3_stmt *statement);

/* Borrowed until the statement is reset. */
void sql_bind_int(sqlite3_stmt *statement, int index, int64_t value);
void sql_bind_text(sqlite3_stmt *statement, int index, const char *value);
/* The one integer that statement `id` with up to one integer parameter answers; `fallback` without a row. */
must_check int db_int(
	struct db *db, enum sql_id id, int64_t parameter, int64_t fallback, int64_t *ret_value);

/* A new id of millisecond `ms` or later: when it is full; of incidents, reports and builds after the newest. */
must_check int db_next_id(struct db *db, enum db_ids ids, int64_t ms, int64_t *ret_id);
/* An id that was not given out by db_next_id() is in use now. */
void db_id_taken(struct db *db, enum db_ids ids, int64_t id);

/* backup.c: ends one that is being made, and removes it; removes what an earlier daemon left of one. */
void backup_end(struct db *db);
void backup_sweep(const char *database);

/* counters.c: sets them up; counts an inserted row; adds what is pending to the table; drops it (a rollback). */
must_check int counters_open(struct db *db);
void counters_inserted(struct db *db, enum sql_id id, const void *row);
must_check int counters_write(struct db *db);
void counters_forget(struct db *db);

/*
 * restore.c: makes a copy the database, in one transaction: what may have been posted since is doubtful. Before there
 * is a write-ahead log.
 */
must_check int db_adopt_copy(struct db *db, int64_t now_ms);

/* pending.c: drops what it knows (a rollback, the end). */
void pending_forget(struct db *db);

/* schema.c: creates the tables or brings older ones up to date; one transaction. */
must_check int schema_update(struct db *db, int64_t from_version);
int64_t schema_version(void);
