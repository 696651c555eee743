"""What this GitHub holds. Plain records with ids that grow; how they are shown is rest_views.py's and schema.py's."""
import base64
import dataclasses
import hashlib
import itertools

ROLES = ("none", "read", "triage", "write", "maintain", "admin")
FAILED = {"failure", "timed_out", "action_required", "cancelled", "startup_failure", "stale"}
PASSED = {"success", "neutral", "skipped"}


def node_id(kind, number):
    return kind + "_" + base64.b64encode(b"\x93\x00\xce" + number.to_bytes(5, "big")).decode().rstrip("=")


@dataclasses.dataclass(eq=False)
class User:
    id: int
    login: str  # of a bot: "slug[bot]"
    is_bot: bool = False


@dataclasses.dataclass(eq=False)
class App:
    id: int
    slug: str
    client_id: str
    key: str  # the public key, PEM; None: signatures are not checked
    user: User
    installations: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(eq=False)
class Installation:
    id: int
    app: App
    owner: str
    permissions: dict
    repositories: set  # None: all of the owner


@dataclasses.dataclass(eq=False)
class Token:
    value: str
    kind: str  # classic, fine-grained or installation
    user: User
    permissions: dict  # {"issues": "write"}; None: all that the user may (classic)
    repositories: set  # full names; None: all
    expires: float = None
    app: App = None
    installation: Installation = None
    is_revoked: bool = False
    limits: dict = dataclasses.field(default_factory=lambda: {"core": 5000, "graphql": 5000})
    used: dict = dataclasses.field(default_factory=lambda: {"core": 0, "graphql": 0})
    resets: float = 0


@dataclasses.dataclass(eq=False)
class Commit:
    sha: str
    message: str
    author: User
    date: float
    parent: str


@dataclasses.dataclass(eq=False)
class Comment:
    id: int
    author: User
    app: App
    body: str
    created: float
    updated: float


@dataclasses.dataclass(eq=False)
class Review:
    id: int
    author: User
    state: str
    commit: str
    submitted: float


@dataclasses.dataclass(eq=False)
class Pull:
    head: object  # Repo; None: the fork was deleted
    head_owner: str
    head_branch: str
    sha: str
    base: str
    is_draft: bool = False
    merged: float = None
    mergeable: str = "MERGEABLE"
    merge_state: str = None  # None: computed
    unknown_reads: int = 0  # how often it is UNKNOWN before it is known
    review_decision: str = "computed"
    review_required: bool = False
    reviews: list = dataclasses.field(default_factory=list)
    threads: list = dataclasses.field(default_factory=list)  # of bool: resolved
    queue_position: int = None

    def decision(self):
        if self.review_decision != "computed":
            return self.review_decision
        latest = {}
        for review in self.reviews:
            if review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
                latest[review.author.login] = review.state
        if "CHANGES_REQUESTED" in latest.values():
            return "CHANGES_REQUESTED"
        if "APPROVED" in latest.values():
            return "APPROVED"
        return "REVIEW_REQUIRED" if self.review_required else None


@dataclasses.dataclass(eq=False)
class Issue:
    id: int
    number: int
    title: str
    body: str
    author: User
    app: App
    created: float
    updated: float
    state: str = "open"
    reason: str = None
    closed: float = None
    is_locked: bool = False
    labels: list = dataclasses.field(default_factory=list)  # of names as in Repo.labels
    comments: list = dataclasses.field(default_factory=list)
    pull: Pull = None


@dataclasses.dataclass(eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str = None


@dataclasses.dataclass(eq=False)
class WorkflowRun:
    id: int
    name: str
    event: str
    sha: str
    branch: str
    created: float
    suite: object = None
    attempt: int = 1
    number: int = 1


@dataclasses.dataclass(eq=False)
class Suite:
    id: int
    app: str
    sha: str
    branch: str
    created: float
    updated: float
    run: WorkflowRun = None
    status: str = None  # None: from its check runs
    conclusion: str = None
    checks: list = dataclasses.field(default_factory=list)

    def state(self):
        """(status, conclusion) in lower case."""
        if self.status is not None:
            return self.status, self.conclusion
        latest = self.latest()
        if not latest:
            return "queued", None
        if any(check.status != "completed" for check in latest):
            return "in_progress", None
        ends = [check.conclusion for check in latest]
        for worst in ("failure", "timed_out", "cancelled", "action_required", "startup_failure", "stale", "success",
                      "neutral"):
            if worst in ends:
                return "completed", worst
        return "completed", "skipped"

    def latest(self):
        """A rerun in the same suite takes the place of the run before it."""
        return list({check.name: check for check in self.checks}.values())


@dataclasses.dataclass(eq=False)
class Check:
    id: int
    name: str
    sha: str
    status: str
    conclusion: str
    started: float
    completed: float
    suite: Suite
    app: App = None
    external_id: str = ""
    details_url: str = None
    output: dict = dataclasses.field(default_factory=dict)
    annotations: list = dataclasses.field(default_factory=list)
    log: str = ""


@dataclasses.dataclass(eq=False)
class Status:
    id: int
    sha: str
    context: str
    state: str
    description: str
    target_url: str
    creator: User
    created: float


@dataclasses.dataclass(eq=False)
class Repo:
    id: int
    owner: str
    name: str
    is_private: bool = True
    default: str = "main"
    has_issues: bool = True
    is_archived: bool = False
    parent: object = None
    roles: dict = dataclasses.field(default_factory=dict)
    issues: dict = dataclasses.field(default_factory=dict)
    labels: dict = dataclasses.field(default_factory=dict)  # by lower-case name
    branches: dict = dataclasses.field(default_factory=dict)
    tags: dict = dataclasses.field(default_factory=dict)
    annotated: set = dataclasses.field(default_factory=set)  # those of the tags that are objects of their own
    commits: dict = dataclasses.field(default_factory=dict)
    suites: list = dataclasses.field(default_factory=list)
    suites_by_sha: dict = dataclasses.field(default_factory=dict)
    statuses_by_sha: dict = dataclasses.field(default_factory=dict)
    required: dict = dataclasses.field(default_factory=dict)  # branch: [(context, app slug or None)]

    @property
    def full_name(self):
        return f"{self.owner}/{self.name}"

    def role(self, user):
        """none, read, triage, write, maintain or admin."""
        if user is None:
            return "none" if self.is_private else "read"
        if user.login == self.owner:
            return "admin"
        return self.roles.get(user.login, "none" if self.is_private else "read")

    def pulls(self):
        return [issue for issue in self.issues.values() if issue.pull is not None]

    def find_commit(self, ref):
        """By branch, full id or a beginning of one that is unambiguous."""
        ref = ref.removeprefix("refs/heads/").removeprefix("heads/")
        sha = self.branches.get(ref, ref)
        if sha in self.commits:
            return self.commits[sha]
        found = [commit for full, commit in self.commits.items() if len(sha) >= 4 and full.startswith(sha)]
        return found[0] if len(found) == 1 else None

    def suites_of(self, sha):
        return self.suites_by_sha.get(sha, [])

    def statuses_of(self, sha):
        return self.statuses_by_sha.get(sha, [])

    def add_suite(self, suite):
        self.suites.append(suite)
        self.suites_by_sha.setdefault(suite.sha, []).append(suite)

    def add_status(self, status):
        self.statuses_by_sha.setdefault(status.sha, []).append(status)

    def contexts(self, sha):
        """What a rollup lists: the latest runs of every suite, the latest status of every context."""
        checks = [check for suite in self.suites_of(sha) for check in suite.latest()]
        statuses = {status.context: status for status in self.statuses_of(sha)}
        return checks + list(statuses.values())

    def rollup(self, sha):
        """ERROR, EXPECTED, FAILURE, PENDING or SUCCESS; None without checks and statuses."""
        states = set()
        for context in self.contexts(sha):
            if isinstance(context, Status):
                states.add(context.state.upper())
            elif context.status != "completed":
                states.add("PENDING")
            else:
                states.add("SUCCESS" if context.conclusion in PASSED else "FAILURE")
        order = ("ERROR", "FAILURE", "PENDING", "EXPECTED", "SUCCESS")
        return next((state for state in order if state in states), None)

    def is_required(self, base, context):
        if isinstance(context, Status):
            return any(name == context.context for name, _ in self.required.get(base, ()))
        return any(name == context.name and app in (None, context.suite.app)
                   for name, app in self.required.get(base, ()))

    def merge_state(self, issue):
        pull = issue.pull
        if pull.merge_state is not None:
            return pull.merge_state
        if issue.state != "open" or pull.mergeable == "UNKNOWN" or pull.unknown_reads > 0:
            return "UNKNOWN"
        if pull.mergeable == "CONFLICTING":
            return "DIRTY"
        if pull.is_draft:
            return "DRAFT"
        passed, others = set(), set()
        for context in self.contexts(pull.sha):
            is_status = isinstance(context, Status)
            ended = context.state if is_status else context.conclusion
            (passed if ended in PASSED else others).add(context.context if is_status else context.name)
        missing = any(name in others or name not in passed for name, _ in self.required.get(pull.base, ()))
        if missing or pull.decision() in ("CHANGES_REQUESTED", "REVIEW_REQUIRED"):
            return "BLOCKED"
        return "UNSTABLE" if others else "CLEAN"


class World:
    """Everything, found by name, and the ids. Not locked: the hub is."""

    def __init__(self):
        self.users, self.tokens, self.repos, self.apps, self.renamed = {}, {}, {}, {}, {}
        self.commit_count = itertools.count(1)
        self.ids = {}

    def next_id(self, kind, start=1000):
        """Ids of one kind grow; kinds start at other numbers, so that one is never taken for another."""
        counter = self.ids.setdefault(kind, itertools.count(start + 100_000 * len(self.ids)))
        return next(counter)

    def new_sha(self, *about):
        return hashlib.sha1(repr((next(self.commit_count), about)).encode()).hexdigest()

    def repo(self, full_name):
        """Case does not matter; None: there is none."""
        return self.repos.get(full_name.lower())

    def repo_by_id(self, number):
        return next((repo for repo in self.repos.values() if str(repo.id) == str(number)), None)
