#!/usr/bin/python3
"""The figures of tools/bench, which builds the programs and runs this: a function for each section."""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import checks
import growth
import harness
import history
import steps
import submission
import table
import timers
from harness import Daemon, Failed

SECTIONS = {
    "submit": (submission.submit, "Durable submission"),
    "step": (steps.step, "What a CI step pays"),
    "growth": (growth.growth, "Growth"),
    "timers": (timers.timers, "Timers"),
    "checks": (checks.checks, "Checks and logs"),
    "stats": (history.stats, "Statistics"),
}
NOTES = pathlib.Path(__file__).with_name("notes.md")
CONTENDERS = {"beanstalkd": "beanstalkd", "redis": "redis-server", "PostgreSQL": "postgresql-15", "at": "at",
              "tsp": "task-spooler", "node": "nodejs"}


class Bench:
    def __init__(self, directory, quick, live):
        self.directory = directory
        self.quick = quick
        self.seconds = 1 if quick else 5
        self.n_directories = 0
        self.table = table.Table(live)

    def new_directory(self, name):
        self.n_directories += 1
        directory = self.directory / f"{name}-{self.n_directories}"
        directory.mkdir(mode=0o711)
        return directory

    def daemon(self, config=""):
        return Daemon(self.new_directory("daemon"), config)


def read_field(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"


def version_of(package):
    done = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True)
    return done.stdout.strip() or "not installed"


def disk_of(directory):
    """The file system, and what kind of a device it lies on."""
    done = subprocess.run(["findmnt", "-n", "-o", "FSTYPE,SOURCE", "--target", directory], capture_output=True,
                          text=True)
    file_system, _, source = done.stdout.strip().partition(" ")
    device = pathlib.Path(source.strip()).name
    kinds = {"vd": "a virtual disk", "nvme": "NVMe", "sd": "SCSI or SATA", "dm": "the device mapper", "md": "a RAID"}
    kind = next((kind for prefix, kind in kinds.items() if device.startswith(prefix)), "a device of another kind")
    return f"{file_system or 'an unknown file system'} on {kind}"


def describe(directory):
    """The machine, without a name or a path that tells whose it is."""
    return {
        "processor": read_field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_mib": int(read_field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        "disk": disk_of(directory),
        "kernel": platform.release().partition("-")[0],
        "fdatasync_per_s": round(1e6 / harness.fsync_latency_us(directory)),
        "load_before": round(os.getloadavg()[0], 2),
        "contenders": {name: version_of(package) for name, package in CONTENDERS.items()},
    }


def sentences(machine):
    yield (f"{machine['cores']} cores ({machine['processor']}), {machine['memory_mib']:,} MiB of memory, Linux "
           f"{machine['kernel']}; the load generator runs on the same cores.")
    yield (f"Databases on {machine['disk']}: {machine['fdatasync_per_s']:,} times a second a page can be appended and "
           "synced there.")
    if "load_after" in machine:
        yield f"The machine's load was {machine['load_before']} before the run, {machine['load_after']} after it."
    yield "Beside it: " + ", ".join(f"{name} {version}" for name, version in machine["contenders"].items()) + "."
    if machine["disk"].startswith("tmpfs"):
        yield "That is memory, not a disk: what is called durable here is not. Choose another --directory."


def read_notes():
    """What NOTES says below "## NAME", by the section's name; "" for what is before all of them."""
    parts = re.split(r"^## (\w+)\n", NOTES.read_text(), flags=re.MULTILINE)
    return {"": parts[0].strip(), **{name: text.strip() for name, text in zip(parts[1::2], parts[2::2])}}


def measure(bench, names):
    failed = False
    for name in names:
        function, title = SECTIONS[name]
        bench.table.section(name, title)
        try:
            function(bench)
        except (Failed, OSError) as error:
            bench.table.error(str(error))
            failed = True
    return failed


def print_markdown(figures, machine, quick):
    notes = read_notes()
    print(f"{notes['']}\n\n## The machine\n")
    print("\n".join(f"- {sentence}" for sentence in sentences(machine)))
    print(f"- A {'quick' if quick else 'full'} run of {machine['seconds'] / 60:.0f} minutes.")
    figures.print_markdown(notes)


def finish(bench, machine, form):
    machine["load_after"] = round(os.getloadavg()[0], 2)
    machine["seconds"] = round(time.monotonic() - bench.started)
    if form == "json":
        bench.table.print_json(machine, bench.quick)
    elif form == "markdown":
        print_markdown(bench.table, machine, bench.quick)
    else:
        print(f"\n{bench.table.n_over or 'No'} goal{'s' * (bench.table.n_over != 1)} missed; {machine['seconds']} s.")


def show(path):
    """What --json printed, as Markdown."""
    known = json.loads(path.read_text())
    figures = table.Table(live=False)
    figures.sections = known["sections"]
    print_markdown(figures, known["machine"], known["quick"])


def main():
    parser = argparse.ArgumentParser(prog="tools/bench", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_const", const="json", dest="form")
    parser.add_argument("--markdown", action="store_const", const="markdown", dest="form")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--directory", default="/var/tmp")
    parser.add_argument("names", nargs="*", choices=[[], *SECTIONS])
    parser.add_argument("--from", type=pathlib.Path, dest="known")
    options = parser.parse_args()
    if options.known:
        show(options.known)
        return False
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as Control-C: nothing stays behind
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(tempfile.mkdtemp(prefix="codegen-bench.", dir=options.directory))
        directory.chmod(0o711)  # PostgreSQL is no root
        if not options.keep:
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
        machine = describe(directory)
        bench = Bench(directory, options.quick, options.form is None)
        bench.started = time.monotonic()
        if options.form is None:
            print("\n".join(sentences(machine)))
        failed = measure(bench, options.names or SECTIONS)
        finish(bench, machine, options.form)
    return failed


if __name__ == "__main__":
    sys.exit(main())
