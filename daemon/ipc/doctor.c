#include "daemon/ipc/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/internal.h"

struct doctor_op {
	struct doctor_patient patient;
	struct doctor_probe *probes; /* owned, as the next */
	struct doctor_agent *agents;
	struct call *call;
	uv_timer_t timer;
	struct store_page page; /* of incidents, for projects that only a glob names */
	size_t n_probing;
	bool counting;
	bool paging;
	bool late;
	bool answered;
};

static const char *const state_names[DOCTOR_STATE_COUNT] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_PROBLEM] = "problem",
};

enum doctor_state doctor_say(struct doctor_finding *finding, enum doctor_state state,
	const char *remedy, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(finding->message, sizeof(finding->message), fmt, args);
	va_end(args);
	finding->message[text_cut(finding->message, strlen(finding->message))] = '\0';
	if (remedy != NULL) {
		TEXT_SET(finding->remedy, remedy);
	}
	return state;
}

/* The answer */

static json_t *finding_json(
	const char *name, enum doctor_state state, const struct doctor_finding *finding) {
	json_t *object = json_object();
	int r = set_text(object, "name", name);

	r |= set_text(object, "subject", finding->subject);
	r |= set_text(object, "state", state_names[state]);
	r |= set_text(object, "message", finding->message);
	r |= state == DOCTOR_OK ? 0 : set_text(object, "remedy", finding->remedy);
	if (r != 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static json_t *checks_json(const struct doctor_patient *patient) {
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < n_doctor_checks; i++) {
		const struct doctor_check *check = &doctor_checks[i];
		size_t n = check->count != NULL ? check->count(patient) : 1;

		for (size_t k = 0; k < n; k++) {
			struct doctor_finding finding = { 0 };
			enum doctor_state state = check->make(patient, k, &finding);

			if (state != DOCTOR_NONE &&
				json_array_append_new(
					array, finding_json(check->name, state, &finding)) < 0) {
				json_decref(array);
				return NULL;
			}
		}
	}
	return array;
}

static void answer(struct doctor_op *op) {
	struct doctor_patient *patient = &op->patient;

	patient->server = call_server(op->call);
	patient->engine = call_engine(op->call);
	patient->config = engine_config(patient->engine); /* it may be another one by now */
	patient->probes = op->probes;
	patient->agents = op->agents;
	op->answered = true;
	reply_with(op->call, "checks", checks_json(patient));
}

static void op_free(struct doctor_op *op) {
	free(op->probes);
	free(op->agents);
	free(op);
}

static void closed(uv_handle_t *handle) {
	struct doctor_op *op = handle->data;

	call_unref(op->call);
	op_free(op);
}

/* A store that hangs keeps the operation, not the caller. */
static void proceed(struct doctor_op *op) {
	if (!op->answered && op->n_probing == 0 && ((!op->counting && !op->paging) || op->late)) {
		answer(op);
	}
	if (op->answered && !op->counting && !op->paging &&
		!uv_is_closing((uv_handle_t *)&op->timer)) {
		uv_close((uv_handle_t *)&op->timer, closed);
	}
}

/* What is waited for */

static void counted(struct store_req *req, int status) {
	struct store_counts *counts = container_of(req, struct store_counts, req);
	struct doctor_patient *patient = container_of(counts, struct doctor_patient, counts);
	struct doctor_op *op = container_of(patient, struct doctor_op, patient);

	op->counting = false;
	patient->counts_status = status;
	proceed(op);
}

static void probed(struct forge_probe *probe, int status) {
	struct doctor_probe *own = container_of(probe, struct doctor_probe, probe);
	struct doctor_op *op = own->user;

	own->status = status;
	if (op->late && status == -ECANCELED) {
		own->status = probe->unsent ? -ENODATA : -ETIMEDOUT;
	}
	op->n_probing--;
	proceed(op);
}

static void agent_answered(struct agent_inquiry *inquiry, int status) {
	struct doctor_agent *own = container_of(inquiry, struct doctor_agent, inquiry);
	struct doctor_op *op = own->user;

	own->status = status;
	op->n_probing--;
	proceed(op);
}

static void timed_out(uv_timer_t *timer) {
	struct doctor_op *op = timer->data;

	op->late = true;
	for (size_t i = 0; i < op->patient.n_probes; i++) {
		if (op->probes[i].status == -EINPROGRESS) {
			forge_probe_cancel(&op->probes[i].probe);
		}
	}
	proceed(op);
}

/* A project to look at: the first section that names one of this forge and no glob. */
static void choose_project(const struct config *config, struct doctor_probe *probe) {
	for (size_t i = 0; i < config->n_projects; i++) {
		const struct config_project *project = &config->projects[i];

		if (strcmp(project->policy.forge, probe->name) == 0 &&
			strpbrk(project->pattern, "*?[\\") == NULL &&
			strchr(project->pattern, '/') != NULL) {
			TEXT_SET(probe->project, project->pattern);
			return;
		}
	}
}

static void begin_probe(struct doctor_op *op, struct doctor_probe *probe) {
	probe->probe.project = probe->project;
	probe->user = op;
	probe->status = engine_probe(call_engine(op->call), probe->name, &probe->probe, probed);
	if (probe->status == 0) {
		probe->status = -EINPROGRESS;
		op->n_probing++;
	}
}

/* Where only globs name its projects: one that is under repair, the newest. */
static void find_project(
	const struct config *config, const struct store_page *page, struct doctor_probe *probe) {
	for (size_t i = 0; i < page->n_rows; i++) {
		const struct incident *incident = &page->incidents[i];
		struct policy policy;

		if (incident_is_active(incident->state) && strchr(incident->project, '/') != NULL &&
			config_policy(config, incident->project, &policy) == 0 &&
			strcmp(policy.forge, probe->name) == 0) {
			TEXT_SET(probe->project, incident->project);
			return;
		}
	}
}

static void paged(struct store_req *req, int status) {
	struct store_page *page = container_of(req, struct store_page, req);
	struct doctor_op *op = container_of(page, struct doctor_op, page);
	const struct config *config = engine_config(call_engine(op->call));

	op->paging = false;
	for (size_t i = 0; i < op->patient.n_probes && !op->answered; i++) {
		if (op->probes[i].project[0] == '\0') {
			if (status == 0) {
				find_project(config, page, &op->probes[i]);
			}
			begin_probe(op, &op->probes[i]);
		}
	}
	store_page_finish(page);
	proceed(op);
}

static void probe_forges(struct doctor_op *op, const struct config *config) {
	bool wanted = false;

	op->patient.n_probes = config->n_forges;
	for (size_t i = 0; i < config->n_forges; i++) {
		struct doctor_probe *probe = &op->probes[i];

		TEXT_SET(probe->name, config->forges[i].name);
		probe->status = -ENODATA; /* until it was begun */
		choose_project(config, probe);
		if (probe->project[0] != '\0') {
			begin_probe(op, probe);
		} else {
			wanted = true;
		}
	}
	op->page = (struct store_page){ .kind = STORE_INCIDENTS,
		.status = -1,
		.type = -1,
		.state = -1,
		.limit = LIMIT_STORE_PAGE_ROWS };
	op->paging = wanted && store_page(engine_store(call_engine(op->call)), &op->page, paged) == 0;
	for (size_t i = 0; wanted && !op->paging && i < config->n_forges; i++) {
		if (op->probes[i].project[0] == '\0') {
			begin_probe(op, &op->probes[i]);
		}
	}
}

static void check_agent(struct doctor_op *op, const struct config *config, size_t i) {
	const char *socket = engine_agent_socket(call_engine(op->call));
	struct doctor_agent *own = &op->agents[i];

	if (socket == NULL || strcmp(config->agents[i].type, "command") != 0) {
		return;
	}
	TEXT_SET(own->name, config->agents[i].name);
	own->user = op;
	own->status = agent_inquire(call_server(op->call)->loop, socket, &config->agents[i],
		&own->inquiry, agent_answered);
	op->n_probing += own->status == 0;
}

void on_doctor(struct call *call, void *params) {
	const struct config *config = engine_config(call_engine(call));
	struct doctor_op *op = calloc(1, sizeof(*op));

	if (op != NULL) {
		op->probes = calloc(config->n_forges, sizeof(*op->probes));
		op->agents = calloc(config->n_agents + 1, sizeof(*op->agents));
	}
	if (op == NULL || op->probes == NULL || op->agents == NULL) {
		if (op != NULL) {
			op_free(op);
		}
		call_fail(call, -ENOMEM, NULL);
		return;
	}
	op->call = call_ref(call);
	(void)uv_timer_init(call_server(call)->loop, &op->timer);
	op->timer.data = op;
	(void)uv_timer_start(&op->timer, timed_out, LIMIT_DOCTOR_MS, 0);
	probe_forges(op, config);
	op->patient.n_agents = config->n_agents;
	for (size_t i = 0; i < config->n_agents; i++) {
		check_agent(op, config, i);
	}
	op->patient.counts.now_ms = clock_now_ms();
	op->patient.counts_status =
		store_counts(engine_store(call_engine(call)), &op->patient.counts, counted);
	op->counting = op->patient.counts_status == 0;
	if (op->counting) {
		op->patient.counts_status = -ETIMEDOUT; /* until it has answered */
	}
	proceed(op);
}
