"""codegend-agent: the far side of agents of type command, alone and with a daemon."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

from agent_place import PROGRAM, Activator, Caller
from conftest import PATIENCE_S, wait_for
from test_agent_orphans import is_alive

TRIGGER = "trigger_agent"


@pytest.fixture
def place():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="ca-", dir="/tmp"))
    made = Activator(directory)
    yield made
    try:
        made.finish()
    finally:
        shutil.rmtree(directory)


@pytest.fixture
def caller(place):
    made = Caller(place.path)
    yield made
    made.close()


# The program, alone

def test_output_and_exit_code_come_back(caller):
    caller.begin("cat; echo; echo err >&2; exit 3")
    assert caller.end() == {"parameters": {"end": "exited", "code": 3, "output": "do it\nerr\n", "outputDropped": 0}}


def test_a_signal_comes_back(caller):
    caller.begin("kill -KILL $$")
    assert caller.end()["parameters"]["end"] == "signaled"


def test_what_it_gets(caller):
    """Its own side's environment, without what is systemd's; the facts; the report in a directory that goes."""
    caller.begin('cat "$CODEGEN_REPORT_FILE"; stat -c %a "$CODEGEN_REPORT_FILE" .; pwd; env',
                 environment=["CODEGEN_BRANCH=fix", "CODEGEN_HEADLINE=a=b\nc"])
    output = caller.end()["parameters"]["output"]
    assert '"id": "report-1"' in output and "}600\n700\n/tmp/codegend-agent-" in output
    assert "CODEGEN_BRANCH=fix\n" in output and "CODEGEN_HEADLINE=a=b\nc\n" in output
    assert "API_KEY=of the unit\n" in output
    assert "NOTIFY_SOCKET" not in output and "LISTEN_FDS" not in output
    directory = output.split("CODEGEN_REPORT_FILE=")[1].split("/report.json")[0]
    wait_for(lambda: not os.path.exists(directory), "the directory being gone")


@pytest.mark.parametrize("more, parameter", [
    ({"environment": ["LD_PRELOAD=/tmp/x"]}, "environment"), ({"environment": [1]}, "environment"),
    ({"environment": "CODEGEN_A=b"}, "environment"), ({"command": []}, "command"), ({"command": [None]}, "command"),
    ({"command": ["/bin/true"] * 2000}, "command"), ({"prompt": 1}, "prompt"), ({"report": []}, "report"),
    ({"outputBytes": 1 << 40}, "outputBytes"), ({"outputBytes": 0}, "outputBytes"), ({"timeoutMs": 0}, "timeoutMs"),
    ({"killAfterMs": -1}, "killAfterMs"), ({"killAfterMs": 1 << 40}, "killAfterMs")])
def test_what_is_refused(caller, more, parameter):
    caller.run("/bin/true", **more)
    assert caller.end() == {"error": "org.varlink.service.InvalidParameter", "parameters": {"parameter": parameter}}


@pytest.mark.parametrize("command, workdir, why", [
    ("/nonexistent/fix", None, 'command "/nonexistent/fix": no such file or directory'),
    ("/bin/sh", "/nonexistent", 'workdir "/nonexistent": no such file or directory'),
    ("/etc/passwd", "/", 'command "/etc/passwd": permission denied')])
def test_what_cannot_be_started(caller, command, workdir, why):
    caller.run(command, workdir=workdir)
    assert caller.receive()["continues"]
    assert caller.end() == {"error": "io.codegend.agent.Unusable", "parameters": {"message": why}}


def test_another_method(caller):
    caller.send("io.codegend.Ping")
    assert caller.end()["error"] == "org.varlink.service.MethodNotFound"


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.0\r\n\r\n", b"{]\0", b'{"a":' * 100 + b"\0"])
def test_junk_is_hung_up_on(caller, junk):
    caller.send_raw(junk)
    try:
        assert caller.receive() is None
    except ConnectionResetError:
        pass


def test_it_is_stopped_at_its_timeout(caller):
    caller.begin("exec sleep 1000", timeoutMs=100)
    assert caller.end()["parameters"]["end"] == "timed_out"


def test_one_that_ignores_term_is_killed(caller):
    caller.begin("trap '' TERM; echo deaf; while :; do sleep 0.05; done", timeoutMs=200, killAfterMs=100)
    answer = caller.end()["parameters"]
    assert (answer["end"], answer["code"], answer["output"]) == ("timed_out", signal.SIGKILL, "deaf\n")


def test_stop_is_asked_for_first(caller, place):
    ready = place.path.parent / "ready"
    caller.begin(f"exec 2>/dev/null; trap 'echo bye; exit 4' TERM; touch '{ready}'; while :; do sleep 0.05; done")
    wait_for(ready.exists, "the program's start")
    caller.stop()
    caller.stop()
    assert caller.end()["parameters"] == {"end": "stopped", "code": 0, "output": "bye\n", "outputDropped": 0}


def test_term_from_its_manager_is_passed_on(caller, place):
    caller.begin("exec sleep 1000")
    place.processes[0].send_signal(signal.SIGTERM)
    assert caller.end()["parameters"]["end"] == "unit_stopped"


@pytest.mark.parametrize("end", ["close", "second call"])
def test_nobody_waits_for_it(caller, place, end):
    """The daemon is gone: its branch may be given to another one at any moment, so it is not asked to end."""
    pids = place.path.parent / "pids"
    caller.begin(f"trap '' TERM; echo $$ >'{pids}.new'; mv '{pids}.new' '{pids}'; while :; do sleep 0.05; done")
    wait_for(pids.exists, "the program's start")
    if end == "close":
        caller.close()
    else:
        caller.shell("true")
        assert caller.receive() is None
    wait_for(lambda: not is_alive(int(pids.read_text())), "its end")


def test_what_left_its_group_is_not_waited_for(caller, place):
    """It holds the output open: systemd ends it with the unit, for which codegend-agent has to be gone."""
    pid = place.path.parent / "pid"
    caller.begin(f"setsid sh -c 'echo $$ >\"{pid}.new\"; mv \"{pid}.new\" \"{pid}\"; exec sleep 1000' & sleep 1000")
    wait_for(pid.exists, "the one that fled")
    directory = pathlib.Path(f"/proc/{place.processes[0].pid}/task/{place.processes[0].pid}/children")
    [leader] = directory.read_text().split()
    caller.close()
    assert place.processes[0].wait(PATIENCE_S) == 0
    wait_for(lambda: not is_alive(int(leader)), "the killed leader's end")
    assert is_alive(int(pid.read_text()))
    os.kill(int(pid.read_text()), signal.SIGKILL)  # systemd's part


def test_endless_output_is_cut(caller):
    caller.begin("yes; true", timeoutMs=500, outputBytes=1000)
    answer = caller.end()["parameters"]
    assert answer["end"] == "timed_out" and answer["output"].endswith("y\n") and len(answer["output"]) <= 1000
    assert answer["outputDropped"] > 100000


def test_bytes_that_are_no_text(caller):
    caller.begin(r"printf 'a\377\000\033[31mb'")
    assert caller.end()["parameters"]["output"] == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"


def test_a_large_prompt_and_report(caller):
    caller.begin('wc -c; wc -c <"$CODEGEN_REPORT_FILE"', prompt="x" * 500000, report={"log": '"\n' * 1000000})
    prompt, report = caller.end()["parameters"]["output"].split()
    assert int(prompt) == 500000 and int(report) > 4000000


def test_without_a_connection_it_says_how_it_is_used():
    ended = subprocess.run([PROGRAM], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert ended.returncode == 2 and "systemd starts it" in ended.stderr
    assert subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout.startswith("codegend-agent ")


@pytest.mark.skipif(os.geteuid() != 0, reason="it takes root to look as another user does")
def test_a_check_is_made_by_who_would_run_it(caller):
    caller.send("io.codegend.agent.Check", {"program": "/nonexistent", "workdir": "/etc/passwd"})
    assert caller.end()["parameters"] == {"user": "root", "program": "no such file or directory",
                                          "workdir": "it is no directory"}


# With a daemon

@pytest.fixture
def far(idle):
    """A daemon whose agents run on the far side."""
    idle.far = Activator(idle.directory)
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    idle.start_far = lambda: idle.start("--agent-socket", idle.far.path)
    yield idle
    idle.agent.release()
    if idle.process is not None:
        idle.stop()
    idle.far.finish()


def result_of(daemon):
    return daemon.ctl("task", "show", daemon.tasks(TRIGGER)[0]["id"])["result"]


def test_a_run(far):
    (far.directory / "script").write_text("echo done; exit 3")
    far.start_far()
    ticket = far.submit()
    assert "exited with code 3" in far.wait_state(ticket["incidentId"], "waiting")["reason"]
    result = result_of(far)
    assert (result["end"], result["exitCode"], result["output"]) == ("exited", 3, "done\n")
    environment = (far.directory / "environment").read_text()
    assert "CODEGEN_BRANCH=fix\n" in environment and "API_KEY=" in environment
    assert (far.directory / "prompt").read_text().startswith("# Repair")
    assert not (far.state / "agent").exists(), "its report is on the other side"
    assert len(far.far.processes) == 1


def test_nothing_ran_where_nobody_listens(far):
    """No program is started here instead; and it is tried again."""
    far.far.close()
    far.start_far()
    ticket = far.submit()
    waits = wait_for(lambda: [task for task in far.tasks(TRIGGER) if "cannot be asked" in task["reason"]],
                     "the attempt")[0]
    assert "no such file or directory" in waits["reason"] and waits["reason"].startswith("The last try, at")
    assert waits["status"] == "scheduled" and waits["attempt"] == 0 and not far.agent.runs()
    far.far = Activator(far.directory)
    far.ctl("task", "run", far.tasks(TRIGGER)[0]["id"])
    far.wait_state(ticket["incidentId"], "waiting")
    assert len(far.agent.runs()) == 1


def test_nothing_ran_when_it_hangs_up_at_once(far):
    far.far.refuses = True
    far.start_far()
    far.submit()
    wait_for(lambda: "it hung up" in far.log(), "the failed attempt")
    assert far.tasks(TRIGGER)[0]["status"] == "scheduled"
    far.far.refuses = False
    far.ctl("task", "run", far.tasks(TRIGGER)[0]["id"])
    wait_for(lambda: far.agent.runs(), "the run")


def test_a_program_that_is_not_there(far):
    far.agent.path.unlink()
    far.start_far()
    far.submit()
    wait_for(lambda: 'could not be started: command "' in far.log(), "the failed attempt")
    assert far.tasks(TRIGGER)[0]["status"] == "scheduled"


def test_a_program_that_is_not_there_is_followed_by_the_next(far):
    second = far.directory / "second"
    shutil.copy(far.agent.path, second)
    far.agent.path.unlink()
    far.configure(f'''agent fixer {{ command = {{ "{far.agent.path}" }} }}
agent second {{ command = {{ "{second}" }} }}
project "acme/*" {{ agents = {{ fixer, second }} }}
''')
    far.start_far()
    ticket = far.submit()
    wait_for(lambda: far.agent.ends(), "the second agent's run")
    far.wait_state(ticket["incidentId"], "waiting")
    _, first = far.tasks(TRIGGER)
    assert (first["status"], first["attempt"], first["result"]["end"]) == ("completed", 1, "not_started")


def test_one_that_is_lost_is_not_started_again(far):
    """It may have done anything before: only the next check can tell."""
    far.agent.hold()
    far.start_far()
    ticket = far.submit()
    wait_for(lambda: far.agent.runs(), "the agent's start")
    far.far.processes[0].kill()
    assert "is not known" in far.wait_state(ticket["incidentId"], "waiting")["reason"]
    assert result_of(far)["end"] == "lost" and len(far.agent.runs()) == 1
    os.kill(int(far.agent.runs()[0]), signal.SIGKILL)  # systemd's part


def test_one_whose_unit_is_stopped(far):
    far.agent.hold()
    far.start_far()
    ticket = far.submit()
    wait_for(lambda: far.agent.runs(), "the agent's start")
    far.far.processes[0].terminate()
    assert "its unit was stopped" in far.wait_state(ticket["incidentId"], "waiting")["reason"]
    assert result_of(far)["end"] == "unit_stopped"


def test_an_agent_ends_with_its_incident(far):
    far.agent.hold()
    far.start_far()
    ticket = far.submit()
    wait_for(lambda: far.agent.runs(), "the agent's start")
    far.ctl("incident", "close", ticket["incidentId"])
    wait_for(lambda: far.tasks(TRIGGER)[0]["status"] == "cancelled", "the task's end")
    assert not is_alive(int(far.agent.runs()[0]))


def test_a_daemon_that_stops_takes_its_agents_along(far):
    far.agent.hold()
    far.start_far()
    far.submit()
    wait_for(lambda: far.agent.runs(), "the agent's start")
    far.stop()
    assert not is_alive(int(far.agent.runs()[0]))
    far.start_far()
    assert result_of(far)["end"] == "stopped" and len(far.agent.runs()) == 1


def test_a_daemon_that_dies_takes_its_agents_along(far):
    far.agent.path.write_text(far.agent.path.read_text().replace("#!/bin/sh\n", "#!/bin/sh\ntrap '' TERM\n", 1))
    far.agent.hold()
    far.start_far()
    ticket = far.submit()
    wait_for(lambda: far.agent.runs(), "the agent's start")
    far.kill()
    wait_for(lambda: not is_alive(int(far.agent.runs()[0])), "the agent's end")
    far.start_far()
    assert "unknown" in far.wait_state(ticket["incidentId"], "waiting")["reason"]
    assert len(far.agent.runs()) == 1


class Liar:
    """What a program that got hold of the connection could answer."""

    def __init__(self, path, answers):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.answers = answers

    def serve(self):
        connection, _ = self.listener.accept()
        with connection:
            while not connection.recv(65536).endswith(b"\0"):
                pass
            with contextlib.suppress(BrokenPipeError):  # it does not listen for ever
                for answer in self.answers:
                    connection.sendall(answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\0")


STARTING = {"parameters": {"starting": True}, "continues": True}
GOOD = {"end": "exited", "code": 0, "output": "", "outputDropped": 0}


@pytest.mark.parametrize("answers", [
    [STARTING, b"junk"], [STARTING, {"parameters": {**GOOD, "end": "won"}}], [STARTING, {"parameters": None}],
    [STARTING, {"parameters": {**GOOD, "code": 1 << 40}}], [STARTING, {"parameters": {**GOOD, "outputDropped": -1}}],
    [STARTING, {"parameters": {**GOOD, "output": "x" * 70000}}], [STARTING, b'{"parameters":"' + b"x" * (2 << 20)],
    [STARTING] * 1000, [STARTING, {"error": 1}], [b"junk"]],
    ids=["junk", "end", "none", "code", "dropped", "output", "endless", "starting", "error", "at once"])
def test_lies_are_no_answer(idle, answers):
    path = idle.directory / "liar.sock"
    liar = Liar(path, answers)
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    idle.start("--agent-socket", path)
    ticket = idle.submit()
    liar.serve()
    assert "is not known" in idle.wait_state(ticket["incidentId"], "waiting")["reason"]
    assert result_of(idle)["end"] == "lost"


def test_one_that_begins_when_it_was_to_stop_is_not_given_its_time(idle):
    """And then says nothing more."""
    path = idle.directory / "liar.sock"
    liar = Liar(path, [])
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    idle.start("--agent-socket", path)
    ticket = idle.submit()
    connection, _ = liar.listener.accept()
    with connection:
        heard = b""
        while heard.count(b"\0") < 1:
            heard += connection.recv(65536)
        idle.ctl("incident", "close", ticket["incidentId"])
        while b"io.codegend.agent.Stop" not in heard:
            heard += connection.recv(65536)
        connection.sendall(json.dumps(STARTING).encode() + b"\0")
        wait_for(lambda: idle.tasks(TRIGGER)[0]["status"] == "cancelled", "the task's end")


def test_output_is_cleaned_once_more(idle):
    path = idle.directory / "liar.sock"
    liar = Liar(path, [STARTING, {"parameters": {**GOOD, "output": "a\x1b[31mb\u202ec"}}])
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    idle.start("--agent-socket", path)
    ticket = idle.submit()
    liar.serve()
    idle.wait_state(ticket["incidentId"], "waiting")
    assert result_of(idle)["output"] == "abc"


# What doctor says of it

def examine(daemon):
    ended = daemon.run_ctl("--json", "doctor")
    return next(check for check in json.loads(ended.stdout)["checks"] if check["name"] == "agent")


def test_doctor_asks_there(far):
    far.start_far()
    found = examine(far)
    assert found["state"] == "ok" and "by the user" in found["message"]
    far.agent.path.chmod(0o644)
    found = examine(far)
    assert found["state"] == "problem" and "cannot be executed" in found["message"]
    assert "codegend-agent@.service" in found["remedy"]
    far.agent.path.rename(far.agent.path.with_suffix(".gone"))
    assert examine(far)["remedy"].startswith("make it")
    far.far.refuses = True
    found = examine(far)
    assert found["state"] == "problem" and "ReadWritePaths=" in found["remedy"]
    far.far.close()
    found = examine(far)
    assert found["state"] == "problem" and "systemctl restart codegend-agent.socket" in found["remedy"]
    far.far = Activator(far.directory)


@pytest.fixture
def read_only(far):
    """A workdir that the far side may enter and not write to."""
    made = far.directory / "checkout"
    made.mkdir()
    made.chmod(0o555)
    if os.geteuid() == 0:
        far.far.prefix = ["setpriv", "--bounding-set=-dac_override"]
    config = far.config.read_text()
    far.config.write_text(config.replace("type = command\n", f'type = command\n    workdir = "{made}"\n'))
    return made


def test_doctor_tells_of_a_workdir_that_is_read_only_there(far, read_only):
    far.start_far()
    found = examine(far)
    assert found["state"] == "warning" and f'not write to its workdir "{read_only}"' in found["message"], found
    assert f"ReadWritePaths={read_only}" in found["remedy"] and "chown -R" in found["remedy"]
    assert "codegend-agent@.service" in found["remedy"]
    read_only.chmod(0o755)
    assert examine(far)["state"] == "ok"


def test_doctor_tells_what_a_home_and_a_blank_take(far, read_only):
    blank = read_only.with_name("a b")
    read_only.rename(blank)
    config = far.config.read_text()
    far.config.write_text(config.replace(str(read_only), str(blank)))
    far.start_far()
    assert f'ReadWritePaths="{blank}"' in examine(far)["remedy"]
    far.config.write_text(config.replace(str(far.agent.path), "/root/fix"))
    far.far.prefix = ["setpriv", "--reuid=65534", "--clear-groups"]
    far.ctl("reload")
    if os.geteuid() == 0:
        assert "ProtectHome=no" in examine(far)["remedy"]
