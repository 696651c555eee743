#include "client/run_pty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"

/* Our terminal's modes, but that the bytes stay as they are: they are changed once, on ours. */
static int set_up(struct run_pty *pty) {
	if (tcgetattr(pty->outer, &pty->modes) < 0) {
		return -errno;
	}
	pty->modes.c_oflag &= ~(tcflag_t)OPOST;
	if (tcsetattr(pty->slave, TCSANOW, &pty->modes) < 0 ||
		tcgetattr(pty->slave, &pty->modes) < 0) {
		return -errno;
	}
	(void)run_pty_resize(pty);
	return 0;
}

int run_pty_open(struct run_pty *pty, int outer) {
	_cleanup_(fd_closep) int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	_cleanup_(fd_closep) int slave = -1;
	struct run_pty made = { .outer = outer };
	int r;

	if (master < 0 || unlockpt(master) < 0) {
		return -errno;
	}
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) < 0) {
		return -errno;
	}
	made.master = master;
	made.slave = slave;
	r = set_up(&made);
	if (r == 0) {
		*pty = made;
		master = slave = -1;
	}
	return r;
}

bool run_pty_resize(struct run_pty *pty) {
	struct winsize size;

	if (ioctl(pty->outer, TIOCGWINSZ, &size) < 0 || memcmp(&size, &pty->size, sizeof(size)) == 0) {
		return false;
	}
	pty->size = size;
	(void)ioctl(pty->master, TIOCSWINSZ, &size);
	return true;
}

/* What changed from `before` to `after`, in `flags`. */
static void follow_flags(tcflag_t *flags, tcflag_t before, tcflag_t after) {
	tcflag_t changed = before ^ after;

	*flags = (*flags & ~changed) | (after & changed);
}

static bool have_changed(const struct termios *a, const struct termios *b) {
	return a->c_iflag != b->c_iflag || a->c_oflag != b->c_oflag || a->c_lflag != b->c_lflag ||
		memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) != 0;
}

void run_pty_follow(struct run_pty *pty) {
	struct termios now, ours;

	if (tcgetattr(pty->master, &now) < 0 || !have_changed(&now, &pty->modes)) {
		return;
	}
	/* In the background a terminal cannot be set without being stopped. */
	if (tcgetpgrp(pty->outer) != getpgrp() || tcgetattr(pty->outer, &ours) < 0) {
		return;
	}
	follow_flags(&ours.c_iflag, pty->modes.c_iflag, now.c_iflag);
	follow_flags(&ours.c_oflag, pty->modes.c_oflag, now.c_oflag);
	follow_flags(&ours.c_lflag, pty->modes.c_lflag, now.c_lflag);
	for (size_t i = 0; i < ARRAY_SIZE(ours.c_cc); i++) {
		if (now.c_cc[i] != pty->modes.c_cc[i]) {
			ours.c_cc[i] = now.c_cc[i];
		}
	}
	/* Without waiting for what is still to be shown: Ctrl-S may hold that up for ever. */
	(void)tcsetattr(pty->outer, TCSANOW, &ours);
	now.c_oflag &= ~(tcflag_t)OPOST;
	(void)tcsetattr(pty->master, TCSANOW, &now);
	pty->modes = now;
}
