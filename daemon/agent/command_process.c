/* A program that is our own child. */
#include "daemon/agent/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/program.h"

#define DIRECTORY_MODE 0700
#define REPORT_MODE 0600

static void process_ended(void *user, const struct process_outcome *outcome) {
	command_ended(user, outcome);
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

static int write_report(const struct command_run *run, const json_t *report) {
	_cleanup_(freep) char *text = json_dumps(report, JSON_INDENT(2));
	int r;

	if (!text) {
		return -ENOMEM;
	}
	r = make_dir(run->parent);
	r = r < 0 ? r : make_dir(run->directory);
	return r < 0 ? r : write_file(run->report_file, text);
}

static int make_paths(struct command_run *run, const struct agent_start *start) {
	char id[ID_TEXT_MAX];
	int r = agent_find_directory(start->state_dir, &run->parent);

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
	return 0;
}

static int spawn(uv_loop_t *loop, const struct command_brief *brief, struct command_run *run) {
	const struct agent_start *start = brief->start;
	_cleanup_(command_environment_finish) struct command_environment env = { 0 };
	struct process_options options = {
		.argv = (const char *const *)start->agent->command,
		.env = (const char *const *)env.entries,
		.workdir = start->agent->workdir ? start->agent->workdir : start->state_dir,
		.input = brief->prompt,
		.input_len = strlen(brief->prompt),
		.output_max_bytes = LIMIT_AGENT_OUTPUT_BYTES,
		.timeout_ms = start->agent->timeout_ms,
		.kill_after_ms = LIMIT_AGENT_KILL_MS,
	};

	command_environment_inherit(&env);
	command_environment_facts(&env, start, run->report_file);
	return env.status < 0 ? env.status
			      : process_start(loop, &options, process_ended, run, &run->process);
}

int command_spawn(uv_loop_t *loop, const struct command_brief *brief, struct command_run *run,
	char why[LIMIT_REASON_MAX]) {
	const struct config_agent *agent = brief->start->agent;
	int r = make_paths(run, brief->start);

	r = r < 0 ? r : write_report(run, brief->report);
	if (r < 0) {
		text_format(why, LIMIT_REASON_MAX, "its report file cannot be written: %s",
			log_errno(r));
		return r;
	}
	r = spawn(loop, brief, run);
	if (r < 0) {
		program_explain(agent->command[0],
			agent->workdir ? agent->workdir : brief->start->state_dir, r, why,
			LIMIT_REASON_MAX);
	}
	return r < 0 && program_is_unusable(r) ? -ENOEXEC : r;
}
