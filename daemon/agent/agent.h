/*
 * agent - who repairs. Starts a run and says how it ended; whether it helped only the check decides.
 *
 * Loop thread only. A run is heap-allocated here and gone after its `ended`, which runs exactly once and never from
 * inside agent_start(). An agent of type mention is the forge's to ask (FORGE_MENTION): it is none of these.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/macro.h"
#include "daemon/config.h"
#include "daemon/http.h"
#include "daemon/model/incident.h"
#include "daemon/model/link.h"
#include "daemon/model/post.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"

struct agent_run;

/* What an agent that works elsewhere has to have on disk before it goes on. */
struct agent_recorder {
	/* Commits `post`, then calls agent_recorded() from the loop. Returns: 0; -errno, it will not be called. */
	int (*record)(void *user, const struct post *post);
	void *user; /* borrowed, until `ended` */
};

/* All borrowed, for the time of the call. */
struct agent_start {
	const struct config_agent *agent;
	const char *state_dir; /* the report file is written below it, and removed when the run ended */
	const char *agent_socket; /* where codegend-agent runs programs; NULL: they are children of ours */
	const struct incident *incident;
	const struct report *report;
	const struct task *task;    /* the trigger */
	const struct task *history; /* the incident's tasks, oldest first: what earlier cycles tried */
	size_t n_history;
	const struct post *posts; /* the incident's, oldest first: a run that began before is taken up again */
	size_t n_posts;
	struct http *http;		/* outlives the run; NULL: only agents of type command */
	struct agent_recorder recorder; /* agents that work elsewhere */
};

enum agent_end {
	AGENT_ENDED,	   /* it ran, whatever it did */
	AGENT_NOT_STARTED, /* as when agent_start() fails: certainly nothing was started */
	AGENT_UNUSABLE,	   /* the same, as with -ENOEXEC */
	AGENT_NOT_NOW,	   /* nothing began, and time helps: `retry_ms` */
	AGENT_REFUSED,	   /* nothing began, and asking again would change nothing */
	AGENT_ASKS,	   /* it waits for a person */
	AGENT_LATE,	   /* its timeout is over, and it may go on unseen */
	AGENT_LEFT, /* codegend stops; it works on elsewhere, and is taken up again by the next start */
};

struct agent_outcome {
	enum agent_end end;
	int64_t retry_ms;		   /* AGENT_NOT_NOW: not before; 0 unknown */
	char sentence[LIMIT_SENTENCE_MAX]; /* "exited with code 0 after 12 s" */
	/* A new reference that `ended` owns; may be NULL. */
	json_t *result;
	const struct link *links; /* borrowed for the time of the call: branches it made */
	size_t n_links;
};

/*
 * Returns: 0, it runs; a negative errno, certainly nothing was started, `ret_sentence` (LIMIT_SENTENCE_MAX) says why.
 * -EKEYREJECTED (there is a secret in the prompt) and -EOPNOTSUPP (no such type) are final. -ENOEXEC, its program or
 * workdir cannot be used, stays until somebody does something about it.
 */
must_check int agent_start(uv_loop_t *loop, const struct agent_start *start,
	void (*ended)(void *user, const struct agent_outcome *outcome), void *user,
	struct agent_run **ret_run, char *ret_sentence);
/*
 * Whether its program, its workdir and its credential are there and can be used. Looks at files. Returns: 0; -errno,
 * and `ret_sentence` says which is not and why.
 */
must_check int agent_check(const struct config_agent *agent, char ret_sentence[LIMIT_SENTENCE_MAX]);
/*
 * Asks it to end: TERM, then KILL; one that works elsewhere is left (`leave`: AGENT_LEFT) or no longer followed.
 * `ended` runs later. Idempotent.
 */
void agent_stop(struct agent_run *run, bool leave);
/* Answers a `record` of that run: `status` 0, it is on disk. */
void agent_recorded(struct agent_run *run, int status);

/* Whether codegend-agent could start an agent of type command. */
struct agent_inquiry {
	/* out: "" is no problem */
	char user[LIMIT_NAME_MAX]; /* that it would be started as */
	char program[LIMIT_REASON_MAX];
	char workdir[LIMIT_REASON_MAX];
	char writing[LIMIT_REASON_MAX]; /* into the workdir */
	/* the agent's */
	struct remote *remote;
	void (*done)(struct agent_inquiry *inquiry, int status);
};

/*
 * `inquiry` is the caller's and must not move until `done`, which runs once, never from inside the call: 0; -errno,
 * nobody answers at `socket`, or not in time: LIMIT_DOCTOR_MS. Returns: 0; -errno, `done` never runs.
 */
must_check int agent_inquire(uv_loop_t *loop, const char *socket, const struct config_agent *agent,
	struct agent_inquiry *inquiry, void (*done)(struct agent_inquiry *inquiry, int status));

/*
 * Kills what agents of a daemon that crashed left running, and removes what they left below `state_dir`. Blocks. Call
 * it once at the start, before any run: their triggers are recorded as over, and their branches are free.
 */
void agent_sweep(const char *state_dir);
