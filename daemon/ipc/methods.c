/*
 * methods - the table of io.codegend: what may be called where, and what each method takes. test-methods.c holds it
 * against io.codegend.varlink.
 */
#include "common/id.h"
#include "common/protocol.h"
#include "daemon/ipc/handlers.h"

#define REQ JFIELD_REQUIRED
#define OPT JFIELD_OPTIONAL

static const struct jfield submit_fields[] = {
	JFIELD("key", JFIELD_TEXT, struct submit_params, submit.key, REQ),
	JFIELD("project", JFIELD_TEXT, struct submit_params, submit.report.project, REQ),
	JFIELD("branch", JFIELD_TEXT, struct submit_params, submit.report.branch, REQ),
	JFIELD("passed", JFIELD_BOOL, struct submit_params, submit.passed, OPT),
	JFIELD("commit", JFIELD_TEXT, struct submit_params, submit.report.commit, OPT),
	JFIELD("headRepository", JFIELD_TEXT, struct submit_params, submit.report.head_repository,
		OPT),
	JFIELD("pullRequest", JFIELD_INT, struct submit_params, submit.report.pull_request, OPT),
	JFIELD("job", JFIELD_TEXT, struct submit_params, submit.report.job, OPT),
	JFIELD("step", JFIELD_TEXT, struct submit_params, submit.report.step, OPT),
	JFIELD("command", JFIELD_STRING, struct submit_params, submit.report.command, OPT),
	JFIELD("exitCode", JFIELD_INT, struct submit_params, submit.report.exit_code, OPT),
	JFIELD("buildNumber", JFIELD_TEXT, struct submit_params, submit.report.build_number, OPT),
	JFIELD("buildUrl", JFIELD_TEXT, struct submit_params, submit.report.build_url, OPT),
	JFIELD("errorType", JFIELD_TEXT, struct submit_params, error_type, OPT),
	JFIELD("errorDetails", JFIELD_STRING, struct submit_params, submit.report.details, OPT),
	JFIELD("log", JFIELD_STRING, struct submit_params, submit.report.log, OPT),
	JFIELD("context", JFIELD_OBJECT, struct submit_params, submit.report.context, OPT),
	JFIELD("scan", JFIELD_OBJECT, struct submit_params, submit.report.scan, OPT),
	JFIELD("ancestors", JFIELD_JSON, struct submit_params, ancestors, OPT),
	JFIELD("coverage", JFIELD_OBJECT, struct submit_params, coverage, OPT),
	JFIELD("lint", JFIELD_OBJECT, struct submit_params, lint, OPT),
	JFIELD("security", JFIELD_OBJECT, struct submit_params, security, OPT),
	JFIELD("tests", JFIELD_OBJECT, struct submit_params, tests, OPT),
};

static const struct jfield ticket_fields[] = {
	JFIELD("key", JFIELD_TEXT, struct ticket_params, key, REQ),
};

static const struct jfield id_fields[] = {
	JFIELD("id", JFIELD_TEXT, struct object_params, id, REQ),
};

static const struct jfield snooze_fields[] = {
	JFIELD("id", JFIELD_TEXT, struct object_params, id, REQ),
	JFIELD("delayMs", JFIELD_INT, struct object_params, delay_ms, REQ),
};

static const struct jfield list_tasks_fields[] = {
	JFIELD_NAMED("status", struct list_params, status, OPT, task_status_names),
	JFIELD_NAMED("type", struct list_params, type, OPT, task_type_names),
	JFIELD("incidentId", JFIELD_TEXT, struct list_params, incident, OPT),
	JFIELD("limit", JFIELD_INT, struct list_params, limit, OPT),
	JFIELD("before", JFIELD_TEXT, struct list_params, before, OPT),
};

static const struct jfield list_incidents_fields[] = {
	JFIELD_NAMED("state", struct list_params, state, OPT, incident_state_names),
	JFIELD("project", JFIELD_TEXT, struct list_params, project, OPT),
	JFIELD("limit", JFIELD_INT, struct list_params, limit, OPT),
	JFIELD("before", JFIELD_TEXT, struct list_params, before, OPT),
};

static const struct jfield list_reports_fields[] = {
	JFIELD("project", JFIELD_TEXT, struct list_params, project, OPT),
	JFIELD("incidentId", JFIELD_TEXT, struct list_params, incident, OPT),
	JFIELD("limit", JFIELD_INT, struct list_params, limit, OPT),
	JFIELD("before", JFIELD_TEXT, struct list_params, before, OPT),
};

static const struct jfield list_events_fields[] = {
	JFIELD("incidentId", JFIELD_TEXT, struct list_params, incident, OPT),
	JFIELD("since", JFIELD_INT, struct list_params, since, OPT),
	JFIELD("limit", JFIELD_INT, struct list_params, limit, OPT),
};

static const struct jfield schedule_fields[] = {
	JFIELD("project", JFIELD_TEXT, struct schedule_params, project, REQ),
	JFIELD("branch", JFIELD_TEXT, struct schedule_params, branch, REQ),
	JFIELD("commit", JFIELD_TEXT, struct schedule_params, commit, OPT),
	JFIELD("buildNumber", JFIELD_TEXT, struct schedule_params, build_number, OPT),
	JFIELD("delayMs", JFIELD_INT, struct schedule_params, delay_ms, OPT),
	JFIELD("instructions", JFIELD_STRING, struct schedule_params, instructions, OPT),
	JFIELD("key", JFIELD_TEXT, struct schedule_params, key, OPT),
};

static const struct jfield check_fields[] = {
	JFIELD("all", JFIELD_BOOL, struct check_params, check.all, OPT),
};

static const struct jfield cleanup_fields[] = {
	JFIELD("olderThanMs", JFIELD_INT, struct cleanup_params, cleanup.older_than_ms, OPT),
	JFIELD("dryRun", JFIELD_BOOL, struct cleanup_params, cleanup.dry_run, OPT),
	JFIELD("force", JFIELD_BOOL, struct cleanup_params, cleanup.force, OPT),
};

static const struct jfield ready_fields[] = {
	JFIELD("project", JFIELD_TEXT, struct ready_params, ready.project, REQ),
	JFIELD("branch", JFIELD_TEXT, struct ready_params, ready.branch, OPT),
	JFIELD("pullRequest", JFIELD_INT, struct ready_params, ready.pull_request, OPT),
};

static const struct jfield explain_fields[] = {
	JFIELD("id", JFIELD_TEXT, struct explain_params, id, REQ),
};

static const struct jfield stats_fields[] = {
	JFIELD("project", JFIELD_TEXT, struct stats_params, project, OPT),
	JFIELD("branch", JFIELD_TEXT, struct stats_params, branch, OPT),
	JFIELD("lastMs", JFIELD_INT, struct stats_params, last_ms, OPT),
	JFIELD("since", JFIELD_TIME, struct stats_params, since_ms, OPT),
	JFIELD("until", JFIELD_TIME, struct stats_params, until_ms, OPT),
	JFIELD("ended", JFIELD_BOOL, struct stats_params, ended, OPT),
	JFIELD("recompute", JFIELD_BOOL, struct stats_params, recompute, OPT),
};

static const struct jfield watch_fields[] = {
	JFIELD("since", JFIELD_INT, struct watch_params, since, OPT),
	JFIELD("last", JFIELD_INT, struct watch_params, last, OPT),
};

static const struct jfield import_fields[] = {
	JFIELD("name", JFIELD_TEXT, struct import_params, name, REQ),
	JFIELD("content", JFIELD_STRING, struct import_params, content, REQ),
};

static const struct jfield pause_fields[] = {
	JFIELD("project", JFIELD_TEXT, struct pause_params, pause.project, OPT),
};

/* A method without parameters: an empty table, so that its message is not kept. */
static const struct jfield no_fields[1];

#define NONE no_fields, 0, sizeof(struct no_params)
#define TAKES(fields, params)                                                                      \
	fields##_fields, ARRAY_SIZE(fields##_fields), sizeof(struct params##_params)

/* Sorted. The last column fills in what an absent parameter means. */
/* clang-format off */
static const struct ipc_method methods[] = {
	{ "Backup",        IPC_CONTROL, IPC_NEEDS_MORE, NONE,              on_backup,         NULL },
	{ "CancelTask",    IPC_CONTROL, 0, TAKES(id, object),              on_cancel_task,    NULL },
	{ "Check",         IPC_CONTROL, 0, TAKES(check, check),            on_check,          NULL },
	{ "Cleanup",       IPC_CONTROL, 0, TAKES(cleanup, cleanup),        on_cleanup,        cleanup_preset },
	{ "CloseIncident", IPC_CONTROL, 0, TAKES(id, object),              on_close_incident, NULL },
	{ "Doctor",        IPC_CONTROL, 0, NONE,                           on_doctor,         NULL },
	{ "Explain",       IPC_CONTROL, 0, TAKES(explain, explain),        on_explain,        NULL },
	{ "GetConfig",     IPC_CONTROL, 0, NONE,                           on_get_config,     NULL },
	{ "GetIncident",   IPC_CONTROL, 0, TAKES(id, object),              on_get_incident,   NULL },
	{ "GetReadiness",  IPC_CONTROL, 0, TAKES(ready, ready),            on_get_readiness,  NULL },
	{ "GetReport",     IPC_CONTROL, 0, TAKES(id, object),              on_get_report,     NULL },
	{ "GetStats",      IPC_CONTROL, IPC_MORE, TAKES(stats, stats),     on_get_stats,      stats_preset },
	{ "GetStatus",     IPC_CONTROL, 0, NONE,                           on_get_status,     NULL },
	{ "GetTask",       IPC_CONTROL, 0, TAKES(id, object),              on_get_task,       NULL },
	{ "GetTicket",     IPC_SUBMIT,  0, TAKES(ticket, ticket),          on_get_ticket,     NULL },
	{ "Import",        IPC_CONTROL, 0, TAKES(import, import),          on_import,         NULL },
	{ "ListEvents",    IPC_CONTROL, 0, TAKES(list_events, list),       on_list_events,    list_preset },
	{ "ListIncidents", IPC_CONTROL, 0, TAKES(list_incidents, list),    on_list_incidents, list_preset },
	{ "ListReports",   IPC_CONTROL, 0, TAKES(list_reports, list),      on_list_reports,   list_preset },
	{ "ListTasks",     IPC_CONTROL, 0, TAKES(list_tasks, list),        on_list_tasks,     list_preset },
	{ "Metrics",       IPC_CONTROL, 0, NONE,                           on_metrics,        NULL },
	{ "Pause",         IPC_CONTROL, 0, TAKES(pause, pause),            on_pause,          NULL },
	{ "Ping",          IPC_SUBMIT,  0, NONE,                           on_ping,           NULL },
	{ "ReleaseIncident", IPC_CONTROL, 0, TAKES(id, object),            on_release_incident, NULL },
	{ "Reload",        IPC_CONTROL, 0, NONE,                           on_reload,         NULL },
	{ "Resume",        IPC_CONTROL, 0, TAKES(pause, pause),            on_resume,         NULL },
	{ "RetryIncident", IPC_CONTROL, 0, TAKES(id, object),              on_retry_incident, NULL },
	{ "RetryTask",     IPC_CONTROL, 0, TAKES(id, object),              on_retry_task,     NULL },
	{ "RunTask",       IPC_CONTROL, 0, TAKES(id, object),              on_run_task,       NULL },
	{ "Schedule",      IPC_CONTROL, 0, TAKES(schedule, schedule),      on_schedule,       schedule_preset },
	{ "SnoozeTask",    IPC_CONTROL, 0, TAKES(snooze, object),          on_snooze_task,    NULL },
	{ "Submit",        IPC_SUBMIT,  0, TAKES(submit, submit),          on_submit,         submit_preset },
	{ "Watch",         IPC_CONTROL, IPC_NEEDS_MORE, TAKES(watch, watch), on_watch,       watch_preset },
};
/* clang-format on */

const struct ipc_interface methods_interface = {
	.name = PROTOCOL_INTERFACE,
	.description = protocol_varlink,
	.methods = methods,
	.n_methods = ARRAY_SIZE(methods),
};

static const struct ipc_interface *const interfaces[] = { &methods_interface };

static const struct ipc_service service = {
	.vendor = "codegend",
	.product = "codegend",
	.version = CODEGEND_VERSION,
	.url = "man:codegend-protocol(7)",
	.interfaces = interfaces,
	.n_interfaces = ARRAY_SIZE(interfaces),
};

int server_open(const struct server_options *options, struct server **ret_server, char *ret_sentence) {
	return server_open_service(options, &service, ret_server, ret_sentence);
}
