/*
 * The loop of `top`.
 */
#include "client/top.h"

#include <curses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

#include "client/failure.h"
#include "client/print.h"
#include "common/clock.h"

/* Whether the terminal's type is known, and it can move its cursor. initscr() and newterm() would begin without. */
static bool can_draw(void) {
	char *moves;

	if (setupterm(NULL, STDOUT_FILENO, &(int){ 0 }) != OK) {
		return false;
	}
	moves = tigetstr("cup");
	return moves != NULL && moves != (char *)-1;
}

static SCREEN *screen_open(const struct top *top) {
	SCREEN *screen;

	screen = can_draw() ? newterm(NULL, stdout, stdin) : NULL;
	if (screen == NULL) {
		return NULL;
	}
	(void)cbreak();
	(void)noecho();
	(void)curs_set(0);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)set_escdelay(50);
	if (has_colors() && print_style_detect(option_flag(&top->inv->globals, "no-color")).color) {
		(void)start_color();
		(void)use_default_colors();
		(void)init_pair(1, COLOR_RED, -1);
		(void)init_pair(2, COLOR_CYAN, -1);
	}
	return screen;
}

/* Until a key, an event, the next look, or the end of a note. A resize interrupts it, and is a key to ncurses. */
static void wait_for_something(const struct top *top) {
	struct pollfd polled[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = top->watch != NULL ? call_fd(top->watch) : -1, .events = POLLIN } };
	int64_t until_us =
		top->note[0] != '\0' ? MIN(top->look_us, top->note_until_us) : top->look_us;
	int64_t left_us = until_us - clock_mono_us();

	(void)poll(polled, ARRAY_SIZE(polled), (int)(MAX(left_us, 0) / 1000) + 1);
}

/* The terminal is gone when it says end of file without a key. */
static void take_keys(struct top *top) {
	struct pollfd polled = { .fd = STDIN_FILENO, .events = POLLIN };
	int key;

	while ((key = getch()) != ERR) {
		top_key(top, key);
	}
	if (poll(&polled, 1, 0) > 0 && (polled.revents & (POLLHUP | POLLERR)) != 0) {
		top->is_over = true;
	}
}

int top_run(const struct invocation *inv) {
	struct top top = { .inv = inv };
	SCREEN *screen = screen_open(&top);

	if (screen == NULL) {
		return failure_report(FAILURE_FAILED,
			"set it, such as TERM=xterm-256color, or use \"codegenctl status\"",
			"the terminal is of an unknown type, or cannot move its cursor: $TERM is \"%s\"",
			getenv("TERM") != NULL ? getenv("TERM") : "");
	}
	while (!top.is_over) {
		if (clock_mono_us() >= top.look_us) {
			top_look(&top);
		}
		if (clock_mono_us() >= top.note_until_us) {
			top.note[0] = '\0';
		}
		top_draw(&top);
		wait_for_something(&top);
		top_take_events(&top);
		take_keys(&top);
	}
	(void)endwin();
	delscreen(screen);
	top_finish(&top);
	return 0;
}
