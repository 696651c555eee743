/*
 * run_sink - where a step's output goes: one of our own descriptors, written without ever being held up by it, and
 * without changing a flag that others who have it open would notice.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/macro.h"

enum run_sink_kind {
	RUN_SINK_PLAIN,	  /* a file or device: a write does not wait */
	RUN_SINK_OWN,	  /* opened anew, without waiting */
	RUN_SINK_SOCKET,  /* each call says that it will not wait */
	RUN_SINK_CAREFUL, /* waits: asked first, and never given more than it has promised to take */
};

struct run_sink {
	int fd;	      /* owned, but for the standard descriptor itself */
	int standard; /* STDOUT_FILENO or STDERR_FILENO */
	enum run_sink_kind kind;
	bool tells; /* poll() tells when nobody reads any more, and nobody can come back */
};

void run_sink_open(struct run_sink *sink, int standard);
void run_sink_close(struct run_sink *sink);

/* Writes what it takes now. Returns: the number of bytes; -EAGAIN, ask poll(); -EPIPE; other errno. */
must_check ssize_t run_sink_write(const struct run_sink *sink, const char *data, size_t len);
