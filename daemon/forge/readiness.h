/*
 * readiness - from a snapshot to a verdict. Pure, any thread.
 *
 * Never a false green: ready needs an empty list of reasons.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "daemon/model/build.h"
#include "daemon/model/incident.h"
#include "daemon/model/verdict.h"

/* What forge `local` knows of a branch: the builds that CI reported. */
struct readiness_local {
	const struct build *builds; /* oldest first; more than LIMIT_BUILDS_JUDGED: some are missing */
	size_t n_builds;
	const struct incident *incident; /* on whose behalf; NULL: none */
	const int64_t *active_incidents; /* of the branch: OPEN, WAITING, ESCALATED */
	size_t n_active_incidents;
	int64_t now_ms;
};

/*
 * Ready when every job and step that failed has a build that passed on a commit at or after the newest failed one's,
 * none failed after that, and every other red since the incident was opened (without an incident: of the snapshot) was
 * followed in the same way. Reasons: NO_BUILD_SINCE_REPORT, BUILD_FAILED, ORDER_UNKNOWN (also when the build of the
 * incident's newest report is missing), RED_ELSEWHERE (the step belongs to another active incident), NO_CHECKS_ON_HEAD
 * (no build at all).
 */
void readiness_judge_local(const struct readiness_local *snapshot, struct verdict *ret_verdict);
