/*
 * deeds - command lines of codegenctl, run within a test against a peer that answers what is written down.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define DEED_WORDS_MAX 24

struct deed {
	const char *method; /* what of its answers a test may change; NULL: it asks nobody */
	const char *words[DEED_WORDS_MAX];
};

extern const struct deed deeds[];
extern const size_t n_deeds;

struct deed_end {
	int code;
	char *out, *err; /* what it printed; static */
};

/* A new directory with what the deeds read and write, without anything of a CI system around. For cmocka. */
int deeds_set_up(void **state);
int deeds_tear_down(void **state);

/* `json`: with --json. `begin` and `end` (NULL: none) are called right before and after it. */
struct deed_end deed_run(
	const struct deed *deed, bool json, void (*begin)(void *), void (*end)(void *), void *user);

/* "task show 1", for messages; static. */
const char *deed_name(const struct deed *deed);

/* Fails the test unless the end is one of a program that is well: what no peer and no shortage may change. */
void deed_check(const struct deed *deed, bool json, const struct deed_end *end);
