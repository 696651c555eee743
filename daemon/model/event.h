/*
 * event - something that happened and may change an incident. The only input of the lifecycle. Pure data.
 *
 * Pointers are borrowed from whoever made the event and live until the step that carries it is done.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/limits.h"
#include "daemon/model/build.h"
#include "daemon/model/incident.h"
#include "daemon/model/link.h"
#include "daemon/model/report.h"
#include "daemon/model/verdict.h"

enum event_type {
	/* From CI. */
	EVENT_REPORT,	    /* `report` and its failed `build` */
	EVENT_BUILD_PASSED, /* `build` */

	/* What came of a claimed task; the step's task is it. */
	/*
	 * `text`: the URL of the issue or comment, or ""; `left_out`, `hold`, `pull_request`, `head_sha`,
	 * `look_again_ms`
	 */
	EVENT_PUBLISHED,
	EVENT_TRIGGER_ASKED, /* may the agent start now? Answered by the task's new status */
	/*
	 * The agent's run ended or was handed over; `text`: one sentence on how; `result`, `links`, `trace`, `stopped`,
	 * `hold`
	 */
	EVENT_TRIGGERED,
	EVENT_VERDICT,	      /* `verdict`, `links` */
	EVENT_NOTIFIED,	      /* `text`; `look_again_ms` */
	EVENT_ATTEMPT_FAILED, /* `text` says why; `failure`, `begun`, `backoff_ms` */
	EVENT_OBSERVED,	      /* not done: its project is only observed now */
	EVENT_TASK_MOVED,     /* it belongs into another lane: `text` */
	EVENT_RECOVERED,      /* found executing when the daemon started; `backoff_ms` */

	/* From people. */
	EVENT_TASK_CREATED, /* by hand or imported: the step's `new_task` */
	EVENT_TASK_RUN,
	EVENT_TASK_CANCEL,
	EVENT_TASK_RETRY,
	EVENT_TASK_SNOOZE, /* `delay_ms` */
	EVENT_INCIDENT_CLOSE,
	EVENT_INCIDENT_RETRY,
	EVENT_INCIDENT_RELEASE, /* an agent may be triggered although it was held */
	EVENT_TYPE_COUNT,
};

/* Whether it is worth trying again. */
enum attempt_failure {
	ATTEMPT_REFUSED, /* it would fail again */
	ATTEMPT_FAILED,	 /* it is, LIMIT_TASK_ATTEMPTS times */
	ATTEMPT_PASSING, /* nothing is wrong with it, time helps: it is never given up for it */
	ATTEMPT_BARRED, /* only a person can end it, who is waited for: attempts count after max-waiting */
};

/* What is known of the work of an agent that was triggered. */
enum agent_trace {
	AGENT_DID,	   /* it ended */
	AGENT_HANDED_OVER, /* it was asked and works elsewhere; what it does is not known */
	AGENT_LIFELESS,	   /* certainly no run began and none will: the next one's turn */
	AGENT_OVERDUE,	   /* it was followed for its whole time, so a sign of life is due now */
};

struct event {
	enum event_type type;
	const struct report *report;
	const struct build *build;
	const struct verdict *verdict;
	const char *text;
	json_t *result;		      /* borrowed: becomes the task's result */
	enum attempt_failure failure; /* EVENT_ATTEMPT_FAILED */
	enum agent_trace trace;	      /* EVENT_TRIGGERED */
	bool stopped; /* EVENT_TRIGGERED: the agent was stopped because it was no longer wanted */
	int64_t backoff_ms; /* jitter included, so that the lifecycle stays pure */
	int64_t delay_ms;
	bool begun; /* EVENT_ATTEMPT_FAILED: an agent was asked without an answer, and may begin by itself */
	enum incident_hold hold; /* HOLD_NONE: nothing speaks against an agent */
	int64_t pull_request;	 /* 0 unknown */
	const char *head_sha;	 /* NULL unknown */
	const char *left_out; /* EVENT_PUBLISHED: what was done without, a sentence; NULL or "": nothing */
	/* When what was posted is to be looked at again, since a late duplicate may appear; 0: no need. */
	int64_t look_again_ms;
	/* EVENT_TRIGGERED: branches that the agent made; EVENT_VERDICT: one that was a guess, and what it is. */
	const struct link *links;
	size_t n_links;
};

/* "report", "trigger asked", ... for logs and test messages. */
const char *event_type_name(enum event_type type);
