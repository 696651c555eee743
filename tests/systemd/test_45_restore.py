"""The restore that the documentation tells, word for word, more than once."""
import pathlib
import textwrap

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FILE = "/srv/backup/codegend.db"


def told_in(path, name):
    """The commands, from the first to the last line."""
    text = (ROOT / path).read_text()
    first = text.rindex("\n", 0, text.index("systemctl stop codegend-submit.socket")) + 1
    last = text.index("\n", text.index("systemctl start codegend-submit.socket", first))
    return textwrap.dedent(text[first:last]).replace(f" {name} ", f" {FILE} ")


@pytest.fixture
def ready(running):
    """Somewhere to put a backup."""
    running.do("install", "--directory", "--mode=0777", "/srv/backup")
    yield running
    running.do("rm", "--recursive", "/srv/backup")


def kept(machine):
    return machine.do("find", "/var/lib/codegend", "-path", "*/old-*/codegend.db").split()


@pytest.mark.parametrize("path, name", [("README.md", FILE), ("man/codegend.8.scd", "FILE")] * 2)
def test_a_restore_as_it_is_told(ready, path, name):
    before = kept(ready)
    key = f"restored-{len(before)}"
    ready.submit(f"{key}-before", branch=key)
    ready.do("codegenctl", "backup", FILE, user="admin")
    ready.submit(f"{key}-after", branch=f"{key}-after")
    ready.do("sh", "-c", told_in(path, name))
    ready.wait_active()
    assert len(kept(ready)) == len(before) + 1, "the old database"
    assert "ticket" in ready.call("GetTicket", key=f"{key}-before")
    assert "ticket" not in ready.call("GetTicket", key=f"{key}-after")


def test_a_restore_that_cannot_put_the_old_one_away_changes_nothing(ready):
    ready.submit("kept-by-a-failed-restore", branch="kept")
    commands = told_in("README.md", FILE).replace("mktemp -d", "false")
    ready.do("sh", "-c", commands)
    ready.wait_active()
    assert "ticket" in ready.call("GetTicket", key="kept-by-a-failed-restore")
