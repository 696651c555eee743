"""codegend-agent, started for each connection as systemd does it (Accept=yes)."""
import contextlib
import json
import signal
import socket
import subprocess
import threading

from conftest import BUILD, PATIENCE_S, Varlink, clean_environment

PROGRAM = BUILD / "daemon" / "runner" / "codegend-agent"


class Activator:
    """Listens, and starts the program with the connection as its standard input."""

    def __init__(self, directory):
        self.path = directory / "agent.sock"
        self.log_file = directory / "agent.log"
        self.environment = clean_environment(directory)
        self.processes = []
        self.prefix = []  # a program that starts it
        self.refuses = False  # as a unit beyond its MaxConnections
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection:
                    if not self.refuses:
                        self.processes.append(self.start(connection))

    def start(self, connection):
        with self.log_file.open("ab") as log:
            return subprocess.Popen([*self.prefix, PROGRAM], stdin=connection, stdout=log, stderr=log, env={
                **self.environment, "NOTIFY_SOCKET": "/nonexistent", "LISTEN_FDS": "1", "API_KEY": "of the unit"})

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        self.path.unlink(missing_ok=True)

    def finish(self):
        """All that ran ended by itself, cleanly."""
        self.close()
        for process in self.processes:
            assert process.wait(PATIENCE_S) in (0, -signal.SIGKILL), self.log()

    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""


class Caller(Varlink):
    """The daemon's part, played by a test."""

    def run(self, *command, prompt="do it", environment=(), **more):
        self.send("io.codegend.agent.Run", {
            "command": list(command), "environment": list(environment), "prompt": prompt, "report": {"id": "report-1"},
            "outputBytes": 65536, "timeoutMs": 60000, "killAfterMs": 5000, **more})

    def shell(self, script, **more):
        self.run("/bin/sh", "-c", script, **more)

    def begin(self, script, **more):
        self.shell(script, **more)
        assert self.receive() == {"parameters": {"starting": True}, "continues": True}

    def end(self):
        """The last answer, behind which there is nothing."""
        answer = self.receive()
        assert self.receive() is None
        return answer

    def stop(self):
        self.send_raw(json.dumps({"method": "io.codegend.agent.Stop", "oneway": True}).encode() + b"\0")
