/*
 * pause, resume, reload, version, completion, help.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "common/protocol.h"

/* "Still paused: acme/web; "codegenctl resume acme/web" resumes it." */
static void print_paused(const char *project, bool resuming) {
	_cleanup_(freep) char *name = print_one_line(print_project(project));
	bool everything = project != NULL && strcmp(project, "*") == 0;

	if (name == NULL) {
		return;
	}
	if (!resuming) {
		printf("Paused: %s\n", name);
		return;
	}
	printf("Still paused: %s; \"codegenctl resume%s%s\" resumes it.\n", name,
		everything ? "" : " ", everything ? "" : name);
}

/* It may be misspelled. Of everything, what stays paused says it. */
static void print_not_paused(const char *project) {
	_cleanup_(freep) char *name = print_one_line(project != NULL ? project : "");

	if (project != NULL && name != NULL) {
		printf("Was not paused: %s\n", name);
	}
}

static int change_pause(const struct invocation *inv, const char *method, bool resuming) {
	json_t *answer = NULL, *item;
	size_t i;
	int r = request_once(
		inv, method, json_pack("{s:s?}", "project", command_argument(inv, 0)), &answer);

	if (r != 0) {
		return r;
	}
	if (!inv->json && json_is_false(json_object_get(answer, "resumed"))) {
		print_not_paused(command_argument(inv, 0));
	}
	if (inv->json) {
		r = request_print_json(answer);
	} else if (json_array_size(json_object_get(answer, "paused")) == 0) {
		printf("Nothing is paused.\n");
	}
	json_array_foreach(json_object_get(answer, "paused"), i, item) {
		if (!inv->json) {
			print_paused(json_string_value(item), resuming);
		}
	}
	json_decref(answer);
	return r;
}

int cmd_pause(const struct invocation *inv) {
	return change_pause(inv, "Pause", false);
}

int cmd_resume(const struct invocation *inv) {
	return change_pause(inv, "Resume", true);
}

int cmd_reload(const struct invocation *inv) {
	json_t *answer = NULL;
	int r = request_once(inv, "Reload", json_object(), &answer);

	if (r != 0) {
		return r;
	}
	if (inv->json) {
		r = request_print_json(answer);
	} else {
		printf("The new configuration is in force.\n");
	}
	json_decref(answer);
	return r;
}

/* The daemon's version, without a word when nobody answers. */
static json_t *daemon_version(const struct invocation *inv, const char *path) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	_cleanup_(call_reply_finish) struct call_reply reply = { 0 };
	json_t *version;

	if (call_open(path, call_deadline_us(inv->timeout_ms), &conn) < 0 ||
		call_method(conn, PROTOCOL_INTERFACE ".Ping", NULL, &reply) < 0) {
		return json_null();
	}
	version = json_object_get(reply.parameters, "version");
	return reply.error == NULL && json_is_string(version) ? json_incref(version) : json_null();
}

int cmd_version(const struct invocation *inv) {
	char path[ADDRESS_PATH_MAX];
	json_t *document;
	const char *daemon;
	int r = request_socket(inv, path);

	if (r != 0) {
		return r;
	}
	document = json_pack(
		"{s:s, s:o}", "client", CODEGEND_VERSION, "daemon", daemon_version(inv, path));
	if (document == NULL) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	daemon = json_text(document, "daemon");
	if (inv->json) {
		r = request_print_json(document);
	} else {
		printf("codegenctl %s\n", CODEGEND_VERSION);
		print_plain("codegend %s", daemon[0] != '\0' ? daemon : "is not reachable");
	}
	json_decref(document);
	return r;
}

extern const char completion_bash[], completion_fish[], completion_zsh[];

int cmd_completion(const struct invocation *inv) {
	static const struct shell {
		const char *name;
		const char *text;
	} shells[] = {
		{ "bash", completion_bash },
		{ "fish", completion_fish },
		{ "zsh", completion_zsh },
	};

	for (size_t i = 0; i < ARRAY_SIZE(shells); i++) {
		if (strcmp(shells[i].name, inv->args[0]) == 0) {
			fputs(shells[i].text, stdout);
		}
	}
	return 0;
}

int cmd_help(const struct invocation *inv) {
	const struct command *command;

	if (inv->n_args == 0) {
		command_print_overview();
		return 0;
	}
	command = command_find(inv->args[0]);
	if (command == NULL) {
		return failure_report(
			FAILURE_USAGE, NULL, "there is no command \"%s\"", inv->args[0]);
	}
	command_print_help(command);
	return 0;
}
