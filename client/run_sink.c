#include "client/run_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

/* The descriptor's flags belong to all who share it, so that waiting is turned off on one of our own. */
static int open_anew(int standard) {
	char path[32];

	(void)text_format(path, sizeof(path), "/proc/self/fd/%d", standard);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static enum run_sink_kind kind_of(int standard, const struct stat *st) {
	int flags = fcntl(standard, F_GETFL);

	if (S_ISSOCK(st->st_mode)) {
		return RUN_SINK_SOCKET;
	}
	if (S_ISFIFO(st->st_mode) || (S_ISCHR(st->st_mode) && isatty(standard))) {
		/* Somebody may have turned waiting off already. */
		return flags >= 0 && (flags & O_NONBLOCK) != 0 ? RUN_SINK_OWN : RUN_SINK_CAREFUL;
	}
	return RUN_SINK_PLAIN;
}

void run_sink_open(struct run_sink *sink, int standard) {
	struct statfs fs;
	struct stat st;

	*sink = (struct run_sink){ .fd = standard, .standard = standard };
	if (fstat(standard, &st) < 0) {
		return;
	}
	sink->kind = kind_of(standard, &st);
	sink->tells =
		S_ISFIFO(st.st_mode) && fstatfs(standard, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
	if (sink->kind == RUN_SINK_CAREFUL) {
		int fd = open_anew(standard);

		if (fd >= 0) {
			sink->fd = fd;
			sink->kind = RUN_SINK_OWN;
		}
	}
}

void run_sink_close(struct run_sink *sink) {
	if (sink->fd != sink->standard) {
		(void)fd_close(sink->fd);
	}
	sink->fd = sink->standard;
}

static ssize_t write_carefully(int fd, const char *data, size_t len) {
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	if (poll(&ready, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(fd, data, MIN(len, PIPE_BUF));
}

ssize_t run_sink_write(const struct run_sink *sink, const char *data, size_t len) {
	ssize_t n = -1;

	do {
		switch (sink->kind) {
		case RUN_SINK_PLAIN:
		case RUN_SINK_OWN: n = write(sink->fd, data, len); break;
		case RUN_SINK_SOCKET:
			n = send(sink->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
			break;
		case RUN_SINK_CAREFUL: n = write_carefully(sink->fd, data, len); break;
		}
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}
