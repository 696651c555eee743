#include <errno.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/model/member.h"
#include "daemon/model/verdict.h"

static json_t *reason_to_json(const struct reason *reason, int64_t at_ms) {
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "code", reason_code_name(reason->code), MEMBER_EMPTY);
	member_text(
		&writer, "class", reason_class_names[reason_class_at(reason, at_ms)], MEMBER_EMPTY);
	member_text(&writer, "subject", reason->subject, MEMBER_EMPTY);
	member_text(&writer, "message", reason->message, MEMBER_EMPTY);
	member_time(&writer, "since", reason->since_ms, MEMBER_LEAVE_OUT);
	return member_end(&writer);
}

static json_t *reasons_to_json(const struct verdict *verdict) {
	json_t *array = json_array();

	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (json_array_append_new(array,
			    reason_to_json(&verdict->reasons[i], verdict->checked_at_ms)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *proof_to_json(const struct verdict *verdict) {
	json_t *array = json_array();

	for (size_t i = 0; i < verdict->n_proof; i++) {
		if (json_array_append_new(array, json_string(verdict->proof[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *verdict_to_json(const struct verdict *verdict) {
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "outcome", verdict_outcome_names[verdict->outcome], MEMBER_EMPTY);
	member_json(&writer, "reasons", reasons_to_json(verdict));
	member_text(&writer, "headSha", verdict->head_sha, MEMBER_NULL);
	member_time(&writer, "checkedAt", verdict->checked_at_ms, MEMBER_EMPTY);
	if (verdict->n_proof > 0) {
		member_json(&writer, "proof", proof_to_json(verdict));
	}
	return member_end(&writer);
}

/* Returns: 0, `out` untouched when it is absent and `required` is not set; -EINVAL. */
static int read_text(const json_t *value, bool required, char *out, size_t size) {
	if (value == NULL || json_is_null(value)) {
		return required ? -EINVAL : 0;
	}
	if (!json_is_string(value) || json_string_length(value) >= size) {
		return -EINVAL;
	}
	(void)text_copy(out, size, json_string_value(value));
	return 0;
}

static int read_time(const json_t *value, bool required, int64_t *ret_ms) {
	if (value == NULL || json_is_null(value)) {
		return required ? -EINVAL : 0;
	}
	return json_is_string(value) ? clock_parse(json_string_value(value), ret_ms) : -EINVAL;
}

static int read_reason(const json_t *object, struct reason *ret) {
	const char *code = json_string_value(json_object_get(object, "code"));
	const char *class = json_string_value(json_object_get(object, "class"));

	if (code == NULL || reason_code_parse(code, &ret->code) < 0 ||
		read_text(json_object_get(object, "subject"), true, ret->subject,
			sizeof(ret->subject)) < 0 ||
		read_text(json_object_get(object, "message"), true, ret->message,
			sizeof(ret->message)) < 0) {
		return -EINVAL;
	}
	/* What the table leaves to a person and was repaired nevertheless: the project wanted it so. */
	ret->repair = class != NULL && strcmp(class, reason_class_names[REASON_REPAIR]) == 0 &&
		reason_class_of(ret->code) == REASON_HUMAN;
	return read_time(json_object_get(object, "since"), false, &ret->since_ms);
}

static int read_reasons(const json_t *array, struct verdict *ret) {
	int r = 0;

	if (!json_is_array(array) || json_array_size(array) > VERDICT_REASONS_MAX) {
		return -EINVAL;
	}
	ret->n_reasons = json_array_size(array);
	for (size_t i = 0; r == 0 && i < ret->n_reasons; i++) {
		r = read_reason(json_array_get(array, i), &ret->reasons[i]);
	}
	return r;
}

static int read_proof(const json_t *array, struct verdict *ret) {
	int r = 0;

	if (array == NULL || json_is_null(array)) {
		return 0;
	}
	if (!json_is_array(array) || json_array_size(array) > VERDICT_PROOF_MAX) {
		return -EINVAL;
	}
	ret->n_proof = json_array_size(array);
	for (size_t i = 0; r == 0 && i < ret->n_proof; i++) {
		r = read_text(json_array_get(array, i), true, ret->proof[i], sizeof(ret->proof[i]));
	}
	return r;
}

static int read_outcome(const json_t *value, enum verdict_outcome *ret) {
	const char *name = json_string_value(value);

	for (int i = 0; name != NULL && i < VERDICT_OUTCOME_COUNT; i++) {
		if (strcmp(verdict_outcome_names[i], name) == 0) {
			*ret = (enum verdict_outcome)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int read_verdict(const json_t *object, struct verdict *ret) {
	if (read_outcome(json_object_get(object, "outcome"), &ret->outcome) < 0 ||
		read_reasons(json_object_get(object, "reasons"), ret) < 0 ||
		read_text(json_object_get(object, "headSha"), false, ret->head_sha,
			sizeof(ret->head_sha)) < 0 ||
		read_time(json_object_get(object, "checkedAt"), true, &ret->checked_at_ms) < 0) {
		return -EINVAL;
	}
	return read_proof(json_object_get(object, "proof"), ret);
}

int verdict_from_json(const json_t *object, struct verdict *ret_verdict) {
	*ret_verdict = (struct verdict){ 0 };
	if (read_verdict(object, ret_verdict) < 0) {
		*ret_verdict = (struct verdict){ 0 };
		return -EINVAL;
	}
	return 0;
}
