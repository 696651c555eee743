"""Runs the projects beside this file with real tools and keeps what they print: see tools/record-logs, which starts it.

It lives in a mount and host-name namespace of its own, so that what is recorded shows the paths of any CI machine:
/home/runner/work/PROJECT/PROJECT, on a host called runner.
"""
import argparse
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "recordings.toml"
HOME = pathlib.Path("/home/runner")
LOG_MAX_BYTES = 64 * 1024
PATIENCE_S = 300
LABEL_KEYS = ("file", "source", "errorType", "stage", "cause", "headline", "names", "notes")
KEPT_VARIABLES = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "http_proxy",
                  "https_proxy", "no_proxy")


def table():
    return tomllib.loads(TABLE.read_text())["recording"]


def label_of(row):
    """The line of labels.jsonl."""
    source = f"recorded: {row['command']}" + (" (on a terminal)" if row.get("tty") else "")
    label = {"file": row["name"] + ".log", "source": source, "headline": None, "names": [], "notes": "",
             **{key: row[key] for key in LABEL_KEYS if key in row}}
    return {key: label[key] for key in LABEL_KEYS}


def write_labels(directory):
    rows = [label_of(row) for row in table() if (directory / (row["name"] + ".log")).is_file()]
    (directory / "labels.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def enter(npm_cache):
    """Covers /home with an empty one; returns where npm's modules and this directory are to be found from now on."""
    subprocess.run(["hostname", "runner"], check=True)
    mount("-t", "tmpfs", "none", "/mnt")
    kept = {}
    for name, place in (("npm", npm_cache), ("recordings", HERE)):
        kept[name] = pathlib.Path("/mnt") / name
        kept[name].mkdir()
        mount("--bind", place, kept[name])
    mount("-t", "tmpfs", "-o", "mode=0755", "none", "/home")
    HOME.mkdir()
    return kept["npm"], kept["recordings"]


def environment(tty, more):
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {**kept, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(HOME), "USER": "runner", "CI": "true",
            "LANG": "C.UTF-8", "NEXT_TELEMETRY_DISABLED": "1", "NO_UPDATE_NOTIFIER": "1",
            "npm_config_update_notifier": "false",
            **({"TERM": "xterm-256color", "CIRCLECI": "true"} if tty else {}), **more}


def checkout(row, recordings, npm):
    """A fresh copy of the project, where a CI system would have put it."""
    project = row.get("project", "empty")
    place = HOME / "work" / project / project
    shutil.rmtree(place.parent, ignore_errors=True)
    if (recordings / "projects" / project).is_dir():
        shutil.copytree(recordings / "projects" / project, place)
    else:
        place.mkdir(parents=True)
    if row.get("npm"):
        (place / "node_modules").mkdir()
        mount("--bind", npm / "node_modules", place / "node_modules")
    if "setup" in row:
        subprocess.run(["bash", "-e", "-c", row["setup"]], cwd=place, env=environment(False, {}), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return place


def clear(place):
    """Takes away what is mounted in the checkout, so that removing it removes nothing else."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        if line.split()[1].startswith(f"{place}/"):
            subprocess.run(["umount", "--lazy", line.split()[1]], check=True)


def serve(row, place):
    """The server that the tool is to talk to, or None."""
    if "serve" not in row:
        return None
    server = subprocess.Popen(["bash", "-c", "exec " + row["serve"]], cwd=place, stdin=subprocess.DEVNULL)
    time.sleep(1)
    return server


def read_all(fd, process):
    output, end = b"", time.monotonic() + PATIENCE_S
    while True:
        if not select.select([fd], [], [], max(end - time.monotonic(), 0))[0]:
            os.killpg(process.pid, signal.SIGKILL)
            sys.exit(f"{process.args} took longer than {PATIENCE_S} s")
        try:
            data = os.read(fd, 65536)
        except OSError:     # a terminal without anybody at the other end
            data = b""
        if not data:
            return output
        output += data


def run(row, place):
    """(what it printed, exit code): one pipe, or a terminal, for both of its outputs."""
    tty = row.get("tty", False)
    ours, theirs = pty.openpty() if tty else os.pipe()
    if tty:
        subprocess.run(["stty", "rows", "40", "cols", "120"], stdin=theirs, check=True)
    process = subprocess.Popen(["bash", "-o", "pipefail", "-c", row["command"]], cwd=place, start_new_session=True,
                               stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                               env=environment(tty, row.get("environment", {})))
    os.close(theirs)
    output = read_all(ours, process)
    os.close(ours)
    return output, process.wait()


def neutral(output, registry):
    """Without what only this machine knows: the registry it really uses."""
    return output.replace(registry.rstrip("/").encode() + b"/", b"https://registry.npmjs.org/")


def registry():
    asked = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def complaint(row, output, code):
    """Why this recording is of no use, or None."""
    if len(output) >= LOG_MAX_BYTES:
        return f"{len(output)} bytes"
    if (code == 0) != (row["errorType"] == "none"):
        return f"exit code {code}"
    text = re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output.decode(errors="replace")))
    missing = [name for name in row.get("names", []) + row.get("headline", [])[:1]
               if re.sub(r"\s+", " ", name).strip() not in text]
    return f"it does not say {missing}" if missing else None


def main():
    parser = argparse.ArgumentParser(prog="record-logs")
    parser.add_argument("npm_cache", type=pathlib.Path)
    parser.add_argument("names", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if arguments.names == ["--labels"]:
        return write_labels(HERE)
    where = registry()
    npm, recordings = enter(arguments.npm_cache.resolve())
    failed = 0
    for row in table_in(recordings):
        if arguments.names and row["name"] not in arguments.names:
            continue
        place = checkout(row, recordings, npm)
        server = serve(row, place)
        output, code = run(row, place)
        if server is not None:
            server.terminate()
            server.wait()
        clear(place)
        output = neutral(output, where)
        problem = complaint(row, output, code)
        failed += problem is not None
        (recordings / (row["name"] + ".log")).write_bytes(output)
        print(f"{row['name']}: exit code {code}, {len(output)} bytes" + (f": {problem}" if problem else ""), flush=True)
    write_labels(recordings)
    sys.exit(failed > 0)


def table_in(recordings):
    return tomllib.loads((recordings / TABLE.name).read_text())["recording"]


if __name__ == "__main__":
    main()
