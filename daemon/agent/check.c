/* Whether an agent could be started at all. */
#include <errno.h>

#include "common/text.h"
#include "daemon/agent/agent.h"
#include "daemon/credential.h"
#include "daemon/program.h"

static int check_program(const char *program, char ret_sentence[LIMIT_SENTENCE_MAX]) {
	const char *problem = program_problem(program);

	if (problem[0] == '\0') {
		return 0;
	}
	text_format(ret_sentence, LIMIT_SENTENCE_MAX, "Its program \"%s\" cannot be executed: %s.",
		program, problem);
	return -EACCES;
}

static int check_workdir(const char *workdir, char ret_sentence[LIMIT_SENTENCE_MAX]) {
	const char *problem = program_workdir_problem(workdir);

	if (problem[0] == '\0') {
		return 0;
	}
	text_format(ret_sentence, LIMIT_SENTENCE_MAX, "Its workdir \"%s\" cannot be entered: %s.",
		workdir, problem);
	return -EACCES;
}

int agent_check(const struct config_agent *agent, char ret_sentence[LIMIT_SENTENCE_MAX]) {
	const char *sources[CONFIG_SOURCES_MAX], *source;
	int r = 0;

	if (text_equal(agent->type, "command")) {
		r = check_program(agent->command[0], ret_sentence);
		if (r == 0 && agent->workdir != NULL) {
			r = check_workdir(agent->workdir, ret_sentence);
		}
	} else if (text_equal(agent->type, "codegen")) {
		config_agent_sources(agent, sources);
		r = credential_find(sources, false, &source, ret_sentence);
	}
	return r;
}
