/* The JSON of tasks, incidents, reports and events: names, order and what an absent value looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/model/incident.h"
#include "daemon/model/note.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"

#define NOW_MS INT64_C(1758245293693) /* 2025-09-19T01:28:13.693Z */
#define HOUR_MS INT64_C(3600000)

static void expect(json_t *object, const char *expected) {
	char *text;

	assert_non_null(object);
	text = json_dumps(object, JSON_COMPACT);
	json_decref(object);
	assert_string_equal(text, expected);
	free(text);
}

static void a_task_begins_as_the_old_scripts_wrote_it(void **state) {
	struct task task = {
		.id = id_first_in_ms(NOW_MS),
		.type = TASK_PR_READINESS_CHECK,
		.origin = TASK_BY_HAND,
		.created_ms = NOW_MS,
		.due_ms = NOW_MS + HOUR_MS,
		.lane = "forge/local",
		.branch = "main",
		.build_number = "11",
		.commit = "eff9f61",
		.project = "acme/web",
		.instructions = strdup("Look."),
	};

	expect(task_to_json(&task),
		"{\"id\":\"delayed-1758245293693\",\"createdAt\":\"2025-09-19T01:28:13.693Z\","
		"\"scheduledFor\":\"2025-09-19T02:28:13.693Z\",\"type\":\"pr_readiness_check\","
		"\"status\":\"scheduled\",\"instructions\":\"Look.\",\"environment\":{\"branch\":\"main\","
		"\"buildNumber\":\"11\",\"commitSha\":\"eff9f61\",\"projectName\":\"acme/web\"},"
		"\"attempt\":0,\"origin\":\"hand\",\"lane\":\"forge/local\"}");
	task_finish(&task);
	task_finish(&task);
	assert_null(task.instructions);
}

static void a_finished_task_tells_all(void **state) {
	struct task task = {
		.id = id_first_in_ms(NOW_MS) + 1,
		.type = TASK_TRIGGER_AGENT,
		.status = TASK_COMPLETED,
		.incident_id = id_first_in_ms(NOW_MS),
		.cycle = 2,
		.attempt = 3,
		.created_ms = NOW_MS,
		.due_ms = NOW_MS,
		.started_ms = NOW_MS + 1,
		.finished_ms = NOW_MS + 2,
		.lane = "agent/fixer",
		.reason = "The agent ended with 0.",
		.result = json_pack("{s:i}", "exitCode", 0),
	};

	expect(task_to_json(&task),
		"{\"id\":\"delayed-1758245293693-2\",\"createdAt\":\"2025-09-19T01:28:13.693Z\","
		"\"scheduledFor\":\"2025-09-19T01:28:13.693Z\",\"type\":\"trigger_agent\","
		"\"status\":\"completed\",\"instructions\":\"\",\"environment\":{\"branch\":\"\","
		"\"buildNumber\":\"\",\"commitSha\":\"\",\"projectName\":\"\"},"
		"\"incidentId\":\"incident-1758245293693\",\"cycle\":2,\"attempt\":3,"
		"\"startedAt\":\"2025-09-19T01:28:13.694Z\",\"finishedAt\":\"2025-09-19T01:28:13.695Z\","
		"\"origin\":\"incident\",\"lane\":\"agent/fixer\",\"reason\":\"The agent ended with 0.\","
		"\"result\":{\"exitCode\":0}}");
	/* The object had a reference of its own. */
	assert_int_equal(json_integer_value(json_object_get(task.result, "exitCode")), 0);
	task_finish(&task);
}

static void a_report_has_every_old_member(void **state) {
	const struct report report = {
		.at_ms = NOW_MS,
		.error_type = ERROR_UNKNOWN,
		.exit_code = -1,
		.submitter_uid = -1,
	};

	expect(report_to_json(&report),
		"{\"timestamp\":\"2025-09-19T01:28:13.693Z\",\"project\":\"\",\"branch\":\"\","
		"\"commit\":\"\",\"buildNumber\":\"\",\"jobName\":\"\",\"buildUrl\":\"\","
		"\"errorType\":\"unknown_failure\",\"errorDetails\":\"\",\"context\":{}}");
}

static void a_full_report_has_ours_behind_them(void **state) {
	struct report report = {
		.id = id_first_in_ms(NOW_MS),
		.at_ms = NOW_MS,
		.project = "acme/web",
		.head_repository = "ann/web",
		.branch = "fix",
		.commit = "eff9f61",
		.build_number = "11",
		.job = "test (18)",
		.step = "npm test",
		.build_url = "https://ci.example/11",
		.pull_request = 7,
		.error_type = ERROR_TEST,
		.exit_code = 0,
		.submitter_uid = 0,
		.incident_id = id_first_in_ms(NOW_MS),
		.details = strdup("1 failed"),
		.command = strdup("npm test"),
		.log = strdup("not ok 1"),
		.context = json_pack("{s:s}", "packageJson", "{}"),
		.scan = json_pack("{s:s}", "cause", "test"),
	};

	expect(report_to_json(&report),
		"{\"id\":\"error-1758245293693\",\"timestamp\":\"2025-09-19T01:28:13.693Z\","
		"\"project\":\"acme/web\",\"branch\":\"fix\",\"commit\":\"eff9f61\",\"buildNumber\":\"11\","
		"\"jobName\":\"test (18)\",\"buildUrl\":\"https://ci.example/11\","
		"\"errorType\":\"test_failure\",\"errorDetails\":\"1 failed\","
		"\"context\":{\"packageJson\":\"{}\"},\"stepName\":\"npm test\",\"command\":\"npm test\","
		"\"exitCode\":0,\"pullRequest\":7,\"headRepository\":\"ann/web\",\"log\":\"not ok 1\","
		"\"incidentId\":\"incident-1758245293693\",\"submitterUid\":0,\"scan\":{\"cause\":\"test\"}}");
	report_finish(&report);
	report_finish(&report);
	assert_null(report.context);
}

static const struct policy policy = {
	.max_cycles = 3, .n_agents = 2, .agents = { { .name = "fixer" }, { .name = "second" } }
};

static void a_new_incident_says_null_for_what_is_not_yet(void **state) {
	const struct incident incident = {
		.id = id_first_in_ms(NOW_MS),
		.project = "acme/web",
		.branch = "fix",
		.error_type = ERROR_LINT,
		.cycle = 1,
		.revision = 1,
		.opened_ms = NOW_MS,
		.updated_ms = NOW_MS,
		.n_reports = 1,
		.reason = "It was reported just now.",
	};

	expect(incident_to_json(&incident, &policy, 0),
		"{\"id\":\"incident-1758245293693\",\"project\":\"acme/web\",\"branch\":\"fix\","
		"\"pullRequest\":null,\"errorType\":\"lint_failure\",\"state\":\"open\",\"cycle\":1,"
		"\"maxCycles\":3,\"openedAt\":\"2025-09-19T01:28:13.693Z\","
		"\"updatedAt\":\"2025-09-19T01:28:13.693Z\",\"resolvedAt\":null,\"reports\":1,"
		"\"lastVerdict\":null,\"issueUrl\":null,\"revision\":1,"
		"\"reason\":\"It was reported just now.\",\"agent\":\"fixer\"}");
}

static void an_ended_incident_shows_its_verdict(void **state) {
	const struct incident incident = {
		.id = id_first_in_ms(NOW_MS),
		.project = "acme/web",
		.head_repository = "ann/web",
		.branch = "fix",
		.error_type = ERROR_LINT,
		.state = INCIDENT_RESOLVED,
		.cycle = 2,
		.revision = 4,
		.agent_at = 1,
		.hold = HOLD_FORK,
		.hold_ms = NOW_MS,
		.opened_ms = NOW_MS,
		.updated_ms = NOW_MS + 1,
		.resolved_ms = NOW_MS + 1,
		.n_reports = 2,
		.pull_request = 7,
		.head_sha = "eff9f61",
		.issue_url = "file:///a.md",
		.reason = "It is proven green.",
		.verdict = { .outcome = VERDICT_READY, .checked_at_ms = NOW_MS },
	};

	expect(incident_to_json(&incident, &policy, NOW_MS + HOUR_MS),
		"{\"id\":\"incident-1758245293693\",\"project\":\"acme/web\",\"branch\":\"fix\","
		"\"headRepository\":\"ann/web\",\"pullRequest\":7,\"errorType\":\"lint_failure\","
		"\"state\":\"resolved\",\"cycle\":2,\"maxCycles\":3,"
		"\"openedAt\":\"2025-09-19T01:28:13.693Z\",\"updatedAt\":\"2025-09-19T01:28:13.694Z\","
		"\"resolvedAt\":\"2025-09-19T01:28:13.694Z\",\"reports\":2,\"lastVerdict\":"
		"{\"outcome\":\"ready\",\"reasons\":[],\"headSha\":null,"
		"\"checkedAt\":\"2025-09-19T01:28:13.693Z\"},\"issueUrl\":\"file:///a.md\","
		"\"headSha\":\"eff9f61\",\"revision\":4,\"reason\":\"It is proven green.\","
		"\"nextCheckAt\":\"2025-09-19T02:28:13.693Z\",\"agent\":\"second\","
		"\"hold\":\"fork\",\"heldSince\":\"2025-09-19T01:28:13.693Z\"}");
}

static void an_event_names_only_what_it_is_about(void **state) {
	struct note note = { .seq = 5, .at_ms = NOW_MS, .kind = NOTE_DAEMON, .message = "Started." };

	expect(note_to_json(&note),
		"{\"seq\":5,\"at\":\"2025-09-19T01:28:13.693Z\","
		"\"kind\":\"daemon\",\"message\":\"Started.\"}");
	(void)TEXT_SET(note.project, "acme/web");
	note.kind = NOTE_REPORT;
	note.incident_id = note.task_id = note.report_id = id_first_in_ms(NOW_MS);
	expect(note_to_json(&note),
		"{\"seq\":5,\"at\":\"2025-09-19T01:28:13.693Z\",\"kind\":\"report\","
		"\"message\":\"Started.\",\"project\":\"acme/web\","
		"\"incidentId\":\"incident-1758245293693\",\"taskId\":\"delayed-1758245293693\","
		"\"reportId\":\"error-1758245293693\"}");
}

/* What is not UTF-8 is refused as a whole, never written as half an object. */
static void a_text_that_is_no_text_is_a_failure(void **state) {
	const struct note note = { .seq = 5, .at_ms = NOW_MS, .message = "\xff", .project = "p" };

	assert_null(note_to_json(&note));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_task_begins_as_the_old_scripts_wrote_it),
		cmocka_unit_test(a_finished_task_tells_all),
		cmocka_unit_test(a_report_has_every_old_member),
		cmocka_unit_test(a_full_report_has_ours_behind_them),
		cmocka_unit_test(a_new_incident_says_null_for_what_is_not_yet),
		cmocka_unit_test(an_ended_incident_shows_its_verdict),
		cmocka_unit_test(an_event_names_only_what_it_is_about),
		cmocka_unit_test(a_text_that_is_no_text_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
