/*
 * policy - what the configuration says for one project, copied by value into every decision. Pure data.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/limits.h"

enum policy_mode { POLICY_ACT, POLICY_OBSERVE };

/* One of a project's chain of agents. */
struct policy_agent {
	char name[LIMIT_CONFIG_NAME_MAX];
	/* What it began is found again by its marker: after a crash its trigger is repeated, not doubted. */
	bool findable;
	/* Only a commit shows that it works: without one by then, the next one's turn. 0: it shows otherwise. */
	int64_t life_ms;
};

struct policy {
	int64_t follow_up_delay_ms;
	int64_t wait_recheck_ms;
	int64_t max_waiting_ms;
	int64_t max_cycles;
	int64_t max_triggers_per_hour;
	enum policy_mode mode;
	bool trigger_untrusted; /* for pull requests of forks and of authors without write access as well */
	bool forge_tells; /* the forge keeps a status comment: ends and news are published there as well */
	char forge[LIMIT_NAME_MAX]; /* the forge's name in the configuration; "local" when none is configured */
	size_t n_agents;			 /* 0: nobody is triggered */
	struct policy_agent agents[LIMIT_CHAIN]; /* tried in order when one shows no sign of life */
};

/* Whose turn it is at that place of the chain, which may have become shorter; not for a policy without agents. */
static inline const struct policy_agent *policy_agent(const struct policy *policy, int64_t at) {
	return &policy->agents[at >= 0 && at < (int64_t)policy->n_agents ? at : 0];
}
