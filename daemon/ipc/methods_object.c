/* One task, incident or report by its id: what it is, and what people do with it. */
#include <errno.h>

#include "common/id.h"
#include "common/text.h"
#include "daemon/ipc/handlers.h"

/* By enum store_kind. */
static const struct {
	const char *name; /* of the answer's member */
	enum id_kind id_kind;
} kinds[] = {
	[STORE_TASKS] = { "task", ID_TASK },
	[STORE_INCIDENTS] = { "incident", ID_INCIDENT },
	[STORE_REPORTS] = { "report", ID_REPORT },
};

static json_t *object_to_json(struct call *call, const struct store_get *get) {
	switch (get->kind) {
	case STORE_TASKS: return task_to_json(&get->task);
	case STORE_INCIDENTS: return incident_as_json(call, &get->incident, get->next_check_ms);
	case STORE_REPORTS: return report_to_json(&get->report);
	case STORE_NOTES: break;
	}
	return NULL;
}

static void fail_missing(struct call *call, enum store_kind kind, const char *id) {
	char sentence[LIMIT_SENTENCE_MAX];

	text_format(sentence, sizeof(sentence), "there is no %s with the id \"%s\"",
		kinds[kind].name, id);
	call_fail(call, -ENOENT, sentence);
}

static void get_done(struct store_req *req, int status) {
	struct store_get *get = container_of(req, struct store_get, req);
	struct object_params *p = container_of(get, struct object_params, get);
	_cleanup_(call_unrefp) struct call *call = p->call;

	if (status == -ENOENT) {
		fail_missing(call, get->kind, p->id);
	} else if (status < 0) {
		call_fail(call, status, NULL);
	} else {
		reply_with(call, kinds[get->kind].name, object_to_json(call, get));
	}
	store_get_finish(get);
}

/* Reads the object and answers with it; p->call holds the reference. */
static void object_get(struct object_params *p) {
	int r = store_get(engine_store(call_engine(p->call)), &p->get, get_done);

	if (r < 0) {
		call_fail(p->call, r, NULL);
		call_unref(p->call);
	}
}

/* Reads the id, or answers that there is no such thing. */
static bool object_begin(struct call *call, struct object_params *p, enum store_kind kind) {
	p->get.kind = kind;
	if (id_parse(kinds[kind].id_kind, p->id, &p->get.id) < 0) {
		fail_missing(call, kind, p->id);
		return false;
	}
	p->call = call_ref(call);
	return true;
}

static void get_object(struct call *call, struct object_params *p, enum store_kind kind) {
	if (object_begin(call, p, kind)) {
		object_get(p);
	}
}

static void operate_done(struct engine_operate *operate, int status) {
	struct object_params *p = container_of(operate, struct object_params, operate);

	if (status == 0) {
		engine_operate_finish(operate);
		object_get(p); /* as it is now */
		return;
	}
	if (status == -ENOENT) {
		fail_missing(p->call, p->get.kind, p->id);
	} else {
		call_fail(p->call, status, operate->sentence);
	}
	engine_operate_finish(operate);
	call_unref(p->call);
}

static void operate_object(
	struct call *call, struct object_params *p, enum store_kind kind, enum event_type type) {
	int r;

	if (!object_begin(call, p, kind)) {
		return;
	}
	p->operate.type = type;
	p->operate.delay_ms = p->delay_ms;
	*(kind == STORE_TASKS ? &p->operate.task_id : &p->operate.incident_id) = p->get.id;
	r = engine_operate(call_engine(call), &p->operate, operate_done);
	if (r < 0) {
		operate_done(&p->operate, r);
	}
}

void on_get_task(struct call *call, void *params) {
	get_object(call, params, STORE_TASKS);
}

void on_run_task(struct call *call, void *params) {
	operate_object(call, params, STORE_TASKS, EVENT_TASK_RUN);
}

void on_cancel_task(struct call *call, void *params) {
	operate_object(call, params, STORE_TASKS, EVENT_TASK_CANCEL);
}

void on_retry_task(struct call *call, void *params) {
	operate_object(call, params, STORE_TASKS, EVENT_TASK_RETRY);
}

void on_snooze_task(struct call *call, void *params) {
	struct object_params *p = params;

	if (p->delay_ms < 0 || p->delay_ms > LIMIT_DELAY_MAX_MS) {
		call_refuse(call, "delayMs", "a delay is between 0 and 10 years");
		return;
	}
	operate_object(call, p, STORE_TASKS, EVENT_TASK_SNOOZE);
}

void on_get_incident(struct call *call, void *params) {
	get_object(call, params, STORE_INCIDENTS);
}

void on_close_incident(struct call *call, void *params) {
	operate_object(call, params, STORE_INCIDENTS, EVENT_INCIDENT_CLOSE);
}

void on_release_incident(struct call *call, void *params) {
	operate_object(call, params, STORE_INCIDENTS, EVENT_INCIDENT_RELEASE);
}

void on_retry_incident(struct call *call, void *params) {
	operate_object(call, params, STORE_INCIDENTS, EVENT_INCIDENT_RETRY);
}

void on_get_report(struct call *call, void *params) {
	get_object(call, params, STORE_REPORTS);
}
