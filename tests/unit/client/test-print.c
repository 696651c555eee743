#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <string.h>

#include "client/print.h"
#include "client/print_fit.h"
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

static void test_columns_fit(void **state) {
	static const struct {
		size_t width;
		bool fits;
		size_t widths[4];
	} rows[] = {
		{ 100, true, { 20, 6, 5, 30 } },
		{ 67, true, { 20, 6, 5, 30 } },
		{ 50, true, { 16, 6, 5, 17 } }, /* the widest are cut */
		{ 33, true, { 8, 6, 5, 8 } },	/* as far as a name can be read */
		{ 32, true, { 11, 0, 5, 12 } }, /* the highest rank goes */
		{ 25, true, { 8, 0, 5, 8 } },
		{ 24, true, { 11, 0, 0, 11 } },
		{ 18, true, { 8, 0, 0, 8 } },
		{ 17, false, { 0 } },
	};
	static const uint8_t ranks[] = { 0, 2, 1, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t widths[] = { 20, 6, 5, 30 };

		assert_int_equal(fit_columns(ranks, 4, rows[i].width, widths), rows[i].fits);
		for (size_t k = 0; rows[i].fits && k < 4; k++) {
			assert_int_equal(widths[k], rows[i].widths[k]);
		}
	}
}

static void test_lines_fit(void **state) {
	static const struct {
		const char *text;
		size_t room;
		const char *folded;
	} rows[] = {
		{ "", 5, "" },
		{ "12345", 5, "12345" },
		{ "12345 6", 5, "12345\n6" },
		{ "123456 7", 5, "12345\n6 7" },
		{ "one 1, two 2", 10, "one 1,\ntwo 2" },
		{ "a b c d", 3, "a b\nc d" },
		{ "a\n\nb", 5, "a\n\nb" },
		{ "12345 \n6", 5, "12345\n6" },
		{ "äöüßé", 3, "äöü\nßé" },
		{ "漢字漢字", 5, "漢字\n漢字" },
		{ "漢字", 1, "漢\n字" },
	};

	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(freep) char *folded = fit_lines(rows[i].text, rows[i].room);

		assert_string_equal(folded, rows[i].folded);
	}
	(void)setlocale(LC_CTYPE, "C");
}

/* Columns by their ranks; where not even those that have to stay fit, a line for each cell. */
static void test_a_narrow_table_keeps_its_meaning(void **state) {
	static const char *const titles[] = { "PROJECT", "RUNS", "BRANCH" };
	static const char *const cells[] = { "acme/website", "17", "main" };
	static const uint8_t ranks[] = { 0, 1, 0 };
	static const struct {
		size_t width;
		const char *shown;
	} rows[] = {
		{ 80, "PROJECT       RUNS  BRANCH\nacme/website  17    main\n" },
		{ 24, "PROJECT     RUNS  BRANCH\nacme/webs…  17    main\n" },
		{ 19, "PROJECT      BRANCH\nacme/websi…  main\n" },
		{ 12, "PROJECT:\n  acme/websi\n  te\n  RUNS: 17\n  BRANCH:\n  main\n" },
	};
	char text[1024];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_(print_table_destroyp) struct print_table *table =
			print_table_create(titles, ARRAY_SIZE(titles));
		struct capture capture;

		print_table_rank(table, ranks);
		print_table_add(table, cells);
		print_set_style(&(struct print_style){ .width = rows[i].width });
		capture_start(&capture, stdout);
		print_table_show(table);
		capture_stop(&capture, text, sizeof(text));
		print_set_style(&(struct print_style){ 0 });
		assert_string_equal(text, rows[i].shown);
	}
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
		cmocka_unit_test(test_columns_fit),
		cmocka_unit_test(test_lines_fit),
		cmocka_unit_test(test_a_narrow_table_keeps_its_meaning),
		cmocka_unit_test(test_states_have_colors),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
