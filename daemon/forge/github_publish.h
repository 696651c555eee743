/*
 * github_publish - one publish of a forge of type github: what its stages share. Loop thread only.
 *
 * A publish goes through the stages that its purpose has in a table. A stage is a function with a state of its own: it
 * is called until it returns 0. -EINPROGRESS says that it waits for GitHub or for a commit, and is to be called again
 * after that; another negative errno ends the publish, which then has a sentence.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/macro.h"
#include "daemon/forge/github.h"

enum github_stage {
	GITHUB_STAGE_END,
	GITHUB_STAGE_IDENTITY,
	GITHUB_STAGE_LATE,	  /* removes duplicates that may have appeared since */
	GITHUB_STAGE_LOCATE,	  /* which pull request, and may its author be trusted */
	GITHUB_STAGE_STATUS,	  /* the living post */
	GITHUB_STAGE_ASK,	  /* an agent or people: a comment of its own */
	GITHUB_STAGE_LABEL,	  /* fails only when it could not be sent */
	GITHUB_STAGE_HEAD_STATUS, /* never fails */
	GITHUB_STAGE_COUNT,
};

/* A write that must have its effect once; github_post.c. */
enum github_once_mode {
	GITHUB_ONCE_WRITE, /* found, or else written */
	GITHUB_ONCE_ADOPT, /* found, or not */
	GITHUB_ONCE_LATE,  /* looks for duplicates, and nothing is to be feared any more */
};

enum github_once_state {
	GITHUB_ONCE_START,
	GITHUB_ONCE_PAGE,     /* a page of what is there came, or not */
	GITHUB_ONCE_FIND,     /* all of it is read */
	GITHUB_ONCE_SETTLING, /* its new intent is committed: too early to write again */
	GITHUB_ONCE_ADOPTED,  /* what was found is committed */
	GITHUB_ONCE_REMOVED,  /* a duplicate went, or not */
	GITHUB_ONCE_INTEND,
	GITHUB_ONCE_INTENDED, /* the intent is committed */
	GITHUB_ONCE_ANSWERED, /* the write was answered, or not */
	GITHUB_ONCE_FAILED,   /* what is left of a write that failed is committed, or not */
	GITHUB_ONCE_WRITTEN,  /* what was written, or found, is committed */
	GITHUB_ONCE_END,
};

struct github_once {
	enum github_once_state state;
	enum github_once_mode mode;
	struct post *row;   /* of the publish; its `number` and `is_issue` say where */
	struct post before; /* to go back to when GitHub refuses */
	struct post next;   /* what is being committed */
	bool look;	    /* looks before it writes though no outcome is unknown */
	bool everywhere; /* not found on the pull request: among the issues as well (post_is_nowhere()) */
	int64_t number;	    /* of that pull request, while issues are looked through */
	int64_t unknown_ms; /* also what a task posted that is newer and not known any more; 0: not */
	int failure;	    /* GITHUB_ONCE_FAILED: of the publish */
	bool found, written;	   /* out */
	int per_page;		   /* when pages are too long; 0: as many as GitHub gives */
	struct github_post *posts; /* read back, ours alone; owned */
	size_t n_posts;
	size_t n_read;	   /* whoever's */
	int64_t oldest_ms; /* when the last one that was read was made; 0 none was */
	size_t duplicates[LIMIT_GITHUB_DUPLICATES];
	size_t n_duplicates, n_removed;
};

struct github_locate {
	enum {
		GITHUB_LOCATE_START,
		GITHUB_LOCATE_PULL, /* the pull request that was asked for by its number came, or not */
		GITHUB_LOCATE_SEARCH,	  /* those of the branch came, or not */
		GITHUB_LOCATE_NAME,	  /* what the repository is called by now came, or not */
		GITHUB_LOCATE_BRANCH,	  /* whether it exists was answered, or not */
		GITHUB_LOCATE_TAG,	  /* whether there is a tag of the name instead, too */
		GITHUB_LOCATE_FOUND,	  /* it is known which, or that there is none */
		GITHUB_LOCATE_PERMISSION, /* its author's came, or not */
		GITHUB_LOCATE_END,
	} state;
	bool is_fork, is_ignored, is_owner;
	bool is_nowhere;		/* there is no pull request of the number that CI told */
	bool is_lost;			/* and so whose the branch is is not known */
	char author[LIMIT_SUBJECT_MAX]; /* "" unknown */
	char name[LIMIT_NAME_MAX]; /* of the repository at GitHub; "" the project's, as far as is known */
};

struct github_publishing {
	struct forge_publish *publish; /* borrowed */
	struct github *github;	       /* borrowed */
	const enum github_stage *plan; /* what is left of it; END-ended */
	bool over;		       /* nothing more is to be done, and all went well */
	bool cancelled;		       /* nothing more is asked; what is known is still committed */

	/* The one thing that it waits for, and how that ended. */
	struct github_wait wait;
	struct github_call call;
	char thing[GITHUB_THING_MAX]; /* that it asks about */
	bool waiting;
	int status;

	/* A copy of the incident's posts, with room for two more; as on disk but for what is being committed. */
	struct post *rows;
	size_t n_rows;
	int64_t settling_ms; /* the outcome of a write that is not repeated is certain then; 0: none */

	int64_t pull_request; /* open, of the branch; 0 none */
	char head_sha[LIMIT_COMMIT_MAX];

	struct github_locate locate;
	struct github_once once;
	struct buffer body;
	char title[LIMIT_NAME_MAX];
	size_t late_at; /* GITHUB_STAGE_LATE's row */
	enum {
		GITHUB_LIVING_START,
		GITHUB_LIVING_ONCE, /* it is looked for or written */
		GITHUB_LIVING_CHANGE,
		GITHUB_LIVING_CHANGED, /* that was answered, or not */
		GITHUB_LIVING_END,
	} living_state;
	bool remade; /* the living post was gone */
	enum { GITHUB_ASKING_START, GITHUB_ASKING_ONCE, GITHUB_ASKING_END } asking_state;
	enum {
		GITHUB_LABEL_START,
		GITHUB_LABEL_MADE, /* that the repository has it was answered, or not; as the next */
		GITHUB_LABEL_PUT,
		GITHUB_LABEL_END,
	} label_state;
	enum {
		GITHUB_HEAD_START,
		GITHUB_HEAD_LISTED, /* what is there of ours was answered, or not; as the next */
		GITHUB_HEAD_PUT,
		GITHUB_HEAD_END,
	} head_state;
};

/* ---- for the stages; github_publish.c ---- */

/* Whole paths; the longest is a page of a list. */
#define GITHUB_REQUEST_PATH_MAX (LIMIT_URL_MAX + GITHUB_PATH_MAX)

struct github_request {
	const char *method;
	char path[GITHUB_REQUEST_PATH_MAX];
	char subject[LIMIT_SUBJECT_MAX]; /* of sentences */
	char place[LIMIT_SUBJECT_MAX];	 /* as github_ask.place */
	json_t *body; /* of POST and PATCH; taken by github_publish_ask(), also when that fails */
	bool once;    /* as github_ask.once */
};

/* "/repos/OWNER/NAME" and behind it what printf makes of the rest. */
void github_request_path(struct github_request *request, const struct github_publishing *p,
	const char *fmt, ...) printf_like(3, 4);

/* Returns: -EINPROGRESS; as github_publish_fail(). */
must_check int github_publish_ask(struct github_publishing *p, const struct github_request *request);
/* The same for what fails no publish. Returns: -EINPROGRESS; 0, it was not asked, and nothing is told of that. */
must_check int github_publish_try(struct github_publishing *p, const struct github_request *request);
/* Commits `post`, which lives until then. Returns as the former. */
must_check int github_publish_record(struct github_publishing *p, const struct post *post);

/* Whether the last call did what it was for. */
bool github_publish_went_well(const struct github_publishing *p);
/* Tells of a failed call or commit in the publish. Returns what the stage returns: a negative errno. */
must_check int github_publish_refused(struct github_publishing *p);
/* Returns `status`. */
must_check int github_publish_fail(struct github_publishing *p, int status, bool passing,
	int64_t retry_ms, const char *fmt, ...) printf_like(5, 6);
/* What a text function returned; `secret` is its kind of secret. */
must_check int github_publish_fail_text(struct github_publishing *p, int status, const char *secret);

/* The incident's row of that kind and task; NULL: none. */
struct post *github_publish_find_row(
	struct github_publishing *p, enum post_kind kind, int64_t task_id);
/* The same, and a new one when there is none. */
struct post *github_publish_row(struct github_publishing *p, enum post_kind kind, int64_t task_id);
/* Whether it is known what the other side calls it. */
bool github_post_is_known(const struct post *row);
const char *github_publish_project(const struct github_publishing *p);
/* What is remembered of its repository; a forgotten one's row when there is none. */
struct github_known_repository *github_publish_repository(struct github_publishing *p);
/* Logs that a call failed whose failure nobody has to wait for; once, when time does not help. */
void github_publish_tell(const struct github_publishing *p, bool *told);

/* ---- stages ---- */

must_check int github_locate_step(struct github_publishing *p);
must_check int github_late_step(struct github_publishing *p);
must_check int github_living_step(struct github_publishing *p);
must_check int github_asking_step(struct github_publishing *p);
must_check int github_label_step(struct github_publishing *p);
must_check int github_head_status_step(struct github_publishing *p);

/* Begins one for a row of `p`: what that is now is gone back to when GitHub refuses; then its place may be changed. */
void github_once_begin(struct github_publishing *p, struct post *row, enum github_once_mode mode);
/* As a stage. */
must_check int github_once_step(struct github_publishing *p);
void github_once_finish(struct github_once *once);
/* Forgets what was read back of it; a page comes next. */
void github_once_read_anew(struct github_once *once);

/* Of the row's place: asks for the first page of what is there. Returns as github_publish_ask(), as the next two. */
must_check int github_read_back(struct github_publishing *p);
/* Takes a page; asks for the next one, or goes on with GITHUB_ONCE_FIND. */
must_check int github_read_back_page(struct github_publishing *p);
/* Of comments deletes one, of issues closes it. */
must_check int github_read_back_remove(struct github_publishing *p, const struct github_post *post);

/* ---- texts; github_words.c ---- */

/* The living post into `p->body`, and a title for an issue. Returns: 0; as github_publish_fail(). */
must_check int github_words_status(struct github_publishing *p);
/* The comment that asks an agent or people. Returns as the former. */
must_check int github_words_ask(struct github_publishing *p);
/* One line for the head, below 140 characters. Returns `out`. */
const char *github_words_head(const struct github_publishing *p, char out[LIMIT_SUBJECT_MAX]);
/* When the next look is due; 0: none. */
int64_t github_words_next_check_ms(const struct forge_publish *publish);

/* ---- what became of each cycle; github_history.c ---- */

struct github_history {
	struct github_attempt *attempts; /* owned, as the texts; oldest first */
	char **texts;
	size_t n_attempts, n_texts;
};

/* Reads the incident's tasks. Returns: 0, to be released with github_history_finish(); -ENOMEM. */
must_check int github_history_read(
	const struct task *tasks, size_t n, struct github_history *ret_history);
void github_history_finish(struct github_history *history);
/* When a check found it ready last, or merged; 0: never. */
int64_t github_history_ready_ms(const struct task *tasks, size_t n);
