//! Every variable that is read, and those of other programs that are not.
//!
//! The one list from which `.env.example` and the docs are checked. A secret may come as a file's
//! path in `NAME_FILE`. A variable that is not listed here cannot be read: asking for it panics in
//! the first test.

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Other names under which it is taken, when it is not set itself.
    pub aliases: &'static [&'static str],
    /// What holds when it is unset, in words; empty when nothing does.
    pub default: &'static str,
    /// Whether its value must not be seen; then `NAME_FILE` is taken too.
    pub secret: bool,
    /// What it is for, in one sentence.
    pub doc: &'static str,
}

const fn plain(name: &'static str, default: &'static str, doc: &'static str) -> Variable {
    Variable {
        name,
        aliases: &[],
        default,
        secret: false,
        doc,
    }
}

const fn secret(name: &'static str, doc: &'static str) -> Variable {
    Variable {
        name,
        aliases: &[],
        default: "",
        secret: true,
        doc,
    }
}

const fn also(variable: Variable, aliases: &'static [&'static str]) -> Variable {
    Variable {
        aliases,
        ..variable
    }
}

/// Every variable that is read, in the order of the documentation.
#[rustfmt::skip]
pub const VARIABLES: &[Variable] = &[
    plain("HOST", "0.0.0.0", "The address that the app listens on."),
    plain("PORT", "3000", "The port that the app listens on."),
    plain("METRICS_PORT", "9090", "A second listener with /metrics and /health only; 0: none."),
    secret("METRICS_TOKEN", "When set, /metrics on the app's port wants it as a bearer token."),
    secret("ADMIN_TOKEN", "Bearer token of /api/v1; unset: the API answers 404."),
    secret("ALERTS_TOKEN", "Bearer token of /alerts and /heartbeats."),
    plain("RATE_LIMIT_PER_MINUTE", "1000", "Requests per client address; 0: no limit."),
    plain("TRUSTED_PROXIES", "", "Networks whose X-Forwarded-For counts, comma separated."),
    secret("DATABASE_URL", "PostgreSQL; unset: a private one in WARDROOM_DATA_DIR."),
    secret("DATABASE_DIRECT_URL", "Past a transaction pooler, to which DATABASE_URL leads then: for migrations."),
    plain("DB_HOST", "", "With the four below, another way to say DATABASE_URL."),
    plain("DB_PORT", "5432", "The database's port."),
    plain("DB_NAME", "wardroom", "The database's name."),
    plain("DB_USER", "wardroom", "The database's user."),
    secret("DB_PASSWORD", "The database user's password."),
    plain("DB_MAX_CONNECTIONS", "8", "All of a process's connections together, 4 at least."),
    plain("WARDROOM_DATA_DIR", "./.wardroom", "Where the private PostgreSQL lives."),
    plain("WARDROOM_PG_BINDIR", "", "Where PostgreSQL's programs are, when they are not found."),
    plain("WARDROOM_MIGRATE", "true", "false: serve applies no migrations."),
    plain("WARDROOM_EMBEDDED", "false", "true: the private PostgreSQL is meant, in Kubernetes too."),
    also(plain("WARDROOM_CONFIG", "wardroom.yaml if present", "The configuration file."),
        &["VISOR_CONFIG_PATH"]),
    plain("SHUTDOWN_GRACE_SECONDS", "25", "How long a graceful end may take."),
    plain("WARDROOM_INBOX_BATCHING", "true", "Signals that arrive together share a commit; false only to measure it."),
    also(plain("WORKER_CONCURRENCY", "16", "Effects carried at the same time, for each provider; how many signals are decided follows DB_MAX_CONNECTIONS."),
        &["MAX_WORKERS"]),
    secret("SLACK_BOT_TOKEN", "The bot's token, xoxb-…"),
    secret("SLACK_APP_TOKEN", "The app-level token, xapp-…, for Socket Mode."),
    secret("SLACK_SIGNING_SECRET", "What Slack signs its requests with."),
    secret("SLACK_SIGNING_SECRET_PREVIOUS", "The one before, accepted while it is rotated."),
    plain("SLACK_API_URL", "https://slack.com/api", "Slack's API, or a gateway to it."),
    plain("SLACK_RESPONSE_URL_HOSTS", "hooks.slack.com,hooks.slack-gov.com",
        "Hosts that a response_url may name."),
    secret("GITHUB_WEBHOOK_SECRET", "What GitHub signs its webhooks with; unset: none are taken."),
    secret("GITHUB_WEBHOOK_SECRET_PREVIOUS", "The one before, accepted while it is rotated."),
    plain("GITHUB_APP_ID", "", "The GitHub App's number."),
    secret("GITHUB_APP_PRIVATE_KEY", "Its private key: PEM, or base64 of it."),
    secret("GITHUB_TOKEN", "A token for one account, instead of an App."),
    plain("GITHUB_API_URL", "https://api.github.com", "GitHub's API, or an Enterprise server's."),
    secret("STATUSPAGE_API_KEY", "Statuspage's key; without it and the page nothing is shown there."),
    plain("STATUSPAGE_PAGE_ID", "", "The page's id."),
    plain("STATUSPAGE_API_URL", "https://api.statuspage.io", "Statuspage's API."),
    also(secret("HTTPS_PROXY", "The proxy for https addresses, by CONNECT; user and password may stand in it."), &["https_proxy"]),
    also(secret("HTTP_PROXY", "The proxy for http addresses."), &["http_proxy"]),
    also(secret("ALL_PROXY", "The proxy for both, where no other is named."), &["all_proxy"]),
    also(plain("NO_PROXY", "", "Hosts, domains and networks that are called directly, comma separated; *: all."), &["no_proxy"]),
    secret("ANTHROPIC_API_KEY", "Anthropic's key."),
    plain("ANTHROPIC_BASE_URL", "", "Another address for Anthropic's API."),
    secret("OPENAI_API_KEY", "OpenAI's key."),
    plain("OPENAI_BASE_URL", "", "Another address for OpenAI's API."),
    also(secret("GEMINI_API_KEY", "Gemini's key."), &["GOOGLE_API_KEY"]),
    plain("GEMINI_BASE_URL", "", "Another address for Gemini's API."),
    plain("SERVICES", "", "Services, comma separated; wins over services: in the file."),
    plain("SERVICE_OWNERS", "", "JSON, service to Slack user ids; wins over owners: in the file."),
    also(plain("P1_CHANNELS", "", "Channels told of a P1; wins over the file."),
        &["NOTIFICATION_CHANNEL_GENERAL"]),
    also(plain("P2_CHANNELS", "", "Channels told of a P2; wins over the file."),
        &["NOTIFICATION_CHANNEL_ENGINEERING"]),
    also(plain("P1_USERS", "", "People told of a P1 directly; wins over the file."),
        &["EXEC_NOTIFICATION_USERS"]),
    plain("LOG_LEVEL", "info", "trace, debug, info, warn, error or off, in any case."),
    plain("RUST_LOG", "", "Log directives; wins over LOG_LEVEL."),
    plain("LOG_FORMAT", "json, pretty on a terminal", "json or pretty."),
    plain("ENVIRONMENT", "production", "The deployment's name, in every log line and trace."),
    plain("OTEL_EXPORTER_OTLP_ENDPOINT", "", "Where traces go by OTLP over HTTP."),
    plain("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", "The whole address for traces; wins."),
    secret("OTEL_EXPORTER_OTLP_HEADERS", "Headers for it, name=value, comma separated; values percent-encoded."),
    plain("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "The one protocol; with another one no traces are sent."),
    plain("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "", "The same for traces alone; wins."),
    plain("OTEL_TRACES_EXPORTER", "otlp", "otlp, console or none; with another one no traces are sent."),
    plain("OTEL_SDK_DISABLED", "false", "true: no traces."),
    plain("OTEL_SERVICE_NAME", "wardroom", "The service's name in traces."),
    plain("OTEL_RESOURCE_ATTRIBUTES", "", "More attributes, name=value, comma separated; values percent-encoded."),
    plain("OTEL_TRACES_SAMPLER", "parentbased_always_on", "Which traces are kept: always_on, always_off, traceidratio, or parentbased_ with one of them."),
    plain("OTEL_TRACES_SAMPLER_ARG", "1.0", "The share that a ratio sampler keeps."),
    also(plain("WARDROOM_TELEMETRY_ENABLED", "true when an OTLP endpoint is set", "Whether traces are kept."),
        &["VISOR_TELEMETRY_ENABLED"]),
    also(plain("WARDROOM_TELEMETRY_SINK", "otlp", "otlp; file: traces.ndjson in the data directory; console: stdout."),
        &["VISOR_TELEMETRY_SINK"]),
    plain("SELF_HEALING_ENABLED", "true", "false: nothing is written to GitHub."),
    secret("DEADMAN_URL", "An address that is asked for while the engine makes progress."),
    secret("ENCRYPTION_KEY", "32 bytes in hex: bodies at rest are sealed with it."),
    plain("VISOR_DEBUG", "false", "true: the same as LOG_LEVEL=debug."),
];

/// Variables of the table whose part is not built yet.
pub(crate) const LATER: &[&str] = &[
    "ALERTS_TOKEN",
    "SLACK_APP_TOKEN",
    "GITHUB_APP_ID",
    "GITHUB_APP_PRIVATE_KEY",
    "GITHUB_TOKEN",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "GEMINI_API_KEY",
    "GEMINI_BASE_URL",
    "SELF_HEALING_ENABLED",
];

/// How the names of other programs' variables begin, and why those that are not known one by one do
/// nothing here either.
pub(crate) const INEFFECTIVE_FAMILIES: &[(&str, &str)] = &[
    ("VISOR_LICENSE", "there is no licence key"),
    ("VICTOR_", "no setting of that program is one of ours"),
];

/// Variables of other programs that people bring along, and why they do nothing here.
pub(crate) const INEFFECTIVE: &[(&str, &str)] = &[
    ("REDIS_URL", "everything is kept in PostgreSQL"),
    ("POSTGRES_URL", "the database is named by DATABASE_URL"),
    ("MONGODB_URL", "everything is kept in PostgreSQL"),
    (
        "ENABLE_AUTO_SCALING",
        "the cluster scales; replicas share the work by themselves",
    ),
    (
        "SECRET_KEY",
        "there are no sessions to sign; bodies are sealed with ENCRYPTION_KEY",
    ),
    ("JWT_SECRET", "the API takes ADMIN_TOKEN"),
    ("SLACK_WEBHOOK", "messages are sent with SLACK_BOT_TOKEN"),
    ("P1_DM_RECIPIENTS", "the name is P1_USERS"),
    ("VISOR_LICENSE", "there is no licence key"),
    ("VISOR_LICENSE_FILE", "there is no licence key"),
    ("VISOR_DB_PASSWORD", "the name is DB_PASSWORD, with DB_HOST"),
    ("VISOR_WORKSPACE_PATH", "nothing is checked out"),
    ("VICTOR_PROFILE", "there are no profiles"),
    ("VICTOR_ENABLE_TOOL_CACHE", "there is no such cache"),
    ("VICTOR_TOOL_CACHE_SIZE", "there is no such cache"),
    ("VICTOR_TOOL_CACHE_TTL", "there is no such cache"),
    ("VICTOR_CACHE_TTL", "there is no such cache"),
    ("VICTOR_MAX_CONCURRENT_TOOLS", "see WORKER_CONCURRENCY"),
    ("VICTOR_ENABLE_PARALLEL_EXECUTION", "see WORKER_CONCURRENCY"),
    ("VICTOR_LOG_LEVEL", "the name is LOG_LEVEL"),
    (
        "VICTOR_LOG_RETENTION_DAYS",
        "logs go to stderr; whoever collects them keeps them",
    ),
    (
        "VICTOR_LOG_MAX_SIZE",
        "logs go to stderr; whoever collects them keeps them",
    ),
    ("VICTOR_DEBUG", "write LOG_LEVEL=debug"),
    ("WORKSPACE_DIR", "nothing is checked out"),
];
