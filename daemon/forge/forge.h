/*
 * forge - where the code lives: publishes what went wrong, answers whether a branch is ready.
 *
 * Loop thread only. Requests are embedded by the caller and must not move until `done`, which runs exactly once, never
 * from inside the call, also at shutdown (-ECANCELED). If a call returned an error, `done` never runs. A forge decides
 * nothing and stores nothing; what it must remember is in what it is given.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/list.h"
#include "common/macro.h"
#include "daemon/config.h"
#include "daemon/model/build.h"
#include "daemon/model/incident.h"
#include "daemon/model/report.h"
#include "daemon/model/task.h"
#include "daemon/model/verdict.h"

struct forge;

/* Publishes the newest report of an incident: for `local` a Markdown file, for others an issue or a comment. */
struct forge_publish {
	struct list node; /* the forge's */
	void (*done)(struct forge_publish *publish, int status);
	/* in; borrowed */
	const struct incident *incident;
	const struct report *report;
	const struct task *task; /* its id is the marker that makes the effect idempotent */
	const struct policy *policy;
	/* out */
	char url[LIMIT_URL_MAX];
	char sentence[LIMIT_SENTENCE_MAX]; /* of a failure */
	struct forge *forge;		   /* the forge's, as the next */
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
	const struct build *builds; /* of the branch, oldest first; only when forge_wants_builds() */
	size_t n_builds;
	const int64_t *active_incidents; /* of the branch */
	size_t n_active_incidents;
	int64_t now_ms;
	/* out */
	struct verdict verdict;
	struct forge *forge; /* the forge's, as the next */
	void *state;
};

/* What a forge of one type can do: a row of the table in forge.c. `publish` and `check` as the public functions. */
struct forge_type {
	const char *name;
	bool wants_builds;
	void (*open)(struct forge *forge); /* what is worth doing once; what fails is told by a publish */
	int (*publish)(struct forge *forge, struct forge_publish *publish);
	int (*check)(struct forge *forge, struct forge_check *check);
	void (*cancel)(
		struct forge_publish *publish); /* stops what was not begun; `done` runs either way */
};

/* `state_dir` exists, and is copied. Returns: 0; -EINVAL, no such type; -ENOMEM; other errno, of `state_dir`. */
must_check int forge_open(uv_loop_t *loop, const struct config_forge *config, const char *state_dir,
	struct forge **ret_forge);
/* Cancels or awaits what is in flight, then frees it. `closed` may be NULL. NULL forge: runs at once. */
void forge_close(struct forge *forge, void (*closed)(void *user), void *user);

const char *forge_name(const struct forge *forge);
bool forge_wants_builds(const struct forge *forge);
must_check int forge_publish(struct forge *forge, struct forge_publish *publish,
	void (*done)(struct forge_publish *, int));
must_check int forge_check(
	struct forge *forge, struct forge_check *check, void (*done)(struct forge_check *, int));
