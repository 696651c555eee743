#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client/spool.h"
#include "common/spool_format.h"

/* Whatever the key: a name in this directory, not hidden, short enough, and one the daemon takes. */
static void test_names(void **state) {
	static const char *const keys[] = {
		"1a2b-3c4d", "", ".", "..", "../../etc/passwd", "a b\nc", "\xff\xfe", "ä", "-rf",
		".hidden",
		"01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
		"2345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		char name[128], other[128];
		size_t len;

		spool_name(keys[i], 1, name, sizeof(name));
		spool_name(keys[i], UINT64_MAX, other, sizeof(other));
		len = strlen(name);
		assert_string_not_equal(name, other);
		assert_null(strchr(name, '/'));
		assert_int_equal(strspn(name, SPOOL_TEMPORARY), 0);
		assert_string_equal(name + len - strlen(SPOOL_SUFFIX), SPOOL_SUFFIX);
		assert_true(strlen(other) < sizeof(other) - 1);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
