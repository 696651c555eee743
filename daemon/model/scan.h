/*
 * scan - what the client's scan of a log said, as JSON in the shape of `scan --json` (cli.md). Pure, any thread.
 *
 * It comes from a peer: scan_tidy() makes it fit to keep, and the readers take any JSON, tidy or not. What is missing
 * or of a wrong type is "" or 0.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

/* Borrowed from the scan; none is NULL. */
struct scan_finding {
	const char *tool;
	const char *severity;
	const char *file;
	int64_t line; /* 0 unknown */
	const char *rule;
	const char *message;
	const char *test;
};

/*
 * Replaces `*scan` (owned; NULL is fine) by a copy that holds only the known members, each of its right type, clean
 * text of bounded length, and is at most `max_bytes` as compact JSON: findings are dropped first, then the excerpt is
 * cut, and "note" says so. Nothing known in it: it becomes NULL. Returns: 0; -ENOMEM, untouched.
 */
must_check int scan_tidy(json_t **scan, size_t max_bytes);

/* Words such as "test"; "" when it is none, "unknown" or "none", or no better than a guess. */
const char *scan_stage(const json_t *scan);
const char *scan_cause(const json_t *scan);
const char *scan_headline(const json_t *scan);
const char *scan_excerpt(const json_t *scan);
/* What was left out of it, a sentence. */
const char *scan_note(const json_t *scan);
size_t scan_n_findings(const json_t *scan);
/* Returns whether there is such a finding; else `ret_finding` is untouched. */
bool scan_finding(const json_t *scan, size_t index, struct scan_finding *ret_finding);
