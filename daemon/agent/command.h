/*
 * command - an agent that is a program of this machine: what it is told, and how it is run. Loop thread only.
 *
 * Either it is a child of ours, or codegend-agent runs it, with other rights and under other limits. What both have
 * in common is in command.c.
 */
#pragma once

#include <jansson.h>
#include <uv.h>

#include "common/macro.h"
#include "daemon/agent/agent.h"
#include "daemon/agent/internal.h"
#include "daemon/process.h"

/* In the environment of every agent, and of what it starts: by it a later daemon knows them again. */
#define COMMAND_REPORT_VARIABLE "CODEGEN_REPORT_FILE"
#define COMMAND_ENV_MAX 32

struct remote;

struct command_run {
	struct agent_run base;
	struct process *process; /* NULL: it is no child of ours */
	char *parent;	 /* owned, as the next: of the directories of all such runs; NULL as well */
	char *directory; /* holds the report while the run lasts */
	char *report_file;
	struct remote *remote; /* NULL: it is a child of ours */
	bool begun;	       /* it says so: it may have started */
	bool recalled;	       /* it is to stop */
	int64_t started_us;
	int64_t timeout_ms;
};

/* What a program is told. Borrowed for the time of a call. */
struct command_brief {
	const struct agent_start *start;
	const char *prompt;
	json_t *report; /* without secrets */
};

/* Entries are owned, NULL-ended; the first failure to add one sticks in `status`. */
struct command_environment {
	char *entries[COMMAND_ENV_MAX + 1];
	size_t n;
	int status;
};

/* What every program may have of our own environment. */
void command_environment_inherit(struct command_environment *env);
/* The facts of the failure. `report_file` NULL: somebody else adds it. */
void command_environment_facts(
	struct command_environment *env, const struct agent_start *start, const char *report_file);
void command_environment_finish(struct command_environment *env);

/*
 * Both start the program for `run`, which is told by one of the next two how it came out; command_spawn() makes it a
 * child. Returns: 0; a negative errno, nothing was started, `why` says it without a full stop.
 */
must_check int command_spawn(uv_loop_t *loop, const struct command_brief *brief,
	struct command_run *run, char why[LIMIT_REASON_MAX]);
must_check int command_send(uv_loop_t *loop, const struct command_brief *brief,
	struct command_run *run, char why[LIMIT_REASON_MAX]);
/* Asks the program that was sent to end. */
void command_recall(struct command_run *run);

/* The program ended; or nothing was started; or what became of it is not known. `run` is gone. */
void command_ended(struct command_run *run, const struct process_outcome *outcome);
void command_not_started(struct command_run *run, enum agent_end end, const char *why);
void command_not_now(struct command_run *run, const char *why); /* the same, and time helps */
void command_lost(struct command_run *run, const char *why);
