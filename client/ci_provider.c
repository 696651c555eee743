#include <string.h>
#include <strings.h>

#include "client/ci_table.h"
#include "common/text.h"

static bool any_holds(const char *const conditions[CI_DETECT_MAX], struct ci_files *files) {
	for (size_t i = 0; i < CI_DETECT_MAX && conditions[i] != NULL; i++) {
		if (ci_holds(conditions[i], files)) {
			return true;
		}
	}
	return false;
}

static const struct ci_provider *detect(struct ci_files *files) {
	for (size_t i = 0; i < n_ci_providers; i++) {
		if (any_holds(ci_providers[i].detect, files)) {
			return &ci_providers[i];
		}
	}
	return NULL;
}

bool ci_provider_is_known(void) {
	struct ci_files files = { .event_read = true, .properties_read = true };

	return detect(&files) != NULL;
}

static void take(const struct ci_provider *provider, enum ci_field field, struct ci_files *files,
	char *out, size_t size) {
	const struct ci_source *sources = provider->sources[field];

	for (size_t i = 0; i < CI_SOURCES_MAX && sources[i].pattern != NULL; i++) {
		char value[CLIENT_VARIABLE_MAX], shaped[CLIENT_URL_MAX];

		if (ci_holds(sources[i].when, files) &&
			ci_expand(sources[i].pattern, files, value, sizeof(value)) &&
			ci_shape(sources[i].shape, value, shaped, MIN(size, sizeof(shaped)))) {
			(void)text_copy(out, size, shaped);
			return;
		}
	}
}

/* The fork's owner alone means a fork of the same name; and the project itself is no fork. */
static void settle_fork(struct ci_env *env) {
	const char *name = strrchr(env->project, '/');
	char full[CLIENT_NAME_MAX];

	if (env->head_repository[0] != '\0' && strchr(env->head_repository, '/') == NULL) {
		(void)text_copy(env->head_repository, sizeof(env->head_repository),
			name != NULL &&
					text_format(full, sizeof(full), "%s%s",
						env->head_repository, name)
				? full
				: "");
	}
	if (strcasecmp(env->head_repository, env->project) == 0) {
		env->head_repository[0] = '\0';
	}
}

/*
 * A pull request whose branch is not known, or has the name of its target and so is from a fork that is not told, gets
 * a name of its own: what happens to it must not be taken for something about the project's own branch.
 */
static void settle_branch(const char *target, struct ci_env *env) {
	if (env->pull_request > 0 &&
		(env->branch[0] == '\0' ||
			(env->head_repository[0] == '\0' && strcmp(env->branch, target) == 0))) {
		(void)text_format(env->branch, sizeof(env->branch), "pull/%lld",
			(long long)env->pull_request);
	}
}

bool ci_provider_read(int64_t deadline_us, struct ci_env *env) {
	struct ci_files files = { .deadline_us = deadline_us };
	const struct ci_provider *provider = detect(&files);
	char target[CLIENT_NAME_MAX] = "", number[CLIENT_NUMBER_MAX] = "";
	bool elsewhere;

	if (provider == NULL) {
		return true;
	}
	env->provider = provider->name;
	take(provider, CI_FIELD_PROJECT, &files, env->project, sizeof(env->project));
	take(provider, CI_FIELD_FORK, &files, env->head_repository, sizeof(env->head_repository));
	take(provider, CI_FIELD_BRANCH, &files, env->branch, sizeof(env->branch));
	take(provider, CI_FIELD_TARGET, &files, target, sizeof(target));
	take(provider, CI_FIELD_COMMIT, &files, env->commit, sizeof(env->commit));
	take(provider, CI_FIELD_NUMBER, &files, env->build_number, sizeof(env->build_number));
	take(provider, CI_FIELD_URL, &files, env->build_url, sizeof(env->build_url));
	take(provider, CI_FIELD_JOB, &files, env->job, sizeof(env->job));
	take(provider, CI_FIELD_PULL, &files, number, sizeof(number));
	(void)!text_to_int(number, &env->pull_request);
	elsewhere = any_holds(provider->elsewhere, &files);
	env->tag = any_holds(provider->tag, &files);
	ci_files_finish(&files);
	settle_fork(env);
	settle_branch(target, env);
	return env->pull_request == 0 && !elsewhere;
}
