/*
 * internal - what forge.c and the types of forges share. Loop thread only.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "common/list.h"
#include "common/macro.h"
#include "daemon/forge/forge.h"

struct forge {
	uv_loop_t *loop; /* borrowed: outlives the forge */
	const struct forge_type *type;
	char name[LIMIT_NAME_MAX];
	char *state_dir;       /* absolute */
	struct list publishes; /* in flight */
	struct list checks;    /* judged, to be answered from the loop */
	uv_async_t wake;       /* answers `checks`; closed last */
	bool closing;
	void (*closed)(void *user); /* borrowed, as the next */
	void *user;
};

/* Answers a publish that is in flight; its `done` may start new requests. */
void forge_publish_finish(struct forge_publish *publish, int status);
/* The verdict is in the check; answers it from the loop. */
void forge_check_finish(struct forge_check *check);

/* local.c */
void local_open(struct forge *forge);
must_check int local_publish(struct forge *forge, struct forge_publish *publish);
must_check int local_check(struct forge *forge, struct forge_check *check);
/* Stops a publish that was not begun yet; its `done` runs either way. */
void local_publish_cancel(struct forge_publish *publish);
