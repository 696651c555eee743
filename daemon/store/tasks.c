/* The task rows: written by steps, claimed by lane. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/id.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/store/internal.h"

int task_insert(struct db *db, const struct task *task) {
	return row_insert(db, SQL_TASK_INSERT, &task_row, task);
}

int task_write(struct db *db, const struct task *task) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_WRITE);
	_cleanup_(freep) char *result = NULL;

	if (task->result != NULL) {
		result = json_dumps(task->result, JSON_COMPACT | JSON_ENCODE_ANY);
		if (result == NULL) {
			return -ENOMEM;
		}
	}
	sql_bind_int(statement, 1, task->id);
	sql_bind_text(statement, 2, task_status_names[task->status]);
	sql_bind_text(statement, 3, task->lane);
	sql_bind_int(statement, 4, task->due_ms);
	sql_bind_int(statement, 5, task->started_ms);
	sql_bind_int(statement, 6, task->finished_ms);
	sql_bind_int(statement, 7, task->attempt);
	sql_bind_text(statement, 8, task->reason);
	sql_bind_text(statement, 9, result);
	sql_bind_int(statement, 10, task->incident_id);
	sql_bind_int(statement, 11, task->cycle);
	sql_bind_int(statement, 12, task->interrupted);
	/* Before `result` goes. */
	return db_run(db, statement);
}

int task_live(struct db *db, int64_t incident_id, enum task_type type, struct live_task *ret_live) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_FIND_LIVE);
	int status;

	sql_bind_int(statement, 1, incident_id);
	sql_bind_text(statement, 2, task_type_names[type]);
	status = db_step(db, statement);
	if (status < 0) {
		return status;
	}
	memset(ret_live, 0, sizeof(*ret_live));
	if (status > 0) {
		const char *name = (const char *)sqlite3_column_text(statement, 2);

		ret_live->id = sqlite3_column_int64(statement, 0);
		ret_live->due_ms = sqlite3_column_int64(statement, 1);
		ret_live->executing = text_equal(name, task_status_names[TASK_EXECUTING]);
	}
	return 0;
}

/* Claim */

static bool is_paused(const struct store_claim *claim, const char *project) {
	for (const char *const *paused = claim->paused_projects; paused != NULL && *paused != NULL;
		paused++) {
		if (text_equal(*paused, "*") || strcasecmp(*paused, project) == 0) {
			return true;
		}
	}
	return false;
}

/* The ids first: changing rows while walking their index would meet some twice. It is covering: skipping is cheap. */
static int claim_find(struct db *db, const struct store_claim *claim, int64_t *ids, size_t *ret_n) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_DUE);
	size_t limit = MIN(claim->limit, (size_t)LIMIT_CLAIM_ROWS);
	size_t n = 0;
	int status = 0;

	sql_bind_text(statement, 1, claim->lane);
	sql_bind_int(statement, 2, claim->now_ms);
	while (n < limit && (status = db_step(db, statement)) > 0) {
		if (!is_paused(claim, (const char *)sqlite3_column_text(statement, 1))) {
			ids[n++] = sqlite3_column_int64(statement, 0);
		}
	}
	*ret_n = n;
	return MIN(status, 0);
}

static int claim_next_due(struct db *db, struct store_claim *claim) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_NEXT_DUE);
	int status;

	sql_bind_text(statement, 1, claim->lane);
	while ((status = db_step(db, statement)) > 0) {
		if (!is_paused(claim, (const char *)sqlite3_column_text(statement, 1))) {
			claim->next_due_ms = sqlite3_column_int64(statement, 0);
			return 0;
		}
	}
	return status;
}

static int claim_one(struct db *db, struct store_claim *claim, int64_t id) {
	sqlite3_stmt *statement = db_sql(db, SQL_TASK_CLAIM);
	struct task *task;
	int status;

	sql_bind_int(statement, 1, id);
	status = db_run(db, statement);
	if (status < 0) {
		return status;
	}
	task = array_grow(&claim->tasks, &claim->n_tasks, sizeof(*task));
	if (task == NULL) {
		return -ENOMEM;
	}
	status = row_get_by_id(db, SQL_TASK_GET, id, &task_row, task);
	if (status < 0) {
		claim->n_tasks--;
	}
	return status;
}

/* Whether it is the row that is bad: one that a constraint keeps from being claimed, or that we never wrote so. */
static bool is_bad_row(const struct db *db, int status) {
	return status == -EBADMSG || (status == -EINVAL && (db->fault & 0xff) == SQLITE_CONSTRAINT);
}

/* Left scheduled it would be claimed for ever, and nothing else of its lane would. */
static int claim_give_up(struct db *db, const struct store_claim *claim, int64_t id, int why) {
	sqlite3_stmt *statement = db_sql(db, SQL_TASK_FAIL);
	char text[ID_TEXT_MAX];

	log_about(&(struct log_about){ .task = id }, LOG_LEVEL_ERROR,
		"The row of task %s is damaged (%s, code %d); the task is failed, others go on.",
		id_format(ID_TASK, id, text), log_errno(why), db->fault);
	db->fault = SQLITE_OK;
	sql_bind_int(statement, 1, id);
	sql_bind_int(statement, 2, claim->now_ms);
	sql_bind_text(statement, 3, "Its row in the database is damaged; it cannot be executed.");
	return db_run(db, statement);
}

static int claim_run(struct db *db, struct store_req *req) {
	struct store_claim *claim = container_of(req, struct store_claim, req);
	int64_t ids[LIMIT_CLAIM_ROWS];
	size_t n = 0;
	int status = claim_find(db, claim, ids, &n);

	for (size_t i = 0; status == 0 && i < n; i++) {
		status = claim_one(db, claim, ids[i]);
		if (is_bad_row(db, status)) {
			status = claim_give_up(db, claim, ids[i], status);
		}
	}
	return status < 0 ? status : claim_next_due(db, claim);
}

static void claim_reset(struct store_req *req) {
	struct store_claim *claim = container_of(req, struct store_claim, req);

	store_claim_finish(claim);
	claim->next_due_ms = 0;
}

void store_claim_finish(struct store_claim *claim) {
	task_free_array(TAKE_PTR(claim->tasks), claim->n_tasks);
	claim->n_tasks = 0;
}

int store_claim(struct store *store, struct store_claim *claim, store_done_fn *done) {
	static const struct store_op op = { "claim", true, claim_run, claim_reset, false };

	claim->tasks = NULL;
	claim->n_tasks = 0;
	claim->next_due_ms = 0;
	return store_queue(store, &claim->req, &op, done);
}
