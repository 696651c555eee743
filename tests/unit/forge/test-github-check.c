#include "tests/unit/forge/github_check_scene.h"

/* ---- one ---- */

static void a_green_one_is_ready(void **state) {
	static struct scene_reply replies[] = { ALL };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix" },
		{ .number = 18, .branch = "red", .conclusion = "FAILURE" },
		{ .number = 19, .branch = "old", .state = "MERGED" } };
	struct fixture *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	verdict = check_one(f, 17, "fix");
	assert_int_equal(verdict->outcome, VERDICT_READY);
	assert_string_equal(verdict->head_sha, SCENE_HEAD);
	assert_string_equal(f->scene.bearers[0], "a-token");
	/* By its branch: its pull request is found, and then asked about. */
	assert_int_equal(check_one(f, 0, "fix")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 3);
	/* A branch without one. */
	assert_int_equal(check_one(f, 0, "alone")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 4);
	verdict = check_one(f, 18, "red");
	assert_int_equal(verdict->outcome, VERDICT_NOT_READY);
	assert_true(has(verdict, REASON_CHECK_FAILED));
	assert_int_equal(check_one(f, 19, "old")->outcome, VERDICT_MERGED);
}

static void a_project_needs_an_owner(void **state) {
	static struct scene_reply replies[] = { ALL };
	struct fixture *f = *state;
	struct forge_check *check = &f->checks[0];

	start(f, replies, ARRAY_SIZE(replies));
	*check = (struct forge_check){ .project = "web", .branch = "fix", .now_ms = SCENE_NOW };
	assert_int_equal(forge_check(f->scene.forge, check, check_done), 0);
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(f->statuses[0], -EINVAL);
	assert_false(check->passing);
	assert_non_null(strstr(check->sentence, "OWNER/NAME"));
	assert_int_equal(f->scene.n_lines, 0);
}

/* ---- many ---- */

static void a_thousand_need_few_requests(void **state) {
	static struct scene_reply replies[] = { ALL };
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < N_CHECKS; i++) {
		begin(f, i, (int64_t)i + 1, "fix");
	}
	assert_int_equal(f->n_done, 0); /* never from inside */
	scene_run(&f->scene, &f->n_done, N_CHECKS);
	for (size_t i = 0; i < N_CHECKS; i++) {
		assert_int_equal(f->statuses[i], 0);
		assert_int_equal(f->checks[i].verdict.outcome, VERDICT_READY);
	}
	assert_int_equal(f->scene.n_lines, N_CHECKS / LIMIT_GITHUB_TARGETS);
	assert_int_equal(f->scene.peer.most_open, 1); /* one query at a time */
}

static void few_wait_for_company(void **state) {
	static struct scene_reply replies[] = { ALL };
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	begin(f, 0, 1, "fix");
	begin(f, 1, 2, "fix");
	begin(f, 2, 0, "alone");
	scene_run(&f->scene, &f->n_done, 3);
	assert_int_equal(f->scene.n_lines, 1);
	assert_true(f->scene.times_ms[0] >= SCENE_NOW + LIMIT_GITHUB_WINDOW_MS);
}

static void what_is_too_much_is_halved(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /graphql", 502, "<html>", NULL, 1, 0 },
		{ "POST /graphql", 504, "", NULL, 1, 0 },
		{ "POST /graphql", 200,
			"{\"data\":null,\"errors\":[{\"message\":\"Resource limits for this query exceeded\"}]}",
			NULL, 1, 0 },
		ALL,
	};
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 25; i++) {
		begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_run(&f->scene, &f->n_done, 25);
	for (size_t i = 0; i < 25; i++) {
		assert_int_equal(f->checks[i].verdict.outcome, VERDICT_READY);
	}
	/* 25, 12 and 6 failed; then 3, and more again. */
	assert_int_equal(f->scene.n_targets[3], 3);
	assert_int_equal(f->scene.n_targets[4], 6);
	assert_int_equal(count_targets(&f->scene), 25);
}

static void who_cannot_be_reached_is_not_asked_for_each(void **state) {
	static struct scene_reply replies[] = { { "POST /graphql", 502, "<html>", NULL, 0, 0 } };
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 100; i++) {
		begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_run(&f->scene, &f->n_done, 100);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(f->statuses[i], 0);
		assert_int_equal(f->checks[i].verdict.outcome, VERDICT_UNKNOWN);
		assert_int_equal(f->checks[i].verdict.reasons[0].code, REASON_UNREACHABLE);
		assert_non_null(strstr(f->checks[i].verdict.reasons[0].message, "502"));
	}
	assert_true(f->scene.n_lines <= 7);
}

static void a_connection_that_fails_is_a_verdict(void **state) {
	static struct scene_reply replies[] = { { "POST /graphql", 503, "", NULL, 0, 0 } };
	struct fixture *f = *state;

	(void)TEXT_SET(f->scene.config.graphql_url, "http://127.0.0.1:1/graphql");
	start(f, replies, ARRAY_SIZE(replies));
	assert_int_equal(check_one(f, 1, "fix")->reasons[0].code, REASON_UNREACHABLE);
	assert_int_equal(f->scene.n_lines, 0);
}

static void one_that_breaks_the_query_does_not_take_others_along(void **state) {
	static struct scene_reply replies[] = {
		/* 25, 12, 6 and 3 with it among them, then itself */
		{ "POST /graphql", 502, "", NULL, 5, 0 },
		ALL,
	};
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 25; i++) {
		begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_run(&f->scene, &f->n_done, 25);
	assert_int_equal(f->checks[0].verdict.reasons[0].code, REASON_UNREACHABLE);
	for (size_t i = 1; i < 25; i++) {
		assert_int_equal(f->checks[i].verdict.outcome, VERDICT_READY);
	}
}

static void an_error_of_one_is_its_own(void **state) {
	static struct scene_reply replies[] = { ALL };
	static struct scene_pull pulls[] = { { .number = 2, .branch = "x", .error = "NOT_FOUND" },
		{ .number = 3, .branch = "x", .error = "SOMETHING" } };
	struct fixture *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 4; i++) {
		begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_run(&f->scene, &f->n_done, 4);
	assert_int_equal(f->scene.n_lines, 1);
	assert_int_equal(f->checks[0].verdict.outcome, VERDICT_READY);
	assert_int_equal(f->checks[1].verdict.outcome, VERDICT_UNKNOWN);
	assert_true(has(&f->checks[1].verdict, REASON_CHECKS_UNREADABLE));
	assert_true(has(&f->checks[2].verdict, REASON_UNREACHABLE));
	assert_int_equal(f->checks[3].verdict.outcome, VERDICT_READY);
}

/* ---- limits and the credential ---- */

static void a_rate_limit_is_a_verdict(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /graphql", 200,
			"{\"errors\":[{\"type\":\"RATE_LIMITED\",\"message\":\"API rate limit exceeded\"}]}",
			"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1758245593\r\n"
			"X-RateLimit-Resource: graphql\r\n",
			0, 0 },
	};
	struct fixture *f = *state;
	char why[LIMIT_SENTENCE_MAX];

	start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 100; i++) {
		begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_run(&f->scene, &f->n_done, 100);
	assert_int_equal(f->scene.n_lines, 1);
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(f->statuses[i], 0);
		assert_int_equal(f->checks[i].verdict.reasons[0].code, REASON_RATE_LIMITED);
		assert_non_null(
			strstr(f->checks[i].verdict.reasons[0].message, "2025-09-19T01:33:13"));
	}
	assert_true(forge_open_ms(f->scene.forge, false, f->scene.now_ms, why) == 1758245593000);
	assert_true(f->scene.n_changed > 0);
}

static void a_refused_token_is_no_verdict(void **state) {
	static struct scene_reply replies[] = { { "POST /graphql", 401,
		"{\"message\":\"Bad credentials\"}", NULL, 0, 0 } };
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 50; i++) {
		begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_run(&f->scene, &f->n_done, 50);
	assert_int_equal(f->scene.n_lines, 1);
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(f->statuses[i], -EAGAIN);
		assert_true(f->checks[i].passing);
		assert_non_null(strstr(f->checks[i].sentence, "401"));
	}
}

/* ---- the end ---- */

static void closing_ends_every_check(void **state) {
	static struct scene_reply replies[] = { ALL, ALL,
		{ "POST /graphql", SCENE_SILENT, NULL, NULL, 0, 0 } };
	static struct scene_pull pulls[] = { { .number = 1, .branch = "fix", .n_unknown = 99 } };
	struct fixture *f = *state;

	replies[0].times = 1;
	replies[1].what = "never";
	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	begin(f, 0, 1, "fix"); /* sleeps, then is asked about again, without an answer */
	scene_run_requests(&f->scene, 2);
	for (size_t i = 1; i < 60; i++) { /* gathered */
		begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_close_forge(&f->scene);
	assert_int_equal(f->n_done, 60);
	for (size_t i = 0; i < 60; i++) {
		assert_int_equal(f->statuses[i], -ECANCELED);
	}
}

static void closing_ends_what_sleeps_and_what_rest_is_asked(void **state) {
	static struct scene_reply replies[] = { ALL,
		{ COMMIT "/status", SCENE_SILENT, NULL, NULL, 0, 0 } };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .forbidden = true } };
	struct fixture *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	begin(f, 0, 17, "fix");
	scene_run_requests(&f->scene, 2);
	scene_close_forge(&f->scene);
	assert_int_equal(f->n_done, 1);
	assert_int_equal(f->statuses[0], -ECANCELED);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_green_one_is_ready),
		TEST(a_project_needs_an_owner),
		TEST(a_thousand_need_few_requests),
		TEST(few_wait_for_company),
		TEST(what_is_too_much_is_halved),
		TEST(who_cannot_be_reached_is_not_asked_for_each),
		TEST(a_connection_that_fails_is_a_verdict),
		TEST(one_that_breaks_the_query_does_not_take_others_along),
		TEST(an_error_of_one_is_its_own),
		TEST(a_rate_limit_is_a_verdict),
		TEST(a_refused_token_is_no_verdict),
		TEST(closing_ends_every_check),
		TEST(closing_ends_what_sleeps_and_what_rest_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
