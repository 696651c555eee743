/*
 * http_scene - an `http` and a scripted peer in one loop, and requests between them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "daemon/http.h"
#include "tests/unit/machinery/http_peer.h"

#define OK_KEPT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define LONG_MS 600000
#define KEEP(text)                                                                                 \
	{ text, 0, PEER_KEEP }

struct scene;

struct exchange {
	struct http_request req;
	char url[512];
	int n_done;
	int status;
	struct exchange *cancels; /* when it is done */
	struct exchange *sends;
	bool closes;
	struct scene *scene;
};

struct scene {
	uv_loop_t loop;
	struct peer peer;
	struct http *http;
	bool closing;
	bool closed;
};

void scene_open_with(struct scene *scene, const struct http_options *options,
	const struct peer_answer *answers, size_t n_answers);
void scene_open(struct scene *scene, const struct peer_answer *answers, size_t n_answers);
void scene_close_http(struct scene *scene);
/* Ends with every handle closed, and each of the exchanges done once. */
void scene_finish(struct scene *scene, struct exchange *exchanges, size_t n);

/* Fills in what is not given: a GET to the peer without timeouts that count. */
void exchange_send(struct scene *scene, struct exchange *exchange);
void exchange_wait(struct scene *scene, struct exchange *exchange);
