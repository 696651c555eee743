/*
 * submission - the parameters of Submit, from the command line, files and git. Reads only; talks to no daemon.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "client/command.h"
#include "common/macro.h"

/*
 * Makes the parameters of io.codegend.Submit. Git is asked until `deadline_us` at the latest. A file that cannot be
 * used is an error with --strict; without it a warning, and the submission goes without.
 * Returns: 0, `*ret_parameters` is a new reference; an exit code, the failure was printed.
 */
must_check int submission_create(const struct invocation *inv, const char *log, int64_t deadline_us,
	json_t **ret_parameters);

/*
 * Reads a log, "-" is standard input, and keeps its beginning and its end, with a line between that says how much was
 * cut. The result is clean UTF-8 that the caller frees. What a pipe or a growing file gives after `deadline_us`
 * (CALL_NO_DEADLINE: never) is left out.
 * Returns: 0; -ETIMEDOUT, nothing came; -ENODEV, a device; other errno; `ret_log` untouched.
 */
must_check int submission_read_log(const char *path, int64_t deadline_us, char **ret_log);

/* A new submission key: the time and 64 random bits. */
void submission_key(char out[CLIENT_KEY_MAX]);
