"""Wrong settings are named with their place; right ones take force without a restart."""
import json
import os
import signal
import subprocess

import pytest

from conftest import CODEGEND, wait_for

WRONG = {  # what is wrong: (configuration, the line it is in, a word the sentence must hold)
    "unknown key": ("max-cycles = 3\nmax-cycle = 3\n", 2, "max-cycle"),
    "unknown section": ("\nfrobnicate x {\n}\n", 2, "frobnicate"),
    "bad unit": ("mode = act\n\nfollow-up-delay = 10parsecs\n", 3, "follow-up-delay"),
    "no unit": ("retention = 7\n", 1, "retention"),
    "bad mode": ("mode = dream\n", 1, "mode"),
    "not a number": ("max-cycles = many\n", 1, "max-cycles"),
    "negative": ("max-cycles = -1\n", 1, "max-cycles"),
    "section left open": ('agent fixer {\n    type = command\n    command = { "/bin/true" }\n', 3, ""),
    "unknown agent": ('project "acme/web" {\n    agents = { nobody }\n}\n', 2, "nobody"),
    "unknown forge": ('project "acme/web" {\n    forge = nowhere\n}\n', 2, "nowhere"),
    "unknown agent type": ("agent fixer {\n    type = wizard\n}\n", 2, "wizard"),
    "unknown forge type": ("forge f {\n    type = svn\n}\n", 2, "svn"),
    "an agent twice": ('agent a { command = /bin/true }\nproject x {\n    agents = { a, a }\n}\n', 3, "once"),
    "a mention nobody reads": ('agent a { type = mention }\nproject x {\n    agents = { a }\n}\n', 3, "github"),
    "a key of another type": ("agent a {\n    type = mention\n    workdir = /srv\n}\n", 3, "workdir"),
    "a key of another forge": ("forge f {\n    type = local\n    label = x\n}\n", 3, "github"),
    "an App without a key": ("forge f {\n    type = github\n    app-id = 7\n}\n", 3, "app-key"),
    "plain HTTP": ('forge f {\n    type = github\n    api-url = "http://git.example"\n}\n', 3, "https"),
    "a token": ("forge f {\n    type = github\n    token = ghp_abcdef\n}\n", 3, "credential:NAME"),
    "organization missing": ("agent a {\n    type = codegen\n}\n", 1, "organization"),
    "checks of a forge without": ('project x {\n    required-checks = { build }\n}\n', 2, "required-checks"),
    "a key twice": ("mode = act\n\nmode = observe\n", 3, "line 1"),
    "relative command": ("agent fixer {\n    command = fix\n}\n", 2, "absolute"),
    "agent without command": ("agent fixer {\n    type = command\n}\n", 1, "command"),
}


def has_place(text, path, lines):
    return any(f"{path}:{line}:" in text for line in lines)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_configuration_exits_7_with_its_place(idle, name):
    text, line, word = WRONG[name]
    idle.configure(text)
    for arguments in (["--check-config"], []):
        code, said = idle.run_to_end(*arguments)
        assert code == 7, said
        # What spans lines may be named where it begins or ends.
        assert has_place(said, idle.config, range(max(line - 1, 1), line + 3)) and word in said, said
    assert not (idle.state / "codegend.db").exists()


def test_a_mistake_in_the_second_file_is_named_there(idle):
    parts = idle.directory / "codegend.conf.d"
    parts.mkdir()
    (parts / "10-good.conf").write_text("max-cycles = 2\n")
    (parts / "20-bad.conf").write_text("\nbogus = 1\n")
    code, said = idle.run_to_end("--check-config")
    assert code == 7 and f"{parts}/20-bad.conf:2:" in said and "bogus" in said


def test_every_mistake_is_named(idle):
    idle.configure("mode = dream\nretention = 7\n")
    code, said = idle.run_to_end("--check-config")
    assert code == 7 and has_place(said, idle.config, [1]) and has_place(said, idle.config, [2])


def test_an_unknown_agent_type_is_all_that_is_wrong(idle):
    idle.configure("agent fixer {\n    type = comand\n}\n")
    code, said = idle.run_to_end("--check-config")
    assert code == 7 and "comand" in said and "missing" not in said


def test_a_token_in_the_wrong_place_is_not_repeated(idle):
    idle.configure("forge f {\n    type = github\n    token = TOPSECRET\n}\n")
    code, said = idle.run_to_end("--check-config")
    assert code == 7 and "TOPSECRET" not in said


def test_a_password_in_a_file_that_everybody_may_read_is_refused(idle):
    idle.configure('proxy = "http://me:TOPSECRET@127.0.0.1:1"\n')
    idle.config.chmod(0o644)
    code, said = idle.run_to_end("--check-config")
    assert code == 7 and f'{idle.config}:1: key "proxy"' in said and "0640" in said and "TOPSECRET" not in said
    idle.config.chmod(0o640)
    assert idle.run_to_end("--check-config")[0] == 0
    idle.config.chmod(0o644)
    idle.configure('proxy = "http://127.0.0.1:1"\n')
    assert idle.run_to_end("--check-config")[0] == 0, "without one it may be read"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_checks_what_the_service_may_read(idle):
    etc = idle.directory / "etc"
    parts = etc / "codegend" / "codegend.conf.d"
    parts.mkdir(parents=True)
    for path in (idle.directory, etc):
        path.chmod(0o755)
    (etc / "passwd").write_text("root:x:0:0::/:/bin/sh\ncodegend:x:61010:61010::/:/bin/sh\n")
    (etc / "group").write_text("root:x:0:\ncodegend:x:61010:\n")
    file = etc / "codegend" / "codegend.conf"
    file.write_text("mode = act\n")

    def check():
        inside = 'mount --bind "$1" /etc && exec "$2" --check-config'
        ended = subprocess.run(["unshare", "--mount", "sh", "-c", inside, "-", etc, CODEGEND], capture_output=True,
                               text=True, timeout=60)
        return ended.returncode, ended.stdout + ended.stderr

    assert check()[0] == 0, check()
    for path, told in ((file, "codegend.conf: cannot be read: "), (parts, "codegend.conf.d: cannot be read: ")):
        before = path.stat().st_mode
        path.chmod(before & 0o700)
        code, said = check()
        assert code == 7 and told in said and "chown or chmod it" in said and "61010" in said, said
        path.chmod(before)


def test_settings_in_force(idle):
    """Names of secrets may be seen, secrets may not."""
    idle.config.chmod(0o600)
    idle.configure('proxy = "http://me:TOPSECRET@127.0.0.1:1"\n'
                   'agent fixer { command = { "/bin/true", "TOPSECRET" } branches = "fix/*" }\n'
                   'agent service { type = codegen organization = 7 token = "env:A_NAME" }\n'
                   'project "acme/web" { agents = { fixer, service } }\n')
    idle.start()
    ended = idle.run_ctl("config")
    assert ended.returncode == 0 and "TOPSECRET" not in ended.stdout
    config = json.loads(idle.run_ctl("config", "--json").stdout)
    config = config.get("config", config)
    fixer, service = config["agents"]
    assert fixer["command"] == ["/bin/true"] and fixer["branches"] == ["fix/*"]
    assert service["token"] == "env:A_NAME" and service["organization"] == 7
    assert config["projects"][0]["agents"] == ["fixer", "service"]


def test_missing_file_that_was_asked_for(idle):
    idle.config.unlink()
    code, said = idle.run_to_end("--check-config")
    assert code == 7 and str(idle.config) in said


def test_sound_configuration_passes_the_check(idle):
    code, said = idle.run_to_end("--check-config")
    assert code == 0, said


@pytest.mark.parametrize("how", ["command", "signal"])
def test_a_bad_reload_keeps_the_old_settings(idle, how):
    idle.configure(max_cycles=7)
    idle.start()
    idle.configure("max-cycles = 9\nbogus = 1\n")
    if how == "command":
        ended = idle.run_ctl("reload")
        assert ended.returncode == 7 and f"{idle.config}:2:" in ended.stderr and "bogus" in ended.stderr
    else:
        idle.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "bogus" in idle.log(), "the complaint in the log")
    assert idle.incident(idle.submit()["incidentId"])["maxCycles"] == 7


@pytest.mark.parametrize("how", ["command", "signal"])
def test_a_good_reload_takes_force(idle, how):
    idle.configure(max_cycles=7)
    idle.start()
    incident = idle.submit()["incidentId"]
    idle.configure(max_cycles=9)
    if how == "command":
        assert idle.run_ctl("reload").returncode == 0
    else:
        idle.process.send_signal(signal.SIGHUP)
    wait_for(lambda: idle.incident(incident)["maxCycles"] == 9, "the new setting")


def test_the_section_with_the_longest_literal_prefix_wins(idle):
    idle.configure('max-cycles = 1\nproject "*" { max-cycles = 2 }\nproject "acme/*" { max-cycles = 3 }\n'
                   'project "acme/web" { max-cycles = 4 }\nproject "acme/web-*" { max-cycles = 5 }\n')
    idle.start()
    for project, expected in (("other/x", 2), ("acme/x", 3), ("acme/web", 4), ("acme/web-ui", 5), ("acme/a/b", 3)):
        assert idle.incident(idle.submit(project=project)["incidentId"])["maxCycles"] == expected, project


def test_unknown_projects_can_be_denied(idle):
    idle.configure('unknown-projects = deny\nproject "acme/*" { }\n')
    idle.start()
    idle.submit()
    ended = idle.run_ctl("submit", "--strict", "--project", "evil/x", "--branch", "b", "--commit", "aaaaaaa1",
                         "test_failure", "x", submit=True)
    assert ended.returncode == 1 and "evil/x" in ended.stderr
    assert len(idle.incidents()) == 1


def test_no_configuration_at_all(idle):
    """Forge local and no agent: recorded, published, followed up."""
    idle.configure("")
    idle.start()
    ticket = idle.submit()
    idle.wait_state(ticket["incidentId"], "waiting")
    assert idle.tasks("publish_report", "completed") and not idle.tasks("trigger_agent")
