#include "common/id.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define MS INT64_C(1758245293693)

struct id_case {
	enum id_kind kind;
	int64_t ms, seq;
	const char *text;
};

static const struct id_case cases[] = {
	{ ID_TASK, MS, 0, "delayed-1758245293693" },
	{ ID_TASK, MS, 1, "delayed-1758245293693-2" },
	{ ID_TASK, MS, ID_SEQ_MAX, "delayed-1758245293693-65536" },
	{ ID_INCIDENT, MS, 2, "incident-1758245293693-3" },
	{ ID_REPORT, MS, 0, "error-1758245293693" },
	{ ID_BUILD, 1, 0, "build-1" },
	{ ID_TASK, INT64_MAX >> ID_SEQ_BITS, 0, "delayed-140737488355327" },
};

static void ids_come_back(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t expected = id_first_in_ms(cases[i].ms) + cases[i].seq;
		enum id_kind kind = ID_KIND_COUNT;
		int64_t id = 7;
		char out[ID_TEXT_MAX];

		assert_string_equal(id_format(cases[i].kind, expected, out), cases[i].text);
		assert_int_equal(id_parse(cases[i].kind, cases[i].text, &id), 0);
		assert_int_equal(id, expected);
		id = 7;
		assert_int_equal(id_parse_any(cases[i].text, &kind, &id), 0);
		assert_int_equal(kind, cases[i].kind);
		assert_int_equal(id, expected);
		assert_int_equal(id_ms(id), cases[i].ms);
	}
}

static void none_is_empty(void **state) {
	char out[ID_TEXT_MAX] = "x";

	assert_string_equal(id_format(ID_TASK, 0, out), "");
}

static void other_texts_are_refused(void **state) {
	static const char *const others[] = { "", "delayed", "delayed-", "delayed-0", "delayed--1",
		"delayed-x", "delayed-1x", "delayed-1-", "delayed-1-0", "delayed-1-1", "delayed-1-02",
		"delayed-01", "delayed-+1", "delayed- 1", "delayed-1 ", "delayed-1-2-3",
		"delayed-1-65537", "delayed-140737488355328", "delayed-99999999999999999999",
		"delayed-1111111111111111111111111111111111111111111111111111111111111",
		"DELAYED-1", "1758245293693", "followup-1" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		enum id_kind kind = ID_KIND_COUNT;
		int64_t id = 7;

		assert_int_equal(id_parse(ID_TASK, others[i], &id), -EINVAL);
		assert_int_equal(id_parse_any(others[i], &kind, &id), -EINVAL);
		assert_int_equal(id, 7);
		assert_int_equal(kind, ID_KIND_COUNT);
	}
}

static void another_kinds_id_is_refused(void **state) {
	int64_t id = 7;

	assert_int_equal(id_parse(ID_TASK, "incident-1", &id), -EINVAL);
	assert_int_equal(id_parse(ID_INCIDENT, "error-1", &id), -EINVAL);
	assert_int_equal(id, 7);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_come_back),
		cmocka_unit_test(none_is_empty),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(another_kinds_id_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
