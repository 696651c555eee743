#include "common/logscan/tail.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "common/macro.h"

static const char *const beginnings[] = { "at ", "- ", "} ", "Node.js v", "npm error", "npm ERR!",
	"Caused by:", "Aborted", "make", "note:", "= ", "|", "^", "\xE2\x94\x82", "\xE2\x95\xB5",
	"\xE2\x95\xB7" };
static const char *const well[] = { "all good", "carrying on", "complete", "continu", "done",
	"finished", "ignor", "no error", "non-fatal", "ok", "passed", "proceeding", "recovered",
	"retry", "skipping", "succe", "warning", "0 errors", "0 failed", "0 failures" };

/* Whether it stands in the text as the beginning of a word; "ok" as a word. */
static bool has_word(const char *text, const char *word) {
	size_t n = strlen(word);

	for (const char *at = text; (at = strcasestr(at, word)) != NULL; at++) {
		bool begins = at == text || !isalnum((unsigned char)at[-1]);

		if (begins && (n > 2 || !isalnum((unsigned char)at[n]))) {
			return true;
		}
	}
	return false;
}

static bool is_frame(const struct line *line) {
	const char *text = line->text;

	if (line->len == line->n_indent || line->n_indent > 0 || text[0] == ' ' || text[0] == '\t') {
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		if (strncmp(text, beginnings[i], strlen(beginnings[i])) == 0) {
			return true;
		}
	}
	return strchr("}])", text[0]) != NULL;
}

enum tail_line tail_judge(const struct line *line) {
	for (size_t i = 0; i < ARRAY_SIZE(well); i++) {
		if (has_word(line->text, well[i])) {
			return strncmp(line->text, "npm e", 5) == 0 ? TAIL_BELONGS : TAIL_WELL;
		}
	}
	return is_frame(line) ? TAIL_BELONGS : TAIL_OTHER;
}

static const char *const telling_words[] = { "abort", "cannot", "denied", "error", "exceed",
	"expected", "fail", "forbidden", "invalid", "less than", "missing", "more than", "must ",
	"refus", "reject", "required", "too many", "unable", "unexpected" };

bool tail_is_telling(const char *text) {
	for (size_t i = 0; i < ARRAY_SIZE(telling_words); i++) {
		if (strcasestr(text, telling_words[i]) != NULL) {
			return true;
		}
	}
	return false;
}
