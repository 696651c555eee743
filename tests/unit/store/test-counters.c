/* Counts of rows, where their writing fails. */
#include "tests/unit/store/harness.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "common/fd.h"
#include "common/text.h"
#include "daemon/store/internal.h"

static void what_was_not_written_is_written_later(void **state) {
	char directory[] = "/tmp/test-counters-XXXXXX", path[64], sentence[LIMIT_SENTENCE_MAX];
	struct db *db = NULL;
	int64_t n = 0;
	int longest;

	assert_non_null(mkdtemp(directory));
	(void)text_format(path, sizeof(path), "%s/db", directory);
	assert_int_equal(db_open(path, &db, sentence), 0);
	assert_int_equal(db_begin(db), 0);
	counters_inserted(db, SQL_REPORT_INSERT, NULL);
	/* Whoever lists or counts writes them first, and is refused alone: the batch goes on. */
	longest = sqlite3_limit(db->sqlite, SQLITE_LIMIT_SQL_LENGTH, 1);
	assert_true(counters_write(db) < 0);
	(void)sqlite3_limit(db->sqlite, SQLITE_LIMIT_SQL_LENGTH, longest);
	assert_int_equal(db_commit(db), 0);
	assert_int_equal(db_ask_int(db, "SELECT n FROM counters WHERE kind = 'reports'", &n), 0);
	assert_int_equal(n, 1);
	db_close(db, false);
	assert_int_equal(fd_remove_tree(directory), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_not_written_is_written_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
