"""A private daemon to measure, the programs that measure it, and the table of figures."""
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


def program(name, *arguments):
    """The JSON object that bench-NAME prints."""
    command = [BUILD / "tests" / "bench" / f"bench-{name}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment())
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


def children_cpu_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Table:
    """Figures, printed as they come."""

    ROW = "{:<62} {:>12} {:>12} {:>7}  {}"

    def __init__(self):
        self.n_over = 0
        print(self.ROW.format("figure", "value", "target", "ratio", ""), flush=True)

    def add(self, name, value, unit, target=None, ratio=None, ratio_target=None, at_least=False):
        """`target` bounds the value from above (`at_least`: from below); `ratio_target` the ratio from below."""
        verdict = ""
        if target is not None:
            verdict = "ok" if (value >= target if at_least else value <= target) else "over"
        if ratio_target is not None and verdict != "over":
            verdict = "ok" if ratio >= ratio_target else "over"
        self.n_over += verdict == "over"
        bound = f"{'>=' if at_least else '<='} {target:,g}" if target is not None else ""
        bound = f">= {ratio_target:g}x" if ratio_target is not None else bound
        number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}".rstrip("0").rstrip(".")
        print(self.ROW.format(name, f"{number} {unit}", bound, f"{ratio:.2f}" if ratio is not None else "", verdict),
              flush=True)


class Daemon:
    """One codegend in `directory`, with its own state, sockets and configuration."""

    def __init__(self, directory, config=""):
        self.directory = directory
        self.state = directory / "state"
        self.database = self.state / "codegend.db"
        self.control = directory / "run" / "control.sock"
        self.submit = directory / "run" / "submit" / "submit.sock"
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

    def load(self, call, n_connections, prefix, seconds=0, n_calls=0, number=0):
        """Runs the load generator; its figures, the calls a second and the daemon's own microseconds a call added."""
        path = self.control if call in ("schedule", "status") else self.submit
        machine_s, ours_s, daemon_s = machine_cpu_s(), children_cpu_s() + self.cpu_s(), self.cpu_s()
        started = time.perf_counter()
        figures = program("load", path, call, n_connections, seconds, n_calls, prefix, number)
        figures["cpu_us"] = (self.cpu_s() - daemon_s) / figures["n"] * 1e6
        others_s = machine_cpu_s() - machine_s - (children_cpu_s() + self.cpu_s() - ours_s)
        figures["others"] = max(others_s / (time.perf_counter() - started) / os.cpu_count(), 0)
        figures["rate"] = figures["n"] / figures["seconds"]
        return figures

    # What the kernel says about it

    def memory_kib(self, name):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise Failed(f"/proc tells no {name}")

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def n_switches(self):
        """How often its threads went to sleep so far."""
        total = 0
        for status in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/status"):
            for line in status.read_text().splitlines():
                if "ctxt_switches" in line:
                    total += int(line.split()[1])
        return total
