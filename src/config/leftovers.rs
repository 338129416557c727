//! Variables of other programs that have no effect here: each is named once at the start.

use super::environment::Environment;
use super::problem::Place;

/// Names them. `names` are those of all variables that there are; libpq's variables count when there is no
/// `server` that they could describe.
pub(super) fn tell(env: &Environment<'_>, names: &[String], server: bool) {
    let mut told: Vec<&str> = Vec::new();
    let mut tell = |name: &'static str, why: &str| {
        if env.raw(name).is_some() {
            warn(env, name, why);
        }
        told.push(name);
    };
    for (why, names) in INEFFECTIVE {
        names.iter().for_each(|name| tell(name, why));
    }
    if !server {
        let why = "the private PostgreSQL is not reached by libpq's variables";
        LIBPQ.iter().for_each(|name| tell(name, why));
    }
    for (begins, why) in INEFFECTIVE_FAMILIES {
        let family = names.iter().filter(|name| name.starts_with(begins));
        family
            .filter(|name| !told.contains(&name.as_str()))
            .for_each(|name| warn(env, name, why));
    }
}

fn warn(env: &Environment<'_>, name: &str, why: &str) {
    let message = format!("{name} has no effect");
    env.found.warning(&Place::variable(name), message, why);
}

/// How the names of other programs' variables begin, and why none of them has an effect.
const INEFFECTIVE_FAMILIES: &[(&str, &str)] = &[
    ("VISOR_LICENSE", "there is no licence key"),
    ("VICTOR_", "Wardroom reads no setting of that program"),
];

/// Variables of libpq that name a server; the private PostgreSQL is not reached by them.
#[rustfmt::skip]
const LIBPQ: &[&str] = &[
    "PGAPPNAME", "PGDATABASE", "PGHOST", "PGHOSTADDR", "PGOPTIONS", "PGPASSFILE", "PGPASSWORD", "PGPORT",
    "PGSSLCERT", "PGSSLKEY", "PGSSLMODE", "PGSSLROOTCERT", "PGUSER",
];

/// Why variables of other programs have no effect here.
#[rustfmt::skip]
const INEFFECTIVE: &[(&str, &[&str])] = &[
    ("all state is in PostgreSQL", &["REDIS_URL", "MONGODB_URL"]),
    ("set DATABASE_URL instead", &["POSTGRES_URL"]),
    ("the cluster scales; replicas share the work by themselves", &["ENABLE_AUTO_SCALING"]),
    ("there are no sessions to sign; bodies are encrypted with ENCRYPTION_KEY", &["SECRET_KEY"]),
    ("the API uses ADMIN_TOKEN", &["JWT_SECRET"]),
    ("messages are sent with SLACK_BOT_TOKEN", &["SLACK_WEBHOOK"]),
    ("set P1_USERS instead", &["P1_DM_RECIPIENTS"]),
    ("there is no licence key", &["VISOR_LICENSE", "VISOR_LICENSE_FILE"]),
    ("set DB_PASSWORD and DB_HOST instead", &["VISOR_DB_PASSWORD"]),
    ("no repository is checked out", &["VISOR_WORKSPACE_PATH", "WORKSPACE_DIR"]),
    ("there are no profiles", &["VICTOR_PROFILE"]),
    ("there is no such cache", &["VICTOR_ENABLE_TOOL_CACHE", "VICTOR_TOOL_CACHE_SIZE", "VICTOR_TOOL_CACHE_TTL", "VICTOR_CACHE_TTL"]),
    ("set WORKER_CONCURRENCY instead", &["VICTOR_MAX_CONCURRENT_TOOLS", "VICTOR_ENABLE_PARALLEL_EXECUTION"]),
    ("set LOG_LEVEL instead", &["VICTOR_LOG_LEVEL"]),
    ("logs go to stderr; the log collector keeps them", &["VICTOR_LOG_RETENTION_DAYS", "VICTOR_LOG_MAX_SIZE"]),
    ("set LOG_LEVEL=debug instead", &["VICTOR_DEBUG"]),
];
