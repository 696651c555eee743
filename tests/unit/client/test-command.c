#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "client/cmd.h"
#include "client/command.h"
#include "common/text.h"
#include "tests/unit/client/capture.h"

extern const char completion_bash[], completion_fish[], completion_zsh[];

static bool is_word(char c) {
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* Whether `text` holds `word` between other characters than those of words. */
static bool has_word(const char *text, const char *word) {
	const char *at = text;
	size_t len = strlen(word);

	while ((at = strstr(at, word)) != NULL) {
		if ((at == text || !is_word(at[-1])) && !is_word(at[len])) {
			return true;
		}
		at += len;
	}
	return false;
}

static void assert_sorted(const struct option_row *rows) {
	for (size_t i = 0; rows[i].name != NULL; i++) {
		assert_true(i < CLIENT_OPTIONS_MAX);
		assert_true(i == 0 || strcmp(rows[i - 1].name, rows[i].name) < 0);
		assert_true((rows[i].type == OPTION_FLAG) == (rows[i].argument == NULL));
	}
}

static void test_table(void **state) {
	assert_sorted(global_options);
	for (size_t i = 0; i < n_commands; i++) {
		assert_true(i == 0 || strcmp(commands[i - 1].name, commands[i].name) < 0);
		assert_ptr_equal(command_find(commands[i].name), &commands[i]);
		assert_true(commands[i].max_args <= CLIENT_ARGUMENTS_MAX);
		assert_true(commands[i].min_args <= commands[i].max_args);
		assert_int_equal(commands[i].arguments[0] != '\0',
			commands[i].max_args > 0 || commands[i].runs);
		if (commands[i].options != NULL) {
			assert_sorted(commands[i].options);
		}
	}
	assert_null(command_find("ru"));
}

/* The words of "task", "incident" and "report" are verbs that exist, and the synopsis names them. */
static void test_verbs(void **state) {
	static const char *const names[] = { "incident", "report", "task" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct command *command = command_find(names[i]);

		for (const char *const *word = command->words; *word != NULL; word++) {
			assert_true(verb_exists(names[i], *word));
			assert_true(has_word(command->arguments, *word));
		}
	}
	assert_false(verb_exists("report", "run"));
}

/* The three spell an option's name each in its own way. */
static void assert_completes(const struct option_row *rows) {
	for (; rows != NULL && rows->name != NULL; rows++) {
		char dashed[64], fish[64];

		(void)text_format(dashed, sizeof(dashed), "--%s", rows->name);
		(void)text_format(fish, sizeof(fish), " -l %s ", rows->name);
		assert_true(has_word(completion_bash, dashed));
		assert_true(has_word(completion_zsh, dashed));
		assert_non_null(strstr(completion_fish, fish));
	}
}

static void test_completions_know_everything(void **state) {
	assert_completes(global_options);
	for (size_t i = 0; i < n_commands; i++) {
		char fish[64], zsh[64];

		(void)text_format(fish, sizeof(fish), " -a %s ", commands[i].name);
		(void)text_format(zsh, sizeof(zsh), "'%s:", commands[i].name);
		assert_true(has_word(completion_bash, commands[i].name));
		assert_non_null(strstr(completion_fish, fish));
		assert_non_null(strstr(completion_zsh, zsh));
		assert_completes(commands[i].options);
		for (const char *const *word = commands[i].words; word != NULL && *word != NULL;
			word++) {
			assert_true(has_word(completion_bash, *word));
			assert_true(has_word(completion_zsh, *word));
			assert_true(has_word(completion_fish, *word));
		}
	}
}

static bool option_exists(const char *name, size_t len) {
	const struct option_row *tables[64] = { global_options };
	size_t n_tables = 1;

	for (size_t i = 0; i < n_commands; i++) {
		if (commands[i].options != NULL) {
			tables[n_tables++] = commands[i].options;
		}
	}
	for (size_t i = 0; i < n_tables; i++) {
		for (const struct option_row *row = tables[i]; row->name != NULL; row++) {
			if (strlen(row->name) == len && memcmp(row->name, name, len) == 0) {
				return true;
			}
		}
	}
	return false;
}

/* Every word behind `lead` in `text` is an option. */
static void assert_known(const char *text, const char *lead) {
	size_t n_found = 0;

	for (const char *at = text; (at = strstr(at, lead)) != NULL;) {
		size_t len = 0;

		at += strlen(lead);
		while (is_word(at[len])) {
			len++;
		}
		if (len > 0) {
			assert_true(option_exists(at, len));
			n_found++;
		}
	}
	assert_true(n_found > 0);
}

static void test_completions_invent_nothing(void **state) {
	assert_known(completion_bash, " --");
	assert_known(completion_zsh, "'--");
	assert_known(completion_fish, " -l ");
}

struct parse_row {
	const char *words[8];
	int result;	      /* -1: a command to run */
	const char *expected; /* the command; in what was printed when there is none */
};

static const struct parse_row parse_rows[] = {
	{ { "status" }, -1, "status" },
	{ { "--json", "status" }, -1, "status" },
	{ { "status", "--json", "--socket=/x" }, -1, "status" },
	{ { "--socket", "/x", "status" }, -1, "status" },
	{ { "submit", "build_failure", "it broke" }, -1, "submit" },
	{ { "submit", "--", "build_failure", "--details" }, -1, "submit" },
	{ { "submit", "build_failure", "-" }, -1, "submit" },
	{ { "task", "show", "delayed-1" }, -1, "task" },
	{ { "task", "--json", "snooze", "--delay", "1h", "x" }, -1, "task" },
	{ { NULL }, 2, "no command" },
	{ { "staatus" }, 2, "did you mean \"status\"?" },
	{ { "tasks", "--limt", "1" }, 2, "did you mean \"--limit\"?" },
	{ { "tasks", "-x" }, 2, "there is no option \"-x\"" },
	{ { "tasks", "x" }, 2, "\"x\"" },
	{ { "task", "show" }, 2, "show|run|cancel|retry|snooze ID" },
	{ { "task", "shov", "x" }, 2, "did you mean \"show\"?" },
	{ { "--limit", "1", "tasks" }, 2, "before the command" },
	{ { "--timeout", "99999999999", "status" }, 2, "--timeout" },
	{ { "status", "--", "--json" }, 2, "does not take" },
	{ { "--json", "staus" }, 2, "{\"error\":{\"code\":\"usage\"" },
	{ { "--help" }, 0, "Usage: codegenctl" },
	{ { "tasks", "--help" }, 0, "--limit N" },
	{ { "submit", "-h" }, 0, "--strict" },
	/* Submissions forgive, unless they are strict. */
	{ { "submit", "--exit-code", "-1", "--job", "a" }, -1, "submit" },
	{ { "submit", "--frob", "x", "test_failure" }, -1, "submit" },
	{ { "--frob", "submit", "a", "b", "c" }, -1, "submit" },
	{ { "submit", "--exit-code", "-1", "--strict" }, 2, "\"--exit-code\" needs a number" },
	{ { "submit", "a", "b", "c", "--strict" }, 2, "does not take the argument \"c\"" },
	{ { "submit", "--frob", "--strict" }, 2, "no option \"--frob\"" },
	{ { "--version" }, 0, "codegenctl " },
	/* A step runs whatever is wrong with our options; there has to be one. */
	{ { "run", "--frob", "--", "true" }, -1, "run" },
	{ { "run", "--frob", "--strict", "--", "true" }, -1, "run" },
	{ { "--frob", "run", "true" }, -1, "run" },
	{ { "run", "--help", "--frob", "--", "true" }, -1, "run" },
	{ { "run", "--", "true", "--help" }, -1, "run" },
	{ { "run", "true", "--version" }, -1, "run" },
	{ { "run", "--help" }, 0, "-- COMMAND..." },
	{ { "run" }, 125, "nothing to run" },
	{ { "run", "--" }, 125, "nothing to run" },
	{ { "run", "--frob" }, 125, "no option \"--frob\"" },
};

static void check_parse(const struct parse_row *row) {
	char *argv[10] = { (char *)"codegenctl" };
	char out[8192], err[8192];
	struct capture on_out, on_err;
	struct invocation inv;
	bool done = false;
	int argc = 1, r;

	for (; row->words[argc - 1] != NULL; argc++) {
		argv[argc] = (char *)row->words[argc - 1];
	}
	capture_start(&on_out, stdout);
	capture_start(&on_err, stderr);
	r = command_parse(argc, argv, &inv, &done);
	capture_stop(&on_err, err, sizeof(err));
	capture_stop(&on_out, out, sizeof(out));
	if (row->result < 0) {
		assert_int_equal(r, 0);
		assert_false(done);
		assert_string_equal(inv.command->name, row->expected);
	} else {
		assert_int_equal(r, row->result);
		assert_non_null(strstr(r == 0 ? out : err, row->expected));
	}
}

static void test_parse(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(parse_rows); i++) {
		check_parse(&parse_rows[i]);
	}
}

static void test_parse_values(void **state) {
	const char *words[] = { "codegenctl", "--timeout=5", "task", "snooze", "--delay", "2m",
		"--", "-id" };
	struct invocation inv;
	bool done;

	assert_int_equal(command_parse(8, (char **)words, &inv, &done), 0);
	assert_int_equal(inv.timeout_ms, 5000);
	assert_int_equal(option_span_ms(&inv.options, "delay", 0), 120000);
	assert_string_equal(command_argument(&inv, 0), "snooze");
	assert_string_equal(command_argument(&inv, 1), "-id");
	assert_null(command_argument(&inv, 2));
}

/* What may take any time, and what a daemon that hangs does not hold up for ever. */
static void test_parse_timeout(void **state) {
	static const struct {
		const char *words[4];
		int64_t timeout_ms;
	} table[] = {
		{ { "stats" }, CLIENT_TIMEOUT_MS },
		{ { "stats", "--prometheus" }, CLIENT_TIMEOUT_MS },
		{ { "stats", "--recompute" }, 0 },
		{ { "stats", "--recompute", "--timeout=7" }, 7000 },
		{ { "digest" }, CLIENT_TIMEOUT_MS },
		{ { "watch" }, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *words[5] = { "codegenctl" };
		struct invocation inv;
		int n = 1;
		bool done;

		for (; n < 5 && table[i].words[n - 1] != NULL; n++) {
			words[n] = table[i].words[n - 1];
		}
		assert_int_equal(command_parse(n, (char **)words, &inv, &done), 0);
		assert_int_equal(inv.timeout_ms, table[i].timeout_ms);
	}
}

/* What is left of a command line that was not understood in all. */
static void test_parse_forgiving(void **state) {
	static const struct row {
		const char *words[8];
		size_t n_complaints;
		const char *type;
		const char *job;
		bool passed_is_doubtful;
	} table[] = {
		{ { "submit", "--exit-code", "-1", "--job", "a", "test_failure" }, 1,
			"test_failure", "a", false },
		{ { "submit", "--exit-code", "--job", "a", "test_failure" }, 1, "test_failure", "a",
			false },
		{ { "submit", "--frob", "x", "--job=a", "test_failure" }, 1, "test_failure", "a",
			false },
		{ { "submit", "--frob", "test_failure", "d", "--job=a" }, 1, "test_failure", "a",
			false },
		{ { "submit", "test_failure", "d", "e", "--job=a", "--frob" }, 2, "test_failure",
			"a", false },
		{ { "submit", "--pased", "--job=a" }, 1, NULL, "a", true },
		{ { "submit", "--passed=yes", "--job=a" }, 1, NULL, "a", true },
		{ { "submit", "test_failure", "--job" }, 1, "test_failure", NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char *argv[10] = { (char *)"codegenctl" };
		struct invocation inv;
		bool done;
		int argc = 1;

		for (; table[i].words[argc - 1] != NULL; argc++) {
			argv[argc] = (char *)table[i].words[argc - 1];
		}
		assert_int_equal(command_parse(argc, argv, &inv, &done), 0);
		assert_int_equal(inv.n_complaints, table[i].n_complaints);
		assert_string_equal(command_argument(&inv, 0) ? command_argument(&inv, 0) : "",
			table[i].type ? table[i].type : "");
		assert_string_equal(
			option_text(&inv.options, "job") ? option_text(&inv.options, "job") : "",
			table[i].job ? table[i].job : "");
		assert_int_equal(
			option_is_doubtful(&inv.options, "passed"), table[i].passed_is_doubtful);
	}
}

/* Where the command begins, and that nothing of it is ours. */
static void test_parse_program(void **state) {
	static const struct row {
		const char *words[8];
		const char *first;
		const char *job;
		size_t n_complaints;
		bool json;
	} table[] = {
		{ { "run", "--", "a", "--job", "x" }, "a", NULL, 0, false },
		{ { "run", "--job", "j", "--", "a" }, "a", "j", 0, false },
		{ { "run", "--job=j", "a", "--json" }, "a", "j", 0, false },
		{ { "--json", "run", "a" }, "a", NULL, 0, true },
		{ { "run", "a", "--", "b" }, "a", NULL, 0, false },
		{ { "run", "--", "--", "b" }, "--", NULL, 0, false },
		{ { "run", "--", "-x" }, "-x", NULL, 0, false },
		{ { "run", "--frob", "v", "--", "a" }, "a", NULL, 1, false },
		{ { "run", "--frob", "v", "--job", "j", "a" }, "a", "j", 1, false },
		{ { "run", "--frob", "a", "b" }, "a", NULL, 1, false },
		{ { "run", "--frob=v", "a", "-b" }, "a", NULL, 1, false },
		{ { "run", "--passed", "--exit-code", "1", "--", "a" }, "a", NULL, 2, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char *argv[10] = { (char *)"codegenctl" };
		struct invocation inv;
		bool done;
		int argc = 1;

		for (; table[i].words[argc - 1] != NULL; argc++) {
			argv[argc] = (char *)table[i].words[argc - 1];
		}
		assert_int_equal(command_parse(argc, argv, &inv, &done), 0);
		assert_false(done);
		assert_non_null(inv.program);
		assert_string_equal(inv.program[0], table[i].first);
		assert_int_equal(inv.n_complaints, table[i].n_complaints);
		assert_int_equal(inv.json, table[i].json);
		assert_string_equal(
			option_text(&inv.options, "job") ? option_text(&inv.options, "job") : "",
			table[i].job ? table[i].job : "");
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_program),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_verbs),
		cmocka_unit_test(test_completions_know_everything),
		cmocka_unit_test(test_completions_invent_nothing),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_values),
		cmocka_unit_test(test_parse_timeout),
		cmocka_unit_test(test_parse_forgiving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
