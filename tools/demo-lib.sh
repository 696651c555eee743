# What the demonstrations share: a temporary place, a codegend of its own in it, and ways to ask. Sourced after lib.sh.

PATIENCE_S=30
# shellcheck disable=SC2086 # words are wanted
need_packages $PACKAGES_BUILD $PACKAGES_DEMO
build "$ROOT/build-demo" -Dtests=false -Dman=disabled
PATH=$ROOT/build-demo/daemon:$ROOT/build-demo/client:$PATH

place=$(mktemp -d /tmp/codegen-demo.XXXXXX)
daemon_pid=
watch_pid=
hub_pid=

clean_up() {
    for pid in $watch_pid $daemon_pid $hub_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$place"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Nothing of the caller's git, CI or codegend settings takes part.
for name in $(env | sed -n 's/^\(\(GIT\|CODEGEN\|CIRCLE\|GITHUB\|GITLAB\|CI\)[A-Z_0-9]*\)=.*/\1/p'); do
    unset "$name"
done
export HOME="$place" GIT_CONFIG_NOSYSTEM=1 CODEGEN_SPOOL="$place/spool"

step() {
    printf '\n== %s\n' "$*"
}

ci() {
    codegenctl --socket "$place/run/submit/submit.sock" "$@"
}

ctl() {
    codegenctl --socket "$place/run/control.sock" "$@"
}

# field NAME: the first string of that name in the JSON on standard input.
field() {
    tr ',{}' '\n\n\n' | sed -n "s/^ *\"$1\" *: *\"\\([^\"]*\\)\".*/\\1/p" | head -n 1
}

state() {
    ctl --json incident show "$incident" | field state
}

# wait_until WHAT COMMAND...: runs it until it succeeds.
wait_until() {
    what=$1
    shift
    end=$(($(date +%s) + PATIENCE_S))
    until "$@"; do
        kill -0 "$daemon_pid" 2>/dev/null || { tail "$place/log" >&2; die "codegend ended"; }
        [ "$(date +%s)" -lt "$end" ] || { tail "$place/log" >&2; die "$what did not happen"; }
        sleep 0.1
    done
}

is_state() {
    [ "$(state)" = "$1" ]
}

is_up() {
    ctl --quiet status >/dev/null 2>&1
}

# start_codegend: with $place/codegend.conf, and its events in $place/events.
start_codegend() {
    cat "$place/codegend.conf"
    codegend --config "$place/codegend.conf" --state-directory "$place/state" --runtime-directory "$place/run" \
        >"$place/log" 2>&1 &
    daemon_pid=$!
    wait_until "the start of codegend" is_up
    codegenctl --socket "$place/run/control.sock" --json watch >"$place/events" 2>/dev/null &
    watch_pid=$!
}

# show_events LAST: the event log, up to an event that says LAST.
show_events() {
    wait_until "the last event" grep -q "$1" "$place/events"
    sed -n 's/.*"message" *: *"\(\([^"\\]\|\\.\)*\)".*/- \1/p' "$place/events" | sed 's/\\\(.\)/\1/g'
}
