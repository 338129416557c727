//! Where traces go, by OpenTelemetry's own variable names.
//!
//! Read here and not left to the exporter's crate: it reads the process's environment behind our
//! back, ignores what it cannot parse, and would let a typing error pass as "no traces".

use super::environment::{Environment, choice};
use super::problem::Place;
use super::secret::Secret;
use super::yaml::short;

/// Where traces go, and which.
#[derive(Debug, Clone, PartialEq)]
pub struct Telemetry {
    /// Whether traces are kept at all.
    pub enabled: bool,
    /// Where they go.
    pub sink: TelemetrySink,
    /// The whole address that traces are posted to, `…/v1/traces`.
    pub traces_endpoint: Option<String>,
    /// Headers of that request, `name=value`, comma separated.
    pub headers: Option<Secret>,
    /// The service's name.
    pub service_name: String,
    /// More attributes of the resource.
    pub resource_attributes: Vec<(String, String)>,
    /// Which traces are kept.
    pub sampler: Sampler,
}

/// Where traces go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TelemetrySink {
    /// By OTLP over HTTP.
    Otlp,
    /// Into a file of the data directory.
    File,
    /// To stdout, as OpenTelemetry's own console exporters do.
    Console,
}

/// Which traces are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampler {
    /// The share of new traces, 0 to 1.
    pub ratio: f64,
    /// Whether a caller's decision goes before.
    pub parent: ParentDecision,
}

/// What a caller's own sampling decision counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentDecision {
    /// It is followed.
    Followed,
    /// It is ignored.
    Ignored,
}

impl Telemetry {
    /// The headers of the exporter's requests, decoded. They may be secrets.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let text = self.headers.as_ref().map(Secret::expose);
        text.and_then(pairs).unwrap_or_default()
    }
}

pub(super) fn read(env: &Environment<'_>) -> Telemetry {
    let traces_endpoint = endpoint(env);
    let exporter = exporter(env);
    let sink = sink(env, exporter);
    let asked = env.boolean("WARDROOM_TELEMETRY_ENABLED");
    let wanted = traces_endpoint.is_some() || exporter == Exporter::Console;
    let enabled = asked.unwrap_or(wanted)
        && exporter != Exporter::Nothing
        && !env.boolean("OTEL_SDK_DISABLED").unwrap_or(false)
        && (sink != TelemetrySink::Otlp || traces_endpoint.is_none() || protocol_is_ours(env));
    if enabled && sink == TelemetrySink::Otlp && traces_endpoint.is_none() {
        let place = Place::variable("WARDROOM_TELEMETRY_ENABLED");
        let hint = "set OTEL_EXPORTER_OTLP_ENDPOINT, or another WARDROOM_TELEMETRY_SINK";
        env.error(
            &place,
            "traces are wanted by OTLP and no endpoint is set",
            hint,
        );
    }
    let mut resource_attributes = attributes(env);
    let named = env.text("OTEL_SERVICE_NAME");
    // OTEL_SERVICE_NAME wins over the attribute of that name.
    let in_attributes = resource_attributes
        .extract_if(.., |(name, _)| name == "service.name")
        .map(|(_, value)| value)
        .last();
    let service_name = named.or(in_attributes).unwrap_or("wardroom".into());
    Telemetry {
        enabled,
        sink,
        traces_endpoint,
        headers: headers(env),
        service_name,
        resource_attributes,
        sampler: sampler(env),
    }
}

fn endpoint(env: &Environment<'_>) -> Option<String> {
    let traces = env.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    let base = env.get("OTEL_EXPORTER_OTLP_ENDPOINT");
    let example = "http://localhost:4318";
    if traces.is_some() {
        return Some(env.base_url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", example));
    }
    base?;
    Some(format!(
        "{}/v1/traces",
        env.base_url("OTEL_EXPORTER_OTLP_ENDPOINT", example)
    ))
}

/// What `OTEL_TRACES_EXPORTER` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exporter {
    Otlp,
    Console,
    Nothing,
}

/// Platforms set these for all of their containers: what we cannot do costs the traces and not the
/// start.
fn exporter(env: &Environment<'_>) -> Exporter {
    let Some(given) = env.get("OTEL_TRACES_EXPORTER") else {
        return Exporter::Otlp;
    };
    match given.text.to_ascii_lowercase().as_str() {
        "otlp" => Exporter::Otlp,
        "console" => Exporter::Console,
        "none" => Exporter::Nothing,
        other => {
            let message = format!(
                "OTEL_TRACES_EXPORTER cannot be `{}`: no traces are sent",
                short(other)
            );
            let words = choice(other, &["otlp", "console", "none"]);
            env.warning(&given.place, message, &words);
            Exporter::Nothing
        }
    }
}

fn protocol_is_ours(env: &Environment<'_>) -> bool {
    let traces = env.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL");
    let named = traces.map(|given| ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", given));
    let general = || {
        let given = env.get("OTEL_EXPORTER_OTLP_PROTOCOL")?;
        Some(("OTEL_EXPORTER_OTLP_PROTOCOL", given))
    };
    let Some((name, given)) = named.or_else(general) else {
        return true;
    };
    if given.text.eq_ignore_ascii_case("http/protobuf") {
        return true;
    }
    let message = format!(
        "{name} cannot be `{}`: no traces are sent",
        short(&given.text)
    );
    let hint = "http/protobuf is the one that is spoken, mostly at the collector's port 4318";
    env.warning(&given.place, message, hint);
    false
}

fn sink(env: &Environment<'_>, exporter: Exporter) -> TelemetrySink {
    let Some(given) = env.get("WARDROOM_TELEMETRY_SINK") else {
        return match exporter {
            Exporter::Console => TelemetrySink::Console,
            Exporter::Otlp | Exporter::Nothing => TelemetrySink::Otlp,
        };
    };
    match given.text.to_ascii_lowercase().as_str() {
        "otlp" => TelemetrySink::Otlp,
        "file" => TelemetrySink::File,
        "console" => TelemetrySink::Console,
        other => {
            let message = format!("WARDROOM_TELEMETRY_SINK cannot be `{}`", short(other));
            env.error(
                &given.place,
                message,
                &choice(other, &["otlp", "file", "console"]),
            );
            TelemetrySink::Otlp
        }
    }
}

/// `name=value,…` with values percent-encoded, as OpenTelemetry has it; `None` where an item has no
/// name or no `=`.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let items = text.split(',').filter(|item| !item.trim().is_empty());
    let pair = |item: &str| {
        let (name, value) = item.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let value = percent_encoding::percent_decode_str(value)
            .decode_utf8()
            .ok()?;
        (!name.is_empty()).then(|| (name.to_owned(), value.into_owned()))
    };
    items.map(pair).collect()
}

fn headers(env: &Environment<'_>) -> Option<Secret> {
    let given = env.get("OTEL_EXPORTER_OTLP_HEADERS")?;
    if pairs(&given.text).is_none() {
        let message = "OTEL_EXPORTER_OTLP_HEADERS must be name=value, comma separated";
        env.error(&given.place, message, "as in authorization=Bearer%20…");
    }
    Some(Secret::new(given.text))
}

fn attributes(env: &Environment<'_>) -> Vec<(String, String)> {
    let Some(given) = env.get("OTEL_RESOURCE_ATTRIBUTES") else {
        return Vec::new();
    };
    pairs(&given.text).unwrap_or_else(|| {
        let message = "OTEL_RESOURCE_ATTRIBUTES must be name=value, comma separated";
        env.error(&given.place, message, "as in team=payments,region=eu");
        Vec::new()
    })
}

fn sampler(env: &Environment<'_>) -> Sampler {
    let ratio = match env.get("OTEL_TRACES_SAMPLER_ARG") {
        None => 1.0,
        Some(given) => match given.text.parse::<f64>() {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => ratio,
            _ => {
                let message = "OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1";
                env.error(&given.place, message, "as in 0.25");
                1.0
            }
        },
    };
    let (followed, ignored) = (ParentDecision::Followed, ParentDecision::Ignored);
    let Some(given) = env.get("OTEL_TRACES_SAMPLER") else {
        return Sampler {
            ratio: 1.0,
            parent: followed,
        };
    };
    let (ratio, parent) = match given.text.as_str() {
        "always_on" => (1.0, ignored),
        "always_off" => (0.0, ignored),
        "traceidratio" => (ratio, ignored),
        "parentbased_always_on" => (1.0, followed),
        "parentbased_always_off" => (0.0, followed),
        "parentbased_traceidratio" => (ratio, followed),
        other => {
            const KNOWN: [&str; 6] = [
                "always_on",
                "always_off",
                "traceidratio",
                "parentbased_always_on",
                "parentbased_always_off",
                "parentbased_traceidratio",
            ];
            let message = format!("OTEL_TRACES_SAMPLER cannot be `{}`", short(other));
            env.error(&given.place, message, &choice(other, &KNOWN));
            (1.0, followed)
        }
    };
    Sampler { ratio, parent }
}
