"""The CI templates of examples/: what they are made of, and what happens when their steps run with stubs of tools."""
import json
import re
import shutil
import subprocess

import pytest

import conftest
import templates

RECORDINGS = conftest.ROOT / "tests" / "data" / "recordings"
STEPS = ("install", "lint", "type-check", "build", "test", "trufflehog", "npm-audit", "deploy")
TOOLS = ("npm", "npx", "vercel", "trufflehog")
MOUNTS = ("/run/codegend/submit:/run/codegend/submit:ro", "/opt/codegend/codegenctl:/usr/local/bin/codegenctl:ro",
          "/var/spool/codegend:/var/spool/codegend")
SECRET = "vcp_" + "Zm9vYmFyYmF6cXV4Zm9vYmFy"
FOUND = "AKIA" + "QYLPMN5HFXLPTE6Q"

# What a step's tool prints and returns when it fails, and the error type that comes of it.
FAILURES = {
    "install": ("npm ci", "npm-missing.log", 1, "infra_failure"),
    "lint": ("npm run lint", "eslint-stylish.log", 1, "lint_failure"),
    "type-check": ("npm run type-check", "tsc-plain.log", 2, "type_check_failure"),
    "build": ("npm run build", "next-build-type.log", 1, "build_failure"),
    "test": ("npm test", "jest.log", 1, "test_failure"),
    "trufflehog": ("trufflehog filesystem", None, 183, "security_scan_failure"),
    "npm-audit": ("npm audit", "npm-audit.log", 1, "security_scan_failure"),
    "deploy": ("npx --yes vercel", None, 1, "deploy_failure"),
}
JUNIT = '<testsuites><testsuite name="cart"><testcase name="sums prices"/></testsuite></testsuites>'
TEXTS = {
    "trufflehog": json.dumps({"SourceMetadata": {"Data": {"Filesystem": {"file": "deploy/aws.env", "line": 3}}},
                              "DetectorName": "AWS", "Verified": False, "Raw": FOUND, "Redacted": FOUND}) + "\n",
    "deploy": "Vercel CLI 44.7.3\nRetrieving project…\nDeploying acme/web\n"
              "Inspect: https://vercel.com/acme/web/8cZ4 [1s]\nQueued\nBuilding\n"
              "Error: Command \"npm run build\" exited with 1\n",
}


class Workspace:
    """A checkout with stubs of the tools in PATH, and the real client."""

    def __init__(self, directory, daemon):
        self.directory = directory / "checkout"
        self.stubs = directory / "stubs"
        self.calls = directory / "calls"
        self.daemon = daemon
        self.directory.mkdir()
        self.stubs.mkdir()
        (self.stubs / "codegenctl").symlink_to(conftest.CODEGENCTL)
        for tool in ("npm", "npx", "trufflehog"):
            self.write_stub(tool, f"""echo "{tool} $*" >>'{self.calls}'
for failure in '{directory}'/failures/*; do
    [ -e "$failure/prefix" ] || continue
    case "{tool} $*" in
    "$(cat "$failure/prefix")"*) cat "$failure/output"; exit "$(cat "$failure/code")" ;;
    esac
done
[ "{tool} $*" != "npm test" ] || echo '{JUNIT}' >junit.xml""")
        self.write_stub("docker", """while [ "$1" != node:22 ]; do shift; done
shift
exec "$@\"""")
        self.failures = directory / "failures"

    def write_stub(self, name, body):
        (self.stubs / name).write_text(f"#!/bin/sh\n{body}\n")
        (self.stubs / name).chmod(0o755)

    def fail(self, name):
        prefix, recording, code, _ = FAILURES[name]
        place = self.failures / name
        place.mkdir(parents=True)
        (place / "prefix").write_text(prefix)
        (place / "code").write_text(str(code))
        output = (RECORDINGS / recording).read_bytes() if recording else TEXTS[name].encode()
        (place / "output").write_bytes(output)
        return output

    def mend(self, name):
        for path in (self.failures / name).iterdir():
            path.unlink()
        (self.failures / name).rmdir()

    def run(self, system, step, branch="fix"):
        environment = {**self.daemon.environment, **templates.variables(system, branch, "a" * 40, step.job),
                       "PATH": f"{self.stubs}:/usr/bin:/bin", "CODEGEN_SOCKET": str(self.daemon.submit_socket)}
        if "vercel" in step.script:
            environment["VERCEL_TOKEN"] = SECRET
        return subprocess.run([*step.shell, "-c", step.script], cwd=self.directory, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=conftest.PATIENCE_S)


@pytest.fixture
def workspace(daemon):
    return Workspace(daemon.directory, daemon)


each_system = pytest.mark.parametrize("system", sorted(templates.SYSTEMS))


def steps_of(system):
    return templates.SYSTEMS[system]()


# What they are made of


@each_system
def test_every_kind_of_step_is_there_and_reports(system):
    reported = [name for step in steps_of(system) for name in step.reports]
    assert set(reported) == set(STEPS)
    for step in steps_of(system):
        inner = step.script[step.script.index("node:22"):] if "docker run" in step.script else step.script
        for words in re.split(r"\n|&&|;", inner):
            words = words.strip(" '\"\\")
            if words.split(" ")[0] in TOOLS:
                assert "trufflehog" in step.reports, f"{step.name}: nothing reports {words!r}"


@each_system
def test_nothing_hides_a_failure_or_shows_a_secret(system):
    for step in steps_of(system):
        assert "||" not in step.script and "continue-on-error" not in step.script
        if " | " in step.script:
            assert "pipefail" in step.shell
        assert not re.search(r"\$\{\{|\$\{?VERCEL|--token|\becho\b|\bprintenv\b|set -x", step.script), step.script
        for name, value in step.environment.items():
            assert value == "${{ secrets.%s }}" % name


@each_system
def test_containers_get_the_client_and_a_way_to_the_daemon_and_nothing_more(system):
    containers = [step for step in steps_of(system) if step.has_container]
    assert containers
    for step in containers:
        assert set(MOUNTS) <= set(step.volumes)
        assert not any("control.sock" in volume or volume.startswith("/run/codegend:") for volume in step.volumes)


@each_system
def test_shell_parts_are_sound(system):
    for step in steps_of(system):
        dialect = step.shell[0]
        checked = subprocess.run(["shellcheck", f"--shell={dialect}", "-"], input=step.script, text=True,
                                 capture_output=True)
        assert checked.returncode == 0, f"{step.name}: {checked.stdout}"
        assert subprocess.run([dialect, "-n"], input=step.script, text=True).returncode == 0


def test_jenkinsfile_closes_what_it_opens():
    text = (templates.EXAMPLES / "jenkins" / "Jenkinsfile").read_text()
    text = re.sub(r"//[^\n]*|'''.*?'''|'[^'\n]*'", "", text, flags=re.DOTALL)
    open_ones = []
    for character in text:
        if character in "{([":
            open_ones.append(character)
        elif character in "})]":
            assert open_ones and open_ones.pop() + character in ("{}", "()", "[]")
    assert not open_ones and "'" not in text


# What happens when they run


@each_system
def test_green_steps_are_green_and_recorded(workspace, daemon, system):
    jobs = set()
    for step in steps_of(system):
        if step.reports:    # the others are for failures only
            ended = workspace.run(system, step)
            assert ended.returncode == 0, f"{step.name}: {ended.stdout.decode()}"
            assert b"codegenctl:" not in ended.stdout
            jobs |= {(step.job, name) for name in step.reports}
    assert daemon.incidents() == []
    assert daemon.ctl("status")["builds"] >= len(jobs)


@each_system
def test_a_failing_step_fails_and_says_why(workspace, daemon, system):
    for name in STEPS:
        step = next(step for step in steps_of(system) if name in step.reports and not step.script.startswith("docker"))
        branch = f"fix-{name}"
        printed = workspace.fail(name)
        ended = workspace.run(system, step, branch)
        workspace.mend(name)
        _, _, code, error_type = FAILURES[name]
        assert ended.returncode == code, f"{name}: {ended.stdout.decode()}"
        if name != "trufflehog":
            assert printed in ended.stdout
        incidents = [incident for incident in daemon.incidents() if incident["branch"] == branch]
        assert [incident["errorType"] for incident in incidents] == [error_type], f"{name}: {ended.stdout.decode()}"
        assert incidents[0]["project"] == "acme/web"
        report = json.dumps(daemon.ctl("reports", "--incident", incidents[0]["id"])) + str(ended.stdout)
        assert FOUND not in report and SECRET not in report


def test_the_container_of_circleci_reports_from_inside(workspace, daemon):
    step = next(step for step in steps_of("circleci") if step.has_container)
    workspace.fail("test")
    assert workspace.run("circleci", step).returncode == 1
    assert [incident["errorType"] for incident in daemon.incidents()] == ["test_failure"]


def test_a_failed_action_of_github_is_submitted_afterwards(workspace, daemon):
    step = next(step for step in steps_of("github-actions") if "codegenctl submit" in step.script)
    assert workspace.run("github-actions", step).returncode == 0
    assert [incident["errorType"] for incident in daemon.incidents()] == ["infra_failure"]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_line_for_machines_without_codegenctl(tmp_path, shell):
    readme = (templates.EXAMPLES / "README.md").read_text()
    line = re.search(r"^ +(command -v codegenctl .*\n.*)\n", readme, re.MULTILINE).group(1)
    script = f"""{line}
codegenctl submit infra_failure "not there" --step checkout
codegenctl run --step test --tests junit.xml -- sh -c 'echo "$1"; exit 7' - 'two  words'"""
    ended = subprocess.run([shell, "-eu", "-c", script], env={"PATH": "/usr/bin:/bin"}, cwd=tmp_path, text=True,
                           capture_output=True)
    if shutil.which("codegenctl", path="/usr/bin:/bin"):
        pytest.skip("this machine has codegenctl installed")
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "two  words\n", "")


def test_scripts_of_package_json_do_what_the_old_ones_did(workspace, daemon):
    scripts = json.loads((templates.EXAMPLES / "package.json").read_text())["scripts"]
    environment = {**daemon.environment, "PATH": f"{workspace.stubs}:/usr/bin:/bin",
                   "CODEGEN_SOCKET": str(daemon.control), **templates.variables("circleci", "fix", "a" * 40, "ci")}

    def run(name):
        ended = subprocess.run(["sh", "-c", scripts[name]], cwd=workspace.directory, env=environment, text=True,
                               capture_output=True, timeout=conftest.PATIENCE_S)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    run("codegen:schedule")
    assert [task["status"] for task in daemon.tasks(kind="pr_readiness_check")] == ["scheduled"]
    run("codegen:check")
    run("codegen:cleanup")
    assert {name for name in scripts if name.startswith("codegen:")} == {
        "codegen:schedule", "codegen:check", "codegen:cleanup"}
