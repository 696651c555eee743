"""Secrets: none that CI sends reaches a file, a prompt, a page or a log of ours; and the filter on its own."""
import json
import random
import signal
import sqlite3
import string
import subprocess

import pytest

from conftest import CODEGENCTL, PATIENCE_S, wait_for

ALPHANUMERIC = string.ascii_letters + string.digits


def made(prefix, length, alphabet=ALPHANUMERIC, seed=7):
    """A secret that no scanner finds in this file, and that opens nothing."""
    return prefix + "".join(random.Random(prefix + str(seed)).choices(alphabet, k=length))


SECRETS = {
    "details": made("gh" + "p_", 36),
    "command": made("npm" + "_", 36),
    "log": made("glpat" + "-", 20),
    "coloured": made("sk" + "_live_", 24),
    "context": made("A" + "KIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "member": made("", 24),
    "job": made("dop" + "_v1_", 64, "0123456789abcdef"),
    "scan": made("hf" + "_", 34, string.ascii_letters),
    "lint": made("sntryu" + "_", 64, "0123456789abcdef"),
    "security": made("shpat" + "_", 32, "0123456789abcdef"),
    "key": made("MII", 61),
}
AGENTS_SECRET = made("gh" + "o_", 36)


def submission(**more):
    coloured = SECRETS["coloured"]
    log = "\n".join([
        "installing", f"token {SECRETS['log']} was refused", f"\x1b[31m{coloured[:9]}\x1b[0m{coloured[9:]}",
        "-----BEGIN " + "EC PRIVATE KEY-----", SECRETS["key"], "-----END " + "EC PRIVATE KEY-----",
        "src/a.ts:3:1 - error TS2345: commit 4f2c8d1e9b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e", ""])
    finding = {"tool": "tsc", "severity": "error", "file": "src/a.ts", "line": 3, "message": f"got {SECRETS['scan']}"}
    return {"key": "secrets-1", "project": "acme/web", "branch": "fix", "commit": "aaaaaaa1",
            "errorType": "test_failure", "job": f"ci {SECRETS['job']}", "step": "test",
            "errorDetails": f"bad credentials: {SECRETS['details']}",
            "command": f"deploy --auth {SECRETS['command']}", "log": log, "exitCode": 1,
            "context": {"packageJson": f"//registry/:_x={SECRETS['context']}", "env": {"API_TOKEN": SECRETS["member"]}},
            "scan": {"errorType": "test_failure", "headline": {"line": 3, "text": f"got {SECRETS['scan']}"},
                     "findings": [finding], "excerpt": {"lines": 1, "text": f"got {SECRETS['scan']}"}},
            "lint": {"errors": 1, "note": SECRETS["lint"]}, "security": {"findings": 1, "note": SECRETS["security"]},
            **more}


def submit_directly(daemon, **more):
    """Without the client, which takes secrets out itself."""
    connection = daemon.connect()
    answer = connection.call("Submit", **submission(**more))
    connection.close()
    assert "ticket" in answer["parameters"], answer
    return answer["parameters"]["ticket"]


def assert_nowhere(daemon, secrets, *outputs):
    places = {str(path): path.read_bytes() for path in daemon.directory.rglob("*")
              if path.is_file() and path.name != "script"}
    places.update({f"output {number}": output.encode() for number, output in enumerate(outputs)})
    assert any(path.endswith("prompt") for path in places) and any("published" in path for path in places)
    for path, data in places.items():
        for name, secret in secrets.items():
            assert secret.encode() not in data, f"the secret in {name} is in {path}"


def test_no_secret_of_a_submission_gets_anywhere(daemon):
    (daemon.directory / "script").write_text(f"echo pushing with {AGENTS_SECRET}; cat \"$CODEGEN_REPORT\" "
                                             f">'{daemon.directory}/report-seen'\n")
    ticket = submit_directly(daemon)
    wait_for(lambda: daemon.agent.ends() == 1, "the agent's run")
    trigger = wait_for(lambda: [task for task in daemon.tasks("trigger_agent", "completed")], "the trigger's end")
    shown = daemon.run_ctl("report", "show", ticket["reportId"]).stdout
    shown_json = json.dumps(daemon.ctl("report", "show", ticket["reportId"]))
    task = daemon.run_ctl("--json", "task", "show", trigger[0]["id"]).stdout
    explained = daemon.run_ctl("explain", ticket["incidentId"]).stdout
    daemon.stop()
    assert_nowhere(daemon, {**SECRETS, "the agent's output": AGENTS_SECRET}, shown, shown_json, task, explained)
    assert "[REDACTED:github-token]" in shown_json and "[REDACTED:github-token]" in task
    # What is no secret stays.
    assert "4f2c8d1e9b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e" in shown_json and "src/a.ts" in shown_json


def test_instructions_of_operators_are_kept_without_secrets(daemon):
    secret = made("gh" + "p_", 36)
    connection = daemon.connect()
    answer = connection.call("Schedule", project="acme/web", branch="fix", instructions=f"push with {secret}, soon")
    connection.close()
    assert "error" not in answer, answer
    daemon.stop()
    database, = daemon.state.glob("*.db")
    rows = sqlite3.connect(database).execute("SELECT instructions FROM tasks").fetchall()
    assert rows == [("push with [REDACTED:github-token], soon",)]


def test_an_imported_report_is_kept_without_secrets(daemon):
    secret = made("gh" + "p_", 36)
    directory = daemon.directory / "old"
    directory.mkdir()
    (directory / "error-report-1750000000000.json").write_text(json.dumps({
        "id": "error-1750000000000", "timestamp": "2025-06-15T15:06:40.000Z", "errorType": "build_failure",
        "errorDetails": f"denied for {secret}", "branch": "main", "project": "acme/web",
        "context": {"packageJson": {"token": secret}}}))
    ended = daemon.run_ctl("import", directory)
    assert "imported" in ended.stdout, ended.stdout + ended.stderr
    shown = json.dumps(daemon.ctl("reports", "--project", "acme/web"))
    assert secret not in shown
    daemon.stop()
    for path in daemon.state.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_what_would_carry_a_secret_out_is_not_posted(daemon):
    """A row of a version that did not know the rule, or that somebody changed."""
    secret = made("gh" + "p_", 36)
    daemon.ctl("pause")
    ticket = daemon.submit()
    daemon.stop()
    database, = daemon.state.glob("*.db")
    connection = sqlite3.connect(database)
    connection.execute("UPDATE reports SET log = ?", (f"pushing with {secret}\n",))
    connection.commit()
    connection.close()
    daemon.start()
    daemon.ctl("resume")
    task, = wait_for(lambda: daemon.tasks("publish_report", "failed"), "the refusal to publish")
    assert task["reason"].endswith("Not posted: its text holds what looks like a secret (github-token).")
    assert secret not in daemon.log()
    published = daemon.state / "published"
    assert not published.exists() or not any(secret in path.read_text() for path in published.rglob("*.md"))
    assert task["reason"] in daemon.run_ctl("explain", ticket["incidentId"]).stdout
    prompt = daemon.directory / "prompt"
    assert not prompt.exists() or secret not in prompt.read_text()


# The filter


def redact(data, **environment):
    ended = subprocess.run([CODEGENCTL, "redact"], input=data, capture_output=True, timeout=PATIENCE_S,
                           env={"PATH": "/usr/bin:/bin", **environment})
    assert ended.returncode == 0 and not ended.stderr
    return ended.stdout


def test_the_filter_takes_out_secrets_and_nothing_else():
    secret = made("gh" + "p_", 36)
    data = b"\x00\xff\xfe one\r\n" + f"a {secret} b\n".encode() + bytes(range(256)) + b"no newline"
    expected = data.replace(secret.encode(), b"[REDACTED:github-token]")
    assert redact(data) == expected
    assert redact(expected) == expected
    assert redact(b"") == b""
    assert redact(b"it is kLm-open-sesame!\n", DEPLOY_TOKEN="kLm-open-sesame!") == b"it is [REDACTED:secret]\n"


def test_the_filter_passes_lines_on_when_its_input_pauses():
    with subprocess.Popen([CODEGENCTL, "redact"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                          env={"PATH": "/usr/bin:/bin"}) as process:
        process.stdin.write(b"first\nsec")
        assert process.stdout.readline() == b"first\n"
        process.stdin.write(b"ond\n")
        assert process.stdout.readline() == b"second\n"
        process.stdin.close()
        assert process.stdout.read() == b"" and process.wait(PATIENCE_S) == 0


def test_the_filter_ends_when_nobody_reads_on():
    with subprocess.Popen([CODEGENCTL, "redact"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={"PATH": "/usr/bin:/bin"}) as process:
        process.stdout.close()
        with pytest.raises(BrokenPipeError):
            for _ in range(1000):
                process.stdin.write(b"line\n" * 10000)
        assert process.wait(PATIENCE_S) in (-signal.SIGPIPE, 1)
        assert process.stderr.read() == b""
        process.stdin = None


def test_the_filter_says_when_it_cannot_write():
    with open("/dev/full", "wb") as full:
        ended = subprocess.run([CODEGENCTL, "redact"], input=b"line\n", stdout=full, stderr=subprocess.PIPE,
                               timeout=PATIENCE_S, env={"PATH": "/usr/bin:/bin"})
    assert ended.returncode == 1 and ended.stderr.count(b"\n") == 1 and b"No space left" in ended.stderr
