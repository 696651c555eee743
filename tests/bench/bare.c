/*
 * bench-bare SOURCE TARGET - what SQLite alone needs for the rows that submissions wrote, one transaction each.
 *
 * SOURCE is a database that the daemon left, each submission an incident of its own, nothing published. Its rows
 * are read into memory; TARGET is created with the same schema, triggers and pragmas; then the rows of each submission
 * are written in one durable transaction, in a bare loop. Prints one JSON object.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/macro.h"
#include "common/text.h"
#include "daemon/limits.h"
#include "tests/bench/figures.h"

#define COLUMNS_MAX 32
#define TRANSACTIONS_MAX 100000
#define LOG_PAGE_BYTES 4096

/* The tables of a submission, the column that says which one a row belongs to, and by what their rows are counted. */
static const struct {
	const char *name;
	const char *incident;
	const char *count_status; /* NULL: not counted */
	const char *count_type;
} tables[] = {
	{ "incidents", "id", "state", "''" },
	{ "reports", "incident_id", "''", "''" },
	{ "builds", "incident_id", "''", "''" },
	{ "tasks", "incident_id", "status", "type" },
	{ "events", "incident_id", NULL, NULL },
	{ "submissions", "incident_id", NULL, NULL },
};

#define EXTRA_COLUMNS 3 /* incident, status, type, before the row itself */

struct row {
	sqlite3_value *values[COLUMNS_MAX + EXTRA_COLUMNS];
	sqlite3_int64 incident;
};

struct table {
	struct row *rows; /* by incident */
	size_t n_rows;
	size_t next;
	int n_columns; /* without the extra ones */
	sqlite3_stmt *insert;
	sqlite3_stmt *count; /* NULL: triggers do it, or nobody */
};

static void check(sqlite3 *db, int code, const char *what) {
	if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
		(void)fprintf(stderr, "bench-bare: %s: %s\n", what, sqlite3_errmsg(db));
		exit(1);
	}
}

static void run_sql(sqlite3 *db, const char *sql) {
	check(db, sqlite3_exec(db, sql, NULL, NULL, NULL), sql);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
	sqlite3_stmt *statement = NULL;

	check(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL), sql);
	return statement;
}

/* Schema */

static void copy_schema(sqlite3 *source, sqlite3 *target) {
	sqlite3_stmt *statement = prepare(source,
		"SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
		" ORDER BY type <> 'table', rowid");

	while (sqlite3_step(statement) == SQLITE_ROW) {
		run_sql(target, (const char *)sqlite3_column_text(statement, 0));
	}
	(void)sqlite3_finalize(statement);
	statement = prepare(source,
		"SELECT format('INSERT INTO counters VALUES (%Q, %Q, %Q, 0)', kind, status, type) FROM counters");
	while (sqlite3_step(statement) == SQLITE_ROW) {
		run_sql(target, (const char *)sqlite3_column_text(statement, 0));
	}
	(void)sqlite3_finalize(statement);
}

/* As the daemon opens its own. */
static void configure(sqlite3 *target) {
	run_sql(target,
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = 1;"
		"PRAGMA cache_size = -2048; PRAGMA secure_delete = FAST; PRAGMA wal_autocheckpoint = 0;"
		"PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 16777216");
}

/* Rows */

static void read_rows(sqlite3 *source, size_t index, struct table *table) {
	const char *status = tables[index].count_status;
	const char *type = tables[index].count_type;
	char sql[256];
	sqlite3_stmt *statement;

	text_format(sql, sizeof(sql), "SELECT %s, %s, %s, * FROM %s WHERE %s <> 0 ORDER BY 1, rowid",
		tables[index].incident, status != NULL ? status : "''", type != NULL ? type : "''",
		tables[index].name, tables[index].incident);
	statement = prepare(source, sql);
	table->n_columns = sqlite3_column_count(statement) - EXTRA_COLUMNS;
	while (table->n_columns <= COLUMNS_MAX && sqlite3_step(statement) == SQLITE_ROW) {
		struct row *row;

		if ((table->n_rows & (table->n_rows - 1)) == 0) { /* a power of two: full */
			table->rows = realloc(
				table->rows, MAX(table->n_rows * 2, (size_t)1) * sizeof(*row));
		}
		row = &table->rows[table->n_rows++];
		row->incident = sqlite3_column_int64(statement, 0);
		for (int i = 0; i < table->n_columns + EXTRA_COLUMNS; i++) {
			row->values[i] = sqlite3_value_dup(sqlite3_column_value(statement, i));
		}
	}
	(void)sqlite3_finalize(statement);
}

static void prepare_insert(sqlite3 *target, size_t index, struct table *table) {
	char sql[256];
	size_t len;

	text_format(sql, sizeof(sql), "INSERT INTO %s VALUES (?", tables[index].name);
	for (int i = 1; i < table->n_columns; i++) {
		len = strlen(sql);
		text_format(sql + len, sizeof(sql) - len, ", ?");
	}
	len = strlen(sql);
	text_format(sql + len, sizeof(sql) - len, ")");
	table->insert = prepare(target, sql);
}

/* Where the schema has no triggers that count, the daemon does, in the same transaction. */
static void prepare_count(sqlite3 *target, size_t index, struct table *table) {
	sqlite3_stmt *statement =
		prepare(target, "SELECT 1 FROM sqlite_schema WHERE type = 'trigger'");

	if (tables[index].count_status != NULL && sqlite3_step(statement) != SQLITE_ROW) {
		table->count = prepare(target,
			"UPDATE counters SET n = n + 1 WHERE kind = ?1 AND status = ?2 AND type = ?3");
		(void)sqlite3_bind_text(table->count, 1, tables[index].name, -1, SQLITE_STATIC);
	}
	(void)sqlite3_finalize(statement);
}

static void write_row(sqlite3 *target, struct table *table, const struct row *row) {
	for (int i = 0; i < table->n_columns; i++) {
		(void)sqlite3_bind_value(table->insert, i + 1, row->values[i + EXTRA_COLUMNS]);
	}
	check(target, sqlite3_step(table->insert), "insert");
	(void)sqlite3_reset(table->insert);
	if (table->count != NULL) {
		(void)sqlite3_bind_value(table->count, 2, row->values[1]);
		(void)sqlite3_bind_value(table->count, 3, row->values[2]);
		check(target, sqlite3_step(table->count), "count");
		(void)sqlite3_reset(table->count);
	}
}

static void write_incident(sqlite3 *target, struct table *all, sqlite3_int64 incident) {
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct table *table = &all[i];

		while (table->next < table->n_rows && table->rows[table->next].incident == incident) {
			write_row(target, table, &table->rows[table->next++]);
		}
	}
}

static int note_log(void *user, sqlite3 *db, const char *name, int n_pages) {
	int *n = user;

	*n = n_pages;
	return SQLITE_OK;
}

static void run(sqlite3 *target, struct table *all, struct figures *figures) {
	sqlite3_stmt *begin = prepare(target, "BEGIN IMMEDIATE");
	sqlite3_stmt *commit = prepare(target, "COMMIT");
	const struct table *incidents = &all[0];
	int n_log_pages = 0;

	(void)sqlite3_wal_hook(target, note_log, &n_log_pages);
	for (size_t i = 0; i < incidents->n_rows && i < TRANSACTIONS_MAX; i++) {
		int64_t started_us = clock_mono_us();

		check(target, sqlite3_step(begin), "BEGIN");
		(void)sqlite3_reset(begin);
		write_incident(target, all, incidents->rows[i].incident);
		check(target, sqlite3_step(commit), "COMMIT");
		(void)sqlite3_reset(commit);
		/*
		 * As the daemon, which is idle after each call of a single client. A log that may grow further makes
		 * every sync dearer: this loop would be slower than what it is held against.
		 */
		if (n_log_pages >= LIMIT_STORE_WAL_IDLE_BYTES / LOG_PAGE_BYTES) {
			run_sql(target, "PRAGMA wal_checkpoint(PASSIVE)");
			n_log_pages = 0;
		}
		figures_add(figures, clock_mono_us() - started_us);
	}
	(void)sqlite3_finalize(begin);
	(void)sqlite3_finalize(commit);
}

static void free_table(struct table *table) {
	for (size_t i = 0; i < table->n_rows; i++) {
		for (int j = 0; j < table->n_columns + EXTRA_COLUMNS; j++) {
			sqlite3_value_free(table->rows[i].values[j]);
		}
	}
	free(table->rows);
	(void)sqlite3_finalize(table->insert);
	(void)sqlite3_finalize(table->count);
}

int main(int argc, char **argv) {
	struct table all[ARRAY_SIZE(tables)] = { 0 };
	struct figures figures = { 0 };
	sqlite3 *source = NULL;
	sqlite3 *target = NULL;
	int64_t started_us;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: bench-bare SOURCE TARGET\n");
		return 2;
	}
	check(source, sqlite3_open_v2(argv[1], &source, SQLITE_OPEN_READWRITE, NULL), argv[1]);
	check(target, sqlite3_open(argv[2], &target), argv[2]);
	configure(target);
	copy_schema(source, target);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		read_rows(source, i, &all[i]);
		prepare_insert(target, i, &all[i]);
		prepare_count(target, i, &all[i]);
	}
	started_us = clock_mono_us();
	run(target, all, &figures);
	figures_print(&figures, clock_mono_us() - started_us);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		free_table(&all[i]);
	}
	figures_finish(&figures);
	(void)sqlite3_close(source);
	(void)sqlite3_close(target);
	return 0;
}
