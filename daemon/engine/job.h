/*
 * job - one claimed task under way: from its claim to the commit of what came of it.
 *
 *     publish_report       STORY ─► ACT (forge) ─► RECORD
 *     trigger_agent        ASK ─► STORY ─► ACT (agent) ─► RECORD
 *     pr_readiness_check   STORY ─► BUILDS ─► ACT (forge) ─► RECORD
 *     notify               STORY ─► ACT (forge) ─► RECORD
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
	/* Of the jobs that post for one incident one has its turn: what it writes the next one has to know. */
	enum { JOB_POSTS_NOTHING, JOB_WAITS_FOR_TURN, JOB_HAS_TURN } turn;

	struct store_step step;
	struct store_story story;
	bool has_story;
	struct store_builds builds;
	bool has_builds;
	struct forge_publish publish;
	struct forge_check check;
	struct config_checks *checks; /* owned */
	struct agent_run *run;
	struct store_post record; /* what a forge or an agent wants on disk before it goes on */
	struct post record_post;
	char handle[LIMIT_SUBJECT_MAX];
	struct link links[LIMIT_LINKS_OF_INCIDENT]; /* that the agent made */
	size_t n_links;

	/* What it came to; the event that is recorded. */
	struct event event;
	char sentence[LIMIT_SENTENCE_MAX];
	json_t *result;
};

/* Goes on after a wait: `status` is what the wait came to. Frees the job when it is done. */
void job_step(struct job *job, int status);

/* The acts. Each returns -EINPROGRESS (job_step() is called later) or sets `event` and returns 0. */
must_check int job_publish(struct job *job);
must_check int job_notify(struct job *job);
must_check int job_check(struct job *job);
must_check int job_trigger(struct job *job);
/* Asks the forge to post for an agent, job_act.c; `done` as of forge_publish(). */
must_check int job_post(struct job *job, enum forge_purpose purpose, const char *handle,
	void (*done)(struct forge_publish *publish, int status));
/* When no report is kept, the incident's verdict stands in for one. */
void job_stand_in_report(struct job *job);
/* Puts what a post or run needs on disk; `done` from the loop. Returns: 0; -errno, it will not run. */
must_check int job_record(struct job *job, const struct post *post, store_done_fn *done);

/* An agent may have been asked: what was recorded last of its run or mention has an intent, or says where it is. */
bool job_may_have_begun(const struct job *job);
/* After the n-th attempt: 5 s, 10 s, 20 s, ... an hour; half of it is jitter. */
int64_t job_backoff_ms(int64_t attempt);
/* The attempt failed and nothing happened outside. */
void job_failed(struct job *job, bool retryable, const char *fmt, ...) printf_like(3, 4);
/* Nothing is wrong with it: time helps. `retry_ms`: not before; 0, as the backoff says. */
void job_waits(struct job *job, int64_t retry_ms, const char *sentence);
/* Why a forge failed, as one of the two. */
void job_post_failed(struct job *job, const struct forge_publish *publish, int status);
/* Its row stays executing: the next start takes it up again. */
void job_leave(struct job *job);
