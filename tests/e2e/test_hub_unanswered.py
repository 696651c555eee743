"""Writes whose answer is wrong, late or none, while the daemon lives: exactly one of each all the same."""
from hub_place import CROWDED, in_parallel, open_place
from hub_scenes import SCENES
from test_hub_crash import undisturbed_all

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


def cells(names, faults):
    runs = undisturbed_all()
    return {f"{name}, {match}, {when}: {fault}": (name, match, when, *faults[fault])
            for name in names for match, numbers in runs[name][1].items()
            for when in range(1, len(numbers) + 1) for fault in faults}


def test_a_write_without_a_proper_answer():
    in_parallel({**cells(("comment", "run"), SILENT), **cells(SCENES, FAULTS)}, go_wrong)
