//! Which database: a server by its address or its parts, or a private PostgreSQL.
//!
//! An address and its parts become one checked value (`server`); no message shows any of it. In
//! Kubernetes the private database must be asked for: a pod's disk goes with the pod, and losing
//! what was acknowledged would be silent.

use std::path::PathBuf;

use super::environment::{Environment, Given};
use super::problem::Place;
use super::readers::number;
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
                let message = "ignored: DATABASE_URL is set";
                env.found.warning(&part.place, message, hint);
            }
            checked(env, "DATABASE_URL", url)
        }
        (None, Some(part)) => from_parts(env, given, part),
        (None, None) => None,
    };
    let asked = given.url.is_some() || part.is_some();
    let direct = given.direct_url.as_ref();
    if let (Some(direct), false) = (direct, asked) {
        let message = "DATABASE_DIRECT_URL without DATABASE_URL";
        let hint = "set DATABASE_URL as well";
        env.found.error(&direct.place, message, hint);
    }
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

fn embedded(env: &Environment<'_>, server: bool, given: &DatabaseVariables) {
    let place = Place::variable("DATABASE_URL");
    match (server, given.embedded) {
        (true, true) => {
            let place = Place::variable("WARDROOM_EMBEDDED");
            let message = "ignored: a database server is configured";
            env.found.warning(&place, message, "unset one of them");
        }
        (false, false) if env.raw("KUBERNETES_SERVICE_HOST").is_some() => {
            let message = "no database: in Kubernetes DATABASE_URL must be set";
            let hint = "a pod's disk is deleted with the pod; WARDROOM_EMBEDDED=true allows it";
            env.found.error(&place, message, hint);
        }
        (false, false) => {
            let folder = given.data_dir.display();
            let message = format!("not set: a private PostgreSQL in {folder} is used");
            env.found.warning(&place, message, "set it for production");
        }
        (true, false) | (false, true) => {}
    }
}

/// An address that PostgreSQL's clients take. The messages show nothing of it.
fn checked(env: &Environment<'_>, name: &str, given: &Given) -> Option<Server> {
    match url::read(given.text.expose()) {
        Ok(said) => judged(env, name, &given.place, said),
        Err(fault) => {
            let message = format!("{name} {}", fault.message);
            env.found.error(&given.place, message, fault.hint);
            None
        }
    }
}

fn judged(env: &Environment<'_>, name: &str, place: &Place, said: Said) -> Option<Server> {
    let judged = parameters::judge(said, &|name| env.raw(name), &|path| passwords(env, path));
    for parameter in judged.no_effect {
        let message = format!("{name} has the parameter {parameter}, which has no effect");
        env.found.warning(place, message, "leave it out");
    }
    for (from, fault) in judged.faults {
        let place = from.map_or_else(|| place.clone(), Place::variable);
        let message = format!("{} {}", from.unwrap_or(name), fault.message);
        env.found.error(&place, message, fault.hint);
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
        env.found
            .warning(&place, "ignored: other users may read it", "chmod 600");
        return None;
    }
    std::fs::read_to_string(&path).ok()
}

fn from_parts(env: &Environment<'_>, given: &DatabaseVariables, part: &Given) -> Option<Server> {
    let Some(host) = &given.host else {
        let message = "a part of the database's address without DB_HOST";
        let hint = "set DB_HOST, or DATABASE_URL alone";
        env.found.error(&part.place, message, hint);
        return None;
    };
    let port = env.filled("DB_PORT", "5432", number(1..=u16::MAX));
    // An IPv6 address may have its brackets.
    let bare = |host: &str| {
        let host = host.trim();
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        inner.unwrap_or(host).to_owned()
    };
    let hosts: Vec<String> = host.text.expose().split(',').map(bare).collect();
    let text = |given: &Option<Given>| given.as_ref().map(|given| given.text.expose().to_owned());
    let or_ours = |given: &Option<Given>| text(given).unwrap_or("wardroom".to_owned());
    let mut said = Said::from([
        ("host".to_owned(), hosts.join(",")),
        ("port".to_owned(), port.to_string()),
        ("dbname".to_owned(), or_ours(&given.name)),
        ("user".to_owned(), or_ours(&given.user)),
    ]);
    said.extend(text(&given.password).map(|password| ("password".to_owned(), password)));
    judged(env, "DB_HOST", &host.place, said)
}
