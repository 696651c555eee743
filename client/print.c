#include "client/print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/text.h"

/* Where the values of print_pair() begin. */
#define PAIR_COLUMN 15
/* A cut cell keeps at least this much. */
#define CELL_MIN 8

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

/* Code points: every byte that does not continue one. */
static size_t text_width(const char *text) {
	size_t width = 0;

	for (; *text != '\0'; text++) {
		width += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return width;
}

/* Bytes of the first `width` code points. */
static size_t text_prefix(const char *text, size_t width) {
	size_t i = 0;

	for (; text[i] != '\0'; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80 && width-- == 0) {
			break;
		}
	}
	return i;
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

void print_word(const char *word, int width) {
	int pad = width - (int)strlen(word);

	print_cell(word, (size_t)MAX(pad, 0));
}

static void print_last_cell(const char *cell, size_t room) {
	if (style.width == 0 || text_width(cell) <= room) {
		print_cell(cell, 0);
	} else {
		printf("%.*s…", (int)text_prefix(cell, room - 1), cell);
	}
	fputc('\n', stdout);
}

void print_table_show(const struct print_table *table) {
	size_t widths[PRINT_COLUMNS_MAX] = { 0 }, used = 0, room;
	size_t n_rows = table->n_cells / table->n_columns, last = table->n_columns - 1;

	for (size_t row = 0; row < n_rows; row++) {
		for (size_t column = 0; column < last; column++) {
			widths[column] =
				MAX(widths[column], text_width(table_cell(table, row, column)) + 2);
		}
	}
	for (size_t column = 0; column < last; column++) {
		used += widths[column];
	}
	room = style.width > used + CELL_MIN ? style.width - used : CELL_MIN;
	for (size_t row = 0; row < n_rows; row++) {
		for (size_t column = 0; column < last; column++) {
			const char *cell = table_cell(table, row, column);

			print_cell(cell, widths[column] - text_width(cell));
		}
		print_last_cell(table_cell(table, row, last), room);
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
	int pad = PAIR_COLUMN - (int)strlen(key) - 1;

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
	print_indented(value, PAIR_COLUMN);
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
		(void)text_format(out, PRINT_TIME_MAX, "%s", rfc3339 != NULL ? rfc3339 : "");
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
	return project != NULL && strcmp(project, "*") == 0 ? "everything" : project;
}

static int dump(const json_t *value, size_t flags) {
	if (json_dumpf(value, stdout, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) < 0 ||
		fputc('\n', stdout) == EOF) {
		return -EIO;
	}
	return 0;
}

int print_json(const json_t *value) {
	return dump(value, JSON_INDENT(2));
}

int print_json_line(const json_t *value) {
	int r = dump(value, JSON_COMPACT);

	return r == 0 && fflush(stdout) == EOF ? -EIO : r;
}

const char *json_text(const json_t *object, const char *name) {
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

int64_t json_number(const json_t *object, const char *name) {
	return json_integer_value(json_object_get(object, name));
}
