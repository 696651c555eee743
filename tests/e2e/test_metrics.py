"""What the daemon counts of itself: each figure moves when its cause happens, and a real Prometheus reads it."""
import contextlib
import json
import re
import subprocess
import time

import prometheus
import pytest
from fault import Fault
from hub_place import BOT, make_place  # noqa: F401
from prometheus import Figures, promtool
from spool_place import document, place, start, wait_empty  # noqa: F401

from conftest import CODEGENCTL, PATIENCE_S, ROOT, Varlink, wait_for

EXAMPLES = ROOT / "examples" / "prometheus"
PAGE = ROOT / "man" / "codegend-metrics.7.scd"
DEFINITION = re.compile(r"^\*(codegend_\w+)\* \((\w+)\)\n((?:\t.*\n)+)", re.MULTILINE)
LABELS_MAX = 16  # LIMIT_METRIC_SERIES
needs_prometheus = pytest.mark.skipif(bool(prometheus.MISSING), reason=f"needs {', '.join(prometheus.MISSING)}")
USER_MAX = 256  # LIMIT_CONNECTIONS_PER_UID_MAX


def figures(daemon):
    ended = daemon.run_ctl("metrics")
    assert ended.returncode == 0, ended.stderr
    return Figures(ended.stdout)


def wait_figure(daemon, key, value):
    wait_for(lambda: figures(daemon)[key] == value, f"{key} becoming {value}")


@contextlib.contextmanager
def moves(daemon, *key, by=1):
    """The figure has grown by so much at the end of the block, or soon after."""
    before = figures(daemon)[key]
    yield
    wait_figure(daemon, key, before + by)


def count(daemon, name):
    return figures(daemon)[(f"{name}_count",)]


# The format


@needs_prometheus
def test_the_text_is_sound_to_promtool(make_place):
    place = make_place()
    number = place.pull("fix")
    place.report("fix")
    wait_for(lambda: place.posts(number, "status"), "the status comment")
    code, said = promtool("check", "metrics", text=figures(place.daemon).text)
    assert (code, said) == (0, "")


def test_names_types_and_labels_are_those_of_the_page(make_place):
    place = make_place()
    place.pull("fix")
    place.report("fix")
    wait_for(lambda: ("codegend_forge_budget_limit", "github", "core") in figures(place.daemon), "a budget")
    told = figures(place.daemon)
    page = {name: (kind, " ".join(text.split())) for name, kind, text
            in DEFINITION.findall(PAGE.read_text().replace("\\", "")) if not name.startswith("codegend_stats_")}
    assert {name: kind for name, (kind, _) in page.items()} == told.types
    for name, (kind, text) in page.items():
        assert text.startswith(told.helps[name])
        series = f"{name}_bucket" if kind == "histogram" else name
        assert told.labels[series] - {"le"} == set(re.findall(r"_(\w+)_", text)), name


def test_values_of_labels_are_bounded(daemon):
    """Whatever projects, branches and jobs are called: the number of series stays."""
    n = len(figures(daemon))
    for number in range(3):
        daemon.submit(project=f"acme/p{number}", branch=f"b{number}", job=f"j{number}")
        daemon.run_ctl("task", "show", f"x{number}")
    told = figures(daemon)
    assert len(told) == n
    for name in told.types:
        assert len([key for key in told if key[0] in (name, f"{name}_bucket")]) <= LABELS_MAX, name


def test_json_holds_the_same(daemon):
    daemon.submit()
    families = daemon.ctl("metrics")["families"]
    told = figures(daemon)
    assert {family["name"]: family["type"] for family in families} == told.types
    [taken] = [family for family in families if family["name"] == "codegend_submissions_total"]
    assert {sample["labels"]["source"]: sample["value"] for sample in taken["samples"]} == {"socket": 1, "spool": 0}
    [batches] = [family for family in families if family["name"] == "codegend_store_batch_requests"]
    [sample] = batches["samples"]
    assert sample["buckets"][-1]["upTo"] is None
    assert 0 < sum(bucket["count"] for bucket in sample["buckets"]) <= sample["sum"]


def test_counters_begin_anew_with_the_daemon(daemon):
    daemon.submit()
    began = figures(daemon)[("codegend_start_time_seconds",)]
    daemon.restart()
    told = figures(daemon)
    assert told[("codegend_submissions_total", "socket")] == 0
    assert told[("codegend_start_time_seconds",)] >= began
    assert told[("codegend_incidents", "waiting")] + told[("codegend_incidents", "open")] == 1


# Each figure moves


def test_a_submission_is_counted_wherever_it_passes(daemon):
    names = ("codegend_submit_seconds", "codegend_store_commit_seconds", "codegend_store_batch_requests",
             "codegend_store_queue_requests", "codegend_loop_lag_seconds", "codegend_task_lateness_seconds")
    before = figures(daemon)
    with moves(daemon, "codegend_submissions_total", "socket"), moves(daemon, "codegend_submit_seconds_count"):
        daemon.submit()
    wait_for(lambda: daemon.agent.ends() == 1, "the agent's run")
    for name in names:
        wait_for(lambda: count(daemon, name) > before[(f"{name}_count",)], f"{name} moving")
    after = figures(daemon)
    for name in names[:4]:
        assert after[(f"{name}_sum",)] >= before[(f"{name}_sum",)]
    assert after[("codegend_cpu_seconds_total",)] >= before[("codegend_cpu_seconds_total",)]
    assert after[("codegend_resident_memory_bytes",)] > 1024 * 1024
    assert after[("codegend_store_bytes",)] > 4096
    assert after[("codegend_build_info", daemon.ctl("version")["client"])] == 1


def test_tasks_and_incidents_by_state(daemon):
    daemon.ctl("pause")
    daemon.submit()
    told = figures(daemon)
    assert told[("codegend_pauses",)] == 1
    assert told[("codegend_incidents", "open")] == 1
    assert told[("codegend_tasks", "scheduled")] == len(daemon.tasks(status="scheduled")) > 0
    wait_figure(daemon, ("codegend_tasks_overdue",), 1)
    assert figures(daemon)[("codegend_tasks_overdue_paused",)] == 1
    daemon.ctl("resume")
    wait_for(lambda: daemon.agent.ends() == 1, "the agent's run")
    wait_figure(daemon, ("codegend_tasks_overdue",), 0)
    assert figures(daemon)[("codegend_pauses",)] == 0
    assert figures(daemon)[("codegend_tasks", "completed")] > 0


def test_requests_share_a_batch(daemon):
    """Many at once: some wait in the queue, and are carried out together."""
    connections = [Varlink(daemon.submit_socket) for _ in range(16)]
    for number, connection in enumerate(connections):
        for part in range(8):
            connection.send("io.codegend.Submit", {"key": f"{number}-{part}", "project": "acme/web", "branch": "fix",
                                                   "errorType": "test_failure", "job": f"j{number}"})
    for connection in connections:
        assert all("ticket" in connection.receive()["parameters"] for _ in range(8))
        connection.close()
    told = figures(daemon)
    assert told[("codegend_store_queue_requests_bucket", "0")] < told[("codegend_store_queue_requests_count",)]
    assert told[("codegend_store_batch_requests_bucket", "1")] < told[("codegend_store_batch_requests_count",)]
    assert told[("codegend_submissions_total", "socket")] == 128


def test_the_timer_tells_how_late_it_is(daemon):
    with moves(daemon, "codegend_timer_lateness_seconds_count"):
        daemon.ctl("schedule", "--project", "acme/web", "--branch", "fix", "--delay", "100ms")
    told = figures(daemon)
    assert 0 <= told[("codegend_timer_lateness_seconds_sum",)] < PATIENCE_S


def test_a_late_task_is_told_by_how_much(idle):
    """Due in a minute, begun an hour after that, because everything was paused."""
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    fault = Fault(idle.directory)
    idle.start(environment=fault.environment)
    idle.ctl("pause")
    task = idle.ctl("schedule", "--project", "acme/web", "--branch", "fix", "--delay", "1m")["id"]
    fault.sleep(3660)
    before = figures(idle)
    idle.ctl("resume")
    wait_for(lambda: idle.ctl("task", "show", task).get("result"), "the task's check")
    told = figures(idle)
    late = told[("codegend_task_lateness_seconds_sum",)] - before[("codegend_task_lateness_seconds_sum",)]
    assert 3600 <= late < 3600 + PATIENCE_S
    assert told[("codegend_task_lateness_seconds_bucket", "1800")] == before[
        ("codegend_task_lateness_seconds_bucket", "1800")]


RULES = """unknown-projects = deny
max-pending-per-user = 1
follow-up-delay = 1h
project "acme/*" { mode = observe }
project "team/*" { submitters = 61009 }
"""
SUBMIT = {"project": "acme/web", "branch": "fix", "errorType": "test_failure"}


def submission(daemon, **more):
    connection = Varlink(daemon.submit_socket)
    try:
        return connection.call("Submit", **{**SUBMIT, "key": str(time.monotonic_ns()), **more})
    finally:
        connection.close()


def call(daemon, method, **parameters):
    connection = daemon.connect()
    try:
        return connection.call(method, **parameters)
    finally:
        connection.close()


def reload_nonsense(daemon):
    daemon.config.write_text("no such thing\n")
    return call(daemon, "Reload")


def more_than_a_share(daemon):
    assert "error" not in submission(daemon, branch="one")
    return submission(daemon, branch="two")


def cancel_twice(daemon):
    task = daemon.ctl("schedule", "--project", "acme/web", "--branch", "fix")["id"]
    assert "error" not in call(daemon, "CancelTask", id=task)
    return call(daemon, "CancelTask", id=task)


# reason: what is refused for it. What needs a broken disk is the business of test_store.py.
REFUSALS = {
    "argument": lambda daemon: call(daemon, "ListTasks", limit="many"),
    "configuration": reload_nonsense,
    "method": lambda daemon: call(daemon, "Bake"),
    "not_found": lambda daemon: call(daemon, "GetTask", id="delayed-1"),
    "project": lambda daemon: submission(daemon, project="stranger/web"),
    "socket": lambda daemon: Varlink(daemon.submit_socket).call("Metrics"),
    "state": cancel_twice,
    "submitter": lambda daemon: submission(daemon, project="team/web"),
    "user_full": more_than_a_share,
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refusal_is_counted_by_its_reason(idle, reason):
    idle.configure(RULES)
    idle.start()
    before = figures(idle)
    assert "error" in REFUSALS[reason](idle)
    after = figures(idle)
    moved = {key[1] for key in after if key[0] == "codegend_refusals_total" and after[key] != before[key]}
    assert moved == {reason}
    assert after[("codegend_refusals_total", reason)] == before[("codegend_refusals_total", reason)] + 1


def test_connections_are_counted(daemon):
    peers = [Varlink(daemon.submit_socket) for _ in range(3)]
    wait_figure(daemon, ("codegend_connections", "submit"), 3)
    assert figures(daemon)[("codegend_connections", "control")] == 1
    with moves(daemon, "codegend_connections_closed_total", "protocol"):
        peers[0].send_raw(b'{"method": }\0')
        assert peers[0].receive() is None
    wait_figure(daemon, ("codegend_connections", "submit"), 2)
    before = figures(daemon)[("codegend_connections_closed_total", "done")]
    for peer in peers[1:]:
        peer.close()
    wait_for(lambda: figures(daemon)[("codegend_connections_closed_total", "done")] >= before + 2, "their ends")


def test_one_user_with_too_many_connections(daemon):
    peers = [Varlink(daemon.submit_socket) for _ in range(USER_MAX)]
    wait_figure(daemon, ("codegend_connections", "submit"), USER_MAX)
    with moves(daemon, "codegend_connections_closed_total", "user_full"):
        assert Varlink(daemon.submit_socket).receive() is None
    for peer in peers:
        peer.close()


def test_the_spool_is_counted(place):  # noqa: F811
    (place.spool / "good.json").write_text(json.dumps(document()))
    (place.spool / "bad.json").write_text("nonsense")
    start(place)
    wait_empty(place)
    wait_figure(place, ("codegend_submissions_total", "spool"), 1)
    wait_figure(place, ("codegend_spool_rejected_total",), 1)
    assert figures(place)[("codegend_spool_files",)] == 0


OUTCOMES = {"server_error": "500", "client_error": "invalid", "reset": "reset", "too_large": "huge",
            "protocol": "garbage"}


def test_http_by_outcome_and_the_budget(make_place):
    place = make_place()
    number = place.pull("fix")
    place.report("fix")
    wait_for(lambda: place.posts(number, "status"), "the status comment")
    told = figures(place.daemon)
    assert told[("codegend_http_requests_total", "success")] > 0
    assert told[("codegend_http_request_seconds_count",)] > 0
    assert told[("codegend_forge_up", "github")] == 1 and told[("codegend_forge_open", "github")] == 1
    limits = {resource: told[("codegend_forge_budget_limit", "github", resource)] for resource in ("core", "graphql")
              if ("codegend_forge_budget_limit", "github", resource) in told}
    assert limits
    for resource, limit in limits.items():
        assert 0 < told[("codegend_forge_budget_remaining", "github", resource)] <= limit
        assert told[("codegend_forge_budget_reset_timestamp_seconds", "github", resource)] > time.time()
    wait_for(lambda: figures(place.daemon)[("codegend_http_pending_requests", "active")] == 0, "the last answer")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_request_that_fails_is_counted_by_its_outcome(make_place, outcome):
    place = make_place()
    place.pull("fix")
    fault = place.hub.fail("*", OUTCOMES[outcome], optional=True)
    with moves(place.daemon, "codegend_http_requests_total", outcome):
        place.report("fix")
        wait_for(lambda: fault.hits, "the fault")


def test_a_forge_that_nobody_answers_for(make_place):
    place = make_place()
    place.pull("fix")
    place.configure(forge={"api_url": "http://127.0.0.1:1", "graphql_url": "http://127.0.0.1:1/graphql"})
    place.restart()
    place.report("fix")
    wait_for(lambda: figures(place.daemon)[("codegend_http_requests_total", "refused")] > 0, "a refused connection")
    wait_figure(place.daemon, ("codegend_forge_up", "github"), 0)
    wait_figure(place.daemon, ("codegend_forge_open", "github"), 0)


def test_a_forge_that_answers_and_is_closed(make_place):
    """With a credential that is refused it is up all the same; what is closed is another figure."""
    place = make_place()
    place.pull("fix")
    place.hub.revoke(place.token)
    place.report("fix")
    wait_figure(place.daemon, ("codegend_forge_open", "github"), 0)
    assert figures(place.daemon)[("codegend_forge_up", "github")] == 1
    place.write_secret(place.token_file, place.hub.token(BOT, value="ghp_" + "n" * 36))
    place.daemon.ctl("reload")
    wait_figure(place.daemon, ("codegend_forge_open", "github"), 1)


# With Prometheus


def write_file(daemon, directory):
    """What the timer's service runs, without systemd."""
    unit = (ROOT / "systemd" / "codegend-metrics.service.in").read_text()
    commands = re.findall(r'^ExecStart=/bin/sh -c "(.*)"$', unit, re.MULTILINE)
    assert len(commands) == 2
    command = " && ".join(commands)
    return subprocess.run(["/bin/sh", "-c", command.replace("@bindir@/codegenctl", str(CODEGENCTL))], cwd=directory,
                          env={**daemon.environment, "CODEGEN_SOCKET": str(daemon.control)}, capture_output=True,
                          text=True, timeout=PATIENCE_S)


def expressions():
    """Those of the dashboard, as Grafana would ask them."""
    text = (EXAMPLES / "dashboard.json").read_text()
    panels = json.loads(text)["panels"]
    found = [(panel, target["expr"]) for panel in panels for target in panel.get("targets", [])]
    return [(panel, expr.replace("$__rate_interval", "5m").replace("$instance", ".*")) for panel, expr in found]


def test_a_file_is_whole_or_the_last_one(daemon, tmp_path):
    assert write_file(daemon, tmp_path).returncode == 0
    whole = (tmp_path / "codegend.prom").read_text()
    assert Figures(whole).types == figures(daemon).types
    daemon.stop()
    failed = write_file(daemon, tmp_path)
    assert failed.returncode != 0 and "codegend" in failed.stderr
    assert (tmp_path / "codegend.prom").read_text() == whole


def asked_of():
    """Every expression of the dashboard and the alert rules."""
    rules = (EXAMPLES / "alerts.yml").read_text()
    blocks = re.findall(r"^ +expr: (?:>-\n((?: {10}.*\n)+)|(.*)\n)", rules, re.MULTILINE)
    return [" ".join("".join(block).split()) for block in blocks] + [expression for _, expression in expressions()]


def test_every_expression_names_a_series_that_is_told(make_place):
    daemon = make_place().daemon
    series = {"node_textfile_mtime_seconds", "node_textfile_scrape_error"}
    for words in (["metrics"], ["stats", "--prometheus"]):
        told = Figures(daemon.run_ctl(*words).stdout)
        for name, kind in told.types.items():
            series |= {name + end for end in (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))}
    names = {name for expression in asked_of() for name in re.findall(r"\b(?:codegend|node)_\w+", expression)}
    assert names <= series
    for figure in ("resolution_seconds", "first_check_ratio", "failure_ratio"):
        using = [expression for expression in asked_of() if f"codegend_stats_{figure}" in expression]
        assert len(using) > 1, f"the dashboard or no alert asks for {figure}"


def repaired(make_place):
    """A place with an incident that its agent repaired."""
    place = make_place(agents=["fixer"])
    place.pull("done")
    ticket = place.report("done")
    place.wait_state(ticket, "waiting")
    place.repair("done")
    place.look()
    place.wait_state(ticket, "resolved")
    return place


def test_statistics_are_those_of_the_page(make_place):
    told = Figures(repaired(make_place).daemon.run_ctl("stats", "--prometheus").stdout)
    page = {name: (kind, " ".join(text.split())) for name, kind, text
            in DEFINITION.findall(PAGE.read_text().replace("\\", "")) if name.startswith("codegend_stats_")}
    assert {name: kind for name, (kind, _) in page.items()} == told.types
    for name, (_, text) in page.items():
        assert text.startswith(told.helps[name])
        labels = re.findall(r"_(\w+)_", text)
        assert told.labels.get(name, set(labels)) == set(labels), name
        values = re.search(r" Label (?:_\w+_ and )?_\w+_: ((?:\w+, )*\w+)\.", text)
        known = values.group(1).split(", ") if values else []
        assert all(set(key) & set(known) for key in told if key[0] == name and known), name


@needs_prometheus
def test_prometheus_scrapes_the_node_exporter(make_place, tmp_path):
    place = repaired(make_place)
    number = place.pull("fix")
    place.report("fix")
    wait_for(lambda: place.posts(number, "status"), "the status comment")
    assert write_file(place.daemon, tmp_path).returncode == 0
    with prometheus.node_exporter(tmp_path) as exporter, \
            prometheus.server(tmp_path, exporter, EXAMPLES / "alerts.yml") as server:
        taken = wait_for(lambda: server.query('codegend_submissions_total{source="socket"}'), "the first scrape")
        assert [sample["value"][1] for sample in taken] == ["2"]
        assert taken[0]["metric"]["instance"] == exporter
        assert server.query("node_textfile_scrape_error")[0]["value"][1] == "0"
        known = {name for name in server.get("label/__name__/values") if name.startswith("codegend_")}
        told = figures(place.daemon)
        of_statistics = {name for name in known if name.startswith("codegend_stats_")}
        assert of_statistics and known - of_statistics == {key[0] for key in told}
        place.daemon.submit(branch="other")
        assert write_file(place.daemon, tmp_path).returncode == 0
        wait_for(lambda: server.query('codegend_submissions_total{source="socket"}')[0]["value"][1] == "3",
                 "the next scrape")
        for panel, expression in expressions():
            assert isinstance(server.query(expression), list), panel["title"]
            bare = re.sub(r"\brate\((.*?)\[5m\]\)", r"\1", expression).replace(" > 0", "")
            assert "increase" in bare or server.query(bare), f'{panel["title"]}: nothing answers {bare}'
        for selector in re.findall(r"codegend_stats_\w+(?:\{.*?\})?", " ".join(asked_of())):
            assert server.query(selector), f"nothing has the labels of {selector}"
        [group] = server.get("rules")["groups"]
        wait_for(lambda: all(rule["health"] == "ok" for rule in server.get("rules")["groups"][0]["rules"]),
                 "every rule being evaluated")
        assert [rule["name"] for rule in group["rules"] if rule["state"] == "firing"] == []


@needs_prometheus
def test_alerts_go_off_when_they_should():
    for arguments in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts-test.yml"]):
        code, said = promtool(*arguments, cwd=EXAMPLES)
        assert code == 0, said


def test_every_panel_says_what_it_shows():
    for panel, _ in expressions():
        assert panel["title"] and panel["description"] and panel["fieldConfig"]["defaults"]["unit"]
