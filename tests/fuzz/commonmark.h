/*
 * commonmark - how GitHub's own parser (cmark-gfm, with its extensions) reads a text. For targets, one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * What the text is made of, without foreign words: a line an element, indented by its depth; text and the content of
 * code are left out, HTML and the targets of links are not. The caller frees it.
 */
char *commonmark_plan(const char *text, size_t len);
/* The text that is no code, as it is shown; the caller frees it. */
char *commonmark_text(const char *text, size_t len);
/* Whether GitHub would see in shown text a name to notify, an issue to link, or a web address. */
bool commonmark_notifies(const char *shown);
