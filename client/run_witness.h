/*
 * run_witness - who a signal was for: us alone, who are to pass it on, or the whole process group, of which the step
 * has it already. A second process of the group, which does nothing but receive signals, is asked whether it got it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct run_witness {
	pid_t pid; /* 0: there is none, and every signal counts as ours alone */
	int fd;
};

/* All signals are blocked. */
void run_witness_start(struct run_witness *witness);
void run_witness_stop(struct run_witness *witness);
/* Whether `number`, which has just come to us, came to the group. It is forgotten then. */
bool run_witness_saw(const struct run_witness *witness, int number);
