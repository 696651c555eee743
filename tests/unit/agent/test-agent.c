/* Real runs of small shell programs. */
#include "daemon/agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
			.timeout_ms = CLOCK_HOUR_MS },
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
	f->result = outcome->result; /* ours from here */
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
	assert_int_equal(f->result->refcount, 1);
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
	agent_stop(f->run, false);
	agent_stop(f->run, false);
	wait_for_end(f);
	/* Whatever for: its incident is over, or the daemon stops. */
	assert_begins(f->sentence, "Agent \"fixer\" was stopped by codegend after ");
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
	f->report.scan = json_pack("{s:s, s:{s:s}, s:[{s:s, s:i}, {s:s, s:i}, {s:s}]}", "cause",
		"lint", "headline", "text", "no-var", "findings", "file", "src/a.ts", "line", 3,
		"file", "src/a.ts", "line", 3, "file", "src/b.ts");
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
		"CODEGEN_CAUSE=lint\nCODEGEN_HEADLINE=no-var\nCODEGEN_STAGE=\n"
		"CODEGEN_FINDINGS=src/a.ts:3\nsrc/b.ts:0\nCODEGEN_TASK=delayed-2000\n",
		state_dir);
	assert_string_equal(result_text(f, "output"), expected);
	json_decref(TAKE_PTR(f->report.scan));
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

static void test_mentions_are_the_forge_s(void **state) {
	char sentence[LIMIT_SENTENCE_MAX];
	struct fixture *f = *state;

	TEXT_SET(f->agent.type, "mention");
	assert_int_equal(
		agent_start(&f->loop, &f->start, on_ended, f, &f->run, sentence), -EOPNOTSUPP);
	assert_string_equal(sentence,
		"Agent \"fixer\" could not be started: it is of type \"mention\", which only a forge can "
		"ask.");
}

static void test_sweep_of_directories(void **state) {
	char path[PATH_MAX_BYTES];
	struct stat st;

	snprintf(path, sizeof(path), "%s/agent/delayed-1", state_dir);
	assert_int_equal(fd_make_dirs(path, 0700), 0);
	agent_sweep(state_dir);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(stat(state_dir, &st), 0);
	agent_sweep(state_dir);
}

/*
 * A program with an agent's variable, as a daemon that crashed leaves it, in a session of its own. Its first line is
 * returned in `ret_line`.
 */
static pid_t leave_behind(const char *of_state_dir, const char *script, int64_t *ret_line) {
	char variable[PATH_MAX_BYTES];
	char *argv[] = { "/bin/sh", "-c", (char *)script, NULL };
	char *env[] = { "PATH=/usr/bin:/bin", variable, NULL };
	char line[32] = "";
	FILE *output;
	int ends[2];
	pid_t pid;

	snprintf(variable, sizeof(variable), "CODEGEN_REPORT_FILE=%s/agent/delayed-1/report.json",
		of_state_dir);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		setsid();
		dup2(ends[1], STDOUT_FILENO);
		execve(argv[0], argv, env);
		_exit(127);
	}
	assert_true(pid > 0);
	close(ends[1]);
	output = fdopen(ends[0], "r");
	assert_non_null(output);
	assert_non_null(fgets(line, sizeof(line), output));
	fclose(output);
	line[strcspn(line, "\n")] = '\0';
	assert_int_equal(text_to_int(line, ret_line), 0);
	return pid;
}

/* Gone, or a zombie that whoever inherited it has not reaped. */
static bool is_dead(int64_t pid) {
	_cleanup_(freep) char *stat = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	if (fd_read_file(path, 4096, &stat, NULL) < 0) {
		return true;
	}
	return strchr("ZX", strrchr(stat, ')')[2]) != NULL;
}

static void assert_killed(pid_t pid) {
	int status = 0;

	/* WNOHANG: it is dead when agent_sweep() returned, not somewhat later. */
	assert_int_equal(waitpid(pid, &status, WNOHANG), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* What agent_sweep() says. */
static void sweep(const char *directory, char *out, size_t size) {
	int stderr_fd = dup(STDERR_FILENO);
	int ends[2];
	ssize_t len;

	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	agent_sweep(directory);
	assert_true(dup2(stderr_fd, STDERR_FILENO) >= 0);
	close(stderr_fd);
	len = read(ends[0], out, size - 1);
	out[len > 0 ? len : 0] = '\0';
	close(ends[0]);
	close(ends[1]);
}

static void test_sweep_of_processes(void **state) {
	static const struct {
		const char *script;
		const char *n;
	} rows[] = {
		{ "echo $$; exec sleep 1000", " 1 process " },
		/* Deaf to TERM, and a child that has no environment. */
		{ "trap '' TERM; env -i sh -c 'echo $$; exec sleep 1000' & wait", " 1 process " },
		/* One that fled into its own session. */
		{ "setsid sh -c 'echo $$; exec sleep 1000' & wait", " 2 processes " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char said[1024];
		int64_t other;
		pid_t pid = leave_behind(state_dir, rows[i].script, &other);

		sweep(state_dir, said, sizeof(said));
		assert_killed(pid);
		/* The one without the variable is killed with its group; nobody waited for its end. */
		while (other != pid && !is_dead(other)) {
			sched_yield();
		}
		assert_non_null(strstr(said, "earlier daemon"));
		assert_non_null(strstr(said, rows[i].n));
		assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
		sweep(state_dir, said, sizeof(said));
		assert_string_equal(said, "");
	}
}

/* The directory has another name this time. */
static void test_sweep_of_a_relative_directory(void **state) {
	_cleanup_(freep) char *cwd = getcwd(NULL, 0);
	char said[1024];
	int64_t line;
	pid_t pid = leave_behind(state_dir, "echo 1; exec sleep 1000", &line);

	assert_int_equal(chdir("/tmp"), 0);
	sweep(strrchr(state_dir, '/') + 1, said, sizeof(said));
	assert_int_equal(chdir(cwd), 0);
	assert_killed(pid);
}

static void test_sweep_spares_other_daemons(void **state) {
	char other[PATH_MAX_BYTES];
	char said[1024];
	int64_t line;
	int status;
	pid_t pid;

	snprintf(other, sizeof(other), "%s/agent/x", state_dir);
	assert_int_equal(fd_make_dirs(other, 0700), 0);
	snprintf(other, sizeof(other), "%s-2", state_dir);
	pid = leave_behind(other, "echo 1; exec sleep 1000", &line);
	sweep(state_dir, said, sizeof(said));
	assert_string_equal(said, "");
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* An agent starts the daemon: it, and what started it, live; what else is in their group does not. */
static void test_sweep_spares_its_ancestors(void **state) {
	char program[PATH_MAX_BYTES] = "";
	char script[3 * PATH_MAX_BYTES];
	int64_t sibling;
	int status;
	pid_t pid;

	assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
	snprintf(script, sizeof(script), "sleep 1000 & echo $!; '%s' --sweep '%s' && exit 7",
		program, state_dir);
	pid = leave_behind(state_dir, script, &sibling);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_true(is_dead(sibling));
}

static int make_state_dir(void **state) {
	signal(SIGPIPE, SIG_IGN);
	return mkdtemp(state_dir) ? 0 : -1;
}

static int remove_state_dir(void **state) {
	return fd_remove_tree(state_dir);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_exit_is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_signal_is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout_is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_is_recorded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prompt_is_the_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_report_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_start, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mentions_are_the_forge_s, setup, teardown),
		cmocka_unit_test(test_sweep_of_directories),
		cmocka_unit_test(test_sweep_of_processes),
		cmocka_unit_test(test_sweep_of_a_relative_directory),
		cmocka_unit_test(test_sweep_spares_other_daemons),
		cmocka_unit_test(test_sweep_spares_its_ancestors),
	};

	/* For the test of the ancestors. */
	if (argc == 3 && strcmp(argv[1], "--sweep") == 0) {
		agent_sweep(argv[2]);
		return 0;
	}

	return cmocka_run_group_tests(tests, make_state_dir, remove_state_dir);
}
