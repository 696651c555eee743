#include "client/ci_env.h"

#include <errno.h>
#include <string.h>

#include "client/ci_source.h"
#include "common/text.h"

/* C:\web or C:/web, where C is no host. */
static bool is_drive(const char *path) {
	return path[0] != '\0' && path[1] == ':' && (path[2] == '/' || path[2] == '\\');
}

/* What Azure puts into a path beside the names: "/_git/" over HTTPS, a leading "v3/" over SSH. */
static const char *skip_version(const char *host, const char *path) {
	static const char *const hosts[] = { "ssh.dev.azure.com:", "vs-ssh.visualstudio.com:" };

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		if (strncmp(host, hosts[i], strlen(hosts[i])) == 0 && strncmp(path, "v3/", 3) == 0) {
			return path + 3;
		}
	}
	return path;
}

static void drop_git_part(char *project) {
	static const char part[] = "_git/";
	char *found = strstr(project, part);

	if (found != NULL && (found == project || found[-1] == '/')) {
		memmove(found, found + strlen(part), strlen(found + strlen(part)) + 1);
	}
}

int ci_project_from_url(const char *url, char *out, size_t size) {
	const char *scheme = strstr(url, "://"), *path, *host, *at, *colon;
	size_t len;

	if (strncmp(url, "file:", 5) == 0) {
		return -EINVAL;
	}
	path = scheme != NULL ? scheme + 3 : url;
	/* The last "@": a password may hold one, or even a slash, and must not become part of a name. */
	at = strrchr(path, '@');
	path = host = at != NULL ? at + 1 : path;
	if (scheme == NULL && is_drive(path)) {
		return -EINVAL;
	}
	colon = strchr(path, ':');
	if (scheme == NULL && (colon == NULL || memchr(path, '/', (size_t)(colon - path)) != NULL)) {
		return -EINVAL;
	}
	path = scheme != NULL ? strchr(path, '/') : colon + 1;
	if (path == NULL || strchr(path, '\\') != NULL) {
		return -EINVAL;
	}
	path = skip_version(host, path + strspn(path, "/"));
	len = strcspn(path, "?#");
	while (len > 0 && path[len - 1] == '/') {
		len--;
	}
	if (len > 4 && memcmp(path + len - 4, ".git", 4) == 0) {
		len -= 4;
	}
	if (len == 0) {
		return -EINVAL;
	}
	if (len >= size) {
		return -ENAMETOOLONG;
	}
	memcpy(out, path, len);
	out[len] = '\0';
	drop_git_part(out);
	return 0;
}

int ci_project_clean(const char *given, char *out, size_t size) {
	if (strstr(given, "://") != NULL || strchr(given, '@') != NULL) {
		return ci_project_from_url(given, out, size);
	}
	return text_copy(out, size, given) ? 0 : -ENAMETOOLONG;
}

/* What was found beside what was asked for. */
static void forget(int wanted, struct ci_env *env) {
	if ((wanted & CI_PROJECT) == 0) {
		env->project[0] = '\0';
	}
	if ((wanted & CI_BRANCH) == 0) {
		env->branch[0] = '\0';
	}
	if ((wanted & CI_COMMIT) == 0) {
		env->commit[0] = '\0';
	}
	if ((wanted & CI_BUILD) == 0) {
		env->provider = NULL;
		env->head_repository[0] = env->build_number[0] = env->build_url[0] = '\0';
		env->job[0] = '\0';
		env->pull_request = 0;
	}
}

void ci_env_collect(int wanted, const char *commit, int64_t deadline_us, struct ci_env *ret_env) {
	int missing = wanted & ~CI_BUILD;
	const char *of;
	bool is_head;

	*ret_env = (struct ci_env){ 0 };
	is_head = ci_provider_read(deadline_us, ret_env);
	if (ret_env->project[0] != '\0') {
		missing &= ~CI_PROJECT;
	}
	if (!is_head || ret_env->tag || ret_env->branch[0] != '\0') {
		missing &= ~CI_BRANCH;
	}
	if (!is_head || ret_env->commit[0] != '\0') {
		missing &= ~CI_COMMIT;
	}
	of = commit != NULL		     ? commit
		: ret_env->commit[0] != '\0' ? ret_env->commit
		: is_head		     ? "HEAD"
					     : NULL;
	if (of == NULL) {
		missing &= ~CI_ANCESTORS;
	}
	ci_git_read(missing, of, deadline_us, ret_env);
	forget(wanted, ret_env);
}
