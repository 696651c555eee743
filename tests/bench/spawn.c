/*
 * bench-spawn RUNS COMMAND [ARGUMENT...] - how long a process takes from its start to its end. An "@" in an argument
 * becomes the number of the run; output goes to /dev/null. Prints one JSON object; a run that fails ends it with 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/bench/figures.h"

#define ARGUMENTS_MAX 64
#define ARGUMENT_MAX 512

extern char **environ;

static void fill_in(const char *argument, int run, char out[ARGUMENT_MAX]) {
	const char *at = strchr(argument, '@');

	if (at == NULL) {
		text_format(out, ARGUMENT_MAX, "%s", argument);
	} else {
		text_format(
			out, ARGUMENT_MAX, "%.*s%d%s", (int)(at - argument), argument, run, at + 1);
	}
}

static int run_once(
	char *const *arguments, const posix_spawn_file_actions_t *actions, int64_t *ret_us) {
	int64_t started_us = clock_mono_us();
	int status = 0;
	pid_t pid;

	if (posix_spawnp(&pid, arguments[0], actions, NULL, arguments, environ) != 0 ||
		waitpid(pid, &status, 0) != pid) {
		return -1;
	}
	*ret_us = clock_mono_us() - started_us;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv) {
	static char texts[ARGUMENTS_MAX][ARGUMENT_MAX];
	char *arguments[ARGUMENTS_MAX + 1] = { NULL };
	posix_spawn_file_actions_t actions;
	struct figures figures = { 0 };
	int64_t started_us = clock_mono_us();
	long long n_runs = argc > 2 ? strtoll(argv[1], NULL, 10) : 0;

	if (n_runs <= 0 || argc - 2 > ARGUMENTS_MAX || posix_spawn_file_actions_init(&actions) != 0 ||
		posix_spawn_file_actions_addopen(
			&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) != 0) {
		(void)fprintf(stderr, "usage: bench-spawn RUNS COMMAND [ARGUMENT...]\n");
		return 2;
	}
	for (int run = 0; run < n_runs; run++) {
		int64_t us = 0;
		int code;

		for (int i = 2; i < argc; i++) {
			fill_in(argv[i], run, texts[i - 2]);
			arguments[i - 2] = texts[i - 2];
		}
		code = run_once(arguments, &actions, &us);
		if (code != 0) {
			(void)fprintf(stderr, "bench-spawn: \"%s\" ended with %d\n", argv[2], code);
			return 1;
		}
		figures_add(&figures, us);
	}
	figures_print(&figures, clock_mono_us() - started_us);
	figures_finish(&figures);
	(void)posix_spawn_file_actions_destroy(&actions);
	return 0;
}
