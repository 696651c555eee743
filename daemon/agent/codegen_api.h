/*
 * codegen_api - what Codegen's API is sent and what it says. Pure, any thread.
 *
 * Source: docs/api-reference/openapi3.json of codegen-sh/codegen. A run's status is a free text there; the words in the
 * table are those of its own client. All of an answer may hold anything: what is missing, of a wrong type or unfit to
 * be shown reads as 0 or "".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/limits.h"

#define CODEGEN_STATUS_MAX 64

enum codegen_phase {
	CODEGEN_WORKS, /* or a word we do not know */
	CODEGEN_OVER,
	CODEGEN_ASKS, /* waits for a person */
};

/* What a status means, in any case. `*ret_phrase`: "failed", to stand behind the run's name; static. */
enum codegen_phase codegen_phase(const char *status, const char **ret_phrase);

struct codegen_pull {
	int64_t number; /* 0: not of the project */
	char url[LIMIT_URL_MAX];
	char branch[LIMIT_NAME_MAX]; /* "" unknown */
};

/* A run. Owns nothing. */
struct codegen_view {
	int64_t id;
	int64_t created_ms; /* by their clock; 0 unknown */
	char status[CODEGEN_STATUS_MAX];
	char url[LIMIT_URL_MAX];
	char summary[LIMIT_AGENT_SUMMARY_BYTES]; /* redacted */
	struct codegen_pull pulls[LIMIT_LINKS_OF_INCIDENT];
	size_t n_pulls;
};

/* Of a pull request `project` makes one of ours. Returns: 0; -EBADMSG, no run; -ENOMEM. `ret_view` untouched then. */
must_check int codegen_decode_run(
	const char *body, size_t len, const char *project, struct codegen_view *ret_view);

/* How far a list was read: ask for LIMIT_AGENT_PAGE items from `skip` on, until it is over. */
struct codegen_pages {
	size_t skip;
	size_t n_pages;
	bool is_over;
	bool is_cut; /* over because of its length: something may have been missed */
};

/* Looks for the runs of one task, the newest first. */
struct codegen_search {
	struct codegen_pages pages;
	const char *task; /* borrowed, as the next: as they stand in a run's metadata */
	const char *project;
	int64_t since_ms; /* older ones cannot be of it; 0: none is too old */
	size_t n_found;
	struct codegen_view oldest; /* the one found with the smallest id */
	int64_t other_id;	    /* the newest of the others; 0: none */
	char other_url[LIMIT_URL_MAX];
};

/* Takes a page of the list of runs. Returns: 0; -EBADMSG, no such page; -ENOMEM. After a failure begin anew. */
must_check int codegen_search_page(struct codegen_search *search, const char *body, size_t len);

/* Looks for the number of a repository. */
struct codegen_lookup {
	struct codegen_pages pages;
	const char *project; /* borrowed */
	int64_t repository;  /* 0: not found yet */
};

/* As codegen_search_page(), of the list of repositories. */
must_check int codegen_lookup_page(struct codegen_lookup *lookup, const char *body, size_t len);

struct codegen_order {
	const char *prompt;
	const char *task;
	const char *incident;
	const char *project;
	const char *branch;
	int64_t repository;
};

/* The body that asks for a run, for the caller to free. NULL: memory. */
must_check char *codegen_encode_order(const struct codegen_order *order);

/* What the body of a refusal says, in one line, redacted; "" nothing. */
void codegen_decode_message(const char *body, size_t len, char *out, size_t size);
