#include "daemon/ipc/server.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/address.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/ipc/internal.h"

#define SERVER_DIR_MODE 0755 /* the sockets' own modes say who may connect */

static const char *const socket_files[SERVER_SOCKET_COUNT] = {
	[SERVER_SUBMIT] = ADDRESS_SUBMIT,
	[SERVER_CONTROL] = ADDRESS_CONTROL,
};

void server_ready(struct conn *conn) {
	if (conn->ending) {
		return;
	}
	conn->held = false;
	list_remove(&conn->ready);
	list_append(&conn->server->ready, &conn->ready);
}

bool server_has_room(const struct server *server) {
	return server->n_calls < LIMIT_CALLS_IN_FLIGHT &&
		server->call_bytes < LIMIT_CALLS_TOTAL_BYTES;
}

/* Runs once a turn of the loop, before it blocks: what the turn has answered leaves in one write per connection. */
static void server_before_block(uv_prepare_t *prepare) {
	struct server *server = prepare->data;
	struct list *elem;

	while ((elem = list_take_first(&server->ready)) != NULL) {
		conn_step(container_of(elem, struct conn, ready));
	}
}

/* Ending */

void server_unhold(struct server *server) {
	if (!list_is_empty(&server->held) && server_has_room(server)) {
		server_ready(container_of(list_take_first(&server->held), struct conn, ready));
	}
}

static void server_free(struct server *server) {
	free(server->uids);
	free(server->state_dir);
	free(server);
}

static void server_finished(struct server *server) {
	void (*closed)(void *user) = server->closed;
	void *user = server->closed_user;

	server->finished = true;
	if (server->n_calls == 0) {
		server_free(server);
	}
	if (closed != NULL) {
		closed(user);
	}
}

void server_call_freed(struct server *server, size_t message_bytes) {
	server->n_calls--;
	server->call_bytes -= message_bytes;
	if (server->finished) {
		if (server->n_calls == 0) {
			server_free(server);
		}
		return;
	}
	server_unhold(server);
}

void server_handle_closed(struct server *server) {
	assert(server->n_handles > 0);
	if (--server->n_handles == 0) {
		server_finished(server);
	}
}

static void listener_closed(uv_handle_t *handle) {
	server_handle_closed(handle->data);
}

static void drain_closed(uv_handle_t *handle) {
	server_handle_closed(handle->data);
}

/* The last connection is gone: so are the two handles that served them. */
static void server_drained(struct server *server) {
	if (!uv_is_closing((uv_handle_t *)&server->timer)) {
		uv_close((uv_handle_t *)&server->timer, drain_closed);
		uv_close((uv_handle_t *)&server->before_block, drain_closed);
	}
}

static void drain_fired(uv_timer_t *timer) {
	struct server *server = timer->data;

	list_for_each_safe (pos, &server->conns) {
		conn_end(container_of(pos, struct conn, node), CONN_END_CLOSING);
	}
}

void server_conn_closed(struct conn *conn) {
	struct server *server = conn->server;

	list_remove(&conn->node);
	server->n_conns[conn->socket]--;
	if (server->closing && list_is_empty(&server->conns)) {
		server_drained(server);
	}
	server_handle_closed(server);
}

static void server_stop_listening(struct server *server) {
	for (size_t i = 0; i < SERVER_SOCKET_COUNT; i++) {
		if (server->listeners[i].open) {
			server->listeners[i].open = false;
			listener_unlink(&server->listeners[i]);
			uv_close((uv_handle_t *)&server->listeners[i].pipe, listener_closed);
		}
	}
}

void server_close(struct server *server, void (*closed)(void *user), void *user) {
	assert(!server->closing);
	server->closing = true;
	server->closed = closed;
	server->closed_user = user;
	server_stop_listening(server);
	if (list_is_empty(&server->conns)) {
		server_drained(server);
		return;
	}
	(void)uv_timer_start(&server->timer, drain_fired, LIMIT_DRAIN_MS, 0);
	list_for_each_safe (pos, &server->conns) {
		conn_drain(container_of(pos, struct conn, node));
	}
}

/* Opening */

static void accept_again(uv_timer_t *timer) {
	struct server *server = timer->data;

	for (size_t i = 0; i < SERVER_SOCKET_COUNT; i++) {
		if (server->listeners[i].waits) {
			server->listeners[i].waits = false;
			conn_accept(server, (enum server_socket)i);
		}
	}
}

/* libuv has taken it from the kernel already, and takes no other before it is accepted. */
void server_accept_later(struct server *server, enum server_socket socket) {
	server->listeners[socket].waits = true;
	(void)uv_timer_start(&server->timer, accept_again, LIMIT_ACCEPT_AGAIN_MS, 0);
}

static void server_connection(uv_stream_t *stream, int status) {
	struct server *server = stream->data;
	enum server_socket socket = stream == (uv_stream_t *)&server->listeners[SERVER_SUBMIT].pipe
		? SERVER_SUBMIT
		: SERVER_CONTROL;

	if (status < 0) {
		log_warning("accepting a connection failed: %s", uv_strerror(status));
		return;
	}
	conn_accept(server, socket);
}

static int server_listen(
	struct server *server, enum server_socket socket, int fd, char *ret_sentence) {
	struct listener *listener = &server->listeners[socket];
	int r = uv_pipe_init(server->loop, &listener->pipe, 0);

	if (r < 0) {
		(void)fd_close(fd);
		return r;
	}
	listener->pipe.data = server;
	listener->open = true;
	server->n_handles++;
	r = uv_pipe_open(&listener->pipe, fd);
	if (r < 0) {
		(void)fd_close(fd);
	} else {
		r = uv_listen(
			(uv_stream_t *)&listener->pipe, LIMIT_LISTEN_BACKLOG, server_connection);
	}
	if (r < 0) {
		text_format(ret_sentence, LIMIT_SENTENCE_MAX, "listening on %s failed: %s",
			socket_files[socket], uv_strerror(r));
	}
	return r;
}

static int server_bind(struct server *server, enum server_socket socket, const char *runtime_dir,
	int *ret_fd, char *ret_sentence) {
	char dir[ADDRESS_PATH_MAX];
	char path[ADDRESS_PATH_MAX];
	int r = address_join(dir, sizeof(dir), runtime_dir, ADDRESS_SUBMIT_DIR);

	if (r == 0) {
		r = address_join(path, sizeof(path), runtime_dir, socket_files[socket]);
	}
	if (r == 0) {
		r = fd_make_dirs(dir, SERVER_DIR_MODE);
	}
	if (r < 0) {
		text_format(ret_sentence, LIMIT_SENTENCE_MAX,
			"the runtime directory \"%s\" cannot be made: %s", runtime_dir, log_errno(r));
		return r;
	}
	return listener_bind(&server->listeners[socket], path, ret_fd, ret_sentence);
}

static int server_open_sockets(struct server *server, const char *runtime_dir,
	int fds[SERVER_SOCKET_COUNT], char *ret_sentence) {
	int r = 0;

	for (size_t i = 0; i < SERVER_SOCKET_COUNT && r == 0; i++) {
		if (fds[i] < 0) {
			r = server_bind(
				server, (enum server_socket)i, runtime_dir, &fds[i], ret_sentence);
		}
		if (r == 0) {
			int fd = fds[i];

			fds[i] = -1;
			r = server_listen(server, (enum server_socket)i, fd, ret_sentence);
		}
	}
	return r;
}

static struct server *server_new(
	const struct server_options *options, const struct ipc_service *service) {
	struct server *server = calloc(1, sizeof(*server));

	if (server == NULL) {
		return NULL;
	}
	server->spool = options->spool;
	server->state_dir = strdup(options->state_dir != NULL ? options->state_dir : "");
	if (server->state_dir == NULL) {
		free(server);
		return NULL;
	}
	server->loop = options->loop;
	server->engine = options->engine;
	server->service = service;
	server->reload = options->reload;
	server->user = options->user;
	server->started_ms = options->started_ms;
	list_init(&server->conns);
	list_init(&server->ready);
	list_init(&server->held);
	list_init(&server->lists_waiting);
	return server;
}

/* Neither fails on a loop that works. The prepare handle alone must not keep the loop going. */
static void server_start_handles(struct server *server) {
	(void)uv_prepare_init(server->loop, &server->before_block);
	server->before_block.data = server;
	(void)uv_prepare_start(&server->before_block, server_before_block);
	uv_unref((uv_handle_t *)&server->before_block);
	(void)uv_timer_init(server->loop, &server->timer);
	server->timer.data = server;
	server->n_handles += 2;
}

int server_open_service(const struct server_options *options, const struct ipc_service *service,
	struct server **ret_server, char *ret_sentence) {
	int fds[SERVER_SOCKET_COUNT];
	struct server *server = server_new(options, service);
	int r;

	memcpy(fds, options->listen_fds, sizeof(fds));
	if (server == NULL) {
		for (size_t i = 0; i < SERVER_SOCKET_COUNT; i++) {
			(void)fd_close(fds[i]);
		}
		text_format(ret_sentence, LIMIT_SENTENCE_MAX, "memory is short");
		return -ENOMEM;
	}
	/* libuv writes without MSG_NOSIGNAL (libuv#45). */
	(void)signal(SIGPIPE, SIG_IGN);
	server_start_handles(server);
	r = server_open_sockets(server, options->runtime_dir, fds, ret_sentence);
	if (r < 0) {
		for (size_t i = 0; i < SERVER_SOCKET_COUNT; i++) {
			(void)fd_close(fds[i]);
			listener_unlink(&server->listeners[i]);
		}
		server_close(server, NULL, NULL);
		return r;
	}
	*ret_server = server;
	return 0;
}
