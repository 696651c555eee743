#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"

/* Needles are found by their first bytes: most of a text is told by one bit of a table to begin none. */
#define GRAM_BITS 16
#define BUCKET_BITS 12
#define NONE UINT32_MAX

struct needle {
	char *text; /* owned */
	size_t len;
	uint32_t next; /* of the same bucket */
};

struct needles {
	unsigned n_users;
	struct needle *list;
	size_t n, cap;
	uint64_t grams[(1 << GRAM_BITS) / 64];
	uint32_t bucket[1 << BUCKET_BITS];
	struct prefilter *prefilter; /* of their beginnings and the rules' words; NULL: not made yet */
};

/* Of the first NEEDLE_MIN_BYTES. */
static inline uint32_t hash(const char *text) {
	uint64_t gram;

	memcpy(&gram, text, sizeof(gram));
	return (uint32_t)(gram * UINT64_C(0x9E3779B97F4A7C15) >> (64 - GRAM_BITS));
}

int needles_create(struct needles **ret_needles) {
	struct needles *needles = calloc(1, sizeof(*needles));

	if (needles == NULL) {
		return -ENOMEM;
	}
	needles->n_users = 1;
	memset(needles->bucket, 0xFF, sizeof(needles->bucket));
	*ret_needles = needles;
	return 0;
}

struct needles *needles_ref(struct needles *needles) {
	if (needles != NULL) {
		needles->n_users++;
	}
	return needles;
}

void needles_unref(struct needles *needles) {
	if (needles == NULL || --needles->n_users > 0) {
		return;
	}
	for (size_t i = 0; i < needles->n; i++) {
		explicit_bzero(needles->list[i].text, needles->list[i].len);
		free(needles->list[i].text);
	}
	prefilter_destroy(needles->prefilter);
	free(needles->list);
	free(needles);
}

static int grow(struct needles *needles) {
	size_t cap = MAX(needles->cap * 2, (size_t)32);
	struct needle *list;

	if (needles->n < needles->cap) {
		return 0;
	}
	list = reallocarray(needles->list, cap, sizeof(*list));
	if (list == NULL) {
		return -ENOMEM;
	}
	needles->list = list;
	needles->cap = cap;
	return 0;
}

/* The longest one that is at `text`; NULL: none. */
static const struct needle *longest(const struct needles *needles, const char *text, size_t len) {
	const struct needle *found = NULL;
	uint32_t i = needles->bucket[hash(text) >> (GRAM_BITS - BUCKET_BITS)];

	for (; i != NONE; i = needles->list[i].next) {
		const struct needle *needle = &needles->list[i];

		if (needle->len <= len && (found == NULL || needle->len > found->len) &&
			memcmp(needle->text, text, needle->len) == 0) {
			found = needle;
		}
	}
	return found;
}

int needles_add(struct needles *needles, const char *text, size_t len) {
	const struct needle *known;
	struct needle needle = { .len = len };
	uint32_t *bucket, h;

	if (len < NEEDLE_MIN_BYTES) {
		return 0;
	}
	known = longest(needles, text, len);
	if (known != NULL && known->len == len) {
		return 0;
	}
	if (needles->n == NEEDLES_MAX) {
		return -ENOSPC;
	}
	needle.text = malloc(len + 1);
	if (needle.text == NULL || grow(needles) < 0) {
		free(needle.text);
		return -ENOMEM;
	}
	memcpy(needle.text, text, len);
	needle.text[len] = '\0';
	h = hash(text);
	bucket = &needles->bucket[h >> (GRAM_BITS - BUCKET_BITS)];
	needle.next = *bucket;
	*bucket = (uint32_t)needles->n;
	needles->grams[h / 64] |= UINT64_C(1) << h % 64;
	needles->list[needles->n++] = needle;
	return 0;
}

size_t needles_next(
	const struct needles *needles, const char *text, size_t from, size_t len, size_t *ret_len) {
	for (; from + NEEDLE_MIN_BYTES <= len; from++) {
		uint32_t h = hash(text + from);
		const struct needle *needle;

		if ((needles->grams[h / 64] >> h % 64 & 1) == 0) {
			continue;
		}
		needle = longest(needles, text + from, len - from);
		if (needle != NULL) {
			*ret_len = needle->len;
			return from;
		}
	}
	return len;
}

int needles_prefilter(struct needles *needles, const struct prefilter **ret_filter) {
	const struct lexicon *lexicon = lexicon_of_rules();
	_cleanup_(freep) char(*texts)[LEXICON_WORD_MAX] = calloc(needles->n + 1, sizeof(*texts));
	_cleanup_(freep) const char **words = NULL;
	size_t n = 0;
	int r = 0;

	if (lexicon == NULL || texts == NULL) {
		return -ENOMEM;
	}
	words = calloc(lexicon->n_words + needles->n, sizeof(*words));
	if (words == NULL) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < lexicon->n_words; i++) {
		words[n++] = lexicon->words[i].text;
	}
	for (size_t i = 0; i < needles->n; i++) {
		lexicon_fold(texts[i], needles->list[i].text);
		words[n++] = texts[i];
	}
	if (needles->prefilter == NULL) {
		r = prefilter_create(words, n, &needles->prefilter);
	}
	explicit_bzero(texts, (needles->n + 1) * sizeof(*texts));
	*ret_filter = needles->prefilter;
	return r;
}
