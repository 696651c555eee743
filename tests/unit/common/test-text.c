#include "common/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define BAD "\xEF\xBF\xBD"

struct utf8_case {
	const char *bytes;
	bool valid;
	const char *clean;
};

static const struct utf8_case utf8_cases[] = {
	{ "", true, "" },
	{ "plain", true, "plain" },
	{ "gr\xC3\xBC\xC3\x9F", true, "gr\xC3\xBC\xC3\x9F" },
	{ "\xE2\x82\xAC\xF0\x9F\x9A\xA8", true, "\xE2\x82\xAC\xF0\x9F\x9A\xA8" },
	{ "\xF4\x8F\xBF\xBF", true, "\xF4\x8F\xBF\xBF" },
	{ "caf\xE9 x", false, "caf" BAD " x" },
	{ "\x80", false, BAD },
	{ "\xC0\xAF", false, BAD BAD },
	{ "\xC1\xBF", false, BAD BAD },
	{ "\xE0\x80\xAF", false, BAD BAD BAD },
	{ "\xED\xA0\x80", false, BAD BAD BAD },
	{ "\xF0\x80\x80\x80", false, BAD BAD BAD BAD },
	{ "\xF4\x90\x80\x80", false, BAD BAD BAD BAD },
	{ "\xF5\x80", false, BAD BAD },
	{ "\xFF\xFE", false, BAD BAD },
	{ "\xE2\x82", false, BAD },
	{ "\xE2\x82x", false, BAD "x" },
	{ "\xF0\x9F\x9A", false, BAD },
	{ "\xE2\xE2\x82\xAC", false, BAD "\xE2\x82\xAC" },
};

static void expect_clean(const char *data, size_t len, const char *expected) {
	_cleanup_(freep) char *clean = text_clean(data, len);

	assert_non_null(clean);
	assert_string_equal(clean, expected);
}

static void utf8(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(utf8_cases); i++) {
		const struct utf8_case *c = &utf8_cases[i];

		assert_int_equal(text_is_utf8(c->bytes, strlen(c->bytes)), c->valid);
		expect_clean(c->bytes, strlen(c->bytes), c->clean);
	}
}

struct clean_case {
	const char *in;
	const char *out;
};

static const struct clean_case clean_cases[] = {
	/* Line ends and progress bars. */
	{ "a\r\nb\n", "a\nb\n" },
	{ "a\r\r\nb", "a\nb" },
	{ "10%\r50%\r100%\ndone", "100%\ndone" },
	{ "one\ntwo\rTWO\n", "one\nTWO\n" },
	{ "cut at the end\r", "cut at the end" },
	{ "building\r\x1B[Kdone\n", "done\n" },
	{ "\ttab", "\ttab" },
	/* Controls. */
	{ "a\x07\x08\x0B\x0C\x7F"
	  "b",
		"ab" },
	{ "a\xC2\x85"
	  "b",
		"ab" },
	/* ANSI. */
	{ "\x1B[31mred\x1B[0m", "red" },
	{ "\x1B[38;5;196mred\x1B[m", "red" },
	{ "\x1B[?25lx\x1B[2K", "x" },
	{ "\x1B]0;title\x07x", "x" },
	{ "\x1B]8;;http://e.example/\x1B\\link\x1B]8;;\x1B\\", "link" },
	{ "\x1B]0;never closed\nnext", "\nnext" },
	{ "\x1BPdevice\x1B\\x", "x" },
	{ "\x1B_application\x1B\\x\x1B^private\x1B\\y", "xy" },
	{ "\x1B(Bx\x1B"
	  "7y\x1B"
	  "cz",
		"xyz" },
	{ "\x1BMx", "x" },
	{ "\xC2\x9B"
	  "31mx\xC2\x9D"
	  "0;t\xC2\x9Cy",
		"xy" },
	{ "x\x1B", "x" },
	{ "x\x1B[", "x" },
	{ "x\x1B[12;", "x" },
	{ "x\x1B[1\ny", "x\ny" },
	{ "x\x1B\ny", "x\ny" },
	{ "x\x1B[31\xC3\xBCy", "x\xC3\xBCy" },
	{ "\x1B\x1B[31mx", "x" },
	/* What hides or turns text round. */
	{ "a\xE2\x80\xAE"
	  "b\xE2\x81\xA6"
	  "c\xE2\x81\xA9",
		"abc" },
	{ "a\xE2\x80\x8B"
	  "b\xE2\x80\x8D"
	  "c\xEF\xBB\xBF"
	  "d\xC2\xAD"
	  "e",
		"abcde" },
	{ "a\xF3\xA0\x81\xA1"
	  "b",
		"ab" },
};

static void cleaning(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(clean_cases); i++) {
		expect_clean(clean_cases[i].in, strlen(clean_cases[i].in), clean_cases[i].out);
	}
	expect_clean("a\0b", 3, "a" BAD "b");
	expect_clean("a\r\0b", 4, BAD "b");
}

/* Whatever comes in, what goes out can be stored, and cleaning it again changes nothing. */
static void cleaning_any_bytes_ends_clean(void **state) {
	uint32_t seed = 1;

	for (int round = 0; round < 3000; round++) {
		static const char alphabet[] = "a\r\n\x1B[];m\\\x07\x00\xC2\x9B\xE2\x80\xAE\xF0\xFF";
		char data[40];
		_cleanup_(freep) char *once = NULL;
		_cleanup_(freep) char *twice = NULL;

		for (size_t i = 0; i < sizeof(data); i++) {
			seed = seed * 1664525 + 1013904223;
			data[i] = alphabet[(seed >> 16) % (sizeof(alphabet) - 1)];
		}
		once = text_clean(data, sizeof(data));
		assert_non_null(once);
		assert_true(text_is_utf8(once, strlen(once)));
		assert_null(strpbrk(once, "\r\x1B\x07"));
		twice = text_clean(once, strlen(once));
		assert_non_null(twice);
		assert_string_equal(once, twice);
	}
}

static void copying_cuts_between_characters(void **state) {
	char out[6];

	assert_true(text_copy(out, sizeof(out), NULL));
	assert_string_equal(out, "");
	assert_true(text_copy(out, sizeof(out), "12345"));
	assert_string_equal(out, "12345");
	assert_false(text_copy(out, sizeof(out), "123456"));
	assert_string_equal(out, "12345");
	assert_false(TEXT_SET(out, "123\xE2\x82\xAC"));
	assert_string_equal(out, "123");
	assert_true(TEXT_SET(out, "12\xE2\x82\xAC"));
	assert_string_equal(out, "12\xE2\x82\xAC");
	assert_false(text_copy(out, 1, "x"));
	assert_string_equal(out, "");
}

static void formatting_cuts_between_characters(void **state) {
	char out[6];

	assert_true(text_format(out, sizeof(out), "%d%s", 12, "\xE2\x82\xAC"));
	assert_string_equal(out, "12\xE2\x82\xAC");
	assert_false(text_format(out, sizeof(out), "%d%s", 123, "\xE2\x82\xAC"));
	assert_string_equal(out, "123");
	assert_false(text_format(out, sizeof(out), "%s", "12\xF0\x9F\x9A\xA8"));
	assert_string_equal(out, "12");
}

static void cutting(void **state) {
	static const char text[] = "a\xE2\x82\xAC\xF0\x9F\x9A\xA8";
	static const size_t expected[] = { 0, 1, 1, 1, 4, 4, 4, 4, 8 };

	for (size_t len = 0; len < ARRAY_SIZE(expected); len++) {
		assert_int_equal(text_cut(text, len), expected[len]);
	}
	assert_int_equal(text_cut("\x80\x80\x80\x80\x80", 4), 4);
}

static void names(void **state) {
	static const char *const good[] = { "a", "acme/web", "feature/gr\xC3\xBCn",
		"build (ubuntu, 20)", "1234567",
		/* Persian, Hindi, Sinhala, Mongolian; a heart, a family, a flag, a keycap. */
		"\u0645\u06cc\u200c\u062e", "\u0915\u094d\u200d\u0937",
		"\u0dc1\u0dca\u200d\u0dbb\u0dd3", "\u182d\u180b", "\u2764\ufe0f-fix",
		"\U0001f468\u200d\U0001f469", "\U0001f3f3\ufe0f\u200d\U0001f308", "1\ufe0f\u20e3" };
	static const char *const bad[] = { "", " a", "a ", "a\nb", "a\tb", "a\x7F", "a\xC2\x85",
		"a\xE2\x80\xAE"
		"b",
		"a\xE2\x80\x8B", "\xFF", "a\xE2\x82",
		/* In a word of ASCII they only hide; what turns the direction, tags, and what has no width. */
		"ma\u200cin", "ma\u200d\u00fcn", "a\ufe0f", "1\ufe0f", "\u200d", "\u0645\u200b",
		"\u0645\u202e", "\u0645\u2066", "\u0645\u200f", "\U0001f3f4\U000e0067" };
	char long_name[32];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(text_is_name(good[i], 32));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(text_is_name(bad[i], 32));
	}
	memset(long_name, 'x', sizeof(long_name));
	long_name[31] = '\0';
	assert_true(text_is_name(long_name, 32));
	assert_false(text_is_name(long_name, 31));
}

static void equality_and_copies_with_null(void **state) {
	_cleanup_(freep) char *copy = NULL;
	bool failed = false;

	assert_true(text_equal(NULL, NULL));
	assert_false(text_equal(NULL, ""));
	assert_false(text_equal("", NULL));
	assert_true(text_equal("a", "a"));
	assert_false(text_equal("a", "b"));
	assert_null(text_dup(NULL, &failed));
	copy = text_dup("a", &failed);
	assert_string_equal(copy, "a");
	assert_false(failed);
}

struct int_case {
	const char *text;
	int status;
	int64_t value;
};

static void integers(void **state) {
	static const struct int_case cases[] = {
		{ "0", 0, 0 },
		{ "-0", 0, 0 },
		{ "007", 0, 7 },
		{ "-42", 0, -42 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "-9223372036854775809", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "0x1", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t value = 99;

		assert_int_equal(text_to_int(cases[i].text, &value), cases[i].status);
		assert_int_equal(value, cases[i].status == 0 ? cases[i].value : 99);
	}
}

static void knows_who_can_be_mentioned(void **state) {
	static const char *const good[] = { "octocat", "acme/on-call", "a", "codegen-agent",
		"acme/a_b", "mona_acme", "012345678901234567890123456789012345678" };
	static const char *const bad[] = { "", "@octocat", "octo cat", "a/b/c", "/team", "acme/",
		"-a", "acme/-a", "octo\ncat", "é", "0123456789012345678901234567890123456789",
		"a)b" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(text_is_handle(good[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(text_is_handle(bad[i]));
	}
}

static void knows_this_machine(void **state) {
	static const char *const good[] = { "localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9",
		"[::1]" };
	static const char *const bad[] = { "", "::1", "[::2]", "128.0.0.1", "127.0.0.1.example",
		"localhost.example", "0.0.0.0" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(text_is_loopback(good[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(text_is_loopback(bad[i]));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8),
		cmocka_unit_test(cleaning),
		cmocka_unit_test(cleaning_any_bytes_ends_clean),
		cmocka_unit_test(copying_cuts_between_characters),
		cmocka_unit_test(formatting_cuts_between_characters),
		cmocka_unit_test(cutting),
		cmocka_unit_test(names),
		cmocka_unit_test(equality_and_copies_with_null),
		cmocka_unit_test(integers),
		cmocka_unit_test(knows_who_can_be_mentioned),
		cmocka_unit_test(knows_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
