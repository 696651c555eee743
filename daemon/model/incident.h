/*
 * incident - a failure under repair: project, head repository, head branch, error type. Pure data, any thread.
 *
 *                     report                    published, agent triggered
 *       (none) ──────────────► OPEN ────────────────────────────────────► WAITING ──┐ due: pr_readiness_check
 *                               ▲ │                                          ▲  │    │
 *                               │ │                                          └──┼────┤ wait, human: same cycle, again
 *                               │ └── a passed build on the head, green ──┐     │    │
 *         repair: cycle + 1 ────┴─────────────────────────────────────────┼─────┼────┤
 *                                                                         ▼     │    │
 *              RESOLVED ◄── ready, merged ────────────────────────────────┴─────┼────┤
 *                 │  report within 24 h: OPEN, same cycle count; none left: ESCALATED│
 *              ABANDONED ◄── closed, gone, closed by an operator ───────────────┴────┤
 *              ESCALATED ◄── budget spent, a human needed too long ──────────────────┘
 *                 └── ready, merged: RESOLVED; closed, gone: ABANDONED; operator retry: OPEN, budget refilled
 *
 * OPEN may end as WAITING does: a check can come due, or an operator close it, before the agent was triggered. Both end
 * as ESCALATED when the daemon crashed too often in a row while executing a task of it.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error_type.h"
#include "common/id.h"
#include "common/macro.h"
#include "daemon/limits.h"
#include "daemon/model/policy.h"
#include "daemon/model/verdict.h"

enum incident_state {
	INCIDENT_OPEN,
	INCIDENT_WAITING,
	INCIDENT_RESOLVED,
	INCIDENT_ESCALATED,
	INCIDENT_ABANDONED,
	INCIDENT_STATE_COUNT,
};

/* Why no agent is triggered though the project has one; names in incident.c. */
enum incident_hold {
	HOLD_NONE,
	HOLD_FORK,	 /* its pull request is of a fork */
	HOLD_NO_WRITE,	 /* its author may not write to the project */
	HOLD_UNKNOWN,	 /* whether the author may write could not be found out */
	HOLD_IGNORED,	 /* a label keeps codegend away: nothing is posted either */
	HOLD_AGENT_ASKS, /* the agent itself waits for a person */
	HOLD_RELEASED,	 /* an operator said: trigger all the same */
	INCIDENT_HOLD_COUNT,
};

/* Owns nothing: copied by assignment. */
struct incident {
	int64_t id; /* 0: there is none yet */
	char project[LIMIT_NAME_MAX];
	char head_repository[LIMIT_NAME_MAX];
	char branch[LIMIT_NAME_MAX];
	enum error_type error_type;

	enum incident_state state;
	int64_t cycle;		   /* 1 is the first */
	int64_t refilled_at_cycle; /* cycles up to it are not counted against the budget; 0 at first */
	int64_t revision;	   /* + 1 with every report, passed build and new cycle */
	int64_t submitter_uid;	   /* whose report opened it, or reopened it last; -1: nobody's */
	int64_t opened_ms;
	int64_t updated_ms;
	int64_t resolved_ms; /* 0: not */
	/* When this cycle's check is regularly due; earlier ones never advance it. 0: an operator cancelled it. */
	int64_t follow_up_ms;
	int64_t n_reports;
	int64_t report_id;	 /* the newest: sets the head and the next prompt */
	int64_t cycle_report_id; /* the newest when this cycle began */
	int64_t pull_request;	 /* 0 unknown */
	char head_sha[LIMIT_COMMIT_MAX];
	char issue_url[LIMIT_URL_MAX];
	char reason[LIMIT_SENTENCE_MAX]; /* why it is where it is and what happens next, one sentence */
	struct verdict verdict;		 /* the last; checked_at_ms 0: none yet */

	/* The agents' part of this cycle. */
	int64_t agent_at; /* whose turn it is, a place in the policy's chain */
	int64_t life_due_ms; /* a sign of life of the triggered agent is due then; 0: none is waited for */
	char triggered_sha[LIMIT_COMMIT_MAX]; /* the head when it was triggered; "" unknown */
	enum incident_hold hold;
	int64_t hold_ms; /* since when */
};

extern const char *const incident_state_names[]; /* NULL-ended, by enum */
extern const char *const incident_hold_names[];
/* HOLD_NONE and HOLD_RELEASED hold nothing up. */
bool incident_is_held(const struct incident *incident);

/*
 * Whether the drawing above allows the move; staying is always allowed. With mode = observe a cycle begins in
 * WAITING, so RESOLVED and ESCALATED may also move there.
 */
bool incident_may_move(enum incident_state from, enum incident_state to);
/* OPEN and WAITING: it has work going on. */
bool incident_is_active(enum incident_state state);

struct report;
/* Not of a branch that an agent made for it. */
bool incident_has_branch_of(const struct incident *incident, const struct report *report);

/* Of another repository than the project's, whose letters' case does not matter. */
bool incident_is_of_fork(const struct incident *incident);

/* The last cycle the budget allows. */
int64_t incident_max_cycle(const struct incident *incident, const struct policy *policy);

/* As cli.md and io.codegend.varlink say. A new reference; NULL: memory. */
must_check json_t *incident_to_json(
	const struct incident *incident, const struct policy *policy, int64_t next_check_ms);
