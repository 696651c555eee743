/*
 * page - what `report-page` writes: one document that needs nothing else, out of answers of the daemon. Pure.
 *
 * No script, no link, nothing that is loaded; its policy allows the one style sheet that is in it, by its hash, and
 * nothing else. So the style sheet alone says what looks how: an element has a class, and never a style.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "client/html.h"

struct page {
	int64_t now_ms;
	const json_t *stats;  /* GetStats */
	const json_t *status; /* GetStatus */
	const json_t *stories; /* an answer of Explain for each incident told; `report`: its newest */
	int64_t n_open;	       /* incidents that are not ended, told or not */
};

/* The whole document. */
void page_put(struct html *out, const struct page *page);

/* The sections: each writes what stands below its heading. */
typedef void page_section_fn(struct html *out, const struct page *page);
page_section_fn page_put_health;    /* page_health.c */
page_section_fn page_put_incidents; /* page_incidents.c */
/* page_figures.c */
page_section_fn page_put_builds;
page_section_fn page_put_resolution;
page_section_fn page_put_branches;
page_section_fn page_put_quality;
page_section_fn page_put_kinds;
page_section_fn page_put_agents;
page_section_fn page_put_failures;

/* A row of a list of terms: its name; the value is to follow. */
void page_term(struct html *out, const char *name);
void page_term_end(struct html *out);
/* A whole row of what others may have written; nothing when it is empty. */
void page_term_text(struct html *out, const char *name, const char *text);
/* A time from the wire, to the minute; "unknown" when it is none. */
void page_time(struct html *out, const char *rfc3339);

/* page_style.c, made of page.css: the sheet, and the hash by which the policy names it. */
extern const char page_style[];
extern const char page_style_hash[];
