/*
 * print_fit - what of a table or a line goes onto a narrow terminal. Pure: numbers and texts in and out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

/* Between two columns. */
#define FIT_GAP 2
/* A cut column keeps at least this much. */
#define FIT_COLUMN_MIN 8

/*
 * Changes `widths` so that the columns and what is between them fit into `width`: those of the highest rank get 0,
 * which leaves them out; then the widest are cut. `ranks`: 0, the column stays.
 *
 * Returns: false, what has to stay does not fit.
 */
must_check bool fit_columns(const uint8_t *ranks, size_t n, size_t width, size_t *widths);

/*
 * `text` with line breaks so that no line is wider than `room`: at blanks, behind a comma if there is one, else
 * anywhere. As a malloc()ed string; NULL: memory.
 */
must_check char *fit_lines(const char *text, size_t room);
