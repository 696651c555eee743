/*
 * parse - the command line into a struct invocation, by the tables of command.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/failure.h"
#include "client/run_child.h"
#include "common/error_type.h"
#include "common/text.h"

/* The first complaint is kept, the others are counted. `hint` NULL: the help is all there is. */
static printf_like(3, 4) void complain(
	struct invocation *inv, const char *hint, const char *fmt, ...) {
	va_list ap;

	if (inv->n_complaints++ > 0) {
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(inv->complaint, sizeof(inv->complaint), fmt, ap);
	va_end(ap);
	(void)text_copy(inv->hint, sizeof(inv->hint), hint != NULL ? hint : "");
}

/* An option neither table has. */
static void unknown_option(struct invocation *inv, const char *word) {
	char name[64], hint[128];
	struct suggestion suggestion;

	(void)text_format(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	suggestion_init(&suggestion, name + (name[1] == '-' ? 2 : 1));
	for (const struct option_row *row = global_options; row->name != NULL; row++) {
		suggestion_offer(&suggestion, row->name);
	}
	for (const struct option_row *row = inv->options.rows; row->name != NULL; row++) {
		suggestion_offer(&suggestion, row->name);
	}
	if (suggestion.best != NULL) {
		option_doubt(&inv->options, suggestion.best);
		(void)text_format(hint, sizeof(hint), "did you mean \"--%s\"?", suggestion.best);
	} else {
		(void)text_format(hint, sizeof(hint), "see \"codegenctl %s%s--help\"",
			inv->command != NULL ? inv->command->name : "",
			inv->command != NULL ? " " : "");
	}
	complain(inv, hint, "there is no option \"%s\"%s%s%s", name,
		inv->command != NULL ? " for \"" : " before the command",
		inv->command != NULL ? inv->command->name : "", inv->command != NULL ? "\"" : "");
}

static void unknown_command(struct invocation *inv, const char *word) {
	char hint[128];
	struct suggestion suggestion;

	suggestion_init(&suggestion, word);
	for (size_t i = 0; i < n_commands; i++) {
		suggestion_offer(&suggestion, commands[i].name);
	}
	(void)text_format(hint, sizeof(hint), "did you mean \"%s\"?",
		suggestion.best != NULL ? suggestion.best : "");
	complain(inv, suggestion.best != NULL ? hint : NULL, "there is no command \"%s\"", word);
}

/* Returns whether reading on makes sense: not without a command. */
static bool take_word(struct invocation *inv, const char *word) {
	if (inv->command == NULL) {
		inv->command = command_find(word);
		if (inv->command == NULL) {
			unknown_command(inv, word);
			return false;
		}
		option_values_init(&inv->options, inv->command->options);
	} else if (inv->n_args >= inv->command->max_args) {
		complain(inv, NULL, "\"%s\" does not take the argument \"%s\"", inv->command->name,
			word);
	} else {
		inv->args[inv->n_args++] = word;
	}
	return true;
}

/* Where the command begins is a guess behind an unknown option, unless "--" says so. */
static void hint_at_program(struct invocation *inv, char *const *words) {
	char hint[CLIENT_SENTENCE_MAX];

	if (inv->command == NULL || !inv->command->runs || inv->n_complaints > 1 ||
		words[1] == NULL || words[1][0] == '-') {
		return;
	}
	(void)text_format(hint, sizeof(hint), "%s%swithout \"--\" the command begins with \"%s\"",
		inv->hint, inv->hint[0] != '\0' ? "; " : "", words[1]);
	(void)text_copy(inv->hint, sizeof(inv->hint), hint);
}

/*
 * Whether the word behind the unknown option `words[0]` is its value rather than what the command is about. `words` is
 * NULL-ended. A program to run begins behind "--", or with a word: what another option or "--" follows is none.
 */
static bool is_value_of_unknown(const struct invocation *inv, char *const *words) {
	enum error_type ignored;

	if (inv->command == NULL || strchr(words[0], '=') != NULL || words[1] == NULL ||
		words[1][0] == '-') {
		return false;
	}
	if (inv->command->runs) {
		return words[2] != NULL && words[2][0] == '-';
	}
	return inv->command->forgives && error_type_parse(words[1], &ignored) < 0;
}

/* What has a letter as well. */
static struct {
	const char *letter;
	char option[16];
} short_options[] = { { "-h", "--help" }, { "-o", "--output" } };

static bool option_exists(const struct invocation *inv, const char *name) {
	const struct option_row *tables[] = { global_options, inv->options.rows };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		for (const struct option_row *row = tables[i]; row->name != NULL; row++) {
			if (strcmp(row->name, name) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void take_option(struct invocation *inv, int argc, char **argv, int *index) {
	char message[CLIENT_SENTENCE_MAX];
	int r = -ENOENT;

	for (size_t i = 0; i < ARRAY_SIZE(short_options); i++) {
		if (strcmp(argv[*index], short_options[i].letter) == 0 &&
			option_exists(inv, short_options[i].option + 2)) {
			argv[*index] = short_options[i].option;
		}
	}
	if (argv[*index][1] == '-') {
		r = option_take(&inv->globals, argc, argv, index, message, sizeof(message));
		if (r == -ENOENT) {
			r = option_take(&inv->options, argc, argv, index, message, sizeof(message));
		}
	}
	if (r == -ENOENT) {
		unknown_option(inv, argv[*index]);
		if (is_value_of_unknown(inv, &argv[*index])) {
			(*index)++;
		} else {
			hint_at_program(inv, &argv[*index]);
		}
	} else if (r < 0) {
		complain(inv, NULL, "%s", message);
	}
}

/* Whether what is run begins here: with "--", or with the first word, as `env` and `timeout` have it. */
static bool begins_program(const struct invocation *inv, const char *word) {
	return inv->command != NULL && inv->command->runs &&
		(word[0] != '-' || strcmp(word, "--") == 0);
}

static void take_program(struct invocation *inv, char **words) {
	words += strcmp(words[0], "--") == 0;
	inv->program = words[0] != NULL ? words : NULL;
}

static void take_words(struct invocation *inv, int argc, char **argv) {
	bool only_words = false, going_on = true;

	for (int i = 1; i < argc && going_on; i++) {
		if (begins_program(inv, argv[i])) {
			take_program(inv, &argv[i]);
			going_on = false;
		} else if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
			going_on = take_word(inv, argv[i]);
		} else if (strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else {
			take_option(inv, argc, argv, &i);
		}
	}
}

/* Whether errors are JSON must be known before the first of them. Of a program to run it is not our option. */
static bool wants_json(int argc, char **argv) {
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			return true;
		}
	}
	return false;
}

static void check_first_word(struct invocation *inv) {
	struct suggestion suggestion;
	char hint[128];

	suggestion_init(&suggestion, inv->args[0]);
	for (const char *const *word = inv->command->words; *word != NULL; word++) {
		if (strcmp(*word, inv->args[0]) == 0) {
			return;
		}
		suggestion_offer(&suggestion, *word);
	}
	(void)text_format(hint, sizeof(hint), "did you mean \"%s\"?",
		suggestion.best != NULL ? suggestion.best : "");
	complain(inv, suggestion.best != NULL ? hint : NULL,
		"\"%s\" is not something \"%s\" knows; it is used as \"%s %s\"", inv->args[0],
		inv->command->name, inv->command->name, inv->command->arguments);
}

static void check_arguments(struct invocation *inv) {
	if (inv->command == NULL) {
		complain(inv, NULL, "no command was given");
		return;
	}
	if (inv->command->words != NULL && inv->n_args > 0) {
		check_first_word(inv);
	}
	if (inv->command->runs && inv->program == NULL) {
		complain(inv, NULL, "there is nothing to run: \"%s %s\"", inv->command->name,
			inv->command->arguments);
	}
	if (inv->n_args < inv->command->min_args) {
		complain(inv, NULL, "\"%s\" needs more arguments: \"%s %s\"", inv->command->name,
			inv->command->name, inv->command->arguments);
	}
}

static void set_timeout(struct invocation *inv) {
	int64_t seconds = option_number(&inv->globals, "timeout", -1);
	const struct command *command = inv->command;
	bool waits = command != NULL &&
		(command->waits ||
			(command->waits_with != NULL &&
				option_flag(&inv->options, command->waits_with)));

	if (seconds > CLIENT_TIMEOUT_MAX_SECONDS) {
		complain(inv, NULL, "option \"--timeout\" is longer than a year");
		option_doubt(&inv->globals, "timeout");
		seconds = -1;
	}
	inv->timeout_ms = seconds >= 0 ? seconds * CLOCK_SECOND_MS : (waits ? 0 : CLIENT_TIMEOUT_MS);
}

/* --version and --help, unless something else is wrong. Returns whether one was given. */
static bool print_what_was_asked(const struct invocation *inv) {
	if (option_flag(&inv->globals, "version")) {
		printf("codegenctl " CODEGEND_VERSION "\n");
	} else if (!option_flag(&inv->globals, "help")) {
		return false;
	} else if (inv->command != NULL) {
		command_print_help(inv->command);
	} else {
		command_print_overview();
	}
	return true;
}

static bool needs_program(const struct invocation *inv) {
	return inv->command != NULL && inv->command->runs && inv->program == NULL;
}

int command_parse(int argc, char **argv, struct invocation *inv, bool *ret_done) {
	int r;

	*inv = (struct invocation){ .json = wants_json(argc, argv) };
	*ret_done = true;
	failure_set_json(inv->json);
	option_values_init(&inv->globals, global_options);
	option_values_init(&inv->options, NULL);
	take_words(inv, argc, argv);
	if (inv->command != NULL && inv->command->runs) {
		inv->json = option_flag(&inv->globals, "json");
		failure_set_json(inv->json);
	}
	if (inv->n_complaints == 0 && print_what_was_asked(inv)) {
		return 0;
	}
	if (inv->n_complaints == 0 || needs_program(inv)) {
		check_arguments(inv);
	}
	set_timeout(inv);
	*ret_done = inv->n_complaints > 0 &&
		(needs_program(inv) || (!command_forgives(inv) && inv->program == NULL));
	if (!*ret_done) {
		return 0;
	}
	r = failure_report(
		FAILURE_USAGE, inv->hint[0] != '\0' ? inv->hint : NULL, "%s", inv->complaint);
	return needs_program(inv) ? RUN_EXIT_FAILED : r;
}
