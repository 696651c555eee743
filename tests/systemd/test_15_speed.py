"""What a start costs, and where its time goes. Figures for the report; none is a condition."""
import statistics

STARTS = 5
# Taken away one after the other; what each saves is what it costs.
CONFINEMENT = {
    "a file system of its own": """
ProtectSystem=no
ProtectHome=no
PrivateTmp=no
PrivateDevices=no
PrivateMounts=no
ProtectKernelTunables=no
ProtectKernelModules=no
ProtectKernelLogs=no
ProtectControlGroups=no
ProtectProc=default
ProcSubset=all
ReadWritePaths=
""",
    "credentials, and an IPC namespace": """
LoadCredential=
PrivateIPC=no
""",
    "filters of system calls": """
SystemCallFilter=
SystemCallArchitectures=
RestrictNamespaces=no
RestrictRealtime=no
RestrictSUIDSGID=no
RestrictAddressFamilies=
LockPersonality=no
MemoryDenyWriteExecute=no
ProtectClock=no
ProtectHostname=no
""",
}
# In microseconds, without what it takes to get into the machine.
TIMED = 'begin=$(date +%s%N); "$@" >/dev/null || exit 1; echo $((($(date +%s%N) - begin) / 1000))'


def forget(machine):
    machine.systemctl("stop", "codegend.service")
    machine.do("sh", "-c", "rm -rf /var/lib/codegend/*")


def start_ms(machine):
    """Of an empty store, from the fork of its process to READY."""
    times = []
    for _ in range(STARTS):
        forget(machine)
        machine.systemctl("start", "codegend.service")
        times.append(machine.start_ms("codegend.service"))
    return statistics.median(times)


def test_where_the_time_of_a_start_goes(running, figure):
    before = start_ms(running)
    figure("start to READY, empty store, as systemd counts", f"{before:.0f} ms")
    settings = "[Service]\n"
    for what, lines in CONFINEMENT.items():
        settings += lines
        with running.drop_in(settings):
            after = start_ms(running)
        figure(f"  of which for {what}", f"{before - after:.0f} ms")
        before = after
    figure("  and the process itself, from fork to READY", f"{before:.0f} ms")


def test_a_cold_submission(running, figure):
    times = []
    for number in range(STARTS):
        forget(running)
        command = running.submission(f"cold-{number}")
        times.append(int(running.do("sh", "-c", TIMED, "timed", *command, user="ci")))
    figure("first submission through activation, empty store", f"{statistics.median(times) / 1000:.0f} ms")
