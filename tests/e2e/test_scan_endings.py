"""What `scan` makes of a log that CI says nothing about: it failed when its last words tell of an error."""
import json
import os
import subprocess
import threading

import pytest
from conftest import CODEGENCTL, clean_environment
from test_scan import scan

TRACEBACK = 'Traceback (most recent call last):\n  File "/app/x.py", line 3, in <module>\n    f()\n'
NODE_FRAMES = "    at Object.<anonymous> (/app/x.js:3:9)\n    at node:internal/main/run_main_module:28:49\n"
FAILED = {
    "python module": (TRACEBACK + "ModuleNotFoundError: No module named 'airspeed'\n", "ModuleNotFoundError"),
    "python library": (TRACEBACK + "requests.exceptions.ConnectionError: no route\n", "requests.exceptions.Conn"),
    "python assert": (TRACEBACK + "AssertionError\n", "AssertionError"),
    "node": ("/app/x.js:3\n    throw new Error('boom');\n    ^\n\nError: boom\n" + NODE_FRAMES + "\nNode.js v20.1.0\n",
             "Error: boom"),
    "node module": ("Error: Cannot find module 'express'\nRequire stack:\n- /app/x.js\n" + NODE_FRAMES
                    + "}\n\nNode.js v20.1.0\n", "Error: Cannot find module 'express'"),
    "java": ('Exception in thread "main" java.lang.NullPointerException\n\tat com.x.Main.main(Main.java:7)\n',
             'Exception in thread "main"'),
    "ssh": ("ssh: connect to host example.org port 22: Connection refused\n", "ssh: connect to host"),
    "git": ("fatal: not a git repository (or any of the parent directories): .git\n", "fatal: not a git"),
    "sh": ("sh: 1: eslint: not found\n", "eslint: not found"),
    "bash": ("./build.sh: line 3: foo: command not found\n", "foo: command not found"),
    "assertion": ("Assertion `x == 1' failed.\nAborted (core dumped)\n", "Assertion `x == 1' failed."),
    "error": ("ERROR: the database is missing\n", "ERROR: the database is missing"),
    "tests": ("3 tests failed\n", "3 tests failed"),
    "terraform": ("╷\n│ Error: Invalid reference\n│ \n│   on main.tf line 3:\n│    3:   c = d\n│ \n"
                  "│ A reference to a resource type must be followed by more.\n╵\n", "Error: Invalid reference"),
    "terraform plain": ("Error: Invalid reference\n\n  on main.tf line 3:\n   3:   c = d\n\nA reference must be\n"
                        "followed by more, and this goes on\nfor some lines.\n", "Error: Invalid reference"),
    "npm": ("npm error code ENOENT\nnpm error syscall open\n"
            "npm error enoent Could not read package.json: Error: ENOENT: no such file\nnpm error enoent\n"
            "npm error A complete log of this run can be found in: /x.log\n",
            "Could not read package.json"),
    "crash": ("Segmentation fault (core dumped)\n", "Segmentation fault"),
    "make": ("make: *** [Makefile:3: all] Error 1\n", "make: ***"),
}
WELL = {
    "python": TRACEBACK + "ValueError: bad\nusing the default\n3 records read\nall done\n",
    "retried": TRACEBACK + "ConnectionError: refused\nretrying in 3 s\nconnected\n",
    "server": "Error: cache miss\n    at x (a.js:1:2)\nserver listens on 3000\nserver closed\nbye\n",
    "one line": "ERROR: expected error was raised\nOK\n",
    "none failed": "0 tests failed\n",
    "waited": "ssh: connect to host a port 22: Connection refused\nwaiting\nwaiting\nup\n",
    "installed": "./a.sh: line 3: foo: command not found\ninstalling foo\ninstalled\n",
    "no repository": "fatal: not a git repository (or any parent): .git\nversion unknown\nbuilt 3 files\n",
    "jest": "PASS src/a.test.js\n  console.error\n    Error: boom\n      at x (a.js:1:1)\n\nTests: 3 passed, 3 total\n",
}


@pytest.mark.parametrize("text, headline", FAILED.values(), ids=FAILED)
def test_last_words_of_a_failure_make_a_failure(text, headline, tmp_path):
    result = scan(text.encode(), tmp_path)
    assert result["errorType"] != "none" and headline in result["headline"]["text"]


@pytest.mark.parametrize("text", WELL.values(), ids=WELL)
def test_a_log_that_goes_on_and_ends_well_is_green(text, tmp_path):
    assert scan(text.encode(), tmp_path)["errorType"] == "none"


def test_a_crash_alone_is_not_a_failed_test(tmp_path):
    result = scan(b"Segmentation fault (core dumped)\n", tmp_path)
    assert (result["errorType"], result["cause"]) == ("unknown_failure", "unknown")


@pytest.mark.parametrize("line, tool", [("a.c:3:7: error: 'x' undeclared (first use in this function)", "gcc"),
                                        ("a.c:3:7: error: use of undeclared identifier 'x'", "clang")])
def test_a_compiler_is_called_by_its_name(line, tool, tmp_path):
    assert [finding["tool"] for finding in scan(line.encode() + b"\n", tmp_path)["findings"]] == [tool]


def test_what_npm_audit_says_of_a_package_is_no_part_of_its_name(tmp_path):
    result = scan(b"lodash  <4.17.21\nSeverity: high\nPrototype Pollution\n1 high severity vulnerability\n", tmp_path)
    assert result["headline"]["text"] == "lodash  <4.17.21, Severity: high"
    assert result["findings"][0]["message"] == "lodash  <4.17.21, Severity: high"
    assert result["findings"][0]["file"] is None


def test_a_confidence_has_two_digits(tmp_path):
    for log in (b"3 tests failed\n", b"a.c:3:7: error: 'x' undeclared\n"):
        ended = subprocess.run([CODEGENCTL, "scan", "--json", "-"], input=log, stdout=subprocess.PIPE, check=True,
                               env=clean_environment(tmp_path))
        confidence = json.loads(ended.stdout, parse_float=str)["confidence"]
        assert len(confidence) <= len("0.81")


def test_a_fifo_is_read_when_its_writer_comes(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = subprocess.Popen([CODEGENCTL, "scan", path], stdout=subprocess.PIPE, env=clean_environment(tmp_path))
    # Opening waits for the reader; then it has either read nothing and gone, or waits for what comes.
    writer = threading.Thread(target=lambda: path.write_bytes(b"3 tests failed\n"))
    writer.start()
    out, _ = reader.communicate(timeout=60)
    writer.join(timeout=60)
    assert b"3 tests failed" in out
