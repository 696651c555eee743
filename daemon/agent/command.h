/*
 * command - an agent that is a local program: its environment, its input, its process. Loop thread only.
 */
#pragma once

#include <uv.h>

#include "common/macro.h"
#include "daemon/agent/agent.h"
#include "daemon/process.h"

/* In the environment of every agent, and of what it starts: by it a later daemon knows them again. */
#define COMMAND_REPORT_VARIABLE "CODEGEN_REPORT_FILE"

/*
 * Starts the program of `start->agent` with the prompt on standard input. `report_file` becomes
 * COMMAND_REPORT_VARIABLE.
 * Returns and `ended` as process_start(); of the prompt -EMSGSIZE, too long, and -EKEYREJECTED, a secret in it.
 */
must_check int command_spawn(uv_loop_t *loop, const struct agent_start *start,
	const char *report_file, void (*ended)(void *user, const struct process_outcome *outcome),
	void *user, struct process **ret_process);
