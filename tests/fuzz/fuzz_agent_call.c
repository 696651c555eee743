/* What the daemon and codegend-agent say to each other, both directions: parameters into structs and back. */
#include "daemon/model/agent_call.h"
#include "tests/fuzz/fuzz.h"

union side {
	struct agent_run_call run;
	struct agent_check_call check;
	struct agent_run_answer run_answer;
	struct agent_check_answer check_answer;
};

static void there_and_back(const json_t *parameters, const struct jfield *fields, size_t n_fields) {
	union side side = { 0 }, again = { 0 };
	const char *field = NULL;

	if (jfield_decode(parameters, fields, n_fields, &side, &field) == 0) {
		json_t *call = agent_call_make(AGENT_CALL_RUN, fields, n_fields, &side);
		json_t *inner = json_object_get(call, "parameters");

		FUZZ_CHECK(call != NULL);
		FUZZ_CHECK(jfield_decode(inner, fields, n_fields, &again, &field) == 0);
		json_decref(call);
	} else {
		FUZZ_CHECK(field != NULL);
	}
	jfield_finish(fields, n_fields, &side);
	jfield_finish(fields, n_fields, &again);
}

void fuzz_one(struct fuzz in) {
	json_t *parameters = json_loadb(in.data, in.len, JSON_REJECT_DUPLICATES, NULL);

	there_and_back(parameters, agent_run_call_fields, n_agent_run_call_fields);
	there_and_back(parameters, agent_check_call_fields, n_agent_check_call_fields);
	there_and_back(parameters, agent_run_answer_fields, n_agent_run_answer_fields);
	there_and_back(parameters, agent_check_answer_fields, n_agent_check_answer_fields);
	json_decref(parameters);
}
