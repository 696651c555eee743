#include <pwd.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/program.h"
#include "daemon/runner/runner_internal.h"

static void look_at_workdir(const char *workdir, struct agent_check_answer *answer) {
	TEXT_SET(answer->workdir, program_workdir_problem(workdir));
	if (answer->workdir[0] == '\0') {
		TEXT_SET(answer->writing, program_writing_problem(workdir));
	}
}

void runner_check(struct runner *runner, const json_t *parameters) {
	struct agent_check_call call = { 0 };
	struct agent_check_answer answer = { 0 };
	const struct passwd *user = getpwuid(geteuid());
	const char *field;
	json_t *found = json_object();
	int r = jfield_decode(
		parameters, agent_check_call_fields, n_agent_check_call_fields, &call, &field);

	if (r < 0) {
		json_decref(found);
		runner_refuse(runner, PROTOCOL_INVALID_PARAMETER, "parameter", field);
	} else {
		TEXT_SET(answer.user, user != NULL ? user->pw_name : "");
		TEXT_SET(answer.program, program_problem(call.program));
		if (call.workdir != NULL) {
			look_at_workdir(call.workdir, &answer);
		}
		if (jfield_encode(found, agent_check_answer_fields, n_agent_check_answer_fields,
			    &answer) < 0) {
			json_decref(TAKE_PTR(found));
		}
		runner_answer(runner, json_pack("{s:o}", "parameters", found));
	}
	jfield_finish(agent_check_call_fields, n_agent_check_call_fields, &call);
}
