/*
 * failure - every way a command can fail: the word scripts see, the exit code, and what to do next. One table.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "common/macro.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1, /* refused, failed or not ready */
	EXIT_USAGE = 2,
	EXIT_NOT_REACHABLE = 3,
	EXIT_NOT_FOUND = 4,
	EXIT_PERMISSION = 5,
	EXIT_CONFIGURATION = 7,
	EXIT_PENDING = 8,  /* pending or timed out */
	EXIT_SPOOLED = 75, /* kept on disk until a daemon takes it; EX_TEMPFAIL of sysexits.h */
};

enum failure { /* sorted by code, as the table */
	FAILURE_BUSY,
	FAILURE_FAILED, /* here, not in the daemon */
	FAILURE_INVALID_ARGUMENT,
	FAILURE_INVALID_CONFIGURATION,
	FAILURE_NOT_FOUND,
	FAILURE_NOT_REACHABLE,
	FAILURE_NOT_SUPPORTED, /* the daemon is of another version */
	FAILURE_PERMISSION,
	FAILURE_PROTOCOL,
	FAILURE_REFUSED,
	FAILURE_SHUTTING_DOWN,
	FAILURE_STORE_FAILED,
	FAILURE_STORE_FULL,
	FAILURE_TIMED_OUT,
	FAILURE_USAGE,
	FAILURE_COUNT,
};

/* "not_found", ... Static. */
const char *failure_code(enum failure failure);
enum exit_code failure_exit(enum failure failure);
/* What to do next, when the daemon did not say; NULL: nothing to say. */
const char *failure_hint(enum failure failure);
/* The failure a Varlink error's name stands for; FAILURE_REFUSED for a name we do not know. */
enum failure failure_from_error(const char *name);

/* How failures are printed; set once by main. */
void failure_set_json(bool json);
bool failure_is_json(void);

/*
 * One sentence on stderr, or with --json {"error":{...}} on one line. `hint` NULL: the table's. Foreign strings are
 * made printable here. Returns the exit code.
 */
int failure_report(enum failure failure, const char *hint, const char *fmt, ...) printf_like(3, 4);
/* Whether the sentence was said already. */
bool failure_was_reported(void);
/* As failure_report(), for what we survive: the sentence only, never JSON's error, nothing returned. */
void failure_warn(const char *fmt, ...) printf_like(1, 2);
