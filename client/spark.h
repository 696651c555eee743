/*
 * spark - numbers as pictures of text: bars, and a line of them. Pure. For terminals only; a pipe gets the numbers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macro.h"

#define SPARK_BAR_CELLS 20
/* Cells of three bytes each and a NUL. */
#define SPARK_BAR_MAX (3 * SPARK_BAR_CELLS + 1)
#define SPARK_LINE_CELLS 60
#define SPARK_LINE_MAX (3 * SPARK_LINE_CELLS + 1)

enum spark_cells { SPARK_BLOCKS, SPARK_ASCII /* for who has no UTF-8 */ };

/* `share` (0 to 1; beyond is cut) of SPARK_BAR_CELLS, to an eighth of a cell. Returns `out`. */
const char *spark_bar(enum spark_cells cells, double share, char out[SPARK_BAR_MAX]);

/*
 * The values from their lowest to their highest as bars of eight heights, the newest SPARK_LINE_CELLS of them; what is
 * not known (`known[i]` false) is a blank.
 * Values that are alike are of middle height, of the lowest when they are zero. Returns `out`.
 */
const char *spark_line(enum spark_cells cells, const double *values, const bool *known, size_t n,
	char out[SPARK_LINE_MAX]);
