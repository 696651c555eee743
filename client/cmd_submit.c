#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/file.h"
#include "client/print.h"
#include "client/request.h"
#include "client/submission.h"
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

/*
 * "Reported: report error-1, incident incident-1 (joined), follow-up task delayed-1 in 59 min." What was seen before
 * is what the ticket says, not what this call asked for.
 */
static void print_ticket(const json_t *ticket) {
	const char *report = json_text(ticket, "reportId"), *task = json_text(ticket, "taskId");
	const char *incident = json_text(ticket, "incidentId");
	char relative[CLOCK_SPAN_MAX] = "";
	int64_t due_ms;

	if (clock_parse(json_text(ticket, "scheduledFor"), &due_ms) == 0) {
		clock_format_relative(due_ms, clock_now_ms(), relative);
	}
	printf("%s: %s%s",
		json_is_true(json_object_get(ticket, "duplicate")) ? "Seen before" : "Reported",
		report[0] != '\0' ? "report " : "a passed build", report);
	if (incident[0] != '\0') {
		printf(", incident %s%s", incident,
			json_is_true(json_object_get(ticket, "joined")) ? " (joined)" : "");
	}
	if (task[0] != '\0') {
		printf(", follow-up task %s%s%s", task, relative[0] != '\0' ? " " : "", relative);
	}
	printf(".\n");
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

/* Sent, and no answer: whether it was recorded is not known, and the key makes that harmless. */
static int unanswered(const char *path, int status, const json_t *parameters) {
	char hint[CLIENT_SENTENCE_MAX];

	(void)text_format(hint, sizeof(hint),
		"the report may have been recorded; submitting it again with --key %s is safe",
		json_text(parameters, "key"));
	return failure_report(status == -ETIMEDOUT ? FAILURE_TIMED_OUT : FAILURE_NOT_REACHABLE,
		hint, "the daemon at \"%s\" %s", path,
		status == -ETIMEDOUT ? "did not answer in time"
				     : "closed the connection without an answer");
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
	if (r < 0) {
		return request_failed(inv, r);
	}
	r = call_method(conn, SUBMIT_METHOD, parameters, &reply);
	while (r == 0 && reply.error != NULL && wait_as_told(&reply, deadline_us)) {
		call_reply_finish(&reply);
		r = call_method(conn, SUBMIT_METHOD, parameters, &reply);
	}
	if (r == -ETIMEDOUT || r == -ECONNRESET) {
		return unanswered(path, r, parameters);
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

static int submit(const struct invocation *inv, const char *log, int64_t deadline_us) {
	json_t *parameters = NULL, *ticket = NULL;
	int64_t now_us = clock_mono_us();
	/* At least half of the time that is left is the daemon's. */
	int64_t git_us =
		MIN(now_us + CLIENT_GIT_TIMEOUT_MS * 1000, now_us + (deadline_us - now_us) / 2);
	struct step_outcome outcome = { .passed = option_flag(&inv->options, "passed"),
		.exit_code = option_number(&inv->options, "exit-code", -1),
		.log = log };
	int r = submission_create(inv, &outcome, git_us, &parameters);

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
		print_ticket(ticket);
	}
	json_decref(ticket);
	return r;
}

/* What speaks of a failure beside --passed; NULL: nothing does. */
static const char *contradiction(const struct invocation *inv) {
	if (!option_flag(&inv->options, "passed")) {
		return NULL;
	}
	if (inv->n_args > 0) {
		return "an error type";
	}
	if (option_given(&inv->options, "log")) {
		return "--log";
	}
	return option_number(&inv->options, "exit-code", 0) != 0 ? "--exit-code" : NULL;
}

/* Whether it has to stay unreported, rather than say that green is what may not be, or the other way round. */
static int check_use(const struct invocation *inv) {
	bool passed = option_flag(&inv->options, "passed");
	const char *against = contradiction(inv);

	if (against != NULL) {
		return failure_report(FAILURE_USAGE, "give one of the two",
			"nothing was reported: --passed and %s contradict each other", against);
	}
	if (inv->n_complaints == 0) {
		return 0;
	}
	if (passed || option_is_doubtful(&inv->options, "passed")) {
		return failure_report(FAILURE_USAGE, inv->hint[0] != '\0' ? inv->hint : NULL,
			"nothing was reported, since not all was understood: %s", inv->complaint);
	}
	failure_warn("%s%s%s%s; reporting without it%s", inv->complaint,
		inv->hint[0] != '\0' ? " (" : "", inv->hint, inv->hint[0] != '\0' ? ")" : "",
		inv->n_complaints > 1 ? " and without more that was not understood" : "");
	return 0;
}

/* A log that cannot be read does not cost the report, with --strict the exit code. */
static int submit_with_log(const struct invocation *inv, const char *path) {
	_cleanup_(freep) char *log = NULL;
	bool timed = option_given(&inv->globals, "timeout");
	int64_t limit_ms = timed ? inv->timeout_ms : CLIENT_SUBMIT_TIMEOUT_MS;
	bool is_stdin = path != NULL && strcmp(path, "-") == 0;
	int64_t deadline_us = call_deadline_us(limit_ms);
	int64_t log_ms =
		limit_ms == 0 ? CLIENT_LOG_TIMEOUT_MS : MIN(CLIENT_LOG_TIMEOUT_MS, limit_ms / 2);
	int64_t log_us = is_stdin ? CALL_NO_DEADLINE : call_deadline_us(log_ms);
	int log_status = path != NULL ? submission_read_log(path, log_us, &log) : 0, r;

	if (log_status < 0 && command_forgives(inv)) {
		failure_warn("cannot read the log \"%s\": %s; reporting without it", path,
			file_problem(log_status));
	}
	/* A pipe ends when the step does, and that time is not ours. */
	r = submit(inv, log, is_stdin ? call_deadline_us(limit_ms) : deadline_us);
	if (r != 0 || log_status == 0 || command_forgives(inv)) {
		return r;
	}
	return failure_report(FAILURE_FAILED, "the failure was reported without it",
		"cannot read the log \"%s\": %s", path, file_problem(log_status));
}

int cmd_submit(const struct invocation *inv) {
	int r = check_use(inv);

	return r != 0 ? r : submit_with_log(inv, option_text(&inv->options, "log"));
}
