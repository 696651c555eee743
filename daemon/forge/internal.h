/*
 * internal - what forge.c and the types of forges share. Loop thread only.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "common/list.h"
#include "common/macro.h"
#include "daemon/forge/forge.h"

/* What a forge of one type can do: a row of the table in forge.c. Members without a function have nothing to do. */
struct forge_type {
	const char *name;
	bool wants_builds;
	bool wants_http;
	/* What is worth doing once; what fails later is told by a publish. Returns: 0; -ENOMEM. */
	int (*open)(struct forge *forge, const struct forge_options *options);
	int (*configure)(struct forge *forge, const struct config_forge *config);
	/* As the public functions; `done` by forge_publish_finish() and forge_check_finish(). */
	int (*publish)(struct forge *forge, struct forge_publish *publish);
	void (*recorded)(struct forge_publish *publish, int status);
	int (*check)(struct forge *forge, struct forge_check *check);
	void (*cancel)(
		struct forge_publish *publish); /* stops what was not begun; `done` runs either way */
	/* As the public ones; `done` also when the forge is closed, before `n_own` is 0. */
	int (*probe)(struct forge *forge, struct forge_probe *probe);
	void (*probe_cancel)(struct forge_probe *probe);
	void (*close)(
		struct forge *forge); /* ends checks that are not answered yet, and what counts in `n_own` */
	int64_t (*open_ms)(
		struct forge *forge, bool write, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]);
	json_t *(*memory)(const struct forge *forge);
	json_t *(*status)(struct forge *forge, int64_t now_ms);
	void (*finish)(struct forge *forge); /* frees `own`; nothing is in flight any more */
};

struct forge {
	uv_loop_t *loop; /* borrowed: outlives the forge */
	const struct forge_type *type;
	char name[LIMIT_NAME_MAX];
	char *state_dir;   /* absolute */
	struct http *http; /* borrowed */
	void *own;	   /* the type's */
	void (*changed)(void *user, struct forge *forge);
	void *changed_user; /* borrowed */
	size_t n_own;	    /* requests of the type that belong to no publish; forge_own_ended() */
	struct list publishes; /* in flight */
	struct list checks;    /* judged, to be answered from the loop */
	uv_async_t wake;       /* answers `checks`; closed last */
	bool closing;
	void (*closed)(void *user); /* borrowed, as the next */
	void *user;
};

/* Answers a publish that is in flight; its `done` may start new requests. */
void forge_publish_finish(struct forge_publish *publish, int status);
/* `status` 0: the verdict is in the check. Answers it from the loop. */
void forge_check_finish(struct forge_check *check, int status);

/* One of `n_own` ended. The forge may be gone afterwards. */
void forge_own_ended(struct forge *forge);

/* local.c */
must_check int local_open(struct forge *forge, const struct forge_options *options);
must_check int local_publish(struct forge *forge, struct forge_publish *publish);
must_check int local_check(struct forge *forge, struct forge_check *check);
/* Stops a publish that was not begun yet; its `done` runs either way. */
void local_publish_cancel(struct forge_publish *publish);
