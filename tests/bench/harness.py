"""A private daemon to measure, and the programs that measure it."""
import contextlib
import json
import os
import pathlib
import resource
import signal
import socket
import statistics
import subprocess
import time

BUILD = pathlib.Path(os.environ["CODEGEND_BUILD"]).resolve()
CODEGEND = BUILD / "daemon" / "codegend"
CODEGENCTL = BUILD / "client" / "codegenctl"
PATIENCE_S = 120
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A figure could not be measured."""


def program(name, *arguments, cwd=None):
    """The JSON object that bench-NAME prints. Never in a checkout by chance: the client gathers what one tells."""
    command = [BUILD / "tests" / "bench" / f"bench-{name}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd or "/",
                          env=environment())
    if done.returncode != 0:
        raise Failed(done.stderr.strip() or f"bench-{name} ended with {done.returncode}")
    return json.loads(done.stdout)


def environment(**more):
    """Nothing of the caller's CI, desktop or systemd."""
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", **more}


def fsync_latency_us(directory, n=200):
    """Median of appending a page to a file and waiting until it is on the disk."""
    path = directory / "fsync"
    took = []
    fd = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for _ in range(n):
        start = time.perf_counter()
        os.write(fd, b"\0" * 4096)
        os.fdatasync(fd)
        took.append(time.perf_counter() - start)
    os.close(fd)
    path.unlink()
    return statistics.median(took) * 1e6


def drop_from_memory(path):
    """The next reader of `path` reads the disk."""
    fd = os.open(path, os.O_RDWR)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def peak_mib(pid):
    """The most memory that a process had so far; 0 when it is gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def machine_cpu_s():
    """What all programs and the kernel used so far, of all cores together."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def processes_cpu_s(pids):
    """What they used so far, and what their children did that are gone."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICKS_PER_SECOND


def n_switches(pids):
    """How often their threads went to sleep, or were sent, so far."""
    total = 0
    for pid in pids:
        for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status"):
            with contextlib.suppress(OSError):
                total += sum(int(line.split()[1]) for line in status.read_text().splitlines()
                             if "ctxt_switches" in line)
    return total


def family(pid):
    """A process and its children."""
    with contextlib.suppress(OSError):
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]
    return [pid]


def load(server, call, n_connections, prefix, depth=1, seconds=0, n_calls=0, number=0, path=None):
    """Runs the load generator; its figures, the calls a second and the server's own microseconds a call added."""
    machine_s, ours_s, server_s = machine_cpu_s(), children_cpu_s(), processes_cpu_s(server.pids())
    started = time.perf_counter()
    figures = program("load", server.wire, path or server.socket, call, n_connections, depth, int(seconds * 1000),
                      n_calls, prefix, number)
    server_s = processes_cpu_s(server.pids()) - server_s
    figures["cpu_us"] = server_s / figures["n"] * 1e6
    others_s = machine_cpu_s() - machine_s - (children_cpu_s() - ours_s) - server_s
    figures["others"] = max(others_s / (time.perf_counter() - started) / os.cpu_count(), 0)
    figures["rate"] = figures["n"] / figures["seconds"]
    return figures


def children_cpu_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Daemon:
    """One codegend in `directory`, with its own state, sockets and configuration."""

    wire = "codegend"

    def __init__(self, directory, config=""):
        self.directory = directory
        self.state = directory / "state"
        self.database = self.state / "codegend.db"
        self.control = directory / "run" / "control.sock"
        self.submit = directory / "run" / "submit" / "submit.sock"
        self.socket = self.submit
        self.config = directory / "codegend.conf"
        self.process = None
        directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(f"{config}\nmax-pending-per-user = 1000000\n")  # one user brings all the load

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Returns the seconds until it said that it is ready."""
        address = self.directory / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, (self.directory / "log").open("ab") as log:
            notify.bind(str(address))
            notify.settimeout(PATIENCE_S)
            started = time.perf_counter()
            self.process = subprocess.Popen(
                [CODEGEND, "--config", self.config, "--state-directory", self.state, "--runtime-directory",
                 self.directory / "run"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment(NOTIFY_SOCKET=str(address)))
            while True:
                try:
                    if b"READY=1" in notify.recv(4096):
                        return time.perf_counter() - started
                except TimeoutError:
                    raise Failed(f"codegend did not become ready; see {self.directory}/log") from None

    def stop(self):
        if self.process is not None:
            process, self.process = self.process, None
            process.send_signal(signal.SIGTERM)
            if process.wait(PATIENCE_S) != 0:
                raise Failed(f"codegend ended with {process.returncode}; see {self.directory}/log")

    def call(self, method, **parameters):
        """One call on a connection of its own."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(str(self.control))
            connection.sendall(json.dumps({"method": f"io.codegend.{method}", "parameters": parameters}).encode() +
                               b"\0")
            answer = b""
            while not answer.endswith(b"\0"):
                piece = connection.recv(65536)
                if not piece:
                    raise Failed(f"codegend hung up; see {self.directory}/log")
                answer += piece
        answer = json.loads(answer[:-1])
        if "error" in answer:
            raise Failed(f"{method}: {answer}")
        return answer["parameters"]

    def tasks(self):
        return self.call("GetStatus")["status"]["tasks"]

    def pids(self):
        return [self.process.pid]

    def load(self, call, n_connections, prefix, seconds=0, n_calls=0, number=0):
        """The figures of a load on the socket that takes such calls."""
        path = self.control if call in ("schedule", "status") else self.submit
        return load(self, call, n_connections, prefix, seconds=seconds, n_calls=n_calls, number=number, path=path)

    # What the kernel says about it

    def memory_kib(self, name):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise Failed(f"/proc tells no {name}")

    def state_bytes(self):
        return sum(file.stat().st_size for file in self.state.glob("codegend.db*"))

    def cpu_s(self):
        return processes_cpu_s(self.pids())

    def n_switches(self):
        return n_switches(self.pids())
