#include "client/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "client/print_fit.h"
#include "common/text.h"

/* Of a column that is not the last. */
#define COLUMN_MAX 40
/* A value stands below its key where there is less room than this beside it. */
#define PAIR_ROOM_MIN 16
#define BELOW_INDENT 2

static struct print_style style;
static bool folds;

/* Words whose state should strike the eye; "" is the terminal's own colour. */
static const struct word_color {
	const char *word;
	const char *color;
} word_colors[] = {
	{ "abandoned", "\033[2m" },
	{ "cancelled", "\033[2m" },
	{ "completed", "\033[32m" },
	{ "escalated", "\033[31m" },
	{ "executing", "\033[33m" },
	{ "failed", "\033[31m" },
	{ "ok", "\033[32m" },
	{ "open", "\033[33m" },
	{ "problem", "\033[31m" },
	{ "resolved", "\033[32m" },
	{ "waiting", "\033[36m" },
	{ "warning", "\033[33m" },
};

struct print_style print_style_detect(bool no_color) {
	const char *unwanted = getenv("NO_COLOR");
	const char *columns = getenv("COLUMNS");
	int64_t n_columns;
	struct winsize size;
	struct print_style found = { 0 };

	if (!isatty(STDOUT_FILENO)) {
		return found;
	}
	found.relative = true;
	found.color = !no_color && (unwanted == NULL || unwanted[0] == '\0');
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		found.width = size.ws_col;
	}
	if (columns != NULL && text_to_int(columns, &n_columns) == 0 && n_columns > 0) {
		found.width = (size_t)n_columns;
	}
	return found;
}

void print_set_style(const struct print_style *wanted) {
	style = *wanted;
}

void print_fold(void) {
	folds = style.width > 0;
}

char *print_clean(const char *text) {
	return text_clean(text, strlen(text));
}

char *print_one_line(const char *text) {
	char *clean = print_clean(text);

	for (char *c = clean; c != NULL && *c != '\0'; c++) {
		if (*c == '\n' || *c == '\t') {
			*c = ' ';
		}
	}
	return clean;
}

void print_plain(const char *fmt, ...) {
	_cleanup_(freep) char *line = NULL, *clean = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (r < 0) {
		line = NULL;
		return;
	}
	clean = print_one_line(line);
	printf("%s%s", clean != NULL ? clean : "", clean != NULL ? "\n" : "");
}

/* Bytes of the first character, and the cells that a terminal has for it: one where nothing else is known. */
static size_t next_character(const char *text, size_t *ret_cells) {
	size_t len = 1;
	wchar_t c;
	int cells;

	while (((unsigned char)text[len] & 0xc0) == 0x80) {
		len++;
	}
	cells = mbtowc(&c, text, len) == (int)len ? wcwidth(c) : 1;
	*ret_cells = cells < 0 ? 1 : (size_t)cells;
	return len;
}

size_t print_prefix(const char *text, size_t width, size_t *ret_cells) {
	size_t i = 0, cells;

	*ret_cells = 0;
	while (text[i] != '\0') {
		size_t len = next_character(text + i, &cells);

		if (*ret_cells + cells > width) {
			break;
		}
		*ret_cells += cells;
		i += len;
	}
	return i;
}

size_t print_width(const char *text) {
	size_t width;

	(void)print_prefix(text, SIZE_MAX, &width);
	return width;
}

struct print_table {
	size_t n_columns;
	size_t n_cells;
	size_t cap;
	char **cells;	      /* the titles are the first row */
	const uint8_t *ranks; /* borrowed; NULL: what does not fit is the terminal's to break */
};

struct print_table *print_table_create(const char *const *titles, size_t n_columns) {
	struct print_table *table = calloc(1, sizeof(*table));

	if (table != NULL) {
		table->n_columns = n_columns;
		print_table_add(table, titles);
	}
	return table;
}

void print_table_rank(struct print_table *table, const uint8_t *ranks) {
	table->ranks = ranks;
}

void print_table_destroy(struct print_table *table) {
	if (table == NULL) {
		return;
	}
	for (size_t i = 0; i < table->n_cells; i++) {
		free(table->cells[i]);
	}
	free(table->cells);
	free(table);
}

void print_table_add(struct print_table *table, const char *const *cells) {
	if (table->n_cells + table->n_columns > table->cap) {
		size_t cap = table->cap == 0 ? 16 * table->n_columns : 2 * table->cap;
		char **grown = reallocarray(table->cells, cap, sizeof(*grown));

		if (grown == NULL) {
			return;
		}
		table->cells = grown;
		table->cap = cap;
	}
	for (size_t i = 0; i < table->n_columns; i++) {
		table->cells[table->n_cells++] = print_one_line(cells[i] != NULL ? cells[i] : "");
	}
}

size_t print_table_rows(const struct print_table *table) {
	return table->n_cells / table->n_columns - (table->n_cells > 0);
}

static const char *table_cell(const struct print_table *table, size_t row, size_t column) {
	const char *cell = table->cells[row * table->n_columns + column];

	return cell != NULL ? cell : "";
}

static const char *cell_color(const char *cell) {
	for (size_t i = 0; style.color && i < ARRAY_SIZE(word_colors); i++) {
		if (strcmp(word_colors[i].word, cell) == 0) {
			return word_colors[i].color;
		}
	}
	return NULL;
}

static void print_cell(const char *cell, size_t pad) {
	const char *color = cell_color(cell);

	printf("%s%s%s", color != NULL ? color : "", cell, color != NULL ? "\033[0m" : "");
	printf("%*s", (int)pad, "");
}

/* `room`: columns it may take; 0: any. */
static void print_cut(const char *cell, size_t room, size_t pad) {
	if (room == 0 || print_width(cell) <= room) {
		print_cell(cell, pad);
	} else {
		size_t cells, len = print_prefix(cell, room - 1, &cells);

		printf("%.*s…%*s", (int)len, cell, (int)(pad + room - 1 - cells), "");
	}
}

void print_word(const char *word, int width) {
	int pad = width - (int)strlen(word);

	print_cell(word, (size_t)MAX(pad, 0));
}

/*
 * How much of a cell that is not the last one counts for its column's width. A terminal has room for no name of 255
 * bytes; in a pipe such a cell is whole, and moves the rest of its own row only.
 */
static size_t shown_width(const char *cell) {
	return MIN(print_width(cell), (size_t)COLUMN_MAX);
}

/* As wide as its widest cell. */
static void table_widths(const struct print_table *table, size_t *widths) {
	size_t last = table->n_columns - 1;

	for (size_t i = 0; i < table->n_cells; i++) {
		size_t column = i % table->n_columns;
		const char *cell = table_cell(table, i / table->n_columns, column);
		size_t width = column == last ? print_width(cell) : shown_width(cell);

		widths[column] = MAX(widths[column], width);
	}
}

/* False: there is no room for rows. */
static bool table_fit(const struct print_table *table, size_t *widths) {
	size_t used = 0, last = table->n_columns - 1;

	if (table->ranks != NULL) {
		return fit_columns(table->ranks, table->n_columns, style.width, widths);
	}
	for (size_t column = 0; column < last; column++) {
		used += widths[column] + FIT_GAP;
	}
	widths[last] = style.width > used + FIT_COLUMN_MIN ? style.width - used : FIT_COLUMN_MIN;
	return true;
}

static void print_row(const struct print_table *table, size_t row, const size_t *widths) {
	size_t last = table->n_columns - 1;

	while (last > 0 && widths[last] == 0) {
		last--;
	}
	for (size_t column = 0; column <= last; column++) {
		const char *cell = table_cell(table, row, column);
		size_t width = widths[column];
		size_t pad = width + FIT_GAP - MIN(print_width(cell), width);

		if (width > 0) {
			print_cut(cell, style.width > 0 ? width : 0, column == last ? 0 : pad);
		}
	}
	fputc('\n', stdout);
}

/* Prints `text`, and `indent` blanks after each of its line breaks. Lines are not wider than `room`; 0: any. */
static void print_indented(const char *text, int indent, size_t room) {
	_cleanup_(freep) char *clean = print_clean(text);
	_cleanup_(freep) char *folded = clean != NULL && room > 0 ? fit_lines(clean, room) : NULL;
	const char *line = room > 0 ? folded : clean;

	while (line != NULL) {
		const char *end = strchr(line, '\n');

		if (end == NULL || end[1] == '\0') {
			printf("%.*s\n", end == NULL ? (int)strlen(line) : (int)(end - line), line);
			return;
		}
		printf("%.*s\n%*s", (int)(end - line), line, indent, "");
		line = end + 1;
	}
}

/* Each row as lines of their own, which say what a cell is. */
static void print_rows_as_lines(const struct print_table *table) {
	size_t n_rows = table->n_cells / table->n_columns;
	size_t room = MAX(style.width, (size_t)BELOW_INDENT + 1) - BELOW_INDENT;

	for (size_t row = 1; row < n_rows; row++) {
		for (size_t column = 0; column < table->n_columns; column++) {
			const char *cell = table_cell(table, row, column);
			char *line = NULL;

			if (cell[0] != '\0' &&
				asprintf(&line, "%s: %s", table_cell(table, 0, column), cell) > 0) {
				printf("%*s", column == 0 ? 0 : BELOW_INDENT, "");
				print_indented(line, BELOW_INDENT, room);
				free(line);
			}
		}
	}
}

void print_table_show(const struct print_table *table) {
	size_t widths[PRINT_COLUMNS_MAX] = { 0 }, n_rows = table->n_cells / table->n_columns;

	table_widths(table, widths);
	if (style.width > 0 && !table_fit(table, widths)) {
		print_rows_as_lines(table);
		return;
	}
	for (size_t row = 0; row < n_rows; row++) {
		print_row(table, row, widths);
	}
}

size_t print_pair_room(void) {
	if (style.width == 0) {
		return 0;
	}
	return style.width < PRINT_PAIR_COLUMN + PAIR_ROOM_MIN
		? MAX(style.width, (size_t)BELOW_INDENT + 1) - BELOW_INDENT
		: style.width - PRINT_PAIR_COLUMN;
}

/* The value beside its key, or below it, in lines that fit. */
static void print_folded_pair(const char *key, const char *value) {
	size_t room = print_pair_room();
	bool is_below = room + PRINT_PAIR_COLUMN > style.width;
	int indent = is_below ? BELOW_INDENT : PRINT_PAIR_COLUMN;
	int pad = indent - (int)print_width(key) - 1;

	print_cut(key, MAX(style.width, (size_t)2) - 1, 0);
	printf(pad > 0 && !is_below ? ":%*s" : ":\n%*s", pad > 0 && !is_below ? pad : indent, "");
	if (cell_color(value) != NULL) {
		print_cell(value, 0);
		fputc('\n', stdout);
	} else {
		print_indented(value, indent, room);
	}
}

void print_pair(const char *key, const char *value) {
	const char *color;
	int pad = PRINT_PAIR_COLUMN - (int)strlen(key) - 1;

	if (value == NULL || value[0] == '\0') {
		return;
	}
	if (folds) {
		print_folded_pair(key, value);
		return;
	}
	printf("%s:%*s", key, MAX(pad, 1), "");
	color = cell_color(value);
	if (color != NULL) {
		print_cell(value, 0);
		fputc('\n', stdout);
		return;
	}
	print_indented(value, PRINT_PAIR_COLUMN, 0);
}

void print_pair_number(const char *key, int64_t number) {
	char text[32];

	(void)text_format(text, sizeof(text), "%lld", (long long)number);
	print_pair(key, text);
}

void print_pair_time(const char *key, const char *rfc3339) {
	char text[PRINT_TIME_MAX];

	if (rfc3339 != NULL && rfc3339[0] != '\0') {
		print_pair(key, print_time(rfc3339, text));
	}
}

void print_block(const char *text, int indent) {
	printf("%*s", indent, "");
	print_indented(
		text, indent, folds ? MAX(style.width, (size_t)indent + 1) - (size_t)indent : 0);
}

const char *print_time(const char *rfc3339, char out[PRINT_TIME_MAX]) {
	char relative[CLOCK_SPAN_MAX], absolute[CLOCK_TEXT_MAX];
	int64_t ms;

	if (rfc3339 == NULL || clock_parse(rfc3339, &ms) < 0) {
		_cleanup_(freep) char *clean = rfc3339 != NULL ? print_one_line(rfc3339) : NULL;

		(void)text_format(out, PRINT_TIME_MAX, "%s", clean != NULL ? clean : "");
		return out;
	}
	clock_format(ms, absolute);
	/* "2026-11-22T17:00:00.123Z": seconds are enough for people. */
	absolute[sizeof("2026-11-22T17:00:00") - 1] = '\0';
	if (style.relative) {
		(void)text_format(out, PRINT_TIME_MAX, "%sZ (%s)", absolute,
			clock_format_relative(ms, clock_now_ms(), relative));
	} else {
		(void)text_format(out, PRINT_TIME_MAX, "%sZ", absolute);
	}
	return out;
}

const char *print_project(const char *project) {
	return project == NULL ? "" : strcmp(project, "*") == 0 ? "everything" : project;
}

bool print_is_utf8(void) {
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0') {
			return strcasestr(value, "utf-8") != NULL ||
				strcasestr(value, "utf8") != NULL;
		}
	}
	return false;
}

static int write_errno(void) {
	return errno > 0 ? -errno : -EIO;
}

int print_text(const char *text) {
	errno = 0;
	return fputs(text, stdout) == EOF || fflush(stdout) == EOF ? write_errno() : 0;
}

static int dump(const json_t *value, size_t flags) {
	errno = 0;
	if (json_dumpf(value, stdout, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) < 0 ||
		fputc('\n', stdout) == EOF) {
		return write_errno();
	}
	return 0;
}

int print_json(const json_t *value) {
	return dump(value, JSON_INDENT(2));
}

int print_json_line(const json_t *value) {
	int r = dump(value, JSON_COMPACT);

	return r == 0 && fflush(stdout) == EOF ? write_errno() : r;
}

const char *json_text(const json_t *object, const char *name) {
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

int64_t json_number(const json_t *object, const char *name) {
	return json_integer_value(json_object_get(object, name));
}
