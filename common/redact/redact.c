#include "common/redact/redact.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/redact/internal.h"

/* Worked on at once, so that it stays in the processor's cache. */
#define BLOCK_BYTES REDACT_LINE_MAX_BYTES

int redactor_create(struct redactor **ret_redactor) {
	_cleanup_(redactor_destroyp) struct redactor *red = calloc(1, sizeof(*red));
	int r;

	if (red == NULL) {
		return -ENOMEM;
	}
	shadow_init(&red->shadow);
	shadow_init(&red->line_shadow);
	buffer_init(&red->pending, REDACT_LINE_MAX_BYTES);
	buffer_init(&red->first, SIZE_MAX / 4);
	buffer_init(&red->second, SIZE_MAX / 4);
	r = finder_create(&red->finder);
	if (r < 0) {
		return r;
	}
	*ret_redactor = TAKE_PTR(red);
	return 0;
}

int redactor_create_like(const struct redactor *known, struct redactor **ret_redactor) {
	int r = redactor_create(ret_redactor);

	if (r == 0) {
		(*ret_redactor)->needles = needles_ref(known->needles);
	}
	return r;
}

void redactor_destroy(struct redactor *red) {
	if (red == NULL) {
		return;
	}
	finder_destroy(red->finder);
	needles_unref(red->needles);
	shadow_finish(&red->shadow);
	shadow_finish(&red->line_shadow);
	buffer_wipe(&red->pending);
	buffer_wipe(&red->first);
	buffer_wipe(&red->second);
	free(red);
}

void redactor_limit(struct redactor *red, int64_t cpu_us) {
	finder_limit(red->finder, cpu_us);
}

uint64_t redactor_count(const struct redactor *red) {
	return red->count;
}

int redactor_start(struct redactor *red) {
	const struct lexicon *lexicon = lexicon_of_rules();
	int r = 0;

	if (red->lexicon != NULL) {
		return 0;
	}
	if (lexicon == NULL) {
		return -ENOMEM;
	}
	red->prefilter = lexicon->prefilter;
	if (red->needles != NULL) {
		r = needles_prefilter(red->needles, &red->prefilter);
	}
	if (r == 0) {
		red->lexicon = lexicon;
	}
	return r;
}

static bool ends_secret(char c) {
	return (unsigned char)c <= ' ' || strchr("\"'`<>", c) != NULL;
}

/* Drops the rest of a secret that is longer than a piece. Returns how many bytes that is. */
static size_t swallow(struct redactor *red, const char *data, size_t len) {
	size_t n = 0;

	while (red->swallow && n < len) {
		red->swallow = !ends_secret(data[n]);
		n += red->swallow;
	}
	return n;
}

/* The line that has not ended is as long as it may be: works on its beginning. */
static int work_on_piece(struct redactor *red, struct buffer *out) {
	size_t done = 0;
	int r = piece_redact(red, red->pending.data, red->pending.len, out, &done);

	buffer_consume(&red->pending, r < 0 ? red->pending.len : done);
	return r;
}

static int work_on_line(struct redactor *red, struct buffer *out) {
	int r = block_redact(red, red->pending.data, red->pending.len, out);

	buffer_consume(&red->pending, red->pending.len);
	return r;
}

/* Adds to the line that has not ended. Returns how many bytes were taken; negative errno. */
static ssize_t feed_pending(struct redactor *red, const char *data, size_t len, struct buffer *out) {
	size_t room = REDACT_LINE_MAX_BYTES - red->pending.len, take = MIN(len, room);
	const char *end = memchr(data, '\n', take);
	int r;

	if (end != NULL) {
		take = (size_t)(end - data) + 1;
	}
	r = buffer_append(&red->pending, data, take);
	if (r == 0 && end != NULL) {
		r = work_on_line(red, out);
	} else if (r == 0 && red->pending.len == REDACT_LINE_MAX_BYTES) {
		r = work_on_piece(red, out);
	}
	return r < 0 ? r : (ssize_t)take;
}

/* Whole lines go straight from the caller's memory. Returns how many bytes were taken; negative errno. */
static ssize_t feed_some(struct redactor *red, const char *data, size_t len, struct buffer *out) {
	size_t take = MIN(len, (size_t)BLOCK_BYTES);
	const char *end = red->pending.len == 0 ? memrchr(data, '\n', take) : NULL;
	int r;

	if (end == NULL) {
		return feed_pending(red, data, len, out);
	}
	take = (size_t)(end - data) + 1;
	r = block_redact(red, data, take, out);
	return r < 0 ? r : (ssize_t)take;
}

void redactor_jump(struct redactor *red) {
	buffer_consume(&red->pending, red->pending.len);
	red->swallow = false;
	red->in_line = false;
	red->earlier = (struct rule_set){ 0 };
	red->jump = REDACT_OVERLAP_BYTES;
	key_lines_begin(&red->key, 0);
}

/* Drops the rest of a line whose beginning was not seen. Returns how many bytes that is. */
static size_t land(struct redactor *red, const char *data, size_t len) {
	size_t n = MIN(len, red->jump);
	const char *end = memchr(data, '\n', n);

	red->jump -= n;
	if (end != NULL) {
		red->jump = 0;
		n = (size_t)(end - data) + 1;
	}
	return n;
}

int redactor_feed(struct redactor *red, const char *data, size_t len, struct buffer *out) {
	size_t pos = 0;
	int r = redactor_start(red);

	while (r == 0 && pos < len) {
		ssize_t n;

		pos += land(red, data + pos, len - pos);
		pos += swallow(red, data + pos, len - pos);
		if (pos == len) {
			break;
		}
		n = feed_some(red, data + pos, len - pos, out);
		if (n < 0) {
			buffer_consume(&red->pending, red->pending.len);
			return (int)n;
		}
		pos += (size_t)n;
	}
	return r;
}

int redactor_end(struct redactor *red, struct buffer *out) {
	int r = redactor_start(red);

	if (r == 0 && red->pending.len > 0) {
		r = work_on_line(red, out);
	}
	red->key.active = false;
	red->swallow = false;
	red->in_line = false;
	red->jump = 0;
	red->earlier = (struct rule_set){ 0 };
	return r;
}
