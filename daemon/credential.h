/*
 * credential - secrets from where an operator keeps them: "credential:NAME" (systemd's, a file of that name in
 * $CREDENTIALS_DIRECTORY), "file:PATH", "env:NAME". Blocks for a small file. Loop thread only.
 *
 * A value is one text without control characters (of a key: PEM, whose lines stay). It is wiped when it is released,
 * and never logged.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macro.h"
#include "daemon/limits.h"

/* Room for credential_mark(). */
#define CREDENTIAL_MARK_MAX 24

/* Whether a source is well formed. `ret_problem` (may be NULL): what is wrong, to stand behind `"SOURCE" `. */
bool credential_is_source(const char *source, char ret_problem[LIMIT_SENTENCE_MAX]);

/*
 * Reads the first of `sources` (NULL-ended) that exists; blanks around the value are dropped. `is_pem`: it may have
 * lines. Returns: 0, `*ret_value` is the caller's, for credential_wipe(). Else `ret_sentence` says what happened, to
 * which source, and what to do: -ENOENT, none exists; -EACCES, not readable by us, or a file that others may read too;
 * -EINVAL, empty, or no such text; -EFBIG, over LIMIT_CREDENTIAL_MAX_BYTES; other errno.
 */
must_check int credential_read(const char *const *sources, bool is_pem, char **ret_value,
	char ret_sentence[LIMIT_SENTENCE_MAX]);
/* As credential_read(), but tells only which of `sources` has it. */
must_check int credential_find(const char *const *sources, bool is_pem, const char **ret_source,
	char ret_sentence[LIMIT_SENTENCE_MAX]);
/* Overwrites and frees it; NULL is fine. */
void credential_wipe(char *value);
DEFINE_CLEANUP(char *, credential_wipe);

/* What tells one value from another without giving it away: the beginning of its SHA-256, in hex. Returns `out`. */
const char *credential_mark(const char *value, char out[CREDENTIAL_MARK_MAX]);
