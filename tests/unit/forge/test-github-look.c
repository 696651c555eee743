#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/check_scene.h"

static size_t count_targets(const struct scene *scene) {
	size_t n = 0;

	for (size_t i = 0; i < scene->n_lines; i++) {
		n += scene->n_targets[i];
	}
	return n;
}

/* ---- many ---- */

static void a_thousand_need_few_requests(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	struct checks *f = *state;

	checks_start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < CHECKS_MAX; i++) {
		checks_begin(f, i, (int64_t)i + 1, "fix");
	}
	assert_int_equal(f->n_done, 0); /* never from inside */
	scene_run(&f->scene, &f->n_done, CHECKS_MAX);
	for (size_t i = 0; i < CHECKS_MAX; i++) {
		assert_int_equal(f->statuses[i], 0);
		assert_int_equal(f->checks[i].verdict.outcome, VERDICT_READY);
	}
	assert_int_equal(f->scene.n_lines, CHECKS_MAX / LIMIT_GITHUB_TARGETS);
	assert_int_equal(f->scene.peer.most_open, 1); /* one query at a time */
}

static void few_wait_for_company(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	struct checks *f = *state;

	checks_start(f, replies, ARRAY_SIZE(replies));
	checks_begin(f, 0, 1, "fix");
	checks_begin(f, 1, 2, "fix");
	checks_begin(f, 2, 0, "alone");
	scene_run(&f->scene, &f->n_done, 3);
	assert_int_equal(f->scene.n_lines, 1);
	assert_true(f->scene.times_ms[0] >= SCENE_NOW + LIMIT_GITHUB_WINDOW_MS);
}

/* The parser takes no half of a surrogate pair: whose text that is, the others must not suffer from. */
static void what_cannot_be_parsed_is_halved(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /graphql", 200, "{\"data\":{\"t0\":\"\\ud800\"}}", NULL, 2, 0 }, CHECK_QUERIES
	};
	struct checks *f = *state;

	checks_start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 4; i++) {
		checks_begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_run(&f->scene, &f->n_done, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(f->checks[i].verdict.outcome, VERDICT_READY);
	}
	assert_int_equal(f->scene.n_targets[2], 1); /* of four, of two, then of one */
}

static void what_is_too_much_is_halved(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /graphql", 502, "<html>", NULL, 1, 0 },
		{ "POST /graphql", 504, "", NULL, 1, 0 },
		{ "POST /graphql", 200,
			"{\"data\":null,\"errors\":[{\"message\":\"Resource limits for this query exceeded\"}]}",
			NULL, 1, 0 },
		CHECK_QUERIES,
	};
	struct checks *f = *state;

	checks_start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 25; i++) {
		checks_begin(f, i, (int64_t)i + 1, "fix");
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
	struct checks *f = *state;

	checks_start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 100; i++) {
		checks_begin(f, i, (int64_t)i + 1, "fix");
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
	struct checks *f = *state;

	(void)TEXT_SET(f->scene.config.graphql_url, "http://127.0.0.1:1/graphql");
	checks_start(f, replies, ARRAY_SIZE(replies));
	assert_int_equal(checks_one(f, 1, "fix")->reasons[0].code, REASON_UNREACHABLE);
	assert_int_equal(f->scene.n_lines, 0);
}

static void one_that_breaks_the_query_does_not_take_others_along(void **state) {
	static struct scene_reply replies[] = {
		/* 25, 12, 6 and 3 with it among them, then itself */
		{ "POST /graphql", 502, "", NULL, 5, 0 },
		CHECK_QUERIES,
	};
	struct checks *f = *state;

	checks_start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 25; i++) {
		checks_begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_run(&f->scene, &f->n_done, 25);
	assert_int_equal(f->checks[0].verdict.reasons[0].code, REASON_UNREACHABLE);
	for (size_t i = 1; i < 25; i++) {
		assert_int_equal(f->checks[i].verdict.outcome, VERDICT_READY);
	}
}

static void an_error_of_one_is_its_own(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static struct scene_pull pulls[] = { { .number = 2, .branch = "x", .error = "NOT_FOUND" },
		{ .number = 3, .branch = "x", .error = "SOMETHING" } };
	struct checks *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 4; i++) {
		checks_begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_run(&f->scene, &f->n_done, 4);
	assert_int_equal(f->scene.n_lines, 1);
	assert_int_equal(f->checks[0].verdict.outcome, VERDICT_READY);
	assert_int_equal(f->checks[1].verdict.outcome, VERDICT_UNKNOWN);
	assert_true(checks_has(&f->checks[1].verdict, REASON_CHECKS_UNREADABLE));
	assert_true(checks_has(&f->checks[2].verdict, REASON_UNREACHABLE));
	assert_int_equal(f->checks[3].verdict.outcome, VERDICT_READY);
}

/* ---- what one answer does not tell ---- */

static void further_pages_are_read(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .n_checks = 250 },
		{ .number = 18, .branch = "fix", .n_checks = 1500 } };
	struct checks *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	assert_int_equal(checks_one(f, 17, "fix")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 3);
	/* There is a bound, and what is beyond is never ready. */
	verdict = checks_one(f, 18, "fix");
	assert_int_equal(verdict->outcome, VERDICT_UNKNOWN);
	assert_true(checks_has(verdict, REASON_CHECKS_UNREADABLE));
	assert_int_equal(f->scene.n_lines, 3 + LIMIT_GITHUB_CHECKS / LIMIT_GITHUB_PAGE + 1);
}

/* Pages of two commits make no verdict. */
static void a_push_between_pages_begins_anew(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	struct scene_pull pulls[] = { { .number = 17,
		.branch = "fix",
		.n_checks = 150,
		.first_head = "2222222222222222222222222222222222222222" } };
	struct checks *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	verdict = checks_one(f, 17, "fix");
	assert_int_equal(verdict->outcome, VERDICT_READY);
	assert_string_equal(verdict->head_sha, SCENE_HEAD);
	assert_int_equal(f->scene.n_lines, 4);
}

static void fields_that_are_not_there_are_left_out(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /graphql", 200,
			"{\"errors\":[{\"message\":\"Field 'mergeStateStatus' doesn't exist on type 'PullRequest'\"}]}",
			NULL, 1, 0 },
		CHECK_QUERIES,
		{ "GET /repos/acme/web/pulls/17", 404, "{}", NULL, 0, 0 },
	};
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix" } };
	struct checks *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	assert_int_equal(checks_one(f, 17, "fix")->outcome, VERDICT_READY);
	assert_int_equal(scene_count(&f->scene, "POST /graphql"), 2);
	assert_null(strstr(f->scene.peer.request, "mergeStateStatus"));
	(void)checks_one(f, 17, "fix");
	assert_int_equal(scene_count(&f->scene, "POST /graphql"), 3);
	assert_null(strstr(f->scene.peer.request, "mergeStateStatus"));
}

static void a_server_that_goes_on_about_a_field_is_given_up(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /graphql", 200,
			"{\"errors\":[{\"message\":\"Field 'mergeStateStatus' doesn't exist on type 'PullRequest'\"}]}",
			NULL, 0, 0 },
	};
	struct checks *f = *state;

	checks_start(f, replies, ARRAY_SIZE(replies));
	assert_true(checks_has(checks_one(f, 17, "fix"), REASON_UNREACHABLE));
	assert_int_equal(f->scene.n_lines, 2);
}

#define COMMIT "GET /repos/acme/web/commits/" SCENE_HEAD

static void what_graphql_may_not_tell_rest_may(void **state) {
	static struct scene_reply replies[] = {
		CHECK_QUERIES,
		{ COMMIT "/status?per_page=100", 200,
			"{\"sha\":\"" SCENE_HEAD "\",\"total_count\":0,\"statuses\":[]}", NULL, 0, 0 },
		{ COMMIT "/check-runs?filter=latest&per_page=100", 403,
			"{\"message\":\"Resource not accessible by personal access token\"}",
			"X-Accepted-GitHub-Permissions: checks=read\r\n", 0, 0 },
		{ "GET /repos/acme/web/actions/runs?head_sha=" SCENE_HEAD "&per_page=100", 403,
			"{}", NULL, 0, 0 },
	};
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .forbidden = true } };
	struct checks *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	verdict = checks_one(f, 17, "fix");
	assert_int_equal(f->scene.n_lines, 4);
	assert_int_not_equal(verdict->outcome, VERDICT_READY);
	assert_true(checks_has(verdict, REASON_CHECKS_UNREADABLE));
	assert_non_null(strstr(verdict->reasons[0].message, "checks=read"));
}

#define RUN(i)                                                                                     \
	"{\"id\":" i ",\"name\":\"unit\",\"head_sha\":\"" SCENE_HEAD                               \
	"\",\"status\":\"completed\",\"conclusion\":\"success\",\"started_at\":\"2025-09-19T01:"   \
	"00:00Z\",\"completed_at\":\"2025-09-19T01:10:00Z\",\"check_suite\":{\"id\":" i            \
	"},\"app\":{\"slug\":\"ci\"}}"

struct looking {
	struct github_look look;
	int status;
	int n_done;
};

static void look_done(struct github_look *look, int status) {
	struct looking *looking = container_of(look, struct looking, look);

	looking->status = status;
	looking->n_done++;
}

/* When the answer to such a request is there, and nobody heard of it yet. */
static void run_until_answered(struct scene *scene, const char *what, size_t n) {
	while (scene_count(scene, what) < n || list_is_empty(&scene_github(scene)->ended)) {
		assert_int_not_equal(uv_run(&scene->loop, UV_RUN_ONCE), 0);
	}
}

static void rest_has_pages_too(void **state) {
	struct scene_reply replies[] = {
		CHECK_QUERIES,
		{ COMMIT "/status", 200,
			"{\"sha\":\"" SCENE_HEAD "\",\"total_count\":0,\"statuses\":[]}", NULL, 0, 0 },
		{ COMMIT "/check-runs", 200, "{\"total_count\":2,\"check_runs\":[" RUN("1") "]}",
			NULL, 0, 0 },
		{ "GET /page2", 200, "{\"total_count\":2,\"check_runs\":[" RUN("2") "]}", NULL, 0, 0 },
		{ "GET /repos/acme/web/actions/runs", 200,
			"{\"total_count\":0,\"workflow_runs\":[]}", NULL, 0, 0 },
	};
	struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .forbidden = true } };
	struct checks *f = *state;
	struct looking looking = { .look = { .project = "acme/web",
					   .head_repository = "",
					   .branch = "fix",
					   .pull_request = 17 } };
	char link[128];

	(void)text_format(
		link, sizeof(link), "Link: <%s/page2>; rel=\"next\"\r\n", f->scene.config.api_url);
	replies[2].headers = link;
	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	assert_false(checks_has(checks_one(f, 17, "fix"), REASON_CHECKS_UNREADABLE));
	assert_int_equal(scene_count(&f->scene, "GET /page2"), 1);
	assert_int_equal(f->scene.n_lines, 5);
	/* Nobody wants the second one any more. */
	assert_int_equal(github_look(scene_github(&f->scene), &looking.look, look_done), 0);
	run_until_answered(&f->scene, COMMIT "/check-runs", 2);
	github_look_cancel(&looking.look);
	scene_run(&f->scene, &looking.n_done, 1);
	assert_int_equal(looking.status, -ECANCELED);
	assert_int_equal(scene_count(&f->scene, "GET /page2"), 1);
	github_look_finish(&looking.look);
}

static void mergeability_is_waited_for(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES,
		{ "GET /repos/acme/web/pulls/18", 404, "{}", NULL, 0, 0 } };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .n_unknown = 1 },
		{ .number = 18, .branch = "fix", .n_unknown = 99 } };
	struct checks *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	assert_int_equal(checks_one(f, 17, "fix")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 2);
	assert_true(f->scene.times_ms[1] - f->scene.times_ms[0] >= LIMIT_GITHUB_MERGEABLE_FIRST_MS);
	verdict = checks_one(f, 18, "fix");
	assert_int_equal(verdict->outcome, VERDICT_PENDING);
	assert_true(checks_has(verdict, REASON_MERGEABILITY_UNKNOWN));
	assert_int_equal(
		scene_count(&f->scene, "POST /graphql"), 2 + 1 + LIMIT_GITHUB_MERGEABLE_TRIES);
	assert_int_equal(scene_count(&f->scene, "GET /repos/acme/web/pulls/18"), 1);
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
	struct checks *f = *state;
	char why[LIMIT_SENTENCE_MAX];

	checks_start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 100; i++) {
		checks_begin(f, i, (int64_t)i + 1, "fix");
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
	struct checks *f = *state;

	checks_start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < 50; i++) {
		checks_begin(f, i, (int64_t)i + 1, "fix");
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
	static struct scene_reply replies[] = { CHECK_QUERIES, CHECK_QUERIES,
		{ "POST /graphql", SCENE_SILENT, NULL, NULL, 0, 0 } };
	static struct scene_pull pulls[] = { { .number = 1, .branch = "fix", .n_unknown = 99 } };
	struct checks *f = *state;

	replies[0].times = 1;
	replies[1].what = "never";
	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	checks_begin(f, 0, 1, "fix"); /* sleeps, then is asked about again, without an answer */
	scene_run_requests(&f->scene, 2);
	for (size_t i = 1; i < 60; i++) { /* gathered */
		checks_begin(f, i, (int64_t)i + 1, "fix");
	}
	scene_close_forge(&f->scene);
	assert_int_equal(f->n_done, 60);
	for (size_t i = 0; i < 60; i++) {
		assert_int_equal(f->statuses[i], -ECANCELED);
	}
}

static void closing_ends_what_sleeps_and_what_rest_is_asked(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES,
		{ COMMIT "/status", SCENE_SILENT, NULL, NULL, 0, 0 } };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .forbidden = true } };
	struct checks *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	checks_begin(f, 0, 17, "fix");
	scene_run_requests(&f->scene, 2);
	scene_close_forge(&f->scene);
	assert_int_equal(f->n_done, 1);
	assert_int_equal(f->statuses[0], -ECANCELED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, checks_set_up, checks_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_thousand_need_few_requests),
		TEST(few_wait_for_company),
		TEST(what_cannot_be_parsed_is_halved),
		TEST(what_is_too_much_is_halved),
		TEST(who_cannot_be_reached_is_not_asked_for_each),
		TEST(a_connection_that_fails_is_a_verdict),
		TEST(one_that_breaks_the_query_does_not_take_others_along),
		TEST(an_error_of_one_is_its_own),
		TEST(further_pages_are_read),
		TEST(a_push_between_pages_begins_anew),
		TEST(fields_that_are_not_there_are_left_out),
		TEST(a_server_that_goes_on_about_a_field_is_given_up),
		TEST(what_graphql_may_not_tell_rest_may),
		TEST(rest_has_pages_too),
		TEST(mergeability_is_waited_for),
		TEST(a_rate_limit_is_a_verdict),
		TEST(a_refused_token_is_no_verdict),
		TEST(closing_ends_every_check),
		TEST(closing_ends_what_sleeps_and_what_rest_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
