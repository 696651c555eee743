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
#include "tests/unit/forge/check_scene.h"

/* ---- one ---- */

static void a_green_one_is_ready(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static struct scene_pull pulls[] = { { .number = 17, .branch = "fix" },
		{ .number = 18, .branch = "red", .conclusion = "FAILURE" },
		{ .number = 19, .branch = "old", .state = "MERGED" } };
	struct checks *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	verdict = checks_one(f, 17, "fix");
	assert_int_equal(verdict->outcome, VERDICT_READY);
	assert_string_equal(verdict->head_sha, SCENE_HEAD);
	assert_string_equal(f->scene.bearers[0], "a-token");
	/* By its branch: its pull request is found, and then asked about. */
	assert_int_equal(checks_one(f, 0, "fix")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 3);
	/* A branch without one. */
	assert_int_equal(checks_one(f, 0, "alone")->outcome, VERDICT_READY);
	assert_int_equal(f->scene.n_lines, 4);
	verdict = checks_one(f, 18, "red");
	assert_int_equal(verdict->outcome, VERDICT_NOT_READY);
	assert_true(checks_has(verdict, REASON_CHECK_FAILED));
	assert_int_equal(checks_one(f, 19, "old")->outcome, VERDICT_MERGED);
}

static void a_project_needs_an_owner(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	struct checks *f = *state;
	struct forge_check *check = &f->checks[0];

	checks_start(f, replies, ARRAY_SIZE(replies));
	*check = (struct forge_check){ .project = "web", .branch = "fix", .now_ms = SCENE_NOW };
	assert_int_equal(forge_check(f->scene.forge, check, checks_done), 0);
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(f->statuses[0], -EINVAL);
	assert_false(check->passing);
	assert_non_null(strstr(check->sentence, "OWNER/NAME"));
	assert_int_equal(f->scene.n_lines, 0);
}

/* ---- the judge's policy ---- */

static void the_projects_settings_count(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static struct scene_pull pulls[] = {
		{ .number = 17, .branch = "fix", .conclusion = "FAILURE" }
	};
	char *ignored[] = { "check *", "ci", NULL }, *required[] = { "deploy*", NULL };
	struct config_checks checks = { .ignored = ignored };
	struct checks *f = *state;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].checks = &checks;
	assert_false(checks_has(checks_one(f, 17, "fix"), REASON_CHECK_FAILED));
	checks = (struct config_checks){ .required = required };
	assert_true(checks_has(checks_one(f, 17, "fix"), REASON_CHECK_MISSING));
}

static void builds_tell_what_else_is_red(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
	static struct scene_pull pulls[] = {
		{ .number = 17, .branch = "fix", .conclusion = "FAILURE" }
	};
	static const struct incident incident = { .id = 5, .revision = 7 };
	static const int64_t active[] = { 5, 6 };
	struct build builds[] = {
		{ .id = 1, .job = "check 0", .step = "s", .incident_id = 6, .at_ms = SCENE_NOW - 9 },
		{ .id = 2, .job = "check 0", .step = "s", .passed = true, .at_ms = SCENE_NOW - 8 },
	};
	struct checks *f = *state;
	const struct verdict *verdict;

	f->scene.pulls = pulls;
	f->scene.n_pulls = ARRAY_SIZE(pulls);
	checks_start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].incident = &incident;
	f->checks[0].active_incidents = active;
	f->checks[0].n_active_incidents = ARRAY_SIZE(active);
	f->checks[0].builds = builds;
	f->checks[0].n_builds = 1;
	verdict = checks_one(f, 17, "fix");
	assert_int_equal(verdict->outcome, VERDICT_PENDING);
	assert_true(checks_has(verdict, REASON_RED_ELSEWHERE));
	assert_int_equal(verdict->revision, 7);
	/* It passed since, so it is nobody else's. */
	f->checks[0].n_builds = 2;
	assert_true(checks_has(checks_one(f, 17, "fix"), REASON_CHECK_FAILED));
	/* Nor is one's own. */
	builds[0].incident_id = 5;
	f->checks[0].n_builds = 1;
	assert_true(checks_has(checks_one(f, 17, "fix"), REASON_CHECK_FAILED));
}

/* On the reported head nothing passed after the report but what CI told us itself. */
static void a_passed_build_proves_the_report_repaired(void **state) {
	static struct scene_reply replies[] = { CHECK_QUERIES };
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
	struct checks *f = *state;
	enum verdict_outcome without, with, again;

	checks_start(f, replies, ARRAY_SIZE(replies));
	f->checks[0].report = &report;
	f->checks[0].builds = builds;
	f->checks[0].n_builds = 1;
	without = checks_one(f, 17, "fix")->outcome;
	f->checks[0].n_builds = 2;
	with = checks_one(f, 17, "fix")->outcome;
	f->checks[0].n_builds = 3;
	again = checks_one(f, 17, "fix")->outcome;
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
	{ "the agent's pull request is ready and waits to be merged", { .conclusion = "FAILURE" },
		{ { .state = "CLOSED" }, { .number = 21 } }, VERDICT_NOT_READY },
	{ "even when it is red", { .conclusion = "TIMED_OUT" },
		{ { .state = "CLOSED" }, { .number = 21, .conclusion = "FAILURE" } },
		VERDICT_NOT_READY },
	{ "the own one is ready", { 0 },
		{ { .state = "CLOSED" }, { .number = 21, .conclusion = "FAILURE" } }, VERDICT_READY },
	{ "the own one is merged", { .state = "MERGED" },
		{ { .state = "CLOSED" }, { .number = 21, .conclusion = "FAILURE" } }, VERDICT_MERGED },
	{ "a closed one is ignored, an older one is open", { .conclusion = "FAILURE" },
		{ { .number = 20, .conclusion = "TIMED_OUT" }, { .number = 21, .state = "CLOSED" } },
		VERDICT_PENDING },
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
		struct scene_reply replies[] = { CHECK_QUERIES };
		struct scene_pull pulls[] = { link_rows[i].own, link_rows[i].links[0],
			link_rows[i].links[1] };
		const struct link links[] = { { .branch = "first", .pull_request = pulls[1].number },
			{ .branch = "second", .pull_request = pulls[2].number } };
		struct checks *f;
		const struct verdict *verdict;

		assert_int_equal(checks_set_up((void **)&f), 0);
		pulls[0].number = OWN;
		pulls[0].branch = "fix";
		pulls[1].branch = "first";
		pulls[2].branch = "second";
		f->scene.pulls = pulls;
		f->scene.n_pulls = ARRAY_SIZE(pulls);
		f->checks[0].links = links;
		f->checks[0].n_links = ARRAY_SIZE(links);
		checks_start(f, replies, ARRAY_SIZE(replies));
		verdict = checks_one(f, OWN, "fix");
		if (verdict->outcome != link_rows[i].outcome) {
			fail_msg("%s: %s", link_rows[i].what,
				verdict_outcome_names[verdict->outcome]);
		}
		assert_int_equal(checks_tear_down((void **)&f), 0);
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
		CHECK_QUERIES,
	};
	struct checks *f = *state;

	set_key();
	f->scene.config.app_id = 4711;
	(void)TEXT_SET(f->scene.config.app_key, "env:SCENE_KEY");
	checks_start(f, replies, ARRAY_SIZE(replies));
	/* All of the scripted checks are by the app "ci". */
	assert_true(checks_has(checks_one(f, 17, "fix"), REASON_NO_CHECKS_ON_HEAD));
	checks_begin(f, 0, 17, "fix");
	checks_begin(f, 1, 17, "fix");
	f->checks[2] = (struct forge_check){
		.project = "beta/web", .branch = "fix", .pull_request = 1, .now_ms = SCENE_NOW
	};
	assert_int_equal(forge_check(f->scene.forge, &f->checks[2], checks_done), 0);
	scene_run(&f->scene, &f->n_done, 4);
	assert_int_equal(scene_count(&f->scene, "POST /graphql"), 3);
}

static void an_app_that_is_not_installed_is_a_verdict(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /app", 200, "{\"id\":4711,\"slug\":\"ci\"}", NULL, 0, 0 },
		{ "GET /repos/", 404, "{}", NULL, 0, 0 },
	};
	struct checks *f = *state;
	const struct verdict *verdict;

	set_key();
	f->scene.config.app_id = 4711;
	(void)TEXT_SET(f->scene.config.app_key, "env:SCENE_KEY");
	checks_start(f, replies, ARRAY_SIZE(replies));
	verdict = checks_one(f, 17, "fix");
	assert_int_equal(verdict->outcome, VERDICT_UNKNOWN);
	assert_int_equal(verdict->reasons[0].code, REASON_CHECKS_UNREADABLE);
	assert_non_null(strstr(verdict->reasons[0].message, "not installed for \"acme/web\""));
}

static void an_app_that_is_not_known_judges_nothing(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /app", 500, "{}", NULL, 0, 0 },
		{ "GET /repos/", 200, "{\"id\":12}", NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201,
			"{\"token\":\"t\",\"expires_at\":\"2025-09-19T02:28:13Z\"}", NULL, 0, 0 },
		CHECK_QUERIES,
	};
	struct checks *f = *state;

	set_key();
	f->scene.config.app_id = 4711;
	(void)TEXT_SET(f->scene.config.app_key, "env:SCENE_KEY");
	checks_start(f, replies, ARRAY_SIZE(replies));
	checks_begin(f, 0, 17, "fix");
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(f->statuses[0], -EAGAIN);
	assert_true(f->checks[0].passing);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, checks_set_up, checks_tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(a_green_one_is_ready),
		TEST(a_project_needs_an_owner),
		TEST(the_projects_settings_count),
		TEST(builds_tell_what_else_is_red),
		TEST(a_passed_build_proves_the_report_repaired),
		cmocka_unit_test(links_stand_in),
		TEST(an_apps_own_checks_are_left_out),
		TEST(an_app_that_is_not_installed_is_a_verdict),
		TEST(an_app_that_is_not_known_judges_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
