"""A daemon whose n-th call fails: while it starts on an empty store and ends, and while it serves."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

import ledger
import oracle
from conftest import BROKEN, Varlink
from hub_place import open_place
from nth import Nth

PATIENCE_S = 90  # a request to a forge may take a minute
RUNS_OF_STORE = 100  # then it begins anew: the oracle reads all of it
EXITS = {0, 1, 7, 9}  # codegend(8)
PROJECT = "mend/web"
CONFIG = """agent local-fixer {{
    type = command
    command = {{ "{agent}" }}
}}
project "mend/*" {{
    forge = local
    agents = {{ local-fixer }}
    follow-up-delay = 1h
    max-triggers-per-hour = 100000
}}
project "load/*" {{
    forge = local
    mode = observe
    follow-up-delay = 300d
}}
"""
LOG = "tests/test_x.py:7: AssertionError: it broke\n" * 4000


class Subject:
    """One daemon, its store and what it acknowledged. `wrong` are findings, `crashes` those that are crashes."""

    def __init__(self, place):
        self.place, self.daemon = place, place.daemon
        self.nth = Nth(self.daemon.directory)
        self.ledger = ledger.Ledger(self.daemon.directory / "ledger")
        self.found = oracle.Findings()
        self.oracle = oracle.Oracle(self.ledger, self.daemon.directory / "copy")
        self.crashes, self.ends, self.n_keys, self.log_from = [], 0, 0, 0
        self.unacked = {}
        agent = self.daemon.directory / "quick-agent"
        agent.write_text("#!/bin/sh\nexit 0\n")
        agent.chmod(0o755)
        place.configure(more=CONFIG.format(agent=agent))

    @property
    def process(self):
        return self.daemon.process

    def launch(self):
        """Without waiting for it."""
        self.log_from = self.daemon.log_file.stat().st_size
        with self.daemon.log_file.open("ab") as log:
            self.daemon.process = subprocess.Popen(
                self.daemon.arguments(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.daemon.directory,
                env={**self.daemon.environment, **self.nth.environment})

    def log(self):
        return self.daemon.log_file.read_bytes()[self.log_from:].decode(errors="replace")

    def wait_answer(self):
        """Whether it is in service; False: it has ended. Neither is a finding of its own."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                return False
            with contextlib.suppress(OSError, ValueError):
                connection = self.connect(self.daemon.control)
                connection.socket.settimeout(PATIENCE_S / 3)
                answer = connection.call("Ping")
                connection.close()
                if answer is not None and "parameters" in answer:
                    return True
            time.sleep(0.003)
        self.crashes.append(f"it neither answers nor ends: {self.log()[-600:]}")
        self.process.kill()
        return False

    @staticmethod
    def connect(path):
        connection = Varlink(path)
        connection.socket.settimeout(PATIENCE_S)
        return connection

    def judge_end(self):
        """It has ended, or does within our patience: cleanly, or with a documented code and a sentence."""
        try:
            code = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.crashes.append(f"it does not end: {self.log()[-600:]}")
            self.process.kill()
            code = self.process.wait()
        log = self.log()
        broken = [line for line in log.splitlines() if any(word in line for word in BROKEN)]
        if broken:
            self.crashes.append("\n".join(broken[:3] + log.splitlines()[-200:]))
        elif code not in EXITS:
            self.crashes.append(f"it ended with {code}: {log[-600:]}")
        elif code != 0 and "error: " not in log:
            self.crashes.append(f"it ended with {code} and without a sentence: {log[-600:]}")
        self.ends += code != 0
        self.daemon.process = None
        self.lose_unwritten()
        return code

    def lose_unwritten(self):
        """As the kernel does with what a sync failed to write."""
        begin, end = self.nth.take_lost()
        for path in self.daemon.state.glob("*.db-wal"):
            with path.open("r+b") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(begin)
                file.write(b"\0" * max(0, min(end, size) - begin))

    # What is asked of it

    def call(self, method, path=None, **parameters):
        """Its answer; None when there was none."""
        try:
            connection = self.connect(path or self.daemon.control)
            try:
                return connection.call(method, **parameters)
            finally:
                connection.close()
        except TimeoutError:
            self.crashes.append(f"{method} was never answered")
        except (OSError, ValueError):
            return None
        return None

    def submit(self, key, project, **more):
        self.ledger.sent.add(key)
        parameters = {"project": project, "branch": key, "commit": "aaaaaaa1", "job": "ci", "step": "test",
                      "errorType": "test_failure", "errorDetails": key, **more}
        answer = self.call("Submit", self.daemon.submit_socket, key=key, **parameters)
        if answer is None or "error" in answer:
            self.unacked[key] = (project, more)
            return None
        ticket = answer["parameters"]["ticket"]
        self.unacked.pop(key, None)
        with self.ledger.open("acks") as file:
            self.ledger.note(file, ledger.Ack(key, ticket["reportId"], ticket["taskId"], ticket["scheduledFor"]))
        return ticket

    def submit_again(self):
        """As CI does with what was not acknowledged: under the same key."""
        for key, (project, more) in list(self.unacked.items()):
            self.submit(key, project, **more)
            if key in self.unacked:
                self.crashes.append(f"a submission is not taken after the failure: {self.log()[-400:]}")
                del self.unacked[key]

    def scenario(self):
        """What it does in service: a short and a long report, the forge and the agent, GitHub asked, operators."""
        self.n_keys += 1
        key = f"k{self.n_keys}-{os.getpid()}"
        self.submit(f"{key}-a", "load/web")
        self.submit(f"{key}-b", PROJECT, log=LOG)
        self.call("Check", all=False)
        self.call("GetStatus")
        self.call("GetReadiness", project="acme/web", branch="fix")
        self.call("ListTasks", limit=10)
        self.call("GetStats", sinceMs=0)
        self.call("Reload")
        self.call("Cleanup")

    def look(self):
        """Of the store of a daemon that is down."""
        paths = list(self.daemon.state.glob("*.db"))
        if paths:
            self.oracle.look(paths[0], self.found)
        elif self.ledger.acks:
            self.found.lose(set(self.ledger.acks), "acknowledged, and there is no store")

    def begin_anew(self):
        for directory in (self.daemon.state, self.daemon.runtime):
            shutil.rmtree(directory, ignore_errors=True)
        self.ledger.acks.clear()
        self.ledger.sent.clear()
        self.unacked.clear()
        self.oracle.tasks.clear()
        self.oracle.incidents.clear()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.judge_end()


def serve(subject, arm):
    """One scenario with a fault, of a daemon that may have been through some."""
    subject.nth.disarm()
    if subject.process is None:
        subject.launch()
        if not subject.wait_answer():
            subject.crashes.append(f"it does not start after the failure: {subject.log()[-600:]}")
            subject.judge_end()
            return
    arm(subject.nth)
    subject.scenario()
    subject.nth.disarm()
    is_lost = subject.nth.get_lost()[1] > 0
    if is_lost and subject.process.poll() is None:
        subject.process.kill()  # what it acknowledged since then is judged by what the disk has
        subject.process.wait()
        subject.daemon.process = None
        subject.lose_unwritten()
        subject.look()
    elif not subject.wait_answer():
        subject.judge_end()
        subject.look()
    if subject.process is None:
        return
    subject.submit_again()
    if subject.n_keys % RUNS_OF_STORE == 0:
        finish_serve(subject)
        subject.begin_anew()


def finish_serve(subject):
    if subject.process is not None:
        if subject.stop() != 0:
            subject.crashes.append(f"it did not end cleanly: {subject.log()[-600:]}")
    subject.look()


def start(subject, arm):
    """A start on an empty store, a submission and the end, with a fault; then once more, without one."""
    subject.begin_anew()
    arm(subject.nth)
    subject.launch()
    if subject.wait_answer():
        subject.submit("first", "load/web")
        if subject.process.poll() is None:
            subject.process.send_signal(signal.SIGTERM)
    subject.judge_end()
    subject.nth.disarm()
    subject.launch()
    if not subject.wait_answer():
        subject.crashes.append(f"it does not start after the failure: {subject.log()[-600:]}")
        subject.judge_end()
        return
    for key, ack in subject.ledger.acks.items():
        answer = subject.call("GetTicket", subject.daemon.submit_socket, key=key) or {}
        if answer.get("parameters", {}).get("ticket", {}).get("reportId") != ack.report:
            subject.found.lose({key}, "acknowledged, and the daemon does not know the ticket")
    subject.submit_again()
    subject.stop()
    subject.look()


@contextlib.contextmanager
def subjects():
    with open_place(agents=[], hub={"spacing_s": 0}, start=False) as place:
        place.pull("fix")
        subject = Subject(place)
        try:
            yield subject
        finally:
            if subject.process is not None:
                subject.process.kill()
                subject.process.wait()
                place.daemon.process = None
            pathlib.Path(place.daemon.log_file).write_text("")  # it was judged already
