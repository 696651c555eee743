/*
 * submit_text - cuts what CI sends to what is kept. Pure.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "common/macro.h"

/*
 * Keeps a quarter of `max_bytes` from the start and the rest from the end, with a line between that says what is
 * missing: a failure is mostly at the end, its set-up at the start. `*text` (malloc()ed, may be NULL) is replaced
 * when it is too long. Returns: 0; -ENOMEM, untouched.
 */
must_check int submit_cut_log(char **text, size_t max_bytes);

/*
 * Replaces the largest values of an object by a note until it fits as compact JSON. `*context` (may be NULL) is
 * replaced by a copy when it is too long. Returns: 0; -ENOMEM, untouched.
 */
must_check int submit_cut_context(json_t **context, size_t max_bytes);
