/* Cancelling, closing, limits, caps, and what is refused at once. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/machinery/http_scene.h"

#define SILENT KEEP("")

static void never_done(struct http_request *req, int status) {
	fail();
}

static void test_refused(void **state) {
	static const char *const good[] = { "X-A: b", NULL };
	static const char *const bad[][2] = {
		{ "X-A: b\r\nX-C: d" },
		{ "X-A" },
		{ "X-A:" },
		{ "X-A: " },
		{ "X A: b" },
		{ ": b" },
		{ "Host: other" },
		{ "content-length: 1" },
		{ "Transfer-Encoding: chunked" },
		{ "X-A;" },
	};
	static const struct {
		const char *method;
		const char *url;
		const char *body;
		int r;
	} rows[] = {
		{ "GET", "http://example.com/", NULL, -EPERM },
		{ "GET", "http://127.0.0.1.example.com/", NULL, -EPERM },
		{ "GET", "http://localhost.example.com/", NULL, -EPERM },
		{ "GET", "http://10.0.0.1/", NULL, -EPERM },
		{ "GET", "http://[::2]/", NULL, -EPERM },
		{ "GET", "http://[::ffff:127.0.0.1]/", NULL, -EPERM },
		{ "GET", "file:///etc/passwd", NULL, -EPERM },
		{ "GET", "ftp://127.0.0.1/", NULL, -EPERM },
		{ "GET", "http://127.0.0.1@example.com/", NULL, -EINVAL },
		{ "GET", "https://user:password@example.com/", NULL, -EINVAL },
		{ "GET", "https://exa mple.com/", NULL, -EINVAL },
		{ "GET", "https://example.com:99999/", NULL, -EINVAL },
		{ "GET", "example.com", NULL, -EINVAL },
		{ "GET", "", NULL, -EINVAL },
		{ "GET", NULL, NULL, -EINVAL },
		{ "get", "https://example.com/", NULL, -EINVAL },
		{ "CONNECT", "https://example.com/", NULL, -EINVAL },
		{ "GET / HTTP/1.1\r\nX:", "https://example.com/", NULL, -EINVAL },
		{ "GET", "https://example.com/", "body", -EINVAL },
	};
	static const struct peer_answer answer = SILENT;
	struct scene scene;

	scene_open(&scene, &answer, 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_request req = { .method = rows[i].method,
			.url = rows[i].url,
			.headers = good,
			.body = rows[i].body };

		assert_int_equal(http_send(scene.http, &req, never_done), rows[i].r);
		http_cancel(&req);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct http_request req = {
			.method = "GET", .url = "https://example.com/", .headers = bad[i]
		};

		assert_int_equal(http_send(scene.http, &req, never_done), -EINVAL);
	}
	scene_finish(&scene, NULL, 0);
}

static void test_loopback(void **state) {
	static const char *const hosts[] = { "127.0.0.1", "127.1", "LOCALHOST", "localhost" };
	static const struct peer_answer answer = KEEP(OK_KEPT);

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct exchange exchange = { 0 };
		struct scene scene;
		char url[64];

		scene_open(&scene, &answer, 1);
		snprintf(url, sizeof(url), "http://%s:%d/", hosts[i], scene.peer.port);
		exchange.req.url = url;
		exchange_send(&scene, &exchange);
		exchange_wait(&scene, &exchange);
		assert_int_equal(exchange.status, 0);
		scene_finish(&scene, &exchange, 1);
	}
}

/* A million zeros and more in few bytes. */
static struct buffer gzip_bomb(void) {
	static const char command[] = "head -c 50000000 /dev/zero | gzip -9 >";
	char path[] = "/tmp/test-http-XXXXXX";
	char line[128];
	struct buffer answer;
	char *bytes;
	FILE *file;
	size_t len;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	snprintf(line, sizeof(line), "%s%s", command, path);
	{
		const char *const argv[] = { "/bin/sh", "-c", line, NULL };
		uv_process_options_t options = { .file = argv[0], .args = (char **)argv };
		uv_process_t child;
		uv_loop_t loop;

		assert_int_equal(uv_loop_init(&loop), 0);
		assert_int_equal(uv_spawn(&loop, &child, &options), 0);
		uv_run(&loop, UV_RUN_DEFAULT);
		uv_close((uv_handle_t *)&child, NULL);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(uv_loop_close(&loop), 0);
	}
	file = fdopen(fd, "r");
	assert_non_null(file);
	bytes = malloc(1024 * 1024);
	assert_non_null(bytes);
	len = fread(bytes, 1, 1024 * 1024, file);
	fclose(file);
	remove(path);
	assert_true(len > 1000 && len < 1024 * 1024);
	buffer_init(&answer, 2 * 1024 * 1024);
	assert_int_equal(buffer_appendf(&answer,
				 "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
				 "Content-Length: %zu\r\n\r\n",
				 len),
		0);
	assert_int_equal(buffer_append(&answer, bytes, len), 0);
	free(bytes);
	return answer;
}

/* `head`, then `n` times `c`, then `tail`. */
static struct buffer padded(const char *head, char c, size_t n, const char *tail) {
	struct buffer answer;
	char *room;

	buffer_init(&answer, 16 * 1024 * 1024);
	assert_int_equal(buffer_append_str(&answer, head), 0);
	room = buffer_reserve(&answer, n);
	assert_non_null(room);
	memset(room, c, n);
	buffer_commit(&answer, n);
	assert_int_equal(buffer_append_str(&answer, tail), 0);
	return answer;
}

static void test_caps(void **state) {
	static const char open_end[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
	static const char end[] = "\r\nContent-Length: 0\r\n\r\n";
	struct {
		struct buffer answer;
		size_t max_bytes;
		int status;
	} rows[] = {
		{ padded(open_end, 'x', 1000, ""), 1000, 0 },
		{ padded(open_end, 'x', 1001, ""), 1000, -EMSGSIZE },
		{ padded("HTTP/1.1 200 OK\r\nContent-Length: 9000001\r\n\r\n", 'x', 0, ""), 0,
			-EMSGSIZE },
		{ padded(open_end, 'x', LIMIT_HTTP_ANSWER_MAX_BYTES + 1, ""), 0, -EMSGSIZE },
		{ padded("HTTP/1.1 200 OK\r\nX: ", 'h', 60000, end), 0, 0 },
		{ padded("HTTP/1.1 200 OK\r\nX: ", 'h', 70000, end), 0, -EMSGSIZE },
		{ padded("HTTP/1.1 200 OK\r\nX: ", 'h', 200000, ""), 0, -EMSGSIZE },
		{ gzip_bomb(), 0, -EMSGSIZE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct peer_answer answer = { rows[i].answer.data, rows[i].answer.len, PEER_CLOSE };
		struct exchange exchange = { .req = { .answer_max_bytes = rows[i].max_bytes } };
		struct scene scene;

		scene_open(&scene, &answer, 1);
		exchange_send(&scene, &exchange);
		exchange_wait(&scene, &exchange);
		assert_int_equal(exchange.status, rows[i].status);
		if (rows[i].status < 0) {
			assert_int_equal(exchange.req.answer.cap, 0);
			assert_non_null(strstr(exchange.req.sentence, "too large"));
		}
		scene_finish(&scene, &exchange, 1);
		buffer_finish(&rows[i].answer);
	}
}

static void wait_for_requests(struct scene *scene, size_t n) {
	while (scene->peer.n_requests < n) {
		uv_run(&scene->loop, UV_RUN_ONCE);
	}
}

/* Before a byte went out, while the answer is due, and after it came. */
static void test_cancel(void **state) {
	static const struct peer_answer answers[] = { SILENT, KEEP(OK_KEPT) };
	struct exchange exchanges[3] = { 0 };
	struct scene scene;

	scene_open(&scene, answers, ARRAY_SIZE(answers));
	exchange_send(&scene, &exchanges[0]);
	http_cancel(&exchanges[0].req);
	http_cancel(&exchanges[0].req);
	assert_int_equal(exchanges[0].n_done, 0);
	exchange_wait(&scene, &exchanges[0]);
	assert_int_equal(exchanges[0].status, -ECANCELED);
	assert_false(exchanges[0].req.maybe_sent);

	exchange_send(&scene, &exchanges[1]);
	wait_for_requests(&scene, 1);
	http_cancel(&exchanges[1].req);
	assert_int_equal(exchanges[1].n_done, 0);
	exchange_wait(&scene, &exchanges[1]);
	assert_int_equal(exchanges[1].status, -ECANCELED);
	assert_true(exchanges[1].req.maybe_sent);
	assert_non_null(strstr(exchanges[1].req.sentence, "Cancelled"));

	exchange_send(&scene, &exchanges[2]);
	exchange_wait(&scene, &exchanges[2]);
	http_cancel(&exchanges[2].req);
	uv_run(&scene.loop, UV_RUN_NOWAIT);
	assert_int_equal(exchanges[2].status, 0);
	assert_string_equal(exchanges[2].req.answer.data, "ok");
	scene_finish(&scene, exchanges, 3);
}

/* What `done` may do: cancel another one, send one, close. */
static void test_done_goes_on(void **state) {
	static const struct peer_answer answers[] = { KEEP(OK_KEPT), SILENT };
	struct exchange exchanges[4] = { 0 };
	struct scene scene;

	scene_open(&scene, answers, ARRAY_SIZE(answers));
	exchange_send(&scene, &exchanges[0]);
	exchange_send(&scene, &exchanges[1]);
	exchange_send(&scene, &exchanges[2]);
	/* The one that is answered cancels another, and then ends all. */
	exchanges[0].cancels = &exchanges[1];
	exchanges[0].closes = true;
	exchange_wait(&scene, &exchanges[0]);
	exchange_wait(&scene, &exchanges[1]);
	exchange_wait(&scene, &exchanges[2]);
	assert_int_equal(exchanges[0].status, 0);
	assert_int_equal(exchanges[1].status, -ECANCELED);
	assert_int_equal(exchanges[2].status, -ECANCELED);
	scene_finish(&scene, exchanges, 3);
}

static void test_close_from_cancelled(void **state) {
	static const struct peer_answer answers[] = { SILENT, SILENT };
	struct exchange exchanges[2] = { 0 };
	struct scene scene;

	scene_open(&scene, answers, ARRAY_SIZE(answers));
	exchanges[0].closes = true;
	exchange_send(&scene, &exchanges[0]);
	exchange_send(&scene, &exchanges[1]);
	wait_for_requests(&scene, 2);
	http_cancel(&exchanges[0].req);
	while (!scene.closed) {
		uv_run(&scene.loop, UV_RUN_ONCE);
	}
	assert_int_equal(exchanges[0].n_done, 1);
	assert_int_equal(exchanges[1].n_done, 1);
	assert_int_equal(exchanges[1].status, -ECANCELED);
	scene_finish(&scene, exchanges, 2);
}

static void test_send_again_from_done(void **state) {
	static const struct peer_answer answer = KEEP(OK_KEPT);
	struct exchange exchanges[2] = { 0 };
	struct scene scene;
	char url[64];

	scene_open(&scene, &answer, 1);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/second", scene.peer.port);
	exchanges[1].req.method = "GET";
	exchanges[1].req.url = url;
	exchanges[0].sends = &exchanges[1];
	exchange_send(&scene, &exchanges[0]);
	exchange_wait(&scene, &exchanges[1]);
	assert_int_equal(exchanges[1].status, 0);
	assert_memory_equal(scene.peer.request, "GET /second ", 12);
	scene_finish(&scene, exchanges, 2);
}

static void test_close(void **state) {
	static const struct peer_answer answer = SILENT;
	struct exchange exchanges[5] = { 0 };
	struct exchange late = { .req = { .method = "GET", .url = "http://127.0.0.1/" } };
	struct scene scene;

	scene_open(&scene, &answer, 1);
	for (size_t i = 0; i < ARRAY_SIZE(exchanges); i++) {
		exchange_send(&scene, &exchanges[i]);
	}
	wait_for_requests(&scene, LIMIT_HTTP_HOST_CONNECTIONS);
	scene_close_http(&scene);
	assert_int_equal(http_send(scene.http, &late.req, never_done), -ESHUTDOWN);
	assert_int_equal(exchanges[0].n_done, 0);
	while (!scene.closed) {
		uv_run(&scene.loop, UV_RUN_ONCE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(exchanges); i++) {
		assert_int_equal(exchanges[i].n_done, 1);
		assert_int_equal(exchanges[i].status, -ECANCELED);
		assert_int_equal(exchanges[i].req.maybe_sent, i < LIMIT_HTTP_HOST_CONNECTIONS);
	}
	scene_finish(&scene, exchanges, ARRAY_SIZE(exchanges));
}

static void test_limits(void **state) {
	enum { N = LIMIT_HTTP_QUEUE + LIMIT_HTTP_HOST_CONNECTIONS };
	static const struct peer_answer answer = KEEP(OK_KEPT);
	static struct exchange exchanges[N];
	struct exchange one_more = { .req = { .method = "GET", .url = "http://127.0.0.1/" } };
	struct scene scene;

	scene_open(&scene, &answer, 1);
	for (size_t i = 0; i < N; i++) {
		exchange_send(&scene, &exchanges[i]);
	}
	assert_int_equal(http_send(scene.http, &one_more.req, never_done), -EAGAIN);
	for (size_t i = 0; i < N; i++) {
		exchange_wait(&scene, &exchanges[i]);
		assert_int_equal(exchanges[i].status, 0);
	}
	assert_int_equal(scene.peer.n_requests, N);
	assert_int_equal(scene.peer.n_connections, LIMIT_HTTP_HOST_CONNECTIONS);
	assert_int_equal(scene.peer.most_open, LIMIT_HTTP_HOST_CONNECTIONS);
	scene_finish(&scene, exchanges, N);
}

/* The environment's proxy is nobody's wish; ours never sees what stays on this machine. */
static void test_proxy(void **state) {
	static const struct http_options wrong = { .proxy = "socks5://127.0.0.1:1" };
	static const char *const bearer[] = { "Authorization: Bearer hunter2", NULL };
	static const struct peer_answer answers[] = { KEEP(OK_KEPT),
		KEEP("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") };
	struct exchange exchanges[2] = { { .req = { .headers = bearer } },
		{ .req = { .url = "https://api.github.com/x", .headers = bearer } } };
	struct http_options options = { 0 };
	char proxy[64];
	struct scene scene, other;

	scene_open(&other, answers, 1);
	assert_int_equal(http_open(&other.loop, &wrong, &scene.http), -EINVAL);
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1", 1), 0);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", other.peer.port);
	scene_open(&scene, answers, ARRAY_SIZE(answers));
	exchange_send(&scene, &exchanges[0]);
	exchange_wait(&scene, &exchanges[0]);
	assert_int_equal(exchanges[0].status, 0);
	scene_finish(&scene, exchanges, 1);

	/* The proxy is the peer itself: it gets a CONNECT without our headers, and declines. */
	memset(&scene, 0, sizeof(scene));
	other.peer.answers = &answers[1];
	options.proxy = proxy;
	assert_int_equal(http_open(&other.loop, &options, &scene.http), 0);
	exchanges[1].req.method = "GET";
	exchanges[1].n_done = 0;
	{
		struct http *first = other.http;

		other.http = scene.http;
		exchange_send(&other, &exchanges[1]);
		exchange_wait(&other, &exchanges[1]);
		http_close(other.http, NULL, NULL);
		other.http = first;
	}
	assert_true(exchanges[1].status < 0);
	assert_false(exchanges[1].req.maybe_sent);
	assert_memory_equal(other.peer.request, "CONNECT api.github.com:443 ", 27);
	assert_null(strstr(other.peer.request, "hunter2"));
	scene_finish(&other, &exchanges[1], 1);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_done_goes_on),
		cmocka_unit_test(test_close_from_cancelled),
		cmocka_unit_test(test_send_again_from_done),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_proxy),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
