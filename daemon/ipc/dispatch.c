/* From a message to a method: what a call must look like (varlink.org, "Method Call"), and who may call what. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/protocol.h"
#include "common/text.h"
#include "daemon/ipc/internal.h"

/* Anything else at the top level is not Varlink, or a reply; systemd's peers end the connection too. */
static const char *const call_members[] = { "method", "more", "oneway", "parameters", "upgrade" };

static bool is_call_member(const char *key) {
	for (size_t i = 0; i < ARRAY_SIZE(call_members); i++) {
		if (strcmp(key, call_members[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_only_call_members(json_t *message) {
	const char *key;
	json_t *value;

	json_object_foreach(message, key, value) {
		if (!is_call_member(key)) {
			return false;
		}
	}
	return true;
}

/* Returns: 0; -EINVAL, it is there and no boolean. */
static int get_flag(const json_t *message, const char *key, bool *ret_flag) {
	const json_t *value = json_object_get(message, key);

	if (value != NULL && !json_is_boolean(value) && !json_is_null(value)) {
		return -EINVAL;
	}
	*ret_flag = json_is_true(value);
	return 0;
}

/* Returns NULL; or the name of a member whose type is wrong. */
static const char *read_envelope(struct call *call) {
	json_t *parameters = json_object_get(call->message, "parameters");
	bool upgrade = false;

	if (get_flag(call->message, "oneway", &call->oneway) < 0) {
		return "oneway";
	}
	if (get_flag(call->message, "more", &call->more) < 0) {
		return "more";
	}
	if (get_flag(call->message, "upgrade", &upgrade) < 0 || upgrade) {
		return "upgrade";
	}
	if (parameters == NULL || json_is_null(parameters)) {
		parameters = json_object();
		if (json_object_set_new(call->message, "parameters", parameters) < 0) {
			return "parameters";
		}
	}
	if (!json_is_object(parameters)) {
		return "parameters";
	}
	call->parameters = parameters;
	return json_is_string(json_object_get(call->message, "method")) ? NULL : "method";
}

static const struct ipc_interface *find_interface(
	const struct ipc_service *service, const char *name) {
	if (strcmp(name, service_interface.name) == 0) {
		return &service_interface;
	}
	for (size_t i = 0; i < service->n_interfaces; i++) {
		if (strcmp(name, service->interfaces[i]->name) == 0) {
			return service->interfaces[i];
		}
	}
	return NULL;
}

static int compare_method(const void *key, const void *elem) {
	return strcmp(key, ((const struct ipc_method *)elem)->name);
}

static void answer_names(struct call *call, const char *error, const char *key, const char *value) {
	call_error(call, error, json_pack("{s:s}", key, value));
}

/* Sets call->method, or answers why not. */
static bool find_method(struct call *call, const char *full) {
	const char *dot = strrchr(full, '.');
	const struct ipc_interface *interface;
	char name[LIMIT_NAME_MAX];

	if (dot == NULL || dot == full || (size_t)(dot - full) >= sizeof(name)) {
		call_invalid(call, "method");
		return false;
	}
	text_copy(name, (size_t)(dot - full) + 1, full);
	interface = find_interface(call->server->service, name);
	if (interface == NULL) {
		answer_names(call, PROTOCOL_INTERFACE_NOT_FOUND, "interface", name);
		return false;
	}
	call->method = bsearch(dot + 1, interface->methods, interface->n_methods,
		sizeof(*interface->methods), compare_method);
	if (call->method == NULL) {
		answer_names(call, PROTOCOL_METHOD_NOT_FOUND, "method", dot + 1);
		return false;
	}
	return true;
}

static bool check_method(struct call *call, enum server_socket socket) {
	const struct ipc_method *method = call->method;

	if (method->access == IPC_CONTROL && socket != SERVER_CONTROL) {
		call_error(call, PROTOCOL_PERMISSION_DENIED, NULL);
		return false;
	}
	if ((method->flags & IPC_NEEDS_MORE) != 0 && !call->more) {
		call_error(call, PROTOCOL_EXPECTED_MORE, NULL);
		return false;
	}
	call->more = call->more && (method->flags & (IPC_MORE | IPC_NEEDS_MORE)) != 0;
	return true;
}

static const struct jfield *find_field(const struct ipc_method *method, const char *name) {
	for (size_t i = 0; i < method->n_fields; i++) {
		if (strcmp(method->fields[i].name, name) == 0) {
			return &method->fields[i];
		}
	}
	return NULL;
}

/* A value of the right JSON type that does not fit gets a sentence, the rest the protocol's own error. */
static void refuse_field(struct call *call, const char *name) {
	const struct jfield *field = find_field(call->method, name);
	const char *value = json_string_value(json_object_get(call->parameters, name));
	char allowed[LIMIT_SENTENCE_MAX / 2] = "";
	size_t len = 0;

	if (value != NULL && field->type == JFIELD_TEXT) {
		call_refuse(call, name, "the parameter \"%s\" is longer than %zu bytes", name,
			field->size - 1);
		return;
	}
	if (value == NULL || field->type != JFIELD_ENUM) {
		call_invalid(call, name);
		return;
	}
	for (size_t i = 0; field->names[i] != NULL && len < sizeof(allowed); i++) {
		len += (size_t)snprintf(allowed + len, sizeof(allowed) - len, "%s%s",
			i > 0 ? ", " : "", field->names[i]);
	}
	call_refuse(call, name, "\"%.64s\" is no value of the parameter \"%s\"; it is one of %s",
		value, name, allowed);
}

static bool decode_parameters(struct call *call) {
	const struct ipc_method *method = call->method;
	const char *field = NULL;
	int r;

	if (method->fields == NULL) {
		return true;
	}
	call->params = calloc(1, MAX(method->params_size, (size_t)1));
	if (call->params == NULL) {
		call_fail(call, -ENOMEM, NULL);
		return false;
	}
	if (method->preset != NULL) {
		method->preset(call->params);
	}
	r = jfield_decode(call->parameters, method->fields, method->n_fields, call->params, &field);
	if (r == -EINVAL) {
		refuse_field(call, field);
	} else if (r < 0) {
		call_fail(call, r, NULL);
	}
	return r == 0;
}

/*
 * Before the handler runs: what it hands to the store holds values of the message, and two threads must not count the
 * references of one value. Large messages are not kept while the call waits, either.
 */
static void drop_message(struct call *call) {
	if (call->method->fields != NULL) {
		json_decref(call->message);
		call->message = NULL;
		call->parameters = NULL;
	}
}

static struct call *call_new(struct conn *conn, json_t *message, size_t message_bytes) {
	struct server *server = conn->server;
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL) {
		json_decref(message);
		return NULL;
	}
	call->refs = 2; /* the list's and the dispatcher's */
	call->listed = true;
	call->conn = conn;
	call->server = server;
	call->uid = conn->peer.uid;
	call->message = message;
	call->message_bytes = message_bytes;
	buffer_init(&call->out, LIMIT_UNREAD_OUTPUT_MAX_BYTES + LIMIT_FRAME_MAX_BYTES);
	list_append(&conn->calls, &call->node);
	conn->n_calls++;
	server->n_calls++;
	server->call_bytes += message_bytes;
	return call;
}

int call_dispatch(struct conn *conn, json_t *message, size_t message_bytes) {
	_cleanup_(call_unrefp) struct call *call = NULL;
	const char *wrong;

	if (!has_only_call_members(message) ||
		(json_is_true(json_object_get(message, "oneway")) &&
			json_is_true(json_object_get(message, "more")))) {
		json_decref(message);
		return -EPROTO;
	}
	call = call_new(conn, message, message_bytes);
	if (call == NULL) {
		return -ENOMEM;
	}
	wrong = read_envelope(call);
	if (wrong != NULL) {
		call_invalid(call, wrong);
		return 0;
	}
	if (find_method(call, json_string_value(json_object_get(message, "method"))) &&
		check_method(call, conn->socket) && decode_parameters(call)) {
		drop_message(call);
		call->method->handle(call, call->params);
	}
	return 0;
}
