#include "daemon/ipc/submit_check.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/buffer.h"
#include "common/error_type.h"
#include "common/text.h"
#include "daemon/ipc/handlers.h"
#include "daemon/model/submit_text.h"

static int refuse(struct submit_refusal *ret, const char *parameter, const char *fmt, ...)
	printf_like(3, 4);

/* Always -EINVAL. */
static int refuse(struct submit_refusal *ret, const char *parameter, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(ret->sentence, sizeof(ret->sentence), fmt, args);
	va_end(args);
	ret->parameter = parameter;
	return -EINVAL;
}

struct name_check {
	const char *parameter;
	size_t offset;
	size_t size;
	bool required;
};

#define NAME_CHECK(name, member, is_required)                                                      \
	{                                                                                          \
		(name), offsetof(struct submit_params, submit.member),                             \
			sizeof(((struct submit_params *)0)->submit.member), (is_required)          \
	}

static const struct name_check name_checks[] = {
	NAME_CHECK("key", key, true),
	NAME_CHECK("project", report.project, true),
	NAME_CHECK("branch", report.branch, true),
	NAME_CHECK("commit", report.commit, false),
	NAME_CHECK("headRepository", report.head_repository, false),
	NAME_CHECK("job", report.job, false),
	NAME_CHECK("step", report.step, false),
	NAME_CHECK("buildNumber", report.build_number, false),
	NAME_CHECK("buildUrl", report.build_url, false),
};

static int check_names(const struct submit_params *p, struct submit_refusal *ret) {
	for (size_t i = 0; i < ARRAY_SIZE(name_checks); i++) {
		const struct name_check *check = &name_checks[i];

		if (name_is_wrong(check->parameter, (const char *)p + check->offset, check->size,
			    check->required, ret->sentence)) {
			ret->parameter = check->parameter;
			return -EINVAL;
		}
	}
	return 0;
}

static int check_project_name(const char *name, const char *parameter, struct submit_refusal *ret) {
	if (!project_is_wrong(parameter, name, ret->sentence)) {
		return 0;
	}
	ret->parameter = parameter;
	return -EINVAL;
}

/* A commit is compared and shown; a word of letters, digits, dots and dashes is enough for every system. */
static int check_forms(const struct report *report, struct submit_refusal *ret) {
	static const char commit_characters[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-";

	if (report->commit[strspn(report->commit, commit_characters)] != '\0') {
		return refuse(ret, "commit", "the parameter \"commit\" is no commit's name");
	}
	if (report->build_url[0] != '\0' && !text_is_web_url(report->build_url)) {
		return refuse(ret, "buildUrl",
			"the parameter \"buildUrl\" is no http or https URL without credentials");
	}
	return check_project_name(report->project, "project", ret) < 0
		? -EINVAL
		: check_project_name(report->head_repository, "headRepository", ret);
}

static int check_length(
	const char *parameter, const char *text, size_t max_bytes, struct submit_refusal *ret) {
	return text == NULL || strlen(text) <= max_bytes
		? 0
		: refuse(ret, parameter, "the parameter \"%s\" is longer than %zu bytes", parameter,
			  max_bytes);
}

static int check_numbers(const struct report *report, struct submit_refusal *ret) {
	if (report->pull_request < 0) {
		return refuse(ret, "pullRequest", "the number of a pull request is positive");
	}
	if (report->exit_code < -1 || report->exit_code > INT32_MAX) {
		return refuse(ret, "exitCode", "an exit code is a number from 0 to %d", INT32_MAX);
	}
	return 0;
}

static int take_error_type(struct submit_params *p, struct submit_refusal *ret) {
	char allowed[LIMIT_SENTENCE_MAX] = "";
	size_t len = 0;

	p->submit.report.error_type = ERROR_UNKNOWN;
	if (p->error_type[0] == '\0' ||
		error_type_parse(p->error_type, &p->submit.report.error_type) == 0) {
		return 0;
	}
	for (int type = 0; type < ERROR_TYPE_COUNT; type++) {
		len += (size_t)snprintf(allowed + len, sizeof(allowed) - len, "%s%s",
			type > 0 ? ", " : "", error_type_name((enum error_type)type));
	}
	return refuse(ret, "errorType", "\"%.64s\" is no error type; it is one of %s",
		p->error_type, allowed);
}

static bool is_commit(const json_t *value) {
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (text == NULL || len == 0 || len >= LIMIT_COMMIT_MAX) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)text[i])) {
			return false;
		}
	}
	return true;
}

/* The newest ones; older ones than LIMIT_ANCESTORS_MAX hardly ever matter. */
static int take_ancestors(struct submit_params *p, struct submit_refusal *ret) {
	size_t n = MIN(json_array_size(p->ancestors), (size_t)LIMIT_ANCESTORS_MAX);
	struct buffer text;
	int r = 0;

	if (p->ancestors != NULL && !json_is_array(p->ancestors)) {
		ret->wrong_type = true;
		return refuse(ret, "ancestors", "the parameter \"ancestors\" is no array");
	}
	buffer_init(&text, LIMIT_ANCESTORS_MAX * LIMIT_COMMIT_MAX);
	for (size_t i = 0; i < n && r == 0; i++) {
		const json_t *value = json_array_get(p->ancestors, i);

		if (!is_commit(value)) {
			buffer_finish(&text);
			return refuse(ret, "ancestors",
				"entry %zu of the parameter \"ancestors\" is no commit", i + 1);
		}
		r = buffer_appendf(&text, "%s%s", i > 0 ? " " : "", json_string_value(value));
	}
	if (r == 0 && n > 0) {
		p->submit.build.ancestors = buffer_steal(&text);
	}
	buffer_finish(&text);
	return r;
}

static int take_quality(struct submit_params *p, struct submit_refusal *ret) {
	const struct {
		const char *key;
		json_t *value;
	} parts[] = { { "coverage", p->coverage }, { "lint", p->lint }, { "security", p->security },
		{ "tests", p->tests } };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].value == NULL) {
			continue;
		}
		if (json_dumpb(parts[i].value, NULL, 0, JSON_COMPACT) > LIMIT_QUALITY_MAX_BYTES) {
			return refuse(ret, parts[i].key,
				"the parameter \"%s\" is longer than %d bytes", parts[i].key,
				LIMIT_QUALITY_MAX_BYTES);
		}
		if (p->submit.build.quality == NULL) {
			p->submit.build.quality = json_object();
		}
		if (json_object_set(p->submit.build.quality, parts[i].key, parts[i].value) < 0) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int take_texts(struct submit_params *p, struct submit_refusal *ret) {
	struct report *report = &p->submit.report;

	if (check_length("errorDetails", report->details, LIMIT_DETAILS_MAX_BYTES, ret) < 0 ||
		check_length("command", report->command, LIMIT_COMMAND_MAX_BYTES, ret) < 0) {
		return -EINVAL;
	}
	/* Only whole members are left out here. What is cut is cut when no secrets are in it any more. */
	return submit_cut_context(&report->context, LIMIT_CONTEXT_MAX_BYTES);
}

int submit_check(struct submit_params *p, struct submit_refusal *ret_refusal) {
	int r = check_names(p, ret_refusal);

	r = r < 0 ? r : check_forms(&p->submit.report, ret_refusal);
	r = r < 0 ? r : check_numbers(&p->submit.report, ret_refusal);
	r = r < 0 ? r : take_error_type(p, ret_refusal);
	r = r < 0 ? r : take_texts(p, ret_refusal);
	r = r < 0 ? r : take_ancestors(p, ret_refusal);
	return r < 0 ? r : take_quality(p, ret_refusal);
}
