#include "daemon/model/note.h"

#include "daemon/model/member.h"

const char *const note_kind_names[] = {
	[NOTE_REPORT] = "report",
	[NOTE_BUILD] = "build",
	[NOTE_INCIDENT] = "incident",
	[NOTE_CYCLE] = "cycle",
	[NOTE_TASK] = "task",
	[NOTE_PUBLISHED] = "published",
	[NOTE_TRIGGERED] = "triggered",
	[NOTE_AGENT] = "agent",
	[NOTE_VERDICT] = "verdict",
	[NOTE_NOTIFY] = "notify",
	[NOTE_OPERATOR] = "operator",
	[NOTE_DAEMON] = "daemon",
	[NOTE_KIND_COUNT] = NULL,
};

json_t *note_to_json(const struct note *note) {
	struct member_writer writer;

	member_begin(&writer);
	member_int(&writer, "seq", note->seq);
	member_time(&writer, "at", note->at_ms, MEMBER_EMPTY);
	member_text(&writer, "kind", note_kind_names[note->kind], MEMBER_EMPTY);
	member_text(&writer, "message", note->message, MEMBER_EMPTY);
	member_text(&writer, "project", note->project, MEMBER_LEAVE_OUT);
	member_id(&writer, "incidentId", ID_INCIDENT, note->incident_id);
	member_id(&writer, "taskId", ID_TASK, note->task_id);
	member_id(&writer, "reportId", ID_REPORT, note->report_id);
	return member_end(&writer);
}
