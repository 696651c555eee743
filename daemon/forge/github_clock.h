/*
 * github_clock - how far GitHub's clock is from ours, learnt from the Date of its answers (RFC 9110, 6.6.1). Pure, one
 * thread at a time.
 *
 * What our clock said of a report is compared with what GitHub says of checks, and either clock may be wrong, or be
 * set while they run. So the difference is a range, and a time of ours a range of GitHub's.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/macro.h"

/* GitHub's minus ours, in ms. */
struct github_skew {
	int64_t least_ms;
	int64_t most_ms;
};

struct github_clock { /* zeroed at first */
	bool known;
	struct github_skew now;
	int64_t since_us; /* clock_boot_us() when `now` was begun; 0: before we were */
	/* What it was before one of the clocks was set: of what happened until then it may be true. */
	bool was_set;
	struct github_skew past;
	int64_t past_until_ms; /* of our clock */
	int64_t set_ms; /* of GitHub's: when that was seen last; a week later it is forgotten */
};

/*
 * An answer with that date came at `now_ms`, `boot_us`, `took_ms` after its request went. Returns whether something
 * changed that is to be kept: the first one, a clock was set, or that is long ago.
 */
bool github_clock_learn(struct github_clock *clock, int64_t date_ms, int64_t took_ms,
	int64_t now_ms, int64_t boot_us);
/* When, by GitHub's clock, our clock said `at_ms`: not before, and not after. Nothing known: any time from 1 on. */
void github_clock_range(const struct github_clock *clock, int64_t at_ms, int64_t *ret_from_ms,
	int64_t *ret_until_ms);
/* By how much GitHub's is ahead (less than 0: behind) at least; 0 unknown, or they may agree. */
int64_t github_clock_ahead_ms(const struct github_clock *clock);

/* To be kept over restarts. A new reference; NULL: memory. */
must_check json_t *github_clock_to_json(const struct github_clock *clock);
/* Whatever is malformed is nothing that is known. */
void github_clock_from_json(const json_t *object, struct github_clock *ret_clock);
