/*
 * doctor: what is wrong, seen from here and by the daemon itself, a line a check.
 */
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/doctor.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "common/protocol.h"
#include "common/text.h"

#define NAME_COLUMN 28

static const char *const state_names[DOCTOR_STATE_COUNT] = {
	[DOCTOR_OK] = "ok",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_PROBLEM] = "problem",
};

static json_t *make_line(
	const char *name, enum doctor_state state, const struct doctor_finding *finding) {
	_cleanup_(freep) char *message = print_one_line(finding->message);
	_cleanup_(freep) char *remedy = print_one_line(finding->remedy);
	json_t *line = json_pack("{s:s, s:s, s:s}", "name", name, "state", state_names[state],
		"message", message != NULL ? message : "");

	if (line != NULL && state != DOCTOR_OK && remedy != NULL && remedy[0] != '\0' &&
		json_object_set_new(line, "remedy", json_string(remedy)) < 0) {
		json_decref(line);
		return NULL;
	}
	return line;
}

/* What is seen from here. Returns: 0; -1, memory. */
static int add_ours(const struct doctor_client *client, json_t *lines) {
	for (size_t i = 0; i < n_doctor_checks; i++) {
		struct doctor_finding finding = { 0 };
		enum doctor_state state = doctor_checks[i].make(client, &finding);

		if (state != DOCTOR_NONE &&
			json_array_append_new(
				lines, make_line(doctor_checks[i].name, state, &finding)) < 0) {
			return -1;
		}
	}
	return 0;
}

/* What the daemon says of itself; or that it does not. */
static int add_daemons(const struct doctor_client *client, json_t *lines) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	_cleanup_(call_reply_finish) struct call_reply reply = { 0 };
	struct doctor_finding finding = { .remedy = "journalctl -u codegend" };
	enum doctor_state state = DOCTOR_PROBLEM;
	const char *sentence;
	int r = call_open(client->control.path, call_deadline_us(client->inv->timeout_ms), &conn);

	r = r < 0 ? r : call_method(conn, PROTOCOL_INTERFACE ".Doctor", NULL, &reply);
	if (r == 0 && reply.error == NULL &&
		json_is_array(json_object_get(reply.parameters, "checks"))) {
		return json_array_extend(lines, json_object_get(reply.parameters, "checks"));
	}
	if (r < 0) {
		(void)request_problem(r, &sentence);
		(void)text_format(finding.message, sizeof(finding.message),
			"The daemon was not examined: %s.", sentence);
	} else if (reply.error != NULL && strcmp(reply.error, PROTOCOL_METHOD_NOT_FOUND) == 0) {
		(void)TEXT_SET(finding.message,
			"The daemon is of an older version and cannot be examined.");
		(void)TEXT_SET(finding.remedy, "upgrade it, or restart it if it was");
	} else if (reply.error != NULL && strcmp(reply.error, PROTOCOL_PERMISSION_DENIED) == 0) {
		state = DOCTOR_OK;
		(void)text_format(finding.message, sizeof(finding.message),
			"\"%.300s\" takes submissions, which is all that CI needs: the daemon itself is"
			" examined through its control socket alone.",
			client->control.path);
	} else {
		sentence = json_text(reply.parameters, "message");
		(void)text_format(finding.message, sizeof(finding.message),
			"The daemon was not examined: %s.",
			sentence[0] != '\0'	      ? sentence
				: reply.error != NULL ? reply.error
						      : "its answer has no checks");
	}
	return json_array_append_new(lines, make_line("daemon", state, &finding));
}

static void print_line(const json_t *line) {
	_cleanup_(freep) char *state = print_one_line(json_text(line, "state"));
	const char *subject = json_text(line, "subject"), *remedy = json_text(line, "remedy");
	char name[CLIENT_SENTENCE_MAX];

	(void)text_format(name, sizeof(name), "%s%s%s", json_text(line, "name"),
		subject[0] != '\0' ? " " : "", subject);
	print_word(state != NULL ? state : "", 9);
	print_plain("%-*s  %s%s%s%s", NAME_COLUMN, name, json_text(line, "message"),
		remedy[0] != '\0' ? " Remedy: " : "", remedy, remedy[0] != '\0' ? "." : "");
}

/* The worst of all. */
static const char *worst_state(const json_t *lines) {
	const char *worst = "ok";

	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *state = json_text(json_array_get(lines, i), "state");

		if (strcmp(state, "ok") != 0 && strcmp(worst, "problem") != 0) {
			worst = strcmp(state, "problem") == 0 ? "problem" : "warning";
		}
	}
	return worst;
}

static int report(const struct invocation *inv, json_t *lines) {
	const char *worst = worst_state(lines);
	json_t *document;
	int r = 0;

	if (inv->json) {
		document = json_pack("{s:s, s:O}", "state", worst, "checks", lines);
		r = document != NULL ? request_print_json(document)
				     : failure_report(FAILURE_FAILED, NULL, "out of memory");
		json_decref(document);
	}
	for (size_t i = 0; !inv->json && i < json_array_size(lines); i++) {
		print_line(json_array_get(lines, i));
	}
	return r == 0 && strcmp(worst, "problem") == 0 ? EXIT_REFUSED : r;
}

int cmd_doctor(const struct invocation *inv) {
	struct doctor_client client;
	json_t *lines = json_array();
	int r;

	doctor_ask(inv, &client);
	r = lines != NULL ? add_ours(&client, lines) : -1;
	if (r == 0 && client.control.path[0] != '\0' && client.control.status == 0) {
		r = add_daemons(&client, lines);
	}
	r = r < 0 ? failure_report(FAILURE_FAILED, NULL, "out of memory") : report(inv, lines);
	json_decref(lines);
	return r;
}
