#!/bin/sh
# See that Qt's system libraries are there. Where some are missing: install them when this may (Debian, root), else
# print the one command that does. A missing library of group "window" stops nothing where there is no display.
# DUTYDESK_HIDE_LIBRARIES="NAME … | all" treats these as missing and installs nothing: for trying what it prints.
set -eu
here=$(dirname "$0")
known=$( (ldconfig -p || /sbin/ldconfig -p) 2>/dev/null | sed -n 's/.*=> //p')

present() {
    case " ${DUTYDESK_HIDE_LIBRARIES:-} " in *" $1 "* | *" all "*) return 1 ;; esac
    for file in $(echo "$known" | grep "/$1\$") $(echo "${LD_LIBRARY_PATH:-}" | tr ':' '\n' | sed "s|\$|/$1|"); do
        [ -e "$file" ] && return 0
    done
    return 1
}

missing() { # the libraries of a group that are not there, each with its package
    grep "^$1 " "$here/system-packages.txt" | while read -r _ library package; do
        present "$library" || echo "$library $package"
    done
}

packages() { # of lines "library package|newer-name": the names this Debian knows
    while read -r _ package; do
        newer=${package#*|}
        package=${package%|*}
        if [ "$newer" != "$package" ] && apt-cache show "$newer" >/dev/null 2>&1; then package=$newer; fi
        echo "$package"
    done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

[ "$(uname -s)" = Linux ] || exit 0
needed=$(missing all)
window=$(missing window)
[ -n "$needed$window" ] || exit 0
lines=$(printf '%s\n%s\n' "$needed" "$window" | sed '/^$/d')
command -v apt-get >/dev/null 2>&1 && debian=yes || debian=

if [ -n "$debian" ] && [ "$(id -u)" = 0 ] && [ -z "${DUTYDESK_HIDE_LIBRARIES:-}" ]; then
    echo "installing Qt's system libraries"
    apt-get update -qq || true
    # shellcheck disable=SC2046 # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(echo "$lines" | packages) >/dev/null ||
        echo "apt-get could not install them" >&2
    known=$( (ldconfig -p || /sbin/ldconfig -p) 2>/dev/null | sed -n 's/.*=> //p')
    needed=$(missing all)
    window=$(missing window)
    [ -n "$needed$window" ] || exit 0
    lines=$(printf '%s\n%s\n' "$needed" "$window" | sed '/^$/d')
fi

if [ -z "$needed" ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exit 0 # no display: nothing will ask for them
fi
echo "Qt's system libraries are missing: $(echo "$lines" | cut -d' ' -f1 | tr '\n' ' ')" >&2
if [ -n "$debian" ]; then
    [ "$(id -u)" = 0 ] && sudo= || sudo="sudo "
    echo "run:  ${sudo}apt-get install -y --no-install-recommends $(echo "$lines" | packages)" >&2
else
    echo "install the packages that hold these libraries; on Debian, UOS and Kylin they are: $(echo "$lines" | packages)" >&2
fi
exit 1
