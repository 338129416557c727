//! Every variable that is read, and those of other programs that are ignored.
//!
//! `.env.example` and the docs are checked against this list. A secret may be given as a file's path
//! in `NAME_FILE`. A variable that is not listed here cannot be read: reading it panics in the first
//! test.

/// A variable of the environment.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Other names that are read when it is not set.
    pub aliases: &'static [&'static str],
    /// The default in words; empty when there is none.
    pub default: &'static str,
    /// Whether its value is never printed; `NAME_FILE` is read too then.
    pub secret: bool,
    /// Its description, in one sentence.
    pub doc: &'static str,
    /// Whether no code uses it so far.
    pub no_effect_yet: bool,
}

const fn plain(name: &'static str, default: &'static str, doc: &'static str) -> Variable {
    Variable {
        name,
        aliases: &[],
        default,
        secret: false,
        doc,
        no_effect_yet: false,
    }
}

const fn secret(name: &'static str, doc: &'static str) -> Variable {
    Variable {
        name,
        aliases: &[],
        default: "",
        secret: true,
        doc,
        no_effect_yet: false,
    }
}

const fn also(variable: Variable, aliases: &'static [&'static str]) -> Variable {
    Variable {
        aliases,
        ..variable
    }
}

const fn later(variable: Variable) -> Variable {
    Variable {
        no_effect_yet: true,
        ..variable
    }
}

/// Every variable that is read, in the order of the documentation.
#[rustfmt::skip]
pub const VARIABLES: &[Variable] = &[
    plain("HOST", "0.0.0.0", "The address that the app listens on."),
    plain("PORT", "3000", "The port that the app listens on."),
    plain("METRICS_PORT", "9090", "The port of a second listener with /metrics and /health only; 0: none."),
    secret("METRICS_TOKEN", "When set, /metrics on the app's port requires it as a bearer token."),
    secret("ADMIN_TOKEN", "The bearer token of /api/v1; unset: the API answers 404."),
    later(secret("ALERTS_TOKEN", "The bearer token of /alerts and /heartbeats.")),
    plain("RATE_LIMIT_PER_MINUTE", "1000", "The limit of requests per client address; 0: no limit."),
    plain("TRUSTED_PROXIES", "", "Networks whose X-Forwarded-For header is trusted, comma separated."),
    secret("DATABASE_URL", "The address of PostgreSQL; unset: a private server in WARDROOM_DATA_DIR."),
    secret("DATABASE_DIRECT_URL", "The server's own address for migrations, when DATABASE_URL is that of a transaction pooler."),
    plain("DB_HOST", "", "The database's host; replaces DATABASE_URL, together with the four variables below."),
    plain("DB_PORT", "5432", "The database's port."),
    plain("DB_NAME", "wardroom", "The database's name."),
    plain("DB_USER", "wardroom", "The database's user."),
    secret("DB_PASSWORD", "The database user's password."),
    plain("DB_MAX_CONNECTIONS", "8", "The most connections of a process, at least 4."),
    plain("WARDROOM_DATA_DIR", "./.wardroom", "The directory of the private PostgreSQL."),
    plain("WARDROOM_PG_BINDIR", "", "The directory of PostgreSQL's programs, when they are not found."),
    plain("WARDROOM_MIGRATE", "true", "false: serve does not apply migrations."),
    plain("WARDROOM_EMBEDDED", "false", "true: allows the private PostgreSQL in Kubernetes too."),
    also(plain("WARDROOM_CONFIG", "wardroom.yaml if present", "The configuration file."),
        &["VISOR_CONFIG_PATH"]),
    plain("SHUTDOWN_GRACE_SECONDS", "25", "The longest time for a graceful shutdown, in seconds."),
    plain("WARDROOM_INBOX_BATCHING", "true", "Signals that arrive together share a commit; false is for measurements only."),
    also(plain("WORKER_CONCURRENCY", "16", "The most effects delivered at the same time, for each provider. The number of signals decided at the same time depends on DB_MAX_CONNECTIONS."),
        &["MAX_WORKERS"]),
    secret("SLACK_BOT_TOKEN", "The bot's token, xoxb-…"),
    later(secret("SLACK_APP_TOKEN", "The app-level token, xapp-…, for Socket Mode.")),
    secret("SLACK_SIGNING_SECRET", "The secret with which Slack signs its requests."),
    secret("SLACK_SIGNING_SECRET_PREVIOUS", "The previous secret, accepted during a rotation."),
    plain("SLACK_API_URL", "https://slack.com/api", "The address of Slack's API, or of a gateway to it."),
    plain("SLACK_RESPONSE_URL_HOSTS", "hooks.slack.com,hooks.slack-gov.com",
        "Hosts that are allowed in a response_url."),
    secret("GITHUB_WEBHOOK_SECRET", "The secret with which GitHub signs its webhooks; unset: webhooks are refused."),
    secret("GITHUB_WEBHOOK_SECRET_PREVIOUS", "The previous secret, accepted during a rotation."),
    later(plain("GITHUB_APP_ID", "", "The GitHub App's id.")),
    later(secret("GITHUB_APP_PRIVATE_KEY", "The App's private key: PEM, or base64 of it.")),
    later(secret("GITHUB_TOKEN", "A token for one account, instead of an App.")),
    plain("GITHUB_API_URL", "https://api.github.com", "The address of GitHub's API, or of an Enterprise server's."),
    secret("STATUSPAGE_API_KEY", "Statuspage's API key; Statuspage is used only when the key and the page are set."),
    plain("STATUSPAGE_PAGE_ID", "", "The page's id."),
    plain("STATUSPAGE_API_URL", "https://api.statuspage.io", "Statuspage's API."),
    also(secret("HTTPS_PROXY", "The proxy for https addresses, by CONNECT; may contain user and password."), &["https_proxy"]),
    also(secret("HTTP_PROXY", "The proxy for http addresses."), &["http_proxy"]),
    also(secret("ALL_PROXY", "The proxy for both, when the specific variable is not set."), &["all_proxy"]),
    also(plain("NO_PROXY", "", "Hosts, domains and networks that are called without a proxy, comma separated; *: all."), &["no_proxy"]),
    later(secret("ANTHROPIC_API_KEY", "Anthropic's key.")),
    later(plain("ANTHROPIC_BASE_URL", "", "Another address for Anthropic's API.")),
    later(secret("OPENAI_API_KEY", "OpenAI's key.")),
    later(plain("OPENAI_BASE_URL", "", "Another address for OpenAI's API.")),
    later(also(secret("GEMINI_API_KEY", "Gemini's key."), &["GOOGLE_API_KEY"])),
    later(plain("GEMINI_BASE_URL", "", "Another address for Gemini's API.")),
    plain("SERVICES", "", "Services, comma separated; overrides services: in the file."),
    plain("SERVICE_OWNERS", "", "JSON, service to Slack user ids; overrides owners: in the file."),
    also(plain("P1_CHANNELS", "", "Channels that are notified of a P1; overrides the file."),
        &["NOTIFICATION_CHANNEL_GENERAL"]),
    also(plain("P2_CHANNELS", "", "Channels that are notified of a P2; overrides the file."),
        &["NOTIFICATION_CHANNEL_ENGINEERING"]),
    also(plain("P1_USERS", "", "People who get a direct message for a P1; overrides the file."),
        &["EXEC_NOTIFICATION_USERS"]),
    plain("LOG_LEVEL", "info", "trace, debug, info, warn, error or off, in any case."),
    plain("RUST_LOG", "", "Log directives; overrides LOG_LEVEL."),
    plain("LOG_FORMAT", "json, pretty on a terminal", "json or pretty."),
    plain("ENVIRONMENT", "production", "The deployment's name, in every log line and trace."),
    plain("OTEL_EXPORTER_OTLP_ENDPOINT", "", "The base address to which traces are sent, by OTLP over HTTP."),
    plain("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "", "The complete address for traces; overrides the base address."),
    secret("OTEL_EXPORTER_OTLP_HEADERS", "Headers of the requests with traces, name=value, comma separated; values percent-encoded."),
    plain("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "The protocol; with any other value no traces are sent."),
    plain("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "", "The protocol for traces; overrides the variable above."),
    plain("OTEL_TRACES_EXPORTER", "otlp", "otlp, console or none; with any other value no traces are sent."),
    plain("OTEL_SDK_DISABLED", "false", "true: no traces are sent."),
    plain("OTEL_SERVICE_NAME", "wardroom", "The service's name in traces."),
    plain("OTEL_RESOURCE_ATTRIBUTES", "", "More attributes, name=value, comma separated; values percent-encoded."),
    plain("OTEL_TRACES_SAMPLER", "parentbased_always_on", "Which traces are kept: always_on, always_off, traceidratio, or parentbased_ with one of them."),
    plain("OTEL_TRACES_SAMPLER_ARG", "1.0", "The share of traces that a ratio sampler keeps."),
    also(plain("WARDROOM_TELEMETRY_ENABLED", "true when an OTLP endpoint is set", "Whether traces are recorded."),
        &["VISOR_TELEMETRY_ENABLED"]),
    also(plain("WARDROOM_TELEMETRY_SINK", "otlp", "otlp; file: traces.ndjson in the data directory; console: stdout."),
        &["VISOR_TELEMETRY_SINK"]),
    later(plain("SELF_HEALING_ENABLED", "true", "false: nothing is written to GitHub.")),
    secret("DEADMAN_URL", "An address that is requested every minute while the engine makes progress."),
    secret("ENCRYPTION_KEY", "The key that encrypts bodies at rest, 32 bytes in hex."),
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
