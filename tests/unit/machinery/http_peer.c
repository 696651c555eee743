#include "tests/unit/machinery/http_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct peer_connection {
	uv_tcp_t tcp;
	struct peer *peer;
	size_t slot;
	struct buffer input;
	char chunk[16 * 1024];
};

struct peer_write {
	uv_write_t write;
	struct peer_connection *connection;
	enum peer_then then;
};

static void connection_closed(uv_handle_t *handle) {
	struct peer_connection *connection = handle->data;

	connection->peer->n_open--;
	connection->peer->connections[connection->slot] = NULL;
	buffer_finish(&connection->input);
	free(connection);
}

static void connection_end(struct peer_connection *connection, enum peer_then then) {
	if (then == PEER_KEEP || uv_is_closing((uv_handle_t *)&connection->tcp)) {
		return;
	}
	if (then == PEER_RESET) {
		assert_int_equal(uv_tcp_close_reset(&connection->tcp, connection_closed), 0);
	} else {
		uv_close((uv_handle_t *)&connection->tcp, connection_closed);
	}
}

static void connection_written(uv_write_t *write, int status) {
	struct peer_write *answer = (struct peer_write *)write;

	connection_end(answer->connection, answer->then);
	free(answer);
}

/* The length of the whole request at the front of the input; 0: there is more to come. */
static size_t request_len(const struct buffer *input) {
	const char *end = strstr(input->data, "\r\n\r\n");
	const char *length = strstr(input->data, "Content-Length: ");
	size_t len;

	if (!end) {
		return 0;
	}
	len = (size_t)(end + 4 - input->data);
	if (length && length < end) {
		len += (size_t)strtoll(length + strlen("Content-Length: "), NULL, 10);
	}
	return len <= input->len ? len : 0;
}

static void connection_answer(struct peer_connection *connection) {
	struct peer *peer = connection->peer;
	const struct peer_answer *answer = peer->choose != NULL
		? peer->choose(peer)
		: &peer->answers[MIN(peer->n_requests, peer->n_answers - 1)];
	struct peer_write *write;
	uv_buf_t buf;

	peer->n_requests++;
	if (answer == NULL) {
		return;
	}
	buf = uv_buf_init((char *)answer->data,
		(unsigned)(answer->len > 0 ? answer->len : strlen(answer->data)));
	write = calloc(1, sizeof(*write));
	assert_non_null(write);
	write->connection = connection;
	write->then = answer->then;
	assert_int_equal(uv_write(&write->write, (uv_stream_t *)&connection->tcp, &buf, 1,
				 connection_written),
		0);
}

static void connection_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct peer_connection *connection = stream->data;
	size_t len;

	if (n < 0) {
		connection_end(connection, PEER_CLOSE);
		return;
	}
	assert_int_equal(buffer_append(&connection->input, buf->base, (size_t)n), 0);
	while ((len = request_len(&connection->input)) > 0) {
		snprintf(connection->peer->request, sizeof(connection->peer->request), "%.*s",
			(int)len, connection->input.data);
		buffer_consume(&connection->input, len);
		connection_answer(connection);
	}
}

static void connection_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf) {
	struct peer_connection *connection = handle->data;

	*ret_buf = uv_buf_init(connection->chunk, sizeof(connection->chunk));
}

static void peer_connected(uv_stream_t *listener, int status) {
	struct peer *peer = listener->data;
	struct peer_connection *connection = calloc(1, sizeof(*connection));

	assert_non_null(connection);
	assert_int_equal(status, 0);
	connection->peer = peer;
	buffer_init(&connection->input, 16 * 1024 * 1024);
	while (peer->connections[connection->slot]) {
		connection->slot++;
		assert_true(connection->slot < ARRAY_SIZE(peer->connections));
	}
	peer->connections[connection->slot] = &connection->tcp;
	peer->n_connections++;
	peer->n_open++;
	peer->most_open = MAX(peer->most_open, peer->n_open);
	assert_int_equal(uv_tcp_init(listener->loop, &connection->tcp), 0);
	connection->tcp.data = connection;
	assert_int_equal(uv_accept(listener, (uv_stream_t *)&connection->tcp), 0);
	assert_int_equal(
		uv_read_start((uv_stream_t *)&connection->tcp, connection_alloc, connection_read), 0);
}

void peer_open(
	struct peer *peer, uv_loop_t *loop, const struct peer_answer *answers, size_t n_answers) {
	struct sockaddr_in address;
	int len = sizeof(address);

	*peer = (struct peer){ .answers = answers, .n_answers = n_answers };
	assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
	assert_int_equal(uv_tcp_init(loop, &peer->listener), 0);
	assert_int_equal(uv_tcp_bind(&peer->listener, (struct sockaddr *)&address, 0), 0);
	peer->listener.data = peer;
	assert_int_equal(uv_listen((uv_stream_t *)&peer->listener, 64, peer_connected), 0);
	assert_int_equal(uv_tcp_getsockname(&peer->listener, (struct sockaddr *)&address, &len), 0);
	peer->port = ntohs(address.sin_port);
}

void peer_hang_up(struct peer *peer) {
	for (size_t i = 0; i < ARRAY_SIZE(peer->connections); i++) {
		if (peer->connections[i]) {
			connection_end(peer->connections[i]->data, PEER_CLOSE);
		}
	}
}

void peer_close(struct peer *peer) {
	peer_hang_up(peer);
	uv_close((uv_handle_t *)&peer->listener, NULL);
}
