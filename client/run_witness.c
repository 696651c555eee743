#include "client/run_witness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/limits.h"
#include "common/fd.h"

/* Its answer to a signal's number: whether that was pending, and is not any more. */
static int8_t take_pending(int8_t number) {
	const struct timespec now = { 0 };
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, number);
	return sigtimedwait(&set, NULL, &now) == number;
}

/* Holds nothing of the caller's open: somebody may wait for its end. */
static _Noreturn void be_witness(int fd) {
	int8_t number;

	if (dup2(fd, STDIN_FILENO) < 0) {
		_exit(1);
	}
	fd_close_from(STDIN_FILENO + 1);
	while (recv(STDIN_FILENO, &number, 1, 0) == 1) {
		number = take_pending(number);
		if (send(STDIN_FILENO, &number, 1, MSG_NOSIGNAL) != 1) {
			break;
		}
	}
	_exit(0);
}

void run_witness_start(struct run_witness *witness) {
	int ends[2];

	*witness = (struct run_witness){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
		return;
	}
	witness->pid = fork();
	if (witness->pid == 0) {
		be_witness(ends[1]);
	}
	(void)fd_close(ends[1]);
	witness->fd = ends[0];
	if (witness->pid < 0) {
		*witness = (struct run_witness){ .fd = fd_close(witness->fd) };
	}
}

void run_witness_stop(struct run_witness *witness) {
	witness->fd = fd_close(witness->fd);
	if (witness->pid > 0) {
		(void)kill(witness->pid, SIGKILL);
		while (waitpid(witness->pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	witness->pid = 0;
}

bool run_witness_saw(const struct run_witness *witness, int number) {
	struct pollfd answer = { .fd = witness->fd, .events = POLLIN };
	int8_t word = (int8_t)number;

	if (witness->pid <= 0) {
		return false;
	}
	/* One after the other gets it; the last of the group may not have it yet. */
	(void)poll(NULL, 0, CLIENT_RUN_WITNESS_MS);
	return send(witness->fd, &word, 1, MSG_NOSIGNAL) == 1 &&
		poll(&answer, 1, CLIENT_RUN_ANSWER_MS) == 1 &&
		recv(witness->fd, &word, 1, MSG_DONTWAIT) == 1 && word == 1;
}
