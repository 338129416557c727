//! Which database: a server by its address or its parts, or a private PostgreSQL.
//!
//! An address holds a password, so it is a `Secret` as a whole and no message shows any of it. In
//! Kubernetes the private database must be asked for: a pod's disk goes with the pod, and losing
//! what was acknowledged would be silent.

use std::path::PathBuf;

use url::Url;

use super::environment::{Environment, Given};
use super::problem::Place;
use super::secret::Secret;

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The server, or `None`: the private PostgreSQL in `data_dir`.
    pub url: Option<Secret>,
    /// The server past a transaction pooler; the same as `url` when it is not set apart.
    pub direct_url: Option<Secret>,
    /// All of a process's connections together, 4 at least.
    pub max_connections: u32,
    /// Whether `serve` applies migrations.
    pub migrate: bool,
    /// Where the private PostgreSQL lives.
    pub data_dir: PathBuf,
    /// Where PostgreSQL's programs are, when that was said.
    pub pg_bindir: Option<PathBuf>,
}

const PARTS: [&str; 5] = ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"];

pub(super) fn read(env: &Environment<'_>) -> Database {
    let given = env.get("DATABASE_URL");
    let asked = given.is_some();
    let parts: Vec<Given> = PARTS.iter().filter_map(|name| env.get(name)).collect();
    let url = match (given, parts.first()) {
        (Some(given), first) => {
            if let Some(part) = first {
                let hint = "unset the one that is not meant";
                env.warning(&part.place, "ignored: DATABASE_URL is set", hint);
            }
            checked(env, "DATABASE_URL", given)
        }
        (None, Some(first)) => from_parts(env, first),
        (None, None) => None,
    };
    let asked = asked || !parts.is_empty();
    let direct = env.get("DATABASE_DIRECT_URL");
    if let (Some(direct), false) = (&direct, asked) {
        let hint = "set DATABASE_URL as well";
        env.error(
            &direct.place,
            "DATABASE_DIRECT_URL without DATABASE_URL",
            hint,
        );
    }
    let direct_url = direct.and_then(|given| checked(env, "DATABASE_DIRECT_URL", given));
    let data_dir = PathBuf::from(
        env.text("WARDROOM_DATA_DIR")
            .unwrap_or("./.wardroom".into()),
    );
    embedded(env, asked, &data_dir);
    Database {
        direct_url: direct_url.or_else(|| url.clone()),
        url,
        max_connections: env.number("DB_MAX_CONNECTIONS", 4..=1000, 8),
        migrate: env.boolean("WARDROOM_MIGRATE").unwrap_or(true),
        data_dir,
        pg_bindir: env.text("WARDROOM_PG_BINDIR").map(PathBuf::from),
    }
}

fn embedded(env: &Environment<'_>, server: bool, data_dir: &std::path::Path) {
    let meant = env.boolean("WARDROOM_EMBEDDED").unwrap_or(false);
    let place = Place::variable("DATABASE_URL");
    match (server, meant) {
        (true, true) => {
            let at = Place::variable("WARDROOM_EMBEDDED");
            env.warning(
                &at,
                "ignored: a database server is configured",
                "unset one of them",
            );
        }
        (false, false) if env.raw("KUBERNETES_SERVICE_HOST").is_some() => env.error(
            &place,
            "no database: in Kubernetes DATABASE_URL must be set",
            "a pod's disk goes with the pod; WARDROOM_EMBEDDED=true says that this is meant",
        ),
        (false, false) => env.warning(
            &place,
            format!(
                "not set: a private PostgreSQL in {} is used",
                data_dir.display()
            ),
            "for more than a trial name a server",
        ),
        (true, false) | (false, true) => {}
    }
}

/// An address that PostgreSQL's clients take. The messages show nothing of it.
fn checked(env: &Environment<'_>, name: &str, given: Given) -> Option<Secret> {
    let shape = "as in postgres://user:password@host:5432/name";
    let Ok(url) = Url::parse(&given.text) else {
        let hint = format!("{shape}; signs such as @ : / in a password are percent-encoded");
        env.error(&given.place, format!("{name} is not an address"), &hint);
        return None;
    };
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        env.error(
            &given.place,
            format!("{name} must begin with postgres://"),
            shape,
        );
        return None;
    }
    for (key, value) in url.query_pairs() {
        const MODES: [&str; 6] = [
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ];
        if matches!(&*key, "sslmode" | "ssl-mode") && !MODES.contains(&&*value) {
            let hint = format!("one of {}", MODES.join(", "));
            env.error(
                &given.place,
                format!("{name} has an unknown sslmode"),
                &hint,
            );
            return None;
        }
    }
    Some(Secret::new(given.text))
}

fn from_parts(env: &Environment<'_>, first: &Given) -> Option<Secret> {
    let Some(host) = env.get("DB_HOST") else {
        let hint = "set DB_HOST, or DATABASE_URL alone";
        env.error(
            &first.place,
            "a part of the database's address without DB_HOST",
            hint,
        );
        return None;
    };
    let port = env.number("DB_PORT", 1..=65535, 5432);
    let mut url = Url::parse("postgres://localhost").expect("a constant address parses");
    let placed = if host.text.starts_with('/') {
        url.query_pairs_mut().append_pair("host", &host.text);
        true
    } else {
        // An IPv6 address needs its brackets, a name takes none.
        let bare = host.text.trim_matches(['[', ']']);
        let bracketed = if bare.contains(':') {
            format!("[{bare}]")
        } else {
            bare.to_owned()
        };
        url.set_host(Some(&bracketed)).is_ok()
    };
    let port = u16::try_from(port).unwrap_or(5432);
    if !placed || url.set_port(Some(port)).is_err() {
        env.error(
            &host.place,
            "DB_HOST is not a host's name",
            "a name or an address, no port",
        );
        return None;
    }
    let name = env.text("DB_NAME").unwrap_or("wardroom".into());
    if let Ok(mut path) = url.path_segments_mut() {
        path.push(&name);
    }
    let user = env.text("DB_USER").unwrap_or("wardroom".into());
    let password = env.get("DB_PASSWORD").map(|given| given.text);
    url.set_username(&user)
        .and_then(|()| url.set_password(password.as_deref()))
        .expect("an address with a host takes a user and a password");
    Some(Secret::new(url.to_string()))
}
