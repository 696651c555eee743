/*
 * agent_call - what the daemon and codegend-agent say to each other: the interface io.codegend.agent, in
 * codegend-protocol(7), AGENTS. Plain data and its tables; any thread.
 *
 * A connection carries one call, framed as in common/frame.h, and ends with its last answer.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/jfield.h"
#include "common/macro.h"
#include "daemon/limits.h"

#define AGENT_CALL_RUN "io.codegend.agent.Run"
#define AGENT_CALL_STOP "io.codegend.agent.Stop"
#define AGENT_CALL_CHECK "io.codegend.agent.Check"
/* Certainly nothing ran; `message` says why. */
#define AGENT_CALL_NOT_STARTED "io.codegend.agent.NotStarted"
/* The same: its program or workdir cannot be used, and that another time would change that is not to be expected. */
#define AGENT_CALL_UNUSABLE "io.codegend.agent.Unusable"
/* Of the environment that comes with a call; the rest is the far side's own. */
#define AGENT_CALL_VARIABLE "CODEGEN_"

/* Of Run. Owned by the struct. */
struct agent_run_call {
	json_t *command;     /* array of strings, not empty */
	json_t *environment; /* array of "CODEGEN_NAME=value" */
	char *workdir;	     /* NULL: the directory of the report */
	char *prompt;
	json_t *report;	       /* written to a file */
	int64_t output_bytes;  /* of the output the newest are kept */
	int64_t timeout_ms;    /* TERM then */
	int64_t kill_after_ms; /* KILL that long after TERM */
};

/* Of Check: could it run? */
struct agent_check_call {
	char *program;
	char *workdir; /* NULL: as above */
};

/* The last answer of Run. Before it one with `continues` says that the program is about to be started. */
struct agent_run_answer {
	int end; /* enum process_end */
	int64_t code;
	char *output; /* owned */
	int64_t output_dropped;
};

/* What Check answers; "" is no problem. */
struct agent_check_answer {
	char user[LIMIT_NAME_MAX]; /* who runs it */
	char program[LIMIT_REASON_MAX];
	char workdir[LIMIT_REASON_MAX];
	char writing[LIMIT_REASON_MAX]; /* into a workdir that can be entered */
};

/* How a program ended, by enum process_end; NULL-ended. */
extern const char *const agent_end_names[];

extern const struct jfield agent_run_call_fields[];
extern const size_t n_agent_run_call_fields;
extern const struct jfield agent_check_call_fields[];
extern const size_t n_agent_check_call_fields;
extern const struct jfield agent_run_answer_fields[];
extern const size_t n_agent_run_answer_fields;
extern const struct jfield agent_check_answer_fields[];
extern const size_t n_agent_check_answer_fields;

/* {"method":…,"parameters":{…}}. A new object; NULL: memory, or a text that is not UTF-8. */
must_check json_t *agent_call_make(
	const char *method, const struct jfield *fields, size_t n_fields, const void *parameters);
