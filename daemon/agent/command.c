#include "daemon/agent/command.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/agent/prompt.h"
#include "daemon/model/agent_call.h"
#include "daemon/model/member.h"

static void command_run_free(struct command_run *run) {
	int r;

	if (!run) {
		return;
	}
	if (run->directory) {
		r = fd_remove_tree(run->directory);
		if (r < 0) {
			log_warning(
				"The directory \"%s\" of an agent's run cannot be removed: %s, ignoring.",
				run->directory, log_errno(r));
		}
	}
	free(run->parent);
	free(run->directory);
	free(run->report_file);
	free(run);
}

DEFINE_CLEANUP(struct command_run *, command_run_free);

static_assert(PROCESS_EXITED == 0 && PROCESS_UNIT_STOPPED == 4, "as agent_end_names says");

static json_t *outcome_json(const struct command_run *run, const char *end,
	const struct process_outcome *outcome, int64_t duration_ms) {
	struct member_writer writer;
	bool exited = outcome->end == PROCESS_EXITED;

	member_begin(&writer);
	member_text(&writer, "agent", run->base.name, MEMBER_EMPTY);
	member_text(&writer, "end", end, MEMBER_EMPTY);
	if (exited) {
		member_int(&writer, "exitCode", outcome->code);
	} else {
		member_null(&writer, "exitCode");
	}
	/* 0: it was asked to end, and exited by itself. */
	if (!exited && outcome->code > 0) {
		member_int(&writer, "signal", outcome->code);
	} else {
		member_null(&writer, "signal");
	}
	member_int(&writer, "durationMs", duration_ms);
	member_text(&writer, "output", outcome->output, MEMBER_EMPTY);
	member_int(&writer, "outputDropped", (int64_t)outcome->n_dropped);
	return member_end(&writer);
}

static void say_not_started(const char *agent, const char *why, char out[LIMIT_SENTENCE_MAX]) {
	text_format(out, LIMIT_SENTENCE_MAX, "Agent \"%s\" could not be started: %s.", agent, why);
}

static const char *format_took(int64_t duration_ms, char out[CLOCK_SPAN_MAX]) {
	bool brief = duration_ms < CLOCK_SECOND_MS;

	text_format(out, CLOCK_SPAN_MAX, brief ? "%lld ms" : "%lld s",
		(long long)(brief ? duration_ms : duration_ms / CLOCK_SECOND_MS));
	return out;
}

static void outcome_sentence(const struct command_run *run, const struct process_outcome *outcome,
	int64_t duration_ms, char out[LIMIT_SENTENCE_MAX]) {
	const char *signal_name = outcome->code > 0 ? sigabbrev_np(outcome->code) : NULL;
	char span[CLOCK_SPAN_MAX];
	char took[CLOCK_SPAN_MAX];

	(void)format_took(duration_ms, took);
	switch (outcome->end) {
	case PROCESS_EXITED:
		text_format(out, LIMIT_SENTENCE_MAX, "Agent \"%s\" exited with code %d after %s.",
			run->base.name, outcome->code, took);
		return;
	case PROCESS_SIGNALED:
		text_format(out, LIMIT_SENTENCE_MAX, "Agent \"%s\" was ended by signal %s after %s.",
			run->base.name, signal_name ? signal_name : "unknown", took);
		return;
	case PROCESS_TIMED_OUT:
		text_format(out, LIMIT_SENTENCE_MAX, "Agent \"%s\" was stopped at its timeout of %s.",
			run->base.name, clock_format_span(run->timeout_ms, span));
		return;
	case PROCESS_STOPPED:
		text_format(out, LIMIT_SENTENCE_MAX,
			"Agent \"%s\" was stopped by codegend after %s.", run->base.name, took);
		return;
	case PROCESS_UNIT_STOPPED:
		text_format(out, LIMIT_SENTENCE_MAX,
			"Agent \"%s\" was stopped after %s: its unit was stopped, or had run for as long as it may.",
			run->base.name, took);
		return;
	}
}

static void tell(struct command_run *run, struct agent_outcome *outcome) {
	run->base.ended(run->base.user, outcome);
	command_run_free(run);
}

void command_ended(struct command_run *run, const struct process_outcome *process_outcome) {
	int64_t duration_ms = (clock_mono_us() - run->started_us) / 1000;
	struct agent_outcome outcome = { 0 };

	outcome_sentence(run, process_outcome, duration_ms, outcome.sentence);
	/* NULL when memory is short: the sentence alone is recorded then. */
	outcome.result = outcome_json(
		run, agent_end_names[process_outcome->end], process_outcome, duration_ms);
	tell(run, &outcome);
}

void command_not_started(struct command_run *run, enum agent_end end, const char *why) {
	struct agent_outcome outcome = { .end = end };

	say_not_started(run->base.name, why, outcome.sentence);
	tell(run, &outcome);
}

void command_not_now(struct command_run *run, const char *why) {
	struct agent_outcome outcome = { .end = AGENT_NOT_NOW,
		.retry_ms = clock_now_ms() + LIMIT_AGENT_SOCKET_MS };

	say_not_started(run->base.name, why, outcome.sentence);
	tell(run, &outcome);
}

void command_lost(struct command_run *run, const char *why) {
	static const struct process_outcome unknown = { .end = PROCESS_STOPPED, .output = "" };
	int64_t duration_ms = (clock_mono_us() - run->started_us) / 1000;
	struct agent_outcome outcome = { 0 };
	char took[CLOCK_SPAN_MAX];

	text_format(outcome.sentence, sizeof(outcome.sentence),
		"Agent \"%s\" was lost after %s: %s; how it ended is not known.", run->base.name,
		format_took(duration_ms, took), why);
	outcome.result = outcome_json(run, "lost", &unknown, duration_ms);
	tell(run, &outcome);
}

static struct command_run *run_create(const struct agent_start *start) {
	struct command_run *run = calloc(1, sizeof(*run));

	if (run) {
		TEXT_SET(run->base.name, start->agent->name);
		run->timeout_ms = start->agent->timeout_ms;
		run->started_us = clock_mono_us();
	}
	return run;
}

/* `ret_prompt` and `ret_report` are the caller's, also on failure. */
static int make_brief(const struct agent_start *start, char **ret_prompt, json_t **ret_report) {
	int r = prompt_make(PROMPT_LOCAL, start->incident, start->report, start->history,
		start->n_history, ret_prompt);

	if (r < 0) {
		return r;
	}
	*ret_report = report_to_json(start->report);
	return *ret_report ? redact_json(*ret_report, NULL) : -ENOMEM;
}

int command_start(uv_loop_t *loop, const struct agent_start *start, struct agent_run **ret_run,
	char ret_sentence[LIMIT_SENTENCE_MAX]) {
	_cleanup_(command_run_freep) struct command_run *run = run_create(start);
	_cleanup_(json_decrefp) json_t *report = NULL;
	_cleanup_(freep) char *prompt = NULL;
	char why[LIMIT_REASON_MAX];
	int r = run ? make_brief(start, &prompt, &report) : -ENOMEM;
	const struct command_brief brief = { start, prompt, report };

	if (r == -EKEYREJECTED) {
		text_format(ret_sentence, LIMIT_SENTENCE_MAX, "Agent \"%s\" was not started. %s",
			start->agent->name, prompt_explain(r));
		return r;
	}
	if (r < 0) {
		text_format(why, sizeof(why), "its prompt cannot be made: %s", log_errno(r));
	} else {
		r = start->agent_socket ? command_send(loop, &brief, run, why)
					: command_spawn(loop, &brief, run, why);
	}
	if (r < 0) {
		say_not_started(start->agent->name, why, ret_sentence);
		return r;
	}
	*ret_run = &TAKE_PTR(run)->base;
	return 0;
}

void command_stop(struct agent_run *base, bool leave) {
	struct command_run *run = container_of(base, struct command_run, base);

	if (run->process) {
		process_stop(run->process);
	} else {
		command_recall(run);
	}
}
