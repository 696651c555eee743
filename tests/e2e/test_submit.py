"""What CI steps type: no mistake of theirs costs the step or, when it can be helped, the report."""
import json
import os
import signal
import subprocess

import pytest

from conftest import CODEGENCTL, CODEGEND, PATIENCE_S

PLACE = ["--project", "acme/web", "--branch", "fix", "--commit", "aaaaaaa1", "--job", "ci", "--step", "make test"]


def submit(daemon, *arguments, text=None):
    return daemon.run_ctl("submit", *PLACE, *arguments, submit=True, text=text)


def reports(daemon):
    return daemon.ctl("reports")["reports"]


def builds(daemon):
    return daemon.ctl("status")["builds"]


@pytest.mark.parametrize("arguments", [
    ["test_failure"], ["test_failure", "it broke"], ["--log", "log"], ["--exit-code", "1"],
    ["--exit-code", "-1"], ["--exit-code", "999"], ["--frobnicate"], ["--commit", "bbbbbbb2"],
    ["--key", "a", "--key", "b"], ["--pull-request", "0"]])
def test_a_contradicted_pass_is_not_reported_green(daemon, arguments):
    (daemon.directory / "log").write_text("FAIL\n")
    for strict in (False, True):
        ended = submit(daemon, "--passed", *arguments, *["--strict"] * strict)
        assert ended.returncode == (2 if strict else 0)
        assert ended.stderr.count("\n") == 1 and (strict or "nothing was reported" in ended.stderr), ended.stderr
    assert builds(daemon) == 0 and not reports(daemon)


def test_a_pass_whose_command_returned_0_is_reported(daemon):
    assert submit(daemon, "--strict", "--passed", "--exit-code", "0").returncode == 0
    assert builds(daemon) == 1 and not reports(daemon)


@pytest.mark.parametrize("option", ["--pased", "--passed=yes"])
def test_a_misspelt_pass_is_not_reported_as_a_failure(daemon, option):
    ended = submit(daemon, option)
    assert ended.returncode == 0 and "nothing was reported" in ended.stderr
    assert builds(daemon) == 0 and not reports(daemon)


@pytest.mark.parametrize("arguments", [
    ["--frobnicate"], ["--frobnicate", "value"], ["--exit-code", "-1"], ["--exit-code", ""], ["--pull-request", "x"],
    ["--exit-code", "99999999999"], ["--exit-code", "999"], ["--pull-request", "0"], ["--timeout", "soon"],
    ["--timeout", "0.5"]])
def test_mistakes_cost_neither_step_nor_report(daemon, arguments):
    ended = submit(daemon, *arguments, "test_failure", "it broke")
    assert ended.returncode == 0 and ended.stderr.count("\n") == 1, ended.stderr
    report, = reports(daemon)
    assert (report["errorType"], report["errorDetails"]) == ("test_failure", "it broke")
    assert report.get("exitCode") is None
    # With --strict the client or the daemon refuses it.
    assert submit(daemon, "--strict", *arguments, "test_failure").returncode in (1, 2)
    assert len(reports(daemon)) == 1


def test_what_is_no_commit_is_left_out(daemon):
    place = ["--project", "acme/web", "--branch", "fix"]
    ended = daemon.run_ctl("submit", *place, "--commit", "zzz", "test_failure", submit=True)
    assert ended.returncode == 0 and 'not "zzz"' in ended.stderr
    assert not reports(daemon)[0].get("commit")
    for arguments in (["--passed"], ["--strict", "test_failure"]):
        daemon.run_ctl("submit", *place, "--commit", "zzz", *arguments, submit=True)
    assert builds(daemon) == 1


def test_a_ref_is_its_branch(daemon):
    place = ["--project", "acme/web", "--branch", "refs/heads/fix/refs/heads/1"]
    assert daemon.run_ctl("submit", *place, "test_failure", submit=True).returncode == 0
    assert reports(daemon)[0]["branch"] == "fix/refs/heads/1"
    assert daemon.ctl("stats", *place)["branch"] == "fix/refs/heads/1"


def test_exit_code_0_is_no_failures(daemon):
    ended = submit(daemon, "--exit-code", "0", "test_failure", "it broke")
    assert ended.returncode == 0 and "contradict each other" in ended.stderr
    report, = reports(daemon)
    assert report["errorDetails"] == "it broke" and report.get("exitCode") is None
    # Nobody said what it is; and --strict takes no contradiction.
    assert submit(daemon, "--strict", "--exit-code", "0", "test_failure").returncode == 2
    for strict in (False, True):
        ended = submit(daemon, "--exit-code", "0", *["--strict"] * strict)
        assert ended.returncode == (2 if strict else 0) and "nothing was reported" in ended.stderr
    assert len(reports(daemon)) == builds(daemon) == 1


def test_what_is_submitted_failed_whatever_its_log_says(daemon):
    (daemon.directory / "log").write_text(
        'Traceback (most recent call last):\n  File "a.py", line 3, in <module>\n    go()\nValueError: no such place\n')
    for arguments in ([], ["--exit-code", "1"], ["--exit-code", "0"]):
        assert submit(daemon, "--log", "log", *arguments, "build_failure").returncode == 0
        report = daemon.ctl("report", "show", reports(daemon)[0]["id"])
        assert report["scan"]["headline"]["text"] == "ValueError: no such place"
        assert report["scan"]["cause"] != "none"
        assert report.get("exitCode") == (1 if "1" in arguments else None)


def test_an_argument_too_many(daemon):
    ended = submit(daemon, "test_failure", "it", "broke")
    assert ended.returncode == 0 and '"broke"' in ended.stderr
    assert reports(daemon)[0]["errorDetails"] == "it"


@pytest.mark.parametrize("strict", [False, True])
def test_a_full_disk_behind_the_output(daemon, strict):
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [CODEGENCTL, "--socket", daemon.submit_socket, "submit", *PLACE, "test_failure", *["--strict"] * strict],
            stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, env=daemon.environment,
            cwd=daemon.directory, timeout=PATIENCE_S)
    assert ended.returncode == strict and b"cannot write the output" in ended.stderr
    assert len(reports(daemon)) == 1


def test_an_output_nobody_reads(daemon):
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [CODEGENCTL, "--socket", daemon.submit_socket, "submit", *PLACE, "test_failure"], stdin=subprocess.DEVNULL,
        stdout=writing, stderr=subprocess.PIPE, env=daemon.environment, cwd=daemon.directory, timeout=PATIENCE_S)
    os.close(writing)
    assert ended.returncode == 0 and len(reports(daemon)) == 1


@pytest.mark.parametrize("name", ["fifo", "/dev/zero", "/dev/null", ".", "missing"])
def test_a_log_that_cannot_be_read_does_not_cost_the_report(daemon, name):
    os.mkfifo(daemon.directory / "fifo")
    ended = submit(daemon, "--log", name, "test_failure")
    assert ended.returncode == 0 and f'cannot read the log "{name}"' in ended.stderr
    ended = submit(daemon, "--log", name, "--strict", "test_failure")
    assert ended.returncode == 1 and f'cannot read the log "{name}"' in ended.stderr
    assert len(reports(daemon)) == 2


def test_standard_input_that_has_no_end(daemon):
    with open("/dev/zero", "rb") as zero:
        ended = subprocess.run(
            [CODEGENCTL, "--socket", daemon.submit_socket, "submit", *PLACE, "--log", "-", "test_failure"],
            stdin=zero, capture_output=True, env=daemon.environment, cwd=daemon.directory, timeout=PATIENCE_S)
    assert ended.returncode == 0 and len(reports(daemon)) == 1


def test_a_log_from_a_pipe(daemon):
    assert submit(daemon, "--strict", "--log", "-", "test_failure", text="FAIL one\n").returncode == 0
    report, = reports(daemon)
    assert "FAIL one" in daemon.ctl("report", "show", report["id"])["log"]


def test_a_daemon_that_does_not_answer(daemon):
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        ended = submit(daemon, "--strict", "--timeout", "1", "test_failure")
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    assert ended.returncode == 8 and "may have been recorded" in ended.stderr
    key = ended.stderr.split("--key ")[1].split()[0]
    # What it says is true: the key makes one report of the two calls.
    assert submit(daemon, "--strict", "--key", key, "test_failure").returncode == 0
    assert len(reports(daemon)) == 1


JUNIT_RED = """<testsuites><testsuite name="s" tests="2" failures="1">
<testcase classname="c" name="one"/>
<testcase classname="c" name="two"><failure message="expected 1">x</failure></testcase>
</testsuite></testsuites>"""
JUNIT_GREEN = '<testsuite name="s" tests="1"><testcase classname="c" name="one"/></testsuite>'


def test_numbers_that_tell_of_a_failure_are_no_pass(daemon):
    (daemon.directory / "red.xml").write_text(JUNIT_RED)
    for strict in (False, True):
        ended = submit(daemon, "--passed", "--tests", "red.xml", *["--strict"] * strict)
        assert ended.returncode == strict and "nothing was reported" in ended.stderr
        assert ended.stderr.count("\n") == 1
    assert builds(daemon) == 0 and not reports(daemon)
    assert not (daemon.directory / "spool").exists()
    (daemon.directory / "green.xml").write_text(JUNIT_GREEN)
    assert submit(daemon, "--strict", "--passed", "--tests", "green.xml").returncode == 0
    assert builds(daemon) == 1


def test_a_second_file_of_a_kind_does_not_hide_the_first(daemon):
    (daemon.directory / "red.xml").write_text(JUNIT_RED)
    (daemon.directory / "green.xml").write_text(JUNIT_GREEN)
    for strict in (False, True):
        ended = submit(daemon, "--passed", "--tests", "red.xml", "--tests", "green.xml", *["--strict"] * strict)
        assert ended.returncode == (2 if strict else 0) and "given twice" in ended.stderr
    assert builds(daemon) == 0
    ended = submit(daemon, "--tests", "red.xml", "--tests", "green.xml", "test_failure")
    assert ended.returncode == 0 and "given twice" in ended.stderr and len(reports(daemon)) == 1
    assert "1 of 2 tests failed" in reports(daemon)[0]["errorDetails"]


@pytest.mark.parametrize("option, content", [
    ("--tests", None), ("--tests", ""), ("--tests", JUNIT_RED[:60]), ("--tests", "what?"), ("--coverage", ""),
    ("--lint", "{"), ("--security", "{}"),
    ("--tests", '<!DOCTYPE t [<!ENTITY a "b">]><testsuite><testcase name="a"/></testsuite>')])
def test_results_that_cannot_be_understood_are_no_pass(daemon, option, content):
    if content is not None:
        (daemon.directory / "file").write_text(content)
    for strict in (False, True):
        ended = submit(daemon, "--passed", option, "file", *["--strict"] * strict)
        assert ended.returncode == (2 if strict else 0) and "Reported" not in ended.stdout
        assert ended.stderr.count("\n") == 1 and 'cannot use "file"' in ended.stderr
        assert strict or "nothing was reported" in ended.stderr
    step = ["true"] if content is None else ["touch", "file"]
    run = daemon.run_ctl("run", *PLACE, option, "file", "--", *step, submit=True)
    assert run.returncode == 0 and "nothing was reported" in run.stderr
    assert builds(daemon) == 0
    # A failure does not need them.
    assert submit(daemon, option, "file", "test_failure").returncode == 0 and len(reports(daemon)) == 1


def test_what_result_files_found_is_in_the_report(daemon):
    (daemon.directory / "red.xml").write_text(JUNIT_RED)
    (daemon.directory / "lint.json").write_text(json.dumps([{"filePath": "src/a.js", "messages": [
        {"severity": 2, "ruleId": "no-undef", "line": 7, "message": "'x' is not defined"},
        {"severity": 1, "ruleId": "semi", "line": 8, "message": "only a warning"}]}]))
    assert submit(daemon, "--tests", "red.xml", "--lint", "lint.json").returncode == 0
    scan = daemon.ctl("report", "show", reports(daemon)[0]["id"])["scan"]
    assert scan["headline"]["text"] == "src/a.js:7: no-undef: 'x' is not defined" and scan["stage"] == "lint"
    assert [(finding["tool"], finding.get("test")) for finding in scan["findings"]] == [
        ("eslint", None), ("junit", "c > two")]
    shown = daemon.run_ctl("report", "show", reports(daemon)[0]["id"]).stdout
    for line in ("Tests (junit): 2 run, 1 failed", "c > two: expected 1", "Lint (eslint): 1 errors, 1 warnings"):
        assert line in shown
    assert "only a warning" not in shown
    # Beside a log that says it already, it is not said again.
    (daemon.directory / "step.log").write_text("FAILED tests/test_a.py::two - AssertionError: expected 1\n")
    assert submit(daemon, "--tests", "red.xml", "--log", "step.log", "test_failure").returncode == 0
    scan = daemon.ctl("report", "show", reports(daemon)[0]["id"])["scan"]
    assert "FAILED tests/test_a.py::two" in scan["headline"]["text"]
    assert scan["excerpt"]["text"].startswith("FAILED") and "2 run, 1 failed" in scan["excerpt"]["text"]


def test_findings_are_bounded(daemon):
    (daemon.directory / "red.xml").write_text("<testsuite>" + "".join(
        f'<testcase name="{"long " * 99}{i}"><failure message="{"m" * 999}"/></testcase>' for i in range(300)) +
        "</testsuite>")
    assert submit(daemon, "--strict", "--tests", "red.xml").returncode == 0
    scan = daemon.ctl("report", "show", reports(daemon)[0]["id"])["scan"]
    assert 20 < len(scan["findings"]) <= 100 and scan["excerpt"]["text"].count("\n") <= 22
    assert len(scan["excerpt"]["text"]) < 10_000


def test_a_step_without_a_name_has_a_sentence(daemon):
    place = ["--project", "acme/web", "--branch", "fix", "--commit", "aaaaaaa1"]
    for arguments in (["test_failure"], ["--job", "ci", "test_failure"], ["--step", "make", "test_failure"],
                      ["--passed"]):
        assert daemon.run_ctl("submit", *place, *arguments, submit=True).returncode == 0
    told = daemon.run_ctl("watch", "--since", "0", "--timeout", "1").stdout
    assert "A build failed on aaaaaaa1" in told and "A build passed on aaaaaaa1" in told
    assert 'Job "ci" failed on' in told and 'Step "make" failed on' in told and '""' not in told


def test_a_tag_is_on_no_branch(daemon):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], cwd=daemon.directory,
                       env=daemon.environment, check=True, capture_output=True)
    git("init", "--quiet", "--initial-branch", "main", ".")
    git("commit", "--quiet", "--allow-empty", "--message", "one")
    git("remote", "add", "origin", "https://org@dev.azure.com/org/proj/_git/web")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    git("checkout", "--quiet", "--detach")
    daemon.environment.update(GITHUB_ACTIONS="true", GITHUB_REF="refs/tags/v1", GITHUB_REF_NAME="v1",
                              GITHUB_REF_TYPE="tag")
    for arguments in (["--passed"], ["test_failure"]):
        ended = daemon.run_ctl("submit", *arguments, submit=True)
        assert "nothing was reported" in ended.stderr and "--branch" in ended.stderr
    assert builds(daemon) == 0
    assert daemon.run_ctl("submit", "--strict", "--branch", "release", "test_failure", submit=True).returncode == 0
    assert reports(daemon)[0]["project"] == "org/proj/web"


def test_a_directory_that_takes_no_file_exists(idle):
    ended = subprocess.run([CODEGENCTL, "--socket", "missing", "submit", *PLACE, "--spool-directory", "/proc",
                            "test_failure"], capture_output=True, text=True, env=idle.environment,
                           cwd=idle.directory, timeout=PATIENCE_S)
    assert ended.returncode == 0 and 'the spool directory "/proc": it may not be written to' in ended.stderr


def test_the_command_begins_with_the_first_word(daemon):
    ended = daemon.run_ctl("run", *PLACE, "--bogus", "echo", "ls", submit=True)
    assert (ended.returncode, ended.stdout) == (0, "ls\n")
    assert 'no option "--bogus"' in ended.stderr and 'the command begins with "echo"' in ended.stderr
    assert builds(daemon) == 0


def test_what_nobody_said_the_files_say(daemon):
    (daemon.directory / "red.xml").write_text(JUNIT_RED)
    assert submit(daemon, "--strict", "--tests", "red.xml").returncode == 0
    (daemon.directory / "log").write_text("src/a.ts(3,5): error TS2322: Type 'x' is not assignable to type 'y'.\n")
    assert submit(daemon, "--strict", "--log", "log", "--exit-code", "2").returncode == 0
    assert [report["errorType"] for report in reports(daemon)] == ["type_check_failure", "test_failure"]
    report = daemon.ctl("report", "show", reports(daemon)[0]["id"])
    assert "TS2322" in report["errorDetails"] and report["scan"]["errorType"] == "type_check_failure"


def test_no_secret_reaches_the_store(daemon):
    token, password = "ghp_" + "a1B2" * 9, "correct-horse-battery"
    (daemon.directory / "log").write_text(f"fatal: {token}\nlogin {password}\nFAIL one\n")
    daemon.environment["DEPLOY_PASSWORD"] = password
    ended = submit(daemon, "--strict", "--log", "log", "--command", f"deploy {password}", "--build-url",
                   f"https://u:{token}@ci/1", "test_failure", f"with {token}")
    assert ended.returncode == 0, ended.stderr
    shown = json.dumps(daemon.ctl("report", "show", reports(daemon)[0]["id"]))
    assert "FAIL one" in shown and token not in shown and password not in shown and "https://ci/1" in shown
    daemon.stop()
    for path in daemon.state.rglob("*"):
        assert not path.is_file() or token.encode() not in path.read_bytes(), path


def test_the_ci_system_says_where(daemon):
    daemon.environment.update(
        CIRCLECI="true", CIRCLE_BRANCH="feature", CIRCLE_SHA1="b" * 40, CIRCLE_BUILD_NUM="12", CIRCLE_JOB="unit",
        CIRCLE_PROJECT_USERNAME="acme", CIRCLE_PROJECT_REPONAME="web", CIRCLE_BUILD_URL="https://circleci.com/x/12")
    ended = daemon.run_ctl("submit", "--strict", "test_failure", submit=True)
    assert ended.returncode == 0, ended.stderr
    report = daemon.ctl("report", "show", reports(daemon)[0]["id"])
    assert (report["project"], report["branch"], report["commit"], report["jobName"], report["buildUrl"]) == \
        ("acme/web", "feature", "b" * 40, "unit", "https://circleci.com/x/12")


def test_refused_for_good_is_not_spooled(daemon):
    spool = daemon.directory / "spool"
    spool.mkdir()
    for strict in (False, True):
        ended = submit(daemon, "--key", "k" * 500, "test_failure", *["--strict"] * strict)
        assert ended.returncode == strict and "nothing was reported" in ended.stderr
        assert ended.stderr.count("\n") == 1
    assert not list(spool.iterdir()) and not reports(daemon)


def test_a_key_that_was_seen_before(daemon):
    first = submit(daemon, "--key", "k1", "test_failure").stdout
    again = submit(daemon, "--key", "k1", "test_failure").stdout
    assert first.startswith("Reported: report error-") and ", incident incident-" in first
    assert ", follow-up task delayed-" in first
    assert again.startswith("Seen before: report error-") and first.split()[2] in again
    submit(daemon, "--key", "k2", "--passed")
    again = submit(daemon, "--key", "k2", "--passed").stdout
    assert again.startswith("Seen before: a passed build") and "incident ," not in again and "incident ." not in again


def test_the_project_holds_no_credential(daemon):
    ended = daemon.run_ctl("submit", "--strict", "--project", "https://u:s3cr3t@h/o/r.git", "--branch", "b",
                           "test_failure", submit=True)
    assert ended.returncode == 0, ended.stderr
    assert reports(daemon)[0]["project"] == "o/r"


def test_without_a_branch_nothing_is_reported(daemon):
    for strict in (False, True):
        ended = daemon.run_ctl("submit", "test_failure", *["--strict"] * strict, submit=True)
        assert ended.returncode == (2 if strict else 0)
        assert "nothing was reported" in ended.stderr and "--branch" in ended.stderr


# What the other commands say


def test_what_stays_paused_is_said(daemon):
    assert daemon.run_ctl("pause", "nope").stdout == "Paused: nope\n"
    assert "1 project is paused" in daemon.run_ctl("check").stdout
    assert daemon.run_ctl("resume").stdout == 'Still paused: nope; "codegenctl resume nope" resumes it.\n'
    assert daemon.run_ctl("resume", "other").stdout.splitlines() == \
        ["Was not paused: other", 'Still paused: nope; "codegenctl resume nope" resumes it.']
    assert daemon.run_ctl("resume", "nope").stdout == "Nothing is paused.\n"
    assert daemon.run_ctl("resume", "nope").stdout == "Was not paused: nope\nNothing is paused.\n"
    assert "paused" not in daemon.run_ctl("check").stdout
    daemon.ctl("pause")
    assert "Everything is paused" in daemon.run_ctl("check").stdout


def test_import_of_what_is_no_file(daemon):
    tree = daemon.directory / "old"
    tree.mkdir()
    os.mkfifo(tree / "fifo.json")
    (tree / "zero.json").symlink_to("/dev/zero")
    (tree / "directory.json").mkdir()
    ended = daemon.run_ctl("import", tree)
    assert ended.returncode == 0, ended.stderr
    for name in ("fifo", "zero", "directory"):
        line, = [line for line in ended.stdout.splitlines() if f"{name}.json" in line]
        assert line.startswith("skipped")


@pytest.mark.parametrize("environment, arguments, words", [
    ({}, [], ["$XDG_RUNTIME_DIR is not set", "--runtime-directory"]),
    ({"XDG_RUNTIME_DIR": "run"}, [], ["$XDG_RUNTIME_DIR is no absolute path", "--runtime-directory"]),
    ({"HOME": ""}, [], ["$XDG_CONFIG_HOME is not set", "$HOME is not set", "--config"]),
    ({"HOME": "", "XDG_CONFIG_HOME": "/x"}, [], ["$XDG_STATE_HOME is not set", "$HOME", "--state-directory"]),
])
def test_a_user_without_a_session_is_told_what_is_missing(idle, environment, arguments, words):
    ended = subprocess.run([CODEGEND, "--user", *arguments], capture_output=True, text=True,
                           env={**idle.environment, **environment}, cwd=idle.directory, timeout=PATIENCE_S)
    assert ended.returncode == 1
    assert all(word in ended.stderr for word in words), ended.stderr


def test_a_version_nobody_could_read(idle):
    with open("/dev/full", "wb") as full:
        for program in (CODEGEND, CODEGENCTL):
            assert subprocess.run([program, "--version"], stdout=full, stderr=subprocess.DEVNULL,
                                  env=idle.environment).returncode == 1
