//! What makes a database one that we cannot work with, each with its remedy.

/// A database that is not what we need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its encoding cannot hold every text.
    #[error(
        "the database's encoding is {0} and must be UTF8; create one: create database wardroom \
         encoding 'UTF8' template template0"
    )]
    Encoding(String),
    /// The server is too old.
    #[error(
        "the server is PostgreSQL {}, and 14 or later is needed; upgrade it",
        .0 / 10_000
    )]
    Version(u32),
    /// It was made read-only, and no failover changes that.
    #[error(
        "the database takes no writes: default_transaction_read_only is on for the {0}; switch it \
         off: alter {0} … reset default_transaction_read_only"
    )]
    ReadOnly(&'static str),
    /// The role or its password is refused.
    #[error(
        "the server refuses the role or its password (SQLSTATE {0}); check the user and the password \
         in DATABASE_URL or DB_USER and DB_PASSWORD, and the server's pg_hba.conf"
    )]
    Login(String),
    /// The server offers no TLS, or cannot prove who it is.
    #[error(
        "the connection cannot be protected as sslmode asks: {0}; check sslmode and sslrootcert"
    )]
    Tls(String),
    /// There is no such database.
    #[error(
        "there is no such database (SQLSTATE 3D000); create it, or correct its name in DATABASE_URL \
         or DB_NAME"
    )]
    NoDatabase,
    /// The role lacks a right: which, and how to grant it.
    #[error("{0}")]
    Rights(String),
}

impl Unfit {
    /// What the server's answer says against it, when it is one of those that do not pass.
    pub(super) fn of(code: &str, message: &str) -> Option<Self> {
        match code {
            "3D000" => Some(Self::NoDatabase),
            "42501" => Some(Self::Rights(format!(
                "the role lacks a right (SQLSTATE 42501: {message}); let it own the tables, or grant it \
                 select, insert, update and delete"
            ))),
            code if code.starts_with("28") => Some(Self::Login(code.to_owned())),
            _ => None,
        }
    }

    /// The same for everyone who may ask for the health: no names.
    pub fn summary(&self) -> &'static str {
        match self {
            Self::Encoding(_) => "the database's encoding is not UTF8",
            Self::Version(_) => "the database server is older than PostgreSQL 14",
            Self::ReadOnly(_) => "the database is read-only",
            Self::Login(_) => "the database refuses the login",
            Self::Tls(_) => "the database connection cannot be protected as asked",
            Self::NoDatabase => "there is no such database",
            Self::Rights(_) => "the database role lacks rights",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_pass_by_itself_is_known_by_its_code() {
        for (code, unfit) in [
            ("28P01", true),
            ("28000", true),
            ("3D000", true),
            ("42501", true),
            ("57P03", false),
            ("25006", false),
            ("53300", false),
            ("23505", false),
        ] {
            assert_eq!(Unfit::of(code, "m").is_some(), unfit, "{code}");
        }
    }
}
