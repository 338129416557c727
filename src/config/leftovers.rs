//! Variables without an effect: placeholders of the manifests, and names of other programs. A placeholder
//! is refused; the others are named once.

use super::environment::{Environment, read_secret};
use super::problem::Place;
use super::variables::VARIABLES;
use std::collections::BTreeSet;

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
        let names = VARIABLES.iter().flat_map(|variable| {
            let names = std::iter::once(variable.name).chain(variable.aliases.iter().copied());
            names.map(|name| (name, variable.secret))
        });
        for (name, secret) in names {
            let in_file = || self.raw(&format!("{name}_FILE")).filter(|_| secret);
            let value = self
                .raw(name)
                .or_else(|| in_file().and_then(|path| read_secret(&path).ok()));
            if value.is_some_and(|value| value.contains(PLACEHOLDER)) {
                self.error(
                    &Place::variable(name),
                    format!("{name} still holds the placeholder {PLACEHOLDER}"),
                    "put the real value in, or leave the variable out",
                );
            }
        }
    }

    /// Names that mean nothing here, or nothing yet: said once at the start.
    fn tell_ineffective(&self, names: &[String]) {
        let mut told = BTreeSet::new();
        let tell = |name: &str, why: &str| {
            let message = format!("{name} has no effect");
            self.warning(&Place::variable(name), message, why);
        };
        for (name, why) in INEFFECTIVE {
            if self.raw(name).is_some() {
                tell(name, why);
                told.insert(*name);
            }
        }
        let left_out = self.raw(LEFT_OUT).unwrap_or_default();
        for name in LIBPQ {
            if left_out.split(',').any(|other| other == *name) {
                tell(
                    name,
                    "the private PostgreSQL is not reached by libpq's variables",
                );
            }
        }
        for name in names.iter().map(String::as_str) {
            let family = INEFFECTIVE_FAMILIES
                .iter()
                .find(|(begins, _)| name.starts_with(begins));
            if let Some((_, why)) = family.filter(|_| !told.contains(name)) {
                tell(name, why);
            }
        }
        for variable in VARIABLES.iter().filter(|one| one.no_effect_yet) {
            if let Some(given) = self.get(variable.name) {
                let message = format!("{} has no effect yet", variable.name);
                self.warning(
                    &given.place,
                    message,
                    "the part that would use it is not built",
                );
            }
        }
    }
}

/// How the names of other programs' variables begin, and why those that are not known one by one do
/// nothing here either.
pub(crate) const INEFFECTIVE_FAMILIES: &[(&str, &str)] = &[
    ("VISOR_LICENSE", "there is no licence key"),
    ("VICTOR_", "no setting of that program is one of ours"),
];

/// Variables of libpq that sqlx would take for the private PostgreSQL too.
pub const LIBPQ: &[&str] = &[
    "PGAPPNAME",
    "PGDATABASE",
    "PGHOST",
    "PGHOSTADDR",
    "PGOPTIONS",
    "PGPASSFILE",
    "PGPASSWORD",
    "PGPORT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGUSER",
];

/// Holds the names of those that the program left out when it started itself again.
pub const LEFT_OUT: &str = "WARDROOM_LEFT_OUT";

/// Variables of other programs, and why they have no effect here.
pub(crate) const INEFFECTIVE: &[(&str, &str)] = &[
    ("REDIS_URL", "all state is in PostgreSQL"),
    ("POSTGRES_URL", "set DATABASE_URL instead"),
    ("MONGODB_URL", "all state is in PostgreSQL"),
    (
        "ENABLE_AUTO_SCALING",
        "the cluster scales; replicas share the work by themselves",
    ),
    (
        "SECRET_KEY",
        "there are no sessions to sign; bodies are sealed with ENCRYPTION_KEY",
    ),
    ("JWT_SECRET", "the API uses ADMIN_TOKEN"),
    ("SLACK_WEBHOOK", "messages are sent with SLACK_BOT_TOKEN"),
    ("P1_DM_RECIPIENTS", "set P1_USERS instead"),
    ("VISOR_LICENSE", "there is no licence key"),
    ("VISOR_LICENSE_FILE", "there is no licence key"),
    ("VISOR_DB_PASSWORD", "set DB_PASSWORD and DB_HOST instead"),
    ("VISOR_WORKSPACE_PATH", "no repository is checked out"),
    ("VICTOR_PROFILE", "there are no profiles"),
    ("VICTOR_ENABLE_TOOL_CACHE", "there is no such cache"),
    ("VICTOR_TOOL_CACHE_SIZE", "there is no such cache"),
    ("VICTOR_TOOL_CACHE_TTL", "there is no such cache"),
    ("VICTOR_CACHE_TTL", "there is no such cache"),
    ("VICTOR_MAX_CONCURRENT_TOOLS", "see WORKER_CONCURRENCY"),
    ("VICTOR_ENABLE_PARALLEL_EXECUTION", "see WORKER_CONCURRENCY"),
    ("VICTOR_LOG_LEVEL", "set LOG_LEVEL instead"),
    (
        "VICTOR_LOG_RETENTION_DAYS",
        "logs go to stderr; the log collector keeps them",
    ),
    (
        "VICTOR_LOG_MAX_SIZE",
        "logs go to stderr; the log collector keeps them",
    ),
    ("VICTOR_DEBUG", "set LOG_LEVEL=debug instead"),
    ("WORKSPACE_DIR", "no repository is checked out"),
];
