# shellcheck shell=sh
# Finds cargo, also where rustup put it without a new login. Sourced; POSIX sh.

ensure_cargo() {
    if ! command -v cargo >/dev/null 2>&1 && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
        export PATH
    fi
    if ! command -v cargo >/dev/null 2>&1; then
        printf '%s: the Rust toolchain is missing; install it as https://rustup.rs says (rust-toolchain.toml names the version), then run this again\n' "${0##*/}" >&2
        return 3
    fi
    # Queries are checked against the committed .sqlx: a DATABASE_URL that happens to be set must not change the build.
    SQLX_OFFLINE=true
    export SQLX_OFFLINE
}
