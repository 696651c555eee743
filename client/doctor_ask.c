#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/doctor.h"
#include "client/git.h"
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

void doctor_ask(const struct invocation *inv, struct doctor_client *client) {
	const char *option = option_text(&inv->globals, "socket");
	const char *variable = getenv("CODEGEN_SOCKET");
	bool user = option_flag(&inv->globals, "user");
	int64_t deadline_us =
		MIN(call_deadline_us(inv->timeout_ms), call_deadline_us(CLIENT_DOCTOR_TIMEOUT_MS));

	*client = (struct doctor_client){ .inv = inv };
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

/* `line`: "NAME=VALUE". */
static void take_property(const char *line, struct doctor_unit *unit) {
	const struct {
		const char *name;
		char *value;
		size_t size;
	} properties[] = {
		{ "LoadState=", unit->load, sizeof(unit->load) },
		{ "ActiveState=", unit->state, sizeof(unit->state) },
		{ "ExecMainCode=", unit->ending, sizeof(unit->ending) },
		{ "ExecMainStatus=", unit->exit_status, sizeof(unit->exit_status) },
		{ "StatusText=", unit->text, sizeof(unit->text) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		size_t len = strlen(properties[i].name);
		_cleanup_(freep) char *value = NULL;

		if (strncmp(line, properties[i].name, len) != 0) {
			continue;
		}
		value = print_one_line(line + len);
		(void)text_format(properties[i].value, properties[i].size, "%.400s",
			value != NULL ? value : "");
	}
}

void doctor_ask_systemd(bool user, struct doctor_unit *unit) {
	const char *const argv[] = { "systemctl", user ? "--user" : "--system", "show",
		"--property=LoadState", "--property=ActiveState", "--property=ExecMainCode",
		"--property=ExecMainStatus", "--property=StatusText", "codegend.service", NULL };
	_cleanup_(freep) char *printed = NULL;
	struct git_query query;

	*unit = (struct doctor_unit){ 0 };
	git_start_other(&query, argv);
	git_wait(&query, 1, call_deadline_us(CLIENT_SYSTEMCTL_TIMEOUT_MS));
	printed = buffer_steal(&query.out);
	git_finish(&query);
	for (char *line = printed, *end; line != NULL && (end = strchr(line, '\n')) != NULL;
		line = end + 1) {
		*end = '\0';
		take_property(line, unit);
	}
}
