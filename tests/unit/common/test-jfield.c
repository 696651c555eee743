#include "common/jfield.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "common/id.h"

enum colour { RED, GREEN };
static const char *const colours[] = { "red", "green", NULL };

struct thing {
	char text[4];
	char *string;
	int64_t number;
	bool flag;
	int64_t at_ms;
	enum colour colour;
	int64_t task;
	json_t *any;
	json_t *object;
};

static const struct jfield thing_fields[] = {
	JFIELD("text", JFIELD_TEXT, struct thing, text, JFIELD_REQUIRED),
	JFIELD("string", JFIELD_STRING, struct thing, string, JFIELD_OPTIONAL),
	JFIELD("number", JFIELD_INT, struct thing, number, JFIELD_OPTIONAL),
	JFIELD("flag", JFIELD_BOOL, struct thing, flag, JFIELD_OPTIONAL),
	JFIELD("at", JFIELD_TIME, struct thing, at_ms, JFIELD_OPTIONAL),
	JFIELD_NAMED("colour", struct thing, colour, JFIELD_OPTIONAL, colours),
	JFIELD_IDENT("task", struct thing, task, JFIELD_OPTIONAL, ID_TASK),
	JFIELD("any", JFIELD_JSON, struct thing, any, JFIELD_OPTIONAL),
	JFIELD("object", JFIELD_OBJECT, struct thing, object, JFIELD_OPTIONAL),
};

static void thing_finish(struct thing *thing) {
	jfield_finish(thing_fields, ARRAY_SIZE(thing_fields), thing);
}

static json_t *parse(const char *text) {
	json_t *object = json_loads(text, JSON_ALLOW_NUL, NULL);

	assert_non_null(object);
	return object;
}

static int decode(const char *text, struct thing *thing, const char **ret_field) {
	_cleanup_(json_decrefp) json_t *object = parse(text);

	return jfield_decode(object, thing_fields, ARRAY_SIZE(thing_fields), thing, ret_field);
}

static void expect_encoding(
	const struct jfield *fields, size_t n_fields, const struct thing *thing, const char *text) {
	_cleanup_(json_decrefp) json_t *expected = parse(text);
	_cleanup_(json_decrefp) json_t *object = json_object();

	assert_int_equal(jfield_encode(object, fields, n_fields, thing), 0);
	assert_true(json_equal(object, expected));
}

static const char full[] = "{\"text\":\"abc\",\"string\":\"s\",\"number\":-3,\"flag\":true,"
			   "\"at\":\"1970-01-01T00:00:01.000Z\",\"colour\":\"green\","
			   "\"task\":\"delayed-5-2\",\"any\":[1],\"object\":{\"k\":null}}";

static void every_type_comes_back(void **state) {
	_cleanup_(thing_finish) struct thing thing = { 0 };
	const char *field = NULL;

	assert_int_equal(decode(full, &thing, &field), 0);
	assert_string_equal(thing.text, "abc");
	assert_string_equal(thing.string, "s");
	assert_int_equal(thing.number, -3);
	assert_true(thing.flag);
	assert_int_equal(thing.at_ms, 1000);
	assert_int_equal(thing.colour, GREEN);
	assert_int_equal(thing.task, id_first_in_ms(5) + 1);
	assert_int_equal(json_array_size(thing.any), 1);
	assert_true(json_is_object(thing.object));
	expect_encoding(thing_fields, ARRAY_SIZE(thing_fields), &thing, full);
}

static void what_is_absent_keeps_its_default(void **state) {
	static const char *const texts[] = { "{\"text\":\"a\",\"unknown\":{\"x\":[]}}",
		"{\"text\":\"a\",\"string\":null,\"number\":null,\"flag\":null,\"at\":null,"
		"\"colour\":null,\"task\":null,\"any\":null,\"object\":null}" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(thing_finish) struct thing thing = { .number = 7, .colour = GREEN };
		const char *field = NULL;

		assert_int_equal(decode(texts[i], &thing, &field), 0);
		assert_int_equal(thing.number, 7);
		assert_int_equal(thing.colour, GREEN);
		assert_null(thing.string);
		assert_null(thing.any);
		assert_null(thing.object);
	}
}

struct refused_case {
	const char *text;
	const char *field;
};

static void what_does_not_fit_is_refused_by_name(void **state) {
	static const struct refused_case cases[] = {
		{ "{}", "text" },
		{ "{\"text\":null}", "text" },
		{ "{\"text\":1}", "text" },
		{ "{\"text\":\"abcd\"}", "text" },
		{ "{\"text\":\"a\\u0000\"}", "text" },
		{ "{\"text\":\"a\",\"string\":1}", "string" },
		{ "{\"text\":\"a\",\"string\":{}}", "string" },
		{ "{\"text\":\"a\",\"string\":\"x\\u0000y\"}", "string" },
		{ "{\"text\":\"a\",\"number\":\"1\"}", "number" },
		{ "{\"text\":\"a\",\"number\":1.0}", "number" },
		{ "{\"text\":\"a\",\"number\":true}", "number" },
		{ "{\"text\":\"a\",\"flag\":1}", "flag" },
		{ "{\"text\":\"a\",\"flag\":\"true\"}", "flag" },
		{ "{\"text\":\"a\",\"at\":1000}", "at" },
		{ "{\"text\":\"a\",\"at\":\"\"}", "at" },
		{ "{\"text\":\"a\",\"colour\":\"blue\"}", "colour" },
		{ "{\"text\":\"a\",\"colour\":\"Red\"}", "colour" },
		{ "{\"text\":\"a\",\"colour\":0}", "colour" },
		{ "{\"text\":\"a\",\"task\":\"incident-5\"}", "task" },
		{ "{\"text\":\"a\",\"task\":5}", "task" },
		{ "{\"text\":\"a\",\"object\":[]}", "object" },
		{ "{\"text\":\"a\",\"object\":\"x\"}", "object" },
		/* Owned members in front of the one that is wrong are released by finish. */
		{ "{\"text\":\"a\",\"string\":\"s\",\"any\":{\"a\":[]},\"object\":1}", "object" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(thing_finish) struct thing thing = { 0 };
		const char *field = NULL;

		assert_int_equal(decode(cases[i].text, &thing, &field), -EINVAL);
		assert_string_equal(field, cases[i].field);
	}
}

static void what_is_absent_is_left_out(void **state) {
	const struct thing thing = { 0 };

	expect_encoding(thing_fields, ARRAY_SIZE(thing_fields), &thing,
		"{\"number\":0,\"flag\":false,\"colour\":\"red\"}");
}

static void what_is_absent_is_null_where_asked_for(void **state) {
	static const struct jfield fields[] = {
		JFIELD("text", JFIELD_TEXT, struct thing, text, JFIELD_NULLABLE),
		JFIELD("string", JFIELD_STRING, struct thing, string, JFIELD_NULLABLE),
		JFIELD("at", JFIELD_TIME, struct thing, at_ms, JFIELD_NULLABLE),
		JFIELD_IDENT("task", struct thing, task, JFIELD_NULLABLE, ID_TASK),
		JFIELD("any", JFIELD_JSON, struct thing, any, JFIELD_NULLABLE),
		JFIELD("object", JFIELD_OBJECT, struct thing, object, JFIELD_NULLABLE),
	};
	const struct thing thing = { 0 };

	expect_encoding(fields, ARRAY_SIZE(fields), &thing,
		"{\"text\":null,\"string\":null,\"at\":null,\"task\":null,\"any\":null,"
		"\"object\":null}");
}

static void an_empty_string_is_not_absent(void **state) {
	char empty[] = "";
	const struct thing thing = { .string = empty };

	expect_encoding(&thing_fields[1], 1, &thing, "{\"string\":\"\"}");
}

static void a_text_that_is_not_utf8_is_refused(void **state) {
	_cleanup_(json_decrefp) json_t *object = json_object();
	struct thing thing = { .text = "\xFF" };

	assert_int_equal(
		jfield_encode(object, thing_fields, ARRAY_SIZE(thing_fields), &thing), -EILSEQ);
}

static void finishing_twice_is_harmless(void **state) {
	struct thing thing = { 0 };
	const char *field;

	assert_int_equal(decode(full, &thing, &field), 0);
	thing_finish(&thing);
	assert_null(thing.string);
	assert_null(thing.any);
	assert_null(thing.object);
	thing_finish(&thing);
}

static void decoding_again_replaces_what_was_owned(void **state) {
	_cleanup_(thing_finish) struct thing thing = { 0 };
	const char *field;

	assert_int_equal(decode(full, &thing, &field), 0);
	assert_int_equal(decode("{\"text\":\"a\",\"string\":\"new\",\"any\":2}", &thing, &field), 0);
	assert_string_equal(thing.string, "new");
	assert_int_equal(json_integer_value(thing.any), 2);
	assert_true(json_is_object(thing.object));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_comes_back),
		cmocka_unit_test(what_is_absent_keeps_its_default),
		cmocka_unit_test(what_does_not_fit_is_refused_by_name),
		cmocka_unit_test(what_is_absent_is_left_out),
		cmocka_unit_test(what_is_absent_is_null_where_asked_for),
		cmocka_unit_test(an_empty_string_is_not_absent),
		cmocka_unit_test(a_text_that_is_not_utf8_is_refused),
		cmocka_unit_test(finishing_twice_is_harmless),
		cmocka_unit_test(decoding_again_replaces_what_was_owned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
