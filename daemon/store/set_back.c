/* What a clock that was ahead has written, once it is right. */
#include "daemon/store/internal.h"

static int set_back(struct db *db, enum sql_id id, int64_t now_ms) {
	sqlite3_stmt *statement = db_sql(db, id);

	sql_bind_int(statement, 1, now_ms);
	return db_run(db, statement);
}

/* The tasks first: their incidents say when they were decided. */
static int set_back_run(struct db *db, struct store_req *req) {
	struct store_set_back *request = container_of(req, struct store_set_back, req);
	int status = set_back(db, SQL_TASK_SET_BACK, request->now_ms);

	request->n_tasks = status == 0 ? sqlite3_changes64(db->sqlite) : 0;
	return status < 0 ? status : set_back(db, SQL_INCIDENT_SET_BACK, request->now_ms);
}

int store_set_back(struct store *store, struct store_set_back *request, store_done_fn *done) {
	static const struct store_op op = { "set back", true, set_back_run, NULL, false };

	request->n_tasks = 0;
	return store_queue(store, &request->req, &op, done);
}
