/*
 * plot_internal - what the files of plot share. Lengths are of the picture's own: it is as wide as a phone shows it at
 * its natural size, and grows with the page.
 */
#pragma once

#include "client/plot.h"

#define PLOT_WIDTH 360
#define PLOT_RIGHT 344 /* where what is drawn ends */

/* Opens the picture: its name and `desc`, which may have names of others in it. */
void plot_begin(struct html *out, const struct plot *plot, int height, const char *desc);
/* Ends it, and opens the table with its row of titles, of which `first` is one. */
void plot_middle(struct html *out, const struct plot *plot, const char *first);
void plot_end(struct html *out);
/* In place of a picture of nothing. */
void plot_nothing(struct html *out, const struct plot *plot);

/* The names beside samples of what they look like, and the unit. */
void plot_legend(struct html *out, const struct plot *plot, const struct plot_axis *axis);

/* The number of a value; NAN: it is unknown. */
double plot_number(const json_t *object, const struct plot_series *series);
/* As plot_value() without markup. Returns `out`. */
#define PLOT_TEXT_MAX 48
const char *plot_text(enum plot_unit unit, double value, char out[PLOT_TEXT_MAX]);
