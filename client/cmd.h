/*
 * cmd - the run functions of the command table, and what their files share.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "client/command.h"

command_run_fn cmd_backup;
command_run_fn cmd_check;
command_run_fn cmd_cleanup;
command_run_fn cmd_completion;
command_run_fn cmd_config;
command_run_fn cmd_digest;
command_run_fn cmd_doctor;
command_run_fn cmd_explain;
command_run_fn cmd_export;
command_run_fn cmd_help;
command_run_fn cmd_import;
command_run_fn cmd_incident;
command_run_fn cmd_incidents;
command_run_fn cmd_metrics;
command_run_fn cmd_pause;
command_run_fn cmd_ready;
command_run_fn cmd_redact;
command_run_fn cmd_reload;
command_run_fn cmd_report;
command_run_fn cmd_report_page;
command_run_fn cmd_reports;
command_run_fn cmd_resume;
command_run_fn cmd_run;
command_run_fn cmd_scan;
command_run_fn cmd_schedule;
command_run_fn cmd_stats;
command_run_fn cmd_status;
command_run_fn cmd_submit;
command_run_fn cmd_task;
command_run_fn cmd_tasks;
command_run_fn cmd_top;
command_run_fn cmd_version;
command_run_fn cmd_watch;

/* Whether `command` ("task") has the verb `word` ("run"). */
bool verb_exists(const char *command, const char *word);

/* One object of the wire, for people. */
void show_task(const json_t *task);
void show_incident(const json_t *incident);
void show_report(const json_t *report);
void show_verdict(const json_t *verdict);
void show_event(const json_t *event);
void show_task_table(const json_t *tasks);
