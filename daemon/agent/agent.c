#include "daemon/agent/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/agent/command.h"
#include "daemon/agent/internal.h"
#include "daemon/agent/leftover.h"

static const struct agent_type types[] = {
	{ "codegen", codegen_start, codegen_stop, codegen_recorded },
	{ "command", command_start, command_stop, NULL },
};

static const struct agent_type *find_type(const char *name) {
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].name, name) == 0) {
			return &types[i];
		}
	}
	return NULL;
}

int agent_start(uv_loop_t *loop, const struct agent_start *start,
	void (*ended)(void *user, const struct agent_outcome *outcome), void *user,
	struct agent_run **ret_run, char *ret_sentence) {
	const struct agent_type *type = find_type(start->agent->type);
	struct agent_run *run;
	int r;

	if (!type) {
		text_format(ret_sentence, LIMIT_SENTENCE_MAX,
			"Agent \"%s\" could not be started: it is of type \"%s\", which only a forge "
			"can ask.",
			start->agent->name, start->agent->type);
		return -EOPNOTSUPP;
	}
	r = type->start(loop, start, &run, ret_sentence);
	if (r < 0) {
		return r;
	}
	run->type = type;
	run->ended = ended;
	run->user = user;
	*ret_run = run;
	return 0;
}

void agent_stop(struct agent_run *run, bool leave) {
	run->type->stop(run, leave);
}

void agent_recorded(struct agent_run *run, int status) {
	if (run->type->recorded) {
		run->type->recorded(run, status);
	}
}

int agent_find_directory(const char *state_dir, char **ret_path) {
	_cleanup_(freep) char *absolute = realpath(state_dir, NULL);
	char *path;

	if (!absolute) {
		return -errno;
	}
	if (asprintf(&path, "%s/agent", absolute) < 0) {
		return -ENOMEM;
	}
	*ret_path = path;
	return 0;
}

void agent_sweep(const char *state_dir) {
	_cleanup_(freep) char *directory = NULL;
	_cleanup_(freep) char *marker = NULL;
	int r = agent_find_directory(state_dir, &directory);

	if (r == 0 && asprintf(&marker, COMMAND_REPORT_VARIABLE "=%s/", directory) < 0) {
		marker = NULL;
		r = -ENOMEM;
	}
	if (r == 0) {
		leftover_kill(marker);
		r = fd_remove_tree(directory);
	}
	if (r < 0) {
		log_warning("What earlier runs left in \"%s\" cannot be removed: %s, ignoring.",
			state_dir, log_errno(r));
	}
}
