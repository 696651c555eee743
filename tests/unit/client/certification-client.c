/*
 * Runs org.varlink.certification as a client: certification-client SOCKET. The source of the interface is
 * varlink.org's certification; each answer is the argument of the next call.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "common/text.h"

#define TIMEOUT_MS 10000

static json_t *client_id;

static int complain(const char *method, int status, const struct call_reply *reply) {
	char *text = reply->parameters != NULL ? json_dumps(reply->parameters, JSON_COMPACT) : NULL;

	fprintf(stderr, "%s: %s %s %s\n", method, strerror(-status),
		reply->error != NULL ? reply->error : "", text != NULL ? text : "");
	freep(&text);
	return -1;
}

/* Calls with `parameters` (taken) and the client's id; the answer is a new reference. */
static json_t *step(struct call_conn *conn, const char *name, json_t *parameters) {
	_cleanup_(call_reply_finish) struct call_reply reply = { 0 };
	char method[64];
	int r;

	(void)text_format(method, sizeof(method), "org.varlink.certification.%s", name);
	if (client_id != NULL) {
		json_object_set(parameters, "client_id", client_id);
	}
	r = call_method(conn, method, parameters, &reply);
	json_decref(parameters);
	if (r < 0 || reply.error != NULL) {
		(void)complain(method, r, &reply);
		return NULL;
	}
	return TAKE_PTR(reply.parameters);
}

static int add_string(const struct call_reply *reply, void *user) {
	if (reply->error != NULL) {
		return complain("Test10", 0, reply);
	}
	return json_array_append(user, json_object_get(reply->parameters, "string"));
}

static int certify(struct call_conn *conn) {
	static const char *const tests[] = { "Test01", "Test02", "Test03", "Test04", "Test05",
		"Test06", "Test07", "Test08", "Test09" };
	json_t *answer = step(conn, "Start", json_object()), *strings = json_array(), *last;

	if (answer == NULL) {
		return -1;
	}
	client_id = json_incref(json_object_get(answer, "client_id"));
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		answer = step(conn, tests[i], answer);
		if (answer == NULL) {
			return -1;
		}
	}
	json_object_set(answer, "client_id", client_id);
	if (call_more(conn, "org.varlink.certification.Test10", answer, add_string, strings) != 0) {
		return -1;
	}
	json_decref(answer);
	last = json_pack("{s:O, s:o}", "client_id", client_id, "last_more_replies", strings);
	if (call_oneway(conn, "org.varlink.certification.Test11", last) < 0) {
		return -1;
	}
	json_decref(last);
	answer = step(conn, "End", json_object());
	if (!json_is_true(json_object_get(answer, "all_ok"))) {
		return -1;
	}
	json_decref(answer);
	json_decref(client_id);
	return 0;
}

int main(int argc, char **argv) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	int r;

	if (argc != 2) {
		return 2;
	}
	r = call_open(argv[1], call_deadline_us(TIMEOUT_MS), &conn);
	if (r < 0) {
		fprintf(stderr, "cannot connect: %s\n", strerror(-r));
		return r == -ENOENT || r == -ECONNREFUSED ? 3 : 1;
	}
	return certify(conn) < 0 ? 1 : 0;
}
