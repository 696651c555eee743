/*
 * metrics - what the daemon counts of itself, for a monitoring system: counters, gauges and histograms, one table of
 * them in metrics.c. Of the process, like the log.
 *
 * Each instrument is written by one thread only, and so without a lock; any thread may read. A series is there from
 * the start with 0, so that its first event is seen as a change. Bounded: a label's values are in the table, at most
 * LIMIT_METRIC_SERIES of one instrument; those of forges, which have names, by LIMIT_CONFIG_FORGES.
 *
 * Names and units follow https://prometheus.io/docs/practices/naming/ (seconds, bytes; counters end in _total);
 * tests/e2e/test_metrics.py asks `promtool check metrics`. codegend-metrics(7) has the same table for people.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

/* In the order they are shown; beside each the unit of its values, and what its label is. */
enum metric {
	METRIC_BUILD_INFO,	/* by name: version */
	METRIC_START_TIME,	/* ms since 1970 */
	METRIC_CPU,		/* us */
	METRIC_RESIDENT_MEMORY, /* bytes */
	METRIC_PAUSES,
	METRIC_LOOP_LAG,       /* us */
	METRIC_TIMER_LATENESS, /* us */
	METRIC_TASK_LATENESS,  /* ms */
	METRIC_TASKS,	       /* enum task_status */
	METRIC_TASKS_OVERDUE,
	METRIC_TASKS_OVERDUE_PAUSED,
	METRIC_INCIDENTS,    /* enum incident_state */
	METRIC_STORE_QUEUE,  /* requests */
	METRIC_STORE_BATCH,  /* requests; the store's thread */
	METRIC_STORE_COMMIT, /* us; the store's thread */
	METRIC_STORE_BYTES,
	METRIC_SUBMISSIONS, /* enum metric_source */
	METRIC_SUBMIT_TIME, /* us */
	METRIC_REFUSALS,    /* enum metric_refusal */
	METRIC_CONNECTIONS, /* enum server_socket */
	METRIC_CLOSED,	    /* enum metric_end */
	METRIC_SPOOL_FILES,
	METRIC_SPOOL_REJECTED,
	METRIC_HTTP_REQUESTS, /* enum metric_http */
	METRIC_HTTP_TIME,     /* us */
	METRIC_HTTP_PENDING,  /* enum metric_pending */
	METRIC_FORGE_UP,      /* by name: forge */
	METRIC_FORGE_OPEN,    /* by name: forge */
	METRIC_BUDGET_LIMIT,  /* by name: forge, resource */
	METRIC_BUDGET_LEFT,   /* by name: forge, resource */
	METRIC_BUDGET_RESET,  /* by name: forge, resource; s since 1970 */
	METRIC_COUNT,
};

enum metric_source { METRIC_BY_SOCKET, METRIC_BY_SPOOL };

/* Why a call got an error. */
enum metric_refusal {
	METRIC_REFUSED_ARGUMENT,      /* a parameter is wrong or missing */
	METRIC_REFUSED_BUSY,	      /* too much waits to be written */
	METRIC_REFUSED_CONFIGURATION, /* it has mistakes */
	METRIC_REFUSED_DISK_FULL,
	METRIC_REFUSED_FAILED,	  /* the store, or memory */
	METRIC_REFUSED_METHOD,	  /* there is none of that name */
	METRIC_REFUSED_NOT_FOUND, /* no such object */
	METRIC_REFUSED_PROJECT,	  /* the configuration does not know it */
	METRIC_REFUSED_SOCKET,	  /* the method is for the other socket */
	METRIC_REFUSED_STATE,	  /* the object's state does not allow it */
	METRIC_REFUSED_STOPPING,
	METRIC_REFUSED_SUBMITTER, /* the user may not report for the project */
	METRIC_REFUSED_USER_FULL, /* max-pending-per-user */
	METRIC_REFUSAL_COUNT,
};

/* Why a connection ended. */
enum metric_end {
	METRIC_END_DONE,
	METRIC_END_FULL, /* too many connections */
	METRIC_END_MEMORY,
	METRIC_END_PROTOCOL,
	METRIC_END_SLOW,
	METRIC_END_UNKNOWN, /* nobody tells who the peer is */
	METRIC_END_UNREAD,  /* too much of what was sent to it, or half messages of its own */
	METRIC_END_USER_FULL,
	METRIC_END_COUNT,
};

enum metric_http {
	METRIC_HTTP_SUCCESS,
	METRIC_HTTP_REDIRECTION,
	METRIC_HTTP_CLIENT_ERROR,
	METRIC_HTTP_SERVER_ERROR,
	METRIC_HTTP_CANCELLED,
	METRIC_HTTP_PROTOCOL, /* TLS as well */
	METRIC_HTTP_REFUSED,
	METRIC_HTTP_RESET,
	METRIC_HTTP_TIMEOUT,
	METRIC_HTTP_TOO_LARGE,
	METRIC_HTTP_UNREACHABLE,
	METRIC_HTTP_FAILED, /* here: memory */
	METRIC_HTTP_COUNT,
};

enum metric_pending { METRIC_HTTP_ACTIVE, METRIC_HTTP_WAITING };

/* A counter goes up by one. `label`: of the instrument's enum; 0: it has none. */
void metrics_count(enum metric metric, size_t label);
/* A gauge's value, or that of a counter which somebody else keeps. */
void metrics_set(enum metric metric, size_t label, int64_t value);
/* One observation of a histogram, in the unit named beside it above. A negative one (a clock was set) is 0. */
void metrics_observe(enum metric metric, int64_t value);

/*
 * All families, an array by enum metric, of type Family in io.codegend.varlink. Those by name have no sample yet. A new
 * reference; NULL: memory.
 */
must_check json_t *metrics_to_json(void);
/* Adds a sample to one by name. Steals `labels` and `value`. Returns: 0; -ENOMEM. */
must_check int metrics_sample(json_t *families, enum metric metric, json_t *labels, json_t *value);
