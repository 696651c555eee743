/*
 * file - reading what a command line names, without ever hanging: it may be a FIFO nobody writes to, or a device.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/macro.h"

enum file_kinds {
	FILE_REGULAR,	   /* regular files only */
	FILE_REGULAR_PIPE, /* and FIFOs, pipes and sockets */
};

/*
 * Opens `path` for reading; "-" is standard input when pipes are allowed. Does not wait for a FIFO's writer.
 * Returns: 0, the caller closes `*ret_fd`; -EISDIR; -ENODEV, a device, or a pipe where only files are
 * allowed; other errno.
 */
must_check int file_open(const char *path, enum file_kinds kinds, int *ret_fd);

/*
 * Reads what is there, and waits for it until `deadline_us` (CLOCK_MONOTONIC; CALL_NO_DEADLINE: for ever). `total` is
 * what was read before: a pipe that never had a writer is waited for, one that lost its writers is at its end.
 * Returns: the number of bytes; 0, the end; -ETIMEDOUT; other errno.
 */
must_check ssize_t file_read(int fd, void *data, size_t size, uint64_t total, int64_t deadline_us);

/*
 * A whole file of at most `max_bytes` as a malloc()ed, NUL-ended string that the caller frees.
 * Returns: 0; -EFBIG, longer; as file_open() and file_read(). Outputs untouched on failure.
 */
must_check int file_read_whole(const char *path, enum file_kinds kinds, size_t max_bytes,
	int64_t deadline_us, char **ret_data, size_t *ret_len);

/* Whether there is what is no regular file, a link too: to replace it would be no help to anybody. */
must_check bool file_is_special(const char *path);

/* What is wrong with the file, in words. Static, until the next call. */
const char *file_problem(int negative_errno);
