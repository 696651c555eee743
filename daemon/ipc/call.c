#include "daemon/ipc/call.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/protocol.h"
#include "common/text.h"
#include "daemon/ipc/internal.h"

/* References */

static void call_free(struct call *call) {
	if (call->method != NULL && call->method->fields != NULL && call->params != NULL) {
		jfield_finish(call->method->fields, call->method->n_fields, call->params);
	}
	free(call->params);
	json_decref(call->message);
	buffer_finish(&call->out);
	server_call_freed(call->server, call->message_bytes);
	free(call);
}

struct call *call_ref(struct call *call) {
	call->refs++;
	return call;
}

void call_unref(struct call *call) {
	if (call == NULL) {
		return;
	}
	assert(call->refs > 0);
	if (call->refs == 1 + (unsigned)call->listed && !call->answered && call->conn != NULL) {
		log_error("the method \"%s\" did not answer",
			call->method != NULL ? call->method->name : "");
		call_fail(call, -EIO,
			"this call was never answered; please report this as a bug of codegend");
	}
	if (--call->refs == 0) {
		call_free(call);
	}
}

static void call_unlist(struct call *call) {
	list_remove(&call->node);
	call->listed = false;
	if (call->conn != NULL) {
		call->conn->n_calls--;
	}
	if (--call->refs == 0) {
		call_free(call);
	}
}

/* Output */

static void conn_overflow(struct conn *conn) {
	conn->overflow = true;
	server_ready(conn);
}

/* Appends one message of the call where its turn has come, or keeps it until then. */
static int call_send(struct call *call, const json_t *message) {
	struct conn *conn = call->conn;
	struct buffer *out = conn->calls.next == &call->node ? &conn->out : &call->out;
	size_t len = out->len;
	int r = frame_append(out, message);

	if (r < 0) {
		return r;
	}
	if (out->len - len > LIMIT_FRAME_MAX_BYTES) {
		out->len = len;
		out->data[len] = '\0';
		return -EMSGSIZE;
	}
	if (conn_unread(conn) > LIMIT_UNREAD_OUTPUT_MAX_BYTES) {
		conn_overflow(conn);
		return -ENOBUFS;
	}
	return 0;
}

/* Steals `parameters`. NULL: memory. */
static json_t *call_message(const char *error, json_t *parameters, bool continues) {
	json_t *message = json_object();
	int r = 0;

	if (error != NULL) {
		r |= json_object_set_new(message, "error", json_string(error));
	}
	r |= json_object_set_new(
		message, "parameters", parameters != NULL ? parameters : json_object());
	if (continues) {
		r |= json_object_set_new(message, "continues", json_true());
	}
	if (r != 0) {
		json_decref(message);
		return NULL;
	}
	return message;
}

static void call_finish_answer(struct call *call) {
	call->answered = true;
	call->gone = NULL;
	call->room = NULL;
	if (call->conn != NULL) {
		server_ready(call->conn);
		call_advance(call->conn);
	}
}

void call_advance(struct conn *conn) {
	while (!list_is_empty(&conn->calls)) {
		struct call *call = container_of(conn->calls.next, struct call, node);

		if (call->out.len > 0) {
			if (buffer_append(&conn->out, call->out.data, call->out.len) < 0) {
				conn_overflow(conn);
				return;
			}
			buffer_finish(&call->out);
		}
		if (!call->answered) {
			return;
		}
		call_unlist(call);
	}
}

/* An answer that cannot be written is replaced: a call never goes without one. */
static void call_send_final(struct call *call, json_t *message) {
	int r = message != NULL ? call_send(call, message) : -ENOMEM;

	json_decref(message);
	if (r == 0 || r == -ENOBUFS) {
		return;
	}
	log_error("the answer to \"%s\" cannot be written: %s",
		call->method != NULL ? call->method->name : "", log_errno(r));
	message = r == -EMSGSIZE
		? json_pack("{s:s, s:{s:s, s:s}}", "error", PROTOCOL_INTERFACE ".Refused",
			  "parameters", "message", "the answer is longer than a message may be",
			  "hint", "ask for fewer rows at a time")
		: json_pack("{s:s, s:{s:s}}", "error", PROTOCOL_INTERFACE ".StoreFailed",
			  "parameters", "message", "the answer could not be written");
	if (message == NULL || call_send(call, message) < 0) {
		conn_overflow(call->conn);
	}
	json_decref(message);
}

void call_answer(struct call *call, const char *error, json_t *parameters) {
	assert(!call->answered);
	if (call->conn == NULL || call->oneway) {
		json_decref(parameters);
	} else {
		call_send_final(call, call_message(error, parameters, false));
	}
	call_ref(call);
	call_finish_answer(call);
	if (--call->refs == 0) {
		call_free(call);
	}
}

void call_reply(struct call *call, json_t *parameters) {
	call_answer(call, NULL, parameters);
}

int call_stream(struct call *call, json_t *parameters) {
	json_t *message;
	int r;

	assert(!call->answered && call->more);
	if (call->conn == NULL || call->conn->ending) {
		json_decref(parameters);
		return -EPIPE;
	}
	message = call_message(NULL, parameters, true);
	r = message != NULL ? call_send(call, message) : -ENOMEM;
	json_decref(message);
	if (r == 0) {
		server_ready(call->conn);
	}
	return r;
}

void call_invalid(struct call *call, const char *parameter) {
	call_error(call, PROTOCOL_INVALID_PARAMETER, json_pack("{s:s}", "parameter", parameter));
}

void call_refuse(struct call *call, const char *parameter, const char *fmt, ...) {
	char message[LIMIT_SENTENCE_MAX];
	_cleanup_(freep) char *clean = NULL;
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	clean = text_clean(message, strlen(message)); /* a precision may have cut a UTF-8 sequence */
	call_error(call, PROTOCOL_INTERFACE ".InvalidArgument",
		json_pack("{s:s, s:s}", "message", clean != NULL ? clean : "", "parameter",
			parameter));
}

/* What a handler sees */

struct server *call_server(struct call *call) {
	return call->server;
}

struct engine *call_engine(struct call *call) {
	return call->server->engine;
}

uid_t call_uid(const struct call *call) {
	return call->uid;
}

const struct peer *call_peer(const struct call *call) {
	return call->conn != NULL ? &call->conn->peer : NULL;
}

bool call_is_control(const struct call *call) {
	return call->conn != NULL && call->conn->socket == SERVER_CONTROL;
}

bool call_wants_more(const struct call *call) {
	return call->more;
}

bool call_is_gone(const struct call *call) {
	return call->conn == NULL;
}

bool call_is_answered(const struct call *call) {
	return call->answered;
}

const json_t *call_parameters(const struct call *call) {
	return call->parameters;
}

void call_on_gone(struct call *call, void (*gone)(void *user), void *user) {
	assert(call->gone == NULL);
	if (!call->answered) {
		call->gone = gone;
		call->gone_user = user;
	}
}

void call_on_room(struct call *call, void (*room)(void *user), void *user) {
	assert(call->room == NULL);
	if (call->conn != NULL && !call->answered) {
		call->room = room;
		call->room_user = user;
		server_ready(call->conn);
	}
}

/* One a time: what it does may change the list. */
void call_tell_room(struct conn *conn) {
	list_for_each (pos, &conn->calls) {
		struct call *call = container_of(pos, struct call, node);

		if (call->room != NULL && conn_unread(conn) < LIMIT_UNREAD_OUTPUT_STALL_BYTES) {
			TAKE_PTR(call->room)(call->room_user);
			return;
		}
	}
}

void call_orphan_all(struct conn *conn) {
	struct list *elem;

	while ((elem = conn->calls.next) != &conn->calls) {
		struct call *call = container_of(elem, struct call, node);
		void (*gone)(void *user) = call->gone;

		call_ref(call);
		call->conn = NULL;
		call->gone = NULL;
		call->room = NULL;
		conn->n_calls--;
		call_unlist(call);
		if (gone != NULL && !call->answered) {
			gone(call->gone_user);
		}
		if (--call->refs == 0) {
			call_free(call);
		}
	}
}
