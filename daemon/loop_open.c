#include "daemon/loop_open.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say_and_end(int signum) {
	static const char sentence[] =
		"codegend: error: Cannot start the event loop: no descriptors, threads or memory are left. "
		"Raise the limits of codegend (LimitNOFILE=, TasksMax=, MemoryMax=), then start it again.\n";

	(void)!write(STDERR_FILENO, sentence, strlen(sentence));
	_exit(EXIT_FAILURE);
}

static void nothing(uv_work_t *work) {
}

static void nothing_done(uv_work_t *work, int status) {
}

static int start_threads(uv_loop_t *loop) {
	uv_work_t work;
	int r = uv_queue_work(loop, &work, nothing, nothing_done);

	if (r == 0) {
		(void)uv_run(loop, UV_RUN_DEFAULT);
	}
	return r;
}

int loop_open(uv_loop_t *loop) {
	const struct sigaction end = { .sa_handler = say_and_end };
	struct sigaction before;
	int r;

	(void)sigaction(SIGABRT, &end, &before);
	r = uv_loop_init(loop);
	if (r == 0) {
		r = start_threads(loop);
		if (r < 0) {
			(void)uv_loop_close(loop);
		}
	}
	(void)sigaction(SIGABRT, &before, NULL);
	return r;
}
