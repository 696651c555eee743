/*
 * lifecycle - all policy, none of the I/O: what an event does to an incident and its tasks.
 *
 * One table says which function handles an event in a state (lifecycle.c); tests/unit/engine holds every row.
 * Pure, any thread; the store calls it inside the transaction that writes its result.
 */
#pragma once

#include "daemon/model/step.h"

/* A step_decide_fn. */
void lifecycle_step(const struct step_input *input, struct step_result *ret);
