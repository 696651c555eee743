/* A program that codegend-agent runs: as another user, under limits of its own. */
#include "daemon/agent/command.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/agent/remote.h"
#include "daemon/model/agent_call.h"

static json_t *strings(const char *const *from) {
	json_t *array = json_array();

	for (; array && *from; from++) {
		if (json_array_append_new(array, json_string(*from)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *run_call(const struct command_brief *brief) {
	const struct config_agent *agent = brief->start->agent;
	_cleanup_(command_environment_finish) struct command_environment env = { 0 };
	struct agent_run_call call = {
		.workdir = agent->workdir,
		.prompt = (char *)brief->prompt, /* only read, as the next */
		.report = brief->report,
		.output_bytes = LIMIT_AGENT_OUTPUT_BYTES,
		.timeout_ms = agent->timeout_ms,
		.kill_after_ms = LIMIT_AGENT_KILL_MS,
	};
	json_t *message = NULL;

	command_environment_facts(&env, brief->start, NULL);
	call.command = strings((const char *const *)agent->command);
	call.environment = env.status == 0 ? strings((const char *const *)env.entries) : NULL;
	if (call.command && call.environment) {
		message = agent_call_make(
			AGENT_CALL_RUN, agent_run_call_fields, n_agent_run_call_fields, &call);
	}
	json_decref(call.command);
	json_decref(call.environment);
	return message;
}

/* From here on it may have begun, and is never begun again. The far side keeps the time; we look whether it does. */
static void begins(void *user) {
	struct command_run *run = user;

	if (run->begun) {
		return; /* saying it again wins no time */
	}
	run->begun = true;
	if (run->recalled) {
		return; /* it is not given the time of a run any more */
	}
	remote_await(run->remote, run->timeout_ms + LIMIT_AGENT_STOP_MS + LIMIT_AGENT_ANSWER_MS);
}

/* What the far side says is looked at as closely as what its program says. */
static bool is_sound(const struct agent_run_answer *answer) {
	bool exited = answer->end == PROCESS_EXITED;

	return answer->code >= 0 && answer->code < (exited ? 256 : NSIG) &&
		answer->output_dropped >= 0 && strlen(answer->output) <= LIMIT_AGENT_OUTPUT_BYTES;
}

static void tell_end(struct command_run *run, const json_t *parameters) {
	struct agent_run_answer answer = { 0 };
	_cleanup_(freep) char *output = NULL;
	const char *field;
	int r = jfield_decode(
		parameters, agent_run_answer_fields, n_agent_run_answer_fields, &answer, &field);

	if (r == 0 && is_sound(&answer)) {
		output = text_clean(answer.output, strlen(answer.output));
	}
	jfield_finish(agent_run_answer_fields, n_agent_run_answer_fields, &answer);
	if (!output) {
		command_lost(run, "codegend-agent gave an answer that is not understood");
		return;
	}
	command_ended(run,
		&(struct process_outcome){ .end = (enum process_end)answer.end,
			.code = (int)answer.code,
			.output = output,
			.n_dropped = (size_t)answer.output_dropped });
}

/* It refused: nothing ran. */
static void tell_refusal(struct command_run *run, const struct remote_answer *answer) {
	const char *message = json_string_value(json_object_get(answer->parameters, "message"));
	bool is_unusable = strcmp(answer->error, AGENT_CALL_UNUSABLE) == 0;
	_cleanup_(freep) char *clean = message ? text_clean(message, strlen(message)) : NULL;
	char why[LIMIT_REASON_MAX];

	if ((is_unusable || strcmp(answer->error, AGENT_CALL_NOT_STARTED) == 0) && clean) {
		TEXT_SET(why, clean);
	} else {
		text_format(why, sizeof(why), "codegend-agent answered %.100s", answer->error);
	}
	command_not_started(run, is_unusable ? AGENT_UNUSABLE : AGENT_NOT_STARTED, why);
}

/* Whoever hangs up before it said that it begins has begun nothing. */
static bool is_certain(const struct command_run *run, int status) {
	return !run->begun && status != -ETIMEDOUT && status != -EPROTO;
}

/* The socket is stopped, or not there yet: no attempt is used up by that. */
static bool is_not_listening(int status) {
	return status == -ENOENT || status == -ECONNREFUSED;
}

static void answered(void *user, const struct remote_answer *answer) {
	struct command_run *run = user;
	char why[LIMIT_REASON_MAX];

	if (answer->status == 0 && answer->error) {
		tell_refusal(run, answer);
		return;
	}
	if (answer->status == 0) {
		tell_end(run, answer->parameters);
		return;
	}
	text_format(why, sizeof(why), "codegend-agent %s: %s",
		is_certain(run, answer->status) ? "cannot be asked" : "does not answer any more",
		answer->status == -ECONNRESET ? "it hung up" : log_errno(answer->status));
	if (is_certain(run, answer->status) && is_not_listening(answer->status)) {
		command_not_now(run, why);
	} else if (is_certain(run, answer->status)) {
		command_not_started(run, AGENT_NOT_STARTED, why);
	} else {
		command_lost(run, why);
	}
}

int command_send(uv_loop_t *loop, const struct command_brief *brief, struct command_run *run,
	char why[LIMIT_REASON_MAX]) {
	static const struct remote_events events = { begins, answered };
	json_t *call = run_call(brief);
	int r = call ? remote_call(loop, brief->start->agent_socket, call, LIMIT_AGENT_ANSWER_MS,
			       &events, run, &run->remote)
		     : -ENOMEM;

	json_decref(call);
	if (r < 0) {
		text_format(
			why, LIMIT_REASON_MAX, "codegend-agent cannot be asked: %s", log_errno(r));
	}
	return r;
}

void command_recall(struct command_run *run) {
	int r = remote_tell(run->remote, AGENT_CALL_STOP);

	run->recalled = true;
	if (r == 0) {
		remote_await(run->remote, LIMIT_AGENT_STOP_MS);
	} else {
		remote_give_up(run->remote, r == -ENOTCONN ? -ECANCELED : -ETIMEDOUT);
	}
}
