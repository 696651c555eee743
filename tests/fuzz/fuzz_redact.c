/*
 * A text with secrets: a known one and one by its shape are put in at places the first line chooses. Neither survives,
 * a second pass finds nothing more, and it is all the same in pieces.
 */
#include "common/redact/redact.h"
#include "common/text.h"
#include "tests/fuzz/fuzz.h"

/* No word of the rules is in the first; the second is a token by its look. Split, so that none stands in this file. */
static const char known[] = "vQ7xkT2m9RzLb4Wd";
static const char token[] = "ghp"
			    "_a8Kd0Lq3Wz7Xc5Vb9Nm2Qw4Er6Ty8Ui1Op3A";

/* `state` 0: whole. */
static void redact(struct fuzz in, uint32_t state, struct buffer *out) {
	struct redactor *red = NULL;

	buffer_init(out, 64 * 1024 * 1024);
	FUZZ_CHECK(redactor_create(&red) == 0);
	FUZZ_CHECK(redactor_add_value(red, known) == 0);
	while (in.len > 0) {
		struct fuzz piece = in;

		if (state != 0) {
			piece = fuzz_piece(&in, &state);
		} else {
			in.len = 0;
		}
		FUZZ_CHECK(redactor_feed(red, piece.data, piece.len, out) == 0);
	}
	FUZZ_CHECK(redactor_end(red, out) == 0);
	redactor_destroy(red);
}

/* As it is read: what stands inside an escape sequence is not shown, and cleaned away before anything is stored. */
static bool shows(const struct buffer *text, const char *secret) {
	char *shown = text_clean(text->data != NULL ? text->data : "", text->len);
	bool found = strstr(shown, secret) != NULL;

	free(shown);
	return found;
}

static void are_same(const struct buffer *a, const struct buffer *b) {
	FUZZ_CHECK(a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0));
}

static void plant(struct buffer *text, struct fuzz in, uint32_t *state) {
	const char *const secrets[] = { known, token };

	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		size_t at;

		*state = *state * 1664525 + 1013904223;
		at = in.len > 0 ? (*state >> 4) % in.len : 0;
		FUZZ_CHECK(buffer_append(text, in.data, at) == 0);
		/* A word of its own: what is glued to letters is none of that shape. */
		FUZZ_CHECK(buffer_appendf(text, " %s ", secrets[i]) == 0);
		in.data += at;
		in.len -= at;
	}
	FUZZ_CHECK(buffer_append(text, in.data, in.len) == 0);
}

void fuzz_one(struct fuzz in) {
	uint32_t state = 1 + (uint32_t)fuzz_choice(fuzz_line(&in), UINT32_MAX);
	struct buffer text, once, cut, twice;
	struct fuzz whole;

	buffer_init(&text, 32 * 1024 * 1024);
	plant(&text, in, &state);
	whole = (struct fuzz){ text.data, text.len };
	redact(whole, 0, &once);
	FUZZ_CHECK(!shows(&once, known) && !shows(&once, token));
	redact(whole, state, &cut);
	are_same(&once, &cut);
	redact((struct fuzz){ once.data, once.len }, 0, &twice);
	are_same(&once, &twice);
	buffer_finish(&text);
	buffer_finish(&once);
	buffer_finish(&cut);
	buffer_finish(&twice);
}
