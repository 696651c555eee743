/* The event log: append-only, a row has the next number. */
#include <inttypes.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/internal.h"

int note_append(struct db *db, struct note *note, const char *data, bool failure) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_NOTE_INSERT);
	int status;

	if (db->last_seq < 0) {
		status = db_int(db, SQL_NOTE_MAX_SEQ, 0, 0, &db->last_seq);
		if (status < 0) {
			return status;
		}
	}
	note->seq = db->last_seq + 1;
	if (statement != NULL) {
		status = row_bind(statement, &note_row, note);
		if (status < 0) {
			return status;
		}
	}
	sql_bind_int(statement, 9, failure ? 1 : 0);
	sql_bind_text(statement, 10, data);
	status = db_run(db, statement);
	if (status == 0) {
		db->last_seq = note->seq;
	}
	return status;
}

/* A pause is a row and a note. */

static int pause_run(struct db *db, struct store_req *req) {
	struct store_pause *pause = container_of(req, struct store_pause, req);
	bool all = text_equal(pause->project, "*");
	sqlite3_stmt *statement = db_sql(db, pause->paused ? SQL_PAUSE_INSERT : SQL_PAUSE_DELETE);
	int status;

	sql_bind_text(statement, 1, pause->project);
	if (pause->paused) {
		sql_bind_int(statement, 2, pause->now_ms);
	}
	status = db_run(db, statement);
	if (status < 0) {
		return status;
	}
	pause->note = (struct note){ .at_ms = pause->now_ms, .kind = NOTE_OPERATOR };
	TEXT_SET(pause->note.project, all ? "" : pause->project);
	text_format(pause->note.message, sizeof(pause->note.message), "%s%s%s is %s.",
		all ? "Everything" : "Project \"", all ? "" : pause->project, all ? "" : "\"",
		pause->paused ? "paused" : "resumed");
	return note_append(db, &pause->note, NULL, false);
}

int store_pause(struct store *store, struct store_pause *pause, store_done_fn *done) {
	static const struct store_op op = { "pause", true, pause_run, NULL, false };

	return store_queue(store, &pause->req, &op, done);
}
