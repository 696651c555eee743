#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/doctor.h"
#include "client/limits.h"
#include "client/print.h"
#include "common/clock.h"
#include "common/protocol.h"
#include "common/text.h"

/* Asks the daemon for its version. */
static void ping(struct doctor_socket *socket, int64_t deadline_us, char version[CLIENT_NAME_MAX]) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	_cleanup_(call_reply_finish) struct call_reply reply = { 0 };
	int r = call_open(socket->path, deadline_us, &conn);

	r = r < 0 ? r : call_method(conn, PROTOCOL_INTERFACE ".Ping", NULL, &reply);
	if (r == 0 && reply.error != NULL) {
		r = -EPROTO;
	}
	if (r == 0) {
		(void)text_copy(version, CLIENT_NAME_MAX, json_text(reply.parameters, "version"));
	}
	socket->status = r;
}

/* An operator need not be able to submit. */
static bool is_missed(const struct doctor_client *client) {
	return client->control.status != 0 ||
		(client->submit.status != 0 && client->submit.status != -EACCES);
}

void doctor_ask(const struct invocation *inv, struct doctor_client *client) {
	const char *option = option_text(&inv->globals, "socket");
	const char *variable = getenv("CODEGEN_SOCKET");
	bool user = option_flag(&inv->globals, "user");
	int64_t deadline_us =
		MIN(call_deadline_us(inv->timeout_ms), call_deadline_us(CLIENT_DOCTOR_TIMEOUT_MS));

	*client = (struct doctor_client){ .inv = inv, .unit_state = DOCTOR_NONE };
	client->is_named =
		option_given(&inv->globals, "socket") || (variable != NULL && *variable != '\0');
	if (address_socket(ADDRESS_KIND_CONTROL, option, user, client->control.path,
		    sizeof(client->control.path)) == 0) {
		ping(&client->control, deadline_us, client->version);
	}
	/* Behind both is the same daemon: when it hangs, that has been seen. */
	if (!client->is_named && client->control.status != -ETIMEDOUT &&
		address_socket(ADDRESS_KIND_SUBMIT, NULL, user, client->submit.path,
			sizeof(client->submit.path)) == 0) {
		ping(&client->submit, deadline_us, client->version);
	}
	/* Of a socket that was named it is not known whose it is. */
	if (!client->is_named && is_missed(client) && !doctor_may_only_submit(client)) {
		doctor_ask_systemd(client);
	}
}

bool doctor_may_only_submit(const struct doctor_client *client) {
	int submit = client->submit.status;

	if (client->submit.path[0] == '\0') {
		return false;
	}
	switch (-client->control.status) {
	case EACCES:
	case EPERM: return submit == 0 || submit == -ETIMEDOUT || submit == -ECONNREFUSED;
	case ENOENT:
	case ENOTDIR: return submit == 0;
	default: return false;
	}
}
