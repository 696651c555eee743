/* store_stats(): first the rest of the log is taken in, then the days of the window are summed up, in slices. */
#include "daemon/store/stats.h"

#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/model/tally.h"

/* Where the next slice goes on: what is before the days, or the last day that was read plus one. */
enum { AT_CLEAR = -2, AT_FOLLOW = -1 };

static const char *or_all(const char *name) {
	return name != NULL ? name : "";
}

/* Of single failures there may be very many, and no day tells them. */
static int add_day(struct store_stats *stats, int64_t day, const char *text) {
	json_t *tally = json_loads(text, 0, NULL);
	static const char *const left_out[] = { "failures", "repaired", TALLY_NEWEST };
	int status = tally == NULL ? -EBADMSG : tally_merge(stats->totals, tally);

	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
		(void)json_object_del(tally, left_out[i]);
	}
	if (status < 0) {
		json_decref(tally);
		return status;
	}
	return json_array_append_new(stats->days,
		       json_pack("{s:I, s:o}", "day", (json_int_t)day, "tally", tally)) < 0
		? -ENOMEM
		: 0;
}

static int read_days(struct db *db, struct store_stats *stats) {
	_cleanup_(sql_resetp) sqlite3_stmt *row = db_sql(db, SQL_STATS_DAYS);
	int64_t until_us = clock_mono_us() + LIMIT_STORE_SLICE_MS * 1000;
	int64_t from = MAX(stats->from_day, stats->given_cursor);
	int status;

	sql_bind_text(row, 1, or_all(stats->project));
	sql_bind_text(row, 2, or_all(stats->branch));
	sql_bind_int(row, 3, from - 1);
	sql_bind_int(row, 4, stats->until_day);
	while ((status = db_step(db, row)) > 0) {
		int64_t day = sqlite3_column_int64(row, 0);

		if (clock_mono_us() > until_us) {
			stats->cursor = day;
			stats->more = true;
			return 0;
		}
		status = add_day(stats, day, (const char *)sqlite3_column_text(row, 1));
		if (status < 0) {
			return status;
		}
	}
	return status;
}

static int read_later(struct db *db, struct store_stats *stats) {
	_cleanup_(sql_resetp) sqlite3_stmt *row = db_sql(db, SQL_STATS_LATER);
	int status;

	sql_bind_text(row, 1, or_all(stats->project));
	sql_bind_text(row, 2, or_all(stats->branch));
	sql_bind_int(row, 3, MAX(stats->until_day, stats->now_day));
	status = db_step(db, row);
	if (status > 0) {
		stats->n_later = sqlite3_column_int64(row, 0);
	}
	return MIN(status, 0);
}

static json_t *branch_to_json(const char *project, const char *branch, sqlite3_stmt *row, int first) {
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "project", project, "branch",
		branch, "builds", (json_int_t)sqlite3_column_int64(row, first), "failed",
		(json_int_t)sqlite3_column_int64(row, first + 1), "currentRun",
		(json_int_t)sqlite3_column_int64(row, first + 2), "longestRun",
		(json_int_t)sqlite3_column_int64(row, first + 3), "outOfOrder",
		(json_int_t)sqlite3_column_int64(row, first + 4), "last",
		(json_int_t)sqlite3_column_int64(row, first + 5));
}

static int read_branch(struct db *db, struct store_stats *stats) {
	_cleanup_(sql_resetp) sqlite3_stmt *row = db_sql(db, SQL_STATS_BRANCH_GET);
	int status;

	sql_bind_text(row, 1, or_all(stats->project));
	sql_bind_text(row, 2, stats->branch);
	status = db_step(db, row);
	if (status > 0 &&
		json_array_append_new(stats->branches,
			branch_to_json(or_all(stats->project), stats->branch, row, 0)) < 0) {
		return -ENOMEM;
	}
	return MIN(status, 0);
}

static int read_busy(struct db *db, struct store_stats *stats) {
	_cleanup_(sql_resetp) sqlite3_stmt *row = db_sql(db, SQL_STATS_BUSY);
	int status;

	sql_bind_text(row, 1, or_all(stats->project));
	sql_bind_int(row, 2, LIMIT_STATS_BRANCHES);
	while ((status = db_step(db, row)) > 0) {
		if (json_array_append_new(stats->branches,
			    branch_to_json((const char *)sqlite3_column_text(row, 0),
				    (const char *)sqlite3_column_text(row, 1), row, 2)) < 0) {
			return -ENOMEM;
		}
	}
	return status;
}

static int read_rest(struct db *db, struct store_stats *stats) {
	int status = stats_behind(db, &stats->behind);

	if (status == 0) {
		status = read_later(db, stats);
	}

	if (status == 0) {
		status = stats->branch != NULL ? read_branch(db, stats) : read_busy(db, stats);
	}
	return status;
}

/* Others wait for the store, too: only to compute everything anew goes to the end. */
static bool may_take_more(const struct store_stats *stats) {
	return stats->recompute || stats->taken_us < LIMIT_STATS_CATCH_UP_MS * 1000;
}

/* Before the days are read; each part of what the log has more is a slice of its own. */
static int follow(struct db *db, struct store_stats *stats) {
	int64_t began_us = clock_mono_us();
	bool more = false;
	int status = stats_behind(db, &stats->behind);

	if (status < 0) {
		return status;
	}
	if (stats->until_seq == 0) { /* what comes while it is at work is another answer's */
		stats->until_seq = db->last_seq;
	}
	if (stats->given_cursor == AT_CLEAR) {
		status = stats_clear(db, &more);
		stats->cursor = more ? AT_CLEAR : AT_FOLLOW;
	} else {
		status = stats_follow(db, &more);
		more = more && db->stats_seq < stats->until_seq;
		stats->taken_us += clock_mono_us() - began_us;
		stats->cursor = more && may_take_more(stats) ? AT_FOLLOW : 0;
	}
	stats->behind = MAX(stats->until_seq - db->stats_seq, 0);
	stats->more = true;
	return status;
}

static int stats_run(struct db *db, struct store_req *req) {
	struct store_stats *stats = container_of(req, struct store_stats, req);
	int status;

	stats->totals = json_object();
	stats->days = json_array();
	stats->branches = json_array();
	if (stats->totals == NULL || stats->days == NULL || stats->branches == NULL) {
		return -ENOMEM;
	}
	if (stats->given_cursor < 0) {
		return follow(db, stats);
	}
	status = read_days(db, stats);
	return status < 0 || stats->more ? status : read_rest(db, stats);
}

static void stats_reset(struct store_req *req) {
	struct store_stats *stats = container_of(req, struct store_stats, req);

	store_stats_finish(stats);
	stats->more = false;
	stats->n_later = 0;
	stats->behind = 0;
}

void store_stats_finish(struct store_stats *stats) {
	json_decref(TAKE_PTR(stats->totals));
	json_decref(TAKE_PTR(stats->days));
	json_decref(TAKE_PTR(stats->branches));
}

void store_stats_begin(struct store_stats *stats, bool recompute) {
	stats->cursor = recompute ? AT_CLEAR : AT_FOLLOW;
	stats->until_seq = 0;
	stats->taken_us = 0;
	stats->recompute = recompute;
}

int store_stats(struct store *store, struct store_stats *stats, store_done_fn *done) {
	static const struct store_op follow_op = { "stats", true, stats_run, stats_reset, false };
	static const struct store_op read_op = { "stats", false, stats_run, stats_reset, false };

	stats->totals = NULL;
	stats->days = NULL;
	stats->branches = NULL;
	stats->given_cursor = stats->cursor;
	return store_queue(store, &stats->req, stats->cursor < 0 ? &follow_op : &read_op, done);
}
