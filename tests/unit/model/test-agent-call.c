/* What one side writes is what the other side reads. */
#include "daemon/model/agent_call.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_run(void **state) {
	struct agent_run_call call = { .command = json_pack("[s, s]", "/bin/fix", "--fast"),
		.environment = json_pack("[s]", "CODEGEN_BRANCH=fix"),
		.prompt = "do it",
		.report = json_pack("{s:s}", "id", "report-1"),
		.output_bytes = 65536,
		.timeout_ms = 60000,
		.kill_after_ms = 5000 };
	struct agent_run_call read = { 0 };
	const char *field = NULL;
	json_t *message = agent_call_make(
		AGENT_CALL_RUN, agent_run_call_fields, n_agent_run_call_fields, &call);

	assert_string_equal(
		json_string_value(json_object_get(message, "method")), "io.codegend.agent.Run");
	assert_int_equal(jfield_decode(json_object_get(message, "parameters"),
				 agent_run_call_fields, n_agent_run_call_fields, &read, &field),
		0);
	assert_true(json_equal(read.command, call.command));
	assert_true(json_equal(read.environment, call.environment));
	assert_true(json_equal(read.report, call.report));
	assert_string_equal(read.prompt, call.prompt);
	assert_null(read.workdir);
	assert_int_equal(read.output_bytes, call.output_bytes);
	assert_int_equal(read.timeout_ms, call.timeout_ms);
	assert_int_equal(read.kill_after_ms, call.kill_after_ms);
	jfield_finish(agent_run_call_fields, n_agent_run_call_fields, &read);
	json_decref(message);
	call.prompt = "\xff";
	assert_null(agent_call_make(
		AGENT_CALL_RUN, agent_run_call_fields, n_agent_run_call_fields, &call));
	json_decref(call.command);
	json_decref(call.environment);
	json_decref(call.report);
}

static void test_what_is_no_answer(void **state) {
	static const struct {
		const char *text;
		const char *field; /* NULL: it is one */
	} rows[] = {
		{ "{\"end\":\"exited\",\"code\":0,\"output\":\"\",\"outputDropped\":0,\"new\":1}",
			NULL },
		{ "{\"end\":\"vanished\",\"code\":0,\"output\":\"\",\"outputDropped\":0}", "end" },
		{ "{\"end\":\"exited\",\"code\":\"0\",\"output\":\"\",\"outputDropped\":0}", "code" },
		{ "{\"end\":\"exited\",\"code\":0,\"outputDropped\":0}", "output" },
		{ "{\"end\":\"exited\",\"code\":0,\"output\":\"\",\"outputDropped\":0.5}",
			"outputDropped" },
		{ "{}", "end" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct agent_run_answer answer = { 0 };
		const char *field = NULL;
		json_t *object = json_loads(rows[i].text, 0, NULL);
		int r = jfield_decode(object, agent_run_answer_fields, n_agent_run_answer_fields,
			&answer, &field);

		assert_int_equal(r, rows[i].field != NULL ? -EINVAL : 0);
		if (rows[i].field != NULL) {
			assert_string_equal(field, rows[i].field);
		}
		jfield_finish(agent_run_answer_fields, n_agent_run_answer_fields, &answer);
		json_decref(object);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_what_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
