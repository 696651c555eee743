/*
 * context - what an agent wants to see beside the log: package.json, the CI's configuration, recent commits, and what
 * the error type asks for. Reads only, below the repository's root; bounded in bytes and time.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "common/error_type.h"
#include "common/macro.h"

/*
 * A new object {"packageJson": "...", ...}: members are texts under the names the old reports used, absent when there
 * is no such file. A file in the working directory counts before the one at the root. Secrets are taken out. What is
 * not there by `deadline_us` (CLOCK_MONOTONIC) is left out. Symbolic links that lead out of the repository or into
 * .git, devices and FIFOs are not followed.
 * Returns: 0; -ENOMEM.
 */
must_check int context_collect(enum error_type type, int64_t deadline_us, json_t **ret_context);
