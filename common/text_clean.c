#include "common/text.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"
#define ESC 0x1B
#define BEL 0x07

struct cleaner {
	const char *in;
	size_t len, pos;
	char *out;
	size_t n_out;
	size_t line_start; /* in `out` */
	bool cr_pending;   /* a lone CR: the next character overwrites the line */
};

static void emit(struct cleaner *cleaner, const char *data, size_t len) {
	if (cleaner->cr_pending) {
		cleaner->n_out = cleaner->line_start;
		cleaner->cr_pending = false;
	}
	memcpy(cleaner->out + cleaner->n_out, data, len);
	cleaner->n_out += len;
}

static void emit_newline(struct cleaner *cleaner) {
	cleaner->cr_pending = false;
	cleaner->out[cleaner->n_out++] = '\n';
	cleaner->line_start = cleaner->n_out;
}

/* A sequence on its way: `data` of `len` bytes, of which `pos` belong to it. */
struct sequence {
	const char *data;
	size_t len, pos;
};

static void skip_range(struct sequence *seq, unsigned char first, unsigned char last) {
	while (seq->pos < seq->len) {
		unsigned char byte = (unsigned char)seq->data[seq->pos];

		if (byte < first || byte > last) {
			return;
		}
		seq->pos++;
	}
}

/* At most one byte of that range. */
static void skip_final(struct sequence *seq, unsigned char first) {
	unsigned char byte;

	if (seq->pos < seq->len) {
		byte = (unsigned char)seq->data[seq->pos];
		seq->pos += byte >= first && byte <= 0x7E;
	}
}

static void skip_csi(struct sequence *seq) {
	skip_range(seq, 0x30, 0x3F);
	skip_range(seq, 0x20, 0x2F);
	skip_final(seq, 0x40);
}

/* To BEL or ST. One that is left open ends with its line, so that it cannot swallow the rest of a log. */
static void skip_string(struct sequence *seq) {
	for (; seq->pos < seq->len && seq->data[seq->pos] != '\n'; seq->pos++) {
		const char *p = seq->data + seq->pos;
		size_t rest = seq->len - seq->pos;

		if (p[0] == BEL) {
			seq->pos++;
			return;
		}
		if (rest >= 2 && (memcmp(p, "\x1B\\", 2) == 0 || memcmp(p, "\xC2\x9C", 2) == 0)) {
			seq->pos += 2;
			return;
		}
	}
}

/* ECMA-48: what follows ESC; a C1 control is the same as ESC and that control minus 0x40. */
static void skip_escape(struct sequence *seq, unsigned char kind) {
	switch (kind) {
	case '[': skip_csi(seq); break;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_': skip_string(seq); break;
	default: break;
	}
}

static void on_escape(struct sequence *seq) {
	unsigned char kind;

	if (seq->pos == seq->len) {
		return;
	}
	kind = (unsigned char)seq->data[seq->pos];
	if (kind >= 0x40 && kind <= 0x5F) {
		seq->pos++;
		skip_escape(seq, kind);
		return;
	}
	skip_range(seq, 0x20, 0x2F);
	skip_final(seq, 0x30);
}

size_t text_dropped(const char *data, size_t len) {
	struct sequence seq = { .data = data, .len = len };
	uint32_t code = 0;
	int n = text_decode(data, len, &code);

	if (n < 0 || code == 0 || code == '\t' || code == '\n' || code == '\r') {
		return 0;
	}
	seq.pos = (size_t)n;
	if (code == ESC) {
		on_escape(&seq);
	} else if (code >= 0x80 && code <= 0x9F) {
		skip_escape(&seq, (unsigned char)(code - 0x40));
	} else if (!text_is_control(code) && !text_is_hidden(code)) {
		return 0;
	}
	return seq.pos;
}

static void clean_one(struct cleaner *cleaner) {
	const char *start = cleaner->in + cleaner->pos;
	size_t dropped = text_dropped(start, cleaner->len - cleaner->pos);
	uint32_t code = 0;
	int n;

	if (dropped > 0) {
		cleaner->pos += dropped;
		return;
	}
	n = text_decode(start, cleaner->len - cleaner->pos, &code);
	cleaner->pos += (size_t)abs(n);
	if (n < 0 || code == 0) {
		emit(cleaner, REPLACEMENT, strlen(REPLACEMENT));
	} else if (code == '\n') {
		emit_newline(cleaner);
	} else if (code == '\r') {
		cleaner->cr_pending = true;
	} else {
		emit(cleaner, start, (size_t)n);
	}
}

/* How many bytes are ASCII that stays as it is: most of any text. */
static size_t plain_len(const char *data, size_t len) {
	size_t n = 0;

	while (n < len && data[n] >= ' ' && data[n] < 0x7F) {
		n++;
	}
	return n;
}

char *text_clean(const char *data, size_t len) {
	struct cleaner cleaner = { .in = data, .len = len };
	char *shorter;

	/* The worst byte becomes a replacement character. */
	if (len > (SIZE_MAX - 1) / strlen(REPLACEMENT)) {
		return NULL;
	}
	cleaner.out = malloc(len * strlen(REPLACEMENT) + 1);
	if (cleaner.out == NULL) {
		return NULL;
	}
	while (cleaner.pos < len) {
		size_t plain = plain_len(data + cleaner.pos, len - cleaner.pos);

		if (plain > 0) {
			emit(&cleaner, data + cleaner.pos, plain);
			cleaner.pos += plain;
		} else {
			clean_one(&cleaner);
		}
	}
	cleaner.out[cleaner.n_out] = '\0';
	shorter = realloc(cleaner.out, cleaner.n_out + 1);
	return shorter != NULL ? shorter : cleaner.out;
}
