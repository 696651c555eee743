/*
 * base64 - bytes in JSON. With padding, no line breaks (RFC 4648, section 4). Pure, any thread.
 */
#pragma once

#include <stddef.h>

#include "common/macro.h"

/* Characters for `len` bytes, without a NUL. */
#define BASE64_LENGTH(len) (((len) + 2) / 3 * 4)

/* A malloc()ed string that the caller frees; NULL: memory. */
must_check char *base64_encode(const void *data, size_t len);
/*
 * Reads `len` characters into `out`, which has room for `len` / 4 * 3 bytes and may be `text` itself.
 * Returns: 0; -EINVAL, it is no such text. `ret_len` is untouched then.
 */
must_check int base64_decode(const char *text, size_t len, void *out, size_t *ret_len);
