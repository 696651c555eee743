/* A configuration file: it is taken, or every mistake has a sentence; what is taken can be shown and asked. */
#include <sys/mman.h>
#include <unistd.h>

#include "common/text.h"
#include "daemon/config.h"
#include "tests/fuzz/fuzz.h"

static void ask(const struct config *config) {
	static const char *const projects[] = { "acme/web", "x", "ACME/Web", "" };
	json_t *shown = config_to_json(config);
	json_t *origins = config_origins_to_json(config);

	FUZZ_CHECK(json_is_object(shown) && json_is_object(origins));
	json_decref(shown);
	json_decref(origins);
	for (size_t i = 0; i < ARRAY_SIZE(projects); i++) {
		struct policy policy;
		struct config_checks *checks = NULL;
		char project[LIMIT_NAME_MAX];

		TEXT_SET(project, projects[i]);
		config_spell_project(config, project);
		if (config_policy(config, project, &policy) == 0) {
			FUZZ_CHECK(config_copy_checks(config, project, &checks) == 0);
			config_checks_destroy(checks);
		}
		(void)config_find_submitters(config, project);
		(void)config_find_agent_of_branch(config, project, "codegen/fix-1");
	}
}

void fuzz_one(struct fuzz in) {
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct config *config = NULL;
	struct config_errors errors;
	char path[64];

	FUZZ_CHECK(fd >= 0 && write(fd, in.data, in.len) == (ssize_t)in.len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (config_load(path, true, &config, &errors) == 0) {
		FUZZ_CHECK(errors.n_lines == 0);
		ask(config);
		config_destroy(config);
	} else {
		FUZZ_CHECK(errors.n_lines > 0);
	}
	for (size_t i = 0; i < errors.n_lines; i++) {
		FUZZ_CHECK(errors.lines[i][0] != '\0');
		FUZZ_CHECK(text_is_utf8(errors.lines[i], strlen(errors.lines[i])));
	}
	config_errors_finish(&errors);
	close(fd);
}
