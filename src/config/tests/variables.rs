//! Promises about the environment: what it means, what it wins over, what is refused.

use super::super::*;
use super::*;

#[test]
fn wrong_variables_are_refused_with_their_place() {
    let pem = "-----BEGIN PRIVATE KEY-----";
    for (variables, expected) in [
        (
            &[("PORT", "70000")][..],
            "$PORT:1:1: error: PORT must be a number from 0 to 65535",
        ),
        (
            &[("HOST", "http://x")],
            "$HOST:1:1: error: HOST must be an address or a host's name",
        ),
        (
            &[("ADMIN_TOKEN", "REPLACE-ME")],
            "$ADMIN_TOKEN:1:1: error: ADMIN_TOKEN still holds the placeholder REPLACE-ME",
        ),
        (
            &[("GOOGLE_API_KEY", "REPLACE-ME-key")],
            "$GOOGLE_API_KEY:1:1: error: GOOGLE_API_KEY still holds the placeholder REPLACE-ME",
        ),
        (
            &[("WORKER_CONCURRENCY", "0")],
            "$WORKER_CONCURRENCY:1:1: error: WORKER_CONCURRENCY must be a number from 1 to 1024",
        ),
        (
            &[("MAX_WORKERS", "many")],
            "$MAX_WORKERS:1:1: error: WORKER_CONCURRENCY must be a number from 1 to 1024",
        ),
        (
            &[("DATABASE_URL", "mysql://x/y")],
            "$DATABASE_URL:1:1: error: DATABASE_URL must begin with postgres://",
        ),
        (
            &[("DATABASE_URL", "postgres://h/d?sslmode=maybe")],
            "$DATABASE_URL:1:1: error: DATABASE_URL has an unknown sslmode",
        ),
        (
            &[("DB_PASSWORD", "x")],
            "$DB_PASSWORD:1:1: error: a part of the database's address without DB_HOST",
        ),
        (
            &[("KUBERNETES_SERVICE_HOST", "10.0.0.1")],
            "$DATABASE_URL:1:1: error: no database: in Kubernetes DATABASE_URL must be set",
        ),
        (
            &[
                ("SLACK_BOT_TOKEN", "xoxb-1 "),
                ("SLACK_SIGNING_SECRET", "a b"),
            ],
            "$SLACK_SIGNING_SECRET:1:1: error: SLACK_SIGNING_SECRET has a space, a line break or an invisible character in it",
        ),
        (
            &[("GITHUB_APP_ID", "seven"), ("GITHUB_APP_PRIVATE_KEY", pem)],
            "$GITHUB_APP_ID:1:1: error: GITHUB_APP_ID must be a number",
        ),
        (
            &[("GITHUB_APP_ID", "7"), ("GITHUB_APP_PRIVATE_KEY", "hello")],
            "$GITHUB_APP_PRIVATE_KEY:1:1: error: GITHUB_APP_PRIVATE_KEY is neither PEM nor base64 of it",
        ),
        (
            &[("P1_CHANNELS", "C1, general")],
            "$P1_CHANNELS:1:5: error: `general` is not the id of a Slack channel",
        ),
        (
            &[("SERVICES", "api,API")],
            "$SERVICES:1:5: error: the service `API` is named twice",
        ),
        (
            &[("SERVICE_OWNERS", "{\"a\":\n [}")],
            "$SERVICE_OWNERS:2:3: error: SERVICE_OWNERS is not JSON",
        ),
        (
            &[("SERVICE_OWNERS", "{\"a\": [\"ada\"]}")],
            "$SERVICE_OWNERS:1:8: error: `ada` is not the id of a Slack user",
        ),
        (
            &[("SERVICES", "api"), ("SERVICE_OWNERS", "{\"app\": []}")],
            "$SERVICE_OWNERS:1:2: error: there is no service `app`",
        ),
        (
            &[("TRUSTED_PROXIES", "10.0.0.0/8,nope")],
            "$TRUSTED_PROXIES:1:12: error: `nope` is not a network",
        ),
        (
            &[("ENCRYPTION_KEY", "abc")],
            "$ENCRYPTION_KEY:1:1: error: ENCRYPTION_KEY must be 32 bytes in hex: 64 digits",
        ),
        (
            &[("DEADMAN_URL", "nope")],
            "$DEADMAN_URL:1:1: error: DEADMAN_URL must be an http or https address",
        ),
        (
            &[("OTEL_TRACES_SAMPLER", "all")],
            "$OTEL_TRACES_SAMPLER:1:1: error: OTEL_TRACES_SAMPLER cannot be `all`",
        ),
        (
            &[("WARDROOM_TELEMETRY_ENABLED", "true")],
            "$WARDROOM_TELEMETRY_ENABLED:1:1: error: traces are wanted by OTLP and no endpoint is set",
        ),
        (
            &[("ADMIN_TOKEN", "a"), ("ADMIN_TOKEN_FILE", "/x")],
            "$ADMIN_TOKEN_FILE:1:1: error: both ADMIN_TOKEN and ADMIN_TOKEN_FILE are set",
        ),
        (
            &[("SLACK_API_URL", "slack.com")],
            "$SLACK_API_URL:1:1: error: SLACK_API_URL must be an http or https address, without user and query",
        ),
    ] {
        let errors = errors_of(variables);
        assert_eq!(errors, [expected], "{variables:?}");
    }
}

#[test]
fn slack_insisted_on_and_missing_is_refused() {
    let lookup = |_: &str| None;
    let ask = Ask {
        slack: SlackNeed::Required,
        ..Ask::default()
    };
    let problems = Config::load_as_asked(ask, &lookup).unwrap_err();
    assert!(
        problems
            .iter()
            .any(|p| p.message.starts_with("--slack was given")),
        "{problems:?}"
    );
}

#[test]
fn the_environment_wins_over_the_file() {
    let yaml = "services: {api: {owners: [U1], channels: [C7]}, old: }\n\
                routing: {P1: {channels: [C1], users: [U1]}, P2: {channels: [C2]}}";
    let (config, _) = loaded(
        yaml,
        &[
            ("SERVICES", "web, API"),
            ("SERVICE_OWNERS", "{\"web\":[\"U5\"]}"),
            ("NOTIFICATION_CHANNEL_GENERAL", "C8,C9"),
        ],
    );
    let services = &config.rules.services;
    assert_eq!(services.len(), 2);
    assert_eq!(
        (services[0].name.as_str(), &services[0].owners[..]),
        ("web", &["U5".to_owned()][..])
    );
    assert_eq!(
        (services[1].name.as_str(), &services[1].channels[..]),
        ("api", &["C7".to_owned()][..])
    );
    assert_eq!(config.rules.routing.p1.channels, ["C8", "C9"]);
    assert_eq!(config.rules.routing.p1.users, ["U1"]);
    assert_eq!(config.rules.routing.p2.channels, ["C2"]);
}

#[test]
fn values_mean_what_the_documentation_says() {
    let (config, notices) = loaded("", &[]);
    assert_eq!(
        (config.http.host.as_str(), config.http.port),
        ("0.0.0.0", 3000)
    );
    assert_eq!(config.http.metrics_port, MetricsPort::Default(9090));
    assert_eq!(config.database.max_connections, 8);
    assert_eq!(config.process.shutdown_grace, Duration::from_secs(25));
    assert_eq!(config.process.worker_concurrency, 16);
    assert_eq!(
        (config.log.filter.as_str(), config.log.format),
        ("info", None)
    );
    assert!(config.slack.is_none() && !config.telemetry.enabled && config.process.self_healing);
    assert_eq!(
        notices.len(),
        1,
        "only that the private database is used: {notices:?}"
    );

    let (config, _) = loaded(
        "",
        &[
            ("METRICS_PORT", "9090"),
            ("LOG_LEVEL", "WaRnInG"),
            ("DB_HOST", "db"),
            ("DB_PASSWORD", "p%41ss/@word"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318/"),
            ("SLACK_BOT_TOKEN", "xoxb-1"),
            ("SLACK_SIGNING_SECRET", "shh"),
            ("TRUSTED_PROXIES", "10.1.2.3/8,::1"),
            ("WORKER_CONCURRENCY", ""),
            ("MAX_WORKERS", "4"),
        ],
    );
    assert_eq!(config.http.metrics_port, MetricsPort::Asked(9090));
    assert_eq!(config.log.filter, "warn");
    let server = config.database.server.unwrap();
    assert_eq!(config.database.direct.as_ref(), Some(&server));
    let [host] = &server.hosts[..] else {
        panic!("one host: {server:?}");
    };
    assert_eq!((&host.at, host.port), (&At::Tcp("db".to_owned()), 5432));
    assert_eq!(host.password, Some(Secret::new("p%41ss/@word")));
    assert_eq!(server.user.as_deref(), Some("wardroom"));
    assert_eq!(server.database.as_deref(), Some("wardroom"));
    assert_eq!(
        config.telemetry.traces_endpoint.as_deref(),
        Some("http://otel:4318/v1/traces")
    );
    assert!(config.telemetry.enabled);
    assert_eq!(config.slack.unwrap().api_url, "https://slack.com/api");
    let networks: Vec<_> = config
        .http
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(networks, ["10.0.0.0/8", "::1/128"]);
    assert_eq!(config.process.worker_concurrency, 4);
}

#[test]
fn parts_of_the_database_s_address_are_taken_as_they_are() {
    let v6 = || At::Tcp("::1".to_owned());
    for (host, places) in [
        ("::1", vec![v6()]),
        ("[::1]", vec![v6()]),
        (
            "/run/postgresql",
            vec![At::Socket("/run/postgresql".into())],
        ),
        ("a, [::1]", vec![At::Tcp("a".to_owned()), v6()]),
    ] {
        let (config, _) = loaded(
            "",
            &[("DB_HOST", host), ("DB_NAME", "a%41"), ("DB_USER", "u:x")],
        );
        let server = config.database.server.unwrap();
        let at: Vec<At> = server.hosts.into_iter().map(|host| host.at).collect();
        assert_eq!(at, places, "{host}");
        assert_eq!(server.database.as_deref(), Some("a%41"));
        assert_eq!(server.user.as_deref(), Some("u:x"));
    }
    for host in ["db:5432", "http://db", "a b", "u@db"] {
        let errors = errors_of(&[("DB_HOST", host)]);
        assert!(
            errors[0].starts_with("$DB_HOST:1:1: error: DB_HOST has an invalid host"),
            "{errors:?}"
        );
    }
}

#[test]
fn the_private_database_in_kubernetes_must_be_meant() {
    let cluster = ("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    let (config, notices) = loaded("", &[cluster, ("WARDROOM_EMBEDDED", "true")]);
    assert!(config.database.server.is_none() && notices.is_empty());
    let (config, _) = loaded("", &[cluster, ("DATABASE_URL", "postgres://h/d")]);
    assert!(config.database.server.is_some());
}

#[test]
fn a_secret_may_come_as_a_file() {
    let folder = Folder::new();
    let path = folder.write("token", "from-a-file\n");
    let path = path.to_str().unwrap();
    let yaml = "heartbeats: {a: {period: 1s, token: \"${BEAT}\"}}";
    let (config, _) = loaded(yaml, &[("ADMIN_TOKEN_FILE", path), ("BEAT_FILE", path)]);
    assert_eq!(config.http.admin_token.unwrap().expose(), "from-a-file");
    let gone = errors_of(&[("ADMIN_TOKEN_FILE", "/nowhere/at/all")]);
    assert!(
        gone[0].starts_with("$ADMIN_TOKEN_FILE:1:1: error: the file cannot be read"),
        "{gone:?}"
    );
}

#[test]
fn a_private_key_is_taken_as_pem_and_as_base64() {
    use base64::Engine as _;
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----";
    let packed = base64::engine::general_purpose::STANDARD.encode(pem);
    for text in [pem.to_owned(), pem.replace('\n', "\\n"), packed] {
        let (config, _) = loaded(
            "",
            &[
                ("GITHUB_APP_ID", "7"),
                ("GITHUB_APP_PRIVATE_KEY", text.as_str()),
            ],
        );
        assert_eq!(config.github.app().unwrap().1.expose(), pem);
    }
}

#[test]
fn variables_without_effect_are_named() {
    let (_, notices) = loaded(
        "",
        &[
            ("REDIS_URL", "redis://x"),
            ("VISOR_LICENSE", "k"),
            ("OPENAI_API_KEY", "k"),
        ],
    );
    let told: Vec<_> = notices.iter().map(|n| n.message.as_str()).collect();
    for expected in [
        "REDIS_URL has no effect",
        "VISOR_LICENSE has no effect",
        "OPENAI_API_KEY has no effect yet",
    ] {
        assert!(told.contains(&expected), "{told:?}");
    }
}

#[test]
fn a_family_of_another_programs_variables_is_named_whatever_it_is_called() {
    let names = [
        "VICTOR_WHATEVER",
        "VISOR_LICENSE_KEY",
        "REDIS_URL",
        "VISOR_DEBUG",
        "PATH",
    ];
    let names = names.map(str::to_owned);
    let ask = Ask {
        names: &names,
        ..Ask::default()
    };
    let set = |name: &str| (name == "REDIS_URL").then(|| "redis://x".to_owned());
    let (_, notices) = Config::load_as_asked(ask, &set).expect("it is fine");
    let told = notices.iter().map(|n| n.message.as_str());
    let mut told: Vec<_> = told
        .filter(|told| told.ends_with("has no effect"))
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "REDIS_URL has no effect",
            "VICTOR_WHATEVER has no effect",
            "VISOR_LICENSE_KEY has no effect"
        ]
    );
}

#[test]
fn a_probe_asks_where_the_server_listens_by_the_servers_own_rules() {
    let at = |variables: &[(&str, &str)]| {
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        listens_on(&|name| {
            let found = variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        })
    };
    for (variables, host, port) in [
        (&[][..], "0.0.0.0", 3000),
        (&[("HOST", " [::1] "), ("PORT", " 8080 ")], "::1", 8080),
        (&[("HOST", ""), ("PORT", "")], "0.0.0.0", 3000),
        // What else is wrong is not the probe's affair.
        (&[("PORT", "80"), ("LOG_LEVEL", "loud")], "0.0.0.0", 80),
    ] {
        assert_eq!(
            at(variables).unwrap(),
            (host.to_owned(), port),
            "{variables:?}"
        );
    }
    assert!(at(&[("PORT", "many")]).is_err());
}
