/* How the statistics follow the log, a slice a transaction. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/text.h"
#include "daemon/model/tally.h"
#include "daemon/store/stats.h"

/* "PROJECT\nBRANCH\nDAY": no name holds a line break. */
#define SCOPE_MAX (LIMIT_NAME_MAX + 2 * LIMIT_NAME_MAX + 32)

/* Rows between two looks at the clock. */
#define TIME_CHECK_ROWS 16

int64_t stats_day(int64_t ms) {
	return ms >= 0 ? ms / CLOCK_DAY_MS : -((-ms + CLOCK_DAY_MS - 1) / CLOCK_DAY_MS);
}

int stats_scope(
	json_t *scopes, const char *project, const char *branch, int64_t day, json_t **ret_tally) {
	char key[SCOPE_MAX];
	json_t *tally;

	text_format(key, sizeof(key), "%s\n%s\n%" PRId64, project, branch, day);
	tally = json_object_get(scopes, key);
	if (tally == NULL) {
		tally = json_object();
		if (json_object_set_new(scopes, key, tally) < 0) {
			return -ENOMEM;
		}
	}
	*ret_tally = tally;
	return 0;
}

static int read_place(struct db *db) {
	return db->stats_seq >= 0 ? 0 : db_int(db, SQL_STATS_PLACE, 0, 0, &db->stats_seq);
}

static int read_last_seq(struct db *db) {
	return db->last_seq >= 0 ? 0 : db_int(db, SQL_NOTE_MAX_SEQ, 0, 0, &db->last_seq);
}

int stats_behind(struct db *db, int64_t *ret_n) {
	int status = read_place(db);

	if (status == 0) {
		status = read_last_seq(db);
	}
	if (status == 0) {
		*ret_n = db->last_seq - db->stats_seq;
	}
	return status;
}

static int set_place(struct db *db, int64_t seq) {
	sqlite3_stmt *statement = db_sql(db, SQL_STATS_PLACE_SET);
	int status;

	sql_bind_int(statement, 1, seq);
	status = db_run(db, statement);
	if (status == 0) {
		db->stats_seq = seq;
	}
	return status;
}

/* Writing */

/* What the table has of a day; NULL: nothing. */
static int read_day(
	struct db *db, const char *project, const char *branch, int64_t day, json_t **ret_tally) {
	_cleanup_(sql_resetp) sqlite3_stmt *row = db_sql(db, SQL_STATS_GET);
	int status;

	sql_bind_text(row, 1, project);
	sql_bind_text(row, 2, branch);
	sql_bind_int(row, 3, day);
	status = db_step(db, row);
	if (status > 0) {
		*ret_tally = json_loads((const char *)sqlite3_column_text(row, 0), 0, NULL);
	}
	return MIN(status, 0);
}

/* Sorted, so that an answer is the same to the byte however the log was cut into slices. */
static int write_day(
	struct db *db, const char *project, const char *branch, int64_t day, const json_t *tally) {
	_cleanup_(freep) char *text = json_dumps(tally, JSON_COMPACT | JSON_SORT_KEYS);
	sqlite3_stmt *statement = db_sql(db, SQL_STATS_PUT);

	if (text == NULL) {
		return -ENOMEM;
	}
	sql_bind_text(statement, 1, project);
	sql_bind_text(statement, 2, branch);
	sql_bind_int(statement, 3, day);
	sql_bind_int(statement, 4, tally_sum(tally, "builds"));
	sql_bind_text(statement, 5, text);
	return db_run(db, statement);
}

static int merge_day(
	struct db *db, const char *project, const char *branch, int64_t day, const json_t *more) {
	json_t *tally = NULL;
	int status = read_day(db, project, branch, day, &tally);

	if (status == 0 && tally == NULL) {
		return write_day(db, project, branch, day, more);
	}
	if (status == 0) {
		status = tally_merge(tally, more);
	}
	if (status == 0) {
		status = write_day(db, project, branch, day, tally);
	}
	json_decref(tally);
	return status;
}

/* The parts of a scope's key. */
struct scope {
	char key[SCOPE_MAX]; /* cut into pieces */
	const char *project;
	const char *branch;
	int64_t day;
};

static int scope_read(const char *key, struct scope *ret) {
	char *branch, *day;

	TEXT_SET(ret->key, key);
	branch = strchr(ret->key, '\n');
	*branch++ = '\0';
	day = strchr(branch, '\n');
	*day++ = '\0';
	ret->project = ret->key;
	ret->branch = branch;
	return text_to_int(day, &ret->day);
}

/* Adds each tally of `scopes` to that of its day in `sums`: of its project, or of everything. */
static int sum_up(json_t *scopes, bool by_project, json_t *sums) {
	const char *key;
	json_t *tally, *sum;

	json_object_foreach(scopes, key, tally) {
		struct scope scope;
		int status = scope_read(key, &scope);

		if (status == 0) {
			status = stats_scope(
				sums, by_project ? scope.project : "", "", scope.day, &sum);
		}
		if (status == 0) {
			status = tally_merge(sum, tally);
		}
		if (status < 0) {
			return status;
		}
	}
	return 0;
}

static int write_scopes(struct db *db, json_t *scopes) {
	const char *key;
	json_t *tally;

	json_object_foreach(scopes, key, tally) {
		struct scope scope;
		int status = scope_read(key, &scope);

		if (status == 0) {
			status = merge_day(db, scope.project, scope.branch, scope.day, tally);
		}
		if (status < 0) {
			return status;
		}
	}
	return 0;
}

/* What a slice adds to branches, and with it to projects and everything. */
static int write_all(struct db *db, json_t *branches) {
	json_t *projects = json_object(), *everything = json_object();
	int status = projects != NULL && everything != NULL ? write_scopes(db, branches) : -ENOMEM;

	if (status == 0) {
		status = sum_up(branches, true, projects);
	}
	if (status == 0) {
		status = write_scopes(db, projects);
	}
	if (status == 0) {
		status = sum_up(projects, false, everything);
	}
	if (status == 0) {
		status = write_scopes(db, everything);
	}
	json_decref(projects);
	json_decref(everything);
	return status;
}

/* Reading */

/* A fact that cannot be read counts nowhere; we wrote it, so it is not worth a refusal. */
static int take_row(struct db *db, json_t *scopes, sqlite3_stmt *row) {
	const char *data = (const char *)sqlite3_column_text(row, 5);
	struct stats_event event = { .seq = sqlite3_column_int64(row, 0),
		.at_ms = sqlite3_column_int64(row, 1),
		.project = (const char *)sqlite3_column_text(row, 2),
		.incident_id = sqlite3_column_int64(row, 3),
		.report_id = sqlite3_column_int64(row, 4) };
	json_t *fact = data != NULL ? json_loads(data, 0, NULL) : NULL;
	int status = 0;

	if (fact != NULL) {
		event.fact = fact;
		status = stats_take(db, scopes, &event);
	}
	json_decref(fact);
	return status;
}

/* Until the slice's time is up, which is when as many days as that wait to be written, too. */
static int read_slice(struct db *db, json_t *scopes, int64_t *ret_place, bool *ret_more) {
	_cleanup_(sql_resetp) sqlite3_stmt *row = db_sql(db, SQL_FACTS);
	int64_t until_us = clock_mono_us() + LIMIT_STORE_SLICE_MS * 1000 / 2;
	size_t n = 0;
	int status;

	sql_bind_int(row, 1, db->stats_seq);
	while ((status = db_step(db, row)) > 0) {
		if (n > 0 && n % TIME_CHECK_ROWS == 0 && clock_mono_us() > until_us) {
			*ret_more = true;
			return 0;
		}
		n++;
		status = take_row(db, scopes, row);
		if (status < 0) {
			return status;
		}
		*ret_place = sqlite3_column_int64(row, 0);
	}
	return status;
}

int stats_follow(struct db *db, bool *ret_more) {
	json_t *scopes = json_object();
	int64_t place = 0;
	int status = scopes == NULL ? -ENOMEM : read_place(db);

	*ret_more = false;
	if (status == 0) {
		status = read_slice(db, scopes, &place, ret_more);
	}
	if (status == 0) {
		status = write_all(db, scopes);
	}
	if (status == 0 && place > 0) {
		status = set_place(db, place);
	}
	json_decref(scopes);
	return status;
}

/* Anew */

static int clear(struct db *db, enum sql_id id, bool *ret_more) {
	sqlite3_stmt *statement = db_sql(db, id);
	int status;

	sql_bind_int(statement, 1, LIMIT_STORE_CLEANUP_ROWS);
	status = db_run(db, statement);
	*ret_more |= status == 0 && sqlite3_changes(db->sqlite) == LIMIT_STORE_CLEANUP_ROWS;
	return status;
}

int stats_clear(struct db *db, bool *ret_more) {
	int status = clear(db, SQL_STATS_CLEAR, ret_more);

	if (status == 0) {
		status = clear(db, SQL_STATS_BRANCH_CLEAR, ret_more);
	}
	return status < 0 ? status : set_place(db, 0);
}

/* Old days */

int stats_forget(struct db *db, int64_t before_ms, int n_max) {
	static const enum sql_id statements[] = { SQL_STATS_BRANCH_FORGET, SQL_STATS_FORGET };
	int64_t before_day = stats_day(before_ms);
	sqlite3_stmt *fact = db_sql(db, SQL_FACT_FORGET);
	int status;

	sql_bind_int(fact, 1, before_day * CLOCK_DAY_MS);
	status = db_run(db, fact);
	for (size_t i = 0; status == 0 && i < ARRAY_SIZE(statements); i++) {
		sqlite3_stmt *statement = db_sql(db, statements[i]);

		sql_bind_int(statement, 1, before_day);
		sql_bind_int(statement, 2, before_day * CLOCK_DAY_MS);
		sql_bind_int(statement, 3, n_max);
		status = db_run(db, statement);
	}
	return status < 0 ? status : sqlite3_changes(db->sqlite);
}
