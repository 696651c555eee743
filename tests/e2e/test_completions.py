"""The three shells complete what the running daemon has."""
import shutil
import subprocess

import pytest

from conftest import CODEGENCTL, ROOT

SCRIPTS = ROOT / "completions"

BASH = """
source '{script}'
COMP_WORDS=({words} '')
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_codegenctl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
FISH = """
source '{script}'
complete -C '{line} ' | string replace -r '\\t.*' ''
true
"""


def need(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")


def run(shell, text, daemon):
    ended = subprocess.run([shell, "-c", text], capture_output=True, text=True, timeout=60,
                           env={**daemon.environment, "TERM": "dumb"}, cwd=daemon.directory)
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split())


def bash(daemon, words):
    line = f"'{CODEGENCTL}' --socket '{daemon.control}' {words}"
    return run("bash", BASH.format(script=SCRIPTS / "codegenctl.bash", words=line), daemon)


def fish(daemon, words):
    # It completes by the name of the command, which is looked for in $PATH.
    link = daemon.directory / "codegenctl"
    if not link.exists():
        link.symlink_to(CODEGENCTL)
    path = f"set PATH '{daemon.directory}' $PATH\n"
    text = FISH.format(script=SCRIPTS / "codegenctl.fish", line=f"codegenctl --socket {daemon.control} {words}")
    return run("fish", path + text, daemon)


def zsh(daemon, words):
    """The functions that ask, since a line editor cannot be had here."""
    calls = {"task show": "_codegenctl_ids tasks", "incident close": "_codegenctl_ids incidents",
             "report show": "_codegenctl_ids reports", "explain": "_codegenctl_ids incidents tasks",
             "incidents --project": "_codegenctl_projects", "pause": "_codegenctl_projects",
             "tasks --incident": "_codegenctl_ids incidents"}
    script = SCRIPTS / "codegenctl.zsh"
    assert calls[words] in script.read_text()
    text = (script.read_text().replace('_codegenctl "$@"\n', "")
            + "\ncompadd() { [[ $1 == -a ]] && print -l -- ${(P)2}; }\n"
            + f"program='{CODEGENCTL}'; where=(--socket '{daemon.control}'); {calls[words]}\n")
    return run("zsh", text, daemon)


SHELLS = {"bash": bash, "fish": fish, "zsh": zsh}


@pytest.mark.parametrize("shell", SHELLS)
def test_ids_and_projects_are_completed(idle, shell):
    need(shell)
    complete = SHELLS[shell]
    idle.configure(follow_up_delay="1h")
    idle.config.write_text(idle.config.read_text() + 'project "acme/quiet" {\n}\n')
    idle.start()
    first = idle.submit(branch="one")
    second = idle.submit(branch="two", project="other/project")
    incidents = {first["incidentId"], second["incidentId"]}
    for ticket in (first, second):
        idle.wait_state(ticket["incidentId"], "waiting")
    tasks = {task["id"] for task in idle.tasks()}
    assert complete(idle, "task show") == tasks
    assert complete(idle, "incident close") == incidents
    assert complete(idle, "tasks --incident") == incidents
    assert complete(idle, "report show") == {first["reportId"], second["reportId"]}
    assert complete(idle, "explain") == incidents | tasks
    projects = {"acme/web", "other/project", "acme/quiet"}
    assert complete(idle, "incidents --project") == projects
    assert complete(idle, "pause") == projects


@pytest.mark.parametrize("shell", SHELLS)
def test_nobody_answers_and_nothing_is_said(idle, shell):
    need(shell)
    assert SHELLS[shell](idle, "task show") == set()


def test_what_a_shell_would_execute_is_not_completed(daemon):
    """Anybody may have named a project; what is completed in bash stands in the command line as it is."""
    need("bash")
    daemon.submit(project="$(touch x)/web")
    assert bash(daemon, "incidents --project") == set()
    assert not (daemon.directory / "x").exists()
