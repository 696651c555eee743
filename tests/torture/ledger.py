"""Clients that submit, and write down what was acknowledged, synced, before they go on. The ledger lies outside of the
daemon's disk; what is in it must be there whatever happens to the daemon."""
import dataclasses
import os
import pathlib
import threading
import time

from conftest import Varlink

RETRY_S = 0.02
LINE = "{key} {report} {task} {due}\n"
JOINED = 4  # submissions of one branch: the first opens an incident, the others join it


@dataclasses.dataclass
class Ack:
    key: str
    report: str
    task: str
    due: str


class Ledger:
    """One file for each client. Thread safe: a client only touches its own file, `acks` and `sent` only grow."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.acks = {}
        self.sent = set()
        self.changed = []  # keys that were answered twice, and differently

    def open(self, lane):
        return (self.directory / lane).open("a", encoding="utf-8")

    def note(self, file, ack):
        file.write(LINE.format(**dataclasses.asdict(ack)))
        file.flush()
        os.fsync(file.fileno())
        if self.acks.setdefault(ack.key, ack) != ack:
            self.changed.append(ack.key)


class Client(threading.Thread):
    """Submits one after the other, each until it is acknowledged: without an answer it goes again under the same key,
    as CI does. Every refusal is counted by its error."""

    def __init__(self, ledger, lane, path, project, parameters=None, pause_s=0.0):
        super().__init__(daemon=True)
        self.ledger, self.lane, self.path, self.project, self.pause_s = ledger, lane, path, project, pause_s
        self.parameters = parameters or {}
        self.refusals = {}
        self.is_over = threading.Event()
        self.start()

    def run(self):
        number, connection = 0, None
        with self.ledger.open(self.lane) as file:
            while not self.is_over.wait(self.pause_s):
                try:
                    connection = connection or Varlink(self.path)
                    if self.submit(connection, file, number):
                        number += 1
                    else:
                        time.sleep(RETRY_S)
                except (OSError, ValueError):
                    connection = None
                    time.sleep(RETRY_S)

    def submit(self, connection, file, number):
        key = f"{self.lane}-{number}"
        self.ledger.sent.add(key)
        answer = connection.call("Submit", key=key, project=self.project, branch=f"{self.lane}/{number // JOINED}",
                                 commit="aaaaaaa1", job="ci", step="test", errorType="test_failure", errorDetails=key,
                                 **self.parameters)
        if answer is None:
            raise ConnectionError("hung up")
        if "error" in answer:
            self.refusals[answer["error"]] = self.refusals.get(answer["error"], 0) + 1
            return False
        ticket = answer["parameters"]["ticket"]
        self.ledger.note(file, Ack(key, ticket["reportId"], ticket["taskId"], ticket["scheduledFor"]))
        return True

    def end(self):
        self.is_over.set()
        self.join()


def start_clients(ledger, daemon, n, project="load/{lane}", prefix="", **more):
    lanes = [f"{prefix}c{number}" for number in range(n)]
    return [Client(ledger, lane, daemon.submit_socket, project.format(lane=lane), **more) for lane in lanes]


def end_clients(clients):
    for client in clients:
        client.is_over.set()
    for client in clients:
        client.join()
