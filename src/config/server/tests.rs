//! What is obeyed of an address, and what is refused; nothing is weaker than what was asked for.

use super::super::secret::Secret;
use super::parameters::{Judged, judge};
use super::url::read;
use super::{Server, TlsMode};
use std::time::Duration;

fn judged(text: &str, variables: &[(&str, &str)]) -> Judged {
    let said = read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
    let variable = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    judge(said, &variable, &|_| None)
}

fn server(text: &str, variables: &[(&str, &str)]) -> Server {
    let judged = judged(text, variables);
    let faults = &judged.faults;
    judged
        .server
        .unwrap_or_else(|| panic!("{text}: {faults:?}"))
}

#[test]
fn hosts_and_ports_are_paired() {
    let at = |text: &str| {
        let hosts = server(text, &[]).hosts;
        let shown: Vec<String> = hosts
            .iter()
            .map(|host| format!("{:?}:{}", host.at, host.port))
            .collect();
        shown.join(" ")
    };
    for (text, hosts) in [
        ("postgres:///d", "Here:5432"),
        ("postgres://h/d", r#"Tcp("h"):5432"#),
        ("postgres://[::1]:7/d", r#"Tcp("::1"):7"#),
        ("postgres://a:1,b/d", r#"Tcp("a"):1 Tcp("b"):5432"#),
        ("postgres://a,b:2/d", r#"Tcp("a"):5432 Tcp("b"):2"#),
        ("postgres:///d?host=a,b&port=7", r#"Tcp("a"):7 Tcp("b"):7"#),
        (
            "postgres:///d?host=/run/pg,b&port=1,2",
            r#"Socket("/run/pg"):1 Tcp("b"):2"#,
        ),
        (
            "postgres://localhost:9/d?host=/run/pg",
            r#"Socket("/run/pg"):9"#,
        ),
        ("postgres:///d?hostaddr=10.0.0.1", r#"Tcp("10.0.0.1"):5432"#),
    ] {
        assert_eq!(at(text), hosts, "{text}");
    }
}

#[test]
fn tls_is_what_was_asked_for_or_more() {
    let folder = std::env::temp_dir().join(format!("wardroom-tls-{}", uuid::Uuid::new_v4()));
    std::fs::write(&folder, "").unwrap();
    let file = folder.display().to_string();
    let encoded = file.replace('/', "%2F");
    for (query, variables, mode) in [
        ("".to_owned(), vec![], TlsMode::Prefer),
        ("sslmode=allow".to_owned(), vec![], TlsMode::Prefer),
        ("sslmode=disable".to_owned(), vec![], TlsMode::Disable),
        ("ssl=true".to_owned(), vec![], TlsMode::Require),
        (
            "ssl=true&sslmode=verify-full".to_owned(),
            vec![],
            TlsMode::VerifyFull,
        ),
        (
            "".to_owned(),
            vec![("PGSSLMODE", "verify-ca")],
            TlsMode::VerifyCa,
        ),
        (
            "sslmode=require".to_owned(),
            vec![("PGSSLMODE", "disable")],
            TlsMode::Require,
        ),
        ("sslrootcert=system".to_owned(), vec![], TlsMode::VerifyFull),
        (
            format!("sslmode=require&sslrootcert={encoded}"),
            vec![],
            TlsMode::VerifyCa,
        ),
        (
            "sslmode=require".to_owned(),
            vec![("PGSSLROOTCERT", file.as_str())],
            TlsMode::VerifyCa,
        ),
    ] {
        let server = server(&format!("postgres://h/d?{query}"), &variables);
        assert_eq!(server.tls.mode, mode, "{query} {variables:?}");
    }
    std::fs::remove_file(folder).unwrap();
}

#[test]
fn what_is_not_obeyed_is_refused_by_name_and_its_value_is_not_shown() {
    for (query, message) in [
        ("sslmode=maybe", "has an unknown sslmode"),
        ("sslmod=require", "has an unknown parameter sslmod"),
        ("schema=hunter2", "has an unknown parameter schema"),
        (
            "channel_binding=require",
            "asks for a channel_binding that Wardroom does not support",
        ),
        ("ssl=false", "has an ssl that is weaker than sslmode"),
        (
            "ssl=true&sslmode=prefer",
            "has an ssl that is weaker than sslmode",
        ),
        (
            "sslrootcert=system&sslmode=require",
            "has sslrootcert=system with a weaker sslmode",
        ),
        (
            "sslrootcert=/hunter2",
            "has an sslrootcert that cannot be read: entity not found",
        ),
        ("sslcert=/hunter2", "has one of sslcert and sslkey"),
        (
            "sslcrl=/hunter2",
            "asks for a sslcrl that Wardroom does not support",
        ),
        (
            "require_auth=scram-sha-256",
            "asks for a require_auth that Wardroom does not support",
        ),
        (
            "gssencmode=require",
            "asks for a gssencmode that Wardroom does not support",
        ),
        (
            "target_session_attrs=read-only",
            "has a target_session_attrs that cannot be used",
        ),
        (
            "target_session_attrs=hunter2",
            "has a target_session_attrs that cannot be used",
        ),
        (
            "connect_timeout=hunter2",
            "has a connect_timeout that is not a number",
        ),
        (
            "options=-c%20statement_timeout%3D0",
            "sets statement_timeout, which Wardroom sets itself",
        ),
        ("options[jit]=on", "sets jit, which Wardroom sets itself"),
        ("options=hunter2", "has options that cannot be read"),
        ("port=0", "has an invalid port"),
        ("port=1,2", "has a different number of ports and hosts"),
        ("host=a:1", "has an invalid host"),
        ("host=a,,b", "has an invalid host"),
        (
            "hostaddr=1.2.3.4&sslmode=verify-full",
            "has a hostaddr beside the host that TLS is to verify",
        ),
    ] {
        let judged = judged(&format!("postgres://h/d?{query}"), &[]);
        assert!(judged.server.is_none(), "{query}");
        let messages: Vec<&str> = judged
            .faults
            .iter()
            .map(|(_, fault)| fault.message.as_str())
            .collect();
        assert_eq!(messages, [message], "{query}");
        assert!(
            !format!("{:?}", judged.faults).contains("hunter2"),
            "{query}"
        );
    }
}

#[test]
fn variables_of_libpq_are_judged_like_the_address() {
    for (variable, value) in [
        ("PGSSLMODE", "maybe"),
        ("PGCHANNELBINDING", "require"),
        ("PGTARGETSESSIONATTRS", "standby"),
        ("PGREQUIREAUTH", "scram-sha-256"),
        ("PGOPTIONS", "-c jit=on"),
    ] {
        let judged = judged("postgres://h/d", &[(variable, value)]);
        let [(from, _)] = &judged.faults[..] else {
            panic!("{variable}: {:?}", judged.faults);
        };
        assert_eq!(*from, Some(variable));
    }
    let server = server(
        "postgres:///?connect_timeout=4",
        &[
            ("PGHOST", "a,b"),
            ("PGPORT", "1,2"),
            ("PGUSER", "u"),
            ("PGDATABASE", "d"),
            ("PGPASSWORD", "p"),
            ("PGCONNECT_TIMEOUT", "9"),
        ],
    );
    assert_eq!(server.hosts.len(), 2);
    assert_eq!(server.hosts[1].port, 2);
    assert_eq!(server.hosts[1].password, Some(Secret::new("p")));
    assert_eq!(
        (server.user.as_deref(), server.database.as_deref()),
        (Some("u"), Some("d"))
    );
    assert_eq!(server.connect_timeout, Some(Duration::from_secs(4)));
}

#[test]
fn settings_of_the_session_are_read_with_their_backslashes() {
    let settings = server(
        r"postgres://h/d?options=-c%20search_path%3Da%20--work-mem=4MB%20-cx.y%3Da%5C%20b&keepalives=1",
        &[],
    )
    .settings;
    let settings: Vec<(&str, &str)> = settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        settings,
        [("search_path", "a"), ("work_mem", "4MB"), ("x.y", "a b")]
    );
    let judged = judged("postgres://h/d?keepalives=1", &[]);
    assert_eq!(judged.no_effect, ["keepalives"]);
}
