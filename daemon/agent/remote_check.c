#include <errno.h>
#include <string.h>

#include "common/text.h"
#include "daemon/agent/agent.h"
#include "daemon/agent/remote.h"
#include "daemon/model/agent_call.h"

static void take(char *out, size_t size, const char *foreign) {
	_cleanup_(freep) char *clean = text_clean(foreign, strlen(foreign));

	(void)text_copy(out, size, clean);
}

static void answered(void *user, const struct remote_answer *answer) {
	struct agent_inquiry *inquiry = user;
	struct agent_check_answer found = { 0 };
	const char *field;
	int status = answer->status;

	if (status == 0 && answer->error == NULL) {
		status = jfield_decode(answer->parameters, agent_check_answer_fields,
			n_agent_check_answer_fields, &found, &field);
	} else if (status == 0) {
		status = -EPROTO;
	}
	take(inquiry->user, sizeof(inquiry->user), found.user);
	take(inquiry->program, sizeof(inquiry->program), found.program);
	take(inquiry->workdir, sizeof(inquiry->workdir), found.workdir);
	take(inquiry->writing, sizeof(inquiry->writing), found.writing);
	inquiry->done(inquiry, status);
}

int agent_inquire(uv_loop_t *loop, const char *socket, const struct config_agent *agent,
	struct agent_inquiry *inquiry, void (*done)(struct agent_inquiry *inquiry, int status)) {
	static const struct remote_events events = { NULL, answered };
	const struct agent_check_call call = { agent->command[0], agent->workdir };
	json_t *message = agent_call_make(
		AGENT_CALL_CHECK, agent_check_call_fields, n_agent_check_call_fields, &call);
	int r = -ENOMEM;

	inquiry->done = done;
	if (message != NULL) {
		r = remote_call(
			loop, socket, message, LIMIT_DOCTOR_MS, &events, inquiry, &inquiry->remote);
	}
	json_decref(message);
	return r;
}
