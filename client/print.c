#include "client/print.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "common/text.h"

/* A cut cell keeps at least this much. */
#define CELL_MIN 8
/* Of a column that is not the last. */
#define COLUMN_MAX 40

static struct print_style style;

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
	return found;
}

void print_set_style(const struct print_style *wanted) {
	style = *wanted;
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
	char **cells; /* the titles are the first row */
};

struct print_table *print_table_create(const char *const *titles, size_t n_columns) {
	struct print_table *table = calloc(1, sizeof(*table));

	if (table != NULL) {
		table->n_columns = n_columns;
		print_table_add(table, titles);
	}
	return table;
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

void print_table_show(const struct print_table *table) {
	size_t widths[PRINT_COLUMNS_MAX] = { 0 }, used = 0, room;
	size_t n_rows = table->n_cells / table->n_columns, last = table->n_columns - 1;

	for (size_t row = 0; row < n_rows; row++) {
		for (size_t column = 0; column < last; column++) {
			widths[column] =
				MAX(widths[column], shown_width(table_cell(table, row, column)) + 2);
		}
	}
	for (size_t column = 0; column < last; column++) {
		used += widths[column];
	}
	room = style.width > used + CELL_MIN ? style.width - used : CELL_MIN;
	room = style.width > 0 ? room : 0;
	for (size_t row = 0; row < n_rows; row++) {
		for (size_t column = 0; column < last; column++) {
			const char *cell = table_cell(table, row, column);

			print_cut(cell, style.width > 0 ? COLUMN_MAX : 0,
				widths[column] - shown_width(cell));
		}
		print_cut(table_cell(table, row, last), room, 0);
		fputc('\n', stdout);
	}
}

/* Prints `text`, and `indent` blanks after each of its line breaks. */
static void print_indented(const char *text, int indent) {
	_cleanup_(freep) char *clean = print_clean(text);
	const char *line = clean;

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

void print_pair(const char *key, const char *value) {
	const char *color;
	int pad = PRINT_PAIR_COLUMN - (int)strlen(key) - 1;

	if (value == NULL || value[0] == '\0') {
		return;
	}
	printf("%s:%*s", key, MAX(pad, 1), "");
	color = cell_color(value);
	if (color != NULL) {
		print_cell(value, 0);
		fputc('\n', stdout);
		return;
	}
	print_indented(value, PRINT_PAIR_COLUMN);
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
	print_indented(text, indent);
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
