#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/github_scene.h"

#define S CLOCK_SECOND_MS
#define RESET_IN_300_S "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1758245593\r\n"
#define RESET_IN_30_S "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1758245323\r\n"

/* One call, and how it ended. */
struct exchange {
	struct github_call call;
	struct scene *scene;
	int status;
	int n_done;
};

struct fixture {
	struct scene scene;
	struct exchange exchanges[100];
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
	for (size_t i = 0; i < ARRAY_SIZE(f->exchanges); i++) {
		github_call_finish(&f->exchanges[i].call);
	}
	free(f);
	return 0;
}

static void call_done(struct github_call *call, int status) {
	struct exchange *exchange = container_of(call, struct exchange, call);
	struct fixture *f = call->user;

	exchange->status = status;
	exchange->n_done++;
	f->n_done++;
}

static struct github_call *send_to(struct fixture *f, size_t i, enum github_call_kind kind,
	const char *method, const char *path) {
	struct exchange *exchange = &f->exchanges[i];
	const struct github_ask ask = {
		.kind = kind,
		.project = "acme/web",
		.method = method,
		.path = path,
		.body = strcmp(method, "GET") == 0 ? NULL : "{\"body\":\"b\"}",
		.once = strcmp(path, "/once") == 0,
		.subject = "comment 7 of \"acme/web\"",
		.place = "#17 in \"acme/web\"",
	};

	exchange->call.user = f;
	exchange->n_done = 0;
	assert_int_equal(github_send(scene_github(&f->scene), &exchange->call, &ask, call_done), 0);
	assert_int_equal(exchange->n_done, 0); /* never from inside */
	return &exchange->call;
}

static struct github_call *read_once(struct fixture *f, size_t i, const char *path) {
	struct github_call *call = send_to(f, i, GITHUB_CALL_READ, "GET", path);

	scene_run(&f->scene, &f->exchanges[i].n_done, 1);
	return call;
}

static struct github_call *write_once(struct fixture *f, size_t i, const char *path) {
	struct github_call *call = send_to(f, i, GITHUB_CALL_WRITE, "POST", path);

	scene_run(&f->scene, &f->exchanges[i].n_done, 1);
	return call;
}

static void set_token(struct fixture *f, const char *token) {
	assert_int_equal(setenv("SCENE_TOKEN", token, 1), 0);
	assert_int_equal(forge_configure(f->scene.forge, &f->scene.config), 0);
}

/* ---- pacing ---- */

static void writes_go_one_by_one_and_apart(void **state) {
	static struct scene_reply replies[] = { { "POST /w", 201, "{}", NULL, 0, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 } };
	struct fixture *f = *state;

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	send_to(f, 0, GITHUB_CALL_WRITE, "POST", "/w/0");
	send_to(f, 1, GITHUB_CALL_WRITE, "POST", "/w/1");
	send_to(f, 2, GITHUB_CALL_WRITE, "POST", "/w/2");
	send_to(f, 3, GITHUB_CALL_READ, "GET", "/r");
	scene_run(&f->scene, &f->n_done, 4);
	assert_int_equal(f->scene.n_lines, 4);
	/* Reads do not wait for them. */
	assert_true(strcmp(f->scene.lines[0], "GET /r") == 0 ||
		strcmp(f->scene.lines[1], "GET /r") == 0);
	assert_string_equal(f->scene.lines[2], "POST /w/1");
	assert_string_equal(f->scene.lines[3], "POST /w/2");
	assert_true(f->scene.times_ms[2] - f->scene.times_ms[0] >= S);
	assert_true(f->scene.times_ms[3] - f->scene.times_ms[2] >= S);
}

static void a_write_waits_for_the_answer_before(void **state) {
	static struct scene_reply replies[] = { { "POST /slow", SCENE_SILENT, NULL, NULL, 0, 0 } };
	struct fixture *f = *state;

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	f->scene.now_ms += LIMIT_RATE_WRITE_GAP_MS; /* of an earlier life that may have written */
	for (size_t i = 0; i < 95; i++) {
		send_to(f, i, GITHUB_CALL_WRITE, "POST", "/slow");
	}
	/* One is under way, 90 wait; for the others it would take too long. */
	scene_run(&f->scene, &f->n_done, 4);
	scene_run_requests(&f->scene, 1);
	for (size_t i = 91; i < 95; i++) {
		assert_int_equal(f->exchanges[i].status, -EAGAIN);
		assert_int_equal(f->exchanges[i].call.meaning, BUDGET_LIMITED);
		assert_true(f->exchanges[i].call.passing);
		assert_true(f->exchanges[i].call.retry_ms > f->scene.now_ms);
		assert_true(f->exchanges[i].call.sentence[0] != '\0');
		assert_false(f->exchanges[i].call.doubtful);
	}
	assert_true(forge_open_ms(f->scene.forge, true, f->scene.now_ms, NULL) > f->scene.now_ms);
	scene_close_forge(&f->scene);
	assert_int_equal(f->n_done, 95);
	assert_int_equal(f->scene.n_lines, 1);
	for (size_t i = 0; i < 91; i++) {
		assert_int_equal(f->exchanges[i].n_done, 1);
		assert_int_equal(f->exchanges[i].status, -ECANCELED);
		assert_int_equal(f->exchanges[i].call.doubtful, i == 0);
	}
}

static void the_writes_of_an_hour_count_after_a_restart(void **state) {
	static struct scene_reply replies[] = { { "POST /w", 201, "{}", NULL, 0, 0 } };
	struct fixture *f = *state;
	char why[LIMIT_SENTENCE_MAX];

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	for (int i = 0; i < LIMIT_RATE_WRITES_PER_HOUR; i++) {
		(void)write_once(f, 0, "/w");
	}
	f->scene.memory = forge_memory(f->scene.forge);
	assert_non_null(f->scene.memory);
	scene_close_forge(&f->scene);
	scene_start(&f->scene);
	assert_true(forge_open_ms(f->scene.forge, true, f->scene.now_ms, why) >
		f->scene.now_ms + CLOCK_MINUTE_MS);
	assert_non_null(strstr(why, "Writes are spaced"));
	(void)write_once(f, 0, "/w");
	assert_int_equal(f->exchanges[0].status, -EAGAIN);
	assert_int_equal(f->scene.n_lines, LIMIT_RATE_WRITES_PER_HOUR);
}

/* ---- limits ---- */

static void a_used_up_limit_is_waited_for(void **state) {
	static struct scene_reply replies[] = { { "GET /limited", 403,
							"{\"message\":\"API rate limit exceeded\"}",
							RESET_IN_300_S, 0, 0 },
		{ "GET /short", 429, "{}", RESET_IN_30_S, 0, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 } };
	struct fixture *f = *state;
	struct github_call *call;

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	/* A short one: whoever comes meanwhile waits. */
	call = read_once(f, 0, "/short");
	assert_int_equal(call->meaning, BUDGET_LIMITED);
	call = read_once(f, 1, "/r");
	assert_int_equal(call->meaning, BUDGET_OK);
	assert_true(f->scene.now_ms >= 1758245323 * S);
	/* A long one: it is told at once. */
	call = read_once(f, 0, "/limited");
	assert_true(call->passing);
	assert_int_equal(call->retry_ms, 1758245593 * S);
	call = read_once(f, 1, "/r");
	assert_int_equal(f->exchanges[1].status, -EAGAIN);
	assert_int_equal(call->meaning, BUDGET_LIMITED);
	assert_int_equal(call->retry_ms, 1758245593 * S);
	assert_int_equal(scene_count(&f->scene, "GET /r"), 1);
	assert_true(f->scene.n_changed > 0);
}

static void a_secondary_limit_stops_writes_too(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /w", 403, "{\"message\":\"You have exceeded a secondary rate limit\"}",
			"Retry-After: 120\r\n", 1, 0 },
		{ "POST /w", 201, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;
	struct github_call *call;

	replies[0].n_used = 0;
	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	call = write_once(f, 0, "/w");
	assert_int_equal(call->meaning, BUDGET_LIMITED);
	assert_true(call->passing);
	assert_true(call->doubtful); /* GitHub does not say that of this one nothing was done */
	(void)write_once(f, 1, "/w");
	assert_int_equal(f->exchanges[1].status, -EAGAIN);
	assert_true(forge_open_ms(f->scene.forge, false, f->scene.now_ms, NULL) > f->scene.now_ms);
	f->scene.now_ms += 121 * S;
	assert_int_equal(write_once(f, 1, "/w")->meaning, BUDGET_OK);
}

/* ---- the credential ---- */

static void a_refused_token_stops_all_until_there_is_another(void **state) {
	static struct scene_reply replies[] = {
		{ "GET /r", 401, "{\"message\":\"Bad credentials\"}", NULL, 1, 0 },
		{ "GET /r", 200, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;
	struct github_call *call;
	char why[LIMIT_SENTENCE_MAX];

	replies[0].n_used = 0;
	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	call = read_once(f, 0, "/r");
	assert_int_equal(call->meaning, BUDGET_UNAUTHORIZED);
	assert_true(call->passing);
	assert_non_null(strstr(call->sentence, "Bad credentials"));
	assert_null(strstr(call->sentence, "first-token"));
	assert_true(forge_open_ms(f->scene.forge, false, f->scene.now_ms, why) == INT64_MAX);
	assert_non_null(strstr(why, "401"));
	assert_int_equal(f->scene.n_changed, 2); /* its clock is known, too */
	call = read_once(f, 1, "/r");
	assert_int_equal(f->exchanges[1].status, -EAGAIN);
	assert_int_equal(call->meaning, BUDGET_UNAUTHORIZED);
	assert_int_equal(f->scene.n_lines, 1);
	/* Nor after a restart. */
	f->scene.memory = forge_memory(f->scene.forge);
	scene_close_forge(&f->scene);
	scene_start(&f->scene);
	(void)read_once(f, 1, "/r");
	assert_int_equal(f->scene.n_lines, 1);
	set_token(f, "second-token");
	assert_true(forge_open_ms(f->scene.forge, false, f->scene.now_ms, why) <= f->scene.now_ms);
	assert_string_equal(why, "");
	assert_int_equal(read_once(f, 1, "/r")->meaning, BUDGET_OK);
	assert_string_equal(f->scene.bearers[1], "second-token");
}

static void a_token_that_was_replaced_is_used_without_being_told(void **state) {
	static struct scene_reply replies[] = {
		{ "POST /w", 401, "{}", NULL, 1, 0 },
		{ "POST /w", 201, "{}", NULL, 0, 0 },
		{ "POST /once", 401, "{}", NULL, 0, 0 },
	};
	struct fixture *f = *state;
	struct github_call *call;

	replies[0].n_used = 0;
	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	assert_int_equal(setenv("SCENE_TOKEN", "second-token", 1), 0);
	assert_int_equal(write_once(f, 0, "/w")->meaning, BUDGET_OK);
	assert_int_equal(f->scene.n_lines, 2);
	assert_string_equal(f->scene.bearers[0], "first-token");
	assert_string_equal(f->scene.bearers[1], "second-token");
	assert_true(f->scene.times_ms[1] - f->scene.times_ms[0] >= S);
	/* What must not be had twice may have been done all the same: its sender has to look first. */
	assert_int_equal(setenv("SCENE_TOKEN", "third-token", 1), 0);
	call = write_once(f, 0, "/once");
	assert_int_equal(f->scene.n_lines, 3);
	assert_int_equal(call->meaning, BUDGET_UNAUTHORIZED);
	assert_true(call->passing && call->doubtful && call->retry_ms > f->scene.now_ms);
	assert_non_null(strstr(call->sentence, "there is a newer one"));
	assert_int_equal(write_once(f, 0, "/w")->meaning, BUDGET_OK);
	assert_string_equal(f->scene.bearers[3], "third-token");
}

static void without_a_token_nothing_is_sent(void **state) {
	static struct scene_reply replies[] = { { "GET /r", 200, "{}", NULL, 0, 0 } };
	struct fixture *f = *state;
	struct github_call *call;
	char why[LIMIT_SENTENCE_MAX];

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	assert_int_equal(unsetenv("SCENE_TOKEN"), 0);
	scene_start(&f->scene);
	assert_true(forge_open_ms(f->scene.forge, true, f->scene.now_ms, why) == INT64_MAX);
	assert_non_null(strstr(why, "SCENE_TOKEN"));
	call = read_once(f, 0, "/r");
	assert_int_equal(f->exchanges[0].status, -EAGAIN);
	assert_int_equal(call->meaning, BUDGET_UNAUTHORIZED);
	assert_string_equal(call->sentence, why);
	set_token(f, "a-token");
	assert_int_equal(read_once(f, 0, "/r")->meaning, BUDGET_OK);
}

/* ---- what answers say ---- */

#define FIFTY "Resource not accessible by personal access token. "
#define LONG_PERMISSIONS                                                                           \
	"X-Accepted-GitHub-Permissions: issues=write; pull_requests=write; contents=write;"        \
	" administration=read\r\n"
#define WORDS(message) "{\"message\":\"" message "\"}"

static const struct meaning_row {
	const char *what;
	struct scene_reply reply;
	enum budget_meaning meaning;
	bool passing;
	bool doubtful;
	const char *says; /* a part of the sentence */
} meaning_rows[] = {
	{ "done", { "", 201, "{}", NULL, 0, 0 }, BUDGET_OK, false, false, "" },
	{ "a permission is missing",
		{ "", 403, WORDS("Resource not accessible by integration"),
			"X-Accepted-GitHub-Permissions: issues=write\r\n", 0, 0 },
		BUDGET_NOT_ALLOWED, false, false, "give it \"issues=write\"" },
	{ "a permission is missing, in many words",
		{ "", 403, WORDS(FIFTY FIFTY FIFTY FIFTY), LONG_PERMISSIONS, 0, 0 },
		BUDGET_NOT_ALLOWED, false, false, "/settings/personal-access-tokens." },
	{ "a permission is missing, and nobody says which",
		{ "", 403, WORDS("Must have admin rights"), NULL, 0, 0 }, BUDGET_NOT_ALLOWED, false,
		false, "\"Must have admin rights\"" },
	{ "single sign-on",
		{ "", 403, WORDS("Resource protected by organization SAML enforcement."),
			"X-GitHub-SSO: required; url=https://github.example/orgs/acme/sso\r\n", 0, 0 },
		BUDGET_SSO, false, false, "open https://github.example/orgs/acme/sso" },
	{ "single sign-on, at a strange address",
		{ "", 403, WORDS("Resource protected"),
			"X-GitHub-SSO: required; url=javascript:x\r\n", 0, 0 },
		BUDGET_SSO, false, false, "its settings" },
	{ "not found", { "", 404, WORDS("Not Found"), NULL, 0, 0 }, BUDGET_NOT_FOUND, false, false,
		"GitHub does not find #17 in \"acme/web\" (404 \"Not Found\"): it is gone, or the credential"
		" may not see it" },
	{ "turned off", { "", 410, WORDS("Issues are disabled for this repo"), NULL, 0, 0 },
		BUDGET_GONE, false, false,
		"GitHub has done away with #17 in \"acme/web\", or it is turned off (410 \"Issues are"
		" disabled for this repo\")" },
	{ "refused, with a reason",
		{ "", 422,
			"{\"message\":\"Validation Failed\","
			"\"errors\":[{\"field\":\"body\",\"code\":\"too_long\"}]}",
			NULL, 0, 0 },
		BUDGET_INVALID, false, false, "\"Validation Failed: body too_long\"" },
	{ "refused, and it says why in words, with secrets",
		{ "", 422, "{\"message\":\"first-token\",\"errors\":[\"no " SCENE_SECRET "\"]}",
			NULL, 0, 0 },
		BUDGET_INVALID, false, false, "\"***********: no [REDACTED:github-token]\"" },
	{ "refused, and no JSON", { "", 400, "<html>", NULL, 0, 0 }, BUDGET_INVALID, false, true,
		"comment 7 of" },
	{ "a proxy's own rule", { "", 403, "<html>", NULL, 0, 0 }, BUDGET_NOT_ALLOWED, false, true,
		"lacks a permission" },
	{ "no such credential", { "", 401, WORDS("Bad credentials"), NULL, 0, 0 },
		BUDGET_UNAUTHORIZED, true, true, "refuses the credential" },
	{ "limited", { "", 403, WORDS("API rate limit exceeded"), NULL, 0, 0 }, BUDGET_LIMITED,
		true, true, "rate limit" },
	{ "500", { "", 500, "{}", NULL, 0, 0 }, BUDGET_NO_ANSWER, true, true, "could not answer" },
	{ "502", { "", 502, "<html>", NULL, 0, 0 }, BUDGET_NO_ANSWER, true, true, "(502)" },
	{ "moved for good", { "", 301, WORDS("Moved"), "Location: /w/2\r\n", 0, 0 }, BUDGET_MOVED,
		false, true, "has moved #17 in \"acme/web\"" },
};

static void answers_are_told_apart(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(meaning_rows); i++) {
		const struct meaning_row *row = &meaning_rows[i];
		struct scene_reply reply = row->reply;
		struct fixture *f;
		struct github_call *call;

		assert_int_equal(set_up((void **)&f), 0);
		reply.what = "POST /w";
		scene_set(&f->scene, &reply, 1);
		scene_start(&f->scene);
		call = write_once(f, 0, "/w");
		if (f->exchanges[0].status != 0 || call->meaning != row->meaning ||
			call->passing != row->passing || call->doubtful != row->doubtful ||
			strstr(call->sentence, row->says) == NULL ||
			strlen(call->sentence) >= LIMIT_SENTENCE_MAX - 2 * LIMIT_SENTENCE_MORE ||
			(row->meaning == BUDGET_OK) != (call->sentence[0] == '\0')) {
			fail_msg("%s: status %d, meaning %d, \"%s\"", row->what,
				f->exchanges[0].status, call->meaning, call->sentence);
		}
		assert_int_equal(tear_down((void **)&f), 0);
	}
}

static void a_write_without_an_answer_is_doubtful(void **state) {
	static struct scene_reply replies[] = { { "POST /w", SCENE_RESET, NULL, NULL, 0, 0 } };
	struct fixture *f = *state;
	struct github_call *call;

	scene_set(&f->scene, replies, ARRAY_SIZE(replies));
	scene_start(&f->scene);
	call = write_once(f, 0, "/w");
	assert_true(f->exchanges[0].status < 0);
	assert_int_not_equal(f->exchanges[0].status, -EAGAIN);
	assert_true(call->doubtful);
	assert_true(call->passing);
	assert_true(call->sentence[0] != '\0');
	/* Where nobody listens nothing was done. */
	(void)TEXT_SET(f->scene.config.api_url, "http://127.0.0.1:1");
	set_token(f, "first-token");
	call = write_once(f, 0, "/w");
	assert_int_equal(f->exchanges[0].status, -ECONNREFUSED);
	assert_false(call->doubtful);
	assert_true(call->passing);
}

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
		int r;
		const char *path;
	} rows[] = {
		{ "Link: <%s/repositories/1/issues?page=2>; rel=\"next\", <%s/x?page=9>; rel=\"last\"\r\n",
			1, "/repositories/1/issues?page=2" },
		{ "Link: <%s/x?1>; rel=\"prev\", <%s/x?page=3>; rel=\"next\"\r\n", 1, "/x?page=3" },
		{ "Link: <%s/x?page=1>; rel=\"prev\", <%s/x?page=1>; rel=\"first\"\r\n", 0, "" },
		{ "Link: <https://b/x>; rel=\"next\"\r\nX-A: %s%s\r\n", -EREMOTE, "https://b/x" },
		{ "Link: <%s/x\r\nX-A: %s\r\n", -EREMOTE, "" },
		{ "X-A: %s%s\r\n", 0, "" },
	};
	struct fixture *f = *state;
	char headers[512], out[LIMIT_URL_MAX];
	struct scene_reply reply = { "GET /r", 200, "[]", headers, 0, 0 };

	scene_set(&f->scene, &reply, 1);
	scene_start(&f->scene);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = rows[i].format, *mark;
		size_t len = 0;

		for (; (mark = strstr(at, "%s")) != NULL; at = mark + 2, len = strlen(headers)) {
			(void)text_format(headers + len, sizeof(headers) - len, "%.*s%s",
				(int)(mark - at), at, f->scene.config.api_url);
		}
		(void)text_copy(headers + len, sizeof(headers) - len, at);
		assert_int_equal(github_next_page(read_once(f, 0, "/r"), out), rows[i].r);
		assert_string_equal(out, rows[i].path);
	}
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
	assert_non_null(strstr(json_string_value(json_object_get(status, "budget")),
		"REST 4,812 of 5,000, GraphQL not known yet"));
	assert_null(json_object_get(status, "pausedUntil"));
	json_decref(status);
	assert_int_equal(f->scene.n_changed, 1); /* its clock is known */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(writes_go_one_by_one_and_apart),
		TEST(a_write_waits_for_the_answer_before),
		TEST(the_writes_of_an_hour_count_after_a_restart),
		TEST(a_used_up_limit_is_waited_for),
		TEST(a_secondary_limit_stops_writes_too),
		TEST(a_refused_token_stops_all_until_there_is_another),
		TEST(a_token_that_was_replaced_is_used_without_being_told),
		TEST(without_a_token_nothing_is_sent),
		cmocka_unit_test(answers_are_told_apart),
		TEST(a_write_without_an_answer_is_doubtful),
		TEST(a_renamed_repository_is_followed),
		TEST(pages_are_found),
		TEST(a_token_never_goes_to_the_server_before),
		TEST(what_is_cancelled_ends),
		TEST(status_tells_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
