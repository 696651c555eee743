/*
 * runner_internal - what the calls of a runner share. Loop thread only.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

#include "common/frame.h"
#include "common/macro.h"
#include "daemon/model/agent_call.h"
#include "daemon/process.h"

struct runner {
	uv_loop_t loop;
	uv_pipe_t peer;
	uv_timer_t timer; /* until the call is there, and until the answer is read */
	uv_timer_t watchdog;
	uv_signal_t term;
	uv_write_t write;
	struct frame_reader reader;
	struct buffer out;
	bool called;	   /* it has its call */
	bool hung_up;	   /* or is not listened to any more */
	bool answered;	   /* the last answer was given */
	bool unit_stopped; /* who ends the program is not the daemon */
	int exit_code;

	struct agent_run_call call; /* runner_run.c */
	struct process *process;    /* NULL: none runs */
	char directory[64];	    /* "": none was made */
};

/* Each takes the call's parameters (may be NULL) and gives the last answer, now or later. */
void runner_run(struct runner *runner, const json_t *parameters);
void runner_check(struct runner *runner, const json_t *parameters);
/* Frees what a run holds, and removes its directory. */
void runner_run_finish(struct runner *runner);

/* Writes what is before the last answer, without waiting. Returns: 0; -errno, nobody takes it. */
must_check int runner_say(struct runner *runner, json_t *answer);
/* The last answer; it takes over the reference, and ends the runner when it is written. NULL: memory. */
void runner_answer(struct runner *runner, json_t *answer);
void runner_refuse(struct runner *runner, const char *error, const char *name, const char *text);
