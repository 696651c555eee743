/*
 * submit_check - the one gate a submission passes, whether it came by a call or as a spool file. Pure but for memory.
 */
#pragma once

#include "common/macro.h"
#include "daemon/ipc/params.h"
#include "daemon/limits.h"

/* Why it was not let in. */
struct submit_refusal {
	const char *parameter; /* static; NULL: nothing is wrong with it, memory was short */
	bool wrong_type;       /* no value of the parameter's JSON type */
	char sentence[LIMIT_SENTENCE_MAX];
};

/*
 * Checks what was decoded into `p`, cuts its texts to their limits, and fills in the engine's part from the rest.
 * Returns: 0; -EINVAL, `ret_refusal` says what is wrong; -ENOMEM. Afterwards, also on failure, engine_submit_finish().
 */
must_check int submit_check(struct submit_params *p, struct submit_refusal *ret_refusal);
