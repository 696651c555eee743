"""What the checks of this folder share. A check is a function from a tree to the list of what is wrong with it; before
it looks at the real tree it has to find the fault in samples made for it, so that a check that cannot fail fails."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sources(root, *suffixes):
    """The files of a tree with one of these suffixes, relative to it: those git knows, else all but build folders."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        names = [pathlib.Path(name) for name in listed.stdout.splitlines()]
    else:
        names = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    return sorted({name for name in names if name.suffix in suffixes and (root / name).is_file()
                   and not name.parts[0].startswith("build") and "projects" not in name.parts})


def blank_comments_and_strings(text):
    """C source with comments and the insides of literals as spaces; lines stay where they are."""
    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.DOTALL)


def run(check, samples):
    """`samples`: pairs of ({file name: text}, a piece of the complaint it must raise, or None for a sound one)."""
    for files, expected in samples:
        with tempfile.TemporaryDirectory() as directory:
            tree = pathlib.Path(directory)
            for name, text in files.items():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_text(text)
            found = check(tree)
        if not (any(expected in line for line in found) if expected else not found):
            sys.exit(f"{sys.argv[0]}: its own sample {sorted(files)} should give {expected!r}, not {found}")
    problems = check(ROOT)
    for problem in problems:
        print(problem)
    print(f"{pathlib.Path(sys.argv[0]).name}: {len(problems) or 'no'} problem{'s' * (len(problems) != 1)}")
    sys.exit(bool(problems))
