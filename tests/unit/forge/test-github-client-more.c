#include "tests/unit/forge/github_client_scene.h"

/* ---- moved ---- */

static void a_renamed_repository_is_followed(void **state) {
	struct scene_reply replies[] = {
		{ "GET /old", 301, "{}", NULL, 0, 0 },
		{ "GET /new", 200, "{\"n\":1}", NULL, 0, 0 },
		{ "GET /round", 302, "{}", NULL, 0, 0 },
		{ "GET /away", 301, "{}", "Location: http://localhost:1/new\r\n", 0, 0 },
		{ "POST /old", 307, "{}", NULL, 0, 0 },
		{ "POST /new", 201, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;
	struct github_call *call;
	char to_new[128], round[128];

	(void)text_format(to_new, sizeof(to_new), "Location: %s/new\r\n", f->scene.config.api_url);
	(void)text_format(round, sizeof(round), "Location: %s/round\r\n", f->scene.config.api_url);
	replies[0].headers = to_new;
	replies[2].headers = round;
	replies[4].headers = to_new;
	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	call = read_once(f, 0, "/old");
	assert_int_equal(call->meaning, BUDGET_OK);
	assert_string_equal(call->http.answer.data, "{\"n\":1}");
	assert_string_equal(f->scene.bearers[1], "first-token");
	call = read_once(f, 0, "/round");
	assert_int_equal(call->meaning, BUDGET_MOVED);
	assert_int_equal(scene_count(&f->scene, "GET /round"), 1 + LIMIT_GITHUB_REDIRECTS);
	call = read_once(f, 0, "/away");
	assert_int_equal(call->meaning, BUDGET_MOVED);
	call = write_once(f, 0, "/old");
	assert_int_equal(call->meaning, BUDGET_OK);
	assert_false(call->doubtful);
	assert_non_null(strstr(f->scene.peer.request, "{\"body\":\"b\"}"));
	assert_int_equal(scene_count(&f->scene, "POST /new"), 1);
}

static void pages_are_found(void **state) {
	static const struct {
		const char *format; /* of the header; "%s" is the API's URL */
		const char *path;
	} rows[] = {
		{ "Link: <%s/repositories/1/issues?page=2>; rel=\"next\", <%s/x?page=9>; rel=\"last\"\r\n",
			"/repositories/1/issues?page=2" },
		{ "Link: <%s/x?page=1>; rel=\"prev\", <%s/x?page=3>; rel=\"next\"\r\n", "/x?page=3" },
		{ "Link: <%s/x?page=1>; rel=\"prev\", <%s/x?page=1>; rel=\"first\"\r\n", "" },
		{ "Link: <https://elsewhere.example/x?page=2>; rel=\"next\"\r\nX-A: %s%s\r\n", "" },
		{ "Link: <%s/x\r\nX-A: %s\r\n", "" },
		{ "X-A: %s%s\r\n", "" },
	};
	struct fixture *f = *state;
	char headers[512], out[LIMIT_URL_MAX];
	struct scene_reply reply = { "GET /r", 200, "[]", headers, 0, 0 };

	scene_set(&f->scene, &reply, 1);
	scene_start(&f->scene);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct buffer text;
		const char *at = rows[i].format, *mark;

		buffer_init(&text, sizeof(headers));
		while ((mark = strstr(at, "%s")) != NULL) {
			assert_int_equal(buffer_append(&text, at, (size_t)(mark - at)), 0);
			assert_int_equal(buffer_append_str(&text, f->scene.config.api_url), 0);
			at = mark + 2;
		}
		assert_int_equal(buffer_append_str(&text, at), 0);
		(void)TEXT_SET(headers, text.data);
		buffer_finish(&text);
		assert_string_equal(github_next_page(read_once(f, 0, "/r"), out), rows[i].path);
	}
}

/* ---- who we are ---- */

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
		{ "GET /user", 403, WORDS("Resource not accessible by integration"), NULL, 1, 0 },
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

/* ---- settings ---- */

/* What waits goes to where the new settings say, with what belongs there. */
static void a_token_never_goes_to_the_server_before(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /short", 429, "{}", RESET_IN_30_S, 0, 0 },
		{ "GET /api/r", 200, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	(void)read_once(f, 0, "/short");
	send_to(f, 1, GITHUB_CALL_READ, "GET", "/r");
	(void)text_format(f->scene.config.api_url, sizeof(f->scene.config.api_url),
		"http://127.0.0.1:%d/api", f->scene.peer.port);
	set_token(f, "second-token");
	scene_run(&f->scene, &f->exchanges[1].n_done, 1);
	assert_string_equal(f->scene.lines[1], "GET /api/r");
	assert_string_equal(f->scene.bearers[1], "second-token");
}

static void what_is_cancelled_ends(void **state) {
	static struct scene_reply replies[] = { { "POST /w", SCENE_SILENT, NULL, NULL, 0, 0 } };
	struct fixture *f = *state;

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	send_to(f, 0, GITHUB_CALL_WRITE, "POST", "/w");
	send_to(f, 1, GITHUB_CALL_WRITE, "POST", "/w");
	github_cancel(&f->exchanges[1].call);
	github_cancel(&f->exchanges[1].call);
	assert_int_equal(f->n_done, 0);
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(f->exchanges[1].status, -ECANCELED);
	assert_false(f->exchanges[1].call.doubtful);
	scene_run_requests(&f->scene, 1);
	github_cancel(&f->exchanges[0].call);
	scene_run(&f->scene, &f->n_done, 2);
	assert_int_equal(f->exchanges[0].status, -ECANCELED);
	assert_true(f->exchanges[0].call.doubtful);
	github_cancel(&f->exchanges[0].call);
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
	assert_true(github_encode("ab c", small, 7));
	assert_false(github_encode("ab c", small, sizeof(small)));
	assert_string_equal(small, "ab%20");
}

static void status_tells_what_is_left(void **state) {
	static struct scene_reply replies[] = { { "GET /r", 200, "{}",
		"X-RateLimit-Limit: 5000\r\nX-RateLimit-Remaining: 4812\r\nX-RateLimit-Reset: 1758245593\r\n",
		0, 0 } };
	struct fixture *f = *state;
	json_t *status;

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	(void)read_once(f, 0, "/r");
	status = forge_status(f->scene.forge, f->scene.now_ms);
	assert_non_null(strstr(json_string_value(json_object_get(status, "budget")), "4812 of 5000"));
	assert_null(json_object_get(status, "pausedUntil"));
	json_decref(status);
	assert_int_equal(f->scene.n_changed, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_renamed_repository_is_followed),
		TEST(pages_are_found),
		TEST(who_we_are_is_asked_once),
		TEST(a_token_that_cannot_say_who_it_is),
		TEST(a_token_never_goes_to_the_server_before),
		TEST(what_is_cancelled_ends),
		cmocka_unit_test(names_are_encoded),
		TEST(status_tells_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
