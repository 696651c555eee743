#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "tests/fault/nth.h"

/* Whoever comes next: libc, or a sanitizer. */
static void *(*next_malloc)(size_t size);
static void *(*next_calloc)(size_t n, size_t size);
static void *(*next_realloc)(void *memory, size_t size);

static void find_next(void) {
	next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
	next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
}

void *malloc(size_t size) {
	if (next_malloc == NULL) {
		find_next();
	}
	return nth_fate(NTH_MEMORY) != 0 ? NULL : next_malloc(size);
}

void *calloc(size_t n, size_t size) {
	if (next_malloc == NULL) {
		find_next();
	}
	return nth_fate(NTH_MEMORY) != 0 ? NULL : next_calloc(n, size);
}

void *realloc(void *memory, size_t size) {
	if (next_malloc == NULL) {
		find_next();
	}
	return nth_fate(NTH_MEMORY) != 0 ? NULL : next_realloc(memory, size);
}

void *reallocarray(void *memory, size_t n, size_t size) {
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(memory, bytes);
}
