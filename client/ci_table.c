#include "client/ci_table.h"

/* A source under no condition. */
#define ANY NULL

#define PULL_EVENT "GITHUB_EVENT_NAME^=pull_request"
#define RUN_EVENT "GITHUB_EVENT_NAME=workflow_run"
#define RUN_URL "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/"
#define OWN_REF                                                                                    \
	"!GITHUB_HEAD_REF,GITHUB_REF!^refs/pull/,GITHUB_EVENT_NAME!=workflow_run,"                 \
	"GITHUB_EVENT_NAME!^pull_request,GITHUB_REF!^refs/heads/gh-readonly-queue/"

/* clang-format off */

/* What GitHub and Gitea have in common. */
#define ACTIONS_FIELDS                                                                             \
	[CI_FIELD_PROJECT] = {                                                                        \
		{ "{GITHUB_REPOSITORY}", CI_SHAPE_PROJECT, ANY },                                 \
	},                                                                                         \
	[CI_FIELD_FORK] = {                                                                           \
		{ "{event:pull_request.head.repo.full_name}", CI_SHAPE_PROJECT, PULL_EVENT },      \
		{ "{event:workflow_run.head_repository.full_name}", CI_SHAPE_PROJECT, RUN_EVENT }, \
	},                                                                                         \
	[CI_FIELD_BRANCH] = {                                                                         \
		{ "{event:pull_request.head.ref}", CI_SHAPE_BRANCH, PULL_EVENT },                  \
		{ "{event:workflow_run.head_branch}", CI_SHAPE_BRANCH, RUN_EVENT },                \
		{ "{GITHUB_HEAD_REF}", CI_SHAPE_BRANCH, ANY },                                    \
		{ "{GITHUB_REF}", CI_SHAPE_BRANCH, OWN_REF },                                      \
		{ "{GITHUB_REF_NAME}", CI_SHAPE_BRANCH, OWN_REF ",!GITHUB_REF,GITHUB_REF_TYPE!=tag" }, \
	},                                                                                         \
	[CI_FIELD_TARGET] = {                                                                         \
		{ "{GITHUB_BASE_REF}", CI_SHAPE_BRANCH, ANY },                                    \
	},                                                                                         \
	[CI_FIELD_COMMIT] = {                                                                         \
		{ "{event:pull_request.head.sha}", CI_SHAPE_COMMIT, PULL_EVENT },                  \
		{ "{event:workflow_run.head_sha}", CI_SHAPE_COMMIT, RUN_EVENT },                   \
		{ "{GITHUB_SHA}", CI_SHAPE_COMMIT, OWN_REF },                                      \
	},                                                                                         \
	[CI_FIELD_NUMBER] = {                                                                         \
		{ "{event:workflow_run.run_number}", CI_SHAPE_NAME, RUN_EVENT },                   \
		{ "{GITHUB_RUN_NUMBER}", CI_SHAPE_NAME, ANY },                                    \
	},                                                                                         \
	[CI_FIELD_JOB] = {                                                                            \
		{ "{GITHUB_JOB}", CI_SHAPE_NAME, ANY },                                           \
	},                                                                                         \
	[CI_FIELD_PULL] = {                                                                           \
		{ "{event:pull_request.number}", CI_SHAPE_NUMBER, PULL_EVENT },                    \
		{ "{event:workflow_run.pull_requests.0.number}", CI_SHAPE_NUMBER, RUN_EVENT },     \
		{ "{GITHUB_REF}", CI_SHAPE_PULL_REF, ANY },                                       \
	}

#define ACTIONS_ELSEWHERE { "GITHUB_HEAD_REF", "GITHUB_REF^=refs/pull/", RUN_EVENT, PULL_EVENT }
#define ACTIONS_TAG { "GITHUB_REF^=refs/tags/", "GITHUB_REF_TYPE=tag" }

/*
 * In this order, the first one counts: Gitea sets GitHub's variables too, Woodpecker some of Drone's, and Jenkins' and
 * TeamCity's are set on machines that run other things as well.
 */
const struct ci_provider ci_providers[] = {
	{ "gitea-actions", { "GITEA_ACTIONS", "FORGEJO_ACTIONS" }, ACTIONS_ELSEWHERE, ACTIONS_TAG, {
		ACTIONS_FIELDS,
		[CI_FIELD_URL] = {
			{ "{event:workflow_run.html_url}", CI_SHAPE_URL, RUN_EVENT ",event:workflow_run.conclusion=failure" },
			{ RUN_URL "{GITHUB_RUN_NUMBER}", CI_SHAPE_URL, ANY },
		},
	} },
	{ "github-actions", { "GITHUB_ACTIONS" }, ACTIONS_ELSEWHERE, ACTIONS_TAG, {
		ACTIONS_FIELDS,
		[CI_FIELD_URL] = {
			{ "{event:workflow_run.html_url}", CI_SHAPE_URL, RUN_EVENT ",event:workflow_run.conclusion=failure" },
			{ RUN_URL "{GITHUB_RUN_ID}/attempts/{GITHUB_RUN_ATTEMPT}", CI_SHAPE_URL, "GITHUB_RUN_ATTEMPT!=1" },
			{ RUN_URL "{GITHUB_RUN_ID}", CI_SHAPE_URL, ANY },
		},
	} },
	{ "circleci", { "CIRCLECI" }, { NULL }, { "CIRCLE_TAG" }, {
		[CI_FIELD_PROJECT] = {
			{ "{CIRCLE_PROJECT_USERNAME}/{CIRCLE_PROJECT_REPONAME}", CI_SHAPE_PROJECT, ANY },
			{ "{CIRCLE_REPOSITORY_URL}", CI_SHAPE_REMOTE, ANY },
		},
		[CI_FIELD_FORK] = {
			{ "{CIRCLE_PR_USERNAME}/{CIRCLE_PR_REPONAME}", CI_SHAPE_PROJECT, ANY },
		},
		/* "pull/12" for a fork's: its branch is not told. */
		[CI_FIELD_BRANCH] = {
			{ "{CIRCLE_BRANCH}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_COMMIT] = {
			{ "{CIRCLE_SHA1}", CI_SHAPE_COMMIT, ANY },
		},
		/* Of the job, and larger with each: it tells which of two runs of a job is newer, and nothing else. */
		[CI_FIELD_NUMBER] = {
			{ "{CIRCLE_BUILD_NUM}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "{CIRCLE_BUILD_URL}", CI_SHAPE_URL, ANY },
			{ "https://app.circleci.com/pipelines/workflows/{CIRCLE_WORKFLOW_ID}", CI_SHAPE_URL, ANY },
		},
		[CI_FIELD_JOB] = {
			{ "{CIRCLE_JOB} ({CIRCLE_NODE_INDEX})", CI_SHAPE_NAME, "CIRCLE_NODE_TOTAL,CIRCLE_NODE_TOTAL!=1" },
			{ "{CIRCLE_JOB}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_PULL] = {
			{ "{CIRCLE_PR_NUMBER}", CI_SHAPE_NUMBER, ANY },
			{ "{CIRCLE_PULL_REQUESTS}", CI_SHAPE_PULL_URL, ANY },
			{ "{CIRCLE_PULL_REQUEST}", CI_SHAPE_PULL_URL, ANY },
			{ "{CIRCLE_BRANCH}", CI_SHAPE_PULL_REF, ANY },
		},
	} },
	{ "gitlab-ci", { "GITLAB_CI" },
		{ "CI_MERGE_REQUEST_EVENT_TYPE=merged_result", "CI_MERGE_REQUEST_EVENT_TYPE=merge_train" },
		{ "CI_COMMIT_TAG" }, {
		/* A fork's pipeline runs in the fork: the merge request says where it is for. */
		[CI_FIELD_PROJECT] = {
			{ "{CI_MERGE_REQUEST_PROJECT_PATH}", CI_SHAPE_PROJECT, ANY },
			{ "{CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY}", CI_SHAPE_PROJECT, ANY },
			{ "{CI_PROJECT_PATH}", CI_SHAPE_PROJECT, ANY },
			{ "{CI_REPOSITORY_URL}", CI_SHAPE_REMOTE, ANY },
		},
		[CI_FIELD_FORK] = {
			{ "{CI_MERGE_REQUEST_SOURCE_PROJECT_PATH}", CI_SHAPE_PROJECT, ANY },
			{ "{CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY}", CI_SHAPE_PROJECT, ANY },
		},
		[CI_FIELD_BRANCH] = {
			{ "{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", CI_SHAPE_BRANCH, ANY },
			{ "{CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME}", CI_SHAPE_BRANCH, ANY },
			{ "{CI_COMMIT_BRANCH}", CI_SHAPE_BRANCH, ANY },
			{ "{CI_COMMIT_REF_NAME}", CI_SHAPE_BRANCH, "!CI_COMMIT_TAG,!CI_MERGE_REQUEST_IID" },
		},
		[CI_FIELD_TARGET] = {
			{ "{CI_MERGE_REQUEST_TARGET_BRANCH_NAME}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_COMMIT] = {
			{ "{CI_MERGE_REQUEST_SOURCE_BRANCH_SHA}", CI_SHAPE_COMMIT, ANY },
			{ "{CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_SHA}", CI_SHAPE_COMMIT, ANY },
			{ "{CI_COMMIT_SHA}", CI_SHAPE_COMMIT, "CI_MERGE_REQUEST_EVENT_TYPE!^merge" },
		},
		[CI_FIELD_NUMBER] = {
			{ "{CI_PIPELINE_IID}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "{CI_JOB_URL}", CI_SHAPE_URL, ANY },
			{ "{CI_PIPELINE_URL}", CI_SHAPE_URL, ANY },
		},
		[CI_FIELD_JOB] = {
			{ "{CI_JOB_NAME}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_PULL] = {
			{ "{CI_MERGE_REQUEST_IID}", CI_SHAPE_NUMBER, ANY },
			{ "{CI_EXTERNAL_PULL_REQUEST_IID}", CI_SHAPE_NUMBER, ANY },
			{ "{CI_OPEN_MERGE_REQUESTS}", CI_SHAPE_PULL_URL, ANY },
		},
	} },
	{ "buildkite", { "BUILDKITE" }, { NULL }, { "BUILDKITE_TAG" }, {
		[CI_FIELD_PROJECT] = {
			{ "{BUILDKITE_REPO}", CI_SHAPE_REMOTE, ANY },
		},
		[CI_FIELD_FORK] = {
			{ "{BUILDKITE_PULL_REQUEST_REPO}", CI_SHAPE_REMOTE, "BUILDKITE_PULL_REQUEST" },
		},
		[CI_FIELD_BRANCH] = {
			{ "{BUILDKITE_BRANCH}", CI_SHAPE_BRANCH, "!BUILDKITE_TAG" },
		},
		[CI_FIELD_TARGET] = {
			{ "{BUILDKITE_PULL_REQUEST_BASE_BRANCH}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_COMMIT] = {
			{ "{BUILDKITE_COMMIT}", CI_SHAPE_COMMIT, ANY },
		},
		[CI_FIELD_NUMBER] = {
			{ "{BUILDKITE_BUILD_NUMBER}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "{BUILDKITE_BUILD_URL}#{BUILDKITE_JOB_ID}", CI_SHAPE_URL, ANY },
			{ "{BUILDKITE_BUILD_URL}", CI_SHAPE_URL, ANY },
		},
		/* A key is the same for all legs of a matrix, a label usually not. */
		[CI_FIELD_JOB] = {
			{ "{BUILDKITE_LABEL} ({BUILDKITE_PARALLEL_JOB})", CI_SHAPE_NAME,
				"BUILDKITE_PARALLEL_JOB_COUNT,BUILDKITE_PARALLEL_JOB_COUNT!=1" },
			{ "{BUILDKITE_LABEL}", CI_SHAPE_NAME, ANY },
			{ "{BUILDKITE_STEP_KEY} ({BUILDKITE_PARALLEL_JOB})", CI_SHAPE_NAME,
				"BUILDKITE_PARALLEL_JOB_COUNT,BUILDKITE_PARALLEL_JOB_COUNT!=1" },
			{ "{BUILDKITE_STEP_KEY}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_PULL] = {
			{ "{BUILDKITE_PULL_REQUEST}", CI_SHAPE_NUMBER, ANY },
		},
	} },
	{ "woodpecker", { "CI=woodpecker", "CI_SYSTEM_NAME=woodpecker" }, { NULL },
		{ "CI_COMMIT_TAG", "CI_PIPELINE_EVENT=tag" }, {
		[CI_FIELD_PROJECT] = {
			{ "{CI_REPO}", CI_SHAPE_PROJECT, ANY },
			{ "{CI_REPO_OWNER}/{CI_REPO_NAME}", CI_SHAPE_PROJECT, ANY },
		},
		[CI_FIELD_BRANCH] = {
			{ "{CI_COMMIT_SOURCE_BRANCH}", CI_SHAPE_BRANCH, "CI_PIPELINE_EVENT^=pull_request" },
			{ "{CI_COMMIT_BRANCH}", CI_SHAPE_BRANCH, "CI_PIPELINE_EVENT!^pull_request,!CI_COMMIT_TAG" },
		},
		[CI_FIELD_TARGET] = {
			{ "{CI_COMMIT_TARGET_BRANCH}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_COMMIT] = {
			{ "{CI_COMMIT_SHA}", CI_SHAPE_COMMIT, ANY },
		},
		[CI_FIELD_NUMBER] = {
			{ "{CI_PIPELINE_NUMBER}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "{CI_STEP_URL}", CI_SHAPE_URL, ANY },
			{ "{CI_PIPELINE_URL}", CI_SHAPE_URL, ANY },
		},
		[CI_FIELD_JOB] = {
			{ "{CI_WORKFLOW_NAME} / {CI_STEP_NAME}", CI_SHAPE_NAME, ANY },
			{ "{CI_STEP_NAME}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_PULL] = {
			{ "{CI_COMMIT_PULL_REQUEST}", CI_SHAPE_NUMBER, "CI_PIPELINE_EVENT^=pull_request" },
		},
	} },
	{ "drone", { "DRONE" }, { NULL }, { "DRONE_TAG", "DRONE_BUILD_EVENT=tag" }, {
		[CI_FIELD_PROJECT] = {
			{ "{DRONE_REPO}", CI_SHAPE_PROJECT, ANY },
			{ "{DRONE_REPO_OWNER}/{DRONE_REPO_NAME}", CI_SHAPE_PROJECT, ANY },
		},
		/* DRONE_BRANCH is the target of a pull request. */
		[CI_FIELD_BRANCH] = {
			{ "{DRONE_SOURCE_BRANCH}", CI_SHAPE_BRANCH, "DRONE_BUILD_EVENT=pull_request" },
			{ "{DRONE_BRANCH}", CI_SHAPE_BRANCH, "DRONE_BUILD_EVENT!=pull_request,!DRONE_TAG" },
		},
		[CI_FIELD_TARGET] = {
			{ "{DRONE_TARGET_BRANCH}", CI_SHAPE_BRANCH, ANY },
			{ "{DRONE_BRANCH}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_COMMIT] = {
			{ "{DRONE_COMMIT_SHA}", CI_SHAPE_COMMIT, ANY },
			{ "{DRONE_COMMIT}", CI_SHAPE_COMMIT, ANY },
		},
		[CI_FIELD_NUMBER] = {
			{ "{DRONE_BUILD_NUMBER}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "{DRONE_BUILD_LINK}", CI_SHAPE_URL, ANY },
		},
		[CI_FIELD_JOB] = {
			{ "{DRONE_STAGE_NAME} / {DRONE_STEP_NAME}", CI_SHAPE_NAME, ANY },
			{ "{DRONE_STEP_NAME}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_PULL] = {
			{ "{DRONE_PULL_REQUEST}", CI_SHAPE_NUMBER, "DRONE_BUILD_EVENT=pull_request" },
		},
	} },
	{ "azure-pipelines", { "TF_BUILD", "BUILD_BUILDURI" }, { "BUILD_REASON=PullRequest" },
		{ "BUILD_SOURCEBRANCH^=refs/tags/" }, {
		[CI_FIELD_PROJECT] = {
			{ "{BUILD_REPOSITORY_URI}", CI_SHAPE_REMOTE, ANY },
			{ "{BUILD_REPOSITORY_NAME}", CI_SHAPE_PROJECT, ANY },
		},
		[CI_FIELD_FORK] = {
			{ "{SYSTEM_PULLREQUEST_SOURCEREPOSITORYURI}", CI_SHAPE_REMOTE, ANY },
		},
		[CI_FIELD_BRANCH] = {
			{ "{SYSTEM_PULLREQUEST_SOURCEBRANCH}", CI_SHAPE_BRANCH, ANY },
			{ "{BUILD_SOURCEBRANCH}", CI_SHAPE_BRANCH, "BUILD_REASON!=PullRequest" },
		},
		[CI_FIELD_TARGET] = {
			{ "{SYSTEM_PULLREQUEST_TARGETBRANCH}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_COMMIT] = {
			{ "{SYSTEM_PULLREQUEST_SOURCECOMMITID}", CI_SHAPE_COMMIT, ANY },
			{ "{BUILD_SOURCEVERSION}", CI_SHAPE_COMMIT, "BUILD_SOURCEBRANCH!^refs/pull/,BUILD_REASON!=PullRequest" },
		},
		/* BUILD_BUILDNUMBER is any text, "20261122.1"; the id grows, so that the newer of two builds is known. */
		[CI_FIELD_NUMBER] = {
			{ "{BUILD_BUILDID}", CI_SHAPE_NAME, ANY },
			{ "{BUILD_BUILDNUMBER}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "{SYSTEM_TEAMFOUNDATIONSERVERURI}{SYSTEM_TEAMPROJECTID}/_build/results?buildId={BUILD_BUILDID}", CI_SHAPE_URL, ANY },
		},
		[CI_FIELD_JOB] = {
			{ "{SYSTEM_JOBDISPLAYNAME}", CI_SHAPE_NAME, ANY },
			{ "{AGENT_JOBNAME}", CI_SHAPE_NAME, ANY },
			{ "{SYSTEM_JOBNAME}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_PULL] = {
			{ "{SYSTEM_PULLREQUEST_PULLREQUESTNUMBER}", CI_SHAPE_NUMBER, ANY },
			{ "{SYSTEM_PULLREQUEST_PULLREQUESTID}", CI_SHAPE_NUMBER, ANY },
			{ "{BUILD_SOURCEBRANCH}", CI_SHAPE_PULL_REF, ANY },
		},
	} },
	{ "bitbucket-pipelines", { "BITBUCKET_BUILD_NUMBER", "BITBUCKET_COMMIT" }, { NULL }, { "BITBUCKET_TAG" }, {
		[CI_FIELD_PROJECT] = {
			{ "{BITBUCKET_REPO_FULL_NAME}", CI_SHAPE_PROJECT, ANY },
			{ "{BITBUCKET_GIT_HTTP_ORIGIN}", CI_SHAPE_REMOTE, ANY },
		},
		[CI_FIELD_BRANCH] = {
			{ "{BITBUCKET_BRANCH}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_TARGET] = {
			{ "{BITBUCKET_PR_DESTINATION_BRANCH}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_COMMIT] = {
			{ "{BITBUCKET_COMMIT}", CI_SHAPE_COMMIT, ANY },
		},
		[CI_FIELD_NUMBER] = {
			{ "{BITBUCKET_BUILD_NUMBER}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "https://bitbucket.org/{BITBUCKET_REPO_FULL_NAME}/addon/pipelines/home#!/results/{BITBUCKET_BUILD_NUMBER}", CI_SHAPE_URL, ANY },
		},
		/* No step is named; only its place among parallel ones. */
		[CI_FIELD_JOB] = {
			{ "parallel step ({BITBUCKET_PARALLEL_STEP})", CI_SHAPE_NAME, "BITBUCKET_PARALLEL_STEP_COUNT!=1" },
		},
		[CI_FIELD_PULL] = {
			{ "{BITBUCKET_PR_ID}", CI_SHAPE_NUMBER, ANY },
		},
	} },
	{ "travis-ci", { "TRAVIS" }, { NULL }, { "TRAVIS_TAG" }, {
		[CI_FIELD_PROJECT] = {
			{ "{TRAVIS_REPO_SLUG}", CI_SHAPE_PROJECT, ANY },
		},
		[CI_FIELD_FORK] = {
			{ "{TRAVIS_PULL_REQUEST_SLUG}", CI_SHAPE_PROJECT, "TRAVIS_PULL_REQUEST" },
		},
		[CI_FIELD_BRANCH] = {
			{ "{TRAVIS_PULL_REQUEST_BRANCH}", CI_SHAPE_BRANCH, "TRAVIS_PULL_REQUEST" },
			{ "{TRAVIS_BRANCH}", CI_SHAPE_BRANCH, "!TRAVIS_PULL_REQUEST,!TRAVIS_TAG" },
		},
		[CI_FIELD_TARGET] = {
			{ "{TRAVIS_BRANCH}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_COMMIT] = {
			{ "{TRAVIS_PULL_REQUEST_SHA}", CI_SHAPE_COMMIT, "TRAVIS_PULL_REQUEST" },
			{ "{TRAVIS_COMMIT}", CI_SHAPE_COMMIT, "!TRAVIS_PULL_REQUEST" },
		},
		[CI_FIELD_NUMBER] = {
			{ "{TRAVIS_BUILD_NUMBER}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "{TRAVIS_JOB_WEB_URL}", CI_SHAPE_URL, ANY },
			{ "{TRAVIS_BUILD_WEB_URL}", CI_SHAPE_URL, ANY },
		},
		/* "4.1" is the first leg of build 4. */
		[CI_FIELD_JOB] = {
			{ "{TRAVIS_JOB_NAME}", CI_SHAPE_NAME, ANY },
			{ "{TRAVIS_JOB_NUMBER}", CI_SHAPE_AFTER_POINT, ANY },
		},
		[CI_FIELD_PULL] = {
			{ "{TRAVIS_PULL_REQUEST}", CI_SHAPE_NUMBER, ANY },
		},
	} },
	{ "teamcity", { "TEAMCITY_VERSION" }, { NULL }, { "property:teamcity.build.branch^=refs/tags/" }, {
		[CI_FIELD_PROJECT] = {
			{ "{property:vcsroot.url}", CI_SHAPE_REMOTE, ANY },
		},
		[CI_FIELD_BRANCH] = {
			{ "{property:teamcity.pullRequest.source.branch}", CI_SHAPE_BRANCH, ANY },
			{ "{property:teamcity.build.branch}", CI_SHAPE_BRANCH, ANY },
			{ "{property:vcsroot.branch}", CI_SHAPE_BRANCH, "property:teamcity.build.branch.is_default=true" },
		},
		[CI_FIELD_TARGET] = {
			{ "{property:teamcity.pullRequest.target.branch}", CI_SHAPE_BRANCH, ANY },
		},
		[CI_FIELD_COMMIT] = {
			{ "{BUILD_VCS_NUMBER}", CI_SHAPE_COMMIT, ANY },
		},
		[CI_FIELD_NUMBER] = {
			{ "{BUILD_NUMBER}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "{BUILD_URL}", CI_SHAPE_URL, ANY },
		},
		[CI_FIELD_JOB] = {
			{ "{TEAMCITY_BUILDCONF_NAME}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_PULL] = {
			{ "{property:teamcity.pullRequest.number}", CI_SHAPE_NUMBER, ANY },
			{ "{TEAMCITY_PULLREQUEST_NUMBER}", CI_SHAPE_NUMBER, ANY },
			{ "{property:teamcity.build.branch}", CI_SHAPE_PULL_REF, ANY },
		},
	} },
	{ "jenkins", { "JENKINS_URL", "JENKINS_SERVER_COOKIE", "HUDSON_URL" }, { NULL }, { "TAG_NAME" }, {
		[CI_FIELD_PROJECT] = {
			{ "{ghprbGhRepository}", CI_SHAPE_PROJECT, ANY },
			{ "{GIT_URL}", CI_SHAPE_REMOTE, ANY },
			{ "{GIT_URL_1}", CI_SHAPE_REMOTE, ANY },
		},
		/* CHANGE_FORK is "owner/name", or "owner" where the fork has the project's name. */
		[CI_FIELD_FORK] = {
			{ "{CHANGE_FORK}", CI_SHAPE_PROJECT, ANY },
			{ "{ghprbAuthorRepoGitUrl}", CI_SHAPE_REMOTE, ANY },
			{ "{gitlabSourceRepoHttpUrl}", CI_SHAPE_REMOTE, "gitlabMergeRequestIid" },
		},
		[CI_FIELD_BRANCH] = {
			{ "{CHANGE_BRANCH}", CI_SHAPE_BRANCH, ANY },
			{ "{ghprbSourceBranch}", CI_SHAPE_BRANCH, ANY },
			{ "{gitlabSourceBranch}", CI_SHAPE_BRANCH, ANY },
			{ "{BRANCH_NAME}", CI_SHAPE_TRACKING, "!CHANGE_ID,!TAG_NAME" },
			{ "{GIT_LOCAL_BRANCH}", CI_SHAPE_BRANCH, "!CHANGE_ID,!TAG_NAME,!ghprbPullId" },
			{ "{GIT_BRANCH}", CI_SHAPE_TRACKING, "!CHANGE_ID,!TAG_NAME,!ghprbPullId" },
		},
		[CI_FIELD_TARGET] = {
			{ "{CHANGE_TARGET}", CI_SHAPE_BRANCH, ANY },
			{ "{ghprbTargetBranch}", CI_SHAPE_BRANCH, ANY },
			{ "{gitlabTargetBranch}", CI_SHAPE_BRANCH, "gitlabMergeRequestIid" },
		},
		[CI_FIELD_COMMIT] = {
			{ "{ghprbActualCommit}", CI_SHAPE_COMMIT, ANY },
			{ "{gitlabMergeRequestLastCommit}", CI_SHAPE_COMMIT, ANY },
			{ "{GIT_COMMIT}", CI_SHAPE_COMMIT, ANY },
		},
		[CI_FIELD_NUMBER] = {
			{ "{BUILD_NUMBER}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_URL] = {
			{ "{BUILD_URL}", CI_SHAPE_URL, ANY },
		},
		[CI_FIELD_JOB] = {
			{ "{JOB_NAME} / {STAGE_NAME}", CI_SHAPE_NAME, ANY },
			{ "{JOB_NAME}", CI_SHAPE_NAME, ANY },
		},
		[CI_FIELD_PULL] = {
			{ "{CHANGE_ID}", CI_SHAPE_NUMBER, ANY },
			{ "{ghprbPullId}", CI_SHAPE_NUMBER, ANY },
			{ "{gitlabMergeRequestIid}", CI_SHAPE_NUMBER, ANY },
		},
	} },
};
const size_t n_ci_providers = ARRAY_SIZE(ci_providers);
/* clang-format on */
