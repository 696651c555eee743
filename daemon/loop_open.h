/*
 * loop_open - a loop, and all that libuv makes when it first needs it and then aborts without: its pipe for signals
 * and its threads. Had at the start, they are not missing in service, when a machine is short of them.
 *
 * Before there are other threads. Where libuv aborts meanwhile, the program ends with EXIT_FAILURE and a sentence.
 */
#pragma once

#include <uv.h>

#include "common/macro.h"

/* Returns: 0, `loop` is for uv_loop_close(); -errno. */
must_check int loop_open(uv_loop_t *loop);
