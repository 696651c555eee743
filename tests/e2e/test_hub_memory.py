"""What is remembered of a forge's limits: over a kill, over a reload without the forge, and under another name."""
import contextlib
import re
import sqlite3

import pytest
from hub_place import make_place  # noqa: F401

from conftest import wait_for


def counted(place, name="github"):
    """Writes of the last hour, as status tells them."""
    [forge] = [forge for forge in place.daemon.ctl("status")["forges"] if forge["name"] == name]
    return int(re.search(r"Writes in the last hour: (\d+) of", forge["budget"]).group(1))


def published(make_place, **more):
    place = make_place(**more)
    place.pull("fix")
    place.wait_state(place.report("fix"), "waiting")
    place.wait_quiet()
    assert counted(place) == len(place.hub.write_times()) >= 2
    return place


def wait_refused(place):
    wait_for(lambda: "401" in place.forge().get("reason", ""), "the refusal")


def config_of(place, change):
    before = place.daemon.config.read_text()
    place.daemon.config.write_text(change(before))
    place.daemon.ctl("reload")
    return before


def without_forge(text):
    return re.sub(r"forge github \{.*?\n\}\n", "", text, flags=re.S).replace('forge = "github"', "")


def renamed(text):
    return text.replace("forge github {", "forge hubby {").replace('forge = "github"', 'forge = "hubby"')


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_every_write_counts_after_a_restart(make_place, end):
    place = published(make_place)
    n = len(place.hub.write_times())
    getattr(place.daemon, end)()
    place.start()
    assert counted(place) == n


def change_memory(place, statement):
    """In the database of a daemon that is stopped."""
    with contextlib.closing(sqlite3.connect(place.daemon.state / "codegend.db", isolation_level=None)) as database:
        return database.execute(statement).fetchall()


def test_what_0_1_0_remembered_counts(make_place):
    """It told neither the server nor the credential."""
    place = published(make_place)
    n = len(place.hub.write_times())
    place.daemon.stop()
    change_memory(place, "UPDATE forges SET memory = json_remove(memory, '$.server', '$.credential')")
    place.start()
    assert counted(place) == n


def test_a_forge_that_comes_back_knows_what_it_wrote(make_place):
    place = published(make_place)
    n = len(place.hub.write_times())
    before = config_of(place, without_forge)
    assert [forge["name"] for forge in place.daemon.ctl("status")["forges"]] == ["local"]
    config_of(place, lambda _: before)
    assert counted(place) == n


@pytest.mark.parametrize("restarted", [False, True])
def test_a_forge_of_another_name_is_the_same_account(make_place, restarted):
    place = published(make_place)
    n = len(place.hub.write_times())
    config_of(place, renamed)
    if restarted:
        place.restart()
    assert counted(place, "hubby") == n


@pytest.mark.parametrize("restarted", [False, True])
def test_a_server_that_was_changed_and_changed_back(make_place, restarted):
    place = published(make_place)
    place.restart()  # what it knew then is older than what it keeps below
    place.pull("other")
    place.wait_state(place.report("other"), "waiting")
    place.wait_quiet()
    n = len(place.hub.write_times())
    before = config_of(place, lambda text: text.replace(place.hub.api_url, "http://127.0.0.1:1"))
    assert counted(place) == 0
    if restarted:
        place.restart()
    config_of(place, lambda _: before)
    assert counted(place) == n


def test_forges_of_long_ago_are_forgotten(make_place):
    """Not those that are configured, and not one whose tasks still wait in its lane, however old it is."""
    place = published(make_place)
    place.daemon.stop()
    change_memory(place, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70) "
                         "INSERT INTO forges SELECT printf('old-%02d', i), json_object('usedMs', i) FROM n")
    change_memory(place, "UPDATE tasks SET lane = 'forge/old-01' WHERE status = 'scheduled'")
    place.start()
    place.daemon.stop()
    names = {name for [name] in change_memory(place, "SELECT name FROM forges")}
    assert names == {"github", "old-01"} | {f"old-{at:02}" for at in range(8, 71)}


def test_a_credential_that_was_refused_stays_so_while_the_forge_is_away(make_place):
    """Over a reload without it and a restart with it: nothing is asked with it again."""
    place = published(make_place)
    place.hub.revoke(place.token)
    place.pull("other")
    place.report("other")
    wait_refused(place)
    before = config_of(place, without_forge)
    place.daemon.stop()
    place.daemon.config.write_text(before)
    n = len(place.hub.requests)
    place.start()
    wait_refused(place)
    assert len(place.hub.requests) == n
