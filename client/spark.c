#include "client/spark.h"

#include <string.h>

/* By eighths, of a cell's width and of its height; in ASCII by how dark they are. */
static const struct cells {
	const char *widths[9], *heights[8];
} all_cells[] = {
	[SPARK_BLOCKS] = { { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█" },
		{ "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" } },
	[SPARK_ASCII] = { { "", ".", ".", ".", ":", ":", ":", "#", "#" },
		{ "_", ".", ":", "-", "=", "+", "*", "#" } },
};

static char *put(char *out, const char *cell) {
	size_t len = strlen(cell);

	memcpy(out, cell, len + 1);
	return out + len;
}

const char *spark_bar(enum spark_cells cells, double share, char out[SPARK_BAR_MAX]) {
	double wanted = (share < 0 ? 0 : share > 1 ? 1 : share) * SPARK_BAR_CELLS * 8;
	int eighths = (int)(wanted + 0.5);
	char *end = out;

	out[0] = '\0';
	for (; eighths >= 8; eighths -= 8) {
		end = put(end, all_cells[cells].widths[8]);
	}
	(void)put(end, all_cells[cells].widths[eighths]);
	return out;
}

const char *spark_line(enum spark_cells cells, const double *values, const bool *known, size_t n,
	char out[SPARK_LINE_MAX]) {
	size_t first = n > SPARK_LINE_CELLS ? n - SPARK_LINE_CELLS : 0;
	double low = 0, high = 0;
	bool any = false;
	char *end = out;

	for (size_t i = first; i < n; i++) {
		if (known[i]) {
			low = !any || values[i] < low ? values[i] : low;
			high = !any || values[i] > high ? values[i] : high;
			any = true;
		}
	}
	out[0] = '\0';
	for (size_t i = first; i < n; i++) {
		double share = high > low ? (values[i] - low) / (high - low) : high == 0 ? 0 : 0.5;

		end = put(end, known[i] ? all_cells[cells].heights[(int)(share * 7 + 0.5)] : " ");
	}
	return out;
}
