#include "daemon/retry_after.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/limits.h"

int64_t http_date_ms(const char *value) {
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };
	char month[4];
	const char *at;
	int end = 0;

	if (sscanf(value, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &tm.tm_mday, month,
		    &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &end) != 6 ||
		end == 0 || value[end] != '\0' || strlen(month) != 3) {
		return -1;
	}
	at = strstr(months, month);
	if (at == NULL || (at - months) % 3 != 0 || tm.tm_year < 1970) {
		return -1;
	}
	tm.tm_mon = (int)(at - months) / 3;
	tm.tm_year -= 1900;
	return (int64_t)timegm(&tm) * CLOCK_SECOND_MS;
}

int64_t retry_after_ms(const char *value, int64_t now_ms) {
	int64_t seconds = 0, at_ms;
	int r = text_to_int(value, &seconds);

	if (r == 0 || r == -ERANGE) {
		bool far = r == -ERANGE || seconds > LIMIT_RATE_PAUSE_MAX_MS / CLOCK_SECOND_MS;

		if (value[0] == '-') {
			return 0;
		}
		return far ? LIMIT_RATE_PAUSE_MAX_MS : seconds * CLOCK_SECOND_MS;
	}
	at_ms = http_date_ms(value);
	if (at_ms < 0) {
		return -1;
	}
	return MAX(0, MIN(at_ms - now_ms, LIMIT_RATE_PAUSE_MAX_MS));
}
