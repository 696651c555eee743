/*
 * utf16 - turns a log that PowerShell wrote (UTF-16, either byte order, with or without a BOM) into UTF-8 as it comes.
 * Any other text passes untouched. No I/O.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/macro.h"

enum utf16_kind { UTF16_UNDECIDED, UTF16_NONE, UTF16_LITTLE, UTF16_BIG };

/* Zeroed to begin with; owns nothing. */
struct utf16 {
	enum utf16_kind kind;
	unsigned char held[4]; /* what is too short to decide on, or half a character */
	size_t n_held;
	uint32_t high; /* a high surrogate that waits for its low one; 0: none */
};

/*
 * The next bytes; `*ret_text` is what they mean: `data` itself when it is no UTF-16, else the text in `out`, which is
 * emptied first. Returns: 0; as buffer_append().
 */
must_check int utf16_feed(struct utf16 *utf16, const char *data, size_t len, struct buffer *out,
	const char **ret_text, size_t *ret_len);
/* What was held back at the end, likewise. */
must_check int utf16_end(
	struct utf16 *utf16, struct buffer *out, const char **ret_text, size_t *ret_len);
