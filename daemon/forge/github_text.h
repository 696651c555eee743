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
/* Of those from `from` on, drops what is not ours or has no marker; the order stays. */
void github_posts_keep_ours(
	struct github_post *posts, size_t from, size_t *n, const struct github_identity *identity);
/*
 * Finds our post with that marker: of the living status the incident has to agree, of the others the task as well. The
 * oldest is the one that stays; the others, duplicates to be removed, are at the places in `ret_duplicates` (room for
 * `max`; may be NULL). Returns: its place; -ENOENT.
 */
must_check long github_post_find(const struct github_post *posts, size_t n,
	const struct github_identity *identity, const struct github_marker *marker,
	size_t *ret_duplicates, size_t max, size_t *ret_n_duplicates);

/* ---- bodies ---- */

/* What came of an agent's turn, as far as it is told here; the words are in github_status_text.c. */
enum github_turn {
	GITHUB_TURN_WORKS,
	GITHUB_TURN_ASKED,	 /* by the comment at `url` */
	GITHUB_TURN_RAN,	 /* elsewhere, to be seen at `url` */
	GITHUB_TURN_EXITED,	 /* with `number` */
	GITHUB_TURN_KILLED,	 /* by signal `number` */
	GITHUB_TURN_NOT_STARTED, /* given up */
	GITHUB_TURN_STOPPED,
	GITHUB_TURN_UNKNOWN,
	GITHUB_TURN_COUNT,
};

/* One turn and what was seen after it. Texts are not NULL where they are needed. */
struct github_attempt {
	int64_t cycle;
	int64_t triggered_ms; /* 0: no agent was asked; then the next four say nothing */
	const char *agent;
	enum github_turn turn;
	int64_t number;
	const char *url;     /* of a source we trust; "" unknown */
	int64_t checked_ms;  /* 0: not yet */
	const char *verdict; /* the outcome and its reasons, a sentence */
};

/* Why the agent whose turn it is was not started. */
enum github_delay {
	GITHUB_DELAY_NONE,
	GITHUB_DELAY_BUDGET, /* the project may not trigger more within the hour */
	GITHUB_DELAY_FAILED, /* starting it failed, and is tried again */
	GITHUB_DELAY_COUNT,
};

struct github_status_text {
	enum github_delay delay;
	/* Why no agent is asked; HOLD_NONE, HOLD_RELEASED: nothing speaks against it. */
	enum incident_hold hold;
	const struct incident *incident; /* its verdict is shown */
	const struct report *report;	 /* the newest */
	const struct policy *policy;
	int64_t task_id;		       /* 0 none */
	const struct github_attempt *attempts; /* oldest first; the newest GITHUB_ATTEMPTS_SHOWN are shown */
	size_t n_attempts;
	int64_t next_check_ms; /* 0 none */
	bool is_issue;	       /* the body of one, and no comment */
	int64_t pull_request;  /* named when it stands on an issue; 0 none */
	const int64_t *others; /* incidents of the same branch, with posts of their own */
	size_t n_others;
};

#define GITHUB_ATTEMPTS_SHOWN 20

/*
 * Appends the living status comment, below 65,536 characters. It is searched for secrets.
 * Returns, as the next: 0; -EKEYREJECTED, `*ret_secret` is what kind it seems to hold: it must not be posted;
 * -EINVAL, `escalate_to` or `handle` is no name of a user or team (text_is_handle()); -EMSGSIZE; -ENOMEM.
 */
must_check int github_status_write(
	struct buffer *out, const struct github_status_text *status, const char **ret_secret);

struct github_mention_text {
	const struct incident *incident;
	const struct policy *policy;
	int64_t task_id;
	const char *handle;	/* without "@" */
	const char *status_url; /* of the living post; "" unknown */
	bool is_issue;		/* that is the issue this is said on */
};

/* Appends the short comment that asks an agent. At most LIMIT_GITHUB_MENTION_MAX_BYTES. */
must_check int github_mention_write(
	struct buffer *out, const struct github_mention_text *mention, const char **ret_secret);

struct github_escalation_text {
	const struct incident *incident;
	const struct policy *policy;
	int64_t task_id;
	const char *escalate_to; /* "octocat" or "org/team"; "" or NULL: nobody by name */
	const char *status_url;	 /* as above, and the next */
	bool is_issue;
};

/* Appends the short comment that asks people. At most LIMIT_GITHUB_MENTION_MAX_BYTES. */
must_check int github_escalation_write(struct buffer *out,
	const struct github_escalation_text *escalation, const char **ret_secret);

/* Appends what an issue says that is there twice; `original` is the number of the one that stays. */
must_check int github_duplicate_write(
	struct buffer *out, const struct github_marker *marker, int64_t original);

/* What is said of a reason in public: its message, unless that is about our own connection to GitHub. */
const char *github_reason_message(const struct reason *reason);
/* The title of an issue: our own words, and the branch with "_" for what would link. Nothing of a log. */
const char *github_title(const struct report *report, char out[LIMIT_NAME_MAX]);
