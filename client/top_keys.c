/* What keys do: one table. */
#include <curses.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "client/print.h"
#include "client/top.h"
#include "common/json_memory.h"
#include "common/text.h"

#define KEY_ESCAPE 27

/* Of a name in front of its value. */
#define NAME_CELLS 17
/* Of a line of a text, where each cell may have a few characters. */
#define LINE_BYTES 4096

static bool selected_row(const struct top *top, struct top_row *ret_row) {
	if (top_n_rows(top) == 0) {
		return false;
	}
	*ret_row = top_row_at(top, top_selected(top));
	return true;
}

/* By so many rows, to the last or first one at most: the selection, or the text. */
static void move_by(struct top *top, int64_t by) {
	bool in_text = top->mode == TOP_TEXT;
	int64_t n = (int64_t)(in_text ? json_array_size(top->text) : top_n_rows(top));
	int64_t last = in_text ? n - (int64_t)top_page(top) : n - 1;
	int64_t at = (int64_t)(in_text ? top->text_top : top_selected(top)) + by;

	at = MAX(MIN(at, last), 0);
	if (in_text) {
		top->text_top = (size_t)at;
	} else if (n > 0) {
		TEXT_SET(top->selected, json_text(top_row_at(top, (size_t)at).object, "id"));
	}
}

static void move_up(struct top *top) {
	move_by(top, -1);
}

static void move_down(struct top *top) {
	move_by(top, 1);
}

static void page_up(struct top *top) {
	move_by(top, -(int64_t)top_page(top));
}

static void page_down(struct top *top) {
	move_by(top, (int64_t)top_page(top));
}

static void move_to_first(struct top *top) {
	move_by(top, -INT32_MAX);
}

static void move_to_last(struct top *top) {
	move_by(top, INT32_MAX);
}

/* Texts over everything */

static void text_begin(struct top *top) {
	json_decref(top->text);
	top->text = json_array();
	top->text_top = 0;
	top->mode = TOP_TEXT;
}

/* Bytes of what fits into `room` cells, up to the end of the line; at least a character. */
static size_t fitting_length(const char *text, int room) {
	size_t len = 0;
	wchar_t c;

	while (text[len] != '\0' && text[len] != '\n') {
		int n = mbtowc(&c, text + len, MB_LEN_MAX), cells = n > 0 ? top_cells(c) : 1;

		if (len > 0 && cells > room) {
			break;
		}
		room -= cells;
		len += (size_t)MAX(n, 1);
	}
	return len;
}

size_t top_line_length(const char *text, int room) {
	size_t cut = fitting_length(text, room);

	if (text[cut] == '\0' || text[cut] == '\n' || text[cut] == ' ') {
		return cut;
	}
	for (size_t i = cut; i > cut / 2; i--) {
		if (text[i] == ' ') {
			return i;
		}
	}
	return cut;
}

/* As many lines as it needs, `indent` cells from the edge; in front of the first one stands `name`. */
static void text_add_named(struct top *top, const char *name, int indent, const char *text) {
	_cleanup_(freep) char *clean = print_clean(text);
	int room = MAX(COLS - indent, 20);
	char line[LINE_BYTES];

	for (const char *c = clean; c != NULL && *c != '\0';) {
		size_t len = top_line_length(c, room);

		text_format(line, sizeof(line), "%-*s%.*s", indent, c == clean ? name : "",
			(int)len, c);
		(void)json_array_append_new(top->text, json_string(line));
		c += len;
		c += *c == '\n' || *c == ' ';
	}
}

static void text_add(struct top *top, const char *text) {
	text_add_named(top, "", 0, text);
}

/* A value by its name; the members of an object below it, each of a list by the list's name. */
static void text_add_member(struct top *top, int depth, const char *name, json_t *value) {
	_cleanup_(freep) char *dumped = json_memory_dump(value, JSON_ENCODE_ANY);
	char indented[NAME_CELLS];
	json_t *inner;
	size_t i;

	text_format(indented, sizeof(indented), "%*s%s", 2 * depth, "", name);
	if (json_is_object(value)) {
		text_add(top, indented);
		json_object_foreach(value, name, inner) {
			text_add_member(top, depth + 1, name, inner);
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, i, inner) {
			text_add_member(top, depth, name, inner);
		}
	} else if (!json_is_null(value) && dumped != NULL) {
		text_add_named(top, indented, NAME_CELLS,
			json_is_string(value) ? json_string_value(value) : dumped);
	}
}

static void show(struct top *top) {
	const char *const methods[] = { "GetTask", "GetIncident" },
			  *const members[] = { "task", "incident" };
	json_t *answer = NULL, *value;
	struct top_row row;
	const char *name;

	if (!selected_row(top, &row) ||
		!top_call(top, methods[row.kind],
			json_pack("{s:s}", "id", json_text(row.object, "id")), &answer)) {
		return;
	}
	text_begin(top);
	json_object_foreach(json_object_get(answer, members[row.kind]), name, value) {
		text_add_member(top, 0, name, value);
	}
	json_decref(answer);
}

static void explain(struct top *top) {
	json_t *answer = NULL, *event;
	struct top_row row;
	size_t i;

	if (!selected_row(top, &row) ||
		!top_call(top, "Explain", json_pack("{s:s}", "id", json_text(row.object, "id")),
			&answer)) {
		return;
	}
	text_begin(top);
	text_add(top, json_text(answer, "text"));
	json_array_foreach(json_object_get(answer, "events"), i, event) {
		text_add_named(
			top, json_text(event, "kind"), NAME_CELLS, json_text(event, "message"));
	}
	json_decref(answer);
}

static void show_all(struct top *top) {
	json_t *lines = top_all(top), *line;
	size_t i;

	text_begin(top);
	json_array_foreach(lines, i, line) {
		text_add(top, json_string_value(line));
	}
	json_decref(lines);
}

/* Acting */

/* `deeds`: by the kind of row. */
static void ask_about_row(struct top *top, const struct top_deed *deeds) {
	struct top_row row;
	const json_t *environment, *place;

	if (!selected_row(top, &row)) {
		return;
	}
	environment = json_object_get(row.object, "environment");
	place = environment != NULL ? environment : row.object;
	top->deed = &deeds[row.kind];
	TEXT_SET(top->asked, json_text(row.object, "id"));
	text_format(top->question, sizeof(top->question), "%s %s of %s, branch %s?",
		top->deed->question, top->asked,
		json_text(place, environment != NULL ? "projectName" : "project"),
		json_text(place, "branch"));
	top->mode = TOP_ASK;
}

static void run_or_retry(struct top *top) {
	static const struct top_deed deeds[] = {
		[TOP_TASK] = { "RunTask", "Run now task", "Task", "is due now." },
		[TOP_INCIDENT] = { "RetryIncident", "Retry incident", "Incident",
			"begins its next cycle." },
	};

	ask_about_row(top, deeds);
}

static void cancel_or_close(struct top *top) {
	static const struct top_deed deeds[] = {
		[TOP_TASK] = { "CancelTask", "Cancel task", "Task", "was cancelled." },
		[TOP_INCIDENT] = { "CloseIncident", "Close incident", "Incident", "was closed." },
	};

	ask_about_row(top, deeds);
}

static void pause_or_resume(struct top *top) {
	static const struct top_deed deeds[] = {
		{ "Pause", "Pause everything: no publishing, triggering, checking?", NULL,
			"Everything is paused." },
		{ "Resume", "Go on with everything?", NULL, "Everything goes on." },
	};

	top->deed = &deeds[top_is_paused(top)];
	top->asked[0] = '\0';
	TEXT_SET(top->question, top->deed->question);
	top->mode = TOP_ASK;
}

static void quit(struct top *top) {
	top->is_over = true;
}

static void help(struct top *top);

static const struct key {
	int key;
	int other; /* 0: none */
	void (*act)(struct top *top);
	const char *help;
	bool scrolls; /* a text, too */
} keys[] = {
	{ KEY_UP, 'k', move_up, "up, k        the row above", true },
	{ KEY_DOWN, 'j', move_down, "down, j      the row below", true },
	{ KEY_PPAGE, 0, page_up, "PgUp         a page up", true },
	{ KEY_NPAGE, 0, page_down, "PgDn         a page down", true },
	{ KEY_HOME, 'g', move_to_first, "Home, g      the first row", true },
	{ KEY_END, 'G', move_to_last, "End, G       the last row", true },
	{ '\n', KEY_ENTER, show, "Enter        show the task or incident", false },
	{ 'e', 0, explain, "e            explain: why it is where it is, and what happens next",
		false },
	{ 'a', 0, show_all, "a            all forges, agents and newest events", false },
	{ 'r', 0, run_or_retry, "r            run the task now, or retry the incident (asks first)",
		false },
	{ 'c', 0, cancel_or_close,
		"c            cancel the task, or close the incident (asks first)", false },
	{ 'p', 0, pause_or_resume, "p            pause everything, or go on (asks first)", false },
	{ '?', 0, help, "?            this help", false },
	{ 'q', 0, quit, "q            quit; leaves what lies over the lists first", false },
};

static void help(struct top *top) {
	text_begin(top);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		text_add(top, keys[i].help);
	}
}

static void key_of_table(struct top *top, int key) {
	bool in_text = top->mode == TOP_TEXT;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if ((key == keys[i].key || (key == keys[i].other && key != 0)) &&
			(keys[i].scrolls || !in_text)) {
			keys[i].act(top);
		}
	}
}

static void key_in_text(struct top *top, int key) {
	if (key == 'q' || key == KEY_ESCAPE || key == '\n' || key == KEY_ENTER) {
		top->mode = TOP_LIST;
	} else {
		key_of_table(top, key);
	}
}

static void act(struct top *top) {
	const struct top_deed *deed = top->deed;
	json_t *answer = NULL,
	       *parameters =
		       top->asked[0] != '\0' ? json_pack("{s:s}", "id", top->asked) : json_object();

	if (!top_call(top, deed->method, parameters, &answer)) {
		return;
	}
	if (deed->before_id != NULL) {
		top_note(top, "%s %s %s", deed->before_id, top->asked, deed->done);
	} else {
		top_note(top, "%s", deed->done);
	}
	json_decref(answer);
	top->look_us = 0;
}

/* Nothing but y acts. */
static void key_in_question(struct top *top, int key) {
	top->mode = TOP_LIST;
	if (key == 'y') {
		act(top);
	} else {
		top_note(top, "Nothing was done.");
	}
}

void top_key(struct top *top, int key) {
	if (key == KEY_RESIZE) {
		return; /* everything is drawn anew anyway */
	}
	top->note[0] = '\0';
	switch (top->mode) {
	case TOP_LIST: key_of_table(top, key); break;
	case TOP_TEXT: key_in_text(top, key); break;
	case TOP_ASK: key_in_question(top, key); break;
	}
}
