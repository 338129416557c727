//! The operating system's account that runs PostgreSQL.
//!
//! initdb and postgres refuse to run as root, so root runs them as an unprivileged user; every other
//! user runs them as itself. Existing data are always served by the user that owns them. Users are
//! looked up in /etc/passwd and then by `id`, which also knows directories such as LDAP; the C
//! library would need unsafe code.

use std::path::Path;

use super::error::StartError;
use super::find;
use super::names::Names;

/// The users that root may choose, best first. macOS calls the first one `_postgres`.
fn unprivileged(names: &Names) -> [&str; 4] {
    ["postgres", "_postgres", names.program, "nobody"]
}

/// The user that runs PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    /// The name, or the number where it has none.
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// The effective user id of this process.
pub(super) fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The account for data that do not exist yet.
pub(super) fn for_new_data(names: &Names) -> Result<Account, StartError> {
    let uid = own_uid();
    if uid != 0 {
        let gid = rustix::process::getegid().as_raw();
        return Ok(Account {
            name: name_of(uid),
            uid,
            gid,
        });
    }
    let passwd = passwd();
    unprivileged(names)
        .iter()
        .find_map(|name| by_name(&passwd, name).or_else(|| ask_id(name)))
        .filter(|account| account.uid != 0)
        .ok_or_else(|| StartError::Directory {
            problem: "PostgreSQL refuses to run as root, and this system has no other user that could run it"
                .to_owned(),
            fix: format!("Create one, for instance:  useradd --system {}", names.program),
        })
}

/// The account that owns existing data.
pub(super) fn owner_of(
    data: &Path,
    uid: u32,
    gid: u32,
    names: &Names,
) -> Result<Account, StartError> {
    let own = own_uid();
    let refuse = |problem: String, fix: String| Err(StartError::Directory { problem, fix });
    if uid == 0 {
        let to = for_new_data(names).map_or_else(|_| "postgres".to_owned(), |account| account.name);
        return refuse(
            format!(
                "{} belongs to root, who may not run PostgreSQL",
                data.display()
            ),
            format!("Give it to another user:  chown -R {to} {}", data.display()),
        );
    }
    if own != 0 && own != uid {
        let owner = name_of(uid);
        return refuse(
            format!(
                "{} belongs to the user {owner}, and this process runs as another user",
                data.display()
            ),
            format!(
                "Run this as {owner} or root, or set {} to another folder.",
                names.data_dir
            ),
        );
    }
    Ok(Account {
        name: name_of(uid),
        uid,
        gid,
    })
}

fn passwd() -> String {
    std::fs::read_to_string("/etc/passwd").unwrap_or_default()
}

fn name_of(uid: u32) -> String {
    accounts(&passwd())
        .find(|account| account.uid == uid)
        .map_or_else(|| uid.to_string(), |account| account.name)
}

fn by_name(passwd: &str, name: &str) -> Option<Account> {
    accounts(passwd).find(|account| account.name == name)
}

fn accounts(passwd: &str) -> impl Iterator<Item = Account> + '_ {
    passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { name, uid, gid })
    })
}

fn ask_id(name: &str) -> Option<Account> {
    let number = |flag| find::ask("id", &[flag, name])?.trim().parse().ok();
    Some(Account {
        name: name.to_owned(),
        uid: number("-u")?,
        gid: number("-g")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\n# note\n\
                      postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/sh\n";
        let account = by_name(passwd, "postgres").unwrap();
        assert_eq!((account.uid, account.gid), (101, 104));
        assert_eq!(by_name(passwd, "broken"), None);
        assert_eq!(accounts(passwd).count(), 2);
    }

    #[test]
    fn data_of_root_are_refused_with_the_command_that_fixes_it() {
        let said = owner_of(Path::new("/srv/w/postgres"), 0, 0, &Names::NEUTRAL)
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("chown -R") && said.contains("/srv/w/postgres"),
            "{said}"
        );
    }
}
