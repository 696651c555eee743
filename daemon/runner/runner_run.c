#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/json_memory.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/program.h"
#include "daemon/runner/runner_internal.h"

#define REPORT_MODE 0600

extern char **environ;

/* What is between systemd and us, and none of the program's business. */
static const char *const kept_back[] = { "JOURNAL_STREAM", "LISTEN_FDNAMES", "LISTEN_FDS",
	"LISTEN_PID", "NOTIFY_SOCKET", "REMOTE_ADDR", "REMOTE_PORT", "SYSTEMD_EXEC_PID",
	"WATCHDOG_PID", "WATCHDOG_USEC" };

/* NULL-ended, of strings that somebody else owns. */
struct words {
	const char *words[LIMIT_AGENT_ARGUMENTS + 1];
	size_t n;
};

static int add(struct words *words, const char *word) {
	if (words->n == LIMIT_AGENT_ARGUMENTS) {
		return -E2BIG;
	}
	words->words[words->n++] = word;
	return 0;
}

/* Every element has to be a string that begins with `prefix`. */
static int add_array(struct words *words, const json_t *array, const char *prefix) {
	size_t i;
	json_t *item;

	if (!json_is_array(array)) {
		return -EINVAL;
	}
	json_array_foreach(array, i, item) {
		const char *word = json_string_value(item);

		if (word == NULL || strncmp(word, prefix, strlen(prefix)) != 0) {
			return -EINVAL;
		}
		if (add(words, word) < 0) {
			return -E2BIG;
		}
	}
	return 0;
}

static bool is_kept_back(const char *entry) {
	size_t len = strcspn(entry, "=");

	for (size_t i = 0; i < ARRAY_SIZE(kept_back); i++) {
		if (strlen(kept_back[i]) == len && strncmp(kept_back[i], entry, len) == 0) {
			return true;
		}
	}
	return strncmp(entry, AGENT_CALL_VARIABLE, strlen(AGENT_CALL_VARIABLE)) == 0;
}

static int add_own_environment(struct words *words) {
	for (char **entry = environ; *entry != NULL; entry++) {
		if (!is_kept_back(*entry) && add(words, *entry) < 0) {
			return -E2BIG;
		}
	}
	return 0;
}

/* Its directory, with the report in it. */
static int make_directory(struct runner *runner, char *path, size_t size) {
	_cleanup_(freep) char *text = json_memory_dump(runner->call.report, JSON_INDENT(2));
	_cleanup_(fd_closep) int fd = -1;
	char directory[] = "/tmp/codegend-agent-XXXXXX";

	if (text == NULL) {
		return -ENOMEM;
	}
	if (mkdtemp(directory) == NULL) {
		return -errno;
	}
	TEXT_SET(runner->directory, directory);
	(void)text_format(path, size, "%s/report.json", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, REPORT_MODE);
	return fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));
}

void runner_run_finish(struct runner *runner) {
	int r = runner->directory[0] != '\0' ? fd_remove_tree(runner->directory) : 0;

	if (r < 0) {
		log_warning("The directory \"%s\" of a run cannot be removed: %s, ignoring.",
			runner->directory, log_errno(r));
	}
	jfield_finish(agent_run_call_fields, n_agent_run_call_fields, &runner->call);
}

static void ended(void *user, const struct process_outcome *outcome) {
	struct runner *runner = user;
	struct agent_run_answer answer = { .end = outcome->end,
		.code = MAX(outcome->code, 0),
		.output = (char *)outcome->output, /* only read */
		.output_dropped = (int64_t)outcome->n_dropped };
	json_t *parameters = json_object();

	runner->process = NULL;
	if (runner->unit_stopped && answer.end == PROCESS_STOPPED) {
		answer.end = PROCESS_UNIT_STOPPED;
	}
	if (jfield_encode(parameters, agent_run_answer_fields, n_agent_run_answer_fields, &answer) <
		0) {
		json_decref(TAKE_PTR(parameters));
	}
	runner_answer(runner, json_pack("{s:o}", "parameters", parameters));
}

static void refuse(struct runner *runner, const char *why) {
	runner_refuse(runner, AGENT_CALL_NOT_STARTED, "message", why);
}

static void start(
	struct runner *runner, const struct words *command, const struct words *environment) {
	const char *workdir = runner->call.workdir != NULL ? runner->call.workdir : runner->directory;
	struct process_options options = {
		.argv = command->words,
		.env = environment->words,
		.workdir = workdir,
		.input = runner->call.prompt,
		.input_len = strlen(runner->call.prompt),
		.output_max_bytes = (size_t)runner->call.output_bytes,
		.timeout_ms = runner->call.timeout_ms,
		.kill_after_ms = runner->call.kill_after_ms,
	};
	char why[LIMIT_REASON_MAX];
	/* Whoever does not hear this takes it that nothing began. */
	int r = runner_say(
		runner, json_pack("{s:{s:b}, s:b}", "parameters", "starting", 1, "continues", 1));

	if (r < 0) {
		runner_answer(runner, NULL);
		return;
	}
	r = process_start(&runner->loop, &options, ended, runner, &runner->process);
	if (r < 0) {
		program_explain(command->words[0], workdir, r, why, sizeof(why));
		runner_refuse(runner,
			program_is_unusable(r) ? AGENT_CALL_UNUSABLE : AGENT_CALL_NOT_STARTED,
			"message", why);
	}
}

/* The first number that is out of its range; NULL: none. */
static const char *beyond_limits(const struct agent_run_call *call) {
	const struct {
		const char *name;
		int64_t value, max;
	} numbers[] = {
		{ "outputBytes", call->output_bytes, LIMIT_AGENT_OUTPUT_BYTES },
		{ "timeoutMs", call->timeout_ms, INT64_MAX },
		{ "killAfterMs", call->kill_after_ms, LIMIT_AGENT_KILL_MS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (numbers[i].value <= 0 || numbers[i].value > numbers[i].max) {
			return numbers[i].name;
		}
	}
	return NULL;
}

void runner_run(struct runner *runner, const json_t *parameters) {
	struct agent_run_call *call = &runner->call;
	struct words command = { 0 }, environment = { 0 };
	char report[sizeof(runner->directory) + 32];
	char variable[sizeof(report) + 32];
	char why[LIMIT_REASON_MAX];
	const char *field = NULL;
	int r = jfield_decode(
		parameters, agent_run_call_fields, n_agent_run_call_fields, call, &field);

	if (r == 0 && (add_array(&command, call->command, "") < 0 || command.n == 0)) {
		field = "command";
	} else if (r == 0 &&
		(add_own_environment(&environment) < 0 ||
			add_array(&environment, call->environment, AGENT_CALL_VARIABLE) < 0)) {
		field = "environment";
	} else if (r == 0) {
		field = beyond_limits(call);
	}
	if (field != NULL) {
		runner_refuse(runner, PROTOCOL_INVALID_PARAMETER, "parameter", field);
		return;
	}
	r = make_directory(runner, report, sizeof(report));
	(void)text_format(variable, sizeof(variable), "CODEGEN_REPORT_FILE=%s", report);
	r = r < 0 ? r : add(&environment, variable);
	if (r < 0) {
		text_format(why, sizeof(why), "its report file cannot be written: %s", log_errno(r));
		refuse(runner, why);
		return;
	}
	start(runner, &command, &environment);
}
