/*
 * run_plan - what our standard output and error are, and so what the step's have to be. Looks only.
 */
#pragma once

#include <stdbool.h>

enum run_way {
	RUN_WAY_DIRECT, /* the step's as it is: closed, or not for writing */
	RUN_WAY_PIPE,
	RUN_WAY_PTY,
};

enum run_way run_plan_way(int fd);
/* Whether what is written to the one comes behind what was written to the other. */
bool run_plan_is_same(int a, int b);
