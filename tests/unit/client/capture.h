/*
 * capture - what a test prints, for cmocka tests of the client.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct capture {
	FILE *stream;
	int saved;
	int file;
};

static inline void capture_start(struct capture *capture, FILE *stream) {
	fflush(stream);
	capture->stream = stream;
	capture->saved = dup(fileno(stream));
	capture->file = memfd_create("capture", MFD_CLOEXEC);
	if (capture->saved < 0 || dup2(capture->file, fileno(stream)) < 0) {
		abort();
	}
}

/* What was printed since, NUL-ended and cut to `size`. */
static inline void capture_stop(struct capture *capture, char *out, size_t size) {
	ssize_t n;

	fflush(capture->stream);
	n = pread(capture->file, out, size - 1, 0);
	out[n > 0 ? n : 0] = '\0';
	dup2(capture->saved, fileno(capture->stream));
	close(capture->saved);
	close(capture->file);
}
