# `just check` before you push. Each recipe is also a plain command; nothing here is needed to build.
export SQLX_OFFLINE := "true"

default:
    @just --list

# All checks of the workflows that run on this machine.
check: fmt clippy test sqlx deny docs manifests image

fmt:
    cargo fmt --all --check

clippy:
    cargo clippy --locked --workspace --all-targets -- -D warnings

test *args:
    scripts/test {{ args }}

# The committed .sqlx is what the code and the migrations need.
sqlx:
    scripts/sqlx-prepare --check

deny:
    cargo deny --all-features check

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

manifests:
    python3 tests/manifests/check.py

image:
    docker build --tag wardroom:check .
    docker run --rm wardroom:check --help

demo *args:
    scripts/demo {{ args }}
