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
#include "daemon/forge/github_jwt.h"
#include "tests/unit/forge/github_scene.h"

#define APP 4711
#define GRANTED                                                                                    \
	"\"permissions\":{\"actions\":\"read\",\"checks\":\"write\",\"contents\":\"read\","        \
	"\"issues\":\"write\",\"metadata\":\"read\",\"pull_requests\":\"write\",\"statuses\":\""   \
	"write\",\"administration\":\"write\"}"
#define FOUND(id) "{\"id\":" id "," GRANTED "}"
/* Two hours later than the scene begins. */
#define TOKEN(value) "{\"token\":\"" value "\",\"expires_at\":\"2025-09-19T02:28:13Z\"}"
#define LATER_TOKEN(value) "{\"token\":\"" value "\",\"expires_at\":\"2025-09-19T03:28:13Z\"}"

/* ---- keys ---- */

static EVP_PKEY *rsa;
static char rsa_pem[4096];

static void write_pem(
	EVP_PKEY *key, bool traditional, const char *passphrase, char *out, size_t size) {
	BIO *bio = BIO_new(BIO_s_mem());
	const EVP_CIPHER *cipher = passphrase != NULL ? EVP_aes_128_cbc() : NULL;
	int n;

	assert_non_null(bio);
	assert_int_equal(traditional ? PEM_write_bio_PrivateKey_traditional(
					       bio, key, cipher, NULL, 0, NULL, (void *)passphrase)
				     : PEM_write_bio_PrivateKey(
					       bio, key, cipher, NULL, 0, NULL, (void *)passphrase),
		1);
	n = BIO_read(bio, out, (int)size - 1);
	assert_true(n > 0);
	out[n] = '\0';
	BIO_free(bio);
}

static void keys_are_told_from_others(void **state) {
	EVP_PKEY *ec = EVP_EC_gen("P-256"), *weak = EVP_RSA_gen(1024);
	char pems[5][4096];
	const struct {
		const char *pem;
		int status;
	} rows[] = {
		{ pems[0], 0 },
		{ pems[1], 0 },
		{ pems[2], -EINVAL }, /* nobody is there to type a passphrase */
		{ pems[3], -EINVAL },
		{ pems[4], -EINVAL },
		{ "", -EINVAL },
		{ "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", -EINVAL },
	};

	write_pem(rsa, true, NULL, pems[0], sizeof(pems[0]));
	write_pem(rsa, false, NULL, pems[1], sizeof(pems[1]));
	write_pem(rsa, false, "hunter2", pems[2], sizeof(pems[2]));
	write_pem(ec, false, NULL, pems[3], sizeof(pems[3]));
	write_pem(weak, true, NULL, pems[4], sizeof(pems[4]));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct github_key *key = NULL;

		assert_int_equal(github_key_load(rows[i].pem, &key), rows[i].status);
		assert_int_equal(key != NULL, rows[i].status == 0);
		github_key_destroy(key);
	}
	EVP_PKEY_free(ec);
	EVP_PKEY_free(weak);
}

static size_t unpack(const char *text, size_t len, unsigned char *out) {
	char padded[2048];
	size_t n = 0;
	int got;

	assert_true(len < sizeof(padded) - 4);
	for (; n < len; n++) {
		assert_true(text[n] != '+' && text[n] != '/' && text[n] != '=');
		padded[n] = text[n];
		padded[n] = padded[n] == '-' ? '+' : padded[n] == '_' ? '/' : padded[n];
	}
	while (n % 4 != 0) {
		padded[n++] = '=';
	}
	got = EVP_DecodeBlock(out, (const unsigned char *)padded, (int)n);
	assert_true(got > 0);
	return (size_t)got - (n - len);
}

/* Whether it is signed by our key; its claims are in `claims`. */
static void check_jwt(const char *jwt, char *claims, size_t size) {
	const char *first = strchr(jwt, '.'), *second = strrchr(jwt, '.');
	unsigned char bytes[2048];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len;

	assert_true(first != NULL && second > first);
	len = unpack(jwt, (size_t)(first - jwt), bytes);
	(void)text_format(claims, size, "%.*s", (int)len, bytes);
	assert_string_equal(claims, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
	len = unpack(second + 1, strlen(second + 1), bytes);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, rsa), 1);
	assert_int_equal(EVP_DigestVerify(ctx, bytes, len, (const unsigned char *)jwt,
				 (size_t)(second - jwt)),
		1);
	EVP_MD_CTX_free(ctx);
	len = unpack(first + 1, (size_t)(second - first - 1), bytes);
	(void)text_format(claims, size, "%.*s", (int)len, bytes);
}

static void a_jwt_proves_to_be_the_app(void **state) {
	struct github_key *key = NULL;
	char *jwt = NULL, claims[256];

	assert_int_equal(github_key_load(rsa_pem, &key), 0);
	assert_int_equal(github_jwt_make(key, APP, SCENE_NOW, &jwt), 0);
	check_jwt(jwt, claims, sizeof(claims));
	assert_string_equal(claims, "{\"iat\":1758245233,\"exp\":1758245833,\"iss\":\"4711\"}");
	free(jwt);
	github_key_destroy(key);
}

/* ---- tokens ---- */

struct exchange {
	struct github_call call;
	int status;
};

struct fixture {
	struct scene scene;
	struct exchange exchanges[8];
	int n_done;
};

static int set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	scene_open(&f->scene, "unused");
	assert_int_equal(setenv("SCENE_KEY", rsa_pem, 1), 0);
	f->scene.config.app_id = APP;
	(void)TEXT_SET(f->scene.config.app_key, "env:SCENE_KEY");
	*state = f;
	return 0;
}

static int tear_down(void **state) {
	struct fixture *f = *state;

	scene_close(&f->scene);
	for (size_t i = 0; i < ARRAY_SIZE(f->exchanges); i++) {
		github_call_finish(&f->exchanges[i].call);
	}
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

static void call_done(struct github_call *call, int status) {
	struct exchange *exchange = container_of(call, struct exchange, call);
	struct fixture *f = call->user;

	exchange->status = status;
	f->n_done++;
}

/* A post: it goes out `once`. */
static struct github_call *write_once(struct fixture *f, size_t i) {
	const struct github_ask ask = {
		.kind = GITHUB_CALL_WRITE,
		.project = "acme/web",
		.method = "POST",
		.path = "/once",
		.body = "{}",
		.once = true,
		.subject = "a thing",
	};

	f->exchanges[i].call.user = f;
	assert_int_equal(
		github_send(scene_github(&f->scene), &f->exchanges[i].call, &ask, call_done), 0);
	scene_run(&f->scene, &f->n_done, f->n_done + 1);
	return &f->exchanges[i].call;
}

static struct github_call *begin(struct fixture *f, size_t i, const char *project) {
	const struct github_ask ask = {
		.kind = GITHUB_CALL_READ,
		.project = project,
		.method = "GET",
		.path = "/r",
		.subject = "a thing",
	};

	f->exchanges[i].call.user = f;
	assert_int_equal(
		github_send(scene_github(&f->scene), &f->exchanges[i].call, &ask, call_done), 0);
	return &f->exchanges[i].call;
}

static struct github_call *ask(struct fixture *f, size_t i, const char *project) {
	struct github_call *call = begin(f, i, project);

	scene_run(&f->scene, &f->n_done, f->n_done + 1);
	return call;
}

static void one_token_serves_all_who_wait(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/acme/web/installation", 200, FOUND("12"), NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN("ghs_first"), NULL, 0, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;
	char claims[256];

	start(f, replies, ARRAY_SIZE(replies));
	begin(f, 0, "acme/web");
	begin(f, 1, "ACME/other");
	begin(f, 2, "acme/web");
	scene_run(&f->scene, &f->n_done, 3);
	assert_int_equal(f->scene.n_lines, 5);
	check_jwt(f->scene.bearers[0], claims, sizeof(claims));
	check_jwt(f->scene.bearers[1], claims, sizeof(claims));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f->exchanges[i].status, 0);
		assert_int_equal(f->exchanges[i].call.meaning, BUDGET_OK);
		assert_string_equal(f->scene.bearers[2 + i], "ghs_first");
	}
	assert_int_equal(ask(f, 0, "acme/web")->meaning, BUDGET_OK);
	assert_int_equal(f->scene.n_lines, 6);
}

static void only_what_is_needed_and_granted_is_asked_for(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/acme/web/installation", 200,
			"{\"id\":12,\"permissions\":{\"issues\":\"read\",\"checks\":\"write\",\"administration\":"
			"\"write\"}}",
			NULL, 0, 0 },
		{ "POST /app", SCENE_SILENT, NULL, NULL, 0, 0 },
	};
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	begin(f, 0, "acme/web");
	scene_run_requests(&f->scene, 2);
	assert_non_null(strstr(f->scene.peer.request,
		"{\"permissions\":{\"checks\":\"read\",\"issues\":\"read\"}}"));
	/* At the end, whoever waits for the token is told. */
	scene_close_forge(&f->scene);
	assert_int_equal(f->n_done, 1);
	assert_int_equal(f->exchanges[0].status, -ECANCELED);
}

#define LONG_50 "0123456789_abcdefghij-ABCDEFGHIJ.0123456789abcdefgh"
#define LONG_TOKEN "ghs_" LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50

static void a_token_is_renewed_in_time_whatever_its_length(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/acme/web/installation", 200, FOUND("12"), NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN(LONG_TOKEN), NULL, 1, 0 },
		{ "POST /app/installations/12/access_tokens", 201, LATER_TOKEN("s"), NULL, 1, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	(void)ask(f, 0, "acme/web");
	assert_string_equal(f->scene.bearers[2], LONG_TOKEN);
	f->scene.now_ms += 49 * CLOCK_MINUTE_MS;
	(void)ask(f, 0, "acme/web");
	assert_string_equal(f->scene.bearers[3], LONG_TOKEN);
	f->scene.now_ms += 2 * CLOCK_MINUTE_MS;
	begin(f, 0, "acme/web");
	begin(f, 1, "acme/web");
	scene_run(&f->scene, &f->n_done, 4);
	assert_int_equal(scene_count(&f->scene, "POST /app"), 2);
	assert_int_equal(scene_count(&f->scene, "GET /repos"), 1); /* its id is known */
	assert_string_equal(f->scene.bearers[f->scene.n_lines - 1], "s");
	assert_int_equal(f->exchanges[1].call.meaning, BUDGET_OK);
}

static void a_refused_token_is_renewed_once(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/acme/web/installation", 200, FOUND("12"), NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN("old"), NULL, 1, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN("new"), NULL, 0, 0 },
		{ "GET /r", 401, "{\"message\":\"Bad credentials\"}", NULL, 1, 0 },
		{ "GET /r", 200, "{}", NULL, 1, 0 },
		{ "GET /r", 401, "{\"message\":\"Bad credentials\"}", NULL, 0, 0 },
	};
	struct fixture *f = *state;
	struct github_call *call;
	size_t n;

	start(f, replies, ARRAY_SIZE(replies));
	assert_int_equal(ask(f, 0, "acme/web")->meaning, BUDGET_OK);
	assert_string_equal(f->scene.bearers[f->scene.n_lines - 1], "new");
	/* When a new one is refused as well, it is the App. */
	call = ask(f, 0, "acme/web");
	assert_int_equal(call->meaning, BUDGET_UNAUTHORIZED);
	assert_true(call->passing);
	assert_non_null(strstr(call->sentence, "App"));
	assert_true(forge_open_ms(f->scene.forge, false, f->scene.now_ms, NULL) == INT64_MAX);
	n = f->scene.n_lines;
	(void)ask(f, 0, "acme/web");
	assert_int_equal(f->exchanges[0].status, -EAGAIN);
	assert_int_equal(f->scene.n_lines, n);
}

/* Such a call is not repeated, so that only the next one can tell whether it is the App. */
static void a_write_that_is_refused_with_a_new_token_too_is_the_app(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/acme/web/installation", 200, FOUND("12"), NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN("t"), NULL, 0, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 },
		{ "POST /once", 401, "{\"message\":\"Bad credentials\"}", NULL, 1, 0 },
		{ "POST /once", 201, "{}", NULL, 1, 0 },
		{ "POST /once", 401, "{\"message\":\"Bad credentials\"}", NULL, 0, 0 },
	};
	static const struct {
		bool refused;
		bool open; /* the forge, afterwards */
	} rows[] = { { true, true }, { false, true }, { true, true }, { true, false } };
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct github_call *call = write_once(f, 0);

		assert_int_equal(call->meaning, rows[i].refused ? BUDGET_UNAUTHORIZED : BUDGET_OK);
		assert_int_equal(
			forge_open_ms(f->scene.forge, true, f->scene.now_ms, NULL) != INT64_MAX,
			rows[i].open);
		assert_true(!rows[i].refused || (call->passing && call->doubtful));
		assert_true(!rows[i].refused || strstr(call->sentence, "App") != NULL);
		/* That it may read proves nothing. */
		assert_int_equal(ask(f, 1, "acme/web")->meaning,
			rows[i].open ? BUDGET_OK : BUDGET_UNAUTHORIZED);
	}
}

static void owners_have_tokens_of_their_own(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/acme/web/installation", 200, FOUND("12"), NULL, 0, 0 },
		{ "GET /repos/beta/web/installation", 200, FOUND("13"), NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN("of-acme"), NULL, 0, 0 },
		{ "POST /app/installations/13/access_tokens", 201, TOKEN("of-beta"), NULL, 0, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	(void)ask(f, 0, "acme/web");
	assert_string_equal(f->scene.bearers[f->scene.n_lines - 1], "of-acme");
	(void)ask(f, 0, "beta/web");
	assert_string_equal(f->scene.bearers[f->scene.n_lines - 1], "of-beta");
	(void)ask(f, 0, "acme/web");
	assert_string_equal(f->scene.bearers[f->scene.n_lines - 1], "of-acme");
	assert_int_equal(scene_count(&f->scene, "POST"), 2);
}

static void many_owners_are_remembered_within_bounds(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/", 200, FOUND("12"), NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN("t"), NULL, 0, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;
	char project[64];

	start(f, replies, ARRAY_SIZE(replies));
	for (int i = 0; i <= LIMIT_GITHUB_INSTALLATIONS; i++) {
		(void)text_format(project, sizeof(project), "owner%d/web", i);
		assert_int_equal(ask(f, 0, project)->meaning, BUDGET_OK);
	}
	assert_int_equal(scene_count(&f->scene, "POST"), LIMIT_GITHUB_INSTALLATIONS + 1);
	(void)ask(f, 0, "owner1/web");
	assert_int_equal(scene_count(&f->scene, "POST"), LIMIT_GITHUB_INSTALLATIONS + 1);
	(void)ask(f, 0, "owner0/web"); /* the one that nobody needed for the longest time */
	assert_int_equal(scene_count(&f->scene, "POST"), LIMIT_GITHUB_INSTALLATIONS + 2);
}

static void an_app_that_is_not_installed_says_so(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/acme/web/installation", 404, "{\"message\":\"Not Found\"}", NULL, 0, 0 },
		{ "GET /repos/beta/web/installation", 200, "{}", NULL, 0, 0 },
		{ "GET /repos/gamma/web/installation", 502, "", NULL, 0, 0 },
		{ "GET /repos/delta/web/installation", 200, FOUND("12"), NULL, 0, 0 },
		{ "POST /app", 201, "{\"token\":\"has blank\"}", NULL, 0, 0 },
	};
	static const struct {
		const char *project;
		bool passing;
		const char *says;
	} rows[] = {
		{ "acme/web", false, "not installed for \"acme/web\"" },
		{ "beta/web", true, "not what it should be" },
		{ "gamma/web", true, "502" },
		{ "delta/web", true, "not what it should be" },
		{ "nobody", true, "not sent" },
	};
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct github_call *call = ask(f, 0, rows[i].project);

		assert_true(f->exchanges[0].status < 0);
		assert_non_null(strstr(call->sentence, rows[i].says));
		if (i < 4) {
			assert_int_equal(f->exchanges[0].status, -EAGAIN);
			assert_int_equal(call->passing, rows[i].passing);
		}
	}
	assert_int_equal(scene_count(&f->scene, "GET /r "), 0);
}

static void an_installation_made_anew_is_found(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/acme/web/installation", 200, FOUND("12"), NULL, 1, 0 },
		{ "GET /repos/acme/web/installation", 200, FOUND("14"), NULL, 1, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN("first"), NULL, 1, 0 },
		{ "POST /app/installations/12/access_tokens", 404, "{}", NULL, 0, 0 },
		{ "POST /app/installations/14/access_tokens", 201, LATER_TOKEN("second"), NULL, 1, 0 },
		{ "POST /app/installations/14/access_tokens", 404, "{}", NULL, 0, 0 },
		{ "GET /repos/acme/web/installation", 200, FOUND("14"), NULL, 0, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	(void)ask(f, 0, "acme/web");
	f->scene.now_ms += 55 * CLOCK_MINUTE_MS;
	assert_int_equal(ask(f, 0, "acme/web")->meaning, BUDGET_OK);
	assert_string_equal(f->scene.bearers[f->scene.n_lines - 1], "second");
	/* Looked for once more only. */
	f->scene.now_ms += 2 * CLOCK_HOUR_MS;
	assert_int_equal(ask(f, 0, "acme/web")->meaning, BUDGET_NOT_FOUND);
	assert_int_equal(f->exchanges[0].status, -EAGAIN);
	assert_int_equal(scene_count(&f->scene, "GET /repos"), 3);
}

static void a_key_that_is_none_is_told(void **state) {
	static struct scene_reply replies[] = { { "GET /nothing", 200, "{}", NULL, 0, 0 } };
	struct fixture *f = *state;
	char why[LIMIT_SENTENCE_MAX];

	assert_int_equal(
		setenv("SCENE_KEY",
			"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", 1),
		0);
	start(f, replies, ARRAY_SIZE(replies));
	assert_true(forge_open_ms(f->scene.forge, false, f->scene.now_ms, why) == INT64_MAX);
	assert_non_null(strstr(why, "env:SCENE_KEY"));
	assert_null(strstr(why, "AAAA"));
	(void)ask(f, 0, "acme/web");
	assert_int_equal(f->exchanges[0].status, -EAGAIN);
	assert_int_equal(f->scene.n_lines, 0);
	assert_int_equal(setenv("SCENE_KEY", rsa_pem, 1), 0);
	assert_int_equal(forge_configure(f->scene.forge, &f->scene.config), 0);
	assert_true(forge_open_ms(f->scene.forge, false, f->scene.now_ms, why) <= f->scene.now_ms);
}

/* What was begun with the key before is not taken for the new one's. */
static void a_new_key_asks_for_new_tokens(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /repos/acme/web/installation", 200, FOUND("12"), NULL, 1, 0 },
		{ "GET /repos/acme/web/installation", 200, FOUND("15"), NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN("old"), NULL, 0, 0 },
		{ "POST /app/installations/15/access_tokens", 201, TOKEN("new"), NULL, 0, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;

	start(f, replies, ARRAY_SIZE(replies));
	begin(f, 0, "acme/web");
	scene_run_requests(&f->scene, 2);
	f->scene.config.app_id = APP + 1;
	assert_int_equal(forge_configure(f->scene.forge, &f->scene.config), 0);
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(f->exchanges[0].call.meaning, BUDGET_OK);
	assert_string_equal(f->scene.bearers[f->scene.n_lines - 1], "new");
}

/* ---- who the App is ---- */

struct waiter {
	struct github_wait wait;
	struct fixture *f;
	int status;
};

static void wait_done(struct github_wait *wait, int status) {
	struct waiter *waiter = container_of(wait, struct waiter, wait);

	waiter->status = status;
	waiter->f->n_done++;
}

static void an_app_is_its_bot(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /app", 200, "{\"id\":4711,\"slug\":\"code-gend\"}", NULL, 0, 0 },
		{ "GET /users/code-gend%5Bbot%5D", 200,
			"{\"id\":99,\"login\":\"code-gend[bot]\",\"type\":\"Bot\"}", NULL, 1, 0 },
		{ "GET /users/code-gend%5Bbot%5D", 404, "{}", NULL, 0, 0 },
		{ "GET /repos/acme/web/installation", 200, FOUND("12"), NULL, 0, 0 },
		{ "POST /app/installations/12/access_tokens", 201, TOKEN("t"), NULL, 0, 0 },
	};
	struct fixture *f = *state;
	struct waiter waiter = { .f = f };
	struct github *github;

	start(f, replies, ARRAY_SIZE(replies));
	github = scene_github(&f->scene);
	assert_int_equal(github_identify(github, "acme/web", &waiter.wait, wait_done), 0);
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(waiter.status, 0);
	assert_int_equal(github->identity.user_id, 99);
	assert_int_equal(github->identity.app_id, 4711);
	assert_string_equal(github->slug, "code-gend");
	assert_true(github->is_bot);
	/* Where the bot is not to be found, the App's own id is enough. */
	f->scene.config.app_id = APP + 1;
	assert_int_equal(forge_configure(f->scene.forge, &f->scene.config), 0);
	assert_int_equal(github_identify(github, "acme/web", &waiter.wait, wait_done), 0);
	scene_run(&f->scene, &f->n_done, 2);
	assert_int_equal(waiter.status, 0);
	assert_int_equal(github->identity.user_id, 0);
	assert_int_equal(github->identity.app_id, 4711);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_told_from_others),
		cmocka_unit_test(a_jwt_proves_to_be_the_app),
		TEST(one_token_serves_all_who_wait),
		TEST(only_what_is_needed_and_granted_is_asked_for),
		TEST(a_token_is_renewed_in_time_whatever_its_length),
		TEST(a_refused_token_is_renewed_once),
		TEST(a_write_that_is_refused_with_a_new_token_too_is_the_app),
		TEST(owners_have_tokens_of_their_own),
		TEST(many_owners_are_remembered_within_bounds),
		TEST(an_app_that_is_not_installed_says_so),
		TEST(an_installation_made_anew_is_found),
		TEST(a_key_that_is_none_is_told),
		TEST(a_new_key_asks_for_new_tokens),
		TEST(an_app_is_its_bot),
	};
	int r;

	rsa = EVP_RSA_gen(2048);
	assert_non_null(rsa);
	write_pem(rsa, true, NULL, rsa_pem, sizeof(rsa_pem));
	r = cmocka_run_group_tests(tests, NULL, NULL);
	EVP_PKEY_free(rsa);
	return r;
}
