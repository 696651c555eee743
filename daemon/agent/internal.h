/*
 * internal - what agent.c and the types of agents share. Loop thread only.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "common/macro.h"
#include "daemon/agent/agent.h"

/* A type of agent: a row of the table in agent.c. Its functions are as the public ones. */
struct agent_type {
	const char *name;
	/* What `ended` needs is filled in when this returned: it must not run before. */
	int (*start)(uv_loop_t *loop, const struct agent_start *start, struct agent_run **ret_run,
		char ret_sentence[LIMIT_SENTENCE_MAX]);
	void (*stop)(struct agent_run *run, bool leave);
	void (*recorded)(struct agent_run *run, int status); /* NULL: it records nothing */
};

/* The part of a run that all types have; it stands within a type's own. */
struct agent_run {
	const struct agent_type *type;
	char name[LIMIT_NAME_MAX];
	void (*ended)(void *user, const struct agent_outcome *outcome);
	void *user; /* borrowed */
};

/*
 * The directory of the runs of programs, absolute and without symbolic links: the programs of this daemon are known
 * by it, see agent_sweep(). The caller frees it. Returns: 0; negative errno, of `state_dir`.
 */
must_check int agent_find_directory(const char *state_dir, char **ret_path);

must_check int command_start(uv_loop_t *loop, const struct agent_start *start,
	struct agent_run **ret_run, char ret_sentence[LIMIT_SENTENCE_MAX]);
void command_stop(struct agent_run *run, bool leave);

must_check int codegen_start(uv_loop_t *loop, const struct agent_start *start,
	struct agent_run **ret_run, char ret_sentence[LIMIT_SENTENCE_MAX]);
void codegen_stop(struct agent_run *run, bool leave);
void codegen_recorded(struct agent_run *run, int status);
