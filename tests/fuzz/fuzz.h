/*
 * fuzz - what the targets share. Each is a file with one fuzz_one(), which libFuzzer calls with bytes of its own
 * making (-Dfuzz=true, tools/fuzz) and main.c with those of files, so that a kept case stays a test.
 *
 * An input is a text of its own kind, so that real ones are good seeds; where a target needs more than one, or a
 * choice, they stand in front of it, each ended by a newline. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/macro.h"

/* What is left of an input. */
struct fuzz {
	const char *data;
	size_t len;
};

/* Must hold whatever the input. */
#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

_Noreturn static inline void fuzz_fail(const char *condition, const char *file, int line) {
	fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
	abort();
}

/* The next line, without its newline; all that is left when there is none. */
static inline struct fuzz fuzz_line(struct fuzz *in) {
	const char *end = in->len > 0 ? memchr(in->data, '\n', in->len) : NULL;
	struct fuzz line = { in->data, end != NULL ? (size_t)(end - in->data) : in->len };
	size_t used = line.len + (end != NULL);

	in->data += used;
	in->len -= used;
	return line;
}

/* As a string that the caller frees; it may end early, at a NUL. An own allocation: what reads beyond it is noticed. */
static inline char *fuzz_string(struct fuzz part) {
	char *text = malloc(part.len + 1);

	FUZZ_CHECK(text != NULL);
	memcpy(text, part.data, part.len);
	text[part.len] = '\0';
	return text;
}

/* A number from 0 to `n` - 1, made of a text. */
static inline size_t fuzz_choice(struct fuzz part, size_t n) {
	size_t sum = 0;

	for (size_t i = 0; i < part.len; i++) {
		sum = sum * 31 + (unsigned char)part.data[i];
	}
	return sum % n;
}

/* The next piece, of a size that `*state` (any number) says, sometimes a single byte; at least one of what is left. */
static inline struct fuzz fuzz_piece(struct fuzz *in, uint32_t *state) {
	struct fuzz piece;

	*state = *state * 1664525 + 1013904223;
	piece.data = in->data;
	piece.len = 1 + (*state >> 8) % ((size_t)1 << (*state >> 28));
	piece.len = MIN(piece.len, in->len);
	in->data += piece.len;
	in->len -= piece.len;
	return piece;
}

void fuzz_one(struct fuzz in);
