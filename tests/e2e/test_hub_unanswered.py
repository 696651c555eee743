"""Writes whose answer is wrong, late or none, while the daemon lives: exactly one of each all the same."""
from hub_place import BOT, CROWDED, PROJECT, in_parallel, make_place, open_place  # noqa: F401
from hub_scenes import SCENES
from test_hub_crash import undisturbed_all

from conftest import wait_for

# name: (what the client sees, what became of it)
FAULTS = {
    "500, applied": ("500", {"effect": "applied"}),
    "500, not applied": ("500", {"effect": "none"}),
    "502, applied": ("502", {"effect": "applied"}),
    "502, late": ("502", {"effect": "late", "late_s": 0.5}),
    "504, very late": ("504", {"effect": "late", "late_s": 2.5}),
    "reset, applied": ("reset", {"effect": "applied"}),
    "reset, not applied": ("reset", {"effect": "none"}),
    "closed, late": ("close", {"effect": "late", "late_s": 0.5}),
    "truncated": ("truncated", {}),
    "half the JSON": ("half_json", {}),
    "wrong types": ("wrong_types", {}),
    "empty": ("empty", {}),
    "a portal's page": ("html", {"effect": "applied"}),
    "huge": ("huge", {"size": 16 << 20}),
    "a bomb": ("gzip_bomb", {"effect": "applied"}),
}
# It was done all the same, or not: these answers prove neither.
NOES = {"302": ("redirect", {}), "307": ("redirect", {"status": 307, "own": True}),
        "a proxy's 403": ("status", {"status": 403, "body": b"<html>"}),
        "secondary limit": ("secondary_limit", {"retry_after": 1}),
        "primary limit": ("primary_limit", {"reset_s": 2, "status": 429})}
SAID_NO = {f"{name}, {effect}": (how, {"effect": effect, **details}) for name, (how, details) in NOES.items()
           for effect in ("applied", "none")}
COMMENT = "POST /repos/*/*/issues/*/comments"
# The daemon gives up waiting by itself, half a minute later.
SILENT = {"silence, applied": ("silence", {"effect": "applied"}), "silence, not applied": ("silence", {})}


def go_wrong(name, match, when, how, details):
    scene = SCENES[name]()
    with open_place(agents=scene.agents, hub=CROWDED, **scene.options) as place:
        scene.prepare(place)
        api = place.codegen if "agent/run" in match else place.hub
        api.fail(match, how, when, **details)
        scene.submit(place)
        scene.wait_well(place)
        return len(api.sent(match))


def cells(names, faults):
    runs = undisturbed_all()
    return {f"{name}, {match}, {when}: {fault}": (name, match, when, *faults[fault])
            for name in names for match, numbers in runs[name][1].items()
            for when in range(1, len(numbers) + 1) for fault in faults}


def look_first(name, match, when, how, details):
    """A second mention wakes its agent, also when it is removed."""
    n_sent = len(undisturbed_all()[name][1][match]) + (details["effect"] == "none")
    assert go_wrong(name, match, when, how, details) == n_sent


def lose_the_token(when, effect):
    """Refused with 401; another token is put in its place."""
    scene = SCENES["comment"]()
    with open_place(agents=scene.agents, hub=CROWDED, **scene.options) as place:
        scene.prepare(place)
        fault = place.hub.fail(COMMENT, "unauthorized", when, effect=effect)
        scene.submit(place)
        wait_for(lambda: fault.hits and place.forge().get("reason"), "status telling of it")
        place.write_secret(place.token_file, place.hub.token(BOT, value="ghp_" + "n" * 36))
        place.daemon.ctl("reload")
        scene.wait_well(place)
        assert len(place.hub.sent(COMMENT)) == 2 + (effect == "none")
        assert max(task["attempt"] for task in place.tasks()) <= 1


def test_a_write_that_was_done_though_it_was_refused():
    in_parallel(cells(("comment", "issue", "run"), SAID_NO), look_first)
    in_parallel({f"{when}, {effect}": (when, effect) for when in (1, 2) for effect in ("applied", "none")},
                lose_the_token)


def test_a_write_without_a_proper_answer():
    in_parallel({**cells(("comment", "run"), SILENT), **cells(SCENES, FAULTS)}, go_wrong)


def test_a_list_whose_next_page_is_elsewhere(make_place):
    """The daemon's address of GitHub is an alias. What may be on the further pages is not taken for missing."""
    place = make_place(hub=CROWDED)
    number = place.pull("fix")
    for i in range(110):
        place.hub.comment(PROJECT, number, f"chatter {i}")
    place.check("fix", "test", "failure", age_s=0)
    place.hub.page_style = "alias"
    place.hub.fail(COMMENT, "500", 1, effect="applied")
    ticket = place.report("fix")
    wait_for(lambda: any("below \"api-url\"" in task["reason"] for task in place.tasks()), "it being told")
    assert (len(place.posts(number, "status")), len(place.hub.sent(COMMENT))) == (1, 1)
    place.hub.page_style = "ids"
    place.advance(60)
    place.wait_quiet()
    assert place.incident(ticket)["state"] == "waiting"
    assert (len(place.posts(number, "status")), len(place.hub.sent(COMMENT))) == (1, 1)
