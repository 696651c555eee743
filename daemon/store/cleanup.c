/*
 * Removes what is past its time, a slice a call.
 *
 * Ids are ordered by time, so each kind is walked from its oldest row up to the first that is too young; the cursor
 * says which kind and where. Rows that must stay (an old task that waits) are stepped over, not looked at again.
 */
#include <errno.h>
#include <string.h>

#include "common/id.h"
#include "daemon/store/internal.h"
#include "daemon/store/stats.h"

/* The cursor: the kind above, the last id looked at below. Ids fit until the year 2248. */
#define CURSOR_BITS 59

/* What a row's second and third column say. */
typedef bool is_old_fn(const struct store_cleanup *cleanup, sqlite3_stmt *statement);

struct kind {
	enum sql_id find;
	enum sql_id remove;
	size_t before; /* offset of its time in struct store_cleanup */
	size_t n;      /* offset of its count */
	is_old_fn *is_old;
};

static bool is_old_task(const struct store_cleanup *cleanup, sqlite3_stmt *statement) {
	int64_t finished_ms = sqlite3_column_int64(statement, 1);

	return finished_ms != 0 && finished_ms < cleanup->tasks_before_ms;
}

static bool is_old_report(const struct store_cleanup *cleanup, sqlite3_stmt *statement) {
	return sqlite3_column_int64(statement, 1) < cleanup->reports_before_ms &&
		sqlite3_column_int64(statement, 2) != 0;
}

/* What belongs to an incident that is not over stays: a failed build is what its end must be proven against. */
static bool is_old_part(const struct store_cleanup *cleanup, sqlite3_stmt *statement) {
	return sqlite3_column_int64(statement, 1) < cleanup->history_before_ms &&
		sqlite3_column_int64(statement, 2) != 0;
}

static bool is_old_history(const struct store_cleanup *cleanup, sqlite3_stmt *statement) {
	return sqlite3_column_int64(statement, 1) < cleanup->history_before_ms;
}

static bool is_old_key(const struct store_cleanup *cleanup, sqlite3_stmt *statement) {
	return true;
}

#define NOT_COUNTED ((size_t)-1)

/* Posts and links have no ids of their own: they are walked, and removed, by incident. */
enum {
	KIND_TASKS,
	KIND_REPORTS,
	KIND_BUILDS,
	KIND_NOTES,
	KIND_KEYS,
	KIND_POSTS,
	KIND_LINKS,
	KIND_STATS,
	KIND_COUNT
};

static const struct kind kinds[KIND_COUNT] = {
	[KIND_TASKS] = { SQL_TASK_OLD, SQL_TASK_DELETE,
		offsetof(struct store_cleanup, tasks_before_ms),
		offsetof(struct store_cleanup, n_tasks), is_old_task },
	[KIND_REPORTS] = { SQL_REPORT_OLD, SQL_REPORT_DELETE,
		offsetof(struct store_cleanup, reports_before_ms),
		offsetof(struct store_cleanup, n_reports), is_old_report },
	[KIND_BUILDS] = { SQL_BUILD_OLD, SQL_BUILD_DELETE,
		offsetof(struct store_cleanup, history_before_ms),
		offsetof(struct store_cleanup, n_builds), is_old_part },
	[KIND_NOTES] = { SQL_NOTE_OLD, SQL_NOTE_DELETE,
		offsetof(struct store_cleanup, history_before_ms),
		offsetof(struct store_cleanup, n_events), is_old_history },
	[KIND_KEYS] = { SQL_SUBMISSION_OLD, SQL_SUBMISSION_DELETE,
		offsetof(struct store_cleanup, keys_before_ms), NOT_COUNTED, is_old_key },
	[KIND_POSTS] = { SQL_POST_OLD, SQL_POST_DELETE,
		offsetof(struct store_cleanup, history_before_ms), NOT_COUNTED, is_old_part },
	[KIND_LINKS] = { SQL_LINK_OLD, SQL_LINK_DELETE,
		offsetof(struct store_cleanup, history_before_ms), NOT_COUNTED, is_old_part },
	/* Sums of days: no rows with ids, nothing else of this is used. */
	[KIND_STATS] = { .before = offsetof(struct store_cleanup, history_before_ms) },
};

static int64_t before_of(const struct store_cleanup *cleanup, int kind) {
	return *(const int64_t *)((const char *)cleanup + kinds[kind].before);
}

/* The first id that is too young. The newest event stays for ever: its number must not be given out again. */
static int end_of(struct db *db, const struct store_cleanup *cleanup, int kind, int64_t *ret_end) {
	if (kind == KIND_NOTES) {
		return db_int(db, SQL_NOTE_MAX_SEQ, 0, 0, ret_end);
	}
	*ret_end = id_first_in_ms(before_of(cleanup, kind));
	return 0;
}

/* Looks at up to `n_max` rows after `*cursor`; the ids of the old ones go to `ids`. Returns how many it looked at. */
static int find(struct db *db, const struct store_cleanup *cleanup, int kind, int n_max,
	int64_t *cursor, int64_t ids[LIMIT_STORE_CLEANUP_ROWS], size_t *ret_n) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, kinds[kind].find);
	int64_t end = 0;
	int n_seen = 0;
	int status = end_of(db, cleanup, kind, &end);

	if (status < 0) {
		return status;
	}
	sql_bind_int(statement, 1, *cursor);
	sql_bind_int(statement, 2, end);
	sql_bind_int(statement, 3, n_max);
	while ((status = db_step(db, statement)) > 0) {
		n_seen++;
		*cursor = sqlite3_column_int64(statement, 0);
		if (kinds[kind].is_old(cleanup, statement)) {
			ids[(*ret_n)++] = *cursor;
		} else if (kind == KIND_NOTES) {
			return 0; /* the log is in the order of time */
		}
	}
	return status < 0 ? status : n_seen;
}

static int remove_rows(struct db *db, int kind, const int64_t *ids, size_t n) {
	sqlite3_stmt *statement = db_sql(db, kinds[kind].remove);
	int status = 0;

	for (size_t i = 0; status == 0 && i < n; i++) {
		sql_bind_int(statement, 1, ids[i]);
		status = db_run(db, statement);
	}
	return status;
}

/* One kind's part of the slice. Returns how many rows it looked at; fewer than `n_max`: the kind is done. */
static int clean_kind(
	struct db *db, struct store_cleanup *cleanup, int kind, int n_max, int64_t *cursor) {
	int64_t ids[LIMIT_STORE_CLEANUP_ROWS];
	size_t n = 0;
	int n_seen;

	if (before_of(cleanup, kind) == 0) {
		return 0;
	}
	if (kind == KIND_STATS) {
		return cleanup->dry_run ? 0 : stats_forget(db, before_of(cleanup, kind), n_max);
	}
	n_seen = find(db, cleanup, kind, n_max, cursor, ids, &n);
	if (n_seen >= 0 && !cleanup->dry_run) {
		int status = remove_rows(db, kind, ids, n);

		if (status < 0) {
			return status;
		}
	}
	if (n_seen >= 0 && kinds[kind].n != NOT_COUNTED) {
		*(int64_t *)((char *)cleanup + kinds[kind].n) += (int64_t)n;
	}
	return n_seen;
}

static int cleanup_run(struct db *db, struct store_req *req) {
	struct store_cleanup *cleanup = container_of(req, struct store_cleanup, req);
	int kind = (int)(cleanup->given_cursor >> CURSOR_BITS);
	int64_t cursor = cleanup->given_cursor & ((INT64_C(1) << CURSOR_BITS) - 1);
	int n_left = LIMIT_STORE_CLEANUP_ROWS;

	while (kind < KIND_COUNT) {
		int n_seen = clean_kind(db, cleanup, kind, n_left, &cursor);

		if (n_seen < 0) {
			return n_seen;
		}
		if (n_seen >= n_left) {
			cleanup->cursor = (int64_t)kind << CURSOR_BITS | cursor;
			cleanup->more = true;
			return 0;
		}
		n_left -= n_seen;
		kind++;
		cursor = 0;
	}
	return 0;
}

static void cleanup_reset(struct store_req *req) {
	struct store_cleanup *cleanup = container_of(req, struct store_cleanup, req);

	cleanup->n_tasks = 0;
	cleanup->n_reports = 0;
	cleanup->n_builds = 0;
	cleanup->n_events = 0;
	cleanup->cursor = 0;
	cleanup->more = false;
}

int store_cleanup(struct store *store, struct store_cleanup *cleanup, store_done_fn *done) {
	static const struct store_op op = { "cleanup", true, cleanup_run, cleanup_reset, false };

	cleanup->given_cursor = cleanup->cursor;
	return store_queue(store, &cleanup->req, &op, done);
}
