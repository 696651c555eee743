#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"
#include "common/text.h"

#define DEL 0x7F

/*
 * Sixteen bytes at once, so that ordinary text costs next to nothing. What text_dropped() may drop begins with a
 * control character or with one of these bytes of UTF-8.
 */
typedef signed char lanes __attribute__((vector_size(16)));
#define LEAD(byte) ((signed char)((byte)-256))

void shadow_init(struct shadow *shadow) {
	*shadow = (struct shadow){ .text = "" };
	buffer_init(&shadow->copy, SIZE_MAX);
}

void shadow_finish(struct shadow *shadow) {
	buffer_wipe(&shadow->copy);
	free(shadow->cuts);
	shadow_init(shadow);
}

static inline bool any(lanes bad) {
	uint64_t halves[2];

	memcpy(halves, &bad, sizeof(halves));
	return (halves[0] | halves[1]) != 0;
}

static inline lanes load(const char *text) {
	lanes v;

	memcpy(&v, text, sizeof(v));
	return v;
}

/* Bytes that are neither printable ASCII nor a blank; those of UTF-8 are negative. */
static inline lanes unusual(const char *text) {
	lanes v = load(text);

	return (lanes)(((v < ' ') & (v != '\n') & (v != '\r') & (v != '\t')) | (v == DEL));
}

static inline bool any_suspect(const char *text) {
	lanes v = load(text), bad = unusual(text);

	/* Of UTF-8 the first bytes of characters that are dropped. */
	return any(bad &
		(lanes)((v >= 0) | (v == LEAD(0xC2)) | (v == LEAD(0xCD)) | (v == LEAD(0xD8)) |
			(v == LEAD(0xE1)) | (v == LEAD(0xE2)) | (v == LEAD(0xEF)) |
			(v == LEAD(0xF3))));
}

/* Where the lanes are that may have something to drop; less than a lane is left otherwise. */
static size_t skip_usual(const char *text, size_t pos, size_t len) {
	for (;;) {
		while (len - pos >= 4 * sizeof(lanes) &&
			!any(unusual(text + pos) | unusual(text + pos + sizeof(lanes)) |
				unusual(text + pos + 2 * sizeof(lanes)) |
				unusual(text + pos + 3 * sizeof(lanes)))) {
			pos += 4 * sizeof(lanes);
		}
		if (len - pos < sizeof(lanes) || any_suspect(text + pos)) {
			return pos;
		}
		pos += sizeof(lanes);
	}
}

/* How many bytes at `text` do not show. A NUL shows once it is replaced, but in UTF-16 it is half of a letter. */
static inline size_t invisible_len(const char *text, size_t len) {
	unsigned char byte = (unsigned char)*text;

	if (byte == '\0') {
		return 1;
	}
	return byte < 0x20 || byte == DEL || byte >= 0xC2 ? text_dropped(text, len) : 0;
}

/* Where the next bytes are that do not show, and how many; `len`: there are none. */
static size_t next_invisible(const char *text, size_t pos, size_t len, size_t *ret_skip) {
	while (pos < len) {
		size_t end;

		pos = skip_usual(text, pos, len);
		for (end = MIN(len, pos + sizeof(lanes)); pos < end; pos++) {
			*ret_skip = invisible_len(text + pos, len - pos);
			if (*ret_skip > 0) {
				return pos;
			}
		}
	}
	return len;
}

bool shadow_differs(const char *text, size_t len) {
	size_t skip;

	return next_invisible(text, 0, len, &skip) < len;
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

static int strip(struct shadow *shadow, const char *text, size_t len, size_t end, size_t skip) {
	size_t pos = 0;
	char *copy = buffer_reserve(&shadow->copy, len);

	if (copy == NULL) {
		return -ENOMEM;
	}
	while (pos < len) {
		memcpy(copy + shadow->copy.len, text + pos, end - pos);
		buffer_commit(&shadow->copy, end - pos);
		if (end == len) {
			break;
		}
		if (add_cut(shadow, skip) < 0) {
			return -ENOMEM;
		}
		pos = end + skip;
		end = next_invisible(text, pos, len, &skip);
	}
	shadow->text = shadow->copy.data;
	shadow->len = shadow->copy.len;
	return 0;
}

int shadow_make(struct shadow *shadow, const char *text, size_t len) {
	size_t skip = 0, first = next_invisible(text, 0, len, &skip);

	shadow->n_cuts = 0;
	shadow->text = text;
	shadow->len = len;
	if (first == len) {
		return 0;
	}
	buffer_consume(&shadow->copy, shadow->copy.len);
	return strip(shadow, text, len, first, skip);
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
