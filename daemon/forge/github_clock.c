#include "daemon/forge/github_clock.h"

#include "common/clock.h"

/* Clocks drift: a range that was made narrow by many answers is true for that long. */
#define RANGE_US (10 * 60 * INT64_C(1000000))
/* Less than that is a clock that is slewed, or another server's: none was set. */
#define DRIFT_MS (5 * CLOCK_SECOND_MS)
/* For so long after a clock was set what was reported before is in doubt: by then it has met its end. */
#define DOUBT_MS (7 * CLOCK_DAY_MS)
/* No clock is further off; sums of such times do not overflow. */
#define SKEW_MAX_MS (400 * 365 * CLOCK_DAY_MS)

static void set_past(struct github_clock *clock, const struct github_skew *next, int64_t now_ms) {
	struct github_skew was = clock->now;

	if (clock->was_set) {
		was.least_ms = MIN(was.least_ms, clock->past.least_ms);
		was.most_ms = MAX(was.most_ms, clock->past.most_ms);
	}
	clock->set_ms = now_ms + next->least_ms;
	/* What our clock would say by now, had it not been set back. */
	now_ms = MAX(now_ms, now_ms + next->most_ms - clock->now.least_ms);
	clock->past_until_ms = clock->was_set ? MAX(clock->past_until_ms, now_ms) : now_ms;
	clock->past = was;
	clock->was_set = true;
}

/* Returns whether it is forgotten now that a clock was set. */
static bool forget_past(struct github_clock *clock, int64_t date_ms) {
	bool is_over = clock->was_set && date_ms - clock->set_ms >= DOUBT_MS;

	clock->was_set = clock->was_set && !is_over;
	return is_over;
}

bool github_clock_learn(struct github_clock *clock, int64_t date_ms, int64_t took_ms,
	int64_t now_ms, int64_t boot_us) {
	/* It was written at some time while the request was under way, and tells whole seconds. */
	const struct github_skew next = { date_ms - now_ms,
		date_ms + CLOCK_SECOND_MS - now_ms + took_ms };
	const struct github_skew both = { MAX(next.least_ms, clock->now.least_ms),
		MIN(next.most_ms, clock->now.most_ms) };
	bool agrees = clock->known && both.least_ms <= both.most_ms;
	bool drifts = clock->known && !agrees && both.least_ms - both.most_ms <= DRIFT_MS;
	bool is_news = !agrees && !drifts;

	if (took_ms < 0 || next.least_ms < -SKEW_MAX_MS || next.most_ms > SKEW_MAX_MS) {
		return false;
	}
	is_news = forget_past(clock, date_ms) || is_news;
	if (agrees && clock->since_us > 0 && boot_us - clock->since_us < RANGE_US) {
		clock->now = both;
		return is_news;
	}
	if (drifts && clock->since_us > 0) {
		clock->now.least_ms = MIN(next.least_ms, clock->now.least_ms);
		clock->now.most_ms = MAX(next.most_ms, clock->now.most_ms);
		return is_news;
	}
	if (clock->known && !agrees && !drifts) {
		set_past(clock, &next, now_ms);
	}
	clock->known = true;
	clock->now = next;
	clock->since_us = boot_us;
	return is_news;
}

void github_clock_range(const struct github_clock *clock, int64_t at_ms, int64_t *ret_from_ms,
	int64_t *ret_until_ms) {
	struct github_skew skew = clock->now;

	if (!clock->known) {
		*ret_from_ms = 1;
		*ret_until_ms = INT64_MAX;
		return;
	}
	if (clock->was_set && at_ms <= clock->past_until_ms) {
		skew.least_ms = MIN(skew.least_ms, clock->past.least_ms);
		skew.most_ms = MAX(skew.most_ms, clock->past.most_ms);
	}
	*ret_from_ms = MAX(1, at_ms + skew.least_ms);
	*ret_until_ms = MAX(1, at_ms + skew.most_ms);
}

int64_t github_clock_ahead_ms(const struct github_clock *clock) {
	if (!clock->known) {
		return 0;
	}
	return clock->now.least_ms > 0	 ? clock->now.least_ms
		: clock->now.most_ms < 0 ? clock->now.most_ms
					 : 0;
}

/* ---- kept ---- */

static json_t *skew_to_json(const struct github_skew *skew) {
	return json_pack("[I,I]", (json_int_t)skew->least_ms, (json_int_t)skew->most_ms);
}

json_t *github_clock_to_json(const struct github_clock *clock) {
	json_t *object = json_object();

	if (object == NULL ||
		(clock->known && json_object_set_new(object, "now", skew_to_json(&clock->now)) < 0) ||
		(clock->was_set &&
			(json_object_set_new(object, "past", skew_to_json(&clock->past)) < 0 ||
				json_object_set_new(object, "pastUntil",
					json_integer(clock->past_until_ms)) < 0 ||
				json_object_set_new(object, "pastSet", json_integer(clock->set_ms)) <
					0))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

static bool skew_from_json(const json_t *array, struct github_skew *ret_skew) {
	int64_t least_ms = json_integer_value(json_array_get(array, 0));
	int64_t most_ms = json_integer_value(json_array_get(array, 1));

	if (!json_is_integer(json_array_get(array, 0)) || !json_is_integer(json_array_get(array, 1)) ||
		least_ms > most_ms || least_ms < -SKEW_MAX_MS || most_ms > SKEW_MAX_MS) {
		return false;
	}
	*ret_skew = (struct github_skew){ least_ms, most_ms };
	return true;
}

void github_clock_from_json(const json_t *object, struct github_clock *ret_clock) {
	struct github_clock clock = { 0 };

	clock.known = skew_from_json(json_object_get(object, "now"), &clock.now);
	clock.past_until_ms = json_integer_value(json_object_get(object, "pastUntil"));
	clock.set_ms = MAX(0, json_integer_value(json_object_get(object, "pastSet")));
	clock.was_set = clock.known && clock.past_until_ms > 0 &&
		skew_from_json(json_object_get(object, "past"), &clock.past);
	*ret_clock = clock;
}
