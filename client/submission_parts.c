#include "client/submission_parts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client/failure.h"
#include "client/file.h"
#include "client/limits.h"
#include "client/print.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/protocol.h"
#include "common/redact/redact.h"
#include "common/text.h"

/* Result files */

/* Git comes after the files, and needs its part of the time. */
static int64_t part_deadline_us(int64_t deadline_us) {
	int64_t now_us = clock_mono_us();

	return now_us + (deadline_us - now_us) / 4;
}

/* The daemon refuses longer ones, with all the rest: lists go first, numbers are small. Returns whether it fits. */
static bool shorten(json_t *quality) {
	const char *name;
	json_t *value;
	void *next;

	if (json_dumpb(quality, NULL, 0, JSON_COMPACT) <= CLIENT_QUALITY_SENT_MAX_BYTES) {
		return true;
	}
	json_object_foreach_safe(quality, next, name, value) {
		if (json_is_array(value)) {
			(void)json_object_del(quality, name);
		}
	}
	return json_dumpb(quality, NULL, 0, JSON_COMPACT) <= CLIENT_QUALITY_SENT_MAX_BYTES;
}

static void note_failure(struct submission_results *ret, enum results_kind kind, const char *why) {
	if (!ret->failed) {
		ret->failed = true;
		ret->kind = kind;
		(void)text_copy(ret->why, sizeof(ret->why), why);
	}
}

static int add_result(const struct invocation *inv, enum results_kind kind, const char *path,
	int64_t deadline_us, json_t *parameters, struct submission_results *ret) {
	char message[CLIENT_SENTENCE_MAX] = "";
	struct results results = { 0 };
	int r = results_read(
		kind, path, part_deadline_us(deadline_us), &results, message, sizeof(message));

	if (r == 0 && results.failed) {
		note_failure(ret, kind, results.why);
	}
	if (r == 0 && !shorten(results.quality)) {
		json_decref(results.quality);
		r = -EFBIG;
	}
	if (r == 0) {
		return json_object_set_new(parameters, results_kind_name(kind), results.quality) < 0
			? failure_report(FAILURE_FAILED, NULL, "out of memory")
			: 0;
	}
	if (r != -EINVAL || message[0] == '\0') {
		(void)text_copy(message, sizeof(message), file_problem(r));
	}
	if (!command_forgives(inv)) {
		return failure_report(FAILURE_USAGE, "codegenctl(1) says which formats are read",
			"option \"--%s\" cannot use \"%s\": %s", results_kind_name(kind), path,
			message);
	}
	failure_warn("option \"--%s\" cannot use \"%s\": %s; reporting without it",
		results_kind_name(kind), path, message);
	return 0;
}

int submission_add_results(const struct invocation *inv, int64_t deadline_us, json_t *parameters,
	struct submission_results *ret_results) {
	int r = 0;

	*ret_results = (struct submission_results){ 0 };
	for (int kind = 0; r == 0 && kind < RESULTS_KIND_COUNT; kind++) {
		const char *path =
			option_text(&inv->options, results_kind_name((enum results_kind)kind));

		if (path != NULL) {
			r = add_result(inv, (enum results_kind)kind, path, deadline_us, parameters,
				ret_results);
		}
	}
	return r;
}

/* What leaves */

/* Words of people and of a shell, in which the value of a secret variable may stand; and how long each may be. */
static const struct spoken {
	const char *member;
	size_t max_bytes;
} spoken[] = {
	{ "command", CLIENT_COMMAND_MAX_BYTES },
	{ "errorDetails", CLIENT_DETAILS_MAX_BYTES },
	{ "job", CLIENT_NAME_MAX - 1 },
	{ "step", CLIENT_NAME_MAX - 1 },
};
/* What the daemon refuses when something stands in it that is no part of such a name. */
static const char *const formal[] = { "buildUrl", "commit" };

static int redact_values(json_t *parameters) {
	_cleanup_(redactor_destroyp) struct redactor *redactor = NULL;
	int r = redactor_create(&redactor);

	r = r < 0 ? r : redactor_add_environment(redactor, environ);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(spoken); i++) {
		const json_t *value = json_object_get(parameters, spoken[i].member);
		_cleanup_(buffer_finish) struct buffer out;

		buffer_init(&out, 4 * CLIENT_DETAILS_MAX_BYTES);
		if (value == NULL) {
			continue;
		}
		r = redactor_feed(
			redactor, json_string_value(value), json_string_length(value), &out);
		r = r < 0 ? r : redactor_end(redactor, &out);
		if (r == 0 &&
			json_object_set_new(parameters, spoken[i].member,
				json_stringn(out.data, out.len)) < 0) {
			r = -ENOMEM;
		}
	}
	return r;
}

/* What stands for a secret may be longer than it was. */
static int clip_spoken(json_t *parameters) {
	for (size_t i = 0; i < ARRAY_SIZE(spoken); i++) {
		json_t *value = json_object_get(parameters, spoken[i].member);
		const char *text = json_string_value(value);

		if (json_string_length(value) > spoken[i].max_bytes &&
			json_object_set_new(parameters, spoken[i].member,
				json_stringn(text, text_cut(text, spoken[i].max_bytes))) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int redact_parameters(json_t *parameters) {
	json_t *key = json_incref(json_object_get(parameters, "key"));
	json_t *names = json_object();
	uint64_t n = 0;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(formal); i++) {
		json_t *value = json_object_get(parameters, formal[i]);

		if (value != NULL) {
			(void)json_object_set(names, formal[i], value);
		}
	}
	(void)json_object_del(parameters, "key");
	r = redact_values(parameters);
	r = r < 0 ? r : redact_json(parameters, &n);
	r |= json_object_set_new(parameters, "key", key) < 0 ? -ENOMEM : 0;
	for (size_t i = 0; i < ARRAY_SIZE(formal); i++) {
		if (!json_equal(json_object_get(names, formal[i]),
			    json_object_get(parameters, formal[i]))) {
			(void)json_object_del(parameters, formal[i]);
		}
	}
	json_decref(names);
	return r < 0 ? -ENOMEM : 0;
}

static bool fits(const json_t *parameters) {
	return json_dumpb(parameters, NULL, 0, JSON_COMPACT) + CLIENT_ENVELOPE_BYTES <=
		PROTOCOL_FRAME_MAX_BYTES;
}

int submission_clean(json_t *parameters) {
	static const char *const expendable[] = { "context", "log", "scan" };
	int r = redact_parameters(parameters);

	r = r < 0 ? r : clip_spoken(parameters);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(expendable) && !fits(parameters); i++) {
		(void)json_object_del(parameters, expendable[i]);
	}
	return r < 0 || fits(parameters) ? r : -EMSGSIZE;
}
