/*
 * event - something that happened and may change an incident. The only input of the lifecycle. Pure data.
 *
 * Pointers are borrowed from whoever made the event and live until the step that carries it is done.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/limits.h"
#include "daemon/model/build.h"
#include "daemon/model/report.h"
#include "daemon/model/verdict.h"

enum event_type {
	/* From CI. */
	EVENT_REPORT,	    /* `report` and its failed `build` */
	EVENT_BUILD_PASSED, /* `build` */

	/* What came of a claimed task; the step's task is it. */
	EVENT_PUBLISHED,     /* `text`: the URL of the issue or comment, or "" */
	EVENT_TRIGGER_ASKED, /* may the agent start now? Answered by the task's new status */
	EVENT_TRIGGERED, /* the agent's run ended or was handed over; `text`: one sentence on how; `result` */
	EVENT_VERDICT,	      /* `verdict` */
	EVENT_NOTIFIED,	      /* `text` */
	EVENT_ATTEMPT_FAILED, /* nothing happened outside; `text` says why; `retryable`, `backoff_ms` */
	EVENT_OBSERVED,	      /* not done: its project is only observed now */
	EVENT_TASK_MOVED,     /* it belongs into another lane: `text` */
	EVENT_RECOVERED,      /* found executing when the daemon started */

	/* From people. */
	EVENT_TASK_CREATED, /* by hand or imported: the step's `new_task` */
	EVENT_TASK_RUN,
	EVENT_TASK_CANCEL,
	EVENT_TASK_RETRY,
	EVENT_TASK_SNOOZE, /* `delay_ms` */
	EVENT_INCIDENT_CLOSE,
	EVENT_INCIDENT_RETRY,
	EVENT_TYPE_COUNT,
};

struct event {
	enum event_type type;
	const struct report *report;
	const struct build *build;
	const struct verdict *verdict;
	const char *text;
	json_t *result; /* borrowed: becomes the task's result */
	bool retryable;
	bool stopped; /* EVENT_TRIGGERED: the agent was stopped because it was no longer wanted */
	int64_t backoff_ms; /* jitter included, so that the lifecycle stays pure */
	int64_t delay_ms;
};

/* "report", "trigger asked", ... for logs and test messages. */
const char *event_type_name(enum event_type type);
