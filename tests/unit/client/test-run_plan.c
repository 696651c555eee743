#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/run_plan.h"
#include "client/run_sink.h"

static char path[] = "/tmp/run-plan-XXXXXX";

static int open_file(int flags) {
	int fd = open(path, flags);

	assert_true(fd >= 0);
	return fd;
}

/* Two openings of a file are two positions in it, unless both append. */
static void test_same_file(void **state) {
	int a = open_file(O_WRONLY), b = open_file(O_WRONLY), twin = dup(a),
	    flags = fcntl(a, F_GETFL);
	int end_a = open_file(O_WRONLY | O_APPEND), end_b = open_file(O_WRONLY | O_APPEND);

	assert_true(run_plan_is_same(a, twin));
	assert_false(run_plan_is_same(a, b));
	assert_true(run_plan_is_same(end_a, end_b));
	assert_false(run_plan_is_same(a, end_a));
	assert_int_equal(fcntl(a, F_GETFL), flags);
	for (const int *fd = (int[]){ a, b, twin, end_a, end_b, -1 }; *fd >= 0; fd++) {
		(void)close(*fd);
	}
}

static void test_same_pipe(void **state) {
	int one[2], other[2];

	assert_int_equal(pipe(one), 0);
	assert_int_equal(pipe(other), 0);
	assert_true(run_plan_is_same(one[1], one[1]));
	assert_false(run_plan_is_same(one[1], other[1]));
	for (int i = 0; i < 2; i++) {
		(void)close(one[i]);
		(void)close(other[i]);
	}
}

static void test_ways(void **state) {
	int reading = open_file(O_RDONLY), writing = open_file(O_WRONLY);
	int held = open_file(O_WRONLY | O_CLOEXEC), terminal = posix_openpt(O_RDWR | O_NOCTTY);

	assert_int_equal(run_plan_way(reading), RUN_WAY_DIRECT);
	assert_int_equal(run_plan_way(writing), RUN_WAY_PIPE);
	assert_int_equal(run_plan_way(held), RUN_WAY_DIRECT);
	assert_int_equal(run_plan_way(terminal), RUN_WAY_PTY);
	assert_int_equal(run_plan_way(1000), RUN_WAY_DIRECT);
	for (const int *fd = (int[]){ reading, writing, held, terminal, -1 }; *fd >= 0; fd++) {
		(void)close(*fd);
	}
}

/* Writes until nothing more is taken; returns the number of bytes. */
static size_t fill(const struct run_sink *sink) {
	static const char data[4096];
	size_t total = 0;
	ssize_t n;

	while ((n = run_sink_write(sink, data, sizeof(data))) > 0) {
		total += (size_t)n;
	}
	assert_int_equal(n, -EAGAIN);
	return total;
}

/* A full pipe or socket is told, not waited for, and its flags are left alone. */
static void test_sink_never_waits(void **state) {
	int ends[2];
	struct run_sink sink;

	for (int kind = 0; kind < 3; kind++) {
		assert_int_equal(
			kind == 0 ? socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : pipe(ends), 0);
		run_sink_open(&sink, ends[1]);
		assert_int_equal(sink.kind, kind == 0 ? RUN_SINK_SOCKET : RUN_SINK_OWN);
		if (kind == 2) {
			run_sink_close(&sink);
			sink.kind = RUN_SINK_CAREFUL;
		}
		assert_true(fill(&sink) > 0);
		assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
		(void)close(ends[0]);
		assert_int_equal(run_sink_write(&sink, "x", 1), -EPIPE);
		run_sink_close(&sink);
		(void)close(ends[1]);
	}
}

static int set_up(void **state) {
	int fd = mkstemp(path);

	(void)signal(SIGPIPE, SIG_IGN);
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state) {
	return unlink(path);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_file),
		cmocka_unit_test(test_same_pipe),
		cmocka_unit_test(test_ways),
		cmocka_unit_test(test_sink_never_waits),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
