/* What `top` knows: asked for every few seconds, and soon after an event. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/print.h"
#include "client/request.h"
#include "client/top.h"
#include "common/clock.h"
#include "common/protocol.h"
#include "common/text.h"

void top_note(struct top *top, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(top->note, sizeof(top->note), fmt, args);
	va_end(args);
	top->note_until_us = clock_mono_us() + CLIENT_TOP_NOTE_MS * 1000;
}

static void disconnect(struct top *top, int status) {
	const char *sentence;

	(void)request_problem(status, &sentence);
	top_note(top, "codegend is not reachable: %s; trying again", sentence);
	call_close(TAKE_PTR(top->conn));
	call_close(TAKE_PTR(top->watch));
	top->events_are_old = true; /* they are told again */
}

bool top_call(struct top *top, const char *method, json_t *parameters, json_t **ret_answer) {
	_cleanup_(call_reply_finish) struct call_reply reply = { 0 };
	char name[128];
	int r = -ENOTCONN;

	text_format(name, sizeof(name), PROTOCOL_INTERFACE ".%s", method);
	if (top->conn != NULL) {
		call_set_deadline(top->conn, call_deadline_us(CLIENT_TOP_ANSWER_MS));
		r = call_method(top->conn, name, parameters, &reply);
	}
	json_decref(parameters);
	if (r < 0) {
		if (top->conn != NULL) {
			disconnect(top, r);
		}
		return false;
	}
	if (reply.error != NULL) {
		const char *message = json_text(reply.parameters, "message");

		top_note(top, "codegend refuses that: %s",
			message[0] != '\0' ? message : reply.error);
		return false;
	}
	*ret_answer = TAKE_PTR(reply.parameters);
	return true;
}

static int connect_both(struct top *top, const char *path) {
	json_t *parameters = json_pack("{s:i}", "last", CLIENT_TOP_ROWS);
	int r = call_open(path, call_deadline_us(CLIENT_TOP_ANSWER_MS), &top->conn);

	r = r < 0 ? r : call_open(path, call_deadline_us(CLIENT_TOP_ANSWER_MS), &top->watch);
	r = r < 0 ? r : call_stream(top->watch, PROTOCOL_INTERFACE ".Watch", parameters);
	json_decref(parameters);
	return r;
}

static void connect_again(struct top *top) {
	char path[ADDRESS_PATH_MAX];
	int r = address_socket(top->inv->command->socket, option_text(&top->inv->globals, "socket"),
		option_flag(&top->inv->globals, "user"), path, sizeof(path));

	r = r < 0 ? r : connect_both(top, path);
	if (r < 0) {
		disconnect(top, r);
		return;
	}
	top->note[0] = '\0';
}

static void look_at_status(struct top *top) {
	json_t *answer = NULL;

	if (top_call(top, "GetStatus", json_object(), &answer)) {
		json_decref(top->status);
		top->status = json_incref(json_object_get(answer, "status"));
		json_decref(answer);
		top->answered_ms = clock_now_ms();
	}
}

static void look_at_list(struct top *top, enum top_list_id id) {
	static const struct {
		const char *method, *key, *value, *member;
	} asked[TOP_LISTS] = {
		[TOP_RUNS] = { "ListTasks", "status", "executing", "tasks" },
		[TOP_WAITS] = { "ListTasks", "status", "scheduled", "tasks" },
		[TOP_PERSON] = { "ListIncidents", "state", "escalated", "incidents" },
	};
	struct top_list *list = &top->lists[id];
	json_t *answer = NULL,
	       *parameters = json_pack(
		       "{s:s, s:i}", asked[id].key, asked[id].value, "limit", CLIENT_TOP_ROWS);

	if (top_call(top, asked[id].method, parameters, &answer)) {
		json_decref(list->rows);
		list->rows = json_incref(json_object_get(answer, asked[id].member));
		list->total = json_number(answer, "total");
		json_decref(answer);
	}
}

static int compare_due(const void *a, const void *b) {
	const json_t *const *left = a, *const *right = b;

	return strcmp(json_text(*left, "scheduledFor"), json_text(*right, "scheduledFor"));
}

static void sort_by_due(json_t **tasks) {
	size_t n = json_array_size(*tasks);
	_cleanup_(freep) json_t **sorted = calloc(n + 1, sizeof(json_t *));
	json_t *list;

	if (sorted == NULL) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		sorted[i] = json_array_get(*tasks, i);
	}
	qsort(sorted, n, sizeof(*sorted), compare_due);
	list = json_array();
	for (size_t i = 0; i < n; i++) {
		(void)json_array_append(list, sorted[i]);
	}
	json_decref(*tasks);
	*tasks = list;
}

void top_look(struct top *top) {
	if (top->conn == NULL) {
		connect_again(top);
	}
	look_at_status(top);
	for (enum top_list_id id = 0; id < TOP_LISTS; id++) {
		look_at_list(top, id);
	}
	sort_by_due(&top->lists[TOP_WAITS].rows);
	top->look_us = clock_mono_us() + CLIENT_TOP_LOOK_MS * 1000;
}

static void add_event(struct top *top, const json_t *event) {
	int64_t soon_us = clock_mono_us() + CLIENT_TOP_SOON_MS * 1000;

	if (!json_is_object(event)) {
		return;
	}
	if (top->events_are_old) {
		json_decref(TAKE_PTR(top->events));
		top->events_are_old = false;
	}
	top->events = top->events != NULL ? top->events : json_array();
	(void)json_array_append(top->events, (json_t *)event);
	if (json_array_size(top->events) > CLIENT_TOP_ROWS) {
		(void)json_array_remove(top->events, 0);
	}
	top->look_us = MIN(top->look_us, soon_us);
}

void top_take_events(struct top *top) {
	int r = 0;

	for (size_t i = 0; top->watch != NULL && i < CLIENT_TOP_ROWS; i++) {
		struct call_reply reply = { 0 };

		r = call_next(top->watch, &reply);
		if (r <= 0) {
			break;
		}
		add_event(top, json_object_get(reply.parameters, "event"));
		if (!reply.continues) {
			r = -ECONNRESET;
		}
		call_reply_finish(&reply);
		if (r < 0) {
			break;
		}
	}
	if (r < 0) {
		disconnect(top, r);
	}
}

size_t top_n_rows(const struct top *top) {
	size_t n = 0;

	for (enum top_list_id id = 0; id < TOP_LISTS; id++) {
		n += json_array_size(top->lists[id].rows);
	}
	return n;
}

struct top_row top_row_at(const struct top *top, size_t i) {
	enum top_list_id id = 0;

	while (i >= json_array_size(top->lists[id].rows)) {
		i -= json_array_size(top->lists[id++].rows);
	}
	return (struct top_row){ id == TOP_PERSON ? TOP_INCIDENT : TOP_TASK,
		json_array_get(top->lists[id].rows, i) };
}

size_t top_selected(const struct top *top) {
	for (size_t i = 0; i < top_n_rows(top); i++) {
		if (strcmp(json_text(top_row_at(top, i).object, "id"), top->selected) == 0) {
			return i;
		}
	}
	return 0;
}

bool top_is_paused(const struct top *top) {
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(top->status, "paused"), i, item) {
		if (json_is_string(item) && strcmp(json_string_value(item), "*") == 0) {
			return true;
		}
	}
	return false;
}

void top_finish(struct top *top) {
	call_close(TAKE_PTR(top->conn));
	call_close(TAKE_PTR(top->watch));
	json_decref(TAKE_PTR(top->status));
	for (enum top_list_id id = 0; id < TOP_LISTS; id++) {
		json_decref(TAKE_PTR(top->lists[id].rows));
	}
	json_decref(TAKE_PTR(top->events));
	json_decref(TAKE_PTR(top->text));
}
