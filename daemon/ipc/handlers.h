/*
 * handlers - the methods of io.codegend, for the table in methods.c; and what several of them need.
 */
#pragma once

#include <jansson.h>

#include "daemon/ipc/call.h"
#include "daemon/ipc/interface.h"
#include "daemon/ipc/params.h"

/* methods_submit.c */
ipc_handler_fn on_submit;
ipc_handler_fn on_get_ticket;
void submit_preset(void *params);

/* methods_object.c */
ipc_handler_fn on_get_task;
ipc_handler_fn on_run_task;
ipc_handler_fn on_cancel_task;
ipc_handler_fn on_retry_task;
ipc_handler_fn on_snooze_task;
ipc_handler_fn on_get_incident;
ipc_handler_fn on_close_incident;
ipc_handler_fn on_release_incident;
ipc_handler_fn on_retry_incident;
ipc_handler_fn on_get_report;

/* methods_list.c */
ipc_handler_fn on_list_tasks;
ipc_handler_fn on_list_incidents;
ipc_handler_fn on_list_reports;
ipc_handler_fn on_list_events;
void list_preset(void *params);

/* methods_work.c */
ipc_handler_fn on_schedule;
ipc_handler_fn on_check;
ipc_handler_fn on_cleanup;
ipc_handler_fn on_get_readiness;
void schedule_preset(void *params);
void cleanup_preset(void *params);

/* methods_daemon.c */
ipc_handler_fn on_ping;
ipc_handler_fn on_get_status;
ipc_handler_fn on_pause;
ipc_handler_fn on_resume;
ipc_handler_fn on_reload;
ipc_handler_fn on_get_config;

ipc_handler_fn on_get_stats; /* methods_stats.c */
void stats_preset(void *params);
ipc_handler_fn on_explain; /* explain.c */
ipc_handler_fn on_watch;   /* watch.c */
void watch_preset(void *params);
ipc_handler_fn on_import;  /* import.c */
ipc_handler_fn on_backup;  /* backup.c */
ipc_handler_fn on_doctor;  /* doctor.c */
ipc_handler_fn on_metrics; /* metrics.c */

/* Sets `value` (a new reference, may be NULL) under `key`. Returns: 0; -ENOMEM. */
must_check int set_new(json_t *object, const char *key, json_t *value);
/* The same for texts: nothing is set when `text` is NULL or "". */
must_check int set_text(json_t *object, const char *key, const char *text);
must_check int set_id(json_t *object, const char *key, enum id_kind kind, int64_t id);
must_check int set_time(json_t *object, const char *key, int64_t ms);
/* {key: value}; NULL: memory. Steals `value`. */
json_t *wrap(const char *key, json_t *value);
/* Replies with {key: value}, or with StoreFailed when `value` is NULL for want of memory. Steals `value`. */
void reply_with(struct call *call, const char *key, json_t *value);
/* The same with what `make` makes of the store's counters, once they are there; NULL of it: memory. */
void reply_with_counts(struct call *call, const char *name,
	json_t *(*make)(struct call *call, const struct store_counts *counts));
/* An incident with its budget under the policy in force. */
json_t *incident_as_json(struct call *call, const struct incident *incident, int64_t next_check_ms);
/* Whether `value` is not fit to be a repository's name (or a name), and why, in `ret_sentence` (LIMIT_SENTENCE_MAX). */
must_check bool project_is_wrong(const char *parameter, const char *value, char *ret_sentence);
must_check bool name_is_wrong(
	const char *parameter, const char *value, size_t size, bool required, char *ret_sentence);
/* Answers InvalidArgument unless `value` is "" or fit to be a repository's name. */
must_check bool check_project(struct call *call, const char *parameter, const char *value);
/* Answers InvalidArgument unless `value` is a name that fits, or "" and not `required`. */
must_check bool check_name(
	struct call *call, const char *parameter, const char *value, size_t size, bool required);
