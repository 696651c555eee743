/*
 * report - a step that has ended is reported: everything from its outcome to the ticket, within a bounded time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/command.h"
#include "client/submission.h"
#include "common/macro.h"

/* How long all of it may take: what --timeout says, else two seconds; 0: for ever. */
int64_t report_timeout_ms(const struct invocation *inv);

/*
 * Makes the submission and brings it to the daemon, or to the spool. At least half of the time to `deadline_us` is
 * theirs. Returns as delivery_send(), or an exit code of submission_create().
 */
must_check int report_send(const struct invocation *inv, const struct step_outcome *outcome,
	int64_t deadline_us, bool quiet);
