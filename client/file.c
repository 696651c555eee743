#include "client/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/call.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"

#define READ_BYTES 4096
/* poll() takes an int; a longer wait is several. */
#define WAIT_MAX_MS 3600000

static bool is_stream(mode_t mode) {
	return S_ISFIFO(mode) || S_ISSOCK(mode);
}

int file_open(const char *path, enum file_kinds kinds, int *ret_fd) {
	_cleanup_(fd_closep) int fd = -1;
	bool is_stdin = kinds == FILE_REGULAR_PIPE && strcmp(path, "-") == 0;
	struct stat st;

	fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
		      : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		return -errno;
	}
	if (S_ISDIR(st.st_mode)) {
		return -EISDIR;
	}
	if (!S_ISREG(st.st_mode) && (kinds == FILE_REGULAR || !is_stream(st.st_mode))) {
		return -ENODEV;
	}
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* Waits until there is something to read, or the last writer is gone. */
static int wait_readable(int fd, int64_t deadline_us) {
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left_us = deadline_us - clock_mono_us();
		int wait_ms = -1, n;

		if (deadline_us != CALL_NO_DEADLINE) {
			if (left_us <= 0) {
				return -ETIMEDOUT;
			}
			wait_ms = (int)MIN(left_us / 1000 + 1, WAIT_MAX_MS);
		}
		n = poll(&pollfd, 1, wait_ms);
		if (n > 0) {
			return 0;
		}
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
	}
}

/* At the end of a pipe nobody has written to yet, poll() waits for the first writer. */
static bool may_begin(int fd, uint64_t total) {
	struct stat st;

	return total == 0 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

ssize_t file_read(int fd, void *data, size_t size, uint64_t total, int64_t deadline_us) {
	bool waited = false;

	for (;;) {
		ssize_t n;
		int r;

		if (deadline_us != CALL_NO_DEADLINE && clock_mono_us() >= deadline_us) {
			return -ETIMEDOUT;
		}
		n = read(fd, data, size);
		if (n > 0 || (n == 0 && (waited || !may_begin(fd, total)))) {
			return n;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
		r = n < 0 && errno == EINTR ? 0 : wait_readable(fd, deadline_us);
		if (r < 0) {
			return r;
		}
		waited = waited || n == 0;
	}
}

int file_read_whole(const char *path, enum file_kinds kinds, size_t max_bytes, int64_t deadline_us,
	char **ret_data, size_t *ret_len) {
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(buffer_finish) struct buffer text;
	char data[READ_BYTES];
	ssize_t n;
	int r = file_open(path, kinds, &fd);

	/* One byte more than allowed tells "exactly" from "longer". */
	buffer_init(&text, max_bytes + READ_BYTES);
	while (r == 0 && (n = file_read(fd, data, sizeof(data), text.len, deadline_us)) != 0) {
		r = n < 0 ? (int)n : buffer_append(&text, data, (size_t)n);
		if (r == 0 && text.len > max_bytes) {
			r = -EFBIG;
		}
	}
	if (r == 0) {
		size_t len = text.len;
		char *stolen = buffer_steal(&text);

		if (stolen == NULL) {
			return -ENOMEM;
		}
		*ret_data = stolen;
		*ret_len = len;
	}
	return r;
}

bool file_is_special(const char *path) {
	struct stat st;

	return lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

const char *file_problem(int negative_errno) {
	switch (negative_errno) {
	case -ENODEV: return "it is not a regular file";
	case -ETIMEDOUT: return "nothing was written to it in time";
	default: return log_errno(negative_errno);
	}
}
