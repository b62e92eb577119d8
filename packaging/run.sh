#!/bin/sh
# `make run`: the sample desk in a window; where there is no display, its night played on Qt's offscreen platform.
set -eu
if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    echo "no display here: playing the sample night offscreen, what it leaves is in build/demo"
    export QT_QPA_PLATFORM=offscreen FONTCONFIG_FILE="$PWD/tests/fonts.conf"
    exec "$PY" -m dutydesk demo --out build/demo
fi
[ -e "$SAMPLE/desk.sqlite" ] || "$PY" -m dutydesk --home "$SAMPLE" init --sample
exec "$PY" -m dutydesk --home "$SAMPLE"
