#include <errno.h>
#include <string.h>

#include "client/call.h"
#include "client/cmd.h"
#include "client/delivery.h"
#include "client/failure.h"
#include "client/run_child.h"
#include "client/run_command.h"
#include "client/run_step.h"
#include "client/steplog.h"
#include "client/submission.h"
#include "common/text.h"

/* What the step wrote. Made when it writes for the first time: it has been started by then. */
struct step_log {
	struct steplog *log; /* NULL: nothing was written, or memory is short */
	bool failed;
};

static void step_log_feed(void *data, const char *bytes, size_t len) {
	struct step_log *step = data;

	if (step->log == NULL && !step->failed) {
		step->failed = steplog_create(&step->log) < 0;
	}
	if (!step->failed) {
		step->failed = steplog_feed(step->log, bytes, len) < 0;
	}
}

/* What was not understood is said first, so that nothing of ours stands within the step's output. */
static void tell_complaints(const struct invocation *inv) {
	if (inv->n_complaints > 0) {
		failure_warn("%s%s%s%s; running the command without it", inv->complaint,
			inv->hint[0] != '\0' ? " (" : "", inv->hint, inv->hint[0] != '\0' ? ")" : "");
	}
}

/* What kept the step from being what its code says; it belongs to its log as well. */
static void tell_result(
	const struct invocation *inv, struct run_result *result, struct step_log *log) {
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
	step_log_feed(log, sentence, strlen(sentence));
	step_log_feed(log, "\n", 1);
}

static int send_report(
	const struct invocation *inv, const struct step_outcome *outcome, int64_t deadline_us) {
	json_t *parameters = NULL;
	int64_t now_us = clock_mono_us();
	/* At least half of the time is the daemon's. */
	int64_t gather_us =
		MIN(now_us + CLIENT_GIT_TIMEOUT_MS * 1000, now_us + (deadline_us - now_us) / 2);
	int r = submission_create(inv, outcome, gather_us, &parameters);

	if (r == 0) {
		r = delivery_send(inv, parameters, deadline_us, true);
		json_decref(parameters);
	}
	return r;
}

static int report(const struct invocation *inv, int code, struct step_log *log) {
	_cleanup_(freep) char *text = NULL;
	int64_t deadline_us = call_deadline_us(
		option_given(&inv->globals, "timeout") ? inv->timeout_ms : CLIENT_SUBMIT_TIMEOUT_MS);
	json_t *scan = NULL;
	char command[CLIENT_COMMAND_MAX];
	struct step_outcome outcome = { .passed = code == 0, .exit_code = code };
	int r;

	if (outcome.passed && inv->n_complaints > 0) {
		/* What was misspelt may be what this pass is of. */
		return EXIT_USAGE;
	}
	if (log->log != NULL && steplog_end(log->log, code, &text, &scan) == 0) {
		outcome.log = text;
		outcome.scan = scan;
	}
	if (!option_given(&inv->options, "command")) {
		run_command_text(inv->program, command, sizeof(command));
		outcome.command = command;
	}
	r = send_report(inv, &outcome, deadline_us);
	json_decref(scan);
	return r;
}

int cmd_run(const struct invocation *inv) {
	struct step_log log = { 0 };
	struct run_result result;
	int r;

	tell_complaints(inv);
	run_step(inv->program, step_log_feed, &log, &result);
	tell_result(inv, &result, &log);
	r = report(inv, result.code, &log);
	steplog_destroy(log.log);
	/* A failure is the step's own; of a pass with --strict it is asked whether that was taken. */
	return result.code == 0 && option_flag(&inv->options, "strict") ? r : result.code;
}
