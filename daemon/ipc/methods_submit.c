/* What CI says: Submit and GetTicket. */
#include <errno.h>

#include "common/clock.h"
#include "common/error_type.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/internal.h"
#include "daemon/ipc/submit_check.h"
#include "daemon/ipc/submitters.h"
#include "daemon/metrics.h"

void submit_preset(void *params) {
	struct submit_params *p = params;

	p->submit.report.exit_code = -1;
}

static json_t *ticket_to_json(const struct step_answer *answer) {
	json_t *ticket = json_object();
	int r = set_id(ticket, "reportId", ID_REPORT, answer->report_id);

	r |= set_id(ticket, "incidentId", ID_INCIDENT, answer->incident_id);
	r |= set_id(ticket, "taskId", ID_TASK, answer->task_id);
	r |= set_time(ticket, "scheduledFor", answer->scheduled_ms);
	if (answer->has_error_type) {
		r |= set_text(ticket, "errorType", error_type_name(answer->error_type));
	}
	r |= set_new(ticket, "duplicate", json_boolean(answer->duplicate));
	r |= set_new(ticket, "joined", json_boolean(answer->joined));
	if (r != 0) {
		json_decref(ticket);
		return NULL;
	}
	return ticket;
}

/* Submit */

static void submit_done(struct engine_submit *submit, int status) {
	struct submit_params *p = container_of(submit, struct submit_params, submit);
	_cleanup_(call_unrefp) struct call *call = p->call;

	if (status < 0) {
		call_fail(call, status, submit->sentence);
	} else {
		metrics_count(METRIC_SUBMISSIONS, METRIC_BY_SOCKET);
		reply_with(call, "ticket", ticket_to_json(&submit->answer));
	}
	metrics_observe(METRIC_SUBMIT_TIME, clock_mono_us() - p->began_us);
	engine_submit_finish(submit);
}

/* Answers and returns false: its user may not report for that project. Who administers the daemon may. */
static bool is_allowed(struct call *call, const struct report *report) {
	char sentence[LIMIT_SENTENCE_MAX];
	int r = call_is_control(call)
		? 0
		: submitters_check(engine_config(call_engine(call)), report->project,
			  call_uid(call), call_peer(call), sentence);

	if (r < 0) {
		server_log_refusal(call_server(call), report->project, sentence);
		call_fail(call, r, sentence);
	}
	return r == 0;
}

static bool submit_start(struct call *call, struct submit_params *p) {
	int r;

	if (!is_allowed(call, &p->submit.report)) {
		return false;
	}
	p->submit.report.submitter_uid = (int64_t)call_uid(call);
	p->submit.is_unbounded = call_is_control(call);
	p->call = call_ref(call);
	r = engine_submit(call_engine(call), &p->submit, submit_done);
	if (r < 0) {
		call_fail(call, r, p->submit.sentence);
		call_unref(call);
	}
	return r == 0;
}

static void refuse(struct call *call, int status, const struct submit_refusal *refusal) {
	if (status != -EINVAL) {
		call_fail(call, status, NULL);
	} else if (refusal->wrong_type) {
		call_invalid(call, refusal->parameter);
	} else {
		call_refuse(call, refusal->parameter, "%s", refusal->sentence);
	}
}

void on_submit(struct call *call, void *params) {
	struct submit_params *p = params;
	struct submit_refusal refusal = { 0 };
	int r;

	p->began_us = clock_mono_us();
	r = submit_check(p, &refusal);
	if (r < 0) {
		refuse(call, r, &refusal);
	}
	if (r < 0 || !submit_start(call, p)) {
		engine_submit_finish(&p->submit);
	}
}

/* GetTicket */

static void ticket_done(struct store_req *req, int status) {
	struct store_ticket *ticket = container_of(req, struct store_ticket, req);
	struct ticket_params *p = container_of(ticket, struct ticket_params, ticket);
	_cleanup_(call_unrefp) struct call *call = p->call;

	if (status == -ENOENT) {
		call_fail(call, status, "no submission with that key is known");
	} else if (status < 0) {
		call_fail(call, status, NULL);
	} else {
		reply_with(call, "ticket", ticket_to_json(&ticket->answer));
	}
}

void on_get_ticket(struct call *call, void *params) {
	struct ticket_params *p = params;
	int r;

	if (!check_name(call, "key", p->key, sizeof(p->key), true)) {
		return;
	}
	p->call = call_ref(call);
	p->ticket.key = p->key;
	r = store_ticket(engine_store(call_engine(call)), &p->ticket, ticket_done);
	if (r < 0) {
		call_fail(call, r, NULL);
		call_unref(call);
	}
}
