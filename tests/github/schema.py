"""The part of GitHub's public GraphQL schema that a client like ours may ask for, in the schema language. Every line is
GitHub's own (types may lack fields and fields may lack arguments, none is changed), so a query that is valid here is
valid there."""
from .language import Parser

PAGING = "after: String before: String first: Int last: Int"
SCHEMA = """
scalar Boolean scalar DateTime scalar GitObjectID scalar ID scalar Int scalar String scalar URI
enum OrderDirection { ASC DESC }
enum IssueOrderField { COMMENTS CREATED_AT UPDATED_AT }
input IssueOrder { direction: OrderDirection! field: IssueOrderField! }
enum PullRequestState { CLOSED MERGED OPEN }
enum IssueState { CLOSED OPEN }
enum MergeableState { CONFLICTING MERGEABLE UNKNOWN }
enum MergeStateStatus { BEHIND BLOCKED CLEAN DIRTY DRAFT HAS_HOOKS UNKNOWN UNSTABLE }
enum PullRequestReviewDecision { APPROVED CHANGES_REQUESTED REVIEW_REQUIRED }
enum PullRequestReviewState { APPROVED CHANGES_REQUESTED COMMENTED DISMISSED PENDING }
enum CommentAuthorAssociation {
  COLLABORATOR CONTRIBUTOR FIRST_TIMER FIRST_TIME_CONTRIBUTOR MANNEQUIN MEMBER NONE OWNER
}
enum StatusState { ERROR EXPECTED FAILURE PENDING SUCCESS }
enum CheckStatusState { COMPLETED IN_PROGRESS PENDING QUEUED REQUESTED WAITING }
enum CheckConclusionState {
  ACTION_REQUIRED CANCELLED FAILURE NEUTRAL SKIPPED STALE STARTUP_FAILURE SUCCESS TIMED_OUT
}
enum RepositoryPermission { ADMIN MAINTAIN READ TRIAGE WRITE }

interface Node { id: ID! }
interface Actor { login: String! }
interface RepositoryOwner { login: String! }
interface GitObject { oid: GitObjectID! }
interface RequirableByPullRequest { isRequired(pullRequestId: ID pullRequestNumber: Int): Boolean! }
union StatusCheckRollupContext = CheckRun | StatusContext

type Query {
  rateLimit(dryRun: Boolean = false): RateLimit
  repository(followRenames: Boolean = true name: String! owner: String!): Repository
  viewer: User!
}
type RateLimit { cost: Int! limit: Int! nodeCount: Int! remaining: Int! resetAt: DateTime! used: Int! }
type User implements Node & Actor & RepositoryOwner { id: ID! databaseId: Int login: String! }
type Bot implements Node & Actor { id: ID! databaseId: Int login: String! }
type Organization implements Node & Actor & RepositoryOwner { id: ID! login: String! }
type Repository implements Node {
  id: ID! databaseId: Int name: String! nameWithOwner: String! isPrivate: Boolean! isArchived: Boolean! isFork: Boolean!
  hasIssuesEnabled: Boolean! viewerPermission: RepositoryPermission owner: RepositoryOwner! defaultBranchRef: Ref
  ref(qualifiedName: String!): Ref
  object(expression: String oid: GitObjectID): GitObject
  pullRequest(number: Int!): PullRequest
  pullRequests(PAGING baseRefName: String headRefName: String labels: [String!] orderBy: IssueOrder
    states: [PullRequestState!]): PullRequestConnection!
  issue(number: Int!): Issue
  label(name: String!): Label
}
type Ref implements Node {
  id: ID! name: String! prefix: String! target: GitObject refUpdateRule: RefUpdateRule
}
type RefUpdateRule { pattern: String! requiredStatusCheckContexts: [String] }
type Commit implements Node & GitObject {
  id: ID! oid: GitObjectID! committedDate: DateTime! messageHeadline: String!
  statusCheckRollup: StatusCheckRollup
  checkSuites(PAGING): CheckSuiteConnection
  associatedPullRequests(PAGING): PullRequestConnection
}
type Tag implements Node & GitObject { id: ID! oid: GitObjectID! name: String! target: GitObject! }
type Issue implements Node {
  id: ID! databaseId: Int number: Int! title: String! body: String! state: IssueState! author: Actor
  updatedAt: DateTime! labels(PAGING): LabelConnection comments(PAGING): IssueCommentConnection!
}
type PullRequest implements Node {
  id: ID! number: Int! title: String! body: String! state: PullRequestState! isDraft: Boolean! merged: Boolean!
  mergedAt: DateTime mergeable: MergeableState! mergeStateStatus: MergeStateStatus!
  reviewDecision: PullRequestReviewDecision headRefOid: GitObjectID! headRefName: String! baseRefName: String!
  baseRef: Ref baseRefOid: GitObjectID! createdAt: DateTime! updatedAt: DateTime! isInMergeQueue: Boolean!
  mergeQueueEntry: MergeQueueEntry isCrossRepository: Boolean! headRepository: Repository
  headRepositoryOwner: RepositoryOwner author: Actor authorAssociation: CommentAuthorAssociation!
  statusCheckRollup: StatusCheckRollup locked: Boolean! url: URI!
  commits(PAGING): PullRequestCommitConnection!
  labels(PAGING): LabelConnection
  comments(PAGING): IssueCommentConnection!
  reviews(PAGING author: String states: [PullRequestReviewState!]): PullRequestReviewConnection
  latestReviews(PAGING): PullRequestReviewConnection
  latestOpinionatedReviews(PAGING writersOnly: Boolean = false): PullRequestReviewConnection
  reviewThreads(PAGING): PullRequestReviewThreadConnection!
}
type MergeQueueEntry implements Node { id: ID! position: Int! }
type PullRequestCommit implements Node { id: ID! commit: Commit! }
type PullRequestReview implements Node {
  id: ID! databaseId: Int author: Actor state: PullRequestReviewState! commit: Commit submittedAt: DateTime
  authorCanPushToRepository: Boolean!
}
type PullRequestReviewThread implements Node { id: ID! isResolved: Boolean! isOutdated: Boolean! }
type Label implements Node { id: ID! name: String! color: String! description: String }
type IssueComment implements Node {
  id: ID! databaseId: Int body: String! author: Actor createdAt: DateTime! updatedAt: DateTime!
  viewerDidAuthor: Boolean!
}
type StatusCheckRollup implements Node {
  id: ID! commit: Commit state: StatusState! contexts(PAGING): StatusCheckRollupContextConnection!
}
type CheckRun implements Node & RequirableByPullRequest {
  id: ID! databaseId: Int name: String! status: CheckStatusState! conclusion: CheckConclusionState startedAt: DateTime
  completedAt: DateTime detailsUrl: URI externalId: String title: String summary: String text: String
  checkSuite: CheckSuite! isRequired(pullRequestId: ID pullRequestNumber: Int): Boolean!
}
type StatusContext implements Node & RequirableByPullRequest {
  id: ID! context: String! state: StatusState! description: String targetUrl: URI createdAt: DateTime! creator: Actor
  commit: Commit isRequired(pullRequestId: ID pullRequestNumber: Int): Boolean!
}
type CheckSuite implements Node {
  id: ID! databaseId: Int status: CheckStatusState! conclusion: CheckConclusionState createdAt: DateTime!
  updatedAt: DateTime! app: App branch: Ref commit: Commit! workflowRun: WorkflowRun
  checkRuns(PAGING): CheckRunConnection
}
type App implements Node { id: ID! databaseId: Int name: String! slug: String! }
type WorkflowRun implements Node {
  id: ID! databaseId: Int event: String! runNumber: Int! createdAt: DateTime! updatedAt: DateTime! workflow: Workflow!
}
type Workflow implements Node { id: ID! databaseId: Int name: String! }
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
CONNECTIONS
"""
CONNECTED = ("PullRequest", "CheckSuite", "CheckRun", "Label", "IssueComment", "PullRequestCommit", "PullRequestReview",
             "PullRequestReviewThread", "StatusCheckRollupContext")
CONNECTION = "type {0}Connection {{ nodes: [{0}] pageInfo: PageInfo! totalCount: Int! }}\n"
TYPES = Parser(SCHEMA.replace("PAGING", PAGING).replace(
    "CONNECTIONS", "".join(CONNECTION.format(name) for name in CONNECTED))).schema()
