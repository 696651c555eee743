"""The crash matrix: killed at every call that writes to the database, sends or receives, with every fate of what was
sent; afterwards there is exactly one living comment, one issue, one run, one mention a cycle, one escalation."""
import contextlib
import functools
import sqlite3

from conftest import wait_for
from hub_place import CROWDED, in_parallel, open_place
from hub_scenes import SCENES, eventually

# Before a commit; before and after bytes went out; with an answer that nobody has looked at yet.
POINTS = [("write", False), ("send", False), ("send", True), ("recv", True)]
# Nothing of it happens; it happens before the daemon is back, or after it has looked whether it happened.
FATES = {"not applied": {"effect": "none"}, "applied late": {"effect": "late", "late_s": 0.4},
         "applied very late": {"effect": "late", "late_s": 2.5}}
KILLS_IN_A_ROW = 10  # more than LIMIT_TASK_ATTEMPTS
LAST_INTERRUPTION = 15  # before LIMIT_TASK_INTERRUPTIONS


@functools.lru_cache(None)
def undisturbed_all():
    return in_parallel({name: (name,) for name in SCENES}, undisturbed)


def undisturbed(name):
    """(how often it calls what, {match: numbers of the sends that it fits}) when nobody kills it."""
    scene = SCENES[name]()
    with open_place(agents=scene.agents, hub=CROWDED, **scene.options) as place:
        scene.prepare(place)
        before = n_requests(place)
        place.fault.count()
        scene.submit(place)
        scene.wait_well(place)
        counts = {call: place.fault.seen(call) for call, _ in POINTS}
        requests = sorted(all_requests(place), key=lambda request: request.at)[before:]
        assert counts["send"] == len(requests), "each request is one send"
        sends = {match: [at for at, request in enumerate(requests, 1) if request in found]
                 for match, found in ((match, sent(place, match)) for match in scene.writes)}
    return counts, sends


def all_requests(place):
    return place.hub.requests + (place.codegen.requests if place.codegen else [])


def n_requests(place):
    return len(all_requests(place))


def sent(place, match):
    api = place.codegen if "agent/run" in match else place.hub
    return api.sent(match)


def die_and_recover(name, call, n, after, faults=()):
    """One cell: `faults` are arguments of fail()."""
    scene = SCENES[name]()
    with open_place(agents=scene.agents, hub=CROWDED, **scene.options) as place:
        scene.prepare(place)
        for match, when, fate in faults:
            api = place.codegen if "agent/run" in match else place.hub
            api.fail(match, "close", when, **fate)
        place.fault.arm(call, n, after)
        answered = scene.submit(place)
        eventually(lambda: is_over(scene, place), lambda: "it neither dies nor ends")
        place.fault.disarm()  # what is armed beyond the end must not kill it while it stops
        died = place.is_dead()
        if died:
            place.revive()
            if answered is None:
                scene.submit(place)
        scene.wait_well(place)
        return died


def is_over(scene, place):
    try:
        return place.is_dead() or scene.is_done(place)
    except (OSError, AssertionError, TypeError, KeyError):
        return place.is_dead()


def test_killed_at_every_point():
    runs = undisturbed_all()
    cells = {f"{name}, {'after' if after else 'before'} {call} {n}": (name, call, n, after)
             for name in SCENES for call, after in POINTS for n in range(1, runs[name][0][call] + 1)}
    died = in_parallel(cells, die_and_recover)
    # The last ones may come after the end, or not at all.
    assert sum(died.values()) >= len(died) * 3 // 4


def test_killed_right_after_a_write_was_sent():
    runs = undisturbed_all()
    cells = {f"{name}, {match}, {when}: {fate}": (name, "send", n, True, [(match, when, FATES[fate])])
             for name in SCENES for match, numbers in runs[name][1].items() for when, n in enumerate(numbers, 1)
             for fate in FATES}
    assert cells and all(in_parallel(cells, die_and_recover).values())


def test_killed_more_often_than_a_task_may_fail():
    """A crash is not the task's fault. Killed in a row it waits longer and longer, and at last it happens, once."""
    with open_place(agents=["asked"], hub=CROWDED, follow_up_delay="30d") as place:
        number = place.pull("fix")
        place.hub.fail("POST /repos/*/*/issues/*/comments", "silence", "always")
        place.report("fix")
        for _ in range(KILLS_IN_A_ROW):
            kill_while_it_publishes(place)
            place.start()
            place.advance(3600)
        place.hub.recover()
        place.wait_post(number, "mention")
        assert len(place.posts(number, "status")) == 1


def test_a_task_that_brings_the_daemon_down_is_left_to_a_person():
    with open_place(agents=["asked"], hub=CROWDED, follow_up_delay="30d") as place:
        number = place.pull("fix")
        place.hub.fail("POST /repos/*/*/issues/*/comments", "silence", "always", optional=True)
        ticket = place.report("fix")
        kill_while_it_publishes(place)
        place.hub.fail("*", "silence", "always", optional=True)  # a look that is answered would end the row
        place.start()
        kill_while_it_publishes(place)
        [path] = place.daemon.state.glob("*.db")
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            assert database.execute("SELECT max(interrupted) FROM tasks").fetchone() == (1,)
            database.execute("UPDATE tasks SET interrupted = ? WHERE interrupted > 0", (LAST_INTERRUPTION,))
        place.hub.recover()
        place.start()
        place.wait_state(ticket, "escalated")
        reason = place.incident(ticket)["reason"]
        assert "A person is needed: the daemon ended 16 times in a row" in reason, reason
        assert "incident retry" in reason
        place.daemon.ctl("incident", "retry", ticket["incidentId"])
        place.wait_post(number, "mention")
        assert len(place.posts(number, "status")) == 1


def kill_while_it_publishes(place):
    wait_for(lambda: is_executing(place, "publish_report"), "the publication being under way")
    place.daemon.kill()


def is_executing(place, kind):
    return any(task["status"] == "executing" for task in place.tasks(kind))
