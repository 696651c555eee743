# Shared by the scripts beside this file: sourced, never run. Sets ROOT, and puts the system first in PATH.

ROOT=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
PATH=/usr/bin:/bin:/usr/sbin:/sbin:$PATH
export PATH

# What Debian 12 calls what we need. One table, so that README, demo and tests agree.
PACKAGES_BUILD="gcc libc6-dev meson ninja-build pkg-config python3 libuv1-dev libjansson-dev libsqlite3-dev
    libcurl4-openssl-dev libssl-dev libsystemd-dev libconfuse-dev libpcre2-dev libexpat1-dev libncurses-dev
    scdoc"
PACKAGES_DEMO="git"
PACKAGES_TEST="git openssl libcmocka-dev python3-pytest python3-pytest-xdist clang-format varlink-go sqlite3 systemd util-linux
    python3-yaml shellcheck mandoc zsh fish prometheus prometheus-node-exporter chromium libasan8 libubsan1 libtsan2
    tmux libcmark-gfm-dev libcmark-gfm-extensions-dev"
# libFuzzer comes with clang's runtime.
PACKAGES_FUZZ="clang libclang-rt-dev libcmocka-dev libcmark-gfm-dev libcmark-gfm-extensions-dev"
# For tools/torture: a disk whose power can be cut, and a queue that is known to lose then.
PACKAGES_TORTURE="beanstalkd e2fsprogs mount"
# For tools/bench: what people would otherwise keep tasks in, and what a CI step would otherwise run.
PACKAGES_BENCH="beanstalkd redis-server postgresql at task-spooler nodejs git sqlite3 libcmocka-dev util-linux"
# For tools/package, and what tools/test-systemd needs beyond it.
PACKAGES_PACKAGE="debhelper dpkg-dev git lintian"
PACKAGES_SYSTEMD="debootstrap python3-pytest systemd-container util-linux"
# In the Debian that tools/test-systemd boots: an init, and what our packages depend on.
PACKAGES_TREE="systemd systemd-sysv dbus libpam-systemd polkitd ca-certificates libconfuse2 libcurl4 libexpat1 libjansson4
    libncursesw6 libpcre2-8-0 libsqlite3-0 libssl3 libuv1"
# The tools whose failing runs tools/record-logs records.
PACKAGES_RECORD="gcc g++ clang make cmake meson ninja-build git curl util-linux python3-pytest flake8 mypy
    pylint black cargo rustc rust-clippy golang-go default-jdk-headless maven maven-debian-helper"

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2
    exit 1
}

# need_packages NAME...: installs the Debian packages that are missing.
need_packages() {
    missing=
    for package; do
        case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true) in
        "install ok installed") ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || die "please install what Debian 12 calls:$missing"
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "as root, please run: apt-get install$missing"
        as_root=sudo
    fi
    say "Installing:$missing"
    log=$(mktemp)
    # shellcheck disable=SC2086 # words are wanted
    if ! { $as_root apt-get update -q &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
        >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "the packages could not be installed"
    fi
    rm -f "$log"
}

# build_static DIRECTORY: the client that needs no libraries, as a package would hold it.
build_static() {
    targets=client/codegenctl
    build "$1" -Dwerror=true -Dstatic-client=true -Dtests=false -Dman=disabled -Dbuildtype=release
    targets=
}

# build DIRECTORY [MESON OPTION]...: configures it once and brings it up to date; only $targets when that is set.
build() {
    directory=$1
    shift
    log=$(mktemp)
    if ! { { [ -f "$directory/build.ninja" ] && meson configure "$directory" "$@" ||
        meson setup "$directory" "$ROOT" "$@"; } && ninja -C "$directory" ${targets-}; } >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        rm -f "$log"
        die "the build in $directory failed"
    fi
    rm -f "$log"
}
