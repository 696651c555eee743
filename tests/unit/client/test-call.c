#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/call.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/protocol.h"

#define LONG_MS (20 * CLOCK_SECOND_MS)

static char directory[64];
static struct sockaddr_un address = { .sun_family = AF_UNIX };

static int make_directory(void **state) {
	snprintf(directory, sizeof(directory), "%s/call-XXXXXX", "/tmp");
	if (mkdtemp(directory) == NULL) {
		return -1;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	return 0;
}

static int remove_directory(void **state) {
	return fd_remove_tree(directory);
}

/* What the peer does with its one connection. */
struct script {
	const char *answer; /* written at once */
	size_t len;
	size_t flood; /* further bytes without a NUL */
	bool reads;   /* one message first */
	bool stays;   /* until we hang up, instead of closing */
};

static void run_script(int listener, const struct script *script) {
	int fd = accept(listener, NULL, NULL);
	char byte = 1;

	while (script->reads && byte != '\0' && read(fd, &byte, 1) == 1) {
	}
	if (fd_write_all(fd, script->answer, script->len) < 0) {
		_exit(1);
	}
	for (size_t i = 0; i < script->flood; i += 1024) {
		char data[1024];

		memset(data, ' ', sizeof(data));
		if (send(fd, data, sizeof(data), MSG_NOSIGNAL) < 0) {
			_exit(0);
		}
	}
	while (script->stays && read(fd, &byte, 1) == 1) {
	}
	_exit(0);
}

static pid_t serve(const struct script *script) {
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	(void)unlink(address.sun_path);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		run_script(listener, script);
	}
	close(listener);
	return pid;
}

static void end(pid_t pid) {
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define ANSWER(text) .answer = (text), .len = sizeof(text)
#define PARTIAL(text) .answer = (text), .len = sizeof(text) - 1

static const struct call_row {
	struct script script;
	int64_t timeout_ms;
	int result;
	const char *error;
	int64_t value; /* of the member "n" */
} call_rows[] = {
	{ { ANSWER("{\"parameters\":{\"n\":7}}"), .reads = true }, LONG_MS, 0, NULL, 7 },
	{ { ANSWER("{}"), .reads = true }, LONG_MS, 0, NULL, 0 },
	{ { ANSWER("{\"parameters\":null}"), .reads = true }, LONG_MS, 0, NULL, 0 },
	{ { ANSWER("{\"error\":\"a.b.C\",\"parameters\":{\"n\":3}}"), .reads = true }, LONG_MS, 0,
		"a.b.C", 3 },
	/* It answers before it has read, and is gone: what it said still counts. */
	{ { ANSWER("{\"error\":\"a.b.Full\"}") }, LONG_MS, 0, "a.b.Full", 0 },
	{ { ANSWER("{\"error\":5}"), .reads = true }, LONG_MS, -EPROTO, NULL, 0 },
	{ { ANSWER("{\"parameters\":[1]}"), .reads = true }, LONG_MS, -EPROTO, NULL, 0 },
	{ { ANSWER("{\"parameters\":"), .reads = true }, LONG_MS, -EPROTO, NULL, 0 },
	{ { PARTIAL("HTTP/1.1 400 Bad Request\r\n"), .reads = true }, LONG_MS, -EBADMSG, NULL, 0 },
	{ { PARTIAL("{\"parameters\":{"), .reads = true }, LONG_MS, -ECONNRESET, NULL, 0 },
	{ { PARTIAL(""), .reads = true }, LONG_MS, -ECONNRESET, NULL, 0 },
	{ { PARTIAL(""), .reads = true, .stays = true }, 30, -ETIMEDOUT, NULL, 0 },
	{ { PARTIAL("{\"parameters\":{"), .reads = true, .stays = true }, 30, -ETIMEDOUT, NULL, 0 },
	{ { PARTIAL("{"), .flood = 2 * PROTOCOL_FRAME_MAX_BYTES, .reads = true }, LONG_MS,
		-EMSGSIZE, NULL, 0 },
};

static void test_answers(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(call_rows); i++) {
		const struct call_row *row = &call_rows[i];
		struct call_reply reply = { 0 };
		struct call_conn *conn = NULL;
		pid_t pid = serve(&row->script);

		assert_int_equal(
			call_open(address.sun_path, call_deadline_us(row->timeout_ms), &conn), 0);
		assert_int_equal(call_method(conn, "a.b.Do", NULL, &reply), row->result);
		if (row->result == 0) {
			assert_int_equal(json_integer_value(json_object_get(reply.parameters, "n")),
				row->value);
			assert_int_equal(reply.error != NULL, row->error != NULL);
			assert_true(row->error == NULL || strcmp(reply.error, row->error) == 0);
		}
		call_reply_finish(&reply);
		call_close(conn);
		end(pid);
	}
}

static int count_until(const struct call_reply *reply, void *user) {
	int *left = user;

	return --*left == 0 ? 42 : 0;
}

static void test_more(void **state) {
	static const char two[] = "{\"continues\":true,\"parameters\":{}}\0{\"parameters\":{}}";
	static const char open_end[] = "{\"continues\":true}\0{\"continues\":true}";
	static const struct row {
		struct script script;
		int stop_at;
		int result;
		int left;
	} table[] = {
		{ { ANSWER(two), .reads = true }, 9, 0, 7 },
		{ { ANSWER(two), .reads = true }, 1, 42, 0 },
		{ { ANSWER(open_end), .reads = true }, 9, -ECONNRESET, 7 },
		{ { ANSWER("{\"error\":\"a.b.C\"}"), .reads = true }, 9, 0, 8 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct call_conn *conn = NULL;
		pid_t pid = serve(&table[i].script);
		int left = table[i].stop_at;

		assert_int_equal(call_open(address.sun_path, call_deadline_us(LONG_MS), &conn), 0);
		assert_int_equal(
			call_more(conn, "a.b.Watch", NULL, count_until, &left), table[i].result);
		assert_int_equal(left, table[i].left);
		call_close(conn);
		end(pid);
	}
}

static void test_nobody_there(void **state) {
	struct call_conn *conn = NULL;
	char longer[200];
	int fd;

	(void)unlink(address.sun_path);
	assert_int_equal(call_open(address.sun_path, CALL_NO_DEADLINE, &conn), -ENOENT);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(call_open(address.sun_path, CALL_NO_DEADLINE, &conn), -ECONNREFUSED);
	close(fd);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(call_open(longer, CALL_NO_DEADLINE, &conn), -ENAMETOOLONG);
	assert_null(conn);
}

/* A daemon that does not accept: its backlog fills, and connecting ends at the deadline. */
static void test_backlog_full(void **state) {
	struct call_conn *conns[8] = { NULL };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r = 0;

	(void)unlink(address.sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(conns) && r == 0; i++) {
		r = call_open(address.sun_path, call_deadline_us(30), &conns[i]);
	}
	assert_int_equal(r, -ETIMEDOUT);
	for (size_t i = 0; i < ARRAY_SIZE(conns); i++) {
		call_close(conns[i]);
	}
	close(fd);
}

static void test_bad_requests(void **state) {
	static const struct script script = { PARTIAL(""), .stays = true };
	struct call_conn *conn = NULL;
	struct call_reply reply = { 0 };
	pid_t pid = serve(&script);
	char *huge = malloc(PROTOCOL_FRAME_MAX_BYTES + 1);
	json_t *parameters;

	memset(huge, 'x', PROTOCOL_FRAME_MAX_BYTES);
	huge[PROTOCOL_FRAME_MAX_BYTES] = '\0';
	parameters = json_pack("{s:s}", "log", huge);
	assert_int_equal(call_open(address.sun_path, call_deadline_us(LONG_MS), &conn), 0);
	assert_int_equal(call_method(conn, "a.b.Do", parameters, &reply), -EMSGSIZE);
	assert_null(reply.parameters);
	json_decref(parameters);
	free(huge);
	call_close(conn);
	end(pid);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_more),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test(test_backlog_full),
		cmocka_unit_test(test_bad_requests),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
