#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "client/spark.h"

static void test_bars(void **state) {
	static const struct {
		double share;
		const char *bar;
	} table[] = { { 0, "" }, { -1, "" }, { 0.00625, "▏" }, { 0.05, "█" }, { 0.125, "██▌" },
		{ 1, "████████████████████" }, { 7, "████████████████████" } };
	char out[SPARK_BAR_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_string_equal(spark_bar(SPARK_BLOCKS, table[i].share, out), table[i].bar);
	}
}

static void test_lines(void **state) {
	static const double values[] = { 1, 8, 4, 99, 2 };
	static const bool known[] = { true, true, true, false, true };
	static const bool unknown[] = { false, false };
	static const double same[] = { 3, 3 }, zeros[] = { 0, 0 };
	double many[SPARK_LINE_CELLS + 5];
	bool all[SPARK_LINE_CELLS + 5];
	char out[SPARK_LINE_MAX];

	assert_string_equal(spark_line(SPARK_BLOCKS, values, known, 5, out), "▁█▄ ▂");
	assert_string_equal(spark_line(SPARK_BLOCKS, same, known, 2, out), "▅▅");
	assert_string_equal(spark_line(SPARK_BLOCKS, zeros, known, 2, out), "▁▁");
	assert_string_equal(spark_line(SPARK_BLOCKS, same, unknown, 2, out), "  ");
	assert_string_equal(spark_line(SPARK_BLOCKS, same, known, 0, out), "");
	for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
		many[i] = (double)i;
		all[i] = true;
	}
	assert_int_equal(strlen(spark_line(SPARK_BLOCKS, many, all, ARRAY_SIZE(many), out)),
		3 * SPARK_LINE_CELLS);
}

static void test_without_blocks(void **state) {
	static const double values[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const bool known[] = { true, true, true, false, true, true, true, true };
	char bar[SPARK_BAR_MAX], line[SPARK_LINE_MAX];

	assert_string_equal(spark_bar(SPARK_ASCII, 0.125, bar), "##:");
	assert_string_equal(spark_bar(SPARK_ASCII, 0, bar), "");
	assert_string_equal(spark_bar(SPARK_ASCII, 1, bar), "####################");
	assert_string_equal(spark_line(SPARK_ASCII, values, known, 8, line), "_.: =+*#");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_without_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
