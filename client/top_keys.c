/* What keys do: one table. */
#include <curses.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "client/print.h"
#include "client/top.h"
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

static void select_row(struct top *top, size_t i) {
	if (i < top_n_rows(top)) {
		TEXT_SET(top->selected, json_text(top_row_at(top, i).object, "id"));
	}
}

static void move_up(struct top *top) {
	size_t i = top_selected(top);

	if (top->mode == TOP_TEXT) {
		top->text_top -= top->text_top > 0;
	} else {
		select_row(top, i > 0 ? i - 1 : 0);
	}
}

static void move_down(struct top *top) {
	if (top->mode == TOP_TEXT) {
		top->text_top += top->text_top + 1 < json_array_size(top->text);
	} else {
		select_row(top, top_selected(top) + 1);
	}
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

/* Bytes of the next line: to its end, or to the last blank before the edge. */
static size_t line_length(const char *text, int room) {
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
		size_t len = line_length(c, room);

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
	_cleanup_(freep) char *dumped = json_dumps(value, JSON_ENCODE_ANY);
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

/* Acting */

/* What the selected row's kind is asked for. */
struct deed {
	const char *method, *what;
};

static void ask_about_row(struct top *top, const struct deed *deeds) {
	struct top_row row;
	const json_t *environment, *place;

	if (!selected_row(top, &row)) {
		return;
	}
	environment = json_object_get(row.object, "environment");
	place = environment != NULL ? environment : row.object;
	top->method = deeds[row.kind].method;
	TEXT_SET(top->asked, json_text(row.object, "id"));
	text_format(top->question, sizeof(top->question), "%s %s of %s, branch %s?",
		deeds[row.kind].what, top->asked,
		json_text(place, environment != NULL ? "projectName" : "project"),
		json_text(place, "branch"));
	top->mode = TOP_ASK;
}

static void run_or_retry(struct top *top) {
	static const struct deed deeds[] = {
		[TOP_TASK] = { "RunTask", "Run now task" }, [TOP_INCIDENT] = { "RetryIncident", "Retry incident" }
	};

	ask_about_row(top, deeds);
}

static void cancel_or_close(struct top *top) {
	static const struct deed deeds[] = {
		[TOP_TASK] = { "CancelTask", "Cancel task" }, [TOP_INCIDENT] = { "CloseIncident", "Close incident" }
	};

	ask_about_row(top, deeds);
}

static void pause_or_resume(struct top *top) {
	bool is_paused = top_is_paused(top);

	top->method = is_paused ? "Resume" : "Pause";
	top->asked[0] = '\0';
	TEXT_SET(top->question,
		is_paused ? "Go on with everything?"
			  : "Pause everything: no publishing, triggering, checking?");
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
	const char *help; /* NULL: that of the row above */
} keys[] = {
	{ KEY_UP, 'k', move_up, "up, k        the row above" },
	{ KEY_DOWN, 'j', move_down, "down, j      the row below" },
	{ '\n', KEY_ENTER, show, "Enter        show the task or incident" },
	{ 'e', 0, explain, "e            explain: why it is where it is, and what happens next" },
	{ 'r', 0, run_or_retry, "r            run the task now, or retry the incident (asks first)" },
	{ 'c', 0, cancel_or_close,
		"c            cancel the task, or close the incident (asks first)" },
	{ 'p', 0, pause_or_resume, "p            pause everything, or go on (asks first)" },
	{ '?', 0, help, "?            this help" },
	{ 'q', 0, quit, "q            quit; leaves what lies over the lists first" },
};

static void help(struct top *top) {
	text_begin(top);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		text_add(top, keys[i].help);
	}
}

static void key_in_list(struct top *top, int key) {
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (key == keys[i].key || (key == keys[i].other && key != 0)) {
			keys[i].act(top);
		}
	}
}

static void key_in_text(struct top *top, int key) {
	if (key == KEY_UP || key == 'k') {
		move_up(top);
	} else if (key == KEY_DOWN || key == 'j') {
		move_down(top);
	} else if (key == 'q' || key == KEY_ESCAPE || key == '\n' || key == KEY_ENTER) {
		top->mode = TOP_LIST;
	}
}

static void act(struct top *top) {
	json_t *answer = NULL,
	       *parameters =
		       top->asked[0] != '\0' ? json_pack("{s:s}", "id", top->asked) : json_object();

	if (top_call(top, top->method, parameters, &answer)) {
		text_format(top->note, sizeof(top->note), "Done: %s %s", top->method, top->asked);
		json_decref(answer);
		top->look_us = 0;
	}
}

/* Nothing but y acts. */
static void key_in_question(struct top *top, int key) {
	top->mode = TOP_LIST;
	if (key == 'y') {
		act(top);
	} else {
		TEXT_SET(top->note, "Nothing was done.");
	}
}

void top_key(struct top *top, int key) {
	if (key == KEY_RESIZE) {
		return; /* everything is drawn anew anyway */
	}
	switch (top->mode) {
	case TOP_LIST: key_in_list(top, key); break;
	case TOP_TEXT: key_in_text(top, key); break;
	case TOP_ASK: key_in_question(top, key); break;
	}
}
