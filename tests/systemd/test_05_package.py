"""tools/package, before anything is installed."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[2]


def test_it_removes_what_it_made_and_nothing_else(tmp_path):
    """From the directory that it is told; a commit that is not there ends it before it builds anything."""
    keeps = {"notes", "log", "source/main.c", "codegend-notes_1.txt", "other_1.0_amd64.deb"}
    made = {"codegend_0.0.1_amd64.deb", "codegenctl-static-dbgsym_0.0.1_amd64.deb", "codegend_0.0.1_amd64.changes"}
    for name in keeps | made:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    ended = subprocess.run([ROOT / "tools/package", "--commit", "no-such-commit", "--output", tmp_path],
                           capture_output=True, text=True)
    assert ended.returncode != 0
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == keeps
