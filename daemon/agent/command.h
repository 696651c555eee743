/*
 * command - an agent that is a local program: its environment, its input, its process. Loop thread only.
 */
#pragma once

#include <uv.h>

#include "common/macro.h"
#include "daemon/agent/agent.h"
#include "daemon/process.h"

/*
 * Starts the program of `start->agent` with the prompt on standard input. `report_file` becomes $CODEGEN_REPORT_FILE.
 * Returns and `ended` as process_start(); -EMSGSIZE, the prompt is too long.
 */
must_check int command_start(uv_loop_t *loop, const struct agent_start *start,
	const char *report_file, void (*ended)(void *user, const struct process_outcome *outcome),
	void *user, struct process **ret_process);
