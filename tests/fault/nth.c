#include "tests/fault/nth.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CALLERS_MAX 24
#define OWN_CALLERS 3 /* of this file and of the wrapper: told to nobody */

static struct nth_control nothing;
static struct nth_control *control = &nothing;
/* Of the step that fails, in this thread: what becomes of all it asks the system for. */
static _Thread_local __attribute__((tls_model("initial-exec"))) int step_outcome;

struct nth_control *nth_control(void) {
	return control;
}

/* Nothing here may allocate. */
static void note_callers(void) {
	void *callers[CALLERS_MAX];
	int n = backtrace(callers, CALLERS_MAX);
	size_t used = 0;

	for (int i = OWN_CALLERS - 1; i < n && used < NTH_WHERE_BYTES - 1; i++) {
		Dl_info info;
		const char *name;
		int len;

		if (dladdr(callers[i], &info) == 0 || info.dli_fname == NULL) {
			continue;
		}
		name = strrchr(info.dli_fname, '/');
		len = snprintf(control->where + used, NTH_WHERE_BYTES - used, "%s+%#tx ",
			name != NULL ? name + 1 : info.dli_fname,
			(char *)callers[i] - (char *)info.dli_fbase);
		used += len > 0 ? (size_t)len : 0;
	}
}

/* FNV-1a of the way to this call. */
static uint32_t place_of_call(void) {
	void *callers[CALLERS_MAX];
	int n = backtrace(callers, CALLERS_MAX);
	uint32_t hash = 2166136261U;

	for (size_t i = 0; n > 0 && i < (size_t)n * sizeof(*callers); i++) {
		hash = (hash ^ ((unsigned char *)callers)[i]) * 16777619U;
	}
	return hash;
}

static int hit(int outcome) {
	if (atomic_fetch_add(&control->hits, 1) == 0) {
		note_callers();
	}
	if (outcome > 0) {
		errno = outcome;
	}
	return outcome;
}

/* A step without memory gets none, one with a bad disk can do nothing with a file. */
static bool concerns_step(enum nth_kind kind) {
	return step_outcome == ENOMEM	 ? kind == NTH_MEMORY
		: step_outcome == ENOSPC ? kind == NTH_WRITE
					 : kind == NTH_WRITE || kind == NTH_READ || kind == NTH_SYNC;
}

static int count(void) {
	uint32_t seen = atomic_fetch_add(&control->seen, 1) + 1;

	if (control->maps != 0 && seen <= NTH_PLACES) {
		control->places[seen - 1] = place_of_call();
	}
	if (control->n == 0 || (control->rest != 0 ? seen < control->n : seen != control->n)) {
		return 0;
	}
	return control->outcome;
}

int nth_fate(enum nth_kind kind) {
	int outcome = 0;

	if (step_outcome != 0) {
		return concerns_step(kind) ? hit(step_outcome) : 0;
	}
	if (control->kind == kind) {
		outcome = count();
	}
	return outcome != 0 ? hit(outcome) : 0;
}

void nth_begin_step(void) {
	if (control->kind == NTH_STEP && step_outcome == 0) {
		step_outcome = count();
	}
}

void nth_end_step(void) {
	step_outcome = 0;
}

__attribute__((constructor)) static void attach(void) {
	const char *path = getenv("CODEGEND_NTH");
	void *warm[1];
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = fd >= 0 ? mmap(NULL, NTH_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
			    : MAP_FAILED;

	(void)backtrace(warm, 1); /* the first one loads a library */
	(void)unsetenv("LD_PRELOAD");
	(void)unsetenv("CODEGEND_NTH");
	if (fd >= 0) {
		(void)close(fd);
	}
	if (map != MAP_FAILED) {
		control = map;
	}
}
