/* The plan of every hot query: an index, no scan, no sorting. */
#include "tests/unit/store/harness.h"

#include <sqlite3.h>
#include <string.h>

#include "common/text.h"
#include "daemon/store/statements.h"

static const struct {
	enum sql_id id;
	const char *plan; /* how its first line begins */
} plans[] = {
	{ SQL_TASK_DUE, "SEARCH tasks USING COVERING INDEX tasks_due (lane=? AND due_ms<?)" },
	{ SQL_TASK_NEXT_DUE, "SEARCH tasks USING COVERING INDEX tasks_due (lane=?)" },
	{ SQL_TASK_NEXT_LANE, "SEARCH tasks USING COVERING INDEX tasks_due (lane>?)" },
	{ SQL_TASK_OVERDUE, "SEARCH tasks USING COVERING INDEX tasks_due (lane=? AND due_ms<?)" },
	{ SQL_TASK_CLAIM, "SEARCH tasks USING INTEGER PRIMARY KEY (rowid=?)" },
	{ SQL_TASK_WRITE, "SEARCH tasks USING INTEGER PRIMARY KEY (rowid=?)" },
	{ SQL_TASK_FIND_LIVE, "SEARCH tasks USING INDEX tasks_live (incident_id=? AND type=?)" },
	{ SQL_TASK_MOVE, "SEARCH tasks USING INDEX tasks_incident (incident_id=?)" },
	{ SQL_TASK_CANCEL, "SEARCH tasks USING INDEX tasks_incident (incident_id=?)" },
	{ SQL_TASK_WAKE,
		"SEARCH tasks USING INDEX tasks_triggers (project=? AND head_repository=? AND branch=?)" },
	{ SQL_TASK_BRANCH_BUSY, "COMPOUND QUERY" },
	{ SQL_TASK_BUDGET,
		"SEARCH tasks USING INDEX tasks_started (project=? AND started_ms>? AND started_ms<?)" },
	{ SQL_TASK_STARTED, "SEARCH tasks USING INDEX tasks_started (project=? AND started_ms>?)" },
	{ SQL_TASK_EXECUTING, "SEARCH tasks USING INDEX tasks_status (status=?)" },
	{ SQL_TASK_OF_INCIDENT, "SEARCH tasks USING INDEX tasks_incident (incident_id=?)" },
	{ SQL_TASK_MAX_ID, "SEARCH tasks USING INTEGER PRIMARY KEY (rowid<?)" },
	{ SQL_TASK_OLD, "SEARCH tasks USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" },
	{ SQL_INCIDENT_BY_KEY,
		"SEARCH incidents USING INDEX incidents_key (project=? AND head_repository=?"
		" AND branch=? AND error_type=?)" },
	{ SQL_INCIDENT_NOT_OVER, "SEARCH incidents USING INTEGER PRIMARY KEY (rowid=?)" },
	{ SQL_INCIDENT_SUBMITTERS, "SEARCH incidents USING INDEX incidents_state (state=?)" },
	{ SQL_INCIDENT_NEXT_CHECK, "SEARCH tasks USING INDEX tasks_incident (incident_id=?)" },
	{ SQL_INCIDENT_MAX_ID, "SEARCH incidents USING INTEGER PRIMARY KEY (rowid<?)" },
	{ SQL_REPORT_OLD, "SEARCH reports USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" },
	{ SQL_REPORT_MAX_ID, "SEARCH reports USING INTEGER PRIMARY KEY (rowid<?)" },
	{ SQL_BUILD_FAILED,
		"SEARCH builds USING INDEX builds_branch (project=? AND head_repository=? AND branch=?"
		" AND passed=?)" },
	{ SQL_BUILD_PASSED,
		"SEARCH builds USING INDEX builds_branch (project=? AND head_repository=? AND branch=?"
		" AND passed=?)" },
	{ SQL_BUILD_MAX_ID, "SEARCH builds USING INTEGER PRIMARY KEY (rowid<?)" },
	{ SQL_BUILD_OLD, "SEARCH builds USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" },
	{ SQL_NOTE_FAILURES, "SEARCH events USING INDEX events_failure (failure=?)" },
	{ SQL_NOTE_OLD, "SEARCH events USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" },
	{ SQL_FACTS, "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)" },
	{ SQL_FACTS_OF_INCIDENT,
		"SEARCH events USING INDEX events_incident (incident_id=? AND rowid<?)" },
	{ SQL_STATS_GET, "SEARCH stats USING PRIMARY KEY (project=? AND branch=? AND day=?)" },
	{ SQL_STATS_DAYS,
		"SEARCH stats USING PRIMARY KEY (project=? AND branch=? AND day>? AND day<?)" },
	{ SQL_STATS_LATER, "SEARCH stats USING PRIMARY KEY (project=? AND branch=? AND day>?)" },
	{ SQL_STATS_BRANCH_GET, "SEARCH stats_branches USING PRIMARY KEY (project=? AND branch=?)" },
	{ SQL_STATS_FORGET, "SEARCH stats USING PRIMARY KEY (project=? AND branch=? AND day=?)" },
	{ SQL_STATS_BUSY, "SEARCH stats_branches USING INDEX stats_busy (builds>?)" },
	{ SQL_SUBMISSION_GET,
		"SEARCH submissions USING INDEX sqlite_autoindex_submissions_1 (key=?)" },
	{ SQL_SUBMISSION_OLD, "SEARCH submissions USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)" },
	{ SQL_POST_OF_INCIDENT, "SEARCH posts USING PRIMARY KEY (incident_id=?)" },
	{ SQL_POST_OLD, "SEARCH p USING PRIMARY KEY (incident_id>? AND incident_id<?)" },
	{ SQL_POST_DELETE, "SEARCH posts USING PRIMARY KEY (incident_id=?)" },
	{ SQL_LINK_FIND,
		"SEARCH links USING INDEX sqlite_autoindex_links_1 (project=? AND head_repository=? AND branch=?)" },
	{ SQL_BRANCH_SEEN, "COMPOUND QUERY" },
	{ SQL_LINK_OF_INCIDENT, "SEARCH links USING INDEX links_incident (incident_id=?)" },
	{ SQL_LINK_OLD,
		"SEARCH l USING COVERING INDEX links_incident (incident_id>? AND incident_id<?)" },
	{ SQL_LINK_DELETE, "SEARCH links USING INDEX links_incident (incident_id=?)" },
	{ SQL_FORGE_DELETE, "SEARCH forges USING PRIMARY KEY (name=?)" },
	{ SQL_N_SCHEDULED, "SEARCH counters USING PRIMARY KEY (kind=? AND status=?)" },
	{ SQL_PAGE_TASKS, "SEARCH tasks USING INTEGER PRIMARY KEY (rowid<?)" },
	{ SQL_PAGE_TASKS_BY_STATUS, "SEARCH tasks USING INDEX tasks_status (status=? AND rowid<?)" },
	{ SQL_COUNTER_ADD, "SEARCH counters USING PRIMARY KEY (kind=? AND status=? AND type=?)" },
	{ SQL_PAGE_TASKS_BY_INCIDENT,
		"SEARCH tasks USING INDEX tasks_incident (incident_id=? AND rowid<?)" },
	{ SQL_PAGE_INCIDENTS, "SEARCH incidents USING INTEGER PRIMARY KEY (rowid<?)" },
	{ SQL_PAGE_INCIDENTS_BY_STATE,
		"SEARCH incidents USING INDEX incidents_state (state=? AND rowid<?)" },
	{ SQL_PAGE_REPORTS, "SEARCH reports USING INTEGER PRIMARY KEY (rowid<?)" },
	{ SQL_PAGE_REPORTS_BY_INCIDENT,
		"SEARCH reports USING INDEX reports_incident (incident_id=? AND rowid<?)" },
	{ SQL_PAGE_NOTES, "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)" },
	{ SQL_PAGE_NOTES_BY_INCIDENT,
		"SEARCH events USING INDEX events_incident (incident_id=? AND rowid>?)" },
};

static sqlite3 *open_file(struct fixture *f) {
	sqlite3 *sqlite;

	fixture_close(f);
	assert_int_equal(sqlite3_open(f->path, &sqlite), SQLITE_OK);
	/* As the store has it. */
	assert_int_equal(sqlite3_db_config(sqlite, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL), SQLITE_OK);
	return sqlite;
}

static void test_hot_queries_use_their_index(void **state) {
	sqlite3 *sqlite = open_file(*state);

	for (size_t i = 0; i < ARRAY_SIZE(plans); i++) {
		sqlite3_stmt *statement;
		char sql[2048];
		int n_lines = 0;

		assert_true(text_format(
			sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", sql_texts[plans[i].id]));
		assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), SQLITE_OK);
		while (sqlite3_step(statement) == SQLITE_ROW) {
			const char *line = (const char *)sqlite3_column_text(statement, 3);

			if (n_lines++ == 0) {
				assert_string_equal(line, plans[i].plan);
			}
			assert_null(strstr(line, "SCAN"));
			assert_null(strstr(line, "TEMP B-TREE"));
		}
		assert_true(n_lines > 0);
		assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	}
	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}

/* Nothing else of the table is left out or wrong: each can be prepared on the schema. */
static void test_every_statement_prepares(void **state) {
	sqlite3 *sqlite = open_file(*state);

	for (size_t i = 0; i < SQL_COUNT; i++) {
		sqlite3_stmt *statement = NULL;

		assert_non_null(sql_texts[i]);
		assert_int_equal(
			sqlite3_prepare_v2(sqlite, sql_texts[i], -1, &statement, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	}
	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_hot_queries_use_their_index),
		TEST(test_every_statement_prepares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
