#include "daemon/agent/remote.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/address.h"
#include "common/buffer.h"
#include "common/frame.h"
#include "daemon/limits.h"

#define READ_BYTES (16 * 1024)

struct remote {
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	unsigned n_handles; /* not closed yet */
	bool connected;
	bool finished; /* the handles are being closed; `answer` is known */
	struct buffer out;
	struct frame_reader reader;
	struct remote_answer answer;
	json_t *last; /* owned; `answer` points into it */
	const struct remote_events *events;
	void *user; /* borrowed */
};

/* A further call; gone when it is written. */
struct remote_note {
	uv_write_t write;
	struct buffer out;
};

static void remote_free(struct remote *remote) {
	buffer_wipe(&remote->out);
	frame_reader_finish(&remote->reader);
	json_decref(remote->last);
	free(remote);
}

static void remote_handle_closed(uv_handle_t *handle) {
	struct remote *remote = handle->data;

	if (--remote->n_handles == 0) {
		remote->events->ended(remote->user, &remote->answer);
		remote_free(remote);
	}
}

void remote_give_up(struct remote *remote, int status) {
	if (remote->finished) {
		return;
	}
	remote->finished = true;
	remote->answer.status = status;
	uv_close((uv_handle_t *)&remote->pipe, remote_handle_closed);
	uv_close((uv_handle_t *)&remote->timer, remote_handle_closed);
}

/* Takes over `message`. */
static void remote_answered(struct remote *remote, json_t *message) {
	const json_t *error = json_object_get(message, "error");

	if (json_is_true(json_object_get(message, "continues"))) {
		json_decref(message);
		if (remote->events->continued != NULL) {
			remote->events->continued(remote->user);
		}
		return;
	}
	remote->last = message;
	remote->answer.error = json_string_value(error);
	remote->answer.parameters = json_object_get(message, "parameters");
	remote_give_up(remote, error != NULL && !json_is_string(error) ? -EPROTO : 0);
}

static void remote_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf) {
	struct remote *remote = handle->data;
	size_t len = 0;
	char *space = frame_reader_space(&remote->reader, READ_BYTES, &len);

	*ret_buf = uv_buf_init(space, (unsigned)len);
}

static void remote_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct remote *remote = stream->data;
	int r = 0;

	if (n < 0) {
		remote_give_up(remote,
			n == UV_EOF		  ? -ECONNRESET
				: n == UV_ENOBUFS ? -EPROTO
						  : (int)n);
		return;
	}
	frame_reader_filled(&remote->reader, (size_t)n);
	while (!remote->finished) {
		json_t *message = NULL;

		r = frame_reader_next(&remote->reader, &message);
		if (r <= 0) {
			break;
		}
		remote_answered(remote, message);
	}
	if (r < 0) {
		remote_give_up(remote, -EPROTO);
	}
}

/* That it hung up is told by the end of what it says, which comes first. */
static void remote_written(uv_write_t *write, int status) {
	struct remote *remote = write->data;

	buffer_wipe(&remote->out);
}

static void remote_connected(uv_connect_t *connect, int status) {
	struct remote *remote = connect->data;
	uv_stream_t *stream = (uv_stream_t *)&remote->pipe;
	uv_buf_t buf;

	if (status == UV_ECANCELED) {
		return;
	}
	if (status == 0) {
		buf = uv_buf_init(remote->out.data, (unsigned)remote->out.len);
		status = uv_read_start(stream, remote_alloc, remote_read);
	}
	if (status == 0) {
		remote->connected = true;
		status = uv_write(&remote->write, stream, &buf, 1, remote_written);
	}
	if (status < 0) {
		remote_give_up(remote, status);
	}
}

static void remote_time_over(uv_timer_t *timer) {
	remote_give_up(timer->data, -ETIMEDOUT);
}

void remote_await(struct remote *remote, int64_t patience_ms) {
	uv_update_time(remote->timer.loop); /* the loop's idea of now may be old */
	if (!remote->finished) {
		(void)uv_timer_start(
			&remote->timer, remote_time_over, (uint64_t)MAX(patience_ms, 1), 0);
	}
}

int remote_call(uv_loop_t *loop, const char *path, const json_t *call, int64_t patience_ms,
	const struct remote_events *events, void *user, struct remote **ret_remote) {
	struct remote *remote;
	int r;

	if (strlen(path) >= ADDRESS_SOCKET_MAX) {
		return -ENAMETOOLONG; /* libuv would cut it */
	}
	remote = calloc(1, sizeof(*remote));
	if (remote == NULL) {
		return -ENOMEM;
	}
	buffer_init(&remote->out, LIMIT_AGENT_CALL_MAX_BYTES);
	frame_reader_init(&remote->reader, LIMIT_AGENT_ANSWER_MAX_BYTES, LIMIT_AGENT_CALL_DEPTH);
	r = frame_append(&remote->out, call);
	if (r < 0) {
		remote_free(remote);
		return r;
	}
	remote->events = events;
	remote->user = user;
	/* Neither can fail. */
	(void)uv_pipe_init(loop, &remote->pipe, 0);
	(void)uv_timer_init(loop, &remote->timer);
	remote->n_handles = 2;
	remote->pipe.data = remote->timer.data = remote->connect.data = remote->write.data = remote;
	remote_await(remote, patience_ms);
	uv_pipe_connect(&remote->connect, &remote->pipe, path, remote_connected);
	*ret_remote = remote;
	return 0;
}

static void remote_told(uv_write_t *write, int status) {
	struct remote_note *note = container_of(write, struct remote_note, write);

	buffer_finish(&note->out);
	free(note);
}

int remote_tell(struct remote *remote, const char *method) {
	struct remote_note *note;
	json_t *call;
	uv_buf_t buf;
	int r;

	if (!remote->connected || remote->finished) {
		return -ENOTCONN;
	}
	note = calloc(1, sizeof(*note));
	call = json_pack("{s:s, s:b}", "method", method, "oneway", 1);
	r = note == NULL || call == NULL ? -ENOMEM : 0;
	if (r == 0) {
		buffer_init(&note->out, LIMIT_NAME_MAX);
		r = frame_append(&note->out, call);
	}
	if (r == 0) {
		buf = uv_buf_init(note->out.data, (unsigned)note->out.len);
		r = uv_write(&note->write, (uv_stream_t *)&remote->pipe, &buf, 1, remote_told);
	}
	json_decref(call);
	if (r < 0 && note != NULL) {
		buffer_finish(&note->out);
		free(note);
	}
	return r;
}
