#include <string.h>
#include <strings.h>

#include "client/ci_source.h"
#include "common/text.h"

#define SOURCES_MAX 8
#define DETECT_MAX 4

/* Where a field may come from. The first that holds, has all its values and is of the shape counts. */
struct source {
	const char *pattern; /* for ci_expand() */
	enum ci_shape shape;
	const char *when; /* for ci_holds() */
};

enum field {
	FIELD_PROJECT,
	FIELD_FORK, /* the repository a pull request is from */
	FIELD_BRANCH,
	FIELD_TARGET, /* the branch a pull request is for */
	FIELD_COMMIT,
	FIELD_NUMBER,
	FIELD_URL,
	FIELD_JOB,
	FIELD_PULL,
	FIELD_COUNT,
};

struct provider {
	const char *name;
	const char *detect[DETECT_MAX];	   /* one of these holds */
	const char *elsewhere[DETECT_MAX]; /* one of these holds: HEAD is not what is told of */
	struct source sources[FIELD_COUNT][SOURCES_MAX];
};

#define PULL_EVENT "GITHUB_EVENT_NAME^=pull_request"
#define RUN_EVENT "GITHUB_EVENT_NAME=workflow_run"
#define RUN_URL "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/"
#define OWN_REF                                                                                    \
	"!GITHUB_HEAD_REF,GITHUB_REF!^refs/pull/,GITHUB_EVENT_NAME!=workflow_run,"                 \
	"GITHUB_EVENT_NAME!^pull_request"

/* clang-format off */

/* What GitHub and Gitea have in common. */
#define ACTIONS_FIELDS                                                                             \
	[FIELD_PROJECT] = {                                                                        \
		{ "{GITHUB_REPOSITORY}", CI_SHAPE_PROJECT, NULL },                                 \
	},                                                                                         \
	[FIELD_FORK] = {                                                                           \
		{ "{event:pull_request.head.repo.full_name}", CI_SHAPE_PROJECT, PULL_EVENT },      \
		{ "{event:workflow_run.head_repository.full_name}", CI_SHAPE_PROJECT, RUN_EVENT }, \
	},                                                                                         \
	[FIELD_BRANCH] = {                                                                         \
		{ "{event:pull_request.head.ref}", CI_SHAPE_BRANCH, PULL_EVENT },                  \
		{ "{event:workflow_run.head_branch}", CI_SHAPE_BRANCH, RUN_EVENT },                \
		{ "{GITHUB_HEAD_REF}", CI_SHAPE_BRANCH, NULL },                                    \
		{ "{GITHUB_REF}", CI_SHAPE_BRANCH, OWN_REF },                                      \
		{ "{GITHUB_REF_NAME}", CI_SHAPE_BRANCH, OWN_REF ",!GITHUB_REF,GITHUB_REF_TYPE!=tag" }, \
	},                                                                                         \
	[FIELD_TARGET] = {                                                                         \
		{ "{GITHUB_BASE_REF}", CI_SHAPE_BRANCH, NULL },                                    \
	},                                                                                         \
	[FIELD_COMMIT] = {                                                                         \
		{ "{event:pull_request.head.sha}", CI_SHAPE_COMMIT, PULL_EVENT },                  \
		{ "{event:workflow_run.head_sha}", CI_SHAPE_COMMIT, RUN_EVENT },                   \
		{ "{GITHUB_SHA}", CI_SHAPE_COMMIT, OWN_REF },                                      \
	},                                                                                         \
	[FIELD_NUMBER] = {                                                                         \
		{ "{event:workflow_run.run_number}", CI_SHAPE_NAME, RUN_EVENT },                   \
		{ "{GITHUB_RUN_NUMBER}", CI_SHAPE_NAME, NULL },                                    \
	},                                                                                         \
	[FIELD_JOB] = {                                                                            \
		{ "{GITHUB_JOB}", CI_SHAPE_NAME, NULL },                                           \
	},                                                                                         \
	[FIELD_PULL] = {                                                                           \
		{ "{event:pull_request.number}", CI_SHAPE_NUMBER, PULL_EVENT },                    \
		{ "{event:workflow_run.pull_requests.0.number}", CI_SHAPE_NUMBER, RUN_EVENT },     \
		{ "{GITHUB_REF}", CI_SHAPE_PULL_REF, NULL },                                       \
	}

#define ACTIONS_ELSEWHERE { "GITHUB_HEAD_REF", "GITHUB_REF^=refs/pull/", RUN_EVENT, PULL_EVENT }

/*
 * In this order, the first one counts: Gitea sets GitHub's variables too, Woodpecker some of Drone's, and Jenkins' and
 * TeamCity's are set on machines that run other things as well.
 */
static const struct provider providers[] = {
	{ "gitea-actions", { "GITEA_ACTIONS", "FORGEJO_ACTIONS" }, ACTIONS_ELSEWHERE, {
		ACTIONS_FIELDS,
		[FIELD_URL] = {
			{ "{event:workflow_run.html_url}", CI_SHAPE_URL, RUN_EVENT ",event:workflow_run.conclusion=failure" },
			{ RUN_URL "{GITHUB_RUN_NUMBER}", CI_SHAPE_URL, NULL },
		},
	} },
	{ "github-actions", { "GITHUB_ACTIONS" }, ACTIONS_ELSEWHERE, {
		ACTIONS_FIELDS,
		[FIELD_URL] = {
			{ "{event:workflow_run.html_url}", CI_SHAPE_URL, RUN_EVENT ",event:workflow_run.conclusion=failure" },
			{ RUN_URL "{GITHUB_RUN_ID}/attempts/{GITHUB_RUN_ATTEMPT}", CI_SHAPE_URL, "GITHUB_RUN_ATTEMPT!=1" },
			{ RUN_URL "{GITHUB_RUN_ID}", CI_SHAPE_URL, NULL },
		},
	} },
	{ "circleci", { "CIRCLECI" }, { NULL }, {
		[FIELD_PROJECT] = {
			{ "{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}", CI_SHAPE_PROJECT, NULL },
			{ "{CIRCLE_REPOSITORY_URL}", CI_SHAPE_REMOTE, NULL },
		},
		[FIELD_FORK] = {
			{ "{CIRCLE_PR_USERNAME}/{CIRCLE_PR_REPONAME}", CI_SHAPE_PROJECT, NULL },
		},
		/* "pull/12" for a fork's: its branch is not told. */
		[FIELD_BRANCH] = {
			{ "{CIRCLE_BRANCH}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_COMMIT] = {
			{ "{CIRCLE_SHA1}", CI_SHAPE_COMMIT, NULL },
		},
		/* Of the job, and larger with each: it tells which of two runs of a job is newer, and nothing else. */
		[FIELD_NUMBER] = {
			{ "{CIRCLE_BUILD_NUM}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "{CIRCLE_BUILD_URL}", CI_SHAPE_URL, NULL },
			{ "https://app.circleci.com/pipelines/workflows/{CIRCLE_WORKFLOW_ID}", CI_SHAPE_URL, NULL },
		},
		[FIELD_JOB] = {
			{ "{CIRCLE_JOB} ({CIRCLE_NODE_INDEX})", CI_SHAPE_NAME, "CIRCLE_NODE_TOTAL,CIRCLE_NODE_TOTAL!=1" },
			{ "{CIRCLE_JOB}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_PULL] = {
			{ "{CIRCLE_PR_NUMBER}", CI_SHAPE_NUMBER, NULL },
			{ "{CIRCLE_PULL_REQUESTS}", CI_SHAPE_PULL_URL, NULL },
			{ "{CIRCLE_PULL_REQUEST}", CI_SHAPE_PULL_URL, NULL },
			{ "{CIRCLE_BRANCH}", CI_SHAPE_PULL_REF, NULL },
		},
	} },
	{ "gitlab-ci", { "GITLAB_CI" },
		{ "CI_MERGE_REQUEST_EVENT_TYPE=merged_result", "CI_MERGE_REQUEST_EVENT_TYPE=merge_train" }, {
		/* A fork's pipeline runs in the fork: the merge request says where it is for. */
		[FIELD_PROJECT] = {
			{ "{CI_MERGE_REQUEST_PROJECT_PATH}", CI_SHAPE_PROJECT, NULL },
			{ "{CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY}", CI_SHAPE_PROJECT, NULL },
			{ "{CI_PROJECT_PATH}", CI_SHAPE_PROJECT, NULL },
			{ "{CI_REPOSITORY_URL}", CI_SHAPE_REMOTE, NULL },
		},
		[FIELD_FORK] = {
			{ "{CI_MERGE_REQUEST_SOURCE_PROJECT_PATH}", CI_SHAPE_PROJECT, NULL },
			{ "{CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY}", CI_SHAPE_PROJECT, NULL },
		},
		[FIELD_BRANCH] = {
			{ "{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", CI_SHAPE_BRANCH, NULL },
			{ "{CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME}", CI_SHAPE_BRANCH, NULL },
			{ "{CI_COMMIT_BRANCH}", CI_SHAPE_BRANCH, NULL },
			{ "{CI_COMMIT_REF_NAME}", CI_SHAPE_BRANCH, "!CI_COMMIT_TAG,!CI_MERGE_REQUEST_IID" },
		},
		[FIELD_TARGET] = {
			{ "{CI_MERGE_REQUEST_TARGET_BRANCH_NAME}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_COMMIT] = {
			{ "{CI_MERGE_REQUEST_SOURCE_BRANCH_SHA}", CI_SHAPE_COMMIT, NULL },
			{ "{CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA}", CI_SHAPE_COMMIT, NULL },
			{ "{CI_COMMIT_SHA}", CI_SHAPE_COMMIT, "CI_MERGE_REQUEST_EVENT_TYPE!^merge" },
		},
		[FIELD_NUMBER] = {
			{ "{CI_PIPELINE_IID}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "{CI_JOB_URL}", CI_SHAPE_URL, NULL },
			{ "{CI_PIPELINE_URL}", CI_SHAPE_URL, NULL },
		},
		[FIELD_JOB] = {
			{ "{CI_JOB_NAME}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_PULL] = {
			{ "{CI_MERGE_REQUEST_IID}", CI_SHAPE_NUMBER, NULL },
			{ "{CI_EXTERNAL_PULL_REQUEST_IID}", CI_SHAPE_NUMBER, NULL },
		},
	} },
	{ "buildkite", { "BUILDKITE" }, { NULL }, {
		[FIELD_PROJECT] = {
			{ "{BUILDKITE_REPO}", CI_SHAPE_REMOTE, NULL },
		},
		[FIELD_FORK] = {
			{ "{BUILDKITE_PULL_REQUEST_REPO}", CI_SHAPE_REMOTE, "BUILDKITE_PULL_REQUEST" },
		},
		[FIELD_BRANCH] = {
			{ "{BUILDKITE_BRANCH}", CI_SHAPE_BRANCH, "!BUILDKITE_TAG" },
		},
		[FIELD_TARGET] = {
			{ "{BUILDKITE_PULL_REQUEST_BASE_BRANCH}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_COMMIT] = {
			{ "{BUILDKITE_COMMIT}", CI_SHAPE_COMMIT, NULL },
		},
		[FIELD_NUMBER] = {
			{ "{BUILDKITE_BUILD_NUMBER}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}", CI_SHAPE_URL, NULL },
			{ "{BUILDKITE_BUILD_URL}", CI_SHAPE_URL, NULL },
		},
		/* A key is the same for all legs of a matrix, a label usually not. */
		[FIELD_JOB] = {
			{ "{BUILDKITE_LABEL} ({BUILDKITE_PARALLEL_JOB})", CI_SHAPE_NAME,
				"BUILDKITE_PARALLEL_JOB_COUNT,BUILDKITE_PARALLEL_JOB_COUNT!=1" },
			{ "{BUILDKITE_LABEL}", CI_SHAPE_NAME, NULL },
			{ "{BUILDKITE_STEP_KEY} ({BUILDKITE_PARALLEL_JOB})", CI_SHAPE_NAME,
				"BUILDKITE_PARALLEL_JOB_COUNT,BUILDKITE_PARALLEL_JOB_COUNT!=1" },
			{ "{BUILDKITE_STEP_KEY}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_PULL] = {
			{ "{BUILDKITE_PULL_REQUEST}", CI_SHAPE_NUMBER, NULL },
		},
	} },
	{ "woodpecker", { "CI=woodpecker", "CI_SYSTEM_NAME=woodpecker" }, { NULL }, {
		[FIELD_PROJECT] = {
			{ "{CI_REPO}", CI_SHAPE_PROJECT, NULL },
			{ "{CI_REPO_OWNER}/{CI_REPO_NAME}", CI_SHAPE_PROJECT, NULL },
		},
		[FIELD_BRANCH] = {
			{ "{CI_COMMIT_SOURCE_BRANCH}", CI_SHAPE_BRANCH, "CI_PIPELINE_EVENT^=pull_request" },
			{ "{CI_COMMIT_BRANCH}", CI_SHAPE_BRANCH, "CI_PIPELINE_EVENT!^pull_request,!CI_COMMIT_TAG" },
		},
		[FIELD_TARGET] = {
			{ "{CI_COMMIT_TARGET_BRANCH}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_COMMIT] = {
			{ "{CI_COMMIT_SHA}", CI_SHAPE_COMMIT, NULL },
		},
		[FIELD_NUMBER] = {
			{ "{CI_PIPELINE_NUMBER}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "{CI_STEP_URL}", CI_SHAPE_URL, NULL },
			{ "{CI_PIPELINE_URL}", CI_SHAPE_URL, NULL },
		},
		[FIELD_JOB] = {
			{ "{CI_WORKFLOW_NAME} / {CI_STEP_NAME}", CI_SHAPE_NAME, NULL },
			{ "{CI_STEP_NAME}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_PULL] = {
			{ "{CI_COMMIT_PULL_REQUEST}", CI_SHAPE_NUMBER, "CI_PIPELINE_EVENT^=pull_request" },
		},
	} },
	{ "drone", { "DRONE" }, { NULL }, {
		[FIELD_PROJECT] = {
			{ "{DRONE_REPO}", CI_SHAPE_PROJECT, NULL },
			{ "{DRONE_REPO_OWNER}/{DRONE_REPO_NAME}", CI_SHAPE_PROJECT, NULL },
		},
		/* DRONE_BRANCH is the target of a pull request. */
		[FIELD_BRANCH] = {
			{ "{DRONE_SOURCE_BRANCH}", CI_SHAPE_BRANCH, "DRONE_BUILD_EVENT=pull_request" },
			{ "{DRONE_BRANCH}", CI_SHAPE_BRANCH, "DRONE_BUILD_EVENT!=pull_request,!DRONE_TAG" },
		},
		[FIELD_TARGET] = {
			{ "{DRONE_TARGET_BRANCH}", CI_SHAPE_BRANCH, NULL },
			{ "{DRONE_BRANCH}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_COMMIT] = {
			{ "{DRONE_COMMIT_SHA}", CI_SHAPE_COMMIT, NULL },
			{ "{DRONE_COMMIT}", CI_SHAPE_COMMIT, NULL },
		},
		[FIELD_NUMBER] = {
			{ "{DRONE_BUILD_NUMBER}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "{DRONE_BUILD_LINK}", CI_SHAPE_URL, NULL },
		},
		[FIELD_JOB] = {
			{ "{DRONE_STAGE_NAME} / {DRONE_STEP_NAME}", CI_SHAPE_NAME, NULL },
			{ "{DRONE_STEP_NAME}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_PULL] = {
			{ "{DRONE_PULL_REQUEST}", CI_SHAPE_NUMBER, "DRONE_BUILD_EVENT=pull_request" },
		},
	} },
	{ "azure-pipelines", { "TF_BUILD", "BUILD_BUILDURI" }, { "BUILD_REASON=PullRequest" }, {
		[FIELD_PROJECT] = {
			{ "{BUILD_REPOSITORY_URI}", CI_SHAPE_REMOTE, NULL },
			{ "{BUILD_REPOSITORY_NAME}", CI_SHAPE_PROJECT, NULL },
		},
		[FIELD_FORK] = {
			{ "{SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI}", CI_SHAPE_REMOTE, NULL },
		},
		[FIELD_BRANCH] = {
			{ "{SYSTEM_PULLREQUEST_SOURCEBRANCH}", CI_SHAPE_BRANCH, NULL },
			{ "{BUILD_SOURCEBRANCH}", CI_SHAPE_BRANCH, "BUILD_REASON!=PullRequest" },
		},
		[FIELD_TARGET] = {
			{ "{SYSTEM_PULLREQUEST_TARGETBRANCH}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_COMMIT] = {
			{ "{SYSTEM_PULLREQUEST_SOURCECOMMITID}", CI_SHAPE_COMMIT, NULL },
			{ "{BUILD_SOURCEVERSION}", CI_SHAPE_COMMIT, "BUILD_SOURCEBRANCH!^refs/pull/,BUILD_REASON!=PullRequest" },
		},
		/* BUILD_BUILDNUMBER is any text, "20261122.1"; the id grows, so that the newer of two builds is known. */
		[FIELD_NUMBER] = {
			{ "{BUILD_BUILDID}", CI_SHAPE_NAME, NULL },
			{ "{BUILD_BUILDNUMBER}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "{SYSTEM_TEAMFOUNDATIONSERVERURI}{SYSTEM_TEAMPROJECTID}/_build/results?buildId={BUILD_BUILDID}", CI_SHAPE_URL, NULL },
		},
		[FIELD_JOB] = {
			{ "{SYSTEM_JOBDISPLAYNAME}", CI_SHAPE_NAME, NULL },
			{ "{AGENT_JOBNAME}", CI_SHAPE_NAME, NULL },
			{ "{SYSTEM_JOBNAME}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_PULL] = {
			{ "{SYSTEM_PULLREQUEST_PULLREQUESTNUMBER}", CI_SHAPE_NUMBER, NULL },
			{ "{SYSTEM_PULLREQUEST_PULLREQUESTID}", CI_SHAPE_NUMBER, NULL },
			{ "{BUILD_SOURCEBRANCH}", CI_SHAPE_PULL_REF, NULL },
		},
	} },
	{ "bitbucket-pipelines", { "BITBUCKET_BUILD_NUMBER", "BITBUCKET_COMMIT" }, { NULL }, {
		[FIELD_PROJECT] = {
			{ "{BITBUCKET_REPO_FULL_NAME}", CI_SHAPE_PROJECT, NULL },
			{ "{BITBUCKET_GIT_HTTP_ORIGIN}", CI_SHAPE_REMOTE, NULL },
		},
		[FIELD_BRANCH] = {
			{ "{BITBUCKET_BRANCH}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_TARGET] = {
			{ "{BITBUCKET_PR_DESTINATION_BRANCH}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_COMMIT] = {
			{ "{BITBUCKET_COMMIT}", CI_SHAPE_COMMIT, NULL },
		},
		[FIELD_NUMBER] = {
			{ "{BITBUCKET_BUILD_NUMBER}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/addon/pipelines/home#!/results/{BITBUCKET_BUILD_NUMBER}", CI_SHAPE_URL, NULL },
		},
		/* No step is named; only its place among parallel ones. */
		[FIELD_JOB] = {
			{ "parallel step ({BITBUCKET_PARALLEL_STEP})", CI_SHAPE_NAME, "BITBUCKET_PARALLEL_STEP_COUNT!=1" },
		},
		[FIELD_PULL] = {
			{ "{BITBUCKET_PR_ID}", CI_SHAPE_NUMBER, NULL },
		},
	} },
	{ "travis-ci", { "TRAVIS" }, { NULL }, {
		[FIELD_PROJECT] = {
			{ "{TRAVIS_REPO_SLUG}", CI_SHAPE_PROJECT, NULL },
		},
		[FIELD_FORK] = {
			{ "{TRAVIS_PULL_REQUEST_SLUG}", CI_SHAPE_PROJECT, "TRAVIS_PULL_REQUEST" },
		},
		[FIELD_BRANCH] = {
			{ "{TRAVIS_PULL_REQUEST_BRANCH}", CI_SHAPE_BRANCH, "TRAVIS_PULL_REQUEST" },
			{ "{TRAVIS_BRANCH}", CI_SHAPE_BRANCH, "!TRAVIS_PULL_REQUEST,!TRAVIS_TAG" },
		},
		[FIELD_TARGET] = {
			{ "{TRAVIS_BRANCH}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_COMMIT] = {
			{ "{TRAVIS_PULL_REQUEST_SHA}", CI_SHAPE_COMMIT, "TRAVIS_PULL_REQUEST" },
			{ "{TRAVIS_COMMIT}", CI_SHAPE_COMMIT, "!TRAVIS_PULL_REQUEST" },
		},
		[FIELD_NUMBER] = {
			{ "{TRAVIS_BUILD_NUMBER}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "{TRAVIS_JOB_WEB_URL}", CI_SHAPE_URL, NULL },
			{ "{TRAVIS_BUILD_WEB_URL}", CI_SHAPE_URL, NULL },
		},
		/* "4.1" is the first leg of build 4. */
		[FIELD_JOB] = {
			{ "{TRAVIS_JOB_NAME}", CI_SHAPE_NAME, NULL },
			{ "{TRAVIS_JOB_NUMBER}", CI_SHAPE_AFTER_POINT, NULL },
		},
		[FIELD_PULL] = {
			{ "{TRAVIS_PULL_REQUEST}", CI_SHAPE_NUMBER, NULL },
		},
	} },
	{ "teamcity", { "TEAMCITY_VERSION" }, { NULL }, {
		[FIELD_PROJECT] = {
			{ "{property:vcsroot.url}", CI_SHAPE_REMOTE, NULL },
		},
		[FIELD_BRANCH] = {
			{ "{property:teamcity.pullRequest.source.branch}", CI_SHAPE_BRANCH, NULL },
			{ "{property:teamcity.build.branch}", CI_SHAPE_BRANCH, NULL },
			{ "{property:vcsroot.branch}", CI_SHAPE_BRANCH, "property:teamcity.build.branch.is_default=true" },
		},
		[FIELD_TARGET] = {
			{ "{property:teamcity.pullRequest.target.branch}", CI_SHAPE_BRANCH, NULL },
		},
		[FIELD_COMMIT] = {
			{ "{BUILD_VCS_NUMBER}", CI_SHAPE_COMMIT, NULL },
		},
		[FIELD_NUMBER] = {
			{ "{BUILD_NUMBER}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "{BUILD_URL}", CI_SHAPE_URL, NULL },
		},
		[FIELD_JOB] = {
			{ "{TEAMCITY_BUILDCONF_NAME}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_PULL] = {
			{ "{property:teamcity.pullRequest.number}", CI_SHAPE_NUMBER, NULL },
			{ "{TEAMCITY_PULLREQUEST_NUMBER}", CI_SHAPE_NUMBER, NULL },
			{ "{property:teamcity.build.branch}", CI_SHAPE_PULL_REF, NULL },
		},
	} },
	{ "jenkins", { "JENKINS_URL", "JENKINS_SERVER_COOKIE", "HUDSON_URL" }, { NULL }, {
		[FIELD_PROJECT] = {
			{ "{ghprbGhRepository}", CI_SHAPE_PROJECT, NULL },
			{ "{GIT_URL}", CI_SHAPE_REMOTE, NULL },
			{ "{GIT_URL_1}", CI_SHAPE_REMOTE, NULL },
		},
		/* CHANGE_FORK is "owner/name", or "owner" where the fork has the project's name. */
		[FIELD_FORK] = {
			{ "{CHANGE_FORK}", CI_SHAPE_PROJECT, NULL },
			{ "{ghprbAuthorRepoGitUrl}", CI_SHAPE_REMOTE, NULL },
			{ "{gitlabSourceRepoHttpUrl}", CI_SHAPE_REMOTE, "gitlabMergeRequestIid" },
		},
		[FIELD_BRANCH] = {
			{ "{CHANGE_BRANCH}", CI_SHAPE_BRANCH, NULL },
			{ "{ghprbSourceBranch}", CI_SHAPE_BRANCH, NULL },
			{ "{gitlabSourceBranch}", CI_SHAPE_BRANCH, NULL },
			{ "{BRANCH_NAME}", CI_SHAPE_TRACKING, "!CHANGE_ID,!TAG_NAME" },
			{ "{GIT_LOCAL_BRANCH}", CI_SHAPE_BRANCH, "!CHANGE_ID,!TAG_NAME,!ghprbPullId" },
			{ "{GIT_BRANCH}", CI_SHAPE_TRACKING, "!CHANGE_ID,!TAG_NAME,!ghprbPullId" },
		},
		[FIELD_TARGET] = {
			{ "{CHANGE_TARGET}", CI_SHAPE_BRANCH, NULL },
			{ "{ghprbTargetBranch}", CI_SHAPE_BRANCH, NULL },
			{ "{gitlabTargetBranch}", CI_SHAPE_BRANCH, "gitlabMergeRequestIid" },
		},
		[FIELD_COMMIT] = {
			{ "{ghprbActualCommit}", CI_SHAPE_COMMIT, NULL },
			{ "{gitlabMergeRequestLastCommit}", CI_SHAPE_COMMIT, NULL },
			{ "{GIT_COMMIT}", CI_SHAPE_COMMIT, NULL },
		},
		[FIELD_NUMBER] = {
			{ "{BUILD_NUMBER}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_URL] = {
			{ "{BUILD_URL}", CI_SHAPE_URL, NULL },
		},
		[FIELD_JOB] = {
			{ "{JOB_NAME} / {STAGE_NAME}", CI_SHAPE_NAME, NULL },
			{ "{JOB_NAME}", CI_SHAPE_NAME, NULL },
		},
		[FIELD_PULL] = {
			{ "{CHANGE_ID}", CI_SHAPE_NUMBER, NULL },
			{ "{ghprbPullId}", CI_SHAPE_NUMBER, NULL },
			{ "{gitlabMergeRequestIid}", CI_SHAPE_NUMBER, NULL },
		},
	} },
};
/* clang-format on */

static bool any_holds(const char *const conditions[DETECT_MAX], struct ci_files *files) {
	for (size_t i = 0; i < DETECT_MAX && conditions[i] != NULL; i++) {
		if (ci_holds(conditions[i], files)) {
			return true;
		}
	}
	return false;
}

static const struct provider *detect(struct ci_files *files) {
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++) {
		if (any_holds(providers[i].detect, files)) {
			return &providers[i];
		}
	}
	return NULL;
}

static void take(const struct provider *provider, enum field field, struct ci_files *files,
	char *out, size_t size) {
	const struct source *sources = provider->sources[field];

	for (size_t i = 0; i < SOURCES_MAX && sources[i].pattern != NULL; i++) {
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
	const struct provider *provider = detect(&files);
	char target[CLIENT_NAME_MAX] = "", number[CLIENT_NUMBER_MAX] = "";
	bool elsewhere;

	if (provider == NULL) {
		return true;
	}
	env->provider = provider->name;
	take(provider, FIELD_PROJECT, &files, env->project, sizeof(env->project));
	take(provider, FIELD_FORK, &files, env->head_repository, sizeof(env->head_repository));
	take(provider, FIELD_BRANCH, &files, env->branch, sizeof(env->branch));
	take(provider, FIELD_TARGET, &files, target, sizeof(target));
	take(provider, FIELD_COMMIT, &files, env->commit, sizeof(env->commit));
	take(provider, FIELD_NUMBER, &files, env->build_number, sizeof(env->build_number));
	take(provider, FIELD_URL, &files, env->build_url, sizeof(env->build_url));
	take(provider, FIELD_JOB, &files, env->job, sizeof(env->job));
	take(provider, FIELD_PULL, &files, number, sizeof(number));
	(void)!text_to_int(number, &env->pull_request);
	elsewhere = any_holds(provider->elsewhere, &files);
	ci_files_finish(&files);
	settle_fork(env);
	settle_branch(target, env);
	return env->pull_request == 0 && !elsewhere;
}
