/*
 * parse - the command line into a struct invocation, by the tables of command.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/failure.h"
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

/* Whether the word behind an unknown option is its value rather than what the command is about. */
static bool is_value_of_unknown(const struct invocation *inv, const char *option, const char *word) {
	enum error_type ignored;

	return inv->command != NULL && inv->command->forgives && strchr(option, '=') == NULL &&
		word != NULL && word[0] != '-' && error_type_parse(word, &ignored) < 0;
}

static void take_option(struct invocation *inv, int argc, char **argv, int *index) {
	char message[CLIENT_SENTENCE_MAX];
	int r = -ENOENT;

	if (strcmp(argv[*index], "-h") == 0) {
		static char help[] = "--help";

		argv[*index] = help;
	}
	if (argv[*index][1] == '-') {
		r = option_take(&inv->globals, argc, argv, index, message, sizeof(message));
		if (r == -ENOENT) {
			r = option_take(&inv->options, argc, argv, index, message, sizeof(message));
		}
	}
	if (r == -ENOENT) {
		unknown_option(inv, argv[*index]);
		*index += is_value_of_unknown(
			inv, argv[*index], *index + 1 < argc ? argv[*index + 1] : NULL);
	} else if (r < 0) {
		complain(inv, NULL, "%s", message);
	}
}

static void take_words(struct invocation *inv, int argc, char **argv) {
	bool only_words = false, going_on = true;

	for (int i = 1; i < argc && going_on; i++) {
		if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
			going_on = take_word(inv, argv[i]);
		} else if (strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else {
			take_option(inv, argc, argv, &i);
		}
	}
}

/* Whether errors are JSON must be known before the first of them. */
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
	if (inv->n_args < inv->command->min_args) {
		complain(inv, NULL, "\"%s\" needs more arguments: \"%s %s\"", inv->command->name,
			inv->command->name, inv->command->arguments);
	}
}

static void set_timeout(struct invocation *inv) {
	int64_t seconds = option_number(&inv->globals, "timeout", -1);
	bool waits = inv->command != NULL && inv->command->waits;

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

int command_parse(int argc, char **argv, struct invocation *inv, bool *ret_done) {
	*inv = (struct invocation){ .json = wants_json(argc, argv) };
	*ret_done = true;
	failure_set_json(inv->json);
	option_values_init(&inv->globals, global_options);
	option_values_init(&inv->options, NULL);
	take_words(inv, argc, argv);
	if (inv->n_complaints == 0 && print_what_was_asked(inv)) {
		return 0;
	}
	if (inv->n_complaints == 0) {
		check_arguments(inv);
	}
	set_timeout(inv);
	*ret_done = inv->n_complaints > 0 && !command_forgives(inv);
	return *ret_done ? failure_report(FAILURE_USAGE, inv->hint[0] != '\0' ? inv->hint : NULL,
				   "%s", inv->complaint)
			 : 0;
}
