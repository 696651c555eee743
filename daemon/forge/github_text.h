/*
 * github_text - what we write on GitHub, and how we know it again. Pure, any thread.
 *
 * The first line of whatever we post is a marker, an HTML comment that says of which incident and task it is.
 * Anybody can copy a marker, so one counts only in a post of our own, told by the author's id. Foreign text goes
 * through common/markdown.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/macro.h"
#include "daemon/limits.h"
#include "daemon/model/incident.h"
#include "daemon/model/policy.h"
#include "daemon/model/report.h"

/* ---- markers ---- */

enum github_post_kind {
	GITHUB_POST_STATUS, /* the living one: a comment, or the body of an issue; one for each incident */
	GITHUB_POST_MENTION,	/* asks an agent; one for each task */
	GITHUB_POST_ESCALATION, /* asks people; one for each task */
	GITHUB_POST_KIND_COUNT,
};

struct github_marker {
	enum github_post_kind kind;
	int64_t incident_id;
	int64_t task_id; /* that made it; 0 none */
};

#define GITHUB_MARKER_MAX 192

/* "<!-- codegend:v1 kind=status incident=incident-… task=delayed-… -->". Returns `out`. */
const char *github_marker_format(const struct github_marker *marker, char out[GITHUB_MARKER_MAX]);
/*
 * Reads the first line of a body. Members it does not know are skipped. Returns: 0; -ENOENT, no marker; -EINVAL, one
 * that is not whole or of another version.
 */
must_check int github_marker_parse(const char *body, struct github_marker *ret_marker);

/* Who we are: the user of a token, or the app (then the user is its bot). 0: unknown, which nothing matches. */
struct github_identity {
	int64_t user_id;
	int64_t app_id;
};

/* A comment or an issue, as far as it matters for knowing our own again. */
struct github_post {
	int64_t id;	/* of a comment; of an issue too */
	int64_t number; /* of an issue; 0: a comment */
	int64_t author_id;
	int64_t app_id; /* through which it was posted; 0 none */
	int64_t created_ms;
	bool pull_request; /* the list of issues has them as well */
	bool closed;
	bool marked;
	struct github_marker marker; /* when `marked` */
	char url[LIMIT_URL_MAX];     /* html_url; "" when it is none */
};

/*
 * A page of GET …/issues/{n}/comments or GET …/issues, or the one object that a POST or PATCH answers. What is no
 * post is left out, and so is what has no id or no author. Appends to `*posts` (the caller's, freed with free()).
 * `ret_n_items`: how many the page had, to see whether there may be another. Returns: 0; -EBADMSG; -E2BIG, more
 * than LIMIT_GITHUB_POSTS; -ENOMEM.
 */
must_check int github_decode_posts(
	const char *body, size_t len, struct github_post **posts, size_t *n, size_t *ret_n_items);

bool github_post_is_ours(const struct github_post *post, const struct github_identity *identity);
/*
 * Finds our post with that marker: of the living status the incident has to agree, of the others the task as well. The
 * oldest is the one that stays; the others, duplicates to be removed, are at the places in `ret_duplicates` (room for
 * `max`; may be NULL). Returns: its place; -ENOENT.
 */
must_check long github_post_find(const struct github_post *posts, size_t n,
	const struct github_identity *identity, const struct github_marker *marker,
	size_t *ret_duplicates, size_t max, size_t *ret_n_duplicates);

/* ---- bodies ---- */

/* What came of a cycle; texts may be NULL or "". */
struct github_attempt {
	int64_t cycle;
	int64_t triggered_ms; /* 0: it was not */
	const char *agent;
	const char *agent_said; /* how it ended, a sentence */
	int64_t checked_ms;	/* 0: not yet */
	const char *verdict;	/* the outcome and its reasons, a sentence */
};

struct github_status_text {
	/* Why no agent is asked, when the incident is OPEN; HOLD_NONE, HOLD_RELEASED: nothing speaks against it. */
	enum incident_hold hold;
	const struct incident *incident; /* its verdict is shown */
	const struct report *report;	 /* the newest */
	const struct policy *policy;
	int64_t task_id;		       /* 0 none */
	const struct github_attempt *attempts; /* oldest first; the newest GITHUB_ATTEMPTS_SHOWN are shown */
	size_t n_attempts;
	int64_t next_check_ms; /* 0 none */
	int64_t pull_request;  /* named when it stands on an issue; 0 none */
	const char *escalate_to; /* "octocat" or "org/team", mentioned when it is ESCALATED; NULL none */
};

#define GITHUB_ATTEMPTS_SHOWN 20

/*
 * Appends the living status comment, below 65,536 characters. It is searched for secrets.
 * Returns, as the next: 0; -EKEYREJECTED, `*ret_secret` is what kind it seems to hold: it must not be posted;
 * -EINVAL, `escalate_to` or `handle` is no name of a user or team; -EMSGSIZE; -ENOMEM.
 */
must_check int github_status_write(
	struct buffer *out, const struct github_status_text *status, const char **ret_secret);

struct github_mention_text {
	const struct incident *incident;
	const struct policy *policy;
	int64_t task_id;
	const char *handle;	/* without "@" */
	const char *status_url; /* of the living comment; "" unknown */
};

/* Appends the short comment that asks an agent. At most LIMIT_GITHUB_MENTION_MAX_BYTES. */
must_check int github_mention_write(
	struct buffer *out, const struct github_mention_text *mention, const char **ret_secret);

struct github_escalation_text {
	const struct incident *incident;
	int64_t task_id;
	const char *escalate_to; /* as in github_status_text */
	const char *status_url;	 /* of the living post; "" unknown */
};

/* Appends the short comment that asks people. At most LIMIT_GITHUB_MENTION_MAX_BYTES. */
must_check int github_escalation_write(struct buffer *out,
	const struct github_escalation_text *escalation, const char **ret_secret);

/* Appends what an issue says that is there twice; `original` is the number of the one that stays. */
must_check int github_duplicate_write(
	struct buffer *out, const struct github_marker *marker, int64_t original);

/* The title of an issue: our own words and names that are plain. Nothing of a log. */
const char *github_title(const struct report *report, char out[LIMIT_NAME_MAX]);
/* Whether "@" and this would mention one user or team, and nothing else. */
bool github_is_handle(const char *handle);
