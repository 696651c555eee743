/* Each command lacks memory once, at each of its allocations: it says so, or does without; it loses none of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "tests/fault/nth.h"
#include "tests/unit/client/deeds.h"

/* All of the first; behind them one in so many more, for a log's scan makes thousands. */
#define ALL_OF_THEM 400
#define SPREAD 64

static void arm(void *user) {
	struct nth_control *control = nth_control();

	control->seen = 0;
	control->hits = 0;
	control->n = *(const uint32_t *)user;
	control->outcome = ENOMEM;
	control->kind = NTH_MEMORY;
}

static void disarm(void *user) {
	nth_control()->kind = NTH_NONE;
}

static void test_each_allocation(void **state) {
	for (size_t i = 0; i < n_deeds; i++) {
		for (int json = 0; json < 2; json++) {
			for (uint32_t n = 1;; n += n < ALL_OF_THEM ? 1 : n / SPREAD) {
				struct deed_end end = deed_run(&deeds[i], json, arm, disarm, &n);

				if (nth_control()->hits == 0) {
					break;
				}
				deed_check(&deeds[i], json, &end);
			}
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation),
	};

	return cmocka_run_group_tests(tests, deeds_set_up, deeds_tear_down);
}
