#include "common/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define YEAR_MS (365 * CLOCK_DAY_MS)
#define SPAN_MAX_MS (100 * YEAR_MS)
#define YEAR_9999_END_MS INT64_C(253402300799999)
#define DAYS_PER_ERA 146097 /* 400 years */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

static int64_t (*source)(void *);
static void *source_user;

void clock_set_source(int64_t (*now_ms)(void *), void *user) {
	source = now_ms;
	source_user = user;
}

int64_t clock_now_ms(void) {
	struct timespec now;

	if (source != NULL) {
		return source(source_user);
	}
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t steady_us(clockid_t id) {
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void) {
	return steady_us(CLOCK_MONOTONIC);
}

int64_t clock_boot_us(void) {
	return steady_us(CLOCK_BOOTTIME);
}

struct civil {
	int year, month, day;
};

/* Both ways as in Howard Hinnant, "chrono-compatible low-level date algorithms"; no year is before 0. */
static int64_t days_from_civil(const struct civil *date) {
	int year = date->month <= 2 ? date->year - 1 : date->year;
	int era = (year >= 0 ? year : year - 399) / 400;
	int year_of_era = year - era * 400;
	int month_from_march = (date->month + 9) % 12;
	int day_of_year = (153 * month_from_march + 2) / 5 + date->day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return (int64_t)era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static struct civil civil_from_days(int64_t days) {
	int era = (int)((days + DAYS_TO_1970) / DAYS_PER_ERA);
	int day = (int)((days + DAYS_TO_1970) % DAYS_PER_ERA);
	int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int day_of_year = day - (365 * year + year / 4 - year / 100);
	int month_from_march = (5 * day_of_year + 2) / 153;
	int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;

	return (struct civil){
		.year = year + era * 400 + (month <= 2),
		.month = month,
		.day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
	};
}

const char *clock_format(int64_t ms, char out[CLOCK_TEXT_MAX]) {
	int64_t clamped = MAX(MIN(ms, YEAR_9999_END_MS), INT64_C(0));
	struct civil date = civil_from_days(clamped / CLOCK_DAY_MS);
	int rest = (int)(clamped % CLOCK_DAY_MS);

	snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", date.year % 10000,
		date.month % 100, date.day % 100, rest / 3600000 % 100, rest / 60000 % 60,
		rest / 1000 % 60, rest % 1000);
	return out;
}

const char *clock_format_minute(int64_t ms, char out[CLOCK_TEXT_MAX]) {
	char whole[CLOCK_TEXT_MAX];

	(void)clock_format(ms, whole);
	(void)snprintf(out, CLOCK_TEXT_MAX, "%.10s %.5s UTC", whole, whole + 11);
	return out;
}

/* Exactly `n` digits, in `min`..`max`; moves `*text` behind them. */
static bool take_number(const char **text, int n, int min, int max, int *ret) {
	int value = 0;

	for (int i = 0; i < n; i++) {
		char c = (*text)[i];

		if (c < '0' || c > '9') {
			return false;
		}
		value = value * 10 + (c - '0');
	}
	*text += n;
	*ret = value;
	return value >= min && value <= max;
}

static bool take_char(const char **text, const char *any_of) {
	if (**text == '\0' || strchr(any_of, **text) == NULL) {
		return false;
	}
	(*text)++;
	return true;
}

static bool is_leap(int year) {
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool take_date(const char **text, int64_t *ret_ms) {
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct civil date;

	if (!take_number(text, 4, 0, 9999, &date.year) || !take_char(text, "-") ||
		!take_number(text, 2, 1, 12, &date.month) || !take_char(text, "-") ||
		!take_number(text, 2, 1, 31, &date.day)) {
		return false;
	}
	if (date.day > month_days[date.month - 1] &&
		!(date.month == 2 && date.day == 29 && is_leap(date.year))) {
		return false;
	}
	*ret_ms = days_from_civil(&date) * CLOCK_DAY_MS;
	return true;
}

/* Digits below the millisecond are dropped. */
static bool take_fraction(const char **text, int64_t *ret_ms) {
	int64_t scale = 100;
	int64_t ms = 0;

	if (!take_char(text, ".")) {
		*ret_ms = 0;
		return true;
	}
	if (**text < '0' || **text > '9') {
		return false;
	}
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		ms += (**text - '0') * scale;
		scale /= 10;
	}
	*ret_ms = ms;
	return true;
}

static bool take_time(const char **text, int64_t *ret_ms) {
	int hour, minute, second;
	int64_t fraction;

	/* Second 60 is a leap second: the first of the next minute, as POSIX time has none. */
	if (!take_number(text, 2, 0, 23, &hour) || !take_char(text, ":") ||
		!take_number(text, 2, 0, 59, &minute) || !take_char(text, ":") ||
		!take_number(text, 2, 0, 60, &second) || !take_fraction(text, &fraction)) {
		return false;
	}
	*ret_ms = hour * CLOCK_HOUR_MS + minute * CLOCK_MINUTE_MS + second * CLOCK_SECOND_MS +
		fraction;
	return true;
}

static bool take_offset(const char **text, int64_t *ret_ms) {
	int sign = **text == '-' ? -1 : 1;
	int hours, minutes;

	if (take_char(text, "Zz")) {
		*ret_ms = 0;
		return true;
	}
	if (!take_char(text, "+-") || !take_number(text, 2, 0, 23, &hours) ||
		!take_char(text, ":") || !take_number(text, 2, 0, 59, &minutes)) {
		return false;
	}
	*ret_ms = sign * (hours * CLOCK_HOUR_MS + minutes * CLOCK_MINUTE_MS);
	return true;
}

int clock_parse(const char *text, int64_t *ret_ms) {
	int64_t date_ms, time_ms, offset_ms;

	if (!take_date(&text, &date_ms) || !take_char(&text, "Tt ") ||
		!take_time(&text, &time_ms) || !take_offset(&text, &offset_ms) || *text != '\0') {
		return -EINVAL;
	}
	*ret_ms = date_ms + time_ms - offset_ms;
	return 0;
}

struct unit {
	const char *name;
	int64_t ms;
};

static const struct unit units[] = {
	/* largest first */
	{ "y", YEAR_MS },
	{ "d", CLOCK_DAY_MS },
	{ "h", CLOCK_HOUR_MS },
	{ "m", CLOCK_MINUTE_MS },
	{ "s", CLOCK_SECOND_MS },
	{ "ms", 1 },
};

int clock_parse_span(const char *text, int64_t *ret_ms) {
	size_t n_digits = strspn(text, "0123456789");
	int64_t value = 0;

	if (n_digits == 0) {
		return -EINVAL;
	}
	for (size_t u = 0; u < ARRAY_SIZE(units); u++) {
		if (strcmp(text + n_digits, units[u].name) != 0) {
			continue;
		}
		for (size_t i = 0; i < n_digits; i++) {
			value = value * 10 + (text[i] - '0');
			if (value > SPAN_MAX_MS / units[u].ms) {
				return -ERANGE;
			}
		}
		*ret_ms = value * units[u].ms;
		return 0;
	}
	return -EINVAL;
}

const char *clock_format_span(int64_t ms, char out[CLOCK_SPAN_MAX]) {
	size_t u = 0;

	if (ms <= 0) {
		snprintf(out, CLOCK_SPAN_MAX, "0s");
		return out;
	}
	while (ms % units[u].ms != 0) {
		u++;
	}
	snprintf(out, CLOCK_SPAN_MAX, "%" PRId64 "%s", ms / units[u].ms, units[u].name);
	return out;
}

/* Rounded to the nearest: half a unit counts as a whole one. */
static uint64_t round_to(uint64_t span, uint64_t unit) {
	return span / unit + (span % unit >= unit - unit / 2);
}

const char *clock_format_relative(int64_t ms, int64_t now_ms, char out[CLOCK_SPAN_MAX]) {
	static const struct word {
		const char *name;
		int64_t ms;
		uint64_t less_than; /* so many: from there on the next unit says it */
	} words[] = {
		{ "s", CLOCK_SECOND_MS, 60 },
		{ "min", CLOCK_MINUTE_MS, 60 },
		{ "h", CLOCK_HOUR_MS, 24 },
		{ "d", CLOCK_DAY_MS, UINT64_MAX },
	};
	bool ahead = ms > now_ms;
	uint64_t span = ahead ? (uint64_t)ms - (uint64_t)now_ms : (uint64_t)now_ms - (uint64_t)ms;
	size_t i = 0;

	if (span < CLOCK_SECOND_MS) {
		snprintf(out, CLOCK_SPAN_MAX, "now");
		return out;
	}
	while (round_to(span, (uint64_t)words[i].ms) >= words[i].less_than) {
		i++;
	}
	snprintf(out, CLOCK_SPAN_MAX, "%s%" PRIu64 " %s%s", ahead ? "in " : "",
		round_to(span, (uint64_t)words[i].ms), words[i].name, ahead ? "" : " ago");
	return out;
}
