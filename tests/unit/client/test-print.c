#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <string.h>

#include "client/print.h"
#include "tests/unit/client/capture.h"

static int64_t fixed_now(void *user) {
	return INT64_C(1758245293693); /* 2025-09-19T01:28:13.693Z */
}

static void show(const struct print_style *style, const char *const (*rows)[3], size_t n_rows,
	char *text, size_t size) {
	_cleanup_(print_table_destroyp) struct print_table *table = print_table_create(rows[0], 3);
	struct capture capture;

	for (size_t i = 1; i < n_rows; i++) {
		print_table_add(table, rows[i]);
	}
	assert_int_equal(print_table_rows(table), n_rows - 1);
	print_set_style(style);
	capture_start(&capture, stdout);
	print_table_show(table);
	capture_stop(&capture, text, size);
	print_set_style(&(struct print_style){ 0 });
}

static void test_table_is_aligned(void **state) {
	static const char *const rows[][3] = {
		{ "ID", "BRANCH", "WHY" },
		{ "1", "maïn", "a\nb\tc" },
		{ "22", "x\033[31m\007", NULL },
	};
	char text[1024];

	show(&(struct print_style){ 0 }, rows, ARRAY_SIZE(rows), text, sizeof(text));
	assert_string_equal(text,
		"ID  BRANCH  WHY\n"
		"1   maïn    a b c\n"
		"22  x       \n");
}

static void test_table_is_cut(void **state) {
	static const char *const rows[][3] = {
		{ "ID", "BRANCH", "WHY" },
		{ "1", "main", "ääääääääääää" },
	};
	char text[1024];

	show(&(struct print_style){ .width = 22 }, rows, ARRAY_SIZE(rows), text, sizeof(text));
	assert_string_equal(text,
		"ID  BRANCH  WHY\n"
		"1   main    äääääääää…\n");
}

/* Some scripts take two cells a character, and some marks none. */
static void test_table_is_aligned_by_cells(void **state) {
	static const char *const rows[][3] = {
		{ "ID", "BRANCH", "WHY" },
		{ "1", "修正", "漢字漢字漢字漢字" },
		{ "2", "e\u0301",
			"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301!" },
		{ "3", "fix/1", "12345678901" },
	};
	char text[1024];

	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	show(&(struct print_style){ .width = 23 }, rows, ARRAY_SIZE(rows), text, sizeof(text));
	assert_string_equal(text,
		"ID  BRANCH  WHY\n"
		"1   修正    漢字漢字漢…\n"
		"2   e\u0301       e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301!\n"
		"3   fix/1   12345678901\n");
	(void)setlocale(LC_CTYPE, "C");
}

static void test_a_long_wide_name_is_cut_to_its_column(void **state) {
	static const char *const rows[][3] = { { "ID", "BRANCH", "WHY" },
		{ "1", "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字", "because" } };
	char text[1024];

	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	show(&(struct print_style){ .width = 80 }, rows, ARRAY_SIZE(rows), text, sizeof(text));
	assert_string_equal(
		strchr(text, '\n'), "\n1   漢字漢字漢字漢字漢字漢字漢字漢字漢字漢…   because\n");
	(void)setlocale(LC_CTYPE, "C");
}

/* Whole where nobody has to look at it: in a pipe. */
static void test_long_names_are_cut_on_a_terminal(void **state) {
	char branch[256], text[1024], whole[1024];
	const char *rows[][3] = { { "ID", "BRANCH", "WHY" }, { "1", branch, "because" } };

	memset(branch, 'b', sizeof(branch) - 1);
	branch[sizeof(branch) - 1] = '\0';
	show(&(struct print_style){ .width = 80 }, rows, ARRAY_SIZE(rows), text, sizeof(text));
	assert_string_equal(
		strchr(text, '\n'), "\n1   bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…  because\n");
	show(&(struct print_style){ 0 }, rows, ARRAY_SIZE(rows), text, sizeof(text));
	snprintf(whole, sizeof(whole), "\n1   %s  because\n", branch);
	assert_string_equal(strchr(text, '\n'), whole);
}

static void test_states_have_colors(void **state) {
	static const char *const rows[][3] = {
		{ "ID", "STATUS", "WHY" },
		{ "1", "failed", "failed twice" },
	};
	char text[1024];

	show(&(struct print_style){ .color = true }, rows, ARRAY_SIZE(rows), text, sizeof(text));
	assert_string_equal(text,
		"ID  STATUS  WHY\n"
		"1   \033[31mfailed\033[0m  failed twice\n");
}

static void test_pairs(void **state) {
	struct capture capture;
	char text[1024];

	capture_start(&capture, stdout);
	print_pair("Key", "one\ntwo\n");
	print_pair("Empty", "");
	print_pair("None", NULL);
	print_pair_number("Number", -3);
	print_block("a\nb\n", 2);
	capture_stop(&capture, text, sizeof(text));
	assert_string_equal(text,
		"Key:           one\n"
		"               two\n"
		"Number:        -3\n"
		"  a\n  b\n");
}

static void test_times(void **state) {
	char text[PRINT_TIME_MAX];

	clock_set_source(fixed_now, NULL);
	assert_string_equal(print_time("2025-09-19T02:28:13.694Z", text), "2025-09-19T02:28:13Z");
	print_set_style(&(struct print_style){ .relative = true });
	assert_non_null(strstr(print_time("2025-09-19T03:28:13.694Z", text), "Z (in 2 h)"));
	assert_string_equal(print_time("soon", text), "soon");
	assert_string_equal(print_time("", text), "");
	print_set_style(&(struct print_style){ 0 });
	clock_set_source(NULL, NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_is_aligned),
		cmocka_unit_test(test_table_is_cut),
		cmocka_unit_test(test_table_is_aligned_by_cells),
		cmocka_unit_test(test_a_long_wide_name_is_cut_to_its_column),
		cmocka_unit_test(test_long_names_are_cut_on_a_terminal),
		cmocka_unit_test(test_states_have_colors),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
