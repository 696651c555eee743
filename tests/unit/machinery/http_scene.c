#include "tests/unit/machinery/http_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void exchange_done(struct http_request *req, int status) {
	struct exchange *exchange = container_of(req, struct exchange, req);

	exchange->n_done++;
	exchange->status = status;
	if (exchange->cancels) {
		http_cancel(&exchange->cancels->req);
	}
	if (exchange->sends) {
		assert_int_equal(http_send(req->http, &exchange->sends->req, exchange_done), 0);
	}
	if (exchange->closes) {
		scene_close_http(exchange->scene);
	}
}

void scene_open_with(struct scene *scene, const struct http_options *options,
	const struct peer_answer *answers, size_t n_answers) {
	memset(scene, 0, sizeof(*scene));
	assert_int_equal(uv_loop_init(&scene->loop), 0);
	assert_int_equal(http_open(&scene->loop, options, &scene->http), 0);
	peer_open(&scene->peer, &scene->loop, answers, n_answers);
}

void scene_open(struct scene *scene, const struct peer_answer *answers, size_t n_answers) {
	static const struct http_options options = { 0 };

	scene_open_with(scene, &options, answers, n_answers);
}

static void scene_closed(void *user) {
	((struct scene *)user)->closed = true;
}

void scene_close_http(struct scene *scene) {
	scene->closing = true;
	http_close(scene->http, scene_closed, scene);
}

void scene_finish(struct scene *scene, struct exchange *exchanges, size_t n) {
	if (!scene->closing) {
		scene_close_http(scene);
	}
	while (!scene->closed) {
		uv_run(&scene->loop, UV_RUN_ONCE);
	}
	peer_close(&scene->peer);
	uv_run(&scene->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&scene->loop), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(exchanges[i].n_done, 1);
		http_request_finish(&exchanges[i].req);
	}
}

static void prepare(struct scene *scene, struct exchange *exchange) {
	struct http_request *req = &exchange->req;

	exchange->scene = scene;
	snprintf(exchange->url, sizeof(exchange->url),
		"http://127.0.0.1:%d/repos/a?token=hunter2hunter2", scene->peer.port);
	req->url = req->url ? req->url : exchange->url;
	req->method = req->method ? req->method : "GET";
	req->total_timeout_ms = req->total_timeout_ms > 0 ? req->total_timeout_ms : LONG_MS;
	req->stall_timeout_ms = req->stall_timeout_ms > 0 ? req->stall_timeout_ms : LONG_MS;
}

void exchange_send(struct scene *scene, struct exchange *exchange) {
	prepare(scene, exchange);
	assert_int_equal(http_send(scene->http, &exchange->req, exchange_done), 0);
	assert_int_equal(exchange->n_done, 0);
}

void exchange_wait(struct scene *scene, struct exchange *exchange) {
	while (exchange->n_done == 0) {
		uv_run(&scene->loop, UV_RUN_ONCE);
	}
}
