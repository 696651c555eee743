"""One booted Debian for all tests: they are a story, told in the order of the file names. tools/test-systemd makes what
they need: $CODEGEND_TREE, $CODEGEND_PACKAGES, $CODEGEND_PREVIOUS."""
import os
import pathlib
import shutil

import pytest

from machine import Machine

# A name, and the groups that the package makes.
USERS = {"ci": ["codegen-submit"], "admin": ["codegen-admin"], "stranger": []}
FIGURES = []


def packages(variable):
    """The packages of a directory, without those of debug symbols."""
    found = sorted(pathlib.Path(os.environ[variable]).glob("*.deb"))
    return [path for path in found if "-dbgsym_" not in path.name]


class Packages:
    """dpkg in the machine."""

    def __init__(self, machine):
        self.machine = machine

    def install(self, variable="CODEGEND_PACKAGES"):
        place = self.machine.tree / "packages"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        names = [f"/packages/{os.path.basename(shutil.copy(path, place))}" for path in packages(variable)]
        return self.machine.do("dpkg", "--install", *names)

    def join_groups(self):
        for user, groups in USERS.items():
            for group in groups:
                self.machine.do("usermod", "--append", "--groups", group, user)

    def purge(self):
        return self.machine.do("dpkg", "--purge", "codegend", "codegenctl", "codegenctl-static")


@pytest.fixture(scope="session")
def machine():
    made = Machine(os.environ["CODEGEND_TREE"])
    try:
        made.boot()
        for user in USERS:
            made.do("useradd", "--create-home", user)
        yield made
    finally:
        made.finish()


@pytest.fixture(scope="session")
def dpkg(machine):
    return Packages(machine)


@pytest.fixture(scope="session")
def installed(machine, dpkg):
    """The machine, with today's packages; users are in their groups."""
    dpkg.install()
    dpkg.join_groups()
    return machine


@pytest.fixture
def running(installed):
    """And with a daemon that is ready."""
    installed.systemctl("start", "codegend.service")
    return installed


@pytest.fixture
def figure():
    """Tells a number in the report; none is a condition."""
    def tell(what, value):
        FIGURES.append(f"{what}: {value}")
    return tell


def pytest_terminal_summary(terminalreporter):
    for line in FIGURES:
        terminalreporter.write_line(line)
