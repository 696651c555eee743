#include "common/logscan/grammar.h"

#include <stdlib.h>
#include <string.h>
#include <threads.h>

static const struct grammar_family *const families[] = {
	/* sorted */
	&family_ci,
	&family_cxx,
	&family_deploy,
	&family_generic,
	&family_go,
	&family_infra,
	&family_javascript,
	&family_jvm,
	&family_lint,
	&family_packages,
	&family_python,
	&family_report,
	&family_rust,
	&family_security,
	&family_test,
};

static once_flag once = ONCE_FLAG_INIT;
static struct grammar grammar;

static int compare_rank(const void *a, const void *b) {
	const struct grammar_row *x = *(const struct grammar_row *const *)a;
	const struct grammar_row *y = *(const struct grammar_row *const *)b;

	if (x->role != y->role && (x->role < ROLE_FINDING || y->role < ROLE_FINDING)) {
		return x->role < y->role ? -1 : 1;
	}
	if (x->weight != y->weight) {
		return x->weight > y->weight ? -1 : 1;
	}
	return x < y ? -1 : x > y;
}

static void collect_rows(void) {
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		for (size_t j = 0; j < families[i]->n_rows && grammar.n_rows < GRAMMAR_ROWS_MAX; j++) {
			grammar.rows[grammar.n_rows++] = &families[i]->rows[j];
		}
	}
	qsort(grammar.rows, grammar.n_rows, sizeof(grammar.rows[0]), compare_rank);
}

static int compare_word(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Rows share keywords. Returns how many different ones there are. */
static size_t collect_words(const char **words) {
	size_t n = 0;

	for (size_t i = 0; i < grammar.n_rows; i++) {
		words[i] = grammar.rows[i]->keyword;
	}
	qsort(words, grammar.n_rows, sizeof(*words), compare_word);
	for (size_t i = 0; i < grammar.n_rows; i++) {
		if (n == 0 || strcmp(words[n - 1], words[i]) != 0) {
			words[n++] = words[i];
		}
	}
	return n;
}

static void index_rows(const char *const *words, size_t n_words) {
	uint16_t n = 0;

	for (size_t w = 0; w < n_words; w++) {
		grammar.first_row[w] = n;
		for (size_t i = 0; i < grammar.n_rows; i++) {
			const char *keyword = grammar.rows[i]->keyword;

			if (keyword[0] == words[w][0] && strcmp(keyword, words[w]) == 0) {
				grammar.ranks[n++] = (uint16_t)i;
			}
		}
	}
	grammar.first_row[n_words] = n;
}

static void create(void) {
	_cleanup_(freep) const char **words = NULL;
	size_t n_words;

	collect_rows();
	words = calloc(grammar.n_rows + 1, sizeof(*words));
	grammar.first_row = calloc(grammar.n_rows + 1, sizeof(*grammar.first_row));
	grammar.ranks = calloc(grammar.n_rows + 1, sizeof(*grammar.ranks));
	if (words == NULL || grammar.first_row == NULL || grammar.ranks == NULL) {
		return;
	}
	n_words = collect_words(words);
	index_rows(words, n_words);
	if (keywords_create(words, n_words, &grammar.keywords) < 0) {
		grammar.keywords = NULL;
	}
}

const struct grammar *grammar_get(void) {
	call_once(&once, create);
	return grammar.keywords != NULL ? &grammar : NULL;
}
