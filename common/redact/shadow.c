#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"

#define ESC 0x1B
#define BEL 0x07
#define DEL 0x7F

void shadow_init(struct shadow *shadow) {
	*shadow = (struct shadow){ .text = "" };
	buffer_init(&shadow->copy, SIZE_MAX);
}

void shadow_finish(struct shadow *shadow) {
	if (shadow->copy.cap > 0) {
		explicit_bzero(shadow->copy.data, shadow->copy.cap);
	}
	buffer_finish(&shadow->copy);
	free(shadow->cuts);
	shadow_init(shadow);
}

/* Of a control string (OSC and its like), behind its introducer: to BEL, ST or the end of its line. */
static size_t string_len(const char *p, size_t len) {
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n') {
			return i;
		}
		if (p[i] == BEL) {
			return i + 1;
		}
		if (p[i] == ESC && i + 1 < len && p[i + 1] == '\\') {
			return i + 2;
		}
	}
	return len;
}

static size_t range_len(const char *p, size_t len, char first, char last) {
	size_t i = 0;

	while (i < len && p[i] >= first && p[i] <= last) {
		i++;
	}
	return i;
}

/* ECMA-48: how long the escape sequence at `p` is. */
static size_t escape_len(const char *p, size_t len) {
	size_t n = 2;

	if (len < 2) {
		return len;
	}
	switch (p[1]) {
	case '[':
		n += range_len(p + n, len - n, 0x30, 0x3F);
		n += range_len(p + n, len - n, 0x20, 0x2F);
		return n + (n < len && p[n] >= 0x40 && p[n] <= 0x7E);
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_': return n + string_len(p + n, len - n);
	default: break;
	}
	if (p[1] < 0x20) {
		return 1;
	}
	n = 1 + range_len(p + 1, len - 1, 0x20, 0x2F);
	return n + (n < len && p[n] >= 0x30 && p[n] <= 0x7E);
}

static bool is_invisible(char c) {
	return ((unsigned char)c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == DEL;
}

static int add_cut(struct shadow *shadow, size_t skip) {
	struct cut *last = shadow->n_cuts > 0 ? &shadow->cuts[shadow->n_cuts - 1] : NULL;

	if (last != NULL && last->at == shadow->copy.len) {
		last->skip += skip;
		return 0;
	}
	if (shadow->n_cuts == shadow->cuts_cap) {
		size_t cap = MAX(shadow->cuts_cap * 2, (size_t)64);
		struct cut *cuts = reallocarray(shadow->cuts, cap, sizeof(*cuts));

		if (cuts == NULL) {
			return -ENOMEM;
		}
		shadow->cuts = cuts;
		shadow->cuts_cap = cap;
	}
	shadow->cuts[shadow->n_cuts] = (struct cut){ shadow->copy.len,
		skip + (shadow->n_cuts > 0 ? shadow->cuts[shadow->n_cuts - 1].skip : 0) };
	shadow->n_cuts++;
	return 0;
}

/* The next byte that does not show; `controls`: there are others than escape codes. */
static size_t next_invisible(const char *text, size_t pos, size_t len, bool controls) {
	const char *found;

	if (controls) {
		while (pos < len && !is_invisible(text[pos])) {
			pos++;
		}
		return pos;
	}
	found = memchr(text + pos, ESC, len - pos);
	return found != NULL ? (size_t)(found - text) : len;
}

static int strip(struct shadow *shadow, const char *text, size_t len, bool controls) {
	size_t pos = 0;
	char *copy = buffer_reserve(&shadow->copy, len);

	if (copy == NULL) {
		return -ENOMEM;
	}
	while (pos < len) {
		size_t end = next_invisible(text, pos, len, controls), skip;

		memcpy(copy + shadow->copy.len, text + pos, end - pos);
		buffer_commit(&shadow->copy, end - pos);
		if (end == len) {
			break;
		}
		skip = text[end] == ESC ? escape_len(text + end, len - end) : 1;
		if (add_cut(shadow, skip) < 0) {
			return -ENOMEM;
		}
		pos = end + skip;
	}
	shadow->text = shadow->copy.data;
	shadow->len = shadow->copy.len;
	return 0;
}

int shadow_make(struct shadow *shadow, const char *text, size_t len) {
	bool controls = memchr(text, '\0', len) != NULL || memchr(text, '\b', len) != NULL;

	shadow->n_cuts = 0;
	shadow->text = text;
	shadow->len = len;
	if (!controls && memchr(text, ESC, len) == NULL) {
		return 0;
	}
	buffer_consume(&shadow->copy, shadow->copy.len);
	return strip(shadow, text, len, controls);
}

/* What all cuts in front of `offset` skip; one at `offset` itself counts when `inclusive`. */
static size_t skipped(const struct shadow *shadow, size_t offset, bool inclusive) {
	size_t low = 0, high = shadow->n_cuts;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		size_t at = shadow->cuts[middle].at;

		if (at < offset || (inclusive && at == offset)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low > 0 ? shadow->cuts[low - 1].skip : 0;
}

size_t shadow_origin(const struct shadow *shadow, size_t offset) {
	return offset + skipped(shadow, offset, true);
}

size_t shadow_origin_end(const struct shadow *shadow, size_t offset) {
	return offset + skipped(shadow, offset, false);
}
