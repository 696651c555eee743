/*
 * In the place of daemon/store/thread.c: the same requests on the same SQL, one a transaction, in memory. What was
 * committed outlives the daemon; what waits for its commit or its answer does not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/internal.h"
#include "tests/sim/sim.h"

struct store {
	int64_t newest_ms;
	void (*closed)(void *user);
	void *closed_user;
};

static struct db *db;

static void check(int status, const char *what) {
	if (status < 0) {
		sim_broken("%s: %s", what, sqlite3_errmsg(db->sqlite));
	}
}

static void open_once(void) {
	if (db != NULL) {
		return;
	}
	db = calloc(1, sizeof(*db));
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (db == NULL || sqlite3_open(":memory:", &db->sqlite) != SQLITE_OK) {
		abort();
	}
	(void)sqlite3_extended_result_codes(db->sqlite, 1);
	db_forget(db);
	check(schema_update(db, 0), "the schema cannot be made");
	check(counters_open(db), "the counters cannot be made");
	db_forget(db);
}

/* The questions are few and asked in every world: prepared once, and known by their address. */
static sqlite3_stmt *prepared(const char *sql) {
	static struct {
		const char *sql;
		sqlite3_stmt *statement;
	} questions[32];
	size_t i = 0;

	while (i < ARRAY_SIZE(questions) && questions[i].sql != NULL && questions[i].sql != sql) {
		i++;
	}
	if (i == ARRAY_SIZE(questions)) {
		sim_broken("more than %zu questions are asked", i);
	}
	if (questions[i].sql == NULL) {
		questions[i].sql = sql;
		if (sqlite3_prepare_v3(db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT,
			    &questions[i].statement, NULL) != SQLITE_OK) {
			sim_broken("%s: %s", sql, sqlite3_errmsg(db->sqlite));
		}
	}
	return questions[i].statement;
}

void sim_store_empty(void) {
	static const char *const empty[] = { "DELETE FROM tasks", "DELETE FROM incidents",
		"DELETE FROM reports", "DELETE FROM builds", "DELETE FROM events",
		"DELETE FROM submissions", "DELETE FROM posts", "DELETE FROM links",
		"DELETE FROM forges", "DELETE FROM pauses", "UPDATE counters SET n = 0" };

	open_once();
	check(db_begin(db), "BEGIN");
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		check(db_run(db, prepared(empty[i])), empty[i]);
	}
	check(db_run(db, db_sql(db, SQL_COMMIT)), "COMMIT");
	db_forget(db);
}

int64_t sim_store_ask(const char *sql, int64_t parameter) {
	sqlite3_stmt *statement = prepared(sql);
	int64_t value;

	if (sqlite3_bind_parameter_count(statement) > 0) {
		sql_bind_int(statement, 1, parameter);
	}
	if (sqlite3_step(statement) != SQLITE_ROW) {
		sim_broken("%s: %s", sql, sqlite3_errmsg(db->sqlite));
	}
	value = sqlite3_column_int64(statement, 0);
	sql_resetp(&statement);
	return value;
}

static void say_rows(const char *sql) {
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) == SQLITE_OK) {
		(void)sqlite3_bind_int64(statement, 1, sim_wall_ms());
		while (sqlite3_step(statement) == SQLITE_ROW) {
			sim_say("%s", (const char *)sqlite3_column_text(statement, 0));
		}
	}
	(void)sqlite3_finalize(statement);
}

void sim_store_say_live(void) {
	say_rows("SELECT 'incident ' || id || ' ' || branch || ' ' || error_type || ' ' || state || ' cycle ' || cycle"
		 " || ', opened ' || ((opened_ms - ?1) / 1000) || ' s: ' || reason FROM incidents"
		 " WHERE state IN ('open', 'waiting', 'escalated')");
	say_rows("SELECT 'task ' || t.id || ' ' || t.type || ' ' || t.status || ' in ' || t.lane || ', due in '"
		 " || ((t.due_ms - ?1) / 1000) || ' s, attempt ' || t.attempt || ': ' || t.reason"
		 " || ' [' || coalesce(i.branch || ' ' || i.state || ' cycle ' || i.cycle"
		 " || ', ' || i.reason, '') || ']'"
		 " FROM tasks t LEFT JOIN incidents i ON i.id = t.incident_id"
		 " WHERE t.status IN ('scheduled', 'executing')");
}

static bool is_refusal(int status) {
	return status == -ENOENT || status == -ESTALE || status == -ECANCELED ||
		status == -EAGAIN || status == -EDQUOT || status == -EEXIST;
}

/* One transaction. Returns what the request came to. */
static int transact(struct store_req *req) {
	int status;

	db->n_scheduled = -1;
	db->fault = SQLITE_OK;
	if (req->op->reset != NULL) {
		req->op->reset(req);
	}
	check(db_begin(db), "BEGIN");
	status = req->op->run(db, req);
	if (status < 0 && !is_refusal(status)) {
		sim_broken("request \"%s\" failed: %d, %s", req->op->name, status,
			sqlite3_errmsg(db->sqlite));
	}
	if (sim.sabotage == SABOTAGE_ACK && req->op->writes && sim_chance(20)) {
		db_rollback(db);
		db_forget(db);
		return status;
	}
	check(db_commit(db), "COMMIT");
	sim.n_commits++;
	return status;
}

static void answer(void *user) {
	struct store_req *req = user;

	req->done(req, req->status);
}

static void run(void *user) {
	struct store_req *req = user;

	if (sim_fault(sim.chances.store_crash)) {
		sim_daemon_crash("before a commit");
		return;
	}
	if (req->op->writes && sim_fault(sim.chances.store_full)) {
		req->status = -ENOSPC;
	} else {
		req->status = transact(req);
	}
	if (sim_fault(sim.chances.store_crash)) {
		sim_daemon_crash("after a commit");
		return;
	}
	/* In the order they came, as the thread hands them back. */
	sim_after_in_life(0, answer, req);
}

/* Decisions are looked at where they are made. */
static step_decide_fn *decide;

static void watched_decide(const struct step_input *in, struct step_result *ret) {
	decide(in, ret);
	sim_oracle_decided(in, ret);
}

int store_queue(struct store *store, struct store_req *req, const struct store_op *op,
	store_done_fn *done) {
	(void)store;
	if (sim_fault(sim.chances.store_busy)) {
		return -EAGAIN;
	}
	req->op = op;
	req->done = done;
	if (strcmp(op->name, "step") == 0) {
		struct store_step *step = container_of(req, struct store_step, req);

		decide = step->decide;
		step->decide = watched_decide;
	}
	sim_after_in_life(1, run, req);
	return 0;
}

int store_open(uv_loop_t *loop, const char *path, void (*on_failed)(void *user, const char *sentence),
	void *user, struct store **ret_store, char *ret_sentence) {
	static struct store only;

	(void)loop, (void)path, (void)on_failed, (void)user, (void)ret_sentence;
	open_once();
	db_rollback(db);
	db_forget(db);
	check(db_newest_ms(db, &only.newest_ms), "the newest row cannot be read");
	*ret_store = &only;
	return 0;
}

int64_t store_newest_ms(const struct store *store) {
	return store->newest_ms;
}
