/* What happens to a batch when the database, the disk or the daemon says no. */
#include "tests/unit/store/harness.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"
#include "common/text.h"
#include "daemon/store/wal_file.h"
#include "tests/unit/store/fault_vfs.h"

static struct store_counts count(struct fixture *f) {
	struct store_counts counts = { .now_ms = T0 };

	assert_int_equal(run(f, &counts.req, store_counts(f->store, &counts, request_done)), 0);
	return counts;
}

/* One request that the schema refuses, in the middle of good ones: only it is refused. */
static void test_bad_request_is_singled_out(void **state) {
	struct fixture *f = *state;
	static struct submission s[20];

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		char key[32];

		text_format(key, sizeof(key), "key-%zu", i);
		submission_init(&s[i], "main", key, T0);
		if (i == 10) {
			s[i].report.error_type = ERROR_TYPE_COUNT;
		}
		assert_int_equal(store_step(f->store, &s[i].step, request_done), 0);
	}
	fixture_wait(f, ARRAY_SIZE(s));
	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		assert_int_equal(s[i].step.req.status, i == 10 ? -EINVAL : 0);
		assert_int_equal(s[i].step.n_notes, i == 10 ? 0 : 1);
		store_step_finish(&s[i].step);
	}
	assert_int_equal(count(f).reports, ARRAY_SIZE(s) - 1);
	assert_int_equal(count(f).last_seq, ARRAY_SIZE(s) - 1);
	assert_int_equal(f->n_failures, 0);
}

static void test_full_disk_refuses_and_recovers(void **state) {
	struct fixture *f = *state;
	struct submission first, second;
	struct store_counts counts = { .now_ms = T0 };

	(void)submit_simple(f, "before", T0);
	atomic_store(&fault_write, SQLITE_FULL);
	submission_init(&first, "main", "key-1", T0);
	submission_init(&second, "main", "key-2", T0);
	assert_int_equal(store_step(f->store, &first.step, request_done), 0);
	assert_int_equal(store_counts(f->store, &counts, request_done), 0);
	assert_int_equal(store_step(f->store, &second.step, request_done), 0);
	fixture_wait(f, 3);
	assert_int_equal(first.step.req.status, -ENOSPC);
	assert_int_equal(second.step.req.status, -ENOSPC);
	assert_int_equal(first.step.n_notes, 0);
	/* Reads are answered, with what is true. */
	assert_int_equal(counts.req.status, 0);
	assert_int_equal(counts.reports, 1);

	atomic_store(&fault_write, 0);
	assert_int_equal(submit(f, &first), 0);
	assert_false(first.step.answer.duplicate);
	assert_int_equal(count(f).reports, 2);
	assert_int_equal(f->n_failures, 0);
	store_step_finish(&first.step);
	store_step_finish(&second.step);
}

/* A sync that failed is never tried again, and nothing is acknowledged after it. */
static void test_failed_sync_stops_the_store(void **state) {
	struct fixture *f = *state;
	struct submission first, second;
	struct store_counts counts = { .now_ms = T0 };
	int n_syncs;

	(void)submit_simple(f, "before", T0);
	n_syncs = atomic_load(&fault_n_syncs);
	atomic_store(&fault_sync, SQLITE_IOERR_FSYNC);
	submission_init(&first, "main", "key-1", T0);
	submission_init(&second, "main", "key-2", T0);
	assert_int_equal(store_step(f->store, &first.step, request_done), 0);
	assert_int_equal(store_step(f->store, &second.step, request_done), 0);
	assert_int_equal(store_counts(f->store, &counts, request_done), 0);
	fixture_wait(f, 3);
	atomic_store(&fault_sync, 0);
	assert_int_equal(first.step.req.status, -EIO);
	assert_int_equal(second.step.req.status, -EIO);
	assert_int_equal(counts.req.status, -EIO);
	assert_int_equal(f->n_failures, 1);
	assert_non_null(strstr(f->failure, f->path));
	assert_int_equal(store_step(f->store, &first.step, request_done), -ESHUTDOWN);
	fixture_close(f);
	assert_int_equal(atomic_load(&fault_n_syncs), n_syncs + 1);

	/* What was acknowledged is there. */
	assert_int_equal(fixture_open(f), 0);
	assert_true(count(f).reports >= 1);
}

/* The database and its log as a crash would leave them: what is in the files now. */
static void copy_files(struct fixture *f, char to[128]) {
	static const char *const suffixes[] = { "", "-wal" };

	assert_true(text_format(to, 128, "%s.copy", f->path));
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		static char bytes[4096];
		char from_path[128], to_path[160];
		FILE *in, *out;
		size_t n;

		assert_true(text_format(from_path, sizeof(from_path), "%s%s", f->path, suffixes[i]));
		assert_true(text_format(to_path, sizeof(to_path), "%s%s", to, suffixes[i]));
		in = fopen(from_path, "re");
		out = fopen(to_path, "we");
		assert_true(in != NULL && out != NULL);
		while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0) {
			assert_int_equal(fwrite(bytes, 1, n, out), n);
		}
		assert_int_equal(fclose(in), 0);
		assert_int_equal(fclose(out), 0);
	}
}

static int64_t copy_sql(const char *path, const char *sql) {
	sqlite3 *sqlite;
	sqlite3_stmt *statement;
	int64_t value;

	assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
	return value;
}

/* What is acknowledged is in the files, however long the commit; and it went there in pieces, not page by page. */
static void test_acknowledged_is_in_the_files(void **state) {
	static const int lengths[] = { 10, 100000, 3 * WAL_FILE_BYTES, WAL_FILE_BYTES - 24 };
	struct fixture *f = *state;
	int64_t total = 0;
	char copy[128];

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct submission submission;
		int n_writes = atomic_load(&fault_n_writes);

		submission_init(&submission, "main", "", T0);
		submission.report.log = malloc((size_t)lengths[i] + 1);
		assert_non_null(submission.report.log);
		memset(submission.report.log, 'x', (size_t)lengths[i]);
		submission.report.log[lengths[i]] = '\0';
		assert_int_equal(submit(f, &submission), 0);
		total += lengths[i];
		/* The log begins anew with a header of its own; every piece but the last is full. */
		assert_in_range(atomic_load(&fault_n_writes) - n_writes, 1,
			3 + lengths[i] / (WAL_FILE_BYTES / 2));
		copy_files(f, copy);
		assert_int_equal(copy_sql(copy, "SELECT sum(length(log)) FROM reports"), total);
		assert_int_equal(
			copy_sql(copy,
				"SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
			1);
		free(submission.report.log);
		store_step_finish(&submission.step);
	}
}

static void test_queue_is_bounded(void **state) {
	struct fixture *f = *state;
	static struct store_ticket tickets[LIMIT_STORE_QUEUE + 1];

	for (size_t i = 0; i < LIMIT_STORE_QUEUE; i++) {
		tickets[i].key = "none";
		assert_int_equal(store_ticket(f->store, &tickets[i], request_done), 0);
	}
	assert_int_equal(store_ticket(f->store, &tickets[LIMIT_STORE_QUEUE], request_done), -EAGAIN);
	fixture_wait(f, LIMIT_STORE_QUEUE);
	assert_int_equal(run(f, &tickets[0].req, store_ticket(f->store, &tickets[0], request_done)),
		-ENOENT);
}

static void closed(void *user) {
	(*(int *)user)++;
}

/* Everything queued is done, then it is closed, then it says so. */
static void test_close_completes_what_waits(void **state) {
	struct fixture *f = *state;
	static struct submission s[500];
	struct submission late;
	int n_closed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		submission_init(&s[i], "main", "", T0);
		assert_int_equal(store_step(f->store, &s[i].step, request_done), 0);
	}
	store_close(f->store, closed, &n_closed);
	submission_init(&late, "main", "", T0);
	assert_int_equal(store_step(f->store, &late.step, request_done), -ESHUTDOWN);
	f->store = NULL;
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->n_done, ARRAY_SIZE(s));
	assert_int_equal(n_closed, 1);
	for (size_t i = 0; i < ARRAY_SIZE(s); i++) {
		assert_int_equal(s[i].step.req.status, 0);
		store_step_finish(&s[i].step);
	}
	assert_int_equal(file_sql(f, "SELECT count(*) FROM reports"), ARRAY_SIZE(s));
	store_close(NULL, closed, &n_closed);
	assert_int_equal(n_closed, 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_bad_request_is_singled_out),
		TEST(test_full_disk_refuses_and_recovers),
		TEST(test_failed_sync_stops_the_store),
		TEST(test_acknowledged_is_in_the_files),
		TEST(test_queue_is_bounded),
		TEST(test_close_completes_what_waits),
	};

	fault_vfs_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
