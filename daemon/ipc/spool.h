/*
 * spool - takes the submissions that clients left on disk while no daemon answered: at the start, and as they appear.
 *
 * Loop thread only. A file goes the way of a Submit call, under its own key, and is removed when the commit is on disk;
 * after a crash in between the key makes it a duplicate. What can never be taken is set aside with a line in the log;
 * what cannot be taken now stays. An idle spool wakes nobody.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

#include "common/macro.h"
#include "daemon/engine/engine.h"

struct spool;

struct spool_options {
	uv_loop_t *loop;
	struct engine *engine; /* borrowed, outlives the spool */
	const char *dir;       /* copied */
	bool is_asked_for;     /* by whoever started us: that it is missing is worth a line */
	bool is_shared;	       /* of all users, not of one */
};

/*
 * A directory that cannot be used is said once, and tried again by spool_look(); one that is missing too when somebody
 * asked for it, else it is for debugging. Returns: 0; -errno.
 */
must_check int spool_open(const struct spool_options *options, struct spool **ret_spool);
/* Looks at the whole directory soon. */
void spool_look(struct spool *spool);
/* {"directory", "taken", "rejected", "waiting"}: since the start, and seen waiting at the last look. NULL: memory. */
must_check json_t *spool_to_json(const struct spool *spool);
/* Of those that waited at the last look: whose users have as much under repair as they may. */
size_t spool_held(const struct spool *spool);
bool spool_is_shared(const struct spool *spool);
/* Takes no more; `closed` runs when what was begun has ended. spool_to_json() still works then. */
void spool_close(struct spool *spool, void (*closed)(void *user), void *user);
/* After `closed`. NULL is fine. */
void spool_destroy(struct spool *spool);
