#include "daemon/ipc/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/limits.h"

/* For members of the daemon's group; the directory and systemd's SocketGroup= decide who that is. */
#define LISTENER_MODE 0660

static int listener_fail(int status, const char *path, const char *what, char *ret_sentence) {
	text_format(ret_sentence, LIMIT_SENTENCE_MAX, "the socket \"%s\" %s", path, what);
	return status;
}

static int listener_fail_errno(int status, const char *path, const char *doing, char *ret_sentence) {
	text_format(ret_sentence, LIMIT_SENTENCE_MAX, "%s the socket \"%s\" failed: %s", doing,
		path, log_errno(status));
	return status;
}

/* Whether nobody answers at the address. Returns: 1, stale; 0, somebody does (or may); -errno. */
static int listener_is_stale(const struct sockaddr_un *address) {
	_cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return -errno;
	}
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0) {
		return 0;
	}
	return errno == ECONNREFUSED || errno == ENOENT;
}

/* Makes the name free, if what is there is nobody's. */
static int listener_clear(const char *path, const struct sockaddr_un *address, char *ret_sentence) {
	struct stat info;
	int stale;

	if (lstat(path, &info) < 0) {
		return errno == ENOENT
			? 0
			: listener_fail_errno(-errno, path, "looking at", ret_sentence);
	}
	/* connect() refuses on any other kind of file as well, so it is no proof there. */
	if (!S_ISSOCK(info.st_mode)) {
		return listener_fail(-EEXIST, path,
			"cannot be made: a file of that name is there; move it away", ret_sentence);
	}
	stale = listener_is_stale(address);
	if (stale < 0) {
		return listener_fail_errno(stale, path, "trying", ret_sentence);
	}
	if (stale == 0) {
		return listener_fail(-EADDRINUSE, path,
			"is in use: another daemon answers there; stop it or choose another runtime directory",
			ret_sentence);
	}
	if (unlink(path) < 0 && errno != ENOENT) {
		return listener_fail_errno(
			-errno, path, "removing what an earlier daemon left of", ret_sentence);
	}
	return 0;
}

int listener_bind(struct listener *listener, const char *path, int *ret_fd, char *ret_sentence) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(fd_closep) int fd = -1;
	struct stat info;
	int r;

	if (strlen(path) >= sizeof(address.sun_path)) {
		return listener_fail(-ENAMETOOLONG, path,
			"has too long a name for a Unix socket (107 bytes); choose a shorter runtime directory",
			ret_sentence);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	r = listener_clear(path, &address, ret_sentence);
	if (r < 0) {
		return r;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* bind() takes the mode of the socket less the umask: at no moment is it wider than wanted. */
	if (fd < 0 || fchmod(fd, LISTENER_MODE) < 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		return listener_fail_errno(-errno, path, "binding", ret_sentence);
	}
	if (chmod(path, LISTENER_MODE) < 0 || lstat(path, &info) < 0) {
		r = -errno;
		(void)unlink(path);
		return listener_fail_errno(r, path, "setting the mode of", ret_sentence);
	}
	text_copy(listener->path, sizeof(listener->path), path);
	listener->device = info.st_dev;
	listener->inode = info.st_ino;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

void listener_unlink(struct listener *listener) {
	struct stat info;

	if (listener->path[0] != '\0' && lstat(listener->path, &info) == 0 &&
		info.st_dev == listener->device && info.st_ino == listener->inode) {
		(void)unlink(listener->path);
	}
	listener->path[0] = '\0';
}
