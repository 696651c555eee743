#include <errno.h>
#include <stdio.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "common/protocol.h"

struct watch {
	const struct invocation *inv;
	int exit;
};

/* Ends the stream with 1 when it may not go on; `exit` says why. */
static int watch_event(const struct call_reply *reply, void *user) {
	struct watch *watch = user;
	const json_t *event = json_object_get(reply->parameters, "event");

	if (reply->error != NULL) {
		watch->exit = request_refused(reply);
		return 1;
	}
	if (!json_is_object(event)) {
		return 0;
	}
	if (!watch->inv->json) {
		show_event(event);
	} else if (print_json_line(event) < 0) {
		watch->exit = failure_report(FAILURE_FAILED, NULL, "cannot write the output");
		return 1;
	}
	if (fflush(stdout) == EOF) {
		watch->exit = failure_report(FAILURE_FAILED, NULL, "cannot write the output");
		return 1;
	}
	return 0;
}

int cmd_watch(const struct invocation *inv) {
	static const char *const begins[] = { "since", "last" };
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	struct watch watch = { .inv = inv };
	json_t *parameters;
	int r = request_open(inv, &conn);

	if (r != 0) {
		return r;
	}
	parameters = json_object();
	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
		if (option_given(&inv->options, begins[i])) {
			(void)json_object_set_new(parameters, begins[i],
				json_integer(option_number(&inv->options, begins[i], 0)));
		}
	}
	r = call_more(conn, PROTOCOL_INTERFACE ".Watch", parameters, watch_event, &watch);
	json_decref(parameters);
	return r < 0 ? request_failed(inv, r) : watch.exit;
}
