#include "daemon/metrics.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "daemon/limits.h"
#include "daemon/model/incident.h"
#include "daemon/model/task.h"

enum instrument_type { COUNTER, GAUGE, HISTOGRAM };

static const char *const type_names[] = { "counter", "gauge", "histogram" };

struct instrument {
	const char *name;
	enum instrument_type type;
	const char *help;
	bool by_name;	   /* labels and samples come from elsewhere: metrics_sample() */
	const char *label; /* NULL: there is one series */
	const char *const *values;
	size_t n_values;
	const int64_t *bounds; /* of a histogram, ascending */
	size_t n_bounds;
	int64_t per_unit; /* how many of the counted unit make one of that which is shown; 0: it is the same */
};

static const char *const sources[] = { "socket", "spool" };
static const char *const sockets[] = { "submit", "control" };
static const char *const refusals[] = { "argument", "busy", "configuration", "disk_full", "failed",
	"method", "not_found", "project", "socket", "state", "stopping", "submitter", "user_full" };
static const char *const ends[] = { "done", "full", "memory", "protocol", "slow", "unknown",
	"unread", "user_full" };
static const char *const outcomes[] = { "success", "redirection", "client_error", "server_error",
	"cancelled", "protocol", "refused", "reset", "timeout", "too_large", "unreachable",
	"failed" };
static const char *const pending[] = { "active", "waiting" };
_Static_assert(ARRAY_SIZE(refusals) == METRIC_REFUSAL_COUNT, "a word for each refusal");
_Static_assert(ARRAY_SIZE(ends) == METRIC_END_COUNT, "a word for each end of a connection");
_Static_assert(ARRAY_SIZE(outcomes) == METRIC_HTTP_COUNT, "a word for each outcome");

static const int64_t delays_us[] = { 100, 500, 1000, 5000, 10000, 50000, 100000, 500000, 1000000,
	5000000 };
static const int64_t answers_us[] = { 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
	10000000, 30000000, 60000000 };
static const int64_t delays_ms[] = { 10, 100, 500, 1000, 5000, 10000, 60000, 300000, 1800000,
	7200000, 86400000 };
static const int64_t queue_requests[] = { 0, 1, 4, 16, 64, 256, 1024, LIMIT_STORE_QUEUE };
static const int64_t batch_requests[] = { 1, 2, 4, 8, 16, 32, 64, 128, LIMIT_STORE_BATCH };

#define LABEL(name, words) .label = (name), .values = (words), .n_values = ARRAY_SIZE(words)
#define BOUNDS(array, unit) .bounds = (array), .n_bounds = ARRAY_SIZE(array), .per_unit = (unit)
#define US BOUNDS(delays_us, 1000000)
#define FITS(array) _Static_assert(ARRAY_SIZE(array) < LIMIT_METRIC_SERIES, "with what lies above")

FITS(delays_us);
FITS(answers_us);
FITS(delays_ms);
FITS(queue_requests);
FITS(batch_requests);
FITS(refusals);
FITS(outcomes);

/* clang-format off */
static const struct instrument instruments[METRIC_COUNT] = {
	[METRIC_BUILD_INFO] = { "codegend_build_info", GAUGE,
		"The version of the daemon, as a label; always 1.", .by_name = true },
	[METRIC_START_TIME] = { "codegend_start_time_seconds", GAUGE,
		"When the daemon was started, in seconds since 1970.", .per_unit = 1000 },
	[METRIC_CPU] = { "codegend_cpu_seconds_total", COUNTER,
		"Processor time of the daemon, without its agents.", .per_unit = 1000000 },
	[METRIC_RESIDENT_MEMORY] = { "codegend_resident_memory_bytes", GAUGE,
		"Memory of the daemon that is in use." },
	[METRIC_PAUSES] = { "codegend_pauses", GAUGE,
		"Pauses in force, of a project or of everything." },
	[METRIC_LOOP_LAG] = { "codegend_loop_lag_seconds", HISTOGRAM,
		"How long the event loop was busy in a turn, and whatever came meanwhile had to wait.", US },
	[METRIC_TIMER_LATENESS] = { "codegend_timer_lateness_seconds", HISTOGRAM,
		"How long after its time the timer of due tasks went off.", US },
	[METRIC_TASK_LATENESS] = { "codegend_task_lateness_seconds", HISTOGRAM,
		"How long after its due time a task was begun: waits for a free place, a forge or the end of a "
		"pause are part of it.", BOUNDS(delays_ms, 1000) },
	[METRIC_TASKS] = { "codegend_tasks", GAUGE, "Tasks by status.", .label = "status",
		.values = task_status_names, .n_values = TASK_STATUS_COUNT },
	[METRIC_TASKS_OVERDUE] = { "codegend_tasks_overdue", GAUGE,
		"Scheduled tasks whose due time is past." },
	[METRIC_TASKS_OVERDUE_PAUSED] = { "codegend_tasks_overdue_paused", GAUGE,
		"Those of them that a pause holds, of their project or of everything." },
	[METRIC_INCIDENTS] = { "codegend_incidents", GAUGE, "Incidents by state.", .label = "state",
		.values = incident_state_names, .n_values = INCIDENT_STATE_COUNT },
	[METRIC_STORE_QUEUE] = { "codegend_store_queue_requests", HISTOGRAM,
		"Requests that were before a new one in the queue of the store.", BOUNDS(queue_requests, 1) },
	[METRIC_STORE_BATCH] = { "codegend_store_batch_requests", HISTOGRAM,
		"Requests that the store carried out together.", BOUNDS(batch_requests, 1) },
	[METRIC_STORE_COMMIT] = { "codegend_store_commit_seconds", HISTOGRAM,
		"How long a commit took, until it was on disk.", US },
	[METRIC_STORE_BYTES] = { "codegend_store_bytes", GAUGE,
		"Size of the database and its write-ahead log." },
	[METRIC_SUBMISSIONS] = { "codegend_submissions_total", COUNTER,
		"Submissions that are on disk, by the way they came.", LABEL("source", sources) },
	[METRIC_SUBMIT_TIME] = { "codegend_submit_seconds", HISTOGRAM,
		"How long a submission by the socket took, from its message to its answer.", US },
	[METRIC_REFUSALS] = { "codegend_refusals_total", COUNTER,
		"Calls that were answered with an error, by reason.", LABEL("reason", refusals) },
	[METRIC_CONNECTIONS] = { "codegend_connections", GAUGE,
		"Open connections by socket.", LABEL("socket", sockets) },
	[METRIC_CLOSED] = { "codegend_connections_closed_total", COUNTER,
		"Connections that ended, by reason; all but \"done\" are worth a line in the journal.",
		LABEL("reason", ends) },
	[METRIC_SPOOL_FILES] = { "codegend_spool_files", GAUGE,
		"Submissions that wait in the spool." },
	[METRIC_SPOOL_REJECTED] = { "codegend_spool_rejected_total", COUNTER,
		"Files of the spool that could not be used and were set aside." },
	[METRIC_HTTP_REQUESTS] = { "codegend_http_requests_total", COUNTER,
		"Requests to forges and agents, by outcome.", LABEL("outcome", outcomes) },
	[METRIC_HTTP_TIME] = { "codegend_http_request_seconds", HISTOGRAM,
		"How long a request was under way.", BOUNDS(answers_us, 1000000) },
	[METRIC_HTTP_PENDING] = { "codegend_http_pending_requests", GAUGE,
		"Requests under way, and those that wait for their turn.", LABEL("state", pending) },
	[METRIC_FORGE_UP] = { "codegend_forge_up", GAUGE,
		"Whether the forge could be reached, and was GitHub, when it was last tried: 1, else 0.",
		.by_name = true },
	[METRIC_FORGE_OPEN] = { "codegend_forge_open", GAUGE,
		"Whether writes to the forge may begin now: 1; 0 while it cannot be reached, its credential is"
		" missing or refused, or a limit is used up.",
		.by_name = true },
	[METRIC_BUDGET_LIMIT] = { "codegend_forge_budget_limit", GAUGE,
		"Requests that the forge allows in a window of time, by resource.",
		.by_name = true },
	[METRIC_BUDGET_LEFT] = { "codegend_forge_budget_remaining", GAUGE,
		"Requests that are left of them.",
		.by_name = true },
	[METRIC_BUDGET_RESET] = { "codegend_forge_budget_reset_timestamp_seconds", GAUGE,
		"When that window ends, in seconds since 1970.",
		.by_name = true },
};
/* clang-format on */

/* Of a histogram the counts of its buckets, then their sum; else the values by label. */
struct cells {
	_Atomic int64_t series[LIMIT_METRIC_SERIES];
	_Atomic int64_t sum;
};

static struct cells all_cells[METRIC_COUNT];

/* Not one instruction of the processor, which would lock the bus: nobody else writes it. */
static void add(_Atomic int64_t *cell, int64_t n) {
	int64_t value = atomic_load_explicit(cell, memory_order_relaxed);

	atomic_store_explicit(cell, value + n, memory_order_relaxed);
}

static int64_t get(const _Atomic int64_t *cell) {
	return atomic_load_explicit(cell, memory_order_relaxed);
}

void metrics_count(enum metric metric, size_t label) {
	add(&all_cells[metric].series[label], 1);
}

void metrics_set(enum metric metric, size_t label, int64_t value) {
	atomic_store_explicit(&all_cells[metric].series[label], value, memory_order_relaxed);
}

void metrics_observe(enum metric metric, int64_t value) {
	const struct instrument *instrument = &instruments[metric];
	size_t bucket = 0;

	value = MAX(value, 0);
	while (bucket < instrument->n_bounds && value > instrument->bounds[bucket]) {
		bucket++;
	}
	add(&all_cells[metric].series[bucket], 1);
	add(&all_cells[metric].sum, value);
}

/* Showing */

static json_t *in_units(const struct instrument *instrument, int64_t value) {
	return instrument->per_unit > 1 ? json_real((double)value / (double)instrument->per_unit)
					: json_integer(value);
}

/* A missing label or value is an error, not a sample without it. */
static int add_sample(json_t *family, json_t *sample) {
	return json_array_append_new(json_object_get(family, "samples"), sample) < 0 ? -ENOMEM : 0;
}

static json_t *histogram_sample(const struct instrument *instrument, const struct cells *cells) {
	json_t *buckets = json_array();

	for (size_t i = 0; i <= instrument->n_bounds; i++) {
		json_t *bound = i < instrument->n_bounds
			? in_units(instrument, instrument->bounds[i])
			: json_null();

		if (json_array_append_new(buckets,
			    json_pack("{s:o, s:I}", "upTo", bound, "count",
				    (json_int_t)get(&cells->series[i]))) < 0) {
			json_decref(buckets);
			return NULL;
		}
	}
	return json_pack("{s:{}, s:o, s:o}", "labels", "buckets", buckets, "sum",
		in_units(instrument, get(&cells->sum)));
}

static json_t *value_sample(const struct instrument *instrument, size_t i, int64_t value) {
	return instrument->label != NULL
		? json_pack("{s:{s:s}, s:o}", "labels", instrument->label, instrument->values[i],
			  "value", in_units(instrument, value))
		: json_pack("{s:{}, s:o}", "labels", "value", in_units(instrument, value));
}

static int add_series(json_t *family, const struct instrument *instrument, const struct cells *cells) {
	size_t n_series = instrument->label != NULL ? instrument->n_values : 1;
	int r = 0;

	if (instrument->type == HISTOGRAM) {
		return add_sample(family, histogram_sample(instrument, cells));
	}
	for (size_t i = 0; i < n_series && r == 0 && !instrument->by_name; i++) {
		r = add_sample(family, value_sample(instrument, i, get(&cells->series[i])));
	}
	return r;
}

json_t *metrics_to_json(void) {
	json_t *families = json_array();
	int r = families != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; i < METRIC_COUNT && r == 0; i++) {
		const struct instrument *instrument = &instruments[i];
		json_t *family = json_pack("{s:s, s:s, s:s, s:[]}", "name", instrument->name,
			"help", instrument->help, "type", type_names[instrument->type], "samples");

		r = json_array_append_new(families, family) < 0
			? -ENOMEM
			: add_series(family, instrument, &all_cells[i]);
	}
	if (r < 0) {
		json_decref(families);
		return NULL;
	}
	return families;
}

int metrics_sample(json_t *families, enum metric metric, json_t *labels, json_t *value) {
	return add_sample(json_array_get(families, metric),
		json_pack("{s:o, s:o}", "labels", labels, "value", value));
}
