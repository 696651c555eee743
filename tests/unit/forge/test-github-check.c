#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/github_scene.h"

#define N_CHECKS 1000
#define ALL                                                                                        \
	{ "POST /graphql", 200, SCENE_QUERY, NULL, 0, 0 }

struct fixture {
	struct scene scene;
	struct forge_check *checks; /* N_CHECKS */
	int *statuses;
	int n_done;
};

static struct fixture *current;

static int set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->checks = calloc(N_CHECKS, sizeof(*f->checks));
	f->statuses = calloc(N_CHECKS, sizeof(*f->statuses));
	assert_true(f->checks != NULL && f->statuses != NULL);
	scene_open(&f->scene, "a-token");
	current = f;
	*state = f;
	return 0;
}

static int tear_down(void **state) {
	struct fixture *f = *state;

	scene_close(&f->scene);
	free(f->checks);
	free(f->statuses);
	free(f);
	return 0;
}

static void start(struct fixture *f, struct scene_reply *replies, size_t n) {
	for (size_t i = 0; i < n; i++) {
		replies[i].n_used = 0;
	}
	scene_set(&f->scene, replies, n);
	scene_start(&f->scene);
}

static void check_done(struct forge_check *check, int status) {
	current->statuses[check - current->checks] = status;
	current->n_done++;
}

/* By its number, or by its branch. */
static struct forge_check *begin(struct fixture *f, size_t i, int64_t number, const char *branch) {
	struct forge_check *check = &f->checks[i];

	check->project = "acme/web";
	check->head_repository = "";
	check->branch = branch;
	check->commit = "";
	check->pull_request = number;
	check->now_ms = SCENE_NOW;
	assert_int_equal(forge_check(f->scene.forge, check, check_done), 0);
	return check;
}

static const struct verdict *check_one(struct fixture *f, int64_t number, const char *branch) {
	struct forge_check *check = begin(f, 0, number, branch);

	scene_run(&f->scene, &f->n_done, f->n_done + 1);
	assert_int_equal(f->statuses[0], 0);
	return &check->verdict;
}

static bool has(const struct verdict *verdict, enum reason_code code) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (verdict->reasons[i].code == code) {
			return true;
		}
	}
	return false;
}

static size_t count_targets(const struct scene *scene) {
	size_t n = 0;

	for (size_t i = 0; i < scene->n_lines; i++) {
		n += scene->n_targets[i];
	}
	return n;
}

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

/* ---- what one answer does not tell ---- */

static void further_pages_are_read(void **state) {
	static struct scene_reply replies[] = { ALL };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .n_checks = 250 },
		{ .number = 18, .branch = "fix", .n_checks = 1500 } };
	struct fixture *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	assert_int_equal(check_one(f, 17, "fix")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 3);
	/* There is a bound, and what is beyond is never ready. */
	verdict = check_one(f, 18, "fix");
	assert_int_equal(verdict->outcome, VERDICT_UNKNOWN);
	assert_true(has(verdict, REASON_CHECKS_UNREADABLE));
	assert_int_equal(f->scene.n_lines, 3 + LIMIT_GITHUB_CHECKS / LIMIT_GITHUB_PAGE + 1);
}

static void fields_that_are_not_there_are_left_out(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /graphql", 200,
			"{\"errors\":[{\"message\":\"Field 'mergeStateStatus' doesn't exist on type 'PullRequest'\"}]}",
			NULL, 1, 0 },
		ALL,
		{ "GET /repos/acme/web/pulls/17", 404, "{}", NULL, 0, 0 },
	};
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix" } };
	struct fixture *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	assert_int_equal(check_one(f, 17, "fix")->outcome, VERDICT_READY);
	assert_int_equal(scene_count(&f->scene, "POST /graphql"), 2);
	assert_null(strstr(f->scene.peer.request, "mergeStateStatus"));
	(void)check_one(f, 17, "fix");
	assert_int_equal(scene_count(&f->scene, "POST /graphql"), 3);
	assert_null(strstr(f->scene.peer.request, "mergeStateStatus"));
}

static void a_server_that_goes_on_about_a_field_is_given_up(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /graphql", 200,
			"{\"errors\":[{\"message\":\"Field 'mergeStateStatus' doesn't exist on type 'PullRequest'\"}]}",
			NULL, 0, 0 },
	};
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	assert_true(has(check_one(f, 17, "fix"), REASON_UNREACHABLE));
	assert_int_equal(f->scene.n_lines, 2);
}

#define COMMIT "GET /repos/acme/web/commits/" SCENE_HEAD

static void what_graphql_may_not_tell_rest_may(void **state) {
	static struct scene_reply replies[] = {
		ALL,
		{ COMMIT "/status?per_page=100", 200,
			"{\"sha\":\"" SCENE_HEAD "\",\"total_count\":0,\"statuses\":[]}", NULL, 0, 0 },
		{ COMMIT "/check-runs?filter=latest&per_page=100", 403,
			"{\"message\":\"Resource not accessible by personal access token\"}",
			"X-Accepted-GitHub-Permissions: checks=read\r\n", 0, 0 },
		{ "GET /repos/acme/web/actions/runs?head_sha=" SCENE_HEAD "&per_page=100", 403,
			"{}", NULL, 0, 0 },
	};
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .forbidden = true } };
	struct fixture *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	verdict = check_one(f, 17, "fix");
	assert_int_equal(f->scene.n_lines, 4);
	assert_int_not_equal(verdict->outcome, VERDICT_READY);
	assert_true(has(verdict, REASON_CHECKS_UNREADABLE));
	assert_non_null(strstr(verdict->reasons[0].message, "checks=read"));
}

#define RUN(i)                                                                                     \
	"{\"id\":" i ",\"name\":\"unit\",\"head_sha\":\"" SCENE_HEAD                               \
	"\",\"status\":\"completed\",\"conclusion\":\"success\",\"started_at\":\"2025-09-19T01:"   \
	"00:00Z\",\"completed_at\":\"2025-09-19T01:10:00Z\",\"check_suite\":{\"id\":" i            \
	"},\"app\":{\"slug\":\"ci\"}}"

static void rest_has_pages_too(void **state) {
	struct scene_reply replies[] = {
		ALL,
		{ COMMIT "/status", 200,
			"{\"sha\":\"" SCENE_HEAD "\",\"total_count\":0,\"statuses\":[]}", NULL, 0, 0 },
		{ COMMIT "/check-runs", 200, "{\"total_count\":2,\"check_runs\":[" RUN("1") "]}",
			NULL, 0, 0 },
		{ "GET /page2", 200, "{\"total_count\":2,\"check_runs\":[" RUN("2") "]}", NULL, 0, 0 },
		{ "GET /repos/acme/web/actions/runs", 200,
			"{\"total_count\":0,\"workflow_runs\":[]}", NULL, 0, 0 },
	};
	struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .forbidden = true } };
	struct fixture *f = *state;
	char link[128];

	(void)text_format(
		link, sizeof(link), "Link: <%s/page2>; rel=\"next\"\r\n", f->scene.config.api_url);
	replies[2].headers = link;
	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	assert_false(has(check_one(f, 17, "fix"), REASON_CHECKS_UNREADABLE));
	assert_int_equal(scene_count(&f->scene, "GET /page2"), 1);
	assert_int_equal(f->scene.n_lines, 5);
}

static void mergeability_is_waited_for(void **state) {
	static struct scene_reply replies[] = { ALL,
		{ "GET /repos/acme/web/pulls/18", 404, "{}", NULL, 0, 0 } };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix", .n_unknown = 1 },
		{ .number = 18, .branch = "fix", .n_unknown = 99 } };
	struct fixture *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	assert_int_equal(check_one(f, 17, "fix")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 2);
	assert_true(f->scene.times_ms[1] - f->scene.times_ms[0] >= LIMIT_GITHUB_MERGEABLE_FIRST_MS);
	verdict = check_one(f, 18, "fix");
	assert_int_equal(verdict->outcome, VERDICT_PENDING);
	assert_true(has(verdict, REASON_MERGEABILITY_UNKNOWN));
	assert_int_equal(
		scene_count(&f->scene, "POST /graphql"), 2 + 1 + LIMIT_GITHUB_MERGEABLE_TRIES);
	assert_int_equal(scene_count(&f->scene, "GET /repos/acme/web/pulls/18"), 1);
}

/* ---- limits and the credential ---- */

static void a_rate_limit_is_a_verdict(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /graphql", 200,
			"{\"errors\":[{\"type\":\"RATE_LIMITED\",\"message\":\"API rate limit exceeded\"}]}",
			"X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1758245593\r\nX-RateLimit-Resource: graphql\r\n",
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

/* ---- the judge's policy ---- */

static void the_projects_settings_count(void **state) {
	static struct scene_reply replies[] = { ALL };
	static struct scene_pull pulls[] = {
		{ .number = 17, .branch = "fix", .conclusion = "FAILURE" }
	};
	char *ignored[] = { "check *", "ci", NULL }, *required[] = { "deploy*", NULL };
	struct config_checks checks = { .ignored = ignored };
	struct fixture *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].checks = &checks;
	assert_false(has(check_one(f, 17, "fix"), REASON_CHECK_FAILED));
	checks = (struct config_checks){ .required = required };
	assert_true(has(check_one(f, 17, "fix"), REASON_CHECK_MISSING));
}

static void builds_tell_what_else_is_red(void **state) {
	static struct scene_reply replies[] = { ALL };
	static struct scene_pull pulls[] = {
		{ .number = 17, .branch = "fix", .conclusion = "FAILURE" }
	};
	static const struct incident incident = { .id = 5, .revision = 7 };
	static const int64_t active[] = { 5, 6 };
	struct build builds[] = {
		{ .id = 1, .job = "check 0", .step = "s", .incident_id = 6, .at_ms = SCENE_NOW - 9 },
		{ .id = 2, .job = "check 0", .step = "s", .passed = true, .at_ms = SCENE_NOW - 8 },
	};
	struct fixture *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].incident = &incident;
	f->checks[0].active_incidents = active;
	f->checks[0].n_active_incidents = ARRAY_SIZE(active);
	f->checks[0].builds = builds;
	f->checks[0].n_builds = 1;
	verdict = check_one(f, 17, "fix");
	assert_int_equal(verdict->outcome, VERDICT_PENDING);
	assert_true(has(verdict, REASON_RED_ELSEWHERE));
	assert_int_equal(verdict->revision, 7);
	/* It passed since, so it is nobody else's. */
	f->checks[0].n_builds = 2;
	assert_true(has(check_one(f, 17, "fix"), REASON_CHECK_FAILED));
	/* Nor is one's own. */
	builds[0].incident_id = 5;
	f->checks[0].n_builds = 1;
	assert_true(has(check_one(f, 17, "fix"), REASON_CHECK_FAILED));
}

/* On the reported head nothing passed after the report but what CI told us itself. */
static void a_passed_build_proves_the_report_repaired(void **state) {
	static struct scene_reply replies[] = { ALL };
	static const struct report report = { .at_ms = SCENE_NOW - 5 * CLOCK_MINUTE_MS,
		.commit = SCENE_HEAD,
		.job = "unit",
		.step = "make check" };
	struct build builds[] = {
		{ .id = 1,
			.job = "unit",
			.step = "make check",
			.commit = SCENE_HEAD,
			.at_ms = SCENE_NOW - 5 * CLOCK_MINUTE_MS,
			.incident_id = 5 },
		{ .id = 2,
			.job = "unit",
			.step = "make check",
			.commit = SCENE_HEAD,
			.at_ms = SCENE_NOW - CLOCK_MINUTE_MS,
			.passed = true },
		{ .id = 3,
			.job = "unit",
			.step = "make check",
			.commit = SCENE_HEAD,
			.at_ms = SCENE_NOW - 10,
			.incident_id = 5 },
	};
	struct fixture *f = *state;
	enum verdict_outcome without, with, again;

	start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].report = &report;
	f->checks[0].builds = builds;
	f->checks[0].n_builds = 1;
	without = check_one(f, 17, "fix")->outcome;
	f->checks[0].n_builds = 2;
	with = check_one(f, 17, "fix")->outcome;
	f->checks[0].n_builds = 3;
	again = check_one(f, 17, "fix")->outcome;
	assert_int_not_equal(without, VERDICT_READY);
	assert_int_equal(with, VERDICT_READY);
	assert_int_not_equal(again, VERDICT_READY);
}

/* ---- links ---- */

#define OWN 17

static const struct link_row {
	const char *what;
	struct scene_pull own;
	struct scene_pull links[2]; /* the newest is the second */
	enum verdict_outcome outcome;
} link_rows[] = {
	{ "the agent's pull request is judged instead", { .conclusion = "FAILURE" },
		{ { .state = "CLOSED" }, { .number = 21 } }, VERDICT_READY },
	{ "even when it is red", { .conclusion = "TIMED_OUT" },
		{ { .state = "CLOSED" }, { .number = 21, .conclusion = "FAILURE" } },
		VERDICT_NOT_READY },
	{ "the own one is ready", { 0 },
		{ { .state = "CLOSED" }, { .number = 21, .conclusion = "FAILURE" } }, VERDICT_READY },
	{ "the own one is merged", { .state = "MERGED" },
		{ { .state = "CLOSED" }, { .number = 21, .conclusion = "FAILURE" } }, VERDICT_MERGED },
	{ "a closed one is ignored, an older one is open", { .conclusion = "FAILURE" },
		{ { .number = 20 }, { .number = 21, .state = "CLOSED" } }, VERDICT_READY },
	{ "merged ones are ignored", { .conclusion = "FAILURE" },
		{ { .number = 20, .state = "MERGED" }, { .number = 21, .state = "MERGED" } },
		VERDICT_NOT_READY },
	{ "without a pull request it is ignored", { .conclusion = "FAILURE" },
		{ { .state = "CLOSED" }, { .number = 0 } }, VERDICT_NOT_READY },
	{ "nobody knows whether it is open", { .conclusion = "FAILURE" },
		{ { .state = "CLOSED" }, { .number = 21, .error = "BROKEN" } }, VERDICT_UNKNOWN },
	{ "its repository is gone", { .conclusion = "FAILURE" },
		{ { .state = "CLOSED" }, { .number = 21, .error = "NOT_FOUND" } }, VERDICT_NOT_READY },
};

static void links_stand_in(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(link_rows); i++) {
		struct scene_reply replies[] = { ALL };
		struct scene_pull pulls[] = { link_rows[i].own, link_rows[i].links[0],
			link_rows[i].links[1] };
		const struct link links[] = { { .branch = "first", .pull_request = pulls[1].number },
			{ .branch = "second", .pull_request = pulls[2].number } };
		struct fixture *f;
		const struct verdict *verdict;

		assert_int_equal(set_up((void **)&f), 0);
		pulls[0].number = OWN;
		pulls[0].branch = "fix";
		pulls[1].branch = "first";
		pulls[2].branch = "second";
		f->scene.pulls = pulls;
		f->scene.n_pulls = ARRAY_SIZE(pulls);
		f->checks[0].links = links;
		f->checks[0].n_links = ARRAY_SIZE(links);
		start(f, replies, ARRAY_SIZE(replies));
		verdict = check_one(f, OWN, "fix");
		if (verdict->outcome != link_rows[i].outcome) {
			fail_msg("%s: %s", link_rows[i].what,
				verdict_outcome_names[verdict->outcome]);
		}
		assert_int_equal(tear_down((void **)&f), 0);
	}
}

/* ---- Apps ---- */

static void set_key(void) {
	EVP_PKEY *key = EVP_RSA_gen(2048);
	BIO *bio = BIO_new(BIO_s_mem());
	char pem[4096];
	int n;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	n = BIO_read(bio, pem, sizeof(pem) - 1);
	assert_true(n > 0);
	pem[n] = '\0';
	assert_int_equal(setenv("SCENE_KEY", pem, 1), 0);
	BIO_free(bio);
	EVP_PKEY_free(key);
}

/* The App's own checks prove nothing, so it has to be known; its owners do not share queries. */
static void an_apps_own_checks_are_left_out(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /app", 200, "{\"id\":4711,\"slug\":\"ci\"}", NULL, 0, 0 },
		{ "GET /users/ci%5Bbot%5D", 200, "{\"id\":99,\"login\":\"ci[bot]\"}", NULL, 0, 0 },
		{ "GET /repos/", 200, "{\"id\":12}", NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201,
			"{\"token\":\"t\",\"expires_at\":\"2025-09-19T02:28:13Z\"}", NULL, 0, 0 },
		ALL,
	};
	struct fixture *f = *state;

	set_key();
	f->scene.config.app_id = 4711;
	(void)TEXT_SET(f->scene.config.app_key, "env:SCENE_KEY");
	start(f, replies, ARRAY_SIZE(replies));
	/* All of the scripted checks are by the app "ci". */
	assert_true(has(check_one(f, 17, "fix"), REASON_NO_CHECKS_ON_HEAD));
	begin(f, 0, 17, "fix");
	begin(f, 1, 17, "fix");
	f->checks[2] = (struct forge_check){
		.project = "beta/web", .branch = "fix", .pull_request = 1, .now_ms = SCENE_NOW
	};
	assert_int_equal(forge_check(f->scene.forge, &f->checks[2], check_done), 0);
	scene_run(&f->scene, &f->n_done, 4);
	assert_int_equal(scene_count(&f->scene, "POST /graphql"), 3);
}

static void an_app_that_is_not_known_judges_nothing(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /app", 500, "{}", NULL, 0, 0 },
		{ "GET /repos/", 200, "{\"id\":12}", NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201,
			"{\"token\":\"t\",\"expires_at\":\"2025-09-19T02:28:13Z\"}", NULL, 0, 0 },
		ALL,
	};
	struct fixture *f = *state;

	set_key();
	f->scene.config.app_id = 4711;
	(void)TEXT_SET(f->scene.config.app_key, "env:SCENE_KEY");
	start(f, replies, ARRAY_SIZE(replies));
	begin(f, 0, 17, "fix");
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(f->statuses[0], -EAGAIN);
	assert_true(f->checks[0].passing);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(further_pages_are_read),
		TEST(fields_that_are_not_there_are_left_out),
		TEST(a_server_that_goes_on_about_a_field_is_given_up),
		TEST(what_graphql_may_not_tell_rest_may),
		TEST(rest_has_pages_too),
		TEST(mergeability_is_waited_for),
		TEST(a_rate_limit_is_a_verdict),
		TEST(a_refused_token_is_no_verdict),
		TEST(the_projects_settings_count),
		TEST(builds_tell_what_else_is_red),
		TEST(a_passed_build_proves_the_report_repaired),
		cmocka_unit_test(links_stand_in),
		TEST(an_apps_own_checks_are_left_out),
		TEST(an_app_that_is_not_known_judges_nothing),
		TEST(closing_ends_every_check),
		TEST(closing_ends_what_sleeps_and_what_rest_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
