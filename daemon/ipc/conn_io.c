#include <errno.h>
#include <poll.h>

#include "daemon/ipc/internal.h"

#define READ_FIRST_BYTES ((size_t)8 * 1024)
#define READ_MORE_BYTES ((size_t)64 * 1024) /* once a message shows that it is a long one */
#define WRITE_KEEP_BYTES ((size_t)16 * 1024)

/* Sums */

size_t conn_unread(const struct conn *conn) {
	size_t bytes = conn->out.len;

	if (conn->writing) {
		bytes += uv_stream_get_write_queue_size((const uv_stream_t *)&conn->pipe);
	}
	list_for_each (pos, &conn->calls) {
		bytes += container_of(pos, struct call, node)->out.len;
	}
	return bytes;
}

static void server_end_largest_input(struct server *server) {
	struct conn *largest = NULL;

	list_for_each (pos, &server->conns) {
		struct conn *conn = container_of(pos, struct conn, node);

		if (!conn->ending && (largest == NULL || conn->input_bytes > largest->input_bytes)) {
			largest = conn;
		}
	}
	if (largest != NULL) {
		conn_end(largest, CONN_END_INPUT_TOTAL);
	}
}

void conn_count(struct conn *conn) {
	struct server *server = conn->server;
	size_t input = conn->ending ? 0 : conn_buffered(conn);
	size_t output = conn->ending ? 0 : conn_unread(conn);

	server->input_bytes += input - conn->input_bytes;
	conn->input_bytes = input;
	server->output_bytes += output - conn->output_bytes;
	conn->output_bytes = output;
	if (conn->ending) {
		return;
	}
	if (output > LIMIT_UNREAD_OUTPUT_STALL_BYTES &&
		server->output_bytes > LIMIT_OUTPUT_TOTAL_MAX_BYTES) {
		conn_end(conn, CONN_END_UNREAD_TOTAL);
	}
	if (server->input_bytes > LIMIT_INPUT_TOTAL_MAX_BYTES) {
		server_end_largest_input(server);
	}
}

/* Reading */

static void conn_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret) {
	struct conn *conn = handle->data;
	size_t want = frame_reader_is_midway(&conn->reader) ? READ_MORE_BYTES : READ_FIRST_BYTES;
	size_t len = 0;
	char *space = frame_reader_space(&conn->reader, want, &len);

	/* 0 bytes: UV_ENOBUFS below. There is room: a frame that fills it has ended the connection. */
	*ret = uv_buf_init(space, space != NULL ? (unsigned)len : 0);
}

/* Nobody is there any more, as opposed to a peer that only sends no more (socat does so). */
static bool conn_is_hung_up(struct conn *conn) {
	uv_os_fd_t fd;
	struct pollfd pollfd = { .events = 0 };

	if (uv_fileno((uv_handle_t *)&conn->pipe, &fd) < 0) {
		return true;
	}
	pollfd.fd = fd;
	return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLHUP | POLLERR)) != 0;
}

static void conn_hung_up(struct conn *conn) {
	conn_read_stop(conn);
	conn->eof = true;
	if (conn_is_hung_up(conn)) {
		bool midway = !conn->help && conn_buffered(conn) > 0;

		conn_end(conn, midway ? CONN_END_HALF_MESSAGE : CONN_END_HANGUP);
		return;
	}
	server_ready(conn);
}

static void conn_readable(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct conn *conn = stream->data;

	if (n == 0 || conn->ending) {
		return;
	}
	if (n == UV_EOF) {
		conn_hung_up(conn);
		return;
	}
	if (n < 0) {
		conn_end(conn, n == UV_ENOBUFS ? CONN_END_MEMORY : CONN_END_HANGUP);
		return;
	}
	frame_reader_filled(&conn->reader, (size_t)n);
	if (conn_pump(conn)) {
		conn_read_stop(conn);
	}
	if (!conn->ending && !conn->held) {
		server_ready(conn);
	}
}

void conn_read_start(struct conn *conn) {
	if (conn->reading) {
		return;
	}
	if (uv_read_start((uv_stream_t *)&conn->pipe, conn_alloc, conn_readable) < 0) {
		conn_end(conn, CONN_END_HANGUP);
		return;
	}
	conn->reading = true;
	if (conn->greeted) {
		conn->input_since = 0; /* the time we did not read is not the peer's */
	}
}

void conn_read_stop(struct conn *conn) {
	if (conn->reading) {
		(void)uv_read_stop((uv_stream_t *)&conn->pipe);
		conn->reading = false;
	}
}

/* Writing */

static void conn_written(uv_write_t *write, int status) {
	struct conn *conn = write->data;

	conn->writing = false;
	conn->output_since = 0;
	if (conn->ending) {
		return;
	}
	if (status < 0) {
		conn_end(conn, CONN_END_HANGUP);
		return;
	}
	buffer_finish(&conn->written);
	server_ready(conn);
}

/* Hands what the socket did not take at once to libuv. */
static void conn_write_rest(struct conn *conn) {
	struct buffer empty = conn->written;
	uv_buf_t buf;

	conn->written = conn->out;
	conn->out = empty;
	buf = uv_buf_init(conn->written.data, (unsigned)conn->written.len);
	if (uv_write(&conn->write, (uv_stream_t *)&conn->pipe, &buf, 1, conn_written) < 0) {
		conn_end(conn, CONN_END_HANGUP);
		return;
	}
	conn->writing = true;
	conn->output_since = uv_now(conn->server->loop);
	conn->output_left = conn->written.len;
}

void conn_flush(struct conn *conn) {
	uv_buf_t buf;
	int n;

	if (conn->writing || conn->out.len == 0) {
		return;
	}
	buf = uv_buf_init(conn->out.data, (unsigned)conn->out.len);
	n = uv_try_write((uv_stream_t *)&conn->pipe, &buf, 1);
	if (n < 0 && n != UV_EAGAIN) {
		conn_end(conn, CONN_END_HANGUP);
		return;
	}
	if (n > 0) {
		buffer_consume(&conn->out, (size_t)n);
	}
	if (conn->out.len > 0) {
		conn_write_rest(conn);
	} else if (conn->out.cap > WRITE_KEEP_BYTES) {
		buffer_finish(&conn->out);
	}
}

/* Time */

static uint64_t conn_input_due(struct conn *conn) {
	if (!conn->reading || (conn->greeted && !frame_reader_is_midway(&conn->reader))) {
		return UINT64_MAX;
	}
	if (conn->input_since == 0) {
		conn->input_since = uv_now(conn->server->loop);
	}
	return conn->input_since + (uint64_t)(conn->greeted ? LIMIT_MESSAGE_MS : LIMIT_HANDSHAKE_MS);
}

static uint64_t conn_output_due(const struct conn *conn) {
	return conn->output_since == 0 ? UINT64_MAX
				       : conn->output_since + (uint64_t)LIMIT_WRITE_STALL_MS;
}

void conn_watch_time(struct conn *conn) {
	uint64_t now = uv_now(conn->server->loop);
	uint64_t due = MIN(conn_input_due(conn), conn_output_due(conn));

	if (conn->eof && !list_is_empty(&conn->calls)) {
		due = MIN(due, now + (uint64_t)LIMIT_HANGUP_MS);
	}
	if (due == UINT64_MAX) {
		if (uv_is_active((uv_handle_t *)&conn->timer)) {
			(void)uv_timer_stop(&conn->timer);
		}
		return;
	}
	if (due != conn->timer_due || !uv_is_active((uv_handle_t *)&conn->timer)) {
		conn->timer_due = due;
		(void)uv_timer_start(&conn->timer, conn_timer_fired, due > now ? due - now : 1, 0);
	}
}

/* A peer that takes some of the output has as long again for the rest. */
static void conn_note_progress(struct conn *conn, uint64_t now) {
	size_t left = uv_stream_get_write_queue_size((const uv_stream_t *)&conn->pipe);

	if (conn->output_since != 0 && left < conn->output_left) {
		conn->output_since = now;
		conn->output_left = left;
	}
}

void conn_timer_fired(uv_timer_t *timer) {
	struct conn *conn = timer->data;
	uint64_t now = uv_now(conn->server->loop);

	if (conn_input_due(conn) <= now) {
		conn_end(conn, conn->greeted ? CONN_END_SLOW_MESSAGE : CONN_END_SLOW_FIRST);
		return;
	}
	conn_note_progress(conn, now);
	if (conn_output_due(conn) <= now) {
		conn_end(conn, CONN_END_SLOW_READER);
		return;
	}
	if (conn->eof && conn_is_hung_up(conn)) {
		conn_end(conn, CONN_END_HANGUP);
		return;
	}
	conn_watch_time(conn);
}
