/*
 * fd - file descriptors and small files, without an event loop. Blocking; errors are negative errno.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "common/macro.h"

/* Closes and returns -1, for `fd = fd_close(fd)`; a negative fd is fine. Keeps errno. */
int fd_close(int fd);
/* For _cleanup_(fd_closep). */
void fd_closep(int *fd);
/* Closes `first` and all above it, also where close_range(2) is missing or refused. For a process of one thread. */
void fd_close_from(int first);

/* Writes everything, through EINTR and short writes (a blocking fd). */
must_check int fd_write_all(int fd, const void *data, size_t len);

/*
 * Reads a whole file of at most `max_bytes` into a malloc()ed, NUL-ended string that the caller frees.
 * Returns: 0; -EFBIG, longer; -EISDIR; other errno. Outputs untouched on failure. `ret_len` may be NULL.
 */
must_check int fd_read_file(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len);
/* As fd_read_file(), to the end of an open fd. */
must_check int fd_read_all(int fd, size_t max_bytes, char **ret_data, size_t *ret_len);

/*
 * Writes a file so that a crash leaves the old or the new content, never a part: temporary file beside it, fsync,
 * rename, fsync of the directory. `mode` as given, umask ignored.
 */
must_check int fd_write_file_atomic(const char *path, const void *data, size_t len, mode_t mode);

/* Makes what was renamed, made or removed at `path` last: fsync of its directory. */
must_check int fd_sync_parent(const char *path);

/*
 * mkdir -p: every missing directory of `path` with `mode`, each synced into its parent. Existing ones are left as they
 * are.
 */
must_check int fd_make_dirs(const char *path, mode_t mode);

/* Removes `path` and everything below it, without following symbolic links. Missing is success. */
must_check int fd_remove_tree(const char *path);
