# Finds or installs PostgreSQL's server programs: source this file and call ensure_postgres.
#
# The binary starts a private PostgreSQL from the system's programs (crates/private-postgres/) and
# never installs anything itself. These scripts may install packages, and print the commands. The
# list of directories is the binary's own; the package names are the same as in install.rs there.
# shellcheck shell=sh

# Prints a directory with initdb, postgres and pg_ctl of any version, or nothing when there is none.
find_postgres() {
    if [ -n "${WARDROOM_PG_BINDIR:-}" ]; then
        _pg_folders=$WARDROOM_PG_BINDIR
    else
        _pg_folders=$(
            pg_config --bindir 2>/dev/null || :
            printf '%s\n' "$PATH" | tr ':' '\n'
            # Each pattern's directories, the newest version first.
            while IFS= read -r _pg_pattern; do
                # shellcheck disable=SC2012,SC2086  # the names are simple; the pattern expands here
                ls -d $_pg_pattern 2>/dev/null | sort -rV
            done <crates/private-postgres/src/directories.txt
        )
    fi
    printf '%s\n' "$_pg_folders" | while IFS= read -r _pg_folder; do
        if [ -x "$_pg_folder/initdb" ] && [ -x "$_pg_folder/postgres" ] &&
            [ -x "$_pg_folder/pg_ctl" ]; then
            printf '%s\n' "$_pg_folder"
            break
        fi
    done
}

# Prints a command and runs it as root.
_pg_as_root() {
    if [ "$(id -u)" = 0 ]; then
        echo "  $*" >&2
        "$@" >&2
    elif command -v sudo >/dev/null 2>&1; then
        echo "  sudo $*" >&2
        sudo "$@" >&2
    else
        echo "This needs root, and sudo is not installed. Run as root:  $*" >&2
        return 1
    fi
}

# Installs the server with the system's package manager.
_pg_install() {
    if command -v brew >/dev/null 2>&1 && [ "$(uname -s)" = Darwin ]; then
        echo "  brew install postgresql@17" >&2
        brew install postgresql@17 >&2
    elif command -v apt-get >/dev/null 2>&1; then
        # env, because sudo does not pass the variable on.
        _pg_as_root apt-get update &&
            _pg_as_root env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y --no-install-recommends postgresql
    elif command -v dnf >/dev/null 2>&1; then
        _pg_as_root dnf install -y postgresql-server
    elif command -v apk >/dev/null 2>&1; then
        _pg_as_root apk add --no-cache postgresql
    elif command -v brew >/dev/null 2>&1; then
        echo "  brew install postgresql@17" >&2
        brew install postgresql@17 >&2
    else
        echo "No apt-get, dnf, apk or brew found: install PostgreSQL 14 or later yourself." >&2
        return 1
    fi
}

# Ensures that PostgreSQL's server programs are installed. Returns 0 if they are, and 3 if they are not.
ensure_postgres() {
    if [ -n "$(find_postgres)" ]; then
        return 0
    fi
    if [ -n "${WARDROOM_PG_BINDIR:-}" ]; then
        echo "WARDROOM_PG_BINDIR=$WARDROOM_PG_BINDIR has no initdb, postgres and pg_ctl." >&2
        return 3
    fi
    echo "PostgreSQL's server programs were not found. Installing them with:" >&2
    if ! _pg_install; then
        echo "PostgreSQL could not be installed (see above)." >&2
        return 3
    fi
    if [ -z "$(find_postgres)" ]; then
        echo "PostgreSQL was installed, but its programs were not found:" >&2
        echo "set WARDROOM_PG_BINDIR to their directory." >&2
        return 3
    fi
    echo "PostgreSQL is in $(find_postgres)." >&2
}
