/* jitter - keeps what would happen at the same time apart. Any thread. */
#pragma once

#include <stdint.h>

/* A random number from 0 up to below `bound`; 0 when that is not positive, or when there is no randomness yet. */
int64_t jitter_below(int64_t bound);
