/* What is read and removed: pages, claims, surveys, counters, clean-up. */
#include "tests/unit/store/harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

static struct store_counts count(struct fixture *f) {
	struct store_counts counts = { .now_ms = T0 };

	assert_int_equal(run(f, &counts.req, store_counts(f->store, &counts, request_done)), 0);
	return counts;
}

/* Walks all pages. Returns how many rows there were; their ids fall strictly. */
static size_t walk(struct fixture *f, struct store_page *page) {
	int64_t last = INT64_MAX;
	size_t n = 0;

	do {
		assert_int_equal(run(f, &page->req, store_page(f->store, page, request_done)), 0);
		for (size_t i = 0; page->kind == STORE_TASKS && i < page->n_rows; i++) {
			assert_true(page->tasks[i].id < last);
			last = page->tasks[i].id;
		}
		n += page->n_rows;
		page->cursor = page->next;
		store_page_finish(page);
	} while (page->next != 0);
	return n;
}

static void test_pages(void **state) {
	struct fixture *f = *state;
	int64_t first = 0;
	struct store_page tasks = {
		.kind = STORE_TASKS, .status = -1, .type = -1, .limit = 7, .want_total = true
	};
	struct store_page due = { .kind = STORE_TASKS,
		.status = TASK_SCHEDULED,
		.type = -1,
		.limit = 100,
		.due_before_ms = T0 + 3,
		.want_total = true };
	struct store_page checks = { .kind = STORE_TASKS,
		.status = TASK_SCHEDULED,
		.type = TASK_PR_READINESS_CHECK,
		.limit = 3,
		.want_total = true };
	struct store_page incidents = {
		.kind = STORE_INCIDENTS, .state = INCIDENT_OPEN, .project = "acme/web", .limit = 4
	};
	struct store_page none = {
		.kind = STORE_INCIDENTS, .state = -1, .project = "acme/other", .limit = 4
	};
	struct store_page reports = { .kind = STORE_REPORTS, .limit = 4, .want_total = true };
	struct store_page notes = { .kind = STORE_NOTES, .limit = 4 };

	for (int i = 0; i < 10; i++) {
		char branch[32];
		int64_t id;

		text_format(branch, sizeof(branch), "branch-%d", i);
		id = submit_simple(f, branch, T0 + i);
		first = first == 0 ? id : first;
	}
	assert_int_equal(walk(f, &tasks), 20);
	assert_int_equal(tasks.total, 20);
	assert_int_equal(walk(f, &due), 4);
	assert_int_equal(due.total, -1);
	assert_int_equal(walk(f, &checks), 10);
	assert_int_equal(checks.total, 10);
	tasks.incident_id = first;
	tasks.cursor = 0;
	assert_int_equal(walk(f, &tasks), 2);
	assert_int_equal(tasks.total, -1);
	assert_int_equal(walk(f, &incidents), 10);
	assert_int_equal(incidents.total, -1);
	assert_int_equal(walk(f, &none), 0);
	assert_int_equal(walk(f, &reports), 10);
	assert_int_equal(reports.total, 10);
	reports.incident_id = first;
	reports.cursor = 0;
	assert_int_equal(walk(f, &reports), 1);
	assert_int_equal(walk(f, &notes), 10);
	notes.cursor = 8;
	assert_int_equal(walk(f, &notes), 2);
}

/* More rows than one page may look at: it answers with what it has and where to go on. */
static void test_long_scan_comes_in_slices(void **state) {
	struct fixture *f = *state;
	struct store_page page = {
		.kind = STORE_TASKS, .status = TASK_COMPLETED, .type = TASK_NOTIFY, .limit = 10
	};

	fixture_close(f);
	(void)file_sql(f,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
		" INSERT INTO tasks SELECT i, CASE i WHEN 1 THEN 'notify' ELSE 'publish_report' END,"
		" 'completed', 'hand', '', 0, 0, 0, 0, 0, 0, 1, 0, '', '', '', '', '', '', NULL, NULL, 0"
		" FROM n");
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(run(f, &page.req, store_page(f->store, &page, request_done)), 0);
	assert_int_equal(page.n_rows, 0);
	assert_in_range(page.next, 10000 - LIMIT_STORE_SCAN_ROWS, 10000);
	store_page_finish(&page);
	page.cursor = page.next;
	assert_int_equal(walk(f, &page), 1);
}

/* What cannot be claimed or read is failed with a reason; the rest of its lane goes on. */
static void test_claim_of_damaged_rows(void **state) {
	struct fixture *f = *state;
	struct store_claim claim = { .lane = "forge/local", .now_ms = T0 + 5, .limit = 8 };

	(void)submit_simple(f, "a", T0 + 1);
	(void)submit_simple(f, "b", T0 + 2);
	(void)submit_simple(f, "c", T0 + 3);
	fixture_close(f);
	(void)file_sql(
		f, "UPDATE tasks SET attempt = 9223372036854775807 WHERE branch = 'a' RETURNING 0");
	(void)file_sql(f, "UPDATE tasks SET result = '{' WHERE branch = 'b' RETURNING 0");
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(run(f, &claim.req, store_claim(f->store, &claim, request_done)), 0);
	assert_int_equal(claim.n_tasks, 1);
	assert_string_equal(claim.tasks[0].branch, "c");
	store_claim_finish(&claim);
	fixture_close(f);
	assert_int_equal(file_sql(f,
				 "SELECT count(*) FROM tasks WHERE status = 'failed' AND branch <> 'c'"
				 " AND due_ms <= 1700000000005 AND reason LIKE '%damaged%'"),
		2);
	assert_int_equal(
		file_sql(f, "SELECT sum(n) FROM counters WHERE kind = 'tasks' AND status = 'failed'"),
		2);
	assert_int_equal(fixture_open(f), 0);
}

static void test_claim_order_and_pause(void **state) {
	struct fixture *f = *state;
	const char *const paused[] = { "acme/web", NULL };
	const char *const everything[] = { "*", NULL };
	struct store_claim claim = { .lane = "forge/local", .now_ms = T0 + 5, .limit = 2 };
	struct store_survey survey = { 0 };
	struct store_pause pause = { .project = "acme/web", .paused = true, .now_ms = T0 };

	(void)submit_simple(f, "b", T0 + 2);
	(void)submit_simple(f, "a", T0 + 1);
	(void)submit_simple(f, "c", T0 + 3);
	claim.paused_projects = paused;
	assert_int_equal(run(f, &claim.req, store_claim(f->store, &claim, request_done)), 0);
	assert_int_equal(claim.n_tasks, 0);
	assert_int_equal(claim.next_due_ms, 0);
	claim.paused_projects = everything;
	assert_int_equal(run(f, &claim.req, store_claim(f->store, &claim, request_done)), 0);
	assert_int_equal(claim.n_tasks, 0);
	claim.paused_projects = NULL;
	assert_int_equal(run(f, &claim.req, store_claim(f->store, &claim, request_done)), 0);
	assert_int_equal(claim.n_tasks, 2);
	assert_int_equal(claim.tasks[0].due_ms, T0 + 1);
	assert_int_equal(claim.tasks[1].due_ms, T0 + 2);
	assert_int_equal(claim.tasks[1].attempt, 1);
	assert_int_equal(claim.next_due_ms, T0 + 3);
	store_claim_finish(&claim);

	assert_int_equal(run(f, &pause.req, store_pause(f->store, &pause, request_done)), 0);
	assert_non_null(strstr(pause.note.message, "paused"));
	assert_int_equal(run(f, &survey.req, store_survey(f->store, &survey, request_done)), 0);
	assert_int_equal(survey.n_lanes, 1);
	assert_string_equal(survey.lanes[0].name, "forge/local");
	assert_int_equal(survey.lanes[0].n_scheduled, 4);
	assert_int_equal(survey.lanes[0].next_due_ms, T0 + 3);
	assert_int_equal(survey.n_executing, 2);
	assert_string_equal(survey.paused[0], "acme/web");
	assert_null(survey.paused[1]);
	store_survey_finish(&survey);

	pause.paused = false;
	assert_int_equal(run(f, &pause.req, store_pause(f->store, &pause, request_done)), 0);
	assert_int_equal(run(f, &survey.req, store_survey(f->store, &survey, request_done)), 0);
	assert_null(survey.paused[0]);
	store_survey_finish(&survey);
}

static void test_overdue_tasks_that_a_pause_holds(void **state) {
	static const struct {
		const char *paused[2];
		int64_t n_held;
	} rows[] = {
		{ { "acme/other" }, 0 },
		{ { "Acme/Web" }, 2 },
		{ { "*" }, 3 },
		{ { "acme/web", "*" }, 3 },
	};
	struct fixture *f = *state;
	struct submission elsewhere;

	(void)submit_simple(f, "a", T0 + 1);
	(void)submit_simple(f, "b", T0 + 2);
	submission_init(&elsewhere, "c", "", T0 + 3);
	TEXT_SET(elsewhere.report.project, "acme/api");
	TEXT_SET(elsewhere.build.project, "acme/api");
	assert_int_equal(submit(f, &elsewhere), 0);
	store_step_finish(&elsewhere.step);
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		struct store_counts counts = { .now_ms = T0 + 5 };

		for (size_t k = 0; k < ARRAY_SIZE(rows[0].paused) && rows[i / 2].paused[k] != NULL;
			k++) {
			struct store_pause pause = { .paused = i % 2 == 0, .now_ms = T0 };

			pause.project = rows[i / 2].paused[k];
			assert_int_equal(
				run(f, &pause.req, store_pause(f->store, &pause, request_done)), 0);
		}
		assert_int_equal(
			run(f, &counts.req, store_counts(f->store, &counts, request_done)), 0);
		assert_int_equal(counts.overdue, 3);
		assert_int_equal(counts.overdue_paused, i % 2 == 0 ? rows[i / 2].n_held : 0);
	}
}

static void test_imported_report(void **state) {
	struct fixture *f = *state;
	json_t *context = json_pack("{s:s}", "packageJson", "{}");
	json_t *scan = json_pack("{s:s}", "cause", "compile");
	struct report report = { .id = id_first_in_ms(T0),
		.at_ms = T0,
		.error_type = ERROR_BUILD,
		.exit_code = -1,
		.submitter_uid = -1,
		.project = "acme/web",
		.branch = "main",
		.details = (char *)"It broke.",
		.log = (char *)"line\nline",
		.context = context,
		.scan = scan };
	struct store_add_report add = { .report = &report, .now_ms = T0 };
	struct store_get get = { .kind = STORE_REPORTS, .id = report.id };
	struct submission s;

	assert_int_equal(run(f, &add.req, store_add_report(f->store, &add, request_done)), 0);
	assert_int_equal(run(f, &add.req, store_add_report(f->store, &add, request_done)), -EEXIST);
	assert_int_equal(run(f, &get.req, store_get(f->store, &get, request_done)), 0);
	assert_int_equal(get.report.error_type, ERROR_BUILD);
	assert_int_equal(get.report.exit_code, -1);
	assert_string_equal(get.report.details, "It broke.");
	assert_string_equal(get.report.log, "line\nline");
	assert_null(get.report.command);
	assert_true(json_equal(get.report.context, context));
	assert_true(json_equal(get.report.scan, scan));
	store_get_finish(&get);
	/* Its millisecond is taken: the next report goes beside it. */
	submission_init(&s, "main", "", T0);
	assert_int_equal(submit(f, &s), 0);
	assert_int_equal(s.report.id, report.id + 1);
	store_step_finish(&s.step);
	json_decref(context);
	json_decref(scan);
}

static void test_story(void **state) {
	struct fixture *f = *state;
	struct store_story story = { .incident_id = submit_simple(f, "main", T0) };
	struct store_story unknown = { .incident_id = 5 };

	assert_int_equal(run(f, &story.req, store_story(f->store, &story, request_done)), 0);
	assert_string_equal(story.incident.branch, "main");
	assert_string_equal(story.report.step, "npm test");
	assert_int_equal(story.n_tasks, 2);
	assert_true(story.tasks[0].id < story.tasks[1].id);
	store_story_finish(&story);
	assert_int_equal(
		run(f, &unknown.req, store_story(f->store, &unknown, request_done)), -ENOENT);
	store_story_finish(&unknown);
}

/* Fails the publish task of the newest submission, so that it is finished and shows among the failures. */
static void fail_one(struct fixture *f, int64_t now_ms) {
	struct store_step step;

	memset(&scripted, 0, sizeof(scripted));
	scripted.has_task = true;
	scripted.task.status = TASK_FAILED;
	scripted.notes[0].kind = NOTE_TASK;
	TEXT_SET(scripted.notes[0].message, "Given up.");
	scripted.n_notes = 1;
	task_step_init(&step, EVENT_ATTEMPT_FAILED, claim_one(f, now_ms), now_ms, decide_scripted);
	assert_int_equal(run(f, &step.req, store_step(f->store, &step, request_done)), 0);
	store_step_finish(&step);
}

static struct store_cleanup clean(struct fixture *f, struct store_cleanup cleanup) {
	struct store_cleanup total = cleanup;

	do {
		assert_int_equal(
			run(f, &cleanup.req, store_cleanup(f->store, &cleanup, request_done)), 0);
		total.n_tasks += cleanup.n_tasks;
		total.n_reports += cleanup.n_reports;
		total.n_builds += cleanup.n_builds;
		total.n_events += cleanup.n_events;
	} while (cleanup.more);
	return total;
}

/* What was read before it broke off is nobody's: who asked frees an answer only. */
static void test_story_that_breaks_off(void **state) {
	struct fixture *f = *state;
	struct store_story story = { .incident_id = submit_simple(f, "main", T0) };

	fixture_close(f);
	(void)file_sql(f, "UPDATE tasks SET result = '{'");
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(run(f, &story.req, store_story(f->store, &story, request_done)), -EBADMSG);
	assert_null(story.tasks);
	assert_null(story.report.details);
	assert_int_equal(story.n_tasks, 0);
}

static void test_cleanup(void **state) {
	struct fixture *f = *state;
	const struct store_cleanup all = { .tasks_before_ms = T0 + HOUR,
		.reports_before_ms = T0 + HOUR,
		.history_before_ms = T0 + HOUR,
		.keys_before_ms = T0 + HOUR };
	struct store_cleanup dry = all;
	struct store_cleanup done;
	struct store_counts counts;
	struct store_ticket ticket = { .key = "old" };
	struct submission s;

	submission_init(&s, "main", "old", T0);
	assert_int_equal(submit(f, &s), 0);
	store_step_finish(&s.step);
	fail_one(f, T0 + 1);
	(void)submit_simple(f, "young", T0 + 2 * HOUR);
	counts = count(f);
	assert_int_equal(counts.n_failures, 1);
	assert_string_equal(counts.failures[0].message, "Given up.");

	dry.dry_run = true;
	done = clean(f, dry);
	assert_int_equal(done.n_tasks, 1);
	assert_int_equal(done.n_reports, 0); /* its incident is open */
	assert_int_equal(done.n_builds, 0);  /* as is what its end must be proven against */
	assert_int_equal(done.n_events, 2);
	assert_int_equal(count(f).builds, 2);

	done = clean(f, all);
	assert_int_equal(done.n_tasks, 1);
	assert_int_equal(done.n_builds, 0);
	assert_int_equal(done.n_events, 2);
	counts = count(f);
	assert_int_equal(counts.builds, 2);
	assert_int_equal(counts.reports, 2);
	assert_int_equal(counts.tasks[TASK_PUBLISH_REPORT][TASK_FAILED], 0);
	assert_int_equal(counts.tasks[TASK_PR_READINESS_CHECK][TASK_SCHEDULED], 2);
	assert_int_equal(counts.last_seq, 3);
	assert_int_equal(run(f, &ticket.req, store_ticket(f->store, &ticket, request_done)), -ENOENT);
	assert_int_equal(clean(f, all).n_tasks, 0);

	fixture_close(f);
	(void)file_sql(f, "UPDATE incidents SET state = 'abandoned' RETURNING 0");
	assert_int_equal(fixture_open(f), 0);
	done = clean(f, all);
	assert_int_equal(done.n_reports, 1);
	assert_int_equal(done.n_builds, 1);
	assert_int_equal(count(f).builds, 1);
}

/* Thousands of old rows and more young ones: the walk ends before the young, in slices. */
static void test_cleanup_of_many(void **state) {
	struct fixture *f = *state;
	struct store_cleanup cleanup = { .tasks_before_ms = 3000 };
	int n_slices = 0;
	int64_t n = 0;

	fixture_close(f);
	(void)file_sql(f,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
		" INSERT INTO tasks SELECT i << 16, 'notify', 'completed', 'hand', '', 0, 0, 0, i, i, 0, i, 0,"
		" '', '', '', '', '', '', NULL, NULL, 0 FROM n");
	(void)file_sql(f,
		"UPDATE counters SET n = 10000"
		" WHERE kind = 'tasks' AND type = 'notify' AND status = 'completed'");
	assert_int_equal(fixture_open(f), 0);
	do {
		assert_int_equal(
			run(f, &cleanup.req, store_cleanup(f->store, &cleanup, request_done)), 0);
		assert_in_range(cleanup.n_tasks, 0, LIMIT_STORE_CLEANUP_ROWS);
		n += cleanup.n_tasks;
		n_slices++;
	} while (cleanup.more);
	assert_int_equal(n, 2999);
	assert_in_range(n_slices, 6, 7);
	assert_int_equal(count(f).tasks[TASK_NOTIFY][TASK_COMPLETED], 7001);
}

/* After a few hundred operations picked by a fixed seed the counters say what is there. */
static void test_counters_are_true(void **state) {
	struct fixture *f = *state;
	uint32_t seed = 42;

	for (int i = 0; i < 300; i++) {
		char branch[32];

		seed = seed * 1664525 + 1013904223;
		text_format(branch, sizeof(branch), "branch-%u", seed >> 24 & 31);
		switch (seed >> 16 & 3) {
		case 0:
		case 1: (void)submit_simple(f, branch, T0 + i); break;
		case 2: (void)claim_one(f, T0 + i); break;
		default:
			if (count(f).next_due_ms <= T0 + i && count(f).next_due_ms != 0) {
				fail_one(f, T0 + i);
			}
		}
	}
	fixture_close(f);
	assert_int_equal(
		file_sql(f,
			"SELECT count(*) FROM counters c WHERE kind = 'tasks' AND n <> (SELECT count(*)"
			" FROM tasks t WHERE t.status = c.status AND t.type = c.type)"),
		0);
	assert_int_equal(file_sql(f,
				 "SELECT count(*) FROM counters c WHERE kind = 'incidents' AND n <>"
				 " (SELECT count(*) FROM incidents i WHERE i.state = c.status)"),
		0);
	assert_int_equal(
		file_sql(f,
			"SELECT (SELECT n FROM counters WHERE kind = 'reports') = (SELECT count(*) FROM"
			" reports) AND (SELECT n FROM counters WHERE kind = 'builds') = (SELECT count(*)"
			" FROM builds) AND (SELECT count(*) FROM reports) > 50"),
		1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_pages),
		TEST(test_long_scan_comes_in_slices),
		TEST(test_claim_of_damaged_rows),
		TEST(test_claim_order_and_pause),
		TEST(test_overdue_tasks_that_a_pause_holds),
		TEST(test_imported_report),
		TEST(test_story),
		TEST(test_story_that_breaks_off),
		TEST(test_cleanup),
		TEST(test_cleanup_of_many),
		TEST(test_counters_are_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
