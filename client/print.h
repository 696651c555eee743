/*
 * print - tables, key and value lines and times for people, on stdout. Foreign text never reaches a terminal raw.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/macro.h"

#define PRINT_COLUMNS_MAX 10
/* An RFC 3339 time and "(in 59 min)" behind it. */
#define PRINT_TIME_MAX (CLOCK_TEXT_MAX + CLOCK_SPAN_MAX + 4)

struct print_style {
	bool relative; /* add "(in 5 min)" to times */
	bool color;
	size_t width; /* columns a table's line may take; 0: any */
};

/* What stdout is: a terminal's width (or $COLUMNS), colour unless `no_color` or $NO_COLOR. */
struct print_style print_style_detect(bool no_color);
/* Used by everything below; a pipe's until it is set. */
void print_set_style(const struct print_style *style);
/* On a terminal: from here on print_pair() and print_block() break lines that are wider than it, words as well. */
void print_fold(void);

/* `text` without anything a terminal would obey, as a malloc()ed string; NULL: memory. */
must_check char *print_clean(const char *text);
/* As print_clean(), line breaks and tabs as blanks. */
must_check char *print_one_line(const char *text);

/* One line with foreign words in it, made printable as a whole; nothing without memory. */
void print_plain(const char *fmt, ...) printf_like(1, 2);

/* Rows of cells. Cells are copied; a cell NULL is "". Out of memory shows as missing cells. */
struct print_table;
must_check struct print_table *print_table_create(const char *const *titles, size_t n_columns);
void print_table_destroy(struct print_table *table);
DEFINE_CLEANUP(struct print_table *, print_table_destroy);
void print_table_add(struct print_table *table, const char *const *cells);
/* What has to stay where there is no room: 0; of the others the highest goes first. Where even that is too much, each
 * row is lines of "TITLE: cell". Without ranks no column goes. Borrows `ranks`, one for each column. */
void print_table_rank(struct print_table *table, const uint8_t *ranks);
size_t print_table_rows(const struct print_table *table);
/* Titles and rows, columns aligned by cells of a terminal. On a terminal the last column is cut with "…" to its
 * width, and the others where they are very long. */
void print_table_show(const struct print_table *table);

/* A word in its colour, if it has one, and blanks up to `width`. */
void print_word(const char *word, int width);

/* Columns of a text: its cells on a terminal, where the locale C.UTF-8 is set; else its characters. */
size_t print_width(const char *text);
/* Bytes of what of it fits into `width` of these; `*ret_cells`: how many it takes. */
size_t print_prefix(const char *text, size_t width, size_t *ret_cells);
/* Whether the user's locale can show more than ASCII. */
bool print_is_utf8(void);

/* Where the values of print_pair() begin. */
#define PRINT_PAIR_COLUMN 15
/* "Key:      value". Nothing when `value` is NULL or empty; a value of several lines is indented. */
void print_pair(const char *key, const char *value);
/* Columns a value has when lines are broken; 0: any. */
size_t print_pair_room(void);
void print_pair_number(const char *key, int64_t number);
void print_pair_time(const char *key, const char *rfc3339);
/* Foreign text of several lines, each indented by `indent` blanks. */
void print_block(const char *text, int indent);

/* A time from the wire for people: without its milliseconds, relative too on a terminal. Returns `out`. */
const char *print_time(const char *rfc3339, char out[PRINT_TIME_MAX]);

/* A project as pausing has it: "*" is every one. Borrowed. */
const char *print_project(const char *project);

/* All of a text, written out; one document, indented; for streams one line. Return: 0; the errno of writing. */
must_check int print_text(const char *text);
must_check int print_json(const json_t *value);
must_check int print_json_line(const json_t *value);

/* A member as text, "" when it is missing or of another type. Borrowed. */
const char *json_text(const json_t *object, const char *name);
int64_t json_number(const json_t *object, const char *name);
