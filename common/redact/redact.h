/*
 * redact - takes secrets out of text: a table of rules, the values of known secrets, streaming. "[REDACTED:kind]"
 * stands where a secret was. No I/O. One thread a redactor; the compiled rules are shared by all.
 *
 * What stays readable: commit ids, UUIDs, integrity hashes, paths, and everything no rule speaks of. Redacting
 * twice gives what redacting once gave.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/macro.h"

struct redactor;

/* A line is held back until it ends or is this long; longer lines are worked on in overlapping pieces. */
#define REDACT_LINE_MAX_BYTES (64 * 1024)
/* Of such a line; a secret that fits in here is never cut in two. */
#define REDACT_OVERLAP_BYTES (16 * 1024)
/* Values of secret variables that are looked for; further and shorter ones are left to the rules. */
#define REDACT_VALUES_MAX 256
#define REDACT_VALUE_MIN_BYTES 8

/* Returns: 0, redactor_destroy() when done; -ENOMEM. */
must_check int redactor_create(struct redactor **ret_redactor);
/* One that knows the values that `known` knows, of the same thread; neither may learn more. */
must_check int redactor_create_like(const struct redactor *known, struct redactor **ret_redactor);
/* Overwrites what it held of the text. NULL is fine. */
void redactor_destroy(struct redactor *redactor);
DEFINE_CLEANUP(struct redactor *, redactor_destroy);

/*
 * Adds the value of a known secret, as it is and in the encodings CI systems print (base64 at its three alignments and
 * hex, also when these are broken into lines; URL, JSON string, XML, shell quotes), line by line. What is shorter than
 * REDACT_VALUE_MIN_BYTES is ignored, and so is what is more than a few thousand such texts: encodings first. Before the
 * first feed only. Returns: 0; -ENOMEM; -E2BIG, REDACT_VALUES_MAX.
 */
must_check int redactor_add_value(struct redactor *redactor, const char *value);
/*
 * The values of the variables in `environ` (NAME=value, NULL-ended) whose names say that they are secret (TOKEN,
 * SECRET, PASSWORD, API_KEY, ...), as redactor_add_value(). Of too many the first ones. Returns: 0; -ENOMEM.
 */
must_check int redactor_add_environment(struct redactor *redactor, char *const *environ);

/*
 * Bounds the processor's time that its rules take from now on. Lines that they would have to look at then are taken out
 * as a whole; those in which nothing speaks of a secret pass as ever.
 */
void redactor_limit(struct redactor *redactor, int64_t cpu_us);

/*
 * Appends what is surely clean of the text so far to `out`; at most REDACT_LINE_MAX_BYTES (one line, a private
 * key's lines excepted, which are dropped as they come) are held back. Any bytes are fine.
 * Returns: 0; as buffer_append(); the text is lost then, never passed on unredacted.
 */
must_check int redactor_feed(
	struct redactor *redactor, const char *data, size_t len, struct buffer *out);
/* What was held back; the redactor may then be fed a new text. */
must_check int redactor_end(struct redactor *redactor, struct buffer *out);
/*
 * The text goes on further behind, in the middle of something: what is held back of it goes, and of what is fed then
 * all up to the end of a line (but not more than REDACT_OVERLAP_BYTES), and lines of base64 after it, which may be a
 * private key's.
 */
void redactor_jump(struct redactor *redactor);
/* How many secrets were taken out since it was created. */
uint64_t redactor_count(const struct redactor *redactor);

/*
 * One whole text, between texts that are fed. Replaces `*text` (malloc()ed; NULL is fine) when something was found.
 * Returns: 0; -ENOMEM, `*text` untouched.
 */
must_check int redactor_text(struct redactor *redactor, char **text);
/*
 * Every string in `value` (borrowed, changed in place; NULL is fine), keys excepted; a member whose name says that it
 * is secret loses its text. Returns: 0; -ENOMEM, partly done.
 */
must_check int redactor_json(struct redactor *redactor, json_t *value);

/* The same in a fixed array of `size` bytes: what does not fit any more is cut. */
must_check int redactor_array(struct redactor *redactor, char *text, size_t size);
/* The same with the rules alone; each adds to `*count` (may be NULL) how often something was found. */
must_check int redact_text(char **text, uint64_t *count);
must_check int redact_json(json_t *value, uint64_t *count);
must_check int redact_array(char *text, size_t size, uint64_t *count);

/* Whether a rule finds anything in the text; `*ret_kind` is then its name, static. For what is about to leave us. */
bool redact_finds(const char *text, size_t len, const char **ret_kind);
