"""What the counters in a build with coverage say, folder by folder; tools/coverage makes and fills that build."""
import argparse
import collections
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYERS = ("common", "daemon", "client")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--html")
    arguments = parser.parse_args()
    command = ["gcovr", "--root", ROOT, "--object-directory", arguments.build, "--exclude-unreachable-branches",
               "--gcov-ignore-parse-errors", *(f"--filter={ROOT}/{layer}/" for layer in LAYERS), "--json-summary"]
    told = subprocess.run([*command, *(["--html-details", arguments.html] if arguments.html else [])],
                          capture_output=True, text=True, check=True)
    sums = collections.defaultdict(lambda: [0] * 4)
    for file in json.loads(told.stdout)["files"]:
        path = pathlib.PurePath(file["filename"])
        for name in (path.parts[0], "/".join(path.parts[:2]) if len(path.parts) > 2 else path.parts[0] + "/*", "all"):
            for i, key in enumerate(("line_covered", "line_total", "branch_covered", "branch_total")):
                sums[name][i] += file[key]
    print(f"{'':24}{'lines':>16}{'':>8}{'branches':>16}")
    for name in sorted(sums, key=lambda name: (name == "all", name)):
        lines, of_lines, branches, of_branches = sums[name]
        print(f"{name:24}{lines:>8}/{of_lines:<7}{100 * lines / max(of_lines, 1):>7.1f}%"
              f"{branches:>9}/{of_branches:<7}{100 * branches / max(of_branches, 1):>6.1f}%")


main()
