/* Which error of io.codegend a negative errno of engine or store stands for; and how often each was the answer. */
#include <errno.h>
#include <string.h>

#include "common/protocol.h"
#include "daemon/ipc/internal.h"
#include "daemon/metrics.h"

#define ERRORS_RETRY_MS 1000
#define ERRORS_QUOTA_RETRY_MS 60000 /* longer than a step of CI waits: it is spooled meanwhile */

struct error_row {
	int status;
	enum metric_refusal reason;
	const char *name;
	const char *message; /* when the caller has no better sentence */
	const char *hint;
	int retry_after_ms; /* 0: not part of the answer */
};

static const struct error_row error_rows[] = {
	{ -ENOENT, METRIC_REFUSED_NOT_FOUND, "NotFound", "there is no such object",
		"`codegenctl tasks`, `incidents` and `reports` list what there is", 0 },
	{ -ESTALE, METRIC_REFUSED_STATE, "Refused", "the object is not in a state that allows this",
		"`codegenctl explain ID` says where it is", 0 },
	{ -EEXIST, METRIC_REFUSED_STATE, "Refused", "an object with that id is there already",
		"leave it, or choose another id", 0 },
	{ -ECANCELED, METRIC_REFUSED_STATE, "Refused", "there was nothing to do", NULL, 0 },
	{ -EACCES, METRIC_REFUSED_PROJECT, "Refused", "the configuration does not allow this project",
		"add a project section, or set unknown-projects = allow, in codegend.conf(5)", 0 },
	{ -EPERM, METRIC_REFUSED_SUBMITTER, "Refused", "this user may not report for this project",
		"report as a user that \"submitters\" in codegend.conf(5) names, or have this one added",
		0 },
	{ -EDQUOT, METRIC_REFUSED_USER_FULL, "Busy",
		"too much that this user reported is under repair; nothing was recorded",
		"close what nobody repairs, or raise max-pending-per-user in codegend.conf(5)",
		ERRORS_QUOTA_RETRY_MS },
	{ -EAGAIN, METRIC_REFUSED_BUSY, "Busy",
		"too much is waiting to be written; nothing was recorded", "try again in a second",
		ERRORS_RETRY_MS },
	{ -ENOSPC, METRIC_REFUSED_DISK_FULL, "StoreFull", "the disk is full; nothing was recorded",
		"make space in the state directory and try again", 0 },
	{ -ESHUTDOWN, METRIC_REFUSED_STOPPING, "ShuttingDown",
		"the daemon is going down; nothing was recorded",
		"try again when it has started again", 0 },
	{ -EIO, METRIC_REFUSED_FAILED, "StoreFailed", "the store failed; nothing was recorded",
		"the daemon's log says why", 0 },
};
static const struct error_row error_other = { 0, METRIC_REFUSED_FAILED, "StoreFailed",
	"the daemon could not carry this out; nothing was recorded", "the daemon's log says why", 0 };

static const struct error_row *error_find(int status) {
	for (size_t i = 0; i < ARRAY_SIZE(error_rows); i++) {
		if (error_rows[i].status == status) {
			return &error_rows[i];
		}
	}
	return &error_other;
}

void call_fail(struct call *call, int status, const char *sentence) {
	const struct error_row *row = error_find(status);
	char name[LIMIT_NAME_MAX];
	json_t *parameters = json_object();

	(void)snprintf(name, sizeof(name), "%s.%s", PROTOCOL_INTERFACE, row->name);
	(void)json_object_set_new(parameters, "message",
		json_string(sentence != NULL && sentence[0] != '\0' ? sentence : row->message));
	if (row->hint != NULL) {
		(void)json_object_set_new(parameters, "hint", json_string(row->hint));
	}
	if (row->retry_after_ms > 0) {
		(void)json_object_set_new(
			parameters, "retryAfterMs", json_integer(row->retry_after_ms));
	}
	metrics_count(METRIC_REFUSALS, row->reason);
	call_answer(call, name, parameters);
}

/* Those that no errno stands for. */
static const struct {
	const char *name;
	enum metric_refusal reason;
} named_errors[] = {
	{ PROTOCOL_INTERFACE ".InvalidArgument", METRIC_REFUSED_ARGUMENT },
	{ PROTOCOL_INTERFACE ".InvalidConfiguration", METRIC_REFUSED_CONFIGURATION },
	{ PROTOCOL_EXPECTED_MORE, METRIC_REFUSED_ARGUMENT },
	{ PROTOCOL_INTERFACE_NOT_FOUND, METRIC_REFUSED_METHOD },
	{ PROTOCOL_INVALID_PARAMETER, METRIC_REFUSED_ARGUMENT },
	{ PROTOCOL_METHOD_NOT_FOUND, METRIC_REFUSED_METHOD },
	{ PROTOCOL_PERMISSION_DENIED, METRIC_REFUSED_SOCKET },
};

void call_error(struct call *call, const char *error, json_t *parameters) {
	for (size_t i = 0; i < ARRAY_SIZE(named_errors); i++) {
		if (strcmp(named_errors[i].name, error) == 0) {
			metrics_count(METRIC_REFUSALS, named_errors[i].reason);
		}
	}
	call_answer(call, error, parameters);
}
