//! Variables without an effect: placeholders of the manifests, and names of other programs. A placeholder
//! is refused; the others are named once.

use super::environment::{Environment, read_secret};
use super::problem::Place;
use super::variables::VARIABLES;

/// What stands in the manifests where a secret belongs.
const PLACEHOLDER: &str = "REPLACE-ME";

impl Environment<'_> {
    /// Says what is left over; `names` are those of all variables that there are.
    pub(super) fn tell_leftovers(&self, names: &[String]) {
        self.tell_ineffective(names);
        self.tell_mangled();
        self.refuse_placeholders();
    }

    /// A placeholder is public, and would work as a secret.
    fn refuse_placeholders(&self) {
        for (variable, name) in VARIABLES
            .iter()
            .flat_map(|one| one.names().map(move |name| (one, name)))
        {
            let in_file = self
                .raw(&format!("{name}_FILE"))
                .filter(|_| variable.secret);
            let in_file = || in_file.and_then(|path| read_secret(&path).ok());
            let value = self.raw(name).or_else(in_file);
            if value.is_some_and(|value| value.contains(PLACEHOLDER)) {
                let message = format!("{name} still holds the placeholder {PLACEHOLDER}");
                let hint = "put the real value in, or leave the variable out";
                self.error(&Place::variable(name), message, hint);
            }
        }
    }

    /// Names that mean nothing here, or nothing yet: said once at the start.
    fn tell_ineffective(&self, names: &[String]) {
        let tell = |name: &str, why: &str| {
            let message = format!("{name} has no effect");
            self.warning(&Place::variable(name), message, why);
        };
        let known = || {
            INEFFECTIVE
                .iter()
                .flat_map(|(why, names)| names.iter().map(move |name| (*name, *why)))
        };
        for (name, why) in known().filter(|(name, _)| self.raw(name).is_some()) {
            tell(name, why);
        }
        let left_out = self.raw(LEFT_OUT).unwrap_or_default();
        for name in left_out.split(',').filter(|name| LIBPQ.contains(name)) {
            tell(
                name,
                "the private PostgreSQL is not reached by libpq's variables",
            );
        }
        for (begins, why) in INEFFECTIVE_FAMILIES {
            let family = names.iter().filter(|name| name.starts_with(begins));
            let unknown = |name: &&String| known().all(|(known, _)| known != *name);
            family.filter(unknown).for_each(|name| tell(name, why));
        }
        for variable in VARIABLES.iter().filter(|one| one.no_effect_yet) {
            if let Some(given) = self.get(variable.name) {
                let message = format!("{} has no effect yet", variable.name);
                let hint = "the part that would use it is not built";
                self.warning(&given.place, message, hint);
            }
        }
    }
}

/// How the names of other programs' variables begin, and why none of them has an effect.
const INEFFECTIVE_FAMILIES: &[(&str, &str)] = &[
    ("VISOR_LICENSE", "there is no licence key"),
    ("VICTOR_", "Wardroom reads no setting of that program"),
];

/// Variables of libpq that sqlx would take for the private PostgreSQL too.
#[rustfmt::skip]
pub const LIBPQ: &[&str] = &[
    "PGAPPNAME", "PGDATABASE", "PGHOST", "PGHOSTADDR", "PGOPTIONS", "PGPASSFILE", "PGPASSWORD", "PGPORT",
    "PGSSLCERT", "PGSSLKEY", "PGSSLMODE", "PGSSLROOTCERT", "PGUSER",
];

/// Holds the names of those that the program left out when it started itself again.
pub const LEFT_OUT: &str = "WARDROOM_LEFT_OUT";

/// Holds `PGOPTIONS` where a server is named: sqlx would add the variable to the address's `options`.
pub const KEPT_OPTIONS: &str = "WARDROOM_PGOPTIONS";

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
