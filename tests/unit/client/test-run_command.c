#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client/run_child.h"
#include "client/run_command.h"

static void test_text(void **state) {
	static const struct row {
		const char *words[6];
		const char *expected;
	} table[] = {
		{ { "npm", "test" }, "npm test" },
		{ { "npm", "run", "test:unit", "--", "-u" }, "npm run test:unit -- -u" },
		{ { "make", "-j2", "CC=gcc-12", "V=1" }, "make -j2 CC=gcc-12 V=1" },
		{ { "sh", "-c", "make && ./x" }, "sh -c 'make && ./x'" },
		{ { "echo", "", "a b" }, "echo '' 'a b'" },
		{ { "echo", "it's", "*" }, "echo 'it'\\''s' '*'" },
		{ { "echo", "~", "$HOME", "a\nb" }, "echo '~' '$HOME' 'a\nb'" },
		{ { "true" }, "true" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[64];

		run_command_text((char *const *)table[i].words, text, sizeof(text));
		assert_string_equal(text, table[i].expected);
	}
}

/* Cut at every length, it ends in dots and never beyond its end. */
static void test_cut(void **state) {
	const char *const words[] = { "command", "with", "some words", NULL };
	char whole[64];
	size_t len;

	run_command_text((char *const *)words, whole, sizeof(whole));
	assert_string_equal(whole, "command with 'some words'");
	len = strlen(whole);
	for (size_t size = 1; size <= len + 1; size++) {
		char text[64];

		memset(text, '#', sizeof(text));
		run_command_text((char *const *)words, text, size);
		assert_true(strlen(text) < size);
		assert_int_equal(text[size], '#');
		if (size > len) {
			assert_string_equal(text, whole);
		} else if (size > 4) {
			assert_string_equal(text + strlen(text) - 3, "...");
			assert_memory_equal(text, whole, strlen(text) - 3);
		}
	}
}

static void test_exit_codes(void **state) {
	assert_int_equal(run_exit_code(0), 0);
	assert_int_equal(run_exit_code(7 << 8), 7);
	assert_int_equal(run_exit_code(255 << 8), 255);
	assert_int_equal(run_exit_code(SIGTERM), 143);
	assert_int_equal(run_exit_code(SIGABRT | 0x80), 134); /* with a core */
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_exit_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
