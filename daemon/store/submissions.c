/* Submission keys and the answers they got. */
#include <string.h>

#include "daemon/store/internal.h"

#define ANSWER_COLUMNS 8

int submission_get(struct db *db, const char *key, struct step_answer *ret_answer) {
	sqlite3_stmt *statement = db_sql(db, SQL_SUBMISSION_GET);

	sql_bind_text(statement, 1, key);
	return row_get(db, statement, &answer_row, ret_answer);
}

int submission_insert(
	struct db *db, const char *key, int64_t now_ms, const struct step_answer *answer) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_SUBMISSION_INSERT);
	int64_t id;
	int status = db_next_id(db, DB_IDS_SUBMISSION, now_ms, &id);

	if (status == 0 && statement != NULL) {
		status = row_bind(statement, &answer_row, answer);
	}
	if (status < 0) {
		return status;
	}
	sql_bind_int(statement, ANSWER_COLUMNS + 1, id);
	sql_bind_text(statement, ANSWER_COLUMNS + 2, key);
	return db_run(db, statement);
}

static int ticket_run(struct db *db, struct store_req *req) {
	struct store_ticket *ticket = container_of(req, struct store_ticket, req);

	return submission_get(db, ticket->key, &ticket->answer);
}

int store_ticket(struct store *store, struct store_ticket *ticket, store_done_fn *done) {
	static const struct store_op op = { "ticket", false, ticket_run, NULL, false };

	memset(&ticket->answer, 0, sizeof(ticket->answer));
	return store_queue(store, &ticket->req, &op, done);
}
