/* The files of the old scripts, whole and broken. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/id.h"
#include "daemon/ipc/import_parse.h"
#include "daemon/model/scan.h"

#define NOW_MS INT64_C(1800000000000)
#define CREATED "\"createdAt\":\"2025-09-19T01:28:13.693Z\""
#define CREATED_MS INT64_C(1758245293693)
#define SCHEDULED "\"scheduledFor\":\"2025-09-19T02:28:13.694Z\""
#define ENVIRONMENT                                                                                \
	"\"environment\":{\"branch\":\"main\",\"buildNumber\":\"11\",\"commitSha\":\"eff9f61\","   \
	"\"projectName\":\"web\"}"
#define ORIGINAL                                                                                   \
	"\"originalError\":{\"project\":\"web\",\"branch\":\"main\",\"commit\":\"eff9f61\","       \
	"\"buildNumber\":11}"

struct task_case {
	const char *name;
	const char *content;
	int result;
	enum task_status status;
	int64_t due_ms;
	int64_t id_ms; /* of the id, or of the one to be made */
	bool own_id;
};

static const struct task_case task_cases[] = {
	{ "delayed-1758245293693.json",
		"{\"id\":\"delayed-1758245293693\"," CREATED "," SCHEDULED
		",\"type\":\"pr_readiness_check\",\"status\":\"scheduled\",\"instructions\":\"x\"," ENVIRONMENT
		"}",
		0, TASK_SCHEDULED, CREATED_MS + CLOCK_HOUR_MS + 1, CREATED_MS, true },
	/* No scheduledFor: an hour after it was made. */
	{ "health-monitor-1758245293693.json",
		"{\"id\":\"health-monitor-1758245293693\"," CREATED
		",\"status\":\"scheduled\"," ENVIRONMENT "}",
		0, TASK_SCHEDULED, CREATED_MS + CLOCK_HOUR_MS, CREATED_MS, false },
	/* No environment, and the first version's names. */
	{ "followup-1758245293693.json",
		"{\"scheduledTime\":\"2025-09-19T03:00:00Z\",\"taskType\":\"followup\"," ORIGINAL "}",
		0, TASK_SCHEDULED, INT64_C(1758250800000), CREATED_MS, false },
	/* Stuck in executing: due now. */
	{ "followup-1758245293693.json",
		"{\"id\":\"followup-1758245293693\",\"type\":\"followup\",\"status\":\"executing\"," CREATED
		"," SCHEDULED "," ORIGINAL "}",
		0, TASK_SCHEDULED, NOW_MS, CREATED_MS, false },
	{ "delayed-1758245293693.json",
		"{\"id\":\"delayed-1758245293693\"," CREATED "," SCHEDULED
		",\"status\":\"completed\"," ENVIRONMENT "}",
		0, TASK_COMPLETED, CREATED_MS + CLOCK_HOUR_MS + 1, CREATED_MS, true },
	/* Nothing to check. */
	{ "delayed-1.json", "{\"id\":\"delayed-1\",\"status\":\"scheduled\"}", -EINVAL, 0, 0, 0,
		false },
	{ "delayed-1.json", "{\"environment\":[1]," CREATED "}", -EINVAL, 0, 0, 0, false },
	/* Wrong types. */
	{ "delayed-1.json", "{\"status\":7," ENVIRONMENT "}", -EINVAL, 0, 0, 0, false },
	{ "delayed-1.json", "{\"status\":\"sleeping\"," ENVIRONMENT "}", -EINVAL, 0, 0, 0, false },
	{ "delayed-1.json", "{\"type\":\"dance\"," ENVIRONMENT "}", -EINVAL, 0, 0, 0, false },
	/* Another daemon's work. */
	{ "delayed-1.json", "{\"type\":\"trigger_agent\",\"status\":\"scheduled\"," ENVIRONMENT "}",
		-EINVAL, 0, 0, 0, false },
};

static void test_tasks(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(task_cases); i++) {
		const struct task_case *c = &task_cases[i];
		char why[LIMIT_SENTENCE_MAX] = "";
		struct task task = { 0 };
		json_t *object = NULL;
		int64_t ms = 0;

		assert_int_equal(import_read(c->content, &object, why), 0);
		assert_int_equal(import_task(c->name, object, NOW_MS, &task, &ms, why), c->result);
		if (c->result == 0) {
			assert_int_equal(task.status, c->status);
			assert_int_equal(task.due_ms, c->due_ms);
			assert_int_equal(task.type, TASK_PR_READINESS_CHECK);
			assert_int_equal(task.origin, TASK_IMPORTED);
			assert_string_equal(task.project, "web");
			assert_string_equal(task.branch, "main");
			assert_string_equal(task.commit, "eff9f61");
			assert_string_equal(task.build_number, "11");
			assert_int_equal(c->own_id ? id_ms(task.id) : ms, c->id_ms);
			assert_int_equal(task.id != 0, c->own_id);
			assert_int_equal(task.finished_ms != 0, task.status == TASK_COMPLETED);
		} else {
			assert_true(strlen(why) > 0);
		}
		task_finish(&task);
		json_decref(object);
	}
}

#define FUTURE_ID "delayed-4102444800000"

/* Each of them would hold up the store for good, or stop its arithmetic. */
static const struct {
	const char *content;
	int64_t id_ms, created_ms, due_ms, attempt;
	const char *said; /* a part of it */
} bounded_cases[] = {
	{ "{\"attempt\":9223372036854775807," CREATED "," SCHEDULED "," ENVIRONMENT "}", CREATED_MS,
		CREATED_MS, CREATED_MS + CLOCK_HOUR_MS + 1, LIMIT_TASK_ATTEMPTS, "attempt" },
	{ "{\"attempt\":-1," CREATED "," SCHEDULED "," ENVIRONMENT "}", CREATED_MS, CREATED_MS,
		CREATED_MS + CLOCK_HOUR_MS + 1, 0, "attempt" },
	{ "{\"createdAt\":9223372036854775807," ENVIRONMENT "}", CREATED_MS, CREATED_MS,
		CREATED_MS + CLOCK_HOUR_MS, 0, "createdAt" },
	{ "{\"createdAt\":-9223372036854775807," ENVIRONMENT "}", CREATED_MS, CREATED_MS,
		CREATED_MS + CLOCK_HOUR_MS, 0, "createdAt" },
	{ "{\"createdAt\":\"1969-01-01T00:00:00Z\"," ENVIRONMENT "}", CREATED_MS, CREATED_MS,
		CREATED_MS + CLOCK_HOUR_MS, 0, "createdAt" },
	{ "{\"scheduledFor\":\"9999-01-01T00:00:00Z\"," CREATED "," ENVIRONMENT "}", CREATED_MS,
		CREATED_MS, CREATED_MS + CLOCK_HOUR_MS, 0, "scheduledFor" },
	{ "{\"id\":\"" FUTURE_ID "\"," CREATED "," SCHEDULED "," ENVIRONMENT "}", CREATED_MS,
		CREATED_MS, CREATED_MS + CLOCK_HOUR_MS + 1, 0, "\"id\"" },
};

static void test_numbers_out_of_bounds(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(bounded_cases); i++) {
		char said[LIMIT_SENTENCE_MAX] = "";
		struct task task = { 0 };
		json_t *object = NULL;
		int64_t ms = 0;

		assert_int_equal(import_read(bounded_cases[i].content, &object, said), 0);
		assert_int_equal(
			import_task("delayed-1758245293693.json", object, NOW_MS, &task, &ms, said),
			0);
		assert_int_equal(task.id, 0);
		assert_int_equal(ms, bounded_cases[i].id_ms);
		assert_int_equal(task.created_ms, bounded_cases[i].created_ms);
		assert_int_equal(task.due_ms, bounded_cases[i].due_ms);
		assert_int_equal(task.attempt, bounded_cases[i].attempt);
		assert_non_null(strstr(said, bounded_cases[i].said));
		task_finish(&task);
		json_decref(object);
	}
}

/* Neither the name nor the content may date it into the future; twice the same file is the same report. */
static void test_report_from_the_future(void **state) {
	int64_t ids[2];

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		char said[LIMIT_SENTENCE_MAX] = "";
		struct report report = { 0 };
		json_t *object = json_pack("{s:s, s:I, s:s}", "errorType", "test_failure",
			"exitCode", (json_int_t)INT64_MAX, "timestamp", "2025-09-19T01:28:13.693Z");

		assert_int_equal(
			import_report("error-4102444800000.json", object, NOW_MS, &report, said), 0);
		assert_int_equal(report.at_ms, CREATED_MS);
		assert_int_equal(id_ms(report.id), CREATED_MS);
		assert_int_equal(report.exit_code, INT32_MAX);
		assert_non_null(strstr(said, "\"id\""));
		assert_non_null(strstr(said, "exitCode"));
		ids[i] = report.id;
		report_finish(&report);
		json_decref(object);
	}
	assert_int_equal(ids[0], ids[1]);
}

static void test_content_that_is_no_object(void **state) {
	static const char *const contents[] = { "", "{\"id\":\"delayed-1\",", "[]", "7", "null",
		"{\"a\":\xff}" };

	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		char why[LIMIT_SENTENCE_MAX] = "";
		json_t *object = NULL;

		assert_int_equal(import_read(contents[i], &object, why), -EINVAL);
		assert_null(object);
		assert_true(strlen(why) > 0);
	}
}

static void test_content_too_deep_to_be_sent_on(void **state) {
	char content[256] = "{\"context\":";
	char why[LIMIT_SENTENCE_MAX] = "";
	json_t *object = NULL;
	size_t len = strlen(content);

	memset(content + len, '[', 40);
	memset(content + len + 40, ']', 40);
	content[len + 80] = '}';
	assert_int_equal(import_read(content, &object, why), -EINVAL);
}

static void test_reports(void **state) {
	char why[LIMIT_SENTENCE_MAX] = "";
	struct report report = { 0 };
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:n}}", "timestamp",
		"2025-09-19T01:28:13.693Z", "project", "web", "errorType", "build_failure",
		"errorDetails", "broke\x1b[31m", "buildNumber", "11", "context", "tsconfig");

	json_object_set_new(object, "scan",
		json_pack("{s:s, s:{s:s}, s:i}", "cause", "compile", "headline", "text",
			"broke\x1b[31m", "other", 7));
	assert_int_equal(import_report("error-1758245293700.json", object, NOW_MS, &report, why), 0);
	assert_int_equal(report.at_ms, CREATED_MS);
	assert_int_equal(id_ms(report.id), INT64_C(1758245293700));
	assert_string_equal(report.project, "web");
	assert_string_equal(report.branch, "unknown-branch");
	assert_int_equal(report.error_type, ERROR_BUILD);
	assert_string_equal(report.details, "broke");
	assert_int_equal(report.submitter_uid, -1);
	assert_string_equal(scan_headline(report.scan), "broke");
	assert_int_equal(json_object_size(report.scan), 2);
	report_finish(&report);
	json_decref(object);

	memset(&report, 0, sizeof(report));
	object = json_pack("{s:i}", "timestamp", 7);
	assert_int_equal(import_report("error-1.json", object, NOW_MS, &report, why), -EINVAL);
	report_finish(&report);
	json_decref(object);
}

static void test_names(void **state) {
	static const struct {
		const char *name;
		enum import_kind kind;
	} cases[] = {
		{ "delayed-1.json", IMPORT_TASK },
		{ "followup-1.json", IMPORT_TASK },
		{ "health-monitor-1.json", IMPORT_TASK },
		{ "error-1.json", IMPORT_REPORT },
		{ "execution-1.json", IMPORT_SKIP },
		{ "package.json", IMPORT_SKIP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *why = NULL;

		assert_int_equal(import_classify(cases[i].name, &why), cases[i].kind);
		assert_int_equal(why != NULL, cases[i].kind == IMPORT_SKIP);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_numbers_out_of_bounds),
		cmocka_unit_test(test_report_from_the_future),
		cmocka_unit_test(test_content_that_is_no_object),
		cmocka_unit_test(test_content_too_deep_to_be_sent_on),
		cmocka_unit_test(test_reports),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
