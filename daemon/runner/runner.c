#include "daemon/runner/runner.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/runner/runner_internal.h"
#include "daemon/systemd.h"

#define READ_BYTES (64 * 1024)

static void leave(struct runner *runner) {
	uv_handle_t *const handles[] = { (uv_handle_t *)&runner->peer, (uv_handle_t *)&runner->timer,
		(uv_handle_t *)&runner->watchdog, (uv_handle_t *)&runner->term };

	for (size_t i = 0; i < ARRAY_SIZE(handles); i++) {
		if (!uv_is_closing(handles[i])) {
			uv_close(handles[i], NULL);
		}
	}
}

/*
 * Nobody waits for the program any more: its branch may be given to the next one at any moment. What has left its group
 * is killed with the unit, which ends as soon as we do.
 */
static void hang_up(struct runner *runner) {
	runner->hung_up = true;
	if (runner->process != NULL) {
		process_abandon(TAKE_PTR(runner->process));
	}
	leave(runner);
}

/* Answers */

static void answer_written(uv_write_t *write, int status) {
	leave(write->data);
}

int runner_say(struct runner *runner, json_t *answer) {
	uv_buf_t buf;
	int r = answer == NULL ? -ENOMEM : frame_append(&runner->out, answer);

	json_decref(answer);
	if (r == 0) {
		buf = uv_buf_init(runner->out.data, (unsigned)runner->out.len);
		r = uv_try_write((uv_stream_t *)&runner->peer, &buf, 1);
		r = r < 0 ? r : (size_t)r == runner->out.len ? 0 : -EAGAIN;
	}
	buffer_finish(&runner->out);
	return r;
}

void runner_answer(struct runner *runner, json_t *answer) {
	uv_buf_t buf;
	int r = answer == NULL ? -ENOMEM : frame_append(&runner->out, answer);

	json_decref(answer);
	runner->answered = true;
	if (r == 0) {
		buf = uv_buf_init(runner->out.data, (unsigned)runner->out.len);
		r = uv_write(&runner->write, (uv_stream_t *)&runner->peer, &buf, 1, answer_written);
		(void)uv_timer_again(&runner->timer);
	}
	if (r < 0) {
		leave(runner);
	}
}

void runner_refuse(struct runner *runner, const char *error, const char *name, const char *text) {
	runner_answer(runner, json_pack("{s:s, s:{s:s}}", "error", error, "parameters", name, text));
}

/* Calls */

static void stop(struct runner *runner, const json_t *parameters) {
	if (runner->process != NULL) {
		process_stop(runner->process);
	}
}

static const struct {
	const char *method;
	bool first; /* the call that a connection is for */
	void (*take)(struct runner *runner, const json_t *parameters);
} methods[] = {
	{ AGENT_CALL_CHECK, true, runner_check },
	{ AGENT_CALL_RUN, true, runner_run },
	{ AGENT_CALL_STOP, false, stop },
};

static void take_call(struct runner *runner, const json_t *message) {
	const char *method = json_string_value(json_object_get(message, "method"));

	for (size_t i = 0; method != NULL && i < ARRAY_SIZE(methods); i++) {
		if (strcmp(methods[i].method, method) == 0 && methods[i].first != runner->called) {
			runner->called = true;
			(void)uv_timer_stop(&runner->timer);
			methods[i].take(runner, json_object_get(message, "parameters"));
			return;
		}
	}
	if (runner->called) {
		log_warning("Somebody asked for more than one thing, hanging up.");
		hang_up(runner);
	} else {
		runner->called = true;
		runner_refuse(runner, PROTOCOL_METHOD_NOT_FOUND, "method", method ? method : "");
	}
}

static void peer_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf) {
	struct runner *runner = handle->data;
	size_t len = 0;
	char *space = frame_reader_space(&runner->reader, READ_BYTES, &len);

	*ret_buf = uv_buf_init(space, (unsigned)len);
}

static void peer_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct runner *runner = stream->data;
	int r = 0;

	if (n < 0) {
		hang_up(runner);
		return;
	}
	frame_reader_filled(&runner->reader, (size_t)n);
	while (!runner->answered && !runner->hung_up) {
		json_t *message = NULL;

		r = frame_reader_next(&runner->reader, &message);
		if (r <= 0) {
			break;
		}
		take_call(runner, message);
		json_decref(message);
	}
	if (r < 0) {
		log_warning("What was asked is not understood: %s, hanging up.", log_errno(r));
		hang_up(runner);
	}
}

/* Events */

static void time_over(uv_timer_t *timer) {
	log_warning("The other side is silent, hanging up.");
	leave(timer->data);
}

static void term_received(uv_signal_t *signal, int signum) {
	struct runner *runner = signal->data;

	if (runner->process != NULL) {
		runner->unit_stopped = true; /* and the answer says so */
		process_stop(runner->process);
	} else if (!runner->answered) {
		leave(runner);
	}
}

/* A program that stops us does not escape its timeout: systemd ends all of this unit then. */
static void watchdog_due(uv_timer_t *timer) {
	systemd_alive();
}

static int open_handles(struct runner *runner, int fd) {
	uint64_t watchdog_ms = (uint64_t)systemd_watchdog_ms();

	/* Without IPC and descriptors none of these can fail. */
	(void)uv_pipe_init(&runner->loop, &runner->peer, 0);
	(void)uv_timer_init(&runner->loop, &runner->timer);
	(void)uv_timer_init(&runner->loop, &runner->watchdog);
	(void)uv_signal_init(&runner->loop, &runner->term);
	runner->peer.data = runner->timer.data = runner->watchdog.data = runner->term.data =
		runner->write.data = runner;
	(void)uv_timer_start(&runner->timer, time_over, LIMIT_AGENT_CALL_MS, LIMIT_AGENT_CALL_MS);
	if (watchdog_ms > 0) {
		(void)uv_timer_start(&runner->watchdog, watchdog_due, 0, watchdog_ms);
	}
	if (uv_pipe_open(&runner->peer, fd) < 0 ||
		uv_signal_start(&runner->term, term_received, SIGTERM) < 0) {
		return -EIO;
	}
	return uv_read_start((uv_stream_t *)&runner->peer, peer_alloc, peer_read);
}

int runner_serve(int fd) {
	struct runner runner = { 0 };
	int r = uv_loop_init(&runner.loop);

	if (r < 0) {
		log_error("Nothing can be run: %s.", log_errno(r));
		return 1;
	}
	frame_reader_init(&runner.reader, LIMIT_AGENT_CALL_MAX_BYTES, LIMIT_AGENT_CALL_DEPTH);
	buffer_init(&runner.out, LIMIT_AGENT_ANSWER_MAX_BYTES);
	r = open_handles(&runner, fd);
	if (r < 0) {
		log_error("The connection cannot be used: %s.", log_errno(r));
		leave(&runner);
	}
	(void)uv_run(&runner.loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&runner.loop);
	frame_reader_finish(&runner.reader);
	buffer_finish(&runner.out);
	runner_run_finish(&runner);
	return r < 0 ? 1 : 0;
}
