#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/protocol.h"
#include "daemon/ipc/internal.h"

#define CONN_IDLE_BYTES ((size_t)16 * 1024)
#define CONN_HELP                                                                                  \
	"codegend speaks Varlink: one JSON object and one NUL byte per message, see "              \
	"codegend-protocol(7); use codegenctl.\n"

/* Being born */

static void refused_closed(uv_handle_t *handle) {
	struct conn *conn = handle->data;
	struct server *server = conn->server;

	free(conn);
	server_handle_closed(server);
}

/* Takes it from the queue only to close it: left there it would block the next ones. */
static void conn_refuse(struct conn *conn, enum conn_end end) {
	server_tell_end(conn->server, end, conn->socket, conn->peer.uid);
	uv_close((uv_handle_t *)&conn->pipe, refused_closed);
}

static struct server_uid *server_find_uid(struct server *server, uid_t uid) {
	for (size_t i = 0; i < server->n_uids; i++) {
		if (server->uids[i].uid == uid) {
			return &server->uids[i];
		}
	}
	return NULL;
}

static int conn_count_uid(struct conn *conn) {
	struct server *server = conn->server;
	struct server_uid *entry = server_find_uid(server, conn->peer.uid);

	if (entry == NULL) {
		struct server_uid *grown =
			realloc(server->uids, (server->n_uids + 1) * sizeof(*server->uids));

		if (grown == NULL) {
			return -ENOMEM;
		}
		server->uids = grown;
		entry = &grown[server->n_uids++];
		*entry = (struct server_uid){ .uid = conn->peer.uid };
	}
	if (entry->n_conns[conn->socket] >= LIMIT_CONNECTIONS_PER_UID_MAX) {
		return -EDQUOT;
	}
	entry->n_conns[conn->socket]++;
	conn->counted = true;
	return 0;
}

static void conn_uncount_uid(struct conn *conn) {
	struct server *server = conn->server;
	struct server_uid *entry;

	if (!conn->counted) {
		return;
	}
	entry = server_find_uid(server, conn->peer.uid);
	assert(entry != NULL);
	entry->n_conns[conn->socket]--;
	if (entry->n_conns[SERVER_SUBMIT] == 0 && entry->n_conns[SERVER_CONTROL] == 0) {
		*entry = server->uids[--server->n_uids];
	}
	conn->counted = false;
}

/* Apart, so that no number of CI steps keeps an operator out. */
static const size_t conns_max[SERVER_SOCKET_COUNT] = {
	[SERVER_SUBMIT] = LIMIT_CONNECTIONS_SUBMIT_MAX,
	[SERVER_CONTROL] = LIMIT_CONNECTIONS_CONTROL_MAX,
};

/* Returns: 0; or the peer is not wanted, CONN_END_*. */
static int conn_identify(struct conn *conn) {
	uv_os_fd_t fd;
	int r;

	if (uv_fileno((uv_handle_t *)&conn->pipe, &fd) < 0 || peer_read(fd, &conn->peer) < 0) {
		return CONN_END_NO_PEER;
	}
	if (conn->server->n_conns[conn->socket] >= conns_max[conn->socket]) {
		return CONN_END_REFUSED_TOTAL;
	}
	r = conn_count_uid(conn);
	if (r < 0) {
		return r == -EDQUOT ? CONN_END_REFUSED_UID : CONN_END_MEMORY;
	}
	return 0;
}

static void conn_start(struct conn *conn) {
	struct server *server = conn->server;

	frame_reader_init(&conn->reader, LIMIT_FRAME_MAX_BYTES, LIMIT_JSON_DEPTH_MAX);
	buffer_init(&conn->out, LIMIT_UNREAD_OUTPUT_MAX_BYTES + LIMIT_FRAME_MAX_BYTES);
	buffer_init(&conn->written, LIMIT_UNREAD_OUTPUT_MAX_BYTES + LIMIT_FRAME_MAX_BYTES);
	list_init(&conn->calls);
	list_init(&conn->ready);
	list_append(&server->conns, &conn->node);
	server->n_conns[conn->socket]++;
	conn->n_handles = 2;
	conn->write.data = conn;
	(void)uv_timer_init(server->loop, &conn->timer);
	conn->timer.data = conn;
	conn->input_since = uv_now(server->loop);
	conn_read_start(conn);
	conn_watch_time(conn);
}

void conn_accept(struct server *server, enum server_socket socket) {
	struct conn *conn = calloc(1, sizeof(*conn));
	int end;

	if (conn == NULL || uv_pipe_init(server->loop, &conn->pipe, 0) < 0) {
		log_warning("memory is too short for a new connection, it waits");
		free(conn);
		server_accept_later(server, socket);
		return;
	}
	conn->server = server;
	conn->socket = socket;
	conn->peer.uid = (uid_t)-1;
	conn->pipe.data = conn;
	server->n_handles++;
	if (uv_accept((uv_stream_t *)&server->listeners[socket].pipe, (uv_stream_t *)&conn->pipe) <
		0) {
		uv_close((uv_handle_t *)&conn->pipe, refused_closed);
		return;
	}
	end = conn_identify(conn);
	if (end != 0) {
		peer_finish(&conn->peer);
		conn_refuse(conn, (enum conn_end)end);
		return;
	}
	conn_start(conn);
}

/* Ending */

static void conn_free(struct conn *conn) {
	frame_reader_finish(&conn->reader);
	buffer_finish(&conn->out);
	buffer_finish(&conn->written);
	peer_finish(&conn->peer);
	free(conn);
}

static void conn_handle_closed(uv_handle_t *handle) {
	struct conn *conn = handle->data;

	if (--conn->n_handles > 0) {
		return;
	}
	server_conn_closed(conn);
	conn_free(conn);
}

void conn_end(struct conn *conn, enum conn_end end) {
	struct server *server = conn->server;

	if (conn->ending) {
		return;
	}
	conn->ending = true;
	server_tell_end(server, end, conn->socket, conn->peer.uid);
	list_remove(&conn->ready);
	call_orphan_all(conn);
	conn_uncount_uid(conn);
	buffer_finish(&conn->out);
	frame_reader_finish(&conn->reader);
	frame_reader_init(&conn->reader, 0, 0);
	conn_count(conn);
	uv_close((uv_handle_t *)&conn->timer, conn_handle_closed);
	uv_close((uv_handle_t *)&conn->pipe, conn_handle_closed);
	server_unhold(server);
}

/* One that nobody knows the end of. Looked for anew each time: an answer frees the answered calls behind it. */
static struct call *first_open_ended(struct conn *conn) {
	list_for_each (pos, &conn->calls) {
		struct call *call = container_of(pos, struct call, node);

		if (call->gone != NULL && !call->answered) {
			return call;
		}
	}
	return NULL;
}

void conn_drain(struct conn *conn) {
	struct call *call;

	conn_read_stop(conn);
	conn->eof = true;
	frame_reader_finish(&conn->reader);
	frame_reader_init(&conn->reader, 0, 0);
	while ((call = first_open_ended(conn)) != NULL) {
		void (*gone)(void *user) = call->gone;

		call->gone = NULL;
		call_ref(call);
		call_fail(call, -ESHUTDOWN, NULL);
		gone(call->gone_user);
		call_unref(call);
	}
	server_ready(conn);
}

/* Working */

/* Somebody who typed at us, or a browser: say what this is, then close. */
static void conn_help(struct conn *conn) {
	conn->help = true;
	if (list_is_empty(&conn->calls) && buffer_append_str(&conn->out, CONN_HELP) < 0) {
		conn_end(conn, CONN_END_MEMORY);
	}
}

static enum conn_end conn_end_for(int status) {
	switch (status) {
	case -EPROTO: return CONN_END_BAD_JSON;
	case -ELOOP: return CONN_END_TOO_DEEP;
	case -EMSGSIZE: return CONN_END_TOO_LONG;
	default: return CONN_END_MEMORY;
	}
}

size_t conn_buffered(const struct conn *conn) {
	return conn->reader.buf.len - conn->reader.consumed;
}

/* Turns the next whole message into a call. Returns: 1; 0, there is none; -errno, the connection ended. */
static int conn_next(struct conn *conn) {
	size_t before = conn_buffered(conn);
	json_t *message = NULL;
	int r = frame_reader_next(&conn->reader, &message);

	if (r == 0) {
		return 0;
	}
	if (r == -EBADMSG) {
		conn_help(conn);
		return r;
	}
	if (r < 0) {
		conn_end(conn, conn_end_for(r));
		return r;
	}
	conn->greeted = true;
	conn->input_since = 0;
	r = call_dispatch(conn, message, before - conn_buffered(conn));
	if (r < 0) {
		conn_end(conn, CONN_END_BAD_CALL);
		return r;
	}
	return conn->ending ? -EPIPE : 1;
}

/* Whether this connection may have one more call. */
static bool conn_has_room(struct conn *conn) {
	return conn->n_calls < LIMIT_CALLS_IN_FLIGHT_PER_CONNECTION &&
		conn_unread(conn) < LIMIT_UNREAD_OUTPUT_STALL_BYTES;
}

bool conn_pump(struct conn *conn) {
	while (!conn->ending && !conn->help && conn_buffered(conn) > 0) {
		if (!conn_has_room(conn)) {
			return true; /* the end of a call, or the peer's reading, brings it back */
		}
		if (!server_has_room(conn->server)) {
			list_remove(&conn->ready);
			list_append(&conn->server->held, &conn->ready);
			conn->held = true;
			return true;
		}
		if (conn_next(conn) <= 0) {
			return false;
		}
	}
	return !conn->ending && !conn_has_room(conn);
}

/* The peer sends no more: ends when everything is answered and read. */
static void conn_maybe_done(struct conn *conn) {
	bool over = conn->help || (conn->eof && list_is_empty(&conn->calls));

	if (!over || conn->out.len > 0 || conn->writing) {
		return;
	}
	if (conn->help) {
		conn_end(conn, CONN_END_NOT_VARLINK);
	} else if (!conn->server->closing && conn_buffered(conn) > 0) {
		conn_end(conn, CONN_END_HALF_MESSAGE);
	} else {
		conn_end(conn, CONN_END_DONE);
	}
}

/* A quiet connection keeps no large buffer. */
static void conn_shrink(struct conn *conn) {
	if (conn_buffered(conn) == 0 && conn->reader.buf.cap > CONN_IDLE_BYTES && !conn->eof) {
		frame_reader_finish(&conn->reader);
		frame_reader_init(&conn->reader, LIMIT_FRAME_MAX_BYTES, LIMIT_JSON_DEPTH_MAX);
	}
}

void conn_step(struct conn *conn) {
	bool stalled;

	conn->held = false;
	stalled = conn_pump(conn);
	if (!conn->ending) {
		conn_flush(conn);
	}
	if (!conn->ending && conn->overflow) {
		conn_end(conn, CONN_END_UNREAD);
	}
	if (conn->ending) {
		return;
	}
	call_tell_room(conn);
	if (stalled && !conn->held && conn_has_room(conn)) {
		server_ready(conn); /* the flush made room */
	}
	if (stalled || conn->help) {
		conn_read_stop(conn);
	} else if (!conn->eof) {
		conn_read_start(conn);
	}
	conn_shrink(conn);
	conn_count(conn);
	if (!conn->ending) {
		conn_maybe_done(conn);
	}
	if (!conn->ending) {
		conn_watch_time(conn);
	}
}
