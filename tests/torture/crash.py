"""The daemon is killed, again and again, while everything it does goes on: submissions, cycles of repair with a local
agent, publishing to the scripted GitHub, clean-up."""
import concurrent.futures
import contextlib
import multiprocessing
import pathlib
import random
import tempfile
import threading
import time

import conftest
import ledger
import oracle
import report
from conftest import Varlink
from hub_place import PROJECT, open_place

WORKERS = 3  # most of the time is waiting
KILLS_OF_EPOCH = 25  # then a store begins anew: the oracle reads all of it after each kill
CLIENTS = 3
PULLS = 4  # of an epoch: a write to GitHub takes a second
PATIENCE_S = 120
FIRST_KILL_S, LAST_KILL_S = 0.005, 0.5
PERSON = "A person is needed"  # of an incident that was given up after too many crashes
ASKED_MAX = 2  # of an epoch: it takes crash after crash of the very same task
# Kills that hit an operation rather than a moment: (call, up to its n-th, after it).
POINTS = [("write", 40, False), ("write", 40, True), ("sync", 40, False), ("sync", 40, True), ("send", 4, False),
          ("send", 4, True), ("recv", 4, False)]
CYCLES = """agent local-fixer {{
    type = command
    command = {{ "{agent}" }}
    concurrency = 4
}}
project "mend/*" {{
    forge = local
    agents = {{ local-fixer }}
    follow-up-delay = 200ms
    wait-recheck = 200ms
    max-cycles = 3
    max-triggers-per-hour = 100000
}}
project "load/*" {{
    forge = local
    mode = observe
    follow-up-delay = 300d
}}
"""  # Of load/* the due times stay: a cycle that ends may set another one


class Operator(threading.Thread):
    """Cleans up what is over, all the time."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.control = daemon.control
        self.is_over = threading.Event()
        self.n = 0
        self.start()

    def run(self):
        while not self.is_over.wait(0.05):
            with contextlib.suppress(OSError, ValueError):
                connection = Varlink(self.control)
                self.n += "parameters" in (connection.call("Cleanup", olderThanMs=300) or {})
                connection.close()


class Epoch:
    """One store, killed some times. It runs in a process of its own, so the outcome is a plain dict."""

    def __init__(self, seed, number, n_kills, scratch):
        self.chance = random.Random(f"{seed}-{number}")
        self.n_kills, self.scratch = n_kills, pathlib.Path(scratch)
        self.ledger = ledger.Ledger(self.scratch / "ledger")
        self.oracle = oracle.Oracle(self.ledger, self.scratch / "copy")
        self.found = oracle.Findings()
        self.crashes = []
        self.starts_s = []
        self.pulls = {}
        self.n_cleanups = 0
        self.n_asked = 0

    def run(self):
        # Under load the server sees writes closer to each other, or further apart, than they were sent.
        with open_place(agents=["asked"], hub={"spacing_s": 0}, start=False, retention="1d") as place:
            place.configure(more=CYCLES.format(agent=place.daemon.agent.path))
            (place.daemon.directory / "script").write_text(
                f"echo $CODEGEN_TASK >>'{place.daemon.directory}/begun'; sleep 0.0$(($$ % 10))\n")
            place.start()
            clients = ledger.start_clients(self.ledger, place.daemon, CLIENTS)
            clients += ledger.start_clients(self.ledger, place.daemon, 2, "mend/{lane}", "m", pause_s=0.05)
            operator = Operator(place.daemon)
            for number in range(self.n_kills):
                if number * PULLS // self.n_kills != (number - 1) * PULLS // self.n_kills or number == 0:
                    self.pulls[place.pull(f"fix-{number}")] = f"fix-{number}"
                self.kill_once(place)
            ledger.end_clients(clients)
            operator.is_over.set()
            operator.join()
            self.settle(place)
            self.n_cleanups = operator.n

    def outcome(self):
        return {"acks": len(self.ledger.acks), "losses": len(self.found.lost), "doubles": len(self.found.doubled),
                "wrong": self.found.wrong, "crashes": self.crashes, "starts_s": self.starts_s,
                "cleanups": self.n_cleanups, "asked": self.n_asked, "pulls": len(self.pulls),
                "kills": len(self.starts_s)}

    def kill_once(self, place):
        daemon, fault = place.daemon, place.fault
        if self.chance.random() < 0.4:
            call, last, after = self.chance.choice(POINTS)
            fault.arm(call, self.chance.randint(1, last), after)
        wait_s = self.chance.uniform(FIRST_KILL_S, LAST_KILL_S)
        reporting = threading.Thread(target=self.report_pulls, args=(place,))
        reporting.start()
        with contextlib.suppress(Exception):
            daemon.process.wait(wait_s)
        if daemon.process.poll() is None:
            daemon.process.kill()
        code = daemon.process.wait()
        reporting.join()
        if code != -9:
            self.crashes.append(f"ended by itself with {code}: {daemon.log()[-500:]}")
        daemon.process = None
        fault.disarm()
        [path] = daemon.state.glob("*.db")
        self.oracle.look(path, self.found)
        began = time.monotonic()
        place.start()
        self.starts_s.append(time.monotonic() - began)

    def report_pulls(self, place):
        """CI's word on each pull request, with the key of its own until it is answered."""
        with self.ledger.open("pulls") as file, contextlib.suppress(OSError, ValueError):
            connection = Varlink(place.daemon.submit_socket)
            for pull, branch in self.pulls.items():
                key = f"pull-{pull}"
                if key in self.ledger.acks:
                    continue
                self.ledger.sent.add(key)
                answer = connection.call("Submit", key=key, project=PROJECT, branch=branch, commit=place.head(branch),
                                         job="test", step="make test", errorType="test_failure", errorDetails=key)
                if answer and "parameters" in answer:
                    ticket = answer["parameters"]["ticket"]
                    self.ledger.note(file, ledger.Ack(key, ticket["reportId"], ticket["taskId"],
                                                      ticket["scheduledFor"]))

    # The end

    def settle(self, place):
        """Everything that is due comes to its end, and then is there once."""
        self.report_pulls(place)
        end = time.monotonic() + PATIENCE_S
        moved = time.monotonic()
        while not (place.is_quiet() and self.pulls_done(place)) and time.monotonic() < end:
            time.sleep(0.2)
            if time.monotonic() - moved > 6:  # past what the forge's budgets and retries wait for
                place.advance(600)
                moved = time.monotonic()
        if not place.is_quiet():
            self.found.wrong.append("tasks are still under way at the end")
        connection = place.daemon.connect()
        for key, ack in self.ledger.acks.items():
            ticket = connection.call("GetTicket", key=key).get("parameters", {}).get("ticket", {})
            if ticket.get("reportId") != ack.report:
                self.found.lose({key}, "acknowledged, and the daemon does not know the ticket")
        connection.close()
        self.effects(place)
        place.daemon.stop()
        [path] = place.daemon.state.glob("*.db")
        self.oracle.look(path, self.found)

    def pulls_done(self, place):
        return all(place.posts(pull, "status") and place.posts(pull, "mention") for pull in self.pulls)

    def effects(self, place):
        asked = {incident["branch"]: incident["reason"] for incident in place.incidents()
                 if incident["state"] == "escalated" and PERSON in incident["reason"]}
        self.n_asked = len(asked)
        if self.n_asked > ASKED_MAX:
            self.found.wrong.append(f"{self.n_asked} incidents were left to a person: this run shows little of repair")
        for pull, branch in self.pulls.items():
            seen = {"status comments": len(place.posts(pull, "status")), "mentions": len(place.posts(pull, "mention")),
                    "labels": len(place.hub.labels(PROJECT, pull))}
            waived = {"mentions"} if branch in asked else set()  # it was given up before the agent was asked
            self.found.lose({f"{name} of #{pull}" for name, n in seen.items() if n == 0 and name not in waived},
                            "effects missing")
            self.found.double({f"{name} of #{pull}: {n}" for name, n in seen.items() if n > 1}, "effects doubled")
        if self.found.lost:
            acked = [pull for pull in self.pulls if f"pull-{pull}" in self.ledger.acks]
            failed = [(task["type"], task.get("reason")) for task in place.tasks() if task["status"] == "failed"]
            said = {incident["branch"]: (incident["state"], incident["reason"]) for incident in place.incidents()
                    if incident["branch"] in self.pulls.values()}
            self.found.wrong.append(f"acknowledged pull requests {acked}; failed tasks {failed[:oracle.SHOWN]}; "
                                    f"incidents {said}")
        if place.issues():
            self.found.double({issue.number for issue in place.issues()}, "issues nobody asked for")
        begun = place.daemon.directory / "begun"
        runs = begun.read_text().split() if begun.exists() else []
        self.found.double({task for task in runs if runs.count(task) > 1}, "agents begun twice for one task")
        if not runs:
            self.found.wrong.append("no agent ever ran: this run shows nothing of cycles")


def run_epoch(seed, number, n_kills, sanitized):
    if sanitized:
        conftest.CODEGEND = pathlib.Path(sanitized) / "daemon" / "codegend"
    with tempfile.TemporaryDirectory(prefix="codegen-torture.", dir="/var/tmp") as scratch:
        epoch = Epoch(seed, number, n_kills, scratch)
        try:
            epoch.run()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # pytest's failures are none of Exception
            epoch.found.say({f"{type(error).__name__}: {error}"}, "failures of the run")
        return epoch.outcome()


def crash(torture):
    """Every second epoch with the sanitizers, when there is a build with them."""
    n_epochs = 3 if torture.quick else 40
    n_kills = 20 if torture.quick else KILLS_OF_EPOCH
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
        futures = [pool.submit(run_epoch, torture.seed, number, n_kills, number % 2 and torture.sanitized)
                   for number in range(n_epochs)]
        epochs = [future.result() for future in futures]
    wrong = [f"epoch {number}: {line}" for number, epoch in enumerate(epochs)
             for line in epoch["wrong"] + epoch["crashes"]]
    starts = sorted(took for epoch in epochs for took in epoch["starts_s"])

    def total(name):
        return sum(epoch[name] for epoch in epochs)

    yield report.Verdict(
        "acked-ledger crash loop", f"SIGKILL at {total('kills')} random moments and calls",
        "acknowledged once, due times and states legal, the database sound, GitHub and agents reached once",
        cases=n_epochs, faults=total("kills"), losses=total("losses"), doubles=total("doubles"),
        crashes=sum(len(epoch["crashes"]) for epoch in epochs), leaks=sum("LeakSanitizer" in line for line in wrong),
        wrong=wrong, facts={"acknowledged": total("acks"), "clean-ups": total("cleanups"),
                            "pull requests": total("pulls"), "left to a person": total("asked"),
                            "start to ready, median": f"{starts[len(starts) // 2] * 1000:.0f} ms" if starts else "-",
                            "at worst": f"{starts[-1] * 1000:.0f} ms" if starts else "-"})
