/*
 * run_child - the step's process: started as the caller would have started it, signalled as the caller would have
 * signalled it. One at a time, one thread.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/macro.h"

/* What `run` returns of its own, as env(1) and timeout(1) do. */
enum run_exit {
	RUN_EXIT_FAILED = 125, /* codegenctl itself */
	RUN_EXIT_NOT_EXECUTABLE = 126,
	RUN_EXIT_NOT_FOUND = 127,
	RUN_EXIT_SIGNAL = 128, /* and the signal's number */
};

/* What the process has besides its standard streams: the same as without us. */
struct run_signals {
	int fd;			/* signalfd of everything that is handled */
	sigset_t mask;		/* as it was */
	struct sigaction child; /* of SIGCHLD, as it was */
	struct sigaction pipe;	/* of SIGPIPE, as it was */
};

/* What a wait status is to a shell: the exit code, or 128 and the signal. */
int run_exit_code(int status);
