#include "client/submission_parts.h"

#include <errno.h>
#include <string.h>

#include "client/failure.h"
#include "client/file.h"
#include "client/limits.h"
#include "client/print.h"
#include "client/secrets.h"
#include "common/buffer.h"
#include "common/clock.h"
#include "common/protocol.h"
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

static int read_result(const struct step_outcome *outcome, enum results_kind kind, const char *path,
	int64_t deadline_us, struct results *ret_results, char message[CLIENT_SENTENCE_MAX]) {
	if (outcome->results_before != NULL &&
		results_is_stale(path, &outcome->results_before[kind])) {
		(void)text_copy(message, CLIENT_SENTENCE_MAX,
			"it was there before the command, which has not written it");
		return -ESTALE;
	}
	return results_read(kind, path, !outcome->passed, part_deadline_us(deadline_us),
		ret_results, message, CLIENT_SENTENCE_MAX);
}

/* Whether it failed is not known then: green is only what nothing speaks against. */
static int refuse_result(const struct invocation *inv, bool passed, enum results_kind kind,
	const char *path, const char *message) {
	const char *name = results_kind_name(kind);

	if (!command_forgives(inv)) {
		return failure_report(FAILURE_USAGE, "codegenctl(1) says which formats are read",
			"option \"--%s\" cannot use \"%s\": %s", name, path, message);
	}
	if (passed) {
		return failure_report(FAILURE_REFUSED, "a pass needs the results that it names",
			"nothing was reported: the step passed, and option \"--%s\" cannot use \"%s\": %s",
			name, path, message);
	}
	failure_warn(
		"option \"--%s\" cannot use \"%s\": %s; reporting without it", name, path, message);
	return 0;
}

static int add_result(const struct invocation *inv, const struct step_outcome *outcome,
	enum results_kind kind, const char *path, int64_t deadline_us, json_t *parameters,
	struct submission_results *ret) {
	char message[CLIENT_SENTENCE_MAX] = "";
	struct results results = { 0 };
	int r = read_result(outcome, kind, path, deadline_us, &results, message);

	if (r == 0 && results.failed) {
		note_failure(ret, kind, results.why);
	}
	if (r == 0 && !shorten(results.quality)) {
		json_decref(results.quality);
		r = -EFBIG;
	}
	if (r == 0) {
		ret->telling[kind] = results.failed ? results.quality : NULL;
		return json_object_set_new(parameters, results_kind_name(kind), results.quality) < 0
			? failure_report(FAILURE_FAILED, NULL, "out of memory")
			: 0;
	}
	if ((r != -EINVAL && r != -ESTALE) || message[0] == '\0') {
		(void)text_copy(message, sizeof(message), file_problem(r));
	}
	return refuse_result(inv, outcome->passed && r != -ESTALE, kind, path, message);
}

int submission_add_results(const struct invocation *inv, const struct step_outcome *outcome,
	int64_t deadline_us, json_t *parameters, struct submission_results *ret_results) {
	int r = 0;

	*ret_results = (struct submission_results){ 0 };
	for (int kind = 0; r == 0 && kind < RESULTS_KIND_COUNT; kind++) {
		const char *path =
			option_text(&inv->options, results_kind_name((enum results_kind)kind));

		if (path != NULL) {
			r = add_result(inv, outcome, (enum results_kind)kind, path, deadline_us,
				parameters, ret_results);
		}
	}
	return r;
}

/* What leaves */

/*
 * How long what people, a shell and a CI system said may be at the end: what stands for a secret may be longer than it
 * was, and nothing may be cut before. 0: it is left out when there is a secret in it, for the daemon refuses what then
 * is no URL, commit or repository any more.
 */
static const struct member {
	const char *name;
	size_t max_bytes;
} members[] = {
	{ "branch", CLIENT_NAME_MAX - 1 },
	{ "buildNumber", CLIENT_NUMBER_MAX - 1 },
	{ "buildUrl", 0 },
	{ "command", CLIENT_COMMAND_MAX_BYTES },
	{ "commit", 0 },
	{ "errorDetails", CLIENT_DETAILS_MAX_BYTES },
	{ "headRepository", 0 },
	{ "job", CLIENT_NAME_MAX - 1 },
	{ "step", CLIENT_NAME_MAX - 1 },
};

static int clip(json_t *parameters, const struct member *member) {
	json_t *value = json_object_get(parameters, member->name);
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (text == NULL || len <= member->max_bytes) {
		return 0;
	}
	for (len = text_cut(text, member->max_bytes); len > 0 && text[len - 1] == ' ';) {
		len--; /* a name does not end with a blank */
	}
	return json_object_set_new(parameters, member->name, json_stringn(text, len)) < 0 ? -ENOMEM
											  : 0;
}

static int redact_member(struct redactor *redactor, json_t *parameters, const struct member *member) {
	uint64_t before = redactor_count(redactor);
	int r = redactor_json(redactor, json_object_get(parameters, member->name));

	if (r < 0 || member->max_bytes > 0) {
		return r < 0 ? r : clip(parameters, member);
	}
	if (redactor_count(redactor) > before) {
		(void)json_object_del(parameters, member->name);
	}
	return 0;
}

/* All but the key, which nobody is shown and which has to stay what it is. */
static int redact_parameters(json_t *parameters) {
	_cleanup_(redactor_destroyp) struct redactor *redactor = NULL;
	json_t *key = json_incref(json_object_get(parameters, "key"));
	int r = secrets_redactor(&redactor);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(members); i++) {
		r = redact_member(redactor, parameters, &members[i]);
	}
	(void)json_object_del(parameters, "key");
	r = r < 0 ? r : redactor_json(redactor, parameters);
	r |= json_object_set_new(parameters, "key", key) < 0 ? -ENOMEM : 0;
	return r < 0 ? -ENOMEM : 0;
}

static bool fits(const json_t *parameters) {
	return json_dumpb(parameters, NULL, 0, JSON_COMPACT) + CLIENT_ENVELOPE_BYTES <=
		PROTOCOL_FRAME_MAX_BYTES;
}

int submission_clean(json_t *parameters) {
	static const char *const expendable[] = { "context", "log", "scan" };
	int r = redact_parameters(parameters);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(expendable) && !fits(parameters); i++) {
		(void)json_object_del(parameters, expendable[i]);
	}
	return r < 0 || fits(parameters) ? r : -EMSGSIZE;
}
