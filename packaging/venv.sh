#!/bin/sh
# Fill $VENV from a lock: every version and hash as written there, wheels only. Usage: VENV=.venv packaging/venv.sh LOCK
set -eu
lock=$1
served='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'

if [ ! -x "$VENV/bin/python" ] || ! "$VENV/bin/python" -c "$served" 2>/dev/null; then
    found=
    for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null 2>&1 && "$name" -c "$served" 2>/dev/null; then
            found=$name
            "$name" -c 'import ensurepip, venv' 2>/dev/null && break
        fi
    done
    if [ -z "$found" ]; then
        echo "DutyDesk needs Python 3.11, 3.12 or 3.13, and none was found; name one: make PYTHON=/path/to/python3" >&2
        exit 1
    fi
    if ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$found" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            apt-get update -qq && apt-get install -y -qq "python$version-venv"
        else
            echo "$found has no venv; run:  sudo apt-get install -y python$version-venv" >&2
            exit 1
        fi
    fi
    echo "building $VENV with $("$found" --version)"
    rm -rf "$VENV"
    "$found" -m venv "$VENV"
fi
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes --only-binary :all: --requirement "$lock"
