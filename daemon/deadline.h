/*
 * deadline - one timer on the wall clock: timerfd(CLOCK_REALTIME, ABSTIME | CANCEL_ON_SET) in the loop.
 *
 * It fires after a suspend and when the clock is set, and an idle daemon never wakes up for it. Loop thread only.
 * A disarmed one says nothing about the clock: what has no due time need not know. Source: timerfd_create(2),
 * "TFD_TIMER_CANCEL_ON_SET".
 */
#pragma once

#include <stdint.h>
#include <uv.h>

#include "common/macro.h"

struct deadline;

/*
 * `fired(user)` runs on the loop thread when the armed time has come, and whenever the clock was set (the time may
 * not have come then: look). Returns: 0; -errno.
 */
must_check int deadline_open(
	uv_loop_t *loop, void (*fired)(void *user), void *user, struct deadline **ret_deadline);
/* `closed` may be NULL; `deadline` is gone when it runs. NULL deadline: runs at once. */
void deadline_close(struct deadline *deadline, void (*closed)(void *user), void *user);

/* Arms it for `due_ms` (CLOCK_REALTIME); a past time fires at once, from the loop. 0 disarms. Idempotent, cheap. */
void deadline_arm(struct deadline *deadline, int64_t due_ms);
