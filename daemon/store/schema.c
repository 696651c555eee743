/* The tables, by version. A released line never changes: a new version is a new line. */
#include <errno.h>

#include "daemon/store/db.h"

/*
 * `counters` is kept by counters.c, so that `status` never counts.
 * `status` in tasks_due makes it covering: SQLite 3.40 reads the row for a column that only its condition names.
 * Partial indexes hold only what their queries ask for: a finished task costs nothing but its row.
 */
static const char schema_1[] =
	"CREATE TABLE pauses (project TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"

	"CREATE TABLE incidents ("
	" id INTEGER PRIMARY KEY,"
	" project TEXT NOT NULL, head_repository TEXT NOT NULL, branch TEXT NOT NULL, error_type TEXT NOT NULL,"
	" state TEXT NOT NULL, cycle INTEGER NOT NULL, refilled_at_cycle INTEGER NOT NULL,"
	" revision INTEGER NOT NULL, opened_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,"
	" resolved_ms INTEGER NOT NULL, follow_up_ms INTEGER NOT NULL, n_reports INTEGER NOT NULL,"
	" report_id INTEGER NOT NULL, cycle_report_id INTEGER NOT NULL, pull_request INTEGER NOT NULL,"
	" head_sha TEXT NOT NULL, issue_url TEXT NOT NULL, reason TEXT NOT NULL, verdict TEXT) STRICT;"
	"CREATE INDEX incidents_key ON incidents (project, head_repository, branch, error_type);"
	"CREATE INDEX incidents_state ON incidents (state) WHERE state <> 'resolved';"

	"CREATE TABLE reports ("
	" id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, incident_id INTEGER NOT NULL,"
	" project TEXT NOT NULL, head_repository TEXT NOT NULL, branch TEXT NOT NULL, commit_sha TEXT NOT NULL,"
	" build_number TEXT NOT NULL, job TEXT NOT NULL, step TEXT NOT NULL, build_url TEXT NOT NULL,"
	" pull_request INTEGER NOT NULL, error_type TEXT NOT NULL, exit_code INTEGER NOT NULL,"
	" submitter_uid INTEGER NOT NULL, details TEXT, command TEXT, log TEXT, context TEXT) STRICT;"
	"CREATE INDEX reports_incident ON reports (incident_id) WHERE incident_id <> 0;"

	"CREATE TABLE builds ("
	" id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
	" project TEXT NOT NULL, head_repository TEXT NOT NULL, branch TEXT NOT NULL, job TEXT NOT NULL,"
	" step TEXT NOT NULL, commit_sha TEXT NOT NULL, build_number TEXT NOT NULL, passed INTEGER NOT NULL,"
	" incident_id INTEGER NOT NULL, report_id INTEGER NOT NULL, ancestors TEXT, quality TEXT) STRICT;"
	"CREATE INDEX builds_branch ON builds (project, head_repository, branch, passed);"

	"CREATE TABLE tasks ("
	" id INTEGER PRIMARY KEY, type TEXT NOT NULL, status TEXT NOT NULL, origin TEXT NOT NULL,"
	" lane TEXT NOT NULL, incident_id INTEGER NOT NULL, cycle INTEGER NOT NULL, revision INTEGER NOT NULL,"
	" created_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, started_ms INTEGER NOT NULL,"
	" finished_ms INTEGER NOT NULL, attempt INTEGER NOT NULL, project TEXT NOT NULL,"
	" head_repository TEXT NOT NULL, branch TEXT NOT NULL, commit_sha TEXT NOT NULL,"
	" build_number TEXT NOT NULL, reason TEXT NOT NULL, instructions TEXT, result TEXT) STRICT;"
	"CREATE INDEX tasks_due ON tasks (lane, due_ms, project, status) WHERE status = 'scheduled';"
	"CREATE INDEX tasks_status ON tasks (status) WHERE status NOT IN ('scheduled', 'completed');"
	"CREATE INDEX tasks_incident ON tasks (incident_id) WHERE incident_id <> 0;"
	"CREATE UNIQUE INDEX tasks_live ON tasks (incident_id, type)"
	" WHERE incident_id <> 0 AND finished_ms = 0 AND type <> 'notify';"
	"CREATE INDEX tasks_triggers ON tasks (project, head_repository, branch)"
	" WHERE type = 'trigger_agent' AND finished_ms = 0;"
	"CREATE INDEX tasks_started ON tasks (project, started_ms)"
	" WHERE type = 'trigger_agent' AND started_ms > 0;"

	"CREATE TABLE events ("
	" seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, kind TEXT NOT NULL, project TEXT NOT NULL,"
	" incident_id INTEGER NOT NULL, task_id INTEGER NOT NULL, report_id INTEGER NOT NULL,"
	" message TEXT NOT NULL, failure INTEGER NOT NULL) STRICT;"
	"CREATE INDEX events_incident ON events (incident_id) WHERE incident_id <> 0;"
	"CREATE INDEX events_failure ON events (failure) WHERE failure = 1;"

	"CREATE TABLE submissions ("
	" id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, report_id INTEGER NOT NULL,"
	" incident_id INTEGER NOT NULL, task_id INTEGER NOT NULL, scheduled_ms INTEGER NOT NULL,"
	" error_type TEXT NOT NULL, has_error_type INTEGER NOT NULL, joined INTEGER NOT NULL,"
	" digest INTEGER NOT NULL DEFAULT 0) STRICT;"

	/* `type` and `status` are empty where a kind has none; an incident's state is its status. */
	"CREATE TABLE counters (kind TEXT NOT NULL, status TEXT NOT NULL, type TEXT NOT NULL, n INTEGER NOT NULL,"
	" PRIMARY KEY (kind, status, type)) STRICT, WITHOUT ROWID;"
	"WITH t(type) AS (VALUES ('publish_report'), ('trigger_agent'), ('pr_readiness_check'), ('notify')),"
	" s(status) AS (VALUES ('scheduled'), ('executing'), ('completed'), ('failed'), ('cancelled'))"
	" INSERT INTO counters SELECT 'tasks', status, type, 0 FROM t, s;"
	"INSERT INTO counters VALUES ('incidents', 'open', '', 0), ('incidents', 'waiting', '', 0),"
	" ('incidents', 'resolved', '', 0), ('incidents', 'escalated', '', 0), ('incidents', 'abandoned', '', 0),"
	" ('reports', '', '', 0), ('builds', '', '', 0);";

static const char schema_2[] = "ALTER TABLE reports ADD COLUMN scan TEXT;";

/* By the index of each status: of tasks that are over there may be a million. */
#define MOVE_LANES                                                                                              \
	"UPDATE tasks SET lane = CASE lane WHEN 'notify' THEN 'post/local' ELSE 'post/' || substr(lane, 7) END" \
	" WHERE (lane = 'notify' OR (type = 'publish_report' AND lane LIKE 'forge/%')) AND "

/*
 * `posts` lie in the order of their incident's tasks: oldest first without sorting. A link that is written again gets a
 * new `id`, which is their order. Which forge a notification goes to is not known here: the engine moves it on from
 * post/local when that is wrong.
 */
static const char schema_3[] =
	"ALTER TABLE incidents ADD COLUMN agent_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE incidents ADD COLUMN life_due_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE incidents ADD COLUMN triggered_sha TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE incidents ADD COLUMN hold TEXT NOT NULL DEFAULT 'none';"
	"ALTER TABLE incidents ADD COLUMN hold_ms INTEGER NOT NULL DEFAULT 0;"

	"CREATE TABLE posts ("
	" incident_id INTEGER NOT NULL, kind TEXT NOT NULL, task_id INTEGER NOT NULL, number INTEGER NOT NULL,"
	" post_id INTEGER NOT NULL, intent_ms INTEGER NOT NULL, suspect_ms INTEGER NOT NULL,"
	" is_issue INTEGER NOT NULL, url TEXT NOT NULL,"
	" PRIMARY KEY (incident_id, task_id, kind)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE links ("
	" id INTEGER PRIMARY KEY, project TEXT NOT NULL, head_repository TEXT NOT NULL, branch TEXT NOT NULL,"
	" incident_id INTEGER NOT NULL, pull_request INTEGER NOT NULL,"
	" UNIQUE (project, head_repository, branch)) STRICT;"
	"CREATE INDEX links_incident ON links (incident_id);"

	"CREATE TABLE forges (name TEXT PRIMARY KEY, memory TEXT NOT NULL) STRICT, WITHOUT ROWID;"

	MOVE_LANES "status = 'scheduled';" MOVE_LANES
	"status = 'executing' AND status NOT IN ('scheduled', 'completed');";

/* An incident that is there already is charged to whoever reported it first, as far as that report is kept. */
static const char schema_4[] =
	"ALTER TABLE incidents ADD COLUMN submitter_uid INTEGER NOT NULL DEFAULT -1;"
	"UPDATE incidents SET submitter_uid = coalesce((SELECT r.submitter_uid FROM reports r"
	" WHERE r.incident_id = incidents.id AND r.incident_id <> 0 ORDER BY r.id LIMIT 1), -1)"
	" WHERE state IN ('open', 'waiting') AND state <> 'resolved';";

/* clang-format off */
/* Of a project whose names ignore case. */
#define SPELL(table, columns)                                                                    \
	"UPDATE OR REPLACE " table " SET " columns " WHERE project IN (SELECT project FROM spelled);"
#define SMALL_PROJECT "project = lower(project)"
#define SMALL_HEAD SMALL_PROJECT ", head_repository = lower(head_repository)"

/*
 * How a link that is there already came to be is not known: it counts again when the forge was asked. Names of GitHub's
 * projects are in small letters from now on; these are the projects with something that was published elsewhere.
 */
static const char schema_5[] =
	"CREATE TEMP TABLE spelled AS SELECT DISTINCT project FROM incidents"
	" WHERE project <> lower(project) AND issue_url LIKE 'http%';"
	SPELL("incidents", SMALL_HEAD) SPELL("tasks", SMALL_HEAD) SPELL("builds", SMALL_HEAD)
	SPELL("reports", SMALL_HEAD) SPELL("links", SMALL_HEAD)
	SPELL("events", SMALL_PROJECT) SPELL("pauses", SMALL_PROJECT)
	"DROP TABLE spelled;"
	"ALTER TABLE links ADD COLUMN standing TEXT NOT NULL DEFAULT 'guessed';"
	"ALTER TABLE links ADD COLUMN report_id INTEGER NOT NULL DEFAULT 0;";
/* clang-format on */

/*
 * What an event says to a program, and what statistics make of it: sums by whole UTC day, of everything (project ''), a
 * project (branch '') and a branch; and how each branch stands. `seq`: up to where the log is in them.
 */
static const char schema_6[] =
	"ALTER TABLE events ADD COLUMN data TEXT;"
	"CREATE TABLE stats (project TEXT NOT NULL, branch TEXT NOT NULL, day INTEGER NOT NULL,"
	" builds INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (project, branch, day)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE stats_branches (project TEXT NOT NULL, branch TEXT NOT NULL, builds INTEGER NOT NULL,"
	" failed INTEGER NOT NULL, run INTEGER NOT NULL, longest INTEGER NOT NULL, last_ms INTEGER NOT NULL,"
	" number TEXT NOT NULL, recent TEXT NOT NULL, PRIMARY KEY (project, branch)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX stats_busy ON stats_branches (builds DESC, project, branch) WHERE builds >= 8;"
	"CREATE TABLE stats_place (seq INTEGER NOT NULL) STRICT;"
	"INSERT INTO stats_place VALUES (0);";

static const char schema_7[] = "ALTER TABLE tasks ADD COLUMN interrupted INTEGER NOT NULL DEFAULT 0;";

/*
 * Of each number of a build it is counted how many told it; `late`: builds that came out of order and so are in no run.
 * So all is taken in anew. Sums of old days are found by their day, to be removed.
 */
static const char schema_8[] =
	"DELETE FROM stats; DELETE FROM stats_branches; UPDATE stats_place SET seq = 0;"
	"ALTER TABLE stats_branches ADD COLUMN late INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX stats_day ON stats (day, project, branch);";

/* Numbers of builds are compared within a job and step, each incident has one end: all is taken in anew. */
static const char schema_9[] =
	"DELETE FROM stats; DELETE FROM stats_branches; UPDATE stats_place SET seq = 0;"
	"ALTER TABLE stats_branches RENAME COLUMN number TO numbers;";

/* A repair counts for what came back, times are rounded up, failures are those of a project: all is taken in anew. */
static const char schema_10[] =
	"DELETE FROM stats; DELETE FROM stats_branches; UPDATE stats_place SET seq = 0;";

/* The n-th line leads to version n + 1; the version is set in the same transaction. */
static const struct {
	const char *sql;
	const char *pragmas;
} migrations[] = {
	{ schema_1, "PRAGMA application_id = 0x63676e64; PRAGMA user_version = 1;" },
	{ schema_2, "PRAGMA user_version = 2;" },
	{ schema_3, "PRAGMA user_version = 3;" },
	{ schema_4, "PRAGMA user_version = 4;" },
	{ schema_5, "PRAGMA user_version = 5;" },
	{ schema_6, "PRAGMA user_version = 6;" },
	{ schema_7, "PRAGMA user_version = 7;" },
	{ schema_8, "PRAGMA user_version = 8;" },
	{ schema_9, "PRAGMA user_version = 9;" },
	{ schema_10, "PRAGMA user_version = 10;" },
};

int64_t schema_version(void) {
	return ARRAY_SIZE(migrations);
}

int schema_update(struct db *db, int64_t from_version) {
	int status;

	if (from_version == schema_version()) {
		return 0;
	}
	status = db_begin(db);
	for (int64_t version = from_version; status == 0 && version < schema_version(); version++) {
		status = db_exec(db, migrations[version].sql);
		if (status == 0) {
			status = db_exec(db, migrations[version].pragmas);
		}
	}
	if (status == 0) {
		status = db_commit(db);
	}
	if (status < 0) {
		db_rollback(db);
	}
	return status;
}
