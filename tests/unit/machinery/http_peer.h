/*
 * http_peer - a server in the test's own loop that answers with the bytes it is given.
 */
#pragma once

#include <stddef.h>
#include <uv.h>

#include "common/buffer.h"

enum peer_then { PEER_KEEP, PEER_CLOSE, PEER_RESET };

/* What one request is answered with. Behind the last the last is given again. */
struct peer_answer {
	const char *data;
	size_t len; /* 0: strlen(data) */
	enum peer_then then;
};

struct peer {
	uv_tcp_t listener;
	int port;
	const struct peer_answer *answers; /* borrowed */
	size_t n_answers;
	/* Instead of them, what the newest request is answered with; it lives until it is written. NULL: nothing. */
	const struct peer_answer *(*choose)(struct peer *peer);
	size_t n_requests;
	size_t n_connections;
	size_t n_open;
	size_t most_open;
	uv_tcp_t *connections[64];
	char request[160 * 1024]; /* the newest, as it came */
};

void peer_open(
	struct peer *peer, uv_loop_t *loop, const struct peer_answer *answers, size_t n_answers);
void peer_close(struct peer *peer);
/* Closes the connections that are open; further ones are accepted. */
void peer_hang_up(struct peer *peer);
