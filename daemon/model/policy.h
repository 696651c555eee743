/*
 * policy - what the configuration says for one project, copied by value into every decision. Pure data.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/limits.h"

enum policy_mode { POLICY_ACT, POLICY_OBSERVE };

struct policy {
	int64_t follow_up_delay_ms;
	int64_t wait_recheck_ms;
	int64_t max_waiting_ms;
	int64_t max_cycles;
	int64_t max_triggers_per_hour;
	enum policy_mode mode;
	char forge[LIMIT_NAME_MAX]; /* the forge's name in the configuration; "local" when none is configured */
	char agent[LIMIT_NAME_MAX]; /* the agent to trigger; "" when the project has none */
};
