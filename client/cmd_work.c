/*
 * schedule, check, cleanup, explain: work by hand, and why things are where they are.
 */
#include <stdio.h>
#include <string.h>

#include "client/ci_env.h"
#include "client/cmd.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/request.h"

/* Why less may have been executed than is due. */
static int print_pauses(const struct invocation *inv) {
	json_t *answer = NULL, *paused;
	int r = request_once(inv, "GetStatus", json_object(), &answer);
	size_t n;

	if (r != 0) {
		return r;
	}
	paused = json_object_get(json_object_get(answer, "status"), "paused");
	n = json_array_size(paused);
	for (size_t i = 0; i < n; i++) {
		const char *project = json_string_value(json_array_get(paused, i));

		if (project != NULL && strcmp(project, "*") == 0) {
			printf("Everything is paused; \"codegenctl resume\" resumes it.\n");
			json_decref(answer);
			return 0;
		}
	}
	if (n > 0) {
		printf("%zu %s paused, and its tasks wait; \"codegenctl status\" names %s.\n", n,
			n == 1 ? "project is" : "projects are", n == 1 ? "it" : "them");
	}
	json_decref(answer);
	return 0;
}

int cmd_check(const struct invocation *inv) {
	json_t *answer = NULL;
	int r = request_once(inv, "Check",
		json_pack("{s:b}", "all", option_flag(&inv->options, "all")), &answer);

	if (r != 0) {
		return r;
	}
	if (inv->json) {
		r = request_print_json(answer);
	} else {
		printf("Executed %lld: %lld completed, %lld scheduled again, %lld failed, %lld cancelled.\n",
			(long long)json_number(answer, "executed"),
			(long long)json_number(answer, "completed"),
			(long long)json_number(answer, "rescheduled"),
			(long long)json_number(answer, "failed"),
			(long long)json_number(answer, "cancelled"));
		r = print_pauses(inv);
	}
	json_decref(answer);
	return r;
}

int cmd_cleanup(const struct invocation *inv) {
	bool dry_run = option_flag(&inv->options, "dry-run");
	json_t *parameters = json_pack(
		"{s:b, s:b}", "dryRun", dry_run, "force", option_flag(&inv->options, "force"));
	json_t *answer = NULL;
	int r;

	if (option_given(&inv->options, "older-than") &&
		json_object_set_new(parameters, "olderThanMs",
			json_integer(option_span_ms(&inv->options, "older-than", 0))) < 0) {
		json_decref(parameters);
		parameters = NULL;
	}
	r = request_once(inv, "Cleanup", parameters, &answer);
	if (r != 0) {
		return r;
	}
	if (inv->json) {
		r = request_print_json(answer);
	} else {
		printf("%s %lld tasks, %lld reports, %lld builds, %lld events.\n",
			dry_run ? "Would remove" : "Removed", (long long)json_number(answer, "tasks"),
			(long long)json_number(answer, "reports"),
			(long long)json_number(answer, "builds"),
			(long long)json_number(answer, "events"));
	}
	json_decref(answer);
	return r;
}

int cmd_schedule(const struct invocation *inv) {
	const char *project = option_text(&inv->options, "project");
	const char *branch = option_branch(&inv->options);
	const char *commit = option_text(&inv->options, "commit");
	int wanted = (project == NULL ? CI_PROJECT : 0) | (branch == NULL ? CI_BRANCH : 0) |
		(commit == NULL && branch == NULL ? CI_COMMIT : 0);
	json_t *answer = NULL, *task;
	char clean[CLIENT_NAME_MAX];
	struct ci_env env;
	int r;

	if (project != NULL && ci_project_clean(project, clean, sizeof(clean)) < 0) {
		return failure_report(FAILURE_USAGE, "give owner/name",
			"option \"--project\" is neither a name nor the URL of a repository");
	}
	ci_env_collect(wanted, NULL, call_deadline_us(CLIENT_GIT_TIMEOUT_MS), &env);
	project = project != NULL ? clean : env.project;
	branch = branch != NULL ? branch : env.branch;
	commit = commit == NULL && env.commit[0] != '\0' ? env.commit : commit;
	if (project[0] == '\0' || branch[0] == '\0') {
		return failure_report(FAILURE_USAGE, "give them with --project and --branch",
			"the project or the branch is not known");
	}
	r = request_once(inv, "Schedule",
		json_pack("{s:s, s:s, s:s?, s:s?, s:I, s:s?}", "project", project, "branch", branch,
			"commit", commit, "buildNumber", option_text(&inv->options, "build-number"),
			"delayMs", (json_int_t)option_span_ms(&inv->options, "delay", CLOCK_HOUR_MS),
			"instructions", option_text(&inv->options, "instructions")),
		&answer);
	if (r != 0) {
		return r;
	}
	task = json_object_get(answer, "task");
	if (inv->json) {
		r = request_print_json(task);
	} else {
		char when[PRINT_TIME_MAX];

		print_plain("Scheduled %s for %s.", json_text(task, "id"),
			print_time(json_text(task, "scheduledFor"), when));
	}
	json_decref(answer);
	return r;
}

static void show_explanation(const json_t *answer) {
	const json_t *tasks = json_object_get(answer, "tasks"),
		     *events = json_object_get(answer, "events");
	json_t *event;
	size_t i;

	print_block(json_text(answer, "text"), 0);
	if (json_array_size(tasks) > 0) {
		printf("\n");
		show_task_table(tasks);
	}
	if (json_array_size(events) > 0) {
		printf("\n");
	}
	json_array_foreach(events, i, event) {
		show_event(event);
	}
}

int cmd_explain(const struct invocation *inv) {
	json_t *answer = NULL;
	int r = request_once(inv, "Explain", json_pack("{s:s}", "id", inv->args[0]), &answer);

	if (r != 0) {
		return r;
	}
	if (inv->json) {
		r = request_print_json(answer);
	} else {
		show_explanation(answer);
	}
	json_decref(answer);
	return r;
}
