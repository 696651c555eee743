/*
 * submission - the parameters of Submit, from the command line, files, the CI system and git. Reads only; talks to no
 * daemon.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/command.h"
#include "common/macro.h"

/* How the step went, as far as its log and its command tell. Borrowed. */
struct step_outcome {
	bool passed;
	int64_t exit_code;			   /* -1 not known */
	const char *command;			   /* what was run; NULL: what --command says */
	const char *log;			   /* clean and redacted; NULL: none */
	const json_t *scan;			   /* what `scan --json` prints; NULL: none */
	const struct results_mark *results_before; /* of each kind, before the step; NULL: not known */
};

/*
 * Makes the parameters of io.codegend.Submit from the outcome, the command line, result files, the CI's environment and
 * git, with a key, without secrets. All that until `deadline_us` at the latest. The error type is the one that was
 * given, else the scan's, else that of a result file that tells of a failure, else unknown_failure. A file that cannot
 * be used is an error with --strict; without it a warning, and the submission goes without. A result file that tells of
 * a failure beside an outcome that passed is an error always: nothing is to be sent.
 * Returns: 0, `*ret_parameters` is a new reference; an exit code, the failure was printed.
 */
must_check int submission_create(const struct invocation *inv, const struct step_outcome *outcome,
	int64_t deadline_us, json_t **ret_parameters);

/* A new submission key: the time and 64 random bits. */
void submission_key(char out[CLIENT_KEY_MAX]);
