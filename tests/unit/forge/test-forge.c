#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "common/address.h"
#include "common/fd.h"
#include "common/text.h"
#include "daemon/forge/forge.h"

#define NOW_MS INT64_C(1758245293693)
#define N_CHECKS 10000

static const struct config_forge local = { .name = "here", .type = "local" };

struct fixture {
	uv_loop_t loop;
	char dir[64];
	struct forge *forge;
	int n_closed;

	struct incident incident;
	struct report report;
	struct task task;
	struct policy policy;
	struct build builds[2];
	struct forge_publish publish;
	struct forge_check check;
	struct forge_check next_check;

	int n_done;
	int status;
	int n_closed_at_done;
};

/* Calls of the C library that the linker sends here. One publish at a time: its thread is done when it is. */
static int n_synced;
static int n_made;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);

int __wrap_fsync(int fd) {
	n_synced++;
	return __real_fsync(fd);
}

int __wrap_mkdir(const char *path, mode_t mode) {
	int r = __real_mkdir(path, mode);
	int error = errno;

	n_made += strstr(path, "published") != NULL ? 1 : 0;
	errno = error;
	return r;
}

static int set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	n_synced = 0;
	n_made = 0;
	(void)TEXT_SET(f->dir, "/tmp/test-forge-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(forge_open(
				 &(struct forge_options){
					 .loop = &f->loop, .config = &local, .state_dir = f->dir },
				 &f->forge),
		0);
	f->incident = (struct incident){ .id = id_first_in_ms(NOW_MS), .cycle = 1 };
	f->report = (struct report){ .project = "acme/web", .branch = "fix", .at_ms = NOW_MS };
	f->task.id = id_first_in_ms(NOW_MS);
	f->policy.max_cycles = 3;
	f->builds[0] = (struct build){ .id = 1, .job = "lint", .commit = "c1" };
	f->builds[1] = (struct build){ .id = 2, .job = "lint", .commit = "c1", .passed = true };
	f->check = (struct forge_check){ .builds = f->builds, .n_builds = 2, .now_ms = NOW_MS };
	*state = f;
	return 0;
}

static void closed(void *user) {
	struct fixture *f = user;

	f->n_closed++;
	f->forge = NULL;
}

static void close_and_run(struct fixture *f) {
	forge_close(f->forge, closed, f);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->n_closed, 1);
}

static int tear_down(void **state) {
	struct fixture *f = *state;

	if (f->n_closed == 0) {
		close_and_run(f);
	}
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(fd_remove_tree(f->dir), 0);
	free(f);
	return 0;
}

static void run_until_done(struct fixture *f, int n) {
	while (f->n_done < n) {
		assert_int_not_equal(uv_run(&f->loop, UV_RUN_ONCE), 0);
	}
}

static void publish_done(struct forge_publish *publish, int status) {
	struct fixture *f = container_of(publish, struct fixture, publish);

	f->n_done++;
	f->status = status;
	f->n_closed_at_done = f->n_closed;
}

static int publish_for(struct fixture *f, enum forge_purpose purpose) {
	f->publish = (struct forge_publish){
		.purpose = purpose,
		.incident = &f->incident,
		.report = &f->report,
		.task = &f->task,
		.policy = &f->policy,
	};
	return forge_publish(f->forge, &f->publish, publish_done);
}

static int publish(struct fixture *f) {
	return publish_for(f, FORGE_REPORT);
}

static void published_path(const struct fixture *f, char *out, size_t size) {
	(void)text_format(out, size, "%s/published/incident-1758245293693.md", f->dir);
}

static void writes_a_report_and_says_where(void **state) {
	struct fixture *f = *state;
	char path[256], url[300];
	char *text = NULL;
	struct stat st;

	assert_int_equal(publish(f), 0);
	assert_int_equal(f->n_done, 0);
	run_until_done(f, 1);
	assert_int_equal(f->status, 0);
	published_path(f, path, sizeof(path));
	(void)text_format(url, sizeof(url), "file://%s", path);
	assert_string_equal(f->publish.url, url);
	assert_string_equal(f->publish.sentence, "");
	assert_int_equal(fd_read_file(path, LIMIT_BODY_MAX_BYTES, &text, NULL), 0);
	assert_non_null(strstr(text, "codegend:op=delayed-1758245293693 "));
	assert_non_null(strstr(text, "acme/web"));
	free(text);
	/* A log is nobody's business but the owner's and the group's. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void a_new_cycle_replaces_the_report(void **state) {
	struct fixture *f = *state;
	char path[256];
	char *text = NULL;

	assert_int_equal(publish(f), 0);
	run_until_done(f, 1);
	f->incident.cycle = 2;
	f->task.id++;
	assert_int_equal(publish(f), 0);
	run_until_done(f, 2);
	published_path(f, path, sizeof(path));
	assert_int_equal(fd_read_file(path, LIMIT_BODY_MAX_BYTES, &text, NULL), 0);
	assert_non_null(strstr(text, "codegend:op=delayed-1758245293693-2 "));
	assert_non_null(strstr(text, "Cycle: 2 of 3"));
	free(text);
}

/* Who follows a branch of this forge reads the news in codegenctl; nobody is there to be asked. */
static void news_write_nothing(void **state) {
	struct fixture *f = *state;
	char path[256];

	assert_int_equal(publish_for(f, FORGE_NEWS), 0);
	assert_int_equal(f->n_done, 0);
	run_until_done(f, 1);
	assert_int_equal(f->status, 0);
	assert_string_equal(f->publish.url, "");
	published_path(f, path, sizeof(path));
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(publish_for(f, FORGE_MENTION), -ENOTSUP);
	assert_int_equal(f->n_done, 1);
}

static void a_url_is_one_whatever_the_directory_is_called(void **state) {
	struct fixture *f = *state;
	char dir[128];

	close_and_run(f);
	f->n_closed = 0;
	(void)text_format(dir, sizeof(dir), "%s/a b#ä", f->dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(forge_open(
				 &(struct forge_options){
					 .loop = &f->loop, .config = &local, .state_dir = dir },
				 &f->forge),
		0);
	assert_int_equal(publish(f), 0);
	run_until_done(f, 1);
	assert_int_equal(f->status, 0);
	assert_non_null(strstr(f->publish.url, "/a%20b%23%C3%A4/published/"));
}

static void a_directory_that_cannot_be_written_is_a_sentence(void **state) {
	struct fixture *f = *state;
	char path[256], sentence[512];

	/* A file stands where the directory should be: even root cannot write there. */
	assert_int_equal(address_join(path, sizeof(path), f->dir, "published"), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(fd_write_file_atomic(path, "", 0, 0600), 0);
	assert_int_equal(publish(f), 0);
	run_until_done(f, 1);
	assert_true(f->status < 0);
	assert_string_equal(f->publish.url, "");
	(void)text_format(
		sentence, sizeof(sentence), "The report could not be written to \"%s/", path);
	assert_int_equal(strncmp(f->publish.sentence, sentence, strlen(sentence)), 0);
	assert_string_equal(f->publish.sentence + strlen(f->publish.sentence) - 1, ".");
}

static void a_directory_that_was_removed_is_made_again(void **state) {
	struct fixture *f = *state;
	char path[256];

	assert_int_equal(address_join(path, sizeof(path), f->dir, "published"), 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(publish(f), 0);
	run_until_done(f, 1);
	assert_int_equal(f->status, 0);
	published_path(f, path, sizeof(path));
	assert_int_equal(access(path, R_OK), 0);
}

/* Each is on disk before it counts as published; the way to it is not walked again for each. */
static void a_publish_syncs_the_file_and_its_directory(void **state) {
	struct fixture *f = *state;

	assert_int_equal(publish(f), 0);
	run_until_done(f, 1);
	n_synced = 0;
	n_made = 0;
	assert_int_equal(publish(f), 0);
	run_until_done(f, 2);
	assert_int_equal(n_synced, 2);
	assert_int_equal(n_made, 0);
}

static void a_forge_has_its_directory_when_it_is_open(void **state) {
	struct fixture *f = *state;
	char path[256];
	struct stat st;

	assert_int_equal(address_join(path, sizeof(path), f->dir, "published"), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(n_made, 1);
	assert_true(n_synced > 0);
}

static void check_done(struct forge_check *check, int status) {
	struct fixture *f = container_of(check, struct fixture, check);

	f->n_done++;
	f->status = status;
	f->n_closed_at_done = f->n_closed;
}

static void answers_a_check_from_the_loop(void **state) {
	struct fixture *f = *state;

	assert_true(forge_wants_builds(f->forge));
	assert_string_equal(forge_name(f->forge), "here");
	f->check.n_settled = 1; /* of its last use */
	assert_int_equal(forge_check(f->forge, &f->check, check_done), 0);
	assert_int_equal(f->n_done, 0);
	run_until_done(f, 1);
	assert_int_equal(f->check.n_settled, 0);
	assert_int_equal(f->status, 0);
	assert_int_equal(f->check.verdict.outcome, VERDICT_READY);
	assert_string_equal(f->check.verdict.head_sha, "c1");
}

static int n_answered;

static void count_check(struct forge_check *check, int status) {
	assert_int_equal(status, 0);
	assert_int_equal(check->verdict.outcome, VERDICT_READY);
	n_answered++;
}

static void answers_every_check_of_very_many(void **state) {
	struct fixture *f = *state;
	struct forge_check *checks = calloc(N_CHECKS, sizeof(*checks));

	assert_non_null(checks);
	n_answered = 0;
	for (int i = 0; i < N_CHECKS; i++) {
		checks[i] = f->check;
		assert_int_equal(forge_check(f->forge, &checks[i], count_check), 0);
	}
	assert_int_equal(n_answered, 0);
	while (n_answered < N_CHECKS) {
		assert_int_not_equal(uv_run(&f->loop, UV_RUN_ONCE), 0);
	}
	/* Once each: nothing is left to come. */
	(void)uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(n_answered, N_CHECKS);
	free(checks);
}

static void next_check_done(struct forge_check *check, int status) {
	struct fixture *f = container_of(check, struct fixture, next_check);

	f->n_done++;
}

static void check_done_then_next(struct forge_check *check, int status) {
	struct fixture *f = container_of(check, struct fixture, check);

	f->n_done++;
	f->next_check = *check;
	assert_int_equal(forge_check(f->forge, &f->next_check, next_check_done), 0);
	assert_int_equal(f->n_done, 1);
}

static void a_check_may_be_begun_by_the_end_of_another(void **state) {
	struct fixture *f = *state;

	assert_int_equal(forge_check(f->forge, &f->check, check_done_then_next), 0);
	run_until_done(f, 2);
}

static void closing_answers_a_check_that_waits(void **state) {
	struct fixture *f = *state;

	assert_int_equal(forge_check(f->forge, &f->check, check_done), 0);
	forge_close(f->forge, closed, f);
	assert_int_equal(f->n_done, 0);
	assert_int_equal(forge_check(f->forge, &f->next_check, next_check_done), -ESHUTDOWN);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->n_done, 1);
	assert_int_equal(f->status, -ECANCELED);
	assert_int_equal(f->n_closed_at_done, 0);
	assert_int_equal(f->n_closed, 1);
}

static void closing_awaits_a_publish(void **state) {
	struct fixture *f = *state;

	assert_int_equal(publish(f), 0);
	forge_close(f->forge, closed, f);
	assert_int_equal(f->n_done, 0);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->n_done, 1);
	/* Written, or never begun: what it says is true. */
	if (f->status == 0) {
		assert_int_equal(access(f->publish.url + strlen("file://"), R_OK), 0);
	} else {
		assert_int_equal(f->status, -ECANCELED);
		assert_string_equal(f->publish.url, "");
	}
	assert_int_equal(f->n_closed_at_done, 0);
	assert_int_equal(f->n_closed, 1);
}

static void check_done_closes(struct forge_check *check, int status) {
	struct fixture *f = container_of(check, struct fixture, check);

	f->n_done++;
	forge_close(f->forge, closed, f);
}

static void may_be_closed_by_the_end_of_a_check(void **state) {
	struct fixture *f = *state;

	assert_int_equal(forge_check(f->forge, &f->check, check_done_closes), 0);
	f->next_check = f->check;
	assert_int_equal(forge_check(f->forge, &f->next_check, next_check_done), 0);
	assert_int_equal(uv_run(&f->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(f->n_done, 2);
	assert_int_equal(f->n_closed, 1);
}

static void refuses_a_type_it_does_not_have(void **state) {
	struct fixture *f = *state;
	const struct config_forge other = { .name = "x", .type = "gerrit" };
	struct forge *forge = NULL;

	assert_int_equal(forge_open(
				 &(struct forge_options){
					 .loop = &f->loop, .config = &other, .state_dir = f->dir },
				 &forge),
		-EINVAL);
	assert_null(forge);
}

static void count_closed(void *user) {
	++*(int *)user;
}

static void closing_nothing_is_done_at_once(void **state) {
	int n = 0;

	forge_close(NULL, count_closed, &n);
	forge_close(NULL, NULL, NULL);
	assert_int_equal(n, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(writes_a_report_and_says_where),
		TEST(a_new_cycle_replaces_the_report),
		TEST(news_write_nothing),
		TEST(a_url_is_one_whatever_the_directory_is_called),
		TEST(a_directory_that_cannot_be_written_is_a_sentence),
		TEST(a_directory_that_was_removed_is_made_again),
		TEST(a_publish_syncs_the_file_and_its_directory),
		TEST(a_forge_has_its_directory_when_it_is_open),
		TEST(answers_a_check_from_the_loop),
		TEST(answers_every_check_of_very_many),
		TEST(a_check_may_be_begun_by_the_end_of_another),
		TEST(closing_answers_a_check_that_waits),
		TEST(closing_awaits_a_publish),
		TEST(may_be_closed_by_the_end_of_a_check),
		TEST(refuses_a_type_it_does_not_have),
		cmocka_unit_test(closing_nothing_is_done_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
