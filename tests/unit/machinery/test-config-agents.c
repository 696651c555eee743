/* Agents of each type, and chains of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/machinery/config_files.h"

#define CODEGEN "agent c {\n type = codegen\n organization = 7\n "

static void test_defaults(void **state) {
	struct config *config = config_files_load_good(
		"agent m { type = mention }\nagent c { type = codegen organization = 7 }\n");
	const struct config_agent *agent = config_find_agent(config, "m");

	assert_string_equal(agent->handle, "codegen-sh");
	assert_int_equal(agent->deadline_ms, 15 * CLOCK_MINUTE_MS);
	assert_int_equal(agent->concurrency, 1);
	assert_null(agent->branches);
	agent = config_find_agent(config, "c");
	assert_string_equal(agent->api_url, "https://api.codegen.com");
	assert_string_equal(agent->token, "");
	assert_int_equal(agent->organization, 7);
	assert_int_equal(agent->repository, 0);
	assert_int_equal(agent->timeout_ms, 30 * CLOCK_MINUTE_MS);
	assert_int_equal(agent->poll_ms, 30 * CLOCK_SECOND_MS);
	assert_int_equal(agent->settle_ms, 2 * CLOCK_MINUTE_MS);
	assert_int_equal(agent->concurrency, 1);
	config_destroy(config);
}

static void test_everything_said(void **state) {
	struct config *config = config_files_load_good(
		"agent m { type = mention handle = \"@acme/robots\" deadline = 1h concurrency = 4\n"
		" branches = { \"robots/*\", fix } }\n"
		"agent c { type = codegen organization = 7 repository = 99 timeout = 2h poll = 5s\n"
		" api-url = \"http://127.0.0.1:9/\" token = \"credential:key\" branches = \"codegen-*\" }\n");
	const struct config_agent *agent = config_find_agent(config, "m");

	assert_string_equal(agent->handle, "acme/robots");
	assert_int_equal(agent->deadline_ms, CLOCK_HOUR_MS);
	assert_int_equal(agent->concurrency, 4);
	assert_string_equal(agent->branches[0], "robots/*");
	assert_string_equal(agent->branches[1], "fix");
	assert_null(agent->branches[2]);
	agent = config_find_agent(config, "c");
	assert_string_equal(agent->api_url, "http://127.0.0.1:9");
	assert_string_equal(agent->token, "credential:key");
	assert_int_equal(agent->repository, 99);
	assert_int_equal(agent->timeout_ms, 2 * CLOCK_HOUR_MS);
	assert_int_equal(agent->poll_ms, 5 * CLOCK_SECOND_MS);
	assert_string_equal(agent->branches[0], "codegen-*");
	config_destroy(config);
}

static const struct config_files_mistake mistakes[] = {
	{ "agent m {\n type = mention\n command = /x\n workdir = /y\n timeout = 1m\n}\n",
		{ "FILE:3: key \"command\": it is for agents of type command, and \"m\" is of type mention; "
		  "leave it out",
			"FILE:4: key \"workdir\": it is for agents of type command",
			"FILE:5: key \"timeout\": it is for agents of type codegen or command, and" } },
	{ "agent a {\n command = /x\n handle = x\n deadline = 1m\n poll = 1s\n organization = 1\n}\n",
		{ "FILE:3: key \"handle\": it is for agents of type mention, and \"a\" is of type command",
			"FILE:4: key \"deadline\": it is for agents of type mention",
			"FILE:5: key \"poll\": it is for agents of type codegen",
			"FILE:6: key \"organization\": it is for agents of type codegen" } },
	{ "agent a {\n command = /x\n api-url = \"https://x\"\n token = \"env:T\"\n repository = 1\n}\n",
		{ "FILE:3: key \"api-url\": it is for", "FILE:4: key \"token\": it is for",
			"FILE:5: key \"repository\": it is for" } },
	{ CODEGEN "handle = x\n command = /x\n}\n",
		{ "FILE:4: key \"handle\": it is for agents of type mention, and \"c\" is of type codegen",
			"FILE:5: key \"command\": it is for agents of type command" } },
	{ "\nagent c {\n type = codegen\n}\n",
		{ "FILE:2: key \"organization\": missing in agent \"c\"; the number of the organization" } },
	{ "agent c {\n type = codegen\n organization = acme\n repository = 0\n}\n",
		{ "FILE:3: key \"organization\": \"acme\" is out of range; a whole number",
			"FILE:4: key \"repository\": \"0\" is out of range" } },
	{ CODEGEN "api-url = \"http://codegen.example\"\n token = x\n poll = 0s\n timeout = x\n}\n",
		{ "FILE:4: key \"api-url\": its value is no URL",
			"FILE:5: key \"token\": its value does not tell where the secret is",
			"FILE:6: key \"poll\": \"0s\" is no duration",
			"FILE:7: key \"timeout\": \"x\"" } },
	{ "agent m {\n type = mention\n handle = -x\n deadline = 0m\n}\n",
		{ "FILE:3: key \"handle\": \"-x\" is nobody's name; a GitHub user",
			"FILE:4: key \"deadline\": \"0m\" is no duration" } },
	{ "agent m {\n type = mention\n branches = { \"\" }\n}\n",
		{ "FILE:3: key \"branches\": \"\" is no name or glob" } },
	{ "agent a {\n type = comand\n handle = x\n poll = 1s\n}\n",
		{ "FILE:2: key \"type\": \"comand\" is not known; allowed are codegen, command, mention" } },
	{ "agent a {\n command = \"\"\n}\n", { "FILE:2: key \"command\": \"\" is not absolute" } },
	/* Chains. */
	{ "agent a { command = /x }\nproject p {\n agents = { a,\n a }\n}\n",
		{ "FILE:4: key \"agents\": \"a\" stands in the list already; an agent is tried once" } },
	{ "agent a { command = /x }\nproject p {\n agents = { a,\n b, a }\n}\n",
		{ "FILE:4: key \"agents\": \"b\" is no agent; name one",
			"FILE:4: key \"agents\": \"a\" stands in the list already" } },
	{ "agent a { command = /x }\nagent m { type = mention }\nproject p {\n agents = { a, m }\n}\n",
		{ "FILE:4: key \"agents\": \"m\" is an agent of type mention, and the forge \"local\" has no "
		  "comments to ask it in; name other agents, or a forge of type github" } },
	{ "forge hub { type = github }\nagent m { type = mention }\nproject p {\n agents = m\n"
	  " forge = local\n}\n",
		{ "FILE:4: key \"agents\": \"m\" is an agent of type mention" } },
};

static void test_mistakes(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		config_files_expect(&mistakes[i]);
	}
}

static void test_turns(void **state) {
	static const struct {
		const char *name;
		bool findable;
		int64_t life_ms;
	} turns[] = {
		{ "fixer", false, 0 },
		{ "m", true, 20 * CLOCK_MINUTE_MS },
		{ "c", true, 0 },
	};
	struct config *config = config_files_load_good(
		"project p { agents = { fixer, m, c } }\nforge hub { type = github }\n"
		"agent m { type = mention deadline = 20m }\nagent c { type = codegen organization = 1 }\n"
		"agent fixer { command = /x }\n");
	struct policy policy;

	assert_int_equal(config_policy(config, "p", &policy), 0);
	assert_int_equal(policy.n_agents, ARRAY_SIZE(turns));
	for (size_t i = 0; i < ARRAY_SIZE(turns); i++) {
		assert_string_equal(policy.agents[i].name, turns[i].name);
		assert_int_equal(policy.agents[i].findable, turns[i].findable);
		assert_int_equal(policy.agents[i].life_ms, turns[i].life_ms);
	}
	config_destroy(config);
}

/* Which forges have somebody to mention, and which keep a status. */
static void test_forges_of_chains(void **state) {
	struct config *config = config_files_load_good(
		"forge a { type = github }\nforge b { type = github }\nforge here { type = local }\n"
		"agent m { type = mention }\nagent c { type = codegen organization = 1 }\n"
		"project p { forge = a agents = { c, m } }\nproject q { forge = b agents = c }\n"
		"project r { forge = here agents = c }\n");
	struct policy policy;

	assert_true(config_find_forge(config, "a")->has_mention_agent);
	assert_false(config_find_forge(config, "b")->has_mention_agent);
	assert_false(config_find_forge(config, "here")->has_mention_agent);
	assert_int_equal(config_policy(config, "q", &policy), 0);
	assert_true(policy.forge_tells);
	assert_int_equal(config_policy(config, "r", &policy), 0);
	assert_false(policy.forge_tells);
	config_destroy(config);
}

static void test_longest_chain(void **state) {
	char text[4096] = "";
	size_t len = 0;
	struct config *config;

	for (int i = 0; i <= LIMIT_CHAIN; i++) {
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "agent a%d { command = /x }\n", i);
	}
	snprintf(text + len, sizeof(text) - len,
		"project p { agents = { a0, a1, a2, a3, a4, a5, a6, a7 } }\n");
	config = config_files_load_good(text);
	assert_int_equal(config->projects[0].policy.n_agents, LIMIT_CHAIN);
	config_destroy(config);
	snprintf(text + len, sizeof(text) - len,
		"project p { agents = { a0, a1, a2, a3, a4, a5, a6, a7, a8 } }\n");
	config_files_expect(&(struct config_files_mistake){ text,
		{ "FILE:10: key \"agents\": \"a8\" is one too many; at most 8 agents are tried" } });
}

static void test_agent_of_branch(void **state) {
	static const struct {
		const char *project;
		const char *branch;
		const char *agent; /* NULL: none */
	} rows[] = {
		{ "acme/web", "codegen-bot/fix-1", "m" },
		{ "acme/web", "codegen-bot/a/b", "m" }, /* "*" crosses "/" */
		{ "acme/web", "both", "fixer" },	/* whose turn is first */
		{ "acme/web", "codegen-bot", NULL },
		{ "acme/web", "main", NULL },
		{ "acme/web", "unused/x", NULL }, /* not of its chain */
		{ "acme/api", "codegen-bot/fix-1", NULL },
		{ "other/x", "codegen-bot/fix-1", NULL },
	};
	struct config *config = config_files_load_good(
		"forge hub { type = github }\n"
		"agent m { type = mention branches = { \"codegen-bot/*\", both } }\n"
		"agent fixer { command = /x branches = both }\n"
		"agent unused { command = /x branches = \"unused/*\" }\n"
		"project \"acme/*\" { agents = unused }\nproject \"acme/web\" { agents = { fixer, m } }\n");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct config_agent *agent =
			config_find_agent_of_branch(config, rows[i].project, rows[i].branch);

		if (rows[i].agent == NULL ? agent != NULL
					  : !agent || strcmp(agent->name, rows[i].agent) != 0) {
			fail_msg("%s %s: %s", rows[i].project, rows[i].branch,
				agent ? agent->name : "none");
		}
	}
	config_destroy(config);
}

static void test_json(void **state) {
	struct config *config = config_files_load_good(
		"forge hub { type = github }\nagent m { type = mention branches = { a, b } }\n"
		"agent c { type = codegen organization = 7 token = \"file:/k\" }\n"
		"project p { agents = { c, m } }\n");
	json_t *json = config_to_json(config);
	json_t *mention = json_array_get(json_object_get(json, "agents"), 0);
	json_t *codegen = json_array_get(json_object_get(json, "agents"), 1);
	json_t *chain =
		json_object_get(json_array_get(json_object_get(json, "projects"), 0), "agents");

	assert_string_equal(json_string_value(json_object_get(mention, "handle")), "codegen-sh");
	assert_int_equal(json_array_size(json_object_get(mention, "branches")), 2);
	assert_null(json_object_get(mention, "command"));
	assert_int_equal(json_integer_value(json_object_get(codegen, "organization")), 7);
	assert_true(json_is_null(json_object_get(codegen, "repository")));
	assert_string_equal(json_string_value(json_object_get(codegen, "token")), "file:/k");
	assert_null(json_object_get(codegen, "handle"));
	assert_int_equal(json_array_size(chain), 2);
	assert_string_equal(json_string_value(json_array_get(chain, 1)), "m");
	json_decref(json);
	config_destroy(config);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything_said),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_forges_of_chains),
		cmocka_unit_test(test_longest_chain),
		cmocka_unit_test(test_agent_of_branch),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}
