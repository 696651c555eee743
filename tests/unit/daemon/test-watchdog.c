/* A manager that has patience, and a store that does not always answer. Both count by the same loop's time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "daemon/watchdog.h"

#define PATIENCE_MS 1200
#define PATIENCE_US "1200000"

/* What becomes of one question after the other. */
enum answer { GOOD, SILENT, REFUSED, FAILED, END };

static struct {
	uv_loop_t loop;
	struct watchdog watchdog;
	uv_timer_t manager, store;
	const enum answer *script;
	size_t n_asked, n_signs, n_lines;
	store_done_fn *done; /* of the question that waits */
	bool killed;
} scene;

void __wrap_systemd_alive(void);

static void end_of_scene(void) {
	watchdog_stop(&scene.watchdog);
	uv_stop(&scene.loop);
}

static void patience_over(uv_timer_t *timer) {
	scene.killed = true;
	end_of_scene();
}

void __wrap_systemd_alive(void) {
	scene.n_signs++;
	uv_timer_start(&scene.manager, patience_over, PATIENCE_MS, 0);
}

static void store_wakes(uv_timer_t *timer) {
	enum answer answer = scene.script[scene.n_asked - 1];

	scene.done(&scene.watchdog.counts.req, answer == FAILED ? -ENOMEM : 0);
}

int store_counts(struct store *store, struct store_counts *counts, store_done_fn *done) {
	enum answer answer = scene.script[scene.n_asked];

	if (answer == END) {
		end_of_scene();
		return -ESHUTDOWN;
	}
	scene.n_asked++;
	if (answer == REFUSED) {
		return -EAGAIN;
	}
	scene.done = done;
	uv_timer_start(&scene.store, store_wakes, answer == SILENT ? PATIENCE_MS * 7 / 10 : 0, 0);
	return 0;
}

static void answered(void *user, const struct store_counts *counts) {
	assert_ptr_equal(counts, &scene.watchdog.counts);
	scene.n_lines++;
}

static int open_scene(void **state) {
	scene.n_asked = scene.n_signs = scene.n_lines = 0;
	scene.killed = false;
	uv_loop_init(&scene.loop);
	uv_timer_init(&scene.loop, &scene.manager);
	uv_timer_init(&scene.loop, &scene.store);
	watchdog_init(&scene.watchdog, &scene.loop, answered, NULL);
	setenv("WATCHDOG_USEC", PATIENCE_US, 1);
	return 0;
}

static int close_scene(void **state) {
	watchdog_close(&scene.watchdog);
	uv_close((uv_handle_t *)&scene.manager, NULL);
	uv_close((uv_handle_t *)&scene.store, NULL);
	uv_run(&scene.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&scene.loop), 0);
	return 0;
}

static void play(const enum answer *script) {
#ifndef HAVE_SYSTEMD
	skip();
#endif
	scene.script = script;
	watchdog_start(&scene.watchdog, NULL);
	watchdog_ask(&scene.watchdog);
	uv_run(&scene.loop, UV_RUN_DEFAULT);
}

static void silence_is_survived(void **state) {
	static const enum answer script[] = { GOOD, SILENT, GOOD, SILENT, END };

	play(script);
	assert_false(scene.killed);
	assert_int_equal(scene.n_signs, 4);
	assert_int_equal(scene.n_lines, 4);
}

/* More of them in a row than there are regular questions within the patience. */
static void refusals_are_survived(void **state) {
	static const enum answer script[] = { GOOD, REFUSED, REFUSED, FAILED, REFUSED, FAILED,
		FAILED, REFUSED, GOOD, END };

	play(script);
	assert_false(scene.killed);
	assert_int_equal(scene.n_signs, 2);
}

static void refusals_alone_are_not(void **state) {
	static enum answer script[64] = { GOOD };

	for (size_t i = 1; i < ARRAY_SIZE(script); i++) {
		script[i] = i % 2 ? REFUSED : FAILED;
	}
	play(script);
	assert_true(scene.killed);
	assert_int_equal(scene.n_signs, 1);
}

static void who_is_stopped_says_nothing(void **state) {
	static const enum answer script[] = { SILENT, END };

	scene.script = script;
	watchdog_start(&scene.watchdog, NULL);
	watchdog_ask(&scene.watchdog);
	watchdog_ask(&scene.watchdog); /* one question at a time */
	watchdog_stop(&scene.watchdog);
	uv_run(&scene.loop, UV_RUN_DEFAULT);
	assert_int_equal(scene.n_signs, 0);
	assert_int_equal(scene.n_lines, 0);
}

static void nobody_watches(void **state) {
	static const enum answer script[] = { GOOD, END };

	unsetenv("WATCHDOG_USEC");
	scene.script = script;
	watchdog_start(&scene.watchdog, NULL);
	watchdog_ask(&scene.watchdog);
	uv_run(&scene.loop, UV_RUN_DEFAULT);
	assert_int_equal(scene.n_asked, 0);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void) {
	const struct CMUnitTest tests[] = {
		SCENE(silence_is_survived),
		SCENE(refusals_are_survived),
		SCENE(refusals_alone_are_not),
		SCENE(who_is_stopped_says_nothing),
		SCENE(nobody_watches),
	};

	unsetenv("WATCHDOG_PID");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
