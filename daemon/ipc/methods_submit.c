/* What CI says: Submit and GetTicket. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/error_type.h"
#include "common/text.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/submit_text.h"
#include "daemon/model/scan.h"

void submit_preset(void *params) {
	struct submit_params *p = params;

	p->submit.report.exit_code = -1;
}

static json_t *ticket_to_json(const struct step_answer *answer) {
	json_t *ticket = json_object();
	int r = set_id(ticket, "reportId", ID_REPORT, answer->report_id);

	r |= set_id(ticket, "incidentId", ID_INCIDENT, answer->incident_id);
	r |= set_id(ticket, "taskId", ID_TASK, answer->task_id);
	r |= set_time(ticket, "scheduledFor", answer->scheduled_ms);
	if (answer->has_error_type) {
		r |= set_text(ticket, "errorType", error_type_name(answer->error_type));
	}
	r |= set_new(ticket, "duplicate", json_boolean(answer->duplicate));
	r |= set_new(ticket, "joined", json_boolean(answer->joined));
	if (r != 0) {
		json_decref(ticket);
		return NULL;
	}
	return ticket;
}

/* Checking */

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

static bool check_names(struct call *call, const struct submit_params *p) {
	for (size_t i = 0; i < ARRAY_SIZE(name_checks); i++) {
		const struct name_check *check = &name_checks[i];

		if (!check_name(call, check->parameter, (const char *)p + check->offset,
			    check->size, check->required)) {
			return false;
		}
	}
	return true;
}

/* A commit is compared and shown; a word of letters, digits, dots and dashes is enough for every system. */
static bool check_forms(struct call *call, const struct report *report) {
	static const char commit_characters[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-";

	if (report->commit[strspn(report->commit, commit_characters)] != '\0') {
		call_refuse(call, "commit", "the parameter \"commit\" is no commit's name");
		return false;
	}
	if (report->build_url[0] != '\0' && !text_is_web_url(report->build_url)) {
		call_refuse(call, "buildUrl",
			"the parameter \"buildUrl\" is no http or https URL without credentials");
		return false;
	}
	return check_project(call, "project", report->project) &&
		check_project(call, "headRepository", report->head_repository);
}

static bool check_length(
	struct call *call, const char *parameter, const char *text, size_t max_bytes) {
	if (text != NULL && strlen(text) > max_bytes) {
		call_refuse(call, parameter, "the parameter \"%s\" is longer than %zu bytes",
			parameter, max_bytes);
		return false;
	}
	return true;
}

static bool check_numbers(struct call *call, const struct report *report) {
	if (report->pull_request < 0) {
		call_refuse(call, "pullRequest", "the number of a pull request is positive");
		return false;
	}
	if (report->exit_code < -1 || report->exit_code > INT32_MAX) {
		call_refuse(call, "exitCode", "an exit code is a number from 0 to %d", INT32_MAX);
		return false;
	}
	return true;
}

static bool take_error_type(struct call *call, struct submit_params *p) {
	char allowed[LIMIT_SENTENCE_MAX] = "";
	size_t len = 0;

	p->submit.report.error_type = ERROR_UNKNOWN;
	if (p->error_type[0] == '\0' ||
		error_type_parse(p->error_type, &p->submit.report.error_type) == 0) {
		return true;
	}
	for (int type = 0; type < ERROR_TYPE_COUNT; type++) {
		len += (size_t)snprintf(allowed + len, sizeof(allowed) - len, "%s%s",
			type > 0 ? ", " : "", error_type_name((enum error_type)type));
	}
	call_refuse(call, "errorType", "\"%.64s\" is no error type; it is one of %s", p->error_type,
		allowed);
	return false;
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
static bool take_ancestors(struct call *call, struct submit_params *p) {
	size_t n = MIN(json_array_size(p->ancestors), (size_t)LIMIT_ANCESTORS_MAX);
	struct buffer text;
	int r = 0;

	if (p->ancestors != NULL && !json_is_array(p->ancestors)) {
		call_invalid(call, "ancestors");
		return false;
	}
	buffer_init(&text, LIMIT_ANCESTORS_MAX * LIMIT_COMMIT_MAX);
	for (size_t i = 0; i < n && r == 0; i++) {
		const json_t *value = json_array_get(p->ancestors, i);

		if (!is_commit(value)) {
			buffer_finish(&text);
			call_refuse(call, "ancestors",
				"entry %zu of the parameter \"ancestors\" is no commit", i + 1);
			return false;
		}
		r = buffer_appendf(&text, "%s%s", i > 0 ? " " : "", json_string_value(value));
	}
	if (r == 0 && n > 0) {
		p->submit.build.ancestors = buffer_steal(&text);
	}
	buffer_finish(&text);
	if (r < 0) {
		call_fail(call, r, NULL);
	}
	return r == 0;
}

static bool take_quality(struct call *call, struct submit_params *p) {
	const struct {
		const char *key;
		json_t *value;
	} parts[] = { { "coverage", p->coverage }, { "lint", p->lint },
		{ "security", p->security }, { "tests", p->tests } };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (parts[i].value == NULL) {
			continue;
		}
		if (json_dumpb(parts[i].value, NULL, 0, JSON_COMPACT) > LIMIT_QUALITY_MAX_BYTES) {
			call_refuse(call, parts[i].key,
				"the parameter \"%s\" is longer than %d bytes", parts[i].key,
				LIMIT_QUALITY_MAX_BYTES);
			return false;
		}
		if (p->submit.build.quality == NULL) {
			p->submit.build.quality = json_object();
		}
		if (json_object_set(p->submit.build.quality, parts[i].key, parts[i].value) < 0) {
			call_fail(call, -ENOMEM, NULL);
			return false;
		}
	}
	return true;
}

static bool take_texts(struct call *call, struct submit_params *p) {
	struct report *report = &p->submit.report;

	if (!check_length(call, "errorDetails", report->details, LIMIT_DETAILS_MAX_BYTES) ||
		!check_length(call, "command", report->command, LIMIT_COMMAND_MAX_BYTES)) {
		return false;
	}
	if (submit_cut_log(&report->log, LIMIT_LOG_MAX_BYTES) < 0 ||
		submit_cut_context(&report->context, LIMIT_CONTEXT_MAX_BYTES) < 0 ||
		scan_tidy(&report->scan, LIMIT_SCAN_MAX_BYTES) < 0) {
		call_fail(call, -ENOMEM, NULL);
		return false;
	}
	return true;
}

/* Submit */

static void submit_done(struct engine_submit *submit, int status) {
	struct submit_params *p = container_of(submit, struct submit_params, submit);
	_cleanup_(call_unrefp) struct call *call = p->call;

	if (status < 0) {
		call_fail(call, status, submit->sentence);
	} else {
		reply_with(call, "ticket", ticket_to_json(&submit->answer));
	}
	engine_submit_finish(submit);
}

static bool submit_start(struct call *call, struct submit_params *p) {
	int r;

	p->submit.report.at_ms = clock_now_ms();
	p->submit.report.submitter_uid = (int64_t)call_uid(call);
	p->call = call_ref(call);
	r = engine_submit(call_engine(call), &p->submit, submit_done);
	if (r < 0) {
		call_fail(call, r, p->submit.sentence);
		call_unref(call);
	}
	return r == 0;
}

void on_submit(struct call *call, void *params) {
	struct submit_params *p = params;
	bool taken = check_names(call, p) && check_forms(call, &p->submit.report) &&
		check_numbers(call, &p->submit.report) && take_error_type(call, p) &&
		take_texts(call, p) && take_ancestors(call, p) && take_quality(call, p);

	if (!taken || !submit_start(call, p)) {
		engine_submit_finish(&p->submit);
	}
}

/* GetTicket */

static void ticket_done(struct store_req *req, int status) {
	struct store_ticket *ticket = container_of(req, struct store_ticket, req);
	struct ticket_params *p = container_of(ticket, struct ticket_params, ticket);
	_cleanup_(call_unrefp) struct call *call = p->call;

	if (status == -ENOENT) {
		call_fail(call, status, "no submission with that key is known");
	} else if (status < 0) {
		call_fail(call, status, NULL);
	} else {
		reply_with(call, "ticket", ticket_to_json(&ticket->answer));
	}
}

void on_get_ticket(struct call *call, void *params) {
	struct ticket_params *p = params;
	int r;

	if (!check_name(call, "key", p->key, sizeof(p->key), true)) {
		return;
	}
	p->call = call_ref(call);
	p->ticket.key = p->key;
	r = store_ticket(engine_store(call_engine(call)), &p->ticket, ticket_done);
	if (r < 0) {
		call_fail(call, r, NULL);
		call_unref(call);
	}
}
