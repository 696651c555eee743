#include "common/jitter.h"

#include <sys/random.h>
#include <sys/types.h>

int64_t jitter_below(int64_t bound) {
	uint64_t bits = 0;

	if (bound <= 0 || getrandom(&bits, sizeof(bits), GRND_NONBLOCK) != (ssize_t)sizeof(bits)) {
		return 0;
	}
	return (int64_t)(bits % (uint64_t)bound);
}
