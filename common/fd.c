#include "common/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/text.h"

#define READ_BYTES ((size_t)64 * 1024)
/* Where nothing lists what is open, and the limit is "infinity". */
#define BLIND_MAX 65536

int fd_close(int fd) {
	int saved = errno;

	if (fd >= 0) {
		close(fd);
	}
	errno = saved;
	return -1;
}

void fd_closep(int *fd) {
	fd_close(*fd);
}

static void dir_closep(DIR **dir) {
	if (*dir != NULL) {
		closedir(*dir);
	}
}

/* Returns whether the list was to be had. */
static bool close_listed(int first) {
	_cleanup_(dir_closep) DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int64_t fd;

	if (dir == NULL) {
		return false;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (text_to_int(entry->d_name, &fd) == 0 && fd >= first && fd != dirfd(dir)) {
			(void)close((int)fd);
		}
	}
	return true;
}

void fd_close_from(int first) {
	struct rlimit limit = { .rlim_cur = BLIND_MAX };

	if (syscall(SYS_close_range, (unsigned int)first, ~0U, 0) == 0 || close_listed(first)) {
		return;
	}
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = first; fd < (int)MIN(limit.rlim_cur, (rlim_t)BLIND_MAX); fd++) {
		(void)close(fd);
	}
}

int fd_write_all(int fd, const void *data, size_t len) {
	const char *bytes = data;

	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -errno;
		}
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_read_all(int fd, size_t max_bytes, char **ret_data, size_t *ret_len) {
	_cleanup_(buffer_finish) struct buffer buf;
	char *data;
	size_t len;

	/* One byte more than allowed, to tell "exactly" from "longer". */
	buffer_init(&buf, max_bytes + 1);
	for (;;) {
		size_t want = MIN(READ_BYTES, max_bytes + 1 - buf.len);
		char *space = buffer_reserve(&buf, want);
		ssize_t n;

		if (space == NULL) {
			return -ENOMEM;
		}
		n = read(fd, space, want);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return -errno;
		}
		if (n == 0) {
			break;
		}
		buffer_commit(&buf, (size_t)n);
		if (buf.len > max_bytes) {
			return -EFBIG;
		}
	}
	len = buf.len;
	data = buffer_steal(&buf);
	if (data == NULL) {
		return -ENOMEM;
	}
	*ret_data = data;
	if (ret_len != NULL) {
		*ret_len = len;
	}
	return 0;
}

int fd_read_file(const char *path, size_t max_bytes, char **ret_data, size_t *ret_len) {
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd_read_all(fd, max_bytes, ret_data, ret_len);
}

int fd_sync_parent(const char *path) {
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : MAX((size_t)(slash - path), (size_t)1);
	_cleanup_(freep) char *dir = slash == NULL ? strdup(".") : strndup(path, len);
	_cleanup_(fd_closep) int fd = -1;

	if (dir == NULL) {
		return -ENOMEM;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int fill_file(int fd, const void *data, size_t len, mode_t mode) {
	int status = fd_write_all(fd, data, len);

	if (status < 0) {
		return status;
	}
	return fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int fd_write_file_atomic(const char *path, const void *data, size_t len, mode_t mode) {
	_cleanup_(freep) char *temporary = NULL;
	_cleanup_(fd_closep) int fd = -1;
	int status;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	status = fill_file(fd, data, len, mode);
	if (status == 0 && rename(temporary, path) < 0) {
		status = -errno;
	}
	if (status < 0) {
		unlink(temporary);
		return status;
	}
	return fd_sync_parent(path);
}

/* A parent that we may write but not read, or a file system without this, is used as it is. */
static int sync_new_dir(const char *path) {
	int status = fd_sync_parent(path);

	return status == -EACCES || status == -EINVAL ? 0 : status;
}

static int make_dir(const char *path, mode_t mode) {
	struct stat st;

	if (mkdir(path, mode) < 0) {
		int error = errno;

		/* Some file systems answer EROFS or EACCES for a directory that exists. */
		if (stat(path, &st) < 0) {
			return -error;
		}
		return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
	}
	/* The umask may have taken bits; an inherited set-group-id bit stays. */
	if (stat(path, &st) < 0) {
		return -errno;
	}
	if ((st.st_mode & mode) != mode && chmod(path, mode | (st.st_mode & S_ISGID)) < 0) {
		return -errno;
	}
	return sync_new_dir(path);
}

int fd_make_dirs(const char *path, mode_t mode) {
	_cleanup_(freep) char *partial = strdup(path);
	int status = 0;

	if (partial == NULL) {
		return -ENOMEM;
	}
	for (char *p = partial; status == 0 && *p != '\0';) {
		char saved;

		p += strspn(p, "/");
		p += strcspn(p, "/");
		saved = *p;
		*p = '\0';
		status = make_dir(partial, mode);
		*p = saved;
	}
	return status;
}

static int remove_at(int parent, const char *name);

static int remove_entries(DIR *dir) {
	struct dirent *entry;
	int status = 0;

	while (status == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			status = remove_at(dirfd(dir), entry->d_name);
		}
	}
	return status < 0 ? status : -errno;
}

static int remove_dir_at(int parent, const char *name) {
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(dir_closep) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int status;

	if (dir == NULL) {
		status = -errno;
		fd_close(fd);
		return status;
	}
	status = remove_entries(dir);
	if (status < 0) {
		return status;
	}
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_at(int parent, const char *name) {
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) {
		return 0;
	}
	/* Linux says EISDIR, POSIX allows EPERM. */
	if (errno != EISDIR && errno != EPERM) {
		return -errno;
	}
	return remove_dir_at(parent, name);
}

int fd_remove_tree(const char *path) {
	return remove_at(AT_FDCWD, path);
}
