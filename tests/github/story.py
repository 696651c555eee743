"""The builders: each makes one thing happen on this GitHub, as a person, a CI system or an agent would, and returns
what names it (a commit, a number, an id, a token). Arguments and results are JSON, so that a state file, the command
line and a test tell the same stories:

    hub.repo("acme/web", roles={"mona": "write"})
    token = hub.token("codegend-bot")
    hub.push("acme/web", "fix")
    number = hub.open_pull("acme/web", "fix", by="mona")
    hub.check("acme/web", "fix", "lint", "failure")
    hub.review("acme/web", number, "mona", "CHANGES_REQUESTED")
    hub.push("acme/web", "fix")
    hub.check("acme/web", "fix", "lint", "success")
    hub.merge("acme/web", number)

A commit is named by a branch, a whole id or the beginning of one. Times are the hub's (`now`, `advance`)."""
import secrets

from . import world
from .world import (App, Check, Comment, Commit, Installation, Issue, Label, Pull, Repo, Review, Status, Suite, Token,
                    User)

STORY = []
UNFINISHED = {"queued", "in_progress", "waiting", "pending", "requested"}
CONCLUSIONS = {"success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required", "stale",
               "startup_failure"}
PREFIX = {"classic": "ghp_", "fine-grained": "github_pat_11", "installation": "ghs_"}


def told(method):
    """A builder: holds the hub's lock, and may be called from outside by name."""
    STORY.append(method.__name__)

    def locked(self, *args, **kwargs):
        with self.lock:
            return method(self, *args, **kwargs)
    locked.__name__, locked.__doc__ = method.__name__, method.__doc__
    return locked


class Story:
    # Who

    def person(self, login):
        """The user of that name, made when new; `...[bot]` is a bot."""
        if login not in self.world.users:
            self.world.users[login] = User(self.world.next_id("user"), login, login.endswith("[bot]"))
        return self.world.users[login]

    @told
    def user(self, login, bot=False):
        self.person(login).is_bot = bot or login.endswith("[bot]")
        return login

    @told
    def token(self, login="codegend-bot", kind="classic", permissions=None, repositories=None, value=None,
              expires_in=None):
        """A personal token; of a fine-grained one, `permissions` like {"issues": "write", "pull_requests": "read"}."""
        if kind == "fine-grained" and "checks" in (permissions or {}):
            raise ValueError("a fine-grained token cannot be given checks")
        return self.new_token(kind, self.person(login), permissions if kind != "classic" else None, repositories,
                              value, expires_in).value

    def new_token(self, kind, user, permissions, repositories, value=None, expires_in=None):
        # Of this server alone: a client of another one, whose port this may have been, is a stranger here.
        value = value or PREFIX[kind] + secrets.token_hex(18) + ("X" * 40) * (kind != "classic")
        repositories = None if repositories is None else {name.lower() for name in repositories}
        token = Token(value, kind, user, permissions or ({} if kind != "classic" else None), repositories,
                      None if expires_in is None else self.now() + expires_in)
        self.world.tokens[value] = token
        return token

    @told
    def revoke(self, token):
        self.world.tokens[token].is_revoked = True

    @told
    def budget(self, token, remaining, resource="core", reset_s=600):
        """So much is left of the token's hourly budget ("core" or "graphql")."""
        held = self.world.tokens[token]
        held.resets = self.now() + reset_s
        held.used[resource] = held.limits[resource] - remaining

    @told
    def app(self, slug="codegend", key=None, id=None):  # pylint: disable=redefined-builtin
        """A GitHub App; `key` is its public key as PEM. Returns its id."""
        number = id or self.world.next_id("app")
        user = self.person(f"{slug}[bot]")
        self.world.apps[slug] = App(number, slug, f"Iv23li{number:014d}", key, user)
        return number

    @told
    def install(self, slug, owner, permissions=None, repositories=None):
        """Installs an app for an owner; returns the installation's id."""
        held = self.world.apps[slug]
        number = self.world.next_id("installation")
        permissions = permissions or {"issues": "write", "pull_requests": "write", "checks": "write",
                                      "statuses": "write", "actions": "read", "contents": "read", "metadata": "read"}
        held.installations[number] = Installation(number, held, owner, permissions,
                                                  repositories and {name.lower() for name in repositories})
        return number

    # Where

    @told
    def repo(self, name, roles=None, private=True, default="main", issues=True, fork_of=None):
        owner, short = name.split("/")
        made = Repo(self.world.next_id("repo"), owner, short, private, default, issues, roles=dict(roles or {}))
        for login in [owner, *made.roles]:
            self.person(login)
        self.world.repos[name.lower()] = made
        if fork_of:
            made.parent = self.find(fork_of)
            made.branches, made.commits = dict(made.parent.branches), dict(made.parent.commits)
        else:
            self.push(name, default, message="first", by=owner)
        return name

    @told
    def grant(self, name, login, role):
        """none, read, triage, write, maintain or admin."""
        self.person(login)
        self.find(name).roles[login] = role

    @told
    def rename(self, name, new_name):
        """The old name redirects from now on; the owner may be another one."""
        held = self.world.repos.pop(name.lower())
        self.world.repos[new_name.lower()] = held
        held.owner, held.name = new_name.split("/")
        for other in self.world.repos.values():
            for issue in other.pulls():
                if issue.pull.head is held:
                    issue.pull.head_owner = held.owner
        self.world.renamed[name.lower()] = held

    @told
    def disable_issues(self, name):
        self.find(name).has_issues = False

    @told
    def delete_repo(self, name):
        held = self.world.repos.pop(name.lower())
        for other in self.world.repos.values():
            for issue in other.pulls():
                if issue.pull.head is held:
                    issue.pull.head = None

    @told
    def label(self, name, label, color="ededed", description=None):
        self.find(name).labels[label.lower()] = Label(self.world.next_id("label"), label, color, description)

    @told
    def require(self, name, branch, *contexts):
        """Checks or statuses that branch protection wants: names, or [name, app slug]."""
        self.find(name).required[branch] = [(c, None) if isinstance(c, str) else tuple(c) for c in contexts]

    # Commits and pull requests

    @told
    def tag(self, name, tag, branch=None, annotated=False):
        """A tag of the branch's newest commit. Returns that commit's id."""
        held = self.find(name)
        (held.annotated.add if annotated else held.annotated.discard)(tag)
        held.tags[tag] = held.branches[branch or held.default]
        return held.tags[tag]

    @told
    def push(self, name, branch, message="change", by="mona", sha=None, age_s=0):
        """A new commit on a branch, which is made when new; open pull requests of the branch follow. Returns its id."""
        held = self.find(name)
        made = Commit(sha or self.world.new_sha(name, branch), message, self.person(by), self.now() - age_s,
                      held.branches.get(branch) or held.branches.get(held.default))
        held.commits[made.sha] = made
        held.branches[branch] = made.sha
        for other in self.world.repos.values():
            for issue in other.pulls():
                if issue.pull.head is held and issue.pull.head_branch == branch and issue.state == "open":
                    issue.pull.sha = made.sha
                    other.commits[made.sha] = made
                    self.touch(issue)
        return made.sha

    @told
    def delete_branch(self, name, branch):
        del self.find(name).branches[branch]

    @told
    def open_pull(self, name, branch, by="mona", base=None, head=None, draft=False, title="A change", body="",
                  labels=()):
        """A pull request for `branch`, which must be there; `head`: the fork it is in. Returns its number."""
        held, source = self.find(name), self.find(head or name)
        issue = self.new_issue(held, title, body, self.person(by), None)
        issue.pull = Pull(source, source.owner, branch, source.branches[branch], base or held.default, draft)
        held.commits[issue.pull.sha] = source.commits[issue.pull.sha]
        self.add_labels(held, issue, labels)
        return issue.number

    @told
    def change_pull(self, name, number, **fields):
        """Sets fields of world.Pull: is_draft, mergeable, merge_state, unknown_reads, review_decision,
        review_required, threads ([true, false]: resolved or not), queue_position, base."""
        issue = self.find(name).issues[number]
        for field, value in fields.items():
            if not hasattr(issue.pull, field):
                raise ValueError(f"a pull request has no {field}")
            setattr(issue.pull, field, value)
        self.touch(issue)

    @told
    def review(self, name, number, by, state, commit=None):
        """APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING, of the head or of `commit`."""
        issue = self.find(name).issues[number]
        made = Review(self.world.next_id("review"), self.person(by), state, commit or issue.pull.sha, self.now())
        issue.pull.reviews.append(made)
        return made.id

    @told
    def merge(self, name, number):
        held = self.find(name)
        issue = held.issues[number]
        issue.pull.merged = self.now()
        self.set_state(issue, "closed", None)
        held.branches[issue.pull.base] = issue.pull.sha

    @told
    def close(self, name, number, reason="completed"):
        """An issue, or a pull request without merging it."""
        self.set_state(self.find(name).issues[number], "closed", reason)

    @told
    def reopen(self, name, number):
        self.set_state(self.find(name).issues[number], "open", "reopened")

    # CI

    @told
    def check(self, name, commit, check, state="success", app="github-actions", workflow="CI", event="push",
              age_s=0, took_s=0, new_suite=False, log="", output=None, annotations=()):
        """A check run; `state` is a conclusion or what it is doing. A further one of that name, app, workflow and event
        is a rerun in the same suite, unless `new_suite`. It ended `age_s` ago; GitHub tells whole seconds, so what
        ended in the second of a report seems to have ended before it. Returns its id."""
        held = self.find(name)
        sha = self.sha(held, commit)
        suite = self.suite_for(held, sha, app, workflow, event, new_suite)
        self.expect_word(state)
        ended = self.now() - age_s
        made = Check(self.world.next_id("check"), check, sha, state if state in UNFINISHED else "completed",
                     None if state in UNFINISHED else state, ended - took_s, None if state in UNFINISHED else ended,
                     suite, output=dict(output or {}), annotations=list(annotations), log=log)
        suite.checks.append(made)
        suite.created = min(suite.created, made.started)
        suite.updated = ended
        return made.id

    @told
    def change_check(self, name, check_id, state):
        """A run that goes on or ends."""
        self.expect_word(state)
        made = next(c for suite in self.find(name).suites for c in suite.checks if c.id == check_id)
        made.status = state if state in UNFINISHED else "completed"
        made.conclusion = None if state in UNFINISHED else state
        made.completed = None if state in UNFINISHED else self.now()
        made.suite.updated = self.now()

    @told
    def suite(self, name, commit, status, conclusion=None, app="github-actions", workflow="CI", event="push"):
        """A suite that says of itself how it is and may have no runs: waiting for approval is
        ("completed", "action_required"), broken at its start ("completed", "startup_failure"). Returns its id."""
        held = self.find(name)
        made = self.suite_for(held, self.sha(held, commit), app, workflow, event, True)
        made.status, made.conclusion = status, conclusion
        return made.id

    @told
    def status(self, name, commit, context, state="success", description=None, by="ci", age_s=0):
        """A commit status: success, failure, error, pending, or expected (required and not reported)."""
        held = self.find(name)
        if state not in ("success", "failure", "error", "pending", "expected"):
            raise ValueError(f"no status is {state!r}")
        made = Status(self.world.next_id("status"), self.sha(held, commit), context, state, description, None,
                      self.person(by), self.now() - age_s)
        held.add_status(made)
        return made.id

    # Issues

    @told
    def open_issue(self, name, title, body="", by="mona", labels=()):
        held = self.find(name)
        issue = self.new_issue(held, title, body, self.person(by), None)
        self.add_labels(held, issue, labels)
        return issue.number

    @told
    def comment(self, name, number, body, by="mona"):
        return self.new_comment(self.find(name), self.find(name).issues[number], body, self.person(by), None).id

    @told
    def add_label(self, name, number, label):
        held = self.find(name)
        self.add_labels(held, held.issues[number], [label])

    # What builders and requests share; the lock is held

    def find(self, name):
        held = self.world.repo(name)
        if held is None:
            raise ValueError(f"no repository {name}")
        return held

    def sha(self, held, commit):
        found = held.find_commit(commit)
        if found is None:
            raise ValueError(f"{held.full_name} has no commit {commit}")
        return found.sha

    @staticmethod
    def expect_word(state):
        if state not in UNFINISHED | CONCLUSIONS:
            raise ValueError(f"no check is {state!r}")

    def touch(self, issue):
        issue.updated = self.now()

    def suite_for(self, held, sha, app, workflow, event, new):
        workflow = workflow if app == "github-actions" else None
        for suite in held.suites_of(sha):
            if not new and (suite.sha, suite.app, suite.status) == (sha, app, None) and (
                    suite.run is None if workflow is None else suite.run and
                    (suite.run.name, suite.run.event) == (workflow, event)):
                return suite
        branch = next((name for name, head in held.branches.items() if head == sha), None) or next(
            (issue.pull.head_branch for issue in held.pulls() if issue.pull.sha == sha), held.default)
        suite = Suite(self.world.next_id("suite"), app, sha, branch, self.now(), self.now())
        if workflow is not None:
            suite.run = world.WorkflowRun(self.world.next_id("run"), workflow, event, sha, branch, self.now(), suite)
        held.add_suite(suite)
        return suite

    def new_issue(self, held, title, body, author, app):
        number = max(held.issues, default=0) + 1
        issue = Issue(self.world.next_id("issue"), number, title, body, author, app, self.now(), self.now())
        held.issues[number] = issue
        return issue

    def new_comment(self, held, issue, body, author, app):
        made = Comment(self.world.next_id("comment"), author, app, body, self.now(), self.now())
        issue.comments.append(made)
        self.touch(issue)
        self.happened("comment", held.full_name, issue.number, made)
        return made

    def set_state(self, issue, state, reason):
        if issue.state != state:
            issue.state, issue.closed = state, self.now() if state == "closed" else None
        issue.reason = reason
        self.touch(issue)

    def add_labels(self, held, issue, names):
        """Unknown ones are made, in grey, as GitHub does."""
        for name in names:
            if name.lower() not in held.labels:
                held.labels[name.lower()] = Label(self.world.next_id("label"), name)
            if name.lower() not in issue.labels:
                issue.labels.append(name.lower())
        self.touch(issue)
