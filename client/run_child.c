#include "client/run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/fd.h"

/* Passed on when somebody sent them; the others are a terminal's, or a fault of our own. */
static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGUSR1, SIGUSR2, SIGALRM,
	SIGTERM, SIGSTKFLT, SIGURG, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR };

static void handled(sigset_t *set) {
	(void)sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++) {
		(void)sigaddset(set, passed_on[i]);
	}
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
		(void)sigaddset(set, number);
	}
	(void)sigaddset(set, SIGCHLD);
	(void)sigaddset(set, SIGWINCH);
}

int run_child_prepare(struct run_child *child) {
	struct sigaction by_default = { .sa_handler = SIG_DFL }, ignored = { .sa_handler = SIG_IGN };
	sigset_t set;

	*child = (struct run_child){ .signal_fd = -1, .witness.fd = -1 };
	handled(&set);
	/* Ignored by the caller, the end of a child would not be told to us. */
	(void)sigaction(SIGCHLD, &by_default, &child->on_child);
	(void)sigaction(SIGPIPE, &ignored, &child->on_pipe);
	(void)sigprocmask(SIG_BLOCK, &set, &child->mask);
	child->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (child->signal_fd < 0) {
		return -errno;
	}
	run_witness_start(&child->witness);
	return 0;
}

void run_child_restore_signals(const struct run_child *child) {
	(void)sigaction(SIGCHLD, &child->on_child, NULL);
	(void)sigaction(SIGPIPE, &child->on_pipe, NULL);
	(void)sigprocmask(SIG_SETMASK, &child->mask, NULL);
}

void run_child_finish(struct run_child *child) {
	run_witness_stop(&child->witness);
	child->signal_fd = fd_close(child->signal_fd);
}

/* Killed by force we take it with us, as if it were us that was killed. */
static _Noreturn void be_step(const struct run_child *child, char **program,
	const struct run_streams *streams, pid_t parent, int failure_fd) {
	int failure;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) {
		_exit(RUN_EXIT_FAILED);
	}
	run_streams_enter(streams);
	run_child_restore_signals(child);
	(void)execvp(program[0], program);
	failure = errno;
	if (write(failure_fd, &failure, sizeof(failure)) != sizeof(failure)) {
		_exit(RUN_EXIT_FAILED);
	}
	_exit(RUN_EXIT_NOT_EXECUTABLE);
}

/* Why it could not be executed; 0: it runs. */
static int await_start(int failure_fd) {
	int failure = 0;
	ssize_t n;

	do {
		n = read(failure_fd, &failure, sizeof(failure));
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(failure) ? -failure : 0;
}

int run_child_start(struct run_child *child, char **program, const struct run_streams *streams,
	bool *ret_is_ours) {
	_cleanup_(fd_closep) int reading = -1;
	_cleanup_(fd_closep) int writing = -1;
	pid_t parent = getpid();
	int ends[2], r;

	*ret_is_ours = true;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	reading = ends[0];
	writing = ends[1];
	child->pid = fork();
	if (child->pid < 0) {
		child->pid = 0;
		return -errno;
	}
	if (child->pid == 0) {
		be_step(child, program, streams, parent, writing);
	}
	writing = fd_close(writing);
	r = await_start(reading);
	if (r < 0) {
		*ret_is_ours = false;
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
		}
		child->pid = 0;
	}
	return r;
}

int run_child_become(struct run_child *child, char **program) {
	run_child_finish(child);
	run_child_restore_signals(child);
	(void)execvp(program[0], program);
	return -errno;
}

/* Without us it would end the step: all that we take from others do, but one. */
static bool would_end(int number) {
	struct sigaction action;

	return number != SIGURG && sigaction(number, NULL, &action) == 0 &&
		action.sa_handler != SIG_IGN;
}

static void note_end(struct run_child *child, int number) {
	if (would_end(number)) {
		child->asked = number;
		child->unwanted = child->unwanted || child->pid == 0;
	}
}

static void pass_on(const struct run_child *child, const struct signalfd_siginfo *info) {
	const union sigval value = { .sival_ptr = (void *)(uintptr_t)info->ssi_ptr };
	bool is_groups = run_witness_saw(&child->witness, (int)info->ssi_signo);

	/* The step has a terminal's signals from the terminal, and those of the group as one of it. */
	if (child->pid == 0 || is_groups || info->ssi_code == SI_KERNEL) {
		return;
	}
	if (info->ssi_code == SI_QUEUE) {
		(void)sigqueue(child->pid, (int)info->ssi_signo, value);
	} else {
		(void)kill(child->pid, (int)info->ssi_signo);
	}
}

/* Whether a shell waits for us in front of a terminal, to take over when we stop. */
static bool is_foreground_job(void) {
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (tcgetpgrp(fd) == getpgrp() && getsid(0) != getpgrp()) {
			return true;
		}
	}
	return false;
}

/* It has stopped itself, as editors do for Ctrl-Z: so do we, until the shell continues us. */
static void stop_too(const struct run_child *child, int number) {
	if ((number == SIGTSTP || number == SIGTTIN || number == SIGTTOU) && is_foreground_job()) {
		(void)raise(number);
		(void)kill(child->pid, SIGCONT);
	}
}

static void look_at_child(struct run_child *child) {
	int status;
	pid_t pid;

	while (child->pid > 0 && (pid = waitpid(child->pid, &status, WNOHANG | WUNTRACED)) > 0) {
		if (WIFSTOPPED(status)) {
			stop_too(child, WSTOPSIG(status));
		} else {
			child->status = status;
			child->pid = 0;
			child->unwanted = WIFSIGNALED(status) && WTERMSIG(status) == child->asked;
		}
	}
}

void run_child_attend(struct run_child *child, bool *ret_resized) {
	struct signalfd_siginfo info;
	bool resized = false;

	while (read(child->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGWINCH) {
			resized = true;
		} else if (info.ssi_signo != SIGCHLD) {
			note_end(child, (int)info.ssi_signo);
			pass_on(child, &info);
		}
	}
	look_at_child(child);
	*ret_resized = resized;
}

int run_exit_code(int status) {
	return WIFSIGNALED(status) ? RUN_EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}
