#include "client/delivery.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "client/call.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "client/socket_group.h"
#include "client/spool.h"
#include "common/address.h"
#include "common/protocol.h"
#include "common/text.h"

#define SUBMIT_METHOD PROTOCOL_INTERFACE ".Submit"

/* How the attempt to hand it to a daemon ended, before anything is said of it. */
struct attempt {
	json_t *ticket; /* owned; NULL: it was not taken */
	enum failure failure;
	bool passing; /* a daemon will take it another time */
	bool unknown; /* it may have been recorded */
	char sentence[CLIENT_SENTENCE_MAX];
	char hint[CLIENT_SENTENCE_MAX]; /* "": the failure's own */
};

static void attempt_finish(struct attempt *attempt) {
	json_decref(attempt->ticket);
}

/* Telling */

/* The members of `submit --json`, in their order. */
static const char *const ticket_members[] = { "reportId", "incidentId", "taskId", "scheduledFor",
	"errorType", "duplicate", "joined" };

/* `ticket` NULL: it was spooled. */
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
	if (r == 0 && json_object_set_new(document, "spooled", json_boolean(ticket == NULL)) < 0) {
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
	print_plain("%s: %s%s%s%s%s%s%s%s%s.",
		json_is_true(json_object_get(ticket, "duplicate")) ? "Seen before" : "Reported",
		report[0] != '\0' ? "report " : "a passed build", report,
		incident[0] != '\0' ? ", incident " : "", incident,
		incident[0] != '\0' && json_is_true(json_object_get(ticket, "joined")) ? " (joined)"
										       : "",
		task[0] != '\0' ? ", follow-up task " : "", task,
		task[0] != '\0' && relative[0] != '\0' ? " " : "", task[0] != '\0' ? relative : "");
}

static int tell_taken(const struct invocation *inv, const json_t *ticket, bool quiet) {
	if (quiet) {
		return EXIT_DONE;
	}
	if (inv->json) {
		return print_ticket_json(ticket);
	}
	print_ticket(ticket);
	return EXIT_DONE;
}

/* Sending */

/* Whether the same submission may be taken another time. */
static bool is_passing(enum failure failure) {
	switch (failure) {
	case FAILURE_BUSY:
	case FAILURE_NOT_REACHABLE:
	case FAILURE_PERMISSION:
	case FAILURE_PROTOCOL: /* what was there is not known, nor what it did */
	case FAILURE_SHUTTING_DOWN:
	case FAILURE_STORE_FAILED:
	case FAILURE_STORE_FULL:
	case FAILURE_TIMED_OUT: return true;
	case FAILURE_FAILED:
	case FAILURE_INVALID_ARGUMENT:
	case FAILURE_INVALID_CONFIGURATION:
	case FAILURE_NOT_FOUND:
	case FAILURE_NOT_SUPPORTED:
	case FAILURE_REFUSED:
	case FAILURE_USAGE:
	case FAILURE_COUNT: break;
	}
	return false;
}

static void attempt_fail(struct attempt *attempt, enum failure failure) {
	attempt->failure = failure;
	attempt->passing = is_passing(failure);
}

static void take_status(struct attempt *attempt, const char *path, int status) {
	char remedy[CLIENT_SENTENCE_MAX] = "";
	const char *sentence;
	enum failure failure = request_problem(status, &sentence);
	bool known = failure == FAILURE_PERMISSION && socket_group_remedy(path, remedy);

	attempt_fail(attempt, failure);
	/* Whatever is wrong here and now, but for what the submission itself can never be. */
	attempt->passing = status != -EMSGSIZE && status != -EILSEQ;
	(void)text_format(attempt->sentence, CLIENT_SENTENCE_MAX,
		"cannot talk to codegend at \"%s\": %s%s%s", path, sentence, known ? "; " : "",
		remedy);
}

/* Sent, and no answer: whether it was recorded is not known, and the key makes that harmless. */
static void take_silence(
	struct attempt *attempt, const char *path, int status, const json_t *parameters) {
	attempt_fail(attempt, status == -ETIMEDOUT ? FAILURE_TIMED_OUT : FAILURE_NOT_REACHABLE);
	attempt->unknown = true;
	(void)text_format(attempt->sentence, CLIENT_SENTENCE_MAX, "the daemon at \"%s\" %s", path,
		status == -ETIMEDOUT ? "did not answer in time"
				     : "closed the connection without an answer");
	(void)text_format(attempt->hint, CLIENT_SENTENCE_MAX,
		"the report may have been recorded; submitting it again with --key %s is safe",
		json_text(parameters, "key"));
}

static void take_refusal(struct attempt *attempt, const struct call_reply *reply) {
	const char *message = json_text(reply->parameters, "message");

	attempt_fail(attempt, failure_from_error(reply->error));
	/* Who may use the socket may be refused by it for good. */
	attempt->passing = attempt->passing && attempt->failure != FAILURE_PERMISSION;
	(void)text_copy(attempt->hint, CLIENT_SENTENCE_MAX, json_text(reply->parameters, "hint"));
	if (message[0] != '\0') {
		(void)text_copy(attempt->sentence, CLIENT_SENTENCE_MAX, message);
	} else if (strcmp(reply->error, PROTOCOL_INVALID_PARAMETER) == 0) {
		(void)text_format(attempt->sentence, CLIENT_SENTENCE_MAX,
			"the daemon does not accept the value of \"%s\"",
			json_text(reply->parameters, "parameter"));
	} else {
		(void)text_format(attempt->sentence, CLIENT_SENTENCE_MAX,
			"the daemon refused with \"%s\"", reply->error);
	}
}

/* The daemon asks to come again: waits as it says. Returns whether there was time for that. */
static bool wait_as_told(const struct call_reply *reply, int64_t deadline_us) {
	int64_t wait_ms = json_number(reply->parameters, "retryAfterMs");

	/* A foreign number: it is compared before anything is counted with it. */
	if (failure_from_error(reply->error) != FAILURE_BUSY || wait_ms <= 0 ||
		wait_ms > CLIENT_BUSY_MAX_MS || clock_mono_us() + wait_ms * 1000 >= deadline_us) {
		return false;
	}
	(void)poll(NULL, 0, (int)wait_ms);
	return true;
}

static void take_reply(struct attempt *attempt, const struct call_reply *reply) {
	json_t *ticket = json_object_get(reply->parameters, "ticket");

	if (reply->error != NULL) {
		take_refusal(attempt, reply);
	} else if (!json_is_object(ticket)) {
		attempt_fail(attempt, FAILURE_PROTOCOL);
		(void)text_copy(attempt->sentence, CLIENT_SENTENCE_MAX,
			"the daemon's answer has no ticket");
	} else {
		attempt->ticket = json_incref(ticket);
	}
}

/* One connection: call_method()'s result; `ret_opened`: whether there was somebody to ask. */
static int ask(const char *path, const json_t *parameters, int64_t deadline_us,
	struct call_reply *reply, bool *ret_opened) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	int r = call_open(path, deadline_us, &conn);

	*ret_opened = r == 0;
	if (r < 0) {
		return r;
	}
	r = call_method(conn, SUBMIT_METHOD, (json_t *)parameters, reply);
	while (r == 0 && reply->error != NULL && wait_as_told(reply, deadline_us)) {
		call_reply_finish(reply);
		r = call_method(conn, SUBMIT_METHOD, (json_t *)parameters, reply);
	}
	return r;
}

static void send_to(
	const char *path, const json_t *parameters, int64_t deadline_us, struct attempt *attempt) {
	_cleanup_(call_reply_finish) struct call_reply reply = { 0 };
	bool opened, again;
	int r = ask(path, parameters, deadline_us, &reply, &opened);

	/* A daemon that stops closes what waited for it, and systemd keeps the socket for the next one. The key makes
	 * it harmless to ask both; when there is no next one, what the first did is what counts. */
	if (opened && (r == -EPIPE || r == -ECONNRESET)) {
		int second = ask(path, parameters, deadline_us, &reply, &again);

		r = again && second != -EPIPE ? second : r;
	}
	if (!opened) {
		take_status(attempt, path, r);
		return;
	}
	if (r == -ETIMEDOUT || r == -ECONNRESET) {
		take_silence(attempt, path, r, parameters);
	} else if (r < 0) {
		take_status(attempt, path, r);
	} else {
		take_reply(attempt, &reply);
	}
}

static void attempt_send(const struct invocation *inv, const json_t *parameters,
	int64_t deadline_us, struct attempt *attempt) {
	char path[ADDRESS_PATH_MAX];
	int r = address_socket(ADDRESS_KIND_SUBMIT, option_text(&inv->globals, "socket"),
		option_flag(&inv->globals, "user"), path, sizeof(path));

	if (r == 0) {
		send_to(path, parameters, deadline_us, attempt);
		return;
	}
	attempt_fail(attempt, r == -ENOENT ? FAILURE_NOT_REACHABLE : FAILURE_USAGE);
	(void)text_copy(attempt->sentence, CLIENT_SENTENCE_MAX,
		r == -ENOENT
			? "$XDG_RUNTIME_DIR is not set, so the socket of this user's daemon is not known"
			: "the path of the socket is too long");
}

/* Spooling */

static int spool(const struct invocation *inv, const json_t *parameters,
	const struct attempt *attempt, bool quiet) {
	char path[ADDRESS_PATH_MAX], sentence[CLIENT_SENTENCE_MAX];
	int r = spool_write(inv, parameters, path, sentence);

	if (r < 0) {
		return failure_report(attempt->failure,
			attempt->unknown ? attempt->hint : "nothing was reported",
			"%s, and it could not be spooled: %s", attempt->sentence, sentence);
	}
	failure_warn("%s; the submission was spooled as \"%s\" and waits for %s", attempt->sentence,
		path, sentence);
	if (inv->json && !quiet) {
		r = print_ticket_json(NULL);
	}
	return r != 0 ? r : EXIT_SPOOLED;
}

/* Refused for good. Whatever its kind: the step's script asks whether it was taken. */
static int tell_refused(const struct attempt *attempt) {
	int r = failure_report(attempt->failure, attempt->hint[0] != '\0' ? attempt->hint : NULL,
		"nothing was reported: %s", attempt->sentence);

	return attempt->failure == FAILURE_USAGE ? r : EXIT_REFUSED;
}

/* The last of the time is for the disk. */
static int64_t send_deadline_us(int64_t deadline_us) {
	int64_t left_us = deadline_us - clock_mono_us();

	return deadline_us == CALL_NO_DEADLINE
		? CALL_NO_DEADLINE
		: deadline_us - MIN(left_us / 4, (int64_t)CLIENT_SPOOL_TIMEOUT_MS * 1000);
}

int delivery_send(
	const struct invocation *inv, const json_t *parameters, int64_t deadline_us, bool quiet) {
	_cleanup_(attempt_finish) struct attempt attempt = { .failure = FAILURE_FAILED };

	attempt_send(inv, parameters, send_deadline_us(deadline_us), &attempt);
	if (attempt.ticket != NULL) {
		return tell_taken(inv, attempt.ticket, quiet);
	}
	return attempt.passing ? spool(inv, parameters, &attempt, quiet) : tell_refused(&attempt);
}
