#include "daemon/process.h"

#include <errno.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/text.h"
#include "daemon/limits.h"

#define READ_BYTES (16 * 1024)
#define PIPE_READS_MAX 64 /* a pipe holds 64 KiB, or what its user made of it: a MiB */

enum { PIPE_READ, PIPE_WRITE };

struct process {
	uv_loop_t *loop; /* borrowed */
	uv_process_t child;
	uv_pipe_t in;
	uv_pipe_t out;
	uv_timer_t timer;
	uv_write_t write;
	unsigned n_handles; /* not closed yet */
	bool has_child;	    /* `child` is one of them */
	bool finished;	    /* the handles are being closed */

	char *input; /* owned, until it is written */
	struct buffer output;
	size_t output_max_bytes;
	size_t n_dropped;
	char chunk[READ_BYTES];

	bool asked;   /* TERM was sent by us: `end` is known */
	bool reaped;  /* `end` and `code` are known */
	bool drained; /* the output is at its end */
	enum process_end end;
	int code;
	int64_t kill_after_ms;
	void (*ended)(void *user, const struct process_outcome *outcome); /* NULL: nobody is told */
	void *user;
};

static void process_signal_group(struct process *process, int signum) {
	/* ESRCH: nobody is left in it. */
	(void)kill(-process->child.pid, signum);
}

/* The tail as text: it starts on a character, is cleaned, and cleaning has not made it longer than allowed. */
static char *process_take_output(struct process *process, const char **ret_tail) {
	struct buffer *raw = &process->output;
	size_t skip = 0;
	size_t len;
	char *clean;

	if (raw->len > process->output_max_bytes) {
		process->n_dropped += raw->len - process->output_max_bytes;
		buffer_keep_tail(raw, process->output_max_bytes);
	}
	while (process->n_dropped > 0 && skip < raw->len && skip < 3 &&
		((unsigned char)raw->data[skip] & 0xc0) == 0x80) {
		skip++;
	}
	clean = text_clean(raw->data + skip, raw->len - skip);
	if (!clean) {
		*ret_tail = "";
		return NULL;
	}
	len = strlen(clean);
	skip = len > process->output_max_bytes ? len - process->output_max_bytes : 0;
	while (((unsigned char)clean[skip] & 0xc0) == 0x80) {
		skip++;
	}
	*ret_tail = clean + skip;
	return clean;
}

static void process_handle_closed(uv_handle_t *handle) {
	struct process *process = handle->data;
	_cleanup_(freep) char *text = NULL;
	struct process_outcome outcome = { 0 };

	if (--process->n_handles > 0) {
		return;
	}
	if (process->ended) {
		outcome.end = process->end;
		outcome.code = process->code;
		text = process_take_output(process, &outcome.output);
		outcome.n_dropped = process->n_dropped;
		process->ended(process->user, &outcome);
	}
	buffer_finish(&process->output);
	free(process->input);
	free(process);
}

static void process_close_handle(void *handle) {
	if (!uv_is_closing(handle)) {
		uv_close(handle, process_handle_closed);
	}
}

/* Closes everything; the last handle's callback tells and frees. */
static void process_finish(struct process *process) {
	if (process->finished) {
		return;
	}
	process->finished = true;
	process_close_handle(&process->in);
	process_close_handle(&process->out);
	process_close_handle(&process->timer);
	if (process->has_child) {
		process_close_handle(&process->child);
	}
}

static void process_timer(struct process *process, int64_t after_ms, uv_timer_cb fired) {
	/* The loop's idea of now may be old. */
	uv_update_time(process->loop);
	(void)uv_timer_start(&process->timer, fired, (uint64_t)MAX(after_ms, 1), 0);
}

/* Keeps between one and two tails, so that moving them costs little. */
static void process_keep(struct process *process, const char *data, size_t len) {
	size_t keep = process->output_max_bytes;

	if (process->output.len + len > process->output.max_bytes) {
		size_t before = process->output.len;

		buffer_keep_tail(&process->output, MIN(before, keep));
		process->n_dropped += before - process->output.len;
	}
	if (buffer_append(&process->output, data, len) < 0) {
		process->n_dropped += len;
	}
}

static void process_kill_due(uv_timer_t *timer) {
	process_signal_group(timer->data, SIGKILL);
}

/* What is in the pipe by now belongs to the outcome, even if the loop was too busy to read it. */
static void process_grace_over(uv_timer_t *timer) {
	struct process *process = timer->data;
	uv_os_fd_t fd;
	ssize_t n;

	if (uv_fileno((uv_handle_t *)&process->out, &fd) == 0) {
		for (size_t i = 0; i < PIPE_READS_MAX; i++) {
			n = read(fd, process->chunk, sizeof(process->chunk));
			if (n <= 0) {
				break;
			}
			process_keep(process, process->chunk, (size_t)n);
		}
	}
	process_finish(process);
}

static void process_ask(struct process *process, enum process_end end) {
	if (process->asked || process->reaped) {
		return;
	}
	process->asked = true;
	process->end = end;
	process_signal_group(process, SIGTERM);
	process_timer(process, process->kill_after_ms, process_kill_due);
}

static void process_time_over(uv_timer_t *timer) {
	process_ask(timer->data, PROCESS_TIMED_OUT);
}

static void process_reaped(uv_process_t *child, int64_t exit_status, int term_signal) {
	struct process *process = child->data;

	process->reaped = true;
	if (!process->asked) {
		process->end = term_signal ? PROCESS_SIGNALED : PROCESS_EXITED;
	}
	process->code = process->end == PROCESS_EXITED ? (int)exit_status : term_signal;
	/* Nothing it left behind goes on working; a leader that ended on TERM spoke for its group. */
	process_signal_group(process, SIGKILL);
	if (process->drained) {
		process_finish(process);
	} else {
		process_timer(process, LIMIT_PROCESS_GRACE_MS, process_grace_over);
	}
}

static void process_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf) {
	struct process *process = handle->data;

	*ret_buf = uv_buf_init(process->chunk, sizeof(process->chunk));
}

static void process_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct process *process = stream->data;

	if (n > 0) {
		process_keep(process, buf->base, (size_t)n);
	} else if (n < 0) {
		process->drained = true;
		process_close_handle(&process->out);
		if (process->reaped) {
			process_finish(process);
		}
	}
}

static void process_written(uv_write_t *write, int status) {
	struct process *process = write->data;

	/* EPIPE: it does not want to read on. Its exit code tells whether that was right. */
	free(TAKE_PTR(process->input));
	process_close_handle(&process->in);
}

/* Makes the pipe's ends: ours without blocking, given to `ours`; the child's is returned in `ret_theirs`. */
static int process_make_pipe(uv_pipe_t *ours, int our_end, int *ret_theirs) {
	int flags[2] = { 0, 0 };
	uv_file ends[2];
	int r;

	flags[our_end] = UV_NONBLOCK_PIPE;
	r = uv_pipe(ends, flags[PIPE_READ], flags[PIPE_WRITE]);
	if (r < 0) {
		return r;
	}
	r = uv_pipe_open(ours, ends[our_end]);
	if (r < 0) {
		fd_close(ends[PIPE_READ]);
		fd_close(ends[PIPE_WRITE]);
		return r;
	}
	*ret_theirs = ends[!our_end];
	return 0;
}

static int process_spawn(struct process *process, const struct process_options *options) {
	_cleanup_(fd_closep) int in = -1;
	_cleanup_(fd_closep) int out = -1;
	uv_stdio_container_t stdio[3];
	uv_process_options_t spawn = {
		.exit_cb = process_reaped,
		.file = options->argv[0],
		.args = (char **)options->argv, /* libuv does not write to them */
		.env = (char **)options->env,
		.cwd = options->workdir,
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = (int)ARRAY_SIZE(stdio),
		.stdio = stdio,
	};
	int r;

	r = process_make_pipe(&process->in, PIPE_WRITE, &in);
	if (r < 0) {
		return r;
	}
	r = process_make_pipe(&process->out, PIPE_READ, &out);
	if (r < 0) {
		return r;
	}
	stdio[0] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = in };
	stdio[1] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = out };
	stdio[2] = stdio[1];
	/* What whoever started us left open is none of the child's business either. */
	(void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	/* libuv makes a handle of it even when it fails. */
	process->n_handles++;
	process->has_child = true;
	return uv_spawn(process->loop, &process->child, &spawn);
}

static void process_feed(struct process *process, size_t len) {
	uv_buf_t buf = uv_buf_init(process->input, (unsigned)len);

	process->write.data = process;
	if (len == 0 ||
		uv_write(&process->write, (uv_stream_t *)&process->in, &buf, 1, process_written) < 0) {
		process_close_handle(&process->in);
	}
}

static struct process *process_create(uv_loop_t *loop, const struct process_options *options) {
	_cleanup_(freep) struct process *process = calloc(1, sizeof(*process));

	if (!process) {
		return NULL;
	}
	process->input = malloc(options->input_len + 1);
	if (!process->input) {
		return NULL;
	}
	if (options->input_len > 0) {
		memcpy(process->input, options->input, options->input_len);
	}
	process->loop = loop;
	process->kill_after_ms = options->kill_after_ms;
	process->output_max_bytes = options->output_max_bytes;
	buffer_init(&process->output, 2 * options->output_max_bytes + READ_BYTES);
	return TAKE_PTR(process);
}

static void process_init_handles(struct process *process) {
	/* Neither can fail: without IPC and without a file descriptor they only fill in the struct. */
	(void)uv_pipe_init(process->loop, &process->in, 0);
	(void)uv_pipe_init(process->loop, &process->out, 0);
	(void)uv_timer_init(process->loop, &process->timer);
	process->in.data = process->out.data = process->timer.data = process->child.data = process;
	process->n_handles = 3;
}

int process_start(uv_loop_t *loop, const struct process_options *options,
	void (*ended)(void *user, const struct process_outcome *outcome), void *user,
	struct process **ret_process) {
	struct process *process = process_create(loop, options);
	int r;

	if (!process) {
		return -ENOMEM;
	}
	process_init_handles(process);
	r = process_spawn(process, options);
	if (r < 0) {
		process_finish(process);
		return r;
	}
	process->ended = ended;
	process->user = user;
	if (uv_read_start((uv_stream_t *)&process->out, process_alloc, process_read) < 0) {
		process->drained = true;
	}
	process_feed(process, options->input_len);
	if (options->timeout_ms > 0) {
		process_timer(process, options->timeout_ms, process_time_over);
	}
	*ret_process = process;
	return 0;
}

void process_stop(struct process *process) {
	process_ask(process, PROCESS_STOPPED);
}

pid_t process_pid(const struct process *process) {
	return process->child.pid;
}

void process_abandon(struct process *process) {
	if (!process->reaped) { /* else its number may be another's */
		process_signal_group(process, SIGKILL);
	}
	process->ended = NULL;
	process_finish(process);
}
