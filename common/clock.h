/*
 * clock - the only way this project learns what time it is, so that tests and the simulation can move it.
 *
 * `_ms` is milliseconds since 1970-01-01 UTC (CLOCK_REALTIME); `mono` is CLOCK_MONOTONIC and never persisted. Any
 * thread may read; clock_set_source() is called before threads exist.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

#define CLOCK_SECOND_MS INT64_C(1000)
#define CLOCK_MINUTE_MS (60 * CLOCK_SECOND_MS)
#define CLOCK_HOUR_MS (60 * CLOCK_MINUTE_MS)
#define CLOCK_DAY_MS (24 * CLOCK_HOUR_MS)

/* "2026-11-22T17:00:00.123Z" and its NUL. */
#define CLOCK_TEXT_MAX 32
/* "in 59 min", "3 d ago", "10m" and a NUL. */
#define CLOCK_SPAN_MAX 32

int64_t clock_now_ms(void);
int64_t clock_mono_us(void);
int64_t clock_boot_us(void); /* as clock_mono_us(), but it goes on while the machine is suspended */

/* Replaces the wall clock (tests); NULL restores it. */
void clock_set_source(int64_t (*now_ms)(void *), void *user);

/* RFC 3339 in UTC with milliseconds. Years beyond 9999 and before 1970 are clamped. Returns `out`. */
const char *clock_format(int64_t ms, char out[CLOCK_TEXT_MAX]);
/* To the minute, for people: "2026-11-22 17:00 UTC". Returns `out`. */
const char *clock_format_minute(int64_t ms, char out[CLOCK_TEXT_MAX]);
/* Reads RFC 3339 ("Z" or an offset, fraction optional). Returns: 0; -EINVAL, `ret_ms` untouched. */
must_check int clock_parse(const char *text, int64_t *ret_ms);

/*
 * Reads a duration: a decimal number and one of ms, s, m, h, d, y (365 d), without a space: "300ms", "10m".
 * Returns: 0; -EINVAL, no such unit or not a number; -ERANGE, more than 100 years. `ret_ms` untouched on failure.
 */
must_check int clock_parse_span(const char *text, int64_t *ret_ms);
/* The shortest exact form that clock_parse_span() reads back: "1h", "90s". Returns `out`. */
const char *clock_format_span(int64_t ms, char out[CLOCK_SPAN_MAX]);
/* For people: "in 59 min", "3 s ago", "now". Returns `out`. */
const char *clock_format_relative(int64_t ms, int64_t now_ms, char out[CLOCK_SPAN_MAX]);
