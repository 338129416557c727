//! Every variable that is read, and those of other programs that are ignored.
//!
//! A row is all that a variable needs: its documentation, name, default and reader. `.env.example` and the
//! tables in `docs/CONFIGURATION.md` are made from it. What two variables mean together is for `settings`.
//! Other code reads no variable.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::environment::{Environment, Given};
use super::readers::{self as read, LogFormat, MetricsPort, Owned, number, one_of};
use super::secret::{EncryptionKey, Secret};
use super::tracing_export::{SAMPLERS, SINKS, Sampling, TelemetrySink};
use super::variable::{Variable, variables};
use super::{proxies, tracing_export};

variables! {
    /// The listeners and who may use them.
    http: Http = "Listening" {
        /// The address that the app listens on.
        HOST = "0.0.0.0"; host: String = read::host,
        /// The port that the app listens on.
        PORT = "3000"; port: u16 = number(0..=u16::MAX),
        /// The port of a second listener with /metrics and /health only; 0: none.
        METRICS_PORT = "9090"; metrics_port: MetricsPort = read::metrics_port,
        /// When set, /metrics on the app's port requires it as a bearer token.
        METRICS_TOKEN [secret]; metrics_token: Option<Secret> = read::secret,
        /// The bearer token of /api/v1; unset: the API answers 404.
        ADMIN_TOKEN [secret]; admin_token: Option<Secret> = read::secret,
        /// The bearer token of /alerts and /heartbeats.
        ALERTS_TOKEN [secret later]; alerts_token: Option<Secret> = read::secret,
        /// The limit of requests per client address; 0: no limit.
        RATE_LIMIT_PER_MINUTE = "1000"; rate_limit_per_minute: u32 = number(0..=10_000_000),
        /// Networks whose X-Forwarded-For header is trusted, comma separated.
        TRUSTED_PROXIES = ""; trusted_proxies: Vec<IpNet> = read::networks,
    }

    /// Which database, as it is written.
    database: DatabaseVariables = "Database" {
        /// The address of PostgreSQL; unset: a private server in WARDROOM_DATA_DIR.
        DATABASE_URL [secret]; url: Option<Given> = read::given,
        /// The server's own address for migrations, when DATABASE_URL is that of a transaction pooler.
        DATABASE_DIRECT_URL [secret]; direct_url: Option<Given> = read::given,
        /// The database's host; replaces DATABASE_URL, together with the four variables below.
        DB_HOST; host: Option<Given> = read::given,
        /// The database's port.
        DB_PORT ~ "5432"; port: Option<Given> = read::given,
        /// The database's name.
        DB_NAME ~ "wardroom"; name: Option<Given> = read::given,
        /// The database's user.
        DB_USER ~ "wardroom"; user: Option<Given> = read::given,
        /// The database user's password.
        DB_PASSWORD [secret]; password: Option<Given> = read::given,
        /// The most connections of a process, at least 4.
        DB_MAX_CONNECTIONS = "8"; max_connections: u32 = number(4..=1000),
        /// The directory of the private PostgreSQL.
        WARDROOM_DATA_DIR = "./.wardroom"; data_dir: PathBuf = read::path,
        /// The directory of PostgreSQL's programs, when they are not found.
        WARDROOM_PG_BINDIR; pg_bindir: Option<PathBuf> = read::path,
        /// false: serve does not apply migrations.
        WARDROOM_MIGRATE = "true"; migrate: bool = read::boolean,
        /// true: allows the private PostgreSQL in Kubernetes too.
        WARDROOM_EMBEDDED = "false"; embedded: bool = read::boolean,
    }

    /// The process.
    process: Process = "The process" {
        /// The configuration file.
        WARDROOM_CONFIG | VISOR_CONFIG_PATH ~ "wardroom.yaml if present"; config: Option<PathBuf> = read::path,
        /// The longest time for a graceful shutdown, in seconds.
        SHUTDOWN_GRACE_SECONDS = "25"; shutdown_grace: Duration = read::seconds,
        /// Signals that arrive together share a commit; false is for measurements only.
        WARDROOM_INBOX_BATCHING = "true"; inbox_batching: bool = read::boolean,
        /// The most effects delivered at the same time, for each provider. The number of signals decided at the same time depends on DB_MAX_CONNECTIONS.
        WORKER_CONCURRENCY | MAX_WORKERS = "16"; worker_concurrency: u32 = number(1..=1024),
        /// false: nothing is written to GitHub.
        SELF_HEALING_ENABLED = "true"; self_healing: bool = read::boolean,
        /// An address that is requested every minute while the engine makes progress.
        DEADMAN_URL [secret]; deadman_url: Option<Secret> = read::secret_url,
        /// The key that encrypts bodies at rest, 32 bytes in hex.
        ENCRYPTION_KEY [secret]; encryption_key: Option<EncryptionKey> = read::encryption_key,
    }

    /// How to talk with Slack.
    slack: Slack = "Slack" {
        /// The bot's token, xoxb-…
        SLACK_BOT_TOKEN [secret]; bot_token: Option<Secret> = read::token("xoxb-", "xapp-"),
        /// The app-level token, xapp-…, for Socket Mode.
        SLACK_APP_TOKEN [secret later]; app_token: Option<Secret> = read::token("xapp-", "xox"),
        /// The secret with which Slack signs its requests.
        SLACK_SIGNING_SECRET [secret]; signing_secret: Option<Secret> = read::secret,
        /// The previous secret, accepted during a rotation.
        SLACK_SIGNING_SECRET_PREVIOUS [secret]; signing_secret_previous: Option<Secret> = read::secret,
        /// The address of Slack's API, or of a gateway to it.
        SLACK_API_URL = "https://slack.com/api"; api_url: String = read::base_url,
        /// Hosts that are allowed in a response_url.
        SLACK_RESPONSE_URL_HOSTS = "hooks.slack.com,hooks.slack-gov.com"; response_url_hosts: Vec<String> = read::hosts,
    }

    /// How to talk with GitHub.
    github: Github = "GitHub" {
        /// The secret with which GitHub signs its webhooks; unset: webhooks are refused.
        GITHUB_WEBHOOK_SECRET [secret]; webhook_secret: Option<Secret> = read::secret,
        /// The previous secret, accepted during a rotation.
        GITHUB_WEBHOOK_SECRET_PREVIOUS [secret]; webhook_secret_previous: Option<Secret> = read::secret,
        /// The GitHub App's id.
        GITHUB_APP_ID; app_id: Option<u64> = read::app_id,
        /// The App's private key: PEM, or base64 of it.
        GITHUB_APP_PRIVATE_KEY [secret]; app_private_key: Option<Secret> = read::private_key,
        /// A token for one account, instead of an App.
        GITHUB_TOKEN [secret]; token: Option<Secret> = read::secret,
        /// The address of GitHub's API, or of an Enterprise server's.
        GITHUB_API_URL = "https://api.github.com"; api_url: String = read::base_url,
    }

    /// How to talk with Statuspage, as it is written.
    statuspage: StatuspageVariables = "Statuspage" {
        /// Statuspage's API key; Statuspage is used only when the key and the page are set.
        STATUSPAGE_API_KEY [secret]; api_key: Option<Secret> = read::secret,
        /// The page's id.
        STATUSPAGE_PAGE_ID; page_id: Option<String> = read::text,
        /// Statuspage's API.
        STATUSPAGE_API_URL = "https://api.statuspage.io"; api_url: String = read::base_url,
    }

    /// The proxies for outgoing calls, as they are written.
    proxies: ProxyVariables = "Outgoing connections" {
        /// The proxy for https addresses, by CONNECT; may contain user and password.
        HTTPS_PROXY | https_proxy [secret]; https: Option<Secret> = proxies::proxy,
        /// The proxy for http addresses.
        HTTP_PROXY | http_proxy [secret]; http: Option<Secret> = proxies::proxy,
        /// The proxy for both, when the specific variable is not set.
        ALL_PROXY | all_proxy [secret]; all: Option<Secret> = proxies::usable_proxy,
        /// Hosts, domains and networks that are called without a proxy, comma separated; *: all.
        NO_PROXY | no_proxy; except: Option<String> = read::text,
    }

    /// Language models.
    llm: Llm = "Language models" {
        /// Anthropic's key.
        ANTHROPIC_API_KEY [secret later]; anthropic_key: Option<Secret> = read::secret,
        /// The address of Anthropic's API.
        ANTHROPIC_BASE_URL [later] = "https://api.anthropic.com"; anthropic_url: String = read::base_url,
        /// OpenAI's key.
        OPENAI_API_KEY [secret later]; openai_key: Option<Secret> = read::secret,
        /// The address of OpenAI's API.
        OPENAI_BASE_URL [later] = "https://api.openai.com"; openai_url: String = read::base_url,
        /// Gemini's key.
        GEMINI_API_KEY | GOOGLE_API_KEY [secret later]; gemini_key: Option<Secret> = read::secret,
        /// The address of Gemini's API.
        GEMINI_BASE_URL [later] = "https://generativelanguage.googleapis.com"; gemini_url: String = read::base_url,
    }

    /// Lists that override those of the file.
    overrides: Overrides = "Services and routing" {
        /// Services, comma separated; overrides services: in the file.
        SERVICES; services: Option<Vec<String>> = read::services,
        /// JSON, service to Slack user ids; overrides owners: in the file.
        SERVICE_OWNERS; service_owners: Option<Vec<Owned>> = read::owners,
        /// Channels that are notified of a P1; overrides the file.
        P1_CHANNELS | NOTIFICATION_CHANNEL_GENERAL; p1_channels: Option<Vec<String>> = read::all("slack-channel"),
        /// Channels that are notified of a P2; overrides the file.
        P2_CHANNELS | NOTIFICATION_CHANNEL_ENGINEERING; p2_channels: Option<Vec<String>> = read::all("slack-channel"),
        /// People who get a direct message for a P1; overrides the file.
        P1_USERS | EXEC_NOTIFICATION_USERS; p1_users: Option<Vec<String>> = read::all("slack-user"),
    }

    /// The log, as it is written.
    log: LogVariables = "Logs" {
        /// trace, debug, info, warn, error or off, in any case.
        LOG_LEVEL ~ "info"; level: Option<&'static str> = one_of(read::LEVELS),
        /// Log directives; overrides LOG_LEVEL.
        RUST_LOG; directives: Option<String> = read::directives,
        /// json or pretty.
        LOG_FORMAT ~ "json, pretty on a terminal"; format: Option<LogFormat> = one_of(read::LOG_FORMATS),
        /// true: the same as LOG_LEVEL=debug.
        VISOR_DEBUG = "false"; debug: bool = read::boolean,
        /// The deployment's name, in every log line and trace.
        ENVIRONMENT = "production"; environment: String = read::text,
    }

    /// Where traces go, as it is written.
    traces: TraceVariables = "Traces" {
        /// The base address to which traces are sent, by OTLP over HTTP.
        OTEL_EXPORTER_OTLP_ENDPOINT; endpoint: Option<String> = read::base_url,
        /// The complete address for traces; overrides the base address.
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT; traces_endpoint: Option<String> = read::base_url,
        /// Headers of the requests with traces, name=value, comma separated; values percent-encoded.
        OTEL_EXPORTER_OTLP_HEADERS [secret]; headers: Option<Vec<(String, Secret)>> = tracing_export::headers,
        /// The protocol; with any other value no traces are sent.
        OTEL_EXPORTER_OTLP_PROTOCOL = "http/protobuf"; protocol: String = read::text,
        /// The protocol for traces; overrides the variable above.
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL; traces_protocol: Option<String> = read::text,
        /// otlp, console or none; with any other value no traces are sent.
        OTEL_TRACES_EXPORTER = "otlp"; exporter: Option<TelemetrySink> = tracing_export::exporter,
        /// true: no traces are sent.
        OTEL_SDK_DISABLED = "false"; disabled: bool = read::boolean,
        /// The service's name in traces.
        OTEL_SERVICE_NAME ~ "wardroom"; service_name: Option<String> = read::text,
        /// More attributes, name=value, comma separated; values percent-encoded.
        OTEL_RESOURCE_ATTRIBUTES = ""; attributes: Vec<(String, String)> = tracing_export::pairs,
        /// Which traces are kept: always_on, always_off, traceidratio, or parentbased_ with one of them.
        OTEL_TRACES_SAMPLER = "parentbased_always_on"; sampler: Sampling = one_of(SAMPLERS),
        /// The share of traces that a ratio sampler keeps.
        OTEL_TRACES_SAMPLER_ARG = "1.0"; share: f64 = number(0.0..=1.0),
        /// Whether traces are recorded.
        WARDROOM_TELEMETRY_ENABLED | VISOR_TELEMETRY_ENABLED ~ "true when an OTLP endpoint is set"; enabled: Option<bool> = read::boolean,
        /// otlp; file: traces.ndjson in the data directory; console: stdout.
        WARDROOM_TELEMETRY_SINK | VISOR_TELEMETRY_SINK ~ "otlp"; sink: Option<TelemetrySink> = one_of(SINKS),
    }
}
