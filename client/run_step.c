#include "client/run_step.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "client/failure.h"
#include "client/limits.h"
#include "client/run_child.h"
#include "common/clock.h"

static void ignore_bytes(void *data, size_t stream, const char *bytes, size_t len) {
}

static void attend(struct run_child *child, struct run_streams *streams) {
	bool resized;

	run_child_attend(child, &resized);
	if (resized && run_streams_resize(streams)) {
		/* The terminal told the step before its own had the new size. */
		(void)kill(0, SIGWINCH);
	}
}

static void wait_for_something(
	const struct run_child *child, const struct run_streams *streams, int timeout_ms) {
	struct pollfd polls[RUN_POLLS_MAX + 1];
	size_t n = run_streams_polls(streams, polls);

	polls[n++] = (struct pollfd){ .fd = child->signal_fd, .events = POLLIN };
	(void)poll(polls, n, timeout_ms);
}

/* Until it has ended. */
static void pump(
	struct run_child *child, struct run_streams *streams, run_passed_fn *passed, void *data) {
	while (child->pid > 0) {
		wait_for_something(child, streams, -1);
		run_streams_move(streams, passed, data);
		attend(child, streams);
	}
}

/*
 * What it has written, and what others add to it within a moment. Who wants our end as well has to wait for a reader
 * that takes it slowly no longer than that.
 */
static void pump_rest(
	struct run_child *child, struct run_streams *streams, run_passed_fn *passed, void *data) {
	int64_t end_us = clock_mono_us() + CLIENT_RUN_GRACE_MS * 1000, left_us;
	bool was_unwanted = child->unwanted;

	run_streams_settle(streams);
	while (!run_streams_ended(streams)) {
		if (child->unwanted && !was_unwanted) {
			end_us = clock_mono_us() + CLIENT_RUN_GRACE_MS * 1000;
		}
		was_unwanted = child->unwanted;
		left_us = end_us - clock_mono_us();
		if (left_us <= 0 && (was_unwanted || run_streams_settled(streams))) {
			return;
		}
		wait_for_something(child, streams, left_us > 0 ? (int)(left_us / 1000 + 1) : -1);
		run_streams_move(streams, passed, data);
		attend(child, streams);
	}
}

/* Ends with the last one who writes. Signals that end the step's job are not for who merely carries its output. */
static _Noreturn void carry_on(struct run_streams *streams) {
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++) {
		(void)signal(ignored[i], SIG_IGN);
	}
	while (!run_streams_ended(streams)) {
		struct pollfd polls[RUN_POLLS_MAX];

		(void)poll(polls, run_streams_polls(streams, polls), -1);
		run_streams_move(streams, ignore_bytes, NULL);
	}
	_exit(0);
}

/* A daemon the step has left behind goes on writing to what is its caller's, as without us. */
static void leave_rest(struct run_streams *streams) {
	if (!run_streams_ended(streams) && fork() == 0) {
		run_streams_release(streams);
		carry_on(streams);
	}
}

static int lost_output(const struct run_streams *streams) {
	for (size_t i = 0; i < streams->n; i++) {
		const struct run_stream *stream = &streams->stream[i];

		if (stream->status < 0 && !run_stream_lost_reader(stream)) {
			return stream->status;
		}
	}
	return 0;
}

static void run_started(struct run_child *child, struct run_streams *streams, run_passed_fn *passed,
	void *data, struct run_result *result) {
	const int keep[] = { child->signal_fd, child->witness.fd };

	run_streams_leave(streams, keep, ARRAY_SIZE(keep));
	pump(child, streams, passed, data);
	pump_rest(child, streams, passed, data);
	leave_rest(streams);
	result->code = run_exit_code(child->status);
	result->output = lost_output(streams);
}

void run_step(char **program, run_passed_fn *passed, void *data, struct run_result *ret_result) {
	struct run_result result = { .code = RUN_EXIT_FAILED };
	struct run_streams streams;
	struct run_child child;
	bool is_ours;

	run_hold_standard();
	result.failure = run_child_prepare(&child);
	is_ours = true;
	if (result.failure == 0) {
		run_streams_open(&streams);
		result.failure = run_child_start(&child, program, &streams, &is_ours);
		if (result.failure == 0) {
			run_started(&child, &streams, passed, data, &result);
		}
		run_streams_close(&streams);
	}
	if (result.failure < 0 && is_ours) {
		failure_warn("cannot watch the command, and will not report it: %s",
			strerror(-result.failure));
		result.failure = run_child_become(&child, program);
	}
	run_child_finish(&child);
	if (result.failure < 0) {
		result.code =
			result.failure == -ENOENT ? RUN_EXIT_NOT_FOUND : RUN_EXIT_NOT_EXECUTABLE;
	}
	*ret_result = result;
}
