/*
 * github - what the files of the forge of type github share: the credential, one request, one look at a branch.
 *
 * Loop thread only. Calls and looks are embedded by their users and must not move until `done`, which runs exactly
 * once, never from inside the call that began it, also at shutdown (-ECANCELED). Sentences are whole: what happened, to
 * what, what to do.
 *
 * Reads go as soon as the budget allows. Writes go one at a time, each LIMIT_RATE_WRITE_GAP_MS after the one before it
 * was answered; one that is not answered in time gives back all behind it. What cannot go within LIMIT_GITHUB_WAIT_MS
 * is told so at once. GraphQL queries go one at a time for what is due, and one at a time beside these for what
 * somebody waits for.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/list.h"
#include "common/macro.h"
#include "daemon/config.h"
#include "daemon/credential.h"
#include "daemon/forge/budget.h"
#include "daemon/forge/github_clock.h"
#include "daemon/forge/github_snapshot.h"
#include "daemon/forge/github_text.h"
#include "daemon/forge/internal.h"
#include "daemon/http.h"

struct github;
struct github_app;
struct github_batches;
struct github_identifying;
struct github_rest;

/* ---- one request ---- */

enum github_call_kind {
	GITHUB_CALL_READ,
	GITHUB_CALL_WRITE,
	GITHUB_CALL_QUERY, /* GraphQL: `path` is NULL, `body` the query; sent twice it does no harm */
};

/* Whose credential it bears. */
enum github_call_as {
	GITHUB_AS_USUAL, /* the token; of an App that of the installation that has `project` */
	GITHUB_AS_APP,	 /* the App itself, to learn of its installations */
};

/* What to ask: all copied. */
struct github_ask {
	enum github_call_kind kind;
	enum github_call_as as;
	const char *project; /* "owner/name" */
	const char *method;
	const char *path; /* under the API's URL, "/repos/…"; encoded */
	const char *body; /* JSON; NULL: none */
	/* A write whose effect must not be had twice: whatever is answered, it is not sent again, also not to where it
	 * was moved. */
	bool once;
	const char *subject; /* of sentences: "the comments of #17 in acme/web" */
	const char *place; /* of something new: what has to be there for it; NULL or "": the subject */
};

struct github_call {
	void *user; /* the caller's */

	/* out, until github_call_finish(). `http.answer`, its status and headers only when the status was 0 */
	struct http_request http;
	enum budget_meaning meaning;	   /* when the status was 0 or -EAGAIN */
	char sentence[LIMIT_SENTENCE_MAX]; /* "" when the status was 0 and the meaning BUDGET_OK */
	bool passing;	  /* not OK, and nothing is wrong with the request: time helps */
	int64_t retry_ms; /* not before; 0 unknown */
	/* A write that was sent, and nothing proves that it was not done: it may have had its effect, or have it
	 * yet. */
	bool doubtful;
	bool of_one; /* refused for the one issue or pull request alone */

	/* github's */
	struct github *github;
	void (*done)(struct github_call *call, int status);
	struct list node; /* of the queue it is in */
	enum {
		GITHUB_CALL_IDLE,
		GITHUB_CALL_QUEUED,  /* `reads`, `queries` or `writes` */
		GITHUB_CALL_WAITING, /* for the token of an installation */
		GITHUB_CALL_ACTIVE,  /* `active`, http has it */
		GITHUB_CALL_ENDED,   /* `ended` */
	} state;
	enum github_call_kind kind;
	enum github_call_as as;
	int status;
	int n_moves; /* redirects that were followed */
	bool once;
	bool renewed; /* after a 401 there was a newer credential; it went out again with that, but for `once` */
	int64_t queued_us; /* clock_mono_us(): how long it waits is elapsed time */
	int64_t sent_us;   /* clock_boot_us() when it went out */
	char credential[BUDGET_CREDENTIAL_MAX]; /* the mark it went out with */
	char project[LIMIT_NAME_MAX];
	char subject[LIMIT_SUBJECT_MAX];
	char place[LIMIT_SUBJECT_MAX];
	const char *method;
	char *path; /* owned, as the next three; NULL: GraphQL's */
	char *url;  /* of the settings it went out with */
	char *body;
	char *authorization; /* a header line, wiped */
	const char *headers[6];
};

/*
 * Queues a call; `call` is zeroed at first, finished later. Returns: 0, `done` will run; -ESHUTDOWN; -EAGAIN,
 * LIMIT_GITHUB_CALLS wait; -ENOMEM.
 *
 * done(status): 0, answered, look at `meaning`; -EAGAIN, not sent: the budget is used up or it waited for too long
 * (BUDGET_LIMITED), there is no credential that the forge accepts (BUDGET_UNAUTHORIZED), a write before it was not
 * answered in time (BUDGET_NO_ANSWER), or of an App whatever its installation's token was refused with; -ECANCELED;
 * else http's, no answer. `sentence`, `passing`, `retry_ms` and `doubtful` tell the rest, whatever happened.
 */
must_check int github_send(struct github *github, struct github_call *call,
	const struct github_ask *ask, void (*done)(struct github_call *call, int status));
/* `done` runs with -ECANCELED, or with how it ended if that is known already. Nothing is in flight: harmless. */
void github_cancel(struct github_call *call);
/* Frees the outputs, wipes what was secret; it may be sent again. Not while it is in flight. */
void github_call_finish(struct github_call *call);
/*
 * The path of the next page as the answer's Link header has it, for `github_ask.path`. Returns: 1; 0, there is none;
 * -EREMOTE, there is one, but `out` is no path of it: what could be read of where it leads instead.
 */
must_check int github_next_page(const struct github_call *call, char out[LIMIT_URL_MAX]);

#define GITHUB_PATH_MAX (3 * LIMIT_NAME_MAX + 16)

/* "/repos/OWNER/NAME", encoded. Returns `out`. */
const char *github_repo_path(const char *project, char out[GITHUB_PATH_MAX]);
/* One segment of a path, or one value of a query, encoded. Returns whether it fitted. */
bool github_encode(const char *text, char *out, size_t size);

/* ---- who we are ---- */

struct github_wait {
	struct list node; /* github's */
	void (*done)(struct github_wait *wait, int status);
	/* out, on failure; as those of a call */
	char sentence[LIMIT_SENTENCE_MAX];
	bool passing;
	int64_t retry_ms;
	/* github's, as the node */
	struct github *github;
	char project[LIMIT_NAME_MAX];
	bool waiting;
};

/*
 * Learns `identity`, once for each credential: before the first write, and before posts are told to be ours. `project`
 * is one of those we may read. Returns: 0, `done` will run; -ESHUTDOWN; -ENOMEM. done(status): 0, known;
 * else as of a call, or -EACCES, GitHub does not tell.
 */
must_check int github_identify(struct github *github, const char *project, struct github_wait *wait,
	void (*done)(struct github_wait *wait, int status));
/* `done` runs with -ECANCELED. Not waiting: harmless. */
void github_wait_cancel(struct github_wait *wait);

/* ---- one look at a branch or pull request, many in one query ---- */

struct github_look {
	/* in; borrowed until `done` */
	const char *project;
	const char *head_repository; /* "": the project itself */
	const char *branch;
	int64_t pull_request; /* 0 unknown: found by the branch */
	/* What was reported, to be found among the jobs of workflows where checks may not be read; NULL: nothing. */
	const char *job;
	const char *step;
	bool or_tag; /* by the branch: where there is none, the tag of its name is looked at, see `is_tag` */
	bool mergeable;	 /* worth some seconds of waiting for GitHub to compute it */
	bool waited_for; /* by somebody: it goes past what is only due */

	/* out, when the status was 0; owned, until github_look_finish() */
	struct github_snapshot *snapshot;
	/* out, of a failure */
	char sentence[LIMIT_SENTENCE_MAX];
	int64_t retry_ms;

	/* github's */
	struct list node;
	void (*done)(struct github_look *look, int status);
	struct github *github;
	struct github_batches *batches; /* whose it is */
	struct github_rest *rest;	/* while it is asked about by REST; owned */
	enum {
		GITHUB_LOOK_IDLE,
		GITHUB_LOOK_GATHERED, /* waits for its query */
		GITHUB_LOOK_SLEEPING, /* waits to be asked about again */
		GITHUB_LOOK_ASKED,    /* its query is under way */
		GITHUB_LOOK_REST,
		GITHUB_LOOK_ENDED,
	} place;
	int status;
	int64_t number; /* what is asked about now */
	int64_t due_ms; /* of the loop: when it is asked about again */
	uint8_t n_pages;
	uint8_t n_tries;   /* for mergeability */
	uint8_t asked;	   /* GITHUB_REST_*, for this snapshot */
	bool is_continued; /* the next answer is a further page of `snapshot` */
	bool is_tag;	   /* there is no such branch: it is asked about the tag now */
	bool is_cancelled;
};

/*
 * Asks about a pull request, or about a branch and its open pull request; `look` is zeroed at first. Returns: 0, `done`
 * will run; -ESHUTDOWN; -EAGAIN, LIMIT_GITHUB_LOOKS wait. done(status): 0, the snapshot tells what is known and why the
 * rest is not (unreachable, rate limited); -EAGAIN, no credential that the forge accepts, or too much waits; -EINVAL,
 * the project is no "owner/name"; -ECANCELED; -ENOMEM.
 */
must_check int github_look(struct github *github, struct github_look *look,
	void (*done)(struct github_look *look, int status));
void github_look_cancel(struct github_look *look);
void github_look_finish(struct github_look *look);

/* ---- what is made or said once for each repository ---- */

/* Of what we put on a head ourselves: of a commit status its context, of an App's check run its name. */
#define GITHUB_HEAD_CONTEXT "codegend/follow-up"

/* "issues", "pulls", "statuses": what of a repository a request is about, as its path has it. */
#define GITHUB_THING_MAX 32

struct github_known_repository {
	char project[LIMIT_NAME_MAX];
	char moved_to[GITHUB_PATH_MAX]; /* where the next post of it goes instead; "" nowhere else */
	char barred[LIMIT_SENTENCE_MAX]; /* why nothing can be published in it, what to do; "" it can */
	int64_t barred_ms;		 /* since when */
	/* What was refused so; when that goes well it is over. */
	enum github_call_kind barred_kind;
	char barred_thing[GITHUB_THING_MAX];
	bool has_label;	       /* or it cannot be made, which was said */
	bool told_name;	       /* that it has another name by now */
	bool told_label;       /* that it cannot be labelled */
	bool told_head_status; /* that its commits take no status from us */
};

/* The last ones that were published to. */
struct github_known {
	char label[LIMIT_SUBJECT_MAX]; /* that `has_label` is about */
	struct github_known_repository rows[LIMIT_GITHUB_REPOSITORIES];
	size_t n;
	size_t next; /* the one to be forgotten */
};

/* ---- the forge ---- */

enum { GITHUB_DUE, GITHUB_WAITED_FOR, GITHUB_BATCHES };

struct github {
	struct forge *forge; /* borrowed */
	struct config_forge config;
	struct budget budget;
	struct github_clock clock; /* its clock, compared with ours */

	/* The token, or of an App its key; NULL: `problem` says why. Wiped. */
	char *secret;
	char mark[BUDGET_CREDENTIAL_MAX]; /* tells it from others */
	char problem[LIMIT_SENTENCE_MAX];
	/* `api-url` led to no API of GitHub, as `problem` says; closed until then. 0 once we are known there. */
	int64_t elsewhere_until_ms;
	char told[BUDGET_CREDENTIAL_MAX]; /* the refused one that was logged */

	/* github_identify() */
	struct github_identity identity;
	char login[LIMIT_SUBJECT_MAX]; /* "" unknown */
	char slug[LIMIT_SUBJECT_MAX];  /* of the App; "" unknown, or no App */
	bool is_bot;
	struct list identify_waiting;
	struct list identify_cancelled;
	struct github_identifying *identifying; /* under way; owned */
	struct github_wait at_start;		/* whether we are a bot is told early */

	/* github_client.c: calls by where they are */
	struct list reads;
	struct list queries; /* github_batch.c sees to it that they are few */
	struct list writes;
	size_t n_writes; /* in `writes` */
	struct list active;
	struct list ended; /* `done` runs from the loop */
	size_t n_calls;	   /* on any of them */
	bool writing;	   /* one is in flight */
	uv_timer_t timer;  /* the first of those that wait may go */
	uv_timer_t gap;	   /* a write was sent: active until the next one may go */
	uv_async_t wake;

	struct github_app *app;				/* github_app.c; NULL: a token */
	struct github_batches *batches[GITHUB_BATCHES]; /* github_batch.c */
	unsigned without;				/* GITHUB_WITHOUT_*, learnt */
	bool told_bot;					/* that nobody listens to it */
	struct github_known known;			/* github_label.c */
	bool closing;
	int n_handles; /* to be closed */
};

/* Whether requests bear the tokens of an App's installations. */
static inline bool github_is_app(const struct github *github) {
	return github->config.app_id > 0;
}

/* When it may be used, as budget_ready_ms(): 0 now, INT64_MAX not before it is configured anew. `problem` says why. */
int64_t github_usable_ms(const struct github *github, int64_t now_ms);

static inline struct github *github_of(const struct forge *forge) {
	return forge->own;
}

/* github.c: rows of the table in forge.c */
must_check int github_open(struct forge *forge, const struct forge_options *options);
must_check int github_configure(struct forge *forge, const struct config_forge *config);
void github_close(struct forge *forge);
int64_t github_open_ms(
	struct forge *forge, bool write, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]);
json_t *github_memory(const struct forge *forge);
json_t *github_status(struct forge *forge, int64_t now_ms);
void github_finish(struct forge *forge);

/* github_check.c */
must_check int github_check(struct forge *forge, struct forge_check *check);

/* github_probe.c */
must_check int github_probe(struct forge *forge, struct forge_probe *probe);
void github_probe_cancel(struct forge_probe *probe);

/* github_publish.c */
must_check int github_publish(struct forge *forge, struct forge_publish *publish);
void github_publish_recorded(struct forge_publish *publish, int status);
void github_publish_cancel(struct forge_publish *publish);
