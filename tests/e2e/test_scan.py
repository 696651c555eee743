"""What `scan` makes of the output of many tools, bare and as CI systems wrap it. tests/data/scan holds the snippets;
expected.jsonl says what each one is, with a part of its headline and what the excerpt must name."""
import json
import re
import subprocess

import pytest
from conftest import CODEGENCTL, ROOT, clean_environment

DATA = ROOT / "tests" / "data" / "scan"
EXPECTED = [json.loads(line) for line in (DATA / "expected.jsonl").read_text().splitlines()]
FIELDS = {"errorType", "stage", "cause", "confidence", "headline", "findings", "excerpt", "redactions", "fingerprint"}
FINDING = {"tool", "severity", "file", "line", "column", "rule", "message", "test", "logLine"}
EXCERPT_LINES_MAX = 60


def run_scan(data, tmp_path, *options):
    return subprocess.run([CODEGENCTL, *options, "scan", "-"], input=data, capture_output=True, timeout=60,
                          env=clean_environment(tmp_path), check=False)


def scan(data, tmp_path):
    done = run_scan(data, tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def stamp(number):
    return f"2025-06-27T20:{number // 60 % 60:02}:{number % 60:02}.7013104Z "


def is_raw(text):
    """Whether nothing is wrapped around it yet."""
    return not re.match(r"\S*\d\d:\d\d:\d\d|[#\[]|🐷", text.lstrip())


def github(text):
    lines = ["##[group]Run ./step.sh", "##[endgroup]", *text.splitlines(),
             "##[error]Process completed with exit code 1.", "Post job cleanup.", "Cleaning up orphan processes"]
    return "".join(stamp(number) + line + "\n" for number, line in enumerate(lines)).encode()


def columns(text):
    lines = ["##[group]Run ./step.sh", "##[endgroup]", *text.splitlines(),
             "##[error]Process completed with exit code 1."]
    rows = [f"build (20)\tRun step\t{stamp(number)}{line}\n" for number, line in enumerate(lines)]
    return "".join(rows + [f"build (20)\tComplete job\t{stamp(4000)}Cleaning up orphan processes\n"]).encode()


def travis(text):
    return (text + "\ntravis_time:end:0a:start=1,finish=2,duration=1\r\x1b[0K\r\n"
            '\x1b[31;1mThe command "./step.sh" exited with 1.\x1b[0m\r\n\r\n'
            "Done. Your build exited with 1.\r\n").encode()


def gitlab(text):
    return ("section_start:1:step_script\r\x1b[0K$ ./step.sh\n" + text
            + "\nsection_end:2:step_script\r\x1b[0K\x1b[31;1mERROR: Job failed: exit code 1\n\x1b[0;m").encode()


WRAPPERS = {
    "bare": lambda text: text.encode(),
    "carriage returns": lambda text: text.replace("\n", "\r\n").encode(),
    "columns": columns,
    "github": github,
    "gitlab": gitlab,
    "travis": travis,
    "utf-16 big": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16 little": lambda text: b"\xff\xfe" + text.replace("\n", "\r\n").encode("utf-16-le"),
}
PASSING = {"bare", "carriage returns", "utf-16 big", "utf-16 little"}


# The other wrappers say that the step failed, and are not put around what is wrapped.
CASES = [(row, wrapper) for row in EXPECTED for wrapper in WRAPPERS
         if wrapper in PASSING or (row["errorType"] != "none" and is_raw((DATA / row["log"]).read_text()))]


@pytest.mark.parametrize("expected, wrapper", CASES, ids=[f"{row['log']} {wrapper}" for row, wrapper in CASES])
def test_a_tool_is_understood(expected, wrapper, tmp_path):
    text = (DATA / expected["log"]).read_text()
    result = scan(WRAPPERS[wrapper](text), tmp_path)
    assert result["errorType"] == expected["errorType"]
    if expected["errorType"] == "none":
        assert result["cause"] == "none" and result["findings"] == [] and result["excerpt"]["text"] == ""
        return
    assert expected["headline"] in result["headline"]["text"]
    for name in expected["names"]:
        assert name in result["excerpt"]["text"]
    if wrapper in PASSING:
        assert (result["stage"], result["cause"]) == (expected["stage"], expected["cause"])


def test_the_document_has_the_promised_members(tmp_path):
    result = scan((DATA / "eslint-stylish.log").read_bytes(), tmp_path)
    assert set(result) == FIELDS
    assert all(set(finding) == FINDING for finding in result["findings"])
    error = next(finding for finding in result["findings"] if finding["rule"] == "no-undef")
    assert error["file"] == "/repo/src/app.js" and (error["line"], error["column"]) == (12, 14)
    assert error["severity"] == "error" and "is not defined" in error["message"]
    assert result["excerpt"]["lines"] == len(result["excerpt"]["text"].splitlines())


def test_people_get_words(tmp_path):
    done = run_scan((DATA / "jest.log").read_bytes(), tmp_path)
    assert done.returncode == 0
    for part in (b"test_failure", b"adds 1 + 2", b"src/sum.test.js"):
        assert part in done.stdout
    green = run_scan(b"all is well\n", tmp_path)
    assert green.returncode == 0 and b"no failure" in green.stdout


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    done = subprocess.run([CODEGENCTL, "scan", tmp_path / "nothing"], capture_output=True, check=False)
    assert done.returncode != 0 and b"nothing" in done.stderr


def test_the_same_failure_has_the_same_fingerprint(tmp_path):
    one = "src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.\n"
    other = "/home/ci/work-4711/src/a.ts(41,9): error TS2322: Type 'string' is not assignable to type 'number'.\n"
    prints = [scan(github(text), tmp_path)["fingerprint"] for text in (one, other)]
    assert prints[0] == prints[1] and prints[0].startswith("v1:")
    assert scan(b"src/a.ts(3,7): error TS2304: Cannot find name 'x'.\n", tmp_path)["fingerprint"] != prints[0]


def test_first_and_last_of_many_are_shown(tmp_path):
    lines = [f"src/file{number}.c:{number + 1}:1: error: broken in {number}\n" for number in range(5000)]
    noise = "".join(f"[{number}/90000] Building C object lib{number}.o\n" for number in range(90000))
    result = scan((lines[0] + noise + "".join(lines[1:]) + noise).encode(), tmp_path)
    assert result["errorType"] == "build_failure"
    assert result["excerpt"]["lines"] <= EXCERPT_LINES_MAX
    assert "src/file0.c" in result["excerpt"]["text"] and "src/file4999.c" in result["excerpt"]["text"]


@pytest.mark.parametrize("data", [b"", b"\n", b"\0" * 100000, b"\xff\xfe", b"\xff" * 70000, b"error: " * 100000,
                                  b"x" * 3000000 + b"\nsrc/a.c:1:1: error: late\n", b"\r" * 100000, b"\x1b[" * 50000,
                                  b"(" * 200000 + b"): error TS1: x\n"],
                         ids=["empty", "newline", "nuls", "bom", "ff", "errors", "long line", "returns", "escapes",
                              "brackets"])
def test_any_bytes_are_fine(data, tmp_path):
    result = scan(data, tmp_path)
    if b"late" in data:
        assert result["errorType"] == "build_failure" and "late" in result["headline"]["text"]
    assert result["excerpt"]["lines"] <= EXCERPT_LINES_MAX


def test_boilerplate_is_no_headline(tmp_path):
    text = "PR #12 touches a protected file; ask for a review\n"
    result = scan(github(text), tmp_path)
    assert result["errorType"] == "unknown_failure" and result["confidence"] < 0.5
    assert result["headline"]["text"].startswith("PR #12")
