"""An agent of type command that is written to misbehave: it is not the daemon, and cannot become it."""
import contextlib
import json
import re

import pytest

from machine import AGENT_SOCKET, CLIENT, CONTROL_SOCKET, SUBMIT_SOCKET, wait_for

PROGRAM = "/usr/local/lib/misbehave"
CONFIG = "/etc/codegend/codegend.conf"
SECRET = "swordfish-of-the-daemon"
DROP_IN = "/etc/systemd/system/codegend.service.d/environment.conf"
CONFIGURATION = f"""
follow-up-delay = 1h
max-triggers-per-hour = 1000
agent fixer {{
    command = {{ "{PROGRAM}" }}
    timeout = TIMEOUT
}}
project "*" {{
    agents = {{ fixer }}
}}
"""


class Agent:
    """Runs scripts as an agent's program, each for a failure of its own."""

    def __init__(self, machine):
        self.machine = machine
        self.n = 0
        self.incidents = []
        self.timeout = None
        machine.do("install", "-d", "/etc/credstore")
        machine.do("sh", "-c", f"umask 077; echo {SECRET} >/etc/credstore/github-token")
        self.set_timeout("2m")
        machine.write(DROP_IN, f"[Service]\nEnvironment=FORGE_TOKEN={SECRET}\n")
        machine.restart_changed()

    def set_timeout(self, timeout):
        if timeout == self.timeout:
            return
        self.timeout = timeout
        self.machine.write(CONFIG, CONFIGURATION.replace("TIMEOUT", timeout))
        if self.machine.is_active():
            self.machine.systemctl("reload", "codegend.service")

    def begin(self, script, timeout="2m"):
        """Returns a function that waits for the end and returns the task."""
        self.n += 1
        self.set_timeout(timeout)
        self.machine.write(PROGRAM, f"#!/bin/bash\n{script}\n", mode=0o755)
        ticket = self.machine.submit(f"agent-{self.n}", branch=f"agent-{self.n}")

        self.incidents.append(ticket["incidentId"])

        def trigger():
            tasks = self.machine.ctl("tasks", "--type", "trigger_agent")["tasks"]
            return next((task for task in tasks if task.get("incidentId") == ticket["incidentId"]), {})

        def wait():
            wait_for(lambda: trigger().get("status") == "completed", "the end of the agent's run")
            return self.machine.ctl("task", "show", trigger()["id"])

        return wait

    def run(self, script, timeout="2m"):
        return self.begin(script, timeout)()["result"]

    def output(self, script):
        result = self.run(script)
        assert result["end"] == "exited", result
        return result["output"]

    def processes(self):
        return self.machine.do("find", "/proc", "-maxdepth", "1", "-user", "codegend-agent").split()

    def units(self):
        listed = self.machine.run("systemctl", "list-units", "--plain", "--no-legend", "codegend-agent@*")
        return listed.stdout.splitlines()


@pytest.fixture(scope="module")
def agent_of_module(installed):
    installed.systemctl("start", "codegend.service")
    made = Agent(installed)
    yield made
    for incident in made.incidents:
        installed.run(CLIENT, "incident", "close", incident, user="admin")
    installed.do("rm", "-f", CONFIG, PROGRAM, DROP_IN, "/etc/credstore/github-token")
    installed.restart_changed()


@pytest.fixture
def agent(agent_of_module):
    """And afterwards the daemon is the one it was, and nothing of the agent is left."""
    made, machine = agent_of_module, agent_of_module.machine
    pid, restarts = machine.main_pid(), machine.show("codegend.service", "NRestarts")
    yield made
    assert (machine.main_pid(), machine.show("codegend.service", "NRestarts")) == (pid, restarts)
    assert machine.ctl("status")["pid"] == pid
    wait_for(lambda: not made.units(), "the end of the unit")
    assert made.processes() == []


def test_it_is_somebody_else(agent):
    output = agent.output('id -un; id -Gn; pwd; echo "$HOME"; cat /proc/self/cgroup; cat >/dev/null; env')
    assert output.startswith("codegend-agent\ncodegend-agent\n/tmp/codegend-agent-"), output
    assert "\n/var/lib/codegend-agent\n" in output and "codegend-agent@" in output
    assert "CODEGEN_BRANCH=agent-" in output
    for variable in ("NOTIFY_SOCKET", "LISTEN_FDS", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "WATCHDOG_USEC"):
        assert variable not in output
    assert SECRET in agent.machine.do("cat", f"/proc/{agent.machine.main_pid()}/environ")
    assert SECRET not in output


def test_it_reads_nothing_of_the_daemon(agent):
    paths = ["/var/lib/codegend", "/var/lib/codegend/codegend.db", "/var/lib/codegend/codegend.db-wal",
             "/run/credentials", "/run/credentials/codegend.service/github-token", "/etc/credstore/github-token",
             "/etc/codegend", "/var/spool/codegend", "/var/spool/codegend/in", CONTROL_SOCKET, SUBMIT_SOCKET,
             AGENT_SOCKET, "/etc/shadow", "/root"]
    output = agent.output(f"""for path in {' '.join(paths)}; do
            cat $path && echo READ; ls $path/* && echo LISTED; touch $path/x && echo WROTE
            echo x >$path && echo WROTE; chmod 777 $path && echo CHANGED; rm -rf $path && echo REMOVED
        done; true""")
    assert not re.search("READ|LISTED|WROTE|CHANGED|REMOVED", output) and SECRET not in output, output
    for path in paths[:2] + [CONTROL_SOCKET, SUBMIT_SOCKET, AGENT_SOCKET]:
        assert agent.machine.exists(path)


def test_it_opens_no_socket(agent):
    script = "".join(f"""perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); '\
'connect(S, sockaddr_un("{path}")) and print "OPENED {path}\\n"'\n""" for path in
                     (CONTROL_SOCKET, SUBMIT_SOCKET, AGENT_SOCKET))
    output = agent.output(script + "echo tried; true")
    assert "OPENED" not in output and output.endswith("tried\n"), output


# Signs of life, which systemd takes of codegend-agent alone.
REACHABLE = {"/run/systemd/notify"}


def test_it_reaches_no_manager(agent):
    """polkit lets every user have one of its own: outside of all limits, and back after a reboot."""
    machine = agent.machine
    machine.do("loginctl", "enable-linger", "codegend-agent", user="codegend-agent")
    machine.do("loginctl", "disable-linger", "codegend-agent", user="codegend-agent")
    machine.do("systemctl", "stop", f"user@{machine.do('id', '-u', 'codegend-agent').strip()}.service")
    output = agent.output("""
        loginctl enable-linger codegend-agent && echo DONE
        busctl --system list && echo DONE
        systemd-run --user true && echo DONE
        echo tried; find /run -exec test -S {} ';' -exec test -w {} ';' -print 2>/dev/null; true""")
    tried, _, sockets = output.partition("tried\n")
    assert "DONE" not in tried and not machine.exists("/var/lib/systemd/linger/codegend-agent"), output
    assert "/run/systemd/notify" in sockets.split() and set(sockets.split()) <= REACHABLE, output


def test_it_reads_no_setting_of_the_daemon(agent):
    """Administrators have written secrets into drop-ins, which everybody may read."""
    place = "/etc/systemd/system/codegend.service.d"
    agent.machine.write(f"{place}/secret.conf", f"[Service]\nEnvironment=TOKEN={SECRET}\n")
    try:
        assert SECRET not in agent.output(f"cat {place}/*; true")
    finally:
        agent.machine.do("rm", "-r", place)


def test_it_sees_no_process_of_others(agent):
    pid = agent.machine.main_pid()
    output = agent.output(f"""
        for what in environ mem maps cmdline status fd/0 root/etc/passwd; do cat /proc/{pid}/$what && echo READ; done
        for p in /proc/[0-9]*; do [ -O $p ] || echo SEEN $p; done
        kill -TERM {pid} && echo KILLED; kill -TERM 1 && echo KILLED
        cat /proc/1/environ && echo READ; true""")
    assert not re.search("READ|SEEN|KILLED", output), output


def test_it_cannot_trace(agent):
    """Neither the daemon nor codegend-agent, whose connection it would like to have. No tool for it: by number."""
    pid = agent.machine.main_pid()
    output = agent.output(f"""
        perl -e 'for my $pid ({pid}, $ARGV[0]) {{
            print "TRACED $pid\\n" if syscall(101, 16, $pid, 0, 0) == 0;           # ptrace(PTRACE_ATTACH)
            my $fd = syscall(434, $pid, 0);                                        # pidfd_open
            print "TOOK $pid\\n" if $fd >= 0 && syscall(438, $fd, 0, 0) >= 0;      # pidfd_getfd
        }}' $PPID
        cat /proc/$PPID/mem /proc/$PPID/environ && echo READ; : >/proc/$PPID/fd/0 && echo WROTE; true""")
    assert not re.search("TRACED|TOOK|READ|WROTE", output), output


def test_it_gains_nothing(agent):
    output = agent.output("""
        unshare --user --map-root-user true && echo NAMESPACE
        mount -t tmpfs none /mnt && echo MOUNTED
        cp /bin/sh /tmp/sh; chmod u+s /tmp/sh && echo SETUID
        mknod /tmp/sda b 8 0 && echo DEVICE; ls /dev/kmsg && echo KMSG
        su -c true </dev/null && echo ROOT
        for i in /etc /usr /var/lib /run /var/lib/codegend-agent /home /srv /opt; do touch $i/x && echo WROTE; done
        systemctl stop codegend.service && echo STOPPED
        echo tried; true""")
    assert not re.search("NAMESPACE|MOUNTED|SETUID|DEVICE|KMSG|ROOT|WROTE|STOPPED", output), output
    assert output.endswith("tried\n")


@contextlib.contextmanager
def drop_in(machine, settings):
    path = "/run/systemd/system/codegend-agent@.service.d/test.conf"
    machine.do("mkdir", "-p", path.rpartition("/")[0])
    machine.do("tee", path, text=f"[Service]\n{settings}")
    machine.systemctl("daemon-reload")
    try:
        yield
    finally:
        machine.do("rm", path)
        machine.systemctl("daemon-reload")


@pytest.fixture
def little(agent):
    """Less of everything than usual, so that it is soon used up."""
    with drop_in(agent.machine, "LimitFSIZE=16M\nLimitNPROC=100\nTasksMax=100\nTemporaryFileSystem=\n"
                 "TemporaryFileSystem=/tmp:size=64M,mode=1777 /var/tmp:size=64M,mode=1777\n"):
        yield


def test_its_signs_of_life_arrive(agent):
    with drop_in(agent.machine, "WatchdogSec=3s\n"):
        assert agent.output("sleep 7; echo lived") == "lived\n"


def test_all_runs_together_are_bounded(agent):
    """And none of it competes with the rest of the machine as if each run were a service."""
    place, = re.findall(r"/system\.slice/([^/]*\.slice)/codegend-agent@", agent.output("cat /proc/self/cgroup"))[:1]
    for limit in ("TasksMax", "MemoryMax"):
        assert agent.machine.show(place, limit) != "infinity", limit
    assert agent.machine.show(place, "CPUWeight") == "50"


def test_all_it_may_use_is_bounded(agent):
    output = agent.output("ulimit -u; ulimit -f; ulimit -c; df --output=size --block-size=1G /tmp /var/tmp /dev/shm")
    assert output.split() == ["2048", "1048576", "0", "1G-blocks", "4", "1", "1"], output


def test_it_fills_its_disk(agent, little):
    """Memory of its own, bounded, gone with it: the disk that the database is on has as much as before."""
    free = "df --output=avail --block-size=1M / | tail -n 1"
    before = int(agent.machine.do("sh", "-c", free))
    output = agent.output("""
        dd if=/dev/zero of=/tmp/big bs=1M count=50; wc -c </tmp/big
        for i in $(seq 1 20); do dd if=/dev/zero of=/var/tmp/$i bs=1M count=10 || break; done
        df --output=avail --block-size=1M /var/tmp | tail -n 1""")
    assert "File size limit exceeded" in output or "File too large" in output, output
    assert re.search("^16777216$", output, re.MULTILINE), output
    assert "No space left on device" in output and output.split()[-1] == "0", output
    assert before - int(agent.machine.do("sh", "-c", free)) < 32
    assert agent.machine.submit("after-filling")["reportId"]
    assert not agent.machine.run("sh", "-c", "ls /tmp/big /var/tmp/1").stdout


# Its own, and gone with it.
WRITABLE = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue")


def test_it_writes_to_no_place_of_all(agent):
    """Some are everybody's: what is written there stays, and what fills them fills them for the machine."""
    output = agent.output("""
        for at in /run /run/lock /run/user /var/lock /var/crash /var/mail /var/lib/codegend-agent; do
            dd if=/dev/zero of=$at/filled bs=1k count=1 && echo WROTE $at
        done; find / -path /proc -prune -o -type d -writable -print 2>/dev/null; echo tried""")
    places = [line for line in output.splitlines() if line.startswith("/")]
    assert "tried" in output and "WROTE" not in output, output
    assert places and all(place.startswith(WRITABLE) for place in places), places
    mounts = agent.machine.do("cat", f"/proc/{agent.machine.main_pid()}/mountinfo")
    options = re.findall("^\\S+ \\S+ \\S+ \\S+ /run(?:/lock)? (\\S+)", mounts, re.MULTILINE)
    assert options and all(option.startswith("ro") for option in options), mounts


def test_it_forges_no_line_of_the_journal(agent):
    agent.output("""
        printf 'MESSAGE=forged\\nSYSLOG_IDENTIFIER=codegend\\n' | logger --journald
        logger -t codegend forged; true""")
    agent.machine.do("journalctl", "--sync")
    assert not agent.machine.run("journalctl", "-q", "-o", "cat", "-g", "forged").stdout


def test_it_forks_without_end(agent, little):
    wait = agent.begin("bomb() { bomb | bomb & bomb; }; (bomb) 2>/dev/null; sleep 1000", timeout="5s")
    while_it_does = agent.machine.submit("while-forking", branch="while-forking")
    agent.incidents.append(while_it_does["incidentId"])
    assert while_it_does["reportId"] and agent.machine.ctl("status")["pid"] == agent.machine.main_pid()
    assert wait()["result"]["end"] in ("timed_out", "exited", "lost")


def test_it_leaves_processes_behind(agent):
    """In sessions of their own, deaf to TERM: they end with the unit."""
    output = agent.output("""for i in 1 2 3; do setsid sh -c "trap '' TERM HUP; exec sleep 1000" >/dev/null 2>&1 & done
        sleep 0.2; echo left""")
    assert output == "left\n"


def test_it_ignores_term(agent):
    result = agent.run("trap '' TERM; setsid sleep 1000 & while :; do sleep 0.1; done", timeout="1s")
    assert (result["end"], result["signal"]) == ("timed_out", 9)


def test_it_writes_without_end(agent):
    result = agent.run("exec yes $(printf %01000d 0)", timeout="3s")
    assert result["end"] == "timed_out" and len(result["output"]) <= 64 * 1024 and result["outputDropped"] > 1 << 20


@pytest.mark.parametrize("signal, seconds", [("KILL", 1), ("STOP", 1000)])
def test_it_ends_or_stops_codegend_agent(agent, signal, seconds):
    """Which is of the same user. What became of the run is then not known; it is over all the same."""
    result = agent.run(f"kill -{signal} $PPID; sleep {seconds}")
    assert result["end"] == "lost", result
    assert "lost" in agent.machine.log(), agent.machine.log()


def test_a_daemon_that_is_killed_takes_it_along(agent_of_module):
    made, machine = agent_of_module, agent_of_module.machine
    made.begin("trap '' TERM; setsid sleep 1000 & while :; do sleep 0.1; done")
    wait_for(lambda: len(made.processes()) > 2, "the agent's start")
    pid = machine.main_pid()
    machine.do("sh", "-c", f"kill -KILL {pid}")
    machine.wait_new_pid(pid)
    wait_for(lambda: not made.processes(), "the agent's end")


def test_the_socket_is_the_daemon_s(agent):
    assert agent.machine.look_at(AGENT_SOCKET) == "600 codegend:codegend"
    assert agent.machine.look_at("/var/lib/codegend-agent") == "700 codegend-agent:codegend-agent"


def finding(agent):
    """What doctor says of it."""
    told = json.loads(agent.machine.run(CLIENT, "--json", "doctor", user="admin").stdout)
    return next(check for check in told["checks"] if check["name"] == "agent")


def test_doctor_looks_with_its_eyes(agent):
    agent.run("true")
    assert finding(agent)["state"] == "ok" and "codegend-agent" in finding(agent)["message"]
    agent.machine.do("chmod", "700", PROGRAM)
    assert finding(agent)["state"] == "problem" and "permission denied" in finding(agent)["message"]
    agent.machine.do("rm", PROGRAM)
    assert "no such file" in finding(agent)["message"]


def test_a_masked_one_is_unmasked_as_doctor_says(agent):
    agent.run("true")
    agent.machine.systemctl("mask", "codegend-agent@.service")
    try:
        assert "masked" in finding(agent)["remedy"], "the first one asks in vain"
        remedy = finding(agent)["remedy"]
        agent.machine.do("sh", "-c", remedy[:remedy.index(", and look")].replace(", ", " && "))
        assert finding(agent)["state"] == "ok"
    finally:
        agent.machine.systemctl("unmask", "codegend-agent@.service")
        agent.machine.systemctl("start", "codegend-agent.socket")


def test_without_its_socket_nothing_runs_here_instead(agent):
    agent.machine.write(PROGRAM, "#!/bin/sh\necho ran >/tmp/ran\n", mode=0o755)
    agent.machine.systemctl("stop", "codegend-agent.socket")
    try:
        agent.incidents.append(agent.machine.submit("no-socket", branch="no-socket")["incidentId"])
        wait_for(lambda: "codegend-agent cannot be asked" in agent.machine.log(), "the failed attempt")
        agent.machine.do(CLIENT, "incident", "close", agent.incidents[-1], user="admin")
    finally:
        agent.machine.systemctl("start", "codegend-agent.socket")


def test_a_socket_that_was_stopped_stays_so(agent_of_module):
    machine = agent_of_module.machine
    machine.systemctl("stop", "codegend-agent.socket")
    try:
        machine.systemctl("restart", "codegend.service")
        assert not machine.is_active("codegend-agent.socket")
    finally:
        machine.systemctl("start", "codegend-agent.socket")
