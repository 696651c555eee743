/* What became of each cycle, from the incident's tasks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/forge/github_publish.h"

#define AGENT_LANE "agent/"
/* Reasons of a verdict that its line tells. */
#define REASONS_TOLD 3

static int put_verdict(struct buffer *out, const struct verdict *verdict) {
	size_t n = MIN(verdict->n_reasons, REASONS_TOLD);
	int r = buffer_append_str(out, verdict_outcome_words[verdict->outcome]);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = buffer_appendf(out, "%s %s", i == 0 ? ":" : "",
			github_reason_message(&verdict->reasons[i]));
	}
	if (r == 0 && n < verdict->n_reasons) {
		r = buffer_appendf(out, " And %zu more.", verdict->n_reasons - n);
	}
	return r < 0 || n > 0 ? r : buffer_append_str(out, ".");
}

/* "not ready: Check lint failed. And 2 more."; the caller's. NULL: memory. */
static char *describe(const struct verdict *verdict) {
	_cleanup_(buffer_finish) struct buffer out;

	buffer_init(&out, LIMIT_GITHUB_HISTORY_MAX_BYTES);
	return put_verdict(&out, verdict) == 0 ? buffer_steal(&out) : NULL;
}

static struct github_attempt *last_of_cycle(struct github_history *history, int64_t cycle) {
	for (size_t i = history->n_attempts; i > 0; i--) {
		if (history->attempts[i - 1].cycle == cycle) {
			return &history->attempts[i - 1];
		}
	}
	return NULL;
}

static struct github_attempt *add(struct github_history *history, int64_t cycle) {
	struct github_attempt *attempt = &history->attempts[history->n_attempts++];

	*attempt = (struct github_attempt){ .cycle = cycle };
	return attempt;
}

static int64_t result_int(const struct task *task, const char *name, int64_t otherwise) {
	const json_t *value = json_object_get(task->result, name);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static const char *result_text(const struct task *task, const char *name) {
	const char *text = json_string_value(json_object_get(task->result, name));

	return text != NULL ? text : "";
}

/* What came of it, by what is recorded of it beside the sentence for operators. */
static void take_turn(struct github_attempt *attempt, const struct task *task) {
	const char *type = result_text(task, "type");
	int64_t code = result_int(task, "exitCode", -1), number = result_int(task, "signal", 0);

	attempt->url = "";
	if (task->status == TASK_SCHEDULED || task->status == TASK_EXECUTING) {
		attempt->turn = GITHUB_TURN_WORKS;
	} else if (strcmp(type, "mention") == 0 || strcmp(type, "codegen") == 0) {
		attempt->turn = strcmp(type, "mention") == 0 ? GITHUB_TURN_ASKED : GITHUB_TURN_RAN;
		attempt->url = result_text(task, "url");
	} else if (strcmp(result_text(task, "end"), "not_started") == 0) {
		attempt->turn = GITHUB_TURN_NOT_STARTED;
	} else if (code >= 0 || number > 0) {
		attempt->turn = number > 0 ? GITHUB_TURN_KILLED : GITHUB_TURN_EXITED;
		attempt->number = number > 0 ? number : code;
	} else {
		attempt->turn = task->status == TASK_FAILED ? GITHUB_TURN_NOT_STARTED
			: task->status == TASK_CANCELLED    ? GITHUB_TURN_STOPPED
							    : GITHUB_TURN_UNKNOWN;
	}
}

static void take_trigger(struct github_history *history, const struct task *task) {
	struct github_attempt *attempt;

	if (task->started_ms == 0) {
		return;
	}
	attempt = add(history, task->cycle);
	attempt->triggered_ms = task->started_ms;
	attempt->agent = strncmp(task->lane, AGENT_LANE, strlen(AGENT_LANE)) == 0
		? task->lane + strlen(AGENT_LANE)
		: task->lane;
	take_turn(attempt, task);
}

/* It speaks of the last agent of its cycle. */
static int take_check(struct github_history *history, const struct task *task) {
	struct github_attempt *attempt = last_of_cycle(history, task->cycle);
	struct verdict verdict;
	char *text;

	if (task->result == NULL || verdict_from_json(task->result, &verdict) < 0) {
		return 0;
	}
	text = describe(&verdict);
	if (text == NULL) {
		return -ENOMEM;
	}
	history->texts[history->n_texts++] = text;
	attempt = attempt != NULL ? attempt : add(history, task->cycle);
	attempt->checked_ms = verdict.checked_at_ms;
	attempt->verdict = text;
	return 0;
}

int github_history_read(const struct task *tasks, size_t n, struct github_history *ret_history) {
	struct github_history history = { .attempts = calloc(n + 1, sizeof(*history.attempts)),
		.texts = calloc(n + 1, sizeof(*history.texts)) };
	int r = history.attempts == NULL || history.texts == NULL ? -ENOMEM : 0;

	/* First who was asked: a check of a cycle may have been made before its trigger. */
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (tasks[i].type == TASK_TRIGGER_AGENT) {
			take_trigger(&history, &tasks[i]);
		}
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (tasks[i].type == TASK_PR_READINESS_CHECK) {
			r = take_check(&history, &tasks[i]);
		}
	}
	if (r < 0) {
		github_history_finish(&history);
		return r;
	}
	*ret_history = history;
	return 0;
}

void github_history_finish(struct github_history *history) {
	for (size_t i = 0; i < history->n_texts; i++) {
		free(history->texts[i]);
	}
	free(history->texts);
	free(history->attempts);
	*history = (struct github_history){ 0 };
}

int64_t github_history_ready_ms(const struct task *tasks, size_t n) {
	int64_t ready_ms = 0;

	for (size_t i = 0; i < n; i++) {
		struct verdict verdict;

		if (tasks[i].type == TASK_PR_READINESS_CHECK && tasks[i].result != NULL &&
			verdict_from_json(tasks[i].result, &verdict) == 0 &&
			(verdict.outcome == VERDICT_READY || verdict.outcome == VERDICT_MERGED)) {
			ready_ms = MAX(ready_ms, verdict.checked_at_ms);
		}
	}
	return ready_ms;
}
