/* The screen of `top`: panes one below the other, out of a table. */
#include <curses.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "client/print.h"
#include "client/top.h"
#include "common/clock.h"
#include "common/text.h"

#define LINE_MAX_CHARS 512

int top_cells(wchar_t c) {
	int cells = wcwidth(c);

	return cells < 0 ? 1 : cells;
}

/* Puts foreign text, made printable, on `row`: at most to the right edge, by the width of its characters. */
static void put(int row, int column, attr_t attributes, const char *text) {
	_cleanup_(freep) char *clean = print_one_line(text);
	wchar_t wide[LINE_MAX_CHARS];
	size_t n = clean != NULL ? mbstowcs(wide, clean, ARRAY_SIZE(wide) - 1) : 0, used = 0;
	int room = COLS - column;

	if (n == (size_t)-1 || row < 0 || row >= LINES) {
		return;
	}
	for (; used < n; used++) {
		room -= top_cells(wide[used]);
		if (room < 0) {
			break;
		}
		if (wcwidth(wide[used]) < 0) {
			wide[used] = L'?';
		}
	}
	(void)attrset(attributes);
	(void)mvaddnwstr(row, column, wide, (int)used);
	(void)attrset(A_NORMAL);
}

static attr_t color_of(short pair) {
	return has_colors() ? (attr_t)COLOR_PAIR(pair) : A_NORMAL;
}

/* Whole columns: cut to `width` cells of the screen, the last one blank, and filled up to them. */
static void column(char *line, size_t size, const char *text, size_t width) {
	_cleanup_(freep) char *clean = print_one_line(text);
	size_t len = strlen(line), used = 0;
	wchar_t c;
	int n;

	for (const char *at = clean; at != NULL && len + MB_LEN_MAX < size; at += n) {
		int cells;

		n = mbtowc(&c, at, MB_LEN_MAX);
		cells = n > 0 ? top_cells(c) : 0;
		if (n <= 0 || used + (size_t)cells + 1 > width) {
			break;
		}
		memcpy(line + len, at, (size_t)n);
		len += (size_t)n;
		used += (size_t)cells;
	}
	while (used++ < width && len + 1 < size) {
		line[len++] = ' ';
	}
	line[len] = '\0';
}

static void when(const char *rfc3339, char out[CLOCK_SPAN_MAX]) {
	int64_t ms;

	out[0] = '\0';
	if (clock_parse(rfc3339, &ms) == 0) {
		clock_format_relative(ms, clock_now_ms(), out);
	}
}

/* Cells of each column, blank included, by the screen's width; 0: it is left out. What follows has the rest. */
struct layout {
	int columns; /* of a screen, at least */
	size_t time, task_type, error_type, project, branch, event_project;
};

static const struct layout *layout(void) {
	static const struct layout layouts[] = {
		{ 101, 12, 20, 22, 18, 30, 18 },
		{ 70, 12, 20, 22, 18, 14, 18 },
		{ 0, 11, 0, 0, 12, 26, 0 },
	};
	size_t i = 0;

	while (COLS < layouts[i].columns) {
		i++;
	}
	return &layouts[i];
}

/* Lines of panes */

static void task_line(const json_t *task, const char *time, char *out, size_t size) {
	const json_t *environment = json_object_get(task, "environment");
	char span[CLOCK_SPAN_MAX];

	when(json_text(task, time), span);
	out[0] = '\0';
	column(out, size, span, layout()->time);
	column(out, size, json_text(task, "type"), layout()->task_type);
	column(out, size, json_text(environment, "projectName"), layout()->project);
	column(out, size, json_text(environment, "branch"), layout()->branch);
	text_format(out + strlen(out), size - strlen(out), "%s", json_text(task, "reason"));
}

static void running_line(const json_t *task, char *out, size_t size) {
	task_line(task, "startedAt", out, size);
}

static void waiting_line(const json_t *task, char *out, size_t size) {
	task_line(task, "scheduledFor", out, size);
}

static void incident_line(const json_t *incident, char *out, size_t size) {
	out[0] = '\0';
	column(out, size, json_text(incident, "errorType"), layout()->error_type);
	column(out, size, json_text(incident, "project"), layout()->project);
	column(out, size, json_text(incident, "branch"), layout()->branch);
	text_format(out + strlen(out), size - strlen(out), "%s", json_text(incident, "reason"));
}

static void event_line(const json_t *event, char *out, size_t size) {
	char span[CLOCK_SPAN_MAX];

	when(json_text(event, "at"), span);
	out[0] = '\0';
	column(out, size, span, layout()->time);
	column(out, size, json_text(event, "project"), layout()->event_project);
	text_format(out + strlen(out), size - strlen(out), "%s", json_text(event, "message"));
}

static void budget_line(const json_t *object, char *out, size_t size) {
	if (json_object_get(object, "budget") != NULL) {
		text_format(out, size, "%s: %s  %s", json_text(object, "name"),
			json_text(object, "budget"), json_text(object, "reason"));
	} else {
		long long limit = (long long)json_number(object, "concurrency");
		char of[32] = "";

		if (limit > 0) {
			text_format(of, sizeof(of), " of %lld", limit);
		}
		text_format(out, size, "%s: %lld%s at work  %s%s", json_text(object, "name"),
			(long long)json_number(object, "running"), of, json_text(object, "problem"),
			json_text(object, "reason"));
	}
}

static const json_t *runs_of(const struct top *top) {
	return top->lists[TOP_RUNS].rows;
}

static const json_t *waits_of(const struct top *top) {
	return top->lists[TOP_WAITS].rows;
}

static const json_t *person_of(const struct top *top) {
	return top->lists[TOP_PERSON].rows;
}

static const json_t *events_of(const struct top *top) {
	return top->events;
}

static const json_t *forges_of(const struct top *top) {
	return json_object_get(top->status, "forges");
}

static const json_t *agents_of(const struct top *top) {
	return json_object_get(top->status, "agents");
}

/* Top down; first those whose rows can be selected, by enum top_list_id. */
static const struct pane {
	const char *title;
	const json_t *(*list)(const struct top *top);
	void (*line)(const json_t *object, char *out, size_t size);
	size_t share;	  /* of the screen's lines, of 24, that it has when others want more, too */
	bool newest_last; /* the end of the list is shown */
} panes[] = {
	[TOP_RUNS] = { "RUNS", runs_of, running_line, 3, false },
	[TOP_WAITS] = { "WAITS", waits_of, waiting_line, 4, false },
	[TOP_PERSON] = { "NEEDS A PERSON", person_of, incident_line, 3, false },
	{ "FORGES", forges_of, budget_line, 1, false },
	{ "AGENTS", agents_of, budget_line, 1, false },
	{ "EVENTS", events_of, event_line, 3, true },
};

/* A row in turn to each pane that has more, while some are left: up to its share, or `to_all`. Returns what is left. */
static size_t give_rows(
	const struct top *top, size_t left, bool to_all, size_t rows[ARRAY_SIZE(panes)]) {
	size_t given;

	do {
		given = 0;
		for (size_t i = 0; i < ARRAY_SIZE(panes) && left > given; i++) {
			size_t n = json_array_size(panes[i].list(top));

			if (rows[i] < (to_all ? n : MIN(n, panes[i].share))) {
				rows[i]++;
				given++;
			}
		}
		left -= given;
	} while (given > 0);
	return left;
}

/* Rows of each pane: first its share, then what is left over goes to those that have more. */
static void share_rows(const struct top *top, size_t rows[ARRAY_SIZE(panes)]) {
	int left = LINES - (int)ARRAY_SIZE(panes) - 3;

	memset(rows, 0, ARRAY_SIZE(panes) * sizeof(*rows));
	left = (int)give_rows(top, (size_t)MAX(left, 0), false, rows);
	(void)give_rows(top, (size_t)left, true, rows);
}

/* The first line that is shown, so that the selected one is. */
static size_t first_shown(const struct pane *pane, size_t n, size_t n_shown, size_t selected) {
	if (pane->newest_last) {
		return n - n_shown;
	}
	return selected < n && selected >= n_shown ? selected + 1 - n_shown : 0;
}

static void draw_title(const struct top *top, size_t pane, int row, size_t n, size_t n_shown) {
	int64_t total = pane < TOP_LISTS ? top->lists[pane].total : (int64_t)n;
	char line[LINE_MAX_CHARS];

	if (total > (int64_t)n) {
		text_format(line, sizeof(line), "%s (%lld, of which the newest %zu)",
			panes[pane].title, (long long)total, n);
	} else if (pane >= TOP_LISTS && n_shown < n && !panes[pane].newest_last) {
		text_format(line, sizeof(line), "%s (%zu, %zu of them here: a shows all)",
			panes[pane].title, n, n_shown);
	} else {
		text_format(line, sizeof(line), "%s (%zu)", panes[pane].title, n);
	}
	put(row, 0, A_BOLD | color_of(2), line);
}

/* `selected`: the row of this pane, or beyond it. Returns the row below the pane. */
static int draw_pane(const struct top *top, size_t i, int row, size_t n_shown, size_t selected) {
	const struct pane *pane = &panes[i];
	const json_t *list = pane->list(top);
	size_t n = json_array_size(list), first = first_shown(pane, n, n_shown, selected);
	char line[LINE_MAX_CHARS];

	if (row < LINES - 2) {
		draw_title(top, i, row, n, n_shown);
	}
	for (size_t k = 0; k < n_shown && row + 1 + (int)k < LINES - 2; k++) {
		pane->line(json_array_get(list, first + k), line, sizeof(line));
		put(row + 1 + (int)k, 2, first + k == selected ? A_REVERSE : A_NORMAL, line);
	}
	return row + 1 + (int)n_shown;
}

json_t *top_all(const struct top *top) {
	json_t *lines = json_array();
	char line[LINE_MAX_CHARS];

	for (size_t i = TOP_LISTS; i < ARRAY_SIZE(panes); i++) {
		const json_t *list = panes[i].list(top);

		(void)json_array_append_new(lines, json_string(panes[i].title));
		for (size_t k = 0; k < json_array_size(list); k++) {
			panes[i].line(json_array_get(list, k), line, sizeof(line));
			(void)json_array_append_new(lines, json_sprintf("  %s", line));
		}
	}
	return lines;
}

static void draw_health(const struct top *top) {
	const json_t *status = top->status;
	char line[LINE_MAX_CHARS], at[CLOCK_TEXT_MAX];

	if (top->conn == NULL && top->answered_ms > 0) {
		clock_format(top->answered_ms, at);
		text_format(line, sizeof(line),
			"codegend is not reachable; below is what it said last, at %s", at);
		put(0, 0, A_BOLD | color_of(1), line);
		return;
	}
	if (status == NULL) {
		put(0, 0, A_BOLD | color_of(1), "codegend is not reachable");
		return;
	}
	text_format(line, sizeof(line), "codegend %s%s%s  %lld executing, %lld scheduled  %s",
		json_text(status, "version"), top_is_paused(top) ? "  PAUSED" : "",
		strcmp(json_text(status, "mode"), "observe") == 0 ? "  observe" : "",
		(long long)json_number(json_object_get(status, "tasks"), "executing"),
		(long long)json_number(json_object_get(status, "tasks"), "scheduled"),
		json_text(json_object_get(status, "store"), "problem"));
	put(0, 0, A_BOLD, line);
}

static void draw_lists(const struct top *top) {
	size_t selected = top_n_rows(top) > 0 ? top_selected(top) : SIZE_MAX;
	size_t rows[ARRAY_SIZE(panes)];
	int row = 1;

	share_rows(top, rows);
	for (size_t i = 0; i < ARRAY_SIZE(panes); i++) {
		size_t n = json_array_size(panes[i].list(top));
		bool is_here = i < TOP_LISTS && selected < n;

		row = draw_pane(top, i, row, rows[i], is_here ? selected : SIZE_MAX);
		selected = is_here || selected == SIZE_MAX ? SIZE_MAX : selected - n;
	}
}

static void draw_text(const struct top *top) {
	for (int row = 1; row < LINES - 2; row++) {
		const json_t *line = json_array_get(top->text, top->text_top + (size_t)row - 1);

		if (line != NULL) {
			put(row, 0, A_NORMAL, json_string_value(line));
		}
	}
}

size_t top_page(const struct top *top) {
	size_t selected = top_selected(top), rows[ARRAY_SIZE(panes)], pane = 0;

	if (top->mode == TOP_TEXT) {
		return (size_t)MAX(LINES - 3, 1);
	}
	share_rows(top, rows);
	while (pane + 1 < TOP_LISTS && selected >= json_array_size(panes[pane].list(top))) {
		selected -= json_array_size(panes[pane++].list(top));
	}
	return MAX(rows[pane], (size_t)1);
}

/* Above the line of the keys, over what is there: as many lines as it needs, the screen's first one excepted. */
static void draw_sentence(const char *text) {
	size_t starts[64], n = 0, n_max = (size_t)MAX(MIN(LINES - 2, (int)ARRAY_SIZE(starts)), 1);
	_cleanup_(freep) char *clean = print_one_line(text);

	for (size_t at = 0; clean != NULL && clean[at] != '\0' && n < n_max;) {
		starts[n++] = at;
		at += top_line_length(clean + at, COLS);
		at += clean[at] == ' ';
	}
	for (size_t i = 0; i < n; i++) {
		char line[LINE_MAX_CHARS];

		text_format(line, sizeof(line), "%.*s",
			(int)top_line_length(clean + starts[i], COLS), clean + starts[i]);
		(void)move(LINES - 1 - (int)(n - i), 0);
		(void)clrtoeol();
		put(LINES - 1 - (int)(n - i), 0, A_BOLD, line);
	}
}

void top_draw(const struct top *top) {
	static const char *const hints[] = {
		[TOP_LIST] =
			"j k g G PgDn select  Enter show  e why  r run  c cancel  p pause  ? help  q quit",
		[TOP_TEXT] = "q back  j k PgDn PgUp scroll  g start  G end",
		[TOP_ASK] = "y do it  n leave it",
	};
	static const char narrow[] = "? help  q quit  j k select  Enter show";
	const char *hint = hints[top->mode];

	if (top->mode == TOP_LIST && (size_t)COLS < strlen(hint)) {
		hint = narrow; /* help tells the rest */
	}

	(void)erase();
	draw_health(top);
	if (top->mode == TOP_TEXT) {
		draw_text(top);
	} else {
		draw_lists(top);
	}
	draw_sentence(top->mode == TOP_ASK ? top->question : top->note);
	put(LINES - 1, 0, top->mode == TOP_ASK ? A_BOLD : A_DIM, hint);
	(void)refresh();
}
