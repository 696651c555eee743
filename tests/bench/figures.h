/*
 * figures - how long each of many things took, in microseconds; printed as {"n","seconds","p50_us","p99_us","max_us"}.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct figures {
	int64_t *us; /* owned */
	size_t n;
	size_t n_allocated;
};

/* Ends the program without memory. */
void figures_add(struct figures *figures, int64_t us);
/* To standard output; sorts them. `total_us`: from the first start to the last end. */
void figures_print(struct figures *figures, int64_t total_us);
void figures_finish(struct figures *figures);
