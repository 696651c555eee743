#include "common/base64.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const void *data, size_t len) {
	const unsigned char *in = data;
	char *text = malloc(BASE64_LENGTH(len) + 1);
	char *out = text;

	for (size_t i = 0; text != NULL && i < len; i += 3) {
		size_t n = MIN(len - i, (size_t)3);
		uint32_t bits = (uint32_t)in[i] << 16 | (n > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
			(n > 2 ? in[i + 2] : 0);

		*out++ = letters[bits >> 18];
		*out++ = letters[bits >> 12 & 63];
		*out++ = n > 1 ? letters[bits >> 6 & 63] : '=';
		*out++ = n > 2 ? letters[bits & 63] : '=';
	}
	if (text != NULL) {
		*out = '\0';
	}
	return text;
}

static int value_of(char c) {
	if (c >= 'A' && c <= 'Z') {
		return c - 'A';
	}
	if (c >= 'a' && c <= 'z') {
		return c - 'a' + 26;
	}
	if (c >= '0' && c <= '9') {
		return c - '0' + 52;
	}
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters, of which the last `n_pad` are "=". Returns -1: they are none. */
static int32_t read_group(const char *text, size_t n_pad) {
	int32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i + n_pad >= 4 ? 0 : value_of(text[i]);

		if (value < 0) {
			return -1;
		}
		bits = bits << 6 | value;
	}
	/* What does not belong to a byte is 0. */
	return (bits & ((1 << n_pad * 8) - 1)) == 0 ? bits : -1;
}

int base64_decode(const char *text, size_t len, void *out, size_t *ret_len) {
	unsigned char *to = out;
	size_t n_pad = 0, n = 0;

	if (len % 4 != 0) {
		return -EINVAL;
	}
	while (len > 0 && n_pad < 2 && text[len - 1 - n_pad] == '=') {
		n_pad++;
	}
	for (size_t i = 0; i < len; i += 4) {
		size_t pad = i + 4 == len ? n_pad : 0;
		int32_t bits = read_group(text + i, pad);

		if (bits < 0) {
			return -EINVAL;
		}
		for (size_t k = 0; k < 3 - pad; k++) {
			to[n++] = (unsigned char)(bits >> (16 - 8 * k));
		}
	}
	*ret_len = n;
	return 0;
}
