#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/redact/internal.h"

/* A line that costs more is not searched further: its rest is taken out. */
#define MATCH_LIMIT 1000000
#define MATCH_HEAP_KIB 4096
#define MATCH_DEPTH 1000
#define MATCH_GROUPS 8
#define MARK_MAX 64
#define KEY_END "-----END "
#define KEY_NAME_MAX 64
/* Of a key in one line. */
#define KEY_MAX_BYTES REDACT_OVERLAP_BYTES
/* Groups of a RULE_NAMED pattern. */
#define GROUP_NAME 1
#define GROUP_QUOTED 3
#define GROUP_BARE 4

struct finder {
	pcre2_match_data *data;
	pcre2_match_context *context;
	int64_t cpu_end_us; /* of this thread's time; 0: as long as it takes */
	bool over;
};

struct search {
	struct finder *finder;
	size_t rule;
	const char *line;
	size_t len;
	struct spans *spans;
	size_t key_end; /* where the next end of a private key is; looked for again when the search has passed it */
};

int finder_create(struct finder **ret_finder) {
	_cleanup_(finder_destroyp) struct finder *finder = calloc(1, sizeof(*finder));

	if (finder == NULL) {
		return -ENOMEM;
	}
	finder->data = pcre2_match_data_create(MATCH_GROUPS, NULL);
	finder->context = pcre2_match_context_create(NULL);
	if (finder->data == NULL || finder->context == NULL) {
		return -ENOMEM;
	}
	(void)pcre2_set_match_limit(finder->context, MATCH_LIMIT);
	(void)pcre2_set_depth_limit(finder->context, MATCH_DEPTH);
	(void)pcre2_set_heap_limit(finder->context, MATCH_HEAP_KIB);
	*ret_finder = TAKE_PTR(finder);
	return 0;
}

void finder_destroy(struct finder *finder) {
	if (finder != NULL) {
		pcre2_match_data_free(finder->data);
		pcre2_match_context_free(finder->context);
		free(finder);
	}
}

static int64_t cpu_now_us(void) {
	struct timespec now;

	return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) < 0
		? 0
		: (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void finder_limit(struct finder *finder, int64_t cpu_us) {
	finder->cpu_end_us = MAX(cpu_now_us() + cpu_us, (int64_t)1);
}

bool finder_is_over(struct finder *finder) {
	finder->over = finder->over || (finder->cpu_end_us > 0 && cpu_now_us() > finder->cpu_end_us);
	return finder->over;
}

const char *span_kind(const struct span *span) {
	return span->rule < n_redact_rules	? redact_rules[span->rule].kind
		: span->rule == SPAN_UNSEARCHED ? "unsearched"
						: "secret";
}

static size_t mark_of_kind(const char *kind, const char *text, size_t len) {
	char mark[MARK_MAX];
	size_t n = (size_t)snprintf(mark, sizeof(mark), REDACT_MARK "%s]", kind);

	return memcmp(text, mark, MIN(n, len)) == 0 ? MIN(n, len) : 0;
}

size_t mark_len(const char *text, size_t len) {
	size_t n = 0;

	if (len == 0 || memcmp(text, REDACT_MARK, MIN(strlen(REDACT_MARK), len)) != 0) {
		return 0;
	}
	for (uint16_t rule = 0; rule <= SPAN_UNSEARCHED && n == 0; rule++) {
		struct span span = { .rule = rule };

		n = mark_of_kind(span_kind(&span), text, len);
	}
	return n;
}

static void add_span(struct search *search, size_t match, size_t from, size_t to) {
	struct spans *spans = search->spans;

	if (spans->n == REDACT_SPANS_MAX) {
		spans->span[spans->n - 1].to = search->len;
		return;
	}
	spans->span[spans->n++] = (struct span){
		.match = match, .from = from, .to = to, .rule = (uint16_t)search->rule
	};
}

static int match_at(struct search *search, pcre2_code *code, size_t offset) {
	PCRE2_SPTR line = (PCRE2_SPTR)search->line;
	int n = pcre2_match(code, line, search->len, offset, PCRE2_NO_UTF_CHECK,
		search->finder->data, search->finder->context);

	if (n == PCRE2_ERROR_JIT_STACKLIMIT) {
		n = pcre2_match(code, line, search->len, offset, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
			search->finder->data, search->finder->context);
	}
	return n;
}

/* Whether `from` is at or inside a mark. */
static bool is_marked(const struct search *search, size_t from) {
	size_t floor = from > MARK_MAX ? from - MARK_MAX : 0;

	for (size_t at = MIN(from + 1, search->len); at-- > floor;) {
		if (search->line[at] == '[') {
			return mark_len(search->line + at, search->len - at) > from - at;
		}
		if (search->line[at] == ']') {
			return false;
		}
	}
	return false;
}

/* Behind the first "-----END ... PRIVATE KEY...-----" at or after `from`; beyond the line: there is none. */
static size_t end_of_key(const struct search *search, size_t from) {
	const char *end = search->line + search->len, *at = search->line + from;

	while ((at = memmem(at, (size_t)(end - at), KEY_END, strlen(KEY_END))) != NULL) {
		const char *name = at + strlen(KEY_END);
		size_t rest = MIN((size_t)(end - name), (size_t)KEY_NAME_MAX);
		const char *dashes = memmem(name, rest, "-----", 5);

		if (dashes != NULL &&
			memmem(name, (size_t)(dashes - name), "PRIVATE KEY", 11) != NULL) {
			return (size_t)(dashes - search->line) + 5;
		}
		at = name;
	}
	return SIZE_MAX;
}

/* A private key begins at `from`, and what may be its text goes up to `to`. Returns where it ends. */
static size_t close_key(struct search *search, size_t from, size_t to, bool *ret_opens_key) {
	if (search->key_end <= from) {
		search->key_end = end_of_key(search, from);
	}
	*ret_opens_key = search->key_end > search->len || search->key_end - from > KEY_MAX_BYTES;
	return *ret_opens_key ? to : search->key_end;
}

/* Judges one match. Returns where the search goes on. */
static size_t on_match(struct search *search, const PCRE2_SIZE *at, bool *ret_opens_key) {
	const struct redact_rule *rule = &redact_rules[search->rule];
	size_t group = rule->group, from, to;
	bool secret = true;

	if ((rule->flags & RULE_NAMED) != 0) {
		group = at[2 * GROUP_QUOTED] != PCRE2_UNSET ? GROUP_QUOTED : GROUP_BARE;
	}
	from = at[2 * group];
	to = at[2 * group + 1];
	if (from == PCRE2_UNSET) {
		return at[1];
	}
	if ((rule->flags & RULE_KEY_LINES) != 0) {
		to = close_key(search, from, to, ret_opens_key);
	}
	if ((rule->flags & RULE_NAMED) != 0) {
		size_t name = at[2 * GROUP_NAME];

		secret = value_is_plausible(search->line, search->len, name,
			at[2 * GROUP_NAME + 1] - name, from, to - from);
	}
	if (rule->min_entropy > 0) {
		secret = secret && entropy_of(search->line + from, to - from) >= rule->min_entropy;
	}
	if (!secret || is_marked(search, from)) {
		return from;
	}
	add_span(search, at[0], from, to);
	return to;
}

static int find_rule(struct search *search, bool *ret_opens_key) {
	pcre2_code *code = rule_code(search->rule);
	size_t offset = 0;

	if (code == NULL) {
		return -ENOMEM;
	}
	while (offset < search->len) {
		const PCRE2_SIZE *at = pcre2_get_ovector_pointer(search->finder->data);
		int n = match_at(search, code, offset);

		if (n == PCRE2_ERROR_NOMATCH) {
			return 0;
		}
		if (n < 0) {
			add_span(search, offset, offset, search->len);
			return 0;
		}
		offset = MAX(on_match(search, at, ret_opens_key), MAX(at[0], offset) + 1);
	}
	return 0;
}

int finder_find(struct finder *finder, const struct rule_set *set, const char *line, size_t len,
	struct spans *spans, bool *ret_opens_key) {
	for (size_t rule = 0; rule < n_redact_rules; rule++) {
		struct search search = { finder, rule, line, len, spans, 0 };
		int r;

		if (!rule_set_has(set, rule)) {
			continue;
		}
		if (finder_is_over(finder)) {
			search.rule = SPAN_UNSEARCHED;
			add_span(&search, 0, 0, len);
			return 0;
		}
		r = find_rule(&search, ret_opens_key);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

static int compare_spans(const void *a, const void *b) {
	const struct span *x = a, *y = b;

	if (x->from != y->from) {
		return x->from < y->from ? -1 : 1;
	}
	return (x->rule > y->rule) - (x->rule < y->rule);
}

void spans_merge(struct spans *spans) {
	size_t n = 0;

	qsort(spans->span, spans->n, sizeof(spans->span[0]), compare_spans);
	for (size_t i = 0; i < spans->n; i++) {
		struct span *span = &spans->span[i], *last = n > 0 ? &spans->span[n - 1] : NULL;

		if (last == NULL || span->from > last->to) {
			spans->span[n++] = *span;
			continue;
		}
		last->to = MAX(last->to, span->to);
		last->match = MIN(last->match, span->match);
		last->rule = MIN(last->rule, span->rule);
	}
	spans->n = n;
}
