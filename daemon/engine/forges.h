/*
 * forges - the forges of the configuration, open: what they remember is kept; whether they may be asked. Loop thread.
 */
#pragma once

#include "common/macro.h"
#include "daemon/engine/engine_internal.h"

/*
 * Opens those of the configuration that are not open yet, and HTTP when something needs it; the others get their new
 * settings. Returns: 0; -errno, some may be open.
 */
must_check int forges_open(struct engine *engine);
/*
 * Closes those that `keep` does not name, or names with another type or server; NULL: all, and HTTP. In flight is
 * cancelled. What they remember is kept.
 */
void forges_close(struct engine *engine, const struct config *keep);

/* NULL: there is none of that name. */
struct forge *forges_find(struct engine *engine, const char *name);

/* What the forges of earlier runs remembered, by name: for those that are opened from now on. */
void forges_remember(struct engine *engine, json_t *memories);

/*
 * Of those that are not configured any more all but LIMIT_FORGES_REMEMBERED are forgotten, which were used longest ago;
 * none whose tasks still wait, and while something is paused none at all.
 */
void forges_forget(struct engine *engine);

/* It could not be reached: until a time that grows, one task at a time tries. Or it could. */
void forges_down(struct engine *engine, const char *name, const char *why);
void forges_up(struct engine *engine, const char *name);

/*
 * From when on tasks of a lane may be claimed: 0 or past, now; INT64_MAX, when a new credential is there. `ret_why`
 * (may be NULL) gets one sentence, "" when they may.
 */
int64_t forges_lane_open_ms(
	struct engine *engine, const char *lane, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]);
/* How many writes wait for their turn at the forge of a lane; 0 as well when it is of none. */
int64_t forges_lane_queue(struct engine *engine, const char *lane);
/* Its forge is down: one at a time. */
bool forges_lane_is_probing(struct engine *engine, const char *lane);
