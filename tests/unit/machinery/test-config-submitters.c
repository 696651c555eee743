/* Who may submit, by users and groups that the test plays: __wrap_getpwnam() and its like. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"
#include "tests/unit/machinery/config_files.h"

static struct passwd users[] = {
	{ .pw_name = "root", .pw_uid = 0, .pw_gid = 0 },
	{ .pw_name = "ci-web", .pw_uid = 1001, .pw_gid = 2001 },
	{ .pw_name = "ci-api", .pw_uid = 1002, .pw_gid = 2002 },
	{ .pw_name = "ci-own", .pw_uid = 1003, .pw_gid = 2010 }, /* its own group is the team's */
};

static char *team_members[] = { "ci-api", "long-gone", NULL };
static char *no_members[] = { NULL };
static struct group groups[] = {
	{ .gr_name = "team-ci", .gr_gid = 2010, .gr_mem = team_members },
	{ .gr_name = "empty", .gr_gid = 2011, .gr_mem = no_members },
	{ .gr_name = "crowd", .gr_gid = 2012, .gr_mem = no_members },
};

static size_t next_user;
static size_t n_crowd; /* further users that the system lists, all in that group */

struct passwd *__wrap_getpwnam(const char *name);
struct group *__wrap_getgrnam(const char *name);
struct group *__wrap_getgrgid(gid_t gid);
void __wrap_setpwent(void);
struct passwd *__wrap_getpwent(void);
void __wrap_endpwent(void);

struct passwd *__wrap_getpwnam(const char *name) {
	for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
		if (strcmp(users[i].pw_name, name) == 0) {
			return &users[i];
		}
	}
	errno = strcmp(name, "far") == 0 ? EIO : ENOENT;
	return NULL;
}

struct group *__wrap_getgrnam(const char *name) {
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (strcmp(groups[i].gr_name, name) == 0) {
			return &groups[i];
		}
	}
	return NULL;
}

struct group *__wrap_getgrgid(gid_t gid) {
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (groups[i].gr_gid == gid) {
			return &groups[i];
		}
	}
	return NULL;
}

void __wrap_setpwent(void) {
	next_user = 0;
}

struct passwd *__wrap_getpwent(void) {
	static struct passwd one_of_many = { .pw_name = "many", .pw_gid = 2012 };

	if (next_user < ARRAY_SIZE(users)) {
		return &users[next_user++];
	}
	one_of_many.pw_uid = (uid_t)(100000 + next_user);
	return next_user++ < ARRAY_SIZE(users) + n_crowd ? &one_of_many : NULL;
}

void __wrap_endpwent(void) {
}

/* "ci-web 7 | 1001 7 | 2010 | 1002 1003": names, users, groups, members of these. */
static void describe(const struct config_submitters *rule, char *out, size_t size) {
	const struct {
		const uid_t *ids;
		size_t n;
	} parts[] = { { rule->uids, rule->n_uids }, { rule->gids, rule->n_gids },
		{ rule->members, rule->n_members } };
	size_t len = 0;

	for (char **name = rule->names; *name; name++) {
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? " " : "", *name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		len += (size_t)snprintf(out + len, size - len, " |");
		for (size_t k = 0; k < parts[i].n; k++) {
			len += (size_t)snprintf(
				out + len, size - len, " %u", (unsigned)parts[i].ids[k]);
		}
	}
}

static void expect(const struct config *config, const char *project, const char *expected) {
	const struct config_submitters *rule = config_find_submitters(config, project);
	char found[512] = "everybody";

	if (rule) {
		describe(rule, found, sizeof(found));
	}
	assert_string_equal(found, expected);
}

static void test_names_and_numbers(void **state) {
	static const struct {
		const char *list;
		const char *expected;
	} rows[] = {
		{ "ci-web", "ci-web | 1001 | |" },
		{ "{ ci-web, \"1002\", 0 }", "ci-web 1002 0 | 1001 1002 0 | |" },
		{ "{ 70000 }", "70000 | 70000 | |" }, /* a container's, whom this system does not know */
		{ "{ \"@team-ci\" }", "@team-ci | | 2010 | 1002 1003" },
		{ "{ \"@2010\", ci-web }", "@2010 ci-web | 1001 | 2010 | 1002 1003" },
		{ "{ \"@3000\" }", "@3000 | | 3000 |" },
		{ "{ \"@empty\" }", "@empty | | 2011 |" },
		{ "{ 4294967294 }", "4294967294 | 4294967294 | |" },
		{ "{ \"*\" }", "everybody" },
		{ "{ }", "everybody" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[256];
		struct config *config;

		(void)text_format(text, sizeof(text), "submitters = %s\n", rows[i].list);
		config = config_files_load_good(text);
		expect(config, "acme/web", rows[i].expected);
		config_destroy(config);
	}
}

/* The section that counts for a project says it, else the top level, whose last file counts. */
static void test_which_rule_counts(void **state) {
	static const char part[] = "submitters = { ci-api }\n";
	const struct config_submitters *rule;
	struct config *config;
	json_t *json;

	config_files_write(config_files_part("10.conf"), part, strlen(part));
	config = config_files_load_good("submitters = { root }\n\n"
					"project \"acme/*\" { mode = act }\n"
					"project \"acme/web\" {\n\tsubmitters = { ci-web }\n}\n"
					"project \"acme/open\" { submitters = { \"*\" } }\n"
					"project \"acme/none\" { submitters = { } }\n");
	expect(config, "other/x", "ci-api | 1002 | |");
	expect(config, "acme/x", "ci-api | 1002 | |");
	expect(config, "acme/web", "ci-web | 1001 | |");
	expect(config, "acme/open", "everybody");
	expect(config, "acme/none", "ci-api | 1002 | |"); /* nothing is said in it */
	rule = config_find_submitters(config, "acme/web");
	assert_string_equal(rule->path, config_files_main());
	assert_int_equal(rule->line, 5);
	rule = config_find_submitters(config, "other/x");
	assert_string_equal(rule->path, config_files_part("10.conf"));
	assert_int_equal(rule->line, 1);

	json = config_to_json(config);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(json, "submitters"), 0)), "ci-api");
	json_decref(json);
	config_destroy(config);
	assert_int_equal(remove(config_files_part("10.conf")), 0);
}

/* A user who was deleted takes nobody else's reports along, and lets nobody in. */
static void test_who_is_unknown_is_nobody(void **state) {
	struct config *config = config_files_load_good("\nsubmitters = { ci-web, gone }\n"
						       "project \"acme/web\" {\n"
						       "\tsubmitters = { \"@gone\" }\n}\n");

	expect(config, "other/x", "ci-web gone | 1001 | |");
	expect(config, "acme/web", "@gone | | |");
	assert_int_equal(config->warnings.n_lines, 2);
	assert_non_null(strstr(config->warnings.lines[0],
		"codegend.conf:2: key \"submitters\": \"gone\" is no user of this system, so it stands for "
		"nobody"));
	assert_non_null(strstr(config->warnings.lines[1],
		"codegend.conf:4: key \"submitters\": \"@gone\" is no group of this system, so it"));
	config_destroy(config);
}

static const struct config_files_mistake mistakes[] = {
	{ "project a {\n\tsubmitters = { \"@\", far, 4294967295 }\n}\n",
		{ "FILE:2: key \"submitters\": \"@\" is no group",
			"FILE:2: key \"submitters\": \"far\" cannot be looked up: input/output error",
			"FILE:2: key \"submitters\": \"4294967295\" is no user" } },
	{ "submitters = { \"@99999999999999999999\" }\n",
		{ "\"@99999999999999999999\" is no group" } },
	{ "submitters = { \"*\", ci-web }\n",
		{ "FILE:1: key \"submitters\": \"*\" stands for everybody; leave the others out" } },
	{ "submitters = { \"a\\nb\" }\n", { "FILE:1: key \"submitters\": \"a b\" is no name" } },
	{ "agent a { command = /x submitters = { root } }\n",
		{ "FILE:1: key \"submitters\": not known here" } },
	{ "max-pending-per-user = 0\n",
		{ "FILE:1: key \"max-pending-per-user\": \"0\" is out of range; a whole number from 1 to "
		  "1000000" } },
	{ "project a { max-pending-per-user = 5 }\n",
		{ "FILE:1: key \"max-pending-per-user\": not known here" } },
};

static void test_mistakes(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		config_files_expect(&mistakes[i]);
	}
}

static void test_bounds(void **state) {
	const struct config_files_mistake crowd = {
		"\nsubmitters = { \"@crowd\" }\n",
		{ "FILE:2: key \"submitters\": its groups have more than 65536 members; name smaller" }
	};
	char text[8192] = "submitters = { 0";
	struct config *config;

	n_crowd = LIMIT_CONFIG_MEMBERS;
	config = config_files_load_good("submitters = { \"@crowd\" }\n");
	assert_int_equal(config_find_submitters(config, "a/b")->n_members, LIMIT_CONFIG_MEMBERS);
	config_destroy(config);
	n_crowd++;
	config_files_expect(&crowd);
	n_crowd = 0;

	for (int i = 1; i <= LIMIT_CONFIG_SUBMITTERS; i++) {
		size_t len = strlen(text);

		(void)text_format(text + len, sizeof(text) - len, ", %d", i);
	}
	(void)text_copy(text + strlen(text), 3, "}\n");
	config_files_expect(&(struct config_files_mistake){
		text, { "key \"submitters\": \"256\" is one too many; at most 256 of them" } });
}

static void test_share_of_a_user(void **state) {
	struct config *config = config_files_load_good("");

	assert_int_equal(config->max_pending_per_user, 10000);
	config_destroy(config);
	config = config_files_load_good("max-pending-per-user = 7\n");
	assert_int_equal(config->max_pending_per_user, 7);
	config_destroy(config);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_numbers),
		cmocka_unit_test(test_which_rule_counts),
		cmocka_unit_test(test_who_is_unknown_is_nobody),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_share_of_a_user),
	};

	return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}
