#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "client/options.h"

static const struct option_row rows[] = {
	{ "all", OPTION_FLAG, NULL, "everything" },
	{ "commit", OPTION_COMMIT, "COMMIT", "a commit" },
	{ "delay", OPTION_SPAN, "DURATION", "how long" },
	{ "exit", OPTION_EXIT, "N", "an exit code" },
	{ "limit", OPTION_NUMBER, "N", "how many" },
	{ "log", OPTION_TEXT, "FILE", "a file" },
	{ "pull", OPTION_PULL, "N", "a pull request" },
	{ "wait", OPTION_NUMBER, "SECONDS", "how long" },
	OPTIONS_END,
};

static void test_take(void **state) {
	static const struct row {
		const char *words[2];
		int result;
		int used; /* words */
		const char *option;
		const char *value;
	} table[] = {
		{ { "--all" }, 0, 1, "all", "" },
		{ { "--all=1" }, -EINVAL, 1, "all", NULL },
		{ { "--al" }, -ENOENT, 1, "all", NULL },
		{ { "--alll" }, -ENOENT, 1, "all", NULL },
		{ { "--log", "a" }, 0, 2, "log", "a" },
		{ { "--log=a=b", "c" }, 0, 1, "log", "a=b" },
		{ { "--log=" }, 0, 1, "log", "" },
		{ { "--log", "-" }, 0, 2, "log", "-" },
		{ { "--log", "--all" }, 0, 2, "log", "--all" },
		{ { "--log" }, -EINVAL, 1, "log", NULL },
		{ { "--limit", "5" }, 0, 2, "limit", "5" },
		{ { "--limit", "-5" }, -EINVAL, 2, "limit", NULL },
		{ { "--limit", "--all" }, -EINVAL, 1, "limit", NULL },
		{ { "--limit", "5x" }, -EINVAL, 2, "limit", NULL },
		{ { "--limit=" }, -EINVAL, 1, "limit", NULL },
		{ { "--limit", "99999999999999999999" }, -EINVAL, 2, "limit", NULL },
		{ { "--delay", "30m" }, 0, 2, "delay", "30m" },
		{ { "--delay", "30" }, -EINVAL, 2, "delay", NULL },
		{ { "--commit", "abcd" }, 0, 2, "commit", "abcd" },
		{ { "--commit", "zzz" }, -EINVAL, 2, "commit", NULL },
		{ { "--commit=" }, -EINVAL, 1, "commit", NULL },
		{ { "--exit", "255" }, 0, 2, "exit", "255" },
		{ { "--exit", "256" }, -EINVAL, 2, "exit", NULL },
		{ { "--pull", "1" }, 0, 2, "pull", "1" },
		{ { "--pull", "0" }, -EINVAL, 2, "pull", NULL },
		{ { "--pull", "2147483648" }, -EINVAL, 2, "pull", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct option_values values;
		char message[256] = "";
		int index = 0, argc = table[i].words[1] != NULL ? 2 : 1;

		option_values_init(&values, rows);
		assert_int_equal(option_take(&values, argc, (char **)table[i].words, &index,
					 message, sizeof(message)),
			table[i].result);
		assert_int_equal(index, table[i].used - 1);
		assert_int_equal(message[0] != '\0', table[i].result == -EINVAL);
		assert_int_equal(
			option_is_doubtful(&values, table[i].option), table[i].result == -EINVAL);
		if (table[i].value == NULL) {
			assert_null(option_text(&values, table[i].option));
		} else {
			assert_string_equal(option_text(&values, table[i].option), table[i].value);
		}
	}
}

static void test_values(void **state) {
	const char *words[] = { "--delay=90s", "--limit=7", "--all", "--all" };
	struct option_values values;
	char message[256];

	option_values_init(&values, rows);
	assert_int_equal(option_span_ms(&values, "delay", 5), 5);
	assert_int_equal(option_number(&values, "limit", -1), -1);
	assert_false(option_flag(&values, "all"));
	for (int i = 0; i < 4; i++) {
		assert_int_equal(
			option_take(&values, 4, (char **)words, &i, message, sizeof(message)), 0);
	}
	assert_int_equal(option_span_ms(&values, "delay", 5), 90000);
	assert_int_equal(option_number(&values, "limit", -1), 7);
	assert_true(option_flag(&values, "all"));
}

static void test_messages(void **state) {
	static const struct row {
		const char *words[2];
		const char *message;
	} table[] = {
		{ { "--wait", "0.5" },
			"option \"--wait\" needs a whole number of seconds, not \"0.5\"" },
		{ { "--limit", "1.5" }, "option \"--limit\" needs a whole number, not \"1.5\"" },
		{ { "--delay", "99999d" },
			"option \"--delay\" needs a shorter duration, at most 100y, not \"99999d\"" },
		{ { "--log=red", "--log=green" },
			"option \"--log\" is given twice, here with \"green\"" },
		{ { "--limit=7", "--limit=7" }, "option \"--limit\" is given twice, here with \"7\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct option_values values;
		char message[256] = "";
		int r = 0;

		option_values_init(&values, rows);
		for (int j = 0; j < 2 && r == 0; j++) {
			r = option_take(
				&values, 2, (char **)table[i].words, &j, message, sizeof(message));
		}
		assert_int_equal(r, -EINVAL);
		assert_string_equal(message, table[i].message);
	}
}

static void test_suggestion(void **state) {
	static const struct row {
		const char *word;
		const char *best;
	} table[] = {
		{ "staus", "status" },
		{ "Status", "status" },
		{ "task", "task" },
		{ "taks", "tasks" },
		{ "xyzzy", NULL },
		{ "a", NULL },
		{ "an-enormously-long-word-that-nobody-meant", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct suggestion suggestion;

		suggestion_init(&suggestion, table[i].word);
		suggestion_offer(&suggestion, "status");
		suggestion_offer(&suggestion, "tasks");
		suggestion_offer(&suggestion, "task");
		if (table[i].best == NULL) {
			assert_null(suggestion.best);
		} else {
			assert_string_equal(suggestion.best, table[i].best);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_suggestion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
