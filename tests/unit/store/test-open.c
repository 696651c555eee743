/* Files that cannot be used: each its own sentence, and left as they are. */
#include "tests/unit/store/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "daemon/model/tally.h"

struct content {
	char *data;
	size_t len;
};

static struct content content_of(const char *path) {
	struct content content = { NULL, 0 };

	assert_int_equal(fd_read_file(path, 64 * 1024 * 1024, &content.data, &content.len), 0);
	return content;
}

static bool beside_exists(const struct fixture *f, const char *suffix) {
	char path[128];

	text_format(path, sizeof(path), "%s%s", f->path, suffix);
	return access(path, F_OK) == 0;
}

/* Opening answers `status` and a sentence with `words`; the file stays byte for byte, nothing appears beside it. */
static void assert_refused(struct fixture *f, int status, const char *words) {
	struct content before = content_of(f->path);
	struct content after;

	f->sentence[0] = '\0';
	assert_int_equal(fixture_open(f), status);
	assert_non_null(strstr(f->sentence, words));
	assert_non_null(strstr(f->sentence, f->path));
	after = content_of(f->path);
	assert_int_equal(after.len, before.len);
	assert_memory_equal(after.data, before.data, before.len);
	assert_false(beside_exists(f, "-wal"));
	assert_false(beside_exists(f, "-shm"));
	assert_false(beside_exists(f, "-journal"));
	free(before.data);
	free(after.data);
}

static void write_at(const struct fixture *f, off_t offset, const void *data, size_t len) {
	int fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, offset), len);
	(void)fd_close(fd);
}

static void make_database(struct fixture *f) {
	assert_int_equal(fixture_open(f), 0);
	(void)submit_simple(f, "main", T0);
	fixture_close(f);
}

static void test_new_file(void **state) {
	struct fixture *f = *state;
	struct stat info;

	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(store_newest_ms(f->store), 0);
	assert_int_equal(stat(f->path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	(void)submit_simple(f, "main", T0);
	assert_false(beside_exists(f, "-shm"));
	fixture_close(f);
	assert_false(beside_exists(f, "-wal"));
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(store_newest_ms(f->store), T0);
}

/* Of one that is empty only a start that was cut off is known to have lost nothing. */
static void test_empty_file(void **state) {
	struct fixture *f = *state;
	char mark[sizeof(f->path) + 8];

	(void)snprintf(mark, sizeof(mark), "%s-new", f->path);
	make_database(f);
	assert_false(beside_exists(f, "-new"));
	assert_int_equal(truncate(f->path, 0), 0);
	assert_refused(f, -EUCLEAN, "is empty: what was in it is lost");
	assert_false(beside_exists(f, "-new"));

	assert_int_equal(rename(f->path, mark), 0);
	write_at(f, 0, "", 0);
	make_database(f);
	assert_false(beside_exists(f, "-new"));
	assert_int_equal(unlink(f->path), 0);
	make_database(f);
}

static void test_not_a_database(void **state) {
	struct fixture *f = *state;
	static const char text[] =
		"This is somebody's shopping list, and it is longer than a hundred bytes, so that it "
		"looks at least a little like a file with a header.\n";

	write_at(f, 0, text, sizeof(text));
	assert_refused(f, -EUCLEAN, "is not a database of codegend");
}

static void test_database_of_another_program(void **state) {
	struct fixture *f = *state;

	(void)file_sql(f, "CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('x')");
	assert_refused(f, -EUCLEAN, "is not a database of codegend");
	(void)file_sql(f, "PRAGMA application_id = 77");
	assert_refused(f, -EUCLEAN, "is not a database of codegend");
}

static void test_newer_schema(void **state) {
	struct fixture *f = *state;

	make_database(f);
	(void)file_sql(f, "PRAGMA user_version = 99");
	assert_refused(f, -ENOTSUP, "schema version 99, this codegend knows up to 10");
}

/* A database as an earlier codegend left it: tests/data/store. */
static void make_older(struct fixture *f, const char *variable) {
	_cleanup_(freep) char *sql = NULL;
	size_t len = 0;

	assert_int_equal(fd_read_file(getenv(variable), 1024 * 1024, &sql, &len), 0);
	(void)file_sql(f, sql);
}

static void assert_brought_up_to_date(struct fixture *f, int64_t n_reports) {
	(void)submit_simple(f, "main", T0);
	fixture_close(f);
	assert_int_equal(file_sql(f, "PRAGMA user_version"), 10);
	assert_int_equal(file_sql(f, "SELECT count(*) FROM reports"), n_reports + 1);
	assert_int_equal(file_sql(f, "SELECT count(*) FROM posts, links"), 0);
	assert_int_equal(fixture_open(f), 0);
}

static void test_version_1(void **state) {
	struct fixture *f = *state;
	struct store_page page = { .kind = STORE_REPORTS, .state = -1, .status = -1, .limit = 10 };

	make_older(f, "STORE_VERSION_1");
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(run(f, &page.req, store_page(f->store, &page, request_done)), 0);
	assert_int_equal(page.n_rows, 2);
	assert_string_equal(page.reports[1].details, "tsc says no");
	assert_int_equal(page.reports[1].error_type, ERROR_TYPE_CHECK);
	assert_null(page.reports[0].scan);
	assert_null(page.reports[1].scan);
	store_page_finish(&page);
	assert_brought_up_to_date(f, 2);
}

/* Whatever acts outside has a lane of its own since; who held an incident up, and whose turn it is, is known since. */
static void test_version_2(void **state) {
	static const struct {
		const char *lane;
		int64_t n; /* tasks that wait or execute in it */
	} lanes[] = { { "post/github", 1 }, { "post/local", 2 }, { "forge/github", 1 },
		{ "forge/local", 2 }, { "notify", 0 } };
	struct fixture *f = *state;
	struct store_page page = {
		.kind = STORE_INCIDENTS, .state = INCIDENT_WAITING, .status = -1, .limit = 10
	};
	struct store_survey survey;

	make_older(f, "STORE_VERSION_2");
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(run(f, &survey.req, store_survey(f->store, &survey, request_done)), 0);
	assert_int_equal(survey.n_executing, 1);
	assert_string_equal(survey.executing[0].project, "acme/web");
	assert_int_equal(json_object_size(survey.forges), 0);
	store_survey_finish(&survey);

	assert_int_equal(run(f, &page.req, store_page(f->store, &page, request_done)), 0);
	assert_int_equal(page.n_rows, 3);
	assert_string_equal(page.incidents[0].branch, "fix/login");
	assert_int_equal(page.incidents[0].cycle, 2);
	assert_int_equal(page.incidents[0].agent_at, 0);
	assert_int_equal(page.incidents[0].life_due_ms, 0);
	assert_string_equal(page.incidents[0].triggered_sha, "");
	assert_int_equal(page.incidents[0].hold, HOLD_NONE);
	assert_int_equal(page.incidents[0].hold_ms, 0);
	assert_int_equal(page.incidents[2].verdict.outcome, VERDICT_NOT_READY);
	store_page_finish(&page);
	fixture_close(f);

	for (size_t i = 0; i < ARRAY_SIZE(lanes); i++) {
		char sql[128];

		text_format(sql, sizeof(sql),
			"SELECT count(*) FROM tasks WHERE lane = '%s' AND finished_ms = 0",
			lanes[i].lane);
		assert_int_equal(file_sql(f, sql), lanes[i].n);
	}
	assert_int_equal(fixture_open(f), 0);
	assert_brought_up_to_date(f, 3);
}

/* Who opened what is under repair is known since: whose report was its first. */
static void test_version_3(void **state) {
	static const int64_t uids[] = { 1001, 1002, 1001 }; /* newest first */
	struct fixture *f = *state;
	struct store_page page = {
		.kind = STORE_INCIDENTS, .state = INCIDENT_WAITING, .status = -1, .limit = 10
	};
	struct store_survey survey;

	make_older(f, "STORE_VERSION_3");
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(run(f, &page.req, store_page(f->store, &page, request_done)), 0);
	assert_int_equal(page.n_rows, ARRAY_SIZE(uids));
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++) {
		assert_int_equal(page.incidents[i].submitter_uid, uids[i]);
	}
	store_page_finish(&page);
	assert_int_equal(run(f, &survey.req, store_survey(f->store, &survey, request_done)), 0);
	assert_int_equal(json_object_size(survey.forges), 1);
	store_survey_finish(&survey);
	assert_brought_up_to_date(f, 3);
}

/*
 * How a link came to be is known since: of one that is there already, not. Names of GitHub's projects, and only theirs,
 * are in small letters since.
 */
static void test_version_4(void **state) {
	struct fixture *f = *state;
	struct store_page page = {
		.kind = STORE_INCIDENTS, .state = INCIDENT_WAITING, .status = -1, .limit = 10
	};
	struct store_story story = { 0 };

	make_older(f, "STORE_VERSION_4");
	(void)file_sql(f,
		"UPDATE incidents SET project = 'Acme/Web', issue_url = 'https://x' RETURNING 0");
	(void)file_sql(f, "UPDATE links SET project = 'Acme/Web' RETURNING 0");
	(void)file_sql(f, "UPDATE builds SET project = 'Local/One' RETURNING 0");
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(run(f, &page.req, store_page(f->store, &page, request_done)), 0);
	assert_string_equal(page.incidents[0].project, "acme/web");
	story.incident_id = page.incidents[0].id;
	store_page_finish(&page);
	assert_int_equal(run(f, &story.req, store_story(f->store, &story, request_done)), 0);
	assert_int_equal(story.n_links, 1);
	assert_string_equal(story.links[0].branch, "codegen/login");
	assert_int_equal(story.links[0].pull_request, 31);
	assert_int_equal(story.links[0].standing, LINK_GUESSED);
	assert_int_equal(story.links[0].report_id, 0);
	store_story_finish(&story);
	assert_brought_up_to_date(f, 3);
	fixture_close(f);
	assert_int_equal(file_sql(f, "SELECT count(*) FROM links WHERE project = 'acme/web'"), 1);
	assert_int_equal(file_sql(f, "SELECT count(*) FROM builds WHERE project = 'local/one'"), 0);
}

/* The statistics of all days, when all of the log is taken in; owned. */
static json_t *ask_stats(struct fixture *f) {
	struct store_stats stats = { .until_day = INT32_MAX };
	json_t *totals = json_object();

	store_stats_begin(&stats, false);
	do {
		assert_int_equal(run(f, &stats.req, store_stats(f->store, &stats, request_done)), 0);
		assert_int_equal(tally_merge(totals, stats.totals), 0);
		store_stats_finish(&stats);
	} while (stats.more);
	assert_int_equal(stats.behind, 0);
	return totals;
}

/* What an event says to statistics is recorded since: of events that are there already, nothing is counted. */
static void test_version_5(void **state) {
	struct fixture *f = *state;
	struct store_story story = { .incident_id = INT64_C(117667624517632000) };
	json_t *totals;

	make_older(f, "STORE_VERSION_5");
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(run(f, &story.req, store_story(f->store, &story, request_done)), 0);
	assert_int_equal(story.n_links, 1);
	assert_int_equal(story.links[0].standing, LINK_KNOWN);
	store_story_finish(&story);
	totals = ask_stats(f);
	assert_int_equal(json_object_size(totals), 0);
	json_decref(totals);
	assert_brought_up_to_date(f, 3);
	totals = ask_stats(f);
	assert_int_equal(tally_n(totals, "builds", "failed"), 1);
	json_decref(totals);
}

/* How many builds told a number is counted since, and a number may be too high: out of the log all is counted anew. */
static void test_version_6(void **state) {
	struct fixture *f = *state;
	json_t *totals;

	make_older(f, "STORE_VERSION_6");
	assert_int_equal(fixture_open(f), 0);
	totals = ask_stats(f);
	assert_int_equal(tally_n(totals, "builds", "passed"), 4);
	assert_int_equal(tally_n(totals, "lint", "builds"), 1);
	assert_int_equal(tally_total(totals, "lint", "errors"), 4);
	assert_int_equal(tally_n(totals, "ignored", "lint"), 1);
	assert_int_equal(tally_n(totals, "published", "posts"), 3);
	json_decref(totals);
	assert_brought_up_to_date(f, 3);
	fixture_close(f);
	assert_int_equal(file_sql(f, "SELECT late FROM stats_branches WHERE branch = 'main'"), 1);
	assert_int_equal(fixture_open(f), 0);
}

/* Numbers are compared within a job and step since: a branch that was green out of mistake is so no more. */
static void test_version_8(void **state) {
	static const struct {
		const char *column;
		int64_t value;
	} develop[] = { { "late", 0 }, { "run", 1 }, { "longest", 1 }, { "failed", 3 } };
	struct fixture *f = *state;

	make_older(f, "STORE_VERSION_8");
	assert_int_equal(file_sql(f, "SELECT late FROM stats_branches WHERE branch = 'develop'"), 4);
	assert_int_equal(fixture_open(f), 0);
	json_decref(ask_stats(f));
	fixture_close(f);
	for (size_t i = 0; i < ARRAY_SIZE(develop); i++) {
		char sql[128];

		text_format(sql, sizeof(sql),
			"SELECT %s FROM stats_branches WHERE branch = 'develop'", develop[i].column);
		assert_int_equal(file_sql(f, sql), develop[i].value);
	}
	assert_int_equal(file_sql(f, "SELECT late FROM stats_branches WHERE branch = 'main'"), 1);
	assert_int_equal(fixture_open(f), 0);
	assert_brought_up_to_date(f, 6);
}

/* A repair counts for the failure that came back, and by its first check, since: out of the log all is counted anew. */
static void test_version_9(void **state) {
	static const char *const labels[] = { "v1:aaaaaaaaaaaaaaaa\ntest_failure\ntest\nshop/site\n",
		"v1:bbbbbbbbbbbbbbbb\ntest_failure\ntest\nshop/site\n" };
	struct fixture *f = *state;
	json_t *totals;

	make_older(f, "STORE_VERSION_9");
	assert_int_equal(fixture_open(f), 0);
	totals = ask_stats(f);
	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		assert_int_equal(tally_n(totals, "failures", labels[i]), 1);
		assert_int_equal(tally_n(totals, "repaired", labels[i]), 1);
	}
	assert_int_equal(tally_n(totals, "incidents", "reopened"), 1);
	assert_int_equal(tally_n(totals, "checks", "first"), 2);
	json_decref(totals);
	assert_brought_up_to_date(f, 8);
}

static void test_corrupt(void **state) {
	struct fixture *f = *state;
	static char garbage[4096];

	make_database(f);
	memset(garbage, 0xa5, sizeof(garbage));
	for (off_t page = 1; page < 12; page++) {
		write_at(f, page * 4096, garbage, sizeof(garbage));
	}
	assert_refused(f, -EUCLEAN, "is corrupt");
}

static void test_missing_table(void **state) {
	struct fixture *f = *state;

	make_database(f);
	(void)file_sql(f, "DROP TABLE events");
	assert_refused(f, -EUCLEAN, "is corrupt");
}

static void test_no_directory(void **state) {
	struct fixture *f = *state;

	text_format(f->path, sizeof(f->path), "%s/missing/codegend.db", f->directory);
	assert_int_equal(fixture_open(f), -ENOENT);
	assert_non_null(strstr(f->sentence, f->path));
}

/* A child holds the database, then is killed: the next one finds it locked, then whole. */
static void test_second_daemon_and_crash(void **state) {
	struct fixture *f = *state;
	int ready[2];
	char byte;
	pid_t child;
	int wait_status;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct fixture *own;

		if (fixture_setup_closed((void **)&own) < 0) {
			_exit(1);
		}
		TEXT_SET(own->path, f->path);
		if (fixture_open(own) < 0) {
			_exit(1);
		}
		(void)submit_simple(own, "main", T0);
		assert_int_equal(fd_remove_tree(own->directory), 0);
		assert_int_equal(fd_write_all(ready[1], "x", 1), 0);
		for (;;) {
			(void)pause();
		}
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(fixture_open(f), -EBUSY);
	assert_non_null(strstr(f->sentence, "is in use by another codegend"));
	assert_non_null(strstr(f->sentence, "--state-directory"));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	(void)fd_close(ready[0]);
	(void)fd_close(ready[1]);

	assert_true(beside_exists(f, "-wal"));
	assert_int_equal(fixture_open(f), 0);
	fixture_close(f);
	assert_int_equal(file_sql(f, "SELECT count(*) FROM reports"), 1);
}

/* As after a copy that root made. */
static void test_of_another_user(void **state) {
	struct fixture *f = *state;
	int wait_status;
	pid_t child;

	make_database(f);
	assert_int_equal(chmod(f->path, 0), 0);
	assert_int_equal(chmod(f->directory, 0777), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		bool refused = (geteuid() != 0 || setuid(61010) == 0) && fixture_open(f) == -EACCES;

		_exit(refused && strstr(f->sentence, "; chown it, and what lies beside it, to the user")
				? 0
				: 1);
	}
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_true(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
}

/* On a file system mounted read-only: root writes through every mode. In a child, so that the mount stays there. */
static void test_read_only(void **state) {
	struct fixture *f = *state;
	int wait_status;
	pid_t child;

	make_database(f);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		const char *directory = f->directory;

		if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0 ||
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
			mount(directory, directory, NULL, MS_BIND, NULL) < 0 ||
			mount(NULL, directory, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0) {
			_exit(77);
		}
		assert_refused(f, -EROFS, "is read-only");
		_exit(0);
	}
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 77) {
		print_message("skipped: no permission to mount a directory read-only\n");
		skip();
	}
	assert_true(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_closed, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_new_file),
		TEST(test_empty_file),
		TEST(test_not_a_database),
		TEST(test_database_of_another_program),
		TEST(test_newer_schema),
		TEST(test_version_1),
		TEST(test_version_2),
		TEST(test_version_3),
		TEST(test_version_4),
		TEST(test_version_5),
		TEST(test_version_6),
		TEST(test_version_8),
		TEST(test_version_9),
		TEST(test_corrupt),
		TEST(test_missing_table),
		TEST(test_no_directory),
		TEST(test_second_daemon_and_crash),
		TEST(test_of_another_user),
		TEST(test_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
