#include <errno.h>
#include <string.h>

#include "client/call.h"
#include "client/cmd.h"
#include "client/failure.h"
#include "client/report.h"
#include "client/results.h"
#include "client/run_child.h"
#include "client/run_command.h"
#include "client/run_log.h"
#include "client/run_step.h"
#include "common/text.h"

/* What was not understood is said first, so that nothing of ours stands within the step's output. */
static void tell_complaints(const struct invocation *inv) {
	char complaint[COMMAND_COMPLAINT_MAX];

	if (inv->n_complaints > 0) {
		command_complaint(inv, complaint);
		failure_warn("%s; running the command without it", complaint);
	}
}

/* What kept the step from being what its code says; it belongs to its log as well. */
static void tell_result(const struct invocation *inv, struct run_result *result, struct run_log *log) {
	char sentence[CLIENT_SENTENCE_MAX];

	if (result->failure < 0) {
		(void)text_format(sentence, sizeof(sentence), "cannot run \"%s\": %s",
			inv->program[0],
			result->failure == -ENOENT ? "there is no such command"
						   : strerror(-result->failure));
	} else if (result->output < 0) {
		(void)text_format(sentence, sizeof(sentence),
			"cannot write the command's output: %s", strerror(-result->output));
		result->code = result->code == 0 ? RUN_EXIT_FAILED : result->code;
	} else {
		return;
	}
	failure_warn("%s", sentence);
	run_log_add_line(log, sentence);
}

/* What the result files were before the step. */
static void look_at_results(const struct invocation *inv, struct results_mark *marks) {
	for (size_t i = 0; i < RESULTS_KIND_COUNT; i++) {
		results_mark(option_text(&inv->options, results_kind_name((enum results_kind)i)),
			&marks[i]);
	}
}

static int report(const struct invocation *inv, int code, struct run_log *log,
	const struct results_mark *marks) {
	_cleanup_(freep) char *text = NULL;
	int64_t deadline_us = call_deadline_us(report_timeout_ms(inv));
	json_t *scan = NULL;
	char command[CLIENT_COMMAND_RAW_BYTES];
	struct step_outcome outcome = {
		.passed = code == 0, .exit_code = code, .results_before = marks
	};
	int r;

	if (outcome.passed && inv->n_complaints > 0) {
		/* What was misspelt may be what this pass is of. */
		return EXIT_USAGE;
	}
	/* Of a pass nobody asks what it wrote. */
	if (!outcome.passed && run_log_end(log, code, &text, &scan) == 0) {
		outcome.log = text;
		outcome.scan = scan;
	}
	if (!option_given(&inv->options, "command")) {
		run_command_text(inv->program, command, sizeof(command));
		outcome.command = command;
	}
	r = report_send(inv, &outcome, deadline_us, true);
	json_decref(scan);
	return r;
}

int cmd_run(const struct invocation *inv) {
	_cleanup_(run_log_finish) struct run_log log;
	struct results_mark marks[RESULTS_KIND_COUNT];
	struct run_result result;
	int r;

	tell_complaints(inv);
	look_at_results(inv, marks);
	run_log_init(&log);
	run_step(inv->program, run_log_feed, &log, &result);
	tell_result(inv, &result, &log);
	r = report(inv, result.code, &log, marks);
	/* A failure is the step's own; of a pass with --strict it is asked whether that was taken. */
	return result.code == 0 && option_flag(&inv->options, "strict") ? r : result.code;
}
