/*
 * markdown - foreign text inside Markdown that cannot act: no mention, reference, closing keyword, command, comment,
 * or markup. Pure, any thread.
 *
 * Sources: CommonMark 0.30 (4.5 fenced code blocks, 2.4 backslash escapes); GitHub's docs on mentions, references and
 * linking keywords. Prow's slash commands stand at the start of a line.
 */
#pragma once

#include "common/buffer.h"
#include "common/macro.h"

/*
 * Appends `text` (any bytes, NUL-ended) as a block in a fence longer than any run of backticks inside, after
 * text_clean() and without HTML comments; at most `max_bytes` of text, head and tail kept, cut on a UTF-8 boundary with
 * a line that says how much is missing. Here as below a run of more than 79 backticks is cut to that: GitHub takes
 * longer ones for no code, or for shorter ones. `info` is our own word ("text").
 *
 * A line that is a slash command gets a backslash in front, because bots read the source. Else the text stays as it
 * was: a forge neither notifies nor links inside a fence, and "@types/node" is a package.
 * Returns, as the next two: 0; -EMSGSIZE; -ENOMEM; nothing was appended then.
 */
must_check int markdown_fence(
	struct buffer *out, const char *info, const char *text, size_t max_bytes);

/* Appends `text` on one line: markup escaped, @names, #numbers, closing keywords and leading slashes defused. */
must_check int markdown_inline(struct buffer *out, const char *text);

/*
 * Appends our own `words` as a link to `url`, which a source we trust gave us; the words alone when that is no plain
 * web URL: one that a Markdown link cannot hold, or that names somebody.
 */
must_check int markdown_link(struct buffer *out, const char *words, const char *url);

/*
 * Appends `text` as inline code: `like this`; what GitHub neither notifies nor links. A name (text_is_name()) is all
 * there, with its joiners and, of "<!--", as "< !--".
 */
must_check int markdown_code(struct buffer *out, const char *text);
