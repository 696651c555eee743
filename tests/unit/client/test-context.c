#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/context.h"
#include "client/limits.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/text.h"

#define SECRET "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

static char directory[64];

static int enter_directory(void **state) {
	snprintf(directory, sizeof(directory), "%s/context-XXXXXX", "/tmp");
	if (mkdtemp(directory) == NULL || chdir(directory) < 0 || mkdir("repo", 0700) < 0) {
		return -1;
	}
	return chdir("repo");
}

static int leave_directory(void **state) {
	return chdir("/") < 0 || fd_remove_tree(directory) < 0 ? -1 : 0;
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

static void write_bytes(const char *path, const void *data, size_t len) {
	char above[128];
	char *slash;

	assert_true(TEXT_SET(above, path));
	slash = strrchr(above, '/');
	if (slash != NULL) {
		*slash = '\0';
		assert_int_equal(fd_make_dirs(above, 0700), 0);
	}
	assert_int_equal(fd_write_file_atomic(path, data, len, 0600), 0);
}

static void write_file(const char *path, const char *text) {
	write_bytes(path, text, strlen(text));
}

static json_t *collect(enum error_type type) {
	json_t *context = NULL;

	assert_int_equal(
		context_collect(type, clock_mono_us() + 20 * 1000 * CLOCK_SECOND_MS, &context), 0);
	return context;
}

static void assert_member(const json_t *context, const char *member, const char *expected) {
	const char *found = json_string_value(json_object_get(context, member));

	if (!text_equal(found, expected)) {
		fail_msg("%s: \"%s\" instead of \"%s\"", member, found != NULL ? found : "(none)",
			expected != NULL ? expected : "(none)");
	}
}

/* The members of the old reports are there whatever failed; others where they help. */
static void test_members(void **state) {
	static const struct file {
		const char *path;
		const char *member;
		enum error_type wanted, unwanted; /* unwanted ERROR_TYPE_COUNT: wanted by all */
	} files[] = {
		{ "package.json", "packageJson", ERROR_LINT, ERROR_TYPE_COUNT },
		{ ".circleci/config.yml", "circleciConfig", ERROR_INFRA, ERROR_TYPE_COUNT },
		{ ".eslintrc.json", "eslintConfig", ERROR_DEPLOY, ERROR_TYPE_COUNT },
		{ "tsconfig.json", "tsconfig", ERROR_UNKNOWN, ERROR_TYPE_COUNT },
		{ ".gitlab-ci.yml", "gitlabCi", ERROR_TEST, ERROR_TYPE_COUNT },
		{ "Jenkinsfile", "jenkinsfile", ERROR_TEST, ERROR_TYPE_COUNT },
		{ "pyproject.toml", "pyproject", ERROR_BUILD, ERROR_TYPE_COUNT },
		{ "Cargo.toml", "cargoToml", ERROR_LINT, ERROR_TYPE_COUNT },
		{ "go.mod", "goMod", ERROR_LINT, ERROR_TYPE_COUNT },
		{ ".prettierrc", "prettierrc", ERROR_LINT, ERROR_TEST },
		{ ".flake8", "flake8", ERROR_LINT, ERROR_DEPLOY },
		{ "mypy.ini", "mypy", ERROR_TYPE_CHECK, ERROR_LINT },
		{ "CMakeLists.txt", "cmakeLists", ERROR_BUILD, ERROR_LINT },
		{ "jest.config.ts", "jestConfig", ERROR_TEST, ERROR_LINT },
		{ "vitest.config.ts", "vitestConfig", ERROR_TEST, ERROR_BUILD },
		{ "pytest.ini", "pytest", ERROR_TEST, ERROR_LINT },
		{ ".trufflehogignore", "trufflehogIgnore", ERROR_SECURITY_SCAN, ERROR_LINT },
		{ "vercel.json", "vercelJson", ERROR_DEPLOY, ERROR_TEST },
		{ "Dockerfile", "dockerfile", ERROR_DEPLOY, ERROR_LINT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		write_file(files[i].path, files[i].path);
	}
	write_file("package-lock.json", "{}");
	write_file("yarn.lock", "x");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		json_t *context = collect(files[i].wanted);

		assert_member(context, files[i].member, files[i].path);
		json_decref(context);
		if (files[i].unwanted != ERROR_TYPE_COUNT) {
			context = collect(files[i].unwanted);
			assert_member(context, files[i].member, NULL);
			json_decref(context);
		}
		context = collect(ERROR_UNKNOWN);
		assert_member(context, files[i].member, files[i].path);
		assert_int_equal(json_object_size(context), ARRAY_SIZE(files));
		json_decref(context);
	}
}

static void test_order(void **state) {
	json_t *context;

	write_file(".eslintrc", "last");
	write_file("eslint.config.js", "middle");
	context = collect(ERROR_LINT);
	assert_member(context, "eslintConfig", "middle");
	json_decref(context);
	write_file(".eslintrc.js", "first");
	context = collect(ERROR_LINT);
	assert_member(context, "eslintConfig", "first");
	assert_member(context, "packageJson", NULL);
	json_decref(context);
}

static void test_git(void **state) {
	const char *commits;
	char subject[32];
	json_t *context;

	git("init", "--quiet", "--initial-branch", "main", ".", NULL);
	context = collect(ERROR_TEST);
	assert_member(context, "recentCommits", NULL);
	json_decref(context);
	for (int i = 1; i <= 12; i++) {
		snprintf(subject, sizeof(subject), "change %d", i);
		git("commit", "--quiet", "--allow-empty", "--message", subject, NULL);
	}
	git("commit", "--quiet", "--amend", "--allow-empty", "--message", "uses " SECRET, NULL);
	write_file("package.json", "root");
	write_file("tsconfig.json", "root");
	write_file("packages/web/package.json", "web");
	assert_int_equal(chdir("packages/web"), 0);
	context = collect(ERROR_TEST);
	assert_member(context, "packageJson", "web"); /* the step's own before the repository's */
	assert_member(context, "tsconfig", "root");
	commits = json_string_value(json_object_get(context, "recentCommits"));
	assert_non_null(commits);
	assert_non_null(strstr(commits, " uses [REDACTED"));
	assert_null(strstr(commits, SECRET));
	assert_non_null(strstr(commits, " change 3\n"));
	assert_null(strstr(commits, " change 2\n"));
	json_decref(context);

	/* No time, nothing. */
	assert_int_equal(context_collect(ERROR_TEST, clock_mono_us(), &context), 0);
	assert_int_equal(json_object_size(context), 0);
	json_decref(context);
}

static void test_workflows(void **state) {
	json_t *context;

	write_file(".github/workflows/b.yml", "on: push\n");
	write_file(".github/workflows/a.yaml", "on: [pull_request]\n");
	write_file(".github/workflows/notes.md", "not this\n");
	assert_int_equal(mkfifo(".github/workflows/fifo.yml", 0600), 0);
	assert_int_equal(mkdir(".github/workflows/dir.yml", 0700), 0);
	assert_int_equal(symlink("/etc/passwd", ".github/workflows/link.yml"), 0);
	context = collect(ERROR_LINT);
	assert_member(context, "githubWorkflows",
		"# .github/workflows/a.yaml\non: [pull_request]\n\n"
		"# .github/workflows/b.yml\non: push\n");
	json_decref(context);

	/* The one that runs comes first, and the others as far as there is room. */
	assert_int_equal(
		setenv("GITHUB_WORKFLOW_REF", "acme/web/.github/workflows/b.yml@refs/heads/main", 1),
		0);
	context = collect(ERROR_LINT);
	assert_member(context, "githubWorkflows",
		"# .github/workflows/b.yml\non: push\n\n"
		"# .github/workflows/a.yaml\non: [pull_request]\n");
	json_decref(context);
	assert_int_equal(unsetenv("GITHUB_WORKFLOW_REF"), 0);
}

static void test_hostile(void **state) {
	json_t *context;

	write_file("../secret", "outside");
	write_file(".git/config", "[http]\n\textraheader = token\n");
	write_file(".env", "A=b");
	write_file("conf/base.json", "inside");
	write_file("package-lock.json", "lock");
	assert_int_equal(symlink("../secret", "package.json"), 0);
	assert_int_equal(symlink("/etc/hostname", "tsconfig.json"), 0);
	assert_int_equal(symlink("conf/base.json", "biome.json"), 0);
	assert_int_equal(symlink(".git/config", "pyproject.toml"), 0);
	assert_int_equal(symlink(".env", "vercel.json"), 0);
	assert_int_equal(symlink("package-lock.json", "netlify.toml"), 0);
	assert_int_equal(symlink("/proc/self/environ", "go.mod"), 0);
	assert_int_equal(symlink("Cargo.toml", "Cargo.toml"), 0);
	assert_int_equal(symlink("..", ".circleci"), 0);
	write_file("../config.yml", "outside");
	assert_int_equal(mkfifo("Makefile", 0600), 0);
	assert_int_equal(symlink("/dev/zero", "Dockerfile"), 0);
	assert_int_equal(mkdir("Jenkinsfile", 0700), 0);
	write_file("tox.ini", "");
	write_bytes("meson.build", "a\0b", 3);
	write_file(".flake8", "caf\xe9 \x1b[31mred\x1b[0m \xe2\x80\xae\r\n");
	context = collect(ERROR_UNKNOWN);
	assert_member(context, "biome", "inside"); /* a link within the repository */
	assert_member(context, "flake8", "caf\xef\xbf\xbd red \n");
	assert_int_equal(json_object_size(context), 2);
	json_decref(context);
}

static void test_secrets(void **state) {
	json_t *context;

	write_file(".circleci/config.yml",
		"environment:\n  GITHUB_TOKEN: " SECRET "\n  NODE_ENV: test\n");
	context = collect(ERROR_LINT);
	assert_null(strstr(json_string_value(json_object_get(context, "circleciConfig")), SECRET));
	assert_non_null(strstr(
		json_string_value(json_object_get(context, "circleciConfig")), "NODE_ENV: test"));
	json_decref(context);
}

static void test_bounds(void **state) {
	static const char *const paths[] = { "package.json", ".circleci/config.yml", ".eslintrc.js",
		"tsconfig.json", ".gitlab-ci.yml", "Jenkinsfile", ".github/workflows/a.yml",
		".github/workflows/b.yml" };
	size_t len = (size_t)1024 * 1024, total = 0;
	_cleanup_(freep) char *text = malloc(len);
	const char *key;
	json_t *context, *value;

	assert_non_null(text);
	for (size_t i = 0; i < len; i++) {
		text[i] = i % 40 == 39 ? '\n' : 'x';
	}
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		write_bytes(paths[i], text, len);
	}
	context = collect(ERROR_UNKNOWN);
	json_object_foreach(context, key, value) {
		const char *end = strstr(
			json_string_value(value), "\n[... cut, the file has 1048576 bytes ...]");

		assert_true(json_string_length(value) <= CLIENT_CONTEXT_MEMBER_BYTES);
		assert_non_null(end);
		total += json_string_length(value);
	}
	assert_true(total <= CLIENT_CONTEXT_BYTES);
	assert_true(total > CLIENT_CONTEXT_BYTES / 2);
	assert_non_null(json_object_get(context, "githubWorkflows"));
	json_decref(context);

	/* A secret where the text is cut is not shown by half. */
	memset(text, 'x', len);
	for (size_t i = 0; i + 60 < (size_t)80 * 1024; i += 50) {
		memcpy(text + i, " " SECRET " ", strlen(SECRET) + 2);
	}
	write_bytes("package.json", text, len);
	context = collect(ERROR_LINT);
	assert_null(strstr(json_string_value(json_object_get(context, "packageJson")), "ghp_"));
	json_decref(context);
}

#define directory_test(name) cmocka_unit_test_setup_teardown(name, enter_directory, leave_directory)

/* As some containers do, for as long as this process lives. */
static void forbid_openat2(void) {
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = ARRAY_SIZE(rules), .filter = rules };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

/* Files are still found, and no link is followed then, wherever it leads. */
static void test_without_openat2(void **state) {
	json_t *context;

	write_file("package.json", "root");
	write_file(".circleci/config.yml", "nested");
	write_file(".github/workflows/ci.yml", "on: push\n");
	write_file("conf/base.json", "inside");
	assert_int_equal(symlink("conf/base.json", "tsconfig.json"), 0);
	assert_int_equal(symlink("conf", "linked"), 0);
	forbid_openat2();
	context = collect(ERROR_UNKNOWN);
	assert_member(context, "packageJson", "root");
	assert_member(context, "circleciConfig", "nested");
	assert_member(context, "githubWorkflows", "# .github/workflows/ci.yml\non: push\n");
	assert_int_equal(json_object_size(context), 3);
	json_decref(context);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		directory_test(test_members), directory_test(test_order), directory_test(test_git),
		directory_test(test_workflows), directory_test(test_hostile),
		directory_test(test_secrets), directory_test(test_bounds),
		directory_test(test_without_openat2), /* the last one: it stays so */
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
