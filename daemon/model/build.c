#include "daemon/model/build.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The shortest abbreviation git itself writes. */
#define BUILD_ABBREVIATION_MIN 7

void build_finish(struct build *build) {
	free(TAKE_PTR(build->ancestors));
	json_decref(TAKE_PTR(build->quality));
}

static bool all_hex(const char *text, size_t len) {
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)text[i])) {
			return false;
		}
	}
	return true;
}

/* Equal, or one the abbreviation of the other. */
static bool same_commit(const char *a, size_t a_len, const char *b, size_t b_len) {
	size_t shorter = MIN(a_len, b_len);

	if (shorter == 0) {
		return false;
	}
	if (a_len == b_len && memcmp(a, b, a_len) == 0) {
		return true;
	}
	/* The comparison first: almost all differ in their first digits. */
	return shorter >= BUILD_ABBREVIATION_MIN && strncasecmp(a, b, shorter) == 0 &&
		all_hex(a, a_len) && all_hex(b, b_len);
}

bool build_same_commit(const char *a, const char *b) {
	return same_commit(a, strlen(a), b, strlen(b));
}

static bool contains_commit(const struct build *build, const char *commit) {
	const char *at = build->ancestors != NULL ? build->ancestors : "";
	size_t commit_len = strlen(commit);

	while (*at != '\0') {
		size_t len = (size_t)(strchrnul(at, ' ') - at);

		if (same_commit(at, len, commit, commit_len)) {
			return true;
		}
		at += len;
		at += strspn(at, " ");
	}
	return false;
}

/* The digits without leading zeros; NULL when it is no purely decimal number. */
static const char *decimal_digits(const char *number) {
	if (number[0] == '\0' || number[strspn(number, "0123456789")] != '\0') {
		return NULL;
	}
	number += strspn(number, "0");
	return number;
}

static enum build_order compare_numbers(const char *a, const char *b) {
	const char *digits_a = decimal_digits(a);
	const char *digits_b = decimal_digits(b);
	size_t len_a, len_b;
	int order;

	if (digits_a == NULL || digits_b == NULL) {
		return BUILD_ORDER_UNKNOWN;
	}
	/* By length first: the numbers may be longer than any integer. */
	len_a = strlen(digits_a);
	len_b = strlen(digits_b);
	order = len_a != len_b ? (len_a > len_b) - (len_a < len_b) : strcmp(digits_a, digits_b);
	if (order == 0) {
		return BUILD_ORDER_UNKNOWN;
	}
	return order > 0 ? BUILD_AFTER : BUILD_BEFORE;
}

/* A spooled build arrives long after it ran. When its time says otherwise than its arrival, neither is proof. */
static enum build_order compare_arrival(const struct build *a, const struct build *b) {
	bool after = a->id > b->id;

	if (a->at_ms != b->at_ms && (a->at_ms > b->at_ms) != after) {
		return BUILD_ORDER_UNKNOWN;
	}
	return after ? BUILD_AFTER : BUILD_BEFORE;
}

enum build_order build_compare(const struct build *a, const struct build *b) {
	enum build_order by_number = compare_numbers(a->build_number, b->build_number);
	bool a_holds_b, b_holds_a;

	if (build_same_commit(a->commit, b->commit)) {
		if (by_number != BUILD_ORDER_UNKNOWN) { /* what ran first may be reported last */
			return by_number;
		}
		return compare_arrival(a, b);
	}
	a_holds_b = contains_commit(a, b->commit);
	b_holds_a = contains_commit(b, a->commit);
	if (a_holds_b && b_holds_a) {
		/* Somebody sent nonsense; a later build number would prove nothing either. */
		return BUILD_ORDER_UNKNOWN;
	}
	if (a_holds_b || b_holds_a) {
		return a_holds_b ? BUILD_AFTER : BUILD_BEFORE;
	}
	return by_number;
}
