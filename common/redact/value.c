#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"

/* A longer value is looked for in parts of this length. */
#define PART_MAX_BYTES 4096

typedef int encode_fn(struct buffer *out, const char *value, size_t len);

static int add_needle(struct redactor *red, const char *text, size_t len) {
	struct needle *needles;
	char *copy;

	for (size_t i = 0; i < red->n_needles; i++) {
		if (red->needles[i].len == len && memcmp(red->needles[i].text, text, len) == 0) {
			return 0;
		}
	}
	if (red->n_needles == red->needles_cap) {
		size_t cap = MAX(red->needles_cap * 2, (size_t)32);

		needles = reallocarray(red->needles, cap, sizeof(*needles));
		if (needles == NULL) {
			return -ENOMEM;
		}
		red->needles = needles;
		red->needles_cap = cap;
	}
	copy = malloc(len + 1);
	if (copy == NULL) {
		return -ENOMEM;
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	red->needles[red->n_needles++] = (struct needle){ copy, len };
	return 0;
}

/*
 * What stands for the value in any base64 text that has `shift` bytes (modulo 3) in front of it: the characters that
 * nothing but the value decides.
 */
static int add_base64(
	struct redactor *red, const char *value, size_t len, size_t shift, const char *alphabet) {
	_cleanup_(buffer_finish) struct buffer out;
	size_t first = (shift * 8 + 5) / 6, end = (shift + len) * 8 / 6;

	buffer_init(&out, PART_MAX_BYTES * 2);
	for (size_t i = first; i < end; i++) {
		size_t bit = i * 6 - shift * 8, byte = bit / 8, in = bit % 8;
		unsigned high = (unsigned char)value[byte];
		unsigned low = byte + 1 < len ? (unsigned char)value[byte + 1] : 0;
		char c = alphabet[((high << 8 | low) >> (10 - in)) & 0x3F];
		int r = buffer_append(&out, &c, 1);

		if (r < 0) {
			return r;
		}
	}
	return add_needle(red, out.data, out.len);
}

static int add_base64_all(struct redactor *red, const char *value, size_t len) {
	static const char *const alphabets[] = {
		/* RFC 4648, 4 and 5 */
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(alphabets); i++) {
		for (size_t shift = 0; shift < 3 && r == 0; shift++) {
			r = add_base64(red, value, len, shift, alphabets[i]);
		}
	}
	return r;
}

static int encode_url(
	struct buffer *out, const char *value, size_t len, const char *format, bool plus) {
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		unsigned char c = (unsigned char)value[i];

		if (isalnum(c) || strchr("-_.~", c) != NULL) {
			r = buffer_append(out, &value[i], 1);
		} else if (c == ' ' && plus) {
			r = buffer_append(out, "+", 1);
		} else {
			r = c != '\0'
				? buffer_appendf(out, format[0] == 'X' ? "%%%02X" : "%%%02x", c)
				: 0;
		}
	}
	return r;
}

static int url_upper(struct buffer *out, const char *value, size_t len) {
	return encode_url(out, value, len, "X", false);
}

static int url_lower(struct buffer *out, const char *value, size_t len) {
	return encode_url(out, value, len, "x", false);
}

static int url_form(struct buffer *out, const char *value, size_t len) {
	return encode_url(out, value, len, "X", true);
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

static int add_part(struct redactor *red, const char *value, size_t len) {
	int r = add_needle(red, value, len);

	for (size_t i = 0; i < ARRAY_SIZE(encodings) && r == 0; i++) {
		_cleanup_(buffer_finish) struct buffer out;

		buffer_init(&out, PART_MAX_BYTES * 8);
		r = encodings[i](&out, value, len);
		if (r == 0) {
			r = add_needle(red, out.data, out.len);
		}
	}
	return r < 0 ? r : add_base64_all(red, value, len);
}

static int add_line(struct redactor *red, const char *line, size_t len) {
	int r = 0;

	while (len >= REDACT_VALUE_MIN_BYTES && r == 0) {
		size_t part = len > PART_MAX_BYTES + REDACT_VALUE_MIN_BYTES ? PART_MAX_BYTES : len;

		r = add_part(red, line, part);
		line += part;
		len -= part;
	}
	return r;
}

int value_add(struct redactor *red, const char *value, size_t len) {
	int r = 0;

	while (len > 0 && r == 0) {
		const char *end = memchr(value, '\n', len);
		size_t line = end != NULL ? (size_t)(end - value) : len, used = MIN(line + 1, len);

		r = add_line(red, value, line > 0 && value[line - 1] == '\r' ? line - 1 : line);
		value += used;
		len -= used;
	}
	return r;
}
