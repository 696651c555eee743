#include "daemon/agent/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/agent/internal.h"
#include "daemon/agent/prompt.h"
#include "daemon/model/member.h"

#define DIRECTORY_MODE 0700
#define REPORT_MODE 0600

struct command_run {
	struct agent_run base;
	struct process *process;
	char *parent;	 /* owned, as the next: of the directories of all runs */
	char *directory; /* holds the report while the run lasts */
	char *report_file;
	int64_t started_us;
	int64_t timeout_ms;
};

static const char *const end_names[] = {
	[PROCESS_EXITED] = "exited",
	[PROCESS_SIGNALED] = "signaled",
	[PROCESS_TIMED_OUT] = "timed_out",
	[PROCESS_STOPPED] = "stopped",
};

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

static json_t *outcome_json(
	const struct command_run *run, const struct process_outcome *outcome, int64_t duration_ms) {
	struct member_writer writer;
	bool exited = outcome->end == PROCESS_EXITED;

	member_begin(&writer);
	member_text(&writer, "agent", run->base.name, MEMBER_EMPTY);
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

static void outcome_sentence(const struct command_run *run, const struct process_outcome *outcome,
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
	}
}

static void process_ended(void *user, const struct process_outcome *process_outcome) {
	_cleanup_(command_run_freep) struct command_run *run = user;
	int64_t duration_ms = (clock_mono_us() - run->started_us) / 1000;
	struct agent_outcome outcome = { 0 };

	outcome_sentence(run, process_outcome, duration_ms, outcome.sentence);
	/* NULL when memory is short: the sentence alone is recorded then. */
	outcome.result = outcome_json(run, process_outcome, duration_ms);
	run->base.ended(run->base.user, &outcome);
}

static int make_dir(const char *path) {
	return mkdir(path, DIRECTORY_MODE) < 0 && errno != EEXIST ? -errno : 0;
}

/* Without a sync, which would hold up the loop: what a power cut leaves of it is swept away anyway. */
static int write_file(const char *path, const char *text) {
	_cleanup_(fd_closep) int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, REPORT_MODE);

	return fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
}

static int write_report(const struct command_run *run, const struct report *report) {
	json_t *json = report_to_json(report);
	_cleanup_(freep) char *text = NULL;
	int r = json ? redact_json(json, NULL) : -ENOMEM;

	if (r == 0) {
		text = json_dumps(json, JSON_INDENT(2));
	}
	json_decref(json);
	if (!text) {
		return -ENOMEM;
	}
	r = make_dir(run->parent);
	r = r < 0 ? r : make_dir(run->directory);
	return r < 0 ? r : write_file(run->report_file, text);
}

static int run_create(const struct agent_start *start, struct command_run **ret_run) {
	_cleanup_(command_run_freep) struct command_run *run = calloc(1, sizeof(*run));
	char id[ID_TEXT_MAX];
	int r;

	if (!run) {
		return -ENOMEM;
	}
	r = agent_find_directory(start->state_dir, &run->parent);
	if (r < 0) {
		return r;
	}
	if (asprintf(&run->directory, "%s/%s", run->parent,
		    id_format(ID_TASK, start->task->id, id)) < 0) {
		run->directory = NULL;
		return -ENOMEM;
	}
	if (asprintf(&run->report_file, "%s/report.json", run->directory) < 0) {
		run->report_file = NULL;
		return -ENOMEM;
	}
	TEXT_SET(run->base.name, start->agent->name);
	run->timeout_ms = start->agent->timeout_ms;
	run->started_us = clock_mono_us();
	*ret_run = TAKE_PTR(run);
	return 0;
}

/* Which of the two the errno is about: a missing program and a missing workdir look the same. */
static int say_not_started(const struct agent_start *start, int r, char *ret_sentence) {
	const char *workdir = start->agent->workdir ? start->agent->workdir : start->state_dir;
	bool about_workdir = access(workdir, X_OK) < 0;

	if (r == -EKEYREJECTED) {
		text_format(ret_sentence, LIMIT_SENTENCE_MAX, "Agent \"%s\" was not started. %s",
			start->agent->name, prompt_explain(r));
		return r;
	}
	text_format(ret_sentence, LIMIT_SENTENCE_MAX,
		"Agent \"%s\" could not be started: %s \"%s\": %s.", start->agent->name,
		about_workdir ? "workdir" : "command",
		about_workdir ? workdir : start->agent->command[0], log_errno(r));
	return r;
}

int command_start(uv_loop_t *loop, const struct agent_start *start, struct agent_run **ret_run,
	char ret_sentence[LIMIT_SENTENCE_MAX]) {
	_cleanup_(command_run_freep) struct command_run *run = NULL;
	int r = run_create(start, &run);

	if (r == 0) {
		r = write_report(run, start->report);
	}
	if (r < 0) {
		text_format(ret_sentence, LIMIT_SENTENCE_MAX,
			"Agent \"%s\" could not be started: its report file cannot be written: %s.",
			start->agent->name, log_errno(r));
		return r;
	}
	r = command_spawn(loop, start, run->report_file, process_ended, run, &run->process);
	if (r < 0) {
		return say_not_started(start, r, ret_sentence);
	}
	*ret_run = &TAKE_PTR(run)->base;
	return 0;
}

void command_stop(struct agent_run *run, bool leave) {
	process_stop(container_of(run, struct command_run, base)->process);
}
