/*
 * parse - the command line into a struct invocation, by the tables of command.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "client/failure.h"
#include "common/text.h"

/* An option neither table has. */
static int unknown_option(const struct invocation *inv, const char *word) {
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
		(void)text_format(hint, sizeof(hint), "did you mean \"--%s\"?", suggestion.best);
	} else {
		(void)text_format(hint, sizeof(hint), "see \"codegenctl %s%s--help\"",
			inv->command != NULL ? inv->command->name : "",
			inv->command != NULL ? " " : "");
	}
	return failure_report(FAILURE_USAGE, hint, "there is no option \"%s\"%s%s%s", name,
		inv->command != NULL ? " for \"" : " before the command",
		inv->command != NULL ? inv->command->name : "", inv->command != NULL ? "\"" : "");
}

static int unknown_command(const char *word) {
	char hint[128];
	struct suggestion suggestion;

	suggestion_init(&suggestion, word);
	for (size_t i = 0; i < n_commands; i++) {
		suggestion_offer(&suggestion, commands[i].name);
	}
	if (suggestion.best == NULL) {
		return failure_report(FAILURE_USAGE, NULL, "there is no command \"%s\"", word);
	}
	(void)text_format(hint, sizeof(hint), "did you mean \"%s\"?", suggestion.best);
	return failure_report(FAILURE_USAGE, hint, "there is no command \"%s\"", word);
}

static int take_word(struct invocation *inv, const char *word) {
	if (inv->command == NULL) {
		inv->command = command_find(word);
		if (inv->command == NULL) {
			return unknown_command(word);
		}
		option_values_init(&inv->options, inv->command->options);
		return 0;
	}
	if (inv->n_args >= inv->command->max_args) {
		return failure_report(FAILURE_USAGE, NULL,
			"\"%s\" does not take the argument \"%s\"", inv->command->name, word);
	}
	inv->args[inv->n_args++] = word;
	return 0;
}

static int take_option(struct invocation *inv, int argc, char **argv, int *index) {
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
		return unknown_option(inv, argv[*index]);
	}
	return r < 0 ? failure_report(FAILURE_USAGE, NULL, "%s", message) : 0;
}

static int take_words(struct invocation *inv, int argc, char **argv) {
	bool only_words = false;

	for (int i = 1; i < argc; i++) {
		int r = 0;

		if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
			r = take_word(inv, argv[i]);
		} else if (strcmp(argv[i], "--") == 0) {
			only_words = true;
		} else {
			r = take_option(inv, argc, argv, &i);
		}
		if (r != 0) {
			return r;
		}
	}
	return 0;
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

static int check_first_word(const struct invocation *inv) {
	struct suggestion suggestion;
	char hint[128];

	suggestion_init(&suggestion, inv->args[0]);
	for (const char *const *word = inv->command->words; *word != NULL; word++) {
		if (strcmp(*word, inv->args[0]) == 0) {
			return 0;
		}
		suggestion_offer(&suggestion, *word);
	}
	if (suggestion.best != NULL) {
		(void)text_format(hint, sizeof(hint), "did you mean \"%s\"?", suggestion.best);
	}
	return failure_report(FAILURE_USAGE, suggestion.best != NULL ? hint : NULL,
		"\"%s\" is not something \"%s\" knows; it is used as \"%s %s\"", inv->args[0],
		inv->command->name, inv->command->name, inv->command->arguments);
}

static int check_arguments(const struct invocation *inv) {
	if (inv->command->words != NULL && inv->n_args > 0) {
		int r = check_first_word(inv);

		if (r != 0) {
			return r;
		}
	}
	if (inv->n_args < inv->command->min_args) {
		return failure_report(FAILURE_USAGE, NULL, "\"%s\" needs more arguments: \"%s %s\"",
			inv->command->name, inv->command->name, inv->command->arguments);
	}
	return 0;
}

static int set_timeout(struct invocation *inv) {
	int64_t seconds = option_number(&inv->globals, "timeout", -1);

	if (seconds > CLIENT_TIMEOUT_MAX_SECONDS) {
		return failure_report(
			FAILURE_USAGE, NULL, "option \"--timeout\" is longer than a year");
	}
	inv->timeout_ms = seconds >= 0 ? seconds * CLOCK_SECOND_MS
				       : (inv->command->waits ? 0 : CLIENT_TIMEOUT_MS);
	return 0;
}

int command_parse(int argc, char **argv, struct invocation *inv, bool *ret_done) {
	int r;

	*inv = (struct invocation){ .json = wants_json(argc, argv) };
	*ret_done = true;
	failure_set_json(inv->json);
	option_values_init(&inv->globals, global_options);
	option_values_init(&inv->options, NULL);
	r = take_words(inv, argc, argv);
	if (r != 0) {
		return r;
	}
	if (option_flag(&inv->globals, "version")) {
		printf("codegenctl " CODEGEND_VERSION "\n");
		return 0;
	}
	if (option_flag(&inv->globals, "help")) {
		if (inv->command != NULL) {
			command_print_help(inv->command);
		} else {
			command_print_overview();
		}
		return 0;
	}
	if (inv->command == NULL) {
		return failure_report(FAILURE_USAGE, NULL, "no command was given");
	}
	r = check_arguments(inv);
	if (r != 0) {
		return r;
	}
	*ret_done = false;
	return set_timeout(inv);
}
