/*
 * id - identifiers people type: "delayed-1758245293693", and "-2", "-3" behind it when the millisecond is taken.
 *
 * Inside, an id is one positive integer, the millisecond shifted left by ID_SEQ_BITS plus the number within it, so
 * that ids sort by time and index well. 0 is "none". Pure, any thread.
 */
#pragma once

#include <stdint.h>

#include "common/macro.h"

#define ID_SEQ_BITS 16
#define ID_SEQ_MAX ((INT64_C(1) << ID_SEQ_BITS) - 1)
#define ID_TEXT_MAX 48

enum id_kind {
	ID_TASK,     /* delayed-… */
	ID_INCIDENT, /* incident-… */
	ID_REPORT,   /* error-… */
	ID_BUILD,    /* build-… */
	ID_KIND_COUNT,
};

static inline int64_t id_first_in_ms(int64_t ms) {
	return ms << ID_SEQ_BITS;
}

static inline int64_t id_ms(int64_t id) {
	return id >> ID_SEQ_BITS;
}

/* Returns `out`; "" when `id` is 0. */
const char *id_format(enum id_kind kind, int64_t id, char out[ID_TEXT_MAX]);
/* Reads an id of that kind. Returns: 0; -EINVAL (another kind's prefix too), `ret_id` untouched. */
must_check int id_parse(enum id_kind kind, const char *text, int64_t *ret_id);
/* As id_parse(), with the kind taken from the prefix. */
must_check int id_parse_any(const char *text, enum id_kind *ret_kind, int64_t *ret_id);
