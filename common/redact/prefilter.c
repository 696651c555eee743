#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"

/*
 * Of the first bytes of a word, two neighbouring groups are entered, and one of them is at an even distance from
 * where the search began: so every second byte is enough to look at. The groups are of four bytes, of three in a
 * word of four.
 */
#define GRAM_BITS 16
#define BUCKET_BITS 12
#define FOLD UINT32_C(0x20202020) /* makes capital letters small, and others alike that are not */
#define NONE UINT16_MAX
#define TAIL_BYTES 8

struct prefilter {
	uint64_t threes[(1 << GRAM_BITS) / 64];
	uint64_t fours[(1 << GRAM_BITS) / 64];
	uint16_t bucket[1 << BUCKET_BITS]; /* of a word's first four bytes: index of the first word */
	size_t n;
	struct prefilter_word {
		char text[LEXICON_WORD_MAX];
		uint8_t len;
		uint16_t next; /* of the same bucket */
	} words[];
};

static inline uint32_t load(const char *p) {
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint32_t hash(uint32_t gram) {
	return (gram | FOLD) * UINT32_C(0x9E3779B1) >> (32 - GRAM_BITS);
}

/* Of the first three bytes. */
static inline uint32_t hash_three(uint32_t gram) {
	return hash(gram << 8);
}

static inline bool has(const uint64_t *grams, uint32_t h) {
	return (grams[h / 64] >> h % 64 & 1) != 0;
}

static void enter(uint64_t *grams, uint32_t h) {
	grams[h / 64] |= UINT64_C(1) << h % 64;
}

static void enter_word(struct prefilter *filter, const char *text, size_t len) {
	if (len > 4) {
		enter(filter->fours, hash(load(text)));
		enter(filter->fours, hash(load(text + 1)));
		return;
	}
	enter(filter->threes, hash_three(load(text)));
	enter(filter->threes, hash_three(load(text + 1)));
}

static void add_word(struct prefilter *filter, size_t index, const char *text) {
	struct prefilter_word *word = &filter->words[index];
	uint16_t *bucket;

	word->len = (uint8_t)strlen(text);
	memcpy(word->text, text, word->len);
	bucket = &filter->bucket[hash(load(word->text)) >> (GRAM_BITS - BUCKET_BITS)];
	word->next = *bucket;
	*bucket = (uint16_t)index;
	enter_word(filter, word->text, word->len);
}

int prefilter_create(const char *const *words, size_t n, struct prefilter **ret_filter) {
	struct prefilter *filter;

	if (n >= NONE) {
		return -E2BIG;
	}
	filter = calloc(1, sizeof(*filter) + n * sizeof(filter->words[0]));
	if (filter == NULL) {
		return -ENOMEM;
	}
	memset(filter->bucket, 0xFF, sizeof(filter->bucket));
	filter->n = n;
	for (size_t i = 0; i < n; i++) {
		assert(strlen(words[i]) >= PREFILTER_WORD_MIN);
		add_word(filter, i, words[i]);
	}
	*ret_filter = filter;
	return 0;
}

void prefilter_destroy(struct prefilter *filter) {
	free(filter);
}

static char small(char c) {
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether a word begins at `at`. */
static bool is_word(const struct prefilter *filter, const char *text, size_t at, size_t len) {
	uint16_t index;

	if (len - at < PREFILTER_WORD_MIN) {
		return false;
	}
	index = filter->bucket[hash(load(text + at)) >> (GRAM_BITS - BUCKET_BITS)];
	for (; index != NONE; index = filter->words[index].next) {
		const struct prefilter_word *word = &filter->words[index];
		size_t i = 0;

		while (i < word->len && i < len - at && small(text[at + i]) == word->text[i]) {
			i++;
		}
		if (i == word->len) {
			return true;
		}
	}
	return false;
}

/* Where a word begins at or next to a group that may be of one; `len`: nowhere. */
static size_t look(
	const struct prefilter *filter, const char *text, size_t from, size_t at, size_t len) {
	for (size_t start = at > from ? at - 1 : at; start <= at; start++) {
		if (is_word(filter, text, start, len)) {
			return start;
		}
	}
	return len;
}

/* Two branches, never taken but for a word: cheaper than shifting the bits out and joining them. */
static inline bool is_gram(const struct prefilter *filter, uint32_t gram) {
	return __builtin_expect(has(filter->threes, hash_three(gram)), 0) ||
		__builtin_expect(has(filter->fours, hash(gram)), 0);
}

size_t prefilter_next(const struct prefilter *filter, const char *text, size_t from, size_t len) {
	size_t at = from, start;

	for (; len > TAIL_BYTES && at < len - TAIL_BYTES; at += 4) {
		if (is_gram(filter, load(text + at))) {
			start = look(filter, text, from, at, len);
			if (start < len) {
				return start;
			}
		}
		if (is_gram(filter, load(text + at + 2))) {
			start = look(filter, text, from, at + 2, len);
			if (start < len) {
				return start;
			}
		}
	}
	for (at = at > from ? at - 1 : at; at < len; at++) {
		if (is_word(filter, text, at, len)) {
			return at;
		}
	}
	return len;
}
