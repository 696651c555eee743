/* Reports that come without an incident: imported ones. The others are written by steps. */
#include <errno.h>

#include "daemon/store/internal.h"

static int add_report_run(struct db *db, struct store_req *req) {
	struct store_add_report *add = container_of(req, struct store_add_report, req);
	struct report *report = add->report;
	int64_t exists = 0;
	int status;

	report->id = add->given_id;
	if (report->id == 0) {
		status = db_next_id(db, DB_IDS_REPORT, add->now_ms, &report->id);
	} else {
		status = db_int(db, SQL_REPORT_EXISTS, report->id, 0, &exists);
		db_id_taken(db, DB_IDS_REPORT, report->id);
	}
	if (status < 0) {
		return status;
	}
	if (exists != 0) {
		return -EEXIST;
	}
	return row_insert(db, SQL_REPORT_INSERT, &report_row, report);
}

int store_add_report(struct store *store, struct store_add_report *add, store_done_fn *done) {
	static const struct store_op op = { "add report", true, add_report_run, NULL, false };

	add->given_id = add->report->id;
	return store_queue(store, &add->req, &op, done);
}
