#include "daemon/model/task.h"

#include <stdlib.h>

#include "daemon/model/member.h"

const char *const task_status_names[] = {
	[TASK_SCHEDULED] = "scheduled",
	[TASK_EXECUTING] = "executing",
	[TASK_COMPLETED] = "completed",
	[TASK_FAILED] = "failed",
	[TASK_CANCELLED] = "cancelled",
	[TASK_STATUS_COUNT] = NULL,
};

const char *const task_type_names[] = {
	[TASK_PUBLISH_REPORT] = "publish_report",
	[TASK_TRIGGER_AGENT] = "trigger_agent",
	[TASK_PR_READINESS_CHECK] = "pr_readiness_check",
	[TASK_NOTIFY] = "notify",
	[TASK_TYPE_COUNT] = NULL,
};

const char *const task_origin_names[] = {
	[TASK_BY_INCIDENT] = "incident",
	[TASK_BY_HAND] = "hand",
	[TASK_IMPORTED] = "import",
	[TASK_ORIGIN_COUNT] = NULL,
};

#define TO(status) (1u << (status))

bool task_may_move(enum task_status from, enum task_status to) {
	static const unsigned int moves[TASK_STATUS_COUNT] = {
		[TASK_SCHEDULED] = TO(TASK_EXECUTING) | TO(TASK_CANCELLED),
		[TASK_EXECUTING] = TO(TASK_SCHEDULED) | TO(TASK_COMPLETED) | TO(TASK_FAILED) |
			TO(TASK_CANCELLED),
		[TASK_COMPLETED] = 0,
		[TASK_FAILED] = TO(TASK_SCHEDULED),
		[TASK_CANCELLED] = TO(TASK_SCHEDULED),
	};

	return from == to || (moves[from] & TO(to)) != 0;
}

void task_finish(struct task *task) {
	free(TAKE_PTR(task->instructions));
	json_decref(TAKE_PTR(task->result));
}

void task_free_array(struct task *tasks, size_t n) {
	for (size_t i = 0; i < n; i++) {
		task_finish(&tasks[i]);
	}
	free(tasks);
}

static json_t *environment_to_json(const struct task *task) {
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "branch", task->branch, MEMBER_EMPTY);
	member_text(&writer, "buildNumber", task->build_number, MEMBER_EMPTY);
	member_text(&writer, "commitSha", task->commit, MEMBER_EMPTY);
	member_text(&writer, "projectName", task->project, MEMBER_EMPTY);
	return member_end(&writer);
}

/* The members the old scripts wrote, in their order. */
static void add_known_members(struct member_writer *writer, const struct task *task) {
	member_id(writer, "id", ID_TASK, task->id);
	member_time(writer, "createdAt", task->created_ms, MEMBER_EMPTY);
	member_time(writer, "scheduledFor", task->due_ms, MEMBER_EMPTY);
	member_text(writer, "type", task_type_names[task->type], MEMBER_EMPTY);
	member_text(writer, "status", task_status_names[task->status], MEMBER_EMPTY);
	member_text(writer, "instructions", task->instructions, MEMBER_EMPTY);
	member_json(writer, "environment", environment_to_json(task));
}

json_t *task_to_json(const struct task *task) {
	struct member_writer writer;

	member_begin(&writer);
	add_known_members(&writer, task);
	member_id(&writer, "incidentId", ID_INCIDENT, task->incident_id);
	if (task->cycle > 0) {
		member_int(&writer, "cycle", task->cycle);
	}
	member_int(&writer, "attempt", task->attempt);
	member_time(&writer, "startedAt", task->started_ms, MEMBER_LEAVE_OUT);
	member_time(&writer, "finishedAt", task->finished_ms, MEMBER_LEAVE_OUT);
	member_text(&writer, "origin", task_origin_names[task->origin], MEMBER_EMPTY);
	member_text(&writer, "lane", task->lane, MEMBER_EMPTY);
	member_text(&writer, "reason", task->reason, MEMBER_LEAVE_OUT);
	if (task->result != NULL) {
		member_json(&writer, "result", json_incref(task->result));
	}
	return member_end(&writer);
}
