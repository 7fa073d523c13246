# Functions used by the scripts: Python environments with pinned packages, and servers on loopback that stop when the script
# ends. Source it from bash; it changes the working directory to the root of the repository.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PYTHONDONTWRITEBYTECODE=1
servers=()

die() {
    echo "${0##*/}: $*" >&2
    exit 2
}

# Stops the servers started by this script, and no other processes.
stop_servers() {
    local pid
    for pid in "${servers[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    servers=()
}
trap stop_servers EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Prints cargo's target directory, as the environment and cargo's configuration set it.
target_dir() {
    cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])'
}

# venv NAME REQUIREMENT...: prints the directory of a virtual environment with these packages. It is created once, and
# again when the requirements change.
venv() {
    local name=$1 dir pins
    shift
    dir=$(target_dir)/venv-$name
    pins=$(printf '%s\n' "$(python3 --version)" "$@")
    if [[ ! -x $dir/bin/python || $(cat "$dir/pins" 2>/dev/null) != "$pins" ]]; then
        echo "installing ${*:-pip} into $dir" >&2
        rm -rf "$dir"
        python3 -m venv "$dir" >&2 || die "python3 -m venv failed; Debian and Ubuntu need the package python3-venv"
        (($# == 0)) || "$dir/bin/python" -m pip install --quiet --disable-pip-version-check "$@" >&2 \
            || die "pip cannot install $*; is PyPI, or the index in your pip configuration, reachable?"
        echo "$pins" >"$dir/pins"
    fi
    echo "$dir"
}

# build NAME: builds a program and prints its path. Takes the name of the program, not of the package: see
# .cargo/config.toml.
build() {
    cargo build --quiet --bin "$1" >&2 || die "$1 does not build"
    echo "$(target_dir)/debug/$1"
}

# serve LOG PATTERN COMMAND...: starts a server in the background, waits until its output matches the extended regular
# expression, and sets $served to the last group of the match.
serve() {
    local log=$1 pattern=$2 pid
    shift 2
    : >"$log"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    servers+=("$pid")
    for _ in $(seq 600); do
        if [[ $(cat "$log") =~ $pattern ]]; then
            # shellcheck disable=SC2034 # used by the caller
            served=${BASH_REMATCH[-1]}
            return
        fi
        kill -0 "$pid" 2>/dev/null || { cat "$log" >&2; die "$1 ended before it was listening"; }
        sleep 0.1
    done
    cat "$log" >&2
    die "$1 is not listening after 60 s"
}

# serve_emulator LOG ARGUMENT...: starts the built-in emulator with the program in $conformance, and sets $served to its URL.
serve_emulator() {
    local log=$1
    shift
    serve "$log" 'listening on (http://127\.0\.0\.1:[0-9]+)' "$conformance" emulate "$@"
}

# Replaces the AWS settings of the environment: example credentials, no metadata service, no proxy for loopback, and no
# configuration files.
dummy_aws() {
    local name
    for name in $(compgen -e AWS_ || true); do
        unset "$name"
    done
    export AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
    export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
    export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
    export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
}
