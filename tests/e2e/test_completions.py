"""The three shells complete what the running daemon has."""
import shutil
import subprocess

import pytest

from conftest import CODEGENCTL, ROOT

SCRIPTS = ROOT / "completions"

BASH = """
source '{script}'
_command_offset() {{ COMPREPLY=("command ${{COMP_WORDS[$1]}}"); }}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_codegenctl
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
FISH = """
source '{script}'
complete -C '{line}' | string replace -r '\\t.*' ''
true
"""
# An interactive shell in a terminal: somebody types the line, and the key for completions.
ZSH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source '{setup}'"
while zpty -r shell line && [[ $line != *ready* ]]; do :; done
zpty -w -n shell '{line}'$'\t'
while zpty -r shell line && [[ $line != *all-told* ]]; do
    [[ $line == *\<*\>* ]] && print -r -- ${{${{line##*\<}}%%\>*}}
done
true
"""
# What is offered is printed, each between < and >.
ZSH_SETUP = r"""
fpath=('{directory}' $fpath)
autoload -U compinit
compinit -u -D
tell-end() {{ print all-told; }}
comppostfuncs=(tell-end)
compadd() {{
    local -a offered
    if [[ ${{@[1,(i)(-|--)]}} != *-(O|A|D)\ * ]]; then
        builtin compadd -A offered "$@"
        print -rl -- "<"${{^offered}}">"
    fi
    builtin compadd "$@"
}}
print ready
"""


def need(shell):
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")


def run(shell, text, daemon):
    ended = subprocess.run([shell, "-c", text], capture_output=True, text=True, timeout=60,
                           env={**daemon.environment, "TERM": "dumb"}, cwd=daemon.directory)
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split())


def bash(daemon, words, current="", equals=""):
    line = f"'{CODEGENCTL}' --socket {equals} '{daemon.control}' {words} '{current}'"
    return run("bash", BASH.format(script=SCRIPTS / "codegenctl.bash", words=line), daemon)


def linked(daemon):
    """Some shells complete by the name of the command, which is looked for in $PATH: a directory that has it."""
    link = daemon.directory / "codegenctl"
    if not link.exists():
        link.symlink_to(CODEGENCTL)
    return daemon.directory


def fish(daemon, words, current=""):
    linked(daemon)
    path = f"set PATH '{daemon.directory}' $PATH\n"
    line = f"codegenctl --socket {daemon.control} {words} {current}"
    text = FISH.format(script=SCRIPTS / "codegenctl.fish", line=line)
    return run("fish", path + text, daemon)


def zsh(daemon, words, current=""):
    directory = linked(daemon) / "zsh"
    directory.mkdir(exist_ok=True)
    shutil.copy(SCRIPTS / "codegenctl.zsh", directory / "_codegenctl")
    (directory / "setup").write_text(ZSH_SETUP.format(directory=directory))
    text = ZSH.format(setup=directory / "setup", line=f"codegenctl --socket {daemon.control} {words} {current}")
    return run("zsh", f"path=('{daemon.directory}' $path)\n{text}", daemon)


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
    assert complete(idle, "task run") == tasks, "nothing of the command run, such as files"
    assert complete(idle, "incident close") == incidents
    assert complete(idle, "tasks --incident") == incidents
    assert complete(idle, "report show") == {first["reportId"], second["reportId"]}
    assert complete(idle, "explain") == incidents | tasks
    projects = {"acme/web", "other/project", "acme/quiet"}
    assert complete(idle, "incidents --project") == projects
    assert complete(idle, "pause") == projects


@pytest.mark.parametrize("shell", SHELLS)
def test_words_are_completed(idle, shell):
    need(shell)
    assert SHELLS[shell](idle, "completion") == set(SHELLS)
    assert {"cancel", "retry", "run", "show", "snooze"} <= SHELLS[shell](idle, "task")


@pytest.mark.parametrize("shell, offered", [("bash", "command"), ("fish", "codegenctl"), ("zsh", "codegenctl")])
def test_the_command_of_run_is_completed_as_such(idle, shell, offered):
    need(shell)
    linked(idle)
    assert offered in SHELLS[shell](idle, "run -- cat")
    assert "--strict" not in SHELLS[shell](idle, "run -- cat", "--str")
    assert "--strict" in SHELLS[shell](idle, "run", "--str")


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


@pytest.mark.parametrize("words, last, offered", [
    ("", "incidents", {"incidents"}), ("tasks --status =", "sch", {"scheduled"}),
    ("tasks --status", "=", {"scheduled", "executing", "completed", "failed", "cancelled"}),
    ("incidents --project =", "acme", {"acme/web"}), ("--timeout = 3 incidents --project", "acme", {"acme/web"})])
def test_a_value_behind_an_equals_sign(daemon, words, last, offered):
    """Where somebody wrote --socket=PATH, bash has made three words of it."""
    need("bash")
    daemon.submit()
    assert bash(daemon, words, last, equals="=") == offered
