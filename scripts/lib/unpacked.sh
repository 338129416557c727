# shellcheck shell=sh
# External programs that some tests need: source this file and call ensure_promtool or ensure_pgbouncer. They return 0
# when the program is on the PATH, and 3 when it is not available.
#
# On Debian and Ubuntu, the packages are unpacked in the build directory and not installed: installing them would start
# servers, and needs root.

ensure_promtool() {
    _ensure_unpacked promtool prometheus
}

ensure_pgbouncer() {
    _ensure_unpacked pgbouncer pgbouncer
}

# _ensure_unpacked PROGRAM PACKAGE
_ensure_unpacked() {
    if command -v "$1" >/dev/null 2>&1; then
        return 0
    fi
    _up_folder=$(mkdir -p "${CARGO_TARGET_DIR:-target}/$1" && cd "${CARGO_TARGET_DIR:-target}/$1" && pwd)
    _use_unpacked
    if command -v "$1" >/dev/null 2>&1; then
        return 0
    fi
    echo "$1 is missing. Downloading it with:" >&2
    if command -v brew >/dev/null 2>&1; then
        echo "  brew install $2" >&2
        brew install "$2" >&2
    elif command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
        # The package lists may be missing or old; only root can update them.
        if ! apt-cache show "$2" >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
            apt-get update --quiet >&2
        fi
        # The libraries that may be missing; the others are part of every Debian.
        _up_needs=$(apt-cache depends "$2" | sed -n 's/^ *Depends: \(lib\(event\|c-ares\|cares\)[^ ]*\)$/\1/p')
        echo "  apt-get download $2" "$_up_needs, unpacked in $_up_folder" >&2
        (
            cd "$_up_folder" || exit 1
            # shellcheck disable=SC2086  # a list of words
            apt-get download --quiet "$2" $_up_needs >&2 || exit 1
            for _up_package in ./*.deb; do
                dpkg-deb --extract "$_up_package" . || exit 1
            done
        ) && _use_unpacked
    fi
    if ! command -v "$1" >/dev/null 2>&1; then
        echo "$1 could not be downloaded: install it yourself." >&2
        return 3
    fi
}

# Finds the programs and libraries of $_up_folder.
_use_unpacked() {
    PATH=$PATH:$_up_folder/usr/bin:$_up_folder/usr/sbin
    export PATH
    for _up_libraries in "$_up_folder"/usr/lib/*-linux-gnu; do
        if [ -d "$_up_libraries" ]; then
            LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$_up_libraries"
            export LD_LIBRARY_PATH
        fi
    done
}
