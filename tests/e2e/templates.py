"""The CI templates of examples/, read as their CI systems read them: which steps they have, in which shell."""
import dataclasses
import re

import yaml

import conftest

EXAMPLES = conftest.ROOT / "examples"
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


@dataclasses.dataclass
class Step:
    job: str
    name: str
    script: str
    shell: tuple = ("sh", "-e")
    environment: dict = dataclasses.field(default_factory=dict)
    volumes: tuple = ()     # of its container, when it has one
    has_container: bool = False

    @property
    def reports(self):
        """The names under which `codegenctl run` reports, in order."""
        return re.findall(r"codegenctl run --step (\S+)", self.script)


def load(path):
    return yaml.safe_load((EXAMPLES / path).read_text())


def circleci():
    config = load("circleci/config.yml")
    steps = []
    for job_name, job in config["jobs"].items():
        shell = tuple(config["executors"][job["executor"]]["shell"].split())
        for step in job["steps"]:
            if isinstance(step, dict):
                run = step["run"]
                volumes = tuple(re.findall(r"--volume (\S+)", run["command"]))
                in_container = "docker run" in run["command"]
                steps.append(Step(job_name, run["name"], run["command"], shell, {}, volumes, in_container))
    return steps


def github():
    config = load("github-actions/ci.yml")
    shell = {"bash": BASH}[config["defaults"]["run"]["shell"]]
    steps = []
    for job_name, job in config["jobs"].items():
        container = job.get("container", {})
        for step in job["steps"]:
            if "run" in step:
                steps.append(Step(job_name, step["name"], step["run"], shell, step.get("env", {}),
                                  tuple(container.get("volumes", ())), bool(container)))
    return steps


def gitlab():
    config = load("gitlab/gitlab-ci.yml")
    runner = (EXAMPLES / "gitlab" / "gitlab-runner.toml").read_text()
    volumes = tuple(re.findall(r'"(/[^"]*:[^"]*)"', runner))
    steps = []
    for name, job in config.items():
        if name in ("stages", "default") or name.startswith("."):
            continue
        job = {**config.get(job.get("extends"), {}), **job}
        script = "\n".join(job.get("before_script", []) + job["script"])
        steps.append(Step(name, name, script, BASH, {}, volumes, True))
    return steps


def jenkins():
    text = (EXAMPLES / "jenkins" / "Jenkinsfile").read_text()
    container_ends = text.index("stage('security')")
    volumes = tuple(re.findall(r"--volume (\S+?)[ ']", text))
    steps = []
    for found in re.finditer(r"""stage\('([^']+)'\)|\bsh (?:'''(.*?)'''|'([^'\n]*)')""", text, re.DOTALL):
        if found.group(1):
            stage = found.group(1)
        else:
            inside = found.start() < container_ends
            steps.append(Step(stage, stage, found.group(2) or found.group(3), ("sh", "-xe"), {},
                              volumes if inside else (), inside))
    return steps


def buildkite():
    steps = []
    for step in load("buildkite/pipeline.yml")["steps"]:
        if isinstance(step, dict):
            options = [option for plugin in step.get("plugins", []) for name, option in plugin.items()
                       if name.startswith("docker#")]
            volumes = tuple(options[0]["volumes"]) if options else ()
            steps.append(Step(step["label"], step["label"], step["command"], ("sh", "-e"), {}, volumes, bool(options)))
    return steps


SYSTEMS = {"circleci": circleci, "github-actions": github, "gitlab": gitlab, "jenkins": jenkins, "buildkite": buildkite}


def variables(system, branch, commit, job):
    """What the system sets for a push of `commit` to `branch` of acme/web."""
    return {
        "circleci": {"CIRCLECI": "true", "CIRCLE_PROJECT_USERNAME": "acme", "CIRCLE_PROJECT_REPONAME": "web",
                     "CIRCLE_BRANCH": branch, "CIRCLE_SHA1": commit, "CIRCLE_JOB": job, "CIRCLE_BUILD_NUM": "17"},
        "github-actions": {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/web", "GITHUB_REF_TYPE": "branch",
                           "GITHUB_REF": f"refs/heads/{branch}", "GITHUB_REF_NAME": branch, "GITHUB_SHA": commit,
                           "GITHUB_JOB": job, "GITHUB_RUN_NUMBER": "17", "GITHUB_RUN_ID": "170000",
                           "GITHUB_EVENT_NAME": "push", "GITHUB_SERVER_URL": "https://github.com"},
        "gitlab": {"GITLAB_CI": "true", "CI_PROJECT_PATH": "acme/web", "CI_COMMIT_REF_NAME": branch,
                   "CI_COMMIT_BRANCH": branch, "CI_COMMIT_SHA": commit, "CI_JOB_NAME": job, "CI_PIPELINE_IID": "17"},
        "jenkins": {"JENKINS_URL": "https://jenkins.example.org/", "BRANCH_NAME": branch, "GIT_COMMIT": commit,
                    "GIT_URL": "https://github.com/acme/web.git", "JOB_NAME": f"web/{branch}", "BUILD_NUMBER": "17"},
        "buildkite": {"BUILDKITE": "true", "BUILDKITE_BRANCH": branch, "BUILDKITE_COMMIT": commit,
                      "BUILDKITE_REPO": "https://github.com/acme/web.git", "BUILDKITE_BUILD_NUMBER": "17",
                      "BUILDKITE_PULL_REQUEST": "false", "BUILDKITE_LABEL": job},
    }[system] | {"CI": "true"}
