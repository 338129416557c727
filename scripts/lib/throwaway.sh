# shellcheck shell=sh
# A temporary PostgreSQL server for one run: in a temporary directory, on a Unix socket only, with fsync on (the tests
# check durability), stopped by its own pid file. To be sourced; POSIX sh.
#
#   start_throwaway_postgres     sets THROWAWAY_URL; also stops it when the script ends
#   stop_throwaway_postgres

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# Prints the directory of initdb, of the newest major version.
postgres_bindir() {
    if [ -n "${WARDROOM_PG_BINDIR:-}" ]; then
        printf '%s\n' "$WARDROOM_PG_BINDIR"
        return 0
    fi
    # shellcheck disable=SC2012  # the names are simple, and sort -V puts 9 before 15
    for candidate in $(
        ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql*/ \
            /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin 2>/dev/null | sort -rV
    ) "$(pg_config --bindir 2>/dev/null)" /usr/bin /usr/local/bin; do
        if [ -x "$candidate/initdb" ] && [ -x "$candidate/pg_ctl" ]; then
            printf '%s\n' "${candidate%/}"
            return 0
        fi
    done
    return 1
}

# PostgreSQL refuses to run as root. Root runs it as the user `postgres`, which the packages create, or as `nobody`.
as_database_user() {
    if [ "$(id -u)" -ne 0 ]; then
        sh -c "$1"
    elif id postgres >/dev/null 2>&1; then
        su -s /bin/sh postgres -c "$1"
    else
        su -s /bin/sh nobody -c "$1"
    fi
}

start_throwaway_postgres() {
    if ! THROWAWAY_BIN=$(postgres_bindir); then
        say "PostgreSQL's server programs were not found; install them, or set WARDROOM_PG_BINDIR to their directory"
        return 3
    fi
    # In /tmp, regardless of TMPDIR, because the path of a socket is limited to 107 bytes.
    THROWAWAY_DIR=$(mktemp -d /tmp/wardroom-pg.XXXXXX)
    if [ "$(id -u)" -eq 0 ]; then
        if id postgres >/dev/null 2>&1; then chown postgres "$THROWAWAY_DIR"; else chown nobody "$THROWAWAY_DIR"; fi
    fi
    trap 'stop_throwaway_postgres' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    # Only the owner can access the directory, so `trust` applies to no other user.
    if ! as_database_user "cd '$THROWAWAY_DIR' && '$THROWAWAY_BIN/initdb' -D '$THROWAWAY_DIR/data' -U postgres \
            -A trust -E UTF8 --locale=C >'$THROWAWAY_DIR/initdb.log' 2>&1"; then
        cat "$THROWAWAY_DIR/initdb.log" >&2
        return 3
    fi
    cat >>"$THROWAWAY_DIR/data/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$THROWAWAY_DIR'
max_connections = 400
fsync = on
CONF
    if ! as_database_user "cd '$THROWAWAY_DIR' && '$THROWAWAY_BIN/pg_ctl' -D '$THROWAWAY_DIR/data' -w -t 60 \
            -l '$THROWAWAY_DIR/server.log' start >/dev/null"; then
        cat "$THROWAWAY_DIR/server.log" >&2
        return 3
    fi
    # shellcheck disable=SC2034  # used by the script that sources this file
    # URL parsers require a host in the address; `host=` overrides it in libpq and in sqlx.
    THROWAWAY_URL="postgres://postgres@localhost/postgres?host=$THROWAWAY_DIR"
    say "started PostgreSQL ($("$THROWAWAY_BIN/postgres" --version | sed 's/.* \([0-9][0-9.]*\).*/\1/')) in $THROWAWAY_DIR"
}

stop_throwaway_postgres() {
    if [ -z "${THROWAWAY_DIR:-}" ]; then
        return 0
    fi
    if [ -f "$THROWAWAY_DIR/data/postmaster.pid" ]; then
        as_database_user "cd / && '$THROWAWAY_BIN/pg_ctl' -D '$THROWAWAY_DIR/data' -m immediate -w stop >/dev/null 2>&1" || true
    fi
    rm -rf "$THROWAWAY_DIR"
    THROWAWAY_DIR=
}
