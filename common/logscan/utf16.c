#include "common/logscan/utf16.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define HIGH_FIRST 0xD800u
#define LOW_FIRST 0xDC00u
#define LOW_LAST 0xDFFFu
#define REPLACEMENT 0xFFFDu
#define BOM 0xFEFFu
/* A character of two bytes takes three at most, a pair of four takes four. */
#define UTF8_PER_UNIT 3

static size_t put(char *out, uint32_t code) {
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xC0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3F));
		return 2;
	}
	if (code < 0x10000) {
		out[0] = (char)(0xE0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3F));
		out[2] = (char)(0x80 | (code & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3F));
	out[2] = (char)(0x80 | (code >> 6 & 0x3F));
	out[3] = (char)(0x80 | (code & 0x3F));
	return 4;
}

/* One unit; at most two characters come of it. */
static size_t put_unit(struct utf16 *utf16, uint32_t unit, char *out) {
	size_t n = 0;

	if (utf16->high != 0 && unit >= LOW_FIRST && unit <= LOW_LAST) {
		uint32_t high = utf16->high - HIGH_FIRST;

		utf16->high = 0;
		return put(out, 0x10000 + (high << 10) + (unit - LOW_FIRST));
	}
	if (utf16->high != 0) {
		utf16->high = 0;
		n = put(out, REPLACEMENT);
	}
	if (unit >= HIGH_FIRST && unit < LOW_FIRST) {
		utf16->high = unit;
		return n;
	}
	if (unit == BOM) {
		return n;
	}
	return n + put(out + n, unit >= LOW_FIRST && unit <= LOW_LAST ? REPLACEMENT : unit);
}

static int decode(struct utf16 *utf16, const unsigned char *data, size_t len, struct buffer *out) {
	char *to = buffer_reserve(out, (len / 2 + 2) * 2 * UTF8_PER_UNIT);
	size_t n = 0, big = utf16->kind == UTF16_BIG;

	if (to == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < len; i++) {
		utf16->held[utf16->n_held++] = data[i];
		if (utf16->n_held == 2) {
			uint32_t unit = (uint32_t)utf16->held[1 - big] << 8 | utf16->held[big];

			utf16->n_held = 0;
			n += put_unit(utf16, unit, to + n);
		}
	}
	buffer_commit(out, n);
	return 0;
}

/* Of the first bytes; a text that begins with two characters of ASCII tells without a BOM. */
static enum utf16_kind decide(const unsigned char *bytes, size_t n, bool is_end) {
	if (n >= 2 && bytes[0] == 0xFF && bytes[1] == 0xFE) {
		return UTF16_LITTLE;
	}
	if (n >= 2 && bytes[0] == 0xFE && bytes[1] == 0xFF) {
		return UTF16_BIG;
	}
	if (n < 4) {
		bool may_be = n < 2 || bytes[0] == 0 || bytes[1] == 0;

		return may_be && !is_end ? UTF16_UNDECIDED : UTF16_NONE;
	}
	if (bytes[0] != 0 && bytes[1] == 0 && bytes[2] != 0 && bytes[3] == 0) {
		return UTF16_LITTLE;
	}
	if (bytes[0] == 0 && bytes[1] != 0 && bytes[2] == 0 && bytes[3] != 0) {
		return UTF16_BIG;
	}
	return UTF16_NONE;
}

/* Returns 0 with the kind decided or all bytes held. */
static int begin(struct utf16 *utf16, const unsigned char *data, size_t len, bool is_end,
	struct buffer *out) {
	unsigned char first[sizeof(utf16->held)];
	size_t n = utf16->n_held, taken = MIN(sizeof(first) - n, len);
	int r;

	memcpy(first, utf16->held, n);
	if (taken > 0) {
		memcpy(first + n, data, taken);
	}
	n += taken;
	utf16->kind = decide(first, n, is_end);
	if (utf16->kind == UTF16_UNDECIDED) {
		memcpy(utf16->held, first, n);
		utf16->n_held = n;
		return 0;
	}
	utf16->n_held = 0;
	if (utf16->kind == UTF16_NONE) {
		r = buffer_append(out, first, n);
		return r < 0 || len == taken ? r : buffer_append(out, data + taken, len - taken);
	}
	r = decode(utf16, first, n, out);
	return r < 0 ? r : decode(utf16, data + taken, len - taken, out);
}

int utf16_feed(struct utf16 *utf16, const char *data, size_t len, struct buffer *out,
	const char **ret_text, size_t *ret_len) {
	const unsigned char *bytes = (const unsigned char *)data;
	int r = 0;

	if (utf16->kind == UTF16_NONE) {
		*ret_text = data;
		*ret_len = len;
		return 0;
	}
	buffer_consume(out, out->len);
	if (len > 0) {
		r = utf16->kind == UTF16_UNDECIDED ? begin(utf16, bytes, len, false, out)
						   : decode(utf16, bytes, len, out);
	}
	*ret_text = out->data;
	*ret_len = out->len;
	return r;
}

int utf16_end(struct utf16 *utf16, struct buffer *out, const char **ret_text, size_t *ret_len) {
	int r = 0;

	buffer_consume(out, out->len);
	if (utf16->kind == UTF16_UNDECIDED && utf16->n_held > 0) {
		r = begin(utf16, NULL, 0, true, out);
	}
	*ret_text = out->data;
	*ret_len = out->len;
	return r;
}
