/* Answers: what several handlers need to make one. */
#include <errno.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/config.h"
#include "daemon/ipc/handlers.h"

int set_new(json_t *object, const char *key, json_t *value) {
	return json_object_set_new(object, key, value) < 0 ? -ENOMEM : 0;
}

int set_text(json_t *object, const char *key, const char *text) {
	return text == NULL || text[0] == '\0' ? 0 : set_new(object, key, json_string(text));
}

int set_id(json_t *object, const char *key, enum id_kind kind, int64_t id) {
	char text[ID_TEXT_MAX];

	return set_text(object, key, id_format(kind, id, text));
}

int set_time(json_t *object, const char *key, int64_t ms) {
	char text[CLOCK_TEXT_MAX];

	return ms == 0 ? 0 : set_new(object, key, json_string(clock_format(ms, text)));
}

json_t *wrap(const char *key, json_t *value) {
	json_t *object = json_object();

	if (set_new(object, key, value) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

void reply_with(struct call *call, const char *key, json_t *value) {
	json_t *parameters = wrap(key, value);

	if (parameters == NULL) {
		call_fail(call, -ENOMEM, NULL);
	} else {
		call_reply(call, parameters);
	}
}

json_t *incident_as_json(struct call *call, const struct incident *incident, int64_t next_check_ms) {
	const struct config *config = engine_config(call_engine(call));
	struct policy policy;

	if (config_policy(config, incident->project, &policy) < 0) {
		policy = config->defaults; /* denied since; what was begun still ends */
	}
	return incident_to_json(incident, &policy, next_check_ms);
}

bool project_is_wrong(const char *parameter, const char *value, char *ret_sentence) {
	if (value[0] == '\0' || text_is_project(value)) {
		return false;
	}
	(void)text_format(ret_sentence, LIMIT_SENTENCE_MAX,
		"\"%s\" is no repository's name; it is \"owner/name\", without a URL or credentials",
		parameter);
	return true;
}

bool name_is_wrong(
	const char *parameter, const char *value, size_t size, bool required, char *ret_sentence) {
	if (value[0] == '\0') {
		(void)text_format(ret_sentence, LIMIT_SENTENCE_MAX, "the parameter \"%s\" is empty",
			parameter);
		return required;
	}
	if (text_is_name(value, size)) {
		return false;
	}
	(void)text_format(ret_sentence, LIMIT_SENTENCE_MAX,
		"the parameter \"%s\" holds characters that no name has (control characters, invisible "
		"ones, or a blank at an end)",
		parameter);
	return true;
}

bool check_project(struct call *call, const char *parameter, const char *value) {
	char sentence[LIMIT_SENTENCE_MAX];

	if (!project_is_wrong(parameter, value, sentence)) {
		return true;
	}
	call_refuse(call, parameter, "%s", sentence);
	return false;
}

bool check_name(
	struct call *call, const char *parameter, const char *value, size_t size, bool required) {
	char sentence[LIMIT_SENTENCE_MAX];

	if (!name_is_wrong(parameter, value, size, required, sentence)) {
		return true;
	}
	call_refuse(call, parameter, "%s", sentence);
	return false;
}
