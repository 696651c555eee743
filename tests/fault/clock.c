#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/fault.h"

#define SECOND_NS INT64_C(1000000000)
#define TIMERS_MAX 16

/* Timers on the moved clock, as the program set them last. */
static struct timer {
	int fd;
	int flags;
	struct itimerspec spec;
} timers[TIMERS_MAX];
static size_t n_timers;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_wall(clockid_t id) {
	return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
}

static int64_t moved_by_ns(clockid_t id) {
	const struct fault_control *control = fault_control();

	if (is_wall(id)) {
		return control->set_by_ns + control->slept_ns;
	}
	return id == CLOCK_BOOTTIME ? control->slept_ns : 0;
}

static struct timespec moved(struct timespec time, int64_t by_ns) {
	int64_t ns = (int64_t)time.tv_sec * SECOND_NS + time.tv_nsec + by_ns;

	return (struct timespec){ .tv_sec = ns / SECOND_NS, .tv_nsec = ns % SECOND_NS };
}

int clock_gettime(clockid_t id, struct timespec *ret_time) {
	int r = (int)syscall(SYS_clock_gettime, id, ret_time);

	if (r == 0) {
		*ret_time = moved(*ret_time, moved_by_ns(id));
	}
	return r;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone) {
	struct timespec now;
	int r = clock_gettime(CLOCK_REALTIME, &now);

	(void)zone;
	ret_time->tv_sec = now.tv_sec;
	ret_time->tv_usec = now.tv_nsec / 1000;
	return r;
}

time_t time(time_t *ret_time) {
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret_time != NULL) {
		*ret_time = now.tv_sec;
	}
	return now.tv_sec;
}

/* The kernel's clock is not moved, so the timer is, the other way. 0 would disarm it: what is past is due. */
static int set_timer(const struct timer *timer, struct itimerspec *ret_old) {
	struct itimerspec spec = timer->spec;

	if (spec.it_value.tv_sec != 0 || spec.it_value.tv_nsec != 0) {
		spec.it_value = moved(spec.it_value, -moved_by_ns(CLOCK_REALTIME));
		if (spec.it_value.tv_sec < 0 || spec.it_value.tv_nsec < 0) {
			spec.it_value = (struct timespec){ .tv_nsec = 1 };
		}
	}
	return (int)syscall(SYS_timerfd_settime, timer->fd, timer->flags, &spec, ret_old);
}

void fault_rearm_timers(void) {
	(void)pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_timers; i++) {
		(void)set_timer(&timers[i], NULL);
	}
	(void)pthread_mutex_unlock(&lock);
}

int timerfd_create(clockid_t id, int flags) {
	int fd = (int)syscall(SYS_timerfd_create, id, flags);

	(void)pthread_mutex_lock(&lock);
	if (fd >= 0 && is_wall(id) && n_timers < TIMERS_MAX) {
		timers[n_timers++] = (struct timer){ .fd = fd, .flags = TFD_TIMER_ABSTIME };
	}
	(void)pthread_mutex_unlock(&lock);
	return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *ret_old) {
	struct timer other = { .fd = fd, .flags = flags, .spec = *new };
	int r = -1;

	if ((flags & TFD_TIMER_ABSTIME) == 0) {
		return (int)syscall(SYS_timerfd_settime, fd, flags, new, ret_old);
	}
	(void)pthread_mutex_lock(&lock);
	for (size_t i = 0; i < n_timers; i++) {
		if (timers[i].fd == fd) {
			timers[i] = other;
			r = set_timer(&other, ret_old);
			(void)pthread_mutex_unlock(&lock);
			return r;
		}
	}
	(void)pthread_mutex_unlock(&lock);
	return (int)syscall(SYS_timerfd_settime, fd, flags, new, ret_old);
}
