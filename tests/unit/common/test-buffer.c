#include "common/buffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void an_empty_buffer_can_be_printed(void **state) {
	struct buffer buf;

	buffer_init(&buf, 10);
	assert_string_equal(buf.data, "");
	assert_int_equal(buf.cap, 0);
	buffer_consume(&buf, 0);
	buffer_keep_tail(&buf, 5);
	assert_int_equal(buffer_append(&buf, "", 0), 0);
	assert_string_equal(buf.data, "");
	buffer_finish(&buf);
}

static void appending(void **state) {
	_cleanup_(buffer_finish) struct buffer buf;

	buffer_init(&buf, 100);
	assert_int_equal(buffer_append(&buf, "a\0b", 3), 0);
	assert_int_equal(buffer_append_str(&buf, "cd"), 0);
	assert_int_equal(buffer_appendf(&buf, "%d-%s", 42, "x"), 0);
	assert_int_equal(buffer_appendf(&buf, "%s", ""), 0);
	assert_int_equal(buf.len, 9);
	assert_memory_equal(buf.data, "a\0bcd42-x", 10);
}

static void nothing_is_appended_beyond_the_bound(void **state) {
	_cleanup_(buffer_finish) struct buffer buf;

	buffer_init(&buf, 5);
	assert_int_equal(buffer_append_str(&buf, "abc"), 0);
	assert_int_equal(buffer_append_str(&buf, "def"), -EMSGSIZE);
	assert_int_equal(buffer_appendf(&buf, "%s", "def"), -EMSGSIZE);
	assert_null(buffer_reserve(&buf, 3));
	assert_string_equal(buf.data, "abc");
	assert_int_equal(buffer_append_str(&buf, "de"), 0);
	assert_string_equal(buf.data, "abcde");
	assert_int_equal(buffer_append(&buf, "", 1), -EMSGSIZE);
}

static void an_absurd_length_is_refused(void **state) {
	_cleanup_(buffer_finish) struct buffer buf;

	buffer_init(&buf, SIZE_MAX);
	assert_int_equal(buffer_append_str(&buf, "abc"), 0);
	assert_null(buffer_reserve(&buf, SIZE_MAX - 3));
	assert_null(buffer_reserve(&buf, SIZE_MAX));
	assert_string_equal(buf.data, "abc");
}

static void reserve_and_commit(void **state) {
	_cleanup_(buffer_finish) struct buffer buf;
	char *space;

	buffer_init(&buf, 1000);
	assert_int_equal(buffer_append_str(&buf, "ab"), 0);
	space = buffer_reserve(&buf, 500);
	assert_non_null(space);
	memset(space, 'x', 500);
	buffer_commit(&buf, 3);
	assert_string_equal(buf.data, "abxxx");
	buffer_commit(&buf, 0);
	assert_int_equal(buf.len, 5);
}

static void taking_from_both_ends(void **state) {
	_cleanup_(buffer_finish) struct buffer buf;

	buffer_init(&buf, 100);
	assert_int_equal(buffer_append_str(&buf, "abcdef"), 0);
	buffer_consume(&buf, 2);
	assert_string_equal(buf.data, "cdef");
	buffer_keep_tail(&buf, 9);
	assert_string_equal(buf.data, "cdef");
	buffer_keep_tail(&buf, 3);
	assert_string_equal(buf.data, "def");
	buffer_truncate(&buf, 1);
	assert_string_equal(buf.data, "d");
	buffer_consume(&buf, 1);
	assert_string_equal(buf.data, "");
	buffer_truncate(&buf, 0);
	assert_int_equal(buf.len, 0);
}

static void stealing_leaves_an_empty_buffer(void **state) {
	_cleanup_(buffer_finish) struct buffer buf;
	_cleanup_(freep) char *first = NULL;
	_cleanup_(freep) char *second = NULL;

	buffer_init(&buf, 3);
	assert_int_equal(buffer_append_str(&buf, "abc"), 0);
	first = buffer_steal(&buf);
	assert_string_equal(first, "abc");
	assert_int_equal(buf.len, 0);
	second = buffer_steal(&buf);
	assert_string_equal(second, "");
	assert_int_equal(buffer_append_str(&buf, "xyz"), 0);
	assert_string_equal(buf.data, "xyz");
}

static void growing_byte_by_byte_keeps_everything(void **state) {
	_cleanup_(buffer_finish) struct buffer buf;

	buffer_init(&buf, 100000);
	for (int i = 0; i < 100000; i++) {
		char c = (char)('a' + i % 26);

		assert_int_equal(buffer_append(&buf, &c, 1), 0);
	}
	for (int i = 0; i < 100000; i++) {
		assert_int_equal(buf.data[i], 'a' + i % 26);
	}
	assert_int_equal(buffer_append_str(&buf, "x"), -EMSGSIZE);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_can_be_printed),
		cmocka_unit_test(appending),
		cmocka_unit_test(nothing_is_appended_beyond_the_bound),
		cmocka_unit_test(an_absurd_length_is_refused),
		cmocka_unit_test(reserve_and_commit),
		cmocka_unit_test(taking_from_both_ends),
		cmocka_unit_test(stealing_leaves_an_empty_buffer),
		cmocka_unit_test(growing_byte_by_byte_keeps_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
