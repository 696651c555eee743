#include "common/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* GitHub's bounds. */
#define USER_MAX 39
#define TEAM_MAX 100

struct range {
	uint32_t first, last;
};

/* Unicode 15: Bidi_Control, and Default_Ignorable_Code_Point as far as texts use it. */
static const struct range hidden[] = {
	/* sorted */
	{ 0x00AD, 0x00AD },   /* soft hyphen */
	{ 0x034F, 0x034F },   /* combining grapheme joiner */
	{ 0x061C, 0x061C },   /* Arabic letter mark */
	{ 0x180B, 0x180F },   /* Mongolian selectors and vowel separator */
	{ 0x200B, 0x200F },   /* zero-width space, joiners, marks */
	{ 0x202A, 0x202E },   /* embeddings and overrides */
	{ 0x2060, 0x206F },   /* word joiner, invisible operators, isolates */
	{ 0xFE00, 0xFE0F },   /* variation selectors */
	{ 0xFEFF, 0xFEFF },   /* byte order mark */
	{ 0xE0000, 0xE0FFF }, /* tags, supplementary selectors */
};

bool text_is_hidden(uint32_t code) {
	for (size_t i = 0; i < ARRAY_SIZE(hidden) && code >= hidden[i].first; i++) {
		if (code <= hidden[i].last) {
			return true;
		}
	}
	return false;
}

/* Of the hidden ones those that spell words of some scripts, and emoji: joiners, and selectors of a variant. */
static const struct range joining[] = {
	{ 0x034F, 0x034F },
	{ 0x180B, 0x180D },
	{ 0x180F, 0x180F },
	{ 0x200C, 0x200D },
	{ 0xFE00, 0xFE0F },
	{ 0xE0100, 0xE01EF },
};

/* They belong behind a character that is not ASCII, or make a keycap of one: "1", U+FE0F, U+20E3. */
static bool belongs(uint32_t code, uint32_t before, const char *rest) {
	for (size_t i = 0; i < ARRAY_SIZE(joining); i++) {
		if (code >= joining[i].first && code <= joining[i].last) {
			return before >= 0x80 ||
				(code == 0xFE0F && strncmp(rest, "\xE2\x83\xA3", 3) == 0);
		}
	}
	return false;
}

bool text_is_control(uint32_t code) {
	return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

struct utf8_lead {
	unsigned char first, last;
	int n_more;
	unsigned char second_min, second_max;
};

/* Unicode 15, table 3-7. */
static const struct utf8_lead leads[] = {
	{ 0xC2, 0xDF, 1, 0x80, 0xBF },
	{ 0xE0, 0xE0, 2, 0xA0, 0xBF },
	{ 0xE1, 0xEC, 2, 0x80, 0xBF },
	{ 0xED, 0xED, 2, 0x80, 0x9F },
	{ 0xEE, 0xEF, 2, 0x80, 0xBF },
	{ 0xF0, 0xF0, 3, 0x90, 0xBF },
	{ 0xF1, 0xF3, 3, 0x80, 0xBF },
	{ 0xF4, 0xF4, 3, 0x80, 0x8F },
};

static const struct utf8_lead *find_lead(unsigned char byte) {
	for (size_t i = 0; i < ARRAY_SIZE(leads); i++) {
		if (byte >= leads[i].first && byte <= leads[i].last) {
			return &leads[i];
		}
	}
	return NULL;
}

int text_decode(const char *data, size_t len, uint32_t *ret_code) {
	const unsigned char *bytes = (const unsigned char *)data;
	const struct utf8_lead *lead;
	uint32_t code;

	if (bytes[0] < 0x80) {
		*ret_code = bytes[0];
		return 1;
	}
	lead = find_lead(bytes[0]);
	if (lead == NULL) {
		return -1;
	}
	code = bytes[0] & (0x3Fu >> lead->n_more);
	for (int i = 1; i <= lead->n_more; i++) {
		unsigned char min = i == 1 ? lead->second_min : 0x80;
		unsigned char max = i == 1 ? lead->second_max : 0xBF;

		if ((size_t)i >= len || bytes[i] < min || bytes[i] > max) {
			return -i;
		}
		code = code << 6 | (bytes[i] & 0x3Fu);
	}
	*ret_code = code;
	return lead->n_more + 1;
}

bool text_is_utf8(const char *data, size_t len) {
	uint32_t code;

	for (size_t i = 0; i < len;) {
		int n = text_decode(data + i, len - i, &code);

		if (n < 0) {
			return false;
		}
		i += (size_t)n;
	}
	return true;
}

size_t text_cut(const char *data, size_t len) {
	for (size_t back = 1; back <= MIN(len, (size_t)3); back++) {
		unsigned char byte = (unsigned char)data[len - back];
		const struct utf8_lead *lead = find_lead(byte);

		if (lead != NULL) {
			return (size_t)lead->n_more >= back ? len - back : len;
		}
		if ((byte & 0xC0) != 0x80) {
			return len;
		}
	}
	return len;
}

bool text_copy(char *dst, size_t size, const char *src) {
	size_t len = src == NULL ? 0 : strnlen(src, size);
	bool fits = len < size;

	if (size == 0) {
		return false;
	}
	if (!fits) {
		len = text_cut(src, size - 1);
	}
	if (len > 0) {
		memmove(dst, src, len);
	}
	dst[len] = '\0';
	return fits;
}

bool text_format(char *dst, size_t size, const char *fmt, ...) {
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(dst, size, fmt, args);
	va_end(args);
	if (len >= 0 && (size_t)len < size) {
		return true;
	}
	if (size > 0) {
		dst[len < 0 ? 0 : text_cut(dst, size - 1)] = '\0';
	}
	return false;
}

bool text_is_name(const char *str, size_t size) {
	size_t len = strnlen(str, size);
	uint32_t code, before = 0;

	if (len == 0 || len == size || str[0] == ' ' || str[len - 1] == ' ') {
		return false;
	}
	for (size_t i = 0; i < len;) {
		int n = text_decode(str + i, len - i, &code);

		if (n < 0 || text_is_control(code)) {
			return false;
		}
		i += (size_t)n;
		if (text_is_hidden(code) && !belongs(code, before, str + i)) {
			return false;
		}
		before = code;
	}
	return true;
}

bool text_is_project(const char *name) {
	size_t len = strlen(name);

	return len > 0 && strchr(name, '@') == NULL && strchr(name, ':') == NULL &&
		strchr(name, '\\') == NULL && strstr(name, "..") == NULL &&
		strstr(name, "//") == NULL && name[0] != '/' && name[len - 1] != '/';
}

static bool is_handle_part(const char *str, size_t len, size_t max) {
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)str[i] >= 0x80 ||
			(!isalnum((unsigned char)str[i]) && str[i] != '-' && str[i] != '_')) {
			return false;
		}
	}
	return len > 0 && len <= max && str[0] != '-';
}

bool text_is_handle(const char *str) {
	size_t len = strcspn(str, "/");
	const char *team = str[len] == '/' ? str + len + 1 : NULL;

	return is_handle_part(str, len, USER_MAX) &&
		(team == NULL || is_handle_part(team, strlen(team), TEAM_MAX));
}

bool text_is_loopback(const char *host) {
	struct in_addr address;

	return strcmp(host, "[::1]") == 0 || strcasecmp(host, "localhost") == 0 ||
		(inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

bool text_is_web_url(const char *str) {
	const char *host = strncmp(str, "https://", 8) == 0 ? str + 8
		: strncmp(str, "http://", 7) == 0	    ? str + 7
							    : NULL;

	return host != NULL && memchr(host, '@', strcspn(host, "/?#")) == NULL;
}

bool text_equal(const char *a, const char *b) {
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void text_lower(char *text) {
	for (; *text != '\0'; text++) {
		if (*text >= 'A' && *text <= 'Z') {
			*text = (char)(*text - 'A' + 'a');
		}
	}
}

char *text_dup(const char *str, bool *ret_failed) {
	char *copy = str == NULL ? NULL : strdup(str);

	if (str != NULL && copy == NULL) {
		*ret_failed = true;
	}
	return copy;
}

int text_to_int(const char *text, int64_t *ret) {
	bool negative = text[0] == '-';
	const char *digits = text + negative;
	bool too_large = false;
	int64_t value = 0;

	if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
		return -EINVAL;
	}
	/* Counts downwards: INT64_MIN has no positive twin. */
	for (const char *p = digits; *p != '\0' && !too_large; p++) {
		too_large = __builtin_mul_overflow(value, 10, &value) ||
			__builtin_sub_overflow(value, *p - '0', &value);
	}
	if (too_large || (!negative && value == INT64_MIN)) {
		return -ERANGE;
	}
	*ret = negative ? value : -value;
	return 0;
}
