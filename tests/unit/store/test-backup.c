/* A copy made while the store works: whole, alone, of one moment; and what a start on one doubts. */
#include "tests/unit/store/harness.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "tests/unit/store/fault_vfs.h"

static int step_backup(struct fixture *f, struct store_backup *backup) {
	return run(f, &backup->req, store_backup(f->store, backup, request_done));
}

static void copy_path(const struct fixture *f, char path[128]) {
	text_format(path, 128, "%s-backup", f->path);
}

static bool copy_exists(const struct fixture *f) {
	char path[128];

	copy_path(f, path);
	return access(path, F_OK) == 0;
}

/* Goes on to the end; `between` runs between two slices. The bytes are the caller's. */
static char *take_backup(struct fixture *f, void (*between)(struct fixture *f), size_t *ret_len) {
	struct store_backup backup = { 0 };
	char *bytes = NULL;
	size_t len = 0;

	do {
		assert_int_equal(step_backup(f, &backup), 0);
		assert_true(backup.n_copied <= backup.n_total);
		if (backup.data != NULL) {
			assert_true(backup.len > 0 && backup.len <= LIMIT_BACKUP_PIECE_BYTES);
			bytes = realloc(bytes, len + backup.len);
			assert_non_null(bytes);
			memcpy(bytes + len, backup.data, backup.len);
			len += backup.len;
		}
		store_backup_finish(&backup);
		if (between != NULL) {
			between(f);
		}
	} while (backup.more);
	assert_int_equal(backup.n_total, len);
	assert_false(copy_exists(f));
	*ret_len = len;
	return bytes;
}

/* Closes the store and puts the bytes where its database was. */
static void restore(struct fixture *f, char *bytes, size_t len) {
	fixture_close(f);
	assert_int_equal(fd_write_file_atomic(f->path, bytes, len, 0600), 0);
	free(bytes);
}

static void backup_and_restore(struct fixture *f) {
	size_t len;
	char *bytes = take_backup(f, NULL, &len);

	restore(f, bytes, len);
}

/* Enough for many slices; a text of its own makes each report a page and more. */
static void fill(struct fixture *f, int n) {
	static char details[32 * 1024];

	memset(details, 'x', sizeof(details) - 1);
	for (int i = 0; i < n; i++) {
		struct submission submission;
		char branch[32];

		text_format(branch, sizeof(branch), "branch-%d", i);
		submission_init(&submission, branch, "", T0 + i);
		submission.report.details = details;
		assert_int_equal(submit(f, &submission), 0);
		store_step_finish(&submission.step);
	}
}

static void test_copy_is_a_database_alone(void **state) {
	struct fixture *f = *state;
	size_t len;
	char *bytes;

	fill(f, 200);
	bytes = take_backup(f, NULL, &len);
	/* Not a word of a log in its header: whoever opens it needs no other file. */
	assert_int_equal(bytes[18], 1);
	assert_int_equal(bytes[19], 1);
	assert_memory_equal(bytes + 68, "cgnc", 4);
	restore(f, bytes, len);
	assert_int_equal(file_sql(f,
				 "SELECT count(*) FROM pragma_integrity_check() WHERE"
				 " integrity_check = 'ok'"),
		1);
	assert_int_equal(file_sql(f, "SELECT count(*) FROM reports"), 200);
	assert_int_equal(fixture_open(f), 0);
	(void)submit_simple(f, "after", T0 + HOUR);
}

static int64_t n_between;

static void submit_between(struct fixture *f) {
	char branch[32];

	text_format(branch, sizeof(branch), "between-%lld", (long long)++n_between);
	(void)submit_simple(f, branch, T0 + HOUR);
}

/* Whatever was on disk before is in the copy, and of what comes meanwhile all of it or nothing. */
static void test_copy_under_load_is_whole(void **state) {
	struct fixture *f = *state;
	size_t len;
	char *bytes;
	int64_t n_reports;

	fill(f, 300);
	n_between = 0;
	bytes = take_backup(f, submit_between, &len);
	assert_true(n_between >= 3);
	restore(f, bytes, len);
	assert_int_equal(file_sql(f,
				 "SELECT count(*) FROM pragma_integrity_check() WHERE"
				 " integrity_check = 'ok'"),
		1);
	n_reports = file_sql(f, "SELECT count(*) FROM reports");
	assert_in_range(n_reports, 300, 300 + n_between);
	assert_int_equal(file_sql(f, "SELECT count(*) FROM incidents"), n_reports);
	assert_int_equal(file_sql(f, "SELECT n FROM counters WHERE kind = 'reports'"), n_reports);
	assert_int_equal(file_sql(f, "SELECT count(*) FROM tasks"), 2 * n_reports);
}

static void test_copy_is_private_and_removed(void **state) {
	struct fixture *f = *state;
	struct store_backup backup = { 0 };
	struct stat info;
	char path[128];

	copy_path(f, path);
	fill(f, 100);
	assert_int_equal(step_backup(f, &backup), 0);
	assert_true(backup.more);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	backup.abandon = true;
	assert_int_equal(step_backup(f, &backup), 0);
	assert_false(backup.more);
	assert_false(copy_exists(f));
	assert_int_equal(step_backup(f, &backup), 0); /* harmless */

	/* Closing in the middle of one leaves nothing; nor does a start after a crash. */
	backup.abandon = false;
	assert_int_equal(step_backup(f, &backup), 0);
	store_backup_finish(&backup);
	assert_true(copy_exists(f));
	fixture_close(f);
	assert_false(copy_exists(f));
	assert_int_equal(fd_write_file_atomic(path, "left", 4, 0600), 0);
	assert_int_equal(fixture_open(f), 0);
	assert_false(copy_exists(f));
}

static void test_failed_copy_is_no_failed_store(void **state) {
	static const struct {
		int code;
		int status;
		const char *words;
	} table[] = {
		{ SQLITE_FULL, -ENOSPC, "the disk became full" },
		{ SQLITE_IOERR, -EREMOTEIO, "disk I/O error" },
	};
	struct fixture *f = *state;

	fill(f, 200);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct store_backup backup = { .more = true };
		int status = 0;

		atomic_store(&fault_write, table[i].code);
		while (status == 0 && (backup.more || backup.data == NULL)) {
			status = step_backup(f, &backup);
			store_backup_finish(&backup);
		}
		atomic_store(&fault_write, 0);
		assert_int_equal(status, table[i].status);
		assert_non_null(strstr(backup.sentence, table[i].words));
		assert_false(copy_exists(f));
		(void)submit_simple(f, "goes on", T0 + HOUR);
		assert_int_equal(f->n_failures, 0);
	}
}

/* Frames of the old database's log would be mixed into the copy. */
static void test_log_of_another_is_refused(void **state) {
	struct fixture *f = *state;
	char log[128];

	(void)submit_simple(f, "main", T0);
	backup_and_restore(f);
	text_format(log, sizeof(log), "%s-wal", f->path);
	assert_int_equal(fd_write_file_atomic(log, "frames", 6, 0600), 0);
	assert_int_equal(fixture_open(f), -EUCLEAN);
	assert_non_null(strstr(f->sentence, "is a backup"));
	assert_non_null(strstr(f->sentence, log));
	assert_int_equal(unlink(log), 0);
	assert_int_equal(fixture_open(f), 0);
}

/* What a start on a copy doubts */

static int64_t n_posts(struct fixture *f, int64_t incident_id, const char *where) {
	char sql[256];

	text_format(sql, sizeof(sql), "SELECT count(*) FROM posts WHERE incident_id = %lld AND %s",
		(long long)incident_id, where);
	return file_sql(f, sql);
}

static void write_post(struct fixture *f, const struct post *post) {
	struct store_post request = { .post = post };

	assert_int_equal(run(f, &request.req, store_post(f->store, &request, request_done)), 0);
}

static void add_task(struct fixture *f, int64_t incident_id, enum task_type type) {
	struct store_step step;

	memset(&scripted, 0, sizeof(scripted));
	script_change(CHANGE_ADD, type, T0 + HOUR);
	assert_int_equal(incident_step(f, incident_id, T0 + 1, &step), 0);
	store_step_finish(&step);
}

#define T0_TEXT "1700000000000"
#define NOWHERE "kind = 'status' AND intent_ms <> 0 AND number = 0 AND is_issue = 0 AND post_id = 0"

static void test_unknown_status_is_doubted(void **state) {
	struct fixture *f = *state;
	int64_t never = submit_simple(f, "never posted", T0);
	int64_t posted = submit_simple(f, "posted", T0);
	int64_t refused = submit_simple(f, "refused", T0);
	int64_t issue = submit_simple(f, "issue", T0);
	int64_t old = submit_simple(f, "over long ago", T0);
	int64_t late = submit_simple(f, "over lately", T0);
	char sql[256];

	write_post(f, &(struct post){ .incident_id = posted, .number = 7, .post_id = 70 });
	write_post(f, &(struct post){ .incident_id = refused });
	write_post(f, &(struct post){ .incident_id = issue, .number = 8, .is_issue = true });
	fixture_close(f);
	text_format(sql, sizeof(sql),
		"UPDATE incidents SET state = 'resolved', resolved_ms = %lld WHERE id IN (%lld, %lld);"
		"UPDATE incidents SET resolved_ms = %lld WHERE id = %lld;"
		"UPDATE counters SET n = n - 2 * (status = 'open') + 2 * (status = 'resolved')"
		" WHERE kind = 'incidents' AND status IN ('open', 'resolved')",
		(long long)T0, (long long)old, (long long)late, (long long)(T0 + 30 * HOUR),
		(long long)late);
	(void)file_sql(f, sql);
	assert_int_equal(fixture_open(f), 0);
	(void)submit_simple(f, "newest", T0 + 31 * HOUR);
	backup_and_restore(f);
	assert_int_equal(fixture_open(f), 0);
	fixture_close(f);
	assert_int_equal(n_posts(f, never, NOWHERE), 1);
	assert_int_equal(n_posts(f, refused, NOWHERE), 1);
	assert_int_equal(n_posts(f, late, NOWHERE), 1);
	assert_int_equal(n_posts(f, old, "1"), 0);
	assert_int_equal(n_posts(f, posted, "post_id = 70 AND number = 7 AND intent_ms = 0"), 1);
	assert_int_equal(n_posts(f, posted, "kind = 'status'"), 1);
	assert_int_equal(n_posts(f, issue, "is_issue AND number = 8 AND intent_ms = 0"), 1);
}

#define SINCE_COPY "intent_ms >= " T0_TEXT " AND intent_ms < " T0_TEXT " + 9"
#define UNKNOWN_TASK "task_id = 9223372036854775807"

static void test_askers_and_runs_are_doubted(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	int64_t other = submit_simple(f, "other", T0);
	int64_t trigger;

	add_task(f, incident, TASK_TRIGGER_AGENT);
	add_task(f, other, TASK_TRIGGER_AGENT);
	trigger = find_task(f, incident, TASK_TRIGGER_AGENT);
	/* Its outcome was unknown then already: that is worth more. */
	write_post(f,
		&(struct post){ .incident_id = incident,
			.kind = POST_RUN,
			.task_id = trigger,
			.intent_ms = T0,
			.suspect_ms = T0 + 1 });
	backup_and_restore(f);
	assert_int_equal(fixture_open(f), 0);
	fixture_close(f);
	assert_int_equal(
		n_posts(f, incident, "kind = 'mention' AND " UNKNOWN_TASK " AND " SINCE_COPY), 1);
	assert_int_equal(n_posts(f, incident, "kind = 'escalation' AND " UNKNOWN_TASK), 1);
	assert_int_equal(n_posts(f, incident, "kind = 'run' AND suspect_ms <> 0"), 1);
	assert_int_equal(n_posts(f, incident, "1"), 4);
	assert_int_equal(
		n_posts(f, other, "kind = 'run' AND NOT " UNKNOWN_TASK " AND " SINCE_COPY), 1);
}

/* Once: what the daemon finds out after the first start stays. */
static void test_doubts_come_once(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);

	backup_and_restore(f);
	assert_int_equal(fixture_open(f), 0);
	write_post(f, &(struct post){ .incident_id = incident, .number = 7, .post_id = 70 });
	fixture_close(f);
	assert_int_equal(fixture_open(f), 0);
	fixture_close(f);
	assert_int_equal(n_posts(f, incident, "post_id = 70 AND intent_ms = 0"), 1);
	assert_int_equal(file_sql(f, "PRAGMA application_id"), 0x63676e64);
}

/* A start that dies before its commit leaves the copy a copy. */
static void test_failed_adoption_is_tried_again(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);

	backup_and_restore(f);
	atomic_store(&fault_sync, SQLITE_IOERR_FSYNC);
	assert_true(fixture_open(f) < 0);
	atomic_store(&fault_sync, 0);
	assert_int_equal(fixture_open(f), 0);
	fixture_close(f);
	assert_int_equal(n_posts(f, incident, NOWHERE), 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_copy_is_a_database_alone),
		TEST(test_copy_under_load_is_whole),
		TEST(test_copy_is_private_and_removed),
		TEST(test_failed_copy_is_no_failed_store),
		TEST(test_log_of_another_is_refused),
		TEST(test_unknown_status_is_doubted),
		TEST(test_askers_and_runs_are_doubted),
		TEST(test_doubts_come_once),
		TEST(test_failed_adoption_is_tried_again),
	};

	fault_vfs_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
