#include "common/json_memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/frame.h"
#include "common/text.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static int fails_in; /* allocations until one fails; 0: none does */

void *__wrap_malloc(size_t size) {
	return fails_in > 0 && --fails_in == 0 ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size) {
	return fails_in > 0 && --fails_in == 0 ? NULL : __real_realloc(memory, size);
}

/* Strings that end where a buffer of 16, 32, 64 bytes is full, and one that is longer. */
static const char *const messages[] = {
	"{\"a\":\"12345678901234\"}",
	"{\"a\":\"123456789012345\"}",
	"{\"a\":\"1234567890123456\"}",
	"{\"a\":\"123456789012345678901234567890\",\"b\":[1,2.5,true,{}]}",
	"{\"a\":\"12345678901234567890123456789012345678901234567890123456789012\"}",
	"{\"parameters\":{\"ticket\":{\"reportId\":\"error-1795918957374\"}}}",
};

static int parse(const char *message, int n, json_t **ret_object) {
	struct frame_reader reader;
	size_t len = strlen(message) + 1, room;
	int r;

	frame_reader_init(&reader, 4096, 8);
	memcpy(frame_reader_space(&reader, len, &room), message, len);
	frame_reader_filled(&reader, len);
	fails_in = n;
	r = frame_reader_next(&reader, ret_object);
	fails_in = n > 0 && fails_in == 0 ? -1 : 0; /* -1: it was reached */
	frame_reader_finish(&reader);
	return r;
}

/* Whichever allocation fails: the whole of it, or an error. */
static void no_parse_is_nearly_right(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		json_t *whole = NULL, *object = NULL;
		int n = 0;

		assert_int_equal(parse(messages[i], 0, &whole), 1);
		do {
			int r = parse(messages[i], ++n, &object);

			if (fails_in < 0) {
				assert_int_equal(r, -ENOMEM);
			} else {
				assert_int_equal(r, 1);
				assert_true(json_equal(object, whole));
				json_decref(object);
			}
		} while (fails_in < 0);
		assert_true(n > 5);
		json_decref(whole);
	}
}

/* Names, too, begin where a buffer is full. */
static json_t *make_object(size_t name_len) {
	json_t *object = json_object();
	char name[128];

	for (int i = 0; i < 8; i++) {
		(void)text_format(name, sizeof(name), "%0*d", (int)name_len, i);
		assert_int_equal(json_object_set_new(object, name, json_integer(i)), 0);
	}
	return object;
}

static void no_text_is_nearly_right(void **state) {
	for (size_t len = 1; len < 64; len++) {
		json_t *object = make_object(len);
		char *whole = json_memory_dump(object, JSON_COMPACT), *text;
		int n = 0;

		assert_non_null(whole);
		do {
			fails_in = ++n;
			text = json_memory_dump(object, JSON_COMPACT);
			assert_true(fails_in > 0 ? text_equal(text, whole) : text == NULL);
			free(text);
		} while (fails_in == 0);
		assert_true(n > 2);
		fails_in = 0;
		free(whole);
		json_decref(object);
	}
}

static void no_frame_is_nearly_right(void **state) {
	for (size_t len = 1; len < 64; len++) {
		json_t *object = make_object(len);
		char *whole = json_memory_dump(object, JSON_COMPACT);
		int n = 0, r;

		do {
			struct buffer out = { .max_bytes = 4096 };

			fails_in = ++n;
			r = frame_append(&out, object);
			assert_true(fails_in > 0 ? r == 0 : r < 0);
			assert_true(r < 0 ? out.len == 0 : text_equal(out.data, whole));
			r = fails_in;
			fails_in = 0;
			buffer_finish(&out);
		} while (r == 0);
		assert_true(n > 1);
		free(whole);
		json_decref(object);
	}
}

static void what_is_freed_may_be_wiped(void **state) {
	json_t *object = NULL;

	json_memory_wipe();
	assert_int_equal(parse(messages[0], 0, &object), 1);
	json_decref(object);
	json_memory_init();
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_parse_is_nearly_right),
		cmocka_unit_test(no_text_is_nearly_right),
		cmocka_unit_test(no_frame_is_nearly_right),
		cmocka_unit_test(what_is_freed_may_be_wiped),
	};

	json_memory_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
