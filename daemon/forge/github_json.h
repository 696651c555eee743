/*
 * github_json - fields of GitHub's JSON, which may hold anything. Pure, any thread.
 *
 * A field that is missing or of a wrong type reads as the value that says so: 0, "", false.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/forge/github_snapshot.h"

/* Returns: 0, a new reference; -EBADMSG, no JSON, or nested too deep; -ENOMEM. */
must_check int github_json_load(const char *body, size_t len, json_t **ret_value);

/*
 * The place of a word in `words` (from 1 on; [0] is never compared), regardless of case; 0: not a text or none of
 * them.
 */
int github_json_word(const json_t *value, const char *const *words, size_t n);
/* Copies a text, cleaned. Returns whether `out` has exactly what was said; false, too, when it is no text. */
bool github_json_text(const json_t *value, char *out, size_t size);
/* A commit id: 40 to 64 hex digits; else "". */
void github_json_sha(const json_t *value, char out[LIMIT_COMMIT_MAX]);
int64_t github_json_count(const json_t *value); /* -1: no whole number of 0 or more */
int64_t github_json_id(const json_t *value);	/* 0: none */
int64_t github_json_time(const json_t *value);	/* 0: none */
enum github_answer github_json_answer(const json_t *value);
/* Walks down members by name; NULL-ended. NULL: one is missing. */
const json_t *github_json_at(const json_t *value, ...) __attribute__((sentinel));

/* Words of GraphQL and, in lower case, of REST; by enum. */
extern const char *const github_conclusion_words[GITHUB_CONCLUSION_COUNT];
extern const char *const github_merge_state_words[GITHUB_MERGE_STATE_COUNT];
extern const char *const github_mergeable_words[GITHUB_MERGEABLE_COUNT];
extern const char *const github_review_words[GITHUB_REVIEW_COUNT];
extern const char *const github_status_words[GITHUB_STATUS_COUNT];
/* The conclusion of a check run or suite: null is GITHUB_CONCLUSION_NONE. */
enum github_conclusion github_json_conclusion(const json_t *value);
/* The state of a commit status, as status and conclusion of `check`. */
void github_json_state(const json_t *value, enum github_status *ret_status,
	enum github_conclusion *ret_conclusion);
