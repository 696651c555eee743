"""What real tools print when they fail (tests/data/recordings, by tools/record-logs), and what `scan` says of it."""
import json
import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

import conftest

RECORDINGS = conftest.ROOT / "tests" / "data" / "recordings"
LABELS = [json.loads(line) for line in (RECORDINGS / "labels.jsonl").read_text().splitlines()]
EXCERPT_LINES_MAX = 60
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


# What `scan` does not understand yet, and why. A row goes when it does: the test then fails, to say so.
MISSED = {
    "clippy": "a note is the headline",
    "ctest": "the list of failed tests is not in the excerpt",
    "gcc-killed": "a killed compiler is taken for an error in the source",
    "gcc-memory": "its stage is not known",
    "go-test-timeout": "the running test is not in the excerpt",
    "npm-audit-endpoint": "a scanner that did not run is not known as one",
    "npm-peer": "the packages are not in the excerpt",
    "prettier": "a keyword with escape codes inside is not found",
    "vite-build-syntax": "the line above the reason is the headline",
}


def case(label):
    name = label["file"].removesuffix(".log")
    marks = [pytest.mark.xfail(strict=True, reason=f"scan: {MISSED[name]}")] if name in MISSED else []
    return pytest.param(label, id=name, marks=marks)


def squeeze(text):
    """Without colours, each white space one blank: how a tool wraps its lines does not matter."""
    return re.sub(r"\s+", " ", ESCAPE.sub("", text)).strip()


def scan(label, home):
    ended = subprocess.run([conftest.CODEGENCTL, "scan", "--json", RECORDINGS / label["file"]], capture_output=True,
                           stdin=subprocess.DEVNULL, env=conftest.clean_environment(home),
                           timeout=conftest.PATIENCE_S)
    assert not ended.stderr, ended.stderr.decode(errors="replace")
    return json.loads(ended.stdout)


@pytest.mark.parametrize("label", map(case, LABELS))
def test_scan_understands(label, tmp_path):
    result = scan(label, tmp_path)
    assert result["errorType"] == label["errorType"], result.get("headline")
    if label["errorType"] == "none":
        return
    headline = squeeze((result["headline"] or {}).get("text", ""))
    excerpt = (result["excerpt"] or {}).get("text", "")
    assert result["stage"] == label["stage"], headline
    assert any(squeeze(piece) in headline for piece in label["headline"]), headline
    assert [name for name in label["names"] if squeeze(name) not in squeeze(excerpt)] == [], excerpt
    assert len(excerpt.rstrip("\n").split("\n")) <= EXCERPT_LINES_MAX


def test_labels_are_those_of_the_table():
    sys.path.insert(0, str(RECORDINGS))
    import record
    rows = tomllib.loads((RECORDINGS / "recordings.toml").read_text())["recording"]
    assert [record.label_of(row) for row in rows] == LABELS


def test_logs_show_no_machine_but_the_neutral_one():
    for label in LABELS:
        text = (RECORDINGS / label["file"]).read_text(errors="replace")
        assert len(text) < 64 * 1024
        hosts = set(re.findall(r"https?://([^/\s:\"']+)", text))
        assert not [host for host in hosts if "registry" in host
                    and host not in ("registry.npmjs.org", "registry.example.invalid")], label["file"]
        assert not re.findall(r"(?<![\w.])/(?:root|work|tmp|build)/", text), label["file"]
        assert str(pathlib.Path.home()) not in text or str(pathlib.Path.home()) == "/home/runner", label["file"]
