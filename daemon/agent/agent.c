#include "daemon/agent/agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/agent/command.h"
#include "daemon/model/member.h"

#define DIRECTORY_MODE 0700
#define REPORT_MODE 0600

struct agent_run {
	struct process *process;
	char name[LIMIT_NAME_MAX];
	char *directory; /* owned: holds the report while the run lasts */
	int64_t started_us;
	int64_t timeout_ms;
	void (*ended)(void *user, const struct agent_outcome *outcome);
	void *user;
};

static const char *const end_names[] = {
	[PROCESS_EXITED] = "exited",
	[PROCESS_SIGNALED] = "signaled",
	[PROCESS_TIMED_OUT] = "timed_out",
	[PROCESS_STOPPED] = "stopped",
};

static void agent_run_free(struct agent_run *run) {
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
	free(run->directory);
	free(run);
}

DEFINE_CLEANUP(struct agent_run *, agent_run_free);

static json_t *outcome_json(
	const struct agent_run *run, const struct process_outcome *outcome, int64_t duration_ms) {
	struct member_writer writer;
	bool exited = outcome->end == PROCESS_EXITED;

	member_begin(&writer);
	member_text(&writer, "agent", run->name, MEMBER_EMPTY);
	member_text(&writer, "end", end_names[outcome->end], MEMBER_EMPTY);
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

static void outcome_sentence(const struct agent_run *run, const struct process_outcome *outcome,
	int64_t duration_ms, char out[LIMIT_SENTENCE_MAX]) {
	const char *signal_name = outcome->code > 0 ? sigabbrev_np(outcome->code) : NULL;
	char span[CLOCK_SPAN_MAX];
	char took[CLOCK_SPAN_MAX];

	text_format(took, sizeof(took), duration_ms < CLOCK_SECOND_MS ? "%lld ms" : "%lld s",
		(long long)(duration_ms < CLOCK_SECOND_MS ? duration_ms
							  : duration_ms / CLOCK_SECOND_MS));
	switch (outcome->end) {
	case PROCESS_EXITED:
		text_format(out, LIMIT_SENTENCE_MAX, "Agent \"%s\" exited with code %d after %s.",
			run->name, outcome->code, took);
		return;
	case PROCESS_SIGNALED:
		text_format(out, LIMIT_SENTENCE_MAX, "Agent \"%s\" was ended by signal %s after %s.",
			run->name, signal_name ? signal_name : "unknown", took);
		return;
	case PROCESS_TIMED_OUT:
		text_format(out, LIMIT_SENTENCE_MAX, "Agent \"%s\" was stopped at its timeout of %s.",
			run->name, clock_format_span(run->timeout_ms, span));
		return;
	case PROCESS_STOPPED:
		text_format(out, LIMIT_SENTENCE_MAX,
			"Agent \"%s\" was stopped after %s, no longer wanted.", run->name, took);
		return;
	}
}

static void process_ended(void *user, const struct process_outcome *process_outcome) {
	_cleanup_(agent_run_freep) struct agent_run *run = user;
	int64_t duration_ms = (clock_mono_us() - run->started_us) / 1000;
	struct agent_outcome outcome = { 0 };

	outcome_sentence(run, process_outcome, duration_ms, outcome.sentence);
	/* NULL when memory is short: the sentence alone is recorded then. */
	outcome.result = outcome_json(run, process_outcome, duration_ms);
	run->ended(run->user, &outcome);
	json_decref(outcome.result);
}

static int write_report(const char *directory, const char *path, const struct report *report) {
	json_t *json = report_to_json(report);
	_cleanup_(freep) char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	int r;

	json_decref(json);
	if (!text) {
		return -ENOMEM;
	}
	r = fd_make_dirs(directory, DIRECTORY_MODE);
	return r < 0 ? r : fd_write_file_atomic(path, text, strlen(text), REPORT_MODE);
}

static struct agent_run *run_create(const struct agent_start *start) {
	_cleanup_(agent_run_freep) struct agent_run *run = calloc(1, sizeof(*run));
	char id[ID_TEXT_MAX];

	if (!run) {
		return NULL;
	}
	if (asprintf(&run->directory, "%s/agent/%s", start->state_dir,
		    id_format(ID_TASK, start->task->id, id)) < 0) {
		run->directory = NULL;
		return NULL;
	}
	TEXT_SET(run->name, start->agent->name);
	run->timeout_ms = start->agent->timeout_ms;
	run->started_us = clock_mono_us();
	return TAKE_PTR(run);
}

/* Which of the two the errno is about: a missing program and a missing workdir look the same. */
static int say_not_started(const struct agent_start *start, int r, char *ret_sentence) {
	const char *workdir = start->agent->workdir ? start->agent->workdir : start->state_dir;
	bool about_workdir = access(workdir, X_OK) < 0;

	text_format(ret_sentence, LIMIT_SENTENCE_MAX,
		"Agent \"%s\" could not be started: %s \"%s\": %s.", start->agent->name,
		about_workdir ? "workdir" : "command",
		about_workdir ? workdir : start->agent->command[0], log_errno(r));
	return r;
}

int agent_start(uv_loop_t *loop, const struct agent_start *start,
	void (*ended)(void *user, const struct agent_outcome *outcome), void *user,
	struct agent_run **ret_run, char *ret_sentence) {
	_cleanup_(agent_run_freep) struct agent_run *run = run_create(start);
	_cleanup_(freep) char *report_file = NULL;
	int r = -ENOMEM;

	if (run && asprintf(&report_file, "%s/report.json", run->directory) >= 0) {
		r = write_report(run->directory, report_file, start->report);
	}
	if (r < 0) {
		text_format(ret_sentence, LIMIT_SENTENCE_MAX,
			"Agent \"%s\" could not be started: its report file cannot be written: %s.",
			start->agent->name, log_errno(r));
		return r;
	}
	run->ended = ended;
	run->user = user;
	r = command_start(loop, start, report_file, process_ended, run, &run->process);
	if (r < 0) {
		return say_not_started(start, r, ret_sentence);
	}
	*ret_run = TAKE_PTR(run);
	return 0;
}

void agent_stop(struct agent_run *run) {
	process_stop(run->process);
}

void agent_sweep(const char *state_dir) {
	_cleanup_(freep) char *directory = NULL;
	int r;

	if (asprintf(&directory, "%s/agent", state_dir) < 0) {
		directory = NULL;
		return;
	}
	r = fd_remove_tree(directory);
	if (r < 0) {
		log_warning("The directory \"%s\" of earlier runs cannot be removed: %s, ignoring.",
			directory, log_errno(r));
	}
}
