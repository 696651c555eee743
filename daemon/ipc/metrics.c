/* Metrics: what the daemon counted, and what it knows only when it is asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/internal.h"
#include "daemon/ipc/spool.h"
#include "daemon/metrics.h"

static void set_process(const struct server *server) {
	size_t resident_bytes = 0;
	uv_rusage_t usage = { 0 };

	(void)uv_resident_set_memory(&resident_bytes);
	(void)uv_getrusage(&usage);
	metrics_set(METRIC_START_TIME, 0, server->started_ms);
	metrics_set(METRIC_RESIDENT_MEMORY, 0, (int64_t)resident_bytes);
	metrics_set(METRIC_CPU, 0,
		(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
			usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void set_counts(const struct store_counts *counts) {
	for (size_t status = 0; status < TASK_STATUS_COUNT; status++) {
		int64_t n = 0;

		for (size_t type = 0; type < TASK_TYPE_COUNT; type++) {
			n += counts->tasks[type][status];
		}
		metrics_set(METRIC_TASKS, status, n);
	}
	for (size_t state = 0; state < INCIDENT_STATE_COUNT; state++) {
		metrics_set(METRIC_INCIDENTS, state, counts->incidents[state]);
	}
	metrics_set(METRIC_TASKS_OVERDUE, 0, counts->overdue);
	metrics_set(METRIC_TASKS_OVERDUE_PAUSED, 0, counts->overdue_paused);
	metrics_set(METRIC_STORE_BYTES, 0, counts->file_bytes);
}

static void set_server(const struct server *server) {
	const char *const *paused = engine_paused(server->engine);
	json_t *spool = spool_to_json(server->spool);
	int64_t n_paused = 0;

	while (paused[n_paused] != NULL) {
		n_paused++;
	}
	metrics_set(METRIC_PAUSES, 0, n_paused);
	metrics_set(METRIC_SPOOL_FILES, 0, json_integer_value(json_object_get(spool, "waiting")));
	for (size_t i = 0; i < SERVER_SOCKET_COUNT; i++) {
		metrics_set(METRIC_CONNECTIONS, i, (int64_t)server->n_conns[i]);
	}
	json_decref(spool);
}

static json_t *member(const json_t *object, const char *key) {
	return json_incref(json_object_get(object, key));
}

static int add_limit(json_t *families, json_t *forge, const json_t *limit) {
	static const struct {
		enum metric metric;
		const char *key;
	} columns[] = {
		{ METRIC_BUDGET_LIMIT, "limit" },
		{ METRIC_BUDGET_LEFT, "remaining" },
	};
	const char *reset = json_string_value(json_object_get(limit, "resetAt"));
	json_t *labels = json_pack("{s:O, s:O}", "forge", json_object_get(forge, "name"),
		"resource", json_object_get(limit, "resource"));
	int64_t reset_ms = 0;
	int r = clock_parse(reset != NULL ? reset : "", &reset_ms);

	for (size_t i = 0; i < ARRAY_SIZE(columns) && r == 0; i++) {
		r = metrics_sample(families, columns[i].metric, json_incref(labels),
			member(limit, columns[i].key));
	}
	if (r == 0) {
		r = metrics_sample(families, METRIC_BUDGET_RESET, json_incref(labels),
			json_integer(reset_ms / CLOCK_SECOND_MS));
	}
	json_decref(labels);
	return r;
}

/* A forge that nobody asks over a network is always there, and has no sample. */
static int add_forge(json_t *families, json_t *forge) {
	const json_t *reachable = json_object_get(forge, "reachable");
	const json_t *limits = json_object_get(forge, "limits");
	int r = 0;

	if (limits == NULL || reachable == NULL) {
		return 0;
	}
	r = metrics_sample(families, METRIC_FORGE_UP,
		json_pack("{s:O}", "forge", json_object_get(forge, "name")),
		json_integer(json_is_true(reachable)));
	if (r == 0) { /* a forge that is closed says why */
		r = metrics_sample(families, METRIC_FORGE_OPEN,
			json_pack("{s:O}", "forge", json_object_get(forge, "name")),
			json_integer(json_object_get(forge, "reason") == NULL));
	}
	for (size_t i = 0; i < json_array_size(limits) && r == 0; i++) {
		r = add_limit(families, forge, json_array_get(limits, i));
	}
	return r;
}

static int add_named(json_t *families, struct engine *engine) {
	json_t *forges = engine_forges_to_json(engine);
	int r = metrics_sample(families, METRIC_BUILD_INFO,
		json_pack("{s:s}", "version", CODEGEND_VERSION), json_integer(1));

	for (size_t i = 0; i < json_array_size(forges) && r == 0; i++) {
		r = add_forge(families, json_array_get(forges, i));
	}
	json_decref(forges);
	return r;
}

static json_t *families_of(struct call *call, const struct store_counts *counts) {
	json_t *families;

	set_process(call_server(call));
	set_server(call_server(call));
	set_counts(counts);
	families = metrics_to_json();
	if (families == NULL || add_named(families, call_engine(call)) < 0) {
		json_decref(families);
		return NULL;
	}
	return families;
}

void on_metrics(struct call *call, void *params) {
	(void)params;
	reply_with_counts(call, "families", families_of);
}
