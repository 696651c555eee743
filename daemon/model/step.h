/*
 * step - one decision: what goes into lifecycle_step() and what comes out of it. Pure data.
 *
 * The store calls the decision inside the transaction that reads its input and writes its output, so two events of
 * one incident can never be decided on the same old state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/model/event.h"
#include "daemon/model/incident.h"
#include "daemon/model/note.h"
#include "daemon/model/policy.h"
#include "daemon/model/task.h"

struct step_input {
	const struct event *event;
	const struct policy *policy;
	int64_t now_ms;
	int64_t ahead_ms; /* how far the clock was set ahead, not believed yet: no age counts it */
	const struct incident *incident; /* NULL: none with that key, or the task belongs to none */
	const struct task *task;	 /* NULL: the event is about no task */
	const struct link *link; /* what makes the branch that CI speaks of the incident's; NULL: it is its own */

	/* Facts for EVENT_TRIGGER_ASKED. */
	int64_t branch_busy_with; /* the incident whose agent works on this head branch; 0 none */
	int64_t budget_free_ms;	  /* when the project may trigger again; 0 or past: now */
};

enum change_verb {
	/*
	 * A new task of `type`, due at `due_ms`, of the incident's current cycle; when a scheduled one of that type
	 * lives, that one becomes due at the earlier of both; an executing one: no effect.
	 */
	CHANGE_ADD,
	CHANGE_MOVE, /* the incident's scheduled task of `type` becomes due at `due_ms`; none: no effect */
	/* The incident's scheduled task of `type` is cancelled, due at `due_ms` (0: at any time); none: no effect. */
	CHANGE_CANCEL,
};

struct task_change {
	enum change_verb verb;
	enum task_type type;
	int64_t due_ms;
	char lane[LIMIT_LANE_MAX];	 /* CHANGE_ADD */
	char reason[LIMIT_SENTENCE_MAX]; /* why, one sentence */
};

#define STEP_CHANGES_MAX 6
#define STEP_NOTES_MAX 3

struct step_result {
	/*
	 * 0; or the event is refused and nothing is written: -ESTALE, the task or incident is not where the event
	 * needs it (`refusal` says where it is); -ECANCELED, nothing to do and nothing to record.
	 */
	int status;
	char refusal[LIMIT_SENTENCE_MAX];

	bool has_incident; /* write `incident`; a new row when its id is 0 */
	struct incident incident;
	/* Written before `changes`, so that a change of the same type does not meet the step's own task. */
	bool has_task; /* write status, lane, due_ms, started_ms, attempts and reason of the step's task as in `task` */
	struct task task; /* strings it owns: none; `result` borrowed from the event */

	struct task_change changes[STEP_CHANGES_MAX];
	size_t n_changes;
	struct note notes[STEP_NOTES_MAX]; /* kind and message; the store fills in the rest */
	size_t n_notes;
	const struct link *links; /* written as the incident's; borrowed from the event */
	size_t n_links;
	bool stop_agent;  /* the incident's running agent is no longer wanted */
	bool wake_branch; /* scheduled triggers of other incidents of this branch become due now */
};

/* The decision. Pure: no clock, no I/O, no randomness; any thread. `ret` is zeroed by the caller. */
typedef void step_decide_fn(const struct step_input *input, struct step_result *ret);
