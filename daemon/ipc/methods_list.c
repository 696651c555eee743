/*
 * Lists: pages of the store, until the caller's limit, the answer's size or the end.
 *
 * A list may hold megabytes while it is made, so only a few are at work at the same time, first come first served.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/id.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/internal.h"

/* By enum store_kind. */
static const struct {
	const char *name; /* of the answer's member */
	enum id_kind id_kind;
	size_t page_rows;
	bool has_total;
} lists[] = {
	[STORE_TASKS] = { "tasks", ID_TASK, LIMIT_STORE_PAGE_ROWS, true },
	[STORE_INCIDENTS] = { "incidents", ID_INCIDENT, LIMIT_STORE_PAGE_ROWS, true },
	[STORE_REPORTS] = { "reports", ID_REPORT, LIMIT_REPORT_PAGE_ROWS, true },
	[STORE_NOTES] = { "events", ID_KIND_COUNT, LIMIT_STORE_PAGE_ROWS, false },
};

void list_preset(void *params) {
	struct list_params *p = params;

	p->status = -1;
	p->type = -1;
	p->state = -1;
	p->limit = LIMIT_LIST_ROWS_DEFAULT;
}

static json_t *row_to_json(struct list_params *p, size_t i, int64_t *ret_id) {
	const struct store_page *page = &p->page;

	switch (page->kind) {
	case STORE_TASKS: *ret_id = page->tasks[i].id; return task_to_json(&page->tasks[i]);
	case STORE_INCIDENTS:
		*ret_id = page->incidents[i].id;
		return incident_as_json(p->call, &page->incidents[i], 0);
	case STORE_REPORTS: *ret_id = page->reports[i].id; return report_to_json(&page->reports[i]);
	case STORE_NOTES: *ret_id = page->notes[i].seq; return note_to_json(&page->notes[i]);
	}
	return NULL;
}

/* Moves the page's rows into the answer. Returns: 0; -EMSGSIZE, it is full and p->next says where it ends; -ENOMEM. */
static int list_take_rows(struct list_params *p) {
	int64_t last = 0;

	for (size_t i = 0; i < p->page.n_rows; i++) {
		int64_t id = 0;
		json_t *row = row_to_json(p, i, &id);
		size_t bytes = row != NULL ? json_dumpb(row, NULL, 0, JSON_COMPACT) : 0;

		if (json_array_size(p->rows) > 0 && p->bytes + bytes > LIMIT_LIST_MAX_BYTES) {
			json_decref(row);
			p->next = i > 0 ? last : p->next;
			return -EMSGSIZE;
		}
		if (json_array_append_new(p->rows, row) < 0) {
			return -ENOMEM;
		}
		p->bytes += bytes;
		last = id;
	}
	p->next = p->page.next;
	return 0;
}

static void list_answer(struct list_params *p) {
	size_t n_rows = json_array_size(p->rows);
	json_t *answer = wrap(lists[p->page.kind].name, TAKE_PTR(p->rows));
	int r = answer != NULL ? 0 : -ENOMEM;

	if (r == 0 && lists[p->page.kind].has_total) {
		int64_t total = p->total >= 0 ? p->total : (int64_t)n_rows;

		r |= set_new(answer, "total", json_integer(total));
		r |= set_id(answer, "next", lists[p->page.kind].id_kind, p->next);
	}
	if (r < 0) {
		json_decref(answer);
		call_fail(p->call, -ENOMEM, NULL);
	} else {
		call_reply(p->call, answer);
	}
}

static void list_page_done(struct store_req *req, int status);

static size_t list_wanted(const struct list_params *p) {
	return MIN((size_t)p->limit - json_array_size(p->rows), lists[p->page.kind].page_rows);
}

static int list_page(struct list_params *p) {
	p->page.limit = list_wanted(p);
	return store_page(engine_store(call_engine(p->call)), &p->page, list_page_done);
}

static void list_finish(struct list_params *p, int status) {
	if (status < 0) {
		json_decref(TAKE_PTR(p->rows));
		call_fail(p->call, status, NULL);
	} else {
		list_answer(p);
	}
	call_server(p->call)->n_lists--;
	call_unref(p->call);
}

static int list_start(struct list_params *p) {
	if (call_is_gone(p->call)) {
		return -ECANCELED;
	}
	p->rows = json_array();
	return p->rows != NULL ? list_page(p) : -ENOMEM;
}

static void lists_start(struct server *server) {
	while (server->n_lists < LIMIT_LISTS_AT_WORK && !list_is_empty(&server->lists_waiting)) {
		struct list_params *p = container_of(
			list_take_first(&server->lists_waiting), struct list_params, node);
		int r = list_start(p);

		server->n_lists++;
		if (r < 0) {
			list_finish(p, r);
		}
	}
}

/* Answers, and gives its turn to the next. */
static void list_end(struct list_params *p, int status) {
	struct server *server = call_server(p->call);

	server->n_calls++; /* keeps it until here, though this may be the last call */
	list_finish(p, status);
	lists_start(server);
	server_call_freed(server, 0);
}

static void list_page_done(struct store_req *req, int status) {
	struct store_page *page = container_of(req, struct store_page, req);
	struct list_params *p = container_of(page, struct list_params, page);

	if (status == 0 && page->want_total) {
		p->total = page->total;
		page->want_total = false;
	}
	if (status == 0) {
		status = list_take_rows(p);
	}
	page->cursor = page->next;
	store_page_finish(page);
	if (status == 0 && call_is_gone(p->call)) {
		status = -ECANCELED;
	}
	if (status == 0 && p->next != 0 && json_array_size(p->rows) < (size_t)p->limit) {
		status = list_page(p);
		if (status == 0) {
			return;
		}
	}
	list_end(p, status == -EMSGSIZE ? 0 : status);
}

static bool list_take_ids(struct call *call, struct list_params *p) {
	if (p->incident[0] != '\0' && id_parse(ID_INCIDENT, p->incident, &p->page.incident_id) < 0) {
		call_refuse(call, "incidentId", "\"%.64s\" is no id of an incident", p->incident);
		return false;
	}
	if (p->before[0] != '\0' &&
		id_parse(lists[p->page.kind].id_kind, p->before, &p->page.cursor) < 0) {
		call_refuse(call, "before", "\"%.64s\" is no `next` of an earlier page", p->before);
		return false;
	}
	if (p->limit < 1 || p->since < 0) {
		call_refuse(call, p->limit < 1 ? "limit" : "since", "the number is too small");
		return false;
	}
	return true;
}

static void list(struct call *call, struct list_params *p, enum store_kind kind) {
	p->page.kind = kind;
	if (!list_take_ids(call, p)) {
		return;
	}
	if (kind == STORE_NOTES) {
		p->page.cursor = p->since;
	}
	p->limit = MIN(p->limit, LIMIT_LIST_ROWS_MAX);
	p->page.status = p->status;
	p->page.type = p->type;
	p->page.state = p->state;
	config_spell_project(engine_config(call_engine(call)), p->project);
	p->page.project = p->project[0] != '\0' ? p->project : NULL;
	p->page.want_total = lists[kind].has_total;
	p->call = call_ref(call);
	list_append(&call_server(call)->lists_waiting, &p->node);
	lists_start(call_server(call));
}

void on_list_tasks(struct call *call, void *params) {
	list(call, params, STORE_TASKS);
}

void on_list_incidents(struct call *call, void *params) {
	list(call, params, STORE_INCIDENTS);
}

void on_list_reports(struct call *call, void *params) {
	list(call, params, STORE_REPORTS);
}

void on_list_events(struct call *call, void *params) {
	list(call, params, STORE_NOTES);
}
