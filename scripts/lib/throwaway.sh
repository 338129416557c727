# shellcheck shell=sh
# A temporary PostgreSQL server for one run: in a temporary directory, on a Unix socket only, with fsync on (the tests
# check durability), stopped by its own pid file. To be sourced after postgres.sh; POSIX sh.
#
#   start_throwaway_postgres     sets THROWAWAY_URL; also stops it when the script ends
#   stop_throwaway_postgres

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
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
    THROWAWAY_BIN=$(find_postgres)
    if [ -z "$THROWAWAY_BIN" ]; then
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
