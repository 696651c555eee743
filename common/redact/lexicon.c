#include <ctype.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"

/* A word while the lexicon is made. */
struct entry {
	char text[LEXICON_WORD_MAX];
	bool is_rule;
	size_t index; /* of the rule or the needle */
};

static struct entry entry_of(const char *text, size_t len, bool is_rule, size_t index) {
	struct entry entry = { .is_rule = is_rule, .index = index };

	len = MIN(len, sizeof(entry.text) - 1);
	for (size_t i = 0; i < len; i++) {
		entry.text[i] = (char)tolower((unsigned char)text[i]);
	}
	return entry;
}

static int compare_entries(const void *a, const void *b) {
	return strcmp(((const struct entry *)a)->text, ((const struct entry *)b)->text);
}

static size_t list_entries(struct entry *entries, const struct needle *needles, size_t n_needles) {
	size_t n = 0;

	for (size_t rule = 0; rule < n_redact_rules; rule++) {
		for (size_t i = 0; i < REDACT_RULE_KEYWORDS; i++) {
			const char *word = redact_rules[rule].keywords[i];

			if (word != NULL) {
				entries[n++] = entry_of(word, strlen(word), true, rule);
			}
		}
	}
	for (size_t i = 0; i < n_needles; i++) {
		entries[n++] = entry_of(needles[i].text, needles[i].len, false, i);
	}
	qsort(entries, n, sizeof(entries[0]), compare_entries);
	return n;
}

/* Entries of the same word become one word. `words` borrows from the entries. */
static size_t fill_words(
	struct lexicon *lexicon, const struct entry *entries, size_t n, const char **words) {
	size_t n_words = 0;

	for (size_t i = 0; i < n; i++) {
		struct lexicon_word *word;

		if (i == 0 || strcmp(entries[i].text, entries[i - 1].text) != 0) {
			words[n_words++] = entries[i].text;
		}
		word = &lexicon->words[n_words - 1];
		word->len = strlen(entries[i].text);
		if (entries[i].is_rule) {
			rule_set_add(&word->rules, entries[i].index);
			continue;
		}
		if (word->n_needles == 0) {
			word->first_needle = lexicon->n_order;
		}
		lexicon->order[lexicon->n_order++] = entries[i].index;
		word->n_needles++;
	}
	return n_words;
}

int lexicon_create(const struct needle *needles, size_t n_needles, struct lexicon **ret_lexicon) {
	_cleanup_(lexicon_destroyp) struct lexicon *lexicon = calloc(1, sizeof(*lexicon));
	size_t max = n_redact_rules * REDACT_RULE_KEYWORDS + n_needles;
	_cleanup_(freep) struct entry *entries = calloc(max, sizeof(*entries));
	_cleanup_(freep) const char **words = calloc(max, sizeof(*words));
	size_t n_words;
	int r;

	if (lexicon == NULL || entries == NULL || words == NULL) {
		return -ENOMEM;
	}
	lexicon->words = calloc(max, sizeof(*lexicon->words));
	lexicon->order = calloc(n_needles + 1, sizeof(*lexicon->order));
	if (lexicon->words == NULL || lexicon->order == NULL) {
		return -ENOMEM;
	}
	lexicon->needles = needles;
	n_words = fill_words(lexicon, entries, list_entries(entries, needles, n_needles), words);
	r = keywords_create(words, n_words, &lexicon->keywords);
	if (r == 0) {
		r = prefilter_create(words, n_words, &lexicon->prefilter);
	}
	if (r < 0) {
		return r;
	}
	*ret_lexicon = TAKE_PTR(lexicon);
	return 0;
}

void lexicon_destroy(struct lexicon *lexicon) {
	if (lexicon != NULL) {
		keywords_destroy(lexicon->keywords);
		prefilter_destroy(lexicon->prefilter);
		free(lexicon->words);
		free(lexicon->order);
		free(lexicon);
	}
}

const struct lexicon *lexicon_of_rules(void) {
	static _Atomic(struct lexicon *) shared;
	struct lexicon *lexicon = atomic_load_explicit(&shared, memory_order_acquire), *made;

	if (lexicon != NULL) {
		return lexicon;
	}
	if (lexicon_create(NULL, 0, &made) < 0) {
		return NULL;
	}
	if (!atomic_compare_exchange_strong(&shared, &lexicon, made)) {
		lexicon_destroy(made); /* another thread was faster */
		return lexicon;
	}
	return made;
}
