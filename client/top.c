/*
 * The loop of `top`.
 */
#include "client/top.h"

#include <curses.h>
#include <poll.h>
#include <signal.h>
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

static volatile sig_atomic_t ended_by;

static void note_signal(int number) {
	ended_by = number;
}

/*
 * Of signals that end a program: the terminal is put right first. They come in the wait alone, so that none is missed;
 * one that was ignored stays so. Before ncurses takes them.
 */
static void catch_signals(sigset_t *ret_in_wait) {
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction noted = { .sa_handler = note_signal }, before;
	sigset_t caught;

	(void)sigemptyset(&caught);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) {
			(void)sigaction(numbers[i], &noted, NULL);
			(void)sigaddset(&caught, numbers[i]);
		}
	}
	(void)sigprocmask(SIG_BLOCK, &caught, ret_in_wait);
}

/* As if nothing had been caught. */
static void end_by_signal(const sigset_t *mask) {
	if (ended_by != 0) {
		(void)signal(ended_by, SIG_DFL);
		(void)raise(ended_by);
		(void)sigprocmask(SIG_SETMASK, mask, NULL);
	}
}

/* Until a key, an event, the next look, or the end of a note. A resize interrupts it, and is a key to ncurses. */
static void wait_for_something(const struct top *top, const sigset_t *mask) {
	struct pollfd polled[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = top->watch != NULL ? call_fd(top->watch) : -1, .events = POLLIN } };
	int64_t until_us =
		top->note[0] != '\0' ? MIN(top->look_us, top->note_until_us) : top->look_us;
	int64_t left_ms = MAX(until_us - clock_mono_us(), 0) / 1000 + 1;
	struct timespec left = { left_ms / 1000, left_ms % 1000 * 1000000 };

	(void)ppoll(polled, ARRAY_SIZE(polled), &left, mask);
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
	SCREEN *screen;
	sigset_t mask;

	catch_signals(&mask);
	screen = screen_open(&top);
	if (screen == NULL) {
		return failure_report(FAILURE_FAILED,
			"set it, such as TERM=xterm-256color, or use \"codegenctl status\"",
			"the terminal is of an unknown type, or cannot move its cursor: $TERM is \"%s\"",
			getenv("TERM") != NULL ? getenv("TERM") : "");
	}
	while (!top.is_over && ended_by == 0) {
		if (clock_mono_us() >= top.look_us) {
			top_look(&top);
		}
		if (clock_mono_us() >= top.note_until_us) {
			top.note[0] = '\0';
		}
		top_draw(&top);
		wait_for_something(&top, &mask);
		top_take_events(&top);
		take_keys(&top);
	}
	(void)endwin();
	delscreen(screen);
	top_finish(&top);
	end_by_signal(&mask);
	return 0;
}
