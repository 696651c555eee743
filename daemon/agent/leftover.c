#include "daemon/agent/leftover.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/limits.h"

#define PATH_MAX_BYTES 64
#define STAT_MAX_BYTES 4096
#define GENERATIONS_MAX 256 /* of ancestors */

struct batch {
	int pidfds[LIMIT_LEFTOVER_BATCH];
	size_t n;
};

static void dir_closep(DIR **dir) {
	if (*dir) {
		closedir(*dir);
	}
}

static bool is_of_this_user(pid_t pid) {
	char path[PATH_MAX_BYTES];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &st) == 0 && st.st_uid == geteuid();
}

static bool has_entry(const char *environ, size_t len, const char *marker) {
	size_t marker_len = strlen(marker);
	const char *at = environ;
	const char *end = environ + len;

	while (at < end) {
		if ((size_t)(end - at) >= marker_len && memcmp(at, marker, marker_len) == 0) {
			return true;
		}
		at += strnlen(at, (size_t)(end - at)) + 1;
	}
	return false;
}

/* A process that is dead has no environment any more. */
static bool is_marked(pid_t pid, const char *marker) {
	_cleanup_(freep) char *environ = NULL;
	char path[PATH_MAX_BYTES];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	return fd_read_file(path, LIMIT_ENVIRON_MAX_BYTES, &environ, &len) == 0 &&
		has_entry(environ, len, marker);
}

/* proc(5): "PID (NAME) STATE PARENT ...", and the name may hold anything. Returns 0 when there is none. */
static pid_t parent_of(pid_t pid) {
	_cleanup_(freep) char *stat = NULL;
	char path[PATH_MAX_BYTES];
	const char *name_end;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fd_read_file(path, STAT_MAX_BYTES, &stat, NULL) < 0) {
		return 0;
	}
	name_end = strrchr(stat, ')');
	return name_end && sscanf(name_end, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* An agent may have started us. */
static bool is_or_holds_an_ancestor(pid_t pid, bool group) {
	pid_t at = getpid();

	for (int i = 0; at > 0 && i < GENERATIONS_MAX; i++) {
		if ((group ? getpgid(at) : at) == pid) {
			return true;
		}
		at = parent_of(at);
	}
	return false;
}

static void kill_one(pid_t pid, int pidfd) {
	pid_t group = getpgid(pid);

	if (group > 1 && !is_or_holds_an_ancestor(group, true)) {
		(void)kill(-group, SIGKILL);
	}
	(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
}

/* The pid is the process of the descriptor as long as that lives: looked at after it was opened. */
static int open_marked(pid_t pid, const char *marker) {
	_cleanup_(fd_closep) int pidfd = -1;
	int fd;

	if (!is_of_this_user(pid)) {
		return -1;
	}
	pidfd = pidfd_open(pid, 0);
	/* The ancestors last: every start looks at all processes, and few are marked. */
	if (pidfd < 0 || !is_marked(pid, marker) || is_or_holds_an_ancestor(pid, false)) {
		return -1;
	}
	fd = pidfd;
	pidfd = -1;
	return fd;
}

/* Finds all of a batch before it kills one, so that each is counted. Returns: 0; negative errno. */
static int find(const char *marker, struct batch *ret_batch, pid_t pids[LIMIT_LEFTOVER_BATCH]) {
	_cleanup_(dir_closep) DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc) {
		return -errno;
	}
	while (ret_batch->n < LIMIT_LEFTOVER_BATCH && (entry = readdir(proc))) {
		int64_t pid;
		int pidfd;

		if (text_to_int(entry->d_name, &pid) < 0) {
			continue;
		}
		pidfd = open_marked((pid_t)pid, marker);
		if (pidfd >= 0) {
			pids[ret_batch->n] = (pid_t)pid;
			ret_batch->pidfds[ret_batch->n++] = pidfd;
		}
	}
	return 0;
}

/* Returns how many are dead now. */
static size_t await(struct batch *batch, int64_t until_us) {
	size_t n_dead = 0;

	for (size_t i = 0; i < batch->n; i++) {
		struct pollfd poll_fd = { .fd = batch->pidfds[i], .events = POLLIN };
		int64_t left_ms = MAX((until_us - clock_mono_us()) / 1000, 0);

		n_dead += poll(&poll_fd, 1, (int)left_ms) == 1 ? 1 : 0;
		fd_close(batch->pidfds[i]);
	}
	return n_dead;
}

void leftover_kill(const char *marker) {
	int64_t until_us = clock_mono_us() + LIMIT_LEFTOVER_MS * 1000;
	size_t n_killed = 0;
	size_t n_left;
	int r;

	do {
		pid_t pids[LIMIT_LEFTOVER_BATCH];
		struct batch batch = { 0 };
		size_t n_dead;

		r = find(marker, &batch, pids);
		for (size_t i = 0; i < batch.n; i++) {
			kill_one(pids[i], batch.pidfds[i]);
		}
		n_dead = await(&batch, until_us);
		n_killed += n_dead;
		n_left = batch.n - n_dead;
		if (batch.n == 0) {
			break;
		}
	} while (r == 0 && clock_mono_us() < until_us);
	if (r < 0) {
		log_warning(
			"Cannot look for agents of an earlier daemon: %s, ignoring.", log_errno(r));
	}
	if (n_killed > 0) {
		log_notice("Killed %zu process%s that agents of an earlier daemon left behind.",
			n_killed, n_killed == 1 ? "" : "es");
	}
	if (n_left > 0) {
		log_warning("Could not kill %zu processes of agents of an earlier daemon, ignoring.",
			n_left);
	}
}
