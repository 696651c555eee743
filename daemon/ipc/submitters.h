/*
 * submitters - whether a user may report for a project: the list `submitters` of codegend.conf(5) against what the
 * kernel says of a peer or of a file's owner. Pure; nothing is looked up here.
 *
 * Nobody is above the list, not root (it is what the steps of many containers run as) and not the daemon's own user
 * (its agents may run as it). The control socket is not asked: who may open it administers the daemon.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "common/macro.h"
#include "daemon/config.h"
#include "daemon/ipc/peer.h"

/* `peer`: who is connected, and in its groups; NULL: `uid` owns a file, and is in the groups that list it. */
must_check bool submitters_has(
	const struct config_submitters *rule, uid_t uid, const struct peer *peer);
/* Returns: 0; -EPERM, `ret_sentence` (LIMIT_SENTENCE_MAX) names user, project and rule. */
must_check int submitters_check(const struct config *config, const char *project, uid_t uid,
	const struct peer *peer, char *ret_sentence);
