#include "client/git.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/limits.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"

#define GIT_QUERIES_MAX 8
#define READ_BYTES 4096
#define LOOK_MS 5

bool git_find_tree(char dir[PATH_MAX]) {
	for (;;) {
		char probe[PATH_MAX];
		char *slash = strrchr(dir, '/');

		if (text_format(probe, sizeof(probe), "%s/.git", dir) && access(probe, F_OK) == 0) {
			return true;
		}
		if (slash == NULL || slash == dir) {
			return false;
		}
		*slash = '\0';
	}
}

void git_init(struct git_query *query) {
	*query = (struct git_query){ .fd = -1 };
	buffer_init(&query->out, CLIENT_GIT_OUTPUT_BYTES);
}

static int start(struct git_query *query, const char *const *argv) {
	_cleanup_(fd_closep) int reading = -1, writing = -1;
	posix_spawn_file_actions_t actions;
	int pipe_fds[2], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		return -errno;
	}
	reading = pipe_fds[0];
	writing = pipe_fds[1];
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0) {
		return -r;
	}
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	r = r != 0 ? r : posix_spawn_file_actions_adddup2(&actions, writing, STDOUT_FILENO);
	r = r != 0
		? r
		: posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = r != 0 ? r : posix_spawnp(&query->pid, argv[0], &actions, NULL, (char **)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (r != 0) {
		query->pid = 0;
		return -r;
	}
	query->fd = reading;
	reading = -1;
	return 0;
}

void git_start(struct git_query *query, const char *const *words, bool trusted) {
	const char *argv[GIT_WORDS_MAX + 4] = { "git", "-c", "safe.directory=*" };
	size_t n = trusted ? 3 : 1;

	git_init(query);
	for (size_t i = 0; i < GIT_WORDS_MAX && words[i] != NULL; i++) {
		argv[n++] = words[i];
	}
	argv[n] = NULL;
	/* Without git, or without memory, its answer is not known; that is all. */
	(void)!start(query, argv);
}

void git_start_other(struct git_query *query, const char *const *argv) {
	git_init(query);
	(void)!start(query, argv); /* as there */
}

/* Reads what is there; closes the fd at its end. */
static void query_read(struct git_query *query) {
	char *space = buffer_reserve(&query->out, READ_BYTES);
	ssize_t n = space != NULL ? read(query->fd, space, READ_BYTES) : 0;

	if (n > 0) {
		buffer_commit(&query->out, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		query->fd = fd_close(query->fd);
	}
}

static void queries_read(struct git_query *queries, size_t n, int64_t deadline_us) {
	for (;;) {
		struct pollfd fds[GIT_QUERIES_MAX];
		int64_t left_us = deadline_us - clock_mono_us();
		int n_open = 0;

		for (size_t i = 0; i < n; i++) {
			fds[i] = (struct pollfd){ .fd = queries[i].fd, .events = POLLIN };
			n_open += queries[i].fd >= 0;
		}
		if (n_open == 0 || left_us <= 0) {
			return;
		}
		if (poll(fds, (nfds_t)n, (int)MIN(left_us / 1000 + 1, INT_MAX)) < 0 &&
			errno != EINTR) {
			return;
		}
		for (size_t i = 0; i < n; i++) {
			if (fds[i].fd >= 0 && fds[i].revents != 0) {
				query_read(&queries[i]);
			}
		}
	}
}

static bool has_ended(pid_t pid) {
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == pid;
}

/* Whether the process ends until then: one may close its output and go on. */
static bool ends(pid_t pid, int64_t deadline_us) {
	_cleanup_(fd_closep) int fd = pidfd_open(pid, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (!has_ended(pid)) {
		int64_t left_ms = (deadline_us - clock_mono_us() + 999) / 1000;

		if (left_ms <= 0) {
			return false;
		}
		/* An old kernel, or a container's seccomp, leaves us looking again and again. */
		(void)poll(&poll_fd, 1, (int)MIN(left_ms, fd < 0 ? LOOK_MS : INT_MAX));
	}
	return true;
}

/* What it printed counts only when it ended by itself and well. */
static void query_end(struct git_query *query, int64_t deadline_us) {
	bool unfinished = query->fd >= 0;
	int status = 0;

	query->fd = fd_close(query->fd);
	if (query->pid == 0) {
		return;
	}
	if (unfinished || !ends(query->pid, deadline_us)) {
		(void)kill(query->pid, SIGKILL);
	}
	while (waitpid(query->pid, &status, 0) < 0 && errno == EINTR) {
	}
	query->pid = 0;
	if (unfinished || status != 0) {
		buffer_consume(&query->out, query->out.len);
	}
}

void git_wait(struct git_query *queries, size_t n, int64_t deadline_us) {
	assert(n <= GIT_QUERIES_MAX);
	queries_read(queries, n, deadline_us);
	for (size_t i = 0; i < n; i++) {
		query_end(&queries[i], deadline_us);
	}
}

void git_finish(struct git_query *query) {
	query_end(query, 0);
	buffer_finish(&query->out);
}
