/* The daemon itself: Ping, GetStatus, Pause, Resume, Reload, GetConfig. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/protocol.h"
#include "common/text.h"
#include "daemon/agent/agent.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/internal.h"
#include "daemon/ipc/spool.h"

void on_ping(struct call *call, void *params) {
	call_reply(call, json_pack("{s:s}", "version", CODEGEND_VERSION));
}

static json_t *paused_to_json(const struct engine *engine) {
	const char *const *projects = engine_paused(engine);
	json_t *array = json_array();

	for (size_t i = 0; projects != NULL && projects[i] != NULL; i++) {
		if (json_array_append_new(array, json_string(projects[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* Status */

struct counts_op {
	const char *name; /* of the answer's member; borrowed */
	json_t *(*make)(struct call *call, const struct store_counts *counts);
	struct store_counts counts;
	struct call *call;
};

static json_t *add_if_any(json_t *object, const char *name, const char *sentence) {
	if (sentence[0] != '\0') {
		(void)json_object_set_new(object, name, json_string(sentence));
	}
	return object;
}

static json_t *store_section(const struct server *server, const struct engine *engine,
	const struct store_counts *counts) {
	char path[ADDRESS_PATH_MAX], problem[LIMIT_SENTENCE_MAX];
	json_t *section;

	if (address_join(path, sizeof(path), server->state_dir, "codegend.db") < 0) {
		TEXT_SET(path, server->state_dir);
	}
	section = json_pack("{s:s, s:s, s:I, s:I}", "engine", "sqlite", "path", path, "bytes",
		(json_int_t)counts->file_bytes, "schemaVersion", (json_int_t)counts->schema_version);
	engine_explain_store(engine, problem);
	if (problem[0] == '\0') {
		engine_explain_clock(engine, problem);
	}
	return add_if_any(section, "problem", problem);
}

static json_t *tasks_section(const struct store_counts *counts) {
	json_t *section = json_object();
	int r = 0;

	for (int status = 0; status < TASK_STATUS_COUNT; status++) {
		int64_t n = 0;

		for (int type = 0; type < TASK_TYPE_COUNT; type++) {
			n += counts->tasks[type][status];
		}
		r |= set_new(section, task_status_names[status], json_integer(n));
	}
	r |= set_new(section, "overdue", json_integer(counts->overdue));
	if (counts->next_due_ms == 0) {
		r |= set_new(section, "nextDueAt", json_null());
	}
	r |= set_time(section, "nextDueAt", counts->next_due_ms);
	if (r != 0) {
		json_decref(section);
		return NULL;
	}
	return section;
}

static json_t *incidents_section(const struct store_counts *counts) {
	json_t *section = json_object();
	int r = 0;

	for (int state = 0; state < INCIDENT_STATE_COUNT; state++) {
		r |= set_new(section, incident_state_names[state],
			json_integer(counts->incidents[state]));
	}
	if (r != 0) {
		json_decref(section);
		return NULL;
	}
	return section;
}

/* How many tasks of "agent/NAME" run, from what the engine says of its lanes. */
static json_int_t agent_running(const json_t *lanes, const char *name) {
	char lane[LIMIT_LANE_MAX];
	size_t i;
	json_t *entry;

	text_format(lane, sizeof(lane), "agent/%s", name);
	json_array_foreach((json_t *)lanes, i, entry) {
		const char *entry_name = json_string_value(json_object_get(entry, "name"));

		if (entry_name != NULL && strcmp(entry_name, lane) == 0) {
			return json_integer_value(json_object_get(entry, "running"));
		}
	}
	return 0;
}

/* `problem`: why it cannot be started at all; `reason`: why what is due for it waits. */
static json_t *agents_section(struct engine *engine, const json_t *lanes) {
	const struct config *config = engine_config(engine);
	json_t *array = json_array();

	for (size_t i = 0; i < config->n_agents; i++) {
		const struct config_agent *agent = &config->agents[i];
		char problem[LIMIT_SENTENCE_MAX] = "", reason[LIMIT_SENTENCE_MAX];
		json_t *object = json_pack("{s:s, s:s, s:I, s:I}", "name", agent->name, "type",
			agent->type, "concurrency", (json_int_t)agent->concurrency, "running",
			agent_running(lanes, agent->name));

		if (engine_check_agent(engine, agent, problem) < 0) {
			(void)add_if_any(object, "problem", problem);
		}
		engine_explain_agent(engine, agent->name, reason);
		(void)json_array_append_new(array, add_if_any(object, "reason", reason));
	}
	return array;
}

static json_t *failures_section(const struct store_counts *counts) {
	json_t *array = json_array();

	for (size_t i = 0; i < counts->n_failures; i++) {
		(void)json_array_append_new(array, note_to_json(&counts->failures[i]));
	}
	return array;
}

static int set_identity(json_t *status, const struct server *server, int64_t now_ms) {
	int r = set_text(status, "version", CODEGEND_VERSION);

	r |= set_new(status, "pid", json_integer(getpid()));
	r |= set_time(status, "startedAt", server->started_ms);
	r |= set_new(status, "uptimeSeconds",
		json_integer(MAX(now_ms - server->started_ms, INT64_C(0)) / CLOCK_SECOND_MS));
	r |= set_text(status, "stateDirectory", server->state_dir);
	return r;
}

static json_t *status_to_json(struct call *call, const struct store_counts *counts) {
	const struct server *server = call_server(call);
	struct engine *engine = call_engine(call);
	const struct config *config = engine_config(engine);
	json_t *lanes = engine_lanes_to_json(engine);
	json_t *status = json_object();
	int r = set_identity(status, server, counts->now_ms);

	r |= set_new(status, "mode",
		json_string(config->defaults.mode == POLICY_OBSERVE ? "observe" : "act"));
	r |= set_new(status, "paused", paused_to_json(engine));
	r |= set_new(status, "store", store_section(server, engine, counts));
	r |= set_new(status, "tasks", tasks_section(counts));
	r |= set_new(status, "incidents", incidents_section(counts));
	r |= set_new(status, "reports", json_integer(counts->reports));
	r |= set_new(status, "builds", json_integer(counts->builds));
	r |= set_new(status, "forges", engine_forges_to_json(engine));
	r |= set_new(status, "agents", agents_section(engine, json_object_get(lanes, "lanes")));
	r |= set_new(status, "lastErrors", failures_section(counts));
	r |= set_new(status, "lastSeq", json_integer(counts->last_seq));
	r |= set_new(status, "connections",
		json_integer((json_int_t)(server->n_conns[SERVER_SUBMIT] +
			server->n_conns[SERVER_CONTROL])));
	if (server->spool != NULL) {
		r |= set_new(status, "spool", spool_to_json(server->spool));
	}
	r |= lanes != NULL ? json_object_update_missing(status, lanes) : -ENOMEM;
	json_decref(lanes);
	if (r != 0) {
		json_decref(status);
		return NULL;
	}
	return status;
}

static void counted(struct store_req *req, int status) {
	struct store_counts *counts = container_of(req, struct store_counts, req);
	struct counts_op *op = container_of(counts, struct counts_op, counts);
	_cleanup_(call_unrefp) struct call *call = op->call;

	if (status < 0) {
		call_fail(call, status, NULL);
	} else {
		reply_with(call, op->name, op->make(call, counts));
	}
	free(op);
}

void reply_with_counts(struct call *call, const char *name,
	json_t *(*make)(struct call *call, const struct store_counts *counts)) {
	struct counts_op *op = calloc(1, sizeof(*op));
	int r;

	if (op == NULL) {
		call_fail(call, -ENOMEM, NULL);
		return;
	}
	op->call = call_ref(call);
	op->name = name;
	op->make = make;
	op->counts.now_ms = clock_now_ms();
	r = store_counts(engine_store(call_engine(call)), &op->counts, counted);
	if (r < 0) {
		counted(&op->counts.req, r);
	}
}

void on_get_status(struct call *call, void *params) {
	(void)params;
	reply_with_counts(call, "status", status_to_json);
}

/* Pausing */

static void pause_done(struct engine_pause *pause, int status) {
	struct pause_params *p = container_of(pause, struct pause_params, pause);
	_cleanup_(call_unrefp) struct call *call = p->call;
	json_t *answer;

	if (status < 0) {
		call_fail(call, status, NULL);
		return;
	}
	answer = json_pack("{s:o, s:o*}", "paused", paused_to_json(call_engine(call)), "resumed",
		pause->paused ? NULL : json_boolean(pause->was_paused));
	if (answer == NULL) {
		call_fail(call, -ENOMEM, NULL);
		return;
	}
	call_reply(call, answer);
}

static void set_paused(struct call *call, struct pause_params *p, bool paused) {
	int r;

	if (p->pause.project[0] == '\0') {
		TEXT_SET(p->pause.project, "*");
	}
	if (!check_name(call, "project", p->pause.project, sizeof(p->pause.project), true)) {
		return;
	}
	p->pause.paused = paused;
	p->call = call_ref(call);
	r = engine_pause(call_engine(call), &p->pause, pause_done);
	if (r < 0) {
		pause_done(&p->pause, r);
	}
}

void on_pause(struct call *call, void *params) {
	set_paused(call, params, true);
}

void on_resume(struct call *call, void *params) {
	set_paused(call, params, false);
}

/* Configuration */

static void refuse_config(struct call *call, const struct config_errors *errors) {
	json_t *lines = json_array();

	for (size_t i = 0; i < errors->n_lines; i++) {
		(void)json_array_append_new(lines, json_string(errors->lines[i]));
	}
	call_error(call, PROTOCOL_INTERFACE ".InvalidConfiguration",
		json_pack("{s:s, s:s, s:o}", "message",
			"the configuration has mistakes; the old settings stay in force", "hint",
			"correct the lines named and run `codegenctl reload` again", "errors", lines));
}

void on_reload(struct call *call, void *params) {
	const struct server *server = call_server(call);
	struct config_errors errors = { 0 };
	int r = server->reload != NULL ? server->reload(server->user, &errors) : -ENOSYS;

	if (r == -EINVAL) {
		refuse_config(call, &errors);
	} else if (r < 0) {
		call_fail(call, r,
			"the configuration could not be read again; the old settings stay in force");
	} else {
		call_reply(call, NULL);
	}
	config_errors_finish(&errors);
}

void on_get_config(struct call *call, void *params) {
	const struct config *in_force = engine_config(call_engine(call));
	json_t *config = config_to_json(in_force), *origins = config_origins_to_json(in_force);
	char *text = config != NULL ? json_dumps(config, JSON_INDENT(2)) : NULL;

	if (text == NULL || origins == NULL) {
		json_decref(config);
		json_decref(origins);
		free(text);
		call_fail(call, -ENOMEM, NULL);
		return;
	}
	call_reply(call,
		json_pack("{s:s, s:o, s:o}", "text", text, "config", config, "origins", origins));
	free(text);
}
