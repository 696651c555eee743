#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "client/ci_env.h"
#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"
#include "common/text.h"

/* `unknown` is not an answer: the forge could not say, and may be able to later. */
static const struct outcome {
	const char *name;
	enum exit_code exit;
} outcomes[] = {
	{ "closed", EXIT_REFUSED },
	{ "gone", EXIT_REFUSED },
	{ "merged", EXIT_REFUSED },
	{ "not_ready", EXIT_REFUSED },
	{ "pending", EXIT_PENDING },
	{ "ready", EXIT_DONE },
	{ "unknown", EXIT_PENDING },
};

static enum exit_code outcome_exit(const json_t *verdict) {
	const char *name = json_text(verdict, "outcome");

	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		if (strcmp(outcomes[i].name, name) == 0) {
			return outcomes[i].exit;
		}
	}
	return EXIT_REFUSED;
}

/* Takes nothing: `parameters` is borrowed and asked with again. */
static int ask(const struct invocation *inv, json_t *parameters, json_t **ret_verdict) {
	json_t *answer = NULL, *verdict;
	int r = request_once(inv, "GetReadiness", json_copy(parameters), &answer);

	if (r != 0) {
		return r;
	}
	verdict = json_object_get(answer, "verdict");
	if (json_text(verdict, "outcome")[0] == '\0') {
		json_decref(answer);
		return failure_report(FAILURE_PROTOCOL, NULL, "the daemon's answer has no verdict");
	}
	*ret_verdict = json_incref(verdict);
	json_decref(answer);
	return 0;
}

/* Asks until it is no longer pending, or the time is over: then the last verdict counts. */
static int ask_until(const struct invocation *inv, json_t *parameters, json_t **ret_verdict) {
	int64_t limit_ms = option_given(&inv->globals, "timeout") ? inv->timeout_ms : 0;
	int64_t deadline_us = call_deadline_us(limit_ms);
	struct invocation single = *inv;

	single.timeout_ms = CLIENT_TIMEOUT_MS;
	for (;;) {
		json_t *verdict = NULL;
		int64_t left_ms, r = ask(&single, parameters, &verdict);

		if (r != 0) {
			return (int)r;
		}
		left_ms = deadline_us == CALL_NO_DEADLINE ? CLIENT_READY_POLL_MS
							  : (deadline_us - clock_mono_us()) / 1000;
		if (outcome_exit(verdict) != EXIT_PENDING || left_ms <= 0) {
			*ret_verdict = verdict;
			return 0;
		}
		json_decref(verdict);
		(void)poll(NULL, 0, (int)MIN(left_ms, CLIENT_READY_POLL_MS));
	}
}

/* The project as it was given, a URL as its name; "": git knows. */
static int given_project(const struct invocation *inv, char out[CLIENT_NAME_MAX]) {
	const char *given = option_text(&inv->options, "project");

	out[0] = '\0';
	return given == NULL || ci_project_clean(given, out, CLIENT_NAME_MAX) == 0
		? 0
		: failure_report(FAILURE_USAGE, "give owner/name",
			  "option \"--project\" is neither a name nor the URL of a repository");
}

static json_t *ready_parameters(const struct invocation *inv, int *ret_exit) {
	char given[CLIENT_NAME_MAX];
	const char *project;
	const char *branch = option_branch(&inv->options);
	bool by_number = option_given(&inv->options, "pull-request");
	bool asks_branch = branch == NULL && !by_number;
	struct ci_env env;
	json_t *number;

	*ret_exit = given_project(inv, given);
	if (*ret_exit != 0) {
		return NULL;
	}
	number = by_number ? json_integer(option_number(&inv->options, "pull-request", 0)) : NULL;
	ci_env_collect((given[0] == '\0' ? CI_PROJECT : 0) | (asks_branch ? CI_BRANCH : 0), NULL,
		call_deadline_us(CLIENT_GIT_TIMEOUT_MS), &env);
	project = given[0] != '\0' ? given : env.project;
	branch = asks_branch && env.branch[0] != '\0' ? env.branch : branch;
	if (project[0] == '\0' || (branch == NULL && !by_number)) {
		json_decref(number);
		*ret_exit = failure_report(FAILURE_USAGE,
			"give --project, and --branch or --pull-request",
			"the project or the branch is not known");
		return NULL;
	}
	*ret_exit = 0;
	return json_pack(
		"{s:s, s:s?, s:o?}", "project", project, "branch", branch, "pullRequest", number);
}

/* What is not there has no reasons: what was looked for. */
static void explain_gone(const json_t *verdict, const json_t *parameters) {
	const char *project = json_text(parameters, "project"),
		   *branch = json_text(parameters, "branch");
	char line[1024];

	if (strcmp(json_text(verdict, "outcome"), "gone") != 0) {
		return;
	}
	if (branch[0] != '\0' && json_number(parameters, "pullRequest") == 0) {
		(void)text_format(line, sizeof(line),
			"\"%s\" has no branch \"%s\", and no open pull request of it; of a fork's branch give"
			" --pull-request.",
			project, branch);
	} else {
		(void)text_format(line, sizeof(line),
			"\"%s\" has no pull request %lld; give another number, or --branch alone.",
			project, (long long)json_number(parameters, "pullRequest"));
	}
	print_pair("Why", line);
}

int cmd_ready(const struct invocation *inv) {
	json_t *verdict = NULL, *parameters;
	int r;

	parameters = ready_parameters(inv, &r);
	if (r != 0) {
		return r;
	}
	r = option_flag(&inv->options, "wait") ? ask_until(inv, parameters, &verdict)
					       : ask(inv, parameters, &verdict);
	if (r != 0) {
		json_decref(parameters);
		return r;
	}
	if (inv->json) {
		r = request_print_json(verdict);
	} else {
		show_verdict(verdict);
		explain_gone(verdict, parameters);
	}
	json_decref(parameters);
	r = r != 0 ? r : (int)outcome_exit(verdict);
	json_decref(verdict);
	return r;
}
