/*
 * agent - who repairs. Starts a run and says how it ended; whether it helped only the check decides.
 *
 * Loop thread only. A run is heap-allocated here and gone after its `ended`, which runs exactly once and never from
 * inside agent_start().
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/macro.h"
#include "daemon/config.h"
#include "daemon/model/incident.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"

struct agent_run;

/* All borrowed, for the time of the call. */
struct agent_start {
	const struct config_agent *agent;
	const char *state_dir; /* the report file is written below it, and removed when the run ended */
	const struct incident *incident;
	const struct report *report;
	const struct task *task;    /* the trigger */
	const struct task *history; /* the incident's tasks, oldest first: what earlier cycles tried */
	size_t n_history;
};

struct agent_outcome {
	char sentence[LIMIT_SENTENCE_MAX]; /* "exited with code 0 after 12 s" */
	/* A new reference that `ended` owns; may be NULL. */
	json_t *result;
};

/*
 * Returns: 0, it runs; a negative errno, certainly nothing was started, `ret_sentence` (LIMIT_SENTENCE_MAX) says why.
 */
must_check int agent_start(uv_loop_t *loop, const struct agent_start *start,
	void (*ended)(void *user, const struct agent_outcome *outcome), void *user,
	struct agent_run **ret_run, char *ret_sentence);
/* Asks it to end: TERM, then KILL. `ended` runs later. Idempotent. */
void agent_stop(struct agent_run *run);

/*
 * Kills what agents of a daemon that crashed left running, and removes what they left below `state_dir`. Blocks. Call
 * it once at the start, before any run: their triggers are recorded as over, and their branches are free.
 */
void agent_sweep(const char *state_dir);
