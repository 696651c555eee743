#include "common/keyword.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOUND_MAX 64

/* Every word's end in `text`, fed in pieces of `piece` bytes: "offset:id " in order. */
static void find_all(const struct keywords *keywords, const char *text, size_t piece, char *out) {
	size_t len = strlen(text), used = 0;
	uint32_t state = 0;

	out[0] = '\0';
	for (size_t start = 0; start < len; start += piece) {
		size_t n_piece = MIN(piece, len - start), at = 0;

		while (at < n_piece) {
			const uint16_t *ids;
			size_t n;

			at = keywords_next(keywords, &state, text + start, at, n_piece, &ids, &n);
			for (size_t i = 0; i < n; i++) {
				used += (size_t)snprintf(
					out + used, 1024 - used, "%zu:%d ", start + at, ids[i]);
			}
		}
	}
}

static const struct row {
	const char *words[6];
	const char *text;
	const char *found;
} rows[] = {
	{ { "he", "she", "his", "hers" }, "ushers", "4:1 4:0 6:3 " },
	{ { "error", "error: ", "rror" }, "An ERROR: x Error", "8:0 8:2 10:1 17:0 17:2 " },
	{ { "aa" }, "aaaa", "2:0 3:0 4:0 " },
	{ { "x" }, "aXbx", "2:0 4:0 " },
	{ { "\n+ ", "$ " }, "a\n+ b\n$ c", "4:0 8:1 " },
	{ { "\xE2\x9C\x96", "\xC3\x97" }, "a \xE2\x9C\x96 \xC3\x97", "5:0 8:1 " },
	{ { "same", "same" }, "the same", "8:1 8:0 " },
	{ { "failed", "led" }, "failes failed", "13:0 13:1 " },
	{ { "absent" }, "nothing here", "" },
	{ { "end" }, "at the end", "10:0 " },
};

static void test_words_are_found_where_they_end(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct keywords *keywords;
		size_t n = 0;

		while (n < ARRAY_SIZE(rows[i].words) && rows[i].words[n] != NULL) {
			n++;
		}
		assert_int_equal(keywords_create(rows[i].words, n, &keywords), 0);
		for (size_t piece = 1; piece <= strlen(rows[i].text); piece++) {
			char found[1024];

			find_all(keywords, rows[i].text, piece, found);
			assert_string_equal(found, rows[i].found);
		}
		keywords_destroy(keywords);
	}
}

static void test_no_words_are_fine(void **state) {
	struct keywords *keywords;
	const uint16_t *ids;
	uint32_t at = 0;
	size_t n = 1;

	assert_int_equal(keywords_create(NULL, 0, &keywords), 0);
	assert_int_equal(keywords_next(keywords, &at, "abcdef", 0, 6, &ids, &n), 6);
	assert_int_equal(n, 0);
	keywords_destroy(keywords);
	keywords_destroy(NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_found_where_they_end),
		cmocka_unit_test(test_no_words_are_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
