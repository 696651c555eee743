#include "daemon/model/redact.h"

#include <string.h>

#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/limits.h"
#include "daemon/model/scan.h"
#include "daemon/model/submit_text.h"

/*
 * Project, head repository, commit and key stay: by them reports are told apart and joined, and with other ones a
 * report would belong elsewhere. Their forms leave no room for credentials (text_is_project(), a commit's characters).
 */
static int redact_names(struct redactor *redactor, struct report *report) {
	const struct {
		char *text;
		size_t size;
	} names[] = {
		{ report->job, sizeof(report->job) },
		{ report->step, sizeof(report->step) },
		{ report->branch, sizeof(report->branch) },
		{ report->build_number, sizeof(report->build_number) },
		{ report->build_url, sizeof(report->build_url) },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && r == 0; i++) {
		r = redactor_array(redactor, names[i].text, names[i].size);
	}
	return r;
}

static void cut(char *text, size_t max_bytes) {
	if (text != NULL && strlen(text) > max_bytes) {
		text[text_cut(text, max_bytes)] = '\0';
	}
}

/* Nothing was cut before: half a secret is not recognised. */
static int make_fit(struct report *report) {
	int r = submit_cut_log(&report->log, LIMIT_LOG_MAX_BYTES);

	cut(report->details, LIMIT_DETAILS_MAX_BYTES);
	cut(report->command, LIMIT_COMMAND_MAX_BYTES);
	return r < 0 ? r : scan_tidy(&report->scan, LIMIT_SCAN_MAX_BYTES);
}

static int redact_report(struct redactor *redactor, struct report *report) {
	char **const texts[] = { &report->details, &report->command, &report->log };
	int r = redact_names(redactor, report);

	for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++) {
		r = redactor_text(redactor, texts[i]);
	}
	r = r < 0 ? r : redactor_json(redactor, report->scan);
	return r < 0 ? r : redactor_json(redactor, report->context);
}

int report_redact(struct report *report, json_t *quality) {
	_cleanup_(redactor_destroyp) struct redactor *redactor = NULL;
	int r = redactor_create(&redactor);

	if (r < 0) {
		return r;
	}
	redactor_limit(redactor, LIMIT_REDACT_CPU_US);
	r = redact_report(redactor, report);
	r = r < 0 ? r : redactor_json(redactor, quality);
	return r < 0 ? r : make_fit(report);
}

int task_redact(struct task *task) {
	int r = redact_text(&task->instructions, NULL);

	cut(task->instructions, LIMIT_INSTRUCTIONS_MAX_BYTES);
	if (r == 0) {
		r = redact_array(task->reason, sizeof(task->reason), NULL);
	}
	return r < 0 ? r : redact_json(task->result, NULL);
}
