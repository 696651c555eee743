/* Import: one file of the old scripts or of an export. Nothing that is wrong with it is fatal, and twice is once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/text.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/import_parse.h"
#include "daemon/model/redact.h"
#include "daemon/model/submit_text.h"

#define IMPORT_ID_TRIES 64 /* other files of the same millisecond */

static void import_finish(struct import_params *p) {
	engine_operate_finish(&p->operate);
	report_finish(&p->report);
	json_decref(TAKE_PTR(p->object));
}

static void import_answer(struct import_params *p, const char *outcome, enum id_kind kind,
	int64_t id, const char *message) {
	char text[ID_TEXT_MAX];
	json_t *answer = json_pack("{s:s, s:s}", "outcome", outcome, "message", message);

	if (answer != NULL && id != 0) {
		(void)json_object_set_new(answer, "id", json_string(id_format(kind, id, text)));
	}
	call_reply(p->call, answer);
}

static void import_skip(struct import_params *p, const char *why) {
	char message[LIMIT_SENTENCE_MAX];

	text_format(message, sizeof(message), "\"%s\" was skipped: %s", p->name, why);
	import_answer(p, "skipped", ID_TASK, 0, message);
}

static void import_exists(struct import_params *p, enum id_kind kind, int64_t id) {
	char message[LIMIT_SENTENCE_MAX];

	text_format(message, sizeof(message), "\"%s\" is here already", p->name);
	import_answer(p, "exists", kind, id, message);
}

static void import_took(struct import_params *p, enum id_kind kind, int64_t id) {
	char message[LIMIT_SENTENCE_MAX];
	char text[ID_TEXT_MAX];

	text_format(message, sizeof(message), "\"%s\" was imported as %s%s%s", p->name,
		id_format(kind, id, text), p->corrected[0] != '\0' ? "; " : "", p->corrected);
	import_answer(p, "imported", kind, id, message);
}

/* Tasks */

static void task_imported(struct engine_operate *operate, int status);

/* Its own id, or the next free one of its millisecond. */
static bool import_next_id(struct import_params *p, int status) {
	if (status != -EEXIST || p->id == 0 || p->n_tries >= IMPORT_ID_TRIES) {
		return false;
	}
	p->operate.task.id = p->id + ++p->n_tries;
	return true;
}

static void task_imported(struct engine_operate *operate, int status) {
	struct import_params *p = container_of(operate, struct import_params, operate);
	int64_t id = operate->task.id;

	if (import_next_id(p, status)) {
		store_step_finish(&operate->step);
		status = engine_operate(call_engine(p->call), operate, task_imported);
		if (status == 0) {
			return;
		}
	}
	if (status == -EEXIST) {
		import_exists(p, ID_TASK, id);
	} else if (status < 0) {
		call_fail(p->call, status, operate->sentence);
	} else if (operate->answer.duplicate) {
		import_exists(p, ID_TASK, operate->answer.task_id);
	} else {
		import_took(p, ID_TASK, operate->answer.task_id);
	}
	import_finish(p);
	call_unref(p->call);
}

/* Returns: 0, it is answered later; -EINVAL, it was skipped; -errno. */
static int import_as_task(struct import_params *p) {
	int64_t ms = 0;
	int r = import_task(p->name, p->object, clock_now_ms(), &p->operate.task, &ms, p->corrected);

	if (r == -EINVAL) {
		import_skip(p, p->corrected);
	}
	if (r < 0) {
		return r;
	}
	p->operate.type = EVENT_TASK_CREATED;
	text_format(p->operate.key, sizeof(p->operate.key), "import:%.*s",
		(int)strcspn(p->name, "."), p->name);
	if (p->operate.task.id == 0) {
		p->id = id_first_in_ms(ms);
		p->operate.task.id = p->id;
	}
	return engine_operate(call_engine(p->call), &p->operate, task_imported);
}

/* Reports */

static void report_imported(struct store_req *req, int status) {
	struct store_add_report *add = container_of(req, struct store_add_report, req);
	struct import_params *p = container_of(add, struct import_params, add);

	if (status == -EEXIST) {
		import_exists(p, ID_REPORT, p->id);
	} else if (status < 0) {
		call_fail(p->call, status, NULL);
	} else {
		import_took(p, ID_REPORT, p->report.id);
	}
	import_finish(p);
	call_unref(p->call);
}

static int import_as_report(struct import_params *p) {
	int r = import_report(p->name, p->object, clock_now_ms(), &p->report, p->corrected);

	if (r == 0) {
		r = report_redact(&p->report, NULL);
	}
	if (r == 0) {
		r = submit_cut_context(&p->report.context, LIMIT_CONTEXT_MAX_BYTES);
	}
	if (r == -EINVAL) {
		import_skip(p, p->corrected);
	}
	if (r < 0) {
		return r;
	}
	p->id = p->report.id;
	p->add.report = &p->report;
	p->add.now_ms = clock_now_ms();
	return store_add_report(engine_store(call_engine(p->call)), &p->add, report_imported);
}

void on_import(struct call *call, void *params) {
	struct import_params *p = params;
	char why[LIMIT_SENTENCE_MAX] = "";
	const char *reason = NULL;
	enum import_kind kind;
	int r;

	if (!check_name(call, "name", p->name, sizeof(p->name), true)) {
		return;
	}
	p->call = call_ref(call);
	kind = import_classify(p->name, &reason);
	r = kind == IMPORT_SKIP ? -EINVAL : import_read(p->content, &p->object, why);
	if (r < 0) {
		import_skip(p, reason != NULL ? reason : why);
	} else {
		r = kind == IMPORT_TASK ? import_as_task(p) : import_as_report(p);
	}
	if (r == 0) {
		return;
	}
	if (r != -EINVAL) {
		call_fail(call, r, NULL);
	}
	import_finish(p);
	call_unref(call);
}
