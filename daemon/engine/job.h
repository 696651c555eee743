/*
 * job - one claimed task under way: from its claim to the commit of what came of it.
 *
 *     publish_report       STORY ─► ACT (forge) ─► RECORD
 *     trigger_agent        ASK ─► STORY ─► ACT (agent) ─► RECORD
 *     pr_readiness_check   STORY ─► BUILDS ─► ACT (forge) ─► RECORD
 *     notify               RECORD
 *
 * An outcome that cannot be recorded now (full disk) is kept and recorded later; it is never acted on twice. Loop
 * thread only.
 */
#pragma once

#include "daemon/engine/engine_internal.h"

enum job_state { JOB_ASK, JOB_STORY, JOB_BUILDS, JOB_ACT, JOB_RECORD, JOB_DONE };

struct job {
	struct list node;
	struct engine *engine;
	enum job_state state;
	struct task task; /* owned */
	struct policy policy;
	char lane[LIMIT_LANE_MAX]; /* whose slot it holds */
	bool unwanted;		   /* its agent is to be stopped, or not to be started */

	struct store_step step;
	struct store_story story;
	bool has_story;
	struct store_builds builds;
	bool has_builds;
	struct forge_publish publish;
	struct forge_check check;
	struct agent_run *run;

	/* What it came to; the event that is recorded. */
	struct event event;
	char sentence[LIMIT_SENTENCE_MAX];
	json_t *result;
};

/* Goes on after a wait: `status` is what the wait came to. Frees the job when it is done. */
void job_step(struct job *job, int status);

/* The acts. Each returns -EINPROGRESS (job_step() is called later) or sets `event` and returns 0. */
must_check int job_publish(struct job *job);
must_check int job_check(struct job *job);
must_check int job_trigger(struct job *job);

/* The attempt failed and nothing happened outside. */
void job_failed(struct job *job, bool retryable, const char *fmt, ...) printf_like(3, 4);
