/* What failed need not wait any longer. */
#include "daemon/store/internal.h"

static int hasten_run(struct db *db, struct store_req *req) {
	struct store_hasten *request = container_of(req, struct store_hasten, req);

	for (size_t i = 0; i < request->n_lanes; i++) {
		sqlite3_stmt *statement = db_sql(db, SQL_TASK_HASTEN);
		int r;

		sql_bind_text(statement, 1, request->lanes[i]);
		sql_bind_int(statement, 2, request->now_ms);
		r = db_run(db, statement);
		if (r < 0) {
			return r;
		}
		request->n_tasks += sqlite3_changes64(db->sqlite);
	}
	return 0;
}

int store_hasten(struct store *store, struct store_hasten *request, store_done_fn *done) {
	static const struct store_op op = { "hasten", true, hasten_run, NULL, false };

	request->n_tasks = 0;
	return store_queue(store, &request->req, &op, done);
}
