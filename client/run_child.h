/*
 * run_child - the step's process: started as the caller would have started it, and signalled as the caller would have
 * signalled it. It stays in our process group, so that terminals and CI systems reach it with all it starts. One at a
 * time, one thread.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "client/run_streams.h"
#include "client/run_witness.h"
#include "common/macro.h"

/* What `run` returns of its own, as env(1) and timeout(1) do. */
enum run_exit {
	RUN_EXIT_FAILED = 125, /* codegenctl itself */
	RUN_EXIT_NOT_EXECUTABLE = 126,
	RUN_EXIT_NOT_FOUND = 127,
	RUN_EXIT_SIGNAL = 128, /* and the signal's number */
};

struct run_child {
	pid_t pid;     /* 0: not there, or gone */
	int status;    /* then: as waitpid() has it */
	int asked;     /* 0; the last signal that is there to end us, the step, or both */
	bool unwanted; /* it has ended the step, or came after that: somebody waits for our end now */
	int signal_fd;		   /* readable: a signal for run_child_attend() */
	sigset_t mask;		   /* the caller's */
	struct sigaction on_child; /* the caller's, of SIGCHLD */
	struct sigaction on_pipe;  /* the caller's, of SIGPIPE */
	struct run_witness witness;
};

/*
 * From here on signals wait for run_child_attend(). They do so to our end: what we return is the step's. Comes before
 * any pipe or terminal is opened: the witness has nothing of these.
 */
must_check int run_child_prepare(struct run_child *child);
/* Back to how the caller had it, for a process that is not the step. */
void run_child_restore_signals(const struct run_child *child);
void run_child_finish(struct run_child *child);

/*
 * Starts `program` (NULL-ended) in PATH, with the step's ends of `streams`.
 * Returns: 0; -ENOENT and others, it cannot be executed; -EAGAIN, -ENOMEM, -EMFILE, there can be no process.
 * `*ret_is_ours`: the failure is ours rather than the program's.
 */
must_check int run_child_start(struct run_child *child, char **program,
	const struct run_streams *streams, bool *ret_is_ours);

/*
 * Becomes the program, when nothing can be prepared for watching it: that it runs matters more. Returns only with why
 * it cannot be executed: negative errno.
 */
int run_child_become(struct run_child *child, char **program);

/* Passes signals on, notices the step's stop and end. `*ret_resized`: a terminal's size may have changed. */
void run_child_attend(struct run_child *child, bool *ret_resized);

/* What a wait status is to a shell: the exit code, or 128 and the signal. */
int run_exit_code(int status);
