/* What becomes of writes that wait behind another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "common/clock.h"
#include "tests/unit/forge/github_scene.h"

enum { N_WRITES = 3 };

struct fixture {
	struct scene scene;
	struct github_call calls[N_WRITES];
	int statuses[N_WRITES];
	int n_done;
};

static int set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	scene_open(&f->scene, "first-token");
	*state = f;
	return 0;
}

static int tear_down(void **state) {
	struct fixture *f = *state;

	scene_close(&f->scene);
	for (size_t i = 0; i < N_WRITES; i++) {
		github_call_finish(&f->calls[i]);
	}
	free(f);
	return 0;
}

static void call_done(struct github_call *call, int status) {
	struct fixture *f = call->user;

	f->statuses[call - f->calls] = status;
	f->n_done++;
}

static void write_to(struct fixture *f, size_t i, const char *path) {
	const struct github_ask ask = { .kind = GITHUB_CALL_WRITE,
		.project = "acme/web",
		.method = "POST",
		.path = path,
		.body = "{}",
		.subject = "a comment" };

	f->calls[i].user = f;
	assert_int_equal(github_send(scene_github(&f->scene), &f->calls[i], &ask, call_done), 0);
}

static void assert_given_back(const struct fixture *f, size_t i, enum budget_meaning meaning) {
	assert_int_equal(f->statuses[i], -EAGAIN);
	assert_int_equal(f->calls[i].meaning, meaning);
	assert_true(f->calls[i].passing);
	assert_false(f->calls[i].doubtful);
	assert_true(f->calls[i].sentence[0] != '\0');
}

static void nobody_waits_behind_silence(void **state) {
	static struct scene_reply replies[] = { { "POST /silent", SCENE_SILENT, NULL, NULL, 0, 0 },
		{ "POST /w", 201, "{}", NULL, 0, 0 } };
	struct fixture *f = *state;

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	f->scene.patience_ms = 50;
	write_to(f, 0, "/silent");
	write_to(f, 1, "/w");
	write_to(f, 2, "/w");
	scene_run(&f->scene, &f->n_done, N_WRITES);
	assert_int_equal(f->statuses[0], -ETIMEDOUT);
	assert_true(f->calls[0].doubtful);
	for (size_t i = 1; i < N_WRITES; i++) { /* as unreachable: when to ask again nobody told */
		assert_given_back(f, i, BUDGET_NO_ANSWER);
		assert_int_equal(f->calls[i].retry_ms, 0);
	}
	assert_int_equal(f->scene.n_lines, 1);
	f->scene.patience_ms = 0;
	write_to(f, 1, "/w");
	scene_run(&f->scene, &f->n_done, N_WRITES + 1);
	assert_int_equal(f->statuses[1], 0);
	assert_int_equal(f->calls[1].meaning, BUDGET_OK);
}

/* By elapsed time, whatever becomes of the clock. */
static void what_waited_too_long_is_given_back(void **state) {
	static struct scene_reply replies[] = { { "POST /w", 201, "{}", NULL, 0, 0 } };
	struct fixture *f = *state;

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	for (size_t i = 0; i < N_WRITES; i++) {
		write_to(f, i, "/w");
	}
	f->calls[1].queued_us -= (LIMIT_GITHUB_WAIT_MS + 1) * 1000;
	f->scene.now_ms += CLOCK_DAY_MS;
	scene_run(&f->scene, &f->n_done, N_WRITES);
	assert_given_back(f, 1, BUDGET_LIMITED);
	assert_true(f->calls[1].retry_ms != 0);
	assert_int_equal(f->calls[0].meaning, BUDGET_OK);
	assert_int_equal(f->calls[2].meaning, BUDGET_OK);
	assert_int_equal(f->scene.n_lines, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(nobody_waits_behind_silence),
		TEST(what_waited_too_long_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
