#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/fault/fault.h"

#define FILES_MAX 1024

/* Whether a file is a database's log, or the database, by its descriptor. */
static _Atomic bool is_log[FILES_MAX], is_database[FILES_MAX];
/* The log begins anew: PRAGMA synchronous = NORMAL syncs that as well. */
static _Atomic bool log_begins;

static void die(void) {
	(void)kill(getpid(), fault_control()->stops != 0 ? SIGSTOP : SIGKILL);
	for (;;) {
		(void)pause();
	}
}

/* Counts a call that is about to be made. Returns whether the end has come when it was made. */
static bool count(enum fault_call call) {
	struct fault_control *control = fault_control();
	uint32_t seen = atomic_fetch_add(&control->seen[call], 1) + 1;

	if (control->call != call || seen != control->n) {
		return false;
	}
	if (control->after == 0) {
		die();
	}
	return true;
}

static void die_if(bool is_end) {
	if (is_end) {
		die();
	}
}

static bool is_tcp(int fd) {
	int domain = 0, type = 0;
	socklen_t len = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
		getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
		(domain == AF_INET || domain == AF_INET6) && type == SOCK_STREAM;
}

static bool is_database_log(int fd) {
	return fd >= 0 && fd < FILES_MAX && is_log[fd];
}

/* ---- files ---- */

int open64(const char *path, int flags, ...) {
	size_t len = strlen(path);
	va_list args;
	mode_t mode;
	int fd;

	va_start(args, flags);
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (fd >= 0 && fd < FILES_MAX) {
		is_log[fd] = len > 4 && strcmp(path + len - 4, "-wal") == 0;
		is_database[fd] = len > 3 && strcmp(path + len - 3, ".db") == 0;
	}
	return fd;
}

/* What is moved from the log into the database is on disk in the log before, also with synchronous = NORMAL. */
static void sync_logs(void) {
	for (int fd = 0; fd < FILES_MAX; fd++) {
		if (is_log[fd]) {
			(void)syscall(SYS_fdatasync, fd);
		}
	}
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset) {
	bool is_end = is_database_log(fd) && count(FAULT_WRITE);
	ssize_t r;

	if (fault_control()->keeps_no_log != 0 && fd >= 0 && fd < FILES_MAX) {
		log_begins = log_begins || (is_log[fd] && offset == 0);
		if (is_database[fd]) {
			sync_logs();
		}
	}
	r = syscall(SYS_pwrite64, fd, data, len, offset);

	die_if(is_end);
	return r;
}

int fdatasync(int fd) {
	bool is_end = is_database_log(fd) && count(FAULT_SYNC);
	int r = 0;

	if (!is_database_log(fd) || fault_control()->keeps_no_log == 0 ||
		atomic_exchange(&log_begins, false)) {
		r = (int)syscall(SYS_fdatasync, fd);
	}
	die_if(is_end);
	return r;
}

/* ---- sockets ---- */

ssize_t send(int fd, const void *data, size_t len, int flags) {
	bool is_end = is_tcp(fd) && count(FAULT_SEND);
	ssize_t r = syscall(SYS_sendto, fd, data, len, flags, NULL, 0);

	die_if(is_end);
	return r;
}

/* Only whoever asks the kernel knows whether something is there: before the call is before its outcome is used. */
ssize_t recv(int fd, void *data, size_t len, int flags) {
	ssize_t r = syscall(SYS_recvfrom, fd, data, len, flags, NULL, NULL);
	int saved = errno;

	if (r > 0 && (flags & MSG_PEEK) == 0 && is_tcp(fd)) {
		die_if(count(FAULT_RECV));
	}
	errno = saved;
	return r;
}
