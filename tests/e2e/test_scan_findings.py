"""What `scan` makes of failures that a tool tells more than once, or that are too many to show."""
import pytest
from test_scan import EXCERPT_LINES_MAX, scan


def pytest_log(count):
    blocks = "".join(f"""{f' test_p[{number}] ':_^80}

    def test_p(n):
>       assert n == 1000
E       assert {number} == 1000

tests/x.py:7: AssertionError
""" for number in range(count))
    lines = "".join(f"FAILED tests/x.py::test_p[{number}] - assert {number} == 1000\n" for number in range(count))
    return (f"{' test session starts ':=^80}\ncollected {count + 2} items\n\n{' FAILURES ':=^80}\n{blocks}"
            f"{' short test summary info ':=^80}\n{lines}{f' {count} failed, 2 passed in 0.35s ':=^80}\n").encode()


JEST = """FAIL src/b.test.ts
  ● math › adds

    expect(received).toBe(expected) // Object.is equality

      at add (src/math.ts:3:9)
      at Object.<anonymous> (src/b.test.ts:7:15)

  ● math › divides

    RangeError: by zero

      at Object.<anonymous> (src/b.test.ts:11:3)

Tests:       2 failed, 2 passed, 4 total
""".encode()
NODE = b"""TAP version 13
# Subtest: adds
not ok 1 - adds
  ---
  duration_ms: 1.2
  location: '/app/test/x.test.js:3:1'
  failureType: 'testCodeFailure'
  error: 'boom'
  ...
# fail 1
"""
CARGO = b"""test tests::adds ... FAILED

failures:

---- tests::adds stdout ----
thread 'tests::adds' panicked at src/lib.rs:9:5:
assertion `left == right` failed

failures:
    tests::adds

test result: FAILED. 1 passed; 1 failed; 0 ignored
"""
UNITTEST = b"""F
======================================================================
FAIL: test_adds (tests.test_m.Adds)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/app/tests/test_m.py", line 7, in test_adds
    self.assertEqual(1, 2)
AssertionError: 1 != 2

----------------------------------------------------------------------
Ran 1 test in 0.000s

FAILED (failures=1)
"""


@pytest.mark.parametrize("log, expected", [
    (pytest_log(3), [("pytest", "tests/x.py", 7, f"test_p[{number}]") for number in range(3)]),
    (JEST, [("jest", "src/b.test.ts", 7, "math › adds"), ("jest", "src/b.test.ts", 11, "math › divides")]),
    (NODE, [("node:test", "/app/test/x.test.js", 3, "adds")]),
    (CARGO, [("cargo", "src/lib.rs", 9, "tests::adds")]),
    (UNITTEST, [("unittest", "/app/tests/test_m.py", 7, "test_adds")]),
], ids=["pytest", "jest", "node:test", "cargo", "unittest"])
def test_a_failure_that_is_told_twice_is_one_finding(log, expected, tmp_path):
    findings = scan(log, tmp_path)["findings"]
    assert [(finding["tool"], finding["file"], finding["line"], finding["test"]) for finding in findings] == expected


def test_the_line_of_the_summary_is_what_is_shown_of_a_failure(tmp_path):
    result = scan(pytest_log(3), tmp_path)
    assert [finding["message"] for finding in result["findings"]] == [f"assert {number} == 1000" for number in range(3)]
    assert "FAILED tests/x.py::test_p[1] - assert 1 == 1000" in result["excerpt"]["text"]
    assert "____" not in result["excerpt"]["text"]


def test_tests_of_the_same_name_in_two_files_are_two_findings(tmp_path):
    log = b"FAILED tests/a.py::test_x - assert 0\nFAILED tests/b.py::test_x - assert 0\n"
    assert [finding["file"] for finding in scan(log, tmp_path)["findings"]] == ["tests/a.py", "tests/b.py"]


@pytest.mark.parametrize("log, first, last, count", [
    (pytest_log(78), "test_p[0]", "test_p[77]", 78),
    (pytest_log(400), "test_p[0]", "test_p[399]", 400),
    ("".join(f"src/f{number % 9}.c:{number + 3}:7: error: 'x{number}' undeclared\n" for number in range(200)).encode(),
     "src/f0.c:3:7", "'x199'", 200),
], ids=["pytest 78", "pytest 400", "gcc 200"])
def test_what_is_left_out_is_said_once(log, first, last, count, tmp_path):
    lines = scan(log, tmp_path)["excerpt"]["text"].splitlines()
    marks = [line for line in lines if "left out" in line]
    shown = [line for line in lines if "test_p[" in line or "error:" in line]
    assert len(lines) == EXCERPT_LINES_MAX and len(set(lines)) == len(lines)
    assert first in shown[0] and last in shown[-1]
    assert marks == [f"[… {count - len(shown)} findings left out …]"]


def test_nothing_is_said_to_be_left_out_when_all_is_shown(tmp_path):
    excerpt = scan(pytest_log(58), tmp_path)["excerpt"]["text"]
    assert "left out" not in excerpt and all(f"test_p[{number}]" in excerpt for number in range(58))
