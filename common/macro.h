/*
 * macro - the few compiler helpers everything else uses. No state, any thread.
 */
#pragma once

#include <stddef.h>
#include <sys/param.h> /* MIN, MAX */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The struct of `type` whose member `member` is at `ptr`. */
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define must_check __attribute__((warn_unused_result))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))

/* Runs `fn(&variable)` when the variable leaves its scope. Not in functions that use goto. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* Hands over ownership: the value of `ptr`, which becomes NULL. */
#define TAKE_PTR(ptr)                                                                              \
	__extension__({                                                                            \
		__typeof__(ptr) _taken = (ptr);                                                    \
		(ptr) = NULL;                                                                      \
		_taken;                                                                            \
	})

/* Defines `fn##p`, for _cleanup_(fn##p) on a `type` whose destructor `fn` accepts NULL. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
	static inline void fn##p(type *p) {                                                        \
		fn(*p);                                                                            \
	}                                                                                          \
	struct macro_semicolon

/* For _cleanup_(freep): frees any malloc()ed pointer. */
void freep(void *p);
