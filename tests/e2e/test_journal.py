"""The journal tells the story of an incident, line by line with its fields, and nothing of what was reported. The
journal is one of the test's: a socket where systemd has its own, in a mount namespace of the daemon's."""
import os
import re
import shutil
import socket
import struct
import subprocess
import threading

import pytest

from conftest import wait_for

SECRET_WORDS = "the-report-says"  # in everything of a report that is no name
WRAP = """mount -t tmpfs none /run && mkdir /run/systemd && ln -s "$1" /run/systemd/journal && shift && exec "$@" """


def can_unshare():
    return (os.geteuid() == 0 and shutil.which("unshare") is not None and
            subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/run"],
                           capture_output=True).returncode == 0)


class Journal:
    """What journald would have read, which never lets anybody wait for long: each entry a list of (name, value)."""

    def __init__(self, directory):
        self.directory = directory / "journal"
        self.directory.mkdir()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.directory / "socket"))
        self.entries = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        while data := self.socket.recv(1 << 20):
            self.entries.append(self.parse(data))

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(self.directory / "socket"))
        self.reader.join()
        self.socket.close()

    @staticmethod
    def parse(data):
        fields = []
        while data:
            name, _, rest = data.partition(b"\n")
            assert re.fullmatch(rb"[A-Z_]+", name)  # all have the form with a length
            length, = struct.unpack("<Q", rest[:8])
            assert rest[8 + length:9 + length] == b"\n"
            fields.append((name.decode(), rest[8:8 + length].decode()))
            data = rest[9 + length:]
        return fields

    def about(self, name, value):
        """The messages with that field, oldest first."""
        return [dict(entry)["MESSAGE"] for entry in list(self.entries) if (name, value) in entry]

    def wait_told(self, incident, words, times=1):
        """The lines about that incident with these words in them."""
        def told():
            lines = [line for line in self.about("INCIDENT", incident) if words in line]
            return lines if len(lines) >= times else None
        return wait_for(told, f"\"{words}\" in the journal")


@pytest.fixture
def journal(idle):
    if not can_unshare():
        pytest.skip("takes root and a mount namespace of its own")
    plain = idle.arguments
    journal = Journal(idle.directory)
    idle.arguments = lambda *more: ["unshare", "--mount", "sh", "-c", WRAP, "sh", journal.directory, *plain(*more)]
    of_log = idle.log_file.stat()
    idle.environment["JOURNAL_STREAM"] = f"{of_log.st_dev}:{of_log.st_ino}"
    yield journal
    journal.close()


def test_one_field_tells_the_story_of_an_incident(idle, journal):
    (idle.agent.directory / "script").write_text(f"echo {SECRET_WORDS} of the agent; exit 3\n")
    idle.configure(follow_up_delay="1h", wait_recheck="1h")
    idle.start()
    ticket = idle.submit("--command", f"make {SECRET_WORDS}", "--log", "-", text_of_log=f"{SECRET_WORDS}: error: no\n",
                         build_url=f"https://ci.example/{SECRET_WORDS}")
    incident = ticket["incidentId"]
    idle.submit(branch="other", commit="bbbbbbb1")  # another story
    idle.submit()                                   # joins
    journal.wait_told(incident, "exited with code 3")
    idle.ctl("check", "--all")
    journal.wait_told(incident, "exited with code 3", times=2)
    assert [line for line in journal.about("REASON", "BUILD_FAILED") if f"{incident}: Not ready" in line]
    idle.submit_passed()
    idle.wait_state(incident, "resolved")
    assert journal.wait_told(incident, "Proven ready") == [f"acme/web, {incident}: Proven ready on aaaaaaa1."]

    events = [event["message"] for event in idle.events(incident)]
    lines = [line.removeprefix(f"acme/web, {incident}: ") for line in journal.about("INCIDENT", incident)]
    assert lines == events  # every line of the event log, in order, and nothing had to be warned of
    for words in ("failed on aaaaaaa1", "Cycle 1 of", "Published at", 'Agent "fixer" works on it', "Not ready"):
        assert any(words in line for line in lines), words
    for entry in journal.entries:
        fields = dict(entry)
        assert SECRET_WORDS not in str(entry)
        assert fields["SYSLOG_IDENTIFIER"] == "codegend" and fields["PRIORITY"] in "34567"
        if fields.get("INCIDENT") == incident:
            assert fields["PROJECT"] == "acme/web"
    task = idle.tasks(kind="trigger_agent", incident=incident)[0]["id"]
    assert any("works on it" in line for line in journal.about("TASK", task))
    assert any("Published at" in line for line in journal.about("FORGE", "local"))
    assert not any("works on it" in line for line in journal.about("FORGE", "local"))
    assert idle.log() == ""  # standard error is for when there is no journal


def test_what_an_operator_does_is_in_it(idle, journal):
    idle.configure(follow_up_delay="1h")
    idle.start()
    idle.ctl("pause", "acme/web")
    wait_for(lambda: journal.about("PROJECT", "acme/web"), "the pause in the journal")
    incident = idle.submit()["incidentId"]
    idle.ctl("incident", "close", incident)
    journal.wait_told(incident, "An operator closed it")


def test_without_systemd_nothing_changes(daemon):
    """The event log has the story; standard error has what needs attention."""
    ticket = daemon.submit()
    wait_for(lambda: daemon.tasks(kind="publish_report", status="completed"), "the publication")
    assert ticket["incidentId"] not in daemon.log() and "failed on" not in daemon.log()
