/*
 * forge - where the code lives: publishes what went wrong, answers whether a branch is ready.
 *
 * Loop thread only. Requests are embedded by the caller and must not move until `done`, which runs exactly once, never
 * from inside the call, also at shutdown (-ECANCELED). If a call returned an error, `done` never runs. A forge decides
 * nothing and stores nothing: what it must remember it gives to its caller (`record`, `remember`) and gets back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/list.h"
#include "common/macro.h"
#include "daemon/config.h"
#include "daemon/http.h"
#include "daemon/model/build.h"
#include "daemon/model/incident.h"
#include "daemon/model/link.h"
#include "daemon/model/post.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"
#include "daemon/model/verdict.h"

struct forge;

enum forge_purpose {
	FORGE_REPORT, /* a cycle begins: for `local` a Markdown file, for others the status comment, or an issue */
	FORGE_MENTION, /* asks an agent, by `handle` */
	/* What became of it: the status comment is brought up to date, an issue closed; ESCALATED asks people. */
	FORGE_NEWS,
	FORGE_PURPOSE_COUNT,
};

#define FORGE_NO_PULL_REQUEST (-1)

/* Says something of an incident. */
struct forge_publish {
	struct list node; /* the forge's */
	void (*done)(struct forge_publish *publish, int status);
	/* in; borrowed */
	enum forge_purpose purpose;
	const struct incident *incident;
	const struct report *report; /* the newest */
	const struct task *task;     /* its id is the marker that makes the effect idempotent */
	const struct policy *policy;
	const struct task *history; /* the incident's tasks, oldest first */
	size_t n_history;
	const struct post *posts; /* the incident's, oldest first */
	size_t n_posts;
	const int64_t *others; /* incidents of its branch that are not over either */
	size_t n_others;
	const char *handle; /* FORGE_MENTION: without "@" */
	/*
	 * Commits `post`, and with it what the forge remembers (forge_memory()), then calls
	 * forge_publish_recorded() from the loop. Called before each write whose effect could be doubled, and
	 * after it. Returns: 0; a negative errno, it will not be called. NULL: for forges that write nothing twice.
	 */
	int (*record)(struct forge_publish *publish, const struct post *post);
	void *user; /* the caller's */
	/* out; on failure only `sentence`, `passing` and `retry_ms` */
	char url[LIMIT_URL_MAX];
	char sentence[LIMIT_SENTENCE_MAX]; /* of a failure */
	/*
	 * FORGE_REPORT: the one of the branch; 0 none; FORGE_NO_PULL_REQUEST: nor is there one of the number it had,
	 * and the branch is known to be the project's own
	 */
	int64_t pull_request;
	char head_sha[LIMIT_COMMIT_MAX]; /* its head; "" unknown */
	enum incident_hold hold;	 /* FORGE_REPORT: what speaks against triggering an agent */
	/* What was done without, which is told once; "" nothing, or it was told. */
	char left_out[LIMIT_SENTENCE_MAX];
	int64_t look_again_ms; /* a late duplicate may appear: FORGE_NEWS is wanted then; 0: no need */
	bool passing;	       /* nothing is wrong with the request, time helps */
	bool barred;	       /* only a person can make the forge take it, and is told how */
	int64_t retry_ms;      /* not before; 0 unknown */
	struct forge *forge; /* the forge's, as the next */
	void *state;
};

/* Asks whether a branch is ready. */
struct forge_check {
	struct list node; /* the forge's */
	void (*done)(struct forge_check *check,
		int status); /* 0: `verdict`; an unreachable forge is a verdict too */
	/* in; borrowed */
	const char *project;
	const char *head_repository;
	const char *branch;
	const char *commit;		 /* "" unknown */
	int64_t pull_request;		 /* 0 unknown */
	const struct incident *incident; /* NULL: none */
	const struct report *report;	 /* its newest; NULL: none is kept */
	/*
	 * Branches that agents made for it, oldest first: the newest with an open pull request is judged instead. A
	 * guess only when the forge says that it is of the project itself.
	 */
	const struct link *links;
	size_t n_links;
	const struct config_checks *checks; /* the project's; NULL: the defaults */
	const struct build *builds; /* of the branch, oldest first; only when forge_wants_builds() */
	size_t n_builds;
	const int64_t *active_incidents; /* of the branch */
	size_t n_active_incidents;
	int64_t now_ms;
	bool waited_for; /* somebody waits for the answer: it does not queue behind checks that are due */
	/* out; on failure only the next three */
	char sentence[LIMIT_SENTENCE_MAX];
	bool passing;
	int64_t retry_ms;
	struct verdict verdict;
	/* Of `links`, those of which more is known now: what a guess is, or the number of the pull request. */
	struct link settled[LIMIT_LINKS_OF_INCIDENT];
	size_t n_settled;
	struct forge *forge; /* the forge's, as the next */
	int status;
	void *state;
};

/* Asks whether the forge can be asked, and what the credential may read of a project. Changes nothing. */
struct forge_probe {
	void (*done)(struct forge_probe *probe, int status);
	/* in; borrowed */
	const char *project; /* one of its projects; "": none is known */
	/* out */
	char sentence[LIMIT_SENTENCE_MAX]; /* what was found, what to do about it */
	int64_t clock_ahead_ms; /* the forge's clock of ours, less than 0: behind; 0 unknown, or they agree */
	bool doubt;  /* status 0: it can be asked, but `sentence` names what will not go well */
	bool unsent; /* -ECANCELED while what was to be asked next still waited for its turn */
	struct forge *forge; /* the forge's, as the next */
	void *state;
};

struct forge_options {
	uv_loop_t *loop;
	const struct config_forge *config; /* copied */
	const char *state_dir;		   /* exists; copied */
	struct http *http;	/* borrowed, outlives the forge; NULL: types that ask nobody */
	const json_t *memories; /* what forge_memory() gave last, by the forge's name; NULL: none */
	/* Something of forge_memory() or forge_open_ms() changed: it is to be kept, and waiting tasks looked at. */
	void (*changed)(void *user, struct forge *forge);
	void *user; /* borrowed */
};

/* Returns: 0; -EINVAL, no such type, or it needs `http`; -ENOMEM; other errno, of `state_dir`. */
must_check int forge_open(const struct forge_options *options, struct forge **ret_forge);
/*
 * New settings of the same server for what is asked from now on; the credential is read again. Returns: 0; -ENOMEM, the
 * old ones stay.
 */
must_check int forge_configure(struct forge *forge, const struct config_forge *config);
/* Cancels or awaits what is in flight, then frees it. `closed` may be NULL. NULL forge: runs at once. */
void forge_close(struct forge *forge, void (*closed)(void *user), void *user);

const char *forge_name(const struct forge *forge);
const char *forge_type_name(const struct forge *forge);
bool forge_wants_builds(const struct forge *forge);
/*
 * From when on it may be asked (`write`: written to): 0 or past, now; INT64_MAX, not before its credential is replaced.
 * `ret_why` (may be NULL) gets one sentence, "" when it may.
 */
int64_t forge_open_ms(
	struct forge *forge, bool write, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]);
/* What must survive a restart: limits and retry times. A new reference; NULL: nothing, or memory. */
must_check json_t *forge_memory(const struct forge *forge);
/* For `status`: members beside name and type: budget, limits, pausedUntil, reason, identity. New; NULL: memory. */
must_check json_t *forge_status(struct forge *forge, int64_t now_ms);

must_check int forge_publish(struct forge *forge, struct forge_publish *publish,
	void (*done)(struct forge_publish *, int));
/*
 * Returns: 0, `done` will run; -EOPNOTSUPP, there is nothing to ask (local); -ESHUTDOWN; -ENOMEM. done(status): 0;
 * -ECANCELED; else it cannot be asked, or not for all that is needed.
 */
must_check int forge_probe(
	struct forge *forge, struct forge_probe *probe, void (*done)(struct forge_probe *, int));
/* `done` runs with -ECANCELED, or with how it ended if that is known already. Only before `done`. */
void forge_probe_cancel(struct forge_probe *probe);
/* Answers a `record` of that publish: `status` 0, it is on disk. */
void forge_publish_recorded(struct forge_publish *publish, int status);
must_check int forge_check(
	struct forge *forge, struct forge_check *check, void (*done)(struct forge_check *, int));
