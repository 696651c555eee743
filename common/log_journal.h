/*
 * log_journal - entries of the journal in its own protocol: one datagram of fields for each. Any thread, after
 * journal_open().
 *
 * Every value goes with its length, never up to a line's end, so no value can end its field or begin another one.
 * Source: systemd's JOURNAL_NATIVE_PROTOCOL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macro.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define JOURNAL_FIELDS_MAX 16

struct journal_field {
	const char *name; /* ours: capitals and underlines */
	const char *value;
};

/* From now on entries go to the socket at `path`, which need not be there yet. Returns: 0; -ENAMETOOLONG; -errno. */
must_check int journal_open(const char *path);
/* For tests: no entry can be sent any more. */
void journal_close(void);

/*
 * Sends one entry of at most JOURNAL_FIELDS_MAX fields; with `wait`, gives a reader who is behind a moment to catch up.
 * Returns: 0; -EAGAIN, the reader did not; -ENOTCONN, journal_open() did not run; -errno, there is no journal.
 */
must_check int journal_send(const struct journal_field *fields, size_t n, bool wait);
