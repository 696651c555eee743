/*
 * keyword - finds many words in one pass over text: an Aho-Corasick automaton over bytes, ASCII case folded.
 *
 * Made once from a table, then read-only: any number of threads and cursors may use it. Source of the method: Aho and
 * Corasick, "Efficient string matching", CACM 18(6), 1975.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

struct keywords;

/*
 * Builds the automaton of `n` words (borrowed only during the call; none empty). The id of a word is its index.
 * Returns: 0, keywords_destroy() when done; -ENOMEM; -E2BIG, more states than the table can number.
 */
must_check int keywords_create(const char *const *words, size_t n, struct keywords **ret_keywords);
/* NULL is fine. */
void keywords_destroy(struct keywords *keywords);
DEFINE_CLEANUP(struct keywords *, keywords_destroy);

/*
 * The first place at or after `from` where a word ends. `*state` carries the automaton over calls and over pieces of
 * one text; it starts as 0.
 * Returns: the offset behind the word's last byte, `*ret_ids` the ids that end there (an array in the automaton) and
 * `*ret_n` how many; `len`, and `*ret_n` 0, when there is none.
 */
size_t keywords_next(const struct keywords *keywords, uint32_t *state, const char *text,
	size_t from, size_t len, const uint16_t **ret_ids, size_t *ret_n);
