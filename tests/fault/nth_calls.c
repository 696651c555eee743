#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/fault/nth.h"

#define FILES_MAX 1024

/* Whether a file is a database's log, by its descriptor; and what of it was written since its last sync. */
static _Atomic bool is_log[FILES_MAX];
static _Atomic uint64_t unsynced_from, unsynced_to;

/* Neither a file nor a socket: nothing. */
static enum nth_kind kind_of(int fd, enum nth_kind of_file, enum nth_kind of_socket) {
	struct stat status;

	if (fd == STDERR_FILENO || syscall(SYS_fstat, fd, &status) < 0) {
		return NTH_NONE;
	}
	return S_ISREG(status.st_mode) ? of_file : S_ISSOCK(status.st_mode) ? of_socket : NTH_NONE;
}

static bool is_database_log(int fd) {
	return fd >= 0 && fd < FILES_MAX && is_log[fd];
}

/* The bytes of a call that is to be made; -1: of none. */
static ssize_t allowed(enum nth_kind kind, size_t len) {
	int fate = kind == NTH_NONE ? 0 : nth_fate(kind);

	if (fate > 0) {
		return -1;
	}
	return (ssize_t)(fate == NTH_SHORT && len > 1 ? len / 2 : len);
}

static bool fails(enum nth_kind kind) {
	return nth_fate(kind) > 0;
}

/* ---- files ---- */

static int open_at(int directory, const char *path, int flags, mode_t mode) {
	size_t len = strlen(path);
	int fd;

	if (fails(NTH_OPEN)) {
		return -1;
	}
	fd = (int)syscall(SYS_openat, directory, path, flags, mode);
	if (fd >= 0 && fd < FILES_MAX) {
		is_log[fd] = len > 4 && strcmp(path + len - 4, "-wal") == 0;
	}
	return fd;
}

#define TAKES_MODE(flags) (((flags) & (O_CREAT | O_TMPFILE)) != 0)

int open64(const char *path, int flags, ...) {
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = TAKES_MODE(flags) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open_at(AT_FDCWD, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = TAKES_MODE(flags) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open_at(directory, path, flags, mode);
}

static int sync_file(int fd, long call) {
	bool failed = fails(NTH_SYNC);

	if (is_database_log(fd)) {
		if (failed) {
			nth_control()->lost_from = unsynced_from;
			nth_control()->lost_to = unsynced_to;
		}
		unsynced_from = unsynced_to = 0;
	}
	return failed ? -1 : (int)syscall(call, fd);
}

int fsync(int fd) {
	return sync_file(fd, SYS_fsync);
}

int fdatasync(int fd) {
	return sync_file(fd, SYS_fdatasync);
}

ssize_t write(int fd, const void *data, size_t len) {
	ssize_t n = allowed(kind_of(fd, NTH_WRITE, NTH_SEND), len);

	return n < 0 ? -1 : syscall(SYS_write, fd, data, (size_t)n);
}

ssize_t read(int fd, void *data, size_t len) {
	ssize_t n = allowed(kind_of(fd, NTH_READ, NTH_RECV), len);

	return n < 0 ? -1 : syscall(SYS_read, fd, data, (size_t)n);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset) {
	ssize_t n = allowed(NTH_WRITE, len);
	uint64_t from = (uint64_t)offset;

	if (is_database_log(fd)) {
		unsynced_from = unsynced_to == 0 || from < unsynced_from ? from : unsynced_from;
		unsynced_to = from + len > unsynced_to ? from + len : unsynced_to;
	}
	return n < 0 ? -1 : syscall(SYS_pwrite64, fd, data, (size_t)n, offset);
}

ssize_t pread64(int fd, void *data, size_t len, off64_t offset) {
	ssize_t n = allowed(NTH_READ, len);

	return n < 0 ? -1 : syscall(SYS_pread64, fd, data, (size_t)n, offset);
}

/* ---- sockets ---- */

ssize_t send(int fd, const void *data, size_t len, int flags) {
	ssize_t n = allowed(NTH_SEND, len);

	return n < 0 ? -1 : syscall(SYS_sendto, fd, data, (size_t)n, flags, NULL, 0);
}

ssize_t recv(int fd, void *data, size_t len, int flags) {
	ssize_t n = allowed(NTH_RECV, len);

	return n < 0 ? -1 : syscall(SYS_recvfrom, fd, data, (size_t)n, flags, NULL, NULL);
}

/* The first piece only, when it is to be short. */
ssize_t writev(int fd, const struct iovec *pieces, int n_pieces) {
	ssize_t n = allowed(kind_of(fd, NTH_WRITE, NTH_SEND), pieces[0].iov_len);

	if (n >= 0 && (size_t)n < pieces[0].iov_len) {
		return syscall(SYS_write, fd, pieces[0].iov_base, (size_t)n);
	}
	return n < 0 ? -1 : syscall(SYS_writev, fd, pieces, n_pieces);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
	return fails(NTH_SEND) ? -1 : syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
	return fails(NTH_RECV) ? -1 : syscall(SYS_recvmsg, fd, message, flags);
}

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len, int flags) {
	return fails(NTH_ACCEPT) ? -1 : (int)syscall(SYS_accept4, fd, address, len, flags);
}

int socket(int domain, int type, int protocol) {
	return fails(NTH_CREATE) ? -1 : (int)syscall(SYS_socket, domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t len) {
	return fails(NTH_CONNECT) ? -1 : (int)syscall(SYS_connect, fd, address, len);
}

int bind(int fd, const struct sockaddr *address, socklen_t len) {
	return fails(NTH_CONNECT) ? -1 : (int)syscall(SYS_bind, fd, address, len);
}

int socketpair(int domain, int type, int protocol, int ret_fds[2]) {
	return fails(NTH_CREATE) ? -1 : (int)syscall(SYS_socketpair, domain, type, protocol, ret_fds);
}

int pipe2(int ret_fds[2], int flags) {
	return fails(NTH_CREATE) ? -1 : (int)syscall(SYS_pipe2, ret_fds, flags);
}

int eventfd(unsigned int value, int flags) {
	return fails(NTH_CREATE) ? -1 : (int)syscall(SYS_eventfd2, value, flags);
}

int epoll_create1(int flags) {
	return fails(NTH_CREATE) ? -1 : (int)syscall(SYS_epoll_create1, flags);
}

int timerfd_create(clockid_t id, int flags) {
	return fails(NTH_CREATE) ? -1 : (int)syscall(SYS_timerfd_create, id, flags);
}

int memfd_create(const char *name, unsigned int flags) {
	return fails(NTH_CREATE) ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

/* ---- names ---- */

int mkdir(const char *path, mode_t mode) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

int rename(const char *from, const char *to) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_rename, from, to);
}

int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

int unlink(const char *path) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_unlink, path);
}

int unlinkat(int fd, const char *path, int flags) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_unlinkat, fd, path, flags);
}

int ftruncate64(int fd, off64_t len) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

int chmod(const char *path, mode_t mode) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_chmod, path, mode);
}

int fchmod(int fd, mode_t mode) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int stat64(const char *restrict path, struct stat64 *restrict ret_status) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_stat, path, ret_status);
}

int lstat64(const char *restrict path, struct stat64 *restrict ret_status) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_lstat, path, ret_status);
}

int fstat64(int fd, struct stat64 *ret_status) {
	return fails(NTH_NAME) ? -1 : (int)syscall(SYS_fstat, fd, ret_status);
}

/* ---- what has no call of the kernel by itself ---- */

DIR *fdopendir(int fd) {
	DIR *(*next)(int) = (DIR * (*)(int)) dlsym(RTLD_NEXT, "fdopendir");

	return fails(NTH_OPEN) ? NULL : next(fd);
}

int pthread_create(pthread_t *restrict ret_thread, const pthread_attr_t *restrict attributes,
	void *(*run)(void *), void *restrict argument) {
	int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
		(int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(
			RTLD_NEXT, "pthread_create");

	return fails(NTH_START) ? errno : next(ret_thread, attributes, run, argument);
}

pid_t fork(void) {
	pid_t (*next)(void) = (pid_t(*)(void))dlsym(RTLD_NEXT, "fork");

	return fails(NTH_START) ? -1 : next();
}

int sqlite3_step(sqlite3_stmt *statement) {
	int (*next)(sqlite3_stmt *) = (int (*)(sqlite3_stmt *))dlsym(RTLD_NEXT, "sqlite3_step");
	int code;

	nth_begin_step();
	code = next(statement);
	nth_end_step();
	return code;
}
