#include "common/keyword.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 256
/*
 * Most of a text begins no word. Where none is being followed, groups of four bytes are looked up among the words'
 * first four in a table of bits; words that are shorter, by their first two.
 */
#define GRAM_BYTES 4
#define GRAM_BITS 16
/* A state's number is its row's offset in `next`, so that a step is one addition and one load. */
#define STATES_BYTES_MAX (64 * 1024 * 1024)

struct keywords {
	uint32_t stride;      /* classes of bytes that differ for some word */
	uint32_t first_match; /* rows at or behind this one end a word */
	uint8_t classes[BYTES];
	uint64_t grams[(1 << GRAM_BITS) / 64];
	uint64_t pairs[(1 << GRAM_BITS) / 64]; /* of words shorter than a group */
	uint32_t *next;			       /* states * stride */
	uint32_t *id_start;		       /* by matching state, one more than there are */
	uint16_t *ids;
};

/* What only building needs. */
struct trie {
	size_t n_states;
	uint32_t *child; /* states * stride; 0: none, the root is nobody's child */
	uint32_t *fail;
	uint32_t *order;     /* breadth first */
	uint32_t *row;	     /* the number in the finished table */
	uint32_t *own_first; /* the state's own words, as a chain through `word_next`; index + 1 */
	uint32_t *word_next;
	uint32_t *n_ids; /* with those of its fail chain */
};

static uint8_t fold(uint8_t byte) {
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
}

/* Capital letters become small ones, and some other bytes alike. */
static inline uint32_t gram_at(const char *text) {
	uint32_t gram;

	memcpy(&gram, text, sizeof(gram));
	return gram | UINT32_C(0x20202020);
}

static inline uint32_t hash(uint32_t gram) {
	return gram * UINT32_C(0x9E3779B1) >> (32 - GRAM_BITS);
}

static inline uint64_t has_bit(const uint64_t *bits, uint32_t i) {
	return bits[i / 64] >> i % 64 & 1;
}

static void set_bit(uint64_t *bits, uint32_t i) {
	bits[i / 64] |= UINT64_C(1) << i % 64;
}

static inline bool may_begin(const struct keywords *keywords, const char *text) {
	uint32_t gram = gram_at(text);
	uint16_t pair;

	memcpy(&pair, &gram, sizeof(pair));
	return (has_bit(keywords->grams, hash(gram)) | has_bit(keywords->pairs, pair)) != 0;
}

static void add_gram(struct keywords *keywords, const char *word) {
	char padded[GRAM_BYTES] = { 0 };
	uint32_t gram;
	uint16_t pair;

	memcpy(padded, word, strnlen(word, GRAM_BYTES));
	gram = gram_at(padded);
	if (padded[GRAM_BYTES - 1] != '\0') {
		set_bit(keywords->grams, hash(gram));
		return;
	}
	for (int second = 0; second < BYTES; second++) {
		padded[1] = word[1] != '\0' ? word[1] : (char)second;
		gram = gram_at(padded);
		memcpy(&pair, &gram, sizeof(pair));
		set_bit(keywords->pairs, pair);
	}
}

/* Bytes in no word share class 0. Returns the number of bytes of all words. */
static size_t make_classes(struct keywords *keywords, const char *const *words, size_t n) {
	size_t total = 0;
	uint32_t count = 1;

	for (size_t i = 0; i < n; i++) {
		for (const char *c = words[i]; *c != '\0'; c++, total++) {
			uint8_t byte = fold((uint8_t)*c);

			if (keywords->classes[byte] == 0) {
				keywords->classes[byte] = (uint8_t)count++;
			}
		}
	}
	for (int byte = 'A'; byte <= 'Z'; byte++) {
		keywords->classes[byte] = keywords->classes[fold((uint8_t)byte)];
	}
	keywords->stride = count;
	return total;
}

static void trie_finish(struct trie *trie) {
	free(trie->child);
	free(trie->fail);
	free(trie->order);
	free(trie->row);
	free(trie->own_first);
	free(trie->word_next);
	free(trie->n_ids);
}

static int trie_init(struct trie *trie, size_t states, size_t stride, size_t n_words) {
	if (states * stride > STATES_BYTES_MAX / sizeof(*trie->child)) {
		return -E2BIG;
	}
	trie->child = calloc(states * stride, sizeof(*trie->child));
	trie->fail = calloc(states, sizeof(*trie->fail));
	trie->order = calloc(states, sizeof(*trie->order));
	trie->row = calloc(states, sizeof(*trie->row));
	trie->own_first = calloc(states, sizeof(*trie->own_first));
	trie->word_next = calloc(n_words + 1, sizeof(*trie->word_next));
	trie->n_ids = calloc(states, sizeof(*trie->n_ids));
	trie->n_states = 1;
	return trie->child != NULL && trie->fail != NULL && trie->order != NULL &&
			trie->row != NULL && trie->own_first != NULL && trie->word_next != NULL &&
			trie->n_ids != NULL
		? 0
		: -ENOMEM;
}

static void trie_add(
	struct trie *trie, const struct keywords *keywords, const char *word, uint32_t index) {
	uint32_t state = 0;

	for (; *word != '\0'; word++) {
		uint32_t *child = &trie->child[(size_t)state * keywords->stride +
			keywords->classes[(uint8_t)*word]];

		if (*child == 0) {
			*child = (uint32_t)trie->n_states++;
		}
		state = *child;
	}
	trie->word_next[index + 1] = trie->own_first[state];
	trie->own_first[state] = index + 1;
	trie->n_ids[state]++;
}

/* Turns the trie into the full automaton: what is no child leads where the longest suffix leads. */
static void trie_connect(struct trie *trie, size_t stride) {
	size_t n_ordered = 1; /* the root is order[0] */

	for (size_t i = 0; i < n_ordered; i++) {
		uint32_t state = trie->order[i];
		uint32_t *row = &trie->child[(size_t)state * stride];
		const uint32_t *fail_row = &trie->child[(size_t)trie->fail[state] * stride];

		for (size_t c = 0; c < stride; c++) {
			if (row[c] == 0) {
				row[c] = state == 0 ? 0 : fail_row[c];
				continue;
			}
			trie->fail[row[c]] = state == 0 ? 0 : fail_row[c];
			trie->n_ids[row[c]] += trie->n_ids[trie->fail[row[c]]];
			trie->order[n_ordered++] = row[c];
		}
	}
}

/* States that end a word come last: one comparison finds them. */
static void number_states(struct keywords *keywords, struct trie *trie) {
	uint32_t row = 0;

	for (int matching = 0; matching <= 1; matching++) {
		if (matching == 1) {
			keywords->first_match = row * keywords->stride;
		}
		for (size_t i = 0; i < trie->n_states; i++) {
			uint32_t state = trie->order[i];

			if ((trie->n_ids[state] > 0) == (matching == 1)) {
				trie->row[state] = row++ * keywords->stride;
			}
		}
	}
}

static void fill_ids(struct keywords *keywords, const struct trie *trie) {
	size_t n_ids = 0, n_matching = 0;

	for (size_t i = 0; i < trie->n_states; i++) {
		uint32_t state = trie->order[i];

		if (trie->n_ids[state] == 0) {
			continue;
		}
		keywords->id_start[n_matching++] = (uint32_t)n_ids;
		for (; state != 0; state = trie->fail[state]) {
			for (uint32_t w = trie->own_first[state]; w != 0; w = trie->word_next[w]) {
				keywords->ids[n_ids++] = (uint16_t)(w - 1);
			}
		}
	}
	keywords->id_start[n_matching] = (uint32_t)n_ids;
}

static int fill(struct keywords *keywords, struct trie *trie) {
	size_t stride = keywords->stride, n_ids = 0, n_matching = 0;

	for (size_t i = 0; i < trie->n_states; i++) {
		n_ids += trie->n_ids[i];
		n_matching += trie->n_ids[i] > 0;
	}
	keywords->next = calloc(trie->n_states * stride, sizeof(*keywords->next));
	keywords->id_start = calloc(n_matching + 1, sizeof(*keywords->id_start));
	keywords->ids = calloc(n_ids + 1, sizeof(*keywords->ids));
	if (keywords->next == NULL || keywords->id_start == NULL || keywords->ids == NULL) {
		return -ENOMEM;
	}
	number_states(keywords, trie);
	for (size_t state = 0; state < trie->n_states; state++) {
		for (size_t c = 0; c < stride; c++) {
			keywords->next[trie->row[state] + c] =
				trie->row[trie->child[state * stride + c]];
		}
	}
	fill_ids(keywords, trie);
	return 0;
}

int keywords_create(const char *const *words, size_t n, struct keywords **ret_keywords) {
	_cleanup_(keywords_destroyp) struct keywords *keywords = NULL;
	struct trie trie = { 0 };
	size_t total;
	int r;

	if (n > UINT16_MAX) {
		return -E2BIG;
	}
	keywords = calloc(1, sizeof(*keywords));
	if (keywords == NULL) {
		return -ENOMEM;
	}
	total = make_classes(keywords, words, n);
	r = trie_init(&trie, total + 1, keywords->stride, n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		trie_add(&trie, keywords, words[i], (uint32_t)i);
		add_gram(keywords, words[i]);
	}
	if (r == 0) {
		trie_connect(&trie, keywords->stride);
		r = fill(keywords, &trie);
	}
	trie_finish(&trie);
	if (r == 0) {
		*ret_keywords = TAKE_PTR(keywords);
	}
	return r;
}

void keywords_destroy(struct keywords *keywords) {
	if (keywords == NULL) {
		return;
	}
	free(keywords->next);
	free(keywords->id_start);
	free(keywords->ids);
	free(keywords);
}

/* Where a word may begin at or behind `i`; the last bytes are too few to tell. */
static size_t skip(const struct keywords *keywords, const char *text, size_t i, size_t len) {
	while (i + GRAM_BYTES <= len && !may_begin(keywords, text + i)) {
		i++;
	}
	return i;
}

size_t keywords_next(const struct keywords *keywords, uint32_t *state, const char *text,
	size_t from, size_t len, const uint16_t **ret_ids, size_t *ret_n) {
	const uint8_t *bytes = (const uint8_t *)text;
	const uint32_t *next = keywords->next;
	const uint32_t first_match = keywords->first_match;
	uint32_t at = *state;

	for (size_t i = from; i < len; i++) {
		if (at == 0) {
			i = skip(keywords, text, i, len);
		}
		at = next[at + keywords->classes[bytes[i]]];
		if (at >= first_match) {
			size_t match = (at - first_match) / keywords->stride;

			*state = at;
			*ret_ids = &keywords->ids[keywords->id_start[match]];
			*ret_n = keywords->id_start[match + 1] - keywords->id_start[match];
			return i + 1;
		}
	}
	*state = at;
	*ret_n = 0;
	return len;
}
