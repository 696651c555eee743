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

/* Apps: their checks as they are looked at. */

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
		TEST(an_apps_own_checks_are_left_out),
		TEST(an_app_that_is_not_installed_is_a_verdict),
		TEST(an_app_that_is_not_known_judges_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
