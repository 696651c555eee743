/*
 * run_pty - a terminal for a step whose output goes to ours, so that it shows colours and progress as ever.
 *
 * Only its output goes through it: the step stays in our session and reads our terminal itself, so that keys, job
 * control and /dev/tty are as without us, and ours is never left in another mode. It changes no byte; line ends are
 * ours to change. What the step sets through it (curses do) is done to ours.
 */
#pragma once

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "common/macro.h"

struct run_pty {
	int outer; /* borrowed: our terminal */
	int master;
	int slave;
	struct termios modes; /* as they were seen last */
	struct winsize size;
};

/* Returns: 0, the caller closes `master` and `slave`; errno: there are none here. */
must_check int run_pty_open(struct run_pty *pty, int outer);

/* Our terminal's size may have changed. Returns whether it has. */
bool run_pty_resize(struct run_pty *pty);
/* Does to our terminal what the step has done to its own. */
void run_pty_follow(struct run_pty *pty);
