#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "client/submission.h"
#include "common/log.h"
#include "common/protocol.h"
#include "common/text.h"

#define SUBMIT_METHOD PROTOCOL_INTERFACE ".Submit"

/* The members of `submit --json`, in their order. */
static const char *const ticket_members[] = { "reportId", "incidentId", "taskId", "scheduledFor",
	"errorType", "duplicate", "joined" };

static int print_ticket_json(const json_t *ticket) {
	json_t *document = json_object();
	int r = document != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(ticket_members); i++) {
		json_t *value = json_object_get(ticket, ticket_members[i]);

		r = json_object_set_new(document, ticket_members[i],
			    value != NULL ? json_incref(value) : json_null()) < 0
			? -ENOMEM
			: 0;
	}
	if (r == 0 && json_object_set_new(document, "spooled", json_false()) < 0) {
		r = -ENOMEM;
	}
	r = r < 0 ? failure_report(FAILURE_FAILED, NULL, "out of memory")
		  : request_print_json(document);
	json_decref(document);
	return r;
}

/* "Reported error-1: incident incident-1 (joined), follow-up delayed-1 in 59 min." */
static void print_ticket(const json_t *ticket, bool passed) {
	const char *incident = json_text(ticket, "incidentId"), *task = json_text(ticket, "taskId");
	char relative[CLOCK_SPAN_MAX] = "";
	int64_t due_ms;

	if (clock_parse(json_text(ticket, "scheduledFor"), &due_ms) == 0) {
		clock_format_relative(due_ms, clock_now_ms(), relative);
	}
	printf("Reported %s", passed ? "the passed build" : json_text(ticket, "reportId"));
	if (incident[0] != '\0') {
		printf(": incident %s%s", incident,
			json_is_true(json_object_get(ticket, "joined")) ? " (joined)" : "");
	}
	if (task[0] != '\0') {
		printf(", follow-up %s%s%s", task, relative[0] != '\0' ? " " : "", relative);
	}
	printf("%s.\n", json_is_true(json_object_get(ticket, "duplicate")) ? " (seen before)" : "");
}

/* The daemon asks to come again: waits as it says. Returns whether there was time for that. */
static bool wait_as_told(const struct call_reply *reply, int64_t deadline_us) {
	int64_t wait_ms = json_number(reply->parameters, "retryAfterMs");

	if (failure_from_error(reply->error) != FAILURE_BUSY || wait_ms <= 0 ||
		clock_mono_us() + wait_ms * 1000 >= deadline_us) {
		return false;
	}
	(void)poll(NULL, 0, (int)wait_ms);
	return true;
}

static int send_submission(const struct invocation *inv, json_t *parameters, int64_t deadline_us,
	json_t **ret_ticket) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	_cleanup_(call_reply_finish) struct call_reply reply = { 0 };
	char path[ADDRESS_PATH_MAX];
	json_t *ticket;
	int r = request_socket(inv, path);

	if (r != 0) {
		return r;
	}
	r = call_open(path, deadline_us, &conn);
	if (r == 0) {
		r = call_method(conn, SUBMIT_METHOD, parameters, &reply);
	}
	while (r == 0 && reply.error != NULL && wait_as_told(&reply, deadline_us)) {
		call_reply_finish(&reply);
		r = call_method(conn, SUBMIT_METHOD, parameters, &reply);
	}
	if (r < 0) {
		return request_failed(inv, r);
	}
	if (reply.error != NULL) {
		/* Whatever its kind: the step's script asks whether it was taken. */
		(void)request_refused(&reply);
		return EXIT_REFUSED;
	}
	ticket = json_object_get(reply.parameters, "ticket");
	if (!json_is_object(ticket)) {
		return failure_report(FAILURE_PROTOCOL, NULL, "the daemon's answer has no ticket");
	}
	*ret_ticket = json_incref(ticket);
	return 0;
}

static int submit(const struct invocation *inv, const char *log) {
	bool timed = option_given(&inv->globals, "timeout");
	int64_t deadline_us = call_deadline_us(timed ? inv->timeout_ms : CLIENT_SUBMIT_TIMEOUT_MS);
	int64_t git_us = call_deadline_us(CLIENT_GIT_TIMEOUT_MS);
	json_t *parameters = NULL, *ticket = NULL;
	int r = submission_create(inv, log, MIN(deadline_us, git_us), &parameters);

	if (r != 0) {
		return r;
	}
	r = send_submission(inv, parameters, deadline_us, &ticket);
	json_decref(parameters);
	if (r != 0) {
		return r;
	}
	if (inv->json) {
		r = print_ticket_json(ticket);
	} else {
		print_ticket(ticket, option_flag(&inv->options, "passed"));
	}
	json_decref(ticket);
	return r;
}

int cmd_submit(const struct invocation *inv) {
	_cleanup_(freep) char *log = NULL;
	const char *path = option_text(&inv->options, "log");
	bool strict = option_flag(&inv->options, "strict");
	int r = path != NULL ? submission_read_log(path, &log) : 0;

	if (r < 0 && strict) {
		return failure_report(
			FAILURE_USAGE, NULL, "cannot read the log \"%s\": %s", path, log_errno(r));
	}
	if (r < 0) {
		failure_warn(
			"cannot read the log \"%s\": %s; reporting without it", path, log_errno(r));
	}
	/* The log was read to its end first: a pipe ends when the step does, and that time is not ours. */
	r = submit(inv, log);
	return strict ? r : EXIT_DONE;
}
