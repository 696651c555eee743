/*
 * top - the live view: a model of what the daemon said last, drawn whole after each change, and keys that act on it.
 *
 * No event loop: top.c waits in one poll() for a key, an event of the daemon and the time of the next look. One
 * thread. All text from the daemon is foreign: top_draw.c alone puts it on the screen, made printable.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#include "client/call.h"
#include "client/command.h"
#include "common/macro.h"

enum top_kind { TOP_TASK, TOP_INCIDENT };

/* What can be selected. Borrowed from the model's lists. */
struct top_row {
	enum top_kind kind;
	const json_t *object;
};

/* What can be selected, from top to bottom. */
enum top_list_id { TOP_RUNS, TOP_WAITS, TOP_PERSON, TOP_LISTS };

struct top_list {
	json_t *rows;  /* owned; the newest CLIENT_TOP_ROWS */
	int64_t total; /* how many there are */
};

enum top_mode { TOP_LIST, TOP_TEXT, TOP_ASK };

/* What is done after a question, of one object or, where nothing stands in front of its id, of everything. */
struct top_deed {
	const char *method;
	const char *question;
	const char *before_id, *done; /* the sentence that it was done */
};

struct top {
	const struct invocation *inv;
	enum top_mode mode;
	bool is_over;

	/* top_model.c: what was said last; owned */
	struct call_conn *conn;		  /* NULL: nobody answers, and the rest is from before */
	struct call_conn *watch;	  /* its stream of events */
	json_t *status;			  /* NULL: it was never told */
	struct top_list lists[TOP_LISTS]; /* of tasks, what is due first first; of incidents */
	json_t *events;			  /* oldest first */
	bool events_are_old; /* those of a stream that ended, until the next one tells its own */
	int64_t look_us;     /* when everything is asked for again; monotonic */
	int64_t answered_ms; /* the wall clock's, at the last answer; 0: none yet */

	/* top_keys.c */
	char selected[CLIENT_NAME_MAX];	    /* an id, so that it stays when rows move */
	char note[CLIENT_SENTENCE_MAX];	    /* what happened last */
	int64_t note_until_us;		    /* it is gone then, and at the next key; monotonic */
	json_t *text;			    /* owned; lines of the mode TOP_TEXT */
	size_t text_top;		    /* the first line that is shown */
	char question[CLIENT_SENTENCE_MAX]; /* of TOP_ASK */
	const struct top_deed *deed;	    /* of TOP_ASK: done on y */
	char asked[CLIENT_NAME_MAX];	    /* with this id; empty: with none */
};

/* top.c, or top_none.c where it is not linked. Returns the exit code. */
int top_run(const struct invocation *inv);

/* top_model.c */

/* Says what happened; printf(3). */
void top_note(struct top *top, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Asks for everything again, connects when it must. What went wrong is in `note`. */
void top_look(struct top *top);
/* Takes the events that are there. */
void top_take_events(struct top *top);
/* Calls a method; takes `parameters`. False: it failed, and `note` says so. The caller decrefs `*ret_answer`. */
bool top_call(struct top *top, const char *method, json_t *parameters, json_t **ret_answer);
size_t top_n_rows(const struct top *top);
/* `i`: below top_n_rows(). */
struct top_row top_row_at(const struct top *top, size_t i);
/* Of the selected row; 0 when it is gone. */
size_t top_selected(const struct top *top);
bool top_is_paused(const struct top *top);
void top_finish(struct top *top);

/* top_draw.c */

/* Cells of the screen for a character; one for what is drawn as a question mark. */
int top_cells(wchar_t c);
void top_draw(const struct top *top);
/* All lines of the panes in which nothing can be selected, below their titles. A new array. */
json_t *top_all(const struct top *top);
/* Rows of what is scrolled: the text's, or those of the list that has the selection. At least one. */
size_t top_page(const struct top *top);

/* top_keys.c */

/* What a key of ncurses does. */
void top_key(struct top *top, int key);
/* Bytes of the next line: to its end, or to the last blank before the edge, which is `room` cells away. */
size_t top_line_length(const char *text, int room);
