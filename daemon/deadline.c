#include "daemon/deadline.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "daemon/metrics.h"

/* The kernel counts a clock in signed 64-bit nanoseconds: until 2262. Waking up early is harmless. */
#define DEADLINE_FARTHEST_S INT64_C(9000000000)

struct deadline {
	uv_poll_t poll;
	int fd;
	int64_t due_ms;	  /* 0: disarmed */
	int64_t armed_ms; /* when: before that it cannot go off */
	void (*fired)(void *user);
	void *user;
	void (*closed)(void *user);
	void *closed_user;
};

static int deadline_settime(struct deadline *deadline, int64_t due_ms) {
	struct itimerspec spec = { 0 };

	if (due_ms != 0) {
		/* 0 would disarm: a time before 1970 is the first millisecond after it. */
		due_ms = MAX(due_ms, 1);
		spec.it_value.tv_sec = MIN(due_ms / CLOCK_SECOND_MS, DEADLINE_FARTHEST_S);
		spec.it_value.tv_nsec = due_ms % CLOCK_SECOND_MS * 1000000;
	}
	return timerfd_settime(
		       deadline->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL) < 0
		? -errno
		: 0;
}

/*
 * Sets the timer. The clock may have been set since the last time: the kernel then arms it nevertheless, answers
 * ECANCELED and forgets about the change. Nobody would hear of it, so the timer fires at once instead.
 */
static void deadline_set(struct deadline *deadline, int64_t due_ms) {
	int r = deadline_settime(deadline, due_ms);

	if (r == -ECANCELED) {
		r = deadline_settime(deadline, 1);
	}
	if (r < 0) {
		log_error("The timer cannot be set: %s.", log_errno(r));
	}
}

static void observe_lateness(const struct deadline *deadline) {
	int64_t expected_ms = MAX(deadline->due_ms, deadline->armed_ms);

	if (deadline->due_ms != 0) {
		metrics_observe(METRIC_TIMER_LATENESS, (clock_now_ms() - expected_ms) * 1000);
	}
}

static void deadline_readable(uv_poll_t *poll, int status, int events) {
	struct deadline *deadline = container_of(poll, struct deadline, poll);
	uint64_t n_expirations = 0;

	if (read(deadline->fd, &n_expirations, sizeof(n_expirations)) >= 0) {
		observe_lateness(deadline);
		deadline->due_ms = 0;
	} else if (errno == ECANCELED) {
		/* The clock was set. An expiration may have been dropped with it: arm again for the same time. */
		deadline_set(deadline, deadline->due_ms);
	} else {
		return; /* EAGAIN: set again since the loop saw it */
	}
	deadline->fired(deadline->user);
}

static void deadline_freed(uv_handle_t *handle) {
	struct deadline *deadline = container_of((uv_poll_t *)handle, struct deadline, poll);
	void (*closed)(void *user) = deadline->closed;
	void *user = deadline->closed_user;

	fd_close(deadline->fd);
	free(deadline);
	if (closed) {
		closed(user);
	}
}

int deadline_open(
	uv_loop_t *loop, void (*fired)(void *user), void *user, struct deadline **ret_deadline) {
	_cleanup_(freep) struct deadline *deadline = calloc(1, sizeof(*deadline));
	_cleanup_(fd_closep) int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	int r;

	if (!deadline) {
		return -ENOMEM;
	}
	if (fd < 0) {
		return -errno;
	}
	deadline->fired = fired;
	deadline->user = user;
	r = uv_poll_init(loop, &deadline->poll, fd);
	if (r < 0) {
		return r;
	}
	deadline->fd = fd;
	fd = -1;
	r = uv_poll_start(&deadline->poll, UV_READABLE, deadline_readable);
	if (r < 0) {
		deadline_close(TAKE_PTR(deadline), NULL, NULL);
		return r;
	}
	*ret_deadline = TAKE_PTR(deadline);
	return 0;
}

void deadline_close(struct deadline *deadline, void (*closed)(void *user), void *user) {
	if (!deadline) {
		if (closed) {
			closed(user);
		}
		return;
	}
	deadline->closed = closed;
	deadline->closed_user = user;
	uv_close((uv_handle_t *)&deadline->poll, deadline_freed);
}

void deadline_arm(struct deadline *deadline, int64_t due_ms) {
	if (due_ms == deadline->due_ms) {
		return;
	}
	deadline->due_ms = due_ms;
	deadline->armed_ms = clock_now_ms();
	deadline_set(deadline, due_ms);
}
