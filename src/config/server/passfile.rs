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
        At::Here => "localhost",
        At::Tcp(name) => name,
        At::Socket(folder) => folder.to_str()?,
    };
    let port = host.port.to_string();
    let wanted = [Some(name), Some(&port), database.or(user), user];
    let fits = |(key, wanted): (&String, Option<&str>)| key == "*" || Some(key.as_str()) == wanted;
    let lines = file.lines().map(str::trim_start);
    lines
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let [keys @ .., password] = &fields(line)[..] else {
                return None;
            };
            let found = keys.len() == wanted.len() && keys.iter().zip(wanted).all(fits);
            found.then(|| Secret::new(password))
        })
}

/// A line's five fields; a backslash takes the character after it as it is.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field) = (Vec::new(), String::new());
    let mut rest = line.chars();
    while let Some(next) = rest.next() {
        match next {
            ':' if fields.len() < 4 => fields.push(std::mem::take(&mut field)),
            '\\' => field.extend(rest.next()),
            other => field.push(other),
        }
    }
    fields.push(field);
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
