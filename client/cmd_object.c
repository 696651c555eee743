/*
 * task, incident, report: one object, shown or acted on.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"

/* The verbs of the three commands: what they call and what the answer holds. */
static const struct verb {
	const char *command;
	const char *word;
	const char *method;
	const char *member;
	const char *done; /* what to tell people; NULL: show the object */
	void (*show)(const json_t *object);
} verbs[] = {
	{ "incident", "close", "CloseIncident", "incident", "Closed", NULL },
	{ "incident", "release", "ReleaseIncident", "incident", "Agents may be triggered:", NULL },
	{ "incident", "retry", "RetryIncident", "incident", "Its budget is full again:", NULL },
	{ "incident", "show", "GetIncident", "incident", NULL, show_incident },
	{ "report", "show", "GetReport", "report", NULL, show_report },
	{ "task", "cancel", "CancelTask", "task", "Cancelled", NULL },
	{ "task", "retry", "RetryTask", "task", "Scheduled again:", NULL },
	{ "task", "run", "RunTask", "task", "Runs now:", NULL },
	{ "task", "show", "GetTask", "task", NULL, show_task },
	{ "task", "snooze", "SnoozeTask", "task", "Put off:", NULL },
};

static const struct verb *verb_find(const char *command, const char *word) {
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(verbs[i].command, command) == 0 && strcmp(verbs[i].word, word) == 0) {
			return &verbs[i];
		}
	}
	return NULL;
}

bool verb_exists(const char *command, const char *word) {
	return verb_find(command, word) != NULL;
}

static void print_done(const struct verb *verb, const json_t *object) {
	const char *state = json_text(object, "status")[0] != '\0' ? json_text(object, "status")
								   : json_text(object, "state");
	bool waits = strcmp(state, "scheduled") == 0;
	char when[PRINT_TIME_MAX];

	print_plain("%s %s (%s%s%s).", verb->done, json_text(object, "id"), state,
		waits ? " for " : "",
		waits ? print_time(json_text(object, "scheduledFor"), when) : "");
}

static int act(const struct invocation *inv, json_t *parameters) {
	const struct verb *verb = verb_find(inv->command->name, inv->args[0]);
	json_t *answer = NULL, *object;
	int r;

	/* The words of the command table are the verbs above; a test holds them together. */
	assert(verb != NULL);
	r = request_once(inv, verb->method, parameters, &answer);
	if (r != 0) {
		return r;
	}
	object = json_object_get(answer, verb->member);
	if (!json_is_object(object)) {
		r = failure_report(
			FAILURE_PROTOCOL, NULL, "the daemon's answer has no %s", verb->member);
	} else if (inv->json) {
		r = request_print_json(object);
	} else if (verb->show != NULL) {
		verb->show(object);
	} else {
		print_done(verb, object);
	}
	json_decref(answer);
	return r;
}

int cmd_task(const struct invocation *inv) {
	json_t *parameters = json_pack("{s:s}", "id", inv->args[1]);

	if (strcmp(inv->args[0], "snooze") == 0) {
		int64_t delay_ms = option_span_ms(&inv->options, "delay", CLOCK_HOUR_MS);

		if (json_object_set_new(parameters, "delayMs", json_integer(delay_ms)) < 0) {
			json_decref(parameters);
			parameters = NULL;
		}
	}
	return act(inv, parameters);
}

int cmd_incident(const struct invocation *inv) {
	return act(inv, json_pack("{s:s}", "id", inv->args[1]));
}

int cmd_report(const struct invocation *inv) {
	return act(inv, json_pack("{s:s}", "id", inv->args[1]));
}
