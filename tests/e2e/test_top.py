"""`codegenctl top` in a real terminal, which is tmux: what is shown, and what keys do."""
import json
import os
import shutil
import signal
import subprocess
import unicodedata

import pytest

from conftest import CODEGENCTL, wait_for

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="tmux is not installed")
SIZES = [(80, 24), (132, 43)]


class Screen:
    """A terminal with a shell in it, from which top is started."""

    def __init__(self, daemon, columns=80, rows=24):
        self.name = daemon.directory / "tmux.sock"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-s", "s",
                  # curs_memleaks(3): ncurses keeps what it knows of the terminal.
                  "env", "PS1=prompt> ", "LC_ALL=C.UTF-8", "ASAN_OPTIONS=detect_leaks=0", "/bin/sh",
                  environment={**daemon.environment, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"})
        self.tmux("send-keys", "-t", "s", f"{CODEGENCTL} --socket {daemon.control} top", "Enter")

    def tmux(self, *words, environment=None):
        done = subprocess.run(["tmux", "-u", "-S", self.name, *words], capture_output=True, text=True, check=True,
                              env=environment)
        return done.stdout

    def keys(self, *keys):
        self.tmux("send-keys", "-t", "s", *keys)

    def text(self):
        return self.tmux("capture-pane", "-p", "-t", "s")

    def shows(self, *texts):
        wait_for(lambda: all(text in self.text() for text in texts), f"the screen showing {texts}")
        return self.text()

    def quit(self):
        """From wherever a test left it: q leaves what lies over the lists, and then top."""
        self.keys("q", "q", "q")
        wait_for(lambda: self.tmux("display-message", "-p", "-t", "s", "#{pane_current_command}").strip() == "sh",
                 "the end of top")

    def close(self):
        subprocess.run(["tmux", "-S", self.name, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def screen():
    screens = []

    def make(*arguments):
        screens.append(Screen(*arguments))
        return screens[-1]
    yield make
    try:
        for one in screens:
            one.quit()
    finally:
        for one in screens:
            one.close()


def schedule(daemon, branch, delay="2h"):
    return daemon.ctl("schedule", "--project", "acme/web", "--branch", branch, "--delay", delay)["id"]


@pytest.mark.parametrize("columns, rows", SIZES)
def test_it_shows_what_waits(daemon, screen, columns, rows):
    schedule(daemon, "later", "5h")
    schedule(daemon, "sooner", "1h")
    schedule(daemon, "größe-日本語")
    top = screen(daemon, columns, rows)
    text = top.shows("RUNS (0)", "WAITS (3)", "EVENTS", "3 scheduled", "q quit")
    assert text.index("sooner") < text.index("größe") < text.index("later")
    assert max(len(line) for line in text.splitlines()) <= columns
    schedule(daemon, "another")
    top.shows("WAITS (4)")  # by its event


def test_cancel_asks_and_acts_on_y_alone(daemon, screen):
    first, second = schedule(daemon, "one", "1h"), schedule(daemon, "two", "2h")
    top = screen(daemon)
    top.shows("WAITS (2)")
    top.keys("c")
    top.shows(f"Cancel task {first} of acme/web, branch one?", "y do it")
    top.keys("n")
    top.shows("Nothing was done.")
    assert daemon.ctl("task", "show", first)["status"] == "scheduled"
    top.keys("Down", "c")
    top.shows(f"Cancel task {second} of acme/web, branch two?", "y do it")
    top.keys("y")
    top.shows(f"Task {second} was cancelled.", "WAITS (1)")
    assert daemon.ctl("task", "show", second)["status"] == "cancelled"
    assert daemon.ctl("task", "show", first)["status"] == "scheduled"


def test_show_explain_run_pause_help(daemon, screen):
    task = schedule(daemon, "one")
    top = screen(daemon)
    top.shows("WAITS (1)")
    top.keys("Enter")
    top.shows("pr_readiness_check", "instructions", "q back")
    top.keys("q")
    top.keys("e")
    top.shows("q back", daemon.ctl("explain", task)["text"][:40])
    top.keys("q", "?")
    top.shows("cancel the task, or close the incident")
    top.keys("q", "p")
    top.shows("Pause everything", "y do it")
    top.keys("n")
    top.shows("Nothing was done.")
    assert not daemon.ctl("status")["paused"]
    top.keys("p")
    top.shows("Pause everything", "y do it")
    top.keys("y")
    top.shows("PAUSED", "Everything is paused.")
    top.keys("p")
    top.shows("Go on with everything?", "y do it")
    top.keys("y")
    top.shows("Everything goes on.")
    before = daemon.ctl("task", "show", task)["scheduledFor"]
    top.keys("r")
    top.shows(f"Run now task {task} of acme/web, branch one?", "y do it")
    assert daemon.ctl("task", "show", task)["scheduledFor"] == before
    top.keys("y")
    top.shows(f"Task {task} is due now.")
    assert daemon.ctl("task", "show", task)["scheduledFor"] != before


def selected(top):
    """The line that is shown in reverse."""
    shown = top.tmux("capture-pane", "-p", "-e", "-t", "s")
    return next((line for line in shown.splitlines() if "\x1b[7m" in line), "")


def test_pages_and_ends_of_lists_and_texts(daemon, screen):
    for i in range(30):
        schedule(daemon, f"b{i:02}", f"{i + 1}h")
    task = daemon.ctl("schedule", "--project", "acme/web", "--branch", "last", "--delay", "40h", "--instructions",
                      " ".join(f"line{i:02}" for i in range(300)))["id"]
    top = screen(daemon)
    lines = top.shows("WAITS (31)", "EVENTS (31)", "PgDn").splitlines()
    page = sum("pr_readiness_check" in line for line in lines)
    assert 1 < page < 30

    def selects(key, branch):
        top.keys(key)
        wait_for(lambda: branch in selected(top).split(), f"{branch} being selected by {key}")
    for key, branch in (("PgDn", f"b{page:02}"), ("PgDn", f"b{2 * page:02}"), ("PgUp", f"b{page:02}"),
                        ("PgUp", "b00"), ("PgUp", "b00"), ("End", "last"), ("PgDn", "last"), ("Home", "b00"),
                        ("G", "last"), ("g", "b00"), ("G", "last")):
        selects(key, branch)
    top.keys("Enter")
    top.shows(task, "PgDn")
    top.keys("PgDn")
    top.shows("line150")
    for back, on in (("Home", "End"), ("g", "G")):
        top.keys(on)
        last = top.shows("line299").splitlines()
        assert last[-3].strip(), "the last page is full"
        top.keys("PgDn", "j")
        top.keys(back)
        top.shows(task)
        assert "line299" not in top.text()
    top.keys("G")
    top.shows("line299")
    top.keys("PgUp")
    wait_for(lambda: "line299" not in top.text(), "the page above")
    top.keys("q")
    top.shows("WAITS (31)")


def test_what_happened_goes_away(daemon, screen):
    schedule(daemon, "one", "1h")
    top = screen(daemon)
    top.shows("WAITS (1)")
    top.keys("c")
    top.shows("y do it")
    top.keys("n")
    top.shows("Nothing was done.")
    top.keys("j")
    wait_for(lambda: "Nothing was done." not in top.text(), "a key taking the note away")
    top.keys("c")
    top.shows("y do it")
    top.keys("n")
    top.shows("Nothing was done.")
    wait_for(lambda: "Nothing was done." not in top.text(), "the note going by itself")


def test_a_refusal_is_a_sentence(daemon, screen):
    task = schedule(daemon, "one", "1h")
    top = screen(daemon)
    top.shows("WAITS (1)")
    top.keys("c")
    top.shows("y do it")
    daemon.ctl("task", "cancel", task)
    top.keys("y")
    text = top.shows("codegend refuses that: ")
    assert "CancelTask" not in text


def test_texts_of_every_script_fill_their_lines(daemon, screen):
    task = daemon.ctl("schedule", "--project", "acme/web", "--branch", "b", "--delay", "2h", "--instructions",
                      "проверка " * 20 + "検査" * 80)["id"]
    top = screen(daemon)
    top.shows("WAITS (1)")
    top.keys("Enter")
    lines = top.shows("q back").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("instructions"))
    last = next(i for i, line in enumerate(lines) if i > first and not line.startswith(" "))
    assert all(line.startswith(" " * 17) for line in lines[first + 1:last])  # below the value, not below the name
    assert all(60 < cells(line) <= 80 for line in lines[first:last - 1]), lines
    assert "проверка" * 20 + "検査" * 80 == "".join("".join(line[17:].split()) for line in lines[first:last])
    assert daemon.ctl("task", "show", task)["status"] == "scheduled"


def test_a_long_question_can_be_answered(daemon, screen):
    branch = "fix/" + "long-" * 30
    schedule(daemon, branch)
    top = screen(daemon)
    top.shows("WAITS (1)")
    top.keys("c")
    lines = top.shows("Cancel task", "y do it  n leave it").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("Cancel task"))
    assert "".join(lines[first:-1]).replace(" ", "").endswith(f"branch{branch}?"), lines
    top.keys("n")
    text = top.shows("Nothing was done.", "EVENTS")
    assert "Cancel task" not in text


def test_hostile_names_stay_text(daemon, screen):
    daemon.ctl("schedule", "--project", "acme/web", "--branch", "b", "--instructions", "a\x1b[2J\u202eb\x07c")
    top = screen(daemon)
    top.shows("WAITS", "acme/web")
    top.keys("Enter")
    text = top.shows("q back")
    assert not set(text) & set("\x1b\x07\u202e\x9b")
    assert "title" not in top.tmux("display-message", "-p", "-t", "s", "#{pane_title}")


HOSTILE = ["日本語" * 20, "e\u0301" * 60, "שלום-עולם", "x" * 200, "a'\"$(id)`", "%s%n{}"]


def cells(text):
    """How many columns a terminal uses for it."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


@pytest.mark.parametrize("columns, rows", [(40, 10), *SIZES])
def test_names_of_every_script_keep_to_their_columns(daemon, screen, columns, rows):
    for branch in HOSTILE:
        schedule(daemon, branch)
    top = screen(daemon, columns, rows)
    lines = top.shows(f"WAITS ({len(HOSTILE)})", "EVENTS", "codegend").splitlines()
    assert "? help  q quit" in lines[rows - 1]
    waiting = [line for line in lines if "acme/web" in line]
    assert waiting and all(cells(line) <= columns for line in lines)
    if columns > 100:
        branches = [cells(line) - (2 + 12 + 20 + 18) for line in waiting]  # behind the columns in front
        assert max(branches) == 29 and min(branches) > 0
    daemon.ctl("pause")
    top.shows("PAUSED")  # it goes on drawing


@pytest.mark.parametrize("columns, rows", [(40, 15), *SIZES])
def test_project_and_branch_are_seen_on_every_screen(idle, screen, columns, rows):
    idle.configure(max_cycles=1)
    idle.start()
    idle.wait_state(idle.submit(branch="lost-one")["incidentId"], "escalated")
    schedule(idle, "one")
    top = screen(idle, columns, rows)
    shown = " ".join(top.shows("WAITS (1)", "NEEDS A PERSON (1)").split())
    waits, person = shown.split("WAITS (1)")[1].split("NEEDS A PERSON (1)")
    assert "acme/web one" in waits
    assert "acme/web lost-one" in person.split("FORGES")[0]
    top.keys("Enter")
    top.shows("q back")


def test_all_agents_can_be_read(idle, screen):
    idle.configure()
    agent = 'agent helper{} {{\n    type = command\n    command = {{ "/bin/true" }}\n}}\n'
    agents = "".join(agent.format(i) for i in range(20))
    idle.config.write_text(idle.config.read_text() + agents)
    idle.start()
    for i in range(9):
        schedule(idle, f"b{i}")
    top = screen(idle)
    text = top.shows("AGENTS (21, ", " of them here: a shows all)")
    assert "helper19" not in text
    top.keys("a")
    top.shows("FORGES", "AGENTS", "fixer: 0 of 4 at work", "q back")
    top.keys("G")
    top.shows("helper19: 0 of ", "EVENTS")


@pytest.mark.parametrize("number, code", [("INT", 130), ("TERM", 143)])
def test_it_ends_by_signals_as_others_do(daemon, screen, number, code):
    schedule(daemon, "one")
    top = screen(daemon)
    top.shows("WAITS (1)")
    if number == "INT":
        top.keys("C-c")
    else:
        shell = int(top.tmux("display-message", "-p", "-t", "s", "#{pane_pid}"))
        [child] = subprocess.run(["pgrep", "-P", str(shell)], capture_output=True, text=True, check=True).stdout.split()
        os.kill(int(child), signal.SIGTERM)
    wait_for(lambda: "WAITS" not in top.text(), "the screen from before")
    top.keys("echo ended $?; stty -a | tr ' ' '\\n' | grep -x echo", "Enter")
    wait_for(lambda: f"ended {code}" in top.text() and "echo" in top.text().splitlines(), "the code, and the echo")


def test_a_high_terminal_is_used(daemon, screen):
    for i in range(20):
        schedule(daemon, f"b{i:02}")
    text = screen(daemon, 120, 50).shows("WAITS (20)", "EVENTS")
    assert not [i for i in range(20) if f"b{i:02}" not in text], text


def test_more_than_it_holds_is_said(daemon, screen):
    for i in range(102):
        schedule(daemon, f"b{i}")
    screen(daemon).shows("WAITS (102, of which the newest 100)")


def test_events_from_before_are_there(daemon, screen):
    schedule(daemon, "one")
    top = screen(daemon)
    text = top.shows("EVENTS (1)")
    message = daemon.ctl("explain", daemon.ctl("tasks")["tasks"][0]["id"])["events"][0]["message"]
    assert message[:40] in text.split("EVENTS")[1]


def test_watch_begins_with_the_last(daemon):
    for branch in ("one", "two", "three"):
        schedule(daemon, branch)
    with subprocess.Popen([CODEGENCTL, "--socket", daemon.control, "--json", "watch", "--last", "2"],
                          stdout=subprocess.PIPE, text=True) as watching:
        events = [json.loads(watching.stdout.readline()) for _ in range(2)]
        schedule(daemon, "four")
        events.append(json.loads(watching.stdout.readline()))
        watching.kill()
    assert [event["seq"] for event in events] == [2, 3, 4]
    refused = daemon.run_ctl("watch", "--last", "2", "--since", "1")
    assert refused.returncode == 2 and "last" in refused.stderr


def test_resize_and_quit(daemon, screen):
    schedule(daemon, "one")
    top = screen(daemon)
    top.shows("WAITS (1)")
    top.tmux("resize-window", "-t", "s", "-x", "120", "-y", "30")
    wait_for(lambda: "q quit" in (top.text().splitlines() + [""] * 30)[29], "the keys in the last line")
    top.keys("q")
    wait_for(lambda: "WAITS" not in top.text(), "the screen from before")
    top.keys("stty -a | tr ' ' '\\n' | grep -x echo", "Enter")
    wait_for(lambda: "echo" in top.text().splitlines(), "the terminal echoing again")


def test_daemon_gone_and_back(daemon, screen):
    schedule(daemon, "one")
    top = screen(daemon)
    top.shows("WAITS (1)")
    daemon.stop()
    top.shows("codegend is not reachable; below is what it said last, at 2", "WAITS (1)",
              "A task was scheduled by hand")
    daemon.start()
    wait_for(lambda: "not reachable" not in top.text(), "the connection being there again")
    schedule(daemon, "two")
    top.shows("WAITS (2)")


@pytest.mark.parametrize("hangs", [False, True])
def test_what_was_said_last_stays(daemon, screen, hangs):
    schedule(daemon, "one")
    top = screen(daemon)
    before = top.shows("WAITS (1)", "FORGES (1)", "local:", "AGENTS (1)", "A task was scheduled by hand")
    if hangs:
        daemon.process.send_signal(signal.SIGSTOP)
    else:
        daemon.stop()
    try:
        text = top.shows("codegend is not reachable; below is what it said last, at 2", "WAITS (1)", "FORGES (1)",
                         "local:", "AGENTS (1)", "A task was scheduled by hand")
        for title in ("RUNS", "NEEDS A PERSON", "EVENTS"):
            heading = next(line for line in before.splitlines() if line.startswith(title))
            assert heading in text
    finally:
        daemon.process.send_signal(signal.SIGCONT) if hangs else daemon.start()
    wait_for(lambda: "not reachable" not in top.text(), "the connection being there again")


def test_no_terminal(daemon):
    ended = daemon.run_ctl("top")
    assert ended.returncode == 1
    assert "needs a terminal" in ended.stderr and "codegenctl status" in ended.stderr
    assert daemon.run_ctl("--json", "top").returncode == 2


def test_unknown_terminal(daemon, screen):
    daemon.environment["LINES"] = "24"
    top = screen(daemon)
    top.shows("EVENTS")
    top.keys("q")
    top.keys(f"TERM=no-such-terminal {CODEGENCTL} --socket {daemon.control} top", "Enter")
    top.shows("the terminal is of an unknown type")
    top.keys("clear", "Enter")
    top.keys(f"TERM=dumb {CODEGENCTL} --socket {daemon.control} top; echo ended $?", "Enter")
    top.shows("ended 1")
    assert "cannot move its cursor" in top.tmux("capture-pane", "-p", "-J", "-t", "s")
    top.keys("clear", "Enter")
    top.keys(f"TERM=vt100 {CODEGENCTL} --socket {daemon.control} top", "Enter")
    top.shows("EVENTS", "q quit")
