#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"

/* A word while the lexicon is made. */
struct entry {
	char text[LEXICON_WORD_MAX];
	size_t rule;
};

void lexicon_fold(char out[LEXICON_WORD_MAX], const char *word) {
	size_t i = 0;

	for (; i < LEXICON_WORD_MAX - 1 && word[i] != '\0'; i++) {
		out[i] = (char)tolower((unsigned char)word[i]);
	}
	out[i] = '\0';
}

static int compare_entries(const void *a, const void *b) {
	return strcmp(((const struct entry *)a)->text, ((const struct entry *)b)->text);
}

static size_t list_entries(struct entry *entries) {
	size_t n = 0;

	for (size_t rule = 0; rule < n_redact_rules; rule++) {
		for (size_t i = 0; i < REDACT_RULE_KEYWORDS; i++) {
			const char *word = redact_rules[rule].keywords[i];

			if (word != NULL) {
				entries[n].rule = rule;
				lexicon_fold(entries[n++].text, word);
			}
		}
	}
	qsort(entries, n, sizeof(entries[0]), compare_entries);
	return n;
}

/* Entries of the same word become one word. */
static void fill_words(struct lexicon *lexicon, const struct entry *entries, size_t n) {
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(entries[i].text, entries[i - 1].text) != 0) {
			lexicon_fold(lexicon->words[lexicon->n_words++].text, entries[i].text);
		}
		rule_set_add(&lexicon->words[lexicon->n_words - 1].rules, entries[i].rule);
	}
}

static void list_words(const struct lexicon *lexicon, const char **words) {
	for (size_t i = 0; i < lexicon->n_words; i++) {
		words[i] = lexicon->words[i].text;
	}
}

static int create(struct lexicon **ret_lexicon) {
	_cleanup_(lexicon_destroyp) struct lexicon *lexicon = calloc(1, sizeof(*lexicon));
	size_t max = n_redact_rules * REDACT_RULE_KEYWORDS;
	_cleanup_(freep) struct entry *entries = calloc(max, sizeof(*entries));
	_cleanup_(freep) const char **words = calloc(max, sizeof(*words));
	int r;

	if (lexicon == NULL || entries == NULL || words == NULL) {
		return -ENOMEM;
	}
	lexicon->words = calloc(max, sizeof(*lexicon->words));
	if (lexicon->words == NULL) {
		return -ENOMEM;
	}
	fill_words(lexicon, entries, list_entries(entries));
	list_words(lexicon, words);
	r = prefilter_create(words, lexicon->n_words, &lexicon->prefilter);
	if (r < 0) {
		return r;
	}
	*ret_lexicon = TAKE_PTR(lexicon);
	return 0;
}

void lexicon_destroy(struct lexicon *lexicon) {
	if (lexicon != NULL) {
		prefilter_destroy(lexicon->prefilter);
		free(lexicon->words);
		free(lexicon);
	}
}

const struct lexicon *lexicon_of_rules(void) {
	static _Atomic(struct lexicon *) shared;
	struct lexicon *lexicon = atomic_load_explicit(&shared, memory_order_acquire), *made;

	if (lexicon != NULL) {
		return lexicon;
	}
	if (create(&made) < 0) {
		return NULL;
	}
	if (!atomic_compare_exchange_strong(&shared, &lexicon, made)) {
		lexicon_destroy(made); /* another thread was faster */
		return lexicon;
	}
	return made;
}

const struct keywords *lexicon_keywords(const struct lexicon *lexicon) {
	static _Atomic(struct keywords *) shared; /* of the rules: there is one lexicon */
	struct keywords *keywords = atomic_load_explicit(&shared, memory_order_acquire), *made;
	_cleanup_(freep) const char **words = NULL;

	if (keywords != NULL) {
		return keywords;
	}
	words = calloc(lexicon->n_words, sizeof(*words));
	if (words == NULL) {
		return NULL;
	}
	list_words(lexicon, words);
	if (keywords_create(words, lexicon->n_words, &made) < 0) {
		return NULL;
	}
	if (!atomic_compare_exchange_strong(&shared, &keywords, made)) {
		keywords_destroy(made); /* as above */
		return keywords;
	}
	return made;
}
