/*
 * delivery - brings a submission to the daemon, or to the spool when no daemon takes it in time. Never hurts the step.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/command.h"
#include "common/macro.h"

/*
 * Sends `parameters` (borrowed; of io.codegend.Submit, with its key) until `deadline_us` at the latest; nobody there,
 * no answer, or a refusal for a passing reason: spools them. Prints what there is to say: the ticket, or with --json
 * its object (`spooled` is true without one), on stdout unless `quiet`; one warning line on stderr when it was
 * spooled, refused or lost.
 * Returns: EXIT_DONE, recorded; EXIT_SPOOLED; EXIT_REFUSED and others of client/failure.h, nothing was kept. The caller
 * turns them into 0 for a step that must not suffer.
 */
must_check int delivery_send(
	const struct invocation *inv, const json_t *parameters, int64_t deadline_us, bool quiet);
