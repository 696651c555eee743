/* One object by its id. */
#include <errno.h>
#include <string.h>

#include "daemon/store/internal.h"

static const struct {
	enum sql_id sql;
	const struct row_type *row;
} kinds[] = {
	[STORE_TASKS] = { SQL_TASK_GET, &task_row },
	[STORE_INCIDENTS] = { SQL_INCIDENT_GET, &incident_row },
	[STORE_REPORTS] = { SQL_REPORT_GET, &report_row },
};

static void get_clear(struct store_get *get) {
	memset(&get->task, 0, sizeof(get->task));
	memset(&get->incident, 0, sizeof(get->incident));
	memset(&get->report, 0, sizeof(get->report));
	get->next_check_ms = 0;
}

static int get_run(struct db *db, struct store_req *req) {
	struct store_get *get = container_of(req, struct store_get, req);
	int status =
		row_get_by_id(db, kinds[get->kind].sql, get->id, kinds[get->kind].row, &get->task);

	if (status == 0 && get->kind == STORE_INCIDENTS) {
		status = db_int(db, SQL_INCIDENT_NEXT_CHECK, get->id, 0, &get->next_check_ms);
	}
	return status;
}

static void get_reset(struct store_req *req) {
	store_get_finish(container_of(req, struct store_get, req));
}

void store_get_finish(struct store_get *get) {
	const struct row_type *row = kinds[get->kind].row;

	if (row->finish != NULL) {
		row->finish(&get->task);
	}
	get_clear(get);
}

int store_get(struct store *store, struct store_get *get, store_done_fn *done) {
	static const struct store_op op = { "get", false, get_run, get_reset, false };

	get_clear(get);
	return store_queue(store, &get->req, &op, done);
}
