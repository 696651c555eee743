#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "common/error_type.h"
#include "common/logscan/excerpt.h"
#include "common/text.h"

#define FNV_OFFSET 14695981039346656037u
#define FNV_PRIME 1099511628211u
#define WORD_MAX 256

static uint64_t hash_text(uint64_t hash, const char *text, size_t len) {
	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ (uint8_t)text[i]) * FNV_PRIME;
	}
	return (hash ^ 0xFF) * FNV_PRIME;
}

static bool is_word_character(char c) {
	return isalnum((unsigned char)c) || (c != '\0' && strchr("_-./\\@:+", c) != NULL) ||
		((unsigned char)c & 0x80) != 0;
}

/*
 * A word that may differ in the next run of the same failure: with a digit (number, hash, time, version, UUID,
 * duration, line), or a path, of which the last part stays.
 */
static uint64_t hash_word(uint64_t hash, const char *word, size_t len) {
	bool has_digit = false;
	size_t name = 0;

	for (size_t i = 0; i < len; i++) {
		if (word[i] == '/' || word[i] == '\\') {
			name = i + 1;
		}
	}
	word += name;
	len -= name;
	/* "a.ts:12:7:" is "a.ts" */
	for (size_t i = 0; i < len; i++) {
		if (word[i] == ':' && (i + 1 == len || isdigit((unsigned char)word[i + 1]))) {
			len = i;
		}
	}
	for (size_t i = 0; i < len; i++) {
		has_digit = has_digit || isdigit((unsigned char)word[i]);
	}
	if (!has_digit) {
		return hash_text(hash, word, len);
	}
	/* The letters in front of the first digit stay: "TS2304" and "E0308" are told apart by their length alone. */
	for (size_t i = 0; i < len && !isdigit((unsigned char)word[i]); i++) {
		hash = hash_text(hash, word + i, 1);
	}
	return hash_text(hash, "#", 1);
}

static uint64_t hash_line(uint64_t hash, const char *text) {
	while (*text != '\0') {
		size_t n = 0;

		while (is_word_character(text[n])) {
			n++;
		}
		if (n > 0) {
			hash = hash_word(hash, text, n);
			text += n;
			continue;
		}
		if (!isspace((unsigned char)*text)) {
			hash = hash_text(hash, text, 1);
		}
		text++;
	}
	return hash;
}

void fingerprint_make(const struct decision *decision, char out[LOGSCAN_FINGERPRINT_MAX]) {
	const struct evidence *headline = decision->headline;
	const char *type = decision->failed ? error_type_name(decision->type) : "none";
	uint64_t hash = hash_text(FNV_OFFSET, type, strlen(type));

	if (headline != NULL) {
		const char *rule = headline->rule != NULL ? headline->rule : "";

		hash = hash_text(hash, headline->row->tool, strlen(headline->row->tool));
		hash = hash_text(hash, rule, strlen(rule));
		hash = hash_line(hash, headline->text);
	}
	hash = hash_text(hash, decision->sentence, strlen(decision->sentence));
	(void)text_format(out, LOGSCAN_FINGERPRINT_MAX, "v1:%016" PRIx64, hash);
}
