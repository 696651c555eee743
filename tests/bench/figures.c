#include "tests/bench/figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/macro.h"

#define FIGURES_FIRST 4096

void figures_add(struct figures *figures, int64_t us) {
	if (figures->n == figures->n_allocated) {
		size_t n = MAX(figures->n_allocated * 2, (size_t)FIGURES_FIRST);
		int64_t *grown = realloc(figures->us, n * sizeof(*grown));

		if (grown == NULL) {
			abort();
		}
		figures->us = grown;
		figures->n_allocated = n;
	}
	figures->us[figures->n++] = us;
}

static int compare(const void *a, const void *b) {
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static int64_t quantile(const struct figures *figures, size_t percent) {
	return figures->n == 0 ? 0 : figures->us[MIN(figures->n * percent / 100, figures->n - 1)];
}

void figures_print(struct figures *figures, int64_t total_us) {
	if (figures->n > 0) {
		qsort(figures->us, figures->n, sizeof(*figures->us), compare);
	}
	printf("{\"n\":%zu,\"seconds\":%.6f,\"p50_us\":%" PRId64 ",\"p99_us\":%" PRId64
	       ",\"max_us\":%" PRId64 "}\n",
		figures->n, (double)total_us / 1e6, quantile(figures, 50), quantile(figures, 99),
		quantile(figures, 100));
}

void figures_finish(struct figures *figures) {
	free(figures->us);
	*figures = (struct figures){ 0 };
}
