/* Real runs of small shell programs. */
#include "daemon/agent/agent.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/text.h"

#define PATH_MAX_BYTES 512

static char state_dir[] = "/tmp/test-agent-XXXXXX";

struct fixture {
	uv_loop_t loop;
	char *command[4];
	struct config_agent agent;
	struct incident incident;
	struct report report;
	struct task task;
	struct agent_start start;
	struct agent_run *run;
	int n_ended;
	char sentence[LIMIT_SENTENCE_MAX];
	json_t *result;
};

static int setup(void **state) {
	static struct fixture f;

	f = (struct fixture){
		.command = { "/bin/sh", "-c", "true", NULL },
		.agent = { .name = "fixer",
			.type = "command",
			.command = f.command,
			.timeout_ms = CLOCK_MINUTE_MS },
		.incident = { .id = id_first_in_ms(1000),
			.project = "acme/web",
			.branch = "fix",
			.head_sha = "eff9f61",
			.error_type = ERROR_LINT,
			.cycle = 2,
			.pull_request = 7 },
		.report = { .id = id_first_in_ms(1000),
			.project = "acme/web",
			.branch = "fix",
			.build_number = "11",
			.job = "lint",
			.step = "eslint",
			.error_type = ERROR_LINT,
			.exit_code = 1 },
		.task = { .id = id_first_in_ms(2000), .type = TASK_TRIGGER_AGENT },
		.start = { .agent = &f.agent,
			.state_dir = state_dir,
			.incident = &f.incident,
			.report = &f.report,
			.task = &f.task },
	};
	assert_int_equal(uv_loop_init(&f.loop), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;

	json_decref(f->result);
	return uv_loop_close(&f->loop);
}

static void on_ended(void *user, const struct agent_outcome *outcome) {
	struct fixture *f = user;

	f->n_ended++;
	TEXT_SET(f->sentence, outcome->sentence);
	f->result = json_incref(outcome->result);
}

static void start(struct fixture *f, char *script) {
	char sentence[LIMIT_SENTENCE_MAX];

	f->command[2] = script;
	assert_int_equal(agent_start(&f->loop, &f->start, on_ended, f, &f->run, sentence), 0);
	assert_int_equal(f->n_ended, 0);
}

static void wait_for_end(struct fixture *f) {
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->n_ended, 1);
}

static void assert_begins(const char *text, const char *beginning) {
	if (strncmp(text, beginning, strlen(beginning)) != 0) {
		fail_msg("\"%s\" does not begin with \"%s\"", text, beginning);
	}
}

static const char *result_text(struct fixture *f, const char *name) {
	return json_string_value(json_object_get(f->result, name));
}

static void test_exit_is_recorded(void **state) {
	struct fixture *f = *state;

	start(f, "echo working; exit 3");
	wait_for_end(f);
	assert_begins(f->sentence, "Agent \"fixer\" exited with code 3 after ");
	assert_string_equal(result_text(f, "agent"), "fixer");
	assert_string_equal(result_text(f, "end"), "exited");
	assert_string_equal(result_text(f, "output"), "working\n");
	assert_int_equal(json_integer_value(json_object_get(f->result, "exitCode")), 3);
	assert_true(json_is_null(json_object_get(f->result, "signal")));
	assert_true(json_is_integer(json_object_get(f->result, "durationMs")));
	assert_int_equal(json_integer_value(json_object_get(f->result, "outputDropped")), 0);
}

static void test_signal_is_recorded(void **state) {
	struct fixture *f = *state;

	start(f, "kill -KILL $$");
	wait_for_end(f);
	assert_begins(f->sentence, "Agent \"fixer\" was ended by signal KILL after ");
	assert_string_equal(result_text(f, "end"), "signaled");
	assert_true(json_is_null(json_object_get(f->result, "exitCode")));
	assert_int_equal(json_integer_value(json_object_get(f->result, "signal")), SIGKILL);
}

static void test_timeout_is_recorded(void **state) {
	struct fixture *f = *state;

	f->agent.timeout_ms = 100;
	start(f, "exec sleep 1000");
	wait_for_end(f);
	assert_string_equal(f->sentence, "Agent \"fixer\" was stopped at its timeout of 100ms.");
	assert_string_equal(result_text(f, "end"), "timed_out");
}

static void test_stop_is_recorded(void **state) {
	struct fixture *f = *state;

	start(f, "exec sleep 1000");
	agent_stop(f->run);
	agent_stop(f->run);
	wait_for_end(f);
	assert_begins(f->sentence, "Agent \"fixer\" was stopped after ");
	assert_string_equal(result_text(f, "end"), "stopped");
}

static void test_prompt_is_the_input(void **state) {
	struct fixture *f = *state;

	start(f, "read -r line; echo \"$line\"; grep -c 'Fix the style'");
	wait_for_end(f);
	assert_string_equal(result_text(f, "output"), "# Repair a failed CI step\n1\n");
}

static void test_environment(void **state) {
	char expected[2048];
	struct fixture *f = *state;

	assert_int_equal(clearenv(), 0);
	setenv("PATH", "/usr/bin:/bin", 1);
	setenv("HOME", "/home/x", 1);
	setenv("GITHUB_TOKEN", "TOPSECRET", 1);
	setenv("NOTIFY_SOCKET", "/run/notify", 1);
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials", 1);
	f->command[0] = "env";
	f->command[1] = NULL;
	start(f, NULL);
	wait_for_end(f);
	snprintf(expected, sizeof(expected),
		"HOME=/home/x\nPATH=/usr/bin:/bin\nCODEGEN_BRANCH=fix\nCODEGEN_BUILD_NUMBER=11\n"
		"CODEGEN_COMMIT=eff9f61\nCODEGEN_CYCLE=2\nCODEGEN_ERROR_TYPE=lint_failure\n"
		"CODEGEN_HEAD_REPOSITORY=acme/web\nCODEGEN_INCIDENT=incident-1000\nCODEGEN_JOB=lint\n"
		"CODEGEN_PROJECT=acme/web\nCODEGEN_PULL_REQUEST=7\n"
		"CODEGEN_REPORT_FILE=%s/agent/delayed-2000/report.json\nCODEGEN_STEP=eslint\n"
		"CODEGEN_TASK=delayed-2000\n",
		state_dir);
	assert_string_equal(result_text(f, "output"), expected);
}

static void test_report_file(void **state) {
	char directory[PATH_MAX_BYTES];
	struct fixture *f = *state;
	struct stat st;

	snprintf(directory, sizeof(directory), "%s/agent/delayed-2000", state_dir);
	start(f,
		"grep -c '\"errorType\": \"lint_failure\"' \"$CODEGEN_REPORT_FILE\"\n"
		"stat -c %a \"$CODEGEN_REPORT_FILE\" \"${CODEGEN_REPORT_FILE%/*}\"; pwd");
	wait_for_end(f);
	assert_begins(result_text(f, "output"), "1\n600\n700\n/tmp/test-agent-");
	assert_int_equal(stat(directory, &st), -1);
}

static void test_cannot_start(void **state) {
	static const struct {
		char *command;
		char *workdir;
		const char *sentence;
	} rows[] = {
		{ "/nonexistent/fix", NULL,
			"command \"/nonexistent/fix\": no such file or directory." },
		{ "/bin/sh", "/nonexistent", "workdir \"/nonexistent\": no such file or directory." },
		{ "/etc/passwd", "/", "command \"/etc/passwd\": permission denied." },
	};
	char directory[PATH_MAX_BYTES];
	char sentence[LIMIT_SENTENCE_MAX];
	struct fixture *f = *state;
	struct stat st;

	snprintf(directory, sizeof(directory), "%s/agent/delayed-2000", state_dir);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		f->command[0] = rows[i].command;
		f->agent.workdir = rows[i].workdir;
		assert_true(agent_start(&f->loop, &f->start, on_ended, f, &f->run, sentence) < 0);
		assert_begins(sentence, "Agent \"fixer\" could not be started: ");
		assert_non_null(strstr(sentence, rows[i].sentence));
		uv_run(&f->loop, UV_RUN_DEFAULT);
		assert_int_equal(f->n_ended, 0);
		assert_int_equal(stat(directory, &st), -1);
	}
	f->start.state_dir = "/dev/null";
	assert_true(agent_start(&f->loop, &f->start, on_ended, f, &f->run, sentence) < 0);
	assert_non_null(strstr(sentence, "its report file cannot be written: not a directory."));
}

static void test_sweep(void **state) {
	char path[PATH_MAX_BYTES];
	struct stat st;

	snprintf(path, sizeof(path), "%s/agent/delayed-1", state_dir);
	assert_int_equal(fd_make_dirs(path, 0700), 0);
	agent_sweep(state_dir);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(stat(state_dir, &st), 0);
	agent_sweep(state_dir);
}

static int make_state_dir(void **state) {
	signal(SIGPIPE, SIG_IGN);
	return mkdtemp(state_dir) ? 0 : -1;
}

static int remove_state_dir(void **state) {
	return fd_remove_tree(state_dir);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exit_is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal_is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout_is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prompt_is_the_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_report_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sweep, setup, teardown),
	};

	return cmocka_run_group_tests(tests, make_state_dir, remove_state_dir);
}
