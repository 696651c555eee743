#include <errno.h>
#include <string.h>

#include "common/redact/internal.h"

/* A line is redacted until nothing is found in what came out, so that doing it again changes nothing. */
#define ROUNDS_MAX 8
/* How far in front of an "@" its "://" is looked for. */
#define URL_LOOK_BACK_BYTES 1024

/* One block on its way: `done` bytes of the text are in `out`. */
struct walk {
	struct redactor *red;
	const char *text;
	size_t len, done;
	struct buffer *out;
	/* In the shadow, at or behind the search; looked for again only when that has passed them. */
	size_t word;	/* the next that the rules know */
	size_t at_sign; /* the next "@" that may end credentials */
};

static size_t end_of_line(const struct shadow *shadow, size_t from) {
	const char *end = memchr(shadow->text + from, '\n', shadow->len - from);

	return end != NULL ? (size_t)(end - shadow->text) : shadow->len;
}

static size_t start_of_line(const struct shadow *shadow, size_t from) {
	const char *end = memrchr(shadow->text, '\n', from);

	return end != NULL ? (size_t)(end - shadow->text) + 1 : 0;
}

static bool ends_credentials(const char *text, size_t at) {
	size_t floor = at > URL_LOOK_BACK_BYTES ? at - URL_LOOK_BACK_BYTES : 0, start = at;

	while (start > floor && (unsigned char)text[start - 1] > ' ') {
		start--;
	}
	return memmem(text + start, at - start, "://", 3) != NULL;
}

/* The first "@" at or after `from` that may end credentials of a URL; `len`: none. */
static size_t next_at_sign(const char *text, size_t from, size_t len) {
	while (from < len) {
		const char *at = memchr(text + from, '@', len - from);

		if (at == NULL) {
			return len;
		}
		if (ends_credentials(text, (size_t)(at - text))) {
			return (size_t)(at - text);
		}
		from = (size_t)(at - text) + 1;
	}
	return len;
}

static void add_at_sign_rules(struct rule_set *set) {
	for (size_t i = 0; i < n_redact_rules; i++) {
		if ((redact_rules[i].flags & RULE_AT_SIGN) != 0) {
			rule_set_add(set, i);
		}
	}
}

/* The known values in the line. */
static void find_needles(struct redactor *red, const char *line, size_t len) {
	size_t n = 0, at = 0;

	while ((at = needles_next(red->needles, line, at, len, &n)) < len) {
		if (red->spans.n == REDACT_SPANS_MAX) {
			red->spans.span[REDACT_SPANS_MAX - 1].to = len;
			return;
		}
		red->spans.span[red->spans.n++] =
			(struct span){ .match = at, .from = at, .to = at + n, .rule = SPAN_VALUE };
		at++;
	}
}

/* A secret is taken out with all of its first and last character. */
static void widen_to_characters(struct spans *spans, const char *line, size_t len) {
	for (size_t i = 0; i < spans->n; i++) {
		struct span *span = &spans->span[i];

		while (span->from > 0 && ((unsigned char)line[span->from] & 0xC0) == 0x80) {
			span->from--;
		}
		while (span->to < len && ((unsigned char)line[span->to] & 0xC0) == 0x80) {
			span->to++;
		}
	}
}

/* All secrets of one line (of a shadow), merged, into red->spans. */
static int find_in_line(struct redactor *red, const char *line, size_t len, bool *ret_opens_key) {
	const struct keywords *keywords = lexicon_keywords(red->lexicon);
	struct rule_set set = red->earlier;
	uint32_t state = 0;
	size_t pos = 0;
	int r;

	if (keywords == NULL) {
		return -ENOMEM;
	}
	red->spans.n = 0;
	while (pos < len) {
		const uint16_t *ids;
		size_t n;

		pos = keywords_next(keywords, &state, line, pos, len, &ids, &n);
		for (size_t i = 0; i < n; i++) {
			rule_set_join(&set, &red->lexicon->words[ids[i]].rules);
		}
	}
	if (next_at_sign(line, 0, len) < len) {
		add_at_sign_rules(&set);
	}
	if (red->needles != NULL) {
		find_needles(red, line, len);
	}
	red->found = set;
	r = finder_find(red->finder, &set, line, len, &red->spans, ret_opens_key);
	widen_to_characters(&red->spans, line, len);
	spans_merge(&red->spans);
	return r;
}

/* Appends text[from..to) with marks for red->spans, whose offsets count from `base` in the shadow. */
static int write_spans(struct redactor *red, const struct shadow *shadow, size_t base,
	const char *text, size_t from, size_t to, struct buffer *out) {
	int r = 0;

	for (size_t i = 0; i < red->spans.n && r == 0; i++) {
		const struct span *span = &red->spans.span[i];
		size_t start = shadow_origin(shadow, base + span->from);

		r = buffer_append(out, text + from, start - from);
		if (r == 0) {
			r = buffer_appendf(out, REDACT_MARK "%s]", span_kind(span));
		}
		from = shadow_origin_end(shadow, base + span->to);
		red->kind = red->kind != NULL ? red->kind : span_kind(span);
		red->count++;
	}
	return r < 0 ? r : buffer_append(out, text + from, to - from);
}

/* Redacts red->first again until nothing is found in it. */
static int settle(struct redactor *red) {
	for (int round = 0; round < ROUNDS_MAX; round++) {
		struct buffer swap;
		bool opens_key;
		int r = shadow_make(&red->line_shadow, red->first.data, red->first.len);

		if (r == 0) {
			r = find_in_line(
				red, red->line_shadow.text, red->line_shadow.len, &opens_key);
		}
		if (r < 0 || red->spans.n == 0) {
			return r;
		}
		buffer_consume(&red->second, red->second.len);
		r = write_spans(red, &red->line_shadow, 0, red->first.data, 0, red->first.len,
			&red->second);
		if (r < 0) {
			return r;
		}
		swap = red->first;
		red->first = red->second;
		red->second = swap;
	}
	return 0;
}

/* Appends text[from..to) with marks for red->spans, and for what is found then. */
static int write_line(struct redactor *red, const struct shadow *shadow, size_t base,
	const char *text, size_t from, size_t to, struct buffer *out) {
	int r;

	buffer_consume(&red->first, red->first.len);
	r = write_spans(red, shadow, base, text, from, to, &red->first);
	if (r == 0) {
		r = settle(red);
	}
	return r < 0 ? r : buffer_append(out, red->first.data, red->first.len);
}

/* Passes on what is in front of `upto` in the text. */
static int pass(struct walk *walk, size_t upto) {
	int r = buffer_append(walk->out, walk->text + walk->done, upto - walk->done);

	if (r == 0) {
		walk->done = upto;
	}
	return r;
}

/* There is no time to look at the line, which may have a secret: it goes. */
static int drop_line(struct walk *walk, size_t from, size_t to) {
	int r = pass(walk, MAX(from, walk->done));

	r = r < 0 ? r : buffer_append_str(walk->out, REDACT_MARK "unsearched]");
	walk->red->count++;
	walk->done = to;
	return r;
}

/* Works on the line (or the rest of one) in the shadow's [start, end). */
static int redact_line(struct walk *walk, size_t start, size_t end) {
	struct redactor *red = walk->red;
	const struct shadow *shadow = &red->shadow;
	bool opens_key = false;
	size_t from = shadow_origin_end(shadow, start), to = shadow_origin_end(shadow, end);
	int r;

	if (finder_is_over(red->finder)) {
		return drop_line(walk, from, to);
	}
	r = find_in_line(red, shadow->text + start, end - start, &opens_key);
	if (r < 0 || red->spans.n == 0) {
		return r;
	}
	if (opens_key) {
		key_lines_begin(&red->key, red->spans.span[red->spans.n - 1].from);
	}
	r = pass(walk, MAX(from, walk->done));
	if (r == 0) {
		r = write_line(red, shadow, start, walk->text, walk->done, to, walk->out);
	}
	walk->done = to;
	return r;
}

/* A line behind the beginning of a private key. */
static int key_line(struct walk *walk, size_t start, size_t end) {
	const struct shadow *shadow = &walk->red->shadow;
	size_t rest = 0;
	int r;

	if (key_lines_next(&walk->red->key, shadow->text + start, end - start, &rest) ==
		KEY_LINE_KEEP) {
		return redact_line(walk, start, end);
	}
	r = pass(walk, shadow_origin_end(shadow, start));
	if (r < 0) {
		return r;
	}
	if (rest < end - start) {
		walk->done = shadow_origin(shadow, start + rest);
		return redact_line(walk, start + rest, end);
	}
	walk->done = shadow_origin_end(shadow, MIN(end + 1, shadow->len));
	return 0;
}

/* A place at or after `from` in a line that is worth a look; the shadow's length: none is left. */
static size_t next_place(struct walk *walk, size_t from) {
	const struct shadow *shadow = &walk->red->shadow;

	if (walk->word < from) {
		walk->word = prefilter_next(walk->red->prefilter, shadow->text, from, shadow->len);
	}
	if (walk->at_sign < from) {
		walk->at_sign = next_at_sign(shadow->text, from, shadow->len);
	}
	return MIN(walk->word, walk->at_sign);
}

int block_redact(struct redactor *red, const char *text, size_t len, struct buffer *out) {
	struct walk walk = { .red = red, .text = text, .len = len, .out = out };
	const struct shadow *shadow = &red->shadow;
	size_t pos = 0;
	int r = shadow_make(&red->shadow, text, len);

	if (r == 0) {
		walk.word = prefilter_next(red->prefilter, shadow->text, 0, shadow->len);
		walk.at_sign = next_at_sign(shadow->text, 0, shadow->len);
	}
	while (r == 0 && pos < shadow->len) {
		bool in_key = red->key.active;
		size_t place = in_key || red->in_line ? pos : next_place(&walk, pos), start, end;

		if (place == shadow->len) {
			break;
		}
		start = start_of_line(shadow, place);
		end = end_of_line(shadow, place);
		r = in_key ? key_line(&walk, start, end) : redact_line(&walk, start, end);
		pos = end + 1;
		red->in_line = false;
		red->earlier = (struct rule_set){ 0 };
	}
	return r < 0 ? r : pass(&walk, len);
}

/* Where the piece may end: not inside a secret, and if it can be not inside a word. */
static size_t piece_end(struct redactor *red, bool *ret_open) {
	const struct shadow *shadow = &red->shadow;
	size_t end = shadow->len - MIN(shadow->len, (size_t)REDACT_OVERLAP_BYTES);

	*ret_open = false;
	for (size_t i = 0; i < 256 && end > i; i++) {
		if ((unsigned char)shadow->text[end - i - 1] <= ' ') {
			end -= i;
			break;
		}
	}
	for (size_t i = 0; i < red->spans.n; i++) {
		const struct span *span = &red->spans.span[i];

		if (span->match < end && span->to > end) {
			end = span->to;
		}
		if (span->from >= end) {
			red->spans.n = i;
			break;
		}
		*ret_open = span->to == shadow->len;
	}
	return end;
}

int piece_redact(
	struct redactor *red, const char *text, size_t len, struct buffer *out, size_t *ret_done) {
	bool ignored; /* a key's lines are none in a line that does not end */
	int r = shadow_make(&red->shadow, text, len);

	red->key.active = false;
	if (r == 0) {
		r = find_in_line(red, red->shadow.text, red->shadow.len, &ignored);
	}
	if (r < 0) {
		return r;
	}
	red->in_line = true;
	red->earlier = red->found;
	for (size_t i = 0; i < n_redact_rules; i++) {
		if ((redact_rules[i].flags & RULE_ANYWHERE) == 0) {
			rule_set_remove(&red->earlier, i);
		}
	}
	*ret_done = shadow_origin_end(&red->shadow, piece_end(red, &red->swallow));
	if (*ret_done == 0) {
		*ret_done = len; /* escape codes and nothing else */
	}
	return write_line(red, &red->shadow, 0, text, 0, *ret_done, out);
}
