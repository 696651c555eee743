#include "daemon/model/agent_call.h"

const char *const agent_end_names[] = { "exited", "signaled", "timed_out", "stopped",
	"unit_stopped", NULL };

/* clang-format off */
const struct jfield agent_run_call_fields[] = {
	JFIELD("command",     JFIELD_JSON,   struct agent_run_call, command,       JFIELD_REQUIRED),
	JFIELD("environment", JFIELD_JSON,   struct agent_run_call, environment,   JFIELD_REQUIRED),
	JFIELD("workdir",     JFIELD_STRING, struct agent_run_call, workdir,       JFIELD_OPTIONAL),
	JFIELD("prompt",      JFIELD_STRING, struct agent_run_call, prompt,        JFIELD_REQUIRED),
	JFIELD("report",      JFIELD_OBJECT, struct agent_run_call, report,        JFIELD_REQUIRED),
	JFIELD("outputBytes", JFIELD_INT,    struct agent_run_call, output_bytes,  JFIELD_REQUIRED),
	JFIELD("timeoutMs",   JFIELD_INT,    struct agent_run_call, timeout_ms,    JFIELD_REQUIRED),
	JFIELD("killAfterMs", JFIELD_INT,    struct agent_run_call, kill_after_ms, JFIELD_REQUIRED),
};

const struct jfield agent_check_call_fields[] = {
	JFIELD("program", JFIELD_STRING, struct agent_check_call, program, JFIELD_REQUIRED),
	JFIELD("workdir", JFIELD_STRING, struct agent_check_call, workdir, JFIELD_OPTIONAL),
};

const struct jfield agent_run_answer_fields[] = {
	JFIELD_NAMED("end",     struct agent_run_answer, end,            JFIELD_REQUIRED, agent_end_names),
	JFIELD("code",          JFIELD_INT,    struct agent_run_answer, code,           JFIELD_REQUIRED),
	JFIELD("output",        JFIELD_STRING, struct agent_run_answer, output,         JFIELD_REQUIRED),
	JFIELD("outputDropped", JFIELD_INT,    struct agent_run_answer, output_dropped, JFIELD_REQUIRED),
};

const struct jfield agent_check_answer_fields[] = {
	JFIELD("user",    JFIELD_TEXT, struct agent_check_answer, user,    JFIELD_OPTIONAL),
	JFIELD("program", JFIELD_TEXT, struct agent_check_answer, program, JFIELD_OPTIONAL),
	JFIELD("workdir", JFIELD_TEXT, struct agent_check_answer, workdir, JFIELD_OPTIONAL),
	JFIELD("writing", JFIELD_TEXT, struct agent_check_answer, writing, JFIELD_OPTIONAL),
};
/* clang-format on */

const size_t n_agent_run_call_fields = ARRAY_SIZE(agent_run_call_fields);
const size_t n_agent_check_call_fields = ARRAY_SIZE(agent_check_call_fields);
const size_t n_agent_run_answer_fields = ARRAY_SIZE(agent_run_answer_fields);
const size_t n_agent_check_answer_fields = ARRAY_SIZE(agent_check_answer_fields);

json_t *agent_call_make(
	const char *method, const struct jfield *fields, size_t n_fields, const void *parameters) {
	json_t *object = json_object();

	if (object != NULL && jfield_encode(object, fields, n_fields, parameters) == 0) {
		return json_pack("{s:s, s:o}", "method", method, "parameters", object);
	}
	json_decref(object);
	return NULL;
}
