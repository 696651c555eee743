/* A user against a rule: by the user, by the groups of a connection, by the members of a group for a file. */
#include "daemon/ipc/submitters.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"

static char *names[] = { "ci-web", "@team-ci", NULL };
static uid_t uids[] = { 1001 };
static gid_t gids[] = { 2010, 2011 };
static uid_t members[] = { 1002 };
static struct config_submitters rule = { .names = names,
	.path = "/etc/codegend/codegend.conf",
	.line = 12,
	.uids = uids,
	.n_uids = ARRAY_SIZE(uids),
	.gids = gids,
	.n_gids = ARRAY_SIZE(gids),
	.members = members,
	.n_members = ARRAY_SIZE(members) };

static void test_who_is_in_it(void **state) {
	static const struct {
		uid_t uid;
		gid_t gid;
		gid_t group; /* a supplementary one */
		bool by_connection;
		bool by_file;
	} rows[] = {
		{ 1001, 5, 6, true, true },
		{ 1003, 5, 6, false, false },
		{ 1003, 2010, 6, true, false }, /* a connection tells its groups, a file does not */
		{ 1003, 5, 2011, true, false },
		{ 1002, 5, 6, false,
			true }, /* it left the group since, or did not join it in this session */
		{ 2010, 5, 6, false, false }, /* a number is a user's or a group's, not both */
		{ 0, 0, 0, false, false },    /* nobody is above the list */
		{ 1001, 1001, 1001, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		gid_t groups[] = { 100, rows[i].group };
		struct peer peer = { .uid = rows[i].uid,
			.gid = rows[i].gid,
			.groups = groups,
			.n_groups = ARRAY_SIZE(groups) };

		assert_int_equal(submitters_has(&rule, rows[i].uid, &peer), rows[i].by_connection);
		assert_int_equal(submitters_has(&rule, rows[i].uid, NULL), rows[i].by_file);
	}
}

static void test_a_refusal_names_the_rule(void **state) {
	struct config_project project = { .pattern = "acme/*", .submitters = &rule };
	struct config config = { .projects = &project, .n_projects = 1 };
	struct peer peer = { .uid = 1009 };
	char sentence[LIMIT_SENTENCE_MAX] = "untouched";

	assert_int_equal(submitters_check(&config, "acme/web", 1001, &peer, sentence), 0);
	assert_int_equal(submitters_check(&config, "other/web", 1009, &peer, sentence), 0);
	assert_string_equal(sentence, "untouched");
	assert_int_equal(submitters_check(&config, "acme/web", 1009, &peer, sentence), -EPERM);
	assert_string_equal(sentence,
		"User 1009 may not report for project \"acme/web\": submitters = { \"ci-web\", "
		"\"@team-ci\" } in /etc/codegend/codegend.conf:12.");
	assert_int_equal(submitters_check(&config, "acme/web", 1009, NULL, sentence), -EPERM);
}

/* A long list is cut, and where it stands is still said. */
static void test_a_long_list(void **state) {
	char *many[] = { "a-user-with-a-rather-long-name-1", "a-user-with-a-rather-long-name-2",
		"a-user-with-a-rather-long-name-3", "a-user-with-a-rather-long-name-4",
		"a-user-with-a-rather-long-name-5", "a-user-with-a-rather-long-name-6", NULL };
	char longest[256];
	char *one[] = { longest, NULL };
	struct config_submitters crowd = { .names = many, .path = "/etc/x.conf", .line = 3 };
	struct config config = { .submitters = &crowd };
	struct peer peer = { .uid = 1 };
	char sentence[LIMIT_SENTENCE_MAX];

	assert_int_equal(submitters_check(&config, "acme/web", 1, &peer, sentence), -EPERM);
	assert_non_null(strstr(sentence, "name-4\", … } in /etc/x.conf:3."));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	crowd.names = one;
	assert_int_equal(submitters_check(&config, "acme/web", 1, &peer, sentence), -EPERM);
	assert_non_null(strstr(sentence, "submitters = { … } in /etc/x.conf:3."));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_in_it),
		cmocka_unit_test(test_a_refusal_names_the_rule),
		cmocka_unit_test(test_a_long_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
