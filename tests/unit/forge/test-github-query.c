#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/text.h"
#include "daemon/forge/github_query.h"

#define HOSTILE "x\"){viewer{login}}#"

static json_t *write_query(const struct github_target *targets, size_t n, unsigned without) {
	_cleanup_(buffer_finish) struct buffer out;
	json_t *body;

	buffer_init(&out, LIMIT_GITHUB_QUERY_MAX_BYTES);
	assert_int_equal(github_query_write(&out, targets, n, without), 0);
	body = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(body);
	assert_int_equal(json_object_size(body), 2);
	return body;
}

static const char *query_of(const json_t *body) {
	const char *query = json_string_value(json_object_get(body, "query"));

	assert_non_null(query);
	return query;
}

static void expect_variable(const json_t *body, const char *name, const char *value) {
	const json_t *variables = json_object_get(body, "variables");

	assert_string_equal(json_string_value(json_object_get(variables, name)), value);
}

/* Brackets fit, each variable that is used is declared, each that is declared has a value and is used. */
static void expect_sound(const json_t *body) {
	const char *query = query_of(body);
	const json_t *variables = json_object_get(body, "variables");
	const char *body_of_query = strchr(query, '{');
	size_t n_declared = 0;
	int depth = 0;

	assert_non_null(body_of_query);
	for (const char *c = query; *c != '\0'; c++) {
		depth += (*c == '{' || *c == '(') - (*c == '}' || *c == ')');
		assert_true(depth >= 0);
		if (*c == '$') {
			char name[16];
			size_t len = 0;

			while (isalnum((unsigned char)c[1 + len]) && len < sizeof(name) - 1) {
				len++;
			}
			(void)text_copy(name, len + 1, c + 1);
			assert_non_null(json_object_get(variables, name));
			n_declared += c < body_of_query;
		}
	}
	assert_int_equal(depth, 0);
	assert_int_equal(n_declared, json_object_size(variables));
}

static void asks_for_a_pull_request(void **state) {
	const struct github_target target = { .owner = "acme", .name = "web", .pull_request = 17 };
	json_t *body = write_query(&target, 1, 0);
	const char *query = query_of(body);

	expect_sound(body);
	expect_variable(body, "o0", "acme");
	expect_variable(body, "r0", "web");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(body, "variables"), "n0")), 17);
	assert_true(json_is_null(json_object_get(json_object_get(body, "variables"), "c0")));
	assert_non_null(strstr(query, "t0:repository(owner:$o0,name:$r0){pullRequest(number:$n0)"));
	assert_non_null(strstr(query, "isRequired(pullRequestNumber:$n0)"));
	assert_non_null(strstr(query, "mergeStateStatus"));
	assert_non_null(strstr(query, "rateLimit{"));
	assert_null(strstr(query, "fragment found"));
	json_decref(body);
}

static void asks_for_a_branch_with_its_pull_requests(void **state) {
	const struct github_target target = { .owner = "acme",
		.name = "web",
		.branch = "fix/it",
		.head_owner = "ACME",
		.head_name = "Web" };
	json_t *body = write_query(&target, 1, 0);
	const char *query = query_of(body);

	expect_sound(body);
	expect_variable(body, "b0", "refs/heads/fix/it");
	expect_variable(body, "h0", "fix/it");
	assert_non_null(strstr(query, "pullRequests(headRefName:$h0,states:[OPEN]"));
	assert_non_null(strstr(query, "ref(qualifiedName:$b0)"));
	assert_null(strstr(query, "isRequired"));
	/* A fragment that nobody uses fails the whole query. */
	assert_null(strstr(query, "fragment pr "));
	assert_null(strstr(query, "f0:"));
	json_decref(body);
}

static void asks_for_a_tag_and_what_it_stands_for(void **state) {
	const struct github_target target = { .owner = "acme",
		.name = "web",
		.branch = "v1.2",
		.head_owner = "",
		.head_name = "",
		.is_tag = true };
	json_t *body = write_query(&target, 1, 0);

	expect_sound(body);
	expect_variable(body, "b0", "refs/tags/v1.2");
	assert_non_null(strstr(query_of(body), "...on Tag{target{...on Commit{oid"));
	json_decref(body);
}

static void asks_for_the_branch_of_a_fork(void **state) {
	const struct github_target target = { .owner = "acme",
		.name = "web",
		.branch = "main",
		.head_owner = "bob",
		.head_name = "web",
		.checks_after = "Y1",
		.suites_after = "Y2" };
	json_t *body = write_query(&target, 1, 0);

	expect_sound(body);
	expect_variable(body, "p0", "bob");
	expect_variable(body, "c0", "Y1");
	expect_variable(body, "s0", "Y2");
	assert_non_null(strstr(query_of(body), "f0:repository(owner:$p0,name:$q0){ref("));
	json_decref(body);
}

static void nothing_foreign_is_in_the_text(void **state) {
	const struct github_target targets[] = {
		{ .owner = HOSTILE, .name = HOSTILE, .pull_request = 17 },
		{ .owner = HOSTILE,
			.name = HOSTILE,
			.branch = HOSTILE,
			.head_owner = HOSTILE "2",
			.head_name = HOSTILE,
			.checks_after = HOSTILE,
			.suites_after = HOSTILE },
	};
	json_t *body = write_query(targets, ARRAY_SIZE(targets), 0);

	expect_sound(body);
	assert_null(strstr(query_of(body), "viewer"));
	assert_null(strchr(query_of(body), '"'));
	expect_variable(body, "b1", "refs/heads/" HOSTILE);
	json_decref(body);
}

static void asks_for_as_many_as_allowed(void **state) {
	struct github_target targets[LIMIT_GITHUB_TARGETS];
	json_t *body;

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		targets[i] = (struct github_target){
			.owner = "o", .name = "n", .branch = "b", .head_owner = "f", .head_name = "n"
		};
		targets[i].pull_request = i % 2 == 0 ? (int64_t)i + 1 : 0;
	}
	for (unsigned without = 0; without < 32; without++) {
		body = write_query(targets, ARRAY_SIZE(targets), without);
		expect_sound(body);
		assert_non_null(strstr(query_of(body), "t24:"));
		assert_int_equal(strstr(query_of(body), "mergeStateStatus") == NULL,
			(without & GITHUB_WITHOUT_MERGE_STATE) != 0);
		assert_int_equal(strstr(query_of(body), "isInMergeQueue") == NULL,
			(without & GITHUB_WITHOUT_MERGE_QUEUE) != 0);
		assert_int_equal(strstr(query_of(body), "workflowRun") == NULL,
			(without & GITHUB_WITHOUT_WORKFLOW_RUNS) != 0);
		assert_int_equal(strstr(query_of(body), "writersOnly") == NULL,
			(without & GITHUB_WITHOUT_REVIEWERS) != 0);
		assert_int_equal(strstr(query_of(body), "requiredStatusCheckContexts") == NULL,
			(without & GITHUB_WITHOUT_RULE) != 0);
		json_decref(body);
	}
}

static void a_number_that_cannot_be_fails_nobody_else(void **state) {
	const struct github_target target = {
		.owner = "acme", .name = "web", .pull_request = INT64_MAX
	};
	json_t *body = write_query(&target, 1, 0);

	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(body, "variables"), "n0")),
		INT32_MAX);
	json_decref(body);
}

static void refuses_what_is_no_text(void **state) {
	char branch[2 * LIMIT_NAME_MAX];
	const struct github_target targets[] = {
		{ .owner = "\xff", .name = "web", .pull_request = 17 },
		{ .owner = "acme", .name = "web", .branch = "caf\xe9", .head_owner = "" },
		{ .owner = "acme", .name = "web", .branch = branch, .head_owner = "" },
	};
	struct buffer out;

	memset(branch, 'b', sizeof(branch) - 1);
	branch[sizeof(branch) - 1] = '\0';
	buffer_init(&out, LIMIT_GITHUB_QUERY_MAX_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		assert_int_equal(github_query_write(&out, &targets[i], 1, 0), -EINVAL);
		assert_int_equal(out.len, 0);
	}
	buffer_finish(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_a_pull_request),
		cmocka_unit_test(asks_for_a_branch_with_its_pull_requests),
		cmocka_unit_test(asks_for_a_tag_and_what_it_stands_for),
		cmocka_unit_test(asks_for_the_branch_of_a_fork),
		cmocka_unit_test(nothing_foreign_is_in_the_text),
		cmocka_unit_test(asks_for_as_many_as_allowed),
		cmocka_unit_test(a_number_that_cannot_be_fails_nobody_else),
		cmocka_unit_test(refuses_what_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
