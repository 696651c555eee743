/*
 * The first start on a copy that backup.c made. Between the copy and now codegend may have posted what the copy knows
 * nothing of: where that can be, a row with an intent says "look before you write" (model/post.h), as after a crash.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/store/db.h"

/*
 * The incidents whose posts matter: those that go on, and those that a report may reopen. ?2: when the copy was made.
 */
#define MATTERS                                                                                    \
	"(i.state NOT IN ('resolved', 'abandoned') OR (i.state = 'resolved' AND i.resolved_ms > ?2 - ?3))"
#define TASK_UNKNOWN "9223372036854775807" /* POST_TASK_UNKNOWN */
#define COLUMNS                                                                                    \
	"posts (incident_id, kind, task_id, number, post_id, intent_ms, suspect_ms, is_issue, url)"

/* ?1: now; what was sent before may still take effect for a while. */
static const char *const doubts[] = {
	/* The status that may be there by now, wherever; and one whose first write had been refused. */
	"INSERT OR IGNORE INTO " COLUMNS
	" SELECT i.id, 'status', 0, 0, 0, ?1, 0, 0, '' FROM incidents i WHERE " MATTERS,
	"UPDATE posts SET intent_ms = ?1, number = 0, is_issue = 0"
	" WHERE kind = 'status' AND intent_ms = 0 AND post_id = 0 AND NOT (is_issue AND number <> 0)"
	" AND EXISTS (SELECT 1 FROM incidents i WHERE i.id = posts.incident_id AND " MATTERS ")",
	/* Whom tasks may have asked, these or later ones. */
	"INSERT OR IGNORE INTO " COLUMNS " SELECT i.id, k.column1, " TASK_UNKNOWN
	", 0, 0, ?2, 0, 0, '' FROM incidents i,"
	" (VALUES ('mention'), ('escalation')) k WHERE " MATTERS,
	/* A run elsewhere is looked for among those that are newer than its intent. */
	"INSERT OR IGNORE INTO " COLUMNS
	" SELECT t.incident_id, 'run', t.id, 0, 0, ?2, 0, 0, '' FROM tasks t"
	" JOIN incidents i ON i.id = t.incident_id"
	" WHERE t.type = 'trigger_agent' AND t.incident_id <> 0 AND t.finished_ms = 0 AND " MATTERS,
};

static int doubt(struct db *db, const char *sql, int64_t now_ms, int64_t copied_ms) {
	sqlite3_stmt *statement = NULL;
	int status;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) != SQLITE_OK) {
		return db_error(db, sqlite3_extended_errcode(db->sqlite));
	}
	sql_bind_int(statement, 1, now_ms);
	sql_bind_int(statement, 2, copied_ms);
	sql_bind_int(statement, 3, LIMIT_REOPEN_MS);
	status = db_step(db, statement);
	(void)sqlite3_finalize(statement);
	return status;
}

int db_adopt_copy(struct db *db, int64_t now_ms) {
	char own[64];
	int64_t newest_ms = 0;
	int status = db_newest_ms(db, &newest_ms);

	if (status == 0) {
		status = db_exec(db, "BEGIN IMMEDIATE");
	}
	for (size_t i = 0; status == 0 && i < ARRAY_SIZE(doubts); i++) {
		status = doubt(db, doubts[i], now_ms, newest_ms);
	}
	if (status == 0) {
		text_format(
			own, sizeof(own), "PRAGMA application_id = %d; COMMIT", DB_APPLICATION_ID);
		status = db_exec(db, own);
	}
	if (status < 0) {
		db_rollback(db);
	}
	return status;
}
