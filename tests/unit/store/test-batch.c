/* What happens to a batch when the database, the disk or the daemon says no. */
#include "tests/unit/store/harness.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "common/macro.h"
#include "common/text.h"
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
		TEST(test_queue_is_bounded),
		TEST(test_close_completes_what_waits),
	};

	fault_vfs_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
