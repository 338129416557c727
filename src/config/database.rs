//! Which database: a server by its address or its parts, or a private PostgreSQL.
//!
//! An address and its parts become one checked value (`server`); no message shows any of it. In
//! Kubernetes the private database must be asked for: a pod's disk goes with the pod, and losing
//! what was acknowledged would be silent.

use std::path::PathBuf;

use super::environment::{Environment, Given};
use super::problem::Place;
use super::readers::whole;
use super::server::Server;
use super::server::parameters;
use super::server::url::{self, Said};
use super::variables::DatabaseVariables;

/// Where everything is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// The server, or `None`: the private PostgreSQL in `data_dir`.
    pub server: Option<Server>,
    /// The server past a transaction pooler; the same as `server` when it is not set apart.
    pub direct: Option<Server>,
    /// All of a process's connections together, 4 at least.
    pub max_connections: u32,
    /// Whether `serve` applies migrations.
    pub migrate: bool,
    /// Where the private PostgreSQL lives.
    pub data_dir: PathBuf,
    /// Where PostgreSQL's programs are, when that was said.
    pub pg_bindir: Option<PathBuf>,
}

pub(super) fn read(env: &Environment<'_>, given: &DatabaseVariables) -> Database {
    let parts = [
        &given.host,
        &given.port,
        &given.name,
        &given.user,
        &given.password,
    ];
    let part = parts.into_iter().flatten().next();
    let server = match (&given.url, part) {
        (Some(url), part) => {
            if let Some(part) = part {
                let hint = "unset DATABASE_URL or the DB_ variables";
                env.warning(&part.place, "ignored: DATABASE_URL is set", hint);
            }
            checked(env, "DATABASE_URL", url)
        }
        (None, Some(part)) => from_parts(env, given, part),
        (None, None) => None,
    };
    let asked = given.url.is_some() || part.is_some();
    if let (Some(direct), false) = (&given.direct_url, asked) {
        let message = "DATABASE_DIRECT_URL without DATABASE_URL";
        env.error(&direct.place, message, "set DATABASE_URL as well");
    }
    let direct = given.direct_url.as_ref();
    let direct = direct.and_then(|given| checked(env, "DATABASE_DIRECT_URL", given));
    embedded(env, asked, given);
    Database {
        direct: direct.or_else(|| server.clone()),
        server,
        max_connections: given.max_connections,
        migrate: given.migrate,
        data_dir: given.data_dir.clone(),
        pg_bindir: given.pg_bindir.clone(),
    }
}

/// Whether the environment names a server; else the private PostgreSQL is used.
#[must_use]
pub fn names_a_server(env: &dyn Fn(&str) -> Option<String>) -> bool {
    let env = Environment::new(env);
    ["DATABASE_URL", "DATABASE_URL_FILE", "DB_HOST"]
        .iter()
        .any(|name| env.raw(name).is_some())
}

fn embedded(env: &Environment<'_>, server: bool, given: &DatabaseVariables) {
    let place = Place::variable("DATABASE_URL");
    match (server, given.embedded) {
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
            "a pod's disk is deleted with the pod; WARDROOM_EMBEDDED=true allows it",
        ),
        (false, false) => env.warning(
            &place,
            format!(
                "not set: a private PostgreSQL in {} is used",
                given.data_dir.display()
            ),
            "set it for production",
        ),
        (true, false) | (false, true) => {}
    }
}

/// An address that PostgreSQL's clients take. The messages show nothing of it.
fn checked(env: &Environment<'_>, name: &str, given: &Given) -> Option<Server> {
    match url::read(&given.text) {
        Ok(said) => judged(env, name, &given.place, said),
        Err(fault) => {
            let message = format!("{name} {}", fault.message);
            env.error(&given.place, message, &fault.hint);
            None
        }
    }
}

fn judged(env: &Environment<'_>, name: &str, place: &Place, said: Said) -> Option<Server> {
    let judged = parameters::judge(said, &|name| env.raw(name), &|path| passwords(env, path));
    for parameter in &judged.no_effect {
        let message = format!("{name} has the parameter {parameter}, which has no effect");
        env.warning(place, message, "leave it out");
    }
    for (from, fault) in &judged.faults {
        let place = from.map_or_else(|| place.clone(), Place::variable);
        let name = from.unwrap_or(name);
        env.error(&place, format!("{name} {}", fault.message), &fault.hint);
    }
    judged.server
}

/// libpq's file of passwords. As there, one that others may read is not used.
fn passwords(env: &Environment<'_>, path: Option<&str>) -> Option<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = match path {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(env.raw("HOME")?).join(".pgpass"),
    };
    let open_to_others = std::fs::metadata(&path).ok()?.permissions().mode() & 0o077 != 0;
    if open_to_others {
        let place = Place::top(path.to_string_lossy());
        env.warning(&place, "ignored: other users may read it", "chmod 600");
        return None;
    }
    std::fs::read_to_string(&path).ok()
}

fn from_parts(env: &Environment<'_>, given: &DatabaseVariables, part: &Given) -> Option<Server> {
    let Some(host) = &given.host else {
        let message = "a part of the database's address without DB_HOST";
        env.error(&part.place, message, "set DB_HOST, or DATABASE_URL alone");
        return None;
    };
    let port = env.filled("DB_PORT", "5432", whole(1..=65535));
    // An IPv6 address may have its brackets.
    let bare = |host: &str| {
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        inner.unwrap_or(host).to_owned()
    };
    let mut said = Said {
        hosts: host.text.split(',').map(str::trim).map(bare).collect(),
        ports: vec![port.to_string()],
        ..Said::default()
    };
    for (name, given, default) in [
        ("dbname", &given.name, Some("wardroom")),
        ("user", &given.user, Some("wardroom")),
        ("password", &given.password, None),
    ] {
        if let Some(value) = given.as_ref().map(|given| given.text.as_str()).or(default) {
            said.others.insert(name.to_owned(), value.to_owned());
        }
    }
    judged(env, "DB_HOST", &host.place, said)
}
