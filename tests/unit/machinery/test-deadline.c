/* The timer in a real loop. A set clock is played by a read() that answers ECANCELED: the linker wraps it. */
#include "daemon/deadline.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/clock.h"

struct fixture {
	uv_loop_t loop;
	struct deadline *deadline;
	int n_fired;
	int n_closed;
	int64_t rearm_ms; /* armed from within `fired` when not 0 */
	bool close_when_fired;
};

static int n_cancelled_reads;

ssize_t __real_read(int fd, void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);

ssize_t __wrap_read(int fd, void *data, size_t len) {
	if (n_cancelled_reads > 0) {
		n_cancelled_reads--;
		/* As the kernel: what had expired is forgotten. */
		(void)__real_read(fd, data, len);
		errno = ECANCELED;
		return -1;
	}
	return __real_read(fd, data, len);
}

static void on_closed(void *user) {
	struct fixture *f = user;

	f->n_closed++;
}

static void on_fired(void *user) {
	struct fixture *f = user;

	f->n_fired++;
	if (f->close_when_fired) {
		deadline_close(f->deadline, on_closed, f);
		f->deadline = NULL;
	} else if (f->rearm_ms != 0) {
		deadline_arm(f->deadline, f->rearm_ms);
		f->rearm_ms = 0;
	}
}

static int setup(void **state) {
	static struct fixture f;

	f = (struct fixture){ 0 };
	n_cancelled_reads = 0;
	assert_int_equal(uv_loop_init(&f.loop), 0);
	assert_int_equal(deadline_open(&f.loop, on_fired, &f, &f.deadline), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state) {
	struct fixture *f = *state;

	deadline_close(f->deadline, on_closed, f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->n_closed, 1);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	return 0;
}

static void run_until_fired(struct fixture *f, int n) {
	while (f->n_fired < n) {
		uv_run(&f->loop, UV_RUN_ONCE);
	}
	assert_int_equal(f->n_fired, n);
}

static void test_past_fires_from_the_loop(void **state) {
	const int64_t past[] = { 1, clock_now_ms() - 1, -5, INT64_MIN };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(past); i++) {
		f->n_fired = 0;
		deadline_arm(f->deadline, past[i]);
		assert_int_equal(f->n_fired, 0);
		run_until_fired(f, 1);
	}
}

static void test_never_before_its_time(void **state) {
	struct fixture *f = *state;
	int64_t due_ms = clock_now_ms() + 30;

	deadline_arm(f->deadline, due_ms);
	run_until_fired(f, 1);
	assert_true(clock_now_ms() >= due_ms);
}

static void test_disarmed_and_far(void **state) {
	const int64_t quiet[] = { 0, clock_now_ms() + CLOCK_DAY_MS, INT64_MAX };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++) {
		deadline_arm(f->deadline, clock_now_ms() + CLOCK_HOUR_MS);
		deadline_arm(f->deadline, quiet[i]);
		uv_run(&f->loop, UV_RUN_NOWAIT);
		assert_int_equal(f->n_fired, 0);
	}
	/* And it still works. */
	deadline_arm(f->deadline, 1);
	run_until_fired(f, 1);
}

static void test_same_time_again(void **state) {
	struct fixture *f = *state;

	deadline_arm(f->deadline, 1);
	deadline_arm(f->deadline, 1);
	run_until_fired(f, 1);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->n_fired, 1);
	/* It fired: the same time arms it anew. */
	deadline_arm(f->deadline, 1);
	run_until_fired(f, 2);
}

static void test_rearmed_when_fired(void **state) {
	struct fixture *f = *state;

	f->rearm_ms = 2;
	deadline_arm(f->deadline, 1);
	run_until_fired(f, 2);
}

static void test_clock_set(void **state) {
	struct fixture *f = *state;

	n_cancelled_reads = 1;
	deadline_arm(f->deadline, 1);
	run_until_fired(f, 1); /* told of the change */
	run_until_fired(f, 2); /* and the expiration that the change swallowed is not lost */
}

static void test_closed_when_fired(void **state) {
	struct fixture *f = *state;

	f->close_when_fired = true;
	deadline_arm(f->deadline, 1);
	run_until_fired(f, 1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->n_closed, 1);
	/* For the teardown: closing nothing tells at once. */
	f->n_closed = 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_past_fires_from_the_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_never_before_its_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disarmed_and_far, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_time_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rearmed_when_fired, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed_when_fired, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
