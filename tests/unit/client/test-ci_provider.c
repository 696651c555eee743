#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/ci_env.h"
#include "client/limits.h"
#include "common/clock.h"
#include "common/fd.h"

#define HEAD_SHA "1111111111111111111111111111111111111111"
#define MERGE_SHA "2222222222222222222222222222222222222222"
#define VARIABLES_MAX 20
#define FOUND (CI_PROJECT | CI_BRANCH | CI_COMMIT | CI_BUILD)

static char directory[64];

static int enter_directory(void **state) {
	snprintf(directory, sizeof(directory), "%s/ci-provider-XXXXXX", "/tmp");
	return mkdtemp(directory) == NULL || chdir(directory) < 0 ? -1 : 0;
}

static int leave_directory(void **state) {
	return chdir("/") < 0 || fd_remove_tree(directory) < 0 ? -1 : 0;
}

/* "@" at the beginning of a value is the test's directory. */
static void set_variables(const char *const *variables) {
	assert_int_equal(clearenv(), 0);
	for (size_t i = 0; i < VARIABLES_MAX && variables[i] != NULL; i++) {
		const char *equals = strchr(variables[i], '=');
		char name[64], value[512];

		snprintf(name, sizeof(name), "%.*s", (int)(equals - variables[i]), variables[i]);
		snprintf(value, sizeof(value), "%s%s", equals[1] == '@' ? directory : "",
			equals + 1 + (equals[1] == '@'));
		assert_int_equal(setenv(name, value, 1), 0);
	}
}

static void write_file(const char *name, const char *text) {
	assert_int_equal(fd_write_file_atomic(name, text, strlen(text), 0600), 0);
}

static void collect(struct ci_env *env) {
	ci_env_collect(FOUND, NULL, clock_mono_us() + 20 * 1000 * CLOCK_SECOND_MS, env);
}

struct expected {
	const char *provider; /* NULL: none */
	const char *project;  /* NULL: the directory's name */
	const char *fork, *branch, *commit, *number, *url, *job;
	int pull_request;
};

struct row {
	const char *what;
	const char *variables[VARIABLES_MAX];
	const char *event; /* the file @/event; NULL: none */
	struct expected expected;
};

static void assert_text(const char *what, const char *found, const char *expected) {
	if (strcmp(found, expected != NULL ? expected : "") != 0) {
		fail_msg("%s: \"%s\" instead of \"%s\"", what, found, expected);
	}
}

static void check_row(const struct row *row) {
	const struct expected *expected = &row->expected;
	struct ci_env env;

	(void)unlink("event");
	if (row->event != NULL) {
		write_file("event", row->event);
	}
	set_variables(row->variables);
	collect(&env);
	assert_text(row->what, env.provider != NULL ? env.provider : "", expected->provider);
	assert_text(row->what, env.project,
		expected->project != NULL ? expected->project : strrchr(directory, '/') + 1);
	assert_text(row->what, env.head_repository, expected->fork);
	assert_text(row->what, env.branch, expected->branch);
	assert_text(row->what, env.commit, expected->commit);
	assert_text(row->what, env.build_number, expected->number);
	assert_text(row->what, env.build_url, expected->url);
	assert_text(row->what, env.job, expected->job);
	if (env.pull_request != expected->pull_request) {
		fail_msg("%s: pull request %lld", row->what, (long long)env.pull_request);
	}
	assert_int_equal(env.n_ancestors, 0);
}

/* clang-format off */
#define GITHUB "GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=acme/web", "GITHUB_SERVER_URL=https://github.com", \
	"GITHUB_RUN_ID=900", "GITHUB_RUN_NUMBER=42", "GITHUB_RUN_ATTEMPT=1", "GITHUB_JOB=test"
#define GITHUB_URL "https://github.com/acme/web/actions/runs/900"
#define PULL_EVENT(repo) "{\"number\":7,\"pull_request\":{\"number\":7,\"head\":{\"sha\":\"" HEAD_SHA "\"," \
	"\"ref\":\"fix/it\",\"repo\":" repo "},\"base\":{\"ref\":\"main\"}}}"
#define PULL_VARIABLES GITHUB, "GITHUB_EVENT_NAME=pull_request", "GITHUB_REF=refs/pull/7/merge", \
	"GITHUB_REF_NAME=7/merge", "GITHUB_HEAD_REF=fix/it", "GITHUB_BASE_REF=main", "GITHUB_SHA=" MERGE_SHA, \
	"GITHUB_EVENT_PATH=@/event"
#define RUN_EVENT(conclusion, pulls) "{\"workflow_run\":{\"head_branch\":\"fix/it\",\"head_sha\":\"" HEAD_SHA "\"," \
	"\"run_number\":812,\"conclusion\":\"" conclusion "\",\"html_url\":\"https://github.com/acme/web/actions/runs/5\"," \
	"\"head_repository\":{\"full_name\":\"someone/web\"},\"pull_requests\":" pulls "}}"
#define RUN_VARIABLES GITHUB, "GITHUB_EVENT_NAME=workflow_run", "GITHUB_REF=refs/heads/main", "GITHUB_SHA=" MERGE_SHA, \
	"GITHUB_EVENT_PATH=@/event"

static const struct row actions_rows[] = {
	{ "github: push", { GITHUB, "GITHUB_EVENT_NAME=push", "GITHUB_REF=refs/heads/fix/it", "GITHUB_HEAD_REF=",
		"GITHUB_SHA=" HEAD_SHA }, NULL,
		{ "github-actions", "acme/web", NULL, "fix/it", HEAD_SHA, "42", GITHUB_URL, "test", 0 } },
	{ "github: second attempt", { GITHUB, "GITHUB_RUN_ATTEMPT=2", "GITHUB_REF=refs/heads/main",
		"GITHUB_SHA=" HEAD_SHA }, NULL,
		{ "github-actions", "acme/web", NULL, "main", HEAD_SHA, "42", GITHUB_URL "/attempts/2", "test", 0 } },
	{ "github: tag", { GITHUB, "GITHUB_EVENT_NAME=push", "GITHUB_REF=refs/tags/v1", "GITHUB_REF_NAME=v1",
		"GITHUB_REF_TYPE=tag", "GITHUB_SHA=" HEAD_SHA }, NULL,
		{ "github-actions", "acme/web", NULL, NULL, HEAD_SHA, "42", GITHUB_URL, "test", 0 } },
	{ "github: pull request", { PULL_VARIABLES }, PULL_EVENT("{\"full_name\":\"Acme/web\"}"),
		{ "github-actions", "acme/web", NULL, "fix/it", HEAD_SHA, "42", GITHUB_URL, "test", 7 } },
	{ "github: fork", { PULL_VARIABLES }, PULL_EVENT("{\"full_name\":\"someone/web\"}"),
		{ "github-actions", "acme/web", "someone/web", "fix/it", HEAD_SHA, "42", GITHUB_URL, "test", 7 } },
	{ "github: the fork was deleted", { PULL_VARIABLES }, PULL_EVENT("null"),
		{ "github-actions", "acme/web", NULL, "fix/it", HEAD_SHA, "42", GITHUB_URL, "test", 7 } },
	{ "github: no event file: the test merge is no answer", { PULL_VARIABLES }, NULL,
		{ "github-actions", "acme/web", NULL, "fix/it", NULL, "42", GITHUB_URL, "test", 7 } },
	{ "github: event is no JSON", { PULL_VARIABLES }, "{\"pull_request\":",
		{ "github-actions", "acme/web", NULL, "fix/it", NULL, "42", GITHUB_URL, "test", 7 } },
	{ "github: event of other types", { PULL_VARIABLES }, "{\"pull_request\":[{\"head\":7}],\"number\":{}}",
		{ "github-actions", "acme/web", NULL, "fix/it", NULL, "42", GITHUB_URL, "test", 7 } },
	{ "github: hostile event", { PULL_VARIABLES },
		"{\"pull_request\":{\"number\":-7,\"head\":{\"sha\":\"$(reboot)\",\"ref\":\"a\\u001b[31m\","
		"\"repo\":{\"full_name\":\"https://u:p@h/x\"}}}}",
		{ "github-actions", "acme/web", NULL, "fix/it", NULL, "42", GITHUB_URL, "test", 7 } },
	{ "github: review", { GITHUB, "GITHUB_EVENT_NAME=pull_request_review", "GITHUB_REF=refs/pull/7/merge",
		"GITHUB_REF_NAME=7/merge", "GITHUB_SHA=" MERGE_SHA, "GITHUB_EVENT_PATH=@/event" },
		PULL_EVENT("{\"full_name\":\"acme/web\"}"),
		{ "github-actions", "acme/web", NULL, "fix/it", HEAD_SHA, "42", GITHUB_URL, "test", 7 } },
	{ "github: pull_request_target", { PULL_VARIABLES, "GITHUB_EVENT_NAME=pull_request_target",
		"GITHUB_REF=refs/heads/main", "GITHUB_REF_NAME=main" }, PULL_EVENT("{\"full_name\":\"someone/web\"}"),
		{ "github-actions", "acme/web", "someone/web", "fix/it", HEAD_SHA, "42", GITHUB_URL, "test", 7 } },
	{ "github: merge queue", { GITHUB, "GITHUB_EVENT_NAME=merge_group", "GITHUB_SHA=" MERGE_SHA,
		"GITHUB_REF=refs/heads/gh-readonly-queue/main/pr-7-" MERGE_SHA }, NULL,
		{ "github-actions", "acme/web", NULL, "pull/7", NULL, "42", GITHUB_URL, "test", 7 } },
	{ "github: fork's main is not our main", { GITHUB, "GITHUB_EVENT_NAME=pull_request", "GITHUB_REF=refs/pull/7/merge",
		"GITHUB_HEAD_REF=main", "GITHUB_BASE_REF=main", "GITHUB_SHA=" MERGE_SHA }, NULL,
		{ "github-actions", "acme/web", NULL, "pull/7", NULL, "42", GITHUB_URL, "test", 7 } },
	{ "github: workflow_run", { RUN_VARIABLES }, RUN_EVENT("failure", "[{\"number\":9}]"),
		{ "github-actions", "acme/web", "someone/web", "fix/it", HEAD_SHA, "812",
			"https://github.com/acme/web/actions/runs/5", "test", 9 } },
	{ "github: workflow_run of a fork", { RUN_VARIABLES }, RUN_EVENT("success", "[]"),
		{ "github-actions", "acme/web", "someone/web", "fix/it", HEAD_SHA, "812", GITHUB_URL, "test", 0 } },
	{ "github: workflow_run, no event", { RUN_VARIABLES }, NULL,
		{ "github-actions", "acme/web", NULL, NULL, NULL, "42", GITHUB_URL, "test", 0 } },
	{ "gitea: push", { GITHUB, "GITEA_ACTIONS=true", "GITHUB_REF=refs/heads/main", "GITHUB_SHA=" HEAD_SHA }, NULL,
		{ "gitea-actions", "acme/web", NULL, "main", HEAD_SHA, "42",
			"https://github.com/acme/web/actions/runs/42", "test", 0 } },
	{ "gitea: fork", { PULL_VARIABLES, "GITEA_ACTIONS=true" }, PULL_EVENT("{\"full_name\":\"someone/web\"}"),
		{ "gitea-actions", "acme/web", "someone/web", "fix/it", HEAD_SHA, "42",
			"https://github.com/acme/web/actions/runs/42", "test", 7 } },
};

#define CIRCLE "CIRCLECI=true", "CIRCLE_PROJECT_USERNAME=acme", "CIRCLE_PROJECT_REPONAME=web", "CIRCLE_SHA1=" HEAD_SHA, \
	"CIRCLE_BUILD_NUM=1234", "CIRCLE_JOB=test", "CIRCLE_BUILD_URL=https://circleci.com/gh/acme/web/1234"
#define CIRCLE_FOUND HEAD_SHA, "1234", "https://circleci.com/gh/acme/web/1234"

static const struct row circleci_rows[] = {
	{ "circleci: branch", { CIRCLE, "CIRCLE_BRANCH=fix/it", "CIRCLE_NODE_TOTAL=1", "CIRCLE_NODE_INDEX=0" }, NULL,
		{ "circleci", "acme/web", NULL, "fix/it", CIRCLE_FOUND, "test", 0 } },
	{ "circleci: one of several nodes", { CIRCLE, "CIRCLE_BRANCH=fix/it", "CIRCLE_NODE_TOTAL=4", "CIRCLE_NODE_INDEX=3" }, NULL,
		{ "circleci", "acme/web", NULL, "fix/it", CIRCLE_FOUND, "test (3)", 0 } },
	{ "circleci: pull request", { CIRCLE, "CIRCLE_BRANCH=fix/it",
		"CIRCLE_PULL_REQUEST=https://github.com/acme/web/pull/12" }, NULL,
		{ "circleci", "acme/web", NULL, "fix/it", CIRCLE_FOUND, "test", 12 } },
	{ "circleci: several pull requests", { CIRCLE, "CIRCLE_BRANCH=fix/it",
		"CIRCLE_PULL_REQUEST=https://github.com/acme/web/pull/12",
		"CIRCLE_PULL_REQUESTS=https://github.com/acme/web/pull/12,https://github.com/acme/web/pull/9" }, NULL,
		{ "circleci", "acme/web", NULL, "fix/it", CIRCLE_FOUND, "test", 9 } },
	{ "circleci: fork", { CIRCLE, "CIRCLE_BRANCH=pull/12", "CIRCLE_PR_NUMBER=12", "CIRCLE_PR_USERNAME=someone",
		"CIRCLE_PR_REPONAME=web" }, NULL,
		{ "circleci", "acme/web", "someone/web", "pull/12", CIRCLE_FOUND, "test", 12 } },
	{ "circleci: tag", { CIRCLE, "CIRCLE_TAG=v1" }, NULL,
		{ "circleci", "acme/web", NULL, NULL, CIRCLE_FOUND, "test", 0 } },
	{ "circleci: GitHub App", { "CIRCLECI=true", "CIRCLE_BRANCH=fix", "CIRCLE_SHA1=" HEAD_SHA, "CIRCLE_JOB=test",
		"CIRCLE_REPOSITORY_URL=https://x:secret@github.com/acme/web.git", "CIRCLE_WORKFLOW_ID=ab-cd" }, NULL,
		{ "circleci", "acme/web", NULL, "fix", HEAD_SHA, NULL,
			"https://app.circleci.com/pipelines/workflows/ab-cd", "test", 0 } },
};

#define GITLAB "GITLAB_CI=true", "CI=true", "CI_PROJECT_PATH=acme/sub/web", "CI_PIPELINE_IID=42", "CI_PIPELINE_ID=99999", \
	"CI_JOB_NAME=test: [18, linux]", "CI_JOB_URL=https://gitlab.example/acme/sub/web/-/jobs/3", \
	"CI_REPOSITORY_URL=https://gitlab-ci-token:glcbt-64_secret@gitlab.example/acme/sub/web.git"
#define GITLAB_FOUND "42", "https://gitlab.example/acme/sub/web/-/jobs/3", "test: [18, linux]"
#define MERGE_REQUEST "CI_MERGE_REQUEST_IID=5", "CI_MERGE_REQUEST_ID=77777", "CI_MERGE_REQUEST_PROJECT_PATH=acme/sub/web", \
	"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=fix/it", "CI_COMMIT_REF_NAME=refs/merge-requests/5/head", \
	"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main"

static const struct row gitlab_rows[] = {
	{ "gitlab: branch", { GITLAB, "CI_COMMIT_BRANCH=fix/it", "CI_COMMIT_REF_NAME=fix/it", "CI_COMMIT_SHA=" HEAD_SHA }, NULL,
		{ "gitlab-ci", "acme/sub/web", NULL, "fix/it", HEAD_SHA, GITLAB_FOUND, 0 } },
	{ "gitlab: branch with a merge request", { GITLAB, "CI_COMMIT_BRANCH=fix/it", "CI_COMMIT_SHA=" HEAD_SHA,
		"CI_OPEN_MERGE_REQUESTS=acme/sub/web!9,acme/sub/web!5" }, NULL,
		{ "gitlab-ci", "acme/sub/web", NULL, "fix/it", HEAD_SHA, GITLAB_FOUND, 5 } },
	{ "gitlab: tag", { GITLAB, "CI_COMMIT_TAG=v1", "CI_COMMIT_REF_NAME=v1", "CI_COMMIT_SHA=" HEAD_SHA }, NULL,
		{ "gitlab-ci", "acme/sub/web", NULL, NULL, HEAD_SHA, GITLAB_FOUND, 0 } },
	{ "gitlab: merge request", { GITLAB, MERGE_REQUEST, "CI_MERGE_REQUEST_EVENT_TYPE=detached",
		"CI_MERGE_REQUEST_SOURCE_PROJECT_PATH=acme/sub/web", "CI_COMMIT_SHA=" HEAD_SHA,
		"CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=" }, NULL,
		{ "gitlab-ci", "acme/sub/web", NULL, "fix/it", HEAD_SHA, GITLAB_FOUND, 5 } },
	{ "gitlab: merged result", { GITLAB, MERGE_REQUEST, "CI_MERGE_REQUEST_EVENT_TYPE=merged_result",
		"CI_COMMIT_SHA=" MERGE_SHA, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=" HEAD_SHA }, NULL,
		{ "gitlab-ci", "acme/sub/web", NULL, "fix/it", HEAD_SHA, GITLAB_FOUND, 5 } },
	{ "gitlab: merged result that does not say its head", { GITLAB, MERGE_REQUEST,
		"CI_MERGE_REQUEST_EVENT_TYPE=merge_train", "CI_COMMIT_SHA=" MERGE_SHA }, NULL,
		{ "gitlab-ci", "acme/sub/web", NULL, "fix/it", NULL, GITLAB_FOUND, 5 } },
	{ "gitlab: fork, in the fork's own pipeline", { "CI_PROJECT_PATH=someone/web", GITLAB, "CI_PROJECT_PATH=someone/web",
		MERGE_REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH=someone/web", "CI_COMMIT_SHA=" HEAD_SHA }, NULL,
		{ "gitlab-ci", "acme/sub/web", "someone/web", "fix/it", HEAD_SHA, GITLAB_FOUND, 5 } },
};

#define JENKINS "JENKINS_URL=https://ci.example/", "BUILD_NUMBER=42", "JOB_NAME=web/fix", \
	"BUILD_URL=https://admin:11aa@ci.example/job/web/42/"
#define JENKINS_FOUND "42", "https://ci.example/job/web/42/"

static const struct row jenkins_rows[] = {
	{ "jenkins: branch", { JENKINS, "GIT_URL=https://u:p@github.com/acme/web.git", "GIT_BRANCH=origin/fix/it",
		"GIT_COMMIT=" HEAD_SHA }, NULL,
		{ "jenkins", "acme/web", NULL, "fix/it", HEAD_SHA, JENKINS_FOUND, "web/fix", 0 } },
	{ "jenkins: stage", { JENKINS, "STAGE_NAME=Unit tests", "BRANCH_NAME=main", "GIT_URL_1=git@github.com:acme/web.git",
		"GIT_COMMIT=" HEAD_SHA }, NULL,
		{ "jenkins", "acme/web", NULL, "main", HEAD_SHA, JENKINS_FOUND, "web/fix / Unit tests", 0 } },
	{ "jenkins: pull request", { JENKINS, "CHANGE_ID=7", "CHANGE_BRANCH=fix/it", "CHANGE_TARGET=main", "BRANCH_NAME=PR-7",
		"GIT_BRANCH=PR-7", "GIT_URL=https://github.com/acme/web.git", "GIT_COMMIT=" HEAD_SHA }, NULL,
		{ "jenkins", "acme/web", NULL, "fix/it", HEAD_SHA, JENKINS_FOUND, "web/fix", 7 } },
	{ "jenkins: fork", { JENKINS, "CHANGE_ID=7", "CHANGE_FORK=someone", "CHANGE_BRANCH=main", "CHANGE_TARGET=main",
		"GIT_URL=https://github.com/acme/web.git", "GIT_COMMIT=" HEAD_SHA }, NULL,
		{ "jenkins", "acme/web", "someone/web", "main", HEAD_SHA, JENKINS_FOUND, "web/fix", 7 } },
	{ "jenkins: pull request builder", { JENKINS, "ghprbPullId=7", "ghprbSourceBranch=fix/it", "ghprbActualCommit=" HEAD_SHA,
		"GIT_COMMIT=" MERGE_SHA, "GIT_BRANCH=origin/pr/7/merge", "ghprbGhRepository=acme/web",
		"ghprbAuthorRepoGitUrl=https://github.com/someone/web.git" }, NULL,
		{ "jenkins", "acme/web", "someone/web", "fix/it", HEAD_SHA, JENKINS_FOUND, "web/fix", 7 } },
	{ "jenkins: detached", { JENKINS, "GIT_BRANCH=detached", "GIT_COMMIT=HEAD" }, NULL,
		{ "jenkins", NULL, NULL, NULL, NULL, JENKINS_FOUND, "web/fix", 0 } },
};

#define BUILDKITE "BUILDKITE=true", "BUILDKITE_REPO=git@github.com:acme/web.git", "BUILDKITE_BUILD_NUMBER=42", \
	"BUILDKITE_BUILD_URL=https://buildkite.com/acme/web/builds/42", "BUILDKITE_JOB_ID=ab-cd", "BUILDKITE_LABEL=Test"
#define BUILDKITE_FOUND "42", "https://buildkite.com/acme/web/builds/42#ab-cd"
#define DRONE "DRONE=true", "CI=true", "DRONE_REPO_OWNER=acme", "DRONE_REPO_NAME=web", "DRONE_COMMIT_SHA=" HEAD_SHA, \
	"DRONE_BUILD_NUMBER=42", "DRONE_BUILD_LINK=https://drone.example/acme/web/42", "DRONE_STAGE_NAME=node18", \
	"DRONE_STEP_NAME=test"
#define DRONE_FOUND HEAD_SHA, "42", "https://drone.example/acme/web/42", "node18 / test"
#define WOODPECKER "CI=woodpecker", "CI_REPO_OWNER=acme", "CI_REPO_NAME=web", "CI_COMMIT_SHA=" HEAD_SHA, \
	"CI_PIPELINE_NUMBER=42", "CI_PIPELINE_URL=https://wp.example/repos/1/pipeline/42", "CI_WORKFLOW_NAME=build", \
	"CI_STEP_NAME=test"
#define WOODPECKER_FOUND HEAD_SHA, "42", "https://wp.example/repos/1/pipeline/42", "build / test"

static const struct row container_rows[] = {
	{ "buildkite: branch", { BUILDKITE, "BUILDKITE_BRANCH=fix/it", "BUILDKITE_COMMIT=" HEAD_SHA,
		"BUILDKITE_PULL_REQUEST=false", "BUILDKITE_PULL_REQUEST_REPO=" }, NULL,
		{ "buildkite", "acme/web", NULL, "fix/it", HEAD_SHA, BUILDKITE_FOUND, "Test", 0 } },
	{ "buildkite: fork", { BUILDKITE, "BUILDKITE_BRANCH=someone:fix/it", "BUILDKITE_COMMIT=" HEAD_SHA,
		"BUILDKITE_PULL_REQUEST=7", "BUILDKITE_PULL_REQUEST_REPO=https://github.com/someone/web.git",
		"BUILDKITE_PARALLEL_JOB=2", "BUILDKITE_PARALLEL_JOB_COUNT=5" }, NULL,
		{ "buildkite", "acme/web", "someone/web", "fix/it", HEAD_SHA, BUILDKITE_FOUND, "Test (2)", 7 } },
	{ "buildkite: commit is a word", { BUILDKITE, "BUILDKITE_BRANCH=main", "BUILDKITE_COMMIT=HEAD" }, NULL,
		{ "buildkite", "acme/web", NULL, "main", NULL, BUILDKITE_FOUND, "Test", 0 } },
	{ "drone: branch", { DRONE, "DRONE_BUILD_EVENT=push", "DRONE_BRANCH=main", "DRONE_SOURCE_BRANCH=main" }, NULL,
		{ "drone", "acme/web", NULL, "main", DRONE_FOUND, 0 } },
	{ "drone: pull request", { DRONE, "DRONE_BUILD_EVENT=pull_request", "DRONE_BRANCH=main", "DRONE_SOURCE_BRANCH=fix/it",
		"DRONE_TARGET_BRANCH=main", "DRONE_PULL_REQUEST=7" }, NULL,
		{ "drone", "acme/web", NULL, "fix/it", DRONE_FOUND, 7 } },
	{ "drone: from a fork's main", { DRONE, "DRONE_BUILD_EVENT=pull_request", "DRONE_BRANCH=main",
		"DRONE_SOURCE_BRANCH=main", "DRONE_PULL_REQUEST=7" }, NULL,
		{ "drone", "acme/web", NULL, "pull/7", DRONE_FOUND, 7 } },
	{ "drone: the source is not told", { DRONE, "DRONE_BUILD_EVENT=pull_request", "DRONE_BRANCH=main",
		"DRONE_PULL_REQUEST=7" }, NULL,
		{ "drone", "acme/web", NULL, "pull/7", DRONE_FOUND, 7 } },
	{ "drone: tag", { DRONE, "DRONE_BUILD_EVENT=tag", "DRONE_BRANCH=main", "DRONE_TAG=v1" }, NULL,
		{ "drone", "acme/web", NULL, NULL, DRONE_FOUND, 0 } },
	{ "woodpecker: branch", { WOODPECKER, "CI_PIPELINE_EVENT=push", "CI_COMMIT_BRANCH=fix/it" }, NULL,
		{ "woodpecker", "acme/web", NULL, "fix/it", WOODPECKER_FOUND, 0 } },
	{ "woodpecker: pull request", { WOODPECKER, "CI_PIPELINE_EVENT=pull_request", "CI_COMMIT_BRANCH=main",
		"CI_COMMIT_SOURCE_BRANCH=fix/it", "CI_COMMIT_TARGET_BRANCH=main", "CI_COMMIT_PULL_REQUEST=7" }, NULL,
		{ "woodpecker", "acme/web", NULL, "fix/it", WOODPECKER_FOUND, 7 } },
	{ "woodpecker: from a fork's main", { WOODPECKER, "CI_PIPELINE_EVENT=pull_request", "CI_COMMIT_BRANCH=main",
		"CI_COMMIT_SOURCE_BRANCH=main", "CI_COMMIT_TARGET_BRANCH=main", "CI_COMMIT_PULL_REQUEST=7" }, NULL,
		{ "woodpecker", "acme/web", NULL, "pull/7", WOODPECKER_FOUND, 7 } },
};

#define AZURE "TF_BUILD=True", "BUILD_REPOSITORY_URI=https://x@github.com/acme/web", "BUILD_REPOSITORY_NAME=acme/web", \
	"BUILD_BUILDID=815", "BUILD_BUILDNUMBER=20261122.1", "SYSTEM_JOBDISPLAYNAME=Test linux", "SYSTEM_TEAMPROJECTID=ab", \
	"SYSTEM_TEAMFOUNDATIONSERVERURI=https://dev.azure.com/acme/"
#define AZURE_FOUND "815", "https://dev.azure.com/acme/ab/_build/results?buildId=815", "Test linux"
#define BITBUCKET "BITBUCKET_BUILD_NUMBER=42", "BITBUCKET_COMMIT=" HEAD_SHA, "BITBUCKET_REPO_FULL_NAME=acme/web"
#define BITBUCKET_FOUND HEAD_SHA, "42", "https://bitbucket.org/acme/web/addon/pipelines/home#!/results/42"
#define TRAVIS "TRAVIS=true", "TRAVIS_REPO_SLUG=acme/web", "TRAVIS_BUILD_NUMBER=42", "TRAVIS_JOB_NUMBER=42.3", \
	"TRAVIS_BUILD_WEB_URL=https://app.travis-ci.com/acme/web/builds/1"
#define TRAVIS_FOUND "42", "https://app.travis-ci.com/acme/web/builds/1"

static const struct row hosted_rows[] = {
	{ "azure: branch", { AZURE, "BUILD_SOURCEBRANCH=refs/heads/fix/it", "BUILD_SOURCEVERSION=" HEAD_SHA }, NULL,
		{ "azure-pipelines", "acme/web", NULL, "fix/it", HEAD_SHA, AZURE_FOUND, 0 } },
	{ "azure: fork", { AZURE, "BUILD_REASON=PullRequest", "BUILD_SOURCEBRANCH=refs/pull/7/merge",
		"BUILD_SOURCEVERSION=" MERGE_SHA, "SYSTEM_PULLREQUEST_SOURCEBRANCH=refs/heads/fix/it",
		"SYSTEM_PULLREQUEST_SOURCECOMMITID=" HEAD_SHA, "SYSTEM_PULLREQUEST_PULLREQUESTID=555555",
		"SYSTEM_PULLREQUEST_PULLREQUESTNUMBER=7",
		"SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI=https://github.com/someone/web" }, NULL,
		{ "azure-pipelines", "acme/web", "someone/web", "fix/it", HEAD_SHA, AZURE_FOUND, 7 } },
	{ "azure: the head is not told", { AZURE, "BUILD_REASON=PullRequest", "BUILD_SOURCEBRANCH=refs/pull/7/merge",
		"BUILD_SOURCEVERSION=" MERGE_SHA }, NULL,
		{ "azure-pipelines", "acme/web", NULL, "pull/7", NULL, AZURE_FOUND, 7 } },
	{ "bitbucket: branch", { BITBUCKET, "BITBUCKET_BRANCH=fix/it" }, NULL,
		{ "bitbucket-pipelines", "acme/web", NULL, "fix/it", BITBUCKET_FOUND, NULL, 0 } },
	{ "bitbucket: pull request", { BITBUCKET, "BITBUCKET_BRANCH=fix/it", "BITBUCKET_PR_ID=7",
		"BITBUCKET_PR_DESTINATION_BRANCH=main", "BITBUCKET_PARALLEL_STEP=1", "BITBUCKET_PARALLEL_STEP_COUNT=2" }, NULL,
		{ "bitbucket-pipelines", "acme/web", NULL, "fix/it", BITBUCKET_FOUND, "parallel step (1)", 7 } },
	{ "travis: branch", { TRAVIS, "TRAVIS_PULL_REQUEST=false", "TRAVIS_PULL_REQUEST_BRANCH=", "TRAVIS_BRANCH=fix/it",
		"TRAVIS_COMMIT=" HEAD_SHA }, NULL,
		{ "travis-ci", "acme/web", NULL, "fix/it", HEAD_SHA, TRAVIS_FOUND, "job 3", 0 } },
	{ "travis: fork", { TRAVIS, "TRAVIS_PULL_REQUEST=7", "TRAVIS_PULL_REQUEST_BRANCH=fix/it", "TRAVIS_BRANCH=main",
		"TRAVIS_COMMIT=" MERGE_SHA, "TRAVIS_PULL_REQUEST_SHA=" HEAD_SHA, "TRAVIS_PULL_REQUEST_SLUG=someone/web",
		"TRAVIS_JOB_NAME=unit" }, NULL,
		{ "travis-ci", "acme/web", "someone/web", "fix/it", HEAD_SHA, TRAVIS_FOUND, "unit", 7 } },
	{ "travis: tag", { TRAVIS, "TRAVIS_TAG=v1", "TRAVIS_BRANCH=v1", "TRAVIS_COMMIT=" HEAD_SHA }, NULL,
		{ "travis-ci", "acme/web", NULL, NULL, HEAD_SHA, TRAVIS_FOUND, "job 3", 0 } },
};

#define LONG_256 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct row trap_rows[] = {
	{ "nothing", { NULL }, NULL, { NULL } },
	{ "\"false\" and empty are absent", { "CIRCLECI=false", "GITHUB_ACTIONS=", "CI=false", "CIRCLE_BRANCH=main",
		"GITHUB_REPOSITORY=acme/web" }, NULL, { NULL } },
	{ "CI=false hides no CI system", { "CI=false", CIRCLE, "CIRCLE_BRANCH=fix" }, NULL,
		{ "circleci", "acme/web", NULL, "fix", CIRCLE_FOUND, "test", 0 } },
	{ "the first one counts", { "JENKINS_URL=https://ci.example/", CIRCLE, "CIRCLE_BRANCH=fix" }, NULL,
		{ "circleci", "acme/web", NULL, "fix", CIRCLE_FOUND, "test", 0 } },
	{ "control characters", { "CIRCLECI=true", "CIRCLE_BRANCH=a\x1b[31mb", "CIRCLE_JOB=a\nb", "CIRCLE_SHA1=" HEAD_SHA "\n",
		"CIRCLE_PROJECT_USERNAME=ac\tme", "CIRCLE_PROJECT_REPONAME=web" }, NULL, { .provider = "circleci" } },
	{ "not UTF-8, hidden characters", { "CIRCLECI=true", "CIRCLE_BRANCH=\xff\xfe", "CIRCLE_JOB=a\xe2\x80\xae" "b",
		"CIRCLE_BUILD_NUM=\xc0\x80" }, NULL, { .provider = "circleci" } },
	{ "too long", { "CIRCLECI=true", "CIRCLE_BRANCH=" LONG_256, "CIRCLE_JOB=" LONG_256 LONG_256,
		"CIRCLE_BUILD_NUM=11111111111111111111111111111111111111111111" }, NULL, { .provider = "circleci" } },
	{ "no URL, no commit, no number", { "CIRCLECI=true", "CIRCLE_BUILD_URL=javascript:alert(1)", "CIRCLE_SHA1=--all",
		"CIRCLE_PR_NUMBER=99999999999", "CIRCLE_PULL_REQUEST=https://github.com/acme/web/pull/x",
		"CIRCLE_BRANCH=-rf", "CIRCLE_PROJECT_USERNAME=..", "CIRCLE_PROJECT_REPONAME=.." }, NULL, { .provider = "circleci" } },
	{ "a commit of zeros", { "CIRCLECI=true", "CIRCLE_SHA1=0000000000000000000000000000000000000000" }, NULL,
		{ .provider = "circleci" } },
	{ "credentials in URLs", { "CIRCLECI=true", "CIRCLE_BUILD_URL=https://bot:s3cr@t@ci.example:8443/1?a=b" }, NULL,
		{ "circleci", NULL, NULL, NULL, NULL, NULL, "https://ci.example:8443/1?a=b", NULL, 0 } },
	{ "credentials with a slash", { "CIRCLECI=true", "CIRCLE_BUILD_URL=https://bot:a/b@ci.example/1" }, NULL,
		{ .provider = "circleci" } },
	{ "credentials in a path", { "CIRCLECI=true", "CIRCLE_BUILD_URL=https://ci.example/https://bot:x@h/1" }, NULL,
		{ .provider = "circleci" } },
	{ "a token in the query", { "CIRCLECI=true", "CIRCLE_BUILD_URL=https://ci.example/1?private_token=x" }, NULL,
		{ "circleci", NULL, NULL, NULL, NULL, NULL, "https://ci.example/1", NULL, 0 } },
	{ "a project that is a URL", { "GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=https://u:p@h/acme/web" }, NULL,
		{ .provider = "github-actions" } },
};
/* clang-format on */

static void check_rows(const struct row *rows, size_t n) {
	for (size_t i = 0; i < n; i++) {
		check_row(&rows[i]);
	}
}

static void test_actions(void **state) {
	check_rows(actions_rows, ARRAY_SIZE(actions_rows));
}

static void test_circleci(void **state) {
	check_rows(circleci_rows, ARRAY_SIZE(circleci_rows));
}

static void test_gitlab(void **state) {
	check_rows(gitlab_rows, ARRAY_SIZE(gitlab_rows));
}

static void test_jenkins(void **state) {
	check_rows(jenkins_rows, ARRAY_SIZE(jenkins_rows));
}

static void test_container(void **state) {
	check_rows(container_rows, ARRAY_SIZE(container_rows));
}

static void test_hosted(void **state) {
	check_rows(hosted_rows, ARRAY_SIZE(hosted_rows));
}

static void test_traps(void **state) {
	check_rows(trap_rows, ARRAY_SIZE(trap_rows));
}

static void test_teamcity(void **state) {
	static const struct row row = { "teamcity",
		{ "TEAMCITY_VERSION=2026.1", "BUILD_NUMBER=42", "BUILD_VCS_NUMBER=" HEAD_SHA,
			"TEAMCITY_BUILDCONF_NAME=Test", "BUILD_URL=https://tc.example/build/9",
			"TEAMCITY_BUILD_PROPERTIES_FILE=@/build.properties" },
		NULL,
		{ "teamcity", "acme/web", NULL, "fix/it", HEAD_SHA, "42",
			"https://tc.example/build/9", "Test", 0 } };
	struct row pull = row;
	char text[512];

	snprintf(text, sizeof(text),
		"#TeamCity\nbuild.number=42\nteamcity.configuration.properties.file=%s/conf\n",
		directory);
	write_file("build.properties", text);
	write_file("conf",
		"#comment\nvcsroot.url=https\\://u\\:p@github.com/acme/web.git\r\n"
		"xteamcity.build.branch=wrong\nteamcity.build.branch=fix/it\n");
	check_row(&row);

	pull.what = "teamcity: pull request";
	pull.expected.pull_request = 7;
	write_file("conf",
		"vcsroot.url=git@github.com\\:acme/web.git\nteamcity.build.branch=pull/7\n"
		"teamcity.pullRequest.number=7\n"
		"teamcity.pullRequest.source.branch=fix/it\n");
	check_row(&pull);

	pull.what = "teamcity: broken properties";
	pull.expected = (struct expected){ "teamcity", NULL, NULL, NULL, HEAD_SHA, "42",
		"https://tc.example/build/9", "Test", 0 };
	write_file("conf",
		"teamcity.build.branch=<default>\nvcsroot.url=\\\n\nteamcity.build.branch\n\\");
	check_row(&pull);
}

/* What the event file is instead of a file: it is done without, at once. */
static void test_hostile_event(void **state) {
	static const char *const variables[VARIABLES_MAX] = { PULL_VARIABLES, NULL };
	_cleanup_(freep) char *huge = malloc(CLIENT_EVENT_MAX_BYTES + 1);
	struct ci_env env;

	set_variables(variables);
	assert_int_equal(mkfifo("event", 0600), 0);
	collect(&env);
	assert_string_equal(env.branch, "fix/it");
	assert_string_equal(env.commit, "");

	assert_int_equal(unlink("event"), 0);
	assert_int_equal(symlink("/dev/zero", "event"), 0);
	collect(&env);
	assert_string_equal(env.branch, "fix/it");

	assert_int_equal(unlink("event"), 0);
	assert_int_equal(mkdir("event", 0700), 0);
	collect(&env);
	assert_string_equal(env.branch, "fix/it");

	/* Valid, and about this pull request, but longer than any event. */
	assert_non_null(huge);
	assert_int_equal(rmdir("event"), 0);
	memset(huge, ' ', CLIENT_EVENT_MAX_BYTES + 1);
	memcpy(huge, PULL_EVENT("null"), strlen(PULL_EVENT("null")));
	assert_int_equal(fd_write_file_atomic("event", huge, CLIENT_EVENT_MAX_BYTES + 1, 0600), 0);
	collect(&env);
	assert_string_equal(env.commit, "");
	assert_int_equal(fd_write_file_atomic("event", huge, CLIENT_EVENT_MAX_BYTES, 0600), 0);
	collect(&env);
	assert_string_equal(env.commit, HEAD_SHA);

	memset(huge, '[', CLIENT_EVENT_MAX_BYTES);
	assert_int_equal(fd_write_file_atomic("event", huge, CLIENT_EVENT_MAX_BYTES, 0600), 0);
	collect(&env);
	assert_string_equal(env.branch, "fix/it");
	assert_int_equal(env.pull_request, 7);
}

/* Only what was asked for, and whatever the caller said itself is not asked for. */
static void test_wanted(void **state) {
	static const char *const variables[VARIABLES_MAX] = { CIRCLE, "CIRCLE_BRANCH=fix", NULL };
	struct ci_env env;

	set_variables(variables);
	ci_env_collect(CI_BRANCH, NULL, clock_mono_us() + 1000 * CLOCK_SECOND_MS, &env);
	assert_string_equal(env.branch, "fix");
	assert_string_equal(env.project, "");
	assert_string_equal(env.commit, "");
	assert_string_equal(env.job, "");
	assert_null(env.provider);
	ci_env_collect(CI_BUILD, NULL, clock_mono_us() + 1000 * CLOCK_SECOND_MS, &env);
	assert_string_equal(env.branch, "");
	assert_string_equal(env.job, "test");
	assert_string_equal(env.provider, "circleci");
}

#define directory_test(name) cmocka_unit_test_setup_teardown(name, enter_directory, leave_directory)

int main(void) {
	const struct CMUnitTest tests[] = {
		directory_test(test_actions),
		directory_test(test_circleci),
		directory_test(test_gitlab),
		directory_test(test_jenkins),
		directory_test(test_container),
		directory_test(test_hosted),
		directory_test(test_traps),
		directory_test(test_teamcity),
		directory_test(test_hostile_event),
		directory_test(test_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
