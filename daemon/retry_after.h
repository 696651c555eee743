/* retry_after - the header by which a server asks to be left alone for a while (RFC 9110, 10.2.3). Pure. */
#pragma once

#include <stdint.h>

/*
 * How many milliseconds `value` asks for: seconds, or a date. Clamped to 0 and LIMIT_RATE_PAUSE_MAX_MS, whatever the
 * other side's clock says. -1: it is neither.
 */
int64_t retry_after_ms(const char *value, int64_t now_ms);
/* A date as headers have it (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". Returns: its time; -1: it is none. */
int64_t http_date_ms(const char *value);
