#include "daemon/store/rows.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/error_type.h"
#include "common/text.h"
#include "daemon/model/build.h"
#include "daemon/model/incident.h"
#include "daemon/model/link.h"
#include "daemon/model/note.h"
#include "daemon/model/post.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"
#include "daemon/model/verdict.h"
#include "daemon/store/store.h"

#define INT(type, field)                                                                           \
	{ COLUMN_INT, offsetof(struct type, field), sizeof(int64_t), NULL }
#define BOOL(type, field)                                                                          \
	{ COLUMN_BOOL, offsetof(struct type, field), sizeof(bool), NULL }
#define TEXT(type, field)                                                                          \
	{ COLUMN_TEXT, offsetof(struct type, field), sizeof(((struct type *)0)->field), NULL }
#define OWNED(type, field)                                                                         \
	{ COLUMN_OWNED, offsetof(struct type, field), sizeof(char *), NULL }
#define JSON(type, field)                                                                          \
	{ COLUMN_JSON, offsetof(struct type, field), sizeof(json_t *), NULL }
#define NAME(type, field, names)                                                                   \
	{ COLUMN_NAME, offsetof(struct type, field), sizeof(((struct type *)0)->field), names }

static const struct column task_columns[] = {
	INT(task, id),
	NAME(task, type, task_type_names),
	NAME(task, status, task_status_names),
	NAME(task, origin, task_origin_names),
	TEXT(task, lane),
	INT(task, incident_id),
	INT(task, cycle),
	INT(task, revision),
	INT(task, created_ms),
	INT(task, due_ms),
	INT(task, started_ms),
	INT(task, finished_ms),
	INT(task, attempt),
	TEXT(task, project),
	TEXT(task, head_repository),
	TEXT(task, branch),
	TEXT(task, commit),
	TEXT(task, build_number),
	TEXT(task, reason),
	OWNED(task, instructions),
	JSON(task, result),
	INT(task, interrupted),
};

static const struct column incident_columns[] = {
	INT(incident, id),
	TEXT(incident, project),
	TEXT(incident, head_repository),
	TEXT(incident, branch),
	{ COLUMN_ERROR_TYPE, offsetof(struct incident, error_type), sizeof(enum error_type), NULL },
	NAME(incident, state, incident_state_names),
	INT(incident, cycle),
	INT(incident, refilled_at_cycle),
	INT(incident, revision),
	INT(incident, opened_ms),
	INT(incident, updated_ms),
	INT(incident, resolved_ms),
	INT(incident, follow_up_ms),
	INT(incident, n_reports),
	INT(incident, report_id),
	INT(incident, cycle_report_id),
	INT(incident, pull_request),
	TEXT(incident, head_sha),
	TEXT(incident, issue_url),
	TEXT(incident, reason),
	{ COLUMN_VERDICT, offsetof(struct incident, verdict), sizeof(struct verdict), NULL },
	INT(incident, agent_at),
	INT(incident, life_due_ms),
	TEXT(incident, triggered_sha),
	NAME(incident, hold, incident_hold_names),
	INT(incident, hold_ms),
	INT(incident, submitter_uid),
};

static const struct column report_columns[] = {
	INT(report, id),
	INT(report, at_ms),
	INT(report, incident_id),
	TEXT(report, project),
	TEXT(report, head_repository),
	TEXT(report, branch),
	TEXT(report, commit),
	TEXT(report, build_number),
	TEXT(report, job),
	TEXT(report, step),
	TEXT(report, build_url),
	INT(report, pull_request),
	{ COLUMN_ERROR_TYPE, offsetof(struct report, error_type), sizeof(enum error_type), NULL },
	INT(report, exit_code),
	INT(report, submitter_uid),
	OWNED(report, details),
	OWNED(report, command),
	OWNED(report, log),
	JSON(report, context),
	JSON(report, scan),
};

static const struct column build_columns[] = {
	INT(build, id),
	INT(build, at_ms),
	TEXT(build, project),
	TEXT(build, head_repository),
	TEXT(build, branch),
	TEXT(build, job),
	TEXT(build, step),
	TEXT(build, commit),
	TEXT(build, build_number),
	BOOL(build, passed),
	INT(build, incident_id),
	INT(build, report_id),
	OWNED(build, ancestors),
	JSON(build, quality),
};

static const struct column note_columns[] = {
	INT(note, seq),
	INT(note, at_ms),
	NAME(note, kind, note_kind_names),
	TEXT(note, project),
	INT(note, incident_id),
	INT(note, task_id),
	INT(note, report_id),
	TEXT(note, message),
};

static const struct column post_columns[] = {
	INT(post, incident_id),
	NAME(post, kind, post_kind_names),
	INT(post, task_id),
	INT(post, number),
	INT(post, post_id),
	INT(post, intent_ms),
	INT(post, suspect_ms),
	BOOL(post, is_issue),
	TEXT(post, url),
};

static const struct column link_columns[] = {
	TEXT(link, head_repository),
	TEXT(link, branch),
	INT(link, pull_request),
	NAME(link, standing, link_standing_names),
	INT(link, report_id),
};

static const struct column answer_columns[] = {
	INT(step_answer, report_id),
	INT(step_answer, incident_id),
	INT(step_answer, task_id),
	INT(step_answer, scheduled_ms),
	{ COLUMN_ERROR_TYPE, offsetof(struct step_answer, error_type), sizeof(enum error_type), NULL },
	BOOL(step_answer, has_error_type),
	BOOL(step_answer, joined),
	INT(step_answer, digest),
};

static void finish_task(void *row) {
	task_finish(row);
}

static void finish_report(void *row) {
	report_finish(row);
}

static void finish_build(void *row) {
	build_finish(row);
}

#define ROW_TYPE(type, finish)                                                                     \
	{ type##_columns, ARRAY_SIZE(type##_columns), sizeof(struct type), finish }

const struct row_type task_row = ROW_TYPE(task, finish_task);
const struct row_type incident_row = ROW_TYPE(incident, NULL);
const struct row_type report_row = ROW_TYPE(report, finish_report);
const struct row_type build_row = ROW_TYPE(build, finish_build);
const struct row_type note_row = ROW_TYPE(note, NULL);
const struct row_type post_row = ROW_TYPE(post, NULL);
const struct row_type link_row = ROW_TYPE(link, NULL);
const struct row_type answer_row = { answer_columns, ARRAY_SIZE(answer_columns),
	sizeof(struct step_answer), NULL };

/* Takes the reference. */
static int bind_json(sqlite3_stmt *statement, int index, json_t *json) {
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	json_decref(json);
	if (text == NULL) {
		return -ENOMEM;
	}
	sqlite3_bind_text(statement, index, text, -1, free);
	return 0;
}

static void bind_name(
	sqlite3_stmt *statement, int index, const struct column *column, const void *field) {
	unsigned int value;
	unsigned int n = 0;

	memcpy(&value, field, sizeof(value));
	while (column->names[n] != NULL && n < value) {
		n++;
	}
	sqlite3_bind_text(statement, index, column->names[n], -1, SQLITE_STATIC);
}

static int bind_column(
	sqlite3_stmt *statement, int index, const struct column *column, const void *field) {
	switch (column->kind) {
	case COLUMN_INT: sqlite3_bind_int64(statement, index, *(const int64_t *)field); return 0;
	case COLUMN_BOOL: sqlite3_bind_int64(statement, index, *(const bool *)field); return 0;
	case COLUMN_TEXT: sqlite3_bind_text(statement, index, field, -1, SQLITE_STATIC); return 0;
	case COLUMN_OWNED:
		sqlite3_bind_text(statement, index, *(char *const *)field, -1, SQLITE_STATIC);
		return 0;
	case COLUMN_JSON:
		if (*(json_t *const *)field == NULL) {
			sqlite3_bind_null(statement, index);
			return 0;
		}
		return bind_json(statement, index, json_incref(*(json_t *const *)field));
	case COLUMN_NAME: bind_name(statement, index, column, field); return 0;
	case COLUMN_ERROR_TYPE:
		if (*(const enum error_type *)field >= ERROR_TYPE_COUNT) {
			sqlite3_bind_null(statement, index);
			return 0;
		}
		sqlite3_bind_text(statement, index,
			error_type_name(*(const enum error_type *)field), -1, SQLITE_STATIC);
		return 0;
	case COLUMN_VERDICT:
		if (((const struct verdict *)field)->checked_at_ms == 0) {
			sqlite3_bind_null(statement, index);
			return 0;
		}
		return bind_json(statement, index, verdict_to_json(field));
	}
	return 0;
}

int row_bind(sqlite3_stmt *statement, const struct row_type *type, const void *row) {
	for (int i = 0; i < type->n_columns; i++) {
		const struct column *column = &type->columns[i];
		int status =
			bind_column(statement, i + 1, column, (const char *)row + column->offset);

		if (status < 0) {
			return status;
		}
	}
	return 0;
}

static int read_name(const char *text, const struct column *column, void *field) {
	unsigned int n = 0;

	if (text == NULL) {
		return -EBADMSG;
	}
	while (column->names[n] != NULL && strcmp(column->names[n], text) != 0) {
		n++;
	}
	if (column->names[n] == NULL) {
		return -EBADMSG;
	}
	memcpy(field, &n, sizeof(n));
	return 0;
}

static int read_json(sqlite3_stmt *statement, int index, json_t **ret_json) {
	const char *text = (const char *)sqlite3_column_text(statement, index);
	size_t len = (size_t)sqlite3_column_bytes(statement, index);

	if (text == NULL) {
		return 0;
	}
	*ret_json = json_loadb(text, len, JSON_DECODE_ANY, NULL);
	return *ret_json == NULL ? -EBADMSG : 0;
}

static int read_verdict(sqlite3_stmt *statement, int index, struct verdict *ret_verdict) {
	json_t *json = NULL;
	int status = read_json(statement, index, &json);

	if (status == 0 && json != NULL) {
		status = verdict_from_json(json, ret_verdict) < 0 ? -EBADMSG : 0;
	}
	json_decref(json);
	return status;
}

static int read_column(sqlite3_stmt *statement, int index, const struct column *column, void *field) {
	const char *text;
	bool failed = false;

	switch (column->kind) {
	case COLUMN_INT: *(int64_t *)field = sqlite3_column_int64(statement, index); return 0;
	case COLUMN_BOOL: *(bool *)field = sqlite3_column_int64(statement, index) != 0; return 0;
	case COLUMN_TEXT:
		text_copy(field, column->size, (const char *)sqlite3_column_text(statement, index));
		return 0;
	case COLUMN_OWNED:
		*(char **)field =
			text_dup((const char *)sqlite3_column_text(statement, index), &failed);
		return failed ? -ENOMEM : 0;
	case COLUMN_JSON: return read_json(statement, index, field);
	case COLUMN_NAME:
		return read_name((const char *)sqlite3_column_text(statement, index), column, field);
	case COLUMN_ERROR_TYPE:
		text = (const char *)sqlite3_column_text(statement, index);
		return text == NULL || error_type_parse(text, field) < 0 ? -EBADMSG : 0;
	case COLUMN_VERDICT: return read_verdict(statement, index, field);
	}
	return -EBADMSG;
}

int row_read(sqlite3_stmt *statement, int first, const struct row_type *type, void *ret_row) {
	int status = 0;

	memset(ret_row, 0, type->size);
	for (int i = 0; status == 0 && i < type->n_columns; i++) {
		const struct column *column = &type->columns[i];

		status = read_column(statement, first + i, column, (char *)ret_row + column->offset);
	}
	if (status < 0) {
		if (type->finish != NULL) {
			type->finish(ret_row);
		}
		memset(ret_row, 0, type->size);
	}
	return status;
}
