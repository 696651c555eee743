#include "client/run_plan.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum run_way run_plan_way(int fd) {
	int flags = fcntl(fd, F_GETFL), closes = fcntl(fd, F_GETFD);

	/* We hold what the caller has closed, and close it for others. */
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || (closes & FD_CLOEXEC) != 0) {
		return RUN_WAY_DIRECT;
	}
	return isatty(fd) ? RUN_WAY_PTY : RUN_WAY_PIPE;
}

/*
 * Whether both stand for one opening of a file, and so for one position in it: a flag that is set on the one is then
 * set on the other. O_NONBLOCK means nothing to a file, and kcmp(2) is refused in many containers.
 */
static bool is_one_opening(int a, int b) {
	int flags_a = fcntl(a, F_GETFL), flags_b = fcntl(b, F_GETFL), seen;

	if (flags_a != flags_b || fcntl(a, F_SETFL, flags_a ^ O_NONBLOCK) < 0) {
		return false;
	}
	seen = fcntl(b, F_GETFL);
	(void)fcntl(a, F_SETFL, flags_a);
	return seen != flags_b;
}

bool run_plan_is_same(int a, int b) {
	struct stat st_a, st_b;

	if (fstat(a, &st_a) < 0 || fstat(b, &st_b) < 0 || st_a.st_dev != st_b.st_dev ||
		st_a.st_ino != st_b.st_ino) {
		return false;
	}
	/* `>a 2>a` is two openings that write over each other, unless both append. */
	return !S_ISREG(st_a.st_mode) || (fcntl(a, F_GETFL) & fcntl(b, F_GETFL) & O_APPEND) != 0 ||
		is_one_opening(a, b);
}
