/*
 * help - the command table for people.
 */
#include <stdio.h>
#include <string.h>

#include "client/command.h"
#include "common/text.h"

/* Where the explanations begin. */
#define HELP_COLUMN 28

static const char *const group_titles[] = {
	[GROUP_CI] = "For CI steps",
	[GROUP_LOOK] = "Look",
	[GROUP_ACT] = "Act",
	[GROUP_REST] = "Everything else",
};
_Static_assert(ARRAY_SIZE(group_titles) == GROUP_COUNT, "a title for each group");

/* A synopsis too long for its column gets a line of its own. */
static void print_row(const char *left, const char *help) {
	if (strlen(left) + 2 > HELP_COLUMN) {
		printf("  %s\n%*s%s\n", left, HELP_COLUMN + 2, "", help);
	} else {
		printf("  %-*s%s\n", HELP_COLUMN, left, help);
	}
}

static void print_options(const struct option_row *row) {
	for (; row->name != NULL; row++) {
		char left[64];

		(void)text_format(left, sizeof(left), "--%s%s%s", row->name,
			row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
		print_row(left, row->help);
	}
}

static void print_group(enum command_group group) {
	printf("\n%s:\n", group_titles[group]);
	for (size_t i = 0; i < n_commands; i++) {
		char left[64];

		if (commands[i].group == group) {
			(void)text_format(left, sizeof(left), "%s %s", commands[i].name,
				commands[i].arguments);
			print_row(left, commands[i].help);
		}
	}
}

void command_print_overview(void) {
	printf("Usage: codegenctl [OPTIONS] COMMAND [ARGUMENTS]\n\n"
	       "Talks to codegend, which brings failing pull requests back to green.\n");
	for (int group = 0; group < GROUP_COUNT; group++) {
		print_group(group);
	}
	printf("\nOptions, anywhere before \"--\":\n");
	print_options(global_options);
	printf("\nExit: 0 done, 1 refused, failed or not ready, 2 usage, 3 daemon not reachable, 4 no such\n"
	       "object, 5 permission, 7 bad configuration, 8 pending or timed out. See codegenctl(1).\n");
}

void command_print_help(const struct command *command) {
	printf("Usage: codegenctl %s%s%s%s\n\n%s\n", command->name,
		command->options != NULL ? " [OPTIONS]" : "",
		command->arguments[0] != '\0' ? " " : "", command->arguments, command->help);
	if (command->more != NULL) {
		printf("\n%s", command->more);
	}
	if (command->options != NULL) {
		printf("\nOptions:\n");
		print_options(command->options);
	}
	printf("\nOptions of every command: see \"codegenctl help\".\n");
}
