/* Real children in a real loop. */
#include "daemon/process.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/fd.h"
#include "daemon/limits.h"

#define OUTPUT_MAX 4096

static const char *const default_env[] = { "PATH=/usr/bin:/bin", NULL };

/* A FIFO by which a child says how far it is. */
static char directory[] = "/tmp/test-process-XXXXXX";
static char ready_path[64];
static char ready_variable[80];
/* Another, between a child and a grandchild; see make_fled_fifo(). */
static char fled_path[64];
static char fled_variable[80];

/* How long each wait was to be at most. None is waited for when `hurry` is set. */
static uint64_t waits[8];
static size_t n_waits;
static bool hurry;

int __real_uv_timer_start(
	uv_timer_t *timer, uv_timer_cb fired, uint64_t after_ms, uint64_t repeat_ms);
int __wrap_uv_timer_start(
	uv_timer_t *timer, uv_timer_cb fired, uint64_t after_ms, uint64_t repeat_ms);

int __wrap_uv_timer_start(
	uv_timer_t *timer, uv_timer_cb fired, uint64_t after_ms, uint64_t repeat_ms) {
	assert_true(n_waits < ARRAY_SIZE(waits));
	waits[n_waits++] = after_ms;
	return __real_uv_timer_start(timer, fired, hurry ? 0 : after_ms, repeat_ms);
}

struct run {
	uv_loop_t loop;
	struct process_options options;
	const char *argv[4];
	struct process *process;
	uv_poll_t poll;
	int ready_fd;
	int n_ended;
	enum process_end end;
	int code;
	char *output;
	size_t n_dropped;
};

static void on_ended(void *user, const struct process_outcome *outcome) {
	struct run *run = user;

	run->n_ended++;
	run->end = outcome->end;
	run->code = outcome->code;
	run->output = strdup(outcome->output);
	run->n_dropped = outcome->n_dropped;
}

static void run_init(struct run *run, const char *script) {
	*run = (struct run){ .argv = { "/bin/sh", "-c", script, NULL }, .ready_fd = -1 };
	run->options = (struct process_options){
		.argv = run->argv,
		.env = default_env,
		.output_max_bytes = OUTPUT_MAX,
		.kill_after_ms = CLOCK_HOUR_MS,
	};
	n_waits = 0;
	hurry = false;
	assert_int_equal(uv_loop_init(&run->loop), 0);
}

/* A new one: whoever fled before may be dying still, and have the last one open. */
static void make_fled_fifo(void) {
	(void)unlink(fled_path);
	assert_int_equal(mkfifo(fled_path, 0600), 0);
}

static void run_start(struct run *run) {
	assert_int_equal(process_start(&run->loop, &run->options, on_ended, run, &run->process), 0);
	assert_int_equal(run->n_ended, 0);
}

static void run_finish(struct run *run) {
	free(run->output);
	fd_close(run->ready_fd);
	assert_int_equal(uv_loop_close(&run->loop), 0);
}

static void run_wait(struct run *run) {
	uv_run(&run->loop, UV_RUN_DEFAULT);
	assert_int_equal(run->n_ended, 1);
}

static void test_outcomes(void **state) {
	static const struct {
		const char *script;
		enum process_end end;
		int code;
		const char *output;
	} rows[] = {
		{ "exit 0", PROCESS_EXITED, 0, "" },
		{ "exit 7", PROCESS_EXITED, 7, "" },
		{ "kill -SEGV $$", PROCESS_SIGNALED, SIGSEGV, "" },
		{ "echo out; echo err >&2; echo out", PROCESS_EXITED, 0, "out\nerr\nout\n" },
		{ "printf 'a\\033[31mred\\033[0m\\000b\\377'", PROCESS_EXITED, 0,
			"ared\xef\xbf\xbd"
			"b\xef\xbf\xbd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct run run;

		run_init(&run, rows[i].script);
		run_start(&run);
		run_wait(&run);
		assert_int_equal(run.end, rows[i].end);
		assert_int_equal(run.code, rows[i].code);
		assert_string_equal(run.output, rows[i].output);
		assert_int_equal(run.n_dropped, 0);
		run_finish(&run);
	}
}

static void test_input(void **state) {
	static const struct {
		const char *script;
		const char *output;
	} rows[] = {
		{ "wc -c", "524288\n" }, { "true", "" }, /* never reads */
		{ "exec <&-; echo closed", "closed\n" }, /* closes early */
		{ "head -c 3", "iii" },
		{ "head -c 1 </dev/stdin", "i" }, /* a pipe can be opened again, a socket cannot */
	};
	size_t len = 512 * 1024;
	char *input = malloc(len);

	assert_non_null(input);
	memset(input, 'i', len);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct run run;

		run_init(&run, rows[i].script);
		run.options.input = input;
		run.options.input_len = len;
		run_start(&run);
		run_wait(&run);
		assert_int_equal(run.end, PROCESS_EXITED);
		assert_int_equal(run.code, 0);
		assert_string_equal(run.output, rows[i].output);
		run_finish(&run);
	}
	free(input);
}

static void test_no_input_is_end_of_file(void **state) {
	struct run run;

	run_init(&run, "cat; echo end");
	run_start(&run);
	run_wait(&run);
	assert_string_equal(run.output, "end\n");
	run_finish(&run);
}

static void test_output_is_bounded(void **state) {
	size_t total = 10 * 1024 * 1024;
	struct run run;
	size_t len;

	run_init(&run, "head -c 10485756 /dev/zero | tr '\\000' x; printf last");
	run_start(&run);
	run_wait(&run);
	len = strlen(run.output);
	assert_int_equal(run.code, 0);
	assert_int_equal(len, OUTPUT_MAX);
	assert_string_equal(run.output + len - 5, "xlast");
	assert_int_equal(run.n_dropped, total - OUTPUT_MAX);
	run_finish(&run);
}

/* The tail begins inside "é": the half character is no garbage; cleaning may not pass the bound. */
static void test_tail_is_text(void **state) {
	static const struct {
		const char *script;
		const char *first;
	} rows[] = {
		{ "i=0; while [ $i -lt 3000 ]; do printf '\\303\\251'; i=$((i+1)); done; printf x",
			"\xc3\xa9" },
		{ "head -c 6000 /dev/zero | tr '\\000' '\\377'", "\xef\xbf\xbd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct run run;

		run_init(&run, rows[i].script);
		run_start(&run);
		run_wait(&run);
		assert_true(strlen(run.output) <= OUTPUT_MAX);
		assert_memory_equal(run.output, rows[i].first, strlen(rows[i].first));
		run_finish(&run);
	}
}

static void test_timeout(void **state) {
	struct run run;

	run_init(&run, "exec sleep 1000");
	run.options.timeout_ms = 50;
	run_start(&run);
	run_wait(&run);
	assert_int_equal(waits[0], 50);
	assert_int_equal(run.end, PROCESS_TIMED_OUT);
	assert_int_equal(run.code, SIGTERM);
	run_finish(&run);
}

/* The child said that it is ready. */
static void stop_twice(uv_poll_t *poll, int status, int events) {
	struct run *run = poll->data;

	process_stop(run->process);
	process_stop(run->process);
	uv_close((uv_handle_t *)poll, NULL);
}

/* Ends it once it wrote a line to $READY. */
static void stop_when_ready(struct run *run, uv_poll_cb stop) {
	run->ready_fd = open(ready_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_true(run->ready_fd >= 0);
	assert_int_equal(uv_poll_init(&run->loop, &run->poll, run->ready_fd), 0);
	run->poll.data = run;
	assert_int_equal(uv_poll_start(&run->poll, UV_READABLE, stop), 0);
}

static void test_stop(void **state) {
	static const struct {
		const char *script;
		int64_t kill_after_ms;
		int code;
	} rows[] = {
		{ "echo >$READY; exec sleep 1000", CLOCK_HOUR_MS, SIGTERM },
		/* Deaf to TERM, its child too. */
		{ "trap '' TERM; echo >$READY; sleep 1000; sleep 1000", 50, SIGKILL },
		{ "trap 'exit 3' TERM; echo >$READY; sleep 1000 & wait", CLOCK_HOUR_MS, 0 },
	};
	const char *const env[] = { "PATH=/usr/bin:/bin", ready_variable, NULL };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct run run;

		run_init(&run, rows[i].script);
		run.options.env = env;
		run.options.kill_after_ms = rows[i].kill_after_ms;
		run_start(&run);
		stop_when_ready(&run, stop_twice);
		run_wait(&run);
		assert_int_equal(run.end, PROCESS_STOPPED);
		assert_int_equal(run.code, rows[i].code);
		run_finish(&run);
	}
}

static void abandon(uv_poll_t *poll, int status, int events) {
	struct run *run = poll->data;

	process_abandon(run->process);
	uv_close((uv_handle_t *)poll, NULL);
}

/* Nobody is told, and nothing is waited for: not its end, and not who fled and holds the output open. */
static void test_abandon(void **state) {
	static const char script[] =
		"trap '' TERM; setsid sh -c 'echo $$ >$FLED; exec sleep 1000' & "
		"read -r fled <$FLED; echo $fled >$READY; sleep 1000; sleep 1000";
	const char *const env[] = { "PATH=/usr/bin:/bin", ready_variable, fled_variable, NULL };
	char fled[32] = "";
	struct run run;
	pid_t leader;
	int status;

	make_fled_fifo();
	run_init(&run, script);
	run.options.env = env;
	run_start(&run);
	leader = process_pid(run.process);
	stop_when_ready(&run, abandon);
	uv_run(&run.loop, UV_RUN_DEFAULT);
	assert_int_equal(run.n_ended, 0);
	assert_int_equal(n_waits, 0);
	assert_int_equal(waitpid(leader, &status, 0), leader);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(read(run.ready_fd, fled, sizeof(fled) - 1) > 0);
	assert_true(strtoll(fled, NULL, 10) > 1);
	assert_int_equal(kill((pid_t)strtoll(fled, NULL, 10), SIGKILL), 0);
	run_finish(&run);
}

/* The group dies with its leader: the pid of a child in the background is printed, and it is gone. */
static void test_grandchild_dies(void **state) {
	struct run run;
	pid_t grandchild;

	run_init(&run, "sleep 1000 & echo $!");
	run_start(&run);
	run_wait(&run);
	assert_int_equal(run.end, PROCESS_EXITED);
	assert_int_equal(run.code, 0);
	grandchild = (pid_t)strtoll(run.output, NULL, 10);
	assert_true(grandchild > 1);
	/* Its reaping is not ours: dead is gone or a zombie, never one that sleeps on. */
	for (;;) {
		char path[64];
		char line[256] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)grandchild);
		file = fopen(path, "r");
		if (!file) {
			break;
		}
		if (!fgets(line, sizeof(line), file) || strstr(line, ") Z") || strstr(line, ") X")) {
			fclose(file);
			break;
		}
		fclose(file);
	}
	run_finish(&run);
}

/*
 * One that fled into its own session and holds the output open is waited for no longer than the grace, however its
 * leader ended; what it wrote before is there.
 */
static void test_output_held_open(void **state) {
	static const char flee[] =
		"setsid sh -c 'echo $$; exec 3>$FLED; echo fled >&3; exec sleep 1000' & read -r fled <$FLED; ";
	static const struct {
		const char *then;
		bool stop;
		enum process_end end;
		int code;
		uint64_t waits[2];
	} rows[] = {
		{ "exit 5", false, PROCESS_EXITED, 5, { LIMIT_PROCESS_GRACE_MS } },
		{ "trap '' TERM; echo >$READY; sleep 1000; sleep 1000", true, PROCESS_STOPPED,
			SIGKILL, { CLOCK_HOUR_MS, LIMIT_PROCESS_GRACE_MS } },
	};
	const char *const env[] = { "PATH=/usr/bin:/bin", ready_variable, fled_variable, NULL };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char script[256];
		struct run run;
		pid_t fled;

		snprintf(script, sizeof(script), "%s%s", flee, rows[i].then);
		make_fled_fifo();
		run_init(&run, script);
		run.options.env = env;
		hurry = true;
		run_start(&run);
		if (rows[i].stop) {
			stop_when_ready(&run, stop_twice);
		}
		run_wait(&run);
		assert_int_equal(run.end, rows[i].end);
		assert_int_equal(run.code, rows[i].code);
		assert_int_equal(n_waits, rows[i].stop ? 2 : 1);
		assert_memory_equal(waits, rows[i].waits, n_waits * sizeof(waits[0]));
		fled = (pid_t)strtoll(run.output, NULL, 10);
		assert_true(fled > 1);
		assert_int_equal(kill(fled, SIGKILL), 0);
		run_finish(&run);
	}
}

static void test_own_session_and_signals(void **state) {
	struct run run;
	char expected[64];

	/* SIGPIPE is ignored by us, as in the daemon. The shell blocks signals while it forks: sed asks for itself. */
	run_init(&run,
		"awk '{print $5, $6}' /proc/$$/stat; sed -n 's/^Sig\\(Ign\\|Blk\\):.//p' "
		"/proc/self/status");
	run_start(&run);
	snprintf(expected, sizeof(expected), "%d %d\n0000000000000000\n0000000000000000\n",
		(int)process_pid(run.process), (int)process_pid(run.process));
	run_wait(&run);
	assert_string_equal(run.output, expected);
	run_finish(&run);
}

static void test_environment_is_exact(void **state) {
	const char *const env[] = { "PATH=/usr/bin:/bin", "ONE=1", "TWO=a b", NULL };
	struct run run;

	setenv("CODEGEN_TEST_SECRET", "must not be seen", 1);
	run_init(&run, "");
	run.argv[0] = "env";
	run.argv[1] = NULL;
	run.options.env = env;
	run_start(&run);
	run_wait(&run);
	assert_string_equal(run.output, "PATH=/usr/bin:/bin\nONE=1\nTWO=a b\n");
	run_finish(&run);
}

static void test_no_descriptor_of_ours(void **state) {
	struct run run;
	int leaked = fcntl(STDERR_FILENO, F_DUPFD, 100); /* as a careless parent leaves it */
	char script[64];

	assert_true(leaked >= 100);
	snprintf(script, sizeof(script), "[ -e /proc/$$/fd/2 ] && ! [ -e /proc/$$/fd/%d ]", leaked);
	run_init(&run, script);
	run_start(&run);
	run_wait(&run);
	assert_int_equal(run.code, 0);
	close(leaked);
	run_finish(&run);
}

static void test_workdir(void **state) {
	struct run run;

	run_init(&run, "pwd");
	run.options.workdir = "/usr";
	run_start(&run);
	run_wait(&run);
	assert_string_equal(run.output, "/usr\n");
	run_finish(&run);
}

static void test_cannot_start(void **state) {
	static const struct {
		const char *command;
		const char *workdir;
		int status;
	} rows[] = {
		{ "/nonexistent/command", NULL, -ENOENT },
		{ "no-such-command-anywhere", NULL, -ENOENT },
		{ "/bin/sh", "/nonexistent", -ENOENT },
		{ "/etc/passwd", NULL, -EACCES },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct run run;

		run_init(&run, "exit 0");
		run.argv[0] = rows[i].command;
		run.options.workdir = rows[i].workdir;
		assert_int_equal(process_start(&run.loop, &run.options, on_ended, &run, &run.process),
			rows[i].status);
		uv_run(&run.loop, UV_RUN_DEFAULT);
		assert_int_equal(run.n_ended, 0);
		assert_null(run.process);
		run_finish(&run);
	}
}

static int make_fifo(void **state) {
	if (!mkdtemp(directory)) {
		return -1;
	}
	snprintf(ready_path, sizeof(ready_path), "%s/ready", directory);
	snprintf(ready_variable, sizeof(ready_variable), "READY=%s", ready_path);
	snprintf(fled_path, sizeof(fled_path), "%s/fled", directory);
	snprintf(fled_variable, sizeof(fled_variable), "FLED=%s", fled_path);
	return mkfifo(ready_path, 0600);
}

static int remove_fifo(void **state) {
	return fd_remove_tree(directory);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_input),
		cmocka_unit_test(test_no_input_is_end_of_file),
		cmocka_unit_test(test_output_is_bounded),
		cmocka_unit_test(test_tail_is_text),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_abandon),
		cmocka_unit_test(test_grandchild_dies),
		cmocka_unit_test(test_output_held_open),
		cmocka_unit_test(test_own_session_and_signals),
		cmocka_unit_test(test_environment_is_exact),
		cmocka_unit_test(test_no_descriptor_of_ours),
		cmocka_unit_test(test_workdir),
		cmocka_unit_test(test_cannot_start),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, make_fifo, remove_fifo);
}
