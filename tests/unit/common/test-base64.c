#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base64.h"

/* RFC 4648, section 10, and bytes that no text has. */
static void test_both_ways(void **state) {
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} table[] = {
		{ "", 0, "" },
		{ "f", 1, "Zg==" },
		{ "fo", 2, "Zm8=" },
		{ "foo", 3, "Zm9v" },
		{ "foob", 4, "Zm9vYg==" },
		{ "fooba", 5, "Zm9vYmE=" },
		{ "foobar", 6, "Zm9vYmFy" },
		{ "\0\0\0", 3, "AAAA" },
		{ "\xff\xfe\xfd\xfb\xef", 5, "//79++8=" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char *text = base64_encode(table[i].bytes, table[i].len);
		size_t len = 99;

		assert_non_null(text);
		assert_string_equal(text, table[i].text);
		assert_int_equal(strlen(text), BASE64_LENGTH(table[i].len));
		assert_int_equal(base64_decode(text, strlen(text), text, &len), 0);
		assert_int_equal(len, table[i].len);
		assert_memory_equal(text, table[i].bytes, len);
		free(text);
	}
}

static void test_refused(void **state) {
	static const char *const table[] = { "A", "AB", "ABC", "AB=C", "====", "A===", "Zm9v\n",
		"Zm9 ", "Zh==", "Zm9=", "-_-_", "Zg==Zg==", "Zg=" };

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char out[16];
		size_t len = 99;

		assert_int_equal(base64_decode(table[i], strlen(table[i]), out, &len), -EINVAL);
		assert_int_equal(len, 99);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
