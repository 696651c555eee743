#include "daemon/model/report.h"

#include <stdlib.h>

#include "common/text.h"
#include "daemon/model/member.h"

void report_finish(struct report *report) {
	free(TAKE_PTR(report->details));
	free(TAKE_PTR(report->command));
	free(TAKE_PTR(report->log));
	json_decref(TAKE_PTR(report->context));
	json_decref(TAKE_PTR(report->scan));
}

void report_format_step(const struct report *report, char *out, size_t size) {
	bool job = report->job[0] != '\0', step = report->step[0] != '\0';

	(void)text_format(out, size, "%s%s%s%s%s", job ? "Job \"" : "", report->job,
		job	       ? (step ? "\", step \"" : "\"")
			: step ? "Step \""
			       : "A build",
		report->step, step ? "\"" : "");
}

/* The members the old scripts wrote; always there, as they were. */
static void add_known_members(struct member_writer *writer, const struct report *report) {
	member_time(writer, "timestamp", report->at_ms, MEMBER_EMPTY);
	member_text(writer, "project", report->project, MEMBER_EMPTY);
	member_text(writer, "branch", report->branch, MEMBER_EMPTY);
	member_text(writer, "commit", report->commit, MEMBER_EMPTY);
	member_text(writer, "buildNumber", report->build_number, MEMBER_EMPTY);
	member_text(writer, "jobName", report->job, MEMBER_EMPTY);
	member_text(writer, "buildUrl", report->build_url, MEMBER_EMPTY);
	member_text(writer, "errorType", error_type_name(report->error_type), MEMBER_EMPTY);
	member_text(writer, "errorDetails", report->details, MEMBER_EMPTY);
	member_json(writer, "context",
		report->context != NULL ? json_incref(report->context) : json_object());
}

json_t *report_to_json(const struct report *report) {
	struct member_writer writer;

	member_begin(&writer);
	member_id(&writer, "id", ID_REPORT, report->id);
	add_known_members(&writer, report);
	member_text(&writer, "stepName", report->step, MEMBER_LEAVE_OUT);
	member_text(&writer, "command", report->command, MEMBER_LEAVE_OUT);
	if (report->exit_code >= 0) {
		member_int(&writer, "exitCode", report->exit_code);
	}
	if (report->pull_request > 0) {
		member_int(&writer, "pullRequest", report->pull_request);
	}
	member_text(&writer, "headRepository", report->head_repository, MEMBER_LEAVE_OUT);
	member_text(&writer, "log", report->log, MEMBER_LEAVE_OUT);
	member_id(&writer, "incidentId", ID_INCIDENT, report->incident_id);
	if (report->submitter_uid >= 0) {
		member_int(&writer, "submitterUid", report->submitter_uid);
	}
	if (report->scan != NULL) {
		member_json(&writer, "scan", json_incref(report->scan));
	}
	return member_end(&writer);
}
