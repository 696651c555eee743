/* An agent of type codegen that is refused, fails, is stopped, takes too long. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"
#include "tests/unit/agent/codegen_world.h"

#define TASK "delayed-1758245293693"

static void assert_has(const char *text, const char *part) {
	if (!strstr(text, part)) {
		fail_msg("\"%s\" is not in \"%s\"", part, text);
	}
}

/* ---- refused, and not now ---- */

static void test_refusals(void **state) {
	static const struct {
		const char *match;
		int status;
		const char *body;
		const char *retry_after;
		enum agent_end end;
		int64_t wait_ms;
		const char *sentence;
		bool doubtful; /* a run may have begun all the same: it is looked for before the next order */
	} rows[] = {
		{ "POST", 402, "{\"message\":\"Agent run limit reached\"}", NULL, AGENT_REFUSED, 0,
			"answered HTTP 402 (\"Agent run limit reached\"). The limit of agent runs",
			false },
		{ "POST", 403, "{\"message\":\"no\"}", NULL, AGENT_REFUSED, 0,
			"HTTP 403 (\"no\"). The API key may not do this", false },
		{ "POST", 404, "{\"message\":\"no\"}", NULL, AGENT_REFUSED, 0,
			"Connect the project's repository there", false },
		{ "POST", 422, "{\"detail\":[{\"msg\":\"no\"}]}", NULL, AGENT_REFUSED, 0,
			"HTTP 422 (\"no\"). Check the agent's `organization`", false },
		{ "POST", 400, "{\"detail\":\"no\"}", NULL, AGENT_REFUSED, 0,
			"Check the agent's `api-url`.", false },
		{ "POST", 401, "", NULL, AGENT_NOT_NOW, LIMIT_AGENT_CREDENTIAL_MS,
			"Replace the API key.", true },
		{ "POST", 403, "{\"message\":\"slow down\"}", "30", AGENT_NOT_NOW, 30000,
			"That is its rate limit.", true },
		{ "POST", 429, "", "30", AGENT_NOT_NOW, 30000, "HTTP 429", true },
		{ "POST", 429, "", NULL, AGENT_NOT_NOW, CLOCK_MINUTE_MS, "HTTP 429", true },
		{ "POST", 429, "", "99999999999999999999999", AGENT_NOT_NOW,
			LIMIT_RATE_PAUSE_MAX_MS, "HTTP 429", true },
		{ "POST", 429, "", "-3", AGENT_NOT_NOW, CLOCK_MINUTE_MS, "HTTP 429", true },
		{ "POST", 429, "", "soon", AGENT_NOT_NOW, CLOCK_MINUTE_MS, "HTTP 429", true },
		{ "POST", -ECONNREFUSED, NULL, NULL, AGENT_NOT_NOW, 0, "No answer from", false },
		{ "GET repos", 404, "", NULL, AGENT_REFUSED, 0, "HTTP 404", false },
		{ "GET repos", 403, "", NULL, AGENT_REFUSED, 0, "HTTP 403", false },
		{ "GET repos", 503, "", "7", AGENT_NOT_NOW, 7000, "HTTP 503", false },
		{ "GET repos", 500, "", NULL, AGENT_NOT_NOW, 0, "HTTP 500", false },
		{ "GET repos", 200, "{\"items\":{}}", NULL, AGENT_NOT_NOW, 0, "cannot be read",
			false },
		{ "GET repos", -ETIMEDOUT, NULL, NULL, AGENT_NOT_NOW, 0, "No answer from", false },
		{ "GET repos", 401, "", NULL, AGENT_NOT_NOW, LIMIT_AGENT_CREDENTIAL_MS, "HTTP 401",
			false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w->has_post = false;
		snprintf(w->agent.name, sizeof(w->agent.name), "refused-%zu", i);
		w->faults[0] = (struct world_fault){ .match = rows[i].match,
			.n = 1,
			.status = rows[i].status,
			.body = rows[i].body,
			.retry_after = rows[i].retry_after };
		world_run(w);
		assert_int_equal(w->end, rows[i].end);
		assert_int_equal(w->retry_ms, rows[i].wait_ms > 0 ? w->now_ms + rows[i].wait_ms : 0);
		assert_has(w->sentence, "Agent \"refused-");
		assert_has(w->sentence, "\" was not started");
		assert_has(w->sentence, rows[i].sentence);
		assert_null(w->result);
		assert_int_equal(w->has_post && w->post.intent_ms != 0, rows[i].doubtful);
		assert_int_equal(w->n_runs, 0);
	}
}

/* What a proxy says, or the service of who asks and how often, proves nothing: one run, whether it was made or not. */
static void test_refused_though_it_was_made(void **state) {
	static const struct {
		int status;
		const char *body;
		const char *retry_after;
	} rows[] = {
		{ 302, "{\"message\":\"Moved\"}", NULL },
		{ 307, "", NULL },
		{ 401, "{\"message\":\"Invalid API token\"}", NULL },
		{ 403, "<html>", NULL },
		{ 403, "{\"message\":\"slow down\"}", "1" },
		{ 404, "", NULL },
		{ 429, "{\"message\":\"Rate limit exceeded\"}", "30" },
		{ 429, "", NULL },
	};
	struct world *w = *state;

	w->agent.repository = 7;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		w->has_post = false;
		w->n_runs = w->n_requests = 0;
		snprintf(w->agent.name, sizeof(w->agent.name), "doubtful-%zu", i);
		w->faults[0] = (struct world_fault){ .match = "POST",
			.n = 1,
			.status = rows[i / 2].status,
			.body = rows[i / 2].body,
			.retry_after = rows[i / 2].retry_after,
			.effect = i % 2 == 0 ? EFFECT_APPLIED : EFFECT_NONE };
		world_run(w);
		for (int n = 0; n < 4 && w->end == AGENT_NOT_NOW; n++) {
			w->now_ms = w->retry_ms;
			world_run(w);
		}
		assert_int_equal(w->end, AGENT_ENDED);
		assert_int_equal(w->n_runs, 1);
		assert_int_equal(w->post.post_id, 5000);
		assert_int_equal(world_count(w, "POST"), i % 2 == 0 ? 1 : 2);
	}
}

static void test_no_such_repository(void **state) {
	struct world *w = *state;

	w->has_no_repository = true;
	w->n_other_repositories = 3;
	world_run(w);
	assert_int_equal(w->end, AGENT_REFUSED);
	assert_has(w->sentence,
		"Its organization 42 has no repository \"acme/web\": connect it there");
	assert_false(w->has_post);
}

static void test_no_api_key(void **state) {
	struct world *w = *state;

	w->has_key = false;
	world_run(w);
	assert_int_equal(w->end, AGENT_NOT_NOW);
	assert_int_equal(w->retry_ms, w->now_ms + LIMIT_AGENT_CREDENTIAL_MS);
	assert_has(w->sentence, "There is no credential \"codegen-api-key\".");
	assert_int_equal(w->n_requests, 0);
}

static void test_a_secret_never_leaves(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	w->report.log =
		"git push https://x:ghp_16C7e42F292c6912E7710c838347Ae178B4a@github.com/a/b\n";
	world_run(w);
	w->report.log = NULL;
	assert_int_equal(w->end, AGENT_REFUSED);
	assert_has(w->sentence, "What it would be asked holds a secret");
	assert_null(strstr(w->sentence, "ghp_"));
	assert_int_equal(w->n_requests, 0);
	assert_false(w->has_post);
}

static void test_nothing_begins_unrecorded(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	w->record_fails = -ENOSPC;
	world_run(w);
	assert_int_equal(w->end, AGENT_NOT_NOW);
	assert_has(w->sentence, "cannot be recorded");
	assert_int_equal(w->n_requests, 0);
}

static void fill_disk(struct world *w, const char *what) {
	w->record_fails = strncmp(what, "POST", 4) == 0 ? -ENOSPC : w->record_fails;
}

static void test_a_run_that_cannot_be_recorded_is_followed(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	w->asked = fill_disk;
	world_run(w);
	assert_int_equal(w->end, AGENT_ENDED);
	assert_has(w->sentence, "is complete");
	/* The next start would find it by its task. */
	assert_int_not_equal(w->post.intent_ms, 0);
	w->record_fails = 0;
	w->asked = NULL;
	world_run(w);
	assert_int_equal(w->post.post_id, 5000);
	assert_int_equal(w->n_runs, 1);
}

/* A search that is refused or fails is not taken for "there is none". */
static void test_a_search_that_fails(void **state) {
	static const struct {
		int status;
		const char *body;
		enum agent_end end;
	} rows[] = {
		{ 500, "", AGENT_NOT_NOW },
		{ 429, "", AGENT_NOT_NOW },
		{ 401, "", AGENT_NOT_NOW },
		{ -ETIMEDOUT, NULL, AGENT_NOT_NOW },
		{ -ECONNREFUSED, NULL, AGENT_NOT_NOW },
		{ 200, "{}", AGENT_NOT_NOW },
		{ 200,
			"{\"items\":[{\"metadata\":{\"codegend_task\":\"" TASK
			"\",\"project\":\"acme/web\"}}],\"total\":1}",
			AGENT_NOT_NOW },
		{ 403, "", AGENT_ENDED },
	};
	struct world *w = *state;

	w->agent.repository = 7;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w->post = (struct post){ .kind = POST_RUN,
			.incident_id = w->incident.id,
			.task_id = w->task.id,
			.intent_ms = w->now_ms - CLOCK_HOUR_MS };
		w->has_post = true;
		w->faults[0] = (struct world_fault){ .match = "GET agent/runs",
			.n = 1,
			.status = rows[i].status,
			.body = rows[i].body };
		world_run(w);
		assert_int_equal(w->end, rows[i].end);
		assert_int_equal(world_count(w, "POST"), 0);
		assert_int_not_equal(w->post.intent_ms, 0);
	}
}

/* ---- following ---- */

static void test_looks_that_fail_are_repeated(void **state) {
	static const char half[] = "{\"id\":5000,\"status\":\"COMP";
	static const char nul[] = "{\"id\":5000,\"status\":\"COMPLETE\0\"}";
	struct world *w = *state;

	w->agent.repository = 7;
	w->faults[0] = (struct world_fault){ .match = "GET agent/run/", .n = 1, .status = 500 };
	w->faults[1] = (struct world_fault){ .match = "GET agent/run/", .n = 1, .status = 404 };
	w->faults[2] = (struct world_fault){ .match = "GET agent/run/", .n = 1, .status = -EMSGSIZE };
	w->faults[3] =
		(struct world_fault){ .match = "GET agent/run/", .n = 1, .status = 200, .body = half };
	w->faults[4] = (struct world_fault){ .match = "GET agent/run/",
		.n = 1,
		.status = 200,
		.body = nul,
		.body_len = sizeof(nul) - 1 };
	w->faults[5] = (struct world_fault){ .match = "GET agent/run/",
		.n = 1,
		.status = 200,
		.body = "{\"id\":1,\"status\":\"COMPLETE\"}" };
	w->faults[6] = (struct world_fault){
		.match = "GET agent/run/", .n = 1, .status = 429, .retry_after = "600"
	};
	world_run(w);
	assert_int_equal(w->end, AGENT_ENDED);
	assert_has(w->sentence, "is complete");
	assert_int_equal(world_count(w, "GET agent/run/"), 8);
	assert_true(w->now_ms - WORLD_START_MS >= 600000);
}

static void test_timeout(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	w->new_status = "ACTIVE";
	w->faults[0] = (struct world_fault){ .match = "GET agent/run/", .n = 1000, .status = 503 };
	world_run(w);
	assert_int_equal(w->end, AGENT_LATE);
	assert_has(w->sentence, "Run 5000 of agent \"remote-");
	assert_has(w->sentence,
		"\" is followed no longer, since its timeout of 1h is over; it may go on "
		"(https://codegen.com/agent/trace/5000). The last look at it failed. "
		"\"https://api.codegen.test\" answered HTTP 503.");
	assert_string_equal(w->post.url, "https://codegen.com/agent/trace/5000");
	assert_true(w->now_ms - WORLD_START_MS >= CLOCK_HOUR_MS);
	assert_true(w->now_ms - WORLD_START_MS < CLOCK_HOUR_MS + CLOCK_MINUTE_MS);
	/* Taken up once more, it is looked at once: what is over is over. */
	w->faults[0].n = 0;
	w->n_requests = 0;
	world_run(w);
	assert_int_equal(w->n_requests, 1);
	assert_has(w->sentence, "is followed no longer");
}

static int64_t set_by_ms;

static void set_clock(struct world *w, const char *what) {
	if (strncmp(what, "GET agent/run/", strlen("GET agent/run/")) == 0) {
		w->now_ms += set_by_ms;
		w->asked = NULL;
	}
}

/* Its time is what has passed, whatever the clock is set to. */
static void test_timeout_when_the_clock_was_set(void **state) {
	static const int64_t steps_ms[] = { -CLOCK_DAY_MS, CLOCK_DAY_MS };
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(steps_ms); i++) {
		int64_t began_ms = w->now_ms, passed_ms;

		w->task.started_ms = began_ms;
		w->post = (struct post){ 0 };
		w->agent.repository = 7;
		w->new_status = "ACTIVE";
		w->asked = set_clock;
		set_by_ms = steps_ms[i];
		world_run(w);
		assert_int_equal(w->end, AGENT_LATE);
		passed_ms = w->now_ms - began_ms - set_by_ms;
		assert_in_range(passed_ms, CLOCK_HOUR_MS, CLOCK_HOUR_MS + 10 * CLOCK_MINUTE_MS);
	}
}

static void stop_at(struct world *w, const char *what) {
	if (strncmp(what, "GET agent/run/", strlen("GET agent/run/")) == 0) {
		agent_stop(w->run, true);
		assert_int_equal(w->n_ended, 0);
	}
}

static void test_left_and_taken_up_again(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	w->new_status = "ACTIVE";
	w->asked = stop_at;
	world_run(w);
	assert_int_equal(w->end, AGENT_LEFT);
	assert_has(w->sentence, "is left alone while codegend is stopped");
	w->asked = NULL;
	w->runs[0].status = "COMPLETE";
	w->n_requests = 0;
	w->report.log = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"; /* too late to matter */
	world_run(w);
	w->report.log = NULL;
	assert_int_equal(w->end, AGENT_ENDED);
	assert_int_equal(w->n_requests, 1);
	assert_string_equal(w->requests[0], "GET agent/run/5000");
}

/* Wherever it is stopped it ends once, from the loop, and the next start comes to one run. */
static void test_stopped_anywhere(void **state) {
	struct world *w = *state;
	bool is_over = false;

	for (int turns = 0; !is_over; turns++) {
		for (int leave = 0; leave < 2; leave++) {
			w->has_post = false;
			w->n_runs = w->n_requests = 0;
			snprintf(w->agent.name, sizeof(w->agent.name), "stopped-%d-%d", turns, leave);
			w->new_status = "ACTIVE";
			world_start(w);
			for (int i = 0; i < turns; i++) {
				uv_run(&w->loop, UV_RUN_NOWAIT);
			}
			assert_int_equal(w->n_ended, 0);
			agent_stop(w->run, leave);
			agent_stop(w->run, !leave);
			assert_int_equal(w->n_ended, 0);
			world_wait(w);
			assert_int_equal(w->end, leave ? AGENT_LEFT : AGENT_ENDED);
			is_over = world_count(w, "GET agent/run/") >= 2;
			w->new_status = "COMPLETE";
			if (w->n_runs > 0) {
				w->runs[0].status = "COMPLETE";
			}
			world_run(w);
			if (w->end == AGENT_NOT_NOW) {
				w->now_ms = w->retry_ms;
				world_run(w);
			}
			assert_int_equal(w->end, AGENT_ENDED);
			assert_int_equal(w->n_runs, 1);
			assert_int_equal(w->post.post_id, 5000);
		}
	}
}

static void test_requests_are_spaced(void **state) {
	struct world *w = *state;
	int64_t from_ms = w->now_ms;

	w->n_other_repositories = 100 * 70;
	world_run(w);
	assert_int_equal(world_count(w, "GET repos"), 71);
	assert_true(w->now_ms - from_ms >= 70 * 500);
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		TEST(test_refusals),
		TEST(test_refused_though_it_was_made),
		TEST(test_no_such_repository),
		TEST(test_no_api_key),
		TEST(test_a_secret_never_leaves),
		TEST(test_nothing_begins_unrecorded),
		TEST(test_a_run_that_cannot_be_recorded_is_followed),
		TEST(test_a_search_that_fails),
		TEST(test_looks_that_fail_are_repeated),
		TEST(test_timeout),
		TEST(test_timeout_when_the_clock_was_set),
		TEST(test_left_and_taken_up_again),
		TEST(test_stopped_anywhere),
		TEST(test_requests_are_spaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
