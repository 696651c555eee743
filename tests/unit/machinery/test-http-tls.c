/* HTTPS against openssl's own server, with certificates that are made here. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "tests/unit/machinery/http_scene.h"

static char directory[] = "/tmp/test-http-tls-XXXXXX";
static char cert_path[64];
static char key_path[64];
static char answer_path[64];

struct server {
	pid_t pid;
	FILE *output;
	int port;
};

/* Starts a program with its output, standard error apart, in `*ret_output`. */
static pid_t start(const char *const *argv, FILE **ret_output) {
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* s_server ends with its input: that one is ours to hold open. */
		if (chdir(directory) < 0 || dup2(ends[1], STDOUT_FILENO) < 0) {
			_exit(126);
		}
		close(ends[0]);
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	close(ends[1]);
	*ret_output = fdopen(ends[0], "r");
	assert_non_null(*ret_output);
	return pid;
}

static int set_up(void **state) {
	static const char answer[] = "HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\nsecret";
	FILE *output;
	int status;

	assert_non_null(mkdtemp(directory));
	snprintf(cert_path, sizeof(cert_path), "%s/cert.pem", directory);
	snprintf(key_path, sizeof(key_path), "%s/key.pem", directory);
	snprintf(answer_path, sizeof(answer_path), "%s/answer", directory);
	assert_int_equal(fd_write_file_atomic(answer_path, answer, strlen(answer), 0600), 0);
	{
		const char *const argv[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
			"ec_paramgen_curve:P-256", "-nodes", "-keyout", key_path, "-out", cert_path,
			"-days", "2", "-subj", "/CN=localhost", "-addext",
			"subjectAltName=DNS:localhost", NULL };
		pid_t pid;

		pid = start(argv, &output);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		fclose(output);
	}
	assert_int_equal(status, 0);
	return 0;
}

static int tear_down(void **state) {
	return fd_remove_tree(directory);
}

static void server_start(struct server *server, const char *version) {
	const char *const argv[] = { "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
		cert_path, "-key", key_path, "-HTTP", "-cipher", "ALL:@SECLEVEL=0", version, NULL };
	char line[256];
	const char *colon;

	server->port = 0;
	server->pid = start(argv, &server->output);
	while (server->port == 0 && fgets(line, sizeof(line), server->output)) {
		colon = strrchr(line, ':');
		if (strncmp(line, "ACCEPT ", 7) == 0 && colon) {
			server->port = (int)strtoll(colon + 1, NULL, 10);
		}
	}
	assert_true(server->port > 0);
}

static void server_stop(struct server *server) {
	int status;

	assert_int_equal(kill(server->pid, SIGKILL), 0);
	assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
	fclose(server->output);
}

static void test_tls(void **state) {
	static const struct {
		const char *host;
		bool trusted;
		const char *version;
		int status;
		const char *sentence;
	} rows[] = {
		{ "localhost", true, "-tls1_3", 0, "" },
		{ "localhost", true, "-tls1_2", 0, "" },
		{ "localhost", true, "-tls1_1", -EPROTO, "No valid answer" },
		{ "localhost", false, "-tls1_3", -EPROTO, "certificate" },
		{ "127.0.0.1", true, "-tls1_3", -EPROTO, "127.0.0.1" },
	};
	static const struct peer_answer unused = KEEP("");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_options options = { .ca_file = rows[i].trusted ? cert_path : NULL };
		struct exchange exchange = { 0 };
		struct server server;
		struct scene scene;
		char url[64];

		server_start(&server, rows[i].version);
		scene_open_with(&scene, &options, &unused, 1);
		snprintf(url, sizeof(url), "https://%s:%d/answer", rows[i].host, server.port);
		exchange.req.url = url;
		exchange_send(&scene, &exchange);
		exchange_wait(&scene, &exchange);
		assert_int_equal(exchange.status, rows[i].status);
		assert_int_equal(exchange.req.maybe_sent, rows[i].status == 0);
		assert_string_equal(exchange.req.answer.data, rows[i].status == 0 ? "secret" : "");
		assert_non_null(strstr(exchange.req.sentence, rows[i].sentence));
		scene_finish(&scene, &exchange, 1);
		server_stop(&server);
	}
}

/* Something else answers on the port, in clear. */
static void test_no_tls(void **state) {
	static const struct peer_answer answer = KEEP("");
	struct exchange exchange = { .req = { .connect_timeout_ms = 50 } };
	struct scene scene;
	char url[64];

	scene_open(&scene, &answer, 1);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", scene.peer.port);
	exchange.req.url = url;
	exchange_send(&scene, &exchange);
	exchange_wait(&scene, &exchange);
	assert_int_equal(exchange.status, -ETIMEDOUT);
	assert_false(exchange.req.maybe_sent);
	assert_non_null(strstr(exchange.req.sentence, "No connection in time"));
	scene_finish(&scene, &exchange, 1);
}

static void test_ca_file(void **state) {
	static const struct http_options options = { .ca_file = "/nonexistent/ca.pem" };
	struct http *http = NULL;
	uv_loop_t loop;

	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(http_open(&loop, &options, &http), -ENOENT);
	assert_null(http);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls),
		cmocka_unit_test(test_no_tls),
		cmocka_unit_test(test_ca_file),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
