/*
 * show - one object of the wire for people.
 */
#include <stdio.h>

#include "client/cmd.h"
#include "client/print.h"
#include "common/json_memory.h"
#include "common/text.h"

static void print_flag(const char *key, const json_t *object, const char *name) {
	if (json_is_integer(json_object_get(object, name))) {
		print_pair_number(key, json_number(object, name));
	}
}

void show_task(const json_t *task) {
	const json_t *environment = json_object_get(task, "environment");

	print_pair("Task", json_text(task, "id"));
	print_pair("Type", json_text(task, "type"));
	print_pair("Status", json_text(task, "status"));
	print_pair("Why", json_text(task, "reason"));
	print_pair_time("Scheduled for", json_text(task, "scheduledFor"));
	print_pair_time("Created", json_text(task, "createdAt"));
	print_pair_time("Started", json_text(task, "startedAt"));
	print_pair_time("Finished", json_text(task, "finishedAt"));
	print_pair("Project", json_text(environment, "projectName"));
	print_pair("Branch", json_text(environment, "branch"));
	print_pair("Commit", json_text(environment, "commitSha"));
	print_pair("Build", json_text(environment, "buildNumber"));
	print_pair("Incident", json_text(task, "incidentId"));
	print_flag("Cycle", task, "cycle");
	print_flag("Attempt", task, "attempt");
	print_pair("Origin", json_text(task, "origin"));
	print_pair("Lane", json_text(task, "lane"));
	print_pair("Instructions", json_text(task, "instructions"));
	if (json_is_object(json_object_get(task, "result"))) {
		char *result = json_memory_dump(json_object_get(task, "result"), JSON_INDENT(2));

		print_pair("Result", result);
		freep(&result);
	}
}

void show_verdict(const json_t *verdict) {
	json_t *item;
	size_t i;

	print_pair("Verdict", json_text(verdict, "outcome"));
	json_array_foreach(json_object_get(verdict, "reasons"), i, item) {
		char line[1024];

		(void)text_format(line, sizeof(line), "%s (%s)%s%s: %s", json_text(item, "code"),
			json_text(item, "class"), json_text(item, "subject")[0] != '\0' ? " " : "",
			json_text(item, "subject"), json_text(item, "message"));
		print_pair("Reason", line);
	}
	print_pair("Head", json_text(verdict, "headSha"));
	json_array_foreach(json_object_get(verdict, "proof"), i, item) {
		print_pair("Proof", json_string_value(item));
	}
	print_pair_time("Checked", json_text(verdict, "checkedAt"));
}

void show_incident(const json_t *incident) {
	char cycle[64];

	(void)text_format(cycle, sizeof(cycle), "%lld of %lld",
		(long long)json_number(incident, "cycle"),
		(long long)json_number(incident, "maxCycles"));
	print_pair("Incident", json_text(incident, "id"));
	print_pair("State", json_text(incident, "state"));
	print_pair("Why", json_text(incident, "reason"));
	print_pair("Project", json_text(incident, "project"));
	print_pair("Branch", json_text(incident, "branch"));
	print_pair("Fork", json_text(incident, "headRepository"));
	print_flag("Pull request", incident, "pullRequest");
	print_pair("Error type", json_text(incident, "errorType"));
	print_pair("Cycle", cycle);
	print_flag("Reports", incident, "reports");
	print_pair("Head commit", json_text(incident, "headSha"));
	print_pair("Agent", json_text(incident, "agent"));
	print_pair("Held up by", json_text(incident, "hold"));
	print_pair_time("Opened", json_text(incident, "openedAt"));
	print_pair_time("Updated", json_text(incident, "updatedAt"));
	print_pair_time("Resolved", json_text(incident, "resolvedAt"));
	print_pair_time("Next check", json_text(incident, "nextCheckAt"));
	print_pair("Issue", json_text(incident, "issueUrl"));
	if (json_is_object(json_object_get(incident, "lastVerdict"))) {
		show_verdict(json_object_get(incident, "lastVerdict"));
	}
}

/* What the log says; its excerpt stands above the log. */
static void show_scan(const json_t *scan) {
	const char *excerpt = json_text(json_object_get(scan, "excerpt"), "text");

	print_pair("Stage", json_text(scan, "stage"));
	print_pair("Cause", json_text(scan, "cause"));
	print_pair("Headline", json_text(json_object_get(scan, "headline"), "text"));
	if (json_array_size(json_object_get(scan, "findings")) > 0) {
		print_pair_number(
			"Findings", (int64_t)json_array_size(json_object_get(scan, "findings")));
	}
	print_pair("Note", json_text(scan, "note"));
	if (excerpt[0] != '\0') {
		printf("\nExcerpt:\n");
		print_block(excerpt, 2);
	}
}

void show_report(const json_t *report) {
	print_pair("Report", json_text(report, "id"));
	print_pair_time("Time", json_text(report, "timestamp"));
	print_pair("Project", json_text(report, "project"));
	print_pair("Branch", json_text(report, "branch"));
	print_pair("Commit", json_text(report, "commit"));
	print_flag("Pull request", report, "pullRequest");
	print_pair("Job", json_text(report, "jobName"));
	print_pair("Step", json_text(report, "stepName"));
	print_pair("Command", json_text(report, "command"));
	print_flag("Exit code", report, "exitCode");
	print_pair("Build", json_text(report, "buildNumber"));
	print_pair("URL", json_text(report, "buildUrl"));
	print_pair("Error type", json_text(report, "errorType"));
	print_pair("Incident", json_text(report, "incidentId"));
	print_flag("Submitted by", report, "submitterUid");
	print_pair("Details", json_text(report, "errorDetails"));
	show_scan(json_object_get(report, "scan"));
	if (json_text(report, "log")[0] != '\0') {
		printf("\nLog:\n");
		print_block(json_text(report, "log"), 2);
	}
}

void show_event(const json_t *event) {
	static const char *const ids[] = { "project", "incidentId", "taskId", "reportId" };
	_cleanup_(freep) char *message = print_one_line(json_text(event, "message"));
	_cleanup_(freep) char *kind = print_one_line(json_text(event, "kind"));
	char when[PRINT_TIME_MAX];

	printf("%s  %-20s  %s", print_time(json_text(event, "at"), when), kind != NULL ? kind : "",
		message != NULL ? message : "");
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		_cleanup_(freep) char *id = print_one_line(json_text(event, ids[i]));

		if (id != NULL && id[0] != '\0') {
			printf("  %s", id);
		}
	}
	fputc('\n', stdout);
}

void show_task_table(const json_t *tasks) {
	static const char *const titles[] = { "ID", "TYPE", "STATUS", "SCHEDULED FOR", "PROJECT",
		"BRANCH", "WHY" };
	_cleanup_(print_table_destroyp) struct print_table *table =
		print_table_create(titles, ARRAY_SIZE(titles));
	json_t *task;
	size_t i;

	if (table == NULL) {
		return;
	}
	json_array_foreach(tasks, i, task) {
		const json_t *environment = json_object_get(task, "environment");
		char when[PRINT_TIME_MAX];
		const char *const cells[] = { json_text(task, "id"), json_text(task, "type"),
			json_text(task, "status"), print_time(json_text(task, "scheduledFor"), when),
			json_text(environment, "projectName"), json_text(environment, "branch"),
			json_text(task, "reason") };

		print_table_add(table, cells);
	}
	print_table_show(table);
}
