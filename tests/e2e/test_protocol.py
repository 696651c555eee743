"""What peers may send, and what becomes of those that send something else. Real sockets, the real daemon.

Each hostile peer gets a Varlink error or a close with a reason in the log, others are served meanwhile, and afterwards
the daemon holds no more memory and no more descriptors than before.
"""
import json
import os
import pathlib
import select
import socket
import time

import pytest

from conftest import PATIENCE_S, SANITIZED, Varlink, wait_for

FRAME_MAX = 4 * 1024 * 1024
CONNECTIONS_PER_UID = 256
CALLS_IN_FLIGHT = 16
RSS_BOUND = 160 * 1024 * 1024
SANITIZED_FACTOR = 5  # the address sanitizer keeps what was freed for a while
PING = b'{"method":"io.codegend.Ping"}\0'


def rss(daemon):
    pages = pathlib.Path(f"/proc/{daemon.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def rss_bound(daemon):
    return RSS_BOUND * (SANITIZED_FACTOR if SANITIZED else 1)


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd")) if os.geteuid() == 0 else 0  # shown to root alone


def push(connection, data):
    """Sends what the peer takes; it may have hung up in the middle."""
    try:
        connection.send_raw(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def end_of(connection):
    """All that still comes until the end of the stream."""
    data = connection.buffer
    try:
        while chunk := connection.socket.recv(65536):
            data += chunk
    except ConnectionResetError:
        pass
    return data


def assert_served(daemon):
    for path in (daemon.control, daemon.submit_socket):
        other = Varlink(path)
        assert "version" in other.call("Ping")["parameters"]
        other.close()


def logged(daemon, text):
    return wait_for(lambda: text in daemon.log(), f"the line {text!r} in the log")


@pytest.fixture
def guarded(daemon):
    """The daemon; after the test it serves, and holds what it held before."""
    assert_served(daemon)
    before = descriptors(daemon)
    yield daemon
    assert_served(daemon)
    wait_for(lambda: descriptors(daemon) <= before, "the end of all connections")
    assert rss(daemon) < rss_bound(daemon)


# Messages that end the connection

NESTED = b'{"method":"io.codegend.Ping","parameters":{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}\0"

BAD_MESSAGES = {
    "garbage": (b"{garbage}\0", "not a JSON object"),
    "half JSON": (b'{"method":\0', "not a JSON object"),
    "two objects": (b"{}{}\0", "not a JSON object"),
    "duplicate key": (b'{"method":"io.codegend.Ping","method":"io.codegend.Ping"}\0', "not a JSON object"),
    "duplicate parameter": (b'{"method":"io.codegend.GetTask","parameters":{"id":"a","id":"b"}}\0',
                            "not a JSON object"),
    "invalid UTF-8": (b'{"method":"io.codegend.GetTask","parameters":{"id":"\xff\xfe"}}\0', "not a JSON object"),
    "surrogate": (b'{"method":"io.codegend.GetTask","parameters":{"id":"\\ud800"}}\0', "not a JSON object"),
    "escaped NUL": (b'{"method":"io.codegend.GetTask","parameters":{"id":"a\\u0000b"}}\0', "not a JSON object"),
    "raw NUL": (b'{"method":"io.codegend.GetTask","parameters":{"id":"a\0b"}}\0', "not a JSON object"),
    "100,000 brackets": (NESTED, "nested too deep"),
    "brackets without an end": (b'{"x":' + b"[" * 100_000 + b"\0", "nested too deep"),
    "10 MiB without a NUL": (b'{"x":"' + b"a" * (10 * 1024 * 1024), "too long"),
    "a message over the limit": (b'{"x":"' + b"a" * FRAME_MAX + b'"}\0', "too long"),
    "unknown top-level key": (b'{"method":"io.codegend.Ping","extra":1}\0', "no Varlink call"),
    "continues in a call": (b'{"method":"io.codegend.Ping","continues":true}\0', "no Varlink call"),
    "a reply": (b'{"parameters":{},"error":"x"}\0', "no Varlink call"),
    "oneway and more": (b'{"method":"io.codegend.Ping","oneway":true,"more":true}\0', "no Varlink call"),
    "an empty message": (b"\0", "does not speak Varlink"),
    "a list": (b"[1]\0", "does not speak Varlink"),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_bad_message_ends_the_connection(guarded, name):
    data, reason = BAD_MESSAGES[name]
    bystander = guarded.connect()
    hostile = guarded.connect()
    push(hostile, data)
    rest = end_of(hostile)
    assert rest == b"" or rest.startswith(b"codegend speaks Varlink")
    logged(guarded, reason)
    assert f"connection of uid {os.getuid()} on control.sock closed" in guarded.log()
    assert "version" in bystander.call("Ping")["parameters"]
    bystander.close()
    hostile.close()


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"help\n", b"\x16\x03\x01\x02"])
def test_other_protocols_get_one_line_of_help(guarded, request_line):
    stranger = guarded.connect()
    push(stranger, request_line)
    answer = end_of(stranger)
    assert answer.startswith(b"codegend speaks Varlink: ") and answer.count(b"\n") == 1
    logged(guarded, "does not speak Varlink")
    stranger.close()


# Messages that get a typed error, and the connection goes on

TYPED_ERRORS = {
    "no method": ({}, "org.varlink.service.InvalidParameter", {"parameter": "method"}),
    "method of a wrong type": ({"method": 7}, "org.varlink.service.InvalidParameter", {"parameter": "method"}),
    "method without a dot": ({"method": "Ping"}, "org.varlink.service.InvalidParameter", {"parameter": "method"}),
    "method starts with a dot": ({"method": ".Ping"}, "org.varlink.service.InvalidParameter", {"parameter": "method"}),
    "parameters of a wrong type": ({"method": "io.codegend.Ping", "parameters": [1]},
                                   "org.varlink.service.InvalidParameter", {"parameter": "parameters"}),
    "oneway of a wrong type": ({"method": "io.codegend.Ping", "oneway": "yes"},
                               "org.varlink.service.InvalidParameter", {"parameter": "oneway"}),
    "more of a wrong type": ({"method": "io.codegend.Ping", "more": 1},
                             "org.varlink.service.InvalidParameter", {"parameter": "more"}),
    "an upgrade": ({"method": "io.codegend.Ping", "upgrade": True},
                   "org.varlink.service.InvalidParameter", {"parameter": "upgrade"}),
    "unknown method": ({"method": "io.codegend.Nope"}, "org.varlink.service.MethodNotFound", {"method": "Nope"}),
    "unknown interface": ({"method": "org.nope.Ping"},
                          "org.varlink.service.InterfaceNotFound", {"interface": "org.nope"}),
    "unknown description": ({"method": "org.varlink.service.GetInterfaceDescription", "parameters":
                             {"interface": "org.nope"}},
                            "org.varlink.service.InterfaceNotFound", {"interface": "org.nope"}),
    "missing parameter": ({"method": "io.codegend.GetTask"},
                          "org.varlink.service.InvalidParameter", {"parameter": "id"}),
    "parameter of a wrong type": ({"method": "io.codegend.GetTask", "parameters": {"id": 5}},
                                  "org.varlink.service.InvalidParameter", {"parameter": "id"}),
    "a number too large": ({"method": "io.codegend.ListTasks", "parameters": {"limit": 1.5}},
                           "org.varlink.service.InvalidParameter", {"parameter": "limit"}),
    "a stream without more": ({"method": "io.codegend.Watch"}, "org.varlink.service.ExpectedMore", {}),
}


@pytest.mark.parametrize("name", TYPED_ERRORS)
def test_bad_call_gets_a_typed_error(guarded, name):
    message, error, parameters = TYPED_ERRORS[name]
    peer = guarded.connect()
    peer.send_raw(json.dumps(message).encode() + b"\0")
    assert peer.receive() == {"error": error, "parameters": parameters}
    assert "version" in peer.call("Ping")["parameters"]
    peer.close()


REFUSED = {
    "errorType": {"errorType": "flu"},
    "project": {"project": "bad\nname"},
    "branch": {"branch": "b" * 300},
    "key": {"key": ""},
    "errorDetails": {"errorDetails": "x" * (64 * 1024 + 1)},
    "command": {"command": "x" * (16 * 1024 + 1)},
    "ancestors": {"ancestors": ["not a commit"]},
    "exitCode": {"exitCode": -5},
    "pullRequest": {"pullRequest": -1},
    "tests": {"tests": {"x": "y" * (64 * 1024)}},
}


@pytest.mark.parametrize("parameter", REFUSED)
def test_refused_submission_says_which_parameter_and_why(guarded, parameter):
    peer = Varlink(guarded.submit_socket)
    answer = peer.call("Submit", **{"key": "k", "project": "acme/web", "branch": "fix", **REFUSED[parameter]})
    assert answer["error"] == "io.codegend.InvalidArgument"
    assert answer["parameters"]["parameter"] == parameter
    assert len(answer["parameters"]["message"]) > 10
    if parameter == "errorType":
        assert "test_failure" in answer["parameters"]["message"]
    peer.close()
    assert guarded.ctl("reports")["reports"] == []


def test_unknown_parameters_are_ignored(guarded):
    peer = guarded.connect()
    assert "version" in peer.call("Ping", future=[1, {"a": None}])["parameters"]
    answer = peer.call("ListTasks", status=None, colour="red")
    assert answer["parameters"] == {"tasks": [], "total": 0}
    peer.close()


def test_names_of_values_are_told(guarded):
    peer = guarded.connect()
    answer = peer.call("ListTasks", status="sleeping")
    assert answer["error"] == "io.codegend.InvalidArgument"
    assert "executing" in answer["parameters"]["message"]
    peer.close()


# The rules of the protocol

def test_introspection(guarded):
    contract = (pathlib.Path(__file__).resolve().parents[2] / "common" / "io.codegend.varlink").read_text()
    for path in (guarded.control, guarded.submit_socket):
        peer = Varlink(path)
        peer.send("org.varlink.service.GetInfo")
        info = peer.receive()["parameters"]
        assert info["vendor"] == info["product"] == "codegend"
        assert info["interfaces"] == ["org.varlink.service", "io.codegend"]
        peer.send("org.varlink.service.GetInterfaceDescription", {"interface": "io.codegend"})
        assert peer.receive()["parameters"]["description"] == contract
        peer.close()


def test_submit_socket_has_no_control_methods(guarded):
    contract = (pathlib.Path(__file__).resolve().parents[2] / "common" / "io.codegend.varlink").read_text()
    methods = [line.split("(")[0].split()[1] for line in contract.splitlines() if line.startswith("method ")]
    peer = Varlink(guarded.submit_socket)
    for method in methods:
        peer.send(f"io.codegend.{method}", more=method == "Watch")
        error = peer.receive().get("error")
        allowed = method in ("Submit", "GetTicket", "Ping")
        assert (error != "org.varlink.service.PermissionDenied") == allowed, method
    peer.close()


def test_answers_come_in_the_order_of_calls(guarded):
    peer = guarded.connect()
    n = 5 * CALLS_IN_FLIGHT
    for i in range(n):
        if i % 3 == 0:
            peer.send("io.codegend.GetStatus")
        elif i % 3 == 1:
            peer.send("io.codegend.GetTask", {"id": f"delayed-{i + 1}"})
        else:
            peer.send("io.codegend.Ping")
    for i in range(n):
        answer = peer.receive()
        if i % 3 == 0:
            assert "status" in answer["parameters"]
        elif i % 3 == 1:
            assert answer["error"] == "io.codegend.NotFound" and f'"delayed-{i + 1}"' in answer["parameters"]["message"]
        else:
            assert list(answer["parameters"]) == ["version"]
    peer.close()


def test_oneway_gets_no_answer_and_is_carried_out(guarded):
    peer = guarded.connect()
    peer.send("io.codegend.Pause", {"project": "acme/web"}, oneway=True)
    peer.send("io.codegend.Nope", oneway=True)
    peer.send("io.codegend.GetTask", {"id": 5}, oneway=True)
    peer.send("io.codegend.GetStatus")
    assert peer.receive()["parameters"]["status"]["paused"] == ["acme/web"]
    peer.close()


def test_more_of_a_single_answer_is_answered_once(guarded):
    peer = guarded.connect()
    peer.send("io.codegend.Ping", more=True)
    peer.send("io.codegend.Ping")
    for _ in range(2):
        assert set(peer.receive()) == {"parameters"}
    peer.close()


def test_answers_are_flushed_after_half_close(guarded):
    peer = guarded.connect()
    for _ in range(100):
        peer.send("io.codegend.GetStatus")
    peer.socket.shutdown(socket.SHUT_WR)
    answers = end_of(peer).split(b"\0")
    assert len(answers) == 101 and answers[-1] == b""
    assert all("status" in json.loads(answer)["parameters"] for answer in answers[:-1])
    peer.close()


def test_bytes_may_come_one_by_one(guarded):
    peer = guarded.connect()
    for i in range(len(PING)):
        peer.send_raw(PING[i:i + 1])
    assert "version" in peer.receive()["parameters"]
    peer.send_raw(PING[:-1])
    assert not select.select([peer.socket], [], [], 0.2)[0]
    peer.send_raw(PING[-1:] + PING)
    assert "version" in peer.receive()["parameters"]
    assert "version" in peer.receive()["parameters"]
    peer.close()


def test_watch_streams_and_replays(guarded):
    peer = guarded.connect()
    peer.send("io.codegend.Watch", {"since": 0}, more=True)
    guarded.submit()
    first = peer.receive()
    assert first["continues"] is True and first["parameters"]["event"]["seq"] == 1
    guarded.submit_passed()
    seen = [first["parameters"]["event"]["seq"]]
    total = len(guarded.connect().call("ListEvents")["parameters"]["events"])
    while seen[-1] < total:
        seen.append(peer.receive()["parameters"]["event"]["seq"])
    assert seen == list(range(1, seen[-1] + 1))
    late = guarded.connect()
    late.send("io.codegend.Watch", {"since": 1}, more=True)
    assert late.receive()["parameters"]["event"]["seq"] == 2
    late.close()
    peer.close()


# Peers that do not play by the rules of time and space

def test_disconnect_while_an_answer_is_due(guarded):
    for _ in range(50):
        peer = guarded.connect()
        for _ in range(CALLS_IN_FLIGHT):
            peer.send("io.codegend.GetStatus")
        peer.close()
    watcher = guarded.connect()
    watcher.send("io.codegend.Watch", more=True)
    watcher.close()
    checker = guarded.connect()
    checker.send("io.codegend.Check", {"all": True})
    checker.close()


def test_half_message_then_hang_up(guarded):
    peer = guarded.connect()
    peer.send_raw(PING + PING[:10])
    assert "version" in peer.receive()["parameters"]
    peer.close()
    logged(guarded, "hung up in the middle of a message")


def test_more_connections_than_allowed(guarded):
    held = []
    refused = 0
    for _ in range(CONNECTIONS_PER_UID + 20):
        peer = guarded.connect()
        held.append(peer)
    for peer in held:
        push(peer, PING)
        try:
            refused += peer.receive() is None
        except ConnectionResetError:
            refused += 1
    assert refused == 20
    logged(guarded, "that user has too many connections")
    for peer in held:
        peer.close()
    wait_for(lambda: guarded.answers(), "a new connection")


def test_half_messages_together_are_bounded(guarded):
    held = [guarded.connect() for _ in range(20)]
    for peer in held:
        push(peer, b'{"x":"' + b"a" * (3 * 1024 * 1024))
    logged(guarded, "too many half messages")
    assert rss(guarded) < rss_bound(guarded)
    assert_served(guarded)
    for peer in held:
        peer.close()


def test_unread_answers_are_bounded(guarded):
    for i in range(10):
        ci = Varlink(guarded.submit_socket)
        assert "parameters" in ci.call("Submit", key=f"k{i}", project="acme/web", branch="fix", log="line\n" * 50_000)
        ci.close()
    greedy = [guarded.connect() for _ in range(8)]
    for peer in greedy:
        for _ in range(CALLS_IN_FLIGHT):
            push(peer, json.dumps({"method": "io.codegend.ListReports"}).encode() + b"\0")
    logged(guarded, "too many of its answers are unread")
    assert rss(guarded) < rss_bound(guarded)
    assert_served(guarded)
    for peer in greedy:
        peer.close()


def test_long_answer_reaches_a_slow_reader(guarded):
    ci = Varlink(guarded.submit_socket)
    log = "".join(f"line {i}\n" for i in range(20_000))
    report = ci.call("Submit", key="k", project="acme/web", branch="fix", log=log)["parameters"]["ticket"]["reportId"]
    ci.close()
    peer = guarded.connect()
    for _ in range(10):
        peer.send("io.codegend.GetReport", {"id": report})
    for _ in range(10):
        time.sleep(0.05)  # the peer's slowness is what this is about
        assert peer.receive()["parameters"]["report"]["log"] == log
    peer.close()


def test_the_slow_are_closed(guarded):
    """One wait for all kinds of slowness: 10 s to the first message, 30 s to the end of a later one and for output."""
    silent, half, trickling = (guarded.connect() for _ in range(3))
    later, deaf, patient = (guarded.connect() for _ in range(3))
    half.send_raw(PING[:-1])
    for peer in (later, deaf, patient):
        assert "version" in peer.call("Ping")["parameters"]
    later.send_raw(PING[:-1])
    deaf.socket.setblocking(False)
    try:
        while True:
            deaf.socket.send(json.dumps({"method": "io.codegend.GetConfig"}).encode() + b"\0")
    except BlockingIOError:
        pass  # it is no longer read from
    for i in range(200):
        try:
            trickling.send_raw(b'{"x":' + b" " * 5 if i == 0 else b" ")
        except (BrokenPipeError, ConnectionResetError):
            break
        time.sleep(0.1)  # a peer that always sends a little
    else:
        pytest.fail("a peer that never ends its first message was not closed")
    assert end_of(silent) == b"" and end_of(half) == b""
    logged(guarded, "did not finish its first message in time")
    assert_served(guarded)
    later.socket.settimeout(PATIENCE_S)
    assert end_of(later) == b""
    logged(guarded, "did not finish a message in time")
    logged(guarded, "did not read its answers in time")
    assert "version" in patient.call("Ping")["parameters"]  # an idle connection may stay
    for peer in (silent, half, trickling, later, deaf, patient):
        peer.close()


def test_ci_cannot_lock_operators_out(daemon):
    """As many users as fill submit.sock: control.sock still answers."""
    users = [65001, 65002] if os.geteuid() == 0 else [os.getuid()]
    daemon.directory.chmod(0o755)
    daemon.submit_socket.chmod(0o666)
    held = []
    for user in users:
        if os.geteuid() == 0:
            os.seteuid(user)
        try:
            for _ in range(CONNECTIONS_PER_UID):
                held.append(Varlink(daemon.submit_socket))
                assert "version" in held[-1].call("Ping")["parameters"]
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
    peer = daemon.connect()
    assert "version" in peer.call("Ping")["parameters"]
    for one in [peer, *held]:
        one.close()


def test_stop_with_pipelined_calls_behind_a_watch(daemon):
    peer = daemon.connect()
    watch = json.dumps({"method": "io.codegend.Watch", "more": True}).encode() + b"\0"
    peer.send_raw(watch + PING + watch + PING + PING)
    daemon.submit()
    assert peer.receive()["continues"] is True  # so the calls behind it are at work too
    daemon.stop()
    answers = [json.loads(answer) for answer in end_of(peer).split(b"\0")[:-1]]
    assert ["error" in answer for answer in answers if "continues" not in answer] == [True, False, True, False, False]
    peer.close()


def test_sockets_have_their_modes_and_go_away(idle):
    os.umask(0o077)
    try:
        idle.start()
    finally:
        os.umask(0o022)
    assert idle.control.stat().st_mode & 0o777 == 0o660
    assert idle.submit_socket.stat().st_mode & 0o777 == 0o660
    idle.kill()
    assert idle.control.exists()
    idle.start()  # what the killed one left is removed
    idle.stop()
    assert not idle.control.exists() and not idle.submit_socket.exists()


def test_socket_of_a_living_server_is_left_alone(idle):
    idle.runtime.mkdir()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(idle.control))
        other.listen()
        code, said = idle.run_to_end()
        assert code == 1 and "another daemon answers there" in said
        assert idle.control.exists()


def test_name_of_a_socket_may_be_too_long(idle):
    idle.runtime = idle.directory / ("r" * 100)
    code, said = idle.run_to_end()
    assert code == 1 and "too long" in said


@pytest.mark.parametrize("member, value", [
    ("project", "https://user:s3cr3t@forge.example/acme/web"), ("project", "user:s3cr3t@forge"),
    ("project", "../../etc"),
    ("project", "/acme"), ("headRepository", "git@forge.example:acme/web"), ("commit", "zz; rm -rf /"),
    ("buildUrl", "javascript:alert(1)"), ("buildUrl", "https://user:s3cr3t@ci.example/1"), ("exitCode", 99999999999),
])
def test_what_no_name_is_refused(guarded, member, value):
    answer = guarded.connect().call("Submit", **{"key": "k", "project": "acme/web", "branch": "fix", member: value})
    assert answer["error"] == "io.codegend.InvalidArgument" and answer["parameters"]["parameter"] == member
    assert "s3cr3t" not in json.dumps(answer) and "s3cr3t" not in guarded.log()
