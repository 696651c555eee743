/*
 * load - what bench-load sends: calls, which make payloads, and wires, the protocols of daemon and contenders.
 *
 * Every contender is given the same bytes by the same loop, so that the client costs all of them the same.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define REQUEST_MAX (300 * 1024)

/* The identity of a load; makes its n-th payload. */
struct payload {
	const char *prefix; /* makes keys and branches unique */
	int64_t number;	    /* of the command line: bytes, or a due time in ms since 1970 */
	char *log;	    /* owned; as it stands in JSON; NULL: none */
};

struct call_type {
	const char *name;
	const char *method;   /* of the daemon's interface */
	const char *expected; /* a piece of every good answer of the daemon */
	int (*format)(const struct payload *payload, int64_t n, char *out, size_t size);
};

/* NULL: none has that name. */
const struct call_type *call_type_find(const char *name);
/* Makes the log that calls of this type carry. */
void payload_prepare(struct payload *payload, const struct call_type *type);

struct wire {
	const char *name;
	/* Opens the talk on a connected socket, waiting for the answer; NULL: there is nothing to say. */
	void (*open)(int fd);
	/* Writes the request that holds `payload`. Returns its length. */
	size_t (*wrap)(const struct call_type *type, const char *payload, size_t len, char *out);
	/* Returns the length of the first whole answer; 0: not there yet; -1: it is not what was asked for. */
	long (*take)(const struct call_type *type, const char *data, size_t len);
};

/* NULL: none has that name. */
const struct wire *wire_find(const char *name);
