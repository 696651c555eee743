#include "daemon/ipc/doctor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/internal.h"

struct doctor_op {
	struct doctor_patient patient;
	struct doctor_probe *probes; /* owned */
	struct call *call;
	uv_timer_t timer;
	size_t n_probing;
	bool counting;
	bool late;
	bool answered;
};

static const char *const state_names[DOCTOR_STATE_COUNT] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_PROBLEM] = "problem",
};

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
	op->answered = true;
	reply_with(op->call, "checks", checks_json(patient));
}

static void closed(uv_handle_t *handle) {
	struct doctor_op *op = handle->data;

	call_unref(op->call);
	free(op->probes);
	free(op);
}

/* A store that hangs keeps the operation, not the caller. */
static void proceed(struct doctor_op *op) {
	if (!op->answered && op->n_probing == 0 && (!op->counting || op->late)) {
		answer(op);
	}
	if (op->answered && !op->counting && !uv_is_closing((uv_handle_t *)&op->timer)) {
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

	own->status = op->late && status == -ECANCELED ? -ETIMEDOUT : status;
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

static void probe_forge(struct doctor_op *op, const struct config *config, size_t i) {
	struct doctor_probe *probe = &op->probes[i];

	TEXT_SET(probe->name, config->forges[i].name);
	choose_project(config, probe);
	probe->probe.project = probe->project;
	probe->user = op;
	probe->status = engine_probe(call_engine(op->call), probe->name, &probe->probe, probed);
	if (probe->status == 0) {
		probe->status = -EINPROGRESS;
		op->n_probing++;
	}
}

void on_doctor(struct call *call, void *params) {
	const struct config *config = engine_config(call_engine(call));
	struct doctor_op *op = calloc(1, sizeof(*op));

	if (op != NULL) {
		op->probes = calloc(config->n_forges, sizeof(*op->probes));
	}
	if (op == NULL || op->probes == NULL) {
		free(op);
		call_fail(call, -ENOMEM, NULL);
		return;
	}
	op->call = call_ref(call);
	(void)uv_timer_init(call_server(call)->loop, &op->timer);
	op->timer.data = op;
	(void)uv_timer_start(&op->timer, timed_out, LIMIT_DOCTOR_MS, 0);
	op->patient.n_probes = config->n_forges;
	for (size_t i = 0; i < config->n_forges; i++) {
		probe_forge(op, config, i);
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
