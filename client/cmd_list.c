/*
 * tasks, incidents, reports: the lists.
 */
#include <stdio.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"

typedef void show_list_fn(const json_t *items);

/* Ends every list: JSON, or the table and what was left out. */
static int print_list(
	const struct invocation *inv, json_t *list, const char *member, show_list_fn *show) {
	const json_t *items = json_object_get(list, member);
	long long shown = (long long)json_array_size(items), total = json_number(list, "total");
	int r = 0;

	if (inv->json) {
		r = request_print_json(list);
	} else if (shown == 0) {
		printf("No %s.\n", member);
	} else {
		show(items);
		if (shown < total) {
			printf("%lld of %lld %s; --limit 0 shows all.\n", shown, total, member);
		}
	}
	json_decref(list);
	return r;
}

static int list(const struct invocation *inv, const char *method, const char *member,
	json_t *parameters, show_list_fn *show) {
	int64_t limit = option_number(&inv->options, "limit", CLIENT_LIST_ROWS);
	json_t *found = NULL;
	int r = request_list(inv, method, member, parameters, limit, &found);

	return r != 0 ? r : print_list(inv, found, member, show);
}

int cmd_tasks(const struct invocation *inv) {
	return list(inv, "ListTasks", "tasks",
		json_pack("{s:s?, s:s?, s:s?}", "status", option_text(&inv->options, "status"),
			"type", option_text(&inv->options, "type"), "incidentId",
			option_text(&inv->options, "incident")),
		show_task_table);
}

static void show_incident_table(const json_t *incidents) {
	static const char *const titles[] = { "ID", "PROJECT", "BRANCH", "ERROR TYPE", "STATE",
		"CYCLE", "UPDATED", "WHY" };
	_cleanup_(print_table_destroyp) struct print_table *table =
		print_table_create(titles, ARRAY_SIZE(titles));
	json_t *incident;
	size_t i;

	if (table == NULL) {
		return;
	}
	json_array_foreach(incidents, i, incident) {
		char when[PRINT_TIME_MAX], cycle[64];
		const char *const cells[] = { json_text(incident, "id"),
			json_text(incident, "project"), json_text(incident, "branch"),
			json_text(incident, "errorType"), json_text(incident, "state"), cycle,
			print_time(json_text(incident, "updatedAt"), when),
			json_text(incident, "reason") };

		snprintf(cycle, sizeof(cycle), "%lld/%lld", (long long)json_number(incident, "cycle"),
			(long long)json_number(incident, "maxCycles"));
		print_table_add(table, cells);
	}
	print_table_show(table);
}

int cmd_incidents(const struct invocation *inv) {
	return list(inv, "ListIncidents", "incidents",
		json_pack("{s:s?, s:s?}", "state", option_text(&inv->options, "state"), "project",
			option_text(&inv->options, "project")),
		show_incident_table);
}

static void show_report_table(const json_t *reports) {
	static const char *const titles[] = { "ID", "TIME", "PROJECT", "BRANCH", "ERROR TYPE",
		"JOB", "DETAILS" };
	_cleanup_(print_table_destroyp) struct print_table *table =
		print_table_create(titles, ARRAY_SIZE(titles));
	json_t *report;
	size_t i;

	if (table == NULL) {
		return;
	}
	json_array_foreach(reports, i, report) {
		char when[PRINT_TIME_MAX];
		const char *const cells[] = { json_text(report, "id"),
			print_time(json_text(report, "timestamp"), when),
			json_text(report, "project"), json_text(report, "branch"),
			json_text(report, "errorType"), json_text(report, "jobName"),
			json_text(report, "errorDetails") };

		print_table_add(table, cells);
	}
	print_table_show(table);
}

int cmd_reports(const struct invocation *inv) {
	return list(inv, "ListReports", "reports",
		json_pack("{s:s?, s:s?}", "project", option_text(&inv->options, "project"),
			"incidentId", option_text(&inv->options, "incident")),
		show_report_table);
}
