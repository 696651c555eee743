#include "daemon/store/statements.h"

#include "daemon/model/task.h"

/* In the order of rows.c. */
#define TASK                                                                                       \
	"id, type, status, origin, lane, incident_id, cycle, revision, created_ms, due_ms,"        \
	" started_ms, finished_ms, attempt, project, head_repository, branch, commit_sha,"         \
	" build_number, reason, instructions, result, interrupted"
#define INCIDENT                                                                                   \
	"id, project, head_repository, branch, error_type, state, cycle, refilled_at_cycle,"       \
	" revision, opened_ms, updated_ms, resolved_ms, follow_up_ms, n_reports, report_id,"       \
	" cycle_report_id, pull_request, head_sha, issue_url, reason, verdict, agent_at,"          \
	" life_due_ms, triggered_sha, hold, hold_ms, submitter_uid"
#define REPORT                                                                                     \
	"id, at_ms, incident_id, project, head_repository, branch, commit_sha, build_number, job," \
	" step, build_url, pull_request, error_type, exit_code, submitter_uid, details, command,"  \
	" log, context, scan"
#define BUILD                                                                                       \
	"id, at_ms, project, head_repository, branch, job, step, commit_sha, build_number, passed," \
	" incident_id, report_id, ancestors, quality"
#define NOTE "seq, at_ms, kind, project, incident_id, task_id, report_id, message"
#define POST "incident_id, kind, task_id, number, post_id, intent_ms, suspect_ms, is_issue, url"
#define LINK "head_repository, branch, pull_request, standing, report_id"
#define ANSWER                                                                                     \
	"report_id, incident_id, task_id, scheduled_ms, error_type, has_error_type, joined, digest"

/* Conditions of the partial indexes: a query uses one only when it repeats them word by word (schema.c). */
#define SCHEDULED "status = 'scheduled'"
#define OLD_DAYS "stats WHERE day < ?1 ORDER BY day, project, branch LIMIT ?3"
#define TRIGGER "type = 'trigger_agent'"
#define TRIGGER_LIVE TRIGGER " AND finished_ms = 0"
#define TRIGGER_STARTED TRIGGER " AND started_ms > 0"
#define LIVE "incident_id <> 0 AND finished_ms = 0 AND type <> 'notify'"
#define RARE "status NOT IN ('scheduled', 'completed')"
#define UNRESOLVED "state <> 'resolved'"
#define OF_INCIDENT "incident_id <> 0"

/* When something of the incident was first decided in what is the future of ?1; NULL: nothing is known. */
#define FIRST_AHEAD                                                                                \
	"(SELECT min(e.at_ms) FROM events e WHERE e.incident_id = i.id"                            \
	" AND e.incident_id <> 0 AND e.at_ms > ?1)"

#define LAST_TRY_FAILED "reason GLOB '" TASK_LAST_TRY "*'"

/* As incident_is_over(). */
#define OVER "state IN ('resolved', 'abandoned')"

/*
 * OR FAIL: a statement that fails is rolled back with its request or its batch anyway; the default would copy every
 * page into a statement journal first, which costs as much as the write itself.
 */
const char *const sql_texts[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_TASK_INSERT] = "INSERT OR FAIL INTO tasks (" TASK
			    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
			    " ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_TASK_GET] = "SELECT " TASK " FROM tasks WHERE id = ?1",
	[SQL_TASK_EXISTS] = "SELECT 1 FROM tasks WHERE id = ?1",
	[SQL_TASK_WRITE] =
		"UPDATE OR FAIL tasks SET status = ?2, lane = ?3, due_ms = ?4, started_ms = ?5, finished_ms = ?6,"
		" attempt = ?7, reason = ?8, result = coalesce(?9, result), incident_id = ?10,"
		" cycle = ?11, interrupted = ?12 WHERE id = ?1",
	[SQL_TASK_DUE] =
		"SELECT id, project FROM tasks WHERE " SCHEDULED " AND lane = ?1 AND due_ms <= ?2"
		" ORDER BY due_ms",
	[SQL_TASK_CLAIM] =
		"UPDATE OR FAIL tasks SET status = 'executing', attempt = attempt + 1, revision = coalesce("
		"(SELECT i.revision FROM incidents i WHERE i.id = tasks.incident_id), revision) WHERE id = ?1",
	[SQL_TASK_NEXT_DUE] = "SELECT due_ms, project FROM tasks WHERE " SCHEDULED
			      " AND lane = ?1 ORDER BY due_ms",
	[SQL_TASK_FIND_LIVE] =
		"SELECT id, due_ms, status FROM tasks WHERE incident_id = ?1 AND type = ?2 AND " LIVE,
	[SQL_TASK_MOVE] =
		"UPDATE OR FAIL tasks SET due_ms = ?3, reason = ?4 WHERE incident_id = ?1 AND " OF_INCIDENT
		" AND type = ?2 AND " SCHEDULED,
	[SQL_TASK_RENEW] =
		"UPDATE OR FAIL tasks SET lane = ?2, due_ms = min(due_ms, ?3), reason = ?4, revision = ?6,"
		" commit_sha = ?7, attempt = CASE WHEN cycle = ?5 THEN attempt ELSE 0 END,"
		" interrupted = CASE WHEN cycle = ?5 THEN interrupted ELSE 0 END, cycle = ?5 WHERE id = ?1",
	[SQL_TASK_CANCEL] =
		"UPDATE OR FAIL tasks SET status = 'cancelled', finished_ms = ?3, reason = ?4"
		" WHERE incident_id = ?1 AND " OF_INCIDENT " AND type = ?2 AND " SCHEDULED
		" AND (?5 = 0 OR due_ms = ?5)",
	[SQL_TASK_WAKE] =
		"UPDATE OR FAIL tasks SET due_ms = ?4 WHERE project = ?1 AND head_repository = ?2 AND branch = ?3"
		" AND " TRIGGER_LIVE " AND " SCHEDULED
		" AND incident_id <> ?5 AND due_ms > ?4 AND due_ms <= ?6 AND attempt = 0"
		" AND interrupted = 0 AND NOT " LAST_TRY_FAILED,
	/*
	 * Not the one that asks: started before and repeated after a crash, it was admitted then. Nor those that a
	 * clock which was far ahead has started: they would count for as long as it was ahead.
	 */
	[SQL_TASK_BUDGET] =
		"SELECT started_ms FROM tasks WHERE project = ?1 AND started_ms > ?2 AND " TRIGGER_STARTED
		" AND started_ms <= ?5 AND id <> ?4 ORDER BY started_ms DESC LIMIT 1 OFFSET ?3",
	[SQL_TASK_STARTED] = "SELECT incident_id, lane = ?2 AND EXISTS (SELECT 1 FROM incidents i WHERE"
			     " i.id = tasks.incident_id AND NOT i." OVER
			     "), started_ms FROM tasks WHERE project = ?1 AND " TRIGGER_STARTED
			     " ORDER BY started_ms DESC LIMIT ?3",
	/*
	 * Scheduled ones too: what an agent elsewhere began is taken up again after a start. The plus keeps it off
	 * tasks_started: live triggers of a branch are few, started ones of a project many. An agent that was only
	 * asked to work works until its incident's verdict saw a commit of it, or its time is over. What is further
	 * away than any agent's time was made by a clock that was ahead.
	 */
	[SQL_TASK_BRANCH_BUSY] =
		"SELECT incident_id FROM tasks WHERE project = ?1 AND head_repository = ?2"
		" AND branch = ?3 AND " TRIGGER_LIVE " AND +started_ms > 0 AND id <> ?4"
		" UNION ALL SELECT id FROM incidents WHERE project = ?1 AND head_repository = ?2"
		" AND branch = ?3 AND state = 'waiting' AND id <> ?5"
		" AND life_due_ms > ?6 AND life_due_ms <= ?7 LIMIT 1",
	[SQL_TASK_LANES] =
		"SELECT lane, min(due_ms), count(*) FROM tasks WHERE " SCHEDULED " GROUP BY lane",
	[SQL_TASK_NEXT_LANE] = "SELECT lane, due_ms FROM tasks WHERE " SCHEDULED " AND lane > ?1"
			       " ORDER BY lane, due_ms LIMIT 1",
	[SQL_TASK_EXECUTING] =
		"SELECT id, project, interrupted FROM tasks WHERE status = 'executing' AND " RARE,
	[SQL_TASK_MAX_ID] = "SELECT id FROM tasks WHERE id < ?1 ORDER BY id DESC LIMIT 1",
	[SQL_TASK_OF_INCIDENT] = "SELECT " TASK " FROM tasks WHERE incident_id = ?1 AND " OF_INCIDENT
				 " ORDER BY id DESC LIMIT ?2",
	[SQL_TASK_OVERDUE] =
		"SELECT count(*) FROM tasks WHERE " SCHEDULED " AND lane = ?1 AND due_ms < ?2",
	/* The first condition is tried once, so that nothing is read while there is no pause. */
	[SQL_TASK_OVERDUE_PAUSED] =
		"SELECT count(*) FROM tasks WHERE EXISTS (SELECT 1 FROM pauses) AND " SCHEDULED
		" AND lane = ?1 AND due_ms < ?2 AND (EXISTS (SELECT 1 FROM pauses WHERE project = '*')"
		" OR project COLLATE NOCASE IN (SELECT project FROM pauses))",
	[SQL_TASK_DELETE] = "DELETE FROM tasks WHERE id = ?1",
	/* A trigger stays for the hour in which it counts against its project's budget. */
	[SQL_TASK_OLD] = "SELECT id, CASE WHEN finished_ms > 0 AND type = 'trigger_agent'"
			 " THEN max(finished_ms, started_ms + 3600000) ELSE finished_ms END"
			 " FROM tasks WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3",
	[SQL_TASK_FAIL] =
		"UPDATE OR FAIL tasks SET status = 'failed', finished_ms = ?2, reason = ?3 WHERE id = ?1",
	/*
	 * The due time was made between `first_ms` and `at_ms`, or it is of before. One that was overdue when its
	 * incident was touched last is due now.
	 */
	[SQL_TASK_SET_BACK] =
		"UPDATE OR FAIL tasks SET due_ms = ?1 + max(0, due_ms - made.at_ms),"
		" created_ms = min(created_ms, ?1), started_ms = min(started_ms, ?1) FROM (SELECT t.id AS of,"
		" max(t.created_ms, t.started_ms, coalesce(i.updated_ms, 0)) AS at_ms, " FIRST_AHEAD
		" AS first_ms FROM tasks t LEFT JOIN incidents i ON i.id = t.incident_id"
		" WHERE t." SCHEDULED " AND t.due_ms > ?1) AS made"
		" WHERE tasks.id = made.of AND made.at_ms > ?1"
		" AND tasks.due_ms >= coalesce(made.first_ms, made.at_ms)",
	[SQL_TASK_HASTEN] = "UPDATE OR FAIL tasks SET due_ms = ?2 WHERE " SCHEDULED
			    " AND lane = ?1 AND due_ms > ?2 AND " LAST_TRY_FAILED,
	[SQL_INCIDENT_INSERT] = "INSERT OR FAIL INTO incidents (" INCIDENT
				") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
				" ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	/* As the insert, so that one table binds both; the key of an incident never changes. */
	[SQL_INCIDENT_WRITE] =
		"UPDATE OR FAIL incidents SET state = ?6, cycle = ?7, refilled_at_cycle = ?8, revision = ?9,"
		" opened_ms = ?10, updated_ms = ?11, resolved_ms = ?12, follow_up_ms = ?13, n_reports = ?14,"
		" report_id = ?15, cycle_report_id = ?16, pull_request = ?17, head_sha = ?18, issue_url = ?19,"
		" reason = ?20, verdict = ?21, agent_at = ?22, life_due_ms = ?23, triggered_sha = ?24, hold = ?25,"
		" hold_ms = ?26, submitter_uid = ?27 WHERE id = ?1",
	[SQL_INCIDENT_GET] = "SELECT " INCIDENT " FROM incidents WHERE id = ?1",
	[SQL_INCIDENT_BY_KEY] =
		"SELECT " INCIDENT " FROM incidents WHERE project = ?1 AND head_repository = ?2"
		" AND branch = ?3 AND error_type = ?4 ORDER BY id DESC LIMIT 1",
	[SQL_INCIDENT_NOT_OVER] = "SELECT " INCIDENT " FROM incidents WHERE id = ?1 AND NOT " OVER,
	[SQL_INCIDENT_SUBMITTERS] =
		"SELECT submitter_uid FROM incidents WHERE state = ?1 AND " UNRESOLVED,
	[SQL_INCIDENT_SET_BACK] =
		"UPDATE OR FAIL incidents SET updated_ms = ?1, opened_ms = min(opened_ms, ?1),"
		" hold_ms = min(hold_ms, ?1), follow_up_ms = CASE WHEN follow_up_ms < first_ms"
		" THEN follow_up_ms ELSE ?1 + max(0, follow_up_ms - updated_ms) END, life_due_ms = CASE"
		" WHEN life_due_ms < first_ms THEN life_due_ms ELSE ?1 + max(0, life_due_ms - updated_ms) END"
		" FROM (SELECT i.id AS of, coalesce(" FIRST_AHEAD ", i.updated_ms) AS first_ms"
		" FROM incidents i WHERE i." UNRESOLVED " AND i.updated_ms > ?1) AS made"
		" WHERE id = made.of",
	[SQL_INCIDENT_MAX_ID] = "SELECT id FROM incidents WHERE id < ?1 ORDER BY id DESC LIMIT 1",
	[SQL_INCIDENT_NEXT_CHECK] =
		"SELECT min(due_ms) FROM tasks WHERE incident_id = ?1 AND " OF_INCIDENT
		" AND type = 'pr_readiness_check' AND " SCHEDULED,
	[SQL_REPORT_INSERT] = "INSERT OR FAIL INTO reports (" REPORT
			      ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
			      " ?, ?, ?, ?, ?)",
	[SQL_REPORT_GET] = "SELECT " REPORT " FROM reports WHERE id = ?1",
	[SQL_REPORT_EXISTS] = "SELECT 1 FROM reports WHERE id = ?1",
	[SQL_REPORT_BUILD_NUMBER] = "SELECT build_number FROM reports WHERE id = ?1",
	[SQL_REPORT_MAX_ID] = "SELECT id FROM reports WHERE id < ?1 ORDER BY id DESC LIMIT 1",
	[SQL_REPORT_OLD] =
		"SELECT id, at_ms, incident_id = 0 OR NOT EXISTS (SELECT 1 FROM incidents i WHERE"
		" i.id = reports.incident_id AND i.state NOT IN ('resolved', 'abandoned')) FROM reports"
		" WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3",
	[SQL_REPORT_DELETE] = "DELETE FROM reports WHERE id = ?1",
	[SQL_BUILD_INSERT] = "INSERT OR FAIL INTO builds (" BUILD
			     ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_BUILD_FAILED] = "SELECT " BUILD " FROM builds WHERE project = ?1 AND head_repository = ?2"
			     " AND branch = ?3 AND passed = 0 ORDER BY id DESC",
	[SQL_BUILD_PASSED] = "SELECT " BUILD " FROM builds WHERE project = ?1 AND head_repository = ?2"
			     " AND branch = ?3 AND passed = 1 ORDER BY id DESC",
	[SQL_BUILD_MAX_ID] = "SELECT id FROM builds WHERE id < ?1 ORDER BY id DESC LIMIT 1",
	[SQL_BUILD_OLD] =
		"SELECT id, at_ms, incident_id = 0 OR NOT EXISTS (SELECT 1 FROM incidents i WHERE"
		" i.id = builds.incident_id AND i.state NOT IN ('resolved', 'abandoned')) FROM builds"
		" WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3",
	[SQL_BUILD_DELETE] = "DELETE FROM builds WHERE id = ?1",
	[SQL_NOTE_INSERT] = "INSERT OR FAIL INTO events (" NOTE
			    ", failure, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_NOTE_MAX_SEQ] = "SELECT seq, at_ms FROM events ORDER BY seq DESC LIMIT 1",
	[SQL_NOTE_FAILURES] =
		"SELECT " NOTE " FROM events WHERE failure = 1 ORDER BY seq DESC LIMIT ?1",
	[SQL_NOTE_OLD] =
		"SELECT seq, at_ms FROM events WHERE seq > ?1 AND seq < ?2 ORDER BY seq LIMIT ?3",
	[SQL_NOTE_DELETE] = "DELETE FROM events WHERE seq = ?1",
	[SQL_FACTS] =
		"SELECT seq, at_ms, project, incident_id, report_id, data FROM events WHERE seq > ?1"
		" ORDER BY seq",
	[SQL_FACTS_OF_INCIDENT] =
		"SELECT at_ms, data FROM events WHERE incident_id = ?1 AND " OF_INCIDENT
		" AND seq <= ?2 AND data IS NOT NULL ORDER BY seq",
	/* The newest event stays in the log when all before it went; what it said to statistics went with its day. */
	[SQL_FACT_FORGET] = "UPDATE events SET data = NULL WHERE seq = (SELECT max(seq) FROM events)"
			    " AND at_ms < ?1 AND data IS NOT NULL",
	[SQL_STATS_GET] = "SELECT data FROM stats WHERE project = ?1 AND branch = ?2 AND day = ?3",
	[SQL_STATS_PUT] = "INSERT INTO stats (project, branch, day, builds, data)"
			  " VALUES (?1, ?2, ?3, ?4, ?5)"
			  " ON CONFLICT DO UPDATE SET builds = ?4, data = ?5",
	[SQL_STATS_DAYS] = "SELECT day, data FROM stats WHERE project = ?1 AND branch = ?2"
			   " AND day > ?3 AND day <= ?4 ORDER BY day",
	[SQL_STATS_LATER] = "SELECT coalesce(sum(builds), 0) FROM stats WHERE project = ?1"
			    " AND branch = ?2 AND day > ?3",
	[SQL_STATS_CLEAR] = "DELETE FROM stats WHERE (project, branch, day) IN"
			    " (SELECT project, branch, day FROM stats LIMIT ?1)",
	[SQL_STATS_PLACE] = "SELECT seq FROM stats_place",
	[SQL_STATS_PLACE_SET] = "UPDATE stats_place SET seq = ?1",
	[SQL_STATS_BRANCH_GET] = "SELECT builds, failed, run, longest, late, last_ms, numbers, recent"
				 " FROM stats_branches WHERE project = ?1 AND branch = ?2",
	[SQL_STATS_BRANCH_PUT] =
		"INSERT INTO stats_branches (builds, failed, run, longest, late, last_ms, numbers, recent,"
		" project, branch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO UPDATE"
		" SET builds = ?1, failed = ?2, run = ?3, longest = ?4, late = ?5, last_ms = ?6,"
		" numbers = ?7, recent = ?8",
	[SQL_STATS_BRANCH_CLEAR] = "DELETE FROM stats_branches WHERE (project, branch) IN"
				   " (SELECT project, branch FROM stats_branches LIMIT ?1)",
	/* Of a branch whose last day goes there is nothing left to tell. */
	[SQL_STATS_BRANCH_FORGET] =
		"DELETE FROM stats_branches WHERE last_ms < ?2 AND (project, branch)"
		" IN (SELECT project, branch FROM " OLD_DAYS ")",
	[SQL_STATS_FORGET] = "DELETE FROM stats WHERE (project, branch, day)"
			     " IN (SELECT project, branch, day FROM " OLD_DAYS ")",
	/* Its condition is that of the index: a million branches with one build each are not looked at. */
	[SQL_STATS_BUSY] = "SELECT project, branch, builds, failed, run, longest, late, last_ms"
			   " FROM stats_branches WHERE builds >= 8 AND (?1 = '' OR project = ?1)"
			   " ORDER BY builds DESC, project, branch LIMIT ?2",
	[SQL_SUBMISSION_INSERT] = "INSERT OR FAIL INTO submissions (" ANSWER
				  ", id, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_SUBMISSION_GET] = "SELECT " ANSWER " FROM submissions WHERE key = ?1",
	[SQL_SUBMISSION_MAX_ID] = "SELECT id FROM submissions WHERE id < ?1 ORDER BY id DESC LIMIT 1",
	[SQL_SUBMISSION_OLD] =
		"SELECT id FROM submissions WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3",
	[SQL_SUBMISSION_DELETE] = "DELETE FROM submissions WHERE id = ?1",
	[SQL_POST_WRITE] =
		"INSERT OR REPLACE INTO posts (" POST ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_POST_OF_INCIDENT] =
		"SELECT " POST " FROM posts WHERE incident_id = ?1 ORDER BY task_id DESC",
	[SQL_POST_OLD] =
		"SELECT p.incident_id, i.updated_ms, i." OVER " FROM posts p CROSS JOIN incidents i"
		" ON i.id = p.incident_id WHERE p.incident_id > ?1 AND p.incident_id < ?2"
		" GROUP BY p.incident_id LIMIT ?3",
	/* The status may be asked for once more, and what is not settled must be found again. 1: POST_LOOK_SOMETIME. */
	[SQL_POST_DELETE] = "DELETE FROM posts WHERE incident_id = ?1 AND kind <> 'status'"
			    " AND intent_ms = 0 AND suspect_ms <= 1",
	[SQL_BRANCH_SEEN] =
		"SELECT 1 FROM links WHERE project = ?1 AND head_repository = ?2 AND branch = ?3"
		" UNION ALL SELECT 1 FROM builds WHERE project = ?1 AND head_repository = ?2"
		" AND branch = ?3 AND passed IN (0, 1) AND id < ?4 LIMIT 1",
	[SQL_LINK_FIND] = "SELECT incident_id, " LINK
			  " FROM links WHERE project = ?1 AND head_repository = ?2"
			  " AND branch = ?3",
	[SQL_LINK_WRITE] = "INSERT OR REPLACE INTO links (" LINK
			   ", project, incident_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SQL_LINK_OF_INCIDENT] = "SELECT " LINK " FROM links WHERE incident_id = ?1"
				 " AND standing <> 'refused' ORDER BY id DESC LIMIT ?2",
	[SQL_LINK_OLD] =
		"SELECT l.incident_id, i.updated_ms, i." OVER " FROM links l CROSS JOIN incidents i"
		" ON i.id = l.incident_id WHERE l.incident_id > ?1 AND l.incident_id < ?2"
		" GROUP BY l.incident_id LIMIT ?3",
	[SQL_LINK_DELETE] = "DELETE FROM links WHERE incident_id = ?1",
	[SQL_FORGE_WRITE] = "INSERT OR REPLACE INTO forges (name, memory) VALUES (?1, ?2)",
	[SQL_FORGE_DELETE] = "DELETE FROM forges WHERE name = ?1",
	[SQL_FORGES] = "SELECT name, memory FROM forges ORDER BY name",
	[SQL_PAUSE_INSERT] =
		"INSERT OR FAIL INTO pauses (project, since_ms) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
	[SQL_PAUSE_DELETE] = "DELETE FROM pauses WHERE project = ?1",
	[SQL_PAUSES] = "SELECT project FROM pauses ORDER BY project",
	[SQL_COUNTERS] = "SELECT kind, type, status, n FROM counters",
	[SQL_COUNTER_ADD] =
		"UPDATE counters SET n = n + ?4 WHERE kind = ?1 AND status = ?2 AND type = ?3",
	[SQL_N_SCHEDULED] =
		"SELECT sum(n) FROM counters WHERE kind = 'tasks' AND status = 'scheduled'",
	[SQL_PAGE_TASKS] = "SELECT " TASK " FROM tasks WHERE id < ?1 ORDER BY id DESC",
	[SQL_PAGE_TASKS_BY_STATUS] =
		"SELECT " TASK " FROM tasks WHERE id < ?1 AND status = ?2 AND " RARE
		" ORDER BY id DESC",
	[SQL_PAGE_TASKS_BY_INCIDENT] =
		"SELECT " TASK " FROM tasks WHERE id < ?1 AND incident_id = ?2 AND " OF_INCIDENT
		" ORDER BY id DESC",
	[SQL_PAGE_INCIDENTS] = "SELECT " INCIDENT " FROM incidents WHERE id < ?1 ORDER BY id DESC",
	[SQL_PAGE_INCIDENTS_BY_STATE] =
		"SELECT " INCIDENT " FROM incidents WHERE id < ?1 AND state = ?2 AND " UNRESOLVED
		" ORDER BY id DESC",
	[SQL_PAGE_REPORTS] = "SELECT " REPORT " FROM reports WHERE id < ?1 ORDER BY id DESC",
	[SQL_PAGE_REPORTS_BY_INCIDENT] =
		"SELECT " REPORT " FROM reports WHERE id < ?1 AND incident_id = ?2 AND " OF_INCIDENT
		" ORDER BY id DESC",
	[SQL_PAGE_NOTES] =
		"SELECT " NOTE " FROM events"
		" WHERE seq > iif(?1 < 0, (SELECT max(seq) FROM events) + ?1, ?1) ORDER BY seq",
	[SQL_PAGE_NOTES_BY_INCIDENT] =
		"SELECT " NOTE " FROM events WHERE seq > ?1 AND incident_id = ?2 AND " OF_INCIDENT
		" ORDER BY seq",
};
