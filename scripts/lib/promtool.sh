# shellcheck shell=sh
# Prometheus' checker, for the test that asks it about /metrics: source this, call ensure_promtool.
#
# On Debian and Ubuntu the package is unpacked beside the build and not installed: installing it would start a
# Prometheus server, and needs root's rights.

# Makes sure that promtool is on the PATH. 0: it is; 3: it cannot be had.
ensure_promtool() {
    if command -v promtool >/dev/null 2>&1; then
        return 0
    fi
    _pt_folder=$(mkdir -p "${CARGO_TARGET_DIR:-target}/promtool" && cd "${CARGO_TARGET_DIR:-target}/promtool" && pwd)
    PATH=$PATH:$_pt_folder/usr/bin
    export PATH
    if command -v promtool >/dev/null 2>&1; then
        return 0
    fi
    echo "promtool is missing: getting it with" >&2
    if command -v brew >/dev/null 2>&1; then
        echo "  brew install prometheus" >&2
        brew install prometheus >&2
    elif command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
        echo "  apt-get download prometheus, unpacked in $_pt_folder" >&2
        (
            cd "$_pt_folder" || exit 1
            # The lists may be missing or old; updating them is root's.
            apt-get download --quiet prometheus >&2 ||
                { [ "$(id -u)" = 0 ] && apt-get update --quiet >&2 && apt-get download --quiet prometheus >&2; }
        ) && dpkg-deb --extract "$_pt_folder"/prometheus_*.deb "$_pt_folder"
    fi
    if ! command -v promtool >/dev/null 2>&1; then
        echo "promtool could not be had: install Prometheus by hand." >&2
        return 3
    fi
}
