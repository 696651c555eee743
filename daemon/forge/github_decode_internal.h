/*
 * github_decode_internal - what the files that decode share. Pure, any thread.
 */
#pragma once

#include <jansson.h>

#include "daemon/forge/github_decode.h"
#include "daemon/forge/github_json.h"

/* github_decode_fields.c; return 0; -ENOMEM. A part that cannot be read is marked as GITHUB_MALFORMED. */
must_check int github_decode_pull_request(const json_t *pull_request,
	const struct github_target *target, unsigned without, struct github_snapshot *snapshot);
/* `commit` has the checks; its id becomes checks_sha. */
must_check int github_decode_commit(const json_t *commit, struct github_snapshot *snapshot);

/* github_decode_branch.c; `head` is the repository that has the branch. Returns: 0; -ENOMEM. */
must_check int github_decode_branch(const json_t *project, const json_t *head,
	const struct github_target *target, struct github_snapshot *snapshot);
