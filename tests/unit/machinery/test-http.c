/* A server in the same loop, scripted to the byte. */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/machinery/http_scene.h"

/* curl asks the test for every name: .invalid has no address, hang.invalid is not answered until it may be. */
static pthread_mutex_t hanging = PTHREAD_MUTEX_INITIALIZER;

int getaddrinfo(const char *restrict name, const char *restrict service,
	const struct addrinfo *restrict hints, struct addrinfo **restrict ret_addresses) {
	if (name && strcmp(name, "hang.invalid") == 0) {
		pthread_mutex_lock(&hanging);
		pthread_mutex_unlock(&hanging);
	}
	return EAI_NONAME;
}

/* "hello" */
static const char gzipped[] =
	"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n"
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00"
	"\x86\xa6\x10\x36\x05\x00\x00\x00";

static void test_answers(void **state) {
	static const struct {
		struct peer_answer answer;
		int status;
		int http_status;
		const char *body;
		const char *sentence; /* in it */
	} rows[] = {
		{ KEEP(OK_KEPT), 0, 200, "ok", "" },
		{ KEEP("HTTP/1.1 204 No Content\r\n\r\n"), 0, 204, "", "" },
		{ { "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end", 0, PEER_CLOSE }, 0,
			200, "to the end", "" },
		{ KEEP("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n"
		       "X-Trailer: t\r\n\r\n"),
			0, 200, "abc", "" },
		{ { gzipped, sizeof(gzipped) - 1, PEER_KEEP }, 0, 200, "hello", "" },
		{ KEEP("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
			0, 302, "", "" },
		{ KEEP("HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad"), 0, 500, "bad", "" },
		{ KEEP("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"),
			0, 401, "", "" },
		{ KEEP("HTTP/1.1 100 Continue\r\nX-A: no\r\n\r\nHTTP/1.1 103 Early\r\nX-A: no\r\n\r\n" OK_KEPT),
			0, 200, "ok", "" },
		/* The answer was there before the connection went. */
		{ { OK_KEPT, 0, PEER_RESET }, 0, 200, "ok", "" },
		{ { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", 0, PEER_RESET },
			-ECONNRESET, 0, "", "cut off" },
		{ { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", 0, PEER_CLOSE },
			-ECONNRESET, 0, "", "cut off" },
		{ { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", 0, PEER_CLOSE },
			-ECONNRESET, 0, "", "cut off" },
		{ { "", 0, PEER_CLOSE }, -ECONNRESET, 0, "", "cut off" },
		{ { "", 0, PEER_RESET }, -ECONNRESET, 0, "", "cut off" },
		{ { "SSH-2.0-OpenSSH_9.2\r\n", 0, PEER_CLOSE }, -EPROTO, 0, "", "No valid answer" },
		{ KEEP("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
			-EPROTO, 0, "", "No valid answer" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct exchange exchange = { 0 };
		struct scene scene;

		scene_open(&scene, &rows[i].answer, 1);
		exchange_send(&scene, &exchange);
		exchange_wait(&scene, &exchange);
		assert_int_equal(exchange.status, rows[i].status);
		assert_int_equal(exchange.req.http_status, rows[i].http_status);
		assert_string_equal(exchange.req.answer.data, rows[i].body);
		assert_non_null(strstr(exchange.req.sentence, rows[i].sentence));
		assert_null(strstr(exchange.req.sentence, "hunter2"));
		assert_null(http_header(&exchange.req, "x-a"));
		assert_null(http_header(&exchange.req, "x-trailer"));
		assert_true(exchange.req.maybe_sent);
		/* Neither redirected nor asked again with another method or credentials. */
		assert_int_equal(scene.peer.n_requests, 1);
		scene_finish(&scene, &exchange, 1);
	}
}

static void test_headers(void **state) {
	static const struct peer_answer answer =
		KEEP("HTTP/1.1 200 OK\r\nRetry-After:  17 \r\nLink: <a>\r\n"
		     "link: <b>\r\nSet-Cookie: s=1\r\nEmpty:\r\n"
		     "Content-Length: 0\r\n\r\n");
	static const char *const lines[] = { "Authorization: Bearer hunter2", "X-B: ;c", NULL };
	struct exchange exchange = { .req = { .headers = lines } };
	struct scene scene;

	scene_open(&scene, &answer, 1);
	exchange_send(&scene, &exchange);
	exchange_wait(&scene, &exchange);
	assert_string_equal(http_header(&exchange.req, "retry-after"), "17");
	assert_string_equal(http_header(&exchange.req, "LINK"), "<a>");
	assert_string_equal(http_header(&exchange.req, "empty"), "");
	assert_null(http_header(&exchange.req, "set-cookie"));
	assert_null(http_header(&exchange.req, "retry"));
	assert_non_null(strstr(scene.peer.request, "GET /repos/a?token=hunter2hunter2 HTTP/1.1\r\n"));
	assert_non_null(strstr(scene.peer.request, "\r\nAuthorization: Bearer hunter2\r\n"));
	assert_non_null(strstr(scene.peer.request, "\r\nUser-Agent: codegend/"));
	assert_non_null(strstr(scene.peer.request, "\r\nAccept-Encoding: gzip\r\n"));
	assert_null(strstr(scene.peer.request, "Cookie"));
	scene_finish(&scene, &exchange, 1);
}

/* The first of them is what http does not know to be a secret. */
static void test_an_echoed_credential_is_hidden(void **state) {
	static const struct {
		const char *header;
		const char *body;
	} rows[] = {
		{ "X-Other: Bearer echoed-key", "no: echoed-key, echoed-key" },
		{ "Authorization: Bearer echoed-key", "no: **********, **********" },
		{ "authorization: echoed-key", "no: **********, **********" },
		{ "Authorization: Bearer no", "no: echoed-key, echoed-key" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static const struct peer_answer answers[] = { KEEP(
			"HTTP/1.1 403 No\r\nX-Echo: echoed-key\r\nContent-Length: 26\r\n\r\n"
			"no: echoed-key, echoed-key") };
		const char *lines[] = { rows[i].header, NULL };
		struct exchange exchange = { .req = { .headers = lines } };
		struct scene scene;
		bool is_hidden = rows[i].body[4] == '*';

		scene_open(&scene, answers, ARRAY_SIZE(answers));
		exchange_send(&scene, &exchange);
		exchange_wait(&scene, &exchange);
		assert_int_equal(exchange.status, 0);
		assert_int_equal(exchange.req.answer.len, strlen(rows[i].body));
		assert_memory_equal(exchange.req.answer.data, rows[i].body, strlen(rows[i].body));
		assert_string_equal(http_header(&exchange.req, "X-Echo"),
			is_hidden ? "**********" : "echoed-key");
		scene_finish(&scene, &exchange, 1);
	}
}

static void test_methods(void **state) {
	static const struct {
		const char *method;
		const char *body;
		const char *request; /* how it ends */
	} rows[] = {
		{ "POST", "{}", "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}" },
		{ "PATCH", "abc", "Content-Length: 3\r\n\r\nabc" },
		{ "PUT", NULL, "Content-Length: 0\r\n\r\n" },
		{ "DELETE", NULL, "Content-Type: application/json\r\n\r\n" },
		{ "DELETE", "x", "Content-Length: 1\r\n\r\nx" },
	};
	static const struct peer_answer answer = KEEP(OK_KEPT);
	static const char *const lines[] = { "Content-Type: application/json", NULL };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct exchange exchange = {
			.req = { .method = rows[i].method, .body = rows[i].body, .headers = lines }
		};
		struct scene scene;
		const char *end;

		exchange.req.body_len = rows[i].body ? strlen(rows[i].body) : 0;
		scene_open(&scene, &answer, 1);
		exchange_send(&scene, &exchange);
		exchange_wait(&scene, &exchange);
		assert_int_equal(exchange.status, 0);
		assert_memory_equal(scene.peer.request, rows[i].method, strlen(rows[i].method));
		end = scene.peer.request + strlen(scene.peer.request) - strlen(rows[i].request);
		assert_string_equal(end, rows[i].request);
		assert_null(strstr(scene.peer.request, "Expect"));
		assert_null(strstr(scene.peer.request, "urlencoded"));
		scene_finish(&scene, &exchange, 1);
	}
}

static void test_head(void **state) {
	static const struct peer_answer answer =
		KEEP("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nETag: e\r\n\r\n");
	struct exchange exchange = { .req = { .method = "HEAD" } };
	struct scene scene;

	scene_open(&scene, &answer, 1);
	exchange_send(&scene, &exchange);
	exchange_wait(&scene, &exchange);
	assert_int_equal(exchange.status, 0);
	assert_string_equal(http_header(&exchange.req, "etag"), "e");
	scene_finish(&scene, &exchange, 1);
}

/* What may be sent again goes over the old connection; what may not has its own, which no retry can double. */
static void test_reuse(void **state) {
	static const struct {
		const char *method;
		bool repeatable;
		bool hang_up;
		size_t n_connections;
	} rows[] = {
		{ "GET", false, false, 1 }, { "POST", true, false, 1 }, { "POST", false, false, 2 },
		{ "GET", false, true, 2 }, /* found closed */
	};
	static const struct peer_answer answer = KEEP(OK_KEPT);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct exchange exchanges[2] = { 0 };
		struct scene scene;

		scene_open(&scene, &answer, 1);
		for (size_t j = 0; j < 2; j++) {
			exchanges[j].req.method = rows[i].method;
			exchanges[j].req.repeatable = rows[i].repeatable;
			exchange_send(&scene, &exchanges[j]);
			exchange_wait(&scene, &exchanges[j]);
			assert_int_equal(exchanges[j].status, 0);
			if (rows[i].hang_up) {
				peer_hang_up(&scene.peer);
				uv_run(&scene.loop, UV_RUN_NOWAIT);
			}
		}
		assert_int_equal(scene.peer.n_connections, rows[i].n_connections);
		assert_int_equal(scene.peer.n_requests, 2);
		scene_finish(&scene, exchanges, 2);
	}
}

/* The peer took it and hung up without a word: only a repeatable one is sent once more. */
static void test_never_sent_twice(void **state) {
	static const struct peer_answer answers[] = { KEEP(OK_KEPT), { "", 0, PEER_CLOSE },
		KEEP(OK_KEPT) };
	static const struct {
		bool repeatable;
		int status;
		size_t n_requests;
	} rows[] = { { false, -ECONNRESET, 2 }, { true, 0, 3 } };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct exchange exchanges[2] = { 0 };
		struct scene scene;

		scene_open(&scene, answers, ARRAY_SIZE(answers));
		for (size_t j = 0; j < 2; j++) {
			exchanges[j].req.method = "POST";
			exchanges[j].req.repeatable = rows[i].repeatable;
			exchange_send(&scene, &exchanges[j]);
			exchange_wait(&scene, &exchanges[j]);
		}
		assert_int_equal(exchanges[1].status, rows[i].status);
		assert_true(exchanges[1].req.maybe_sent);
		assert_int_equal(scene.peer.n_requests, rows[i].n_requests);
		scene_finish(&scene, exchanges, 2);
	}
}

/* With a connection kept for the next request, the loop has nothing to wake up for. */
static void test_idle(void **state) {
	static const struct peer_answer answer = KEEP(OK_KEPT);
	struct exchange exchange = { 0 };
	struct scene scene;

	scene_open(&scene, &answer, 1);
	exchange_send(&scene, &exchange);
	exchange_wait(&scene, &exchange);
	uv_run(&scene.loop, UV_RUN_NOWAIT);
	assert_int_equal(scene.peer.n_open, 1);
	assert_int_equal(uv_backend_timeout(&scene.loop), -1);
	scene_finish(&scene, &exchange, 1);
}

static void test_timeouts(void **state) {
	static const struct {
		const char *data;
		int64_t total_ms;
		int64_t stall_ms;
		const char *sentence;
	} rows[] = {
		/* Nothing but the timer tells of the end. */
		{ "", 30, 0, "No whole answer in time" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", 30, 0,
			"No whole answer in time" },
		{ "", 0, 30, "silent" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", 0, 30, "silent" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peer_answer answer = { .data = rows[i].data };
		struct exchange exchange = { .req = { .total_timeout_ms = rows[i].total_ms,
						     .stall_timeout_ms = rows[i].stall_ms } };
		struct scene scene;

		scene_open(&scene, &answer, 1);
		exchange_send(&scene, &exchange);
		exchange_wait(&scene, &exchange);
		assert_int_equal(exchange.status, -ETIMEDOUT);
		assert_non_null(strstr(exchange.req.sentence, rows[i].sentence));
		assert_true(exchange.req.maybe_sent);
		assert_true(exchange.req.remote_us >= 30000);
		assert_int_equal(exchange.req.answer.len, 0);
		scene_finish(&scene, &exchange, 1);
	}
}

static void test_never_reached(void **state) {
	static const struct {
		const char *url; /* NULL: a port at which nobody listens */
		int64_t connect_ms;
		int status;
	} rows[] = {
		{ NULL, 0, -ECONNREFUSED },
		{ "https://nobody.invalid/hook/hunter2", 0, -EHOSTUNREACH },
		/* The loop does not wait for the name, nor does what ends the request. */
		{ "https://hang.invalid/hook/hunter2", 30, -ETIMEDOUT },
	};
	static const struct peer_answer answer = KEEP(OK_KEPT);

	pthread_mutex_lock(&hanging);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct exchange exchange = { .req = { .url = rows[i].url,
						     .connect_timeout_ms = rows[i].connect_ms,
						     .hide_path = true } };
		struct scene scene;

		scene_open(&scene, &answer, 1);
		uv_close((uv_handle_t *)&scene.peer.listener, NULL);
		uv_run(&scene.loop, UV_RUN_NOWAIT);
		exchange_send(&scene, &exchange);
		exchange_wait(&scene, &exchange);
		assert_int_equal(exchange.status, rows[i].status);
		assert_false(exchange.req.maybe_sent);
		assert_null(strstr(exchange.req.sentence, "hunter2"));
		assert_non_null(
			strstr(exchange.req.sentence, rows[i].url ? ".invalid" : "127.0.0.1"));
		assert_int_equal(uv_tcp_init(&scene.loop, &scene.peer.listener), 0);
		scene_finish(&scene, &exchange, 1);
	}
	pthread_mutex_unlock(&hanging);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_an_echoed_credential_is_hidden),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_never_sent_twice),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_never_reached),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
