/* A file of the old scripts or of an export; its name is the first line. What gets in is in bounds and can be shown. */
#include "common/text.h"
#include "daemon/ipc/import_parse.h"
#include "daemon/limits.h"
#include "daemon/model/redact.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1758245293693)

static void is_in_bounds(int64_t ms, int64_t ahead_ms) {
	FUZZ_CHECK(ms == 0 || (ms >= LIMIT_IMPORT_OLDEST_MS && ms <= NOW_MS + ahead_ms));
}

static void take_task(const char *name, const json_t *object, char *why) {
	struct task task = { 0 };
	int64_t ms = 0;

	if (import_task(name, object, NOW_MS, &task, &ms, why) == 0) {
		json_t *shown = task_to_json(&task);

		FUZZ_CHECK(shown != NULL);
		json_decref(shown);
		is_in_bounds(task.created_ms, LIMIT_IMPORT_AHEAD_MS);
		is_in_bounds(task.due_ms, LIMIT_DELAY_MAX_MS);
		is_in_bounds(ms, LIMIT_IMPORT_AHEAD_MS);
		FUZZ_CHECK(task.id != 0 || ms != 0);
		FUZZ_CHECK(task_redact(&task) == 0);
	}
	task_finish(&task);
}

static void take_report(const char *name, const json_t *object, char *why) {
	struct report report = { 0 };

	if (import_report(name, object, NOW_MS, &report, why) == 0) {
		json_t *shown;

		FUZZ_CHECK(report_redact(&report, NULL) == 0);
		shown = report_to_json(&report);
		FUZZ_CHECK(shown != NULL);
		json_decref(shown);
		is_in_bounds(report.at_ms, LIMIT_IMPORT_AHEAD_MS);
	}
	report_finish(&report);
}

void fuzz_one(struct fuzz in) {
	char *name = fuzz_string(fuzz_line(&in));
	char *content = fuzz_string(in);
	char why[LIMIT_SENTENCE_MAX] = "";
	const char *reason = NULL;
	json_t *object = NULL;

	if (!text_is_name(name, LIMIT_NAME_MAX) || import_classify(name, &reason) == IMPORT_SKIP) {
		FUZZ_CHECK(!text_is_name(name, LIMIT_NAME_MAX) || reason != NULL);
	} else if (import_read(content, &object, why) < 0) {
		FUZZ_CHECK(why[0] != '\0');
	} else {
		take_task(name, object, why);
		take_report(name, object, why);
		json_decref(object);
	}
	free(name);
	free(content);
}
