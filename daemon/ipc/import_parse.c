#include "daemon/ipc/import_parse.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/text.h"
#include "daemon/model/scan.h"

#define IMPORT_FALLBACK_DELAY_MS CLOCK_HOUR_MS /* the old scripts' only delay */

static const struct {
	const char *prefix;
	enum import_kind kind;
	const char *why;
} import_names[] = {
	{ "delayed-", IMPORT_TASK, NULL },
	{ "error-", IMPORT_REPORT, NULL },
	{ "execution-", IMPORT_SKIP, "it only says that an old script printed its text" },
	{ "followup-", IMPORT_TASK, NULL },
	{ "health-monitor-", IMPORT_TASK, NULL },
	{ "incident-", IMPORT_SKIP, "incidents are made from reports, not imported" },
};

enum import_kind import_classify(const char *name, const char **ret_why) {
	for (size_t i = 0; i < ARRAY_SIZE(import_names); i++) {
		if (strncmp(name, import_names[i].prefix, strlen(import_names[i].prefix)) == 0) {
			*ret_why = import_names[i].why;
			return import_names[i].kind;
		}
	}
	*ret_why = "its name is none that the old scripts or an export use";
	return IMPORT_SKIP;
}

/* jansson parses 2048 levels; nothing that deep could be sent to anybody. */
static bool is_deeper_than(const json_t *value, int levels) {
	const char *key;
	json_t *member;
	size_t i;

	if (levels == 0) {
		return json_is_object(value) || json_is_array(value);
	}
	json_object_foreach((json_t *)value, key, member) {
		if (is_deeper_than(member, levels - 1)) {
			return true;
		}
	}
	json_array_foreach(value, i, member) {
		if (is_deeper_than(member, levels - 1)) {
			return true;
		}
	}
	return false;
}

int import_read(const char *content, json_t **ret_object, char *ret_why) {
	json_error_t error;
	json_t *object = json_loadb(content, strlen(content), 0, &error);

	if (object == NULL) {
		text_format(ret_why, LIMIT_SENTENCE_MAX,
			"it is no JSON, perhaps half written (line %d: %s)", error.line, error.text);
		return -EINVAL;
	}
	/* Some levels are ours: the answer, its parameters, the list, the row. */
	if (!json_is_object(object) || is_deeper_than(object, LIMIT_JSON_DEPTH_MAX - 8)) {
		text_format(ret_why, LIMIT_SENTENCE_MAX, "it holds %s",
			json_is_object(object) ? "JSON nested too deep" : "JSON, but no object");
		json_decref(object);
		return -EINVAL;
	}
	*ret_object = object;
	return 0;
}

/* Members, as forgiving as they can be read */

static const char *get_string(const json_t *object, const char *key) {
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* The first of two that is there. */
static const char *either(const char *a, const char *b) {
	return a != NULL ? a : b;
}

/* The old scripts wrote numbers of builds both ways. */
static void take_number_text(char *out, size_t size, const json_t *value) {
	if (json_is_integer(value)) {
		text_format(out, size, "%lld", (long long)json_integer_value(value));
	} else if (json_is_string(value)) {
		const char *text = json_string_value(value);

		text_copy(out, size, text_is_name(text, size) ? text : "");
	}
}

/* A name that is fit to be one, else `fallback`. */
static void take_name(char *out, size_t size, const char *text, const char *fallback) {
	text_copy(out, size, text != NULL && text_is_name(text, size) ? text : fallback);
}

/* As take_name(), for a repository: an URL, perhaps with credentials, is none. */
static void take_project(char *out, size_t size, const char *text, const char *fallback) {
	take_name(out, size, text != NULL && text_is_project(text) ? text : NULL, fallback);
}

/* Tells that `what` was out of bounds and what it is now. As many as fit in a sentence; all are put right. */
static void correct(char *sentence, const char *what, const char *now) {
	size_t len = strlen(sentence);

	text_format(sentence + len, LIMIT_SENTENCE_MAX - len,
		"%sits \"%s\" was out of bounds and %s", len > 0 ? ", " : "", what, now);
}

static bool is_time(int64_t ms, int64_t max_ms) {
	return ms >= LIMIT_IMPORT_OLDEST_MS && ms <= max_ms;
}

static bool get_time(const json_t *object, const char *key, int64_t max_ms, int64_t *ret_ms,
	char *ret_corrected) {
	const json_t *value = json_object_get(object, key);
	int64_t ms;

	if (json_is_integer(value) && json_integer_value(value) != 0) {
		ms = json_integer_value(value);
	} else if (!json_is_string(value) || clock_parse(json_string_value(value), &ms) < 0) {
		return false;
	}
	if (!is_time(ms, max_ms)) {
		correct(ret_corrected, key, "was left out");
		return false;
	}
	*ret_ms = ms;
	return true;
}

/* A number from 0 to `max`; the nearer end when it is another, `fallback` when there is none. */
static int64_t get_number(
	const json_t *object, const char *key, int64_t max, int64_t fallback, char *ret_corrected) {
	const json_t *value = json_object_get(object, key);
	char now[64];
	int64_t number;

	if (!json_is_integer(value) || json_integer_value(value) == fallback) {
		return fallback;
	}
	number = MIN(MAX((int64_t)json_integer_value(value), (int64_t)0), max);
	if (number != json_integer_value(value)) {
		text_format(now, sizeof(now), "is %lld now", (long long)number);
		correct(ret_corrected, key, now);
	}
	return number;
}

/* The millisecond in "followup-1758245293693.json"; 0: none. */
static int64_t name_ms(const char *name) {
	const char *dash = strrchr(name, '-');
	int64_t ms = 0;

	for (const char *p = dash != NULL ? dash + 1 : ""; *p >= '0' && *p <= '9'; p++) {
		if (ms > INT64_MAX / (INT64_C(1) << (ID_SEQ_BITS + 4))) {
			return 0;
		}
		ms = ms * 10 + (*p - '0');
	}
	return ms;
}

/* As name_ms(); 0 as well when no file of that time can exist. */
static int64_t name_time(const char *name, int64_t now_ms) {
	int64_t ms = name_ms(name);

	return is_time(ms, now_ms + LIMIT_IMPORT_AHEAD_MS) ? ms : 0;
}

/* The store takes its newest id for the newest time it knows, and a clock before that for a wrong one. */
static bool is_from_future(int64_t ms, int64_t now_ms) {
	return ms > now_ms + LIMIT_IMPORT_AHEAD_MS;
}

/* Cut when no secret is in it any more. */
static int take_text(char **out, const char *text) {
	if (text == NULL) {
		return 0;
	}
	*out = text_clean(text, strlen(text));
	return *out != NULL ? 0 : -ENOMEM;
}

/* Tasks */

static const char *const followup_types[] = { "followup", "health_monitor", "health-monitor",
	"health_monitoring", "health_check", "pr_readiness_check" };

/* Returns: 0; -EINVAL, a type nobody knows. */
static int take_type(const json_t *object, struct task *task) {
	const char *type = either(get_string(object, "type"), get_string(object, "taskType"));

	if (type == NULL) {
		task->type = TASK_PR_READINESS_CHECK;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(followup_types); i++) {
		if (strcmp(type, followup_types[i]) == 0) {
			task->type = TASK_PR_READINESS_CHECK;
			return 0;
		}
	}
	for (int i = 0; i < TASK_TYPE_COUNT; i++) {
		if (strcmp(type, task_type_names[i]) == 0) {
			task->type = (enum task_type)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* Returns: 0; -EINVAL, a status nobody knows. */
static int take_status(const json_t *object, struct task *task) {
	const json_t *value = json_object_get(object, "status");

	if (value == NULL || json_is_null(value)) {
		task->status = TASK_SCHEDULED;
		return 0;
	}
	for (int i = 0; i < TASK_STATUS_COUNT && json_is_string(value); i++) {
		if (strcmp(json_string_value(value), task_status_names[i]) == 0) {
			task->status = (enum task_status)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* From `environment`, else from the report that the first follow-ups carried instead. */
static int take_environment(const json_t *object, struct task *task) {
	const json_t *environment = json_object_get(object, "environment");
	const json_t *error = json_object_get(object, "originalError");
	const json_t *number = json_object_get(environment, "buildNumber");

	take_project(task->project, sizeof(task->project),
		either(get_string(environment, "projectName"), get_string(error, "project")), "");
	take_name(task->branch, sizeof(task->branch),
		either(get_string(environment, "branch"), get_string(error, "branch")), "");
	take_name(task->commit, sizeof(task->commit),
		either(get_string(environment, "commitSha"), get_string(error, "commit")), "");
	take_number_text(task->build_number, sizeof(task->build_number),
		number != NULL ? number : json_object_get(error, "buildNumber"));
	return task->project[0] != '\0' && task->branch[0] != '\0' ? 0 : -EINVAL;
}

static void take_times(const char *name, const json_t *object, int64_t now_ms, struct task *task,
	char *ret_corrected) {
	int64_t past_ms = now_ms + LIMIT_IMPORT_AHEAD_MS; /* what has happened is not after it */
	int64_t due_ms = now_ms + LIMIT_DELAY_MAX_MS;
	int64_t named_ms = name_time(name, now_ms);

	task->created_ms = named_ms > 0 ? named_ms : now_ms;
	(void)get_time(object, "createdAt", past_ms, &task->created_ms, ret_corrected);
	task->due_ms = task->created_ms + IMPORT_FALLBACK_DELAY_MS;
	if (!get_time(object, "scheduledFor", due_ms, &task->due_ms, ret_corrected)) {
		(void)get_time(object, "scheduledTime", due_ms, &task->due_ms, ret_corrected);
	}
	if (!get_time(object, "startedAt", past_ms, &task->started_ms, ret_corrected)) {
		(void)get_time(object, "executedAt", past_ms, &task->started_ms, ret_corrected);
	}
	if (!get_time(object, "finishedAt", past_ms, &task->finished_ms, ret_corrected)) {
		(void)get_time(object, "completedAt", past_ms, &task->finished_ms, ret_corrected);
	}
}

/* Its own id; 0 when it has none of our shape, or one that cannot be. `*ret_ms` is what to make one from then. */
static void take_task_id(const char *name, const json_t *object, int64_t now_ms, struct task *task,
	int64_t *ret_ms, char *ret_corrected) {
	const char *text = get_string(object, "id");
	int64_t named_ms = name_time(name, now_ms);
	int64_t id = 0;

	if (text != NULL && id_parse(ID_TASK, text, &id) == 0 && !is_from_future(id_ms(id), now_ms)) {
		task->id = id;
		return;
	}
	if (id != 0 || is_from_future(name_ms(name), now_ms)) {
		correct(ret_corrected, "id", "is a new one");
	}
	*ret_ms = named_ms > 0 ? named_ms : task->created_ms;
}

/* What a task that did not end when it was written becomes here. */
static void settle(const char *name, int64_t now_ms, struct task *task) {
	text_format(task->reason, sizeof(task->reason), "Imported from \"%s\"%s.", name,
		task->status == TASK_EXECUTING ? ", where it was stuck in executing; it is due now"
					       : "");
	if (task->status == TASK_EXECUTING) {
		task->status = TASK_SCHEDULED;
		task->due_ms = now_ms;
	}
	if (task->status == TASK_SCHEDULED) {
		task->started_ms = 0;
		task->finished_ms = 0;
	} else if (task->finished_ms == 0) {
		task->finished_ms = task->due_ms;
	}
}

static int refuse(char *ret_why, const char *why) {
	text_copy(ret_why, LIMIT_SENTENCE_MAX, why);
	return -EINVAL;
}

int import_task(const char *name, const json_t *object, int64_t now_ms, struct task *task,
	int64_t *ret_ms, char *ret_why) {
	const json_t *result = json_object_get(object, "result");

	if (take_type(object, task) < 0) {
		return refuse(ret_why, "its type is none that is known");
	}
	if (take_status(object, task) < 0) {
		return refuse(ret_why, "its status is none that is known");
	}
	if (take_environment(object, task) < 0) {
		return refuse(
			ret_why, "it names no project and branch, so there is nothing to check");
	}
	if (task->type != TASK_PR_READINESS_CHECK &&
		(task->status == TASK_SCHEDULED || task->status == TASK_EXECUTING)) {
		return refuse(
			ret_why, "it belongs to an incident of another daemon and is not finished");
	}
	ret_why[0] = '\0';
	take_times(name, object, now_ms, task, ret_why);
	settle(name, now_ms, task);
	task->origin = TASK_IMPORTED;
	task->attempt = get_number(object, "attempt", LIMIT_TASK_ATTEMPTS, 0, ret_why);
	task->result = json_is_object(result) ? json_incref((json_t *)result) : NULL;
	take_task_id(name, object, now_ms, task, ret_ms, ret_why);
	return take_text(&task->instructions, get_string(object, "instructions"));
}

/* Reports */

static void take_report_names(const json_t *object, struct report *report) {
	take_project(report->project, sizeof(report->project), get_string(object, "project"),
		"unknown-project");
	take_name(report->branch, sizeof(report->branch), get_string(object, "branch"),
		"unknown-branch");
	take_name(report->commit, sizeof(report->commit), get_string(object, "commit"), "");
	take_name(report->job, sizeof(report->job), get_string(object, "jobName"), "");
	take_name(report->step, sizeof(report->step), get_string(object, "stepName"), "");
	take_name(report->build_url, sizeof(report->build_url), get_string(object, "buildUrl"), "");
	take_name(report->head_repository, sizeof(report->head_repository),
		get_string(object, "headRepository"), "");
	take_number_text(report->build_number, sizeof(report->build_number),
		json_object_get(object, "buildNumber"));
}

/* The id in the content, else the one that the name is; 0: none. */
static int64_t find_report_id(const char *name, const json_t *object) {
	char text[ID_TEXT_MAX];
	size_t len = strcspn(name, ".");
	const char *own = get_string(object, "id");
	int64_t id = 0;

	if (own != NULL && id_parse(ID_REPORT, own, &id) == 0) {
		return id;
	}
	if (len < sizeof(text)) {
		text_copy(text, len + 1, name);
		(void)!id_parse(ID_REPORT, text, &id);
	}
	return id;
}

/* One that cannot be is replaced by the same one each time, so that the file is not taken twice. */
static void take_report_id(const char *name, const json_t *object, int64_t now_ms,
	struct report *report, char *ret_corrected) {
	report->id = find_report_id(name, object);
	if (is_from_future(id_ms(report->id), now_ms)) {
		report->id = id_first_in_ms(report->at_ms) + (id_ms(report->id) & ID_SEQ_MAX);
		correct(ret_corrected, "id", "is a new one");
	}
}

static int take_report_texts(const json_t *object, struct report *report) {
	int r = take_text(&report->details, get_string(object, "errorDetails"));

	if (r == 0) {
		r = take_text(&report->command, get_string(object, "command"));
	}
	return r == 0 ? take_text(&report->log, get_string(object, "log")) : r;
}

int import_report(const char *name, const json_t *object, int64_t now_ms, struct report *report,
	char *ret_why) {
	const json_t *context = json_object_get(object, "context");
	const char *type = get_string(object, "errorType");

	if (type == NULL && get_string(object, "errorDetails") == NULL) {
		return refuse(ret_why, "it has neither an error type nor details");
	}
	report->error_type = ERROR_UNKNOWN;
	if (type != NULL) {
		(void)!error_type_parse(type, &report->error_type);
	}
	ret_why[0] = '\0';
	report->at_ms = name_time(name, now_ms) > 0 ? name_time(name, now_ms) : now_ms;
	(void)get_time(object, "timestamp", now_ms + LIMIT_IMPORT_AHEAD_MS, &report->at_ms, ret_why);
	report->exit_code = get_number(object, "exitCode", INT32_MAX, -1, ret_why);
	report->pull_request = get_number(object, "pullRequest", INT32_MAX, 0, ret_why);
	report->submitter_uid = -1;
	take_report_names(object, report);
	take_report_id(name, object, now_ms, report, ret_why);
	report->context = json_is_object(context) ? json_incref((json_t *)context) : NULL;
	report->scan = json_incref(json_object_get(object, "scan"));
	if (scan_tidy(&report->scan, LIMIT_SCAN_MAX_BYTES) < 0) {
		return -ENOMEM;
	}
	return take_report_texts(object, report);
}
