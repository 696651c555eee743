#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "client/context_source.h"
#include "common/fd.h"
#include "common/text.h"

/* Does not wait for a FIFO's writer, and takes no terminal. */
#define OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static int open_resolved(int root_fd, const char *path, int flags, uint64_t resolve) {
	struct open_how how = { .flags = (uint64_t)flags, .resolve = resolve };
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* Where openat2() is missing, or a container forbids it: component by component, no link at all. */
static int open_stepwise(int root_fd, const char *path, int flags) {
	_cleanup_(fd_closep) int dir = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
	char step[NAME_MAX + 1];
	int fd;

	for (;;) {
		size_t len = strcspn(path, "/");
		bool last = path[len] == '\0' || path[len + 1] == '\0';

		if (!text_format(step, sizeof(step), "%.*s", (int)len, path)) {
			return -ENAMETOOLONG;
		}
		fd = openat(
			dir, step, O_NOFOLLOW | (last ? flags : O_PATH | O_DIRECTORY | O_CLOEXEC));
		if (fd < 0) {
			return -errno;
		}
		if (last) {
			return fd;
		}
		fd_close(dir);
		dir = fd;
		path += len + 1;
	}
}

static int open_unlinked(int root_fd, const char *path, int flags) {
	int fd = open_resolved(root_fd, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	return fd == -ENOSYS || fd == -EPERM ? open_stepwise(root_fd, path, flags) : fd;
}

/* What a link must not show: git's own files hold the token of the checkout. */
static bool is_private(const char *path) {
	static const char *const names[] = { ".env", ".npmrc", ".netrc", ".pypirc", ".yarnrc",
		".git-credentials", ".htpasswd", "id_rsa", "id_ed25519", "credentials" };
	const char *name = strrchr(path, '/');
	const char *dot = name != NULL ? strrchr(name, '.') : NULL;

	if (name == NULL || strstr(path, "/.git/") != NULL || strcasestr(name, "lock") != NULL ||
		(dot != NULL && (strcmp(dot, ".pem") == 0 || strcmp(dot, ".key") == 0))) {
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strncmp(name + 1, names[i], strlen(names[i])) == 0) {
			return true;
		}
	}
	return false;
}

static int open_file(int root_fd, const char *path) {
	_cleanup_(fd_closep) int fd = open_unlinked(root_fd, path, OPEN_FLAGS);
	char link[64], target[PATH_MAX];
	ssize_t len;
	int opened;

	if (fd != -ELOOP) {
		opened = fd;
		fd = -1;
		return opened;
	}
	fd = open_resolved(root_fd, path, OPEN_FLAGS, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	if (fd < 0) {
		return fd == -EXDEV ? -ELOOP : fd;
	}
	(void)text_format(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0) {
		return -ELOOP;
	}
	target[len] = '\0';
	if (is_private(target)) {
		return -ELOOP;
	}
	opened = fd;
	fd = -1;
	return opened;
}

int context_open_directory(int root_fd, const char *path) {
	return open_unlinked(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int context_read(
	int root_fd, const char *path, size_t max_bytes, char **ret_text, uint64_t *ret_size) {
	_cleanup_(fd_closep) int fd = open_file(root_fd, path);
	_cleanup_(freep) char *text = NULL;
	struct stat st;
	size_t n = 0, room;
	ssize_t r = 1;

	if (fd < 0) {
		return fd;
	}
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -ENODEV;
	}
	room = MIN(max_bytes, (size_t)st.st_size);
	text = malloc(room + 1);
	if (text == NULL) {
		return -ENOMEM;
	}
	while (n < room && r > 0) {
		r = read(fd, text + n, room - n);
		if (r < 0 && errno != EINTR) {
			return -errno;
		}
		n += r > 0 ? (size_t)r : 0;
		r = r < 0 ? 1 : r;
	}
	text[n] = '\0';
	if (memchr(text, '\0', n) != NULL) {
		return -EILSEQ;
	}
	*ret_text = TAKE_PTR(text);
	*ret_size = (uint64_t)st.st_size;
	return 0;
}
