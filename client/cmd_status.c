#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "common/buffer.h"
#include "common/text.h"

#define COUNTS_MAX_BYTES 4096

/* "3 scheduled, 1 failed": the counters of `object` that are not zero, in its own order. */
static void print_counts(const char *key, const json_t *object) {
	_cleanup_(buffer_finish) struct buffer text;
	const char *name;
	json_t *value;

	buffer_init(&text, COUNTS_MAX_BYTES);
	json_object_foreach((json_t *)object, name, value) {
		if (json_integer_value(value) > 0 &&
			buffer_appendf(&text, "%s%lld %s", text.len > 0 ? ", " : "",
				(long long)json_integer_value(value), name) < 0) {
			break;
		}
	}
	print_pair(key, text.len > 0 ? text.data : "none");
}

static void print_queue(int64_t n_writes) {
	char line[64];

	if (n_writes > 0) {
		(void)text_format(line, sizeof(line), "%lld write%s; they go one a second",
			(long long)n_writes, n_writes == 1 ? "" : "s");
		print_pair("  queue", line);
	}
}

/* Where only a person can make the forge take what is published. */
static void print_barred(const json_t *barred) {
	json_t *row;
	size_t i;

	json_array_foreach(barred, i, row) {
		char line[1024], since[PRINT_TIME_MAX];

		(void)text_format(line, sizeof(line), "%s since %s: %s", json_text(row, "project"),
			print_time(json_text(row, "since"), since), json_text(row, "reason"));
		print_pair("  refused", line);
	}
}

static void print_forges(const json_t *forges) {
	json_t *forge;
	size_t i;

	json_array_foreach(forges, i, forge) {
		char line[512];

		(void)text_format(line, sizeof(line), "%s (%s)%s%s", json_text(forge, "name"),
			json_text(forge, "type"),
			json_text(forge, "identity")[0] != '\0' ? " as " : "",
			json_text(forge, "identity"));
		print_pair("Forge", line);
		print_pair("  budget", json_text(forge, "budget"));
		print_queue(json_number(forge, "writesWaiting"));
		print_pair("  waits", json_text(forge, "reason"));
		print_barred(json_object_get(forge, "barred"));
	}
}

static void print_agents(const json_t *agents) {
	json_t *agent;
	size_t i;

	json_array_foreach(agents, i, agent) {
		char line[512];

		(void)text_format(line, sizeof(line), "%s (%s), %lld of %lld at work",
			json_text(agent, "name"), json_text(agent, "type"),
			(long long)json_number(agent, "running"),
			(long long)json_number(agent, "concurrency"));
		print_pair("Agent", line);
		print_pair("  problem", json_text(agent, "problem"));
		print_pair("  waits", json_text(agent, "reason"));
	}
}

static void print_errors(const json_t *events) {
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		char line[1024], when[PRINT_TIME_MAX];

		(void)text_format(line, sizeof(line), "%s %s%s%s%s%s",
			print_time(json_text(event, "at"), when), json_text(event, "project"),
			json_text(event, "incidentId")[0] != '\0' ? ", " : "",
			json_text(event, "incidentId"),
			json_text(event, "project")[0] != '\0' ? ": " : "",
			json_text(event, "message"));
		print_pair("Error", line);
	}
}

static void print_paused(const json_t *paused) {
	json_t *item;
	size_t i;

	json_array_foreach(paused, i, item) {
		print_pair("Paused", print_project(json_string_value(item)));
	}
}

static void show_status(const json_t *status) {
	const json_t *store = json_object_get(status, "store"),
		     *tasks = json_object_get(status, "tasks");
	char line[512], span[CLOCK_SPAN_MAX];

	print_fold();
	(void)text_format(line, sizeof(line), "%s, pid %lld, up %s", json_text(status, "version"),
		(long long)json_number(status, "pid"),
		clock_format_span(json_number(status, "uptimeSeconds") * CLOCK_SECOND_MS, span));
	print_pair("codegend", line);
	print_pair_time("Started", json_text(status, "startedAt"));
	print_pair("State", json_text(status, "stateDirectory"));
	(void)text_format(line, sizeof(line), "%s, %lld KiB, schema %lld",
		json_text(store, "engine"), (long long)(json_number(store, "bytes") + 1023) / 1024,
		(long long)json_number(store, "schemaVersion"));
	print_pair("Store", line);
	print_pair("  problem", json_text(store, "problem"));
	if (strcmp(json_text(status, "mode"), "observe") == 0) {
		print_pair("Mode", "observe");
	}
	print_paused(json_object_get(status, "paused"));
	print_counts("Tasks", tasks);
	print_pair_time("Next due", json_text(tasks, "nextDueAt"));
	print_counts("Incidents", json_object_get(status, "incidents"));
	print_pair_number("Reports", json_number(status, "reports"));
	print_pair_number("Builds", json_number(status, "builds"));
	if (json_object_get(status, "spool") != NULL) {
		print_counts("Spool", json_object_get(status, "spool"));
	}
	print_forges(json_object_get(status, "forges"));
	print_agents(json_object_get(status, "agents"));
	print_errors(json_object_get(status, "lastErrors"));
}

int cmd_status(const struct invocation *inv) {
	json_t *answer = NULL, *status;
	int r = request_once(inv, "GetStatus", json_object(), &answer);

	if (r != 0) {
		return r;
	}
	status = json_object_get(answer, "status");
	if (!json_is_object(status)) {
		r = failure_report(FAILURE_PROTOCOL, NULL, "the daemon's answer has no status");
	} else if (inv->json) {
		r = request_print_json(status);
	} else {
		show_status(status);
	}
	json_decref(answer);
	return r;
}
