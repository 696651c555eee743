/*
 * html - a document in the making, in one buffer. Pure.
 *
 * html_raw() and html_rawf() take markup of our own and numbers; every text that somebody else may have written goes
 * through html_text(), in elements and in quoted attributes alike. The first failure stays in `status`, and what comes
 * after it is left out, so that callers look once, at the end.
 */
#pragma once

#include "common/buffer.h"
#include "common/macro.h"

struct html {
	struct buffer text;
	int status; /* 0; -EMSGSIZE, longer than `max_bytes`; -ENOMEM */
};

void html_init(struct html *out, size_t max_bytes);
void html_finish(struct html *out);

void html_raw(struct html *out, const char *markup);
void html_rawf(struct html *out, const char *fmt, ...) printf_like(2, 3);

/* Without what text_clean() takes out, and with an entity for each character that would mean something. */
void html_text(struct html *out, const char *text);

/* <tag>text</tag>; `tag` may have attributes of ours: "p class=\"why\"". */
void html_element(struct html *out, const char *tag, const char *text);
/* As html_element("bdi"): a name or sentence of others, whose direction stays its own. */
void html_foreign(struct html *out, const char *text);
