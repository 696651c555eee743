#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/redact/internal.h"

/* A longer value is looked for in parts of this length. */
#define PART_MAX_BYTES 4096
/*
 * Of base64 and hex: tools break both into lines, so short parts are looked for. They overlap, so that the character
 * that two of them share is in one of them.
 */
#define WINDOW_BYTES 14
#define WINDOW_STEP_BYTES 12

typedef int encode_fn(struct buffer *out, const char *value, size_t len);

/*
 * What stands for the value in any base64 text that has `shift` bytes (modulo 3) in front of it: the characters that
 * nothing but the value decides.
 */
static int add_base64(struct needles *needles, const char *value, size_t len, size_t shift,
	const char *alphabet) {
	char out[WINDOW_BYTES * 2];
	size_t first = (shift * 8 + 5) / 6, end = (shift + len) * 8 / 6;

	for (size_t i = first; i < end; i++) {
		size_t bit = i * 6 - shift * 8, byte = bit / 8, in = bit % 8;
		unsigned high = (unsigned char)value[byte];
		unsigned low = byte + 1 < len ? (unsigned char)value[byte + 1] : 0;

		out[i - first] = alphabet[((high << 8 | low) >> (10 - in)) & 0x3F];
	}
	return needles_add(needles, out, end - first);
}

static int window_base64(struct needles *needles, const char *value, size_t len) {
	static const char *const alphabets[] = {
		/* RFC 4648, 4 and 5 */
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(alphabets); i++) {
		for (size_t shift = 0; shift < 3 && r == 0; shift++) {
			r = add_base64(needles, value, len, shift, alphabets[i]);
		}
	}
	return r;
}

static int window_hex(struct needles *needles, const char *value, size_t len) {
	static const char *const alphabets[] = { "0123456789abcdef", "0123456789ABCDEF" };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(alphabets) && r == 0; i++) {
		char out[WINDOW_BYTES * 2];

		for (size_t k = 0; k < len; k++) {
			out[2 * k] = alphabets[i][(unsigned char)value[k] >> 4];
			out[2 * k + 1] = alphabets[i][(unsigned char)value[k] & 0xF];
		}
		r = needles_add(needles, out, 2 * len);
	}
	return r;
}

/* Part by part; the last one is as long as the others, when the value is. */
static int add_windows(struct needles *needles, const char *value, size_t len,
	int (*add)(struct needles *, const char *, size_t)) {
	size_t size = MIN(len, (size_t)WINDOW_BYTES), from = 0;
	int r = add(needles, value, size);

	while (r == 0 && from + size < len) {
		from = MIN(from + WINDOW_STEP_BYTES, len - size);
		r = add(needles, value + from, size);
	}
	return r;
}

/* RFC 3986, 2.1; `space` stands for a blank. */
static int encode_url(
	struct buffer *out, const char *value, size_t len, const char *digits, const char *space) {
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		unsigned char c = (unsigned char)value[i];
		const char code[] = { '%', digits[c >> 4], digits[c & 0xF] };

		if (isalnum(c) || (c != '\0' && strchr("-_.~", c) != NULL)) {
			r = buffer_append(out, &value[i], 1);
		} else if (c == ' ') {
			r = buffer_append_str(out, space);
		} else {
			r = buffer_append(out, code, sizeof(code));
		}
	}
	return r;
}

static int url_upper(struct buffer *out, const char *value, size_t len) {
	return encode_url(out, value, len, "0123456789ABCDEF", "%20");
}

static int url_lower(struct buffer *out, const char *value, size_t len) {
	return encode_url(out, value, len, "0123456789abcdef", "%20");
}

static int url_form(struct buffer *out, const char *value, size_t len) {
	return encode_url(out, value, len, "0123456789ABCDEF", "+");
}

/* Replaces single bytes by what a table says. */
struct escape {
	char byte;
	const char *text;
};

static int escape(
	struct buffer *out, const char *value, size_t len, const struct escape *table, size_t n) {
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		size_t row = 0;

		while (row < n && table[row].byte != value[i]) {
			row++;
		}
		r = row < n ? buffer_append_str(out, table[row].text)
			    : buffer_append(out, &value[i], 1);
	}
	return r;
}

static int json_plain(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '"', "\\\"" }, { '\\', "\\\\" }, { '\t', "\\t" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

/* As PHP and some of JavaScript's libraries write it. */
static int json_slashes(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '"', "\\\"" }, { '\\', "\\\\" }, { '\t', "\\t" },
		{ '/', "\\/" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

/* As Go's encoding/json and serializers that mind HTML. */
static int json_html(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '"', "\\\"" }, { '\\', "\\\\" }, { '\t', "\\t" },
		{ '&', "\\u0026" }, { '<', "\\u003c" }, { '>', "\\u003e" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

static int json_twice(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '"', "\\\\\\\"" }, { '\\', "\\\\\\\\" },
		{ '\t', "\\\\t" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

static int xml(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" },
		{ '"', "&quot;" }, { '\'', "&apos;" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

static int xml_numeric(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" },
		{ '"', "&#34;" }, { '\'', "&#39;" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

static int xml_text(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

/* Inside '...', as `set -x` of bash shows it. */
static int shell_single(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '\'', "'\\''" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

/* Python's shlex.quote(). */
static int shell_mixed(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '\'', "'\"'\"'" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

static int shell_double(struct buffer *out, const char *value, size_t len) {
	static const struct escape table[] = { { '"', "\\\"" }, { '\\', "\\\\" }, { '$', "\\$" },
		{ '`', "\\`" } };

	return escape(out, value, len, table, ARRAY_SIZE(table));
}

/* printf %q. */
static int shell_backslash(struct buffer *out, const char *value, size_t len) {
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c < 0x80 && !isalnum(c) && strchr("_-./:=@%+", c) == NULL) {
			r = buffer_append(out, "\\", 1);
		}
		if (r == 0) {
			r = buffer_append(out, &value[i], 1);
		}
	}
	return r;
}

static encode_fn *const encodings[] = { url_upper, url_lower, url_form, json_plain, json_slashes,
	json_html, json_twice, xml, xml_numeric, xml_text, shell_single, shell_mixed, shell_double,
	shell_backslash };

static int add_escaped(struct needles *needles, const char *value, size_t len) {
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(encodings) && r == 0; i++) {
		_cleanup_(buffer_finish) struct buffer out;

		buffer_init(&out, PART_MAX_BYTES * 8);
		r = encodings[i](&out, value, len);
		if (r == 0) {
			r = needles_add(needles, out.data, out.len);
		}
	}
	return r;
}

static int add_part(struct needles *needles, const char *value, size_t len, enum value_form form) {
	switch (form) {
	case VALUE_PLAIN: return needles_add(needles, value, len);
	case VALUE_ESCAPED: return add_escaped(needles, value, len);
	case VALUE_BASE64: return add_windows(needles, value, len, window_base64);
	case VALUE_HEX: return add_windows(needles, value, len, window_hex);
	case VALUE_FORM_COUNT: break;
	}
	return 0;
}

static int add_line(struct needles *needles, const char *line, size_t len, enum value_form form) {
	int r = 0;

	while (len >= REDACT_VALUE_MIN_BYTES && r == 0) {
		size_t part = len > PART_MAX_BYTES + REDACT_VALUE_MIN_BYTES ? PART_MAX_BYTES : len;

		r = add_part(needles, line, part, form);
		line += part;
		len -= part;
	}
	return r;
}

int value_add(struct needles *needles, const char *value, size_t len, enum value_form form) {
	int r = 0;

	while (len > 0 && r == 0) {
		const char *end = memchr(value, '\n', len);
		size_t line = end != NULL ? (size_t)(end - value) : len, used = MIN(line + 1, len);

		r = add_line(needles, value, line > 0 && value[line - 1] == '\r' ? line - 1 : line,
			form);
		value += used;
		len -= used;
	}
	return r == -ENOSPC ? 0 : r;
}
