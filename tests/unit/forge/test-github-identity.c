#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/forge/github_scene.h"

struct fixture {
	struct scene scene;
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
	free(f);
	return 0;
}

static void set_token(struct fixture *f, const char *token) {
	assert_int_equal(setenv("SCENE_TOKEN", token, 1), 0);
	assert_int_equal(forge_configure(f->scene.forge, &f->scene.config), 0);
}

struct waiter {
	struct github_wait wait;
	int *n_done;
	int status;
};

static void wait_done(struct github_wait *wait, int status) {
	struct waiter *waiter = container_of(wait, struct waiter, wait);

	waiter->status = status;
	(*waiter->n_done)++;
}

static void identify(struct fixture *f, struct waiter *waiter) {
	waiter->n_done = &f->n_done;
	assert_int_equal(
		github_identify(scene_github(&f->scene), "acme/web", &waiter->wait, wait_done), 0);
}

static void who_we_are_is_asked_once(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /user", 200, "{\"id\":42,\"login\":\"ann\",\"type\":\"User\"}", NULL, 1, 0 },
		{ "GET /user", 200, "{\"id\":43,\"login\":\"robo[bot]\",\"type\":\"Bot\"}", NULL, 0,
			0 },
	};
	struct fixture *f = *state;
	struct waiter waiters[4];
	struct github *github;

	replies[0].n_used = 0;
	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	github = scene_github(&f->scene);
	identify(f, &waiters[0]);
	identify(f, &waiters[1]);
	identify(f, &waiters[2]);
	github_wait_cancel(&waiters[1].wait);
	github_wait_cancel(&waiters[1].wait);
	assert_int_equal(f->n_done, 0);
	scene_run(&f->scene, &f->n_done, 3);
	github_wait_cancel(&waiters[0].wait); /* harmless */
	assert_int_equal(waiters[0].status, 0);
	assert_int_equal(waiters[1].status, -ECANCELED);
	assert_int_equal(waiters[2].status, 0);
	assert_int_equal(github->identity.user_id, 42);
	assert_false(github->is_bot);
	identify(f, &waiters[3]);
	scene_run(&f->scene, &f->n_done, 4);
	assert_int_equal(f->scene.n_lines, 1);
	/* Another token is somebody else's. */
	set_token(f, "second-token");
	assert_int_equal(github->identity.user_id, 0);
	identify(f, &waiters[3]);
	scene_run(&f->scene, &f->n_done, 5);
	assert_int_equal(github->identity.user_id, 43);
	assert_true(github->is_bot);
}

static void a_token_that_cannot_say_who_it_is(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /user", 403, "{\"message\":\"Resource not accessible by integration\"}",
			NULL, 1, 0 },
		{ "GET /user", 500, "{}", NULL, 1, 0 },
		{ "GET /user", 200, "[]", NULL, 1, 0 },
		{ "GET /user", SCENE_SILENT, NULL, NULL, 0, 0 },
	};
	struct fixture *f = *state;
	struct waiter waiter;

	for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
		replies[i].n_used = 0;
	}
	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	identify(f, &waiter);
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(waiter.status, -EACCES);
	assert_false(waiter.wait.passing);
	assert_non_null(strstr(waiter.wait.sentence, "app-id"));
	identify(f, &waiter);
	scene_run(&f->scene, &f->n_done, 2);
	assert_true(waiter.status < 0);
	assert_true(waiter.wait.passing);
	identify(f, &waiter);
	scene_run(&f->scene, &f->n_done, 3);
	assert_int_equal(waiter.status, -EACCES);
	assert_non_null(strstr(waiter.wait.sentence, "does not say"));
	identify(f, &waiter);
	scene_run_requests(&f->scene, 4);
	scene_close_forge(&f->scene);
	assert_int_equal(f->n_done, 4);
	assert_int_equal(waiter.status, -ECANCELED);
}

/* One that is only read from is not asked who we are again. */
static void status_tells_for_how_long_it_is_elsewhere(void **state) {
	struct fixture *f = *state;
	json_t *status;

	scene_start(&f->scene);
	scene_github(&f->scene)->elsewhere_until_ms = f->scene.now_ms + LIMIT_FORGE_DOWN_MAX_MS;
	status = forge_status(f->scene.forge, f->scene.now_ms);
	assert_true(json_is_false(json_object_get(status, "reachable")));
	json_decref(status);
	status = forge_status(f->scene.forge, f->scene.now_ms + LIMIT_FORGE_DOWN_MAX_MS);
	assert_null(json_object_get(status, "reachable"));
	json_decref(status);
}

static void names_are_encoded(void **state) {
	static const struct {
		const char *project;
		const char *path;
	} rows[] = {
		{ "acme/web", "/repos/acme/web" },
		{ "a b/c?d#e", "/repos/a%20b/c%3Fd%23e" },
		{ "acme/../x", "/repos/acme/..%2Fx" },
		{ "acme/\xc3\xbc", "/repos/acme/%C3%BC" },
	};
	char out[GITHUB_PATH_MAX], small[6];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_string_equal(github_repo_path(rows[i].project, out), rows[i].path);
	}
	assert_true(github_encode("a c", small, sizeof(small)));
	assert_false(github_encode("ab c", small, sizeof(small)));
	assert_string_equal(small, "ab%20");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(who_we_are_is_asked_once),
		TEST(a_token_that_cannot_say_who_it_is),
		TEST(status_tells_for_how_long_it_is_elsewhere),
		cmocka_unit_test(names_are_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
