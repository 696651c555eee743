/*
 * command - what codegenctl can do: one table, from which the parser, --help and the tests read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/limits.h"
#include "client/options.h"
#include "common/address.h"
#include "common/macro.h"

enum command_group { GROUP_CI, GROUP_LOOK, GROUP_ACT, GROUP_REST, GROUP_COUNT };

struct invocation;

/* Returns the exit code; a failure has been printed by then. */
typedef int command_run_fn(const struct invocation *inv);

struct command {
	const char *name;
	enum command_group group;
	const char *arguments; /* as the synopsis shows them; "" for none */
	const char *help;      /* one line */
	const char *more;      /* for its own --help; NULL: nothing more to say */
	enum address_kind socket;
	size_t min_args;
	size_t max_args;
	bool waits;		/* has no time limit unless --timeout sets one */
	const char *waits_with; /* the same, with that option only; NULL: none */
	bool forgives; /* a mistake or failure of ours costs nothing, unless it has --strict */
	bool runs;     /* takes a command line of any length, runs it and returns its exit code */
	const char *const *words; /* NULL-ended: what the first argument may be; NULL: anything */
	const struct option_row *options; /* NULL: none of its own */
	command_run_fn *run;
};

/* What the user asked for. Strings are borrowed from argv. */
struct invocation {
	const struct command *command;
	size_t n_complaints; /* about the command line; what was not understood is left out */
	char complaint[CLIENT_SENTENCE_MAX]; /* the first one */
	char hint[CLIENT_SENTENCE_MAX];	     /* what to do about it; "": see the help */
	struct option_values globals;
	struct option_values options;
	size_t n_args;
	const char *args[CLIENT_ARGUMENTS_MAX];
	char **program; /* what to run, NULL-ended, in argv; NULL: nothing was given */
	bool json;
	int64_t timeout_ms; /* of one call; 0: none */
};

extern const struct command commands[]; /* sorted by name */
extern const size_t n_commands;
extern const struct option_row global_options[];

/* NULL: there is none. */
const struct command *command_find(const char *name);

/*
 * Reads the command line. Returns: 0, run inv->command; else `*ret_done` tells main to leave with the returned code
 * (help was printed, or a usage error). A command that forgives, or runs another one, is run in spite of complaints,
 * which are then its own to tell.
 */
must_check int command_parse(int argc, char **argv, struct invocation *inv, bool *ret_done);

/* Whether no mistake and no failure of ours may become the caller's exit code. */
bool command_forgives(const struct invocation *inv);

#define COMMAND_COMPLAINT_MAX (2 * CLIENT_SENTENCE_MAX + 8)
/* The first complaint, with what to do about it in brackets when that is known. */
void command_complaint(const struct invocation *inv, char out[COMMAND_COMPLAINT_MAX]);

/* The program's help, and a command's, on stdout. */
void command_print_overview(void);
void command_print_help(const struct command *command);

/* The argument at `index`, NULL when there are fewer. */
const char *command_argument(const struct invocation *inv, size_t index);
