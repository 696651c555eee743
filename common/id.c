#include "common/id.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

#define ID_MS_MAX (INT64_MAX >> ID_SEQ_BITS)

static const char *const prefixes[ID_KIND_COUNT] = {
	[ID_TASK] = "delayed-",
	[ID_INCIDENT] = "incident-",
	[ID_REPORT] = "error-",
	[ID_BUILD] = "build-",
};

const char *id_format(enum id_kind kind, int64_t id, char out[ID_TEXT_MAX]) {
	int64_t seq = id & ID_SEQ_MAX;

	if (id <= 0) {
		out[0] = '\0';
	} else if (seq == 0) {
		snprintf(out, ID_TEXT_MAX, "%s%" PRId64, prefixes[kind], id_ms(id));
	} else {
		snprintf(out, ID_TEXT_MAX, "%s%" PRId64 "-%" PRId64, prefixes[kind], id_ms(id),
			seq + 1);
	}
	return out;
}

/* A number in its only spelling, so that one object has one id. */
static int take_number(const char **text, int64_t max, int64_t *ret) {
	size_t len = strspn(*text, "0123456789");
	char digits[ID_TEXT_MAX];
	int64_t value;
	int status;

	if (len == 0 || len >= sizeof(digits) || (len > 1 && **text == '0')) {
		return -EINVAL;
	}
	memcpy(digits, *text, len);
	digits[len] = '\0';
	status = text_to_int(digits, &value);
	if (status < 0 || value > max) {
		return -EINVAL;
	}
	*text += len;
	*ret = value;
	return 0;
}

int id_parse(enum id_kind kind, const char *text, int64_t *ret_id) {
	size_t prefix_len = strlen(prefixes[kind]);
	int64_t ms;
	int64_t number = 1;

	if (strncmp(text, prefixes[kind], prefix_len) != 0) {
		return -EINVAL;
	}
	text += prefix_len;
	if (take_number(&text, ID_MS_MAX, &ms) < 0) {
		return -EINVAL;
	}
	if (*text == '-') {
		text++;
		if (take_number(&text, ID_SEQ_MAX + 1, &number) < 0 || number < 2) {
			return -EINVAL;
		}
	}
	if (*text != '\0' || (ms == 0 && number == 1)) {
		return -EINVAL;
	}
	*ret_id = id_first_in_ms(ms) + (number - 1);
	return 0;
}

int id_parse_any(const char *text, enum id_kind *ret_kind, int64_t *ret_id) {
	for (int kind = 0; kind < ID_KIND_COUNT; kind++) {
		if (id_parse((enum id_kind)kind, text, ret_id) == 0) {
			*ret_kind = (enum id_kind)kind;
			return 0;
		}
	}
	return -EINVAL;
}
