/*
 * process - one child in its own process group, its input given, its output bounded, its time limited.
 *
 * Loop thread only. The child gets exactly the environment and standard descriptors given here, default signal
 * handlers and nothing else of ours.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "common/macro.h"

enum process_end {
	PROCESS_EXITED,
	PROCESS_SIGNALED,
	PROCESS_TIMED_OUT,
	PROCESS_STOPPED,
	PROCESS_UNIT_STOPPED, /* codegend-agent says it of its own: never from here */
};

struct process_outcome {
	enum process_end end;
	int code; /* exit code of PROCESS_EXITED; signal of the others */
	const char *output; /* standard output and error together: the newest bytes, cleaned, NUL-ended; borrowed */
	size_t n_dropped; /* bytes of output before those */
};

struct process_options {
	const char *const *argv; /* NULL-ended */
	const char *const *env;	 /* NULL-ended "NAME=value" */
	const char *workdir;	 /* NULL: ours */
	const char *input;	 /* written to standard input, then closed; copied */
	size_t input_len;
	size_t output_max_bytes;
	int64_t timeout_ms;    /* TERM to the group then; 0: none */
	int64_t kill_after_ms; /* KILL that long after TERM */
};

struct process;

/*
 * Starts the child. `ended(user, outcome)` runs once, when the child is reaped, its group is killed and its output is
 * at an end (a grandchild that left the group and holds the output open is not waited for longer than
 * LIMIT_PROCESS_GRACE_MS after the child's end); `process` is gone afterwards. From process_stop() or the timeout to
 * `ended` it is kill_after_ms and that grace at most, unless the kernel holds the child.
 * Returns: 0; -ENOENT, -EACCES, ... the command or workdir cannot be used, and nothing ran; `ended` never runs.
 */
must_check int process_start(uv_loop_t *loop, const struct process_options *options,
	void (*ended)(void *user, const struct process_outcome *outcome), void *user,
	struct process **ret_process);

/* TERM to the group, KILL after kill_after_ms; `ended` runs with PROCESS_STOPPED. Idempotent. */
void process_stop(struct process *process);
/* KILL to the group at once. Nobody waits for its end: `ended` never runs, and `process` is not to be used any more. */
void process_abandon(struct process *process);
pid_t process_pid(const struct process *process);
