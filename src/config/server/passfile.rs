//! libpq's file of passwords: `host:port:database:user:password`, the first line that fits.

use super::super::secret::Secret;
use super::{At, Host};

/// The password that a file has for a host.
pub(super) fn password(
    file: &str,
    host: &Host,
    (database, user): (Option<&str>, Option<&str>),
) -> Option<Secret> {
    let name = match &host.at {
        At::Here => "localhost".to_owned(),
        At::Tcp(name) => name.clone(),
        At::Socket(folder) => folder.to_string_lossy().into_owned(),
    };
    let port = host.port.to_string();
    let wanted = [Some(name.as_str()), Some(&port), database.or(user), user];
    let lines = file.lines().map(str::trim_start);
    lines
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let fields = fields(line);
            let (password, keys) = fields.split_last()?;
            let fits = keys.len() == wanted.len()
                && keys
                    .iter()
                    .zip(wanted)
                    .all(|(key, wanted)| key == "*" || Some(key.as_str()) == wanted);
            fits.then(|| Secret::new(password.as_str()))
        })
}

/// A line's five fields; a backslash takes the sign after it as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        let last = fields.len() == 5;
        let field = fields.last_mut().expect("there is one at least");
        match sign {
            ':' if !last => fields.push(String::new()),
            '\\' => field.extend(signs.next()),
            sign => field.push(sign),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_holds_the_password() {
        let file =
            "# a word\nother:5432:*:*:no\ndb:5432:d:u:p\\:a\\\\ss:x\n*:*:*:*:last\nshort:1\n";
        for (name, port, names, found) in [
            ("db", 5432, (Some("d"), Some("u")), "p:a\\ss:x"),
            ("db", 5433, (Some("d"), Some("u")), "last"),
            ("other", 5432, (None, Some("u")), "no"),
        ] {
            let host = Host {
                at: At::Tcp(name.to_owned()),
                port,
                password: None,
            };
            let password = password(file, &host, names).expect("there is one");
            assert_eq!(password.expose(), found, "{name}:{port}");
        }
        let here = Host {
            at: At::Here,
            port: 5432,
            password: None,
        };
        assert_eq!(password("db:*:*:*:x", &here, (None, None)), None);
    }
}
