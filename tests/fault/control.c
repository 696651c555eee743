#include "tests/fault/fault.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS (5 * 1000000) /* how often the offsets are looked at */

static struct fault_control nothing;
static struct fault_control *control = &nothing;

struct fault_control *fault_control(void) {
	return control;
}

/* Nobody tells of a change, and who sleeps until a time has to be woken. */
static void *watch_clock(void *unused) {
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	int64_t known_ns = 0, offset_ns;

	for (;;) {
		offset_ns = control->set_by_ns + control->slept_ns;
		if (offset_ns != known_ns) {
			known_ns = offset_ns;
			fault_rearm_timers();
		}
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	return unused;
}

/* Signals are the program's: its own threads take them. */
static void start_watch(void) {
	pthread_t thread;
	sigset_t all, before;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&thread, NULL, watch_clock, NULL) == 0) {
		(void)pthread_detach(thread);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

__attribute__((constructor)) static void attach(void) {
	const char *path = getenv("CODEGEND_FAULT");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, FAULT_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
			    : MAP_FAILED;

	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("CODEGEND_FAULT");
	if (fd >= 0) {
		(void)close(fd);
	}
	if (map != MAP_FAILED) {
		control = map;
		start_watch();
	}
}
