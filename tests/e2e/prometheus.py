"""Debian's Prometheus and its node exporter, both private and on ports that the kernel chose; and figures as text."""
import contextlib
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from conftest import PATIENCE_S, wait_for

PROGRAMS = ("promtool", "prometheus", "prometheus-node-exporter")
MISSING = [name for name in PROGRAMS if not shutil.which(name)]
SAMPLE = re.compile(r'^(\w+)(?:\{(.*)\})? (\S+)$', re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
HELP = re.compile(r"^# HELP (\w+) (.*)$", re.MULTILINE)
TYPE = re.compile(r"^# TYPE (\w+) (\w+)$", re.MULTILINE)
LISTENS = re.compile(r'msg="Listening on" address=(\S+)')


class Figures(dict):
    """{(name, label value...): number}, of text in Prometheus's format."""

    def __init__(self, text):
        super().__init__()
        self.text, self.labels = text, {}
        self.helps, self.types = dict(HELP.findall(text)), dict(TYPE.findall(text))
        for name, labels, value in SAMPLE.findall(text):
            found = LABEL.findall(labels)
            assert (name, *(value for _, value in found)) not in self, f"{name}{{{labels}}} is there twice"
            self[(name, *(value for _, value in found))] = float(value)
            self.labels.setdefault(name, {name for name, _ in found})


def promtool(*arguments, text=None, cwd=None):
    ended = subprocess.run(["promtool", *map(str, arguments)], input=text, capture_output=True, text=True, cwd=cwd,
                           timeout=3 * PATIENCE_S)
    return ended.returncode, ended.stdout + ended.stderr


@contextlib.contextmanager
def serving(log, *command):
    """Runs a program until the end of the block; the address that it listens on."""
    with log.open("wb") as output:
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        def address():
            assert process.poll() is None, log.read_text()
            return LISTENS.search(log.read_text())
        yield wait_for(address, f"{command[0]} listening").group(1)
    finally:
        process.terminate()
        process.wait()


def node_exporter(directory):
    """One that shows the files of `directory` and nothing else."""
    return serving(directory / "exporter.log", "prometheus-node-exporter", "--web.listen-address=127.0.0.1:0",
                   "--collector.disable-defaults", "--collector.textfile",
                   f"--collector.textfile.directory={directory}")


class Server:
    def __init__(self, address):
        self.address = address

    def is_ready(self):
        """It listens before that, and answers 503."""
        with contextlib.suppress(urllib.error.HTTPError):
            return urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=PATIENCE_S).status == 200

    def get(self, what, **parameters):
        url = f"http://{self.address}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.get("query", query=expression)["result"]


@contextlib.contextmanager
def server(directory, target, rules):
    """One that scrapes `target` and evaluates `rules`, each second."""
    config = directory / "prometheus.yml"
    config.write_text(json.dumps({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                                  "rule_files": [str(rules)],
                                  "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": [target]}]}]}))
    with serving(directory / "prometheus.log", "prometheus", f"--config.file={config}",
                 f"--storage.tsdb.path={directory / 'tsdb'}", "--web.listen-address=127.0.0.1:0") as address:
        made = Server(address)
        wait_for(made.is_ready, "Prometheus becoming ready")
        yield made
