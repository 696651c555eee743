"""What people would otherwise keep tasks in, as Debian packages it: scratch servers on Unix sockets, durable."""
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import time

import harness
from harness import Failed

POSTGRES_PROGRAMS = "/usr/lib/postgresql/*/bin"
POSTGRES_CONFIG = """
listen_addresses = ''
unix_socket_directories = '{run}'
max_connections = 300
fsync = on
synchronous_commit = on
commit_delay = {commit_delay_us}
commit_siblings = 5
max_wal_size = 16GB
checkpoint_timeout = 1d
autovacuum = off
logging_collector = off
"""


class Contender:
    """One server: `command` starts it, `socket` is where it listens."""

    wire = None
    PATIENCE_S = 30

    def __init__(self, directory):
        self.directory = directory
        self.socket = directory / "socket"
        self.process = None
        directory.mkdir(parents=True)

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen([*map(str, self.command())], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd=self.directory, env=harness.environment())
        try:
            self.await_socket()
        except Failed:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            process, self.process = self.process, None
            process.send_signal(self.stop_signal())
            process.wait(self.PATIENCE_S)

    def stop_signal(self):
        return signal.SIGTERM

    def await_socket(self):
        end = time.monotonic() + self.PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket(socket.AF_UNIX) as connection:
                try:
                    connection.connect(str(self.socket))
                    return
                except OSError:
                    time.sleep(0.05)
        raise Failed(f"{self.wire} did not start: {(self.directory / 'log').read_text()[-300:].strip()}")

    def pids(self):
        return harness.family(self.process.pid)


class Beanstalkd(Contender):
    wire = "beanstalkd"

    def command(self):
        return ["beanstalkd", "-b", self.directory, "-f0", "-l", f"unix:{self.socket}"]


class Redis(Contender):
    wire = "redis"

    def command(self):
        return ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.directory, "--save", "",
                "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"]


class Postgresql(Contender):
    """Never root: then it runs as the user that the package made, or as nobody's."""

    wire = "postgresql"

    def __init__(self, directory, commit_delay_us):
        super().__init__(directory)
        self.data = directory / "data"
        self.socket = directory / ".s.PGSQL.5432"
        programs = sorted(pathlib.Path("/").glob(POSTGRES_PROGRAMS[1:]))
        if not programs:
            raise Failed("PostgreSQL is not installed")
        self.programs = programs[-1]
        self.as_user = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            self.as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
            os.chown(directory, user.pw_uid, user.pw_gid)
        done = subprocess.run([*self.as_user, self.programs / "initdb", "-D", self.data, "-U", "bench", "-A", "trust",
                               "-E", "UTF8", "--locale=C"], capture_output=True, text=True, cwd=directory,
                              env=harness.environment())
        if done.returncode != 0:
            raise Failed(f"initdb: {done.stderr.strip()[-300:]}")
        with (self.data / "postgresql.conf").open("a") as config:
            config.write(POSTGRES_CONFIG.format(run=directory, commit_delay_us=commit_delay_us))

    def command(self):
        return [*self.as_user, self.programs / "postgres", "-D", self.data]

    def stop_signal(self):
        return signal.SIGINT  # without waiting for clients

    def __enter__(self):
        super().__enter__()
        sql = "CREATE TABLE IF NOT EXISTS tasks (id bigserial PRIMARY KEY, task text NOT NULL)"
        for _ in range(100):  # the socket is there before it takes anybody
            done = subprocess.run([self.programs / "psql", "-qX", "-h", self.directory, "-U", "bench", "-d", "postgres",
                                   "-c", sql], capture_output=True, text=True, env=harness.environment())
            if done.returncode == 0:
                return self
            time.sleep(0.1)
        self.__exit__()
        raise Failed(f"psql: {done.stderr.strip()[-300:]}")


def commit_delay_us(directory):
    """As its manual advises: half of what a sync takes."""
    return int(min(harness.fsync_latency_us(directory) / 2, 10_000))
