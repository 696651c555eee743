#include "daemon/model/redact.h"

#include <string.h>

#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/limits.h"
#include "daemon/model/scan.h"
#include "daemon/model/submit_text.h"

/*
 * Project, head repository, commit and key stay: by them reports are told apart and joined, and with other ones a report
 * would belong elsewhere. Their forms leave no room for credentials (text_is_project(), a commit's characters).
 */
static int redact_names(struct report *report) {
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
		r = redact_array(names[i].text, names[i].size, NULL);
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

int report_redact(struct report *report) {
	char **const texts[] = { &report->details, &report->command, &report->log };
	int r = redact_names(report);

	for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++) {
		r = redact_text(texts[i], NULL);
	}
	if (r == 0) {
		r = redact_json(report->context, NULL);
	}
	r = r < 0 ? r : redact_json(report->scan, NULL);
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
