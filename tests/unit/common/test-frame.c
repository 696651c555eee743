#include "common/frame.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define BOUND ((size_t)256 * 1024)
#define DEPTH 4

/* As a connection does: at most `step` bytes a read. Returns how many were taken. */
static size_t feed(struct frame_reader *reader, const char *data, size_t len, size_t step) {
	size_t done = 0;

	while (done < len) {
		size_t room;
		char *space = frame_reader_space(reader, step, &room);
		size_t n;

		if (space == NULL) {
			break;
		}
		n = MIN(MIN(room, step), len - done);
		memcpy(space, data + done, n);
		frame_reader_filled(reader, n);
		done += n;
	}
	return done;
}

static int feed_and_take(struct frame_reader *reader, const char *data, size_t len, json_t **ret) {
	assert_int_equal(feed(reader, data, len, 4096), len);
	return frame_reader_next(reader, ret);
}

struct message_case {
	const char *text;
	size_t len; /* without the literal's own NUL */
	int status;
};
#define MESSAGE(text, status)                                                                      \
	{ text, sizeof(text) - 1, status }

static const struct message_case message_cases[] = {
	MESSAGE("{}\0", 1),
	MESSAGE(" \r\n\t{} \0", 1),
	MESSAGE("{\"a\":[[{}]]}\0", 1),
	MESSAGE("{\"a\":[[[[]]]]}\0", -ELOOP),
	MESSAGE("{\"a\":\"[[[[[[[[\"}\0", 1),
	MESSAGE("{\"a\":\"\\\"[[[[[\\\\\"}\0", 1),
	MESSAGE("{\"a\":\"\\\\\",\"b\":[[[[]]]]}\0", -ELOOP),
	MESSAGE("{\"a\":[],\"b\":[],\"c\":[],\"d\":[],\"e\":[]}\0", 1),
	/* Not JSON, or not the JSON we take. */
	MESSAGE("{\"a\":1,\"a\":2}\0", -EPROTO),
	MESSAGE("{\"a\":\"\xFF\"}\0", -EPROTO),
	MESSAGE("{\"a\":\"\xED\xA0\x80\"}\0", -EPROTO),
	MESSAGE("{\"a\":\"\\u0000\"}\0", -EPROTO),
	MESSAGE("{\"\\u0000\":1}\0", -EPROTO),
	MESSAGE("{\"a\":\"x\0y\"}\0", -EPROTO),
	MESSAGE("{\"a\":99999999999999999999}\0", -EPROTO),
	MESSAGE("{\"a\":1e999}\0", -EPROTO),
	MESSAGE("{\"a\":1} x\0", -EPROTO),
	MESSAGE("{}{}\0", -EPROTO),
	MESSAGE("{\0", -EPROTO),
	MESSAGE("{\"a\0", -EPROTO),
	MESSAGE("{a:1}\0", -EPROTO),
	MESSAGE("{]\0", -EPROTO),
	/* Another protocol, seen before its NUL. */
	MESSAGE("GET / HTTP/1.1\r\n", -EBADMSG),
	MESSAGE("  \n[", -EBADMSG),
	MESSAGE("\0", -EBADMSG),
	MESSAGE(" \0", -EBADMSG),
	MESSAGE("\x16\x03\x01", -EBADMSG),
	/* Not yet. */
	MESSAGE("", 0),
	MESSAGE(" ", 0),
	MESSAGE("{", 0),
	MESSAGE("{}", 0),
};

static void messages(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(message_cases); i++) {
		const struct message_case *c = &message_cases[i];

		/* In one piece, and byte by byte. */
		for (size_t step = 1; step <= 4096; step += 4095) {
			_cleanup_(json_decrefp) json_t *object = NULL;
			_cleanup_(frame_reader_finish) struct frame_reader reader;

			frame_reader_init(&reader, BOUND, DEPTH);
			assert_int_equal(feed(&reader, c->text, c->len, step), c->len);
			assert_int_equal(frame_reader_next(&reader, &object), c->status);
			assert_int_equal(object != NULL, c->status == 1);
		}
	}
}

static void the_first_byte_is_judged_before_the_nul_comes(void **state) {
	_cleanup_(frame_reader_finish) struct frame_reader reader;
	json_t *object = NULL;

	frame_reader_init(&reader, BOUND, DEPTH);
	assert_int_equal(feed_and_take(&reader, " \n", 2, &object), 0);
	assert_int_equal(feed_and_take(&reader, "\t", 1, &object), 0);
	assert_int_equal(feed_and_take(&reader, "G", 1, &object), -EBADMSG);
}

static void several_messages_in_one_read(void **state) {
	static const char data[] = "{\"n\":0}\0 {\"n\":1}\0{\"n\":2}\0{\"n\":";
	_cleanup_(frame_reader_finish) struct frame_reader reader;
	json_t *none = NULL;

	frame_reader_init(&reader, BOUND, DEPTH);
	assert_false(frame_reader_is_midway(&reader));
	assert_int_equal(feed(&reader, data, sizeof(data) - 1, 4096), sizeof(data) - 1);
	for (int i = 0; i < 3; i++) {
		_cleanup_(json_decrefp) json_t *object = NULL;

		assert_int_equal(frame_reader_next(&reader, &object), 1);
		assert_int_equal(json_integer_value(json_object_get(object, "n")), i);
	}
	assert_int_equal(frame_reader_next(&reader, &none), 0);
	assert_true(frame_reader_is_midway(&reader));
	assert_int_equal(feed_and_take(&reader, "3}\0x", 4, &none), 1);
	assert_int_equal(json_integer_value(json_object_get(none, "n")), 3);
	json_decref(none);
	assert_int_equal(frame_reader_next(&reader, &none), -EBADMSG);
}

/* `{"a":"xxx…"}` and its NUL, `len` bytes in all. */
static char *message_of(size_t len) {
	char *data = malloc(len);

	assert_non_null(data);
	memset(data, 'x', len);
	memcpy(data, "{\"a\":\"", 6);
	memcpy(data + len - 3, "\"}", 3);
	return data;
}

static void a_message_may_be_as_long_as_the_bound(void **state) {
	_cleanup_(frame_reader_finish) struct frame_reader reader;
	_cleanup_(freep) char *data = message_of(BOUND);
	_cleanup_(json_decrefp) json_t *first = NULL;
	_cleanup_(json_decrefp) json_t *second = NULL;

	frame_reader_init(&reader, BOUND, DEPTH);
	assert_int_equal(feed_and_take(&reader, data, BOUND, &first), 1);
	assert_int_equal(json_string_length(json_object_get(first, "a")), BOUND - 9);
	assert_int_equal(feed_and_take(&reader, data, BOUND, &second), 1);
	assert_false(frame_reader_is_midway(&reader));
}

static void a_longer_message_is_refused(void **state) {
	_cleanup_(frame_reader_finish) struct frame_reader reader;
	_cleanup_(freep) char *data = message_of(BOUND + 1);
	json_t *object = NULL;

	frame_reader_init(&reader, BOUND, DEPTH);
	assert_int_equal(feed(&reader, data, BOUND - 1, 4096), BOUND - 1);
	assert_int_equal(frame_reader_next(&reader, &object), 0);
	assert_int_equal(feed(&reader, data + BOUND - 1, 2, 4096), 1);
	assert_int_equal(frame_reader_next(&reader, &object), -EMSGSIZE);
}

static void blanks_without_end_are_refused(void **state) {
	_cleanup_(frame_reader_finish) struct frame_reader reader;
	json_t *object = NULL;
	int status = 0;

	frame_reader_init(&reader, 1000, DEPTH);
	for (int i = 0; i < 1000 && status == 0; i++) {
		assert_int_equal(feed(&reader, " ", 1, 1), 1);
		status = frame_reader_next(&reader, &object);
	}
	assert_int_equal(status, -EMSGSIZE);
}

static void a_hundred_thousand_brackets_are_refused(void **state) {
	_cleanup_(frame_reader_finish) struct frame_reader reader;
	_cleanup_(freep) char *data = message_of(100000);
	json_t *object = NULL;

	memset(data, '[', 100000);
	memcpy(data, "{\"a\":", 5);
	data[99999] = '\0';
	frame_reader_init(&reader, BOUND, DEPTH);
	assert_int_equal(feed_and_take(&reader, data, 100000, &object), -ELOOP);
}

static void an_idle_reader_holds_little(void **state) {
	_cleanup_(frame_reader_finish) struct frame_reader reader;
	_cleanup_(freep) char *data = message_of(BOUND);
	_cleanup_(json_decrefp) json_t *object = NULL;

	frame_reader_init(&reader, BOUND, DEPTH);
	assert_int_equal(reader.buf.cap, 0);
	assert_int_equal(feed_and_take(&reader, data, BOUND, &object), 1);
	assert_true(reader.buf.cap <= 64 * 1024 + 1);
}

/* Random cuts of a stream of messages of many sizes, with a reader that is as small as the longest. */
static void cuts_do_not_matter(void **state) {
	_cleanup_(frame_reader_finish) struct frame_reader reader;
	_cleanup_(buffer_finish) struct buffer stream;
	uint32_t seed = 1;
	size_t pos = 0;
	int n_seen = 0;

	buffer_init(&stream, SIZE_MAX / 2);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(
			buffer_appendf(&stream, "{\"n\":%d,\"x\":\"%*s\"}", i, i * 37 % 5000, ""), 0);
		assert_int_equal(buffer_append(&stream, "", 1), 0);
	}
	frame_reader_init(&reader, 5100, DEPTH);
	while (pos < stream.len || frame_reader_is_midway(&reader)) {
		size_t room, n;
		char *space = frame_reader_space(&reader, 65536, &room);
		json_t *object;

		assert_non_null(space);
		seed = seed * 1664525 + 1013904223;
		n = MIN(MIN(room, 1 + (seed >> 16) % 9000), stream.len - pos);
		memcpy(space, stream.data + pos, n);
		frame_reader_filled(&reader, n);
		pos += n;
		/* Not always all of them. */
		for (int i = 0; i < 2 && frame_reader_next(&reader, &object) == 1; i++) {
			assert_int_equal(json_integer_value(json_object_get(object, "n")), n_seen);
			n_seen++;
			json_decref(object);
		}
	}
	assert_int_equal(n_seen, 300);
}

static void writing(void **state) {
	_cleanup_(buffer_finish) struct buffer out;
	_cleanup_(json_decrefp) json_t *object = json_pack("{s:i,s:[s]}", "a", 1, "b", "\xC3\xBC");

	buffer_init(&out, 32);
	assert_int_equal(frame_append(&out, object), 0);
	assert_int_equal(out.len, 19);
	assert_memory_equal(out.data, "{\"a\":1,\"b\":[\"\xC3\xBC\"]}", 19);
	/* What does not fit leaves what was there. */
	assert_int_equal(frame_append(&out, object), -EMSGSIZE);
	assert_int_equal(out.len, 19);
	buffer_consume(&out, 19);
	assert_int_equal(frame_append(&out, object), 0);
}

static void writing_into_nothing(void **state) {
	_cleanup_(buffer_finish) struct buffer out;
	_cleanup_(json_decrefp) json_t *object = json_object();

	buffer_init(&out, 2);
	assert_int_equal(frame_append(&out, object), -EMSGSIZE);
	assert_int_equal(out.len, 0);
	assert_string_equal(out.data, "");
}

static void what_is_written_is_read_back(void **state) {
	_cleanup_(buffer_finish) struct buffer out;
	_cleanup_(frame_reader_finish) struct frame_reader reader;
	_cleanup_(json_decrefp) json_t *object = json_pack("{s:s,s:n,s:b,s:{s:I}}", "text",
		"\"\\\n\x01\xE2\x82\xAC", "none", "yes", 1, "in", "n", (json_int_t)INT64_MIN);
	_cleanup_(json_decrefp) json_t *again = NULL;

	buffer_init(&out, BOUND);
	assert_int_equal(frame_append(&out, object), 0);
	frame_reader_init(&reader, BOUND, DEPTH);
	assert_int_equal(feed_and_take(&reader, out.data, out.len, &again), 1);
	assert_true(json_equal(object, again));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),
		cmocka_unit_test(the_first_byte_is_judged_before_the_nul_comes),
		cmocka_unit_test(several_messages_in_one_read),
		cmocka_unit_test(a_message_may_be_as_long_as_the_bound),
		cmocka_unit_test(a_longer_message_is_refused),
		cmocka_unit_test(blanks_without_end_are_refused),
		cmocka_unit_test(a_hundred_thousand_brackets_are_refused),
		cmocka_unit_test(an_idle_reader_holds_little),
		cmocka_unit_test(cuts_do_not_matter),
		cmocka_unit_test(writing),
		cmocka_unit_test(writing_into_nothing),
		cmocka_unit_test(what_is_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
