# shellcheck shell=sh
# Finds cargo, including rustup's directory when it is not yet on the PATH. To be sourced; POSIX sh.

ensure_cargo() {
    if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
        export PATH
    fi
    if ! command -v cargo >/dev/null 2>&1; then
        printf '%s: the Rust toolchain is missing; install it from https://rustup.rs (rust-toolchain.toml names the version), then run this command again\n' "${0##*/}" >&2
        return 3
    fi
    # Queries are checked against the committed .sqlx; DATABASE_URL must not affect the build.
    SQLX_OFFLINE=true
    export SQLX_OFFLINE
}
