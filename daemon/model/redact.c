#include "daemon/model/redact.h"

#include "common/redact/redact.h"

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

int report_redact(struct report *report) {
	char **const texts[] = { &report->details, &report->command, &report->log };
	int r = redact_names(report);

	for (size_t i = 0; i < ARRAY_SIZE(texts) && r == 0; i++) {
		r = redact_text(texts[i], NULL);
	}
	if (r == 0) {
		r = redact_json(report->context, NULL);
	}
	return r < 0 ? r : redact_json(report->scan, NULL);
}

int task_redact(struct task *task) {
	int r = redact_text(&task->instructions, NULL);

	if (r == 0) {
		r = redact_array(task->reason, sizeof(task->reason), NULL);
	}
	return r < 0 ? r : redact_json(task->result, NULL);
}
