/* One run, whatever happens: the flow of an agent of type codegen. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"
#include "daemon/agent/codegen_internal.h"
#include "tests/unit/agent/codegen_world.h"

#define TASK "delayed-1758245293693"

static void assert_has(const char *text, const char *part) {
	if (!strstr(text, part)) {
		fail_msg("\"%s\" is not in \"%s\"", part, text);
	}
}

static const char *result_text(struct world *w, const char *name) {
	return json_string_value(json_object_get(w->result, name));
}

/* What one service calls a project tells nothing of another's. */
static void test_another_service_counts_otherwise(void **state) {
	struct world *w = *state;
	struct config_agent agent = w->agent;

	codegen_remember_repository(&agent, "acme/numbered", 7);
	assert_int_equal(codegen_recall_repository(&agent, "acme/numbered"), 7);
	(void)TEXT_SET(agent.api_url, "https://codegen.example/api");
	assert_int_equal(codegen_recall_repository(&agent, "acme/numbered"), 0);
}

/* ---- the usual way ---- */

static void test_a_run_is_asked_for_and_followed(void **state) {
	static const char *const requests[] = { "GET repos?skip=0&limit=100", "POST agent/run",
		"GET agent/run/5000" };
	struct world *w = *state;

	world_run(w);
	assert_int_equal(w->end, AGENT_ENDED);
	assert_int_equal(w->n_requests, ARRAY_SIZE(requests));
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		assert_string_equal(w->requests[i], requests[i]);
	}
	assert_int_equal(w->n_runs, 1);
	assert_string_equal(w->runs[0].task, TASK);
	/* Intent, then number. */
	assert_int_equal(w->n_records, 2);
	assert_int_equal(w->post.post_id, 5000);
	assert_int_equal(w->post.intent_ms, 0);
	assert_int_equal(w->post.suspect_ms, 0);
	assert_string_equal(w->post.url, "https://codegen.com/agent/trace/5000");
	assert_has(w->sentence, "Run 5000 of agent \"remote-");
	assert_has(w->sentence, "\" is complete after 3");
	assert_has(w->sentence, " (https://codegen.com/agent/trace/5000).");
	assert_string_equal(result_text(w, "type"), "codegen");
	assert_string_equal(result_text(w, "agent"), w->agent.name);
	assert_string_equal(result_text(w, "status"), "COMPLETE");
	assert_string_equal(result_text(w, "summary"), "Done.");
	assert_string_equal(result_text(w, "url"), "https://codegen.com/agent/trace/5000");
	assert_int_equal(json_integer_value(json_object_get(w->result, "runId")), 5000);
	assert_true(json_integer_value(json_object_get(w->result, "durationMs")) >= 30000);
	assert_has(w->last_order, "# Repair a failed CI step");
	assert_null(strstr(w->last_order, "CODEGEN_REPORT_FILE"));
}

static void finish_later(struct world *w, const char *what) {
	if (world_count(w, "GET agent/run/") == 5) {
		w->runs[0].status = "completed";
	}
}

static void test_it_is_looked_at_until_it_is_over(void **state) {
	struct world *w = *state;
	int64_t ms;

	w->new_status = "PONDERING"; /* a word nobody knows yet */
	w->asked = finish_later;
	world_run(w);
	assert_int_equal(w->end, AGENT_ENDED);
	assert_int_equal(world_count(w, "GET agent/run/"), 5);
	ms = w->now_ms - WORLD_START_MS;
	assert_true(ms >= 5 * w->agent.poll_ms && ms < 5 * (w->agent.poll_ms * 9 / 8 + 3000));
}

static void test_the_repository_is_found_on_any_page_and_remembered(void **state) {
	struct world *w = *state;

	w->n_other_repositories = 250;
	world_run(w);
	assert_int_equal(world_count(w, "GET repos"), 3);
	assert_int_equal(world_count(w, "GET repos?skip=200&limit=100"), 1);
	w->has_post = false;
	world_run(w);
	assert_int_equal(world_count(w, "GET repos"), 3);
	assert_int_equal(w->n_runs, 2);
}

static void test_the_repository_may_be_configured(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	world_run(w);
	assert_int_equal(world_count(w, "GET repos"), 0);
	assert_int_equal(w->n_runs, 1);
}

static void test_pull_requests_are_links(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	w->new_status = "ACTIVE";
	world_start(w);
	while (w->n_runs == 0) {
		uv_run(&w->loop, UV_RUN_ONCE);
	}
	w->runs[0].status = "COMPLETE";
	w->runs[0].pulls =
		"[{\"id\":1,\"url\":\"https://github.com/acme/web/pull/7\",\"head_branch_name\":\"codegen/a\"},"
		"{\"url\":\"https://github.com/evil/web/pull/8\",\"head_branch_name\":\"b\"},"
		"{\"url\":\"https://github.com/acme/web/pull/9\",\"head_branch_name\":\"fix\"},"
		"{\"url\":\"https://github.com/acme/web/pull/10\",\"head_branch_name\":null},"
		"{\"url\":\"https://github.com/ACME/web/pull/11\",\"head_branch_name\":\"c\"}]";
	world_wait(w);
	assert_int_equal(w->n_links, 2);
	assert_string_equal(w->links[0].branch, "codegen/a");
	assert_string_equal(w->links[0].head_repository, "");
	assert_int_equal(w->links[0].pull_request, 7);
	assert_string_equal(w->links[1].branch, "c");
	assert_int_equal(w->links[1].pull_request, 11);
	assert_int_equal(json_array_size(json_object_get(w->result, "pullRequests")), 5);
}

static void test_ends(void **state) {
	static const struct {
		const char *status;
		enum agent_end end;
		const char *sentence;
	} rows[] = {
		{ "completed", AGENT_ENDED, "is complete after" },
		{ "Cancelled", AGENT_ENDED, "was cancelled there after" },
		{ "ERROR", AGENT_ENDED, "ended with an error after" },
		{ "failed", AGENT_ENDED, "failed after" },
		{ "STOPPED", AGENT_ENDED, "was stopped there after" },
		{ "waiting_for_user", AGENT_ASKS, "waits for a person's answer after" },
		{ "WAITING_FOR_APPROVAL", AGENT_ASKS, "waits for a person's approval after" },
		{ "Blocked", AGENT_ASKS, "(https://codegen.com/agent/trace/5005). Answer it there." },
	};
	struct world *w = *state;

	w->agent.repository = 7;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w->has_post = false;
		w->new_status = rows[i].status;
		world_run(w);
		assert_int_equal(w->end, rows[i].end);
		if (i != 7) {
			assert_has(w->sentence, rows[i].sentence);
		}
	}
	assert_has(w->sentence, "(https://codegen.com/agent/trace/5007). Answer it there.");
}

/* ---- created once ---- */

static void test_an_order_without_an_answer_is_found(void **state) {
	static const struct {
		int status;
		const char *body;
	} rows[] = {
		{ 500, "oops" },
		{ 502, "<html>" },
		{ 408, "" },
		{ -ETIMEDOUT, NULL },
		{ -ECONNRESET, NULL },
		{ 200, "{\"id\":50" },
		{ 200, "" },
		{ 200, "[]" },
		{ 200, "{\"id\":\"5000\"}" },
	};
	struct world *w = *state;

	w->agent.repository = 7;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w->has_post = false;
		w->n_runs = 0;
		w->faults[0] = (struct world_fault){ .match = "POST",
			.n = 1,
			.status = rows[i].status,
			.body = rows[i].body,
			.effect = EFFECT_APPLIED };
		world_run(w);
		assert_int_equal(w->end, AGENT_ENDED);
		assert_int_equal(w->n_runs, 1);
		assert_int_equal(w->post.post_id, 5000);
		assert_int_equal(w->post.intent_ms, 0);
		assert_int_equal(world_count(w, "POST"), i + 1);
	}
}

/* Neither made nor answered: it is asked for again, but only when the first one can no longer have an effect. */
static void test_an_order_without_effect_is_repeated(void **state) {
	struct world *w = *state;
	int64_t intent_ms;

	w->agent.repository = 7;
	w->faults[0] = (struct world_fault){ .match = "POST", .n = 1, .status = 500 };
	world_run(w);
	assert_int_equal(w->end, AGENT_NOT_NOW);
	intent_ms = w->post.intent_ms;
	assert_int_not_equal(intent_ms, 0);
	assert_int_equal(w->retry_ms, intent_ms + w->agent.settle_ms);
	assert_null(w->result);
	/* Too early. */
	world_run(w);
	assert_int_equal(w->end, AGENT_NOT_NOW);
	assert_int_equal(w->retry_ms, intent_ms + w->agent.settle_ms);
	assert_int_equal(world_count(w, "POST"), 1);
	w->now_ms = w->retry_ms;
	world_run(w);
	assert_int_equal(w->end, AGENT_ENDED);
	assert_int_equal(world_count(w, "POST"), 2);
	assert_int_equal(w->n_runs, 1);
	assert_null(strstr(w->sentence, "as well"));
}

/* The late one appears before the second order. */
static void test_a_late_effect_is_adopted(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	w->faults[0] = (struct world_fault){
		.match = "POST", .n = 1, .status = -ETIMEDOUT, .effect = EFFECT_LATE
	};
	world_run(w);
	assert_int_equal(w->end, AGENT_NOT_NOW);
	world_deliver_late(w);
	w->now_ms = w->retry_ms;
	world_run(w);
	assert_int_equal(w->end, AGENT_ENDED);
	assert_int_equal(world_count(w, "POST"), 1);
	assert_int_equal(w->n_runs, 1);
}

static void deliver_at_poll(struct world *w, const char *what) {
	if (strncmp(what, "GET agent/run/", strlen("GET agent/run/")) == 0 && *w->late) {
		world_deliver_late(w);
	}
}

/* It appears behind the second order: nothing can undo it, so people are told. */
static void test_a_very_late_effect_is_told(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	w->faults[0] = (struct world_fault){
		.match = "POST", .n = 1, .status = -ETIMEDOUT, .effect = EFFECT_LATE
	};
	world_run(w);
	w->now_ms = w->retry_ms;
	w->asked = deliver_at_poll;
	world_run(w);
	assert_int_equal(w->end, AGENT_ENDED);
	assert_int_equal(w->n_runs, 2);
	assert_int_equal(w->post.post_id, 5000);
	assert_int_equal(w->post.suspect_ms, 0);
	assert_has(w->sentence,
		" Run 5001 was started for the same failure as well: stop it there "
		"(https://codegen.com/agent/trace/5001).");
}

static void test_of_two_the_oldest_is_kept(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	world_add_run(w, "delayed-1", "COMPLETE");
	world_add_run(w, TASK, "COMPLETE");
	world_add_run(w, TASK, "COMPLETE");
	w->post = (struct post){ .kind = POST_RUN,
		.incident_id = w->incident.id,
		.task_id = w->task.id,
		.intent_ms = w->now_ms };
	w->has_post = true;
	world_run(w);
	assert_int_equal(w->post.post_id, 5001);
	assert_has(w->sentence, "Run 5001 of agent ");
	assert_has(w->sentence, "Run 5002 was started for the same failure as well");
	assert_int_equal(world_count(w, "POST"), 0);
}

static void test_a_run_of_another_project_is_not_ours(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	TEXT_SET(world_add_run(w, TASK, "COMPLETE")->project, "acme/other");
	w->post = (struct post){ .kind = POST_RUN,
		.incident_id = w->incident.id,
		.task_id = w->task.id,
		.intent_ms = w->now_ms };
	w->has_post = true;
	world_run(w);
	assert_int_equal(w->end, AGENT_NOT_NOW);
}

/* Pages behind the newest, and no further back than the intent. */
static void test_the_search_goes_back_to_the_intent(void **state) {
	static const struct {
		size_t n_before; /* older than the intent */
		size_t n_behind;
		size_t page_max;
		size_t n_pages;
		bool is_there;
	} rows[] = {
		{ 0, 0, 0, 1, true }, { 0, 250, 0, 3, true }, { 300, 98, 0, 1, true },
		{ 300, 150, 0, 2, false }, { 0, 150, 50, 4, true }, /* pages shorter than asked for */
	};
	struct world *w = *state;

	w->agent.repository = 7;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w->n_runs = w->n_requests = 0;
		w->page_max = rows[i].page_max;
		for (size_t k = 0; k < rows[i].n_before; k++) {
			world_add_run(w, "delayed-1", "COMPLETE");
		}
		w->now_ms += CLOCK_DAY_MS;
		w->post = (struct post){ .kind = POST_RUN,
			.incident_id = w->incident.id,
			.task_id = w->task.id,
			.intent_ms = w->now_ms };
		w->has_post = true;
		if (rows[i].is_there) {
			world_add_run(w, TASK, "COMPLETE");
		}
		for (size_t k = 0; k < rows[i].n_behind; k++) {
			world_add_run(w, "delayed-1", "COMPLETE");
		}
		world_run(w);
		assert_int_equal(world_count(w, "GET agent/runs"), rows[i].n_pages);
		assert_int_equal(w->end, rows[i].is_there ? AGENT_ENDED : AGENT_NOT_NOW);
		assert_int_equal(world_count(w, "POST"), 0);
	}
}

/* It cannot be found out: it is not started again, and people can. */
static void test_a_list_without_end(void **state) {
	struct world *w = *state;

	w->agent.repository = 7;
	w->page_max = 1;
	for (size_t i = 0; i < LIMIT_AGENT_RUN_PAGES + 1; i++) {
		world_add_run(w, "delayed-1", "COMPLETE");
	}
	w->post = (struct post){ .kind = POST_RUN,
		.incident_id = w->incident.id,
		.task_id = w->task.id,
		.intent_ms = w->now_ms };
	w->has_post = true;
	world_run(w);
	assert_int_equal(w->end, AGENT_ENDED);
	assert_has(w->sentence, "Whether agent ");
	assert_has(w->sentence, "`codegend_task` \"" TASK "\"");
	assert_int_equal(world_count(w, "GET agent/runs"), LIMIT_AGENT_RUN_PAGES);
	assert_int_equal(world_count(w, "POST"), 0);
}

/* Whenever the daemon dies, the next one comes to exactly one run. */
static void test_crashes(void **state) {
	static const struct {
		enum world_crash crash;
		size_t n_orders; /* in the end */
	} rows[] = {
		{ CRASH_INTENT, 1 },
		{ CRASH_SENT, 1 },
		{ CRASH_ANSWERED, 1 },
	};
	struct world *w = *state;

	w->agent.repository = 7;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		w->has_post = false;
		w->n_runs = w->n_requests = 0;
		w->crash = rows[i].crash;
		world_run(w);
		w->crash = CRASH_NOT;
		assert_true(w->has_post);
		assert_int_not_equal(w->post.intent_ms, 0);
		w->now_ms += CLOCK_MINUTE_MS;
		world_run(w);
		if (w->end == AGENT_NOT_NOW) {
			w->now_ms = w->retry_ms;
			world_run(w);
		}
		assert_int_equal(w->end, AGENT_ENDED);
		assert_int_equal(w->n_runs, 1);
		assert_int_equal(world_count(w, "POST"), rows[i].n_orders);
		assert_int_equal(w->post.post_id, 5000);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		TEST(test_another_service_counts_otherwise),
		TEST(test_a_run_is_asked_for_and_followed),
		TEST(test_it_is_looked_at_until_it_is_over),
		TEST(test_the_repository_is_found_on_any_page_and_remembered),
		TEST(test_the_repository_may_be_configured),
		TEST(test_pull_requests_are_links),
		TEST(test_ends),
		TEST(test_an_order_without_an_answer_is_found),
		TEST(test_an_order_without_effect_is_repeated),
		TEST(test_a_late_effect_is_adopted),
		TEST(test_a_very_late_effect_is_told),
		TEST(test_of_two_the_oldest_is_kept),
		TEST(test_a_run_of_another_project_is_not_ours),
		TEST(test_the_search_goes_back_to_the_intent),
		TEST(test_a_list_without_end),
		TEST(test_crashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
