#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/machinery/config_files.h"

static void test_defaults(void **state) {
	struct config *config = config_files_load_good("");
	struct policy policy;

	assert_int_equal(config->retention_ms, 7 * CLOCK_DAY_MS);
	assert_int_equal(config->report_retention_ms, 90 * CLOCK_DAY_MS);
	assert_int_equal(config->history_retention_ms, 730 * CLOCK_DAY_MS);
	assert_false(config->deny_unknown_projects);
	assert_int_equal(config_policy(config, "acme/web", &policy), 0);
	assert_int_equal(policy.follow_up_delay_ms, CLOCK_HOUR_MS);
	assert_int_equal(policy.wait_recheck_ms, 10 * CLOCK_MINUTE_MS);
	assert_int_equal(policy.max_waiting_ms, CLOCK_DAY_MS);
	assert_int_equal(policy.max_cycles, 3);
	assert_int_equal(policy.max_triggers_per_hour, 20);
	assert_int_equal(policy.mode, POLICY_ACT);
	assert_string_equal(policy.forge, "local");
	assert_int_equal(policy.n_agents, 0);
	assert_string_equal(config_find_forge(config, "local")->type, "local");
	config_destroy(config);
}

static void test_everything_said(void **state) {
	struct config *config = config_files_load_good(
		"# a comment { \" ' ${\n"
		"follow-up-delay = 90s // another\n"
		"wait-recheck = 300ms\nmax-waiting = 2d\nmax-cycles = 5\nmax-triggers-per-hour = 7\n"
		"mode = observe\nretention = 1d\nreport-retention = \"2d\"\nhistory-retention = 3y\n"
		"unknown-projects = deny /* and\n another */\n"
		"forge here { type = local }\n"
		"agent fixer {\n\ttype = command\n\tcommand = { \"/bin/fix\", # in a list\n\t'a b', \"\\x41\" }\n"
		"\tworkdir = /srv/web\n\ttimeout = 10m\n\tconcurrency = 2\n}\n"
		"agent other { command = /bin/true }\n"
		"project \"acme/web\" {\n\tforge = local\n\tagents = { fixer }\n\tmode = act\n}\n");
	const struct config_agent *agent = config_find_agent(config, "fixer");
	struct policy policy;

	assert_int_equal(config->retention_ms, CLOCK_DAY_MS);
	assert_int_equal(config->report_retention_ms, 2 * CLOCK_DAY_MS);
	assert_int_equal(config->history_retention_ms, 3 * 365 * CLOCK_DAY_MS);
	assert_true(config->deny_unknown_projects);
	assert_string_equal(agent->type, "command");
	assert_string_equal(agent->command[0], "/bin/fix");
	assert_string_equal(agent->command[1], "a b");
	assert_string_equal(agent->command[2], "A");
	assert_null(agent->command[3]);
	assert_string_equal(agent->workdir, "/srv/web");
	assert_int_equal(agent->timeout_ms, 10 * CLOCK_MINUTE_MS);
	assert_int_equal(agent->concurrency, 2);
	agent = config_find_agent(config, "other");
	assert_null(agent->workdir);
	assert_int_equal(agent->timeout_ms, 30 * CLOCK_MINUTE_MS);
	assert_int_equal(agent->concurrency, 1);
	assert_int_equal(config_policy(config, "acme/web", &policy), 0);
	assert_int_equal(policy.follow_up_delay_ms, 90 * CLOCK_SECOND_MS);
	assert_int_equal(policy.wait_recheck_ms, 300);
	assert_int_equal(policy.max_waiting_ms, 2 * CLOCK_DAY_MS);
	assert_int_equal(policy.max_cycles, 5);
	assert_int_equal(policy.max_triggers_per_hour, 7);
	assert_int_equal(policy.mode, POLICY_ACT);
	assert_string_equal(policy.forge, "local");
	assert_string_equal(policy.agents[0].name, "fixer");
	assert_int_equal(config->defaults.mode, POLICY_OBSERVE);
	assert_string_equal(config->defaults.forge, "here");
	assert_int_equal(config_policy(config, "acme/other", &policy), -EACCES);
	config_destroy(config);
}

static void test_two_forges_have_no_default(void **state) {
	struct config *config =
		config_files_load_good("forge a { type = local }\nforge b { type = local }\n");

	assert_string_equal(config->defaults.forge, "local");
	assert_int_equal(config->n_forges, 3);
	config_destroy(config);
}

/* The same key in another section, or added to, is no repetition. */
static void test_keys_of_other_sections(void **state) {
	struct config *config = config_files_load_good(
		"mode = act\nmax-cycles = 1\n"
		"agent a { command = { /x } command += { mode, \"--mode=act\" } timeout = 1m }\n"
		"agent b { command = /x timeout = 1m }\nproject p { mode = observe }\n"
		"project q { mode = observe max-cycles = 2 }\nretention = 1d\n");

	assert_string_equal(config->agents[0].command[1], "mode");
	config_destroy(config);
}

static void test_environment_in_double_quotes(void **state) {
	struct config *config;

	setenv("CODEGEND_TEST_DIRECTORY", "/from/env", 1);
	config = config_files_load_good(
		"agent a { command = { /bin/x, '${CODEGEND_TEST_DIRECTORY}', \"\\${X}\" }\n"
		"workdir = \"${CODEGEND_TEST_DIRECTORY}/${CODEGEND_TEST_NONE:-x}\" }\n");
	assert_string_equal(config->agents[0].command[1], "${CODEGEND_TEST_DIRECTORY}");
	assert_string_equal(config->agents[0].command[2], "${X}");
	assert_string_equal(config->agents[0].workdir, "/from/env/x");
	config_destroy(config);
}

static void test_closest_project(void **state) {
	static const struct {
		const char *project;
		int64_t max_cycles;
	} rows[] = {
		{ "acme/web", 1 },   /* its name, though globs with as long a prefix stand before */
		{ "acme/web-2", 2 }, /* longest literal prefix */
		{ "acme/api", 3 },
		{ "acme/group/api", 3 }, /* "*" crosses "/" */
		{ "acme/x-docs", 6 },	 /* equal prefix: the longer glob */
		{ "other/thing", 4 },
		{ "b/a", 5 },
		{ "ACME/web", 4 },
	};
	struct config *config = config_files_load_good(
		"project \"acme/web*\" { max-cycles = 2 }\nproject \"acme/web\" { max-cycles = 1 }\n"
		"project \"*\" { max-cycles = 4 }\nproject \"acme/*\" { max-cycles = 3 }\n"
		"project \"[ab]/?\" { max-cycles = 5 }\nproject \"acme/*-docs\" { max-cycles = 6 }\n");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy policy;

		assert_int_equal(config_policy(config, rows[i].project, &policy), 0);
		if (policy.max_cycles != rows[i].max_cycles) {
			fail_msg("%s: %d", rows[i].project, (int)policy.max_cycles);
		}
	}
	config_destroy(config);
}

/* Every mistake: where, which key, what is wrong, what is allowed. */
static const struct config_files_mistake mistakes[] = {
	{ "\nbogus = 1\n",
		{ "FILE:2: key \"bogus\": not known here; allowed are ca-file, history-retention" } },
	{ "# one\n# two\n\nforg x {\n}\n", { "FILE:4: key \"forg\": not known here; " } },
	{ "include(\"/etc/passwd\")\n", { "FILE:1: key \"include\": not known" } },
	{ "agent a {\n command = /x\n color = red\n}\n",
		{ "FILE:3: key \"color\": not known here; allowed are api-url, branches, command, "
		  "concurrency, deadline, handle, organization, poll, repository, settle, "
		  "timeout, token, type, workdir" } },
	{ "project \"a/b\" {\n retention = 1d\n}\n",
		{ "FILE:2: key \"retention\": not known here; " } },
	{ "follow-up-delay = 1w\n",
		{ "FILE:1: key \"follow-up-delay\": \"1w\" is no duration; a positive number and one of ms, "
		  "s, m, h, d, y" } },
	{ "retention = 7\nwait-recheck = -1m\nmax-waiting = 0s\nmode = dream\n",
		{ "FILE:1: key \"retention\": \"7\" is no duration",
			"FILE:4: key \"mode\": \"dream\" is not known; allowed are act, observe",
			"FILE:2: key \"wait-recheck\": \"-1m\" is no duration",
			"FILE:3: key \"max-waiting\": \"0s\" is no duration" } },
	{ "retention = 999y\n", { "FILE:1: key \"retention\": \"999y\" is too long; at most 100y" } },
	{ "max-cycles = 0\n",
		{ "FILE:1: key \"max-cycles\": \"0\" is out of range; a whole number from 1 to 1000" } },
	{ "max-cycles = -1\n", { "\"-1\" is out of range" } },
	{ "max-cycles = 3x\n", { "\"3x\" is out of range" } },
	{ "max-cycles = \"\"\n", { "\"\" is out of range" } },
	{ "max-cycles = 18446744073709551617\n", { "is out of range" } },
	{ "max-triggers-per-hour = 0\n", { "is out of range" } },
	{ "unknown-projects = maybe\n", { "\"maybe\" is not known; allowed are allow, deny" } },
	{ "forge hub {\n type = gitea\n}\n",
		{ "FILE:2: key \"type\": \"gitea\" is not in this version yet; it has only github, local" } },
	{ "forge hub {\n type = cvs\n}\n",
		{ "FILE:2: key \"type\": \"cvs\" is not known; allowed are github, local" } },
	{ "\nforge hub {\n label = x\n}\n",
		{ "FILE:2: key \"type\": missing in forge \"hub\"; github or local" } },
	{ "agent a {\n type = comand\n}\n",
		{ "FILE:2: key \"type\": \"comand\" is not known; allowed are codegen, command, mention" } },
	{ "agent a {\n command = { fix, \"--fast\" }\n}\n",
		{ "FILE:2: key \"command\": \"fix\" is not absolute; the path of a program" } },
	{ "project p {\n required-checks = { build, test }\n\n ignore-checks = { \"codecov/*\" }\n}\n",
		{ "FILE:2: key \"required-checks\": it is for forges of type github, and \"local\" is of type "
		  "local; leave it out",
			"FILE:4: key \"ignore-checks\": it is for forges of type github" } },
	{ "mode = act\n\nmode = observe\n",
		{ "FILE:3: key \"mode\": it is set in line 1 already; a key is set once in a section" } },
	{ "agent a {\n command = /x\n command = { /y }\n \"timeout\" = 1m\n timeout = 2m\n}\n",
		{ "FILE:3: key \"command\": it is set in line 2 already",
			"FILE:5: key \"timeout\": it is set in line 4 already" } },
	{ "\n\nagent a {\n type = command\n\n}\n",
		{ "FILE:3: key \"command\": missing in agent \"a\"; " } },
	{ "agent a {\n command = { }\n}\n", { "FILE:1: key \"command\": missing in agent \"a\"; " } },
	{ "agent a {\n command = /x\n workdir = relative\n}\n",
		{ "FILE:3: key \"workdir\": \"relative\" is not absolute; a path that begins with /" } },
	{ "agent a {\n command = /x\n concurrency = 0\n}\n",
		{ "FILE:3: key \"concurrency\": \"0\" is out of range" } },
	{ "agent \"a b\" { command = /x }\n", { "FILE:1: section agent \"a b\": not a name; " } },
	{ "project \"\" { }\n", { "FILE:1: section project \"\": not a name; " } },
	{ "project \"a\\nb\" { }\n", { "FILE:1: section project \"a b\": not a name; " } },
	{ "project x {\n agents = { nobody }\n forge = nowhere\n}\n",
		{ "FILE:2: key \"agents\": \"nobody\" is no agent; name one",
			"FILE:3: key \"forge\": \"nowhere\" is no forge; name one" } },
	{ "agent a {\n command = /x\n}\nproject x {\n agents = {\n b }\n}\n",
		{ "FILE:6: key \"agents\": \"b\" is no agent" } },
	{ "project x { }\n\nproject x { }\n",
		{ "FILE:3: section \"x\": it is defined in line 1 already; " } },
	{ "agent a {\n type = command\n command = { \"/bin/true\" }\n",
		{ "FILE:4: syntax: the file ends, and the section opened in line 1 is not closed" } },
	{ "agent a {\n command = { \"/x\"\n",
		{ "FILE:3: syntax: the file ends, and the section opened in line 1" } },
	{ "}\n", { "FILE:1: syntax: this \"}\" closes nothing" } },
	{ "mode = \"act\n\n", { "FILE:1: syntax: the text that begins here has no closing quote" } },
	{ "\nmode = 'act\n", { "FILE:2: syntax: the text that begins here has no closing quote" } },
	{ "mode = act\n/* no end\n\n",
		{ "FILE:2: syntax: the comment that begins here is not closed" } },
	{ "project acme/* { }\n", { "FILE:1: syntax: \"*\" and \"+\" have no meaning here" } },
	{ "mode + act\n", { "FILE:1: syntax: \"*\" and \"+\" have no meaning here" } },
	{ "agent a { command = ${HOME} }\n",
		{ "FILE:1: syntax: an environment variable stands in \"double quotes\"" } },
	{ "agent a { command = \"${HOME\" }\n", { "FILE:1: syntax: \"${\" begins the name" } },
	{ "agent a { command = \"\\777\" }\n", { "FILE:1: syntax: there are no octal escapes" } },
	{ "agent a { command = \"a\\x00b\" }\n", { "FILE:1: syntax: \"\\x0\" would end the text" } },
	{ "agent a { command = \"\\xff\" }\n",
		{ "FILE:1: key \"command\": \"\xef\xbf\xbd\" is no text" } },
	{ "mode = act\n\xff\n", { "FILE:2: syntax: a byte here is no text" } },
	{ "mode act\n", { "FILE:1: key \"mode\": \"=\" is missing after it" } },
	{ "mode += act\n", { "FILE:1: key \"mode\": \"+=\" adds to lists only" } },
	{ "agent {\n}\n", { "FILE:1: key \"agent\": it is a section; its name is missing" } },
	{ "agent a = 1\n", { "FILE:1: key \"agent\": it is a section; \"{\" is missing" } },
	{ "mode = {\n act }\n", { "FILE:1: syntax: unexpected token '{'" } },
	{ "agent a { command = /x }\nagent|timeout = 1h\n",
		{ "FILE:2: syntax: \"|\" has no meaning" } },
	{ "\x1b[31mred = 1\n", { "FILE:1: key \"red\": not known" } },
	{ "foo = 1\nforge hub { type = cvs bar = { a, b }\n baz += 'q' }\nnope \"x\" {\n inner = { 1 }\n}\n"
	  "mode = zot \"zot\" = 1 max-cycles = 0\n",
		{ "FILE:1: key \"foo\": not known here", "FILE:2: key \"bar\": not known here",
			"FILE:3: key \"baz\": not known here", "FILE:4: key \"nope\": not known here",
			"FILE:7: key \"zot\": not known here", "FILE:7: key \"max-cycles\": \"0\"",
			"FILE:7: key \"mode\": \"zot\" is not known",
			"FILE:2: key \"type\": \"cvs\" is not known" } },
	{ "bogus = 1\nproject x { agents = { nobody } }\n",
		{ "FILE:1: key \"bogus\": not known",
			"FILE:2: key \"agents\": \"nobody\" is no agent" } },
	{ "agnt a { command = /x }\nproject x { agents = { a } }\n",
		{ "FILE:1: key \"agnt\": not known" } },
};

static void test_mistakes(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		config_files_expect(&mistakes[i]);
	}
}

static void test_files_in_order(void **state) {
	struct config *config;

	config_files_write(
		config_files_part("20-b.conf"), "max-cycles = 2\nagent a { command = /x }\n", 40);
	config_files_write(config_files_part("10-a.conf"), "max-cycles = 1\nmax-waiting = 1h\n", 32);
	config_files_write(config_files_part("not-a-part.txt"), "bogus", 5);
	config_files_write(config_files_part(".hidden.conf"), "bogus", 5);
	config = config_files_load_good("max-cycles = 9\nmax-waiting = 2h\nwait-recheck = 3m\n"
					"project p { agents = { a } }\n");
	/* Projects of the first file begin as the defaults of the last. */
	assert_int_equal(config->projects[0].policy.max_cycles, 2);
	assert_int_equal(config->defaults.max_waiting_ms, CLOCK_HOUR_MS);
	assert_int_equal(config->defaults.wait_recheck_ms, 3 * CLOCK_MINUTE_MS);
	assert_string_equal(config->projects[0].policy.agents[0].name, "a");
	config_destroy(config);
	unlink(config_files_part("10-a.conf"));
	unlink(config_files_part("20-b.conf"));
}

static void test_mistakes_of_all_files(void **state) {
	struct config *config = NULL;
	struct config_errors errors;
	char expected[CONFIG_FILES_PATH_MAX * 3];

	config_files_write(config_files_part("10-a.conf"), "\nproject p { }\n", 15);
	config_files_write(config_files_part("20-b.conf"), "mode = x\nretention = y\n", 23);
	assert_int_equal(
		config_files_load(
			"project q { agents = { behind-the-break } }\nproject p { }\nbogus(1)\n",
			&config, &errors),
		-EINVAL);
	assert_int_equal(errors.n_lines, 4);
	assert_non_null(strstr(errors.lines[0], "codegend.conf:3: key \"bogus\""));
	assert_non_null(strstr(errors.lines[1], "20-b.conf:2: key \"retention\""));
	assert_non_null(strstr(errors.lines[2], "20-b.conf:1: key \"mode\""));
	snprintf(expected, sizeof(expected),
		"%s:2: section project \"p\": it is defined in %s:2 already",
		config_files_part("10-a.conf"), config_files_main());
	assert_memory_equal(errors.lines[3], expected, strlen(expected));
	config_errors_finish(&errors);
	unlink(config_files_part("10-a.conf"));
	unlink(config_files_part("20-b.conf"));
}

static void expect_unreadable(const char *path, bool required, const char *sentence) {
	struct config *config = NULL;
	struct config_errors errors;

	assert_int_equal(config_load(path, required, &config, &errors), -EINVAL);
	assert_int_equal(errors.n_lines, 1);
	assert_non_null(strstr(errors.lines[0], path));
	assert_non_null(strstr(errors.lines[0], sentence));
	config_errors_finish(&errors);
}

static void test_unreadable(void **state) {
	char missing[CONFIG_FILES_PATH_MAX];
	size_t len = LIMIT_CONFIG_MAX_BYTES + 1;
	char *text = malloc(len);
	struct config *config = NULL;
	struct config_errors errors;

	snprintf(missing, sizeof(missing), "%s/missing.conf", config_files_directory());
	expect_unreadable(missing, true, "cannot be read: no such file");
	expect_unreadable(config_files_directory(), false, "cannot be read: is a directory");
	assert_non_null(text);
	memset(text, '\n', len);
	config_files_write(config_files_main(), text, len);
	expect_unreadable(config_files_main(), true, "longer than 1 MiB");
	free(text);
	config_files_write(config_files_main(), "mode\0= act\n", 11);
	expect_unreadable(config_files_main(), true, ":1: syntax: a byte here is no text");
	/* A missing file that nobody asked for is no mistake. */
	assert_int_equal(config_load(missing, false, &config, &errors), 0);
	config_errors_finish(&errors);
	config_destroy(config);
}

static void test_too_much(void **state) {
	size_t len = 0;
	char *text = malloc(LIMIT_CONFIG_MAX_BYTES);
	struct config *config = NULL;
	struct config_errors errors;

	assert_non_null(text);
	for (int i = 0; i < LIMIT_CONFIG_AGENTS + 200; i++) {
		len += (size_t)snprintf(text + len, LIMIT_CONFIG_MAX_BYTES - len,
			"agent a%d { command = /x }\n", i);
	}
	assert_int_equal(config_files_load(text, &config, &errors), -EINVAL);
	/* As many sentences as allowed, and one that counts the others. */
	assert_int_equal(errors.n_lines, LIMIT_CONFIG_ERRORS + 1);
	assert_non_null(
		strstr(errors.lines[0], ":65: section agent \"a64\": one too many; at most 64"));
	assert_string_equal(errors.lines[LIMIT_CONFIG_ERRORS], "and 100 more mistakes");
	config_errors_finish(&errors);

	len = 0;
	for (int i = 0; i < 10000; i++) {
		len += (size_t)snprintf(
			text + len, LIMIT_CONFIG_MAX_BYTES - len, "project p%d { }\n", i);
	}
	assert_int_equal(config_files_load(text, &config, &errors), -EINVAL);
	assert_int_equal(errors.n_lines, 1);
	assert_non_null(strstr(errors.lines[0], "this section is one too many"));
	config_errors_finish(&errors);
	free(text);
}

static void test_json(void **state) {
	struct config *config = config_files_load_good(
		"mode = observe\nretention = 36h\nforge hub { type = local }\n"
		"agent fixer { command = { /bin/fix, \"--password=TOPSECRET\" } }\n"
		"project \"acme/*\" { agents = { fixer } max-cycles = 4 }\n");
	json_t *json = config_to_json(config);
	json_t *project = json_array_get(json_object_get(json, "projects"), 0);
	json_t *agent = json_array_get(json_object_get(json, "agents"), 0);
	char *text = json_dumps(json, 0);

	assert_non_null(text);
	assert_null(strstr(text, "TOPSECRET"));
	assert_string_equal(json_string_value(json_object_get(json, "retention")), "36h");
	assert_string_equal(json_string_value(json_object_get(json, "mode")), "observe");
	assert_string_equal(json_string_value(json_object_get(json, "unknown-projects")), "allow");
	assert_string_equal(json_string_value(json_object_get(agent, "name")), "fixer");
	assert_string_equal(json_string_value(json_array_get(json_object_get(agent, "command"), 0)),
		"/bin/fix");
	assert_string_equal(json_string_value(json_object_get(project, "pattern")), "acme/*");
	assert_int_equal(json_integer_value(json_object_get(project, "max-cycles")), 4);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(project, "agents"), 0)), "fixer");
	free(text);
	json_decref(json);
	config_destroy(config);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything_said),
		cmocka_unit_test(test_two_forges_have_no_default),
		cmocka_unit_test(test_keys_of_other_sections),
		cmocka_unit_test(test_environment_in_double_quotes),
		cmocka_unit_test(test_closest_project),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_files_in_order),
		cmocka_unit_test(test_mistakes_of_all_files),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}
