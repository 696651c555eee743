#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/forge/budget.h"
#include "daemon/retry_after.h"

#define NOW INT64_C(1758245293000)
#define S CLOCK_SECOND_MS
#define TOKEN "aaaa"

/* ---- Retry-After ---- */

static void retry_after_is_read_and_clamped(void **state) {
	static const struct {
		const char *value;
		int64_t ms;
	} values[] = {
		{ "0", 0 },
		{ "1", S },
		{ "60", 60 * S },
		{ "3600", 3600 * S },
		{ "3601", 3600 * S },
		{ "99999999999999999999999", 3600 * S },
		{ "-5", 0 },
		{ "-99999999999999999999999", 0 },
		{ "Fri, 19 Sep 2025 01:28:43 GMT", 30 * S },
		{ "Fri, 19 Sep 2025 01:28:03 GMT", 0 }, /* ten seconds ago */
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 3600 * S },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "", -1 },
		{ "soon", -1 },
		{ "1.5", -1 },
		{ "60 ", -1 },
		{ "Fri, 19 Sex 2025 01:28:43 GMT", -1 },
		{ "Fri, 19 anF 2025 01:28:43 GMT", -1 },
		{ "Fri, 19 Sep 2025 01:28:43 UTC", -1 },
		{ "Fri, 19 Sep 2025 01:28:43 GMT and more", -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		int64_t ms = retry_after_ms(values[i].value, NOW);

		if (ms != values[i].ms) {
			fail_msg("\"%s\": %lld", values[i].value, (long long)ms);
		}
	}
}

/* ---- what answers mean ---- */

struct row {
	const char *what;
	int http_status;
	const char *headers[8]; /* name, value, ... */
	const char *body;
	bool graphql_limited;
	enum budget_meaning meaning;
	int64_t core_wait_ms; /* until REST may be asked again; -1: not with this credential */
	int64_t graphql_wait_ms;
};

#define RESET "1758245593" /* in 300 s */
#define RESET_TEXT "2025-09-19T01:33:13.000Z"
#define FAR "1758945593"
#define PAST "1758245000"
#define LEFT(n, reset) "X-RateLimit-Remaining", n, "x-ratelimit-reset", reset

/* clang-format off */
static const struct row rows[] = { /* the answer is one of REST */
	{ "fine", 200, { "x-ratelimit-limit", "5000", LEFT("4999", RESET) }, NULL, false, BUDGET_OK, 0, 0 },
	{ "created", 201, { NULL }, NULL, false, BUDGET_OK, 0, 0 },
	{ "no content", 204, { NULL }, NULL, false, BUDGET_OK, 0, 0 },
	{ "not modified", 304, { NULL }, NULL, false, BUDGET_OK, 0, 0 },
	{ "the last one", 200, { LEFT("0", RESET) }, NULL, false, BUDGET_OK, 300 * S, 0 },
	{ "the last one of something else", 200, { LEFT("0", RESET), "x-ratelimit-resource", "search" }, NULL, false, BUDGET_OK, 0, 0 },
	{ "the last one of queries", 200, { LEFT("0", RESET), "x-ratelimit-resource", "graphql" }, NULL, false, BUDGET_OK, 0, 300 * S },
	{ "a reset long ago", 200, { LEFT("0", PAST) }, NULL, false, BUDGET_OK, 0, 0 },
	{ "a reset in a week", 200, { LEFT("0", FAR) }, NULL, false, BUDGET_OK, 3600 * S, 0 },
	{ "headers of nonsense", 200, { LEFT("many", "tomorrow"), "retry-after", "x" }, NULL, false, BUDGET_OK, 0, 0 },
	{ "headers of hostile numbers", 200, { LEFT("-1", "9223372036854775807") }, NULL, false, BUDGET_OK, 0, 0 },

	{ "primary, 403", 403, { LEFT("0", RESET) }, "{\"message\":\"API rate limit exceeded\"}", false, BUDGET_LIMITED, 300 * S, 0 },
	{ "primary, 429", 429, { LEFT("0", RESET) }, NULL, false, BUDGET_LIMITED, 300 * S, 0 },
	{ "primary, its reset in a week", 429, { LEFT("0", FAR) }, NULL, false, BUDGET_LIMITED, 3600 * S, 0 },
	{ "primary, its reset past", 429, { LEFT("0", PAST) }, NULL, false, BUDGET_LIMITED, 60 * S, 0 },
	{ "primary, HTTP 200", 200, { LEFT("0", RESET), "x-ratelimit-resource", "graphql" }, NULL, true, BUDGET_LIMITED, 0, 300 * S },
	{ "secondary, with Retry-After", 403, { "Retry-After", "30" }, "{\"message\":\"You have exceeded a secondary rate limit.\"}", false, BUDGET_LIMITED, 30 * S, 30 * S },
	{ "Retry-After comes first", 403, { "Retry-After", "30", LEFT("0", RESET) }, NULL, false, BUDGET_LIMITED, 300 * S, 0 },
	{ "secondary, Retry-After of a day", 429, { "Retry-After", "86400" }, NULL, false, BUDGET_LIMITED, 3600 * S, 3600 * S },
	{ "secondary, Retry-After in the past", 429, { "Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT" }, NULL, false, BUDGET_LIMITED, S, S },
	{ "secondary, told by the body", 403, { LEFT("4000", RESET) }, "{\"message\":\"You have exceeded a secondary rate limit.\"}", false, BUDGET_LIMITED, 60 * S, 60 * S },
	{ "secondary, of old", 403, { NULL }, "{\"message\":\"You have triggered an abuse detection mechanism.\"}", false, BUDGET_LIMITED, 60 * S, 60 * S },
	{ "secondary, HTTP 200", 200, { NULL }, NULL, true, BUDGET_LIMITED, 60 * S, 60 * S },

	{ "no permission", 403, { LEFT("4000", RESET) }, "{\"message\":\"Resource not accessible by integration\"}", false, BUDGET_NOT_ALLOWED, 0, 0 },
	{ "403, body of nonsense", 403, { NULL }, "<html>", false, BUDGET_NOT_ALLOWED, 0, 0 },
	{ "single sign-on", 403, { "X-GitHub-SSO", "required; url=https://x" }, "{\"message\":\"Resource protected by organization SAML enforcement.\"}", false, BUDGET_SSO, 0, 0 },
	{ "bad credentials", 401, { NULL }, "{\"message\":\"Bad credentials\"}", false, BUDGET_UNAUTHORIZED, -1, -1 },
	{ "not found", 404, { NULL }, NULL, false, BUDGET_NOT_FOUND, 0, 0 },
	{ "issues are off", 410, { NULL }, NULL, false, BUDGET_GONE, 0, 0 },
	{ "refused", 422, { NULL }, "{\"message\":\"Validation Failed\"}", false, BUDGET_INVALID, 0, 0 },
	{ "malformed", 400, { NULL }, NULL, false, BUDGET_INVALID, 0, 0 },
	{ "renamed", 301, { NULL }, NULL, false, BUDGET_MOVED, 0, 0 },
	{ "elsewhere", 307, { NULL }, NULL, false, BUDGET_MOVED, 0, 0 },
	{ "created, and 500", 500, { NULL }, NULL, false, BUDGET_NO_ANSWER, 0, 0 },
	{ "bad gateway", 502, { NULL }, NULL, false, BUDGET_NO_ANSWER, 0, 0 },
	{ "in maintenance", 503, { "Retry-After", "120" }, "<html>", false, BUDGET_NO_ANSWER, 120 * S, 120 * S },
	{ "in maintenance for days", 503, { "Retry-After", "172800" }, NULL, false, BUDGET_NO_ANSWER, 3600 * S, 3600 * S },
	{ "in maintenance, until now", 503, { "Retry-After", "0" }, NULL, false, BUDGET_NO_ANSWER, 0, 0 },
	{ "nothing", 0, { NULL }, NULL, false, BUDGET_NO_ANSWER, 0, 0 },
	{ "nonsense", 999, { NULL }, NULL, false, BUDGET_NO_ANSWER, 0, 0 },
};
/* clang-format on */

static void expect_wait(const char *what, struct budget *budget, enum budget_resource resource,
	int64_t now_ms, int64_t wait_ms) {
	char why[LIMIT_SENTENCE_MAX];
	int64_t at_ms = budget_ready_ms(budget, resource, false, TOKEN, now_ms, why);

	if ((wait_ms < 0 && at_ms != INT64_MAX) ||
		(wait_ms >= 0 && MAX(at_ms, now_ms) != now_ms + wait_ms)) {
		fail_msg("%s: waits %lld ms instead of %lld: %s", what, (long long)(at_ms - now_ms),
			(long long)wait_ms, why);
	}
	if ((why[0] != '\0') != (wait_ms != 0)) {
		fail_msg("%s: \"%s\"", what, why);
	}
}

static enum budget_meaning answer_row(struct budget *budget, const struct row *row, int64_t now_ms) {
	struct budget_answer answer;

	budget_answer_init(&answer, BUDGET_CORE, row->http_status);
	for (size_t i = 0; i + 1 < ARRAY_SIZE(row->headers) && row->headers[i] != NULL; i += 2) {
		budget_answer_header(&answer, row->headers[i], row->headers[i + 1], now_ms);
	}
	if (row->body != NULL) {
		budget_answer_body(&answer, row->body, strlen(row->body));
	}
	answer.graphql_limited = row->graphql_limited;
	return budget_answered(budget, &answer, TOKEN, now_ms);
}

static void every_answer_has_its_meaning(void **state) {
	static struct budget budget;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum budget_meaning meaning;

		budget_init(&budget);
		meaning = answer_row(&budget, &rows[i], NOW);
		if (meaning != rows[i].meaning) {
			fail_msg("%s: %d instead of %d", rows[i].what, (int)meaning,
				(int)rows[i].meaning);
		}
		expect_wait(rows[i].what, &budget, BUDGET_CORE, NOW, rows[i].core_wait_ms);
		expect_wait(rows[i].what, &budget, BUDGET_GRAPHQL, NOW, rows[i].graphql_wait_ms);
	}
}

static void a_restart_forgets_no_wait(void **state) {
	static struct budget budget, back;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		json_t *object;

		budget_init(&budget);
		(void)answer_row(&budget, &rows[i], NOW);
		object = budget_to_json(&budget);
		assert_non_null(object);
		budget_from_json(object, &back, NOW);
		json_decref(object);
		expect_wait(rows[i].what, &back, BUDGET_CORE, NOW, rows[i].core_wait_ms);
		expect_wait(rows[i].what, &back, BUDGET_GRAPHQL, NOW, rows[i].graphql_wait_ms);
	}
}

static const struct row limited = { "limited", 429, { NULL }, NULL, false, BUDGET_LIMITED, 0, 0 };
static const struct row fine = { "fine", 200, { NULL }, NULL, false, BUDGET_OK, 0, 0 };
static const struct row refused = { "refused", 401, { NULL }, NULL, false, BUDGET_UNAUTHORIZED, 0, 0 };

static void waits_longer_each_time(void **state) {
	static const int64_t waits[] = { 60, 120, 240, 480, 960, 1920, 3600, 3600 };
	static struct budget budget;
	int64_t now_ms = NOW;

	budget_init(&budget);
	for (size_t i = 0; i < ARRAY_SIZE(waits); i++) {
		(void)answer_row(&budget, &limited, now_ms);
		expect_wait("limited", &budget, BUDGET_CORE, now_ms, waits[i] * S);
		now_ms += waits[i] * S;
		expect_wait("over", &budget, BUDGET_CORE, now_ms, 0);
	}
	(void)answer_row(&budget, &fine, now_ms);
	(void)answer_row(&budget, &limited, now_ms);
	expect_wait("after a good one", &budget, BUDGET_CORE, now_ms, 60 * S);
}

static void a_refused_credential_waits_for_another(void **state) {
	static struct budget budget, back;
	char why[LIMIT_SENTENCE_MAX];
	json_t *object;

	budget_init(&budget);
	(void)answer_row(&budget, &refused, NOW);
	assert_int_equal(budget_ready_ms(&budget, BUDGET_CORE, true, TOKEN, NOW + CLOCK_DAY_MS, why),
		INT64_MAX);
	assert_non_null(strstr(why, "replaced"));
	assert_true(budget_ready_ms(&budget, BUDGET_CORE, true, "bbbb", NOW, why) <= NOW);
	assert_string_equal(why, "");
	object = budget_to_json(&budget);
	budget_from_json(object, &back, NOW);
	json_decref(object);
	assert_int_equal(budget_ready_ms(&back, BUDGET_GRAPHQL, false, TOKEN, NOW, NULL), INT64_MAX);
	assert_true(budget_ready_ms(&back, BUDGET_GRAPHQL, false, "bbbb", NOW, NULL) <= NOW);
}

static void what_is_left_is_counted_before_the_answer(void **state) {
	static const struct row one_left = { "one", 200, { LEFT("1", RESET) }, NULL, false,
		BUDGET_OK, 0, 0 };
	static struct budget budget;

	budget_init(&budget);
	(void)answer_row(&budget, &one_left, NOW);
	expect_wait("one left", &budget, BUDGET_CORE, NOW, 0);
	budget_sent(&budget, BUDGET_CORE, false, NOW);
	expect_wait("none left", &budget, BUDGET_CORE, NOW, 300 * S);
}

/* ---- writes ---- */

/* Writes as soon as it may, from a backlog. Each moment of a write goes to `at_ms`. */
static void write_all(struct budget *budget, int64_t now_ms, int64_t *at_ms, size_t n) {
	for (size_t i = 0; i < n; i++) {
		now_ms = MAX(now_ms, budget_ready_ms(budget, BUDGET_CORE, true, TOKEN, now_ms, NULL));
		budget_sent(budget, BUDGET_CORE, true, now_ms);
		at_ms[i] = now_ms;
	}
}

static void expect_spaced(const int64_t *at_ms, size_t n) {
	for (size_t i = 1; i < n; i++) {
		assert_true(at_ms[i] - at_ms[i - 1] >= S);
		assert_true(i < 80 || at_ms[i] - at_ms[i - 80] >= CLOCK_MINUTE_MS);
		assert_true(i < 500 || at_ms[i] - at_ms[i - 500] >= CLOCK_HOUR_MS);
	}
}

/* What was written last before a crash nobody may know any more. */
static void the_first_write_after_a_start_keeps_its_distance(void **state) {
	static struct budget budget;

	budget_init(&budget);
	budget_started(&budget, NOW);
	assert_int_equal(budget_ready_ms(&budget, BUDGET_CORE, true, TOKEN, NOW, NULL), NOW + S);
	assert_true(budget_ready_ms(&budget, BUDGET_CORE, false, TOKEN, NOW, NULL) <= NOW);
	assert_true(budget_ready_ms(&budget, BUDGET_CORE, true, TOKEN, NOW + S, NULL) <= NOW + S);
	/* However the clock was set. */
	assert_int_equal(budget_ready_ms(&budget, BUDGET_CORE, true, TOKEN, NOW - CLOCK_DAY_MS, NULL),
		NOW - CLOCK_DAY_MS + S);
}

static void writes_are_spaced(void **state) {
	static struct budget budget;
	static int64_t at_ms[1700];

	budget_init(&budget);
	write_all(&budget, NOW, at_ms, ARRAY_SIZE(at_ms));
	expect_spaced(at_ms, ARRAY_SIZE(at_ms));
	/* And no slower than that. */
	assert_int_equal(at_ms[499] - at_ms[0], 499 * S);
	assert_int_equal(at_ms[500] - at_ms[0], CLOCK_HOUR_MS);
	assert_true(at_ms[1699] - at_ms[0] < 4 * CLOCK_HOUR_MS);
	/* Reading is not held up by it. */
	assert_true(budget_ready_ms(&budget, BUDGET_CORE, false, TOKEN, at_ms[1699], NULL) <=
		at_ms[1699]);
}

static void writes_are_spaced_over_restarts(void **state) {
	static struct budget budget, back;
	static int64_t at_ms[700];
	json_t *object;

	budget_init(&budget);
	write_all(&budget, NOW, at_ms, 350);
	object = budget_to_json(&budget);
	budget_from_json(object, &back, at_ms[349]);
	json_decref(object);
	write_all(&back, at_ms[349], at_ms + 350, 350);
	expect_spaced(at_ms, ARRAY_SIZE(at_ms));
}

static void a_clock_that_is_set_back_holds_up_nothing_for_ever(void **state) {
	static struct budget budget, back;
	static int64_t at_ms[1];
	json_t *object;
	int64_t earlier_ms = NOW - 30 * CLOCK_DAY_MS;

	budget_init(&budget);
	write_all(&budget, NOW, at_ms, 1);
	(void)answer_row(&budget, &limited, NOW);
	object = budget_to_json(&budget);
	assert_true(budget_ready_ms(&budget, BUDGET_CORE, true, TOKEN, earlier_ms, NULL) <=
		earlier_ms + CLOCK_HOUR_MS);
	assert_true(budget_ready_ms(&budget, BUDGET_CORE, true, TOKEN, earlier_ms + CLOCK_HOUR_MS,
			    NULL) <= earlier_ms + CLOCK_HOUR_MS);
	budget_from_json(object, &back, earlier_ms);
	json_decref(object);
	assert_true(budget_ready_ms(&back, BUDGET_CORE, true, TOKEN, earlier_ms, NULL) <=
		earlier_ms + CLOCK_HOUR_MS);
}

static void a_spoiled_budget_is_a_new_one(void **state) {
	static const char *const texts[] = { "{}", "[]", "7", "null",
		"{\"writes\":7,\"core\":[],\"why\":{}}",
		"{\"writes\":[\"x\",-5,null,{}],\"core\":{\"remaining\":\"0\",\"reset\":-1}}",
		"{\"core\":{\"remaining\":-3,\"limit\":1e9,\"pausedUntil\":true},\"pause\":-9}" };
	static struct budget budget;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_t *object = json_loads(texts[i], JSON_DECODE_ANY, NULL);

		assert_non_null(object);
		budget_from_json(object, &budget, NOW);
		json_decref(object);
		assert_true(budget_ready_ms(&budget, BUDGET_CORE, true, TOKEN, NOW, NULL) <= NOW);
	}
	budget_from_json(NULL, &budget, NOW);
	assert_true(budget_ready_ms(&budget, BUDGET_CORE, true, TOKEN, NOW, NULL) <= NOW);
}

/* Far too many, all at the end of time. */
static void a_hostile_budget_waits_an_hour_at_most(void **state) {
	static struct budget budget;
	json_t *writes = json_array();
	json_t *object = json_pack("{s:o,s:{s:i,s:I,s:I}}", "writes", writes, "core", "remaining",
		0, "reset", (json_int_t)INT64_MAX, "pausedUntil", (json_int_t)INT64_MAX);

	for (int i = 0; i < 2000; i++) {
		assert_int_equal(json_array_append_new(writes, json_integer(INT64_MAX)), 0);
	}
	budget_from_json(object, &budget, NOW);
	json_decref(object);
	assert_int_equal(
		budget_ready_ms(&budget, BUDGET_CORE, true, TOKEN, NOW, NULL), NOW + CLOCK_HOUR_MS);
}

static void assert_limits(const struct budget *budget, int64_t now_ms, const char *expected) {
	json_t *limits = budget_limits_to_json(budget, now_ms);
	char *text = json_dumps(limits, JSON_COMPACT);

	assert_string_equal(text, expected);
	json_decref(limits);
	free(text);
}

static void says_what_is_left(void **state) {
	static const struct row row = { "fine", 200,
		{ "x-ratelimit-limit", "5000", LEFT("4812", RESET) }, NULL, false, BUDGET_OK, 0, 0 };
	static struct budget budget;
	char text[LIMIT_SENTENCE_MAX];

	budget_init(&budget);
	(void)answer_row(&budget, &row, NOW);
	budget_sent(&budget, BUDGET_CORE, true, NOW);
	assert_string_equal(budget_describe(&budget, TOKEN, NOW, text),
		"Requests left: REST 4,811 of 5,000, GraphQL not known yet. Writes in the last hour: 1 of 500.");
	assert_limits(&budget, NOW,
		"[{\"resource\":\"core\",\"limit\":5000,\"remaining\":4811,"
		"\"resetAt\":\"" RESET_TEXT "\"}]");
	assert_limits(&budget, NOW + CLOCK_HOUR_MS,
		"[{\"resource\":\"core\",\"limit\":5000,\"remaining\":5000,\"resetAt\":\"" RESET_TEXT
		"\"}]");
	(void)answer_row(&budget, &refused, NOW);
	assert_non_null(strstr(budget_describe(&budget, TOKEN, NOW, text), "refuses the credential"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retry_after_is_read_and_clamped),
		cmocka_unit_test(every_answer_has_its_meaning),
		cmocka_unit_test(a_restart_forgets_no_wait),
		cmocka_unit_test(waits_longer_each_time),
		cmocka_unit_test(a_refused_credential_waits_for_another),
		cmocka_unit_test(what_is_left_is_counted_before_the_answer),
		cmocka_unit_test(the_first_write_after_a_start_keeps_its_distance),
		cmocka_unit_test(writes_are_spaced),
		cmocka_unit_test(writes_are_spaced_over_restarts),
		cmocka_unit_test(a_clock_that_is_set_back_holds_up_nothing_for_ever),
		cmocka_unit_test(a_spoiled_budget_is_a_new_one),
		cmocka_unit_test(a_hostile_budget_waits_an_hour_at_most),
		cmocka_unit_test(says_what_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
