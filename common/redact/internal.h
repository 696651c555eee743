/*
 * redact/internal - what the parts of the redactor share.
 *
 *     redact.c    bytes in, blocks of whole lines out
 *     shadow.c    a block without what cleaning drops, and the way back from it
 *     block.c     which lines have a keyword; clean text goes through in one copy
 *     lexicon.c   the words of all rules; prefilter.c finds the first of them fast
 *     find.c      where the secrets of such a line are: rules.c, compiled by compile.c, judged by plausible.c
 *     key_lines.c the lines of a private key
 *     value.c     the encodings of known values, kept and found by needles.c
 *     whole.c     all of this on one text
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/keyword.h"
#include "common/macro.h"
#include "common/redact/redact.h"

#define REDACT_MARK "[REDACTED:"
#define REDACT_RULES_MAX 192
#define REDACT_RULE_KEYWORDS 64
/* Secrets in one line; what follows the last of them is taken out as a whole. */
#define REDACT_SPANS_MAX 1024
#define REDACT_ENTROPY_UNIT 100

enum redact_rule_flags {
	RULE_KEY_LINES = 1 << 0, /* the lines that follow belong to it, unless it has its end in it */
	RULE_NAMED = 1 << 1,	 /* NAME = VALUE: judged by plausible.c */
	RULE_AT_SIGN = 1 << 2,	 /* no keyword: "://", then "@" in one word */
	RULE_ANYWHERE = 1 << 3, /* its keyword is anywhere in the line, not in what matches */
};

/* A kind of secret. Of the same place, the first row of the table has the say. */
struct redact_rule {
	const char *kind;
	const char *pattern;
	uint8_t group; /* of the pattern: what is the secret */
	uint8_t flags;
	uint16_t min_entropy; /* of the secret, in 1/REDACT_ENTROPY_UNIT bits a byte; 0: any */
	const char *keywords[REDACT_RULE_KEYWORDS]; /* one of them is in every match */
};

extern const struct redact_rule redact_rules[];
extern const size_t n_redact_rules;

struct rule_set {
	uint64_t bits[REDACT_RULES_MAX / 64];
};

static inline void rule_set_add(struct rule_set *set, size_t rule) {
	set->bits[rule / 64] |= UINT64_C(1) << rule % 64;
}

static inline void rule_set_remove(struct rule_set *set, size_t rule) {
	set->bits[rule / 64] &= ~(UINT64_C(1) << rule % 64);
}

static inline bool rule_set_has(const struct rule_set *set, size_t rule) {
	return (set->bits[rule / 64] >> rule % 64 & 1) != 0;
}

static inline void rule_set_join(struct rule_set *set, const struct rule_set *more) {
	for (size_t i = 0; i < ARRAY_SIZE(set->bits); i++) {
		set->bits[i] |= more->bits[i];
	}
}

#define SPAN_VALUE REDACT_RULES_MAX	       /* a known value */
#define SPAN_UNSEARCHED (REDACT_RULES_MAX + 1) /* there was no time for it */

/* A secret in a line: `from` and `to` are offsets in its shadow; `match` is where what identifies it begins. */
struct span {
	size_t match, from, to;
	uint16_t rule; /* or one of the next */
};

struct spans {
	struct span span[REDACT_SPANS_MAX];
	size_t n;
};

const char *span_kind(const struct span *span);
/* How long the mark is that the text begins with, which may be cut at the text's end; 0: with none of ours. */
size_t mark_len(const char *text, size_t len);

/* compile.c: the rule's code, compiled when first asked for and then kept for all threads. NULL: memory. */
struct pcre2_real_code_8;
struct pcre2_real_code_8 *rule_code(size_t rule);

/* plausible.c */
/* Shannon's, in 1/REDACT_ENTROPY_UNIT bits a byte. */
unsigned entropy_of(const char *data, size_t len);
/*
 * Whether what is at `value` in a line, behind a name and a separator, is a secret and no placeholder, word or code.
 * `name` is what stands before the separator.
 */
must_check bool value_is_plausible(const char *line, size_t line_len, size_t name, size_t name_len,
	size_t value, size_t value_len);

/* Whether a name says that its value is secret: of a member. */
bool name_is_secret(const char *name, size_t len);
/* Whether such a word is in it, whatever it ends with: of a variable, which few have by chance. */
bool name_has_secret_word(const char *name, size_t len);

/* find.c: what one thread needs for matching. */
struct finder;
must_check int finder_create(struct finder **ret_finder);
void finder_destroy(struct finder *finder);
DEFINE_CLEANUP(struct finder *, finder_destroy);
/* As redactor_limit(). */
void finder_limit(struct finder *finder, int64_t cpu_us);
bool finder_is_over(struct finder *finder);
/*
 * Adds what the rules of `set` find in one line. `*ret_opens_key`: a private key begins in it and does not end.
 * Returns: 0; -ENOMEM.
 */
must_check int finder_find(struct finder *finder, const struct rule_set *set, const char *line,
	size_t len, struct spans *spans, bool *ret_opens_key);
/* Sorts them, and makes one of those that touch. */
void spans_merge(struct spans *spans);

/* lexicon.c: the words whose presence makes a line worth a look. */
/* Of a longer word the beginning is looked for. With the NUL. */
#define LEXICON_WORD_MAX 16

struct lexicon_word {
	char text[LEXICON_WORD_MAX];
	struct rule_set rules; /* that it may mean */
};

/*
 * prefilter.c: whether there is any of the words, several times as fast as telling which. `words` are in small letters,
 * PREFILTER_WORD_MIN to LEXICON_WORD_MAX - 1 bytes.
 */
#define PREFILTER_WORD_MIN 4
struct prefilter;
must_check int prefilter_create(const char *const *words, size_t n, struct prefilter **ret_filter);
void prefilter_destroy(struct prefilter *filter);
/* Where the first word at or after `from` begins; `len`: there is none. */
size_t prefilter_next(const struct prefilter *filter, const char *text, size_t from, size_t len);

struct lexicon {
	struct prefilter *prefilter;
	struct lexicon_word *words; /* by the id in lexicon_keywords() */
	size_t n_words;
};

/* The rules' words, made once. NULL: memory. */
const struct lexicon *lexicon_of_rules(void);
/*
 * What finds each of these words, made when it is first asked for: most texts hold none, and a client that reports a
 * few lines would spend half of its instructions on it. NULL: memory.
 */
const struct keywords *lexicon_keywords(const struct lexicon *lexicon);
void lexicon_destroy(struct lexicon *lexicon);
DEFINE_CLEANUP(struct lexicon *, lexicon_destroy);
/* A word as it is looked for: its beginning, in small letters. */
void lexicon_fold(char out[LEXICON_WORD_MAX], const char *word);

/* needles.c: known values and their encodings. Of one thread. */
/* So many are looked for; a shorter one is left to the rules. */
#define NEEDLES_MAX 4096
#define NEEDLE_MIN_BYTES 8
struct needles;
must_check int needles_create(struct needles **ret_needles);
/* One more user of them; NULL is fine. */
struct needles *needles_ref(struct needles *needles);
void needles_unref(struct needles *needles);
/* Returns: 0, also when it was there or is too short; -ENOSPC, NEEDLES_MAX; -ENOMEM. */
must_check int needles_add(struct needles *needles, const char *text, size_t len);
/* Where the first one at or after `from` is, and how long the longest there is; `len`: there is none. */
size_t needles_next(
	const struct needles *needles, const char *text, size_t from, size_t len, size_t *ret_len);
/* Of their beginnings and the rules' words, borrowed; nothing may be added any more. Returns: 0; -ENOMEM. */
must_check int needles_prefilter(struct needles *needles, const struct prefilter **ret_filter);

/* shadow.c: a text as one reads it: without what text_clean() drops, so that cleaning puts no secret together. */
struct cut {
	size_t at;   /* in the shadow: `skip` bytes of the text are missing in front of it */
	size_t skip; /* of all cuts up to here */
};

struct shadow {
	const char *text; /* what to match on */
	size_t len;
	struct buffer copy; /* of `text`, when something had to go */
	struct cut *cuts;
	size_t n_cuts, cuts_cap;
};

void shadow_init(struct shadow *shadow);
void shadow_finish(struct shadow *shadow);
/* Makes it that of `text`, borrowed. Returns: 0; -ENOMEM. */
must_check int shadow_make(struct shadow *shadow, const char *text, size_t len);
/* Whether a text has something that its shadow has not. */
bool shadow_differs(const char *text, size_t len);
/* Where the byte at `offset` of the shadow stands in the text. */
size_t shadow_origin(const struct shadow *shadow, size_t offset);
/* Where the byte in front of `offset` ends in the text. */
size_t shadow_origin_end(const struct shadow *shadow, size_t offset);

/* key_lines.c: the lines behind the first one of a private key. */
enum key_verdict { KEY_LINE_DROP, KEY_LINE_KEEP };

struct key_lines {
	bool active;
	size_t column;	    /* where the key's text begins in a line */
	size_t width;	    /* of its full lines; 0 not known yet */
	unsigned n_strange; /* lines in a row that are not of it */
	bool short_seen;    /* its last line of text was there */
};

void key_lines_begin(struct key_lines *key, size_t column);
/* What to do with one line (shadow, without its newline). `*ret_rest`: where, in a dropped line, other text goes on. */
enum key_verdict key_lines_next(
	struct key_lines *key, const char *line, size_t len, size_t *ret_rest);

/* block.c */
struct redactor {
	struct finder *finder;
	const struct lexicon *lexicon;	   /* NULL: nothing was fed yet */
	const struct prefilter *prefilter; /* the needles', or the rules' */
	struct needles *needles;	   /* NULL: no value is known */
	size_t n_values;
	struct shadow shadow, line_shadow;
	struct spans spans;
	struct key_lines key;
	struct buffer pending;	     /* the line that has not ended */
	struct buffer first, second; /* a line on its way */
	struct rule_set found;	     /* rules whose words the last line had */
	struct rule_set earlier;     /* and those that earlier pieces of this line had */
	bool in_line;		     /* there were earlier pieces */
	size_t jump;		     /* so many bytes are dropped if no line ends before */
	bool swallow;		     /* inside a secret that is longer than a piece */
	const char *kind;	     /* of the first secret found; NULL: none */
	uint64_t count;
};

/* redact.c: before it is fed. Returns: 0; -ENOMEM. */
must_check int redactor_start(struct redactor *red);
/*
 * Appends the text without secrets. The text ends at a line's end, or is the last. Returns: 0; as buffer_append().
 */
must_check int block_redact(struct redactor *red, const char *text, size_t len, struct buffer *out);
/*
 * The same for the beginning of a line that does not end: `*ret_done` is how much of it was worked on, the rest is to
 * be given again.
 */
must_check int piece_redact(
	struct redactor *red, const char *text, size_t len, struct buffer *out, size_t *ret_done);

/*
 * value.c: adds the needles of a value, as it is or in one kind of encoding. Returns: 0, also when there is no room for
 * more; -ENOMEM.
 */
enum value_form { VALUE_PLAIN, VALUE_ESCAPED, VALUE_BASE64, VALUE_HEX, VALUE_FORM_COUNT };
must_check int value_add(
	struct needles *needles, const char *value, size_t len, enum value_form form);
