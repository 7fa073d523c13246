# What the scripts share: Python environments with pinned packages, and servers on loopback that end with the script.
# To be sourced by bash; the working directory becomes the root of the repository.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PYTHONDONTWRITEBYTECODE=1
servers=()

die() {
    echo "${0##*/}: $*" >&2
    exit 2
}

# Ends what was started here, and only that.
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

# Where cargo builds to, whatever the environment or its configuration says.
target_dir() {
    cargo metadata --no-deps --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])'
}

# venv NAME REQUIREMENT...: the directory of an environment that has exactly these packages asked for. Built once; built
# anew when the requirements change.
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
            || die "pip cannot install $*; is PyPI, or the index of your pip configuration, in reach?"
        echo "$pins" >"$dir/pins"
    fi
    echo "$dir"
}

# The program of this name, built when it is not. By the program's name and not the package's: see .cargo/config.toml.
build() {
    cargo build --quiet --bin "$1" >&2 || die "$1 does not build"
    echo "$(target_dir)/debug/$1"
}

# serve LOG PATTERN COMMAND...: starts a server in the background and waits until its output matches the extended
# regular expression; what the last group matched is left in $served.
serve() {
    local log=$1 pattern=$2 pid
    shift 2
    : >"$log"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    servers+=("$pid")
    for _ in $(seq 600); do
        if [[ $(cat "$log") =~ $pattern ]]; then
            # shellcheck disable=SC2034 # for the caller
            served=${BASH_REMATCH[-1]}
            return
        fi
        kill -0 "$pid" 2>/dev/null || { cat "$log" >&2; die "$1 ended before it listened"; }
        sleep 0.1
    done
    cat "$log" >&2
    die "$1 does not listen after 60 s"
}

# Nobody's credentials, no metadata service, no proxy to this machine, and nothing from the user's configuration.
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
