//! Where traces go, by OpenTelemetry's own variable names.
//!
//! Read here and not left to the exporter's crate: it reads the process's environment behind our
//! back, ignores what it cannot parse, and would let a typing error pass as "no traces".

use percent_encoding::percent_decode_str;

use super::environment::{Asked, Environment};
use super::problem::{Place, choice, short};
use super::secret::Secret;
use super::variables::TraceVariables;
use ParentDecision::{Followed, Ignored};

/// Where traces go, and which.
#[derive(Debug, Clone, PartialEq)]
pub struct Telemetry {
    /// Whether traces are kept at all.
    pub enabled: bool,
    pub sink: TelemetrySink,
    /// The whole address that traces are posted to, `…/v1/traces`.
    pub traces_endpoint: Option<String>,
    /// Headers of that request.
    pub headers: Vec<(String, Secret)>,
    pub service_name: String,
    /// More attributes of the resource.
    pub resource_attributes: Vec<(String, String)>,
    pub sampler: Sampler,
}

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

/// The words of `OTEL_TRACES_EXPORTER`.
const EXPORTERS: &[(&str, Option<TelemetrySink>)] = &[
    ("otlp", Some(TelemetrySink::Otlp)),
    ("console", Some(TelemetrySink::Console)),
    ("none", None),
];

/// Which traces are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampler {
    /// The share of new traces, 0 to 1.
    pub ratio: f64,
    pub parent: ParentDecision,
}

/// Whether a caller's own sampling decision is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParentDecision {
    Followed,
    Ignored,
}

/// A word of `OTEL_TRACES_SAMPLER`: the share, or `None` for the one that is configured.
pub type Sampling = (Option<f64>, ParentDecision);

pub(super) const SAMPLERS: &[(&str, Sampling)] = &[
    ("always_on", (Some(1.0), Ignored)),
    ("always_off", (Some(0.0), Ignored)),
    ("traceidratio", (None, Ignored)),
    ("parentbased_always_on", (Some(1.0), Followed)),
    ("parentbased_always_off", (Some(0.0), Followed)),
    ("parentbased_traceidratio", (None, Followed)),
];

pub(super) fn read(env: &Environment<'_>, given: &TraceVariables) -> Telemetry {
    let base = given.endpoint.as_ref();
    let base = base.map(|base| format!("{base}/v1/traces"));
    let traces_endpoint = given.traces_endpoint.clone().or(base);
    let sink = given.sink.or(given.exporter);
    let sink = sink.unwrap_or(TelemetrySink::Otlp);
    let wanted = traces_endpoint.is_some() || given.exporter == Some(TelemetrySink::Console);
    let mut enabled =
        given.enabled.unwrap_or(wanted) && given.exporter.is_some() && !given.disabled;
    if enabled && sink == TelemetrySink::Otlp {
        if traces_endpoint.is_none() {
            let place = Place::variable("WARDROOM_TELEMETRY_ENABLED");
            let message = "traces are wanted by OTLP and no endpoint is set";
            let hint = "set OTEL_EXPORTER_OTLP_ENDPOINT, or another WARDROOM_TELEMETRY_SINK";
            env.found.error(&place, message, hint);
        }
        enabled = protocol_is_supported(env, given);
    }
    let mut resource_attributes = given.attributes.clone();
    // OTEL_SERVICE_NAME overrides the attribute of that name.
    let in_attributes = resource_attributes
        .extract_if(.., |(name, _)| name == "service.name")
        .map(|(_, value)| value)
        .last();
    let service_name = given.service_name.clone().or(in_attributes);
    let (share, parent) = given.sampler;
    let ratio = share.unwrap_or(given.share);
    Telemetry {
        enabled,
        sink,
        traces_endpoint,
        headers: given.headers.clone().unwrap_or_default(),
        service_name: service_name.unwrap_or("wardroom".into()),
        resource_attributes,
        sampler: Sampler { ratio, parent },
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
        env.found.warning(&Place::variable(name), message, hint);
    }
    supported
}

/// Platforms set this for all of their containers too.
pub(crate) fn exporter(asked: &Asked<'_>) -> Option<Option<TelemetrySink>> {
    let typed = asked.text().to_ascii_lowercase();
    let known = EXPORTERS.iter().find(|(word, _)| *word == typed);
    let words: Vec<&str> = EXPORTERS.iter().map(|(word, _)| *word).collect();
    let what = format!("cannot be `{}`: no traces are sent", short(&typed));
    let known = asked.or_warn(known, &what, &choice(&typed, &words));
    Some(known.and_then(|(_, sink)| *sink))
}

/// `name=value,…` with values percent-encoded, as OpenTelemetry has it.
pub(crate) fn pairs(asked: &Asked<'_>) -> Option<Vec<(String, String)>> {
    let pair = |item: &str| {
        let (name, value) = item.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        let name = Some(name.trim()).filter(|name| !name.is_empty())?;
        Some((name.to_owned(), value.into_owned()))
    };
    let items = asked.text().split(',');
    let items = items.filter(|item| !item.trim().is_empty());
    let must = "must be name=value, comma separated, with values percent-encoded";
    asked.or(
        items.map(pair).collect(),
        must,
        "as in team=payments,region=eu",
    )
}

pub(crate) fn headers(asked: &Asked<'_>) -> Option<Vec<(String, Secret)>> {
    let pairs = pairs(asked)?.into_iter();
    Some(
        pairs
            .map(|(name, value)| (name, Secret::new(value)))
            .collect(),
    )
}
