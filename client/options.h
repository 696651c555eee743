/*
 * options - GNU style long options by table: "--name value" and "--name=value". Pure.
 *
 * A table is an array of `struct option_row` that OPTIONS_END ends. Values are checked while they are read, so the
 * typed accessors cannot fail.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/limits.h"
#include "common/macro.h"

enum option_type {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_NUMBER, /* a decimal integer, not negative */
	OPTION_COMMIT, /* a commit's name: hexadecimal, shortened or whole */
	OPTION_EXIT,   /* an exit code: 0 to 255 */
	OPTION_PULL,   /* the number of a pull request: from 1 */
	OPTION_SPAN,   /* a duration as in the configuration: 30m */
};

struct option_row {
	const char *name; /* without the dashes */
	enum option_type type;
	const char *argument; /* its name in the help; NULL for a flag */
	const char *help;
};

#define OPTIONS_END                                                                                \
	{ NULL, OPTION_FLAG, NULL, NULL }

struct option_values {
	const struct option_row *rows;
	const char *text[CLIENT_OPTIONS_MAX]; /* borrowed from argv; NULL: not given */
	bool doubtful[CLIENT_OPTIONS_MAX];    /* given with a bad value, or misspelt */
};

/* Starts with nothing given. `rows` NULL is an empty table. */
void option_values_init(struct option_values *values, const struct option_row *rows);

/*
 * Takes argv[*index], which starts with "--", and its value when the option has one; `*index` is then the last word
 * used, also after a bad value. Returns: 0; -ENOENT, the table has no such option; -EINVAL, `message` says what is
 * wrong with the value, and the option is doubtful. So is one whose value is given twice: its first one stays.
 */
must_check int option_take(struct option_values *values, int argc, char **argv, int *index,
	char *message, size_t size);

/* Accessors. `fallback` when the option was not given; one that the table does not have is never given. */
bool option_flag(const struct option_values *values, const char *name);
const char *option_text(const struct option_values *values, const char *name);
/* As option_text() of "branch"; of a ref as CI systems tell it ("refs/heads/main") the branch. */
const char *option_branch(const struct option_values *values);
bool option_given(const struct option_values *values, const char *name);
/* Whether the user seems to have meant the option, in a way that was not understood. */
bool option_is_doubtful(const struct option_values *values, const char *name);
/* Notes that a word near to the option's name was given. A name the table does not have is fine. */
void option_doubt(struct option_values *values, const char *name);
int64_t option_number(const struct option_values *values, const char *name, int64_t fallback);
int64_t option_span_ms(const struct option_values *values, const char *name, int64_t fallback);

/* Reads a decimal integer, not negative. Returns: 0; -EINVAL; -ERANGE. `ret_number` untouched on failure. */
must_check int option_parse_number(const char *text, int64_t *ret_number);

/* The nearest of the names offered to a misspelt word. */
struct suggestion {
	const char *word;
	const char *best; /* NULL: nothing is near enough */
	size_t distance;
};

void suggestion_init(struct suggestion *suggestion, const char *word);
void suggestion_offer(struct suggestion *suggestion, const char *name);
