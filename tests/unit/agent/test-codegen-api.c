/* What Codegen's API says, also when it says anything. */
#include "daemon/agent/codegen_api.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/clock.h"
#include "common/text.h"

#define PROJECT "acme/web"

static void test_phases(void **state) {
	static const struct {
		const char *status;
		enum codegen_phase phase;
	} rows[] = {
		{ "COMPLETE", CODEGEN_OVER },
		{ "completed", CODEGEN_OVER },
		{ "Cancelled", CODEGEN_OVER },
		{ "canceled", CODEGEN_OVER },
		{ "error", CODEGEN_OVER },
		{ "FAILED", CODEGEN_OVER },
		{ "stopped", CODEGEN_OVER },
		{ "WAITING_FOR_USER", CODEGEN_ASKS },
		{ "waiting_for_input", CODEGEN_ASKS },
		{ "WAITING_FOR_APPROVAL", CODEGEN_ASKS },
		{ "blocked", CODEGEN_ASKS },
		{ "PAUSED", CODEGEN_ASKS },
		{ "needs_input", CODEGEN_ASKS },
		{ "PENDING", CODEGEN_WORKS },
		{ "ACTIVE", CODEGEN_WORKS },
		{ "RUNNING", CODEGEN_WORKS },
		{ "", CODEGEN_WORKS },
		{ "COMPLETE ", CODEGEN_WORKS },
		{ "NOT_COMPLETE", CODEGEN_WORKS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *phrase = NULL;

		assert_int_equal(codegen_phase(rows[i].status, &phrase), rows[i].phase);
		assert_non_null(phrase);
	}
}

static int decode(const char *body, struct codegen_view *view) {
	return codegen_decode_run(body, strlen(body), PROJECT, view);
}

static void test_a_whole_run(void **state) {
	static struct codegen_view view;
	int64_t ms;

	assert_int_equal(
		decode("{\"id\":5000,\"organization_id\":42,\"status\":\"COMPLETE\","
		       "\"created_at\":\"2025-10-07T12:00:00Z\",\"web_url\":\"https://codegen.com/r/1\","
		       "\"result\":\"R\",\"summary\":\"Fixed\\nit\",\"github_pull_requests\":[{\"id\":1,"
		       "\"url\":\"https://github.com/acme/web/pull/7\",\"head_branch_name\":\"x\"}],"
		       "\"metadata\":null}",
			&view),
		0);
	assert_int_equal(clock_parse("2025-10-07T12:00:00Z", &ms), 0);
	assert_int_equal(view.id, 5000);
	assert_int_equal(view.created_ms, ms);
	assert_string_equal(view.status, "COMPLETE");
	assert_string_equal(view.url, "https://codegen.com/r/1");
	assert_string_equal(view.summary, "Fixed\nit");
	assert_int_equal(view.n_pulls, 1);
	assert_int_equal(view.pulls[0].number, 7);
	assert_string_equal(view.pulls[0].branch, "x");
}

/* Only `id` is required. */
static void test_the_least_run(void **state) {
	static struct codegen_view view;

	assert_int_equal(decode("{\"id\":1}", &view), 0);
	assert_int_equal(view.id, 1);
	assert_int_equal(view.created_ms, 0);
	assert_string_equal(view.status, "");
	assert_string_equal(view.url, "");
	assert_string_equal(view.summary, "");
	assert_int_equal(view.n_pulls, 0);
}

static void test_no_run(void **state) {
	static const char *const bodies[] = {
		"",
		"{",
		"null",
		"[]",
		"7",
		"\"id\"",
		"{}",
		"{\"id\":null}",
		"{\"id\":0}",
		"{\"id\":-1}",
		"{\"id\":\"5000\"}",
		"{\"id\":5000.5}",
		"{\"id\":99999999999999999999}",
		"{\"id\":true}",
		"{\"id\":{}}",
		"{\"id\":5000",
		"{\"id\":5000}x",
		"<html>",
		"{\"id\":1,\"status\":\"\xff\"}",
	};
	static struct codegen_view view;

	view.id = 77;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		assert_int_equal(decode(bodies[i], &view), -EBADMSG);
		assert_int_equal(view.id, 77);
	}
	assert_int_equal(codegen_decode_run("{\"id\":1}\0", 9, PROJECT, &view), -EBADMSG);
}

static void test_wrong_types_are_nothing(void **state) {
	static struct codegen_view view;

	assert_int_equal(
		decode("{\"id\":1,\"status\":7,\"created_at\":[],\"web_url\":{},\"summary\":1.5,"
		       "\"result\":true,\"github_pull_requests\":{\"url\":1},\"metadata\":[]}",
			&view),
		0);
	assert_string_equal(view.status, "");
	assert_string_equal(view.summary, "");
	assert_int_equal(view.n_pulls, 0);
	assert_int_equal(decode("{\"id\":1,\"github_pull_requests\":[1,null,[],{},{\"url\":7},{\"url\":"
				"\"https://github.com/acme/web/pull/1\",\"head_branch_name\":7}]}",
				 &view),
		0);
	assert_int_equal(view.n_pulls, 1);
	assert_string_equal(view.pulls[0].branch, "");
}

static void test_texts_are_fit_to_be_shown(void **state) {
	static struct codegen_view view;

	assert_int_equal(
		decode("{\"id\":1,\"status\":\"AC\\u001b[31mTI\\nVE\\u202e\",\"summary\":\"a\\u0000b "
		       "ghp_16C7e42F292c6912E7710c838347Ae178B4a\"}",
			&view),
		0);
	assert_string_equal(view.status, "ACTI VE");
	assert_string_equal(view.summary,
		"a\xef\xbf\xbd"
		"b [REDACTED:github-token]");
}

static void test_urls(void **state) {
	static const struct {
		const char *url;
		bool is_taken;
	} rows[] = {
		{ "https://codegen.com/r/1", true },
		{ "http://127.0.0.1:80/r", true },
		{ "javascript:alert(1)", false },
		{ "https://user:pw@codegen.com/", false },
		{ "https://codegen.com/a b", false },
		{ "https://codegen.com/\\u001b[31m", false },
		{ "https://codegen.com/\\u0000", false },
		{ "https://codegen.com/\\\"", false },
		{ "https://codegen.com/)\\n", false },
		{ "https://codegen.com/\\u202e", false },
		{ "ftp://codegen.com/", false },
		{ "", false },
	};
	static struct codegen_view view;
	char body[512];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(body, sizeof(body), "{\"id\":1,\"web_url\":\"%s\"}", rows[i].url);
		assert_int_equal(decode(body, &view), 0);
		assert_string_equal(view.url, rows[i].is_taken ? rows[i].url : "");
	}
}

static void test_pull_requests_of_the_project(void **state) {
	static const struct {
		const char *url;
		int64_t number;
	} rows[] = {
		{ "https://github.com/acme/web/pull/7", 7 },
		{ "https://github.com/Acme/Web/pull/7", 7 },
		{ "https://ghe.example/acme/web/pull/7", 7 },
		{ "https://github.com/acme/web2/pull/7", 0 },
		{ "https://github.com/acme/we/pull/7", 0 },
		{ "https://github.com/x/acme/web/pull/7", 0 },
		{ "https://github.com/acme/web/pull/7/files", 0 },
		{ "https://github.com/acme/web/pull/-7", 0 },
		{ "https://github.com/acme/web/pull/0", 0 },
		{ "https://github.com/acme/web/pull/99999999999999999999", 0 },
		{ "https://github.com/acme/web/pull/", 0 },
		{ "https://github.com/acme/web/issues/7", 0 },
		{ "https://github.com/acme/web", 0 },
		{ "https://github.com/acme", 0 },
		{ "https://github.com", 0 },
	};
	static struct codegen_view view;
	char body[512];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(body, sizeof(body),
			"{\"id\":1,\"github_pull_requests\":[{\"url\":\"%s\",\"head_branch_name\":\"b\"}]}",
			rows[i].url);
		assert_int_equal(decode(body, &view), 0);
		assert_int_equal(view.n_pulls, 1);
		assert_int_equal(view.pulls[0].number, rows[i].number);
	}
}

static void test_much_of_everything(void **state) {
	static struct codegen_view view;
	json_t *run = json_pack("{s:i, s:[]}", "id", 1, "github_pull_requests");
	json_t *pulls = json_object_get(run, "github_pull_requests");
	size_t len = 1024 * 1024;
	char *long_text = malloc(len + 1);
	char *body;

	assert_non_null(long_text);
	memset(long_text, 'x', len);
	long_text[len] = '\0';
	for (size_t i = 0; i < 1000; i++) {
		json_array_append_new(pulls,
			json_pack("{s:s, s:s}", "url", "https://github.com/acme/web/pull/7",
				"head_branch_name", i % 2 == 0 ? long_text : "b"));
	}
	json_object_set_new(run, "summary", json_string(long_text));
	json_object_set_new(run, "status", json_string(long_text));
	json_object_set_new(run, "web_url", json_string(long_text));
	json_object_set_new(run, "created_at", json_string(long_text));
	json_array_clear(pulls);
	for (size_t i = 0; i < 1000; i++) {
		json_array_append_new(pulls,
			json_pack("{s:s, s:s}", "url", "https://github.com/acme/web/pull/7",
				"head_branch_name", "b"));
	}
	body = json_dumps(run, 0);
	assert_int_equal(decode(body, &view), 0);
	assert_int_equal(strlen(view.summary), LIMIT_AGENT_SUMMARY_BYTES - 1);
	assert_int_equal(strlen(view.status), CODEGEN_STATUS_MAX - 1);
	assert_string_equal(view.url, "");
	assert_int_equal(view.n_pulls, LIMIT_LINKS_OF_INCIDENT);
	json_decref(run);
	free(body);
	free(long_text);

	/* Nested beyond what the parser takes. */
	body = malloc(len);
	assert_non_null(body);
	memset(body, '[', len);
	assert_int_equal(codegen_decode_run(body, len, PROJECT, &view), -EBADMSG);
	free(body);
}

static void test_times(void **state) {
	static const struct {
		const char *text;
		const char *is;
	} rows[] = {
		{ "2025-10-07T12:00:00Z", "2025-10-07T12:00:00.000Z" },
		{ "2025-10-07T14:00:00+02:00", "2025-10-07T12:00:00.000Z" },
		{ "2025-10-07 12:00:00.123456", "2025-10-07T12:00:00.123Z" },
		{ "2025-10-07T12:00:00", "2025-10-07T12:00:00.000Z" },
		{ "yesterday", NULL },
		{ "2025-10-07", NULL },
		{ "", NULL },
	};
	static struct codegen_view view;
	char body[128], text[CLOCK_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(body, sizeof(body), "{\"id\":1,\"created_at\":\"%s\"}", rows[i].text);
		assert_int_equal(decode(body, &view), 0);
		if (rows[i].is) {
			assert_string_equal(clock_format(view.created_ms, text), rows[i].is);
		} else {
			assert_int_equal(view.created_ms, 0);
		}
	}
}

#define OURS "\"metadata\":{\"codegend_task\":\"t\",\"project\":\"acme/web\"}"

static void test_search(void **state) {
	static const struct {
		const char *page;
		int status;
		bool is_over;
		size_t n_found;
		int64_t oldest;
		int64_t other;
	} rows[] = {
		{ "{\"items\":[],\"total\":0}", 0, true, 0, 0, 0 },
		{ "{\"items\":[{\"id\":5," OURS "}],\"total\":1}", 0, true, 1, 5, 0 },
		{ "{\"items\":[{\"id\":5," OURS "}],\"total\":2}", 0, false, 1, 5, 0 },
		{ "{\"items\":[{\"id\":5," OURS "}]}", 0, false, 1, 5, 0 },
		{ "{\"items\":[{\"id\":5," OURS "}],\"total\":\"1\"}", 0, false, 1, 5, 0 },
		{ "{\"items\":[{\"id\":5," OURS "}],\"total\":-1}", 0, false, 1, 5, 0 },
		{ "{\"items\":[{\"id\":9," OURS "},{\"id\":7," OURS "},{\"id\":8," OURS
		  "}],\"total\":3}",
			0, true, 3, 7, 9 },
		{ "{\"items\":[{\"id\":9," OURS "},{\"id\":9," OURS "}],\"total\":2}", 0, true, 1,
			9, 0 },
		{ "{\"items\":[1,null,[],{},{\"id\":4},{\"id\":5,\"metadata\":[]},{\"id\":6,\"metadata\":"
		  "{\"codegend_task\":7,\"project\":\"acme/web\"}}],\"total\":7}",
			0, true, 0, 0, 0 },
		/* In order and older than what is looked for: what follows is older still. */
		{ "{\"items\":[{\"id\":5,\"created_at\":\"2025-10-07T12:00:00Z\"},{\"id\":4,\"created_at\":"
		  "\"2024-10-07T12:00:00Z\"}],\"total\":500}",
			0, true, 0, 0, 0 },
		{ "{\"items\":[{\"id\":5,\"created_at\":\"2024-10-07T12:00:00Z\"},{\"id\":4,\"created_at\":"
		  "\"2024-10-07T12:00:01Z\"}],\"total\":500}",
			0, false, 0, 0, 0 },
		{ "{\"items\":[{\"id\":5,\"created_at\":null},{\"id\":4,\"created_at\":"
		  "\"2024-10-07T12:00:01Z\"}],\"total\":500}",
			0, false, 0, 0, 0 },
		{ "{\"items\":[{\"id\":\"5\"," OURS "}],\"total\":1}", -EBADMSG, false, 0, 0, 0 },
		{ "{\"items\":{}}", -EBADMSG, false, 0, 0, 0 },
		{ "{\"total\":0}", -EBADMSG, false, 0, 0, 0 },
		{ "[]", -EBADMSG, false, 0, 0, 0 },
		{ "", -EBADMSG, false, 0, 0, 0 },
		{ "{\"items\":[", -EBADMSG, false, 0, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		static struct codegen_search search;

		search = (struct codegen_search){ .task = "t", .project = PROJECT };
		assert_int_equal(clock_parse("2025-01-01T00:00:00Z", &search.since_ms), 0);
		assert_int_equal(codegen_search_page(&search, rows[i].page, strlen(rows[i].page)),
			rows[i].status);
		assert_int_equal(search.pages.is_over, rows[i].is_over);
		assert_int_equal(search.n_found, rows[i].n_found);
		assert_int_equal(search.oldest.id, rows[i].oldest);
		assert_int_equal(search.other_id, rows[i].other);
	}
}

static void test_a_search_has_an_end(void **state) {
	static const char page[] = "{\"items\":[{\"id\":1},{\"id\":2}]}";
	static struct codegen_search search = { .task = "t", .project = PROJECT };

	for (size_t i = 0; i < LIMIT_AGENT_RUN_PAGES; i++) {
		assert_false(search.pages.is_over);
		assert_int_equal(search.pages.skip, 2 * i);
		assert_int_equal(codegen_search_page(&search, page, strlen(page)), 0);
	}
	assert_true(search.pages.is_over);
	assert_true(search.pages.is_cut);
}

static void test_lookup(void **state) {
	static const struct {
		const char *page;
		int status;
		bool is_over;
		int64_t repository;
	} rows[] = {
		{ "{\"items\":[{\"id\":3,\"full_name\":\"acme/x\"},{\"id\":7,\"full_name\":\"ACME/web\"}],"
		  "\"total\":900}",
			0, true, 7 },
		{ "{\"items\":[{\"id\":3,\"full_name\":\"acme/x\"}],\"total\":900}", 0, false, 0 },
		{ "{\"items\":[{\"id\":3,\"full_name\":\"acme/x\"}],\"total\":1}", 0, true, 0 },
		{ "{\"items\":[{\"id\":\"7\",\"full_name\":\"acme/web\"}],\"total\":1}", 0, true, 0 },
		{ "{\"items\":[{\"id\":7,\"full_name\":\"acme/web\\u0000\"}],\"total\":1}", 0, true,
			0 },
		{ "{\"items\":[{\"id\":7,\"name\":\"acme/web\"},null],\"total\":2}", 0, true, 0 },
		{ "{\"items\":null}", -EBADMSG, false, 0 },
		{ "nothing", -EBADMSG, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct codegen_lookup lookup = { .project = PROJECT };

		assert_int_equal(codegen_lookup_page(&lookup, rows[i].page, strlen(rows[i].page)),
			rows[i].status);
		assert_int_equal(lookup.pages.is_over, rows[i].is_over);
		assert_int_equal(lookup.repository, rows[i].repository);
	}
}

static void test_order(void **state) {
	static const struct codegen_order order = {
		.prompt = "Fix \"it\"\n",
		.task = "delayed-1",
		.incident = "incident-1",
		.project = PROJECT,
		.branch = "fix",
		.repository = 7,
	};
	char *body = codegen_encode_order(&order);

	assert_string_equal(body,
		"{\"prompt\":\"Fix \\\"it\\\"\\n\",\"repo_id\":7,\"metadata\":{\"codegend_task\":\"delayed-1\","
		"\"codegend_incident\":\"incident-1\",\"project\":\"acme/web\",\"branch\":\"fix\"}}");
	free(body);
}

static void test_messages(void **state) {
	static const struct {
		const char *body;
		const char *message;
	} rows[] = {
		{ "{\"message\":\"Agent run limit reached\",\"status_code\":402}",
			"Agent run limit reached" },
		{ "{\"detail\":\"Not Found\"}", "Not Found" },
		{ "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field\\nrequired\"}]}",
			"field required" },
		{ "{\"message\":7,\"detail\":[7]}", "" },
		{ "{\"detail\":[]}", "" },
		{ "{\"message\":\"ghp_16C7e42F292c6912E7710c838347Ae178B4a\"}",
			"[REDACTED:github-token]" },
		{ "{\"message\":\"0123456789012345678901234567890123456789\"}",
			"0123456789012345678901234567890" },
		{ "<html>", "" },
		{ "", "" },
		{ "[]", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char message[32];

		codegen_decode_message(rows[i].body, strlen(rows[i].body), message, sizeof(message));
		assert_string_equal(message, rows[i].message);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_a_whole_run),
		cmocka_unit_test(test_the_least_run),
		cmocka_unit_test(test_no_run),
		cmocka_unit_test(test_wrong_types_are_nothing),
		cmocka_unit_test(test_texts_are_fit_to_be_shown),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_pull_requests_of_the_project),
		cmocka_unit_test(test_much_of_everything),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_a_search_has_an_end),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
