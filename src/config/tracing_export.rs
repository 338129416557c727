//! Where traces go, by OpenTelemetry's own variable names.
//!
//! Read here and not left to the exporter's crate: it reads the process's environment behind our
//! back, ignores what it cannot parse, and would let a typing error pass as "no traces".

use super::environment::Environment;
use super::problem::{Place, choice, short};
use super::readers::Asked;
use super::secret::Secret;
use super::variables::TraceVariables;

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

/// The words of `WARDROOM_TELEMETRY_SINK`.
pub(super) const SINKS: &[(&str, TelemetrySink)] = &[
    ("otlp", TelemetrySink::Otlp),
    ("file", TelemetrySink::File),
    ("console", TelemetrySink::Console),
];

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
        text.and_then(pairs_in).unwrap_or_default()
    }
}

/// The words of `OTEL_TRACES_SAMPLER`: the share, or `None` for the one that is configured, and whether a
/// caller's decision is followed.
pub(super) const SAMPLERS: &[(&str, Sampling)] = &[
    ("always_on", (Some(1.0), ParentDecision::Ignored)),
    ("always_off", (Some(0.0), ParentDecision::Ignored)),
    ("traceidratio", (None, ParentDecision::Ignored)),
    (
        "parentbased_always_on",
        (Some(1.0), ParentDecision::Followed),
    ),
    (
        "parentbased_always_off",
        (Some(0.0), ParentDecision::Followed),
    ),
    ("parentbased_traceidratio", (None, ParentDecision::Followed)),
];

/// A word of `OTEL_TRACES_SAMPLER`.
pub type Sampling = (Option<f64>, ParentDecision);

/// What `OTEL_TRACES_EXPORTER` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exporter {
    Otlp,
    Console,
    Nothing,
}

/// The words of `OTEL_TRACES_EXPORTER`.
pub(super) const EXPORTERS: &[(&str, Exporter)] = &[
    ("otlp", Exporter::Otlp),
    ("console", Exporter::Console),
    ("none", Exporter::Nothing),
];

pub(super) fn read(env: &Environment<'_>, given: &TraceVariables) -> Telemetry {
    let base = given.endpoint.as_ref();
    let base = base.map(|base| format!("{base}/v1/traces"));
    let traces_endpoint = given.traces_endpoint.clone().or(base);
    let sink = given.sink.unwrap_or(match given.exporter {
        Exporter::Console => TelemetrySink::Console,
        Exporter::Otlp | Exporter::Nothing => TelemetrySink::Otlp,
    });
    let wanted = traces_endpoint.is_some() || given.exporter == Exporter::Console;
    let by_otlp = sink == TelemetrySink::Otlp;
    let enabled = given.enabled.unwrap_or(wanted)
        && given.exporter != Exporter::Nothing
        && !given.disabled
        && (!by_otlp || traces_endpoint.is_none() || protocol_is_supported(env, given));
    if enabled && by_otlp && traces_endpoint.is_none() {
        let place = Place::variable("WARDROOM_TELEMETRY_ENABLED");
        let message = "traces are wanted by OTLP and no endpoint is set";
        let hint = "set OTEL_EXPORTER_OTLP_ENDPOINT, or another WARDROOM_TELEMETRY_SINK";
        env.error(&place, message, hint);
    }
    let mut resource_attributes = given.attributes.clone();
    // OTEL_SERVICE_NAME overrides the attribute of that name.
    let in_attributes = resource_attributes
        .extract_if(.., |(name, _)| name == "service.name")
        .map(|(_, value)| value)
        .last();
    let service_name = given.service_name.clone().or(in_attributes);
    let (share, parent) = given.sampler;
    Telemetry {
        enabled,
        sink,
        traces_endpoint,
        headers: given.headers.clone(),
        service_name: service_name.unwrap_or("wardroom".into()),
        resource_attributes,
        sampler: Sampler {
            ratio: share.unwrap_or(given.share),
            parent,
        },
    }
}

/// Platforms set these variables for all of their containers: with a protocol that is not supported
/// there are no traces, and the server starts.
fn protocol_is_supported(env: &Environment<'_>, given: &TraceVariables) -> bool {
    let (name, protocol) = match &given.traces_protocol {
        Some(protocol) => ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", protocol),
        None => ("OTEL_EXPORTER_OTLP_PROTOCOL", &given.protocol),
    };
    let supported = protocol.eq_ignore_ascii_case("http/protobuf");
    if !supported {
        let message = format!("{name} cannot be `{}`: no traces are sent", short(protocol));
        let hint = "set http/protobuf, which collectors accept at port 4318";
        env.warning(&Place::variable(name), message, hint);
    }
    supported
}

/// Platforms set this for all of their containers: what is not supported costs the traces and not the
/// start.
pub(crate) fn exporter(asked: &Asked<'_>) -> Option<Exporter> {
    let typed = asked.text().to_ascii_lowercase();
    let known = EXPORTERS.iter().find(|(word, _)| *word == typed);
    if known.is_none() {
        let words: Vec<&str> = EXPORTERS.iter().map(|(word, _)| *word).collect();
        let (name, shown) = (asked.variable.name, short(&typed));
        let message = format!("{name} cannot be `{shown}`: no traces are sent");
        asked
            .env
            .warning(&asked.given.place, message, &choice(&typed, &words));
    }
    Some(known.map_or(Exporter::Nothing, |(_, exporter)| *exporter))
}

pub(crate) fn share(asked: &Asked<'_>) -> Option<f64> {
    let share = asked.text().parse().ok();
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    asked.or(share, "must be a share from 0 to 1", "as in 0.25")
}

/// `name=value,…` with values percent-encoded, as OpenTelemetry has it; `None` where an item has no
/// name or no `=`.
pub(crate) fn pairs_in(text: &str) -> Option<Vec<(String, String)>> {
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

pub(crate) fn pairs(asked: &Asked<'_>) -> Option<Vec<(String, String)>> {
    let must = "must be name=value, comma separated";
    asked.or(
        pairs_in(asked.text()),
        must,
        "as in team=payments,region=eu",
    )
}

pub(crate) fn headers(asked: &Asked<'_>) -> Option<Secret> {
    let must = "must be name=value, comma separated";
    let pairs = asked.or(
        pairs_in(asked.text()),
        must,
        "as in authorization=Bearer%20…",
    );
    pairs.map(|_| Secret::new(asked.text()))
}
