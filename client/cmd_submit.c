#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/cmd.h"
#include "client/failure.h"
#include "client/file.h"
#include "client/report.h"
#include "client/steplog.h"

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

/*
 * "--exit-code 0" without --passed, as after `[ $? -ne 0 ]`. Who gives a type says that it failed, so the code is what
 * is wrong; else nothing tells which of the two it was.
 */
static int check_exit_code(const struct invocation *inv) {
	if (option_flag(&inv->options, "passed") ||
		option_number(&inv->options, "exit-code", -1) != 0) {
		return 0;
	}
	if (inv->n_args == 0 || !command_forgives(inv)) {
		return failure_report(FAILURE_USAGE, "give --passed for a pass, a type for a failure",
			"nothing was reported: without --passed, --exit-code 0 is a contradiction");
	}
	failure_warn("an error type and --exit-code 0 contradict each other; reporting the failure "
		     "without the exit code");
	return 0;
}

/* Whether it has to stay unreported, rather than say that green is what may not be, or the other way round. */
static int check_use(const struct invocation *inv) {
	bool passed = option_flag(&inv->options, "passed");
	const char *against = contradiction(inv);
	char complaint[COMMAND_COMPLAINT_MAX];

	if (against != NULL) {
		return failure_report(FAILURE_USAGE, "give one of the two",
			"nothing was reported: --passed and %s contradict each other", against);
	}
	if (inv->n_complaints == 0) {
		return check_exit_code(inv);
	}
	if (passed || option_is_doubtful(&inv->options, "passed")) {
		return failure_report(FAILURE_USAGE, inv->hint[0] != '\0' ? inv->hint : NULL,
			"nothing was reported, since not all was understood: %s", inv->complaint);
	}
	command_complaint(inv, complaint);
	failure_warn("%s; reporting without it%s", complaint,
		inv->n_complaints > 1 ? " and without more that was not understood" : "");
	return check_exit_code(inv);
}

/* What is kept of the log, clean. */
struct kept {
	char *text;
	json_t *scan;
};

static void kept_finish(struct kept *kept) {
	free(kept->text);
	json_decref(kept->scan);
}

/* What is submitted is a failure, whether its code is known or not: no log of it is a green one. */
#define SOME_FAILURE 1

static int read_log(const char *path, int64_t exit_code, int64_t deadline_us, struct kept *ret_kept) {
	_cleanup_(steplog_destroyp) struct steplog *log = NULL;
	int r = steplog_create(&log);

	r = r < 0 ? r : steplog_read(log, path, deadline_us);
	return r < 0 ? r
		     : steplog_end(log, exit_code > 0 ? exit_code : SOME_FAILURE, &ret_kept->text,
			       &ret_kept->scan);
}

/* A log that cannot be read does not cost the report, with --strict the exit code. */
static int submit_with_log(const struct invocation *inv, const char *path) {
	_cleanup_(kept_finish) struct kept kept = { 0 };
	int64_t code = option_number(&inv->options, "exit-code", -1);
	bool passed = option_flag(&inv->options, "passed");
	struct step_outcome outcome = { .passed = passed,
		.exit_code = code == 0 && !passed ? -1 : code };
	int64_t limit_ms = report_timeout_ms(inv), deadline_us = call_deadline_us(limit_ms);
	bool is_stdin = path != NULL && strcmp(path, "-") == 0;
	int64_t log_ms =
		limit_ms == 0 ? CLIENT_LOG_TIMEOUT_MS : MIN(CLIENT_LOG_TIMEOUT_MS, limit_ms / 2);
	int64_t log_us = is_stdin ? CALL_NO_DEADLINE : call_deadline_us(log_ms);
	int status = path != NULL ? read_log(path, outcome.exit_code, log_us, &kept) : 0, r;

	if (status < 0 && command_forgives(inv)) {
		failure_warn("cannot read the log \"%s\": %s; reporting without it", path,
			file_problem(status));
	}
	outcome.log = kept.text;
	outcome.scan = kept.scan;
	/* A pipe ends when the step does, and that time is not ours. */
	r = report_send(inv, &outcome, is_stdin ? call_deadline_us(limit_ms) : deadline_us, false);
	if (r != 0 || status == 0 || command_forgives(inv)) {
		return r;
	}
	return failure_report(FAILURE_FAILED, "the failure was reported without it",
		"cannot read the log \"%s\": %s", path, file_problem(status));
}

int cmd_submit(const struct invocation *inv) {
	int r = check_use(inv);

	return r != 0 ? r : submit_with_log(inv, option_text(&inv->options, "log"));
}
