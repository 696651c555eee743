"""Flows that write to GitHub or to an agent, each up to its end, and what must be there then, whatever happened on the
way: exactly one of each."""
import datetime
import time

from hub_place import CHECK, PROJECT

from conftest import wait_for

PATIENCE_S = 90
LATE_S = 6
PAUSE_S = 0.15
KEY = "the-one-submission"


class Scene:
    """A flow. `writes`: what it sends that could be doubled, as hub.fail() matches it."""

    agents = ["asked"]
    writes = ("POST /repos/*/*/issues/*/comments",)
    options = {}

    def prepare(self, place):
        if "asked" in self.agents:  # whether it is a bot is found out at the start
            wait_for(lambda: [request for request in place.hub.requests if request.done], "the first request")
        self.number = place.pull("fix")
        place.check("fix", "test", "failure", age_s=0)

    def submit(self, place):
        """As a CI step would: the same key again until it is answered. None: the daemon died of it."""
        def attempt():
            if place.is_dead():
                return [None]
            try:
                return [place.report("fix", key=KEY)]
            except (AssertionError, OSError, ValueError):
                return None  # it dies, or the machine has too much to do: the client waits for two seconds only
        return wait_for(attempt, "an answer, or the end of the daemon")[0]

    def is_done(self, place):
        """All that has to happen happened, however often."""
        incidents = place.incidents()
        return bool(incidents) and incidents[0]["state"] == "waiting" and place.is_quiet()

    def unwell(self, place):
        """What is not as it has to be, or None."""
        number = self.number_of(place)
        if number is None:
            return "there is no issue"
        seen = {"living comments": len(place.posts(number, "status")),
                "mentions": len(place.posts(number, "mention")), "issues": len(place.issues()),
                "labels": len(place.hub.labels(PROJECT, number)), "incidents": len(place.incidents()),
                "checks": len(place.tasks(CHECK)), "runs": len(place.codegen.runs) if place.codegen else 0}
        wanted = {"living comments": 1, "mentions": 1, "issues": 0, "labels": 1, "incidents": 1, "checks": 1, "runs": 0,
                  **self.wanted}
        wrong = {name: seen[name] for name in seen if seen[name] != wanted[name]}
        return f"{wrong}, not {wanted}" if wrong else None

    wanted = {}

    def number_of(self, place):
        return self.number

    def wait_well(self, place):
        """Done, and what came late and made it double was removed."""
        began = time.monotonic()
        eventually(lambda: self.is_done(place) or hurry(place, time.monotonic() - began), lambda: "it does not end")
        eventually(lambda: not self.unwell(place) and self.is_done(place), lambda: self.unwell(place))


def eventually(condition, wrong):
    """Asks seldom, since many places wait at once. `wrong()` tells why it did not come to be."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, wrong()
        time.sleep(PAUSE_S)


def hurry(place, waited_s):
    """Moves the clock to what is due in minutes, once all late effects must have come."""
    if waited_s < LATE_S:
        return
    dues = [parse_time(task["scheduledFor"]) for task in place.tasks()
            if task["status"] in ("scheduled", "executing") and task["type"] != CHECK]
    left_s = min(dues, default=0) - time.time() - place.fault.slept_s
    if left_s > LATE_S:
        place.advance(left_s)


def parse_time(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Comment(Scene):
    """A pull request, an agent that is asked in a comment."""


class Issue(Scene):
    """No pull request: an issue, and a mention on it."""

    writes = ("POST /repos/*/*/issues", "POST /repos/*/*/issues/*/comments")
    wanted = {"issues": 1}

    def prepare(self, place):
        super().prepare(place)
        place.hub.close(PROJECT, self.number)

    def number_of(self, place):
        issues = place.issues()
        return issues[0].number if issues else None


class Run(Scene):
    """An agent that works elsewhere."""

    agents = ["remote"]
    writes = ("POST /repos/*/*/issues/*/comments", "POST /v1/organizations/*/agent/run")
    wanted = {"mentions": 0, "runs": 1}

    def prepare(self, place):
        super().prepare(place)
        place.codegen.script("PENDING", "COMPLETE")


class Escalation(Scene):
    """Nobody is there to help, so a person is asked at the first look."""

    agents = []
    options = {"forge": {"escalate_to": "mona"}, "max_cycles": 1, "follow_up_delay": "1s"}

    def is_done(self, place):
        incidents = place.incidents()
        return bool(incidents) and incidents[0]["state"] == "escalated" and place.is_quiet() and \
            bool(self.asked(place))

    @staticmethod
    def asked(place):
        return [what for what in place.set_off() if what == ("mention", "mona")]

    def unwell(self, place):
        n = len(self.asked(place))
        n_living = len(place.posts(self.number, "status"))
        return None if (n, n_living) == (1, 1) else f"mona was asked {n} times in {n_living} living comments"


class Mending(Scene):
    """A second cycle after the first: the comment is edited, the agent asked once more."""

    options = {"max_cycles": 3}

    def is_done(self, place):
        incidents = place.incidents()
        if incidents and incidents[0]["state"] == "waiting" and incidents[0]["cycle"] == 1 and place.is_quiet():
            place.look()
            return False
        return bool(incidents) and incidents[0]["cycle"] == 2 and super().is_done(place)

    wanted = {"mentions": 2, "checks": 2}


SCENES = {"comment": Comment, "issue": Issue, "run": Run, "escalation": Escalation, "second cycle": Mending}
