#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/model/build.h"

#define FULL_A "eff9f6100000000000000000000000000000000a"
#define FULL_B "0123456789abcdef0123456789abcdef01234567"

struct side {
	int64_t id;
	const char *commit;
	const char *number;
	const char *ancestors;
};

struct compare_case {
	const char *what;
	struct side a;
	struct side b;
	enum build_order expected;
};

static const struct compare_case compare_cases[] = {
	{ "the same commit, rerun later", { 2, "c1", "", NULL }, { 1, "c1", "", NULL }, BUILD_AFTER },
	{ "the same commit, earlier run", { 1, "c1", "", NULL }, { 2, "c1", "", NULL }, BUILD_BEFORE },
	{ "the same commit: numbers beat arrival", { 2, "c1", "5", NULL }, { 1, "c1", "9", NULL },
		BUILD_BEFORE },
	{ "the same commit and number: a rerun", { 2, "c1", "5", NULL }, { 1, "c1", "5", NULL },
		BUILD_AFTER },
	{ "the same commit, one number unknown", { 2, "c1", "5", NULL }, { 1, "c1", "", NULL },
		BUILD_AFTER },
	{ "abbreviated", { 2, "eff9f61", "", NULL }, { 1, FULL_A, "", NULL }, BUILD_AFTER },
	{ "abbreviated, the other way", { 1, FULL_A, "", NULL }, { 2, "eff9f61", "", NULL },
		BUILD_BEFORE },
	{ "abbreviated, other case", { 2, "EFF9F61", "", NULL }, { 1, FULL_A, "", NULL },
		BUILD_AFTER },
	{ "six digits are no abbreviation", { 2, "eff9f6", "", NULL }, { 1, FULL_A, "", NULL },
		BUILD_ORDER_UNKNOWN },
	{ "a prefix that is no hash is another name", { 2, "release", "", NULL },
		{ 1, "release-2", "", NULL }, BUILD_ORDER_UNKNOWN },
	{ "no commits are not the same commit", { 2, "", "", NULL }, { 1, "", "", NULL },
		BUILD_ORDER_UNKNOWN },
	{ "a holds b", { 1, "c2", "", "c1 c0" }, { 2, "c1", "", NULL }, BUILD_AFTER },
	{ "a holds b, last of them", { 1, "c2", "", "c1 c0" }, { 2, "c0", "", NULL }, BUILD_AFTER },
	{ "b holds a", { 2, "c1", "", NULL }, { 1, "c2", "", "c1 c0" }, BUILD_BEFORE },
	{ "ancestors beat numbers", { 1, "c2", "5", "c1" }, { 2, "c1", "9", NULL }, BUILD_AFTER },
	{ "abbreviated ancestor", { 1, "c2", "", "aaaaaaa eff9f61" }, { 2, FULL_A, "", NULL },
		BUILD_AFTER },
	{ "full ancestor, abbreviated commit", { 1, "c2", "", FULL_B " " FULL_A },
		{ 2, "eff9f61", "", NULL }, BUILD_AFTER },
	{ "a part of an ancestor's name is none", { 2, "c2", "", "c10" }, { 1, "c1", "", NULL },
		BUILD_ORDER_UNKNOWN },
	{ "both hold each other: nonsense", { 2, "c2", "9", "c1" }, { 1, "c1", "5", "c2" },
		BUILD_ORDER_UNKNOWN },
	{ "no commit is in no ancestors", { 2, "c2", "", "c1 " }, { 1, "", "", NULL },
		BUILD_ORDER_UNKNOWN },
	{ "higher number", { 1, "c2", "12", NULL }, { 2, "c1", "9", NULL }, BUILD_AFTER },
	{ "lower number", { 2, "c2", "9", NULL }, { 1, "c1", "12", NULL }, BUILD_BEFORE },
	{ "numbers without commits", { 1, "", "12", NULL }, { 2, "", "11", NULL }, BUILD_AFTER },
	{ "equal numbers", { 2, "c2", "12", NULL }, { 1, "c1", "12", NULL }, BUILD_ORDER_UNKNOWN },
	{ "equal but for zeros", { 2, "c2", "012", NULL }, { 1, "c1", "12", NULL },
		BUILD_ORDER_UNKNOWN },
	{ "leading zeros", { 1, "c2", "0013", NULL }, { 2, "c1", "12", NULL }, BUILD_AFTER },
	{ "longer than any integer", { 1, "c2", "100000000000000000000000000001", NULL },
		{ 2, "c1", "99999999999999999999999999999", NULL }, BUILD_AFTER },
	{ "not decimal", { 2, "c2", "12a", NULL }, { 1, "c1", "9", NULL }, BUILD_ORDER_UNKNOWN },
	{ "negative is not decimal", { 2, "c2", "12", NULL }, { 1, "c1", "-9", NULL },
		BUILD_ORDER_UNKNOWN },
	{ "one number unknown", { 2, "c2", "12", NULL }, { 1, "c1", "", NULL }, BUILD_ORDER_UNKNOWN },
	{ "force-pushed without numbers", { 2, "c2", "", "c0" }, { 1, "c1", "", "c0" },
		BUILD_ORDER_UNKNOWN },
};

static void fill(struct build *build, const struct side *side) {
	bool failed = false;

	*build = (struct build){ .id = side->id };
	(void)TEXT_SET(build->commit, side->commit);
	(void)TEXT_SET(build->build_number, side->number);
	build->ancestors = text_dup(side->ancestors, &failed);
	assert_false(failed);
}

static void compares_by_commit_ancestors_and_number(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(compare_cases); i++) {
		const struct compare_case *row = &compare_cases[i];
		struct build a, b;
		enum build_order order;

		fill(&a, &row->a);
		fill(&b, &row->b);
		order = build_compare(&a, &b);
		if (order != row->expected) {
			fail_msg("%s: %d instead of %d", row->what, (int)order, (int)row->expected);
		}
		build_finish(&a);
		build_finish(&b);
	}
}

/* A proof must not depend on which of the two is asked about. */
static void is_the_same_from_the_other_side(void **state) {
	static const enum build_order opposite[] = {
		[BUILD_BEFORE] = BUILD_AFTER,
		[BUILD_AFTER] = BUILD_BEFORE,
		[BUILD_ORDER_UNKNOWN] = BUILD_ORDER_UNKNOWN,
	};

	for (size_t i = 0; i < ARRAY_SIZE(compare_cases); i++) {
		const struct compare_case *row = &compare_cases[i];
		struct build a, b;

		fill(&a, &row->a);
		fill(&b, &row->b);
		if (build_compare(&b, &a) != opposite[row->expected]) {
			fail_msg("%s: the other side disagrees", row->what);
		}
		build_finish(&a);
		build_finish(&b);
	}
}

/* A build that waited in a spool came last and ran first: the order of one commit's builds is not known then. */
static void what_comes_late_proves_nothing(void **state) {
	static const struct row {
		int64_t a_ms; /* a came after b */
		int64_t b_ms;
		const char *a_number;
		const char *b_number;
		enum build_order expected;
	} table[] = {
		{ 9, 5, "", "", BUILD_AFTER },
		{ 5, 5, "", "", BUILD_AFTER },
		{ 5, 9, "", "", BUILD_ORDER_UNKNOWN },
		{ 5, 9, "4", "4", BUILD_ORDER_UNKNOWN },
		{ 5, 9, "3", "4", BUILD_BEFORE },
		{ 5, 9, "5", "4", BUILD_AFTER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct build a = { .id = 2, .at_ms = table[i].a_ms, .commit = "c1" };
		struct build b = { .id = 1, .at_ms = table[i].b_ms, .commit = "c1" };

		(void)TEXT_SET(a.build_number, table[i].a_number);
		(void)TEXT_SET(b.build_number, table[i].b_number);
		assert_int_equal(build_compare(&a, &b), table[i].expected);
	}
}

static void finish_is_harmless_twice(void **state) {
	struct build build = { .ancestors = strdup("c1"), .quality = json_object() };

	build_finish(&build);
	build_finish(&build);
	assert_null(build.ancestors);
	assert_null(build.quality);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_by_commit_ancestors_and_number),
		cmocka_unit_test(is_the_same_from_the_other_side),
		cmocka_unit_test(what_comes_late_proves_nothing),
		cmocka_unit_test(finish_is_harmless_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
