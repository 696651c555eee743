"""Cases: the clock is set, and the forge is away for a day."""
import time

import hub_place
import hub_scenes
from conftest import wait_for
from place import case

HOUR_S = 3600
YEARS_S = 3652 * 24 * HOUR_S


@case("clock steps", "the wall clock is set an hour and ten years, forwards and back, with a restart after each",
      "nothing is done twice, nothing is due before its time, submissions are taken throughout")
def clock_steps(place, _):
    daemon, fault = place.daemon, place.fault
    daemon.configure(follow_up_delay="30m", wait_recheck="30m", max_cycles=1)
    (daemon.directory / "script").write_text(f"echo $CODEGEN_TASK >>'{daemon.directory}/begun'\n")
    place.start()
    ticket = daemon.submit(branch="first", key="first")
    daemon.wait_state(ticket["incidentId"], "waiting")
    steps = (-HOUR_S, HOUR_S, HOUR_S, -HOUR_S, YEARS_S, -YEARS_S, -YEARS_S, YEARS_S)
    offset, furthest = 0, 0
    for number, step in enumerate(steps):
        fault.set_clock(step)
        offset += step
        furthest = max(furthest, offset)
        took_one(daemon, f"step-{number}")
        if furthest > 1800:
            daemon.wait_state(ticket["incidentId"], "escalated")
        else:
            assert daemon.incident(ticket["incidentId"])["state"] == "waiting", "checked before its time"
        daemon.stop()
        place.start()
        took_one(daemon, f"restart-{number}")
    place.faults = 2 * len(steps)
    begun = (daemon.directory / "begun").read_text().split()
    place.found.double({task for task in begun if begun.count(task) > 1}, "agents begun twice for one task")
    daemon.stop()
    place.oracle.look_at_rules(place.database, place.found)
    return {"agent runs": len(begun)}


def took_one(daemon, key):
    first = daemon.submit(branch=key, key=key)
    again = daemon.submit(branch=key, key=key)
    assert again["duplicate"] and again["reportId"] == first["reportId"], f"{key} was taken twice"


@case("a day without the forge", "GitHub hangs up for 24 hours of the clock, while failures are reported",
      "the daemon says so, tries again, and then posts each exactly once")
def forge_outage(place, _):
    n = 4
    with hub_place.open_place(agents=["asked"], hub={"spacing_s": 0.5}, follow_up_delay="3d",
                              wait_recheck="3d") as hub:
        pulls = {hub.pull(f"fix-{number}"): f"fix-{number}" for number in range(n)}
        wait_for(lambda: [request for request in hub.hub.requests if request.done], "the first request")
        outage = hub.hub.fail("*", "close", "always", optional=True)
        for number, branch in enumerate(pulls.values()):
            for _ in range(24 // n):
                hub.advance(HOUR_S)
                time.sleep(0.3)
            hub.report(branch, key=f"out-{number}")
        wait_for(lambda: hub.forge().get("unreachableSince"), "the forge being told as unreachable")
        hub.hub.recover(outage)
        place.faults = outage.hits

        def is_done():
            return all(hub.posts(pull, "status") and hub.posts(pull, "mention") for pull in pulls) and hub.is_quiet()
        end = time.monotonic() + hub_scenes.PATIENCE_S
        while not is_done() and time.monotonic() < end:
            time.sleep(1)
            hub.advance(60)
        for pull in pulls:
            for kind in ("status", "mention"):
                found = len(hub.posts(pull, kind))
                place.found.lose({(pull, kind)} if found == 0 else set(), "effects missing after the outage")
                place.found.double({(pull, kind)} if found > 1 else set(), "effects doubled after the outage")
        return {"requests that failed": outage.hits}
