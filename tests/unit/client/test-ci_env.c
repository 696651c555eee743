#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/ci_env.h"
#include "common/clock.h"
#include "common/fd.h"

static void test_project_from_url(void **state) {
	static const struct row {
		const char *url;
		const char *project; /* NULL: not one */
	} table[] = {
		{ "https://github.com/acme/web.git", "acme/web" },
		{ "https://github.com/acme/web", "acme/web" },
		{ "https://github.com/acme/web/", "acme/web" },
		{ "https://github.com/acme/web.git/", "acme/web" },
		{ "https://user@github.com/acme/web.git", "acme/web" },
		{ "https://user:ghp_secret@github.com/acme/web.git", "acme/web" },
		{ "https://x-access-token:a/b@c@github.com/acme/web.git", "acme/web" },
		{ "https://github.com/acme/web.git?token=secret", "acme/web" },
		{ "https://gitlab.example:8443/group/sub/web.git", "group/sub/web" },
		{ "ssh://git@github.com/acme/web.git", "acme/web" },
		{ "ssh://git@github.com:2222/acme/web.git", "acme/web" },
		{ "git://github.com/acme/web", "acme/web" },
		{ "git@github.com:acme/web.git", "acme/web" },
		{ "git@github.com:/acme/web.git", "acme/web" },
		{ "github.com:acme/web", "acme/web" },
		{ "git@github.com:acme/a.github.io.git", "acme/a.github.io" },
		{ "https://acme@dev.azure.com/acme/shop/_git/web", "acme/shop/web" },
		{ "https://acme.visualstudio.com/shop/_git/web", "shop/web" },
		{ "git@ssh.dev.azure.com:v3/acme/shop/web", "acme/shop/web" },
		{ "https://github.com/v3/web_git/web", "v3/web_git/web" },
		{ "/srv/git/web.git", NULL },
		{ "C:\\x\\web", NULL },
		{ "C:/x/web", NULL },
		{ "host:\\x\\web", NULL },
		{ "../web", NULL },
		{ "./a:b/c", NULL },
		{ "file:///srv/git/web.git", NULL },
		{ "https://github.com", NULL },
		{ "https://github.com/", NULL },
		{ "git@github.com:", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char project[64] = "";
		int r = ci_project_from_url(table[i].url, project, sizeof(project));

		assert_int_equal(r, table[i].project != NULL ? 0 : -EINVAL);
		assert_string_equal(project, table[i].project != NULL ? table[i].project : "");
	}
}

static void test_long_project(void **state) {
	char project[8] = "";

	assert_int_equal(
		ci_project_from_url("https://h/acme/web", project, sizeof(project)), -ENAMETOOLONG);
	assert_string_equal(project, "");
}

static void git(const char *first, ...) {
	const char *argv[16] = { "git", "-c", "user.name=t", "-c", "user.email=t@example.org", first };
	size_t n = 6;
	va_list ap;
	pid_t pid;
	int status;

	va_start(ap, first);
	while (n < 15 && (argv[n] = va_arg(ap, const char *)) != NULL) {
		n++;
	}
	va_end(ap);
	assert_int_equal(posix_spawnp(&pid, "git", NULL, NULL, (char **)argv, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static char directory[64];

/* Tests may run in a CI system themselves. */
static void forget_environment(void) {
	char path[4096];

	snprintf(path, sizeof(path), "%s", getenv("PATH"));
	assert_int_equal(clearenv(), 0);
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(setenv("HOME", "/nonexistent", 1), 0);
}

static int enter_directory(void **state) {
	forget_environment();
	snprintf(directory, sizeof(directory), "%s/ci-env-XXXXXX", "/tmp");
	return mkdtemp(directory) == NULL || chdir(directory) < 0 ? -1 : 0;
}

static int leave_directory(void **state) {
	return chdir("/") < 0 || fd_remove_tree(directory) < 0 ? -1 : 0;
}

static int64_t soon_us(void) {
	return clock_mono_us() + 20 * 1000 * CLOCK_SECOND_MS;
}

#define CI_ALL (CI_PROJECT | CI_BRANCH | CI_COMMIT | CI_ANCESTORS)

static void test_without_git(void **state) {
	struct ci_env env;

	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.project, strrchr(directory, '/') + 1);
	assert_string_equal(env.branch, "");
	assert_string_equal(env.commit, "");
	assert_int_equal(env.n_ancestors, 0);
}

static void test_with_git(void **state) {
	struct ci_env env, older;

	git("init", "--quiet", "--initial-branch", "fix/it", ".", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.project, strrchr(directory, '/') + 1);
	assert_string_equal(env.branch, "fix/it"); /* also before the first commit */
	assert_string_equal(env.commit, "");

	git("commit", "--quiet", "--allow-empty", "--message", "one", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &older);
	git("commit", "--quiet", "--allow-empty", "--message", "two", NULL);
	git("remote", "add", "origin", "https://me:secret@example.org/acme/web.git", NULL);
	assert_int_equal(mkdir("below", 0700), 0);
	assert_int_equal(chdir("below"), 0);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.project, "acme/web");
	assert_string_equal(env.branch, "fix/it");
	assert_int_equal(strlen(env.commit), 40);
	assert_int_equal(env.n_ancestors, 1);
	assert_string_equal(env.ancestors[0], older.commit);

	/* Of the commit that was named; and only what was asked for. */
	ci_env_collect(CI_ANCESTORS, older.commit, soon_us(), &env);
	assert_int_equal(env.n_ancestors, 0);
	assert_string_equal(env.branch, "");
	assert_string_equal(env.project, "");

	/* A name that looks like an option is a commit that does not exist. */
	ci_env_collect(CI_ANCESTORS, "--all", soon_us(), &env);
	assert_int_equal(env.n_ancestors, 0);

	/* No time, no answer. */
	ci_env_collect(CI_ALL, NULL, clock_mono_us(), &env);
	assert_string_equal(env.commit, "");

	git("worktree", "add", "--quiet", "-b", "other", "../linked", NULL);
	assert_int_equal(chdir("../linked"), 0);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "other");
	assert_string_equal(env.project, "acme/web");
	assert_int_equal(env.n_ancestors, 1);

	git("checkout", "--quiet", "--detach", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "");
	assert_int_equal(strlen(env.commit), 40);
	assert_int_equal(chdir(directory), 0);
	git("checkout", "--quiet", "--detach", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "");
}

/* As CI systems check out: no branch, one of the remote's points at HEAD. */
static void test_detached(void **state) {
	struct ci_env env;

	git("init", "--quiet", "--initial-branch", "main", ".", NULL);
	git("commit", "--quiet", "--allow-empty", "--message", "one", NULL);
	git("remote", "add", "upstream", "https://example.org/up/web.git", NULL);
	git("checkout", "--quiet", "--detach", NULL);
	git("update-ref", "refs/remotes/upstream/fix/it", "HEAD", NULL);
	git("symbolic-ref", "refs/remotes/upstream/HEAD", "refs/remotes/upstream/fix/it", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "fix/it"); /* the only remote there is */
	assert_string_equal(env.project, "up/web");

	git("remote", "add", "other", "https://example.org/other/web.git", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, ""); /* which of the two is not known */
	assert_string_equal(env.project, strrchr(directory, '/') + 1);

	git("remote", "add", "origin", "https://example.org/acme/web.git", NULL);
	git("update-ref", "refs/remotes/origin/main", "HEAD", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "main");
	assert_string_equal(env.project, "acme/web");
	ci_env_collect(CI_PROJECT, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "");
	assert_string_equal(env.project, "acme/web");

	git("update-ref", "refs/remotes/origin/next", "HEAD", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, ""); /* two branches */
	git("commit", "--quiet", "--allow-empty", "--message", "two", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, ""); /* none */
}

/* What the CI system says counts, and git adds the rest of it. */
static void test_with_ci(void **state) {
	struct ci_env env, older;

	git("init", "--quiet", "--initial-branch", "main", ".", NULL);
	git("commit", "--quiet", "--allow-empty", "--message", "one", NULL);
	git("commit", "--quiet", "--allow-empty", "--message", "two", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &older);
	git("commit", "--quiet", "--allow-empty", "--message", "three", NULL);
	git("remote", "add", "origin", "https://example.org/acme/web.git", NULL);
	assert_int_equal(setenv("CIRCLECI", "true", 1), 0);
	assert_int_equal(setenv("CIRCLE_BRANCH", "fix/it", 1), 0);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "fix/it");
	assert_string_equal(env.project, "acme/web");
	assert_int_equal(env.n_ancestors, 2);
	assert_int_equal(setenv("CIRCLE_SHA1", older.commit, 1), 0);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.commit, older.commit);
	assert_int_equal(env.n_ancestors, 1);
	assert_string_equal(env.ancestors[0], older.ancestors[0]);

	/* The files of a job in a container often belong to somebody else; outside of CI git minds. */
	assert_int_equal(setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1", 1), 0);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_int_equal(env.n_ancestors, 1);
	assert_int_equal(unsetenv("CIRCLECI"), 0);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_int_equal(env.n_ancestors, 0);
}

/* HEAD is a test merge there: neither it nor its branch is what is tested. */
static void test_pull_request(void **state) {
	struct ci_env env;

	git("init", "--quiet", "--initial-branch", "main", ".", NULL);
	git("commit", "--quiet", "--allow-empty", "--message", "one", NULL);
	git("commit", "--quiet", "--allow-empty", "--message", "merge", NULL);
	assert_int_equal(setenv("DRONE", "true", 1), 0);
	assert_int_equal(setenv("DRONE_BUILD_EVENT", "pull_request", 1), 0);
	assert_int_equal(setenv("DRONE_BRANCH", "main", 1), 0);
	assert_int_equal(setenv("DRONE_PULL_REQUEST", "7", 1), 0);
	ci_env_collect(CI_ALL | CI_BUILD, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "pull/7");
	assert_string_equal(env.commit, "");
	assert_int_equal(env.n_ancestors, 0);
	assert_int_equal(env.pull_request, 7);
}

/* The CI system says that it built a tag: where the main branch is at that commit too, the build is none of it. */
static void test_tag(void **state) {
	static const struct row {
		const char *provider;
		const char *name;
		const char *value;
	} table[] = {
		{ "GITHUB_ACTIONS", "GITHUB_REF", "refs/tags/v1" },
		{ "GITHUB_ACTIONS", "GITHUB_REF_TYPE", "tag" },
		{ "GITEA_ACTIONS", "GITHUB_REF", "refs/tags/v1" },
		{ "GITLAB_CI", "CI_COMMIT_TAG", "v1" },
		{ "CIRCLECI", "CIRCLE_TAG", "v1" },
		{ "BUILDKITE", "BUILDKITE_TAG", "v1" },
		{ "DRONE", "DRONE_TAG", "v1" },
		{ "TF_BUILD", "BUILD_SOURCEBRANCH", "refs/tags/v1" },
		{ "BITBUCKET_COMMIT", "BITBUCKET_TAG", "v1" },
		{ "TRAVIS", "TRAVIS_TAG", "v1" },
		{ "JENKINS_URL", "TAG_NAME", "v1" },
	};
	struct ci_env env, local;

	git("init", "--quiet", "--initial-branch", "main", ".", NULL);
	git("commit", "--quiet", "--allow-empty", "--message", "one", NULL);
	git("remote", "add", "origin", "https://example.org/acme/web.git", NULL);
	git("update-ref", "refs/remotes/origin/main", "HEAD", NULL);
	git("checkout", "--quiet", "--detach", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &local);
	assert_string_equal(local.branch, "main");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		assert_int_equal(setenv(table[i].provider, "x", 1), 0);
		assert_int_equal(setenv(table[i].name, table[i].value, 1), 0);
		ci_env_collect(CI_ALL, NULL, soon_us(), &env);
		assert_string_equal(env.branch, "");
		assert_string_equal(env.commit, local.commit);
		assert_int_equal(unsetenv(table[i].name), 0);
		ci_env_collect(CI_ALL, NULL, soon_us(), &env);
		assert_string_equal(env.branch, "main");
		assert_int_equal(unsetenv(table[i].provider), 0);
	}
}

/* The CI system says which commit, git says which branch: they belong together only when HEAD is that commit. */
static void test_branch_of_another_commit(void **state) {
	struct ci_env env, older;

	git("init", "--quiet", "--initial-branch", "main", ".", NULL);
	git("commit", "--quiet", "--allow-empty", "--message", "one", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &older);
	assert_int_equal(setenv("CIRCLECI", "true", 1), 0);
	assert_int_equal(setenv("CIRCLE_SHA1", older.commit, 1), 0);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "main");
	git("commit", "--quiet", "--allow-empty", "--message", "two", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "");
	assert_string_equal(env.commit, older.commit);
	/* As a remote's branch at a detached HEAD. */
	git("update-ref", "refs/remotes/origin/main", "HEAD", NULL);
	git("remote", "add", "origin", "https://example.org/acme/web.git", NULL);
	git("checkout", "--quiet", "--detach", NULL);
	ci_env_collect(CI_ALL, NULL, soon_us(), &env);
	assert_string_equal(env.branch, "");
}

static void write_git(const char *script) {
	char path[128];

	assert_int_equal(fd_write_file_atomic("git", script, strlen(script), 0700), 0);
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", directory);
	assert_int_equal(setenv("PATH", path, 1), 0);
}

/* Whatever "git" does, the answer comes in time, and nothing of it runs on. */
static void test_hostile_git(void **state) {
	static const char *const scripts[] = {
		"#!/bin/sh\nexec sleep 600\n",
		"#!/bin/sh\nexec >&- 2>&-\nexec sleep 600\n",
		"#!/bin/sh\nexec yes\n",
		"#!/bin/sh\nprintf '\\033[31m\\377\\n\\n'\n",
		"#!/bin/sh\necho main\nexit 3\n",
		"no program at all",
	};

	assert_int_equal(mkdir(".git", 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		struct ci_env env;

		write_git(scripts[i]);
		ci_env_collect(CI_ALL, NULL, clock_mono_us() + 100 * 1000, &env);
		assert_string_equal(env.project, strrchr(directory, '/') + 1);
		assert_string_equal(env.branch, "");
		assert_string_equal(env.commit, "");
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_project_from_url),
		cmocka_unit_test(test_long_project),
		cmocka_unit_test_setup_teardown(test_without_git, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(test_with_git, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(test_detached, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(test_with_ci, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(test_pull_request, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(test_tag, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(
			test_branch_of_another_commit, enter_directory, leave_directory),
		cmocka_unit_test_setup_teardown(test_hostile_git, enter_directory, leave_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
